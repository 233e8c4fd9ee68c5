// Package journal keeps the one record of who did what, when, for what
// purpose, under which duty. A change and its line commit together or not at
// all; a look at a person's record is written down before its bytes leave; a
// refusal and a sign-in are lines too. The same lines are the audit, the
// child's timeline and the change feed.
//
// A line holds public values and ids only. What changed in a sensitive field
// is kept as a digest under that person's own key, so that destroying the key
// leaves the journal whole and unreadable.
//
// Seal (seal.go) gives the lines of each county their order and binds them
// into a Merkle log; whoever holds an earlier checkpoint can prove that no
// line was removed, altered, reordered or cut off.
package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// Author is who acts: a user's id and name, or a system task's name.
type Author struct {
	ID      string
	Name    string
	Purpose string // said by the person, or the reason of a system task
	DutyID  string // the duty under which they act, if any
}

type authorKey struct{}

// WithAuthor puts the author of all lines under ctx in the context.
func WithAuthor(ctx context.Context, a Author) context.Context {
	return context.WithValue(ctx, authorKey{}, a)
}

// AuthorOf returns who acts under ctx.
func AuthorOf(ctx context.Context) (Author, bool) {
	a, ok := ctx.Value(authorKey{}).(Author)
	return a, ok
}

// Entry says what the line is about.
type Entry struct {
	Kind    string   // the kind of record, e.g. "child"
	ID      string   // the record
	Subject string   // the person it is about, if any
	Region  string   // twelve-digit code
	Duty    string   // the duty it opens, moves or discharges
	Changes []Change // by field
	IDs     []string // what a list showed
	Rule    string   // the rule that refused
	Note    string   // public words only
}

// Change is one field's change. For a sensitive field Old and New are digests.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

// Line is one line as it is read back.
type Line struct {
	ID        int64     `db:"id" json:"id"`
	At        time.Time `db:"at" json:"at"`
	AuthorID  string    `db:"author_id" json:"author_id"`
	Author    string    `db:"author" json:"author"`
	Action    string    `db:"action" json:"action"`
	Purpose   string    `db:"purpose" json:"purpose"`
	DutyID    string    `db:"duty_id" json:"duty_id"`
	Kind      string    `db:"kind" json:"kind"`
	RecordID  string    `db:"record_id" json:"record_id"`
	SubjectID string    `db:"subject_id" json:"subject_id"`
	Region    string    `db:"region" json:"region"`
	Outcome   string    `db:"outcome" json:"outcome"`
	Detail    string    `db:"detail" json:"detail"`
}

const lineColumns = `id, at, author_id, author, action, purpose, duty_id, kind, record_id, subject_id, region, outcome, detail`

type detail struct {
	Changes []Change `json:"changes,omitempty"`
	IDs     []string `json:"ids,omitempty"`
	Rule    string   `json:"rule,omitempty"`
	Note    string   `json:"note,omitempty"`
}

// ErrNoAuthor means a change was attempted without anyone to answer for it.
var ErrNoAuthor = errors.New("journal: nobody is named as acting")

// Journal writes lines.
type Journal struct {
	db       *store.DB
	clock    clock.Clock
	reads    chan pending
	refusals sync.WaitGroup // being recorded
}

// New returns a journal on db; Run must be started for reads to be answered.
func New(db *store.DB, c clock.Clock) *Journal {
	return &Journal{db: db, clock: c, reads: make(chan pending, 256)}
}

// Now is the moment a line written now would bear.
func (j *Journal) Now() time.Time { return j.clock.Now() }

type row struct {
	At        time.Time `db:"at"`
	AuthorID  string    `db:"author_id"`
	Author    string    `db:"author"`
	Action    string    `db:"action"`
	Purpose   string    `db:"purpose"`
	DutyID    string    `db:"duty_id"`
	Kind      string    `db:"kind"`
	RecordID  string    `db:"record_id"`
	SubjectID string    `db:"subject_id"`
	Region    string    `db:"region"`
	Outcome   string    `db:"outcome"`
	Detail    string    `db:"detail"`
}

