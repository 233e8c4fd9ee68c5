package registry_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

var (
	doctor    = registrytest.As(authz.Health, registrytest.OtherTown)
	civil     = registrytest.As(authz.CivilAffairs, registrytest.County)
	otherside = registrytest.As(authz.Police, "500101000000") // another county's
)

func opened(t *testing.T, r *registrytest.Register, ctx context.Context, number string) registry.Opening {
	t.Helper()
	o, err := r.Registry.OpenFile(ctx, registry.NewOpening{Number: number, Reason: "孩子在急诊室昏迷，要联系监护人"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOpenFile_IsAtOnceForADayAndNeverSilent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		if _, err := r.Registry.Find(doctor, id); !fault.Is(err, fault.NotFound) {
			t.Fatalf("before the file is opened it is not there: %v", err)
		}
		o := opened(t, r, doctor, invented(1))
		if o.ChildID != id || o.UntilAt.Sub(o.OpenedAt) != 24*time.Hour {
			t.Fatalf("%+v", o)
		}
		if f := find(t, r, doctor, id); f.Child.Name != "陈小雨" {
			t.Fatalf("%+v", f.Child)
		}
		if _, err := r.Registry.Reveal(doctor, id, "", "identity", "看一看"); err == nil {
			t.Fatal("an opening reveals no sealed number")
		}
		owed, err := r.Duty.List(civil, duty.Filter{Rule: "file.opening", Limit: 10}, nil)
		if err != nil || len(owed) != 1 {
			t.Fatalf("nobody owes the review: %+v %v", owed, err)
		}
		if n, err := store.One[int](context.Background(), db, `select count(*) from journal_line where action = 'file.opened' and subject_id = ?`, id); err != nil || n != 1 {
			t.Fatalf("%d lines %v", n, err)
		}
		r.Clock.Advance(24*time.Hour - time.Minute)
		find(t, r, doctor, id)
		r.Clock.Advance(time.Minute)
		if _, err := r.Registry.Find(doctor, id); !fault.Is(err, fault.NotFound) {
			t.Fatalf("the opening did not end by itself: %v", err)
		}
	})
}

func TestOpenFile_WantsAReasonTheWholeNumberAndOnesOwnCounty(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		const reason = "孩子在急诊室昏迷，要联系监护人"
		for name, c := range map[string]struct {
			who  context.Context
			ask  registry.NewOpening
			kind fault.Kind
		}{
			"no reason":      {doctor, registry.NewOpening{Number: invented(1), Reason: "  看看  "}, fault.Invalid},
			"part of it":     {doctor, registry.NewOpening{Number: invented(1)[:17], Reason: reason}, fault.NotFound},
			"a name":         {doctor, registry.NewOpening{Number: "陈小雨", Reason: reason}, fault.NotFound},
			"another county": {otherside, registry.NewOpening{Number: invented(1), Reason: reason}, fault.NotFound},
			"an office":      {registrytest.As(authz.Supervision, registrytest.County), registry.NewOpening{Number: invented(1), Reason: reason}, fault.Denied},
		} {
			if _, err := r.Registry.OpenFile(c.who, c.ask); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := store.One[int](context.Background(), db, `select count(*) from authz_named where subject_id = ?`, id); err != nil || n != 0 {
			t.Fatalf("%d were let in %v", n, err)
		}
		if o := opened(t, r, doctor, find(t, r, director, id).Number); o.ChildID != id {
			t.Fatal("the number of the file is a whole number too")
		}
	})
}

func TestReviewOpening_AnotherPersonSaysWhetherThereWasReason(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		id := add(t, r, leftBehind(invented(1)))
		o := opened(t, r, doctor, invented(1))
		for _, who := range []context.Context{doctor, far, registrytest.As(authz.CivilAffairs, "500101000000")} {
			if err := r.Registry.ReviewOpening(who, o.ID, true); err == nil {
				t.Fatal("reviewed by who may not")
			}
		}
		list, err := r.Registry.Openings(civil)
		if err != nil || len(list) != 1 || list[0].Reason != "孩子在急诊室昏迷，要联系监护人" || list[0].Own {
			t.Fatalf("%+v %v", list, err)
		}
		if err := r.Registry.ReviewOpening(civil, o.ID, false); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Registry.Find(doctor, id); !fault.Is(err, fault.NotFound) {
			t.Fatalf("an opening without reason goes on: %v", err)
		}
		if err := r.Registry.ReviewOpening(supervisor, o.ID, true); !fault.Is(err, fault.Conflict) {
			t.Fatalf("reviewed twice: %v", err)
		}
		if owed, err := r.Duty.List(civil, duty.Filter{Rule: "file.opening", Limit: 10}, nil); err != nil || len(owed) != 0 {
			t.Fatalf("still owed: %+v %v", owed, err)
		}
		if mine, err := r.Registry.Openings(doctor); err != nil || len(mine) != 1 || !mine[0].Own || mine[0].Verdict != "unjustified" {
			t.Fatalf("who opened it does not see what became of it: %+v %v", mine, err)
		}
	})
}

// A supervisor who opened a neighbour's file does not review it.
func TestReviewOpening_IsNotByTheSamePerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		add(t, r, leftBehind(invented(1)))
		neighbour := registrytest.As(authz.TownshipSupervisor, registrytest.OtherTown)
		o := opened(t, r, neighbour, invented(1))
		if err := r.Registry.ReviewOpening(neighbour, o.ID, true); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
			t.Fatalf("reviewed by who opened it: %v", err)
		}
		if owed, err := r.Duty.List(civil, duty.Filter{Rule: "file.opening", Mine: true, Limit: 10}, nil); err != nil || len(owed) != 1 {
			t.Fatalf("civil affairs owe no review: %+v %v", owed, err)
		}
		if err := r.Registry.ReviewOpening(civil, o.ID, true); err != nil {
			t.Fatal(err)
		}
	})
}

// A notice lies on a screen anybody may pass: it names no child.
func TestOpenFile_TheNoticeNamesNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		ctx := context.Background()
		for _, text := range []string{
			`insert into account_organisation (id, kind, name, region, created_at) values ('u', 'township', '外郎乡人民政府', '500235208000', 1)`,
			`insert into account_user (id, username, name, password, draft_key, created_at) values ('s', 's', '测试', '', 'x', 1)`,
			`insert into account_grant (id, user_id, role, organisation_id, region, from_on, granted_by, granted_at)
				values ('g', 's', 'township_supervisor', 'u', '500235208000', '2026-01-01', 's', 1)`,
		} {
			if err := store.Do(ctx, db, func(tx *store.Tx) error { _, err := store.Exec(ctx, tx, text); return err }); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		id := add(t, r, leftBehind(invented(1)))
		opened(t, r, doctor, invented(1))
		notices, err := store.All[string](ctx, db, `select text || link from notify_notice where user_id = 's' and once like 'opening/%'`)
		if err != nil || len(notices) != 1 {
			t.Fatalf("the place's supervisor was not told: %v %v", notices, err)
		}
		for _, secret := range []string{"陈小雨", invented(1), id, find(t, r, director, id).Number} {
			if strings.Contains(notices[0], secret) {
				t.Fatalf("%q tells who it is", notices[0])
			}
		}
	})
}
