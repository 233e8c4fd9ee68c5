package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/app"
	"shouwang/domain/registry"
	"shouwang/platform/clock"
	"shouwang/platform/spool"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

// The server under torture is this test binary itself, started again with
// these set.
const (
	tortureDB   = "SHOUWANG_TORTURE_DB"
	tortureAddr = "SHOUWANG_TORTURE_ADDR"
	tortureMode = "SHOUWANG_TORTURE_MODE" // honest, or hasty: the control
	tortureData = "SHOUWANG_TORTURE_DATA" // folder of keys and of the spool
)

func TestMain(m *testing.M) {
	if db := os.Getenv(tortureDB); db != "" {
		slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err := serveUnderTorture(db); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

func serveUnderTorture(db string) error {
	ctx := context.Background()
	a, err := app.Open(ctx, tortureConfig(db, os.Getenv(tortureData)))
	if err != nil {
		return err
	}
	if os.Getenv(tortureMode) == "hasty" {
		a.Handler = hasty(a.Handler)
	}
	return a.Serve(ctx, os.Getenv(tortureAddr))
}

func tortureConfig(db, data string) app.Config {
	return app.Config{DB: db, Data: data, Spool: filepath.Join(data, "spool"), SpoolKey: filepath.Join(data, "spool.pub")}
}

// hasty is the fault the torture must find: it acknowledges a visit first and
// records it a little later.
func hasty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		later := r.Clone(context.WithoutCancel(r.Context()))
		later.Body = io.NopCloser(bytes.NewReader(body))
		go func() {
			time.Sleep(20 * time.Millisecond)
			next.ServeHTTP(discard{http.Header{}}, later)
		}()
		w.WriteHeader(http.StatusOK)
	})
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// RELIABILITY D1: acknowledged work survives kill -9 at random during sixteen
// concurrent writers: none lost, none doubled, the file whole each time, and
// every effect with its line in the journal.
func TestTorture_AnAcknowledgedVisitSurvivesKill(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 8
	}
	got := torture(t, "sqlite:"+filepath.Join(t.TempDir(), "torture.db"), "honest", "visit", kills)
	t.Logf("%d kills, %d visits acknowledged, %d lost", kills, got.acked, got.lost)
	if got.lost > 0 || got.acked < kills {
		t.Fatalf("%d of %d acknowledged visits were lost in %d kills", got.lost, got.acked, kills)
	}
}

// RELIABILITY T1 and D8: an acknowledged report survives the same on both
// engines, in the store and in the copy on the other disk, and its case has
// somebody who owes the next step. A store that is lost altogether comes back
// from the copies, every report under the number its sender was told.
func TestTorture_AnAcknowledgedReportSurvivesKillAndTheLossOfTheStore(t *testing.T) {
	for engine, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "torture.db") },
		"postgres": func(t *testing.T) string { return storetest.URL(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			const kills = 12
			got := torture(t, url(t), "honest", "report", kills)
			t.Logf("%d kills, %d reports acknowledged, %d lost, %d not restored, %d without a next step", kills, got.acked, got.lost, got.gone, got.idle)
			if got.lost+got.gone+got.idle > 0 || got.acked < kills {
				t.Fatalf("of %d acknowledged reports %d were lost, %d not restored, %d cases have no next step", got.acked, got.lost, got.gone, got.idle)
			}
		})
	}
}

// The control: a server that acknowledges before it commits must be found out,
// or the test above proves nothing.
func TestTorture_TheControlLoses(t *testing.T) {
	if got := torture(t, "sqlite:"+filepath.Join(t.TempDir(), "torture.db"), "hasty", "visit", 8); got.lost == 0 {
		t.Fatalf("%d visits were acknowledged before they were recorded and the torture noticed nothing", got.acked)
	}
}

type tortured struct {
	acked, lost int
	gone        int // not given back by the spool
	idle        int // open cases without a next step
}

func torture(t *testing.T, url, mode, what string, kills int) tortured {
	ctx := context.Background()
	data := t.TempDir()
	private := spoolKeys(t, data)
	cookie, children := tortureCounty(t, url, data)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	acked := map[string]string{}
	for range kills {
		port := freePort(t)
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), tortureDB+"="+url, tortureAddr+"=127.0.0.1:"+port, tortureMode+"="+mode, tortureData+"="+data)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		base := "http://127.0.0.1:" + port
		waitReady(t, base)
		for id, number := range hammer(base, cookie, what, children, time.Duration(20+random.IntN(400))*time.Millisecond, func() {
			child.Process.Kill()
			child.Wait()
		}) {
			acked[id] = number
		}
	}
	if what == "report" {
		return verifyReports(ctx, t, url, data, private, acked)
	}
	return verifyTortured(ctx, t, url, data, acked, mode)
}

