package authz_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

func authority(t *testing.T, db *store.DB, rules authz.Rules) *authz.Authority {
	t.Helper()
	j := journal.New(db, clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { j.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	a, err := authz.New(db, j, rules)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func exec(t testing.TB, db *store.DB, text string, args ...any) {
	t.Helper()
	if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
		_, err := store.Exec(context.Background(), tx, text, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// record is any protected row: a region, the person it is about.
type record struct {
	ID     string `db:"id"`
	Region string `db:"region"`
	Child  string `db:"child_id"`
}

var (
	// Regions of every level, with neighbours whose codes differ in one digit or
	// begin alike, and codes full of nines at the edge of the range.
	regions = []string{
		"500000000000", "510000000000", "990000000000", "500200000000", "999900000000",
		"500235000000", "500236000000", "500230000000", "999999000000",
		"500235101000", "500235102000", "500235199000", "500236101000", "441900003000", "999999999000",
		"500235101201", "500235101202", "500235101299", "500235102201", "500236101201", "441900003001", "999999999999",
	}
	roles = []authz.Role{authz.VillageDirector, authz.TownshipSupervisor, authz.SchoolLeader, authz.ClassTeacher, authz.Department}
)

// The oracle of one record: the rule as DESIGN.md §4 says it in words, sharing
// no code with the package.
func mayReach(grants []authz.Grant, onRoll map[[2]string]bool, byRegion, byRoll []authz.Role, r record) bool {
	significant := func(code string) string {
		for _, zeros := range []string{"0000000000", "00000000", "000000", "000"} {
			if head, ok := strings.CutSuffix(code, zeros); ok {
				return head
			}
		}
		return code
	}
	for _, g := range grants {
		switch {
		case g.Region == "000000000000" && slices.Contains(byRegion, g.Role):
			return true
		case len(g.Region) == 12 && g.Region[:2] != "00" && slices.Contains(byRegion, g.Role) && strings.HasPrefix(r.Region, significant(g.Region)):
			return true
		case slices.Contains(byRoll, g.Role) && onRoll[[2]string{g.Organisation, r.Child}]:
			return true
		}
	}
	return false
}

func TestScoped_AListShowsExactlyWhatCheckAllows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		code := "text"
		if db.Postgres() {
			code = `text collate "C"`
		}
		exec(t, db, `create table record (id text primary key, region `+code+` not null, child_id text not null)`)
		rapid.Check(t, func(rt *rapid.T) {
			var byRegion, byRoll []authz.Role
			for _, r := range roles {
				if rapid.Bool().Draw(rt, "by region "+string(r)) {
					byRegion = append(byRegion, r)
				}
				if rapid.Bool().Draw(rt, "by roll "+string(r)) {
					byRoll = append(byRoll, r)
				}
			}
			var rule authz.Rule
			if len(byRegion) > 0 {
				rule = append(rule, authz.InRegion(byRegion...))
			}
			if len(byRoll) > 0 {
				rule = append(rule, authz.OnRoll(byRoll...))
			}
			a := authority(t, db, authz.Rules{"record.list": rule})

			var grants []authz.Grant
			// The nation, and codes that are none: they must never mean "everywhere".
			granted := append([]string{"000000000000", "", "50", "500235", "00", "005002351010", "500200101000"}, regions...)
			for i := range rapid.IntRange(0, 4).Draw(rt, "grants") {
				grants = append(grants, authz.Grant{ID: fmt.Sprint(i), Role: rapid.SampledFrom(roles).Draw(rt, "role"),
					Organisation: rapid.SampledFrom([]string{"o1", "o2"}).Draw(rt, "organisation"), Region: rapid.SampledFrom(granted).Draw(rt, "post")})
			}
			var records []record
			for i := range 14 {
				records = append(records, record{fmt.Sprintf("r%02d", i), rapid.SampledFrom(regions).Draw(rt, "region"), fmt.Sprintf("c%d", rapid.IntRange(1, 5).Draw(rt, "child"))})
			}
			type rollRow struct {
				Organisation string `db:"organisation_id"`
				Subject      string `db:"subject_id"`
				Since        string `db:"since_on"`
				Until        string `db:"until_on"`
			}
			var rolls []rollRow
			onRoll := map[[2]string]bool{}
			for _, o := range []string{"o1", "o2", "o3"} {
				for c := range 5 {
					child := fmt.Sprintf("c%d", c+1)
					switch rapid.IntRange(0, 3).Draw(rt, "roll") {
					case 0:
						rolls, onRoll[[2]string{o, child}] = append(rolls, rollRow{o, child, "2026-09-01", ""}), true
					case 1: // has left the school
						rolls = append(rolls, rollRow{o, child, "2020-09-01", "2026-07-01"})
					}
				}
			}
			if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
				for _, table := range []string{"record", "authz_roll"} {
					if _, err := store.Exec(context.Background(), tx, `delete from `+table); err != nil {
						return err
					}
				}
				if err := store.Insert(context.Background(), tx, "authz_roll", rolls...); err != nil {
					return err
				}
				return store.Insert(context.Background(), tx, "record", records...)
			}); err != nil {
				rt.Fatal(err)
			}

			filter := rapid.SampledFrom(append([]string{""}, regions...)).Draw(rt, "filtered by")
			ctx := authz.WithActor(context.Background(), authz.Actor{UserID: "u-1", Name: "周试玉", Grants: grants})
			want, inside := []string{}, []string{}
			for _, r := range records {
				allowed := mayReach(grants, onRoll, byRegion, byRoll, r)
				if got := a.Reaches(ctx, db, "record.list", authz.Subject{ID: r.ID, Person: r.Child, Region: r.Region}); got != allowed {
					rt.Fatalf("%+v: the check says %v", r, got)
				}
				if !allowed {
					continue
				}
				want = append(want, r.ID)
				if filter == "" || strings.HasPrefix(r.Region, region.Code(filter).Prefix()) {
					inside = append(inside, r.ID)
				}
			}
			list := func(within string) []string {
				scoped, err := a.Scoped(ctx, "record.list")
				if fault.Is(err, fault.Denied) {
					return []string{} // no role for it at all
				}
				if err != nil {
					rt.Fatal(err)
				}
				if within != "" {
					scoped = authz.Within(scoped, within)
				}
				ids, err := store.All[string](scoped, db, `select r.id from record r where r.id <> '?' and {scope r} and r.id <> ? order by r.id`, "none")
				if err != nil {
					rt.Fatal(err)
				}
				return ids
			}
			if diff := cmp.Diff(want, list("")); diff != "" {
				rt.Fatalf("the list differs from what is allowed (-allowed +listed):\n%s", diff)
			}
			if diff := cmp.Diff(inside, list(filter)); diff != "" {
				rt.Fatalf("inside %s (-allowed +listed):\n%s", filter, diff)
			}
		})
	})
}

