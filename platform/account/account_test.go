package account_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

const (
	county    = "500235000000"
	town      = "500235101000"
	village   = "500235101201"
	elsewhere = "500236000000"
	password  = "桥头见面以后再慢慢说话吧"
)

// office is an installation with one county's organisations and its
// administrators, and one organisation of another county.
type office struct {
	t       *testing.T
	db      *store.DB
	clock   *clock.Manual
	s       *account.Service
	system  context.Context
	people  map[string]string // user name -> id
	schools map[string]string // region -> id of the organisation there
}

func open(t *testing.T, db *store.DB) *office {
	t.Helper()
	o := &office{t: t, db: db, clock: clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)), people: map[string]string{}, schools: map[string]string{}}
	j := journal.New(db, o.clock)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { j.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	rules, err := authz.New(db, j, account.Rules)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := crypto.NewKeyring(crypto.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	o.s = account.NewService(db, j, rules, keys, o.clock)
	o.system = authz.AsSystem(context.Background(), "init")
	for _, at := range []string{county, town, village, elsewhere} {
		r, err := o.s.AddOrganisation(o.system, account.Organisation{Kind: account.School, Name: "虚构学校" + at, Region: at})
		if err != nil {
			t.Fatal(err)
		}
		o.schools[at] = r.ID
	}
	return o
}

// person gives somebody an account with a password and a post.
func (o *office) person(username string, role authz.Role, at string) {
	o.t.Helper()
	var id string
	if err := store.Do(o.system, o.db, func(tx *store.Tx) error {
		r, _, err := o.s.AddUserTx(o.system, tx, account.NewUser{Username: username, Name: "钱试" + username}, password)
		id = r.ID
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	o.people[username] = id
	if role != "" {
		o.post(username, role, at)
	}
}

func (o *office) post(username string, role authz.Role, at string) string {
	o.t.Helper()
	r, err := o.s.GivePost(o.system, account.Grant{UserID: o.people[username], Role: string(role), OrganisationID: o.schools[at], Region: at})
	if err != nil {
		o.t.Fatal(err)
	}
	return r.ID
}

func (o *office) signIn(username string) account.SignedIn {
	o.t.Helper()
	in, err := o.s.SignIn(context.Background(), username, password, "")
	if err != nil {
		o.t.Fatalf("signing %s in: %v", username, err)
	}
	return in
}

// as signs a person in and returns the context of their next request.
func (o *office) as(username string) context.Context {
	o.t.Helper()
	actor, ok, err := o.s.Actor(context.Background(), o.signIn(username).Token)
	if err != nil || !ok {
		o.t.Fatalf("%s is nobody: %v", username, err)
	}
	return authz.WithActor(context.Background(), actor)
}

func (o *office) alive(in account.SignedIn) bool {
	o.t.Helper()
	_, ok, err := o.s.Actor(context.Background(), in.Token)
	if err != nil {
		o.t.Fatal(err)
	}
	return ok
}

func TestSignIn_EveryRefusalSoundsTheSameAndIsJournalled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.person("zhou", authz.VillageDirector, village)
		o.person("gone", authz.VillageDirector, village)
		if _, err := o.s.Disable(o.system, o.people["gone"]); err != nil {
			t.Fatal(err)
		}
		_, code, err := o.s.AddUser(o.system, account.NewUser{Username: "fresh", Name: "孙试新"})
		if err != nil {
			t.Fatal(err)
		}
		if !o.alive(o.signIn(" ZHOU ")) { // as people type it
			t.Fatal("a right password opened no session")
		}
		var said string
		for _, c := range []struct{ what, username, password string }{
			{"a wrong password", "zhou", password + "x"}, {"a user who does not exist", "nobody", password},
			{"a disabled account", "gone", password}, {"an account without a password yet", "fresh", ""},
			{"the activation code as password", "fresh", code},
		} {
			_, err := o.s.SignIn(context.Background(), c.username, c.password, "")
			f := fault.Of(err)
			answer := fmt.Sprint(f.Kind, f.ID, f.Text, f.Fields)
			if said == "" {
				said = answer
			}
			if !fault.Is(err, fault.Invalid) || answer != said {
				t.Errorf("%s: %s, others hear %s", c.what, answer, said)
			}
		}
		n, err := store.One[int](context.Background(), db, `select count(*) from journal_line where action = 'session.refused' and outcome = 'denied'`)
		if err != nil || n != 5 {
			t.Fatalf("%d of 5 refusals are journalled, %v", n, err)
		}
	})
}

