package registry_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shouwang/domain/duty"
	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

var (
	director   = registrytest.As(authz.VillageDirector, registrytest.Village)
	supervisor = registrytest.As(authz.TownshipSupervisor, registrytest.Town)
	far        = registrytest.As(authz.VillageDirector, "500235001001")
)

// leftBehind is an invented child of ten whose parents are both away.
func leftBehind(number string) registry.NewFile {
	return registry.NewFile{Invented: true,
		Child:     registry.Particulars{Name: "陈小雨", Sex: 2, BirthOn: "2016-02-03", Identity: number, Region: registrytest.Village, Address: "2组5号", Telephone: "13600002222"},
		Relatives: []registry.Relative{{Kinship: registry.Father, Name: "陈大海", Guardian: true, Telephone: "13700003333"}},
		Facts: []registry.NewFact{
			{About: registry.AboutFather, Kind: registry.Absence, Value: "away", Place: "440300000000", PlaceText: "广东省深圳市"},
			{About: registry.AboutMother, Kind: registry.Absence, Value: "away"},
			{About: registry.AboutChild, Kind: registry.Health, Value: "ill", Detail: "哮喘"},
		}}
}

func invented(n int) string { return identity.Invent("500235", "2016-02-03", 2*n) }

func add(t *testing.T, r *registrytest.Register, f registry.NewFile) string {
	t.Helper()
	receipt, err := r.Registry.Add(director, f)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.ID
}

func find(t *testing.T, r *registrytest.Register, ctx context.Context, id string) *registry.File {
	t.Helper()
	f, err := r.Registry.Find(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// requireFigures holds every kept figure to a count of the rows.
func requireFigures(t testing.TB, r *registrytest.Register) {
	t.Helper()
	ctx := context.Background()
	want, err := registry.Recount(ctx, r.DB)
	if err != nil {
		t.Fatal(err)
	}
	regions := map[string]bool{}
	for d := range want {
		regions[d.Region] = true
	}
	for at := range regions {
		for _, name := range []string{registry.FigureRegister, registry.FigureVerdict, registry.FigureMissing, registry.FigureLevel} {
			figures, err := tally.Read(ctx, r.DB, name, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range figures {
				if n := want[tally.Delta{Name: name, Region: at, Part: f.Part}]; n != f.N {
					t.Fatalf("%s %s %s is kept as %d and is %d", name, at, f.Part, f.N, n)
				}
			}
		}
	}
}

func TestAdd_OneIdentityNumberHasOneFile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		add(t, r, leftBehind(invented(1)))
		_, err := r.Registry.Add(director, leftBehind(invented(1)))
		if f := fault.Of(err); f.Kind != fault.Conflict || f.Fields["identity"] == "" || strings.Contains(fmt.Sprint(err), invented(1)) {
			t.Fatalf("got %v %v", err, f.Fields)
		}
		requireFigures(t, r)
	})
}

func TestAdd_WithoutANumberTheChildStaysFlaggedUntilOneIsFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(""))
		rows, err := r.Duty.List(director, duty.Filter{ChildID: id, Rule: "file.identity", Limit: 10}, nil)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%+v %v", rows, err)
		}
		n := invented(7)
		if _, err := r.Registry.Update(director, id, 1, registry.Change{Identity: &n}); err != nil {
			t.Fatal(err)
		}
		rows, err = r.Duty.List(director, duty.Filter{ChildID: id, Rule: "file.identity", Limit: 10}, nil)
		if err != nil || len(rows) != 0 || find(t, r, director, id).IdentityState != registry.IdentityHeld {
			t.Fatalf("%+v %v", rows, err)
		}
		requireFigures(t, r)
	})
}

