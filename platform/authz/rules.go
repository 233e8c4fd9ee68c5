package authz

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// Subject is a record as the rules see it.
type Subject struct {
	Kind   string // "child"
	ID     string // the record
	Person string // the person it is about; rolls name people
	Region string // twelve-digit code of the place answerable for it
	Owner  string // the user it belongs to, for Mine
	Case   string // the case it belongs to; rolls name cases too, for InCase
	Unit   string // the organisation it belongs to, for AtUnit
	Locked string // the compartment it lies in, for Named
}

// A Clause lets some roles reach some records.
type Clause struct {
	reach reach
	roles []Role
}

type reach uint8

const (
	inRegion reach = iota
	onRoll
	inCase
	atUnit
	named
	mine
	anyone
)

// InRegion reaches the records of the post's region.
func InRegion(roles ...Role) Clause { return Clause{inRegion, roles} }

// OnRoll reaches the people on the roll of the post's organisation.
func OnRoll(roles ...Role) Clause { return Clause{onRoll, roles} }

// InCase reaches the cases that the post's organisation takes part in: those
// on its roll, as people are. In a list the case is the column thread_id, or the
// one that {scope} names.
func InCase(roles ...Role) Clause { return Clause{inCase, roles} }

// AtUnit reaches what belongs to the post's own organisation. In a list that is
// the column organisation_id.
func AtUnit(roles ...Role) Clause { return Clause{atUnit, roles} }

// Named reaches what lies in a compartment that names the person, while they
// hold one of the roles. No list is narrowed by it: what is locked stands in
// lists without its content.
func Named(roles ...Role) Clause { return Clause{named, roles} }

// Mine reaches what belongs to the person who asks, whatever their role.
func Mine() Clause { return Clause{reach: mine} }

// Everyone lets any signed-in person do what concerns no person's record.
func Everyone() Clause { return Clause{reach: anyone} }

// Rule is a list of clauses; any one suffices.
type Rule []Clause

// Public marks an operation that needs no sign-in at all.
const Public = "public"

// Rules maps an action to its rule: "visit.record".
type Rules map[string]Rule

// Authority checks actions against all mechanisms' rules.
type Authority struct {
	rules   Rules
	journal *journal.Journal
	db      *store.DB
}

// New joins the rules of all mechanisms; two rules for one action are an error.
func New(db *store.DB, j *journal.Journal, sets ...Rules) (*Authority, error) {
	all := Rules{}
	for _, set := range sets {
		for action, rule := range set {
			if _, twice := all[action]; twice {
				return nil, fmt.Errorf("two rules for %s", action)
			}
			all[action] = rule
		}
	}
	return &Authority{rules: all, journal: j, db: db}, nil
}

// Knows reports whether an action has a rule.
func (a *Authority) Knows(action string) bool {
	_, ok := a.rules[action]
	return ok || action == Public
}

// Actions lists all actions in order.
func (a *Authority) Actions() []string {
	out := make([]string, 0, len(a.rules))
	for action := range a.rules {
		out = append(out, action)
	}
	sort.Strings(out)
	return out
}

// May reports whether the actor's roles could do an action somewhere; screens
// use it to leave out what a person can never open.
func (a *Authority) May(ctx context.Context, action string) bool {
	actor, ok := ActorOf(ctx)
	if !ok {
		return false
	}
	for _, c := range a.rules[action] {
		if c.reach == anyone || c.reach == mine || actor.Has(c.roles...) {
			return true
		}
	}
	return actor.system
}

// Can lists what the actor's roles could do somewhere.
func (a *Authority) Can(ctx context.Context) []string {
	out := []string{}
	for _, action := range a.Actions() {
		if a.May(ctx, action) {
			out = append(out, action)
		}
	}
	return out
}

// Need refuses an action that none of the actor's roles has.
func (a *Authority) Need(ctx context.Context, action string) error {
	if _, known := a.rules[action]; !known {
		return unknown(action)
	}
	if a.May(ctx, action) {
		return nil
	}
	return a.refuse(ctx, action, Subject{})
}

// unknown is a mistake in the program, said loudly: an action that was
// misspelt must not look like one that is merely not allowed, nor be open to
// the system.
func unknown(action string) error { return fault.NewInternal(fmt.Errorf("no rule for %s", action)) }

// Check refuses unless a clause of the action's rule reaches the record. The
// refusal is journalled; who may not know of the record is told NotFound.
func (a *Authority) Check(ctx context.Context, q store.Querier, action string, s Subject) error {
	ok, err := a.reaches(ctx, q, action, s)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Hide(a.refuse(ctx, action, s))
	}
	return nil
}