func TestScoped_RightsThatConcernNoPersonListNoRecords(t *testing.T) {
	db := storetest.SQLite(t)
	a := authority(t, db, authz.Rules{"everyone": {authz.Everyone()}, "mine": {authz.Mine()}})
	ctx := authz.WithActor(context.Background(), authz.Actor{UserID: "u-1", Grants: []authz.Grant{{Role: authz.CivilAffairs, Region: "500235000000"}}})
	exec(t, db, `insert into region_region (code, name, level, parent) values ('500235101201', '试一村', 5, '500235101000')`)
	for _, action := range []string{"everyone", "mine"} {
		scoped, err := a.Scoped(ctx, action)
		if err != nil {
			t.Fatal(err)
		}
		n, err := store.One[int](scoped, db, `select count(*) from (select code as region, code as id from region_region) r where {scope r id}`)
		if err != nil || n != 0 {
			t.Errorf("%s lists %d records, %v", action, n, err)
		}
	}
}

func TestCheck_ARefusalIsJournalledWithItsRuleAndSaidAsNotFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := authority(t, db, authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector)}, "child.move": {authz.InRegion(authz.TownshipSupervisor)}})
		actor := authz.Actor{UserID: "u-1", Name: "周试玉", Grants: []authz.Grant{{Role: authz.VillageDirector, Region: "500235101201"}}}
		ctx := authz.WithActor(journal.WithAuthor(context.Background(), journal.Author{Purpose: "走访前查看", DutyID: "d-1"}), actor)
		own := authz.Subject{Kind: "child", ID: "c-1", Person: "c-1", Region: "500235101201"}
		neighbour := authz.Subject{Kind: "child", ID: "c-2", Person: "c-2", Region: "500235101202"}
		if err := a.Check(ctx, db, "child.read", own); err != nil {
			t.Fatal(err)
		}
		if n, _ := store.One[int](ctx, db, `select count(*) from journal_line`); n != 0 {
			t.Fatalf("%d lines for what was allowed", n)
		}
		err := a.Check(ctx, db, "child.read", neighbour)
		if !fault.Is(err, fault.NotFound) || fault.Of(err).Rule != "child.read" {
			t.Fatalf("%v", err)
		}
		if text := fault.Of(err).Text; strings.Contains(text, "权限") {
			t.Fatalf("the person is told %q", text)
		}
		recorded(t, err)
		err = a.Need(ctx, "child.move")
		if !fault.Is(err, fault.Denied) || fault.Of(err).Rule != "child.move" {
			t.Fatalf("%v", err)
		}
		recorded(t, err)
		lines, err := store.All[journal.Line](ctx, db, `
			select id, at, author_id, author, action, purpose, duty_id, kind, record_id, subject_id, region, outcome, detail from journal_line order by id`)
		if err != nil || len(lines) != 2 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		l := lines[0]
		if l.Outcome != "denied" || l.Action != "child.read" || l.AuthorID != "u-1" || l.RecordID != "c-2" || l.SubjectID != "c-2" || l.Region != neighbour.Region ||
			l.Purpose != "走访前查看" || l.DutyID != "d-1" || l.Detail != `{"rule":"child.read"}` {
			t.Fatalf("the refusal stands as %+v", l)
		}
	})
}

