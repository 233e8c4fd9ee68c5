package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/notify"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

var morning = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// fake is a gateway that keeps its contract: a key it has seen is not carried
// out a second time. answer may do anything before that.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	answer  func(w http.ResponseWriter, r *http.Request) (done bool)
	asked   int
	carried map[string]map[string]any // by key
	keys    []string                  // of every request
}

func newFake(t *testing.T) *fake {
	f := &fake{carried: map[string]map[string]any{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	text, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(text, &body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body["token"], body["type"], body["method"] = r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Method
	f.mu.Lock()
	f.asked++
	key := r.Header.Get("Idempotency-Key")
	f.keys = append(f.keys, key)
	answer := f.answer
	f.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	f.carry(key, body)
	w.WriteHeader(http.StatusAccepted)
}

func (f *fake) carry(key string, body map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.carried[key] = body
}

func (f *fake) does(answer func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fake) counts() (asked, carried int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked, len(f.carried)
}

func status(code int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return true }
}

type house struct {
	t       *testing.T
	db      *store.DB
	clock   *clock.Manual
	notify  *notify.Service
	fake    *fake
	gateway *notify.Gateway
}

// open is a village with one officer.
func open(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{t: t, db: db, clock: clock.NewManual(morning), fake: newFake(t)}
	h.notify = notify.NewService(db, h.clock)
	h.gateway = h.to(h.fake.URL)
	hold(t, db, "director", authz.VillageDirector, village, "2026-01-01", "", false)
	return h
}

func (h *house) to(address string) *notify.Gateway {
	h.t.Helper()
	g, err := notify.NewGateway(address, "secret-token")
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

func (h *house) do(f func(ctx context.Context, tx *store.Tx) error) {
	h.t.Helper()
	if err := store.Do(context.Background(), h.db, func(tx *store.Tx) error { return f(context.Background(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) exec(text string, args ...any) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *store.Tx) error {
		_, err := store.Exec(ctx, tx, text, args...)
		return err
	})
}

// tell leaves an urgent notice and returns how many statements it took.
func (h *house) tell(once string) int64 {
	h.t.Helper()
	ctx, n := store.WithCount(context.Background())
	if err := store.Do(ctx, h.db, func(tx *store.Tx) error {
		return h.notify.TellTx(ctx, tx, authz.Post{Role: authz.VillageDirector, Region: village}, once, "王试花的任务逾期未办。", "/duties/d-1", true)
	}); err != nil {
		h.t.Fatal(err)
	}
	return n.Load()
}

func (h *house) drain(g *notify.Gateway) {
	h.t.Helper()
	for {
		more, err := h.notify.Deliver(context.Background(), g)
		if err != nil {
			h.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func (h *house) escalate() {
	h.t.Helper()
	for {
		more, err := h.notify.Escalate(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func (h *house) notices(user string) []notify.Notice {
	h.t.Helper()
	list, err := h.notify.Mine(as(user))
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// outcomes counts the outbox by what became of its messages.
func (h *house) outcomes() map[string]int {
	h.t.Helper()
	list, err := store.All[string](context.Background(), h.db, `select outcome from notify_outbox`)
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]int{}
	for _, o := range list {
		out[o]++
	}
	return out
}

func (h *house) carried(want int) {
	h.t.Helper()
	if _, n := h.fake.counts(); n != want {
		h.t.Errorf("%d messages were carried out, not %d", n, want)
	}
}

func TestTellTx_WhatGoesOutStandsOrFallsWithTheChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		post := authz.Post{Role: authz.VillageDirector, Region: village}
		if err := store.Do(context.Background(), db, func(tx *store.Tx) error {
			if err := h.notify.TellTx(context.Background(), tx, post, "taken back", "", "", true); err != nil {
				return err
			}
			return errors.New("the change failed")
		}); err == nil {
			t.Fatal("the transaction stands")
		}
		h.do(func(ctx context.Context, tx *store.Tx) error {
			return h.notify.TellTx(ctx, tx, post, "not urgent", "", "", false)
		})
		h.tell("late")
		h.tell("late")
		h.do(func(ctx context.Context, tx *store.Tx) error {
			return h.notify.TellUserTx(ctx, tx, "director", "handed", "", "", true)
		})
		if got := h.outcomes(); got[""] != 2 || len(got) != 1 {
			t.Errorf("the outbox: %v", got)
		}
		if asked, _ := h.fake.counts(); asked != 0 {
			t.Errorf("a transaction asked the gateway %d times", asked)
		}
	})
}

func TestDeliver_TellsTheGatewayNothingButThatSomethingWaits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.tell("late")
		h.drain(h.gateway)
		h.drain(h.gateway)
		id := h.notices("director")[0].ID
		want := map[string]map[string]any{id: {"id": id, "to": "director", "text": "【守望】您有一件紧急事项待办，请登录系统查看。", "urgent": true, "at": "2026-11-23T04:00:00Z",
			"token": "Bearer secret-token", "type": "application/json", "method": "POST"}}
		if diff := cmp.Diff(want, h.fake.carried); diff != "" {
			t.Error(diff)
		}
		if asked, _ := h.fake.counts(); asked != 1 || h.outcomes()["sent"] != 1 {
			t.Errorf("asked %d times, %v", asked, h.outcomes())
		}
	})
}

func TestDeliver_WorkersOfTwoProcessesSendEachMessageOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		const messages = 80
		for i := range messages {
			h.tell(fmt.Sprint(i))
		}
		other := notify.NewService(db, h.clock)
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				s := []*notify.Service{h.notify, other}[w%2]
				for more := true; more; {
					var err error
					if more, err = s.Deliver(context.Background(), h.gateway); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		h.drain(h.gateway) // what a worker saw locked and passed by
		if asked, carried := h.fake.counts(); asked != messages || carried != messages {
			t.Errorf("%d requests for %d of %d messages", asked, carried, messages)
		}
	})
}

func TestDeliver_AfterAFailureItIsTriedAgainLaterAndLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.fake.does(status(http.StatusInternalServerError))
		h.tell("late")
		var waits []time.Duration
		last := h.clock.Now()
		for asked := 0; len(waits) < 11; h.clock.Advance(5 * time.Second) {
			h.drain(h.gateway)
			if now, _ := h.fake.counts(); now > asked {
				asked = now
				waits = append(waits, h.clock.Now().Sub(last))
				last = h.clock.Now()
			}
		}
		want := []time.Duration{0, 5, 10, 20, 40, 80, 160, 320, 600, 600, 600}
		for i, w := range want {
			if waits[i] != w*time.Second {
				t.Errorf("attempt %d came after %v, not %v", i+1, waits[i], w*time.Second)
			}
		}
		h.fake.does(nil)
		h.clock.Advance(10 * time.Minute)
		h.drain(h.gateway)
		h.carried(1)
		for _, k := range h.fake.keys {
			if k != h.fake.keys[0] {
				t.Error("another attempt had another key")
			}
		}
	})
}

