package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwang/app"
	"shouwang/domain/casework"
	"shouwang/domain/registry"
	"shouwang/domain/report"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// A stranger's child: the record that nobody in this file may reach, and every
// text by which one would recognise it.
type foreign struct {
	child, relation, visit, duty, move, grant, user, region, town, roster string
	thread, report, omission, file, agency, unit, opening, record         string
	canaries                                                              []string
}

// attempts say how each operation is asked for the foreign record. An
// operation that is not here fails the test: nobody has said how it could leak.
// An empty body means none is sent.
func attempts(f foreign) map[string]struct{ query, body string } {
	type ask = struct{ query, body string }
	visit := fmt.Sprintf(`{"id":"01890000-0000-7000-8000-000000000001","child_id":"%s","visited_on":"2026-11-01","outcome":"met","content":{"way":"home","child_seen":true}}`, f.child)
	return map[string]ask{
		"children":          {query: "region=" + f.town},
		"searchChildren":    {query: "text=" + f.canaries[0]},
		"child":             {},
		"addChild":          {body: fmt.Sprintf(`{"child":{"name":"试探","sex":1,"birth_on":"","ethnicity":"","identity":"","region":"%s","household_region":"","address":"","telephone":"","school":"","grade":""},"relatives":[],"facts":[]}`, f.region)},
		"changeChild":       {body: `{"version":1,"name":"试探"}`},
		"recordFacts":       {body: `{"facts":[{"about":"child","kind":"living","value":"alone"}]}`},
		"addRelative":       {body: `{"id":"","person_id":"","kinship":"61","name":"试探","birth_on":"","identity":"","telephone":"","guardian":false,"carer":false,"since_on":"","until_on":""}`},
		"endRelation":       {body: `{}`},
		"reveal":            {body: `{"field":"identity","reason":"试探"}`},
		"timeline":          {},
		"history":           {},
		"verdicts":          {query: "on=2026-11-01"},
		"leave":             {body: `{"version":1,"reason":"returned","on":"2026-11-01"}`},
		"returnChild":       {body: `{"version":1}`},
		"offerMove":         {body: fmt.Sprintf(`{"to":"%s","reason":"试探"}`, f.region)},
		"moves":             {},
		"decideMove":        {body: `{"decision":"accept"}`},
		"overview":          {query: "region=" + f.town},
		"vocabulary":        {},
		"regions":           {query: "parent=" + f.town},
		"searchRegions":     {query: "text=sj"},
		"regionNames":       {query: "codes=" + f.region},
		"visitForm":         {},
		"visitsOfChild":     {},
		"visit":             {},
		"visitWords":        {},
		"recordVisit":       {body: visit},
		"recordVisits":      {body: `{"visits":[` + visit + `]}`},
		"dueVisits":         {query: "region=" + f.town},
		"addPhoto":          {body: "not a picture"},
		"photo":             {},
		"clauseBoard":       {query: "region=" + f.town},
		"clauseRows":        {query: "region=" + f.town},
		"duties":            {query: "child=" + f.child},
		"duty":              {},
		"dutySummary":       {},
		"handOverDuty":      {body: `{"user_id":""}`},
		"session":           {},
		"signIn":            {body: `{"username":"nobody","password":"nothing"}`},
		"signOut":           {},
		"activate":          {body: `{"username":"nobody","code":"x","password":"a long enough phrase"}`},
		"changePassword":    {body: `{"old":"x","password":"a long enough phrase"}`},
		"demoAccounts":      {},
		"roles":             {},
		"organisations":     {},
		"addOrganisation":   {body: fmt.Sprintf(`{"kind":"school","name":"试探小学","region":"%s"}`, f.region)},
		"people":            {},
		"addPerson":         {body: fmt.Sprintf(`{"username":"probe","name":"试探","role":"village_director","organisation_id":"x","region":"%s"}`, f.region)},
		"givePost":          {body: fmt.Sprintf(`{"role":"village_director","organisation_id":"x","region":"%s"}`, f.region)},
		"endPost":           {},
		"disablePerson":     {},
		"reactivatePerson":  {},
		"journal":           {},
		"notices":           {},
		"readNotices":       {body: `{"until":"2026-11-01T00:00:00Z"}`},
		"policy":            {query: "region=" + f.town},
		"decideNumbers":     {body: fmt.Sprintf(`{"region":"%s","numbers":[{"key":"visit.level1","value":1}]}`, f.region)},
		"addImport":         {body: "not a spreadsheet"},
		"imports":           {},
		"import":            {},
		"importMapping":     {},
		"mapImport":         {body: `{"sheets":[{"sheet":0,"columns":[]}]}`},
		"postImport":        {},
		"importRows":        {},
		"decideImportRow":   {body: `{"version":1,"action":"reject","reason":"试探"}`},
		"decideImportPlace": {body: fmt.Sprintf(`{"row":1,"place":"%s"}`, f.region)},
		"importProblems":    {},
		"undoImport":        {},
		"importEvents":      {},
		"reportPage":        {},
		"notePage":          {},
		"progressPage":      {},
		"reportScript":      {},
		"sendReport":        {body: "situation=alone&account=" + url.QueryEscape("路边有个孩子一个人坐着")},
		"sendNote":          {body: "account=" + url.QueryEscape("今天我一个人在家里")},
		"askProgress":       {body: "number=x&secret=x"},
		"sendReportFile":    {body: "not a form"},
		"reportForm":        {},
		"fileReport":        {body: fmt.Sprintf(`{"id":"01890000-0000-7000-8000-0000000000aa","child_id":"%s","situations":["alone"],"content":{"account":"试探"},"reporter":{}}`, f.child)},
		"ownReports":        {},
		"reporter":          {body: `{"reason":"试探一下看看"}`},
		"threads":           {query: "region=" + f.town},
		"thread":            {},
		"acceptReports":     {},
		"informed":          {},
		"declineReports":    {body: `{"reason":"试探一下看看"}`},
		"reviewReports":     {body: `{"agree":true,"text":"试探一下看看"}`},
		"passThread":        {body: fmt.Sprintf(`{"organisation_id":"%s","reason":"试探"}`, f.unit)},
		"answerReports":     {body: `{"text":"试探一下看看"}`},
		"noteThread":        {body: `{"text":"试探"}`},
		"placeThread":       {body: fmt.Sprintf(`{"child_id":"%s"}`, f.child)},
		"admitToThread":     {body: fmt.Sprintf(`{"user_id":"%s","reason":"试探一下看看"}`, f.user)},
		"awardReporter":     {body: fmt.Sprintf(`{"report_id":"%s","kind":"praise","reason":"试探"}`, f.report)},
		"omitted":           {body: fmt.Sprintf(`{"organisation_id":"%s","known_on":"2026-11-01","text":"试探一下看看"}`, f.unit)},
		"omission":          {},
		"concludeOmission":  {body: `{"outcome":"none"}`},
		"addEvidence":       {body: "not a picture"},
		"evidence":          {},
		"printPaper":        {},
		"caseworkWords":     {},
		"casework":          {},
		"addCasework":       {body: `{"id":"01890000-0000-7000-8000-0000000000c1","kind":"contact","values":{"whom":"father","way":"call","result":"refused"}}`},
		"correctCasework":   {body: `{"id":"01890000-0000-7000-8000-0000000000c2","reason":"试探一下看看","values":{"whom":"father","way":"call","result":"refused"}}`},
		"dossier":           {},
		"posterPage":        {},
		"posterPhoto":       {},
		"openFile":          {body: `{"number":"500235201602030000","reason":"试探一下看看行不行"}`},
		"openings":          {},
		"reviewOpening":     {body: `{"justified":true}`},
		"agencyReport":      {body: "not signed"},
		"agencies":          {},
		"addAgency":         {body: fmt.Sprintf(`{"organisation_id":"%s"}`, f.unit)},
		"endAgency":         {},
		"units":             {},
		"admissible":        {},
	}
}

