package duty_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/state"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

const (
	county, town, otherTown             = "500235000000", "500235101000", "500235102000"
	village, nextDoor, farVillage, away = "500235101201", "500235101202", "500235102201", "500236101201"
)

// ledger is the mechanism on an empty store, with a person in each post of one
// village's line.
type ledger struct {
	t      *testing.T
	db     *store.DB
	clock  *clock.Manual
	s      *duty.Service
	policy *policy.Service
	notify *notify.Service
	system context.Context
}

func open(t *testing.T, db *store.DB) *ledger {
	t.Helper()
	l := &ledger{t: t, db: db, clock: clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)), system: authz.AsSystem(context.Background(), "test")}
	j := journal.New(db, l.clock)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { j.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	rules, err := authz.New(db, j, policy.Rules, duty.Rules)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := policy.Load(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	l.policy = policy.NewService(db, j, rules, pack, l.clock)
	l.notify = notify.NewService(db, l.clock)
	l.s = duty.NewService(db, l.policy, j, rules, l.notify, l.clock)
	l.exec(`insert into account_organisation (id, kind, name, region, created_at) values ('o-1', 'village_committee', '试一村', ?, 1)`, village)
	l.post("director", authz.VillageDirector, village)
	l.post("supervisor", authz.TownshipSupervisor, town)
	l.post("affairs", authz.CivilAffairs, county)
	l.post("conference", authz.Conference, county)
	return l
}

func (l *ledger) exec(text string, args ...any) {
	l.t.Helper()
	if err := store.Do(l.system, l.db, func(tx *store.Tx) error { _, err := store.Exec(l.system, tx, text, args...); return err }); err != nil {
		l.t.Fatalf("%s: %v", text, err)
	}
}

func (l *ledger) post(user string, role authz.Role, region string) {
	l.t.Helper()
	l.exec(`insert into account_user (id, username, name, password, draft_key, created_at) values (?, ?, ?, '', ?, 1)`, user, user, "试"+user, []byte{1})
	l.exec(`insert into account_grant (id, user_id, role, organisation_id, region, from_on, granted_by, granted_at) values (?, ?, ?, 'o-1', ?, '2026-01-01', 'u-9', 1)`,
		"g-"+user, user, string(role), region)
}

func (l *ledger) as(user string, role authz.Role, region string) context.Context {
	return authz.WithActor(context.Background(), authz.Actor{UserID: user, Name: "试" + user, Grants: []authz.Grant{{ID: "g-" + user, Role: role, Organisation: "o-1", Region: region}}})
}

func (l *ledger) open(openings ...duty.Opening) []string {
	l.t.Helper()
	ids, err := store.In(l.system, l.db, func(tx *store.Tx) ([]string, error) { return l.s.OpenTx(l.system, tx, openings...) })
	if err != nil {
		l.t.Fatal(err)
	}
	return ids
}

func (l *ledger) do(f func(tx *store.Tx) error) {
	l.t.Helper()
	if err := store.Do(l.system, l.db, f); err != nil {
		l.t.Fatal(err)
	}
}

func (l *ledger) tick() {
	l.t.Helper()
	for {
		more, err := l.s.Tick(l.system)
		if err != nil {
			l.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func (l *ledger) find(id string) duty.Duty {
	l.t.Helper()
	d, err := store.One[duty.Duty](l.system, l.db, `select `+store.Columns[duty.Duty]("d")+` from duty_duty d where d.id = ?`, id)
	if err != nil {
		l.t.Fatal(err)
	}
	return d
}

func (l *ledger) list(ctx context.Context, f duty.Filter) []duty.Row {
	l.t.Helper()
	if f.Limit == 0 {
		f.Limit = 100
	}
	rows, err := l.s.List(ctx, f, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return rows
}

func routine(child, region string, due clock.Day) duty.Opening {
	return duty.Opening{Rule: "visit.routine", ChildID: child, Region: region, DueOn: due}
}

func TestTransitions_AreTheRowsOfTheDatabaseWhichRefusesAnyOtherMove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		rows, err := store.All[struct {
			From string `db:"prior_state"`
			To   string `db:"state"`
		}](l.system, db, `select prior_state, state from duty_transition order by prior_state, state`)
		if err != nil {
			t.Fatal(err)
		}
		var held []state.Move
		for _, r := range rows {
			held = append(held, state.Move(r))
		}
		if diff := cmp.Diff(duty.Transitions.Moves(duty.Open), held); diff != "" {
			t.Errorf("(-code +database):\n%s", diff)
		}
		want := "stateDiagram-v2\n    [*] --> open\n    open --> cancelled: cancel\n    open --> discharged: discharge\n    open --> open: carry\n"
		if got := duty.Transitions.Draw(duty.Open); got != want {
			t.Errorf("drawn as\n%s", got)
		}
		ids := l.open(routine("c-1", village, ""))
		const another = `
			insert into duty_duty (id, rule, clause, pack, subject_kind, subject_id, region, bearer_role, bearer_region, name, opened_at, due_on, next_at, prior_state, state, moved_at)
			select id || (select count(*) from duty_duty), rule, clause, pack, subject_kind, subject_id, region, bearer_role, bearer_region, 'another', 1, due_on, 1, '', 'open', 1 from duty_duty where id = ?`
		l.exec(another, ids[0]) // once it is right; twice it must not be
		l.do(func(tx *store.Tx) error {
			_, err := l.s.CancelTx(l.system, tx, duty.Which{ChildID: "c-1"}, "不再外出")
			return err
		})
		for what, text := range map[string]string{
			"a cancelled duty is opened again":   `update duty_duty set prior_state = 'cancelled', state = 'open', closed_at = null, next_at = 1 where id = ?`,
			"a cancelled duty is discharged":     `update duty_duty set prior_state = 'cancelled', state = 'discharged', evidence_id = 'v-1' where id = ?`,
			"a duty is discharged by nothing":    `update duty_duty set prior_state = 'open', state = 'discharged', evidence_id = '' where id = ?`,
			"an open duty has no clock":          `update duty_duty set prior_state = 'open', state = 'open', closed_at = null, next_at = null where id = ?`,
			"a closed duty has no closing time":  `update duty_duty set closed_at = null where id = ?`,
			"a state that is none":               `update duty_duty set prior_state = 'open', state = 'forgotten' where id = ?`,
			"a second open duty of the one name": another,
		} {
			err := store.Do(l.system, db, func(tx *store.Tx) error { _, err := store.Exec(l.system, tx, text, ids[0]); return err })
			if err == nil {
				t.Errorf("%s: the database let it pass", what)
			}
		}
	})
}

func TestOpenTx_TheSameDutyTwiceIsOneDuty(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		first := l.open(routine("c-1", village, ""), routine("c-1", village, ""), routine("c-2", village, ""))
		again := l.open(routine("c-1", village, "2026-12-01"), duty.Opening{Rule: "visit.routine", ChildID: "c-1", Region: village, For: "second"})
		if first[0] != first[1] || first[0] == first[2] || again[0] != first[0] || again[1] == first[0] {
			t.Fatalf("%v, then %v", first, again)
		}
		d := l.find(first[0])
		if d.DueOn != "2027-02-21" || d.BearerRole != "village_director" || d.BearerRegion != village || d.Clause != "三.二.6" || d.Pack != policy.Default {
			t.Fatalf("%+v", d)
		}
		l.do(func(tx *store.Tx) error {
			n, err := l.s.DischargeTx(l.system, tx, duty.Which{ChildID: "c-1", Rules: []string{"visit.routine"}, For: "second"}, duty.Evidence{Kind: "visit", ID: "v-1"})
			if n != 1 {
				t.Errorf("%d duties discharged for one of two", n)
			}
			return err
		})
		if l.find(first[0]).State != duty.Open || l.find(again[1]).State != duty.Discharged {
			t.Error("the other duty of the rule was discharged")
		}
		reopened := l.open(duty.Opening{Rule: "visit.routine", ChildID: "c-1", Region: village, For: "second"})
		if reopened[0] == again[1] {
			t.Error("a closed duty came back instead of a new one")
		}
	})
}