func (j *Journal) row(ctx context.Context, outcome, action string, e Entry) (row, error) {
	a, ok := AuthorOf(ctx)
	if !ok {
		return row{}, fmt.Errorf("recording %s: %w", action, ErrNoAuthor)
	}
	duty := e.Duty
	if duty == "" {
		duty = a.DutyID
	}
	r := row{At: j.clock.Now(), AuthorID: a.ID, Author: a.Name, Action: action, Purpose: writable(a.Purpose), DutyID: duty,
		Kind: e.Kind, RecordID: writable(e.ID), SubjectID: writable(e.Subject), Region: e.Region, Outcome: outcome}
	if d := (detail{e.Changes, e.IDs, e.Rule, e.Note}); d.Changes != nil || d.IDs != nil || d.Rule != "" || d.Note != "" {
		b, err := json.Marshal(d)
		if err != nil {
			return row{}, fmt.Errorf("recording %s: %w", action, err)
		}
		r.Detail = string(b)
	}
	return r, nil
}

// writable replaces what PostgreSQL cannot keep. Readers' lines share a commit:
// one that cannot be written would refuse everybody's.
func writable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Record writes the line of a change, in the change's own transaction.
func (j *Journal) Record(ctx context.Context, tx *store.Tx, action string, entries ...Entry) error {
	rows := make([]row, 0, len(entries))
	for _, e := range entries {
		r, err := j.row(ctx, "done", action, e)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if err := store.Insert(ctx, tx, "journal_line", rows...); err != nil {
		return fmt.Errorf("recording %s: %w", action, err)
	}
	return nil
}

type pending struct {
	row  row
	done chan error
}

// Read writes that a record or a list was looked at, and returns once the line
// is durable: what the person sees leaves only after it.
func (j *Journal) Read(ctx context.Context, action string, e Entry) error {
	return j.alone(ctx, "read", action, e)
}

// Denied writes a refusal and returns once the line is durable; not inside a
// transaction, for which there is Refused.
func (j *Journal) Denied(ctx context.Context, action string, e Entry) error {
	return j.alone(ctx, "denied", action, e)
}

// Recording is a refusal on its way into the journal. It travels as the cause
// of the error that refuses, so that whoever answers can wait for it.
type Recording struct {
	done chan struct{}
	err  error
}

func (r *Recording) Error() string { return "refused, and recorded so" }

// Wait returns once the line is durable; what refuses the line fails the answer.
func (r *Recording) Wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Refused begins to write a refusal and does not wait: refusals happen inside
// transactions, where on SQLite the refused one itself holds the only writer
// that the line needs. The line is written whatever becomes of the transaction
// and of the person who asked.
func (j *Journal) Refused(ctx context.Context, action string, e Entry) *Recording {
	r := &Recording{done: make(chan struct{})}
	j.refusals.Go(func() {
		r.err = j.alone(context.WithoutCancel(ctx), "denied", action, e)
		close(r.done)
	})
	return r
}

// alone queues a line that has no transaction of its own. Lines waiting at the
// same moment share one commit, so many readers cost few writes.
func (j *Journal) alone(ctx context.Context, outcome, action string, e Entry) error {
	r, err := j.row(ctx, outcome, action, e)
	if err != nil {
		return err
	}
	p := pending{row: r, done: make(chan error, 1)}
	select {
	case j.reads <- p:
	case <-ctx.Done():
		return fmt.Errorf("recording %s: %w", action, ctx.Err())
	}
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("recording %s: %w", action, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("recording %s: %w", action, ctx.Err())
	}
}

// Run commits the waiting lines of readers until ctx ends and the refusals
// begun by then are written. It must run for as long as requests are served.
func (j *Journal) Run(ctx context.Context) {
	const most = 64
	stopped := ctx.Done()
	var ended chan struct{}
	for {
		var batch []pending
		select {
		case p := <-j.reads:
			batch = append(batch, p)
		case <-stopped:
			stopped, ended = nil, make(chan struct{})
			go func() { j.refusals.Wait(); close(ended) }()
			continue
		case <-ended:
			return
		}
	more:
		for len(batch) < most {
			select {
			case p := <-j.reads:
				batch = append(batch, p)
			default:
				break more
			}
		}
		rows := make([]row, len(batch))
		for i, p := range batch {
			rows[i] = p.row
		}
		commit := context.WithoutCancel(ctx)
		err := store.Do(commit, j.db, func(tx *store.Tx) error {
			return store.Insert(commit, tx, "journal_line", rows...)
		})
		for _, p := range batch {
			p.done <- err
		}
	}
}

// OfSubject returns what was done about a person, newest first, for the
// timeline; looks and refusals are for the audit. before
// is the id to go on from, 0 to begin.
func OfSubject(ctx context.Context, q store.Querier, subject string, before int64, limit int) ([]Line, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return store.All[Line](ctx, q, `
		select `+lineColumns+`
		  from journal_line
		 where subject_id = ? and id < ? and outcome = 'done'
		 order by id desc
		 limit ?`, subject, before, limit)
}
