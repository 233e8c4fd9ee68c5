package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

type note struct {
	ID     string    `db:"id"`
	UserID string    `db:"user_id"`
	At     time.Time `db:"at"`
	Text   string    `db:"text"`
	Link   string    `db:"link"`
	Urgent bool      `db:"urgent"`
	Once   string    `db:"once"`
	ReadAt time.Time `db:"read_at"`
}

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func notes(n int) []note {
	out := make([]note, n)
	for i := range out {
		out[i] = note{ID: fmt.Sprintf("n%06d", i), UserID: "u", At: noon, Text: "甲", Once: fmt.Sprint(i), Urgent: i%2 == 0}
	}
	return out
}

func TestInsert_RowsComeBackAsTheyWent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for _, n := range []int{1, 60, 500} {
			rows := notes(n)
			if err := store.Do(ctx, db, func(tx *store.Tx) error {
				if _, err := store.Exec(ctx, tx, `delete from notify_notice`); err != nil {
					return err
				}
				return store.Insert(ctx, tx, "notify_notice", rows...)
			}); err != nil {
				t.Fatal(err)
			}
			got, err := store.All[note](ctx, db, `select `+store.Columns[note]("n")+` from notify_notice n order by n.id`)
			if err != nil || len(got) != n {
				t.Fatalf("%d rows: %d came back, %v", n, len(got), err)
			}
			for i := range got {
				if got[i] != rows[i] {
					t.Fatalf("row %d: %+v, want %+v", i, got[i], rows[i])
				}
			}
		}
	})
}

func TestIn_AnErrorLeavesNothingBehind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		broken := errors.New("broken off")
		after := false
		err := store.Do(ctx, db, func(tx *store.Tx) error {
			tx.AfterCommit(func() { after = true })
			if err := store.Insert(ctx, tx, "notify_notice", notes(3)...); err != nil {
				return err
			}
			return broken
		})
		n, _ := store.One[int](ctx, db, `select count(*) from notify_notice`)
		if !errors.Is(err, broken) || n != 0 || after {
			t.Fatalf("err %v, %d rows, after %v", err, n, after)
		}
	})
}

func TestIsUnique_ADoubleKeyIsKnownOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		twice := append(notes(1), notes(1)...)
		err := store.Do(ctx, db, func(tx *store.Tx) error { return store.Insert(ctx, tx, "notify_notice", twice...) })
		if !store.IsUnique(err) || store.IsMissingParent(err) {
			t.Fatalf("got %v", err)
		}
		err = store.Do(ctx, db, func(tx *store.Tx) error {
			_, err := store.Exec(ctx, tx, `insert into account_session (token, user_id, created_at, seen_at, expires_at) values (?, ?, ?, ?, ?)`, []byte{1}, "nobody", noon, noon, noon)
			return err
		})
		if !store.IsMissingParent(err) || store.IsUnique(err) {
			t.Fatalf("got %v", err)
		}
	})
}

type villages []string

func (v villages) Predicate(alias, _, _ string) (string, []any) {
	if len(v) == 0 {
		return "1 = 0", nil
	}
	return alias + ".region in (" + store.Marks(len(v)) + ")", store.Anys(v)
}

func TestScope_NoActorNoQueryAndNoRegionNoRow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if err := store.Do(ctx, db, func(tx *store.Tx) error {
			for _, code := range []string{"500235101201", "500235101202"} {
				if _, err := store.Exec(ctx, tx, `insert into region_region (code, name, level, parent) values (?, '村', 12, '500235101000')`, code); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		list := func(ctx context.Context) ([]string, error) {
			return store.All[string](ctx, db, `select code from (select code, code as region from region_region) r where r.code <> '?' and {scope r} and r.code > ? order by code`, "0")
		}
		if _, err := list(ctx); !errors.Is(err, store.ErrNoScope) {
			t.Fatalf("without a scope: %v", err)
		}
		if got, err := list(store.WithScope(ctx, villages{})); err != nil || len(got) != 0 {
			t.Fatalf("with an empty scope: %v %v", got, err)
		}
		if got, err := list(store.WithScope(ctx, villages{"500235101202"})); err != nil || len(got) != 1 || got[0] != "500235101202" {
			t.Fatalf("with one village: %v %v", got, err)
		}
	})
}

type receipt struct {
	ID string `json:"id"`
}

func TestWithOnce_DeliveredTenTimesAtOnceHappensOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		results := make([]receipt, 10)
		errs := make([]error, 10)
		for i := range results {
			wg.Go(func() {
				ctx := store.WithOnce(context.Background(), "u/k1", []byte("body"))
				results[i], errs[i] = store.In(ctx, db, func(tx *store.Tx) (receipt, error) {
					n := notes(1)
					n[0].ID = fmt.Sprintf("made by %d", i)
					return receipt{n[0].ID}, store.Insert(ctx, tx, "notify_notice", n...)
				})
			})
		}
		wg.Wait()
		for i := range results {
			if errs[i] != nil || results[i] != results[0] || results[0].ID == "" {
				t.Fatalf("delivery %d: %+v %v, first %+v", i, results[i], errs[i], results[0])
			}
		}
		if n, _ := store.One[int](context.Background(), db, `select count(*) from notify_notice`); n != 1 {
			t.Fatalf("%d rows", n)
		}
		ctx := store.WithOnce(context.Background(), "u/k1", []byte("another body"))
		if err := store.Do(ctx, db, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrKeyReused) {
			t.Fatalf("a key used for another request: %v", err)
		}
	})
}

func TestWithCount_CountsStatements(t *testing.T) {
	db := storetest.SQLite(t)
	ctx, n := store.WithCount(context.Background())
	for range 3 {
		if _, err := store.All[note](ctx, db, `select `+store.Columns[note]("")+` from notify_notice`); err != nil {
			t.Fatal(err)
		}
	}
	if n.Load() != 3 {
		t.Fatalf("%d statements counted", n.Load())
	}
}