func TestOpenTx_WhatCannotBeADutyIsRefusedAndAClockThatIsOffOpensNone(t *testing.T) {
	l := open(t, storetest.SQLite(t))
	err := store.Do(l.system, l.db, func(tx *store.Tx) error {
		_, err := l.s.OpenTx(l.system, tx, routine("c-1", village, ""), duty.Opening{Rule: "visit.unheard", ChildID: "c-1", Region: village})
		return err
	})
	if !fault.Is(err, fault.Internal) {
		t.Errorf("a rule the pack does not have: %v", err)
	}
	for i := range l.policy.Pack.Parameters {
		if p := &l.policy.Pack.Parameters[i]; p.Key == "identity.term" {
			p.Confidence = policy.Unverified
		}
	}
	if ids := l.open(duty.Opening{Rule: "file.identity", ChildID: "c-1", Region: village}); ids[0] != "" {
		t.Error("a duty runs on a clock that is not switched on")
	}
	if n, _ := store.One[int](l.system, l.db, `select count(*) from duty_duty`); n != 0 {
		t.Errorf("%d duties", n)
	}
	l.do(func(tx *store.Tx) error {
		if _, err := l.s.DischargeTx(l.system, tx, duty.Which{ChildID: "c-1"}, duty.Evidence{Kind: "visit"}); err == nil {
			t.Error("discharged without a record")
		}
		if _, err := l.s.CancelTx(l.system, tx, duty.Which{}, "x"); err == nil {
			t.Error("duties of nobody in particular were cancelled")
		}
		return nil
	})
}

