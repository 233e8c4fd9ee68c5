package tally_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

var (
	// Places where something is counted, of every level; and where it is read.
	places = []string{
		"500235101201", "500235101202", "500235102201", "500235101000", "500235000000", "500236101201", "500101101201",
		"519900999999", "441900003001", "441900003000", "990000000000",
	}
	above = []string{
		"000000000000", "500000000000", "510000000000", "440000000000", "990000000000", "500200000000", "500100000000", "441900000000", "519900000000",
		"500235000000", "500236000000", "500235101000", "500235102000", "441900003000", "500235101201", "519900999999",
	}
)

func width(code string) int {
	for _, n := range []int{0, 2, 4, 6, 9} {
		if code[n:] == "000000000000"[n:] {
			return n
		}
	}
	return 12
}

// recount is what the figure is, counted anew from everything that ever
// changed it.
func recount(all []tally.Delta, name, at string) (whole, below map[[2]string]int) {
	whole, below = map[[2]string]int{}, map[[2]string]int{}
	n := width(at)
	next := map[int]int{0: 2, 2: 4, 4: 6, 6: 9, 9: 12, 12: 12}[n]
	for _, d := range all {
		if d.Name != name || d.Region[:n] != at[:n] {
			continue
		}
		whole[[2]string{at, d.Part}] += d.N
		if child := d.Region[:next] + "000000000000"[next:]; child != at {
			below[[2]string{child, d.Part}] += d.N
		}
	}
	for _, m := range []map[[2]string]int{whole, below} {
		for k, n := range m {
			if n == 0 {
				delete(m, k)
			}
		}
	}
	return whole, below
}

func figures(t interface{ Fatal(...any) }, list []tally.Figure, err error) map[[2]string]int {
	if err != nil {
		t.Fatal(err)
	}
	out := map[[2]string]int{}
	for _, f := range list {
		if f.N != 0 {
			out[[2]string{f.Region, f.Part}] = f.N
		}
	}
	return out
}

func TestRead_EqualsARecountAtEveryLevelFoldedOrNot(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		rapid.Check(t, func(rt *rapid.T) {
			if err := store.Do(ctx, db, func(tx *store.Tx) error {
				for _, table := range []string{"tally_delta", "tally_count"} {
					if _, err := store.Exec(ctx, tx, `delete from `+table); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				rt.Fatal(err)
			}
			var all []tally.Delta
			for range rapid.IntRange(1, 6).Draw(rt, "steps") {
				if rapid.IntRange(0, 2).Draw(rt, "step") == 0 {
					if _, err := tally.Fold(ctx, db); err != nil {
						rt.Fatal(err)
					}
				} else {
					var deltas []tally.Delta
					for range rapid.IntRange(1, 8).Draw(rt, "deltas") {
						deltas = append(deltas, tally.Delta{Name: rapid.SampledFrom([]string{"duty", "verdict"}).Draw(rt, "name"),
							Region: rapid.SampledFrom(places).Draw(rt, "place"), Part: rapid.SampledFrom([]string{"A:yes", "A:no"}).Draw(rt, "part"),
							N: rapid.IntRange(-2, 2).Draw(rt, "n")})
					}
					if err := store.Do(ctx, db, func(tx *store.Tx) error { return tally.AddTx(ctx, tx, deltas...) }); err != nil {
						rt.Fatal(err)
					}
					all = append(all, deltas...)
				}
				at := rapid.SampledFrom(above).Draw(rt, "at")
				whole, below := recount(all, "duty", at)
				list, err := tally.Read(ctx, db, "duty", at)
				if diff := cmp.Diff(whole, figures(rt, list, err)); diff != "" {
					rt.Fatalf("%s as a whole (-recount +read):\n%s", at, diff)
				}
				list, err = tally.ReadBelow(ctx, db, "duty", at)
				if diff := cmp.Diff(below, figures(rt, list, err)); diff != "" {
					rt.Fatalf("below %s (-recount +read):\n%s", at, diff)
				}
			}
		})
	})
}

func TestFold_SeveralAtOnceBesideWritersLoseNothingAndCountNothingTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		const writers, each = 4, 50
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if err := store.Do(ctx, db, func(tx *store.Tx) error {
						return tally.AddTx(ctx, tx, tally.Delta{Name: "duty", Region: places[(w+i)%len(places)], Part: "open", N: 1})
					}); err != nil {
						t.Error(err)
					}
				}
			})
			wg.Go(func() {
				for range 10 {
					if _, err := tally.Fold(ctx, db); err != nil {
						t.Errorf("folding beside others: %v", err)
					}
				}
			})
		}
		wg.Wait()
		for range 2 { // not folded, then folded
			list, err := tally.Read(ctx, db, "duty", "000000000000")
			if got := figures(t, list, err); got[[2]string{"000000000000", "open"}] != writers*each {
				t.Fatalf("%v of %d", got, writers*each)
			}
			if more, err := tally.Fold(ctx, db); err != nil || more {
				t.Fatalf("%v, %v", more, err)
			}
		}
		if n, _ := store.One[int](ctx, db, `select count(*) from tally_delta`); n != 0 {
			t.Fatalf("%d differences are left after folding", n)
		}
	})
}

func TestAddTx_WhatCancelsOutIsNotWritten(t *testing.T) {
	db := storetest.SQLite(t)
	ctx := context.Background()
	if err := store.Do(ctx, db, func(tx *store.Tx) error {
		a := tally.Delta{Name: "duty", Region: places[0], Part: "open", N: 1}
		b := a
		b.N = -1
		c := a
		c.Part = "late"
		return tally.AddTx(ctx, tx, a, c, b, c)
	}); err != nil {
		t.Fatal(err)
	}
	rows, err := store.All[tally.Delta](ctx, db, `select name, region, part, n from tally_delta`)
	if err != nil || len(rows) != 1 || rows[0].Part != "late" || rows[0].N != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
}

func TestLevels_EndWithTheNation(t *testing.T) {
	for code, want := range map[string][]string{
		"500235101201": {"500235101201", "500235101000", "500235000000", "500200000000", "500000000000", "000000000000"},
		"500235000000": {"500235000000", "500200000000", "500000000000", "000000000000"},
		"441900003000": {"441900003000", "441900000000", "440000000000", "000000000000"}, // a town without a county
		"000000000000": {"000000000000"},
	} {
		if got := tally.Levels(code); !slices.Equal(got, want) {
			t.Errorf("%s: %v", code, fmt.Sprint(got))
		}
	}
}
