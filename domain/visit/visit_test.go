package visit_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"shouwang/domain/duty"
	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/visit"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/files"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

type house struct {
	*registrytest.Register
	t        *testing.T
	visits   *visit.Service
	director context.Context
	system   context.Context
}

func open(t *testing.T, db *store.DB) *house {
	t.Helper()
	r := registrytest.New(t, db, visit.Rules)
	f, err := files.Open(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	h := &house{Register: r, t: t, director: registrytest.As(authz.VillageDirector, registrytest.Village), system: authz.AsSystem(context.Background(), "test")}
	h.visits = visit.NewService(db, r.Policy, r.Duty, r.Registry, r.Journal, r.Rules, r.Keys, f, r.Clock)
	return h
}

// child enters a left-behind child of seven, with a grandmother.
func (h *house) child(facts ...registry.NewFact) string {
	h.t.Helper()
	facts = append([]registry.NewFact{
		{About: registry.AboutFather, Kind: registry.Absence, Value: "away"}, {About: registry.AboutMother, Kind: registry.Absence, Value: "away"},
		{About: registry.AboutChild, Kind: registry.Living, Value: "accompanied"},
	}, facts...)
	r, err := h.Registry.Add(h.director, registry.NewFile{Invented: true,
		Child:     registry.Particulars{Name: "王小花", Sex: 2, BirthOn: "2014-05-06", Region: registrytest.Village, Address: "3组8号"},
		Relatives: []registry.Relative{{Kinship: registry.PaternalGrandmother, Name: "李秀兰", Telephone: "13900001111", Carer: true}}, Facts: facts})
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

func (h *house) met(child string, change ...func(*visit.NewVisit)) visit.Receipt {
	h.t.Helper()
	v := newVisit(child)
	for _, c := range change {
		c(&v)
	}
	r, err := h.visits.Record(h.director, v)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func newVisit(child string) visit.NewVisit {
	return visit.NewVisit{ID: uuid.NewString(), ChildID: child, VisitedOn: registrytest.Today, Outcome: visit.Met, Content: visit.Content{Way: "home", ChildSeen: true, Note: "在家写作业"}}
}

// owed are the child's open duties of a rule.
func (h *house) owed(child, rule string) []duty.Duty {
	h.t.Helper()
	list, err := store.In(context.Background(), h.DB, func(tx *store.Tx) ([]duty.Duty, error) {
		return h.Duty.OpenOf(h.system, tx, duty.Which{ChildID: child, Rules: []string{rule}})
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func (h *house) oneDue(child, rule string, on clock.Day) {
	h.t.Helper()
	if d := h.owed(child, rule); len(d) != 1 || d[0].DueOn != on {
		h.t.Fatalf("%s: want one due on %s, have %+v", rule, on, d)
	}
}

func TestRecord_DischargesWhatWasOwedAndRollsForwardByTheSupportLevel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		h.oneDue(child, "visit.routine", "2026-12-23") // first visit, thirty days
		first := h.owed(child, "visit.routine")[0].ID
		r := h.met(child)
		if r.NextOn != "2027-02-21" { // level 3: ninety days
			t.Fatalf("next on %s", r.NextOn)
		}
		h.oneDue(child, "visit.routine", "2027-02-21")
		closed, err := store.One[duty.Duty](context.Background(), db, `select `+store.Columns[duty.Duty]("d")+` from duty_duty d where d.id = ?`, first)
		if err != nil || closed.State != duty.Discharged || closed.EvidenceKind != "visit" || closed.EvidenceID != r.ID || closed.Late {
			t.Fatalf("%+v %v", closed, err)
		}
	})
}

func TestRecord_AnEarlierNextVisitIsKeptAndALaterOneIsNot(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		if r := h.met(child, func(v *visit.NewVisit) { v.NextOn = "2026-12-01" }); r.NextOn != "2026-12-01" {
			t.Fatalf("next on %s", r.NextOn)
		}
		if r := h.met(child, func(v *visit.NewVisit) { v.NextOn = "2028-01-01" }); r.NextOn != "2027-02-21" {
			t.Fatalf("next on %s", r.NextOn)
		}
	})
}

func TestRecord_NobodyMetLeavesTheVisitOwed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		h.met(child, func(v *visit.NewVisit) {
			v.Outcome, v.Absence, v.Content = visit.NotMet, "nobody_home", visit.Content{}
		})
		h.oneDue(child, "visit.routine", "2026-12-23")
	})
}