func (l *ledger) told(user string) (texts []string) {
	l.t.Helper()
	list, err := l.notify.Mine(authz.WithActor(context.Background(), authz.Actor{UserID: user}))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, n := range list {
		texts = append(texts, n.Text)
		if strings.Contains(n.Text, "c-1") {
			l.t.Errorf("a notice names the child: %s", n.Text)
		}
	}
	return texts
}

func TestTick_WhatIsLateGoesUpItsLineAndEachPostIsToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		id := l.open(routine("c-1", village, "2026-11-25"))[0]
		people := []string{"director", "supervisor", "affairs", "conference"}
		for _, step := range []struct {
			at    time.Time // 16:00 UTC is when a day begins in China
			late  bool
			level int
			told  [4]int
		}{
			{time.Date(2026, 11, 25, 15, 59, 59, 0, time.UTC), false, 0, [4]int{0, 0, 0, 0}},
			{time.Date(2026, 11, 25, 16, 0, 0, 0, time.UTC), true, 0, [4]int{1, 0, 0, 0}},
			{time.Date(2026, 12, 2, 15, 59, 59, 0, time.UTC), true, 0, [4]int{1, 0, 0, 0}},
			{time.Date(2026, 12, 2, 16, 0, 0, 0, time.UTC), true, 1, [4]int{1, 1, 0, 0}},
			{time.Date(2026, 12, 9, 16, 0, 0, 0, time.UTC), true, 2, [4]int{1, 1, 1, 0}},
			{time.Date(2026, 12, 16, 16, 0, 0, 0, time.UTC), true, 3, [4]int{1, 1, 1, 1}},
			{time.Date(2026, 12, 23, 15, 0, 0, 0, time.UTC), true, 3, [4]int{1, 1, 1, 1}},
			{time.Date(2026, 12, 23, 16, 0, 0, 0, time.UTC), true, 3, [4]int{1, 1, 1, 2}}, // not forgotten at the end
			{time.Date(2026, 12, 30, 16, 0, 0, 0, time.UTC), true, 3, [4]int{1, 1, 1, 3}},
		} {
			l.clock.Set(step.at)
			l.tick()
			l.tick() // a clock that runs twice at one moment does its work once
			d := l.find(id)
			if d.Late != step.late || d.Level != step.level || d.State != duty.Open {
				t.Errorf("at %s: late %v, level %d, want %v, %d", step.at, d.Late, d.Level, step.late, step.level)
			}
			for i, who := range people {
				if n := len(l.told(who)); n != step.told[i] {
					t.Errorf("at %s %s was told %d times, want %d", step.at, who, n, step.told[i])
				}
			}
		}
	})
}

func TestTick_WhatIsOpenedLateGivesItsBearerAStepsTimeFirst(t *testing.T) {
	l := open(t, storetest.SQLite(t))
	id := l.open(routine("c-1", village, "2026-11-01"))[0]
	l.tick()
	if d := l.find(id); !d.Late || d.Level != 0 {
		t.Fatalf("late %v, level %d at once", d.Late, d.Level)
	}
	l.clock.Advance(7 * 24 * time.Hour)
	l.tick()
	if d := l.find(id); d.Level != 1 {
		t.Fatalf("level %d a step later", d.Level)
	}
}

func TestOpenTx_AnUrgentDutyIsToldAtOnceAndAnImportDoesNotDrownThePost(t *testing.T) {
	l := open(t, storetest.SQLite(t))
	var openings []duty.Opening
	for i := range 40 {
		openings = append(openings, duty.Opening{Rule: "redline.alone", ChildID: fmt.Sprint("c-", i), Region: village}, routine(fmt.Sprint("c-", i), village, ""))
	}
	l.open(openings...)
	if n := len(l.told("director")); n != 1 {
		t.Fatalf("told %d times", n)
	}
}