// spoolKeys readies the other disk of the torture.
func spoolKeys(t *testing.T, data string) (private string) {
	t.Helper()
	private, public, err := spool.GenerateKey()
	if err == nil {
		err = os.WriteFile(filepath.Join(data, "spool.pub"), []byte(public), 0o600)
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(data, "spool"), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// verifyReports holds the acknowledged reports to the store, and to what a new
// store becomes by the copies alone.
func verifyReports(ctx context.Context, t *testing.T, url, data, private string, acked map[string]string) tortured {
	numbers := func(a *app.App) map[string]string {
		rows, err := store.All[struct {
			ID     string `db:"id"`
			Number string `db:"number"`
		}](ctx, a.DB, `select id, number from report_report`)
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]string{}
		for _, r := range rows {
			there[r.ID] = r.Number
		}
		return there
	}
	open := func(c app.Config) *app.App {
		a, err := app.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := open(tortureConfig(url, data))
	out, there := tortured{acked: len(acked)}, numbers(a)
	for id, number := range acked {
		if there[id] != number {
			out.lost++
		}
	}
	var err error
	if out.idle, err = store.One[int](ctx, a.DB, `select count(*) from report_thread t where t.closed_at is null
		and not exists (select 1 from duty_duty d where d.thread_id = t.id and d.state = 'open' and d.next_at is not null)`); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	anew := open(app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "anew.db"), Create: true})
	defer anew.Close()
	for record, err := range spool.Read(filepath.Join(data, "spool"), private) {
		var torn *spool.Damage
		if errors.As(err, &torn) && torn.Kind == spool.Torn {
			continue // it was cut off before its receipt
		}
		if err == nil {
			_, err = anew.Report.Restore(ctx, record.Data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	there = numbers(anew)
	for id, number := range acked {
		if there[id] != number {
			out.gone++
		}
	}
	return out
}

// hammer writes with sixteen clients, kills the server under them some time
// after the first acknowledgement (so a slow machine does not hollow the test
// out), and returns what was acknowledged.
func hammer(base, cookie, what string, children []string, long time.Duration, kill func()) map[string]string {
	var mu sync.Mutex
	acked := map[string]string{}
	stop, first := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	for i := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := uuid.Must(uuid.NewV7()).String()
				path := "/api/visits"
				body, _ := json.Marshal(map[string]any{"id": id, "child_id": children[(i+n)%len(children)], "visited_on": clock.Today(clock.System{}),
					"outcome": "met", "content": map[string]any{"way": "home", "child_seen": true, "note": "虚构"}})
				if what == "report" {
					path = "/api/reports"
					body, _ = json.Marshal(map[string]any{"id": id, "region": "500235001000", "situations": []string{"alone"}, "content": map[string]any{"account": "虚构的一户 " + id}})
				}
				req, _ := http.NewRequest("POST", base+path, bytes.NewReader(body))
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Cookie", cookie)
				req.Header.Set("Idempotency-Key", id)
				res, err := client.Do(req)
				if err != nil {
					continue
				}
				var receipt struct{ Number string }
				whole := json.NewDecoder(res.Body).Decode(&receipt)
				res.Body.Close()
				if res.StatusCode/100 == 2 && (whole == nil || what == "visit") {
					mu.Lock()
					acked[id] = receipt.Number
					mu.Unlock()
					once.Do(func() { close(first) })
				}
			}
		})
	}
	select {
	case <-first:
		time.Sleep(long)
	case <-time.After(time.Minute): // nothing was acknowledged; the count says so
	}
	kill()
	close(stop)
	wg.Wait()
	return acked
}

func tortureCounty(t *testing.T, url, data string) (cookie string, children []string) {
	ctx := context.Background()
	now := time.Now()
	hands := clock.NewManual(now)
	a, err := app.Open(ctx, app.Config{DB: url, Data: data, Create: true, Clock: hands})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	accounts, err := a.Demonstrate(ctx, 40, hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range accounts {
		if n.Username == "township" {
			signed, err := a.Accounts.SignIn(ctx, n.Username, n.Password, "")
			if err != nil {
				t.Fatal(err)
			}
			cookie = "shouwang_session=" + signed.Token
		}
	}
	town, err := store.One[string](ctx, a.DB, `select region from account_grant g join account_user u on u.id = g.user_id where u.username = 'township'`)
	if err != nil {
		t.Fatal(err)
	}
	if children, err = store.All[string](ctx, a.DB, `select id from registry_child where substr(region, 1, 9) = ?`, town[:9]); err != nil || len(children) == 0 {
		t.Fatalf("no children to visit: %v", err)
	}
	return cookie, children
}

func verifyTortured(ctx context.Context, t *testing.T, url, data string, acked map[string]string, mode string) tortured {
	a, err := app.Open(ctx, tortureConfig(url, data))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if whole, err := store.One[string](ctx, a.DB, `pragma integrity_check`); err != nil || whole != "ok" {
		t.Fatalf("the file is not whole: %s %v", whole, err)
	}
	type recorded struct {
		ID    string `db:"id"`
		Lines int    `db:"lines"`
	}
	rows, err := store.All[recorded](ctx, a.DB, `
		select v.id, (select count(*) from journal_line j where j.record_id = v.id and j.action = 'visit.recorded') as lines from visit_visit v`)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, r := range rows {
		there[r.ID] = true
		if r.Lines != 1 {
			t.Fatalf("visit %s has %d lines in the journal", r.ID, r.Lines)
		}
	}
	out := tortured{acked: len(acked)}
	for id := range acked {
		if !there[id] {
			out.lost++
		}
	}
	if mode == "honest" {
		requireKeptFigures(ctx, t, a)
	}
	return out
}

// requireKeptFigures holds the kept figures to a count of the rows.
func requireKeptFigures(ctx context.Context, t *testing.T, a *app.App) {
	t.Helper()
	want, err := registry.Recount(ctx, a.DB)
	if err != nil {
		t.Fatal(err)
	}
	for k, n := range want {
		if k.Name == registry.FigureClause {
			continue // counted by several mechanisms
		}
		figures, err := tally.Read(ctx, a.DB, k.Name, k.Region)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, f := range figures {
			if f.Part == k.Part {
				got = f.N
			}
		}
		if got != n {
			t.Fatalf("%s %s %s is kept as %d and is %d", k.Name, k.Region, k.Part, got, n)
		}
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func waitReady(t *testing.T, base string) {
	for range 500 {
		res, err := http.Get(base + "/healthz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server did not become ready")
}
