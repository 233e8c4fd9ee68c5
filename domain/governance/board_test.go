package governance_test

import (
	"context"
	"testing"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/governance"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/visit"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

func open(t *testing.T, db *store.DB) (*registrytest.Register, *governance.Service) {
	t.Helper()
	r := registrytest.New(t, db, governance.Rules)
	var sources []policy.Source
	for _, s := range [][]policy.Source{policy.Sources, duty.Crosswise, registry.Sources, visit.Sources} {
		sources = append(sources, s...)
	}
	g, err := governance.NewService(db, r.Policy, r.Journal, r.Rules, r.Clock, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return r, g
}

func enter(t *testing.T, r *registrytest.Register, village string, n int) {
	t.Helper()
	for range n {
		if _, err := r.Registry.Add(registrytest.As(authz.CivilAffairs, registrytest.County), registry.NewFile{Invented: true,
			Child: registry.Particulars{Name: "赵小满", Sex: 1, BirthOn: "2015-05-21", Region: village},
			Facts: []registry.NewFact{{About: registry.AboutFather, Kind: registry.Absence, Value: "away"}, {About: registry.AboutMother, Kind: registry.Absence, Value: "away"}}}); err != nil {
			t.Fatal(err)
		}
	}
}

func clause(t *testing.T, b *governance.Board, id string) governance.Clause {
	t.Helper()
	for _, c := range b.Clauses {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no clause %s", id)
	return governance.Clause{}
}

var conference = registrytest.As(authz.Conference, registrytest.County)

func TestBoard_ShowsAll151ClausesAndNoneGreenWithNothingBehindIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, g := open(t, db)
		b, err := g.Board(conference, registrytest.County)
		if err != nil || len(b.Clauses) != 151 {
			t.Fatalf("%d clauses, %v", len(b.Clauses), err)
		}
		for _, c := range b.Clauses {
			if c.Live {
				t.Errorf("%s is live in an empty county", c.ID)
			}
		}
		enter(t, r, registrytest.Village, 3)
		if b, err = g.Board(conference, registrytest.County); err != nil {
			t.Fatal(err)
		}
		file := clause(t, b, "三.二.14")
		if !file.Live || file.Records != 3 || file.Open != 3 { // three files, none with an identity number yet
			t.Fatalf("%+v", file)
		}
		if c := clause(t, b, "五.一.3"); c.Live || c.Built {
			t.Fatalf("a clause nobody built: %+v", c)
		}
	})
}

func TestBoard_IsTheSameBeforeAndAfterFoldingAndCostsTheSame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, g := open(t, db)
		enter(t, r, registrytest.Village, 2)
		read := func() (*governance.Board, int64) {
			ctx, n := store.WithCount(conference)
			b, err := g.Board(ctx, registrytest.County)
			if err != nil {
				t.Fatal(err)
			}
			return b, n.Load()
		}
		before, n := read()
		if _, err := tally.Fold(context.Background(), db); err != nil {
			t.Fatal(err)
		}
		after, m := read()
		if n != m {
			t.Fatalf("%d statements, then %d", n, m)
		}
		for i := range before.Clauses {
			if before.Clauses[i] != after.Clauses[i] {
				t.Fatalf("%+v became %+v", before.Clauses[i], after.Clauses[i])
			}
		}
	})
}

func TestBoard_ATownSeesItsOwnAndNotItsNeighbours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, g := open(t, db)
		enter(t, r, registrytest.Village, 2)
		enter(t, r, "500235001001", 5)
		own := registrytest.As(authz.TownshipSupervisor, registrytest.Town)
		b, err := g.Board(own, registrytest.Town)
		if err != nil || clause(t, b, "三.二.14").Records != 2 {
			t.Fatalf("%+v %v", b, err)
		}
		if _, err := g.Board(own, registrytest.OtherTown); !fault.Is(err, fault.NotFound) {
			t.Fatalf("the neighbour's board: %v", err)
		}
		rows, err := g.Rows(own, "三.二.14", "", "", 50, r.Registry.Names)
		if err != nil || len(rows) != 2 || rows[0].Name != "赵小满" {
			t.Fatalf("%+v %v", rows, err)
		}
	})
}

func TestRows_EverySourceRunsAndCountsWhatTheBoardCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, g := open(t, db)
		enter(t, r, registrytest.Village, 4)
		civil := registrytest.As(authz.CivilAffairs, registrytest.County)
		b, err := g.Board(conference, registrytest.County)
		if err != nil {
			t.Fatal(err)
		}
		for _, sources := range [][]policy.Source{policy.Sources, duty.Crosswise, registry.Sources, visit.Sources} {
			for _, s := range sources {
				rows, err := g.Rows(civil, s.Clause, "", "", 1000, r.Registry.Names)
				if err != nil {
					t.Fatalf("%s: %v", s.Clause, err)
				}
				if c := clause(t, b, s.Clause); c.Records != len(rows) {
					t.Errorf("%s counts %d and opens to %d", s.Clause, c.Records, len(rows))
				}
			}
		}
	})
}

func TestBoard_WhatIsLateElsewhereMarksTheClausesOfSupervision(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r, g := open(t, db)
		enter(t, r, registrytest.Village, 2)
		civil := registrytest.As(authz.CivilAffairs, registrytest.County)
		look := func(when string, late int) {
			t.Helper()
			b, err := g.Board(conference, registrytest.County)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"二.二.3", "二.二.4"} {
				rows, err := g.Rows(civil, id, "", "", 1000, r.Registry.Names)
				if err != nil {
					t.Fatal(err)
				}
				if c := clause(t, b, id); c.Attention != (late > 0) || c.Records != late || len(rows) != late {
					t.Errorf("%s %s is marked %v, counts %d and opens to %d; %d are late", when, id, c.Attention, c.Records, len(rows), late)
				}
			}
		}
		look("at first", 0)
		// Both lack an identity number: what is owed for it falls due in sixty days.
		r.Clock.Advance(62 * 24 * time.Hour)
		if _, err := r.Duty.Tick(authz.AsSystem(context.Background(), "clock")); err != nil {
			t.Fatal(err)
		}
		look("when two are late", 2)
		children, err := r.Registry.List(civil, registry.Filter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		number := identity.Invent("500235", "2015-05-21", 777)
		if _, err := r.Registry.Update(civil, children[0].ID, 1, registry.Change{Identity: &number}); err != nil {
			t.Fatal(err)
		}
		look("when one of them was discharged, late", 1)
	})
}
