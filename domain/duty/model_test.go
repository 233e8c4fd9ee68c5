package duty_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/domain/duty"
	"shouwang/platform/clock"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

// expected is a duty as the model has it: the life of duty.doc.go told again
// in the plainest way, without SQL.
type expected struct {
	Rule, Child, For, Region string
	Due                      clock.Day
	Late                     bool
	Level                    int
	Next                     time.Time
	State                    duty.State
	Evidence                 string
	outlives                 bool
	line                     int // how many posts stand above the bearer
}

var ruleNames = []string{"visit.routine", "visit.verify", "file.identity", "redline.alone", "school.dropout"}

// bearerRegion is where the bearer's post stands, by the rule.
func (e expected) bearerRegion() string {
	switch e.Rule {
	case "visit.verify":
		return e.Region[:9] + "000"
	case "school.dropout":
		return e.Region[:6] + "000000"
	}
	return e.Region
}

const step = 7 * 24 * time.Hour

func TestLedger_AgreesWithTheModelWhateverHappensInWhateverOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		start := l.clock.Now()
		rapid.Check(t, func(rt *rapid.T) {
			for _, table := range []string{"duty_duty", "tally_delta", "tally_count", "notify_outbox", "notify_notice", "journal_line"} {
				l.exec(`delete from ` + table)
			}
			l.clock.Set(start)
			model := map[string]*expected{} // by id
			home := map[string]string{"c-1": village, "c-2": nextDoor, "c-3": farVillage}
			child := rapid.SampledFrom([]string{"c-1", "c-2", "c-3"})
			someRules := rapid.SliceOfNDistinct(rapid.SampledFrom(ruleNames), 0, 2, rapid.ID)
			do := func(f func(tx *store.Tx) error) {
				rt.Helper()
				if err := store.Do(l.system, db, f); err != nil {
					rt.Fatal(err)
				}
			}
			openOf := func(child string, rules []string) (out []*expected) {
				for _, e := range model {
					if e.State == duty.Open && e.Child == child && (len(rules) == 0 || slices.Contains(rules, e.Rule)) {
						out = append(out, e)
					}
				}
				return out
			}
			rt.Repeat(map[string]func(*rapid.T){
				"open": func(rt *rapid.T) {
					c, rule, which := child.Draw(rt, "child"), rapid.SampledFrom(ruleNames).Draw(rt, "rule"), rapid.SampledFrom([]string{"", "x"}).Draw(rt, "for")
					o := duty.Opening{Rule: rule, ChildID: c, Region: home[c], For: which}
					today := clock.Today(l.clock)
					r, _ := l.policy.Pack.Duty(rule)
					term, _ := l.policy.Pack.Parameter(r.Term)
					due := today.AddDays(term.Value)
					if n := rapid.IntRange(-4, 20).Draw(rt, "due in"); n < 15 {
						due = today.AddDays(n)
						o.DueOn = due
					}
					var id string
					do(func(tx *store.Tx) error {
						ids, err := l.s.OpenTx(l.system, tx, o)
						if err == nil {
							id = ids[0]
						}
						return err
					})
					for have, e := range model {
						if e.State == duty.Open && e.Rule == rule && e.Child == c && e.For == which {
							if id != have {
								rt.Fatalf("a second duty of the same name: %s beside %s", id, have)
							}
							return
						}
					}
					if model[id] != nil {
						rt.Fatalf("a closed duty came back")
					}
					e := &expected{Rule: rule, Child: c, For: which, Region: home[c], Due: due, Late: due < today, Next: due.End(), State: duty.Open,
						outlives: r.Outlives, line: len(l.policy.Pack.Lines[r.Bearer])}
					if e.Late {
						e.Next = l.clock.Now().Add(step)
					}
					model[id] = e
				},
				"discharge": func(rt *rapid.T) {
					c, rules := child.Draw(rt, "child"), someRules.Draw(rt, "rules")
					do(func(tx *store.Tx) error {
						n, err := l.s.DischargeTx(l.system, tx, duty.Which{ChildID: c, Rules: rules}, duty.Evidence{Kind: "visit", ID: "v-1"})
						if want := len(openOf(c, rules)); n != want {
							rt.Fatalf("%d discharged, want %d", n, want)
						}
						return err
					})
					for _, e := range openOf(c, rules) {
						e.State, e.Evidence, e.Next, e.Late = duty.Discharged, "v-1", time.Time{}, e.Due < clock.Today(l.clock)
					}
				},
				"discharge without a record": func(rt *rapid.T) {
					err := store.Do(l.system, db, func(tx *store.Tx) error {
						_, err := l.s.DischargeTx(l.system, tx, duty.Which{ChildID: child.Draw(rt, "child")}, duty.Evidence{Kind: "visit"})
						return err
					})
					if err == nil {
						rt.Fatal("discharged by nothing")
					}
				},
				"cancel": func(rt *rapid.T) {
					c, rules := child.Draw(rt, "child"), someRules.Draw(rt, "rules")
					do(func(tx *store.Tx) error {
						_, err := l.s.CancelTx(l.system, tx, duty.Which{ChildID: c, Rules: rules}, "原因已消失")
						return err
					})
					for _, e := range openOf(c, rules) {
						e.State, e.Next = duty.Cancelled, time.Time{}
					}
				},
				"come of age": func(rt *rapid.T) {
					c := child.Draw(rt, "child")
					do(func(tx *store.Tx) error {
						_, err := l.s.CancelRoutineTx(l.system, tx, c, "年满十六周岁")
						return err
					})
					for _, e := range openOf(c, nil) {
						if !e.outlives {
							e.State, e.Next = duty.Cancelled, time.Time{}
						}
					}
				},
				"move away": func(rt *rapid.T) {
					c, to := child.Draw(rt, "child"), rapid.SampledFrom([]string{village, nextDoor, farVillage, away}).Draw(rt, "to")
					do(func(tx *store.Tx) error { return l.s.MoveTx(l.system, tx, c, to) })
					home[c] = to
					for _, e := range openOf(c, nil) {
						e.Region = to
					}
				},
				"time passes": func(rt *rapid.T) {
					l.clock.Advance(time.Duration(rapid.IntRange(1, 240).Draw(rt, "hours")) * time.Hour)
					now := l.clock.Now()
					l.tick()
					for _, e := range model {
						if e.State != duty.Open || e.Next.After(now) {
							continue
						}
						if e.Late {
							e.Level = min(e.Level+1, e.line)
						}
						e.Late, e.Next = true, now.Add(step)
					}
				},
				"fold": func(rt *rapid.T) {
					if _, err := tally.Fold(l.system, db); err != nil {
						rt.Fatal(err)
					}
				},
				"": func(rt *rapid.T) { l.agrees(rt, model) },
			})
		})
	})
}

