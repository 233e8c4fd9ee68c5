package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwang/app"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// The places a record may stand in, seen from a post.
var relations = []struct {
	name    string
	subject authz.Subject
}{
	{"own village", authz.Subject{Region: "500235001001"}},
	{"next village, same town", authz.Subject{Region: "500235001002"}},
	{"another town", authz.Subject{Region: "500235105201"}},
	{"another county", authz.Subject{Region: "500236001001"}},
	{"on the roll, another county", authz.Subject{Region: "500236001009", Person: "child-on-roll"}},
	{"in a case of the unit's, another county", authz.Subject{Region: "500236001009", Case: "case-on-roll"}},
	{"the unit's own, another county", authz.Subject{Region: "500236001009", Unit: "organisation"}},
	{"locked, naming the person", authz.Subject{Region: "500236001009", Locked: "case-locked"}},
}

// linked writes the rolls and compartments that relations speak of, and others
// that open nothing: one that was on the roll, one on another's.
func linked(ctx context.Context, tx *store.Tx) error {
	for _, e := range [][2]string{{"organisation", "child-on-roll"}, {"organisation", "case-on-roll"}, {"organisation", "child-left"}, {"another", "child-of-another"}} {
		if err := authz.EnrolTx(ctx, tx, e[0], e[1], "2026-01-01"); err != nil {
			return err
		}
	}
	if err := authz.RemoveTx(ctx, tx, "organisation", "child-left", "2026-02-01"); err != nil {
		return err
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := authz.NameTx(ctx, tx, "case-locked", "u", "another", now); err != nil {
		return err
	}
	if err := authz.NameTx(ctx, tx, "case-left", "u", "another", now); err != nil {
		return err
	}
	return authz.UnnameTx(ctx, tx, "case-left", "u", now.AddDate(0, 1, 0))
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
		return linked(ctx, tx)
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
				subject := rel.subject
				subject.Kind, subject.ID = "record", "x"
				if subject.Person == "" {
					subject.Person = "child-elsewhere"
				}
				if a.Rules.Reaches(actor, a.DB, action, subject) {
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