func (l *ledger) figures(at string) map[string]int {
	l.t.Helper()
	list, err := tally.Read(l.system, l.db, duty.Figure, at)
	if err != nil {
		l.t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range list {
		if f.N != 0 {
			out[f.Part] = f.N
		}
	}
	return out
}

func TestDischargeTx_WhatWasDoneLateIsCountedLate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		l.open(routine("on-the-day", village, "2026-11-25"), routine("late", village, "2026-11-25"), routine("gone", village, "2026-11-25"), routine("owed", village, "2026-11-25"))
		discharge := func(child string) {
			l.do(func(tx *store.Tx) error {
				_, err := l.s.DischargeTx(l.system, tx, duty.Which{ChildID: child}, duty.Evidence{Kind: "visit", ID: "v-" + child})
				return err
			})
		}
		if diff := cmp.Diff(map[string]int{"三.二.6:open": 4}, l.figures(county)); diff != "" {
			t.Error(diff)
		}
		l.clock.Set(time.Date(2026, 11, 25, 15, 59, 0, 0, time.UTC)) // the last minute of the day it is due
		discharge("on-the-day")
		l.clock.Advance(time.Minute)
		discharge("late") // before the clock has even marked it
		l.tick()
		l.do(func(tx *store.Tx) error {
			_, err := l.s.CancelTx(l.system, tx, duty.Which{ChildID: "gone"}, "父亲回家")
			return err
		})
		if diff := cmp.Diff(map[string]int{"三.二.6:open": 1, "三.二.6:late": 1, "三.二.6:discharged": 2, "三.二.6:kept": 1}, l.figures(county)); diff != "" {
			t.Errorf("(-want +counted):\n%s", diff)
		}
	})
}

func TestCancelRoutineTx_ABirthdayDoesNotEndAProtectionThread(t *testing.T) {
	l := open(t, storetest.SQLite(t))
	for _, r := range l.policy.Pack.Duties {
		l.open(duty.Opening{Rule: r.ID, ChildID: "c-1", Region: village})
	}
	l.do(func(tx *store.Tx) error {
		_, err := l.s.CancelRoutineTx(l.system, tx, "c-1", "年满十六周岁")
		return err
	})
	for _, r := range l.policy.Pack.Duties {
		n, _ := store.One[int](l.system, l.db, `select count(*) from duty_duty where rule = ? and state = 'open'`, r.ID)
		if (n == 1) != r.Outlives {
			t.Errorf("%s: %d left open", r.ID, n)
		}
	}
	for i := range l.policy.Pack.Duties {
		l.policy.Pack.Duties[i].Outlives = true
	}
	l.do(func(tx *store.Tx) error {
		n, err := l.s.CancelRoutineTx(l.system, tx, "c-1", "年满十六周岁")
		if n != 0 {
			t.Errorf("%d protection threads ended where every rule outlives", n)
		}
		return err
	})
}

func ids(rows []duty.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.ChildID)
	}
	slices.Sort(out)
	return out
}

func TestList_EachPostSeesItsOwnRegionAndTheirOwnRoll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		for child, region := range map[string]string{"own": village, "next": nextDoor, "far": farVillage, "away": away} {
			l.open(routine(child, region, ""))
		}
		l.exec(`insert into authz_roll (organisation_id, subject_id, since_on) values ('o-1', 'away', '2026-09-01'), ('o-2', 'far', '2026-09-01')`)
		for _, c := range []struct {
			who  string
			ctx  context.Context
			f    duty.Filter
			want string
		}{
			{"the village", l.as("director", authz.VillageDirector, village), duty.Filter{}, "[own]"},
			{"the township", l.as("supervisor", authz.TownshipSupervisor, town), duty.Filter{}, "[next own]"},
			{"the township, filtered by another", l.as("supervisor", authz.TownshipSupervisor, town), duty.Filter{Region: otherTown}, "[]"},
			{"the county", l.as("affairs", authz.CivilAffairs, county), duty.Filter{}, "[far next own]"},
			{"the county, filtered by a township", l.as("affairs", authz.CivilAffairs, county), duty.Filter{Region: town}, "[next own]"},
			{"another county", l.as("other", authz.CivilAffairs, "500299000000"), duty.Filter{}, "[]"},
			{"a class teacher", l.as("teacher", authz.ClassTeacher, village), duty.Filter{}, "[away]"},
			{"one child of another village, asked for by name", l.as("director", authz.VillageDirector, village), duty.Filter{ChildID: "next"}, "[]"},
			{"a clause", l.as("affairs", authz.CivilAffairs, county), duty.Filter{Clause: "三.二"}, "[far next own]"},
			{"another clause that begins alike", l.as("affairs", authz.CivilAffairs, county), duty.Filter{Clause: "三.二.1"}, "[]"},
		} {
			if got := fmt.Sprint(ids(l.list(c.ctx, c.f))); got != c.want {
				t.Errorf("%s sees %s, want %s", c.who, got, c.want)
			}
		}
		for _, role := range []authz.Role{authz.SystemAdmin, authz.SecurityAdmin, authz.AuditAdmin, authz.Guardian} {
			if _, err := l.s.List(l.as("x", role, county), duty.Filter{Limit: 10}, nil); !fault.Is(err, fault.Denied) {
				t.Errorf("%s: %v", role, err)
			}
		}
		line, err := store.One[string](l.system, db, `select detail from journal_line where action = 'duty.list' and outcome = 'read' and author_id = 'director' order by id limit 1`)
		own := l.list(l.as("director", authz.VillageDirector, village), duty.Filter{})[0]
		if err != nil || line != `{"ids":["`+own.ID+`"]}` {
			t.Errorf("the look stands as %s, %v", line, err)
		}
	})
}