func TestRecord_AloneRaisesTheLevelOpensTheRedLineAndOffersTheReport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		r := h.met(child, func(v *visit.NewVisit) { v.Content.Findings = []string{"alone"} })
		if !slices.Equal(r.Report, []string{"alone"}) || r.NextOn != "2026-11-30" { // level 1: seven days
			t.Fatalf("%+v", r)
		}
		h.oneDue(child, "redline.alone", "2026-11-24")
		h.oneDue(child, "report.required", "2026-11-23")
		h.oneDue(child, "visit.verify", "2027-02-21")
		// Found with an adult again, the red line is discharged by that visit; the
		// report stays owed, for only a report discharges it.
		h.Clock.Advance(24 * 3600e9)
		second := h.met(child, func(v *visit.NewVisit) {
			v.VisitedOn = "2026-11-24"
			v.Facts = []registry.NewFact{{About: registry.AboutChild, Kind: registry.Living, Value: "accompanied"}}
		})
		if d := h.owed(child, "redline.alone"); len(d) != 0 {
			t.Fatalf("the red line stands: %+v", d)
		}
		h.oneDue(child, "report.required", "2026-11-23")
		by, err := store.One[string](context.Background(), db, `select evidence_id from duty_duty where rule = 'redline.alone' and child_id = ?`, child)
		if err != nil || by != second.ID {
			t.Fatalf("discharged by %q, %v", by, err)
		}
	})
}

func TestRecord_AParentWhoCameHomeEndsWhatWasRoutine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		r := h.met(child, func(v *visit.NewVisit) {
			v.Facts = []registry.NewFact{{About: registry.AboutMother, Kind: registry.Absence, Value: "home"}, {About: registry.AboutMother, Kind: registry.Ability, Value: "able"}}
		})
		if d := h.owed(child, "visit.routine"); len(d) != 0 || r.NextOn != "" {
			t.Fatalf("still owed %+v, next %s", d, r.NextOn)
		}
	})
}

func TestRecord_SentTwiceIsRecordedOnceAndWithOtherContentIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		v := newVisit(child)
		first, err := h.visits.Record(h.director, v)
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.visits.Record(h.director, v)
		if err != nil || second.ID != first.ID || second.NextOn != first.NextOn || second.At != first.At {
			t.Fatalf("%+v, then %+v %v", first, second, err)
		}
		v.Content.Note = "另一次"
		if _, err := h.visits.Record(h.director, v); !fault.Is(err, fault.Conflict) {
			t.Fatalf("other content under the same id: %v", err)
		}
		if n, _ := store.One[int](context.Background(), db, `select count(*) from visit_visit`); n != 1 {
			t.Fatalf("%d visits", n)
		}
	})
}

func TestRecord_ACorrectionStandsBesideWhatItCorrectsAndDischargesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		wrong := h.met(child)
		due := h.owed(child, "visit.routine")[0].ID
		right := h.met(child, func(v *visit.NewVisit) { v.Corrects, v.Content.Note = wrong.ID, "更正：孩子在学校" })
		if d := h.owed(child, "visit.routine"); len(d) != 1 || d[0].ID != due {
			t.Fatalf("a correction changed what is owed: %+v", d)
		}
		v, err := h.visits.Find(h.director, wrong.ID)
		if err != nil || v.CorrectedBy != right.ID || v.Content.Note != "在家写作业" {
			t.Fatalf("%+v %v", v, err)
		}
		again := newVisit(child)
		again.Corrects = wrong.ID
		if _, err := h.visits.Record(h.director, again); !fault.Is(err, fault.Conflict) {
			t.Fatalf("a second correction of one visit: %v", err)
		}
	})
}

func TestRecord_AnotherVillageIsToldThereIsNoSuchChild(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		neighbour := registrytest.As(authz.VillageDirector, registrytest.Village[:9]+"200")
		_, err := h.visits.Record(neighbour, newVisit(child))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.NotFound || f.Rule != "visit.record" {
			t.Fatalf("got %v", err)
		}
		r := h.met(child)
		if _, err := h.visits.Find(neighbour, r.ID); !fault.Is(err, fault.NotFound) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestRecord_OnlyTheTownshipsOwnVisitVerifies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child(registry.NewFact{About: registry.AboutChild, Kind: registry.Care, Value: "none"})
		h.met(child)
		if len(h.owed(child, "visit.verify")) != 1 {
			t.Fatal("the village's own visit verified itself")
		}
		was := h.owed(child, "visit.verify")[0].ID
		if _, err := h.visits.Record(registrytest.As(authz.TownshipSupervisor, registrytest.Town), newVisit(child)); err != nil {
			t.Fatal(err)
		}
		if d := h.owed(child, "visit.verify"); len(d) != 1 || d[0].ID == was {
			t.Fatalf("the township's visit did not verify, or the plan did not roll on: %+v", d)
		}
	})
}

