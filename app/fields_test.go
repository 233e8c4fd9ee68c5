package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"shouwang/app"
	"shouwang/domain/registry"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/identity"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

// contract is the API as openapi.yaml tells it, for going through every field
// of every body.
type contract struct {
	schemas    map[string]any
	operations map[string]map[string]any // by operation id
}

func readContract(t *testing.T, a *app.App) contract {
	t.Helper()
	text, err := a.API.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	c := contract{doc.Components.Schemas, map[string]map[string]any{}}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			c.operations[op["operationId"].(string)] = op
		}
	}
	if len(c.operations) != len(a.API.Ops()) {
		t.Fatalf("the contract has %d operations, %d are served", len(c.operations), len(a.API.Ops()))
	}
	return c
}

func child(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// body is the schema of an operation's request, if it takes one.
func (c contract) body(op string) (map[string]any, bool) {
	s, ok := child(c.operations[op], "requestBody", "content", "application/json", "schema").(map[string]any)
	if !ok {
		return nil, false
	}
	return c.resolve(s), true
}

func (c contract) resolve(s map[string]any) map[string]any {
	if ref, ok := s["$ref"].(string); ok {
		return c.schemas[ref[strings.LastIndexByte(ref, '/')+1:]].(map[string]any)
	}
	return s
}

// properties of an object's schema, or of an array's items.
func (c contract) properties(s map[string]any) map[string]any {
	if items, ok := s["items"].(map[string]any); ok {
		s = c.resolve(items)
	}
	p, _ := s["properties"].(map[string]any)
	return p
}

// walk visits every schema below one, each under its path.
func (c contract) walk(path string, s map[string]any, visit func(path string, s map[string]any)) {
	s = c.resolve(s)
	visit(path, s)
	if items, ok := s["items"].(map[string]any); ok {
		c.walk(path+"[]", items, visit)
	}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		c.walk(path+"."+name, properties[name].(map[string]any), visit)
	}
}

// openMaps are the only objects of a request whose keys are not named one by
// one; the mechanisms hold their keys to a vocabulary.
var openMaps = map[string]bool{
	"addCasework.values":                  true,
	"correctCasework.values":              true,
	"decideImportRow.fields":              true,
	"recordVisit.content.needs":           true,
	"recordVisits.visits[].content.needs": true,
}

// RELIABILITY A4: no body takes a property that nobody decided on.
func TestFields_EveryBodyRefusesWhatItDoesNotName(t *testing.T) {
	c, a, _, _ := fieldsCounty(t)
	bodies, objects := 0, 0
	for _, op := range a.API.Ops() {
		s, ok := c.body(op.ID)
		if !ok {
			continue
		}
		bodies++
		c.walk(op.ID, s, func(path string, s map[string]any) {
			if s["type"] != "object" {
				return
			}
			objects++
			if s["additionalProperties"] != false && !openMaps[path] {
				t.Errorf("%s takes properties it does not name: %v", path, s["additionalProperties"])
			}
		})
	}
	if bodies < 20 || objects <= bodies {
		t.Fatalf("only %d bodies with %d objects were looked at", bodies, objects)
	}
}

// tried are properties of records that no form sets, or not every form.
var tried = []string{"id", "version", "region", "state", "support_level", "number", "invented", "identity_state", "import_id", "left_on", "created_at",
	"user_id", "role", "organisation_id", "granted_by", "password", "must_change", "owner", "prior_state", "discharged_at", "visitor", "recorded_at", "see", "__proto__"}

// TestFields_NoWriteTakesAPropertyOfTheRecord sends properties of records that
// are not the form's, at every level of every body, as somebody who may use it.
func TestFields_NoWriteTakesAPropertyOfTheRecord(t *testing.T) {
	c, a, f, as := fieldsCounty(t)
	asks := attempts(f)
	asked := 0
	for _, op := range a.API.Ops() {
		s, ok := c.body(op.ID)
		if !ok {
			continue
		}
		if status, text := request(t, a, as(op), op.Method, fill(op.Path, f), "", asks[op.ID].body); strings.Contains(text, "不认识这一项") || status == http.StatusUnauthorized || status == http.StatusForbidden {
			if op.Rule != authz.Public {
				t.Errorf("%s does not take the body to begin with: %d %s", op.ID, status, text)
			}
		}
		for _, name := range tried {
			for _, body := range c.planted(t, s, asks[op.ID].body, name) {
				asked++
				status, text := request(t, a, as(op), op.Method, fill(op.Path, f), "", body)
				if status != http.StatusUnprocessableEntity || !strings.Contains(text, "不认识这一项") {
					t.Errorf("%s takes %s: %d %s", op.ID, body, status, text)
				}
			}
		}
	}
	t.Logf("%d bodies sent", asked)
}