func TestList_MineIsWhatThePostBearsAndWhatHasGoneUpToIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		l.open(routine("own", village, "2026-11-25"), routine("next", nextDoor, "2027-01-25"), routine("far", farVillage, "2026-11-25"))
		l.open(duty.Opening{Rule: "visit.verify", ChildID: "checked", Region: village, DueOn: "2027-01-25"})
		mine := func(who string, role authz.Role, region string) string {
			return fmt.Sprint(ids(l.list(l.as(who, role, region), duty.Filter{Mine: true})))
		}
		check := func(when, director, supervisor, affairs, conference string) {
			t.Helper()
			for i, got := range []string{mine("director", authz.VillageDirector, village), mine("supervisor", authz.TownshipSupervisor, town),
				mine("affairs", authz.CivilAffairs, county), mine("conference", authz.Conference, county)} {
				if want := []string{director, supervisor, affairs, conference}[i]; got != want {
					t.Errorf("%s, number %d along the line owes %s, want %s", when, i, got, want)
				}
			}
		}
		check("before anything is late", "[own]", "[checked]", "[]", "[]")
		l.clock.Set(time.Date(2026, 11, 25, 16, 0, 0, 0, time.UTC))
		l.tick()
		check("late, and still the bearer's", "[own]", "[checked]", "[]", "[]")
		l.clock.Advance(7 * 24 * time.Hour)
		l.tick()
		check("a step later", "[own]", "[checked own]", "[]", "[]")
		l.clock.Advance(7 * 24 * time.Hour)
		l.tick()
		check("two steps later", "[own]", "[checked]", "[far own]", "[]")
		l.clock.Advance(7 * 24 * time.Hour)
		l.tick()
		check("at the end of the line", "[own]", "[checked]", "[]", "[far own]")
		if row := l.list(l.as("conference", authz.Conference, county), duty.Filter{Mine: true})[0]; row.NowWith != "conference" || row.Title != "入户走访" {
			t.Errorf("%+v", row)
		}
		n, err := l.s.Summary(l.as("conference", authz.Conference, county))
		if err != nil || n.Open != 2 || n.Late != 2 {
			t.Errorf("%+v, %v", n, err)
		}
	})
}