func TestDeliver_AGatewayThatAnswersTooLateCarriesEachMessageOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.gateway.Patience(50 * time.Millisecond)
		h.fake.does(func(_ http.ResponseWriter, r *http.Request) bool { // takes it, and does not say so in time
			h.fake.carry(r.Header.Get("Idempotency-Key"), nil)
			<-r.Context().Done()
			return true
		})
		h.tell("one")
		h.tell("two")
		h.drain(h.gateway)
		if got := h.outcomes(); got[""] != 2 {
			t.Fatalf("%v", got)
		}
		h.fake.does(nil)
		h.clock.Advance(time.Minute)
		h.drain(h.gateway)
		asked, carried := h.fake.counts()
		if asked != 4 || carried != 2 || h.outcomes()["sent"] != 2 {
			t.Errorf("%d requests for %d messages, %v", asked, carried, h.outcomes())
		}
	})
}

func TestDeliver_AStoppedWorkersMessageGoesOutUnderTheSameKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		ctx, die := context.WithCancel(context.Background())
		h.fake.does(func(_ http.ResponseWriter, r *http.Request) bool {
			h.fake.carry(r.Header.Get("Idempotency-Key"), nil)
			die()
			<-r.Context().Done()
			return true
		})
		h.tell("late")
		if _, err := h.notify.Deliver(ctx, h.gateway); err != nil {
			t.Fatal(err)
		}
		h.fake.does(nil)
		h.clock.Advance(time.Minute)
		h.drain(h.gateway)
		if asked, _ := h.fake.counts(); asked != 1 {
			t.Fatal("a message was taken from a worker within its lease")
		}
		h.clock.Advance(time.Millisecond)
		h.drain(h.gateway)
		if asked, carried := h.fake.counts(); asked != 2 || carried != 1 || h.outcomes()["sent"] != 1 {
			t.Errorf("%d requests for %d message, %v", asked, carried, h.outcomes())
		}
	})
}

