package region

import (
	"context"
	"fmt"
	"strings"

	"shouwang/platform/store"
)

type row struct {
	Code      string `db:"code"`
	Name      string `db:"name"`
	Level     int    `db:"level"`
	Parent    string `db:"parent"`
	ValidFrom string `db:"valid_from"`
	ValidTo   string `db:"valid_to"`
	Successor string `db:"successor"` // codes, joined by spaces
}

// SeedTx fills an empty installation with the embedded divisions.
func SeedTx(ctx context.Context, tx *store.Tx) error {
	all, err := Embedded()
	if err != nil {
		return err
	}
	rows := make([]row, len(all))
	for i, r := range all {
		successors := make([]string, len(r.Successors))
		for j, c := range r.Successors {
			successors[j] = string(c)
		}
		rows[i] = row{string(r.Code), r.Name, int(r.Level), string(r.Parent), r.ValidFrom, r.ValidTo, strings.Join(successors, " ")}
	}
	if err := store.Insert(ctx, tx, "region_region", rows...); err != nil {
		return fmt.Errorf("seeding divisions: %w", err)
	}
	return nil
}

// Load reads the installation's divisions.
func Load(ctx context.Context, q store.Querier) (*Book, error) {
	rows, err := store.All[row](ctx, q, `
		select code, name, level, parent, valid_from, valid_to, successor from region_region order by code`)
	if err != nil {
		return nil, fmt.Errorf("reading divisions: %w", err)
	}
	all := make([]Region, len(rows))
	for i, r := range rows {
		all[i] = Region{Code: Code(r.Code), Name: r.Name, Level: Level(r.Level), Parent: Code(r.Parent), ValidFrom: r.ValidFrom, ValidTo: r.ValidTo}
		for _, c := range strings.Fields(r.Successor) {
			all[i].Successors = append(all[i].Successors, Code(c))
		}
	}
	return NewBook(all)
}
