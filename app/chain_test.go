package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/app"
	"shouwang/domain/casework"
	"shouwang/domain/duty"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

// chain is a county-year of reports lived through at random: people who are
// late, refuse, hand over, leave; a program that dies in the middle of a step.
type chain struct {
	t      *testing.T
	ctx    context.Context
	random *rand.Rand
	config app.Config
	hands  *clock.Manual
	a      *app.App
	people map[string]context.Context
	town   string
	bureau string
	units  []string       // of which things are asked
	out    map[string]int // how often each step was taken
}

// RELIABILITY D9: at every step of a county-year no open case is without a
// named bearer and a running clock, and no report waits unseen.
func TestChain_NoOpenCaseIsEverWithoutABearerAndAClock(t *testing.T) {
	days := 365
	if testing.Short() {
		days = 60
	}
	for engine, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "chain.db") },
		"postgres": storetestURL,
	} {
		t.Run(engine, func(t *testing.T) {
			seed := rand.Uint64()
			if again := os.Getenv("SHOUWANG_SEED"); again != "" {
				fmt.Sscan(again, &seed)
			}
			t.Logf("seed %d", seed)
			c := openChain(t, url(t), seed)
			defer func() { c.a.Close() }()
			steps := 0
			for c.hands.Now().Before(chainStart.AddDate(0, 0, days)) {
				c.hands.Set(c.hands.Now().Add(time.Duration(c.random.IntN(15*60)) * time.Minute))
				c.tick()
				c.step()
				steps++
				if lost := c.unguarded(); len(lost) > 0 {
					t.Fatalf("after %d steps (%v) cases %v are open and nobody owes a next step", steps, c.out, lost)
				}
			}
			t.Logf("%d steps, %v", steps, c.out)
			kinds := 0
			for what := range c.out {
				if strings.HasPrefix(what, "record ") {
					kinds++
				}
			}
			t.Logf("%d records of %d kinds", c.out["record"], kinds)
			if days == 365 && kinds < 35 {
				t.Errorf("the year wrote only %d kinds of record", kinds)
			}
			for _, what := range []string{"file", "accept", "decline", "agree", "return", "pass", "join", "answer", "note", "crash", "vanish", "record"} {
				if days == 365 && c.out[what] == 0 {
					t.Errorf("the year never came to %s: it proves less than it says", what)
				}
			}
		})
	}
}