func TestRecord_WhatCannotBeRightIsNamedFieldByField(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	child := h.child()
	for field, change := range map[string]func(*visit.NewVisit){
		"visited_on":          func(v *visit.NewVisit) { v.VisitedOn = "2026-11-24" },
		"next_on":             func(v *visit.NewVisit) { v.NextOn = "2026-11-23" },
		"absence":             func(v *visit.NewVisit) { v.Outcome = visit.NotMet },
		"content.way":         func(v *visit.NewVisit) { v.Content.Way = "balloon" },
		"content.findings[0]": func(v *visit.NewVisit) { v.Content.Findings = []string{"boredom"} },
		"content.needs.living": func(v *visit.NewVisit) {
			v.Content.Needs = map[string]string{"living": "splendid"}
		},
	} {
		v := newVisit(child)
		change(&v)
		_, err := h.visits.Record(h.director, v)
		if f := fault.Of(err); f.Kind != fault.Invalid || f.Fields[field] == "" || len(f.Fields) != 1 {
			t.Errorf("%s: %v %v", field, err, f.Fields)
		}
	}
}

func TestDueList_ShowsOnesOwnVillageWithWhatOneNeedsAtTheDoor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.child()
		ctx, n := store.WithCount(h.director)
		due, err := h.visits.DueList(ctx, "", "2026-12-31")
		if err != nil || len(due) != 1 {
			t.Fatalf("%+v %v", due, err)
		}
		d := due[0]
		if d.ChildID != child || d.Address != "3组8号" || d.Carer != "李秀兰" || d.Telephone != "13900001111" || d.Age != 12 || d.CarerKinship != "祖母" {
			t.Fatalf("%+v", d)
		}
		one := n.Load()
		for range 30 {
			h.child()
		}
		ctx, n = store.WithCount(h.director)
		if due, err := h.visits.DueList(ctx, "", "2026-12-31"); err != nil || len(due) != 31 || n.Load() != one {
			t.Fatalf("%d rows in %d statements, one row in %d, %v", len(due), n.Load(), one, err)
		}
		far, err := h.visits.DueList(registrytest.As(authz.VillageDirector, "500235001001"), "", "2026-12-31")
		if err != nil || len(far) != 0 {
			t.Fatalf("another village's list: %+v %v", far, err)
		}
	})
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	// What a camera writes beside the picture, straight after its first mark.
	exif := append([]byte{0xff, 0xe1, 0x00, 0x12}, []byte("Exif\x00\x00GPS-HERE!!")...)
	return append(append(append([]byte{}, b.Bytes()[:2]...), exif...), b.Bytes()[2:]...)
}

func TestAddPhoto_IsShownWithoutWhatTheCameraWroteAndKeptAsItCame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		r := h.met(h.child())
		original, id := picture(t, 2000, 1000), uuid.NewString()
		for range 2 { // a second delivery keeps it once
			if _, err := h.visits.AddPhoto(h.director, r.ID, id, "", original); err != nil {
				t.Fatal(err)
			}
		}
		v, err := h.visits.Find(h.director, r.ID)
		if err != nil || len(v.Photos) != 1 || v.Photos[0].Width != 1600 || v.Photos[0].Height != 800 {
			t.Fatalf("%+v %v", v, err)
		}
		shown, err := h.visits.Photo(h.director, id, false)
		if err != nil || bytes.Contains(shown, []byte("GPS-HERE")) {
			t.Fatalf("%d bytes, %v", len(shown), err)
		}
		kept, err := h.visits.Photo(h.director, id, true)
		if err != nil || !bytes.Equal(kept, original) {
			t.Fatalf("the evidence is not as it came: %v", err)
		}
		if _, err := h.visits.Photo(registrytest.As(authz.VillageDirector, "500235001001"), id, false); !fault.Is(err, fault.NotFound) {
			t.Fatalf("another village: %v", err)
		}
	})
}

func TestAddPhoto_WhatIsNoPictureIsRefused(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	r := h.met(h.child())
	huge := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xc3\x50\x00\x00\xc3\x50\x08\x02\x00\x00\x00")
	for what, content := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "a picture of 50,000 by 50,000": huge, "a page": []byte("<html><script>")} {
		if _, err := h.visits.AddPhoto(h.director, r.ID, uuid.NewString(), "", content); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
