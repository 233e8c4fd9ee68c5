package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shouwang/platform/clock"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

// running gives a journal whose readers are answered until the test ends.
func running(t *testing.T, db *store.DB) *journal.Journal {
	t.Helper()
	j := journal.New(db, clock.NewManual(morning))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { j.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	return j
}

func addRegion(ctx context.Context, tx *store.Tx) error {
	_, err := store.Exec(ctx, tx, `insert into region_region (code, name, level, parent) values ('500235101201', '试一村', 5, '500235101000')`)
	return err
}

func lines(t *testing.T, db *store.DB) []journal.Line {
	t.Helper()
	all, err := store.All[journal.Line](context.Background(), db, `
		select id, at, author_id, author, action, purpose, duty_id, kind, record_id, subject_id, region, outcome, detail from journal_line order by id`)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRecord_WithoutAnAuthorTheChangeFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		j := running(t, db)
		err := store.Do(ctx, db, func(tx *store.Tx) error {
			if err := addRegion(ctx, tx); err != nil {
				return err
			}
			return j.Record(ctx, tx, "region.added", journal.Entry{Kind: "region", ID: "500235101201"})
		})
		n, _ := store.One[int](ctx, db, `select count(*) from region_region`)
		if !errors.Is(err, journal.ErrNoAuthor) || n != 0 || len(lines(t, db)) != 0 {
			t.Fatalf("%v, %d regions, %d lines", err, n, len(lines(t, db)))
		}
		if err := j.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: "c-1"}); !errors.Is(err, journal.ErrNoAuthor) {
			t.Fatalf("a look by nobody: %v", err)
		}
	})
}

func TestRecord_AFailingLineTakesTheChangeWithIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := journal.WithAuthor(context.Background(), author)
		j := running(t, db)
		change := func() error {
			return store.Do(ctx, db, func(tx *store.Tx) error {
				if err := addRegion(ctx, tx); err != nil {
					return err
				}
				return j.Record(ctx, tx, "region.added", journal.Entry{Kind: "region", ID: "500235101201"})
			})
		}
		rename := func(text string) {
			t.Helper()
			if err := store.Do(ctx, db, func(tx *store.Tx) error { _, err := store.Exec(ctx, tx, text); return err }); err != nil {
				t.Fatal(err)
			}
		}
		rename(`alter table journal_line rename to journal_gone`)
		if err := change(); err == nil {
			t.Fatal("the change succeeded without its line")
		}
		if n, _ := store.One[int](ctx, db, `select count(*) from region_region`); n != 0 {
			t.Fatalf("%d changes stand without a line", n)
		}
		rename(`alter table journal_gone rename to journal_line`)
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if n, _ := store.One[int](ctx, db, `select count(*) from region_region`); n != 1 || len(lines(t, db)) != 1 {
			t.Fatalf("%d changes, %d lines", n, len(lines(t, db)))
		}
	})
}

func TestRead_AFailingWriteFailsTheLook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := journal.WithAuthor(context.Background(), author)
		j := running(t, db)
		if err := j.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: "c-1"}); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if err := j.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: "c-2"}); err == nil {
			t.Fatal("a look succeeded without its line")
		}
		if err := j.Denied(ctx, "child.read", journal.Entry{Kind: "child", ID: "c-2"}); err == nil {
			t.Fatal("a refusal went unrecorded without an error")
		}
	})
}

func TestRead_ReturnsOnlyOnceTheLineIsDurable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := journal.WithAuthor(context.Background(), author)
		j := running(t, db)
		held, release := make(chan struct{}), make(chan struct{})
		var open atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() { // whoever writes meanwhile must wait
			err := store.Do(ctx, db, func(tx *store.Tx) error {
				_, err := store.Exec(ctx, tx, store.For(tx, `delete from journal_line`, `lock table journal_line in exclusive mode`))
				close(held)
				<-release
				open.Store(true)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-held
		wg.Go(func() {
			if err := j.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: "c-1"}); err != nil {
				t.Error(err)
			}
			if !open.Load() {
				t.Error("the look returned while its line could not be written")
			}
			if n := len(lines(t, db)); n != 1 {
				t.Errorf("%d lines when the look returned", n)
			}
		})
		time.Sleep(100 * time.Millisecond) // gives a wrong journal the time to return early
		close(release)
		wg.Wait()
	})
}

func TestRead_ManyReadersAtOnceEachLeaveTheirLine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := running(t, db)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				ctx := journal.WithAuthor(context.Background(), journal.Author{ID: fmt.Sprint("u-", i), Name: "郑试丁", Purpose: "走访前查看", DutyID: "d-1"})
				if err := j.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: fmt.Sprint("c-", i), Subject: fmt.Sprint("c-", i), Region: "500235101201"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for _, l := range lines(t, db) {
			if l.AuthorID[2:] != l.RecordID[2:] || l.Outcome != "read" || l.Purpose != "走访前查看" || l.DutyID != "d-1" || !l.At.Equal(morning) {
				t.Fatalf("a line of somebody else's: %+v", l)
			}
			seen[l.RecordID] = true
		}
		if len(seen) != 200 {
			t.Fatalf("%d of 200 looks have a line", len(seen))
		}
	})
}

func TestRead_AWordNoDatabaseKeepsDoesNotStopAnybody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := running(t, db)
		for _, purpose := range []string{"走访\x00前", "走访\xff前"} {
			ctx := journal.WithAuthor(context.Background(), journal.Author{ID: "u-1", Purpose: purpose})
			if err := j.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: purpose, Subject: purpose}); err != nil {
				t.Fatalf("%q: %v", purpose, err)
			}
		}
		for _, l := range lines(t, db) {
			if l.Purpose != "走访\uFFFD前" || l.RecordID != l.Purpose || l.SubjectID != l.Purpose {
				t.Fatalf("kept as %+v", l)
			}
		}
	})
}

func TestOfSubject_PagesFromTheNewestLineBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := journal.WithAuthor(context.Background(), author)
		j := running(t, db)
		for i := range 7 {
			for _, subject := range []string{"c-1", "c-2"} {
				if err := store.Do(ctx, db, func(tx *store.Tx) error {
					return j.Record(ctx, tx, "child.changed", journal.Entry{Subject: subject, Kind: "child", ID: fmt.Sprint(i)})
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var got []string
		for before := int64(0); ; {
			page, err := journal.OfSubject(ctx, db, "c-1", before, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, l := range page {
				if l.SubjectID != "c-1" {
					t.Fatalf("a line about %s", l.SubjectID)
				}
				got = append(got, l.RecordID)
			}
			before = page[len(page)-1].ID
		}
		if strings.Join(got, "") != "6543210" {
			t.Fatalf("in order %v", got)
		}
	})
}

func TestRefused_TheLineIsWrittenThoughThePersonLeftAndTheProgramStops(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := journal.New(db, clock.NewManual(morning))
		running, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { j.Run(running) })
		asked, leave := context.WithCancel(journal.WithAuthor(context.Background(), author))
		err := store.Do(context.Background(), db, func(tx *store.Tx) error {
			if _, err := store.Exec(context.Background(), tx, `delete from journal_line`); err != nil { // holds SQLite's writer
				return err
			}
			for i := range 300 { // more than wait in the queue at once
				j.Refused(asked, "child.read", journal.Entry{Kind: "child", ID: fmt.Sprint("c-", i)})
			}
			leave()
			stop()
			return errors.New("taken back")
		})
		if err == nil {
			t.Fatal("the transaction stands")
		}
		wg.Wait()
		if n := len(lines(t, db)); n != 300 {
			t.Fatalf("%d of 300 refusals are recorded", n)
		}
	})
}
