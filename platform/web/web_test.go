package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/web"
)

const canary = "金丝雀7351"

type nested struct {
	Name   string    `json:"name" minLength:"2" maxLength:"4" pattern:"^[a-z]+$" patternDescription:"小写字母"`
	Kind   string    `json:"kind" enum:"school,police"`
	N      int       `json:"n" minimum:"1" maximum:"3"`
	Flag   bool      `json:"flag"`
	On     string    `json:"on" format:"date"`
	At     time.Time `json:"at"`
	ID     string    `json:"id" format:"uuid"`
	Tags   []string  `json:"tags" minItems:"1" maxItems:"2" uniqueItems:"true"`
	Ratio  float64   `json:"ratio" exclusiveMinimum:"0" exclusiveMaximum:"1"`
	Digits []byte    `json:"digits,omitempty"`
}

type thing struct {
	Body struct {
		Title string            `json:"title" maxLength:"3"`
		One   nested            `json:"one"`
		Many  []nested          `json:"many"`
		Map   map[string]nested `json:"map,omitempty"`
	}
}

type receipt struct {
	ID string `json:"id"`
}

// served is the API of these tests: its rules are one that everybody has and
// one that nobody has.
type served struct {
	t       *testing.T
	db      *store.DB
	handler http.Handler
	api     *web.API
	effects int
	seen    context.Context
}

