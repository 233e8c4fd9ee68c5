package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/jobs"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func enqueue(t *testing.T, db *store.DB, q *jobs.Queue, kind, args, once string, at time.Time) {
	t.Helper()
	if err := store.Do(context.Background(), db, func(tx *store.Tx) error { return q.EnqueueTx(context.Background(), tx, kind, args, once, at) }); err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, q *jobs.Queue) {
	t.Helper()
	if err := q.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
}

type row struct {
	State   string    `db:"state"`
	Attempt int       `db:"attempt"`
	RunAt   time.Time `db:"run_at"`
	Error   string    `db:"error"`
}

func only(t *testing.T, db *store.DB) row {
	t.Helper()
	rows, err := store.All[row](context.Background(), db, `select state, attempt, run_at, error from jobs_job`)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d jobs, %v", len(rows), err)
	}
	return rows[0]
}

func TestEnqueueTx_WhatIsTakenBackIsNotDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := jobs.New(db, clock.NewManual(noon))
		var done []string
		q.Handle("tell", func(_ context.Context, args string) error { done = append(done, args); return nil })
		err := store.Do(context.Background(), db, func(tx *store.Tx) error {
			if err := q.EnqueueTx(context.Background(), tx, "tell", "taken back", "a", noon); err != nil {
				return err
			}
			return errors.New("the change failed")
		})
		if err == nil {
			t.Fatal("the transaction stands")
		}
		enqueue(t, db, q, "tell", "asked", "b", noon)
		enqueue(t, db, q, "tell", "asked again", "b", noon)
		enqueue(t, db, q, "tell", "later", "c", noon.Add(time.Minute))
		drain(t, q)
		if fmt.Sprint(done) != "[asked]" {
			t.Fatalf("done: %v", done)
		}
	})
}

func TestStep_WorkersOfTwoProcessesDoEachJobOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const jobsAsked = 120
		var effects sync.Map
		var total atomic.Int64
		var queues []*jobs.Queue
		for range 2 {
			q := jobs.New(db, clock.NewManual(noon))
			q.Handle("tell", func(_ context.Context, args string) error {
				n, _ := effects.LoadOrStore(args, new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
				total.Add(1)
				return nil
			})
			queues = append(queues, q)
		}
		if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
			for i := range jobsAsked {
				if err := queues[0].EnqueueTx(context.Background(), tx, "tell", fmt.Sprint(i), fmt.Sprint("job ", i), noon); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				if err := queues[w%2].Drain(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		drain(t, queues[0])
		for i := range jobsAsked {
			n, ok := effects.Load(fmt.Sprint(i))
			if !ok || n.(*atomic.Int64).Load() != 1 {
				t.Errorf("job %d was done %v times", i, n)
			}
		}
		if total.Load() != jobsAsked {
			t.Errorf("%d effects of %d jobs", total.Load(), jobsAsked)
		}
	})
}

func TestStep_AStoppedWorkersJobIsTakenUpWhenItsLeaseRunsOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(noon)
		dying, other := jobs.New(db, c), jobs.New(db, c)
		ctx, die := context.WithCancel(context.Background())
		dying.Handle("tell", func(context.Context, string) error { die(); return nil })
		done := 0
		other.Handle("tell", func(context.Context, string) error { done++; return nil })
		enqueue(t, db, dying, "tell", "", "a", noon)
		if _, err := dying.Step(ctx); err != nil {
			t.Fatal(err)
		}
		c.Advance(10 * time.Minute)
		drain(t, other)
		if done != 0 {
			t.Fatal("a job was taken from a worker within its lease")
		}
		c.Advance(time.Second)
		drain(t, other)
		if r := only(t, db); done != 1 || r.State != "done" || r.Attempt != 2 {
			t.Fatalf("done %d times: %+v", done, r)
		}
	})
}

func TestStep_AWorkerThatLostItsLeaseDoesNotFinishAnothersAttempt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(noon)
		slow, other := jobs.New(db, c), jobs.New(db, c)
		slow.Handle("tell", func(context.Context, string) error {
			c.Advance(11 * time.Minute)
			_, err := other.Step(context.Background())
			return err
		})
		other.Handle("tell", func(context.Context, string) error { return errors.New("fails") })
		enqueue(t, db, slow, "tell", "", "a", noon)
		if _, err := slow.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
		if r := only(t, db); r.State != "waiting" || r.Attempt != 2 {
			t.Fatalf("the slow worker's end overwrote the other's failure: %+v", r)
		}
	})
}

