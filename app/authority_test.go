package app_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwang/app"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// offices is a demonstration county in which posts change hands under people
// who are signed in.
type offices struct {
	ctx      context.Context
	t        *testing.T
	a        *app.App
	hands    *clock.Manual
	f        foreign           // the child of the village whose directors come and go
	accounts map[string]string // cookies of the demonstration's accounts
	people   int
}

func newOffices(t *testing.T) *offices {
	t.Helper()
	ctx := context.Background()
	// An hour before midnight in China, so that a day ends within a session.
	now := clock.Today(clock.System{}).AddDays(1).Start().Add(-time.Hour)
	o := &offices{ctx: ctx, t: t, hands: clock.NewManual(now), accounts: map[string]string{}}
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true, Clock: o.hands})
	if err != nil {
		t.Fatal(err)
	}
	o.a = a
	demo, err := a.Demonstrate(ctx, 40, o.hands, now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	o.f = seedForeign(ctx, t, a)
	for _, n := range demo {
		if n.Username == "security" || n.Username == "township" {
			o.accounts[n.Username] = signIn(ctx, t, a, n)
		}
	}
	return o
}

// officer is a person with one post and a session.
type officer struct{ user, grant, cookie, username string }

const officerPassword = "桥头见面以后再慢慢说话吧"

