// Command bench prints the performance contract as a table of ratios from one
// run: what the program costs over what the engine itself takes for the same
// statements, on this machine, now. Absolute times are shown beside them only
// to be read with the noise of the machine in mind.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"shouwang/app"
	"shouwang/platform/clock"
	"shouwang/platform/sheet"
	"shouwang/platform/store"
)

func main() {
	children := flag.Int("children", 10_000, "children of the county that is measured")
	large := flag.Int("large", 1_000_000, "children of the large board; 0 leaves it out")
	rounds := flag.Int("rounds", 200, "pairs of runs per figure")
	roster := flag.String("roster", "", "a workbook to import, against merely reading it")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err := run(*children, *large, *rounds, *roster); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(children, large, rounds int, roster string) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "shouwang-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bench.db")
	fmt.Printf("%s, %d cores, %s; SQLite, WAL, synchronous=FULL\n", runtime.Version(), runtime.NumCPU(), time.Now().Format(time.DateOnly))
	b, err := prepare(ctx, path, children)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Printf("%-44s %10s %10s %7s %6s\n", "as the most restricted user (one village)", "http", "direct", "ratio", "texts")
	for _, m := range []struct{ name, path string }{
		{"a child's file", "/api/children/" + b.child},
		{"a list page", "/api/children"},
		{"a search by initials", "/api/children/search?text=w"},
		{"one's own duties", "/api/duties?mine=true"},
		{"the clause board of the village", "/api/clauses?region=" + b.village},
	} {
		if err := b.reading(ctx, m.name, m.path, rounds); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if err := b.writing(ctx, rounds); err != nil {
		return fmt.Errorf("a visit: %w", err)
	}
	if err := b.hiding(ctx, rounds); err != nil {
		return fmt.Errorf("a child out of reach: %w", err)
	}
	if err := b.boards(ctx, children, large, rounds); err != nil {
		return err
	}
	return importing(ctx, roster)
}

// importing measures a roster brought into an empty county, all steps to the
// end, against merely reading its rows.
func importing(ctx context.Context, roster string) error {
	if roster == "" {
		return nil
	}
	started := time.Now()
	book, err := sheet.OpenFile(roster, sheet.Limits{})
	if err != nil {
		return err
	}
	tables, err := book.Tables([]sheet.Field{{Key: "name", Names: []string{"姓名"}, Required: true}, {Key: "number", Names: []string{"公民身份号码"}}})
	if err != nil {
		return err
	}
	rows := 0
	for _, t := range tables {
		for _, err := range t.Rows() {
			if err != nil {
				return err
			}
			rows++
		}
	}
	book.Close()
	reading := time.Since(started)
	dir, err := os.MkdirTemp("", "shouwang-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	hands := clock.NewManual(time.Now())
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(dir, "import.db"), Create: true, Clock: hands})
	if err != nil {
		return err
	}
	defer a.Close()
	if _, err := a.Demonstrate(ctx, 1, hands, time.Now(), func(string) {}); err != nil {
		return err
	}
	office, err := a.Accounts.As(ctx, "civilaffairs")
	if err != nil {
		return err
	}
	started = time.Now()
	report, err := a.Imports.Run(office, roster, nil)
	if err != nil {
		return err
	}
	took := time.Since(started)
	fmt.Printf("\n%-44s %10s %10s %7s\n", "a roster", "import", "reading", "ratio")
	fmt.Printf("%-44s %10s %10s %7.1f\n", fmt.Sprintf("%d rows, %d accepted", report.Rows, report.Accepted), took.Round(100*time.Millisecond), reading.Round(100*time.Millisecond), float64(took)/float64(reading))
	return nil
}

type bench struct {
	app            *app.App
	server         *httptest.Server
	direct, writer *sql.DB
	cookies        map[string]string
	village, child string
	stop           context.CancelFunc
}

func (b *bench) close() {
	b.stop()
	b.server.Close()
	b.direct.Close()
	b.writer.Close()
	b.app.Close()
}

func prepare(ctx context.Context, path string, children int) (*bench, error) {
	started := time.Now()
	hands := clock.NewManual(started)
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + path, Create: true, Clock: hands})
	if err != nil {
		return nil, err
	}
	accounts, err := a.Demonstrate(ctx, children, hands, started, func(string) {})
	if err != nil {
		return nil, err
	}
	fmt.Printf("%d children with a year of visits made in %s\n\n", children, time.Since(started).Round(time.Second))
	b := &bench{app: a, server: httptest.NewServer(a.Handler), cookies: map[string]string{}}
	_, b.stop = context.WithCancel(ctx)
	for _, n := range accounts {
		if n.Username == "village" || n.Username == "conference" {
			signed, err := a.Accounts.SignIn(ctx, n.Username, n.Password, "")
			if err != nil {
				return nil, err
			}
			b.cookies[n.Username] = "shouwang_session=" + signed.Token
		}
	}
	if b.village, err = store.One[string](ctx, a.DB, `select g.region from account_grant g join account_user u on u.id = g.user_id where u.username = 'village'`); err != nil {
		return nil, err
	}
	if b.child, err = store.One[string](ctx, a.DB, `select id from registry_child where region = ? and state = 'registered' order by id limit 1`, b.village); err != nil {
		return nil, err
	}
	pragmas := "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32768)"
	if b.direct, err = sql.Open("sqlite", "file:"+path+pragmas); err != nil {
		return nil, err
	}
	if b.writer, err = sql.Open("sqlite", "file:"+path+pragmas+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	b.writer.SetMaxOpenConns(1)
	return b, nil
}