func TestUpdate_AnOlderVersionIsStaleAndHistoryKeepsBothValues(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		school, phone := "外郎乡中心小学", "13500004444"
		if _, err := r.Registry.Update(director, id, 1, registry.Change{School: &school, Telephone: &phone}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Registry.Update(supervisor, id, 1, registry.Change{School: &phone}); !fault.Is(err, fault.Stale) {
			t.Fatalf("an old version: %v", err)
		}
		h, err := r.Registry.Histories(director, id)
		if err != nil || len(h) != 1 || len(h[0].Changes) != 2 {
			t.Fatalf("%+v %v", h, err)
		}
		for _, c := range h[0].Changes {
			switch c.Field {
			case "telephone":
				if c.Old != "136****2222" || c.New != "135****4444" {
					t.Errorf("the telephone's history: %+v", c)
				}
			case "school":
				if c.Old != "" || c.New != school {
					t.Errorf("the school's history: %+v", c)
				}
			}
		}
		detail, err := store.One[string](context.Background(), db, `select detail from journal_line where action = 'child.changed' and record_id = ?`, id)
		if err != nil || strings.Contains(detail, phone) || strings.Contains(detail, "2222") || !strings.Contains(detail, school) {
			t.Fatalf("the journal holds %s, %v", detail, err)
		}
	})
}

func TestFind_EachPostIsShownWhatItsDutyNeeds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		own := find(t, r, director, id)
		if own.Child.Identity != identity.Mask(invented(1)) || own.Child.Address != "2组5号" || len(own.Relatives) != 1 || !slices.ContainsFunc(own.Facts, func(f registry.Fact) bool { return f.Detail == "哮喘" }) {
			t.Fatalf("the director sees %+v", own)
		}
		police := find(t, r, registrytest.As(authz.Police, registrytest.Town), id)
		if police.Child.Address == "" || slices.ContainsFunc(police.Facts, func(f registry.Fact) bool { return f.Kind == registry.Health }) || police.SupportLevel != 0 {
			t.Fatalf("the police see %+v", police)
		}
		education := find(t, r, registrytest.As(authz.Education, registrytest.County), id)
		if education.Child.Name == "" || education.Child.Identity != "" || education.Child.Address != "" || education.Relatives[0].Telephone != "" {
			t.Fatalf("education sees %+v", education)
		}
		if _, err := r.Registry.Find(far, id); !fault.Is(err, fault.NotFound) {
			t.Fatalf("another village: %v", err)
		}
		reads, err := store.One[int](context.Background(), db, `select count(*) from journal_line where action = 'child.read' and outcome = 'read' and subject_id = ?`, id)
		if err != nil || reads != 3 {
			t.Fatalf("%d looks in the journal, %v", reads, err)
		}
	})
}

func TestReveal_WantsAReasonAndLeavesAMark(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		if _, err := r.Registry.Reveal(director, id, "", "identity", " "); !fault.Is(err, fault.Invalid) {
			t.Fatalf("without a reason: %v", err)
		}
		got, err := r.Registry.Reveal(director, id, "", "identity", "核对户口簿")
		if err != nil || got != invented(1) {
			t.Fatalf("%q %v", got, err)
		}
		purpose, err := store.One[string](context.Background(), db, `select purpose from journal_line where action = 'child.reveal' and subject_id = ?`, id)
		if err != nil || purpose != "核对户口簿" {
			t.Fatalf("%q %v", purpose, err)
		}
		father := find(t, r, director, id).Relatives[0].PersonID
		if got, err := r.Registry.Reveal(director, id, father, "telephone", "通知家长"); err != nil || got != "13700003333" {
			t.Fatalf("%q %v", got, err)
		}
	})
}

