package duty

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// Filter narrows a list of duties.
type Filter struct {
	Mine    bool   // borne by, or gone up to, a post of the person who asks
	Clause  string // one clause, or all of a section ("三.二")
	Rule    string
	Region  string
	ChildID string
	ID      string // one duty, whatever its state
	State   State  // open when empty
	Late    bool
	After   string
	Limit   int
}

// Row is a duty in a list, with who holds its post today.
type Row struct {
	Duty
	Title     string   `json:"title"`
	ChildName string   `json:"child_name"`
	Holders   []string `json:"holders" doc:"who holds the bearer's post today, or the one of them it was given to by name; empty while it is vacant"`
	NowWith   string   `json:"now_with" doc:"the role it has gone up to, or the bearer's"`
}

// Namer gives the names of children that the person who asks may see. The
// registry, which comes later in the order of imports, provides it.
type Namer func(ctx context.Context, q store.Querier, children []string) (map[string]string, error)

// List shows duties in reach, the most pressing first. The line in the journal
// carries the ids it showed.
func (s *Service) List(ctx context.Context, f Filter, names Namer) ([]Row, error) {
	scoped, err := s.rules.Scoped(ctx, "duty.list")
	if err != nil {
		return nil, err
	}
	if f.Region != "" {
		scoped = authz.Within(scoped, f.Region)
	}
	if f.State == "" {
		f.State = Open
	}
	where, values := []string{"{scope d}"}, []any{}
	add := func(text string, v ...any) { where, values = append(where, text), append(values, v...) }
	switch {
	case f.ID != "":
		add("d.id = ?", f.ID)
	case f.State == Open:
		add("d.state = 'open'") // in the text, so that the indexes over open duties serve
	default:
		add("d.state = ?", string(f.State))
	}
	if mine, v := s.mine(ctx); f.Mine {
		add(mine, v...)
	} else if !s.rules.May(ctx, "duty.confined") { // what tells of a child in danger, only to who bears it
		add("(d.confined = 0 or "+mine+")", v...)
	}
	if f.Clause != "" {
		add("(d.clause = ? or d.clause >= ? and d.clause < ?)", f.Clause, f.Clause+".", f.Clause+"/")
	}
	if f.Rule != "" {
		add("d.rule = ?", f.Rule)
	}
	if f.ChildID != "" {
		add("d.child_id = ?", f.ChildID)
	}
	if f.Late {
		add("d.late = 1")
	}
	if after := f.After; after != "" && len(after) > 10 {
		add("(d.due_on > ? or d.due_on = ? and d.id > ?)", after[:10], after[:10], after[10:])
	}
	duties, err := store.All[Duty](scoped, s.db, `
		select `+store.Columns[Duty]("d")+`
		  from duty_duty d
		 where `+strings.Join(where, " and ")+`
		 order by d.due_on, d.id
		 limit ?`, append(values, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("listing duties: %w", err)
	}
	return s.dress(ctx, duties, names)
}

// mine is the predicate of what the person's own posts owe: what their role
// bears at their own region, and what has gone up to them.
func (s *Service) mine(ctx context.Context) (string, []any) {
	actor, _ := authz.ActorOf(ctx)
	parts, values, today := []string{}, []any{}, string(s.today())
	for _, g := range actor.Grants {
		// What was given to one holder by name is again everybody's of the post
		// when that person holds it no more.
		parts = append(parts, `(d.bearer_role = ? and d.bearer_region = ? and d.organisation_id in ('', ?) and (d.bearer_user in ('', ?) or not exists (
			select 1 from account_grant g join account_user u on u.id = g.user_id
			 where g.user_id = d.bearer_user and g.role = d.bearer_role and g.region = d.bearer_region and u.disabled_at is null and `+heldToday+`)))`)
		values = append(values, string(g.Role), g.Region, g.Organisation, actor.UserID, today, today)
		for bearer, line := range s.policy.Pack.Lines {
			step := slices.Index(line, string(g.Role))
			if step < 0 {
				continue
			}
			low, high := region.Bounds(g.Prefix())
			parts = append(parts, "(d.bearer_role = ? and d.level = ? and d.region >= ? and d.region < ?)")
			values = append(values, bearer, step+1, low, high)
		}
	}
	if len(parts) == 0 {
		return "1 = 0", nil
	}
	return "(" + strings.Join(parts, " or ") + ")", values
}

// dress adds titles, children's names and holders, in two queries for a page.
func (s *Service) dress(ctx context.Context, duties []Duty, names Namer) ([]Row, error) {
	rows := make([]Row, len(duties))
	var children, ids []string
	posts := map[authz.Post][]holder{}
	for i, d := range duties {
		rule, _ := s.policy.Pack.Duty(d.Rule)
		rows[i] = Row{Duty: d, Title: rule.Title, Holders: []string{}, NowWith: d.BearerRole}
		if line := s.policy.Pack.Lines[d.BearerRole]; d.Level > 0 && d.Level <= len(line) {
			rows[i].NowWith = line[d.Level-1]
		}
		if d.ChildID != "" {
			children = append(children, d.ChildID)
		}
		ids = append(ids, d.ID)
		posts[d.post()] = nil
	}
	if len(rows) == 0 {
		return rows, nil
	}
	if names != nil && len(children) > 0 {
		named, err := names(ctx, s.db, children)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].ChildName = named[rows[i].ChildID]
		}
	}
	if err := s.holders(ctx, posts); err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Holders = namesOf(posts[rows[i].post()], rows[i].BearerUser)
	}
	return rows, s.journal.Read(ctx, "duty.list", journal.Entry{Kind: "duty", IDs: ids})
}