func (b *bench) get(user, path string) error { return b.ask(user, path, http.StatusOK) }

// ask fails where the answer is not of the status expected.
func (b *bench) ask(user, path string, status int) error {
	req, err := http.NewRequest("GET", b.server.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", b.cookies[user])
	res, err := b.server.Client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != status {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return err
}

// hiding measures how long it takes to be told that a child of another
// town is not there, against one that is nowhere: who may not know of a child
// must not learn of it by the clock.
func (b *bench) hiding(ctx context.Context, rounds int) error {
	foreign, err := store.One[string](ctx, b.app.DB, `select id from registry_child where region > ? order by region desc, id limit 1`, b.village)
	if err != nil {
		return err
	}
	fmt.Printf("\n%-44s %10s %10s %7s\n", "404 to the most restricted user", "foreign", "absent", "ratio")
	for _, m := range []struct{ name, path string }{
		{"a child's file", "/api/children/%s"},
		{"its timeline", "/api/children/%s/timeline"},
		{"its visits", "/api/children/%s/visits"},
		{"its visit form", "/api/children/%s/visit-form"},
	} {
		there, nowhere, err := pairs(rounds,
			func() error { return b.ask("village", fmt.Sprintf(m.path, foreign), http.StatusNotFound) },
			func() error {
				return b.ask("village", fmt.Sprintf(m.path, uuid.Must(uuid.NewV7())), http.StatusNotFound)
			})
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		row(m.name, there, nowhere, 0)
	}
	return nil
}

// traced runs a request in process and returns the statements it ran.
func (b *bench) traced(ctx context.Context, user, path string) ([]store.Statement, error) {
	ctx, trace := store.WithTrace(ctx)
	r := httptest.NewRequest("GET", path, nil).WithContext(ctx)
	r.Header.Set("Cookie", b.cookies[user])
	w := httptest.NewRecorder()
	b.app.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("%d: %s", w.Code, w.Body)
	}
	return trace.Statements, nil
}

// reading measures a page over HTTP against its own SELECTs run directly, in
// turn, and prints the ratio of medians. The journal's line of each look is in
// the first and not in the second.
func (b *bench) reading(ctx context.Context, name, path string, rounds int) error {
	statements, err := b.traced(ctx, "village", path)
	if err != nil {
		return err
	}
	var selects []*sql.Stmt
	var args [][]any
	for _, s := range statements {
		if strings.HasPrefix(strings.TrimSpace(s.Text), "select") {
			st, err := b.direct.PrepareContext(ctx, s.Text)
			if err != nil {
				return err
			}
			selects, args = append(selects, st), append(args, s.Args)
		}
	}
	http, direct, err := pairs(rounds, func() error { return b.get("village", path) }, func() error {
		for i, st := range selects {
			if err := drain(ctx, st, args[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	row(name, http, direct, len(statements))
	return nil
}

func drain(ctx context.Context, st *sql.Stmt, args []any) error {
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// writing measures a visit over HTTP against one transaction of as many plain
// inserts as the visit runs statements, committed as durably.
func (b *bench) writing(ctx context.Context, rounds int) error {
	post := func(trace bool) ([]store.Statement, error) {
		id := uuid.Must(uuid.NewV7()).String()
		body, err := json.Marshal(map[string]any{"id": id, "child_id": b.child, "visited_on": clock.DayOf(b.app.Clock.Now()), "outcome": "met",
			"content": map[string]any{"way": "home", "child_seen": true, "note": "虚构的走访记录，用于测量。"}})
		if err != nil {
			return nil, err
		}
		if trace {
			ctx, t := store.WithTrace(ctx)
			r := httptest.NewRequest("POST", "/api/visits", bytes.NewReader(body)).WithContext(ctx)
			r.Header.Set("Cookie", b.cookies["village"])
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", id)
			w := httptest.NewRecorder()
			b.app.Handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				return nil, fmt.Errorf("%d: %s", w.Code, w.Body)
			}
			return t.Statements, nil
		}
		req, err := http.NewRequest("POST", b.server.URL+"/api/visits", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Cookie", b.cookies["village"])
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", id)
		res, err := b.server.Client().Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", res.Status, text)
		}
		return nil, err
	}
	statements, err := post(true)
	if err != nil {
		return err
	}
	if _, err := b.writer.ExecContext(ctx, `create table if not exists bench_scratch (id text primary key, a text, b text, c integer)`); err != nil {
		return err
	}
	insert, err := b.writer.PrepareContext(ctx, `insert into bench_scratch (id, a, b, c) values (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	pad := strings.Repeat("x", 200)
	written, direct, err := pairs(rounds, func() error { _, err := post(false); return err }, func() error {
		tx, err := b.writer.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for i := range statements {
			if _, err := tx.StmtContext(ctx, insert).ExecContext(ctx, uuid.NewString(), pad, pad, i); err != nil {
				tx.Rollback()
				return err
			}
		}
		return tx.Commit()
	})
	if err != nil {
		return err
	}
	row("a visit written (direct: as many inserts)", written, direct, len(statements))
	return nil
}

// boards measures the county's clause board at two sizes: its cost must not
// grow with the number of children.
func (b *bench) boards(ctx context.Context, children, large, rounds int) error {
	if large == 0 {
		return nil
	}
	board := "/api/clauses?region=" + app.DemoCounty
	overview := "/api/overview?region=" + app.DemoCounty
	measure := func() (bd, ov time.Duration, err error) {
		bd, ov, err = pairs(rounds/2, func() error { return b.get("conference", board) }, func() error { return b.get("conference", overview) })
		return bd, ov, err
	}
	smallBoard, smallOverview, err := measure()
	if err != nil {
		return err
	}
	started := time.Now()
	grown, err := b.grow(ctx, large/children)
	if err != nil {
		return err
	}
	fmt.Printf("\ngrown to %d children in %s (rows copied by SQL; kept figures counted in)\n", grown, time.Since(started).Round(time.Second))
	largeBoard, largeOverview, err := measure()
	if err != nil {
		return err
	}
	fmt.Printf("%-44s %10s %10s %7s\n", "the county's figures", fmt.Sprint(grown), fmt.Sprint(children), "ratio")
	row("the clause board", largeBoard, smallBoard, 0)
	row("the overview", largeOverview, smallOverview, 0)
	return b.reading(ctx, "a list page among them, one village", "/api/children", rounds/2)
}

// grow copies the county's rows so many times over, with new ids, and raises
// the kept figures by the same factor.
func (b *bench) grow(ctx context.Context, times int) (int, error) {
	tx, err := b.writer.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	// The originals are set aside first, or each round would read all the copies.
	for _, text := range []string{
		`create temp table seed_child as select * from registry_child`,
		`create temp table seed_status as select * from registry_status`,
		`create temp table seed_duty as select * from duty_duty where state = 'open'`,
	} {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return 0, err
		}
	}
	for n := 1; n < times; n++ {
		mark := fmt.Sprintf("%04d", n)
		for _, text := range []string{
			`insert into registry_child (id, number, family_id, region, household_region, name, pinyin, initials, sex, birth_on, ethnicity, identity_state, school, schooling, grade, state, registered_on, left_on, left_reason, support_level, invented, import_id, created_at, updated_at)
			 select id || '` + mark + `', number || '` + mark + `', family_id, region, household_region, name, pinyin, initials, sex, birth_on, ethnicity, 'none', school, schooling, grade, state, registered_on, left_on, left_reason, support_level, invented, import_id, created_at, updated_at
			   from seed_child`,
			`insert into registry_status (child_id, definition, region, verdict, missing, since_on, next_on)
			 select child_id || '` + mark + `', definition, region, verdict, missing, since_on, next_on from seed_status`,
			`insert into duty_duty (id, rule, clause, pack, child_id, subject_kind, subject_id, region, bearer_role, bearer_region, name, opened_at, due_on, late, next_at, prior_state, state, moved_at, level)
			 select id || '` + mark + `', rule, clause, pack, child_id || '` + mark + `', subject_kind, subject_id, region, bearer_role, bearer_region, name || '` + mark + `', opened_at, due_on, late, next_at, prior_state, state, moved_at, level
			   from seed_duty`,
		} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return 0, err
			}
		}
	}
	if _, err := tx.ExecContext(ctx, `update tally_count set n = n * ?`, times); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	return store.One[int](ctx, b.app.DB, `select count(*) from registry_child`)
}

// pairs runs two functions in turn and returns the medians.
func pairs(rounds int, a, b func() error) (time.Duration, time.Duration, error) {
	var as, bs []time.Duration
	for i := range rounds + 5 {
		for _, f := range []struct {
			do   func() error
			into *[]time.Duration
		}{{a, &as}, {b, &bs}} {
			started := time.Now()
			if err := f.do(); err != nil {
				return 0, 0, err
			}
			if i >= 5 { // the first warm up
				*f.into = append(*f.into, time.Since(started))
			}
		}
	}
	slices.Sort(as)
	slices.Sort(bs)
	return as[len(as)/2], bs[len(bs)/2], nil
}

func row(name string, a, b time.Duration, texts int) {
	fmt.Printf("%-44s %10s %10s %7.2f", name, a.Round(time.Microsecond), b.Round(time.Microsecond), float64(a)/float64(b))
	if texts > 0 {
		fmt.Printf(" %6d", texts)
	}
	fmt.Println()
}