// planted are bodies with a property added to one object each, where the
// schema does not name it.
func (c contract) planted(t *testing.T, s map[string]any, body, name string) (out []string) {
	t.Helper()
	var root map[string]any
	decode(t, body, &root)
	var plant func(s map[string]any, v any)
	plant = func(s map[string]any, v any) {
		s = c.resolve(s)
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				plant(s["items"].(map[string]any), item)
			}
		case map[string]any:
			properties := c.properties(s)
			if properties == nil {
				return // an open map
			}
			if _, named := properties[name]; !named {
				v[name] = 1
				out = append(out, encode(t, root))
				delete(v, name)
			}
			for key, below := range v {
				plant(properties[key].(map[string]any), below)
			}
		}
	}
	plant(s, root)
	return out
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// echoes are values that nobody's answer may hold: of a kind that validation
// lets pass, and of kinds that it or a parser stumbles over.
var echoes = []string{"回声七七", "echo-77-canary", "2026-13-77", "9" + "1380000777700", "50023520160304777X"}

// echoed are answers that name what was sent, on purpose: a batch says which of
// its visits each result is of, a receipt of which report it is.
var echoed = map[string]bool{"recordVisits.visits[].id": true, "fileReport.id": true}

// RELIABILITY L4: what is refused is not said back, in whichever field of
// whichever body, parameter or path it stood.
func TestFields_NoAnswerSaysBackWhatWasSent(t *testing.T) {
	c, a, f, as := fieldsCounty(t)
	asks := attempts(f)
	asked, refused := 0, 0
	ask := func(op web.Op, where, path, query, body, echo string) {
		asked++
		status, text := request(t, a, as(op), op.Method, path, query, body)
		if status >= 400 {
			refused++
		}
		if status >= 500 {
			t.Errorf("%s with %q: %d %s", where, echo, status, text)
		}
		if strings.Contains(text, echo) && !echoed[where] {
			t.Errorf("%s says back %q: %d %s", where, echo, status, text)
		}
	}
	// What is asked comes before what is written, or a search would rightly
	// find what a write has left.
	for _, op := range a.API.Ops() {
		if op.ID == "importEvents" || op.ID == "signOut" || op.ID == "addImport" || op.ID == "addPhoto" {
			continue
		}
		params, _ := c.operations[op.ID]["parameters"].([]any)
		for _, p := range params {
			name, in := child(p, "name").(string), child(p, "in")
			for _, echo := range echoes {
				switch in {
				case "query":
					ask(op, op.ID+"?"+name, fill(op.Path, f), asks[op.ID].query+"&"+name+"="+url.QueryEscape(echo), asks[op.ID].body, echo)
				case "path":
					path := fill(strings.Replace(op.Path, "{"+name+"}", url.PathEscape(echo), 1), f)
					ask(op, op.ID+" {"+name+"}", path, asks[op.ID].query, asks[op.ID].body, echo)
				}
			}
		}
	}
	for _, op := range a.API.Ops() {
		s, ok := c.body(op.ID)
		if !ok {
			continue
		}
		for _, echo := range echoes {
			ask(op, op.ID+", broken", fill(op.Path, f), "", `{"`+echo, echo)
			c.walk(op.ID, s, func(path string, _ map[string]any) {
				if path != op.ID {
					ask(op, path, fill(op.Path, f), "", c.with(t, s, asks[op.ID].body, strings.TrimPrefix(path, op.ID), echo), echo)
				}
			})
		}
	}
	if refused < asked/2 {
		t.Errorf("only %d of %d were refused: the search proves little", refused, asked)
	}
	t.Logf("%d asked, %d refused", asked, refused)
}

