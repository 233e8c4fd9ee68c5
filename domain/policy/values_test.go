package policy_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"shouwang/domain/policy"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

const county, village, elsewhere = "500235000000", "500235101201", "500236000000"

func clockDay(s string) clock.Day { return clock.Day(s) }

func service(t *testing.T, db *store.DB) (*policy.Service, *clock.Manual) {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	j := journal.New(db, c)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { j.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	rules, err := authz.New(db, j, policy.Rules)
	if err != nil {
		t.Fatal(err)
	}
	return policy.NewService(db, j, rules, pack(t), c), c
}

func as(role authz.Role, region string) context.Context {
	return authz.WithActor(context.Background(), authz.Actor{UserID: "u-1", Name: "周试玉", Grants: []authz.Grant{{Role: role, Region: region}}})
}

func number(t *testing.T, s *policy.Service, db *store.DB, region, on, key string) (int, bool) {
	t.Helper()
	n, err := s.Numbers(context.Background(), db, region, clock.Day(on))
	if err != nil {
		t.Fatal(err)
	}
	v, ok := n[key]
	return v, ok
}

func TestNumbers_WhatIsUnverifiedIsOffUntilTheCountyGivesItsSource(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _ := service(t, db)
		off := 0
		for _, p := range s.Pack.Parameters {
			_, on := number(t, s, db, village, "2026-11-23", p.Key)
			if on != (p.Confidence != policy.Unverified) {
				t.Errorf("%s (%s): on is %v", p.Key, p.Confidence, on)
			}
			if !on {
				off++
			}
		}
		if off != 2 {
			t.Errorf("%d numbers are off", off)
		}
		ctx := as(authz.CivilAffairs, county)
		if err := s.Confirm(ctx, village, policy.Decision{Key: "report.feedback", Value: 3}); fault.Of(err).ID != "policy.source" {
			t.Fatalf("without a source: %v", err)
		}
		if err := s.Confirm(ctx, village, policy.Decision{Key: "report.feedback", Value: 3, Source: "县公安局 2026 年规定"}); err != nil {
			t.Fatal(err)
		}
		if v, on := number(t, s, db, village, "2026-11-23", "report.feedback"); !on || v != 3 {
			t.Errorf("after the county's decision: %d, %v", v, on)
		}
		if _, on := number(t, s, db, elsewhere, "2026-11-23", "report.feedback"); on {
			t.Error("another county's number is on too")
		}
		if v, on := number(t, s, db, village, "2021-05-31", "contact.weekly"); on {
			t.Errorf("a number of the law is %d before the law", v)
		}
	})
}

func TestNumbers_ADecisionHoldsFromItsDayAndTheLaterOneWins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, c := service(t, db)
		ctx := as(authz.Conference, county)
		for _, d := range []policy.Decision{
			{Key: "visit.level2", Value: 20, EffectiveOn: "2026-12-01"},
			{Key: "visit.level2", Value: 25}, // today, decided later
			{Key: "visit.level2", Value: 21, EffectiveOn: "2026-12-01"},
			{Key: "visit.level2", Value: 22, EffectiveOn: "2026-12-01"}, // the same moment: the order of writing decides
		} {
			if err := s.Confirm(ctx, county, d); err != nil {
				t.Fatal(err)
			}
		}
		for on, want := range map[string]int{"2026-11-22": 30, "2026-11-23": 25, "2026-11-30": 25, "2026-12-01": 22} {
			if got, _ := number(t, s, db, village, on, "visit.level2"); got != want {
				t.Errorf("on %s: %d, want %d", on, got, want)
			}
		}
		c.Advance(time.Hour)
		lines, err := store.One[int](ctx, db, `select count(*) from journal_line where action = 'policy.decided' and author_id = 'u-1' and region = ?`, county)
		if err != nil || lines != 4 {
			t.Errorf("%d of 4 decisions are journalled, %v", lines, err)
		}
	})
}

func TestConfirm_WhatACountyCannotDecide(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _ := service(t, db)
		ctx := as(authz.CivilAffairs, county)
		for _, c := range []struct {
			what string
			ctx  context.Context
			at   string
			d    policy.Decision
			kind fault.Kind
			id   string
		}{
			{"another age than the law's", ctx, county, policy.Decision{Key: "age.alone", Value: 14, Source: "县里的文件"}, fault.Invalid, "policy.statutory"},
			{"a parameter that is none", ctx, county, policy.Decision{Key: "age.alne", Value: 16}, fault.Invalid, "policy.unknown"},
			{"nought days", ctx, county, policy.Decision{Key: "visit.level1", Value: 0}, fault.Invalid, "policy.value"},
			{"more than ten years", ctx, county, policy.Decision{Key: "visit.level1", Value: 3651}, fault.Invalid, "policy.value"},
			{"a day that is none", ctx, county, policy.Decision{Key: "visit.level1", Value: 7, EffectiveOn: "2026-02-30"}, fault.Invalid, "policy.day"},
			{"for another county", ctx, elsewhere, policy.Decision{Key: "visit.level1", Value: 7}, fault.NotFound, "policy.decide"},
			{"by a township for the county", as(authz.CivilAffairs, "500235101000"), county, policy.Decision{Key: "visit.level1", Value: 7}, fault.NotFound, "policy.decide"},
			{"by a village director", as(authz.VillageDirector, village), village, policy.Decision{Key: "visit.level1", Value: 7}, fault.NotFound, "policy.decide"},
		} {
			err := s.Confirm(c.ctx, c.at, policy.Decision{Key: "visit.level3", Value: 60}, c.d) // a sound one beside it does not stand alone
			if f := fault.Of(err); err == nil || f.Kind != c.kind || f.ID != c.id && f.Rule != c.id {
				t.Errorf("%s: %v", c.what, err)
			}
		}
		if n, _ := store.One[int](ctx, db, `select count(*) from policy_value`); n != 0 {
			t.Errorf("%d decisions stand", n)
		}
		if err := s.Confirm(ctx, county, policy.Decision{Key: "age.alone", Value: 16, Source: "未成年人保护法第二十一条"}); err != nil {
			t.Errorf("the law's own number confirmed: %v", err)
		}
	})
}