func serve(t *testing.T, db *store.DB) *served {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	j := journal.New(db, c)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { j.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	rules, err := authz.New(db, j, authz.Rules{"thing.add": {authz.Everyone()}, "thing.move": {authz.InRegion(authz.Police)}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s := &served{t: t, db: db, api: web.New(mux, rules, "test")}
	web.Handle(s.api, web.Op{Method: "POST", Path: "/api/things", ID: "addThing", Rule: "thing.add"}, func(ctx context.Context, in *thing) (*struct{ Body receipt }, error) {
		s.seen = ctx
		r, err := store.In(ctx, db, func(tx *store.Tx) (receipt, error) {
			s.effects++
			id := fmt.Sprint("thing ", s.effects)
			_, err := store.Exec(ctx, tx, `insert into region_region (code, name, level, parent) values (?, ?, 5, '500235101000')`, fmt.Sprintf("5002351012%02d", s.effects), id)
			return receipt{id}, err
		})
		return &struct{ Body receipt }{r}, err
	})
	type moved struct {
		N     int    `path:"n"`
		Limit int    `query:"limit" maximum:"9"`
		On    string `query:"on" format:"date"`
		Body  struct {
			To string `json:"to"`
		}
	}
	web.Handle(s.api, web.Op{Method: "POST", Path: "/api/things/{n}/move", ID: "moveThing", Rule: "thing.move"}, func(context.Context, *moved) (*struct{}, error) {
		s.effects++
		return nil, nil
	})
	type list struct{ Body web.Page[receipt] }
	web.Handle(s.api, web.Op{Method: "GET", Path: "/api/things", ID: "things", Rule: authz.Public}, func(context.Context, *struct{}) (*list, error) {
		return &list{}, nil
	})
	web.Handle(s.api, web.Op{Method: "GET", Path: "/api/panic", ID: "panic", Rule: authz.Public}, func(context.Context, *struct{}) (*list, error) {
		panic(canary)
	})
	web.HandleRaw(s.api, web.Op{Method: "GET", Path: "/api/raw", ID: "raw", Rule: "thing.add"}, func(_ http.ResponseWriter, r *http.Request) error {
		switch r.URL.Query().Get("how") {
		case "panic":
			panic(errors.New(canary))
		case "error":
			return fmt.Errorf("reading %s: %w", canary, errors.New("driver says "+canary))
		}
		return fault.NewConflict("thing.taken", "已经有了。").Because(errors.New(canary))
	})
	if err := s.api.Err(); err != nil {
		t.Fatal(err)
	}
	s.handler = web.Chain(mux, func(r *http.Request) (authz.Actor, bool, error) {
		if r.Header.Get("Authorization") == "" {
			return authz.Actor{}, false, nil
		}
		return authz.Actor{UserID: r.Header.Get("Authorization"), Name: "周试玉", Grants: []authz.Grant{{Role: authz.VillageDirector, Region: "500235101201"}}}, true, nil
	})
	return s
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) problem(t *testing.T) web.Problem {
	t.Helper()
	var p web.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" || p.Status != a.status || p.ID == "" || p.Title == "" {
		t.Errorf("no problem+json: %d %v %s, %v", a.status, a.header, a.body, err)
	}
	return p
}

// send asks as user u-1 unless a header says otherwise.
func (s *served) send(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "u-1")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// hanzi reports whether a sentence is one for the people who use the program.
func hanzi(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

const (
	soundNested = `{"name":"abc","kind":"school","n":2,"flag":true,"on":"2026-01-31","at":"2026-01-31T00:00:00Z","id":"018f3b52-7d1f-7c0e-8000-000000000000","tags":["a"],"ratio":0.5}`
	sound       = `{"title":"甲","one":` + soundNested + `,"many":[` + soundNested + `]}`
)

func TestHandle_AnOperationWithoutAKnownRuleStopsTheStart(t *testing.T) {
	db := storetest.SQLite(t)
	for _, rule := range []string{"", "thing.unheard", "Public"} {
		for _, raw := range []bool{false, true} {
			rules, err := authz.New(db, nil, authz.Rules{"thing.add": {authz.Everyone()}})
			if err != nil {
				t.Fatal(err)
			}
			mux := http.NewServeMux()
			api := web.New(mux, rules, "test")
			op := web.Op{Method: "GET", Path: "/api/open", ID: "open", Rule: rule}
			if raw {
				web.HandleRaw(api, op, func(w http.ResponseWriter, _ *http.Request) error { _, err := io.WriteString(w, canary); return err })
			} else {
				web.Handle(api, op, func(context.Context, *struct{}) (*struct{ Body string }, error) {
					return &struct{ Body string }{canary}, nil
				})
			}
			if api.Err() == nil || len(api.Ops()) != 0 {
				t.Errorf("rule %q, raw %v: the server would start", rule, raw)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest("GET", "/api/open", nil))
			if w.Code != http.StatusNotFound {
				t.Errorf("rule %q, raw %v: served all the same", rule, raw)
			}
		}
	}
}

func TestProblem_NamesTheFieldAndNeverRepeatsWhatWasTyped(t *testing.T) {
	s := serve(t, storetest.SQLite(t))
	if a := s.send("POST", "/api/things", sound); a.status != http.StatusOK || s.effects != 1 {
		t.Fatalf("the sound body: %d %s", a.status, a.body)
	}
	type attempt struct{ what, path, body string }
	attempts := []attempt{
		{"no JSON at all", "/api/things", canary}, {"JSON cut off", "/api/things", `{"title":"` + canary}, {"another kind of body", "/api/things", `"` + canary + `"`},
		{"a list for an object", "/api/things", `["` + canary + `"]`}, {"a number for the title", "/api/things", `{"title":7351}`},
		{"an unknown field", "/api/things", strings.Replace(sound, `{"title"`, `{"other":"`+canary+`","title"`, 1)},
		{"a path that is no number", "/api/things/" + canary + "/move", `{"to":"a"}`},
		{"a query that is no number", "/api/things/1/move?limit=" + canary, `{"to":"a"}`},
		{"a query that is no date", "/api/things/1/move?on=" + canary, `{"to":"a"}`},
		{"an unknown query", "/api/things/1/move?" + canary + "=" + canary, `{"to":1}`},
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(soundNested), &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		for what, bad := range map[string]any{"a text": canary, "a list": []any{canary}, "an object": map[string]any{canary: canary}, "a number": 7351.7351, "too many": []any{canary, canary, canary}, "nothing": nil} {
			broken := map[string]any{}
			for k, v := range fields {
				broken[k] = v
			}
			broken[name] = bad
			b, err := json.Marshal(broken)
			if err != nil {
				t.Fatal(err)
			}
			attempts = append(attempts,
				attempt{what + " for one." + name, "/api/things", `{"title":"甲","one":` + string(b) + `,"many":[]}`},
				attempt{what + " for many[1]." + name, "/api/things", `{"title":"甲","one":` + soundNested + `,"many":[` + soundNested + `,` + string(b) + `]}`})
		}
	}
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	defer slog.SetDefault(before)
	refused := 0
	for _, a := range attempts {
		got := s.send("POST", a.path, a.body)
		if got.status < 400 { // some of these are sound: a text where a text is meant
			continue
		}
		refused++
		for field, said := range got.problem(t).Fields {
			if !hanzi(said) {
				t.Errorf("%s: of %s the person is told %q", a.what, field, said)
			}
		}
		for _, leak := range []string{canary, "7351", `\u91d1`} {
			if strings.Contains(got.body, leak) || strings.Contains(fmt.Sprint(got.header), leak) {
				t.Errorf("%s is answered with what was typed: %s", a.what, got.body)
			}
		}
	}
	if refused < len(attempts)-6 {
		t.Errorf("only %d of %d were refused", refused, len(attempts))
	}
	if strings.Contains(logged.String(), canary) {
		t.Errorf("the log repeats what was typed: %s", logged.String())
	}
	p := s.send("POST", "/api/things", strings.Replace(sound, `"n":2`, `"n":9`, 1)).problem(t)
	if p.Fields["one.n"] == "" || p.ID != "request.invalid" {
		t.Errorf("the field at fault is not named: %+v", p)
	}
}

func TestChain_AWriteFromAnotherSiteIsRefused(t *testing.T) {
	s := serve(t, storetest.SQLite(t))
	for what, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a sister site": {"Sec-Fetch-Site", "same-site"}, "an old browser on another site": {"Origin", "https://evil.example"},
	} {
		a := s.send("POST", "/api/things", sound, headers...)
		if a.status != http.StatusForbidden || s.effects != 0 || a.problem(t).ID != "request.cross_origin" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	for what, headers := range map[string][]string{
		"this site": {"Sec-Fetch-Site", "same-origin"}, "an old browser on this site": {"Origin", "http://example.com"}, "a program": {},
	} {
		if a := s.send("POST", "/api/things", sound, headers...); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if a := s.send("GET", "/api/things", "", "Sec-Fetch-Site", "cross-site"); a.status != http.StatusOK {
		t.Errorf("a link from another site: %d", a.status)
	}
}

func TestHandle_WithoutASessionNothingButThePublicIsAnswered(t *testing.T) {
	s := serve(t, storetest.SQLite(t))
	for _, path := range []string{"POST /api/things", "POST /api/things/1/move", "GET /api/raw"} {
		method, at, _ := strings.Cut(path, " ")
		a := s.send(method, at, sound, "Authorization", "")
		if p := a.problem(t); a.status != http.StatusUnauthorized && a.status != http.StatusUnprocessableEntity || s.effects != 0 || a.status == 401 && p.ID != "session.none" {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := s.send("POST", "/api/things", sound, "Authorization", ""); a.status != http.StatusUnauthorized {
		t.Errorf("a sound write: %d %s", a.status, a.body)
	}
	if a := s.send("GET", "/api/things", "", "Authorization", ""); a.status != http.StatusOK || a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the public one: %d %v", a.status, a.header)
	}
}

func TestHandle_ARoleWithoutTheRightIsRefusedAndOnRecordBeforeTheAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := serve(t, db)
		for n := 1; n <= 20; n++ {
			a := s.send("POST", "/api/things/1/move", `{"to":"a"}`)
			if a.status != http.StatusForbidden || s.effects != 0 || a.problem(t).ID != "denied" {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if lines, _ := store.One[int](context.Background(), db, `select count(*) from journal_line where outcome = 'denied' and action = 'thing.move'`); lines != n {
				t.Fatalf("%d refusals answered, %d on record", n, lines)
			}
		}
	})
}

func TestHandle_ARefusalThatCannotBeRecordedIsAnInternalError(t *testing.T) {
	db := storetest.SQLite(t)
	s := serve(t, db)
	db.Close()
	if a := s.send("POST", "/api/things/1/move", `{"to":"a"}`); a.status != http.StatusInternalServerError {
		t.Fatalf("%d %s", a.status, a.body)
	}
}

func TestChain_AWriteSentTwiceHappensOnceAndIsAnsweredAlike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := serve(t, db)
		first := s.send("POST", "/api/things", sound, "Idempotency-Key", "k-1")
		again := s.send("POST", "/api/things", sound, "Idempotency-Key", "k-1")
		if first.status != http.StatusOK || again.status != first.status || again.body != first.body || s.effects != 1 {
			t.Fatalf("%d %s, then %d %s, %d effects", first.status, first.body, again.status, again.body, s.effects)
		}
		if n, _ := store.One[int](context.Background(), db, `select count(*) from region_region`); n != 1 {
			t.Fatalf("%d rows", n)
		}
		// The same key with other content, in every way a client may name JSON.
		other := strings.Replace(sound, "甲", "乙", 1)
		for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "application/problem+json", ""} {
			key, before := "key of "+contentType, s.effects
			s.send("POST", "/api/things", sound, "Idempotency-Key", key, "Content-Type", contentType)
			a := s.send("POST", "/api/things", other, "Idempotency-Key", key, "Content-Type", contentType)
			if a.status != http.StatusConflict || a.problem(t).ID != "request.key_reused" || s.effects != before+1 {
				t.Errorf("another body as %q: %d %s, %d effects", contentType, a.status, a.body, s.effects-before)
			}
		}
		if a := s.send("POST", "/api/things?x=1", sound, "Idempotency-Key", "k-1"); a.status != http.StatusConflict {
			t.Errorf("another address: %d %s", a.status, a.body)
		}
		// Another person's key is another key; no key is no promise.
		if a := s.send("POST", "/api/things", sound, "Idempotency-Key", "k-1", "Authorization", "u-2"); a.status != http.StatusOK || s.effects != 6 {
			t.Errorf("another person: %d %s", a.status, a.body)
		}
		if a := s.send("POST", "/api/things", sound); a.status != http.StatusOK || s.effects != 7 {
			t.Errorf("without a key: %d", a.status)
		}
		// What was refused was not done, and may be sent again put right.
		if a := s.send("POST", "/api/things", `{}`, "Idempotency-Key", "k-2"); a.status != http.StatusUnprocessableEntity {
			t.Errorf("a bad body: %d", a.status)
		}
		if a := s.send("POST", "/api/things", sound, "Idempotency-Key", "k-2"); a.status != http.StatusOK || s.effects != 8 {
			t.Errorf("put right: %d %s", a.status, a.body)
		}
		if a := s.send("POST", "/api/things", sound, "Idempotency-Key", strings.Repeat("k", 81)); a.status != http.StatusUnprocessableEntity {
			t.Errorf("a key without end: %d", a.status)
		}
	})
}