func TestRecordFacts_ANewFactEndsTheEarlierAndTheSameAddsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		before := len(find(t, r, director, id).Facts)
		if _, err := r.Registry.RecordFacts(director, id, registry.NewFact{About: registry.AboutMother, Kind: registry.Absence, Value: "away"}); err != nil {
			t.Fatal(err)
		}
		if n := len(find(t, r, director, id).Facts); n != before {
			t.Fatalf("%d facts, then %d", before, n)
		}
		if _, err := r.Registry.RecordFacts(director, id, registry.NewFact{About: registry.AboutMother, Kind: registry.Absence, Value: "home", StartOn: "2026-11-01"},
			registry.NewFact{About: registry.AboutMother, Kind: registry.Ability, Value: "able"}); err != nil {
			t.Fatal(err)
		}
		f := find(t, r, director, id)
		was, _ := registry.Facts(f.Facts).On(registry.AboutMother, registry.Absence, registrytest.Today)
		if was.Value != "home" || f.Verdicts[0].Definition != "A" || f.Verdicts[0].Answer != registry.No {
			t.Fatalf("%+v %+v", was, f.Verdicts[0])
		}
		requireFigures(t, r)
	})
}

func TestMove_TheFileStaysUntilTheOtherSideAccepts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
			_, err := store.Exec(context.Background(), tx, `insert into region_region (code, name, level, parent) values ('500235001001', '杏家湾社区', 5, '500235001000')`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		id := add(t, r, leftBehind(""))
		m, err := r.Registry.Offer(director, id, "500235001001", "随外婆居住")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Registry.Find(far, id); !fault.Is(err, fault.NotFound) {
			t.Fatalf("before accepting: %v", err)
		}
		if waiting, err := r.Registry.Moves(far); err != nil || len(waiting) != 1 || waiting[0].ChildName != "陈小雨" {
			t.Fatalf("%+v %v", waiting, err)
		}
		if _, err := r.Registry.Decide(director, m.ID, registry.Accept); !fault.Is(err, fault.NotFound) {
			t.Fatalf("the giving side accepts for the other: %v", err)
		}
		if _, err := r.Registry.Decide(far, m.ID, registry.Accept); err != nil {
			t.Fatal(err)
		}
		if f := find(t, r, far, id); f.Child.Region != "500235001001" {
			t.Fatalf("%+v", f.Child)
		}
		if _, err := r.Registry.Find(director, id); !fault.Is(err, fault.NotFound) {
			t.Fatalf("after accepting: %v", err)
		}
		rows, err := r.Duty.List(far, duty.Filter{ChildID: id, Limit: 10}, nil)
		if err != nil || len(rows) == 0 || rows[0].BearerRegion != "500235001001" {
			t.Fatalf("what is owed did not come along: %+v %v", rows, err)
		}
		if _, err := r.Registry.Decide(far, m.ID, registry.Refuse); !fault.Is(err, fault.Conflict) {
			t.Fatalf("decided twice: %v", err)
		}
		requireFigures(t, r)
	})
}

func TestLeave_IsTheTownshipsToDecideAndCanBeUndone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(""))
		if _, err := r.Registry.Leave(director, id, 1, "returned", registrytest.Today); err == nil {
			t.Fatal("the village took a child off the register by itself")
		}
		out, err := r.Registry.Leave(supervisor, id, 1, "returned", registrytest.Today)
		if err != nil {
			t.Fatal(err)
		}
		requireFigures(t, r)
		if rows, err := r.Duty.List(director, duty.Filter{ChildID: id, Limit: 10}, nil); err != nil || len(rows) != 0 {
			t.Fatalf("still owed: %+v %v", rows, err)
		}
		if _, err := r.Registry.Return(supervisor, id, out.Version); err != nil {
			t.Fatal(err)
		}
		requireFigures(t, r)
		if rows, err := r.Duty.List(director, duty.Filter{ChildID: id, Limit: 10}, nil); err != nil || len(rows) == 0 {
			t.Fatalf("back on the register nothing is owed: %+v %v", rows, err)
		}
	})
}

