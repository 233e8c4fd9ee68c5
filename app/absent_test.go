package app_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/app"
	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// TestAbsent_ARecordOutOfReachIsAnsweredAsOneThatIsNot asks each operation for
// the foreign record and for one that never was. Words and status must agree,
// and so must the lines in the journal: awaiting a line is what takes time, and
// a difference there would tell by the clock that the record exists.
func TestAbsent_ARecordOutOfReachIsAnsweredAsOneThatIsNot(t *testing.T) {
	ctx := context.Background()
	now := time.Now()
	hands := clock.NewManual(now)
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true, Clock: hands})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	accounts, err := a.Demonstrate(ctx, 60, hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	there := seedForeign(ctx, t, a)
	nowhere := there
	for _, id := range []*string{&nowhere.child, &nowhere.relation, &nowhere.visit, &nowhere.duty, &nowhere.move, &nowhere.grant, &nowhere.user, &nowhere.roster} {
		*id = uuid.Must(uuid.NewV7()).String()
	}
	lines := func() int {
		n, err := store.One[int](ctx, a.DB, `select count(*) from journal_line where outcome = 'denied'`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	compared := 0
	for _, n := range accounts {
		if n.Username != "village" && n.Username != "township" && n.Username != "teacher" {
			continue
		}
		cookie := signIn(ctx, t, a, n)
		for _, op := range a.API.Ops() {
			if !strings.Contains(op.Path, "{id}") && op.ID != "recordVisit" {
				continue
			}
			answer := func(f foreign) (status int, body string, denied int) {
				before := lines()
				ask := attempts(f)[op.ID]
				status, body = request(t, a, cookie, op.Method, fill(op.Path, f), ask.query, ask.body)
				return status, body, lines() - before
			}
			status, body, denied := answer(there)
			if status < 400 {
				t.Errorf("%s as %s reached the foreign record: %d", op.ID, n.Username, status)
			}
			if s, b, d := answer(nowhere); s != status || b != body || d != denied {
				t.Errorf("%s as %s: %d with %d lines for what is out of reach, %d with %d for what is not\n%s\n%s", op.ID, n.Username, status, denied, s, d, body, b)
			}
			if status == 404 {
				compared++
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d refusals were compared", compared)
	}
}
