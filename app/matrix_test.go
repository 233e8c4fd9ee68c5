package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shouwang/app"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// The places a record may stand in, seen from a post.
var relations = []struct{ name, region string }{
	{"own village", "500235001001"},
	{"next village, same town", "500235001002"},
	{"another town", "500235105201"},
	{"another county", "500236001001"},
	{"on the roll, another county", "500236001009"},
}

// posts are one holder of each role, at the place such a post is held.
func posts() map[authz.Role]string {
	at := map[authz.Role]string{}
	for _, r := range authz.Roles {
		at[r.Role] = "500235000000"
	}
	at[authz.VillageDirector] = "500235001001"
	at[authz.TownshipSupervisor], at[authz.Police], at[authz.SchoolLeader], at[authz.ClassTeacher] = "500235001000", "500235001000", "500235001000", "500235001000"
	at[authz.Guardian] = "500235001001"
	return at
}

// TestMatrix_RoleByActionByRecord holds the whole permission matrix to a golden
// file, so that a change of right shows as a changed tick. SHOUWANG_GENERATE=1
// writes it; look at the difference before committing it.
func TestMatrix_RoleByActionByRecord(t *testing.T) {
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := store.Do(ctx, a.DB, func(tx *store.Tx) error {
		return authz.EnrolTx(ctx, tx, "organisation", "child-on-roll", "2026-01-01")
	}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	at := posts()
	for _, action := range a.Rules.Actions() {
		fmt.Fprintf(&b, "%s\n", action)
		for _, r := range authz.Roles {
			actor := authz.WithActor(ctx, authz.Actor{UserID: "u", Name: "某人", Grants: []authz.Grant{{ID: "g", Role: r.Role, Organisation: "organisation", Region: at[r.Role]}}})
			ticks := ""
			for _, rel := range relations {
				person := "child-elsewhere"
				if strings.HasPrefix(rel.name, "on the roll") {
					person = "child-on-roll"
				}
				if a.Rules.Reaches(actor, a.DB, action, authz.Subject{Kind: "record", ID: "x", Person: person, Region: rel.region}) {
					ticks += " ✓"
				} else {
					ticks += " ·"
				}
			}
			if strings.Contains(ticks, "✓") {
				fmt.Fprintf(&b, "   %-20s%s\n", r.Role, ticks)
			}
		}
	}
	header := "columns:"
	for _, rel := range relations {
		header += " [" + rel.name + "]"
	}
	got := header + "\nroles not listed under an action have no tick\n\n" + b.String()
	const file = "testdata/authz.golden"
	if os.Getenv("SHOUWANG_GENERATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Fatalf("the permission matrix changed; if that is meant, write it anew and look at the difference:\n%s", difference(string(want), got))
	}
}

// difference lists the lines that one text has and the other has not.
func difference(want, got string) string {
	var b strings.Builder
	have := map[string]int{}
	for _, l := range strings.Split(want, "\n") {
		have[l]++
	}
	for _, l := range strings.Split(got, "\n") {
		if have[l]--; have[l] < 0 {
			fmt.Fprintln(&b, "+", l)
		}
	}
	for l, n := range have {
		for range max(n, 0) {
			fmt.Fprintln(&b, "-", l)
		}
	}
	return b.String()
}
