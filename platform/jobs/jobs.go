// Package jobs runs work later: asked for in the transaction that needs it, so
// that it happens if and only if the change did, and at least once; a worker
// that dies loses its lease and another takes the job up. Handlers therefore
// do their work so that doing it twice is the same as once.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// Handler does one kind of job; args is what Enqueue was given.
type Handler func(ctx context.Context, args string) error

// Queue is the table of jobs and who works it.
type Queue struct {
	db       *store.DB
	clock    clock.Clock
	handlers map[string]Handler
	every    []schedule
	wake     chan struct{}
}

type schedule struct {
	kind  string
	every time.Duration
}

// New returns a queue on db.
func New(db *store.DB, c clock.Clock) *Queue {
	return &Queue{db: db, clock: c, handlers: map[string]Handler{}, wake: make(chan struct{}, 1)}
}

// Handle names who does a kind of job.
func (q *Queue) Handle(kind string, h Handler) { q.handlers[kind] = h }

// Every runs a kind of job once in each period of the clock, however many
// processes there are: the period's number is the job's name.
func (q *Queue) Every(kind string, period time.Duration, h Handler) {
	q.Handle(kind, h)
	q.every = append(q.every, schedule{kind, period})
}

// EnqueueTx asks for a job in the caller's transaction. once names the work: asked
// for twice under one name, it is done once.
func (q *Queue) EnqueueTx(ctx context.Context, tx *store.Tx, kind, args, once string, at time.Time) error {
	_, err := store.Exec(ctx, tx, `
		insert into jobs_job (kind, args, once, run_at, created_at) values (?, ?, ?, ?, ?)
		    on conflict (once) do nothing`, kind, args, once, at, q.clock.Now())
	if err != nil {
		return fmt.Errorf("asking for %s: %w", kind, err)
	}
	tx.AfterCommit(q.Wake)
	return nil
}

// Wake lets a waiting worker look at once.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

type job struct {
	ID      int64  `db:"id"`
	Kind    string `db:"kind"`
	Args    string `db:"args"`
	Attempt int    `db:"attempt"`
}

const (
	lease     = 10 * time.Minute
	mostTries = 10
	idle      = 2 * time.Second
	workers   = 2
)

// Run works the queue until ctx ends.
func (q *Queue) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				n, err := q.Step(ctx)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					slog.Error("working the queue", "cause", err)
				}
				if n == 0 || err != nil {
					select {
					case <-q.wake:
					case <-time.After(idle):
					case <-ctx.Done():
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// Drain works everything that is due now and returns; for tests and commands.
func (q *Queue) Drain(ctx context.Context) error {
	for {
		n, err := q.Step(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// Step asks for the periodic work that has come due, then does at most one job;
// it returns how many it did.
func (q *Queue) Step(ctx context.Context) (int, error) {
	now := q.clock.Now()
	if err := q.schedule(ctx, now); err != nil {
		return 0, err
	}
	j, ok, err := q.claim(ctx, now)
	if err != nil || !ok {
		return 0, err
	}
	err = q.do(ctx, j)
	if ctx.Err() != nil {
		return 0, nil // stopping: the lease runs out and the job is taken up again
	}
	return 1, q.finish(ctx, j, err)
}

// do hands a job to whoever does its kind. A panic is that job's failure, not
// the end of the program; a job whose workers died each time is given up.
func (q *Queue) do(ctx context.Context, j job) (err error) {
	h := q.handlers[j.Kind]
	switch {
	case h == nil:
		return fmt.Errorf("nobody does %s", j.Kind)
	case j.Attempt > mostTries:
		return fmt.Errorf("%d workers died at it", mostTries)
	}
	defer func() {
		if v := recover(); v != nil {
			slog.Error("job panicked", "kind", j.Kind, "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			err = fmt.Errorf("panicked with %T", v)
		}
	}()
	return h(authz.AsSystem(ctx, j.Kind), j.Args)
}

func (q *Queue) schedule(ctx context.Context, now time.Time) error {
	for _, s := range q.every {
		period := now.UnixMilli() / s.every.Milliseconds()
		once := fmt.Sprintf("%s@%d", s.kind, period)
		exists, err := store.One[int](ctx, q.db, `select count(*) from jobs_job where once = ?`, once)
		if err != nil {
			return fmt.Errorf("looking for %s: %w", once, err)
		}
		if exists > 0 {
			continue
		}
		if err := store.Do(ctx, q.db, func(tx *store.Tx) error {
			return q.EnqueueTx(ctx, tx, s.kind, "", once, now)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) claim(ctx context.Context, now time.Time) (job, bool, error) {
	due, err := store.One[int](ctx, q.db, `
		select count(*) from (select 1 from jobs_job
		 where state = 'waiting' and run_at <= ? and (leased_until is null or leased_until < ?) limit 1) as d`, now, now)
	if err != nil || due == 0 {
		return job{}, false, err
	}
	type result struct {
		Job job
		OK  bool
	}
	r, err := store.In(ctx, q.db, func(tx *store.Tx) (result, error) {
		j, ok, err := store.Maybe[job](ctx, tx, `
			update jobs_job set leased_until = ?, attempt = attempt + 1
			 where id = (select id from jobs_job
			              where state = 'waiting' and run_at <= ? and (leased_until is null or leased_until < ?)
			              order by run_at, id limit 1`+store.For(tx, "", " for update skip locked")+`)
			returning id, kind, args, attempt`, now.Add(lease), now, now)
		return result{j, ok}, err
	})
	if err != nil {
		return job{}, false, fmt.Errorf("taking a job: %w", err)
	}
	return r.Job, r.OK, nil
}

func (q *Queue) finish(ctx context.Context, j job, failed error) error {
	state, at, text := "done", q.clock.Now(), ""
	if failed != nil {
		slog.Error("job failed", "kind", j.Kind, "attempt", j.Attempt, "cause", failed)
		state, text = "waiting", "see the log"
		at = at.Add(time.Duration(j.Attempt*j.Attempt) * 10 * time.Second)
		if j.Attempt >= mostTries {
			state = "failed"
		}
	}
	return store.Do(ctx, q.db, func(tx *store.Tx) error {
		_, err := store.Exec(ctx, tx, `
			update jobs_job set state = ?, run_at = ?, leased_until = null, error = ?
			 where id = ? and attempt = ?`, state, at, text, j.ID, j.Attempt)
		if err != nil {
			return fmt.Errorf("finishing a job: %w", err)
		}
		return nil
	})
}

// ForgetDone drops finished jobs older than a moment, so that the table stays
// as small as what is left to do. Failed ones stay for a person to see.
func ForgetDone(ctx context.Context, tx *store.Tx, before time.Time) error {
	_, err := store.Exec(ctx, tx, `delete from jobs_job where state = 'done' and run_at < ?`, before)
	return err
}