// own are operations that concern nobody's record or only the person who asks:
// for them a good answer to a stranger's post is no leak, and the canary search
// alone decides.
var own = map[string]bool{
	"children": true, "searchChildren": true, "moves": true, "vocabulary": true, "visitWords": true, "regions": true, "searchRegions": true, "regionNames": true,
	"dueVisits": true, "duties": true, "dutySummary": true, "session": true, "signOut": true, "demoAccounts": true, "roles": true,
	"organisations": true, "people": true, "notices": true, "readNotices": true, "policy": true, "clauseRows": true, "recordVisits": true,
	"reportPage": true, "notePage": true, "progressPage": true, "reportScript": true, "sendReport": true, "sendNote": true, "reportForm": true, "ownReports": true,
	"threads": true, "openings": true, "agencies": true, "units": true, "caseworkWords": true,
	"journal": true, "imports": true, "addImport": true, "signIn": true, "activate": true, "changePassword": true,
}

// TestUnauthorized_EveryRouteMeetsAStrangerAndANeighbour visits every operation
// without a session, and as every post that must not reach the foreign child:
// the answer is a refusal, and no body holds a trace of the child.
func TestUnauthorized_EveryRouteMeetsAStrangerAndANeighbour(t *testing.T) {
	ctx := context.Background()
	now := time.Now()
	hands := clock.NewManual(now)
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true, Clock: hands})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	accounts, err := a.Demonstrate(ctx, 150, hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	f := seedForeign(ctx, t, a)
	asks := attempts(f)
	covers := map[string]bool{"civilaffairs": true, "supervision": true, "conference": true, "education": true, "security": true, "system": true, "auditor": true}
	checked := 0
	for _, op := range a.API.Ops() {
		ask, known := asks[op.ID]
		if !known {
			t.Errorf("%s %s (%s) is not in the table: say how it could be asked for a stranger's record", op.Method, op.Path, op.ID)
			continue
		}
		if status, body := request(t, a, "", op.Method, fill(op.Path, f), ask.query, ask.body); op.Rule != authz.Public && status != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d %s", op.ID, status, body)
		}
	}
	for _, n := range accounts {
		if covers[n.Username] {
			continue // their posts take in the whole county; the matrix holds them
		}
		for _, op := range a.API.Ops() {
			if op.ID == "signOut" || op.ID == "importEvents" {
				continue // the one ends the session, the other streams until the client goes
			}
			cookie := signIn(ctx, t, a, n)
			ask := asks[op.ID]
			status, body := request(t, a, cookie, op.Method, fill(op.Path, f), ask.query, ask.body)
			figures := (op.ID == "clauseBoard" || op.ID == "overview") && (n.Username == "massorg" || n.Username == "employment")
			if !own[op.ID] && !figures && status < 400 { // posts of the whole county may see its figures
				t.Errorf("%s as %s reached the foreign record: %d %s", op.ID, n.Username, status, body)
			}
			if status >= 500 {
				t.Errorf("%s as %s: %d %s", op.ID, n.Username, status, body)
			}
			for _, canary := range f.canaries {
				if strings.Contains(body, canary) {
					t.Errorf("%s as %s leaked %q: %d %s", op.ID, n.Username, canary, status, body)
				}
			}
			checked++
		}
	}
	t.Logf("%d attempts over %d operations, %d canaries", checked, len(a.API.Ops()), len(f.canaries))
	// The control: who may see the child does see the canaries, so their absence
	// above means something.
	for _, n := range accounts {
		if n.Username == "civilaffairs" {
			_, body := request(t, a, signIn(ctx, t, a, n), "GET", "/api/children/"+f.child, "", "")
			for _, canary := range f.canaries[:3] {
				if !strings.Contains(body, canary) {
					t.Errorf("civil affairs does not see %q of the child: the search for canaries proves nothing: %s", canary, body)
				}
			}
		}
	}
}