func TestSignIn_AStrangerDoesNotLockOutTheKnownDevice(t *testing.T) {
	o := open(t, storetest.SQLite(t))
	o.person("zhou", authz.VillageDirector, village)
	known := o.signIn("zhou").Device
	o.clock.Advance(2 * time.Minute)
	ctx := context.Background()
	for i := range 6 {
		if _, err := o.s.SignIn(ctx, "zhou", "猜一个密码试试看吧", ""); fault.Of(err).ID != "session.refused" {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	// The control: a stranger, even with the right password, and a device token
	// that another user's sign-in left, are made to wait.
	o.person("wu", authz.VillageDirector, village)
	for what, device := range map[string]string{"a stranger": "", "another's device": o.signIn("wu").Device, "a made-up token": "aGFsbG8.aGFsbG8"} {
		if _, err := o.s.SignIn(ctx, "zhou", password, device); fault.Of(err).ID != "session.too_many" {
			t.Fatalf("%s after six tries: %v", what, err)
		}
	}
	if _, err := o.s.SignIn(ctx, "zhou", password, known); err != nil {
		t.Fatalf("the known device: %v", err)
	}
	o.clock.Advance(time.Minute)
	if _, err := o.s.SignIn(ctx, "zhou", password, ""); err != nil {
		t.Fatalf("a minute later: %v", err)
	}
}

func TestChangePassword_ABorrowedSessionDoesNotGuess(t *testing.T) {
	o := open(t, storetest.SQLite(t))
	o.person("zhou", authz.VillageDirector, village)
	first, second := o.signIn("zhou"), o.signIn("zhou")
	ctx := o.as("zhou")
	for i := range 6 {
		if err := o.s.ChangePassword(ctx, first.Token, "猜一个密码试试看吧", "新的密码也要十二个字才行"); fault.Of(err).ID != "password.wrong" {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	if err := o.s.ChangePassword(ctx, first.Token, password, "新的密码也要十二个字才行"); fault.Of(err).ID != "session.too_many" {
		t.Fatalf("after six tries: %v", err)
	}
	o.clock.Advance(time.Minute)
	if err := o.s.ChangePassword(ctx, first.Token, password, "短"); fault.Of(err).ID != "password.weak" {
		t.Fatalf("a weak password: %v", err)
	}
	if err := o.s.ChangePassword(ctx, first.Token, password, "新的密码也要十二个字才行"); err != nil {
		t.Fatal(err)
	}
	if !o.alive(first) || o.alive(second) {
		t.Fatal("the session that changed it must live and the others end")
	}
	if _, err := o.s.SignIn(context.Background(), "zhou", password, ""); err == nil {
		t.Fatal("the old password still opens")
	}
}

func TestActivate_ACodeWorksOnceForItsPersonAndNotAfterThirtyDays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		ctx := context.Background()
		r, code, err := o.s.AddUser(o.system, account.NewUser{Username: "Sun", Name: "孙试新"})
		if err != nil {
			t.Fatal(err)
		}
		o.people["sun"] = r.ID
		o.post("sun", authz.VillageDirector, village)
		o.person("zhou", authz.VillageDirector, village)
		activate := func(username, code, password string) error {
			_, err := o.s.Activate(ctx, username, code, password, "")
			return err
		}
		if err := activate("sun", "AAAAA-BBBB-CCCC", password); fault.Of(err).ID != "activation.refused" {
			t.Fatalf("another code: %v", err)
		}
		if err := activate("zhou", code, password); fault.Of(err).ID != "activation.refused" {
			t.Fatalf("another person: %v", err)
		}
		if err := activate("sun", code, "123456123456"); fault.Of(err).ID != "password.weak" {
			t.Fatalf("a weak password: %v", err)
		}
		if err := activate("sun", strings.ToLower(strings.ReplaceAll(code, "-", " ")), password); err != nil {
			t.Fatalf("as people type it: %v", err)
		}
		if err := activate("sun", code, "换一个密码也要十二个字哦"); fault.Of(err).ID != "activation.refused" {
			t.Fatalf("a second time: %v", err)
		}
		o.clock.Advance(time.Minute)
		session := o.signIn("sun")
		code, err = o.s.Reactivate(o.system, o.people["sun"])
		if err != nil || o.alive(session) {
			t.Fatalf("a new code leaves the old sessions open, %v", err)
		}
		o.clock.Advance(29 * 24 * time.Hour)
		byOldPassword := o.signIn("sun")
		if err := activate("sun", code, "换一个密码也要十二个字哦"); err != nil {
			t.Fatal(err)
		}
		if o.alive(byOldPassword) {
			t.Fatal("whoever came in by the old password stays in after the new one was set")
		}
		if code, err = o.s.Reactivate(o.system, o.people["sun"]); err != nil {
			t.Fatal(err)
		}
		o.clock.Advance(30*24*time.Hour + time.Minute)
		if err := activate("sun", code, password); fault.Of(err).ID != "activation.refused" {
			t.Fatalf("after thirty days: %v", err)
		}
	})
}

func TestEndPost_TheSessionIsDeadAtTheNextRequest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.person("sec", authz.SecurityAdmin, county)
		o.person("zhou", authz.VillageDirector, village)
		second := o.post("zhou", authz.TownshipSupervisor, town)
		session := o.signIn("zhou")
		if _, err := o.s.EndPost(o.as("sec"), second); err != nil {
			t.Fatal(err)
		}
		if o.alive(session) {
			t.Fatal("the session outlived the post")
		}
		actor, ok, err := o.s.Actor(context.Background(), o.signIn("zhou").Token)
		if err != nil || !ok || len(actor.Grants) != 1 || actor.Grants[0].Role != authz.VillageDirector {
			t.Fatalf("after signing in again: %+v, %v", actor, err)
		}
		if _, err := o.s.EndPost(o.as("sec"), second); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a post ended twice: %v", err)
		}
		session = o.signIn("zhou")
		if _, err := o.s.Disable(o.as("sec"), o.people["zhou"]); err != nil {
			t.Fatal(err)
		}
		if o.alive(session) {
			t.Fatal("the session outlived the account")
		}
		if _, err := o.s.SignIn(context.Background(), "zhou", password, ""); err == nil {
			t.Fatal("a disabled account signs in")
		}
		if _, err := o.s.Disable(o.as("sec"), o.people["sec"]); !fault.Is(err, fault.Denied) {
			t.Fatalf("an administrator disables their own account: %v", err)
		}
	})
}