// The control: without the guard a case that was accepted and answered is left
// lying, and the look of the test above finds it.
func TestChain_TheControlLeavesCasesLying(t *testing.T) {
	c := openChain(t, "sqlite:"+filepath.Join(t.TempDir(), "chain.db"), 7)
	defer func() { c.a.Close() }()
	live := func() []string {
		_, err := c.a.Report.FilePublic(c.ctx, report.NewReport{ID: uuid.NewString(), Region: c.town, Situations: []string{"alone"}, Anonymous: true,
			Content: report.Content{Account: "看到有孩子没人管（虚构）" + uuid.NewString()}}, report.Public)
		c.took("file", err)
		id, err := store.One[string](c.ctx, c.a.DB, `select id from report_thread order by opened_at desc, id desc limit 1`)
		if err != nil {
			t.Fatal(err)
		}
		c.took("accept", c.a.Report.Accept(c.people["police"], id))
		c.took("inform", c.a.Report.Inform(c.people["civilaffairs"], id))
		c.took("answer", c.a.Report.Answer(c.people["police"], id, "已经处置，后续由街道跟进"))
		// Whoever came leaves no record that says what is next.
		if err := store.Do(c.ctx, c.a.DB, func(tx *store.Tx) error {
			_, err := c.a.Duty.DischargeTx(authz.AsSystem(c.ctx, "test"), tx, duty.Which{ThreadID: id, Rules: []string{"emergency.arrive"}}, duty.Evidence{Kind: "casework", ID: "x"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return c.unguarded()
	}
	if lost := live(); len(lost) > 0 {
		t.Fatalf("guarded, %v are left lying", lost)
	}
	c.hands.Set(c.hands.Now().Add(time.Hour))
	c.a.Duty.GuardThreads(func(context.Context, *store.Tx, string) error { return nil })
	if lost := live(); len(lost) != 1 {
		t.Fatalf("nothing guarded the cases and %v were left lying: the test above proves nothing", lost)
	}
}

var chainStart = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func storetestURL(t *testing.T) string { return storetest.URL(t) }

func openChain(t *testing.T, url string, seed uint64) *chain {
	t.Helper()
	c := &chain{t: t, ctx: context.Background(), random: rand.New(rand.NewPCG(seed, 9)), hands: clock.NewManual(chainStart), people: map[string]context.Context{}, out: map[string]int{}}
	c.config = app.Config{DB: url, Data: t.TempDir(), Create: true, Clock: c.hands}
	var err error
	if c.a, err = app.Open(c.ctx, c.config); err != nil {
		t.Fatal(err)
	}
	if _, err := c.a.Demonstrate(c.ctx, 40, c.hands, chainStart, func(string) {}); err != nil {
		t.Fatal(err)
	}
	c.town = "500235001000"
	c.meet()
	if c.bureau, err = store.One[string](c.ctx, c.a.DB, `select id from account_organisation where kind = 'county_police'`); err != nil {
		t.Fatal(err)
	}
	if c.units, err = store.All[string](c.ctx, c.a.DB, `select g.organisation_id from account_grant g join account_user u on u.id = g.user_id where u.username in ('relief', 'school')`); err != nil {
		t.Fatal(err)
	}
	return c
}

// meet finds the people anew, as after the program has died.
func (c *chain) meet() {
	for _, username := range []string{"police", "township", "civilaffairs", "education", "relief", "school"} {
		actor, err := c.a.Accounts.As(c.ctx, username)
		if c.people[username] != nil && fault.Is(err, fault.NotFound) {
			continue // the post is vacant: whoever comes next acts in it as before
		}
		if err != nil {
			c.t.Fatal(err)
		}
		c.people[username] = actor
	}
	c.people["bureau"] = authz.WithActor(c.ctx, authz.Actor{UserID: "bureau", Name: "县局值班", Grants: []authz.Grant{{ID: "b", Role: authz.Police, Organisation: c.bureau, Region: app.DemoCounty}}})
}

func (c *chain) tick() {
	c.t.Helper()
	for {
		more, err := c.a.Duty.Tick(authz.AsSystem(c.ctx, "clock"))
		if err != nil {
			c.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// step is one thing that happens. What is refused because the case has moved on
// is part of life; any other error is not.
func (c *chain) step() {
	c.t.Helper()
	r := c.random
	threads, err := store.All[string](c.ctx, c.a.DB, `select id from report_thread where closed_at is null order by opened_at desc limit 12`)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(threads) == 0 || r.IntN(5) == 0 {
		n := report.NewReport{ID: uuid.NewString(), Region: c.town, Situations: []string{[]string{"alone", "violence", "harm", "other"}[r.IntN(4)]},
			Content: report.Content{ChildName: []string{"王某某", "李某某", "张某某"}[r.IntN(3)], Account: fmt.Sprintf("第 %d 次看到有孩子没人管（虚构）", r.IntN(400))}}
		if r.IntN(6) == 0 {
			n.Region = app.DemoCounty
		}
		if n.Situations[0] == "harm" {
			n.Statutory = []int{1 + r.IntN(4)}
		}
		_, err := c.a.Report.FilePublic(c.ctx, n, report.Public)
		c.took("file", err)
		return
	}
	id := threads[r.IntN(len(threads))]
	police := c.people[[]string{"police", "bureau"}[r.IntN(2)]]
	office := c.people[[]string{"township", "civilaffairs", "police"}[r.IntN(3)]]
	switch r.IntN(22) {
	default:
		c.record()
	case 0, 1, 2:
		c.took("accept", c.a.Report.Accept(police, id))
	case 3:
		c.took("decline", c.a.Report.Decline(police, id, "核实后认为不属于受案范围"))
	case 4:
		agree := r.IntN(2) == 0
		if declined, found, err := store.Maybe[string](c.ctx, c.a.DB, `select thread_id from report_report where state = 'declined' order by moved_at limit 1`); err != nil {
			c.t.Fatal(err)
		} else if found {
			id = declined
		}
		c.took(map[bool]string{true: "agree", false: "return"}[agree], c.a.Report.Review(c.people["civilaffairs"], id, agree, "已复核，意见如下"))
	case 5:
		unit := c.bureau
		if r.IntN(2) == 0 {
			if unit, err = store.One[string](c.ctx, c.a.DB, `select id from account_organisation where kind = 'police_station' limit 1`); err != nil {
				c.t.Fatal(err)
			}
		}
		c.took("pass", c.a.Report.Pass(police, id, unit, "属地管辖"))
	case 6:
		c.took("answer", c.a.Report.Answer(police, id, "已经处置，后续由街道跟进"))
	case 7:
		on := clock.Day("")
		if r.IntN(3) > 0 {
			on = clock.DayOf(c.hands.Now()).AddDays(r.IntN(10))
		}
		c.took("note", c.a.Report.Note(office, id, "已联系家里", on))
	case 8:
		c.took("inform", c.a.Report.Inform(c.people["civilaffairs"], id))
	case 9:
		c.took("join", c.a.Report.Join(office, id, threads[r.IntN(len(threads))]))
	case 10:
		// The program dies in the middle of a step: what the step did is not there.
		err := store.Do(c.ctx, c.a.DB, func(tx *store.Tx) error {
			t, err := c.a.Report.Thread(c.ctx, tx, id)
			if err != nil {
				return err
			}
			if err := c.a.Report.NoteTx(authz.AsSystem(c.ctx, "crash"), tx, t, "写到一半"); err != nil {
				return err
			}
			return errDied
		})
		if err == nil {
			c.t.Fatal("a step that died was committed")
		}
		if c.out["crash"]%8 == 0 {
			if err := c.a.Close(); err != nil {
				c.t.Fatal(err)
			}
			if c.a, err = app.Open(c.ctx, c.config); err != nil {
				c.t.Fatal(err)
			}
			c.meet()
		}
		c.out["crash"]++
	case 11:
		// Whoever held the post is gone; the post goes on.
		if err := store.Do(c.ctx, c.a.DB, func(tx *store.Tx) error {
			_, err := store.Exec(c.ctx, tx, `update account_grant set until_on = ? where role = 'police' and region = ?`, string(clock.DayOf(c.hands.Now())), c.town)
			return err
		}); err != nil {
			c.t.Fatal(err)
		}
		c.out["vanish"]++
	}
}

// record writes in a case whatever the page offers somebody who takes part in
// it, now and then in one that is closed.
func (c *chain) record() {
	c.t.Helper()
	r := c.random
	state := []string{"t.closed_at is null and t.state <> 'received'", "t.state = 'closed'"}[r.IntN(6)/5]
	threads, err := store.All[string](c.ctx, c.a.DB, `
		select t.id from report_thread t where `+state+`
		 order by (select count(*) from casework_record w where w.thread_id = t.id) desc, t.id limit 4`) // a few cases get far
	if err != nil {
		c.t.Fatal(err)
	}
	if len(threads) == 0 {
		return
	}
	id := threads[r.IntN(len(threads))]
	who := []string{"police", "township", "township", "civilaffairs", "relief", "school"}[r.IntN(6)]
	page, err := c.a.Casework.Page(c.people[who], id)
	if c.took("look", err); err != nil {
		return
	}
	type offer struct{ kind, line string }
	offers := []offer{}
	for _, l := range page.Lines {
		for _, k := range l.Next {
			for range 5 {
				offers = append(offers, offer{k, l.ID})
			}
		}
	}
	for _, k := range page.Begin {
		offers = append(offers, offer{k, ""})
	}
	if len(offers) == 0 {
		return
	}
	o := offers[r.IntN(len(offers))]
	_, err = c.a.Casework.Add(c.people[who], id, casework.NewRecord{ID: uuid.NewString(), Kind: o.kind, Line: o.line, Values: c.values(o.kind)})
	c.took("record "+o.kind, err)
	if err == nil {
		c.out["record"]++
	}
}

// values are some that a kind of record takes.
func (c *chain) values(kind string) map[string]any {
	c.t.Helper()
	r := c.random
	k, _ := c.a.Policy.Pack.Casework.Kind(kind)
	now := c.hands.Now()
	out := map[string]any{}
	for _, a := range k.Fields {
		codes, _ := a.Choices()
		switch a.Type {
		case "text", "line":
			out[a.Key] = "虚构"
		case "day":
			out[a.Key] = string(clock.DayOf(now).AddDays(r.IntN(20)))
		case "moment":
			out[a.Key] = now.Add(-time.Hour).Format(time.RFC3339)
		case "choice":
			out[a.Key] = codes[r.IntN(len(codes))]
		case "choices":
			out[a.Key] = []any{codes[r.IntN(len(codes))]}
		case "unit":
			out[a.Key] = c.units[r.IntN(len(c.units))]
		case "kind":
			out[a.Key] = "contact"
		case "scale":
			out[a.Key] = map[string]any{"scale": "general", "version": 1.0, "answers": map[string]any{"alone": float64(r.IntN(4))}}
		}
	}
	return out
}

var errDied = fault.NewConflict("died", "the program died")

func (c *chain) took(what string, err error) {
	c.t.Helper()
	switch {
	case err == nil:
		c.out[what]++
	case fault.Is(err, fault.Internal) || fault.Of(err).ID == "internal":
		c.t.Fatalf("%s: %v", what, err)
	}
}

// unguarded lists what may never be: an open case without an open duty of a
// bearer and a moment at which the clock looks at it, and a report that waits
// in a case which nobody was asked to accept or to look at again.
func (c *chain) unguarded() []string {
	c.t.Helper()
	ids, err := store.All[string](c.ctx, c.a.DB, `
		select t.id || ' ' || t.state from report_thread t
		 where t.closed_at is null
		   and not exists (select 1 from duty_duty d where d.thread_id = t.id and d.state = 'open' and d.next_at is not null and d.bearer_role <> '' and d.bearer_region <> '')
		 union
		select r.id || ' ' || r.prior_state || '>' || r.state || ' in ' || own.state || ' ' || t.state || ' ' || t.prior_state from report_report r join report_thread own on own.id = r.thread_id join report_thread t on t.id = coalesce(own.joined_into, own.id)
		 where r.state in ('received', 'declined')
		   and not exists (select 1 from duty_duty d where d.thread_id = t.id and d.state = 'open' and d.rule in ('report.accept', 'report.sift', 'report.review'))`)
	if err != nil {
		c.t.Fatal(err)
	}
	return ids
}
