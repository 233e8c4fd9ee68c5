package app_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"shouwang/app"
	"shouwang/domain/casework"
	"shouwang/domain/guardianship"
	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/domain/visit"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// Every clause of the protection chain has records that make it live, and no
// clause is fed by a mechanism that the plan does not know.
func TestClauses_TheWholeProtectionChainIsLive(t *testing.T) {
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	fed := map[string][]policy.Source{}
	for _, list := range [][]policy.Source{report.Sources, casework.Sources(a.Policy.Pack), visit.Sources, guardianship.Sources} {
		for _, s := range list {
			if _, ok := a.Policy.Pack.Clause(s.Clause); !ok {
				t.Errorf("%s is no clause", s.Clause)
			}
			fed[s.Clause] = append(fed[s.Clause], s)
		}
	}
	system := authz.AsSystem(ctx, "test")
	chapter := 0
	for _, c := range a.Policy.Pack.Clauses {
		if !strings.HasPrefix(c.ID, "四.") {
			continue
		}
		chapter++
		if len(fed[c.ID]) == 0 {
			t.Errorf("%s %s: nothing makes it live", c.ID, c.Title)
		}
		for _, s := range fed[c.ID] { // what feeds it can be asked, and on an empty store there is nothing
			n, err := store.One[int](system, a.DB, `select count(*) from (`+s.Text+`) as r`)
			if err != nil || n != 0 {
				t.Errorf("%s: %d %v", c.ID, n, err)
			}
		}
	}
	if chapter != 32 {
		t.Errorf("chapter 四 has %d clauses", chapter)
	}
}