func TestActor_APostCountsOnItsDaysAndASessionForTwelveHours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.person("zhou", "", "")
		if _, err := o.s.GivePost(o.system, account.Grant{UserID: o.people["zhou"], Role: string(authz.VillageDirector), OrganisationID: o.schools[village],
			Region: village, FromOn: "2026-11-24", UntilOn: "2026-11-25"}); err != nil {
			t.Fatal(err)
		}
		for _, day := range []struct {
			on    time.Time
			alive bool
		}{ // of the civil day in China, which begins at 16:00 UTC of the day before
			{time.Date(2026, 11, 23, 15, 59, 0, 0, time.UTC), false},
			{time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC), true},
			{time.Date(2026, 11, 25, 15, 59, 0, 0, time.UTC), true},
			{time.Date(2026, 11, 25, 16, 0, 0, 0, time.UTC), false},
		} {
			o.clock.Set(day.on)
			if got := o.alive(o.signIn("zhou")); got != day.alive {
				t.Errorf("at %s: %v", day.on, got)
			}
		}
		o.post("zhou", authz.VillageDirector, village)
		session := o.signIn("zhou")
		o.clock.Advance(12*time.Hour - time.Minute)
		if !o.alive(session) {
			t.Error("the session ended early")
		}
		o.clock.Advance(time.Minute)
		if o.alive(session) {
			t.Error("the session lives after twelve hours")
		}
		session = o.signIn("zhou")
		actor, _, _ := o.s.Actor(context.Background(), session.Token)
		if err := o.s.SignOut(authz.WithActor(context.Background(), actor), session.Token); err != nil || o.alive(session) {
			t.Errorf("after signing out: %v", err)
		}
	})
}

