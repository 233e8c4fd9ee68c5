package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwang/app"
	"shouwang/domain/registry"
	"shouwang/domain/report"
	"shouwang/domain/visit"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// crowd is a county that can be made to grow in one village and its town.
type crowd struct {
	ctx            context.Context
	t              *testing.T
	a              *app.App
	hands          *clock.Manual
	cookies        map[string]string
	town           string
	village, next  string
	child          string // on the guardian's and the agency's rolls
	agency, family string
	roster         string // the import brought last
	entered        int
}

// lists are every list, board and file of the program, each as the person who
// reaches least by it, and the most statements it may take. The session is one
// of them. What grows with the county must take no more of them for that.
func lists() []struct {
	what, as, path string
	most           int
	fixed          bool // shows no more when the county grows
} {
	return []struct {
		what, as, path string
		most           int
		fixed          bool
	}{
		{"children, one village", "village", "/api/children", 2, false},
		{"children, a roll", "socialwork", "/api/children", 2, false},
		{"children, a family's roll", "guardian", "/api/children", 2, false},
		{"children, by verdict", "village", "/api/children?verdict=yes", 2, false},
		{"children, who lack a fact", "village", "/api/children?definition=A&verdict=yes&against=B&against_is=yes", 2, false},
		{"search by name", "village", "/api/children/search?text=" + url.QueryEscape("群"), 2, false},
		{"search by name, a roll", "socialwork", "/api/children/search?text=" + url.QueryEscape("群"), 2, false},
		{"a child's file", "guardian", "/api/children/{child}", 10, true},
		{"a child's file, by the director", "village", "/api/children/{child}", 10, true},
		{"timeline", "guardian", "/api/children/{child}/timeline", 5, true},
		{"history", "village", "/api/children/{child}/history", 4, false},
		{"visits of a child", "socialwork", "/api/children/{child}/visits", 6, false},
		{"duties, all", "village", "/api/duties", 4, false},
		{"duties, mine", "village", "/api/duties?mine=true", 4, false},
		{"duties, a roll", "socialwork", "/api/duties", 4, false},
		{"duties, of no child one may name", "conference", "/api/duties?region={town}", 3, false},
		{"duty summary", "village", "/api/duties/summary", 2, true},
		{"cases", "township", "/api/threads", 8, false},
		{"cases, a station", "police", "/api/threads", 8, false},
		{"files opened in an emergency", "township", "/api/openings", 4, true},
		{"moves", "village", "/api/moves", 3, false},
		{"due visits", "village", "/api/visits/due", 5, false},
		{"clause board", "village", "/api/clauses?region={village}", 3, true},
		{"overview", "village", "/api/overview?region={village}", 7, true},
		{"overview of a town", "township", "/api/overview?region={town}", 10, true},
		{"people", "township", "/api/people", 2, false},
		{"organisations", "township", "/api/organisations", 2, false},
		{"imports", "township", "/api/imports", 2, false},
		{"import rows", "township", "/api/imports/{roster}/rows", 7, false},
		{"import rows, held", "township", "/api/imports/{roster}/rows?outcome=held", 7, false},
		{"notices", "village", "/api/notices", 2, false},
		{"journal", "auditor", "/api/journal", 2, true}, // its page is full from the first day
		{"plan", "village", "/api/policy?region={village}", 2, true},
	}
}

// TestQueries_NoListAsksMoreOfTheStoreWhenTheCountyGrows counts the statements
// behind every list over HTTP, in a county of some forty children and again
// with two hundred more in the same village and town.
func TestQueries_NoListAsksMoreOfTheStoreWhenTheCountyGrows(t *testing.T) {
	c := newCrowd(t)
	defer c.a.Close()
	type seen struct{ statements, rows int }
	before := map[string]seen{}
	c.grow(3)
	for _, l := range lists() {
		statements, rows := c.count(l.as, l.path)
		before[l.what] = seen{statements, rows}
	}
	clauses := map[string]seen{}
	for _, clause := range c.a.Policy.Pack.Clauses {
		statements, rows := c.count("village", "/api/clauses/"+url.PathEscape(clause.ID)+"/rows")
		clauses[clause.ID] = seen{statements, rows}
	}
	c.grow(200)
	for _, l := range lists() {
		statements, rows := c.count(l.as, l.path)
		was := before[l.what]
		t.Logf("%-34s %2d → %2d statements, %3d → %3d rows", l.what, was.statements, statements, was.rows, rows)
		switch {
		case statements > was.statements:
			t.Errorf("%s took %d statements for %d rows and takes %d for %d", l.what, was.statements, was.rows, statements, rows)
		case statements > l.most:
			t.Errorf("%s takes %d statements, at most %d are allowed", l.what, statements, l.most)
		case was.statements == 0:
			t.Errorf("%s took no statement: nothing is counted", l.what)
		case !l.fixed && (was.rows == 0 || rows <= was.rows): // or its count would prove nothing
			t.Errorf("%s showed %d rows and shows %d: the county did not grow under it", l.what, was.rows, rows)
		}
	}
	const most = 4
	grew := 0
	for id, was := range clauses {
		statements, rows := c.count("village", "/api/clauses/"+url.PathEscape(id)+"/rows")
		if was.rows == 0 { // an empty page asks less: there is nobody to name
			was.statements = most
		}
		if rows > was.rows {
			grew++
		}
		if statements > min(was.statements, most) {
			t.Errorf("rows of clause %s took %d statements for %d rows and take %d for %d", id, was.statements, was.rows, statements, rows)
		}
	}
	if grew == 0 {
		t.Errorf("no clause has more rows behind it than before")
	}
	t.Logf("%d clauses opened, %d of them longer than before", len(clauses), grew)
}