func TestChain_APanicOrADriversErrorIsFiveHundredWithoutDetails(t *testing.T) {
	s := serve(t, storetest.SQLite(t))
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	defer slog.SetDefault(before)
	for _, path := range []string{"/api/panic", "/api/raw?how=panic", "/api/raw?how=error"} {
		a := s.send("GET", path, "")
		if p := a.problem(t); a.status != http.StatusInternalServerError || p.ID != "internal" || strings.Contains(a.body, canary) || strings.Contains(a.body, "goroutine") || strings.Contains(a.body, ".go") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := s.send("GET", "/api/raw", ""); a.status != http.StatusConflict || strings.Contains(a.body, canary) {
		t.Errorf("a fault with a cause: %d %s", a.status, a.body)
	}
	for line := range strings.Lines(logged.String()) {
		if strings.Contains(line, "panicked") && strings.Contains(line, canary) {
			t.Errorf("the log tells what the panic said: %s", line)
		}
	}
}

func TestChain_ThePurposeGoesToTheJournalAsItWasTyped(t *testing.T) {
	s := serve(t, storetest.SQLite(t))
	for header, want := range map[string]string{
		"%E8%B5%B0%E8%AE%BF%E5%89%8D%E6%9F%A5%E7%9C%8B": "走访前查看", "": "", "%zz": "", strings.Repeat("a", 601): "",
	} {
		s.send("POST", "/api/things", sound, "X-Purpose", header)
		if by, _ := journal.AuthorOf(s.seen); by.Purpose != want || by.ID != "u-1" {
			t.Errorf("%q: %+v", header, by)
		}
	}
}

func TestOpenAPI_HasNoSchemaLinksAndNoNullableLists(t *testing.T) {
	s := serve(t, storetest.SQLite(t))
	text, err := s.api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("$schema")) {
		t.Error("it names $schema, which no answer carries")
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	lists := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			switch kind := v["type"].(type) {
			case string:
				if kind == "array" {
					lists++
				}
			case []any:
				t.Errorf("%s may be any of %v", at, kind)
			}
			for k, x := range v {
				walk(at+"/"+k, x)
			}
		case []any:
			for i, x := range v {
				walk(fmt.Sprint(at, "/", i), x)
			}
		}
	}
	walk("", doc)
	if lists < 3 {
		t.Errorf("only %d lists were looked at", lists)
	}
	for _, op := range s.api.Ops() {
		if op.Rule == "" || !bytes.Contains(text, []byte("x-rule: "+op.Rule)) && op.ID != "raw" {
			t.Errorf("%s does not name its rule in the contract", op.ID)
		}
	}
}

func TestCut_ThePageSaysWhereTheNextBegins(t *testing.T) {
	place := func(r receipt) string { return r.ID }
	rows := []receipt{{"a"}, {"b"}, {"c"}}
	if p := web.Cut(rows, 2, place); len(p.Rows) != 2 || p.Next != "b" {
		t.Errorf("%+v", p)
	}
	if p := web.Cut(rows, 3, place); len(p.Rows) != 3 || p.Next != "" {
		t.Errorf("%+v", p)
	}
}
