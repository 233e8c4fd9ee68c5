// Package registrytest puts a register together for tests: every part of it
// real, on a real database, with a clock that stands still. The county is
// Yunyang, whose divisions the program ships; the people are invented.
package registrytest

import (
	"context"
	"testing"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/jobs"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// Places of the county that tests use.
const (
	County     = "500235000000"
	Town       = "500235208000" // 外郎乡
	Village    = "500235208215" // 外郎乡大花村
	OtherTown  = "500235001000" // 双江街道
	Yesterday  = "2026-11-22"
	Today      = "2026-11-23"
	unitOfTest = "unit"
)

// Register is a register with all its parts.
type Register struct {
	DB       *store.DB
	Clock    *clock.Manual
	Keys     *crypto.Keyring
	Journal  *journal.Journal
	Rules    *authz.Authority
	Jobs     *jobs.Queue
	Policy   *policy.Service
	Duty     *duty.Service
	Registry *registry.Service
	book     *region.Book
}

// Book is the embedded book of divisions.
func (r *Register) Book() *region.Book { return r.book }

// New puts a register together on a migrated database, with the rules of later
// mechanisms that a test adds.
func New(t testing.TB, db *store.DB, more ...authz.Rules) *Register {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r := &Register{DB: db, Clock: clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))}
	var err error
	r.Keys, err = crypto.NewKeyring(crypto.NewMaster())
	must(err)
	pack, err := policy.Load(policy.Default)
	must(err)
	regions, err := region.Embedded()
	must(err)
	r.book, err = region.NewBook(regions)
	must(err)
	r.Journal = journal.New(db, r.Clock)
	r.Rules, err = authz.New(db, r.Journal, append([]authz.Rules{policy.Rules, duty.Rules, registry.Rules, registry.ImportRules}, more...)...)
	must(err)
	r.Jobs = jobs.New(db, r.Clock)
	r.Policy = policy.NewService(db, r.Journal, r.Rules, pack, r.Clock)
	notices := notify.NewService(db, r.Clock)
	r.Duty = duty.NewService(db, r.Policy, r.Journal, r.Rules, notices, r.Clock)
	r.Registry = registry.NewService(db, r.Policy, r.Duty, notices, r.Journal, r.Rules, r.Keys, r.Clock)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Journal.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

// As acts in a role for a region.
func As(role authz.Role, region string) context.Context {
	return authz.WithActor(context.Background(), authz.Actor{UserID: string(role) + "@" + region, Name: "测试",
		Grants: []authz.Grant{{ID: "g", Role: role, Organisation: unitOfTest, Region: region}}})
}