func TestStep_AFailureIsTriedAgainLaterAndGivenUpAfterTen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(noon)
		q := jobs.New(db, c)
		tries := 0
		q.Handle("tell", func(context.Context, string) error {
			tries++
			if tries%2 == 0 {
				panic("电话 13912345678")
			}
			return errors.New("电话 13912345678 打不通")
		})
		enqueue(t, db, q, "tell", "", "a", noon)
		for n := 1; n < 10; n++ {
			drain(t, q)
			wait := time.Duration(n*n) * 10 * time.Second
			if r := only(t, db); tries != n || r.State != "waiting" || !r.RunAt.Equal(c.Now().Add(wait)) || strings.Contains(r.Error, "139") {
				t.Fatalf("after %d failures at %s: %+v", tries, c.Now(), r)
			}
			c.Advance(wait - time.Second)
			drain(t, q)
			if tries != n {
				t.Fatalf("tried again before its time, after %d failures", n)
			}
			c.Advance(time.Second)
		}
		drain(t, q)
		c.Advance(1000 * time.Hour)
		drain(t, q)
		if r := only(t, db); tries != 10 || r.State != "failed" {
			t.Fatalf("after %d failures: %+v", tries, r)
		}
	})
}

func TestStep_AJobThatKillsItsWorkersIsGivenUp(t *testing.T) {
	db := storetest.SQLite(t)
	c := clock.NewManual(noon)
	q := jobs.New(db, c)
	deaths := 0
	enqueue(t, db, q, "tell", "", "a", noon)
	for range 15 {
		ctx, die := context.WithCancel(context.Background())
		q.Handle("tell", func(context.Context, string) error { deaths++; die(); return nil })
		if _, err := q.Step(ctx); err != nil {
			t.Fatal(err)
		}
		die()
		c.Advance(time.Hour)
	}
	if r := only(t, db); deaths != 10 || r.State != "failed" {
		t.Fatalf("after %d deaths: %+v", deaths, r)
	}
}

func TestStep_AJobNobodyDoesWaitsForAProgramThatDoes(t *testing.T) {
	db := storetest.SQLite(t)
	c := clock.NewManual(noon)
	older, newer := jobs.New(db, c), jobs.New(db, c)
	done := 0
	newer.Handle("tell", func(context.Context, string) error { done++; return nil })
	enqueue(t, db, newer, "tell", "", "a", noon)
	drain(t, older)
	c.Advance(10 * time.Second)
	drain(t, newer)
	if done != 1 {
		t.Fatalf("done %d times", done)
	}
}

func TestStep_HandlersActAsTheSystemUnderTheJobsName(t *testing.T) {
	db := storetest.SQLite(t)
	q := jobs.New(db, clock.NewManual(noon))
	var by journal.Author
	var actor authz.Actor
	q.Handle("duty.clock", func(ctx context.Context, _ string) error {
		by, _ = journal.AuthorOf(ctx)
		actor, _ = authz.ActorOf(ctx)
		return nil
	})
	enqueue(t, db, q, "duty.clock", "", "a", noon)
	drain(t, q)
	if by.ID != "system" || by.Purpose != "duty.clock" || actor.UserID != "system" {
		t.Fatalf("%+v, %+v", by, actor)
	}
}

func TestEvery_RunsOnceInEachPeriodHoweverManyProcessesThereAre(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(noon)
		var runs atomic.Int64
		var queues []*jobs.Queue
		for range 3 {
			q := jobs.New(db, c)
			q.Every("fold", time.Minute, func(context.Context, string) error { runs.Add(1); return nil })
			queues = append(queues, q)
		}
		for period := range int64(4) {
			for range 3 { // within one period
				var wg sync.WaitGroup
				for _, q := range queues {
					wg.Go(func() {
						if err := q.Drain(context.Background()); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				c.Advance(20 * time.Second)
			}
			if runs.Load() != period+1 {
				t.Fatalf("%d runs in %d periods", runs.Load(), period+1)
			}
		}
	})
}

func TestRun_AWakenedWorkerDoesTheJobAndStopsWhenTold(t *testing.T) {
	db := storetest.SQLite(t)
	q := jobs.New(db, clock.System{})
	done := make(chan struct{})
	q.Handle("tell", func(context.Context, string) error { close(done); return nil })
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { q.Run(ctx) })
	enqueue(t, db, q, "tell", "", "a", time.Now().Add(-time.Minute))
	<-done
	stop()
	wg.Wait()
}

func TestForgetDone_KeepsWhatIsLeftToDoAndWhatFailed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(noon)
		q := jobs.New(db, c)
		q.Handle("tell", func(context.Context, string) error { return nil })
		enqueue(t, db, q, "tell", "", "done", noon)
		drain(t, q)
		enqueue(t, db, q, "tell", "", "waiting", noon.Add(time.Hour))
		enqueue(t, db, q, "tell", "", "failed", noon.Add(time.Hour))
		if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
			if _, err := store.Exec(context.Background(), tx, `update jobs_job set state = 'failed' where once = 'failed'`); err != nil {
				return err
			}
			return jobs.ForgetDone(context.Background(), tx, noon.Add(48*time.Hour))
		}); err != nil {
			t.Fatal(err)
		}
		left, err := store.All[string](context.Background(), db, `select once from jobs_job order by id`)
		if err != nil || fmt.Sprint(left) != "[waiting failed]" {
			t.Fatalf("left: %v, %v", left, err)
		}
	})
}
