package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Row is a case in a list. Of a locked one only the number and where it stands
// are told to who is not named in it.
type Row struct {
	Thread
	ChildName  string    `json:"child_name" see:"case"`
	Situations []string  `json:"situations" see:"case"`
	Reports    int       `json:"reports" see:"basic"`
	NextRule   string    `json:"next_rule" doc:"what is owed next" see:"basic"`
	NextTitle  string    `json:"next_title" see:"basic"`
	NextRole   string    `json:"next_role" doc:"the role that owes it" see:"basic"`
	NextAt     time.Time `json:"next_at,omitzero" doc:"until when" see:"basic"`
	Late       bool      `json:"late" see:"basic"`
	Hidden     bool      `json:"hidden" doc:"locked, and the person is not named in it" see:"basic"`
}

// Filter narrows a list of cases.
type Filter struct {
	Region string
	State  Stage // empty: all that are open
	Surge  bool  // those that came in a surge, instead of all others
	After  string
	Limit  int
}

// place is where a list goes on after a row.
func (r Row) place() string { return fmt.Sprintf("%013d%s", r.OpenedAt.UnixMilli(), r.ID) }

// List shows cases in reach, the newest first. The line in the journal carries
// the ids it showed.
func (s *Service) List(ctx context.Context, f Filter) ([]Row, error) {
	scoped, err := s.rules.Scoped(ctx, "thread.list")
	if err != nil {
		return nil, err
	}
	if f.Region != "" {
		scoped = authz.Within(scoped, f.Region)
	}
	where, values := "t.closed_at is null", []any{}
	if f.State != "" {
		where, values = "t.state = ?", []any{string(f.State)}
	}
	if f.Surge {
		where += " and t.lane = 'surge'"
	} else {
		where += " and t.lane <> 'surge'"
	}
	if len(f.After) > 13 {
		var ms int64
		if _, err := fmt.Sscanf(f.After[:13], "%d", &ms); err == nil {
			where += " and (t.opened_at < ? or t.opened_at = ? and t.id > ?)"
			values = append(values, time.UnixMilli(ms), time.UnixMilli(ms), f.After[13:])
		}
	}
	threads, err := store.All[Thread](scoped, s.db, `
		select `+store.Columns[Thread]("t")+`
		  from report_thread t
		 where {scope t child_id id} and `+where+`
		 order by t.opened_at desc, t.id
		 limit ?`, append(values, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("listing cases: %w", err)
	}
	return s.dress(ctx, threads)
}

// dress adds to a page of cases whose they are, of what and what is owed next,
// in a fixed number of statements.
func (s *Service) dress(ctx context.Context, threads []Thread) ([]Row, error) {
	rows := make([]Row, len(threads))
	if len(rows) == 0 {
		return rows, nil
	}
	ids, children := make([]string, len(threads)), []string{}
	for i, t := range threads {
		rows[i], ids[i] = Row{Thread: t, Situations: []string{}}, t.ID
		if t.ChildID != "" {
			children = append(children, t.ChildID)
		}
	}
	open, err := s.named(ctx, ids)
	if err != nil {
		return nil, err
	}
	said, err := store.All[Report](ctx, s.db, `
		select r.id, r.thread_id, r.situations, r.sealed from report_report r
		 where r.thread_id in (`+store.Marks(len(ids))+`) order by r.filed_at, r.id`, store.Anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("reading what was reported: %w", err)
	}
	names, err := s.registry.Names(ctx, s.db, children)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys.Keys(ctx, s.db, ids...)
	if err != nil {
		return nil, err
	}
	next, err := s.duty.NextOf(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	groups := s.rules.ListGroups(ctx, "thread.list")
	for i := range rows {
		row := &rows[i]
		row.Hidden = row.Locked && !open[row.ID]
		for _, r := range said {
			if r.ThreadID != row.ID {
				continue
			}
			row.Reports++
			if row.Hidden {
				continue
			}
			for _, situation := range strings.Fields(r.Situations) {
				if !slices.Contains(row.Situations, situation) {
					row.Situations = append(row.Situations, situation)
				}
			}
			if key := keys[row.ID]; row.ChildName == "" && key != nil {
				if err := r.open(key); err != nil {
					return nil, err
				}
				row.ChildName = r.Content.ChildName
			}
		}
		if n := names[row.ChildID]; n != "" && !row.Hidden {
			row.ChildName = n
		}
		if row.Hidden {
			row.ChildID = ""
		}
		if d, ok := next[row.ID]; ok {
			rule, _ := s.policy.Pack.Duty(d.Rule)
			row.NextRule, row.NextTitle, row.NextRole, row.NextAt, row.Late = d.Rule, rule.Title, d.BearerRole, d.DueAt, d.Late
			if row.NextAt.IsZero() {
				row.NextAt = d.DueOn.End()
			}
		}
	}
	authz.Blank(&rows, groups)
	return rows, s.journal.Read(ctx, "thread.list", journal.Entry{Kind: "thread", IDs: ids})
}

// named tells which of some locked cases name the actor.
func (s *Service) named(ctx context.Context, ids []string) (map[string]bool, error) {
	found, err := store.All[string](ctx, s.db, `
		select subject_id from authz_named where user_id = ? and ended_at is null and subject_id in (`+store.Marks(len(ids))+`)`,
		append([]any{actorID(ctx)}, store.Anys(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("reading who is named: %w", err)
	}
	out := map[string]bool{}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}

func (r *Report) open(key *crypto.Key) error {
	text, err := key.Open(contentPlace(r.ID), r.Sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &r.Content); err != nil {
		return fmt.Errorf("reading the report: %w", err)
	}
	if r.Answer, err = key.Open(answerPlace(r.ID), r.AnswerSealed); err != nil {
		return err
	}
	r.Files = []File{}
	return nil
}

type note struct {
	ID        string    `db:"id"`
	ThreadID  string    `db:"thread_id"`
	Region    string    `db:"region"`
	Sealed    []byte    `db:"sealed"`
	WrittenBy string    `db:"written_by"`
	WrittenAt time.Time `db:"written_at"`
	NextOn    clock.Day `db:"next_on"`
}

func notePlace(id string) crypto.Place { return crypto.Place{Column: "report_note.sealed", ID: id} }

// Note is what somebody who handles the case wrote down.
type Note struct {
	ID     string    `json:"id" see:"case"`
	Text   string    `json:"text" see:"case"`
	By     string    `json:"by" see:"case"`
	At     time.Time `json:"at" see:"case"`
	NextOn clock.Day `json:"next_on" see:"case"`
}

// Alike is another case that may be about the same child.
type Alike struct {
	ID       string    `json:"id" see:"case"`
	Number   string    `json:"number" see:"case"`
	OpenedAt time.Time `json:"opened_at" see:"case"`
	Why      string    `json:"why" see:"case"`
}

// Page is a case on one page: whose it is, what was said, who holds what now,
// and everything that happened, from the first report to closure (案件主线).
type Page struct {
	Row     Row            `json:"thread" see:"nested"`
	Reports []Report       `json:"reports" see:"nested"`
	Notes   []Note         `json:"notes" see:"nested"`
	Duties  []duty.Row     `json:"duties" see:"basic"`
	Lines   []journal.Line `json:"lines" see:"case"`
	Alike   []Alike        `json:"alike" see:"nested"`
	Station string         `json:"station" see:"basic"`
	Admits  []string       `json:"admits" doc:"who is named in a locked case" see:"case"`
	Can     []string       `json:"can" doc:"what the person may do now" see:"basic"`
}

// Page shows one case as far as the person may see it.
func (s *Service) Page(ctx context.Context, id string) (*Page, error) {
	t, err := s.reach(ctx, s.db, "thread.read", id)
	if err != nil {
		return nil, err
	}
	rows, err := s.dress(ctx, []Thread{t})
	if err != nil {
		return nil, err
	}
	p := &Page{Row: rows[0], Reports: []Report{}, Notes: []Note{}, Lines: []journal.Line{}, Alike: []Alike{}, Admits: []string{}, Can: []string{}}
	if p.Duties, err = s.duty.OfThread(ctx, t.ID); err != nil {
		return nil, err
	}
	if p.Station, _, err = store.Maybe[string](ctx, s.db, `select name from account_organisation where id = ?`, t.PoliceUnit); err != nil {
		return nil, fmt.Errorf("reading the station: %w", err)
	}
	if p.Can, err = s.offers(ctx, t); err != nil {
		return nil, err
	}
	if p.Row.Hidden {
		return p, s.journal.Read(ctx, "thread.read", t.Entry("thread", t.ID, "locked"))
	}
	if err := s.fill(ctx, t, p); err != nil {
		return nil, err
	}
	if !s.rules.Reaches(ctx, s.db, "thread.change", t.Subject()) { // a unit that was asked in sees what it owes, and of the rest no more than where it stands
		actor, _ := authz.ActorOf(ctx)
		p.Duties = slices.DeleteFunc(p.Duties, func(d duty.Row) bool {
			return !slices.ContainsFunc(actor.Grants, func(g authz.Grant) bool { return g.Organisation == d.UnitID })
		})
		p.Lines = slices.DeleteFunc(p.Lines, func(l journal.Line) bool { return l.Kind == "casework" })
	}
	groups, err := s.rules.Groups(ctx, s.db, "thread.read", t.Subject())
	if err != nil {
		return nil, err
	}
	authz.Blank(p, groups)
	return p, s.journal.Read(ctx, "thread.read", t.Entry("thread", t.ID, ""))
}

// fill adds what lies behind the lock.
func (s *Service) fill(ctx context.Context, t Thread, p *Page) error {
	var err error
	if p.Reports, err = reports(ctx, s.db, t); err != nil {
		return err
	}
	owners := []string{t.ID}
	for _, r := range p.Reports {
		owners = append(owners, r.ThreadID)
	}
	keys, err := s.keys.Keys(ctx, s.db, owners...)
	if err != nil {
		return err
	}
	for i := range p.Reports {
		if key := keys[p.Reports[i].ThreadID]; key != nil {
			if err := p.Reports[i].open(key); err != nil {
				return err
			}
		}
	}
	attached, err := store.All[File](ctx, s.db, `
		select `+store.Columns[File]("f")+` from report_file f
		 where f.thread_id = ? or f.thread_id in (select j.id from report_thread j where j.joined_into = ?) order by f.added_at, f.id`, t.ID, t.ID)
	if err != nil {
		return fmt.Errorf("reading the evidence: %w", err)
	}
	for _, f := range attached {
		for i := range p.Reports {
			if p.Reports[i].ID == f.ReportID {
				p.Reports[i].Files = append(p.Reports[i].Files, f)
			}
		}
	}
	notes, err := store.All[note](ctx, s.db, `
		select `+store.Columns[note]("n")+` from report_note n
		 where n.thread_id = ? or n.thread_id in (select j.id from report_thread j where j.joined_into = ?) order by n.written_at desc, n.id`, t.ID, t.ID)
	if err != nil {
		return fmt.Errorf("reading the notes: %w", err)
	}
	for _, n := range notes {
		shown := Note{ID: n.ID, By: n.WrittenBy, At: n.WrittenAt, NextOn: n.NextOn}
		if key := keys[n.ThreadID]; key != nil {
			if shown.Text, err = key.Open(notePlace(n.ID), n.Sealed); err != nil {
				return err
			}
		}
		p.Notes = append(p.Notes, shown)
	}
	if p.Lines, err = journal.OfSubject(ctx, s.db, t.ID, 0, 200); err != nil {
		return err
	}
	if p.Alike, err = s.alike(ctx, t); err != nil {
		return err
	}
	if t.Locked {
		p.Admits, err = store.All[string](ctx, s.db, `
			select u.name from authz_named n join account_user u on u.id = n.user_id where n.subject_id = ? and n.ended_at is null order by n.named_at`, t.ID)
	}
	return err
}

// alike finds other open cases in the county that were told of under the same
// child's name. Only those that the person may reach are shown.
func (s *Service) alike(ctx context.Context, t Thread) ([]Alike, error) {
	scoped, err := s.rules.Scoped(ctx, "thread.list")
	if err != nil {
		return nil, err
	}
	found, err := store.All[Thread](scoped, s.db, `
		select distinct `+store.Columns[Thread]("t")+`
		  from report_report mine
		  join report_report r on r.named = mine.named and r.thread_id <> mine.thread_id
		  join report_thread t on t.id = r.thread_id
		 where mine.thread_id = ? and {scope t child_id id} and t.closed_at is null and t.id <> ? and t.locked = 0
		 order by t.opened_at desc
		 limit 5`, t.ID, t.ID)
	if err != nil {
		return nil, fmt.Errorf("looking for cases alike: %w", err)
	}
	out := make([]Alike, len(found))
	for i, f := range found {
		out[i] = Alike{f.ID, f.Number, f.OpenedAt, "报告中的儿童姓名相同"}
	}
	return out, nil
}

// offers are what the actor may do with a case as it stands, for the screen.
func (s *Service) offers(ctx context.Context, t Thread) ([]string, error) {
	all, err := reports(ctx, s.db, t)
	if err != nil {
		return nil, err
	}
	has := func(states ...State) bool {
		return slices.ContainsFunc(all, func(r Report) bool { return slices.Contains(states, r.State) })
	}
	may := func(action string) bool { return s.rules.Reaches(ctx, s.db, action, t.Subject()) }
	unlocked := s.mayUnlock(ctx, s.db, t)
	out := []string{}
	add := func(what string, when bool) {
		if when {
			out = append(out, what)
		}
	}
	if may("report.accept") {
		add("receipt", unlocked)
		held := false
		if !unlocked {
			if held, err = s.held(ctx, s.db, t); err != nil {
				return nil, err
			}
		}
		add("accept", t.Open() && has(Received) && !held)
		add("decline", t.Open() && t.State == Waiting && has(Received) && unlocked)
		add("pass", t.Open() && unlocked)
		add("answer", has(Accepted, Answered) && unlocked)
	}
	add("review", unlocked && has(Declined) && may("report.review"))
	add("inform", t.Open() && unlocked && may("report.inform"))
	add("change", t.Open() && unlocked && may("thread.change"))
	add("admit", t.Open() && t.Locked && unlocked && may("thread.change"))
	add("award", unlocked && has(Answered) && may("report.award"))
	add("omission", unlocked && may("report.omission"))
	return out, nil
}