// Absent refuses what is not there as Check refuses what is out of reach: the
// same answer after the same line in the journal, so that nobody learns from
// its words, nor by the clock, which of the two a record is. The line keeps no
// id, since what was asked for may be anything. The program's own tasks are
// told NotFound without a line.
func (a *Authority) Absent(ctx context.Context, action, kind string) error {
	if _, known := a.rules[action]; !known {
		return unknown(action)
	}
	if actor, _ := ActorOf(ctx); actor.system {
		return fault.Hide(fault.NewDenied(action, ""))
	}
	return fault.Hide(a.refuse(ctx, action, Subject{Kind: kind}))
}

// Reaches reports whether Check would pass, without a line in the journal; for
// telling a screen what it may offer.
func (a *Authority) Reaches(ctx context.Context, q store.Querier, action string, s Subject) bool {
	ok, err := a.reaches(ctx, q, action, s)
	return err == nil && ok
}

func (a *Authority) reaches(ctx context.Context, q store.Querier, action string, s Subject) (bool, error) {
	if _, known := a.rules[action]; !known {
		return false, unknown(action)
	}
	actor, ok := ActorOf(ctx)
	if !ok {
		return false, nil
	}
	if actor.system {
		return true, nil
	}
	by, err := a.reachedBy(ctx, q, actor, action, s)
	if err != nil {
		return false, err
	}
	for _, c := range a.rules[action] {
		if len(c.grants(actor, s, by)) > 0 || c.reach == anyone || c.reach == mine && s.Owner != "" && s.Owner == actor.UserID {
			return true, nil
		}
	}
	return false, nil
}

// grants are the actor's posts by which a clause reaches a record.
func (c Clause) grants(actor Actor, s Subject, by links) (out []Grant) {
	for _, g := range actor.Grants {
		for _, r := range c.roles {
			if g.Role != r {
				continue
			}
			ok := false
			switch c.reach {
			case inRegion:
				ok = s.Region != "" && strings.HasPrefix(s.Region, g.Prefix())
			case onRoll:
				ok = by.roll[[2]string{g.Organisation, s.Person}]
			case inCase:
				ok = by.roll[[2]string{g.Organisation, s.Case}]
			case atUnit:
				ok = s.Unit != "" && g.Organisation == s.Unit
			case named:
				ok = by.named
			}
			if ok {
				out = append(out, g)
			}
		}
	}
	return out
}

// links are what ties an actor to a record beyond the region: whom and which
// cases the actor's organisations have on their rolls, and whether the record's
// compartment names the actor.
type links struct {
	roll  map[[2]string]bool // organisation and the person or case
	named bool
}

// reachedBy finds the links that the clauses of an action ask for, in at most
// two statements.
func (a *Authority) reachedBy(ctx context.Context, q store.Querier, actor Actor, action string, s Subject) (links, error) {
	var by links
	organisations := organisationsOf(actor, a.rules[action], onRoll, inCase)
	if (s.Person != "" || s.Case != "") && len(organisations) > 0 {
		found, err := store.All[struct {
			Organisation string `db:"organisation_id"`
			Subject      string `db:"subject_id"`
		}](ctx, q, `
			select organisation_id, subject_id from authz_roll
			 where subject_id in (?, ?) and until_on = '' and organisation_id in (`+store.Marks(len(organisations))+`)`,
			append([]any{s.Person, s.Case}, store.Anys(organisations)...)...)
		if err != nil {
			return links{}, fmt.Errorf("reading rolls: %w", err)
		}
		by.roll = map[[2]string]bool{}
		for _, f := range found {
			by.roll[[2]string{f.Organisation, f.Subject}] = true
		}
	}
	// A name is asked for where nothing else reaches.
	reached := slices.ContainsFunc(a.rules[action], func(c Clause) bool { return c.reach != named && len(c.grants(actor, s, by)) > 0 })
	if s.Locked != "" && !reached && slices.ContainsFunc(a.rules[action], func(c Clause) bool { return c.reach == named && actor.Has(c.roles...) }) {
		n, err := store.One[int](ctx, q, `
			select count(*) from authz_named where subject_id = ? and user_id = ? and ended_at is null and (until_at is null or until_at > ?)`, s.Locked, actor.UserID, a.journal.Now())
		if err != nil {
			return links{}, fmt.Errorf("reading who is named: %w", err)
		}
		by.named = n > 0
	}
	return by, nil
}

// organisationsOf are those of the actor's posts that clauses of some reaches
// ask about.
func organisationsOf(actor Actor, rule Rule, reaches ...reach) (out []string) {
	for _, c := range rule {
		if !slices.Contains(reaches, c.reach) {
			continue
		}
		for _, g := range actor.Grants {
			for _, r := range c.roles {
				if g.Role == r {
					out = append(out, g.Organisation)
				}
			}
		}
	}
	return out
}

