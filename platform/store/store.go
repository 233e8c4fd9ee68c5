// Package store runs one hand-written SQL text on SQLite and PostgreSQL.
//
// Texts are written with ? for values and {scope c} where rows are narrowed to
// what the actor may see; this package turns ? into $n, asks the scope in the
// context for its predicate, keeps moments as milliseconds, maps rows to
// structs by column name, and turns the drivers' codes into a few questions
// (IsUnique, IsMissingParent). Everything else about the two engines that
// differs is a helper here, and nowhere else.
//
// Reads go through *DB or *Tx alike (both are a Querier); writes only through
// a *Tx, which In opens. SQLite has one writer connection and a few readers;
// whatever commits survives a power cut (WAL, synchronous=FULL).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// DB is an open database of either engine.
type DB struct {
	write, read *sql.DB // SQLite: one writer, a few readers; PostgreSQL: one pool twice
	postgres    bool
	statements  statements
	path        string // SQLite's file
}

// Open opens sqlite:PATH or postgres://… and refuses engines that are known
// to lose data.
func Open(ctx context.Context, url string) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url)
	}
	return nil, fmt.Errorf("database address must begin with sqlite: or postgres://")
}

// oldestSQLite is the first release without the WAL-reset race, which could
// lose committed pages.
const oldestSQLite = 3_051_003

func openSQLite(ctx context.Context, path string) (*DB, error) {
	pragmas := "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32768)"
	write, err := sql.Open("sqlite", "file:"+path+pragmas+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", "file:"+path+pragmas+"&_pragma=query_only(ON)")
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	db := &DB{write: write, read: read, path: path}
	var version string
	if err := write.QueryRowContext(ctx, "select sqlite_version()").Scan(&version); err != nil {
		db.Close()
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if n := sqliteNumber(version); n < oldestSQLite {
		db.Close()
		return nil, fmt.Errorf("sqlite %s can lose committed pages; 3.51.3 or later is needed", version)
	}
	return db, nil
}

func sqliteNumber(version string) int {
	n := 0
	for _, part := range strings.SplitN(version, ".", 3) {
		v, _ := strconv.Atoi(part)
		n = n*1000 + v
	}
	return n
}

func openPostgres(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the database address: %w", errors.New("it is not a valid postgres:// address"))
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(max(8, 4*runtime.NumCPU()))
	pool.SetMaxIdleConns(max(8, 4*runtime.NumCPU()))
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reaching the database: %w", err)
	}
	return &DB{write: pool, read: pool, postgres: true}, nil
}

// Close closes all connections.
func (db *DB) Close() error {
	db.statements.close()
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

// Postgres reports the engine, for the few texts that truly differ.
func (db *DB) Postgres() bool { return db.postgres }

// Path is the SQLite file; empty for PostgreSQL.
func (db *DB) Path() string { return db.path }

// Pool hands the writing pool to the migration library, which speaks
// database/sql itself.
func (db *DB) Pool() *sql.DB { return db.write }

// Querier is a place to read from: the database or a transaction.
type Querier interface {
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
	isPostgres() bool
}

func (db *DB) isPostgres() bool { return db.postgres }
func (tx *Tx) isPostgres() bool { return tx.db.postgres }

// For gives the text that fits the engine q runs on; use it only where the
// two truly differ.
func For(q Querier, sqlite, postgres string) string {
	if q.isPostgres() {
		return postgres
	}
	return sqlite
}

func (db *DB) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	text, args, err := db.expand(ctx, text, args)
	if err != nil {
		return nil, err
	}
	if db.postgres {
		return db.read.QueryContext(ctx, text, args...)
	}
	st, err := db.statements.get(ctx, db.read, text)
	if err != nil || st == nil {
		if err != nil {
			return nil, err
		}
		return db.read.QueryContext(ctx, text, args...)
	}
	return st.QueryContext(ctx, args...)
}

// statements keeps SQLite's prepared statements by text. Texts come from
// source code, so there are few; a text with a list in it can vary, so the
// number is bounded and what does not fit is simply not kept.
type statements struct {
	m sync.Map
	n atomic.Int32
}

const keptStatements = 1000

func (s *statements) get(ctx context.Context, pool *sql.DB, text string) (*sql.Stmt, error) {
	if st, ok := s.m.Load(text); ok {
		return st.(*sql.Stmt), nil
	}
	if s.n.Load() >= keptStatements || len(text) > 8192 {
		return nil, nil
	}
	st, err := pool.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if kept, loaded := s.m.LoadOrStore(text, st); loaded {
		st.Close()
		return kept.(*sql.Stmt), nil
	}
	s.n.Add(1)
	return st, nil
}

func (s *statements) close() {
	s.m.Range(func(_, st any) bool { st.(*sql.Stmt).Close(); return true })
}

// Tx is one transaction: everything in it stands or falls together.
type Tx struct {
	db     *DB
	tx     *sql.Tx
	conn   *sql.Conn // PostgreSQL only, for COPY
	before []func() error
	after  []func()
	values map[any]any
}

// In runs f in one transaction and commits when f returns no error. What f
// read may be read again: on PostgreSQL a deadlock or serialization failure
// runs f once more, so f must have no effect outside tx (use AfterCommit).
func In[T any](ctx context.Context, db *DB, f func(tx *Tx) (T, error)) (T, error) {
	for attempt := 1; ; attempt++ {
		v, err := in(ctx, db, f)
		if err == nil || attempt == 4 || !isRetryable(err) {
			return v, err
		}
	}
}

// ErrAgain, wrapped in what f returns, asks In to run f once more: somebody
// else did the same at the same moment, and f will now find it done.
var ErrAgain = errors.New("store: run again")

// Do is In for work that gives no value.
func Do(ctx context.Context, db *DB, f func(tx *Tx) error) error {
	_, err := In(ctx, db, func(tx *Tx) (struct{}, error) { return struct{}{}, f(tx) })
	return err
}

func in[T any](ctx context.Context, db *DB, f func(tx *Tx) (T, error)) (T, error) {
	var zero T
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return zero, fmt.Errorf("waiting for a connection: %w", err)
	}
	defer conn.Close()
	raw, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return zero, fmt.Errorf("beginning a transaction: %w", err)
	}
	defer raw.Rollback()
	tx := &Tx{db: db, tx: raw, conn: conn}
	v, done, keep, err := replay[T](ctx, tx)
	if err != nil || done {
		return v, err
	}
	if v, err = f(tx); err != nil {
		return zero, err
	}
	for len(tx.before) > 0 { // one may ask for another
		g := tx.before[0]
		tx.before = tx.before[1:]
		if err := g(); err != nil {
			return zero, err
		}
	}
	if err := keep(v); err != nil {
		return zero, err
	}
	if err := raw.Commit(); err != nil {
		return zero, fmt.Errorf("committing: %w", err)
	}
	for _, g := range tx.after {
		g()
	}
	return v, nil
}