func TestTick_TheSixteenthBirthdayIsTheClocksWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		f := leftBehind("")
		f.Child.BirthOn = "2010-11-30"
		id := add(t, r, f)
		if v := find(t, r, director, id).Verdicts[0]; v.Answer != registry.Yes || v.NextOn != "2026-11-30" {
			t.Fatalf("%+v", v)
		}
		r.Clock.Set(clock.Day("2026-11-29").End().Add(1e9))
		if _, err := r.Registry.Tick(authz.AsSystem(context.Background(), "clock")); err != nil {
			t.Fatal(err)
		}
		verdict, err := store.One[string](context.Background(), db, `select verdict from registry_status where child_id = ? and definition = 'A'`, id)
		if err != nil || verdict != "no" {
			t.Fatalf("%q %v", verdict, err)
		}
		requireFigures(t, r)
	})
}

// However files are entered, changed, moved off and back, the kept figures are
// those of the rows.
func TestFigures_AgreeWithTheRowsAfterAnythingThatHappens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		var ids []string
		serial := 0
		rapid.Check(t, func(rt *rapid.T) {
			for range rapid.IntRange(1, 5).Draw(rt, "steps") {
				if len(ids) == 0 || rapid.IntRange(0, 3).Draw(rt, "enter") == 0 {
					serial++
					n := ""
					if rapid.Bool().Draw(rt, "with a number") && serial < 490 {
						n = invented(serial)
					}
					receipt, err := r.Registry.Add(director, leftBehind(n))
					if err != nil {
						rt.Fatal(err)
					}
					ids = append(ids, receipt.ID)
					continue
				}
				id := rapid.SampledFrom(ids).Draw(rt, "child")
				f, err := r.Registry.Find(supervisor, id)
				if err != nil {
					rt.Fatal(err)
				}
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0:
					_, err = r.Registry.RecordFacts(supervisor, id, registry.NewFact{About: registry.AboutMother, Kind: registry.Absence, Value: rapid.SampledFrom([]string{"home", "away"}).Draw(rt, "mother")},
						registry.NewFact{About: registry.AboutChild, Kind: registry.Care, Value: rapid.SampledFrom([]string{"none", "grandparents"}).Draw(rt, "care")})
				case 1:
					sex := rapid.SampledFrom([]int{0, 2}).Draw(rt, "sex")
					_, err = r.Registry.Update(supervisor, id, f.Version, registry.Change{Sex: &sex})
				case 2:
					if f.State == registry.Registered {
						_, err = r.Registry.Leave(supervisor, id, f.Version, "joined_parents", registrytest.Today)
					} else {
						_, err = r.Registry.Return(supervisor, id, f.Version)
					}
				case 3:
					_, err = tally.Fold(context.Background(), r.DB)
				}
				if err != nil {
					rt.Fatal(err)
				}
			}
		})
		requireFigures(t, r)
	})
}

func TestList_WhoHasNoIdentityNumberIsAsManyAsTheOverviewCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		damaged := leftBehind("")
		damaged.IdentityState = registry.IdentityDamaged
		gone := add(t, r, leftBehind(""))
		without := []string{add(t, r, leftBehind("")), add(t, r, damaged)}
		add(t, r, leftBehind(invented(201)))
		if _, err := r.Registry.Leave(supervisor, gone, 1, "returned", "2026-11-20"); err != nil {
			t.Fatal(err)
		}
		rows, err := r.Registry.List(supervisor, registry.Filter{Identity: registry.NoIdentity, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, row := range rows {
			listed = append(listed, row.ID)
		}
		slices.Sort(listed)
		slices.Sort(without)
		if !slices.Equal(listed, without) {
			t.Errorf("%v are listed, %v lack a number", listed, without)
		}
		o, err := r.Registry.Overview(supervisor, registrytest.Town)
		if err != nil {
			t.Fatal(err)
		}
		if n := o.Figures["register/identity:none"] + o.Figures["register/identity:damaged"]; n != len(rows) {
			t.Errorf("the overview counts %d and opens to %d", n, len(rows))
		}
	})
}