func (o *offices) officer(role authz.Role, kind account.Kind, at, until string) officer {
	o.t.Helper()
	o.people++
	p := officer{username: fmt.Sprintf("officer%d", o.people)}
	sys := authz.AsSystem(o.ctx, "test")
	if err := store.Do(sys, o.a.DB, func(tx *store.Tx) error {
		u, _, err := o.a.Accounts.AddUserTx(sys, tx, account.NewUser{Username: p.username, Name: "试人"}, officerPassword)
		if err != nil {
			return err
		}
		g, err := o.a.Accounts.GivePostTx(sys, tx, account.Grant{UserID: u.ID, Role: string(role), OrganisationID: o.organisation(kind, at), Region: at, UntilOn: until})
		p.user, p.grant = u.ID, g.ID
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	p.cookie = o.signIn(p.username)
	return p
}

func (o *offices) signIn(username string) string {
	o.t.Helper()
	in, err := o.a.Accounts.SignIn(o.ctx, username, officerPassword, "")
	if err != nil {
		o.t.Fatal(err)
	}
	return "shouwang_session=" + in.Token
}

func (o *offices) organisation(kind account.Kind, at string) string {
	o.t.Helper()
	id, err := store.One[string](authz.AsSystem(o.ctx, "test"), o.a.DB, `select id from account_organisation where kind = ? and region = ? order by id limit 1`, string(kind), at)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// security asks something of the county's security administrator's session.
func (o *offices) security(method, path, body string) {
	o.t.Helper()
	if status, text := request(o.t, o.a, o.accounts["security"], method, path, "", body); status >= 300 {
		o.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
}

func (o *offices) post(role authz.Role, kind account.Kind, at string) string {
	return fmt.Sprintf(`{"role":"%s","organisation_id":"%s","region":"%s"}`, role, o.organisation(kind, at), at)
}

// TestAuthority_AChangeCountsAtTheNextRequest takes a director's authority away
// in each way there is and goes through every operation on the session that was
// open: it is nobody's, and nothing of the child is said.
func TestAuthority_AChangeCountsAtTheNextRequest(t *testing.T) {
	o := newOffices(t)
	defer o.a.Close()
	elsewhere := string(o.a.Book().Children("500235105000")[2].Code)
	today := string(clock.Today(o.hands))
	for _, c := range []struct {
		what   string
		until  string
		change func(officer)
	}{
		{"the post is ended", "", func(p officer) { o.security("DELETE", "/api/grants/"+p.grant, "") }},
		{"the account is disabled", "", func(p officer) { o.security("POST", "/api/people/"+p.user+"/disabled", "") }},
		{"a new activation code is given", "", func(p officer) { o.security("POST", "/api/people/"+p.user+"/activation", "") }},
		{"the director is moved to another village", "", func(p officer) {
			o.security("DELETE", "/api/grants/"+p.grant, "")
			o.security("POST", "/api/people/"+p.user+"/grants", o.post(authz.VillageDirector, account.VillageCommittee, elsewhere))
		}},
		{"the last day of the post has passed", today, func(officer) { o.hands.Advance(2 * time.Hour) }}, // last: it moves the clock for all
	} {
		t.Run(c.what, func(t *testing.T) {
			p := o.officer(authz.VillageDirector, account.VillageCommittee, o.f.region, c.until)
			witness := o.officer(authz.VillageDirector, account.VillageCommittee, o.f.region, "")
			look := func(who string) (int, string) { return request(t, o.a, who, "GET", "/api/children/"+o.f.child, "", "") }
			if status, body := look(p.cookie); status != http.StatusOK || !strings.Contains(body, o.f.canaries[0]) {
				t.Fatalf("the director did not see the child to begin with: %d %s", status, body)
			}
			c.change(p)
			asks := attempts(o.f)
			for _, op := range o.a.API.Ops() {
				if op.Rule == authz.Public {
					continue
				}
				status, body := request(t, o.a, p.cookie, op.Method, fill(op.Path, o.f), asks[op.ID].query, asks[op.ID].body)
				if status != http.StatusUnauthorized || !strings.Contains(body, "session.none") {
					t.Errorf("%s is still answered: %d %s", op.ID, status, body)
				}
				o.silent(t, op.ID, body)
			}
			if status, _ := look(witness.cookie); status != http.StatusOK {
				t.Errorf("another director of the village sees the child no more: %d", status)
			}
		})
	}
}

// TestAuthority_TheNewPostReachesTheNewPlaceOnly signs a moved director in
// again: every operation treats the old village's child as a stranger's.
func TestAuthority_TheNewPostReachesTheNewPlaceOnly(t *testing.T) {
	o := newOffices(t)
	defer o.a.Close()
	p := o.officer(authz.VillageDirector, account.VillageCommittee, o.f.region, "")
	elsewhere := string(o.a.Book().Children("500235105000")[2].Code)
	o.security("DELETE", "/api/grants/"+p.grant, "")
	o.security("POST", "/api/people/"+p.user+"/grants", o.post(authz.VillageDirector, account.VillageCommittee, elsewhere))
	cookie, asks := o.signIn(p.username), attempts(o.f)
	for _, op := range o.a.API.Ops() {
		if op.ID == "importEvents" || op.ID == "signOut" || op.ID == "signIn" || op.ID == "activate" {
			continue
		}
		status, body := request(t, o.a, cookie, op.Method, fill(op.Path, o.f), asks[op.ID].query, asks[op.ID].body)
		if !own[op.ID] && status < 400 {
			t.Errorf("%s reached the child of the village that was left: %d %s", op.ID, status, body)
		}
		o.silent(t, op.ID, body)
	}
	if status, body := request(t, o.a, cookie, "GET", "/api/clauses", "region="+elsewhere, ""); status != http.StatusOK {
		t.Errorf("the new post does not open the new village: %d %s", status, body)
	}
}

func (o *offices) silent(t *testing.T, what, body string) {
	t.Helper()
	for _, canary := range o.f.canaries {
		if strings.Contains(body, canary) {
			t.Errorf("%s leaked %q: %s", what, canary, body)
		}
	}
}

// TestAuthority_AChildOffTheRollIsGoneAtTheNextRequest: a post may stay while
// the person it concerned leaves the organisation's roll.
func TestAuthority_AChildOffTheRollIsGoneAtTheNextRequest(t *testing.T) {
	o := newOffices(t)
	defer o.a.Close()
	sys := authz.AsSystem(o.ctx, "test")
	agency := o.organisation(account.SocialWorkAgency, app.DemoCounty)
	worker := o.officer(authz.SocialWorkAgency, account.SocialWorkAgency, app.DemoCounty, "")
	look := func() (int, string) {
		return request(t, o.a, worker.cookie, "GET", "/api/children/"+o.f.child, "", "")
	}
	roll := func(change func(*store.Tx) error) {
		if err := store.Do(sys, o.a.DB, change); err != nil {
			t.Fatal(err)
		}
	}
	if status, _ := look(); status != http.StatusNotFound {
		t.Fatalf("before: %d", status)
	}
	roll(func(tx *store.Tx) error { return authz.EnrolTx(sys, tx, agency, o.f.child, "2026-01-01") })
	if status, body := look(); status != http.StatusOK || !strings.Contains(body, o.f.canaries[0]) {
		t.Fatalf("on the roll: %d %s", status, body)
	}
	roll(func(tx *store.Tx) error { return authz.RemoveTx(sys, tx, agency, o.f.child, "2026-01-02") })
	status, body := look()
	if status != http.StatusNotFound {
		t.Errorf("off the roll: %d %s", status, body)
	}
	o.silent(t, "child", body)
}

// TestAuthority_NobodyGivesAPostBeyondTheirOwn asks over HTTP for posts that
// the giver may not give, says which rule refuses, and finds none given.
func TestAuthority_NobodyGivesAPostBeyondTheirOwn(t *testing.T) {
	o := newOffices(t)
	defer o.a.Close()
	admin := o.officer(authz.SecurityAdmin, account.TownshipGovernment, o.f.town, "")
	fresh := o.officer(authz.VillageDirector, account.VillageCommittee, o.f.region, "")
	grants := func() int {
		n, err := store.One[int](o.ctx, o.a.DB, `select count(*) from account_grant`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	users := func() int {
		n, err := store.One[int](o.ctx, o.a.DB, `select count(*) from account_user`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	own := o.post(authz.VillageDirector, account.VillageCommittee, o.f.region)
	other := o.post(authz.VillageDirector, account.VillageCommittee, "500235001001")
	county := o.post(authz.CivilAffairs, account.CivilAffairs, app.DemoCounty)
	mixed := fmt.Sprintf(`{"role":"village_director","organisation_id":"%s","region":"%s"}`, o.organisation(account.VillageCommittee, "500235001001"), o.f.region)
	person := func(post string) string { return `{"username":"probe.one","name":"试探",` + post[1:] }
	toFresh, toSelf := "/api/people/"+fresh.user+"/grants", "/api/people/"+admin.user+"/grants"
	before, people := grants(), users()
	for _, c := range []struct {
		what, cookie, path, body string
		status                   int
		rule                     string // the last line of refusal in the journal
		said                     string // in the answer
	}{
		{"a township supervisor gives a post", o.accounts["township"], toFresh, own, 403, "user.change", "没有这项操作的权限"},
		{"a township supervisor adds a person", o.accounts["township"], "/api/people", person(own), 403, "user.change", "没有这项操作的权限"},
		{"a director gives a post", fresh.cookie, toFresh, own, 403, "user.change", "没有这项操作的权限"},
		{"a security administrator gives a post of another town", admin.cookie, toFresh, other, 404, "user.change", "not_found"},
		{"a security administrator adds a person in another town", admin.cookie, "/api/people", person(other), 404, "user.change", "not_found"},
		{"a security administrator gives a post of the county above", admin.cookie, toFresh, county, 404, "user.change", "not_found"},
		{"a security administrator gives a post at another town's organisation", admin.cookie, toFresh, mixed, 404, "user.change", "not_found"},
		{"a security administrator gives a post to self", admin.cookie, toSelf, own, 403, "", "不能给自己授权"},
		{"the county's security administrator mixes what is kept apart", o.accounts["security"], toSelf, own, 409, "", "grant.separation"},
	} {
		status, body := request(t, o.a, c.cookie, "POST", c.path, "", c.body)
		if status != c.status || !strings.Contains(body, c.said) {
			t.Errorf("%s: %d %s, want %d %s", c.what, status, body, c.status, c.said)
		}
		if c.rule != "" {
			last, err := store.One[string](o.ctx, o.a.DB, `select action from journal_line where outcome = 'denied' order by id desc limit 1`)
			if err != nil || last != c.rule {
				t.Errorf("%s: the journal says %q refused, %v", c.what, last, err)
			}
		}
	}
	if grants() != before || users() != people {
		t.Errorf("%d posts and %d people came of refusals", grants()-before, users()-people)
	}
	// The control: the same administrator, the same person, the own town.
	if status, body := request(t, o.a, admin.cookie, "POST", toFresh, "", own); status >= 300 || grants() != before+1 {
		t.Errorf("a security administrator could not give a post of the own town: %d %s", status, body)
	}
}