func TestAbsent_WhatIsNotThereIsRefusedLikeWhatIsOutOfReach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := authority(t, db, authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector)}})
		actor := authz.Actor{UserID: "u-1", Name: "周试玉", Grants: []authz.Grant{{Role: authz.VillageDirector, Region: "500235101201"}}}
		ctx := authz.WithActor(context.Background(), actor)
		far := a.Check(ctx, db, "child.read", authz.Subject{Kind: "child", ID: "c-2", Region: "500235101202"})
		gone := a.Absent(ctx, "child.read", "child")
		for _, err := range []error{far, gone} {
			recorded(t, err)
		}
		if f, g := fault.Of(far), fault.Of(gone); f.Kind != g.Kind || f.ID != g.ID || f.Text != g.Text || g.Kind != fault.NotFound {
			t.Errorf("one is told %v, the other %v", f, g)
		}
		system := a.Absent(authz.AsSystem(context.Background(), "test"), "child.read", "child")
		if !fault.Is(system, fault.NotFound) {
			t.Errorf("the program's own task is told %v", system)
		}
		if n, err := store.One[int](ctx, db, `select count(*) from journal_line where outcome = 'denied'`); err != nil || n != 2 {
			t.Errorf("%d lines, %v", n, err)
		}
		if err := a.Absent(ctx, "child.reed", "child"); !fault.Is(err, fault.Internal) {
			t.Errorf("a rule that is none: %v", err)
		}
	})
}