// TestTimeline_LooksAtAFileDoNotCrowdOutWhatHappened opens a file more often
// than the timeline has lines.
func TestTimeline_LooksAtAFileDoNotCrowdOutWhatHappened(t *testing.T) {
	c := newCrowd(t)
	defer c.a.Close()
	c.grow(1)
	_, before := c.count("village", "/api/children/{child}/timeline")
	for range 60 {
		c.count("village", "/api/children/{child}")
	}
	if _, after := c.count("village", "/api/children/{child}/timeline"); before == 0 || after != before {
		t.Fatalf("the timeline showed %d events and shows %d after the file was opened sixty times", before, after)
	}
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	ctx := context.Background()
	now := time.Now()
	c := &crowd{ctx: ctx, t: t, hands: clock.NewManual(now), cookies: map[string]string{}, town: "500235001000"}
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true, Clock: c.hands})
	if err != nil {
		t.Fatal(err)
	}
	c.a = a
	accounts, err := a.Demonstrate(ctx, 40, c.hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range accounts {
		c.cookies[n.Username] = signIn(ctx, t, a, n)
	}
	c.village = c.one(`select region from account_grant g join account_user u on u.id = g.user_id where u.username = 'village'`)
	for _, r := range a.Book().Children("500235001000") {
		if string(r.Code) != c.village {
			c.next = string(r.Code)
			break
		}
	}
	c.agency = c.one(`select id from account_organisation where kind = ?`, string(account.SocialWorkAgency))
	c.family = c.one(`select id from account_organisation where kind = ?`, string(account.Family))
	return c
}

func (c *crowd) one(text string, args ...any) string {
	c.t.Helper()
	v, err := store.One[string](authz.AsSystem(c.ctx, "test"), c.a.DB, text, args...)
	if err != nil {
		c.t.Fatalf("%s: %v", text, err)
	}
	return v
}