func TestRun_ADayWithoutTheGateway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		before := h.tell("before")
		h.drain(h.gateway)
		hold(t, db, "colleague", authz.TownshipSupervisor, village, "2026-01-01", "", false)
		h.fake.does(func(w http.ResponseWriter, _ *http.Request) bool { // the line is cut
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				c.Close()
			}
			return true
		})
		fell := h.clock.Now()
		told := 0
		for minute := 0; minute < 24*60; minute += 5 {
			if minute%60 == 0 { // an urgent thing every hour, which nobody notices to be slower
				if n := h.tell(fmt.Sprint("hour ", minute)); n != before {
					t.Fatalf("telling took %d statements, and %d before", n, before)
				}
				told++
			}
			h.drain(h.gateway)
			h.clock.Advance(3*time.Minute + 20*time.Second)
			h.escalate()
			if minute%60 == 0 {
				list := h.notices("colleague")
				if len(list) != told || h.clock.Now().Sub(fell.Add(time.Duration(minute)*time.Minute)) > 5*time.Minute {
					t.Fatalf("after %v the colleague was told of %d of %d", h.clock.Now().Sub(fell), len(list), told)
				}
				if x := list[0]; x.Text != "周试玉有一件紧急事项，短信没有送到，请当面或打电话提醒。" || x.Link != "" || !x.Urgent {
					t.Fatalf("%+v", x)
				}
			}
			h.clock.Advance(100 * time.Second)
		}
		h.carried(1)
		if n := len(h.notices("director")); n != 1+told {
			t.Errorf("the officer has %d notices of %d", n, 1+told)
		}
		h.fake.does(nil)
		h.clock.Advance(10 * time.Minute)
		h.drain(h.gateway)
		h.escalate()
		h.carried(1 + told)
		if got := h.outcomes(); got["sent"] != 1+told || len(got) != 1 {
			t.Errorf("the outbox: %v", got)
		}
		if n := len(h.notices("colleague")); n != told {
			t.Errorf("the colleague was told %d times of %d", n, told)
		}
	})
}

func TestDeliver_WhatTheGatewayRefusesIsToldToColleaguesAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		hold(t, db, "colleague", authz.TownshipSupervisor, village, "2026-01-01", "", false)
		h.fake.does(status(http.StatusUnprocessableEntity)) // no telephone under this name
		h.tell("late")
		h.drain(h.gateway)
		h.clock.Advance(time.Hour)
		h.drain(h.gateway)
		h.clock.Set(morning)
		h.escalate()
		if asked, _ := h.fake.counts(); asked != 1 || h.outcomes()["refused"] != 1 || len(h.notices("colleague")) != 1 {
			t.Errorf("asked %d times, %v, %d told", asked, h.outcomes(), len(h.notices("colleague")))
		}
		// A wrong token says nothing about the message.
		h.fake.does(status(http.StatusUnauthorized))
		h.tell("later")
		h.drain(h.gateway)
		if h.outcomes()[""] != 1 {
			t.Errorf("%v", h.outcomes())
		}
	})
}