// with is a body with the value at a path, which is made when it is not there.
func (c contract) with(t *testing.T, s map[string]any, body, path, value string) string {
	t.Helper()
	var root any
	decode(t, body, &root)
	var set func(v any, path string) any
	set = func(v any, path string) any {
		if path == "" {
			return value
		}
		if rest, ok := strings.CutPrefix(path, "[]"); ok {
			list, _ := v.([]any)
			if len(list) == 0 {
				list = []any{nil}
			}
			list[0] = set(list[0], rest)
			return list
		}
		m, _ := v.(map[string]any)
		if m == nil {
			m = map[string]any{}
		}
		end := strings.IndexAny(path[1:], ".[") + 1
		if end == 0 {
			end = len(path)
		}
		m[path[1:end]] = set(m[path[1:end]], path[end:])
		return m
	}
	return encode(t, set(root, path))
}

// fieldsCounty is a demonstration with a child of the demonstration's own
// village, and who may use an operation.
func fieldsCounty(t *testing.T) (contract, *app.App, foreign, func(web.Op) string) {
	t.Helper()
	ctx := context.Background()
	now := time.Now()
	hands := clock.NewManual(now)
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true, Clock: hands})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	demo, err := a.Demonstrate(ctx, 40, hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	f := seedForeign(ctx, t, a)
	can := map[string]string{} // action → a session that has it
	for _, n := range slices.Backward(demo) {
		cookie := signIn(ctx, t, a, n)
		actor, err := a.Accounts.As(ctx, n.Username)
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range a.Rules.Can(actor) {
			if _, taken := can[action]; !taken || n.Username == "civilaffairs" {
				can[action] = cookie
			}
		}
	}
	return readContract(t, a), a, f, func(op web.Op) string {
		if op.Rule != authz.Public && can[op.Rule] == "" {
			t.Fatalf("nobody may use %s", op.ID)
		}
		return can[op.Rule]
	}
}

// TestFields_WhoSeesWhatOfAFile holds what each account of the demonstration is
// shown of one child, whose every field is filled, to a golden table.
// SHOUWANG_GENERATE=1 writes it; look at the difference before committing it.
func TestFields_WhoSeesWhatOfAFile(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	hands := clock.NewManual(now)
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true, Clock: hands})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	demo, err := a.Demonstrate(ctx, 40, hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	id := wholeFile(ctx, t, a)
	exits := []struct{ what, path string }{
		{"the file", "/api/children/" + id},
		{"the list", "/api/children?text=" + url.QueryEscape("全字段")},
		{"the timeline", "/api/children/" + id + "/timeline"},
		{"the visits", "/api/children/" + id + "/visits"},
		{"the history", "/api/children/" + id + "/history"},
		{"the duties", "/api/duties?child=" + id},
	}
	var b strings.Builder
	fmt.Fprintln(&b, "What each account is shown of one child, by the way out. A field is listed when somebody is shown a value in it.")
	for _, exit := range exits {
		var who []string
		fields := map[string]map[string]bool{}
		for _, n := range demo {
			status, text := request(t, a, signIn(ctx, t, a, n), "GET", strings.Split(exit.path, "?")[0], query(exit.path), "")
			if status != http.StatusOK {
				continue
			}
			var v any
			decode(t, text[:strings.LastIndex(text, "map[")], &v)
			found := map[string]bool{}
			values("", v, func(field string) { found[field] = true })
			if len(found) == 0 {
				continue
			}
			who = append(who, n.Username)
			for field := range found {
				if fields[field] == nil {
					fields[field] = map[string]bool{}
				}
				fields[field][n.Username] = true
			}
		}
		fmt.Fprintf(&b, "\n%s\n   columns: %s\n", exit.what, strings.Join(who, " "))
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			ticks := ""
			for _, n := range who {
				if fields[field][n] {
					ticks += " ✓"
				} else {
					ticks += " ·"
				}
			}
			fmt.Fprintf(&b, "   %-32s%s\n", field, ticks)
		}
	}
	got := b.String()
	// The file is whole: nothing of it is left out for being empty.
	for _, field := range []string{"child.identity", "child.telephone", "child.address", "child.ethnicity", "relatives[].identity", "relatives[].telephone",
		"siblings[].name", "facts[health].detail", "facts[health].value", "move.region", "support_level", "conditions[]"} {
		if !strings.Contains(got, "   "+field+" ") {
			t.Errorf("nobody is shown %s: the child's file is not whole, or the field has gone", field)
		}
	}
	const file = "testdata/fields.golden"
	if os.Getenv("SHOUWANG_GENERATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Fatalf("what somebody is shown changed; if that is meant, write it anew and look at the difference:\n%s", difference(string(want), got))
	}
}