func TestHandOver_WhatOnePersonWasGivenIsTheirsWhileTheyHoldThePost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		l.post("second", authz.VillageDirector, village)
		l.post("stranger", authz.VillageDirector, nextDoor)
		l.post("former", authz.VillageDirector, village)
		l.exec(`update account_grant set until_on = '2026-11-22' where user_id = 'former'`)
		id := l.open(routine("c-1", village, ""))[0]
		supervisor := l.as("supervisor", authz.TownshipSupervisor, town)
		for what, err := range map[string]error{
			"to a person of another village":  l.s.HandOver(supervisor, id, "stranger"),
			"to a person whose post is over":  l.s.HandOver(supervisor, id, "former"),
			"by another township":             l.s.HandOver(l.as("x", authz.TownshipSupervisor, otherTown), id, "second"),
			"by the village director":         l.s.HandOver(l.as("director", authz.VillageDirector, village), id, "second"),
			"of a duty that is none":          l.s.HandOver(supervisor, "nothing", "second"),
			"of another's duty by its number": l.s.HandOver(l.as("x", authz.CivilAffairs, "500299000000"), id, "second"),
		} {
			if err == nil {
				t.Errorf("a hand-over %s passed", what)
			}
		}
		if err := l.s.HandOver(supervisor, id, "second"); err != nil {
			t.Fatal(err)
		}
		mine := func(who string) int {
			return len(l.list(l.as(who, authz.VillageDirector, village), duty.Filter{Mine: true}))
		}
		if mine("director") != 0 || mine("second") != 1 {
			t.Errorf("director has %d, second %d", mine("director"), mine("second"))
		}
		with := func() string {
			return fmt.Sprint(l.list(l.as("director", authz.VillageDirector, village), duty.Filter{})[0].Holders)
		}
		if with() != "[试second]" {
			t.Errorf("it is shown as lying with %v", with())
		}
		for what, text := range map[string]string{
			"the post ended": `update account_grant set ended_at = 1, ended_by = 'u-9' where user_id = 'second'`, "the post ran out": `update account_grant set until_on = '2026-11-22' where user_id = 'second'`,
			"the account was stopped": `update account_user set disabled_at = 1 where id = 'second'`,
		} {
			l.exec(text)
			if mine("director") != 1 || with() != "[试director]" {
				t.Errorf("when %s the duty is on %d lists and lies with %v", what, mine("director"), with())
			}
			l.exec(`update account_grant set ended_at = null, ended_by = '', until_on = '' where user_id = 'second'`)
			l.exec(`update account_user set disabled_at = null where id = 'second'`)
		}
		if err := l.s.HandOver(supervisor, id, ""); err != nil || mine("director") != 1 || with() != "[试director 试second]" {
			t.Errorf("given back to the post, it lies with %v: %v", with(), err)
		}
		l.exec(`update duty_duty set prior_state = 'open', state = 'cancelled', closed_at = moved_at, next_at = null where id = '` + id + `'`)
		if err := l.s.HandOver(supervisor, id, "second"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a closed duty was handed over: %v", err)
		}
	})
}

func TestList_GoesOnWhereThePageEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		for i := range 23 {
			l.open(routine(fmt.Sprintf("c-%02d", i), village, clock.Day(fmt.Sprintf("2026-12-%02d", 1+i/5))))
		}
		ctx := l.as("director", authz.VillageDirector, village)
		seen, after, last := map[string]bool{}, "", ""
		for pages := 0; ; pages++ {
			rows := l.list(ctx, duty.Filter{After: after, Limit: 5})
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				place := string(r.DueOn) + r.ID
				if place <= last || seen[r.ID] {
					t.Fatalf("%s comes after %s", place, last)
				}
				seen[r.ID], last = true, place
			}
			after = last
		}
		if len(seen) != 23 {
			t.Fatalf("%d of 23 were shown", len(seen))
		}
	})
}

func TestList_CostsTheSameForOneRowAndForFifty(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		names := func(context.Context, store.Querier, []string) (map[string]string, error) { return nil, nil }
		cost := func() int64 {
			ctx, n := store.WithCount(l.as("affairs", authz.CivilAffairs, county))
			if _, err := l.s.List(ctx, duty.Filter{Limit: 51}, names); err != nil {
				t.Fatal(err)
			}
			return n.Load()
		}
		l.open(routine("c-0", village, ""))
		one := cost()
		for i := range 49 {
			l.open(routine(fmt.Sprint("c-", i+1), fmt.Sprintf("5002351012%02d", i), ""))
		}
		if fifty := cost(); fifty != one || one > 3 {
			t.Errorf("%d statements for one row, %d for fifty", one, fifty)
		}
	})
}

func TestOpenTx_TwoHundredAtOnceCostHardlyMoreThanOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := open(t, db)
		cost := func(n int, prefix string) int64 {
			var openings []duty.Opening
			for i := range n {
				openings = append(openings, routine(fmt.Sprint(prefix, i), village, ""))
			}
			ctx, count := store.WithCount(l.system)
			l.do(func(tx *store.Tx) error { _, err := l.s.OpenTx(ctx, tx, openings...); return err })
			return count.Load()
		}
		// Rows go in fifties on SQLite and in one COPY on PostgreSQL; nothing
		// else may grow with their number.
		if one, many := cost(1, "a"), cost(200, "b"); one > 5 || many > one+6 {
			t.Errorf("%d statements for one, %d for two hundred", one, many)
		}
	})
}