// agrees compares every row and every figure with the model.
func (l *ledger) agrees(rt *rapid.T, model map[string]*expected) {
	rows, err := store.All[duty.Duty](l.system, l.db, `select `+store.Columns[duty.Duty]("d")+` from duty_duty d`)
	if err != nil {
		rt.Fatal(err)
	}
	if len(rows) != len(model) {
		rt.Fatalf("%d rows, %d in the model", len(rows), len(model))
	}
	counted := map[[2]string]int{} // region, part
	names := map[string]bool{}
	for _, d := range rows {
		e := model[d.ID]
		got := expected{Rule: d.Rule, Child: d.ChildID, For: e.For, Region: d.Region, Due: d.DueOn, Late: d.Late, Level: d.Level, Next: d.NextAt,
			State: d.State, Evidence: d.EvidenceID, outlives: e.outlives, line: e.line}
		if diff := cmp.Diff(*e, got, cmp.AllowUnexported(expected{})); diff != "" {
			rt.Fatalf("duty %s (-model +row):\n%s", d.ID, diff)
		}
		switch {
		case d.BearerRole == "" || d.BearerRegion != e.bearerRegion():
			rt.Fatalf("duty %s is borne by %q at %s", d.ID, d.BearerRole, d.BearerRegion)
		case d.State == duty.Open && (d.NextAt.IsZero() || !d.ClosedAt.IsZero() || names[d.Name]):
			rt.Fatalf("open duty %s: no clock, or closed, or its name is open twice: %+v", d.ID, d)
		case d.State == duty.Discharged && (d.EvidenceID == "" || d.ClosedAt.IsZero()):
			rt.Fatalf("duty %s was discharged by nothing", d.ID)
		case d.Level > e.line:
			rt.Fatalf("duty %s went beyond its line to %d", d.ID, d.Level)
		}
		count := func(what string) {
			for _, at := range tally.Levels(d.Region) {
				counted[[2]string{at, d.Clause + ":" + what}]++
			}
		}
		switch d.State {
		case duty.Open:
			names[d.Name] = true
			count("open")
			if d.Late {
				count("late")
			}
		case duty.Discharged:
			count("discharged")
			if !d.Late {
				count("kept")
			}
		}
	}
	for _, at := range []string{village, nextDoor, farVillage, away, town, otherTown, county, "500200000000", "000000000000"} {
		want := map[string]int{}
		for k, n := range counted {
			if k[0] == at {
				want[k[1]] = n
			}
		}
		if diff := cmp.Diff(want, l.figures(at)); diff != "" {
			rt.Fatalf("figures of %s (-rows +tally):\n%s", at, diff)
		}
	}
}