// recorded waits for the refusal's line, as platform/web does before it answers.
func recorded(t *testing.T, err error) {
	t.Helper()
	r, ok := errors.AsType[*journal.Recording](err)
	if !ok {
		t.Fatalf("%v carries no recording", err)
	}
	if err := r.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestCheck_ARefusalThatCannotBeJournalledSaysSoToWhoeverAnswers(t *testing.T) {
	db := storetest.SQLite(t)
	a := authority(t, db, authz.Rules{"child.move": {authz.InRegion(authz.TownshipSupervisor)}})
	ctx := authz.WithActor(context.Background(), authz.Actor{UserID: "u-1"})
	db.Close()
	r, ok := errors.AsType[*journal.Recording](a.Need(ctx, "child.move"))
	if !ok || r.Wait(ctx) == nil {
		t.Fatal("the refusal passes for recorded")
	}
}

// On SQLite the transaction holds the one writer that the refusal's own line
// needs: a check that waited for the line would wait for ever.
func TestCheck_ARefusalInsideATransactionIsRecordedAfterItIsTakenBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := authority(t, db, authz.Rules{"child.move": {authz.InRegion(authz.TownshipSupervisor)}})
		ctx := authz.WithActor(context.Background(), authz.Actor{UserID: "u-1", Name: "周试玉"})
		err := store.Do(ctx, db, func(tx *store.Tx) error {
			if _, err := store.Exec(ctx, tx, `insert into region_region (code, name, level, parent) values ('500235101201', '试一村', 5, '500235101000')`); err != nil {
				return err
			}
			if err := a.Need(ctx, "child.move"); !fault.Is(err, fault.Denied) {
				return fmt.Errorf("not refused: %w", err)
			}
			return a.Check(ctx, tx, "child.move", authz.Subject{Kind: "child", ID: "c-1", Region: "500235101201"})
		})
		if !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		recorded(t, err)
		regions, _ := store.One[int](ctx, db, `select count(*) from region_region`)
		denied, _ := store.One[int](ctx, db, `select count(*) from journal_line where outcome = 'denied' and record_id = 'c-1'`)
		if regions != 0 || denied != 1 {
			t.Fatalf("%d changes stand, %d refusals are recorded", regions, denied)
		}
	})
}

func TestCheck_NobodyIsAllowedNothing(t *testing.T) {
	db := storetest.SQLite(t)
	a := authority(t, db, authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector)}, "notice.own": {authz.Everyone()}, "draft.own": {authz.Mine()}})
	ctx := context.Background()
	for _, action := range a.Actions() {
		if a.May(ctx, action) || a.Need(ctx, action) == nil || a.Check(ctx, db, action, authz.Subject{Region: "500235101201", Owner: ""}) == nil {
			t.Errorf("%s without a sign-in", action)
		}
		if _, err := a.Scoped(ctx, action); err == nil {
			t.Errorf("a list by %s without a sign-in", action)
		}
	}
	// An owner that is not set belongs to nobody, and not to a person without an id.
	if a.Reaches(authz.WithActor(ctx, authz.Actor{}), db, "draft.own", authz.Subject{}) {
		t.Error("a record of nobody belongs to whoever asks")
	}
	if !a.Reaches(authz.WithActor(ctx, authz.Actor{UserID: "u-1"}), db, "draft.own", authz.Subject{Owner: "u-1"}) {
		t.Error("one's own record is refused")
	}
}

func TestCheck_AnActionWithoutARuleIsAnErrorForEverybody(t *testing.T) {
	db := storetest.SQLite(t)
	a := authority(t, db, authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector)}})
	for name, ctx := range map[string]context.Context{
		"a person":   authz.WithActor(context.Background(), authz.Actor{UserID: "u-1", Grants: []authz.Grant{{Role: authz.VillageDirector, Region: "500235101201"}}}),
		"the system": authz.AsSystem(context.Background(), "duty.clock"),
	} {
		if err := a.Check(ctx, db, "child.raed", authz.Subject{Region: "500235101201"}); !fault.Is(err, fault.Internal) {
			t.Errorf("%s, Check: %v", name, err)
		}
		if err := a.Need(ctx, "child.raed"); !fault.Is(err, fault.Internal) {
			t.Errorf("%s, Need: %v", name, err)
		}
		if _, err := a.Scoped(ctx, "child.raed"); !fault.Is(err, fault.Internal) {
			t.Errorf("%s, Scoped: %v", name, err)
		}
	}
	if a.Knows("child.raed") || !a.Knows("child.read") || !a.Knows(authz.Public) {
		t.Error("Knows is wrong")
	}
}

