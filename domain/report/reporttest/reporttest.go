// Package reporttest puts the reports together for tests, on a register: every
// part real. People and stations are invented.
package reporttest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/report"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/files"
	"shouwang/platform/notify"
	"shouwang/platform/store"
)

// Reports are the reports with all that lies under them.
type Reports struct {
	*registrytest.Register
	Reports  *report.Service
	Notify   *notify.Service
	Accounts *account.Service
	Files    *files.Store
	Station  account.Organisation // of the town that tests use
	Bureau   account.Organisation // the county's police
	t        testing.TB
}

// New puts reports together on a migrated database, with the rules of later
// mechanisms that a test adds and a spool, which may be nil.
func New(t testing.TB, db *store.DB, spool report.Spool, more ...authz.Rules) *Reports {
	t.Helper()
	r := &Reports{t: t}
	r.Register = registrytest.New(t, db, append([]authz.Rules{report.Rules, account.Rules}, more...)...)
	var err error
	if r.Files, err = files.Open(filepath.Join(t.TempDir(), "files")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Files.Close() })
	r.Notify = notify.NewService(db, r.Clock)
	r.Accounts = account.NewService(db, r.Journal, r.Rules, r.Keys, r.Clock)
	r.Reports = report.NewService(db, r.Policy, r.Duty, r.Registry, r.Notify, r.Journal, r.Rules, r.Keys, r.Files, r.Clock, spool)
	r.Reports.KnowPlaces(r)
	r.Station = r.Unit(account.PoliceStation, "外郎派出所（虚构）", registrytest.Town)
	r.Bureau = r.Unit(account.CountyPolice, "县公安局（虚构）", registrytest.County)
	return r
}

// System acts as the program.
func System() context.Context { return authz.AsSystem(context.Background(), "test") }

// Unit enters an organisation.
func (r *Reports) Unit(kind account.Kind, name, at string) account.Organisation {
	r.t.Helper()
	got, err := r.Accounts.AddOrganisation(System(), account.Organisation{Kind: kind, Name: name, Region: at})
	if err != nil {
		r.t.Fatal(err)
	}
	return account.Organisation{ID: got.ID, Kind: kind, Name: name, Region: at}
}

// Person is somebody with an account and a post, and acts as them.
func (r *Reports) Person(username string, role authz.Role, unit account.Organisation) context.Context {
	r.t.Helper()
	u, _, err := r.Accounts.AddUser(System(), account.NewUser{Username: username, Name: username})
	if err != nil {
		r.t.Fatal(err)
	}
	g, err := r.Accounts.GivePost(System(), account.Grant{UserID: u.ID, Role: string(role), OrganisationID: unit.ID, Region: unit.Region})
	if err != nil {
		r.t.Fatal(err)
	}
	return authz.WithActor(context.Background(), authz.Actor{UserID: u.ID, Name: username, Grants: []authz.Grant{{ID: g.ID, Role: role, Organisation: unit.ID, Region: unit.Region}}})
}

// Child enters a left-behind child of the village that tests use.
func (r *Reports) Child(name string) string {
	r.t.Helper()
	got, err := r.Registry.Add(System(), registry.NewFile{Invented: true,
		Child:     registry.Particulars{Name: name, Sex: 2, BirthOn: "2016-05-06", Region: registrytest.Village},
		Relatives: []registry.Relative{{Kinship: registry.PaternalGrandmother, Name: "李秀兰", Telephone: "13900001111", Carer: true}},
		Facts: []registry.NewFact{{About: registry.AboutFather, Kind: registry.Absence, Value: "away"}, {About: registry.AboutMother, Kind: registry.Absence, Value: "away"},
			{About: registry.AboutChild, Kind: registry.Living, Value: "accompanied"}}})
	if err != nil {
		r.t.Fatal(err)
	}
	return got.ID
}

// NewReport is a report about somebody in the village, from a passer-by.
func NewReport(change ...func(*report.NewReport)) report.NewReport {
	n := report.NewReport{ID: uuid.NewString(), Region: registrytest.Village, Situations: []string{"violence"},
		Content:  report.Content{ChildName: "王小花", Account: "胳膊上有好几处青紫，问她不肯说是怎么来的。"},
		Reporter: report.Reporter{Name: "过路人甲", Telephone: "13900002222"}}
	for _, c := range change {
		c(&n)
	}
	return n
}

// File files a report as the public and returns its case.
func (r *Reports) File(change ...func(*report.NewReport)) (report.Receipt, string) {
	r.t.Helper()
	receipt, err := r.Reports.FilePublic(context.Background(), NewReport(change...), report.Public)
	if err != nil {
		r.t.Fatal(err)
	}
	thread, err := store.One[string](context.Background(), r.DB, `select thread_id from report_report where id = ?`, receipt.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return receipt, thread
}

// Case is a case that was accepted by the police: the response runs.
func (r *Reports) Case(change ...func(*report.NewReport)) string {
	r.t.Helper()
	_, thread := r.File(change...)
	if err := r.Reports.Accept(System(), thread); err != nil {
		r.t.Fatal(err)
	}
	return thread
}

// Unguarded lists the open cases that nobody owes a next step: what may never
// be.
func (r *Reports) Unguarded() []string {
	r.t.Helper()
	ids, err := store.All[string](context.Background(), r.DB, `
		select t.id from report_thread t
		 where t.closed_at is null
		   and not exists (select 1 from duty_duty d where d.thread_id = t.id and d.state = 'open' and d.next_at is not null and d.bearer_role <> '' and d.bearer_region <> '')`)
	if err != nil {
		r.t.Fatal(err)
	}
	return ids
}
