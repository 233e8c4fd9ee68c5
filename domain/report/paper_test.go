package report_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"shouwang/domain/report"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

func TestPrint_TheReceiptIsAsItWasAndSaysNothingOfTheChild(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		receipt, thread := h.File(func(n *report.NewReport) { n.ID = "01890000-0000-7000-8000-0000000000aa" })
		h.Clock.Advance(12 * time.Minute)
		h.must(h.Reports.Reports.Accept(h.police, thread))
		h.Paper(h.police, thread, "receipt", receipt.ID)
		d, err := h.Reports.Reports.Print(h.police, thread, "receipt", receipt.ID, "pdf")
		h.must(err)
		for _, secret := range []string{"王小花", "青紫", "过路人甲", receipt.Secret} {
			if strings.Contains(d.HTML(), secret) {
				t.Errorf("the receipt says %q", secret)
			}
		}
		if n, err := store.One[int](context.Background(), db, `select count(*) from journal_line where action = 'thread.printed'`); err != nil || n != 2 {
			t.Errorf("%d of two printings stand in the journal: %v", n, err)
		}
	})
}

func TestPrint_OnlyWhoMayAndOnlyWhatIsThere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		receipt, thread := h.File()
		other := h.Person("民警丙", authz.Police, h.Unit(account.PoliceStation, "别处派出所（虚构）", "500235102000"))
		for _, c := range []struct {
			who          context.Context
			kind, record string
		}{{h.police, "nothing", receipt.ID}, {h.police, "receipt", "nothing"}, {h.township, "receipt", receipt.ID}, {other, "receipt", receipt.ID}} {
			if _, err := h.Reports.Reports.Print(c.who, thread, c.kind, c.record, "html"); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
				t.Errorf("%s of %s is printed: %v", c.kind, c.record, err)
			}
		}
	})
}
