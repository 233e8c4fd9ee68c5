// Package caseworktest puts the casework together for tests, on reports: every
// part real. People and units are invented.
package caseworktest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/casework"
	"shouwang/domain/duty"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/report"
	"shouwang/domain/report/reporttest"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// Cases are cases with all that lies under them, and who works on them.
type Cases struct {
	*reporttest.Reports
	Cases    *casework.Service
	Officer  context.Context // of the town's station
	Township context.Context
	Civil    context.Context
	Relief   account.Organisation // an institution of the county
	Keeper   context.Context      // who works there
	opened   int
	t        testing.TB
}

// New puts casework together on a migrated database, with the rules of the
// mechanisms that a test is about.
func New(t testing.TB, db *store.DB, rules ...authz.Rules) *Cases {
	t.Helper()
	c := &Cases{Reports: reporttest.New(t, db, nil, append(rules, casework.Rules)...), t: t}
	c.Cases = casework.NewService(db, c.Policy, c.Duty, c.Reports.Reports, c.Journal, c.Rules, c.Keys, c.Clock)
	c.Officer = c.Person("民警甲", authz.Police, c.Station)
	c.Township = c.Person("督导员甲", authz.TownshipSupervisor, c.Unit(account.TownshipGovernment, "外郎乡人民政府（虚构）", registrytest.Town))
	c.Civil = c.Person("民政甲", authz.CivilAffairs, c.Unit(account.CivilAffairs, "县民政局（虚构）", registrytest.County))
	c.Relief = c.Unit(account.ReliefInstitution, "县救助站（虚构）", registrytest.County)
	c.Keeper = c.Person("站长甲", authz.Relief, c.Relief)
	return c
}

// Open is a case the police have accepted, about a child on file.
func (c *Cases) Open(situation string) string {
	c.t.Helper()
	name := "王小花" + strings.Repeat("花", c.opened) // the same name would join the same case
	c.opened++
	_, thread := c.File(func(n *report.NewReport) { n.Situations, n.Content.ChildName = []string{situation}, name })
	if err := c.Reports.Reports.Accept(c.Officer, thread); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.Reports.Reports.Place(c.Officer, thread, c.Child(name), ""); err != nil {
		c.t.Fatal(err)
	}
	return thread
}

// Values are what a record says.
type Values = map[string]any

// Try writes a record and returns it with its error.
func (c *Cases) Try(as context.Context, thread, kind, line string, v Values) (casework.Record, error) {
	return c.Cases.Add(as, thread, casework.NewRecord{ID: uuid.NewString(), Kind: kind, Line: line, Values: v})
}

// Write writes a record that must stand, and holds the promise of the chain:
// whatever it did, no open case is without a bearer and a clock.
func (c *Cases) Write(as context.Context, thread, kind, line string, v Values) casework.Record {
	c.t.Helper()
	c.Clock.Advance(time.Minute) // no two things happen at once
	r, err := c.Try(as, thread, kind, line, v)
	if err != nil {
		c.t.Fatalf("%s: %v", kind, err)
	}
	if lost := c.Unguarded(); len(lost) > 0 {
		c.t.Fatalf("after %s cases %v are open and nobody owes a next step", kind, lost)
	}
	return r
}

// Owed are the rules of the open duties of a case, with how often.
func (c *Cases) Owed(thread string) map[string]int {
	c.t.Helper()
	owed := map[string]int{}
	rows, err := c.Duty.OfThread(reporttest.System(), thread)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, d := range rows {
		if d.State == duty.Open {
			owed[d.Rule]++
		}
	}
	return owed
}

// Stage is where a case stands.
func (c *Cases) Stage(thread string) report.Stage {
	c.t.Helper()
	t, err := c.Reports.Reports.Thread(context.Background(), c.DB, thread)
	if err != nil {
		c.t.Fatal(err)
	}
	return t.State
}