func TestNew_TwoRulesForOneActionAreRefused(t *testing.T) {
	one := authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector)}}
	if _, err := authz.New(nil, nil, one, authz.Rules{"child.read": {authz.Everyone()}}); err == nil {
		t.Fatal("the second rule silently replaced the first")
	}
}

func TestAsSystem_IsTheOnlyWayToActAsTheSystem(t *testing.T) {
	db := storetest.SQLite(t)
	a := authority(t, db, authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector)}})
	child := authz.Subject{Kind: "child", ID: "c-1", Region: "500235101201"}
	// A person who calls themselves the system is a person without posts.
	posing := authz.WithActor(context.Background(), authz.Actor{UserID: "system", Name: "系统"})
	if err := a.Check(posing, db, "child.read", child); !fault.Is(err, fault.NotFound) {
		t.Fatalf("%v", err)
	}
	if _, err := a.Scoped(posing, "child.read"); !fault.Is(err, fault.Denied) {
		t.Fatalf("%v", err)
	}
	if _, err := store.One[int](posing, db, `select 1 from region_region r where {scope r code}`); !errors.Is(err, store.ErrNoScope) {
		t.Fatalf("a query before any scope was given: %v", err)
	}
	ctx := authz.AsSystem(context.Background(), "duty.clock")
	if err := a.Check(ctx, db, "child.read", child); err != nil {
		t.Fatal(err)
	}
	if by, _ := journal.AuthorOf(ctx); by.ID != "system" || by.Purpose != "duty.clock" {
		t.Fatalf("its lines are by %+v", by)
	}
}

type shown struct {
	ID        string `see:"basic"`
	Telephone string `see:"contact"`
	Either    string `see:"family,contact"`
	Untagged  string
	At        time.Time `see:"basic"`
	List      []string  `see:"basic"`
	Inner     inner     `see:"nested"`
	Rows      []inner   `see:"nested"`
	Family    *inner    `see:"family,nested"`
	Loose     map[string]string
	Open      map[string]string `see:"nested"`
	Any       any               `see:"nested"`
	embedded
	Embedded
	private string
}

type inner struct {
	Name   string `see:"basic"`
	Secret string
}

type embedded struct{ Hidden string }

// Embedded stands in other structs.
type Embedded struct {
	Version int `see:"basic"`
	Note    string
}

