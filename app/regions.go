package app

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Change is one division that became another: merged into one there is, or
// renamed to one that is new (撤并、更名).
type Change struct {
	From, Into region.Code
	Name       string // of a division that is new
}

// located are the columns that say where a live record is. Lines of the journal
// keep the place they were written for.
var located = []struct{ table, column string }{
	{"account_organisation", "region"}, {"account_grant", "region"},
	{"duty_duty", "region"}, {"duty_duty", "bearer_region"},
	{"registry_person", "region"}, {"registry_child", "region"}, {"registry_child", "household_region"}, {"registry_fact", "region"},
	{"registry_relation", "region"}, {"registry_status", "region"}, {"registry_family", "region"}, {"registry_block", "region"}, {"registry_move", "region"}, {"registry_move", "from_region"},
	{"registry_opening", "region"}, {"registry_import", "region"}, {"registry_import_row", "region"},
	{"visit_visit", "region"}, {"visit_photo", "region"},
	{"report_thread", "region"}, {"report_thread", "police_region"}, {"report_report", "region"}, {"report_file", "region"}, {"report_note", "region"},
	{"report_omission", "region"}, {"report_award", "region"}, {"report_agency", "region"},
	{"casework_record", "region"}, {"emergency_poster", "region"}, {"guardianship_finding", "region"},
}

// ReadChanges reads what became what: a CSV of the old code, the new code and,
// where the new one is not in the book yet, its name. A first row without codes
// is a heading.
func ReadChanges(r io.Reader) ([]Change, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace = -1, true
	all, err := rows.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the changes: %w", err)
	}
	var out []Change
	for i, row := range all {
		if len(row) < 2 {
			return nil, fmt.Errorf("第 %d 行不足两列：原代码、新代码、新名称", i+1)
		}
		from, ok := region.ParseCode(strings.TrimPrefix(row[0], "\ufeff"))
		into, also := region.ParseCode(row[1])
		if !ok && !also && i == 0 {
			continue
		}
		if !ok || !also {
			return nil, fmt.Errorf("第 %d 行不是十二位区划代码", i+1)
		}
		c := Change{From: from, Into: into}
		if len(row) > 2 {
			c.Name = strings.TrimSpace(row[2])
		}
		out = append(out, c)
	}
	return out, nil
}

// ChangeRegions moves all live records of divisions to what they became, on a
// day, villages before their town. Each division moves in one transaction, with
// its figures; whoever runs the same list again goes on where it stopped. tell
// is given each division and how many rows moved.
func (a *App) ChangeRegions(ctx context.Context, changes []Change, on clock.Day, tell func(Change, int64)) error {
	if err := a.checkChanges(changes, on); err != nil {
		return err
	}
	ordered := slices.Clone(changes)
	slices.SortStableFunc(ordered, func(x, y Change) int { return int(y.From.Level()) - int(x.From.Level()) })
	for _, c := range ordered {
		moved, err := store.In(ctx, a.DB, func(tx *store.Tx) (int64, error) { return a.changeTx(ctx, tx, c, on) })
		if err != nil {
			return fmt.Errorf("%s → %s: %w", c.From, c.Into, err)
		}
		tell(c, moved)
	}
	return a.LoadRegions(ctx)
}

// checkChanges finds everything wrong with a list before anything moves.
func (a *App) checkChanges(changes []Change, on clock.Day) error {
	bad := fault.NewInvalid("region.changes", "区划变更表有问题，什么都没有改动。")
	wrong := func(c Change, why string) {
		at := fmt.Sprintf("%s → %s", c.From, c.Into)
		if earlier := bad.Fields[at]; earlier != "" {
			why = earlier + "；" + why
		}
		bad = bad.At(at, why)
	}
	book, seen := a.Book(), map[region.Code]bool{}
	named := map[region.Code]bool{}
	for _, c := range changes {
		if c.Name != "" {
			named[c.Into] = true
		}
	}
	if !on.Valid() {
		bad = bad.At("on", "请写明从哪天起，如 2026-12-01")
	}
	for _, c := range changes {
		if _, ok := book.Find(c.From); !ok {
			wrong(c, "原代码不在区划册中")
		}
		if seen[c.From] {
			wrong(c, "原代码出现两次；拆分请先建新区划，再逐户迁移档案")
		}
		seen[c.From] = true
		_, there := book.Find(c.Into)
		switch {
		case !there && !named[c.Into]:
			wrong(c, "新代码不在区划册中，请在第三列写新名称")
		case c.From == c.Into || c.From.Level() != c.Into.Level() || c.From.Level() < region.Town:
			wrong(c, "只能在同一级的乡镇或村之间变更")
		case c.From[:6] != c.Into[:6]:
			wrong(c, "不能变更到别的县")
		}
	}
	for _, c := range changes { // a town takes all its villages along, by name
		if c.From.Level() != region.Town {
			continue
		}
		for _, v := range book.Children(c.From) {
			if !seen[v.Code] {
				wrong(c, v.Name+"没有写明变更到哪里")
			}
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (a *App) changeTx(ctx context.Context, tx *store.Tx, c Change, on clock.Day) (moved int64, err error) {
	if c.Name != "" {
		into := region.New(c.Into, c.Name)
		if _, err := store.Exec(ctx, tx, `
			insert into region_region (code, name, level, parent, valid_from) values (?, ?, ?, ?, ?) on conflict (code) do nothing`,
			string(into.Code), into.Name, int(into.Level), string(into.Parent), string(on)); err != nil {
			return 0, fmt.Errorf("entering the division: %w", err)
		}
	}
	if _, err := store.Exec(ctx, tx, `update region_region set valid_to = ?, successor = ? where code = ?`, string(on), string(c.Into), string(c.From)); err != nil {
		return 0, fmt.Errorf("ending the division: %w", err)
	}
	// What is counted there moves along. Of a town, that is what lies in no village.
	names, err := store.All[string](ctx, tx, `select name from tally_count union select name from tally_delta`)
	if err != nil {
		return 0, fmt.Errorf("finding the figures: %w", err)
	}
	for _, name := range names {
		figures, err := tally.Read(ctx, tx, name, string(c.From))
		if err != nil {
			return 0, err
		}
		var deltas []tally.Delta
		for _, f := range figures {
			if f.N != 0 {
				deltas = append(deltas, tally.Delta{Name: name, Region: string(c.From), Part: f.Part, N: -f.N}, tally.Delta{Name: name, Region: string(c.Into), Part: f.Part, N: f.N})
			}
		}
		if err := tally.AddTx(ctx, tx, deltas...); err != nil {
			return 0, err
		}
	}
	for _, l := range located {
		n, err := store.Exec(ctx, tx, `update `+l.table+` set `+l.column+` = ? where `+l.column+` = ?`, string(c.Into), string(c.From))
		if err != nil {
			return 0, fmt.Errorf("moving %s: %w", l.table, err)
		}
		moved += n
	}
	return moved, a.Journal.Record(ctx, tx, "region.changed", journal.Entry{Kind: "region", ID: string(c.From), Region: string(c.Into), Note: string(c.Into)})
}

// Located names the columns that move with their division.
func Located() []string {
	out := make([]string, len(located))
	for i, l := range located {
		out[i] = l.table + "." + l.column
	}
	return out
}