func query(path string) string { _, q, _ := strings.Cut(path, "?"); return q }

// values names every field that holds something, facts by their kind.
func values(path string, v any, found func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			values(strings.TrimPrefix(path+"."+key, "."), below, found)
		}
	case []any:
		for _, below := range v {
			mark := "[]"
			if kind, ok := child(below, "kind").(string); ok && path == "facts" {
				mark = "[" + kind + "]"
			}
			values(path+mark, below, found)
		}
	default:
		if v != nil && !reflect.ValueOf(v).IsZero() && v != "0001-01-01T00:00:00Z" {
			found(path)
		}
	}
}

// wholeFile enters a child of the demonstration's village with a value in every
// field, on every roll, visited, changed and about to move.
func wholeFile(ctx context.Context, t *testing.T, a *app.App) string {
	t.Helper()
	sys := authz.AsSystem(ctx, "test")
	one := func(text string, args ...any) string {
		v, err := store.One[string](sys, a.DB, text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return v
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	village := one(`select g.region from account_grant g join account_user u on u.id = g.user_id where u.username = 'village'`)
	town := village[:9] + "000"
	father := registry.Relative{Kinship: registry.Father, Name: "全字段父", BirthOn: "1986-01-02", Identity: identity.Invent("500235", "1986-01-02", 777), Telephone: "13900007777", Guardian: true, SinceOn: "2016-03-04"}
	carer := registry.Relative{Kinship: registry.PaternalGrandmother, Name: "全字段奶", Carer: true, Telephone: "13900007778", SinceOn: "2020-01-01"}
	facts := []registry.NewFact{
		{About: registry.AboutFather, Kind: registry.Absence, Value: "away", Place: "440300000000", PlaceText: "广东省深圳市", StartOn: "2024-01-01"},
		{About: registry.AboutMother, Kind: registry.Absence, Value: "away"},
		{About: registry.AboutFather, Kind: registry.Ability, Value: "unable", Detail: "虚构的缘由"},
		{About: registry.AboutChild, Kind: registry.Household, Value: "rural"},
		{About: registry.AboutChild, Kind: registry.Living, Value: "alone"},
		{About: registry.AboutChild, Kind: registry.Care, Value: "grandparents"},
		{About: registry.AboutChild, Kind: registry.CareQuality, Value: "insufficient"},
		{About: registry.AboutChild, Kind: registry.Schooling, Value: "primary"},
		{About: registry.AboutChild, Kind: registry.Health, Value: "ill", Detail: "虚构的病"},
	}
	enter := func(name, number string, born clock.Day) registry.NewFile {
		return registry.NewFile{Invented: true, Relatives: []registry.Relative{father, carer}, Facts: facts,
			Child: registry.Particulars{Name: name, Sex: 2, BirthOn: born, Ethnicity: "汉族", Identity: number, Region: village, HouseholdRegion: village, Address: "七组七号",
				Telephone: "13800007777", School: one(`select name from account_organisation where kind = ? and region = ?`, string(account.School), town), Grade: "四年级"}}
	}
	var id string
	must(store.Do(sys, a.DB, func(tx *store.Tx) error {
		made, err := a.Registry.AddTx(sys, tx, registry.Source{Kind: "desk"}, enter("全字段甲", canaryIdentity, "2016-03-04"), enter("全字段乙", "", "2018-03-04"))
		if err != nil {
			return err
		}
		id = made[0].ID
		for _, kind := range []account.Kind{account.Family, account.SocialWorkAgency, account.School} {
			organisation, err := store.One[string](sys, tx, `select id from account_organisation where kind = ? and region in (?, ?, ?)`, string(kind), village, town, app.DemoCounty)
			if err != nil {
				return err
			}
			if err := authz.EnrolTx(sys, tx, organisation, id, "2026-01-01"); err != nil {
				return err
			}
		}
		_, err = a.Visit.RecordTx(sys, tx, canaryVisit(foreign{child: id}))
		return err
	}))
	grade := "五年级"
	f, err := a.Registry.Find(sys, id)
	must(err)
	_, err = a.Registry.Update(sys, id, f.Version, registry.Change{Grade: &grade})
	must(err)
	_, err = a.Registry.Offer(sys, id, string(a.Book().Children("500235105000")[0].Code), "虚构")
	must(err)
	return id
}
