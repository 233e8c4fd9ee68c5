// Package app puts the program together: it opens the store, builds each
// mechanism on those before it, mounts their routes and starts what runs in
// the background. It decides nothing by itself.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the embedded engine

	"shouwang/domain/assessment"
	"shouwang/domain/assistance"
	"shouwang/domain/casework"
	"shouwang/domain/duty"
	"shouwang/domain/emergency"
	"shouwang/domain/governance"
	"shouwang/domain/guardianship"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/domain/report"
	"shouwang/domain/visit"
	"shouwang/migrations"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/files"
	"shouwang/platform/jobs"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/region"
	"shouwang/platform/spool"
	"shouwang/platform/store"
	"shouwang/platform/tally"
	"shouwang/platform/web"
)

// Version is set when a release is built.
var Version = "dev"

// Config is what an installation must say.
type Config struct {
	DB     string // sqlite:PATH or postgres://…
	Data   string // folder for keys and files; beside the SQLite file when empty
	Key    string // the installation's key file; in Data when empty
	Create bool   // make the key when there is none: only init and demo do
	Secure bool   // cookies only over TLS
	Clock  clock.Clock
	Demo   []account.Demo
	// Spool is the folder, on another disk, of the second copy of mandatory
	// reports, sealed to the public key in SpoolKey. Without one the commit alone
	// stands behind a receipt.
	Spool, SpoolKey string
	// Gateway carries urgent notices out of the house; without one they stay
	// inside the program.
	Gateway *notify.Gateway
}

// Folder is where the installation keeps its key and files.
func (c Config) Folder() string {
	if c.Data == "" {
		if path, ok := strings.CutPrefix(c.DB, "sqlite:"); ok {
			return filepath.Dir(path)
		}
		return "."
	}
	return c.Data
}

func (c Config) keyFile() string {
	if c.Key != "" {
		return c.Key
	}
	name := "shouwang.key"
	if path, ok := strings.CutPrefix(c.DB, "sqlite:"); ok {
		name = filepath.Base(path) + ".key"
	}
	return filepath.Join(c.Folder(), name)
}

// App is the program, put together.
type App struct {
	DB         *store.DB
	Clock      clock.Clock
	Keys       *crypto.Keyring
	Journal    *journal.Journal
	Rules      *authz.Authority
	Accounts   *account.Service
	Notify     *notify.Service
	Jobs       *jobs.Queue
	Policy     *policy.Service
	Duty       *duty.Service
	Registry   *registry.Service
	Imports    *registry.Imports
	Report     *report.Service
	Visit      *visit.Service
	Casework   *casework.Service
	Emergency  *emergency.Service
	Assessment *assessment.Service
	Assistance *assistance.Service
	Guardian   *guardianship.Service
	Governance *governance.Service
	API        *web.API
	Handler    http.Handler
	Demo       []account.Demo

	config Config
	files  *files.Store
	spool  *spool.Spool
	mu     sync.RWMutex
	book   *region.Book
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Rules are those of all mechanisms; the permission matrix is drawn from them.
func Rules() []authz.Rules {
	return []authz.Rules{account.Rules, notify.Rules, policy.Rules, duty.Rules, registry.Rules, registry.ImportRules, report.Rules, visit.Rules,
		casework.Rules, emergency.Rules, assessment.Rules, assistance.Rules, guardianship.Rules, governance.Rules}
}

// Open builds the program on its store. Close it.
func Open(ctx context.Context, c Config) (*App, error) {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return nil, err
	}
	a, err := build(ctx, db, c)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return a, nil
}

func build(ctx context.Context, db *store.DB, c Config) (*App, error) {
	if err := migrations.Up(ctx, db); err != nil {
		return nil, err
	}
	master, err := crypto.LoadMaster(c.keyFile(), c.Create)
	if err != nil {
		return nil, err
	}
	keys, err := crypto.NewKeyring(master)
	if err != nil {
		return nil, err
	}
	pack, err := policy.Load(policy.Default)
	if err != nil {
		return nil, err
	}
	a := &App{DB: db, Clock: c.Clock, Keys: keys, Demo: c.Demo, config: c}
	a.Journal = journal.New(db, c.Clock)
	if a.Rules, err = authz.New(db, a.Journal, Rules()...); err != nil {
		return nil, err
	}
	a.Accounts = account.NewService(db, a.Journal, a.Rules, keys, c.Clock)
	a.Notify = notify.NewService(db, c.Clock)
	a.Jobs = jobs.New(db, c.Clock)
	a.Policy = policy.NewService(db, a.Journal, a.Rules, pack, c.Clock)
	a.Duty = duty.NewService(db, a.Policy, a.Journal, a.Rules, a.Notify, c.Clock)
	a.Registry = registry.NewService(db, a.Policy, a.Duty, a.Notify, a.Journal, a.Rules, keys, c.Clock)
	a.Imports = registry.NewImports(a.Registry, a.Jobs, a, filepath.Join(c.Folder(), "imports"))
	if a.files, err = files.Open(filepath.Join(c.Folder(), "files")); err != nil {
		return nil, err
	}
	second, err := a.openSpool()
	if err != nil {
		return nil, err
	}
	a.Report = report.NewService(db, a.Policy, a.Duty, a.Registry, a.Notify, a.Journal, a.Rules, keys, a.files, c.Clock, second)
	a.Visit = visit.NewService(db, a.Policy, a.Duty, a.Registry, a.Journal, a.Rules, keys, a.files, c.Clock)
	a.Casework = casework.NewService(db, a.Policy, a.Duty, a.Report, a.Journal, a.Rules, keys, c.Clock)
	a.Emergency = emergency.NewService(db, a.Casework, a.Report, a.Notify, a.Journal, c.Clock, a)
	a.Assessment = assessment.NewService(a.Casework)
	a.Assistance = assistance.NewService(a.Policy, a.Casework)
	a.Guardian = guardianship.NewService(db, a.Policy, a.Casework, a.Report, a.Journal, c.Clock)
	sources := slices.Concat(policy.Sources, duty.Crosswise, registry.Sources, report.Sources, visit.Sources, casework.Sources(pack), guardianship.Sources)
	if a.Governance, err = governance.NewService(db, a.Policy, a.Journal, a.Rules, c.Clock, sources...); err != nil {
		return nil, err
	}
	if err := a.LoadRegions(ctx); err != nil {
		return nil, err
	}
	a.schedule()
	if err := a.mount(); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.done.Go(func() { a.Journal.Run(background) })
	return a, nil
}