// OfThread lists all duties of a case that the caller has checked, open ones
// first.
func (s *Service) OfThread(ctx context.Context, thread string) ([]Row, error) {
	duties, err := store.All[Duty](ctx, s.db, `
		select `+store.Columns[Duty]("d")+`
		  from duty_duty d
		 where d.thread_id = ?
		 order by case when d.state = 'open' then 0 else 1 end, d.due_on, d.id
		 limit 200`, thread)
	if err != nil {
		return nil, fmt.Errorf("listing the duties of a case: %w", err)
	}
	return s.dress(ctx, duties, nil)
}

// NextOf is the open duty of each case that is due first.
func (s *Service) NextOf(ctx context.Context, q store.Querier, threads []string) (map[string]Duty, error) {
	duties, err := store.All[Duty](ctx, q, `
		select `+store.Columns[Duty]("d")+`
		  from duty_duty d
		 where d.state = 'open' and d.thread_id in (`+store.Marks(len(threads))+`)
		 order by d.due_on desc, d.due_at desc, d.id desc`, store.Anys(threads)...)
	if err != nil {
		return nil, fmt.Errorf("reading what is owed next: %w", err)
	}
	next := map[string]Duty{}
	for _, d := range duties { // the earliest comes last and stays
		next[d.ThreadID] = d
	}
	return next, nil
}

// heldToday is the predicate of a post g that is held today, given twice.
const heldToday = `g.ended_at is null and g.from_on <= ? and (g.until_on = '' or g.until_on >= ?)`

// post is who owes the duty.
func (d Duty) post() authz.Post {
	return authz.Post{Role: authz.Role(d.BearerRole), Region: d.BearerRegion, Unit: d.UnitID}
}

// holder is somebody who holds a post today.
type holder struct {
	User   string     `db:"user_id"`
	Name   string     `db:"name"`
	Role   authz.Role `db:"role"`
	Region string     `db:"region"`
	Unit   string     `db:"organisation_id"`
}

// holders fills in who holds each post.
func (s *Service) holders(ctx context.Context, posts map[authz.Post][]holder) error {
	regions, roles := []any{}, []any{}
	for p := range posts {
		roles, regions = append(roles, string(p.Role)), append(regions, p.Region)
	}
	found, err := store.All[holder](ctx, s.db, `
		select distinct g.user_id, u.name, g.role, g.region, g.organisation_id
		  from account_grant g
		  join account_user u on u.id = g.user_id
		 where g.role in (`+store.Marks(len(roles))+`) and g.region in (`+store.Marks(len(regions))+`)
		   and u.disabled_at is null and `+heldToday+`
		 order by u.name, g.user_id`, append(append(roles, regions...), string(s.today()), string(s.today()))...)
	if err != nil {
		return fmt.Errorf("reading who holds the posts: %w", err)
	}
	for _, h := range found {
		for _, p := range []authz.Post{{Role: h.Role, Region: h.Region}, {Role: h.Role, Region: h.Region, Unit: h.Unit}} {
			if _, asked := posts[p]; asked {
				posts[p] = append(posts[p], h)
			}
		}
	}
	return nil
}

// namesOf lists the first few holders of a post, or the one of them a duty was
// given to; when that one holds it no more it is again everybody's.
func namesOf(post []holder, given string) []string {
	const most = 5
	names := []string{}
	for _, h := range post {
		if h.User == given {
			return []string{h.Name}
		}
		if len(names) < most && !slices.Contains(names, h.Name) {
			names = append(names, h.Name)
		}
	}
	return names
}

// DueOf is the day on which a child's open duty of a rule is due; empty when
// none is open.
func (s *Service) DueOf(ctx context.Context, q store.Querier, child, rule string) (clock.Day, error) {
	due, _, err := store.Maybe[clock.Day](ctx, q, `
		select d.due_on from duty_duty d where d.child_id = ? and d.rule = ? and d.state = 'open' order by d.due_on limit 1`, child, rule)
	if err != nil {
		return "", fmt.Errorf("reading what is owed: %w", err)
	}
	return due, nil
}