func seedForeign(ctx context.Context, t *testing.T, a *app.App) foreign {
	t.Helper()
	sys := authz.AsSystem(ctx, "test")
	f := foreign{region: "500235105201", town: "500235105000"}
	if len(a.Book().Children("500235105000")) == 0 {
		t.Fatal("no such town")
	}
	f.region = string(a.Book().Children("500235105000")[0].Code)
	f.canaries = []string{"卡纳里甲", "卡纳里乙奶奶", "七组七十七号"}
	r, err := a.Registry.Add(sys, canaryFile(f))
	if err != nil {
		t.Fatal(err)
	}
	f.child = r.ID
	f.canaries = append(f.canaries, r.Number, canaryIdentity, canaryPhone, canaryIllness, canaryNote)
	v, err := a.Visit.Record(sys, canaryVisit(f))
	if err != nil {
		t.Fatal(err)
	}
	f.visit = v.ID
	one := func(text string, args ...any) string {
		id, err := store.One[string](sys, a.DB, text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return id
	}
	f.relation = one(`select id from registry_relation where child_id = ?`, f.child)
	f.duty = one(`select id from duty_duty where child_id = ? and state = 'open' limit 1`, f.child)
	m, err := a.Registry.Offer(sys, f.child, string(a.Book().Children("500235105000")[1].Code), "金丝雀")
	if err != nil {
		t.Fatal(err)
	}
	f.move = m.ID
	f.canaries = append(f.canaries, "卡纳里丙")
	file := filepath.Join(t.TempDir(), "roster.csv")
	town, _ := a.Book().Find("500235105000")
	if err := os.WriteFile(file, []byte("姓名,性别,出生日期,现居住地\n卡纳里丙,男,2017-01-02,"+town.Name+"没有这个村\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	office, err := a.Accounts.As(ctx, "civilaffairs")
	if err != nil {
		t.Fatal(err)
	}
	run, err := a.Imports.Run(office, file, nil)
	if err != nil || run.Held != 1 {
		t.Fatalf("the roster was to be held: %+v %v", run, err)
	}
	f.roster = one(`select id from registry_import`)
	f.unit = one(`select id from account_organisation where kind = 'hospital' limit 1`)
	// A case about the child, whose reporter left a name.
	if _, err := a.Report.FilePublic(ctx, canaryReport(f), report.Public); err != nil {
		t.Fatal(err)
	}
	f.canaries = append(f.canaries, canaryAccount, canaryReporter, canaryAnswer)
	f.report = canaryReport(f).ID
	f.thread = one(`select thread_id from report_report where id = ?`, f.report)
	for _, err := range []error{
		a.Report.Accept(sys, f.thread), a.Report.Answer(sys, f.thread, canaryAnswer), a.Report.Note(sys, f.thread, canaryAccount, ""),
		a.Report.Omit(sys, f.thread, report.NewOmission{UnitID: f.unit, KnownOn: "2026-10-01", Text: canaryAccount}),
		a.Report.AddFile(sys, f.thread, "01890000-0000-7000-8000-0000000000ff", []byte("%PDF-1.4 "+canaryAccount)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.omission, f.file = one(`select id from report_omission where thread_id = ?`, f.thread), one(`select id from report_file where thread_id = ?`, f.thread)
	f.record = "01890000-0000-7000-8000-0000000000fe"
	if _, err := a.Casework.Add(sys, f.thread, casework.NewRecord{ID: f.record, Kind: "contact",
		Values: map[string]any{"whom": "father", "way": "call", "result": "refused", "said": canaryAccount}}); err != nil {
		t.Fatal(err)
	}
	key, err := a.Report.AddAgency(sys, f.unit)
	if err != nil {
		t.Fatal(err)
	}
	f.agency = key.ID
	neighbour := authz.WithActor(ctx, authz.Actor{UserID: "doctor", Name: "值班医生",
		Grants: []authz.Grant{{ID: "doctor", Role: authz.Health, Organisation: f.unit, Region: "500235001000"}}})
	o, err := a.Registry.OpenFile(neighbour, registry.NewOpening{Number: canaryIdentity, Reason: canaryAnswer})
	if err != nil {
		t.Fatal(err)
	}
	f.opening = o.ID
	f.grant = one(`select id from account_grant where region = ? and ended_at is null limit 1`, f.region)
	f.user = one(`select user_id from account_grant where id = ?`, f.grant)
	return f
}

func fill(path string, f foreign) string {
	id := f.child
	switch {
	case strings.HasPrefix(path, "/api/imports/"):
		id = f.roster
	case strings.HasPrefix(path, "/api/visits/"):
		id = f.visit
	case strings.HasPrefix(path, "/api/duties/"):
		id = f.duty
	case strings.HasPrefix(path, "/api/moves/"):
		id = f.move
	case strings.HasPrefix(path, "/api/grants/"):
		id = f.grant
	case strings.HasPrefix(path, "/api/people/"):
		id = f.user
	case strings.HasPrefix(path, "/api/threads/"):
		id = f.thread
	case strings.HasPrefix(path, "/api/reports/"):
		id = f.report
	case strings.HasPrefix(path, "/api/omissions/"):
		id = f.omission
	case strings.HasPrefix(path, "/api/evidence/"):
		id = f.file
	case strings.HasPrefix(path, "/api/agencies/"):
		id = f.agency
	case strings.HasPrefix(path, "/api/casework/"):
		id = f.record
	case strings.HasPrefix(path, "/api/openings/"):
		id = f.opening
	}
	return strings.NewReplacer("{id}", id, "{relation}", f.relation, "{kind}", "receipt", "{token}", "01890000", "{photo}", "01890000-0000-7000-8000-000000000002", "{clause}", "三.二.14", "{row}", "1", "{file}", "01890000-0000-7000-8000-000000000003").Replace(path)
}

func signIn(ctx context.Context, t *testing.T, a *app.App, n account.Demo) string {
	t.Helper()
	if c, ok := sessions[a][n.Username]; ok {
		return c
	}
	signed, err := a.Accounts.SignIn(ctx, n.Username, n.Password, "")
	if err != nil {
		t.Fatalf("signing in as %s: %v", n.Username, err)
	}
	if sessions[a] == nil {
		sessions[a] = map[string]string{}
	}
	sessions[a][n.Username] = "shouwang_session=" + signed.Token
	return sessions[a][n.Username]
}

var sessions = map[*app.App]map[string]string{}

func request(t *testing.T, a *app.App, cookie, method, path, query, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path+"?"+query, strings.NewReader(body))
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case method == http.MethodPost && strings.Contains(body, "="):
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	a.Handler.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprint(w.Result().Header)
	return w.Code, string(text) + header
}