// BeforeCommit runs f in the transaction when all else in it is done; an error
// takes everything back. It is for what must hold of the transaction as a whole
// (an open case has someone who owes the next step), whichever steps it took.
func (tx *Tx) BeforeCommit(f func() error) { tx.before = append(tx.before, f) }

// AfterCommit runs f once the transaction has committed.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Remember keeps a value for the life of the transaction, so that two steps of
// one change (a journal line and what refers to it) can find each other.
func (tx *Tx) Remember(key, value any) {
	if tx.values == nil {
		tx.values = map[any]any{}
	}
	tx.values[key] = value
}

// Recall returns what Remember kept, or nil.
func (tx *Tx) Recall(key any) any { return tx.values[key] }

func (tx *Tx) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	text, args, err := tx.db.expand(ctx, text, args)
	if err != nil {
		return nil, err
	}
	return tx.tx.QueryContext(ctx, text, args...)
}

// Exec runs a writing statement and returns how many rows it touched.
func Exec(ctx context.Context, tx *Tx, text string, args ...any) (int64, error) {
	text, args, err := tx.db.expand(ctx, text, args)
	if err != nil {
		return 0, err
	}
	r, err := tx.tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// ErrNoRow is returned by One when nothing matched.
var ErrNoRow = sql.ErrNoRows

// One returns the first row, or ErrNoRow.
func One[T any](ctx context.Context, q Querier, text string, args ...any) (T, error) {
	for v, err := range Rows[T](ctx, q, text, args...) {
		return v, err
	}
	var zero T
	return zero, ErrNoRow
}

// Maybe is One for a row that may well be absent.
func Maybe[T any](ctx context.Context, q Querier, text string, args ...any) (T, bool, error) {
	v, err := One[T](ctx, q, text, args...)
	if errors.Is(err, ErrNoRow) {
		return v, false, nil
	}
	return v, err == nil, err
}

// All returns every row; never nil, so that an empty list is [] on the wire.
func All[T any](ctx context.Context, q Querier, text string, args ...any) ([]T, error) {
	out := []T{}
	for v, err := range Rows[T](ctx, q, text, args...) {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Rows streams rows. T is a struct whose db tags name the columns, or a single
// string, number, bool, time or []byte for a one-column text.
func Rows[T any](ctx context.Context, q Querier, text string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := q.query(ctx, text, args)
		if err != nil {
			yield(zero, err)
			return
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			yield(zero, err)
			return
		}
		scan, err := scannerFor[T](columns)
		if err != nil {
			yield(zero, err)
			return
		}
		for rows.Next() {
			v, err := scan(rows)
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, err)
		}
	}
}

type countKey struct{}

// WithCount counts the statements run under a context, for tests that hold a
// list to its number of queries.
func WithCount(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, countKey{}, n), n
}

func count(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// Statement is one text as the engine got it.
type Statement struct {
	Text string
	Args []any
}

// Trace keeps the statements run under a context, so that a benchmark can run
// the very same ones directly.
type Trace struct {
	mu         sync.Mutex
	Statements []Statement
}

type traceKey struct{}

// WithTrace begins a trace.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := new(Trace)
	return context.WithValue(ctx, traceKey{}, t), t
}

func trace(ctx context.Context, text string, args []any) {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.Statements = append(t.Statements, Statement{text, args})
	}
}