func TestEscalate_TellsOfficersOfTheUnitOrTheOneAboveAndNobodyElse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.exec(`insert into account_organisation (id, kind, name, region, created_at) values ('o-2', 'township_government', '试镇', '500235101000', 1)`)
		h.exec(`update account_organisation set parent_id = 'o-2' where id = 'o-1'`)
		hold(t, db, "guardian", authz.Guardian, village, "2026-01-01", "", false)
		hold(t, db, "admin", authz.SystemAdmin, village, "2026-01-01", "", false)
		hold(t, db, "gone", authz.TownshipSupervisor, village, "2026-01-01", "", true)
		hold(t, db, "tomorrow", authz.TownshipSupervisor, village, "2026-11-24", "", false)
		hold(t, db, "above", authz.TownshipSupervisor, "500235101000", "2026-01-01", "", false)
		h.exec(`update account_grant set organisation_id = 'o-2' where user_id = 'above'`)
		check := func(when string, want map[string]int) {
			t.Helper()
			for user, n := range want {
				if got := len(h.notices(user)); got != n {
					t.Errorf("%s: %s was told %d times", when, user, got)
				}
			}
		}
		h.tell("one")
		h.clock.Advance(3*time.Minute - time.Millisecond)
		h.escalate()
		check("before three minutes", map[string]int{"above": 0})
		h.clock.Advance(time.Millisecond)
		h.escalate()
		check("nobody else in the unit", map[string]int{"above": 1, "director": 1, "guardian": 0, "admin": 0, "gone": 0, "tomorrow": 0})
		hold(t, db, "colleague", authz.TownshipSupervisor, village, "2026-01-01", "", false)
		h.tell("two")
		h.clock.Advance(3 * time.Minute)
		h.escalate()
		check("a colleague", map[string]int{"above": 1, "colleague": 1, "director": 2, "guardian": 0, "admin": 0, "gone": 0, "tomorrow": 0})
		if got := h.outcomes(); got[""] != 2 {
			t.Errorf("what colleagues are told goes out too: %v", got)
		}
	})
}

func TestDeliver_WhatWasReadOrIsOldOrForNobodyIsNotSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		hold(t, db, "colleague", authz.TownshipSupervisor, village, "2026-01-01", "", false)
		h.tell("read")
		if err := h.notify.MarkRead(as("director"), h.clock.Now()); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(4 * time.Minute)
		h.escalate()
		h.drain(h.gateway)
		if len(h.notices("colleague")) != 0 || h.outcomes()["read"] != 1 {
			t.Errorf("%d told, %v", len(h.notices("colleague")), h.outcomes())
		}
		h.tell("old")
		h.clock.Advance(48*time.Hour + time.Millisecond)
		h.escalate()
		h.drain(h.gateway)
		if len(h.notices("colleague")) != 0 {
			t.Error("a colleague is told of what is two days old")
		}
		h.tell("nobody")
		h.exec(`update account_user set disabled_at = 1 where id = 'director'`)
		h.drain(h.gateway)
		if asked, _ := h.fake.counts(); asked != 0 || h.outcomes()["expired"] != 1 || h.outcomes()["refused"] != 1 {
			t.Errorf("asked %d times, %v", asked, h.outcomes())
		}
		h.do(func(ctx context.Context, tx *store.Tx) error { return notify.ForgetSent(ctx, tx, h.clock.Now()) })
		if got := h.outcomes(); len(got) != 1 || got["refused"] != 1 {
			t.Errorf("forgotten too much or too little: %v", got)
		}
	})
}

func TestDeliver_IsNotLedElsewhere(t *testing.T) {
	h, other := open(t, storetest.SQLite(t)), newFake(t)
	h.fake.does(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		return true
	})
	h.tell("late")
	h.drain(h.gateway)
	if asked, _ := other.counts(); asked != 0 || h.outcomes()[""] != 1 {
		t.Errorf("another place was told %d times, %v", asked, h.outcomes())
	}
}

func TestRun_SendsWhatCommitsAndStops(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	arrived := make(chan struct{}, 1)
	h.fake.does(func(_ http.ResponseWriter, r *http.Request) bool {
		h.fake.carry(r.Header.Get("Idempotency-Key"), nil)
		arrived <- struct{}{}
		return true
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); h.notify.Run(ctx, h.gateway) }()
	h.tell("late")
	<-arrived
	stop()
	<-done
	h.carried(1)
}

func TestNewGateway_RefusesWhatIsNoAddress(t *testing.T) {
	for _, address := range []string{"", "sms.example", "ftp://sms.example/", "http://", "https://user:secret@sms.example/", "http://\x00"} {
		if _, err := notify.NewGateway(address, ""); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
