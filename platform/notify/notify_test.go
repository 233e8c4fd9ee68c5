package notify_test

import (
	"context"
	"testing"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/notify"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

const village, other = "500235101201", "500235101202"

// hold gives posts by SQL: notices look only at who holds what today.
func hold(t *testing.T, db *store.DB, user string, role authz.Role, region, from, until string, ended bool) {
	t.Helper()
	ctx := context.Background()
	var endedAt any
	by := ""
	if ended {
		endedAt, by = time.Unix(1, 0), "u-9"
	}
	if err := store.Do(ctx, db, func(tx *store.Tx) error {
		for text, args := range map[string][]any{
			`insert into account_user (id, username, name, password, draft_key, created_at) values (?, ?, '周试玉', '', ?, 1) on conflict (id) do nothing`: {user, user, []byte{1}},
		} {
			if _, err := store.Exec(ctx, tx, text, args...); err != nil {
				return err
			}
		}
		if _, err := store.Exec(ctx, tx, `insert into account_organisation (id, kind, name, region, created_at) values ('o-1', 'village_committee', '试一村', ?, 1) on conflict (id) do nothing`, village); err != nil {
			return err
		}
		_, err := store.Exec(ctx, tx, `
			insert into account_grant (id, user_id, role, organisation_id, region, from_on, until_on, granted_by, granted_at, ended_at, ended_by)
			values (?, ?, ?, 'o-1', ?, ?, ?, 'u-9', 1, ?, ?)`, user+string(role)+region+from, user, string(role), region, from, until, endedAt, by)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func as(user string) context.Context {
	return authz.WithActor(context.Background(), authz.Actor{UserID: user})
}

func TestTellTx_WhoeverHoldsThePostTodayIsToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
		s := notify.NewService(db, c)
		hold(t, db, "holds", authz.VillageDirector, village, "2026-01-01", "", false)
		hold(t, db, "holds", authz.VillageDirector, village, "2026-02-01", "", false) // twice on paper, one person
		hold(t, db, "until-today", authz.VillageDirector, village, "2026-01-01", "2026-11-23", false)
		hold(t, db, "expired", authz.VillageDirector, village, "2026-01-01", "2026-11-22", false)
		hold(t, db, "begins-tomorrow", authz.VillageDirector, village, "2026-11-24", "", false)
		hold(t, db, "ended", authz.VillageDirector, village, "2026-01-01", "", true)
		hold(t, db, "next-door", authz.VillageDirector, other, "2026-01-01", "", false)
		hold(t, db, "other-role", authz.TownshipSupervisor, village, "2026-01-01", "", false)
		tell := func(once string) {
			t.Helper()
			if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
				return s.TellTx(context.Background(), tx, authz.Post{Role: authz.VillageDirector, Region: village}, once, "有任务逾期未办。", "/duties/d-1", true)
			}); err != nil {
				t.Fatal(err)
			}
		}
		tell("duty/d-1/late0")
		tell("duty/d-1/late0")
		for user, want := range map[string]int{"holds": 1, "until-today": 1, "expired": 0, "begins-tomorrow": 0, "ended": 0, "next-door": 0, "other-role": 0} {
			if list, err := s.Mine(as(user)); err != nil || len(list) != want {
				t.Errorf("%s was told %d times, %v", user, len(list), err)
			}
		}
		tell("duty/d-1/late1")
		if list, _ := s.Mine(as("holds")); len(list) != 2 || !list[0].Urgent || list[0].Link != "/duties/d-1" {
			t.Errorf("another occasion: %+v", list)
		}
	})
}

func TestMarkRead_TouchesOnesOwnUpToTheMomentOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		start := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
		c := clock.NewManual(start)
		s := notify.NewService(db, c)
		hold(t, db, "a", authz.VillageDirector, village, "2026-01-01", "", false)
		hold(t, db, "b", authz.VillageDirector, village, "2026-01-01", "", false)
		for _, once := range []string{"first", "second"} {
			if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
				return s.TellTx(context.Background(), tx, authz.Post{Role: authz.VillageDirector, Region: village}, once, once, "", false)
			}); err != nil {
				t.Fatal(err)
			}
			c.Advance(time.Hour)
		}
		if err := s.MarkRead(as("a"), start); err != nil {
			t.Fatal(err)
		}
		read := func(user string) (n int) {
			list, err := s.Mine(as(user))
			if err != nil || len(list) != 2 || list[0].Text != "second" {
				t.Fatalf("%+v, %v", list, err)
			}
			for _, x := range list {
				if !x.ReadAt.IsZero() {
					n++
				}
			}
			return n
		}
		if read("a") != 1 || read("b") != 0 {
			t.Errorf("read: %d of a's, %d of b's", read("a"), read("b"))
		}
		if err := s.MarkRead(context.Background(), start); err == nil {
			t.Error("nobody marked something as read")
		}
	})
}