// openSpool opens the second copy of reports where the installation has one.
func (a *App) openSpool() (report.Spool, error) {
	if a.config.Spool == "" {
		return nil, nil
	}
	key, err := os.ReadFile(a.config.SpoolKey)
	if err != nil {
		return nil, fmt.Errorf("reading the spool's public key: %w", err)
	}
	if a.spool, err = spool.Open(a.config.Spool, string(key), spool.Options{}); err != nil {
		return nil, err
	}
	if spool.SameDevice(a.config.Spool, a.config.Folder()) {
		slog.Warn("the second copy of reports lies on the same disk as the first", "folder", a.config.Spool)
	}
	return a.spool, nil
}

// Close stops what runs in the background and closes the store.
func (a *App) Close() error {
	a.stop()
	a.done.Wait()
	if a.spool != nil {
		return errors.Join(a.spool.Close(), a.files.Close(), a.DB.Close())
	}
	return errors.Join(a.files.Close(), a.DB.Close())
}

// Book is the divisions as the installation knows them.
func (a *App) Book() *region.Book {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.book
}

// LoadRegions reads the divisions again after they changed.
func (a *App) LoadRegions(ctx context.Context) error {
	book, err := region.Load(ctx, a.DB)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.book = book
	a.mu.Unlock()
	return nil
}

// schedule names what the clock does by itself.
func (a *App) schedule() {
	again := func(step func(context.Context) (bool, error)) jobs.Handler {
		return func(ctx context.Context, _ string) error {
			for {
				more, err := step(ctx)
				if err != nil || !more {
					return err
				}
			}
		}
	}
	a.Jobs.Every("duty.clock", time.Minute, again(a.Duty.Tick))
	a.Jobs.Every("registry.clock", 10*time.Minute, again(a.Registry.Tick))
	a.Jobs.Every("tally.fold", 15*time.Second, again(func(ctx context.Context) (bool, error) { return tally.Fold(ctx, a.DB) }))
	a.Jobs.Every("journal.seal", 10*time.Second, again(func(ctx context.Context) (bool, error) { return journal.Seal(ctx, a.DB, a.Clock) }))
	a.Jobs.Every("store.forget", time.Hour, func(ctx context.Context, _ string) error {
		return store.Do(ctx, a.DB, func(tx *store.Tx) error {
			if err := store.ForgetOnce(ctx, tx, a.Clock.Now().AddDate(0, 0, -7)); err != nil {
				return err
			}
			if err := notify.ForgetSent(ctx, tx, a.Clock.Now().AddDate(0, 0, -7)); err != nil {
				return err
			}
			return jobs.ForgetDone(ctx, tx, a.Clock.Now().AddDate(0, 0, -2))
		})
	})
}

// mount registers every operation of every mechanism.
func (a *App) mount() error {
	mux := http.NewServeMux()
	a.API = web.New(mux, a.Rules, Version)
	a.Accounts.Routes(a.API, a.Demo, a.config.Secure)
	a.Notify.Routes(a.API)
	a.Policy.Routes(a.API)
	a.Duty.Routes(a.API, a.Registry.Names)
	a.Registry.Routes(a.API, a)
	a.Imports.Routes(a.API)
	a.Report.Routes(a.API, a)
	a.Visit.Routes(a.API)
	a.Casework.Routes(a.API)
	a.Emergency.Routes(a.API)
	a.Guardian.Routes(a.API)
	a.Governance.Routes(a.API, a.Registry.Names)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if _, err := store.One[int](r.Context(), a.DB, `select count(*) from region_region where code = ''`); err != nil {
			slog.Error("health", "cause", err)
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mountUI(mux)
	if err := a.API.Err(); err != nil {
		return err
	}
	a.Handler = web.Chain(mux, a.Accounts.RequestActor)
	return nil
}

// Serve answers on an address until ctx ends.
func (a *App) Serve(ctx context.Context, address string) error {
	background, stop := context.WithCancel(ctx)
	defer stop()
	a.done.Go(func() { a.Jobs.Run(background) })
	if a.config.Gateway != nil {
		a.done.Go(func() { a.Notify.Run(background, a.config.Gateway) })
	}
	server := web.NewServer(address, a.Handler)
	slog.Info("serving", "address", address)
	return web.Serve(ctx, server, server.ListenAndServe)
}

func (a *App) today() clock.Day { return clock.Today(a.Clock) }