func TestGivePost_WhatAnAdministratorCannotGive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.person("sec", authz.SecurityAdmin, town)
		o.person("sys", authz.SystemAdmin, town)
		o.person("audit", authz.AuditAdmin, town)
		o.person("zhou", authz.VillageDirector, village)
		o.person("fresh", "", "")
		o.person("far", authz.VillageDirector, elsewhere)
		grant := func(username string, role authz.Role, organisation, at string) account.Grant {
			return account.Grant{UserID: o.people[username], Role: string(role), OrganisationID: organisation, Region: at}
		}
		home := o.schools[village]
		asSec := o.as("sec")
		for _, c := range []struct {
			what  string
			as    context.Context
			grant account.Grant
			kind  fault.Kind
			id    string
		}{
			{"a post to oneself", asSec, grant("sec", authz.SecurityAdmin, home, village), fault.Denied, "grant.self"},
			{"a post of the county", asSec, grant("fresh", authz.CivilAffairs, home, county), fault.NotFound, "user.change"},
			{"a post of another county", asSec, grant("fresh", authz.VillageDirector, home, elsewhere), fault.NotFound, "user.change"},
			{"a post at another county's school, whose pupils it would reach", asSec, grant("fresh", authz.SchoolLeader, o.schools[elsewhere], village), fault.NotFound, "user.change"},
			{"a post at the county's organisation", asSec, grant("fresh", authz.SchoolLeader, o.schools[county], village), fault.NotFound, "user.change"},
			{"a role that is none", asSec, grant("fresh", "emperor", home, village), fault.Invalid, "grant.invalid"},
			{"an organisation that is none", asSec, grant("fresh", authz.VillageDirector, "nowhere", village), fault.Invalid, "grant.invalid"},
			{"a person who is nobody", asSec, account.Grant{UserID: "nobody", Role: string(authz.VillageDirector), OrganisationID: home, Region: village}, fault.Invalid, "grant.invalid"},
			{"a region that is none", o.system, grant("fresh", authz.VillageDirector, home, "005002351010"), fault.Invalid, "grant.invalid"},
			{"a region of too few digits", o.system, grant("fresh", authz.VillageDirector, home, "50"), fault.Invalid, "grant.invalid"},
			{"an administrator's role to a director", asSec, grant("zhou", authz.AuditAdmin, home, village), fault.Conflict, "grant.separation"},
			{"a director's role to an administrator", asSec, grant("sys", authz.VillageDirector, home, village), fault.Conflict, "grant.separation"},
			{"one administrator's role to another", asSec, grant("sys", authz.SecurityAdmin, home, village), fault.Conflict, "grant.separation"},
			{"by the system administrator", o.as("sys"), grant("fresh", authz.VillageDirector, home, village), fault.NotFound, "user.change"},
			{"by the audit administrator", o.as("audit"), grant("fresh", authz.VillageDirector, home, village), fault.NotFound, "user.change"},
			{"by a director", o.as("zhou"), grant("fresh", authz.VillageDirector, home, village), fault.NotFound, "user.change"},
		} {
			_, err := o.s.GivePost(c.as, c.grant)
			if f := fault.Of(err); err == nil || f.Kind != c.kind || f.ID != c.id && f.Rule != c.id {
				t.Errorf("%s: %v", c.what, err)
			}
		}
		if _, err := o.s.GivePost(asSec, grant("fresh", authz.VillageDirector, home, village)); err != nil {
			t.Errorf("what an administrator may give: %v", err)
		}
		// Nor do the administrators stand in for each other elsewhere.
		if _, err := o.s.AddOrganisation(asSec, account.Organisation{Kind: account.School, Name: "虚构二小", Region: village}); !fault.Is(err, fault.NotFound) {
			t.Errorf("the security administrator registers an organisation: %v", err)
		}
		if _, err := o.s.AddOrganisation(o.as("sys"), account.Organisation{Kind: account.School, Name: "虚构二小", Region: county}); !fault.Is(err, fault.NotFound) {
			t.Errorf("the township's system administrator registers one for the county: %v", err)
		}
		for what, err := range map[string]error{
			"Disable":    second(o.s.Disable(asSec, o.people["far"])),
			"Reactivate": second(o.s.Reactivate(asSec, o.people["far"])),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s of another county's person: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestGivePost_TwoAtTheSameMomentDoNotMixAdministrators(t *testing.T) {
	db := storetest.Postgres(t) // SQLite writes one after the other
	o := open(t, db)
	for round := range 8 {
		name := fmt.Sprint("p", round)
		o.person(name, "", "")
		var wg sync.WaitGroup
		for _, role := range []authz.Role{authz.SystemAdmin, authz.SecurityAdmin, authz.AuditAdmin, authz.VillageDirector} {
			wg.Go(func() {
				_, err := o.s.GivePost(o.system, account.Grant{UserID: o.people[name], Role: string(role), OrganisationID: o.schools[village], Region: village})
				if err != nil && fault.Of(err).ID != "grant.separation" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, _ := store.One[int](o.system, db, `select count(*) from account_grant where user_id = ?`, o.people[name]); n != 1 {
			t.Fatalf("%s holds %d posts", name, n)
		}
	}
}

func TestPeople_AListShowsOnlyOnesOwnRegion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.person("sec", authz.SecurityAdmin, town)
		o.person("zhou", authz.VillageDirector, village)
		o.person("far", authz.VillageDirector, elsewhere)
		o.person("boss", authz.CivilAffairs, county)
		people, err := o.s.People(o.as("sec"), "", "", "", "", 50)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range people {
			names = append(names, p.Username)
		}
		if fmt.Sprint(names) != "[sec zhou]" {
			t.Fatalf("the township's administrator sees %v", names)
		}
		organisations, err := o.s.Organisations(o.as("boss"), "", "", 50)
		if err != nil || len(organisations) != 3 {
			t.Fatalf("civil affairs of the county see %d organisations, %v", len(organisations), err)
		}
		if _, err := o.s.People(o.as("zhou"), "", "", "", "", 50); !fault.Is(err, fault.Denied) {
			t.Fatalf("a village director lists accounts: %v", err)
		}
	})
}

