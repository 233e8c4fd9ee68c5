// Package tally keeps the figures that screens show, so that their cost does
// not grow with the number of children. The transaction that changes a fact
// adds the difference (AddTx); a job folds differences into counts for the
// village and every region above it (Fold); a reading adds what is not folded
// yet (Read), so figures are exact at any moment and no row is one that
// everybody waits for.
package tally

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"shouwang/platform/region"
	"shouwang/platform/store"
)

// Delta is a difference: a figure's name, the place it belongs to, the part it
// is broken down by, and by how much it changed.
type Delta struct {
	Name   string `db:"name"`
	Region string `db:"region"`
	Part   string `db:"part"`
	N      int    `db:"n"`
}

// AddTx records differences; those that cancel out are dropped first.
func AddTx(ctx context.Context, tx *store.Tx, deltas ...Delta) error {
	type key struct{ name, region, part string }
	sum := map[key]int{}
	var order []key
	for _, d := range deltas {
		k := key{d.Name, d.Region, d.Part}
		if _, seen := sum[k]; !seen {
			order = append(order, k)
		}
		sum[k] += d.N
	}
	var rows []Delta
	for _, k := range order {
		if sum[k] != 0 {
			rows = append(rows, Delta{k.name, k.region, k.part, sum[k]})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := store.Insert(ctx, tx, "tally_delta", rows...); err != nil {
		return fmt.Errorf("counting: %w", err)
	}
	return nil
}

// Fold moves a batch of differences into the counts, for each level of region,
// and reports whether more are waiting.
func Fold(ctx context.Context, db *store.DB) (bool, error) {
	const batch = 20_000
	n, err := store.In(ctx, db, func(tx *store.Tx) (int64, error) {
		rows, err := store.All[struct {
			ID int64 `db:"id"`
			Delta
		}](ctx, tx, `select id, name, region, part, n from tally_delta order by id limit ?`+store.For(tx, "", " for update skip locked"), batch)
		if err != nil || len(rows) == 0 {
			return 0, err
		}
		sums := map[Delta]int{}
		for _, r := range rows {
			for _, level := range Levels(r.Region) {
				sums[Delta{Name: r.Name, Region: level, Part: r.Part}] += r.N
			}
		}
		keys := slices.SortedFunc(maps.Keys(sums), func(a, b Delta) int { // one order for all who fold, so that none waits in a ring
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Part, b.Part))
		})
		for _, k := range keys {
			n := sums[k]
			if n == 0 {
				continue
			}
			if _, err := store.Exec(ctx, tx, `
				insert into tally_count (name, region, part, n) values (?, ?, ?, ?)
				    on conflict (name, region, part) do update set n = tally_count.n + excluded.n`, k.Name, k.Region, k.Part, n); err != nil {
				return 0, err
			}
		}
		ids := make([]any, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		for len(ids) > 0 {
			m := min(1000, len(ids))
			if _, err := store.Exec(ctx, tx, `delete from tally_delta where id in (`+store.Marks(m)+`)`, ids[:m]...); err != nil {
				return 0, err
			}
			ids = ids[m:]
		}
		return int64(len(rows)), nil
	})
	if err != nil {
		return false, fmt.Errorf("folding figures: %w", err)
	}
	return n == batch, nil
}

// Levels are the codes of a region and of all above it up to the nation, the
// region first.
func Levels(code string) []string {
	out := []string{code}
	for _, n := range [...]int{9, 6, 4, 2, 0} {
		above := code[:n] + strings.Repeat("0", len(code)-n)
		if above != out[len(out)-1] {
			out = append(out, above)
		}
	}
	return out
}

// Figure is one count.
type Figure struct {
	Region string `db:"region" json:"region"`
	Part   string `db:"part" json:"part"`
	N      int    `db:"n" json:"n"`
}

// Read returns a figure's counts by part, for a region as a whole.
func Read(ctx context.Context, q store.Querier, name, at string) ([]Figure, error) {
	low, high := region.Bounds(region.Code(at).Prefix())
	figures, err := store.All[Figure](ctx, q, `
		select ? as region, part, sum(n) as n
		  from (select part, n from tally_count where name = ? and region = ?
		        union all
		        select part, n from tally_delta where name = ? and region >= ? and region < ?) as t
		 group by part
		 order by part`, at, name, at, name, low, high)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return figures, nil
}

// ReadBelow returns the counts of each region one level below: towns of a
// county, villages of a town.
func ReadBelow(ctx context.Context, q store.Querier, name, at string) ([]Figure, error) {
	prefix := region.Code(at).Prefix()
	next, ok := map[int]int{0: 2, 2: 4, 4: 6, 6: 9, 9: 12}[len(prefix)]
	if !ok {
		return []Figure{}, nil
	}
	low, high := region.Bounds(prefix)
	fill := strings.Repeat("0", 12-next)
	figures, err := store.All[Figure](ctx, q, `
		select region, part, sum(n) as n
		  from (select region, part, n from tally_count
		         where name = ? and region > ? and region < ? and substr(region, ?, 12) = ?
		        union all
		        select substr(region, 1, ?) || ? as region, part, n from tally_delta
		         where name = ? and region >= ? and region < ?) as t
		 where region > ?
		 group by region, part
		 order by region, part`, name, at, high, next+1, fill, next, fill, name, low, high, at)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return figures, nil
}