func (c *crowd) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// grow adds children to the village and, of everything that is listed, as much
// again: people, offices, hand-overs, visits, notices, rosters.
func (c *crowd) grow(n int) {
	c.t.Helper()
	sys := authz.AsSystem(c.ctx, "test")
	var files []registry.NewFile
	for i := range n {
		at := c.village
		if i%5 == 4 {
			at = c.next
		}
		files = append(files, registry.NewFile{Invented: true,
			Child: registry.Particulars{Name: "群" + letter(c.entered+i), Sex: 1 + i%2, BirthOn: "2016-03-04", Region: at, Address: "一组"},
			Relatives: []registry.Relative{{Kinship: registry.PaternalGrandmother, Name: "试" + letter(c.entered+i) + "奶奶", Carer: true, Telephone: "13900007777"},
				{Kinship: registry.Father, Name: "试" + letter(c.entered+i) + "父亲", Guardian: true}},
			Facts: []registry.NewFact{{About: registry.AboutFather, Kind: registry.Absence, Value: "away"}, {About: registry.AboutMother, Kind: registry.Absence, Value: "away"},
				{About: registry.AboutChild, Kind: registry.Household, Value: "rural"}, {About: registry.AboutChild, Kind: registry.Living, Value: "alone"}}})
	}
	c.entered += n
	var children []registry.Receipt
	c.must(store.Do(sys, c.a.DB, func(tx *store.Tx) (err error) {
		children, err = c.a.Registry.AddTx(sys, tx, registry.Source{Kind: "desk"}, files...)
		return err
	}))
	if c.child == "" {
		c.child = children[0].ID
	}
	office, school := c.one(`select id from account_organisation where region = ? and kind = ?`, c.town, string(account.TownshipGovernment)), account.School
	today := string(clock.Today(c.hands))
	c.must(store.Do(sys, c.a.DB, func(tx *store.Tx) error {
		for i, r := range children {
			mark := fmt.Sprintf("%d-%d", c.entered, i)
			for _, roll := range []string{c.agency, c.family} {
				if err := authz.EnrolTx(sys, tx, roll, r.ID, today); err != nil {
					return err
				}
			}
			if err := c.a.Notify.TellTx(sys, tx, authz.Post{Role: authz.VillageDirector, Region: c.village}, mark, "有一项任务", "/", false); err != nil {
				return err
			}
			if _, err := c.a.Accounts.AddOrganisationTx(sys, tx, account.Organisation{Kind: school, Name: "虚构学校" + mark, Region: c.town}); err != nil {
				return err
			}
			u, _, err := c.a.Accounts.AddUserTx(sys, tx, account.NewUser{Username: "crowd" + mark, Name: "虚构"}, "")
			if err != nil {
				return err
			}
			if _, err := c.a.Accounts.GivePostTx(sys, tx, account.Grant{UserID: u.ID, Role: string(authz.VillageDirector), OrganisationID: office, Region: c.next}); err != nil {
				return err
			}
			if _, err := c.a.Visit.RecordTx(sys, tx, visit.NewVisit{ChildID: c.child, VisitedOn: clock.Today(c.hands), Outcome: visit.Met,
				Content: visit.Content{Way: "home", ChildSeen: true, Note: "虚构"}}); err != nil {
				return err
			}
		}
		return nil
	}))
	for i, r := range children { // each of them is told of
		if i >= 40 {
			break
		}
		_, err := c.a.Report.File(sys, report.NewReport{ID: fmt.Sprintf("case-%06d-%06d", c.entered, i), ChildID: r.ID, Situations: []string{"alone"}, Content: report.Content{Account: "虚构"}})
		c.must(err)
	}
	for i := range min(n, 60) {
		f, err := c.a.Registry.Find(sys, c.child)
		c.must(err)
		grade := fmt.Sprintf("%d年级", i)
		_, err = c.a.Registry.Update(sys, c.child, f.Version, registry.Change{Grade: &grade})
		c.must(err)
		_, err = c.a.Registry.Reveal(sys, c.child, "", "telephone", "虚构")
		c.must(err)
	}
	for _, r := range children[1:min(n, 40)] {
		at := c.one(`select region from registry_child where id = ?`, r.ID)
		to := c.village
		if at == to {
			to = c.next
		}
		_, err := c.a.Registry.Offer(sys, r.ID, to, "虚构")
		c.must(err)
	}
	// Each round brings one roster more, the later much longer than the first,
	// whose rows all wait for somebody of the town.
	var b strings.Builder
	b.WriteString("姓名,性别,出生日期,现居住地\n")
	town, _ := c.a.Book().Find("500235001000")
	for i := range n {
		fmt.Fprintf(&b, "群册%s,男,2017-01-02,%s没有这个村%d\n", letter(c.entered+i), town.Name, i)
		// One that may be a child on file, and two that may be one child.
		fmt.Fprintf(&b, "群%s,男,2016-03-04,%s没有这个村%d\n对%[1]s,女,2018-05-06,%[2]s没有这个村%[3]d\n对%[1]s,女,2018-05-06,%[2]s没有这个村%[3]d\n", letter(c.entered-n+i), town.Name, i)
	}
	file := filepath.Join(c.t.TempDir(), "roster.csv")
	c.must(os.WriteFile(file, []byte(b.String()), 0o600))
	supervisor, err := c.a.Accounts.As(c.ctx, "township")
	c.must(err)
	report, err := c.a.Imports.Run(supervisor, file, nil)
	c.must(err)
	if report.Held == 0 {
		c.t.Fatalf("no row of the roster is held: %+v", report)
	}
	c.roster = c.one(`select id from registry_import order by id desc limit 1`)
	for {
		more, err := tally.Fold(sys, c.a.DB)
		c.must(err)
		if !more {
			return
		}
	}
}

// letter makes one name unlike another.
func letter(i int) string { return string(rune('一' + i)) }

// count sends one request and returns the statements it took and the rows it
// showed.
func (c *crowd) count(as, path string) (statements, rows int) {
	c.t.Helper()
	path = strings.NewReplacer("{child}", c.child, "{village}", c.village, "{town}", c.town, "{roster}", c.roster).Replace(path)
	ctx, n := store.WithCount(c.ctx)
	r := httptest.NewRequest("GET", path, nil).WithContext(ctx)
	r.Header.Set("Cookie", c.cookies[as])
	w := httptest.NewRecorder()
	c.a.Handler.ServeHTTP(w, r)
	if w.Code != 200 {
		c.t.Fatalf("%s as %s: %d %s", path, as, w.Code, w.Body)
	}
	var page struct{ Rows []json.RawMessage }
	var plain []json.RawMessage
	if json.Unmarshal(w.Body.Bytes(), &plain) != nil {
		c.must(json.Unmarshal(w.Body.Bytes(), &page))
		plain = page.Rows
	}
	return int(n.Load()), len(plain)
}
