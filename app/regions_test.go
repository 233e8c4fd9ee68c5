package app_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/app"
	"shouwang/domain/registry"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

// stays are columns that say where and do not move: history, kept figures (they
// are moved as figures), the divisions themselves.
var stays = map[string]bool{"journal_line.region": true, "tally_count.region": true, "tally_delta.region": true, "region_region.region": true}

// Every column of the schema that says where a record is moves with its
// division, or is named here.
func TestChangeRegions_KnowsEveryColumnThatSaysWhere(t *testing.T) {
	db := storetest.SQLite(t)
	columns, err := store.All[string](context.Background(), db, `
		select m.name || '.' || c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and c.name like '%region' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	moved := map[string]bool{}
	for _, l := range app.Located() {
		moved[l] = true
	}
	for _, c := range columns {
		if !moved[c] && !stays[c] {
			t.Errorf("%s says where a record is and would be left behind", c)
		}
		delete(moved, c)
	}
	for c := range moved {
		t.Errorf("%s is no column", c)
	}
	if len(columns) < 20 {
		t.Fatalf("only %d columns were found", len(columns))
	}
}

// Two villages become one and a town is renamed: children, duties, posts and
// figures are where the divisions are now, nothing is counted twice, and the
// journal still says where things happened.
func TestChangeRegions_EverythingIsWhereItsDivisionIs(t *testing.T) {
	for engine, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "x.db") },
		"postgres": storetestURL,
	} {
		t.Run(engine, func(t *testing.T) {
			ctx := context.Background()
			now := time.Now()
			hands := clock.NewManual(now)
			a, err := app.Open(ctx, app.Config{DB: url(t), Data: t.TempDir(), Create: true, Clock: hands})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { a.Close() }()
			if _, err := a.Demonstrate(ctx, 150, hands, now, func(string) {}); err != nil {
				t.Fatal(err)
			}
			const county = "500235000000"
			before := figures(t, a, county)
			town := region.Code("500235001000") // the demonstration's own
			villages := a.Book().Children(town)
			changes := []app.Change{{From: town, Into: "500235990000", Name: "新双江街道"}}
			for i, v := range villages {
				c := app.Change{From: v.Code, Into: region.Code("500235990" + string(v.Code[9:])), Name: v.Name}
				if i == 1 { // merged with its neighbour
					c = app.Change{From: v.Code, Into: changes[1].Into}
				}
				changes = append(changes, c)
			}
			there := count(t, a, `select count(*) from registry_child where region >= '500235001000' and region < '500235002000'`)
			lines := count(t, a, `select count(*) from journal_line where region >= '500235001000' and region < '500235002000'`)

			if err := a.ChangeRegions(ctx, changes[:3], "2026-12-01", func(app.Change, int64) {}); !fault.Is(err, fault.Invalid) {
				t.Fatalf("a town went without its villages: %v", err)
			}
			sys := authz.AsSystem(ctx, "test")
			// The machine stops in the middle, and the same list is run again.
			stopped, cancel := context.WithCancel(sys)
			done := 0
			err = a.ChangeRegions(stopped, changes, "2026-12-01", func(app.Change, int64) {
				if done++; done == 5 {
					cancel()
				}
			})
			if err == nil {
				t.Fatal("it did not stop")
			}
			if err := a.ChangeRegions(sys, changes, "2026-12-01", func(app.Change, int64) {}); err != nil {
				t.Fatal(err)
			}
			if n := count(t, a, `select count(*) from registry_child where region >= '500235001000' and region < '500235002000'`); n != 0 {
				t.Errorf("%d children were left behind", n)
			}
			if n := count(t, a, `select count(*) from registry_child where region >= '500235990000' and region < '500235991000'`); n != there || n == 0 {
				t.Errorf("%d of %d children are there", n, there)
			}
			if n := count(t, a, `select count(*) from journal_line where region >= '500235001000' and region < '500235002000'`); n < lines {
				t.Errorf("%d of %d lines of the journal still say where", n, lines)
			}
			if diff := cmp.Diff(before, figures(t, a, county)); diff != "" {
				t.Errorf("the county's figures (-before +after):\n%s", diff)
			}
			kept := figures(t, a, "500235990000")
			if kept[registry.FigureRegister+"/registered"]+kept[registry.FigureRegister+"/left"] != there {
				t.Errorf("the new town counts %v, %d are there", kept, there)
			}
			for name, n := range figures(t, a, string(town)) {
				if n != 0 {
					t.Errorf("the old town still counts %d of %s", n, name)
				}
			}
			// Whoever held a post there holds it where the village is now.
			director, err := a.Accounts.As(ctx, "village")
			if err != nil {
				t.Fatal(err)
			}
			rows, err := a.Registry.List(director, registry.Filter{Limit: 5})
			if err != nil || len(rows) == 0 || !strings.HasPrefix(rows[0].Region, "500235990") {
				t.Errorf("the director sees %+v %v", rows, err)
			}
			if now := a.Book().Current(villages[1].Code, "2026-12-02"); len(now) != 1 || now[0] != changes[1].Into {
				t.Errorf("the old code leads to %v", now)
			}
		})
	}
}

func count(t *testing.T, a *app.App, text string) int {
	t.Helper()
	n, err := store.One[int](context.Background(), a.DB, text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// figures are all figures of a place, name and part.
func figures(t *testing.T, a *app.App, at string) map[string]int {
	t.Helper()
	ctx := context.Background()
	for {
		more, err := tally.Fold(ctx, a.DB)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	names, err := store.All[string](ctx, a.DB, `select distinct name from tally_count`)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, name := range names {
		list, err := tally.Read(ctx, a.DB, name, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			if f.N != 0 {
				out[name+"/"+f.Part] += f.N
			}
		}
	}
	return out
}