func TestStore_NeitherTokenNorCodeNorPasswordLiesInTheTables(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.person("zhou", authz.VillageDirector, village)
		in := o.signIn("zhou")
		_, code, err := o.s.AddUser(o.system, account.NewUser{Username: "sun", Name: "孙试新"})
		if err != nil {
			t.Fatal(err)
		}
		for table, columns := range map[string][]string{
			"account_user": {"username", "password", "activation", "draft_key"}, "account_session": {"token"},
			"journal_line": {"detail", "purpose", "record_id"},
		} {
			for _, column := range columns {
				values, err := store.All[[]byte](o.system, db, `select `+column+` from `+table+` where `+column+` is not null`)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range values {
					for what, secret := range map[string]string{"session token": in.Token, "activation code": code, "code without dashes": strings.ReplaceAll(code, "-", ""), "password": password} {
						if bytes.Contains(v, []byte(secret)) {
							t.Errorf("%s.%s holds the %s", table, column, what)
						}
					}
				}
			}
		}
	})
}

func TestRequestActor_ARequestWithoutASoundCookieIsNobody(t *testing.T) {
	o := open(t, storetest.SQLite(t))
	o.person("zhou", authz.VillageDirector, village)
	token := o.signIn("zhou").Token
	for cookie, want := range map[string]bool{"shouwang_session=" + token: true, "": false, "shouwang_session=": false, "shouwang_session=" + token + "x": false, "shouwang_device=" + token: false} {
		r, err := http.NewRequest("GET", "/api/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", cookie)
		if _, ok, err := o.s.RequestActor(r); err != nil || ok != want {
			t.Errorf("%q: %v, %v", cookie, ok, err)
		}
	}
	o.db.Close()
	r, _ := http.NewRequest("GET", "/api/session", nil)
	r.Header.Set("Cookie", "shouwang_session="+token)
	if _, ok, err := o.s.RequestActor(r); ok || err == nil || errors.Is(err, store.ErrNoRow) {
		t.Errorf("with the store away: %v, %v", ok, err)
	}
}
