package registry_test

import (
	"encoding/json"
	"os"
	"testing"

	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/platform/authz"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

func imports(t *testing.T, r *registrytest.Register) *registry.Imports {
	t.Helper()
	return registry.NewImports(r.Registry, r.Jobs, r, t.TempDir())
}

func TestZZ(t *testing.T) {
	r := registrytest.New(t, storetest.SQLite(t))
	m := imports(t, r)
	for _, n := range []string{"form2016", "handmade", "likely_same"} {
		rep, err := m.DryRun(registrytest.As(authz.CivilAffairs, registrytest.County), "/work/shared/samples/roster_"+n+".xlsx")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(rep)
		os.WriteFile("/tmp/rep_"+n+".json", b, 0o600)
		codes := map[string]int{}
		for _, p := range rep.Problems {
			codes[p.Outcome+" "+p.Code]++
		}
		t.Log(n, rep.Rows, rep.Accepted, rep.Held, rep.Rejected, rep.Duplicates, codes)
	}
}

func TestZZRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := registrytest.New(t, db)
		m := imports(t, r)
		ctx := registrytest.As(authz.CivilAffairs, registrytest.County)
		for _, n := range []string{"form2016", "handmade", "likely_same"} {
			rep, err := m.Run(ctx, "/work/shared/samples/roster_"+n+".xlsx", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(n, rep.Rows, rep.Accepted, rep.Held, rep.Rejected, rep.Duplicates)
		}
		list, err := m.List(ctx, "", 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			t.Logf("%+v", i)
			rows, err := m.Rows(ctx, i.ID, registry.RowFilter{Outcome: "held", Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			b, _ := json.Marshal(rows)
			t.Log(string(b))
		}
	})
}