func (a *Authority) refuse(ctx context.Context, action string, s Subject) error {
	denied := fault.NewDenied(action, "您没有这项操作的权限。如确需办理，请联系上级单位开通。")
	if _, ok := journal.AuthorOf(ctx); !ok {
		return denied
	}
	// The line is awaited before the answer leaves (platform/web), not here: here
	// may be inside the transaction that is about to be taken back.
	return denied.Because(a.journal.Refused(ctx, action, journal.Entry{Kind: s.Kind, ID: s.ID, Subject: s.Person, Region: s.Region, Rule: action}))
}

// Scoped returns a context in which {scope …} narrows rows to what the actor
// may see by an action; no role for it is a refusal.
func (a *Authority) Scoped(ctx context.Context, action string) (context.Context, error) {
	if err := a.Need(ctx, action); err != nil {
		return nil, err
	}
	actor, _ := ActorOf(ctx)
	if actor.system {
		return withScope(ctx, everything{}), nil
	}
	var s reached
	for _, c := range a.rules[action] {
		if c.reach != inRegion {
			continue
		}
		for _, g := range actor.Grants {
			for _, r := range c.roles {
				if g.Role == r {
					s.prefixes = append(s.prefixes, g.Prefix())
				}
			}
		}
	}
	s.prefixes = widest(s.prefixes)
	s.rolls = organisationsOf(actor, a.rules[action], onRoll)
	s.cases = organisationsOf(actor, a.rules[action], inCase)
	s.units = organisationsOf(actor, a.rules[action], atUnit)
	return withScope(ctx, s), nil
}

// Within narrows the scope in ctx to a region the person filtered by, so that
// the query gets one tight range instead of two.
func Within(ctx context.Context, code string) context.Context {
	s, ok := ctx.Value(scopeKey{}).(scope)
	if !ok || code == "" {
		return ctx
	}
	return withScope(ctx, s.within(region.Code(code).Prefix()))
}

type scopeKey struct{}

type scope interface {
	store.Scope
	within(prefix string) scope
}

func withScope(ctx context.Context, s scope) context.Context {
	return store.WithScope(context.WithValue(ctx, scopeKey{}, s), s)
}

type everything struct{}

func (everything) Predicate(_, _, _ string) (string, []any) { return "1 = 1", nil }
func (everything) within(prefix string) scope               { return reached{prefixes: []string{prefix}} }

// reached is a union of regions, rolls, cases and units.
type reached struct {
	prefixes []string
	rolls    []string // organisations whose people it reaches
	cases    []string // organisations whose cases it reaches
	units    []string // organisations whose own records it reaches
	inside   string   // these three too are narrowed to this region
}

func (s reached) Predicate(alias, subject, thread string) (string, []any) {
	var parts []string
	var values []any
	for _, p := range s.prefixes {
		if len(p) == 12 { // one village: an equality, which both planners like best
			parts = append(parts, alias+".region = ?")
			values = append(values, p)
			continue
		}
		low, high := region.Bounds(p)
		parts = append(parts, alias+".region >= ? and "+alias+".region < ?")
		values = append(values, low, high)
	}
	add := func(text string, organisations []string) {
		if len(organisations) == 0 {
			return
		}
		text = strings.Replace(text, "…", store.Marks(len(organisations)), 1)
		values = append(values, store.Anys(organisations)...)
		if s.inside != "" {
			low, high := region.Bounds(s.inside)
			text = "(" + text + " and " + alias + ".region >= ? and " + alias + ".region < ?)"
			values = append(values, low, high)
		}
		parts = append(parts, text)
	}
	add(alias+"."+subject+" in (select subject_id from authz_roll where until_on = '' and organisation_id in (…))", s.rolls)
	add(alias+"."+thread+" in (select subject_id from authz_roll where until_on = '' and organisation_id in (…))", s.cases)
	add(alias+".organisation_id in (…)", s.units)
	switch len(parts) {
	case 0:
		return "1 = 0", nil
	case 1:
		return parts[0], values
	}
	return "(" + strings.Join(parts, " or ") + ")", values
}

func (s reached) within(prefix string) scope {
	out := reached{rolls: s.rolls, cases: s.cases, units: s.units, inside: prefix}
	for _, p := range s.prefixes {
		switch {
		case strings.HasPrefix(prefix, p):
			return reached{prefixes: []string{prefix}} // the filter lies inside: its range alone suffices
		case strings.HasPrefix(p, prefix):
			out.prefixes = append(out.prefixes, p)
		}
	}
	return out
}

// widest drops prefixes that lie inside another.
func widest(ps []string) (out []string) {
	sort.Strings(ps)
	for _, p := range ps {
		if n := len(out); n > 0 && strings.HasPrefix(p, out[n-1]) {
			continue
		}
		out = append(out, p)
	}
	return out
}