func TestBlank_WhatHasNoTagIsNeverShown(t *testing.T) {
	at := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	full := func() shown {
		return shown{ID: "c-1", Telephone: "13912345678", Either: "x", Untagged: "x", At: at, List: []string{"a"},
			Inner: inner{"周试玉", "x"}, Rows: []inner{{"甲", "x"}, {"乙", "x"}}, Family: &inner{"丙", "x"},
			Loose: map[string]string{"a": "x"}, Open: map[string]string{"a": "x"}, Any: inner{"丁", "x"},
			Embedded: Embedded{3, "x"}, private: "kept"}
	}
	for _, c := range []struct {
		name   string
		groups []authz.Group
		want   shown
	}{
		{"no group", nil, shown{Rows: []inner{{}, {}}, private: "kept"}},
		{"basic", []authz.Group{authz.SeeBasic}, shown{ID: "c-1", At: at, List: []string{"a"}, Inner: inner{Name: "周试玉"},
			Rows: []inner{{Name: "甲"}, {Name: "乙"}}, Embedded: Embedded{Version: 3}, private: "kept"}},
		{"contact and family", []authz.Group{authz.SeeContact, authz.SeeFamily}, shown{Telephone: "13912345678", Either: "x",
			Rows: []inner{{}, {}}, Family: &inner{}, private: "kept"}},
		{"every group there is", []authz.Group{authz.SeeBasic, authz.SeeContact, authz.SeeIdentity, authz.SeeFamily, authz.SeeHealth, authz.SeeNarrative, authz.SeeAudit},
			shown{ID: "c-1", Telephone: "13912345678", Either: "x", At: at, List: []string{"a"}, Inner: inner{Name: "周试玉"},
				Rows: []inner{{Name: "甲"}, {Name: "乙"}}, Family: &inner{Name: "丙"}, Embedded: Embedded{Version: 3}, private: "kept"}},
	} {
		got := full()
		authz.Blank(&got, c.groups)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(shown{}, embedded{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +shown):\n%s", c.name, diff)
		}
		many := []shown{full(), full()}
		authz.Blank(&many, c.groups)
		if diff := cmp.Diff([]shown{c.want, c.want}, many, cmp.AllowUnexported(shown{}, embedded{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, in a list (-want +shown):\n%s", c.name, diff)
		}
	}
}

func TestProject_ShowsWhatThePostsThatReachTheRecordMaySee(t *testing.T) {
	db := storetest.SQLite(t)
	a := authority(t, db, authz.Rules{"child.read": {authz.InRegion(authz.VillageDirector, authz.Education), authz.OnRoll(authz.ClassTeacher)}})
	exec(t, db, `insert into authz_roll (organisation_id, subject_id, since_on) values ('school', 'c-1', '2026-09-01')`)
	actor := authz.Actor{UserID: "u-1", Grants: []authz.Grant{
		{Role: authz.VillageDirector, Region: "500235101201"}, {Role: authz.ClassTeacher, Organisation: "school", Region: "500236101000"}}}
	ctx := authz.WithActor(context.Background(), actor)
	for _, c := range []struct {
		name  string
		child authz.Subject
		want  shown
	}{
		{"in the village: as its director", authz.Subject{Person: "c-2", Region: "500235101201"}, shown{ID: "c-1", Telephone: "1", Either: "x"}},
		{"on the roll elsewhere: as the teacher, without identity or health", authz.Subject{Person: "c-1", Region: "500299101201"}, shown{ID: "c-1", Telephone: "1", Either: "x"}},
		{"neither: nothing, whatever the person may see of others", authz.Subject{Person: "c-3", Region: "500235101202"}, shown{}},
	} {
		got := shown{ID: "c-1", Telephone: "1", Either: "x", Untagged: "x"}
		if err := a.Project(ctx, db, "child.read", c.child, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(shown{}, embedded{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +shown):\n%s", c.name, diff)
		}
	}
	groups, err := a.Groups(ctx, db, "child.read", authz.Subject{Person: "c-1", Region: "500299101201"})
	if err != nil || slices.Contains(groups, authz.SeeIdentity) || slices.Contains(groups, authz.SeeHealth) {
		t.Errorf("as a teacher one is shown %v, %v", groups, err)
	}
	// A list holds rows of every post together, so it shows what all of them may.
	if groups := a.ListGroups(ctx, "child.read"); slices.Contains(groups, authz.SeeIdentity) || !slices.Contains(groups, authz.SeeContact) {
		t.Errorf("a list shows %v", groups)
	}
}

func TestRoles_TheThreeAdministratorsSeeNoChild(t *testing.T) {
	for _, r := range []authz.Role{authz.SystemAdmin, authz.SecurityAdmin, authz.AuditAdmin} {
		info, ok := authz.Info(r)
		if !ok || !info.Alone || slices.ContainsFunc(info.Sees, func(g authz.Group) bool { return g != authz.SeeAudit }) {
			t.Errorf("%s: %+v", r, info)
		}
	}
}
