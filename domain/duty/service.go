package duty

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/policy"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Service is all that others may call.
type Service struct {
	db      *store.DB
	policy  *policy.Service
	journal *journal.Journal
	rules   *authz.Authority
	notify  *notify.Service
	clock   clock.Clock
	guard   Guard
}

// Guard looks at a case some of whose duties were closed, when all else in the
// transaction is done.
type Guard func(ctx context.Context, tx *store.Tx, thread string) error

// GuardThreads names who sees to it that an open case is never without a next
// step. The mechanism that keeps cases comes later in the order of imports.
func (s *Service) GuardThreads(g Guard) { s.guard = g }

// Check asks the guard to look at a case before the transaction commits.
func (s *Service) Check(ctx context.Context, tx *store.Tx, thread string) {
	type guarded struct{ thread string }
	if s.guard == nil || thread == "" || tx.Recall(guarded{thread}) != nil {
		return
	}
	tx.Remember(guarded{thread}, true)
	tx.BeforeCommit(func() error {
		tx.Remember(guarded{thread}, nil) // what the guard opens or closes is looked at again
		return s.guard(ctx, tx, thread)
	})
}

// NewService returns the ledger.
func NewService(db *store.DB, p *policy.Service, j *journal.Journal, rules *authz.Authority, n *notify.Service, c clock.Clock) *Service {
	return &Service{db: db, policy: p, journal: j, rules: rules, notify: n, clock: c}
}

// Figure is the name under which the ledger is counted: part is
// "clause:open", ":late", ":discharged", ":kept" (discharged in time).
const Figure = "duty"

func count(d Duty, sign int) []tally.Delta {
	add := func(what string) tally.Delta {
		return tally.Delta{Name: Figure, Region: d.Region, Part: d.Clause + ":" + what, N: sign}
	}
	switch d.State {
	case Open:
		if d.Late {
			return []tally.Delta{add("open"), add("late")}
		}
		return []tally.Delta{add("open")}
	case Discharged:
		if !d.Late {
			return []tally.Delta{add("discharged"), add("kept")}
		}
		return []tally.Delta{add("discharged")}
	}
	return nil
}

// OpenTx opens duties in the transaction of the fact that calls for them. One
// that is open already stays as it is. It returns the ids in order.
func (s *Service) OpenTx(ctx context.Context, tx *store.Tx, openings ...Opening) ([]string, error) {
	if len(openings) == 0 {
		return nil, nil
	}
	now := s.clock.Now()
	today := clock.DayOf(now)
	numbers := map[string]policy.Numbers{}
	names := make([]string, len(openings))
	for i, o := range openings {
		if o.SubjectKind == "" {
			o.SubjectKind, o.SubjectID = "child", o.ChildID
			openings[i] = o
		}
		names[i] = openings[i].name()
	}
	there, err := openNames(ctx, tx, names)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(openings))
	var rows []Duty
	var deltas []tally.Delta
	var entries []journal.Entry
	for i, o := range openings {
		if id, ok := there[names[i]]; ok {
			ids[i] = id
			continue
		}
		rule, ok := s.policy.Pack.Duty(o.Rule)
		if !ok {
			return nil, fault.NewInternal(fmt.Errorf("the pack has no duty %s", o.Rule))
		}
		county := o.Region[:6]
		if numbers[county] == nil {
			if numbers[county], err = s.policy.Numbers(ctx, tx, o.Region, today); err != nil {
				return nil, err
			}
		}
		due, dueAt := o.DueOn, o.DueAt
		if due == "" && dueAt.IsZero() {
			value, on := numbers[county][rule.Term]
			if !on {
				continue // the clock this duty would run on is not switched on
			}
			from := o.From
			if from.IsZero() || from.After(now) {
				from = now
			}
			if term, _ := s.policy.Pack.Parameter(rule.Term); term.WholeDays() {
				due = clock.DayOf(from).AddDays(value)
			} else {
				dueAt = from.Add(term.Span(value))
			}
		}
		if due == "" {
			due = clock.DayOf(dueAt)
		}
		post, err := s.post(rule, o)
		if err != nil {
			return nil, err
		}
		d := Duty{ID: uuid.Must(uuid.NewV7()).String(), Rule: rule.ID, Clause: rule.Clause, Pack: s.policy.Pack.ID,
			ChildID: o.ChildID, ThreadID: o.ThreadID, SubjectKind: o.SubjectKind, SubjectID: o.SubjectID, Region: o.Region,
			BearerRole: string(post.Role), BearerRegion: post.Region, UnitID: post.Unit, FamilyBearer: o.Family,
			Name: names[i], Reason: o.Reason, Urgent: rule.Urgent, Confined: rule.Confined || o.ThreadID != "", OpenedAt: now, DueOn: due, DueAt: dueAt,
			State: Open, MovedAt: now, Version: 1}
		d.Late, d.NextAt = d.lateAt(now), d.DueAt
		if d.DueAt.IsZero() {
			d.NextAt = due.End()
		}
		if d.Late { // its bearer has a step's time before it goes up
			d.NextAt = now.Add(step(numbers[county], d))
		}
		there[d.Name] = d.ID
		ids[i] = d.ID
		rows = append(rows, d)
		deltas = append(deltas, count(d, 1)...)
		entries = append(entries, journal.Entry{Kind: "duty", ID: d.ID, Subject: d.about(), Region: d.Region, Duty: d.ID, Note: d.Rule})
	}
	if len(rows) == 0 {
		return ids, nil
	}
	if err := store.Insert(ctx, tx, "duty_duty", rows...); err != nil {
		if store.IsUnique(err) { // another transaction opened one of them just now
			return nil, fmt.Errorf("opening duties: %w", store.ErrAgain)
		}
		return nil, fmt.Errorf("opening duties: %w", err)
	}
	if err := tally.AddTx(ctx, tx, deltas...); err != nil {
		return nil, err
	}
	if err := s.tellUrgent(ctx, tx, rows); err != nil {
		return nil, err
	}
	return ids, s.journal.Record(ctx, tx, "duty.opened", entries...)
}

// post is who owes a duty: the rule's own post for the place, or the one the
// opening names, which must stand on a line up.
func (s *Service) post(rule policy.DutyRule, o Opening) (authz.Post, error) {
	p := o.Post
	if p.Role == "" {
		p.Role = authz.Role(rule.Bearer)
	}
	if p.Region == "" {
		p.Region = PostRegion(p.Role, o.Region)
	}
	if len(s.policy.Pack.Lines[string(p.Role)]) == 0 {
		return authz.Post{}, fault.NewInternal(fmt.Errorf("%s is to be borne by %s, which no line leads up from", rule.ID, p.Role))
	}
	return p, nil
}

// tellUrgent leaves one notice for each post and kind of urgent duty, however
// many an import opened at once.
func (s *Service) tellUrgent(ctx context.Context, tx *store.Tx, opened []Duty) error {
	told := map[string]bool{}
	for _, d := range opened {
		if key := d.Rule + d.BearerRegion + d.UnitID; d.Urgent && !told[key] {
			told[key] = true
			rule, _ := s.policy.Pack.Duty(d.Rule)
			if err := s.tell(ctx, tx, d, "opened", "有紧急任务："+rule.Title+"。请马上办理。"); err != nil {
				return err
			}
		}
	}
	return nil
}

func openNames(ctx context.Context, tx *store.Tx, names []string) (map[string]string, error) {
	type row struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	there := map[string]string{}
	for len(names) > 0 {
		n := min(400, len(names))
		rows, err := store.All[row](ctx, tx, `
			select id, name from duty_duty where state = 'open' and name in (`+store.Marks(n)+`)`, store.Anys(names[:n])...)
		if err != nil {
			return nil, fmt.Errorf("looking for open duties: %w", err)
		}
		for _, r := range rows {
			there[r.Name] = r.ID
		}
		names = names[n:]
	}
	return there, nil
}

// PostRegion is the region at which a role's post stands for a place: the
// village itself for its director, the township for its supervisor, the county
// for the rest.
func PostRegion(role authz.Role, region string) string {
	switch role {
	case authz.VillageDirector:
		return region
	case authz.TownshipSupervisor:
		return region[:9] + "000"
	}
	return region[:6] + "000000"
}

// Which picks open duties: all of a child, or those of some rules, or one by
// what it is For.
type Which struct {
	ChildID     string
	ThreadID    string // all of a case
	SubjectKind string // with SubjectID, instead of ChildID
	SubjectID   string
	Rules       []string
	For         string // with exactly one rule
	ID          string
}

func (s *Service) open(ctx context.Context, tx *store.Tx, w Which) ([]Duty, error) {
	where, values := []string{"d.state = 'open'"}, []any{}
	add := func(text string, v ...any) { where, values = append(where, text), append(values, v...) }
	switch {
	case w.ID != "":
		add("d.id = ?", w.ID)
	case w.SubjectKind != "":
		add("d.subject_kind = ? and d.subject_id = ?", w.SubjectKind, w.SubjectID)
	case w.ThreadID != "":
		add("d.thread_id = ?", w.ThreadID)
	case w.ChildID != "":
		add("d.child_id = ?", w.ChildID)
	default:
		return nil, fault.NewInternal(fmt.Errorf("duties of nobody were asked for"))
	}
	if len(w.Rules) > 0 {
		add("d.rule in ("+store.Marks(len(w.Rules))+")", store.Anys(w.Rules)...)
	}
	duties, err := store.All[Duty](ctx, tx, `
		select `+store.Columns[Duty]("d")+` from duty_duty d where `+strings.Join(where, " and ")+` order by d.id`, values...)
	if err != nil {
		return nil, fmt.Errorf("reading open duties: %w", err)
	}
	if w.For == "" {
		return duties, nil
	}
	kept := duties[:0]
	for _, d := range duties {
		if d.Name == (Opening{Rule: d.Rule, SubjectKind: d.SubjectKind, SubjectID: d.SubjectID, For: w.For}).name() {
			kept = append(kept, d)
		}
	}
	return kept, nil
}

// OpenOf lists the open duties that fit, inside a transaction.
func (s *Service) OpenOf(ctx context.Context, tx *store.Tx, w Which) ([]Duty, error) {
	return s.open(ctx, tx, w)
}

// DischargeTx closes the open duties that fit, by a record. It returns how many.
func (s *Service) DischargeTx(ctx context.Context, tx *store.Tx, w Which, e Evidence) (int, error) {
	if e.Kind == "" || e.ID == "" {
		return 0, fault.NewInternal(fmt.Errorf("a duty is discharged only by a record"))
	}
	return s.closeAll(ctx, tx, w, Discharge, func(d *Duty) {
		d.EvidenceKind, d.EvidenceID, d.ClosedAt = e.Kind, e.ID, e.At
	})
}

// CancelTx ends the open duties that fit because their reason is gone.
func (s *Service) CancelTx(ctx context.Context, tx *store.Tx, w Which, reason string) (int, error) {
	return s.closeAll(ctx, tx, w, Cancel, func(d *Duty) { d.Reason = reason })
}

// CancelRoutineTx ends what a child's leaving the register ends: duties whose
// rule does not outlive it. Protection threads and school duties stay.
func (s *Service) CancelRoutineTx(ctx context.Context, tx *store.Tx, child, reason string) (int, error) {
	var rules []string
	for _, r := range s.policy.Pack.Duties {
		if !r.Outlives {
			rules = append(rules, r.ID)
		}
	}
	if len(rules) == 0 { // no rules would mean all of them
		return 0, nil
	}
	return s.CancelTx(ctx, tx, Which{ChildID: child, Rules: rules}, reason)
}

func (s *Service) closeAll(ctx context.Context, tx *store.Tx, w Which, by Action, set func(*Duty)) (int, error) {
	duties, err := s.open(ctx, tx, w)
	if err != nil {
		return 0, err
	}
	for i := range duties {
		d := duties[i]
		set(&d)
		if err := s.move(ctx, tx, duties[i], d, by); err != nil {
			return 0, err
		}
	}
	return len(duties), nil
}

// move is the only statement that changes a duty's state.
func (s *Service) move(ctx context.Context, tx *store.Tx, before, after Duty, by Action) error {
	next, err := Transitions.Next(before.State, by)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	after.PriorState, after.State, after.MovedAt = before.State, next, now
	if next != Open {
		if done := after.ClosedAt; by == Discharge { // what was done in time is kept, whenever it was written down
			if done.IsZero() {
				done = now
			}
			after.Late = before.lateAt(done)
		}
		after.ClosedAt, after.NextAt = now, time.Time{}
		s.Check(ctx, tx, before.ThreadID)
	}
	n, err := store.Exec(ctx, tx, `
		update duty_duty
		   set prior_state = ?, state = ?, moved_at = ?, closed_at = ?, next_at = ?, late = ?, level = ?, reason = ?,
		       region = ?, bearer_role = ?, bearer_region = ?, bearer_user = ?, organisation_id = ?, due_on = ?, due_at = ?,
		       evidence_kind = ?, evidence_id = ?, version = version + 1
		 where id = ? and state = ? and version = ?`,
		string(after.PriorState), string(after.State), after.MovedAt, after.ClosedAt, after.NextAt, after.Late, after.Level, after.Reason,
		after.Region, after.BearerRole, after.BearerRegion, after.BearerUser, after.UnitID, string(after.DueOn), after.DueAt,
		after.EvidenceKind, after.EvidenceID, before.ID, string(before.State), before.Version)
	if err != nil {
		return fmt.Errorf("moving duty %s: %w", before.ID, err)
	}
	if n == 0 {
		return fault.NewStale("duty.stale", "这项任务刚刚被别人处理过，请刷新后再看。")
	}
	if err := tally.AddTx(ctx, tx, append(count(before, -1), count(after, 1)...)...); err != nil {
		return err
	}
	return s.journal.Record(ctx, tx, "duty."+string(by), journal.Entry{Kind: "duty", ID: before.ID, Subject: before.about(), Region: after.Region, Duty: before.ID, Note: before.Rule})
}

// about is the subject of the journal's lines: the case where there is one, so
// that a child's timeline, which family and school may see, says nothing of it.
func (d Duty) about() string {
	if d.ThreadID != "" {
		return d.ThreadID
	}
	return d.ChildID
}

// MoveTx carries a child's open duties to the place that took the file over:
// files belong to the village, not to the officer. Those of a case stay with
// the case. Each new post is told once.
func (s *Service) MoveTx(ctx context.Context, tx *store.Tx, child, to string) error {
	duties, err := s.open(ctx, tx, Which{ChildID: child})
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, d := range duties {
		if d.ThreadID != "" {
			continue
		}
		moved := d
		moved.Region, moved.BearerUser, moved.UnitID = to, "", ""
		moved.BearerRegion = PostRegion(authz.Role(d.BearerRole), to)
		if err := s.move(ctx, tx, d, moved, Carry); err != nil {
			return err
		}
		if post := moved.BearerRole + moved.BearerRegion; moved.BearerRegion != d.BearerRegion && !told[post] {
			told[post] = true
			if err := s.tell(ctx, tx, moved, "moved", "有儿童的档案转到您这里，请看随之转来的任务。"); err != nil {
				return err
			}
		}
	}
	return nil
}

// PassTx gives an open duty to another post, as when a case goes to the station
// whose it is: the clock runs on.
func (s *Service) PassTx(ctx context.Context, tx *store.Tx, w Which, to authz.Post) (int, error) {
	duties, err := s.open(ctx, tx, w)
	if err != nil {
		return 0, err
	}
	for _, d := range duties {
		passed := d
		passed.BearerRole, passed.BearerRegion, passed.UnitID, passed.BearerUser, passed.Level = string(to.Role), to.Region, to.Unit, "", 0
		if err := s.move(ctx, tx, d, passed, Carry); err != nil {
			return 0, err
		}
		if err := s.tell(ctx, tx, passed, fmt.Sprintf("passed%d", d.Version), "有任务移交给您，时限不变，请马上办理。"); err != nil {
			return 0, err
		}
	}
	return len(duties), nil
}

// HandOver gives a duty to one holder of its post by name, or back to the post
// when user is empty. NotFound outside one's region; Conflict once the duty is
// closed; Invalid when the person holds no such post.
func (s *Service) HandOver(ctx context.Context, id, user string) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		d, found, err := store.Maybe[Duty](ctx, tx, `select `+store.Columns[Duty]("d")+` from duty_duty d where d.id = ?`, id)
		if err != nil {
			return fmt.Errorf("reading the duty: %w", err)
		}
		if !found {
			return s.rules.Absent(ctx, "duty.hand", "duty")
		}
		if err := s.rules.Check(ctx, tx, "duty.hand", authz.Subject{Kind: "duty", ID: d.ID, Person: d.ChildID, Region: d.Region}); err != nil {
			return err
		}
		if d.State != Open {
			return fault.NewConflict("duty.closed", "这项任务已经办结或取消，不能再转交。")
		}
		if user != "" {
			n, err := store.One[int](ctx, tx, `
				select count(*) from account_grant g
				 where g.user_id = ? and g.role = ? and g.region = ? and `+heldToday, user, d.BearerRole, d.BearerRegion, string(s.today()), string(s.today()))
			if err != nil {
				return fmt.Errorf("reading posts: %w", err)
			}
			if n == 0 {
				return fault.NewInvalid("duty.not_post", "这个人没有承担这项任务的岗位，请先授予岗位。")
			}
		}
		handed := d
		handed.BearerUser = user
		if err := s.move(ctx, tx, d, handed, Carry); err != nil || user == "" {
			return err
		}
		return s.notify.TellUserTx(ctx, tx, user, fmt.Sprintf("duty/%s/handed%d", d.ID, d.Version), "有一项任务指定由您办理。", "/duties/"+d.ID, d.Urgent)
	})
}

// Tick is the clock: it marks what has become late, takes it up its line and
// tells the next post, a batch at a time. It reports whether more is waiting.
func (s *Service) Tick(ctx context.Context) (bool, error) {
	const batch = 200
	now := s.clock.Now()
	n, err := store.In(ctx, s.db, func(tx *store.Tx) (int, error) {
		due, err := store.All[Duty](ctx, tx, `
			select `+store.Columns[Duty]("d")+`
			  from duty_duty d
			 where d.state = 'open' and d.next_at <= ?
			 order by d.next_at
			 limit ?`+store.For(tx, "", " for update skip locked"), now, batch)
		if err != nil {
			return 0, fmt.Errorf("reading what is due: %w", err)
		}
		numbers := map[string]policy.Numbers{}
		for _, d := range due {
			county := d.Region[:6]
			if numbers[county] == nil {
				if numbers[county], err = s.policy.Numbers(ctx, tx, d.Region, clock.DayOf(now)); err != nil {
					return 0, err
				}
			}
			late := d
			line := s.policy.Pack.Lines[d.BearerRole]
			if (late.Late || d.Urgent && !d.DueAt.IsZero()) && late.Level < len(line) {
				late.Level++ // it was late already, or cannot wait: one step up
			}
			late.Late = true
			late.NextAt = now.Add(step(numbers[county], d))
			occasion := fmt.Sprintf("late%d", late.Level)
			if late.Level == len(line) && d.Level == late.Level {
				// At the end of its line it stays with the conference office and is
				// said again each step, not forgotten.
				occasion += "/" + string(clock.DayOf(now))
			}
			if err := s.move(ctx, tx, d, late, Carry); err != nil {
				return 0, err
			}
			if err := s.tell(ctx, tx, late, occasion, "有任务逾期未办，请督促办理。"); err != nil {
				return 0, err
			}
		}
		return len(due), nil
	})
	return n == batch, err
}

// step is how long a late duty stays with a post before it goes to the next:
// days, or minutes for one whose own clock runs by the minute.
func step(n policy.Numbers, d Duty) time.Duration {
	if !d.DueAt.IsZero() {
		return time.Duration(n[policy.UrgentStep]) * time.Minute
	}
	return time.Duration(n[policy.EscalationStep]) * 24 * time.Hour
}

// tell leaves a notice for the post that must act now: the bearer, or the post
// the duty has gone up to.
func (s *Service) tell(ctx context.Context, tx *store.Tx, d Duty, occasion, text string) error {
	role := authz.Role(d.BearerRole)
	if d.Level > 0 {
		role = authz.Role(s.policy.Pack.Lines[d.BearerRole][d.Level-1])
	}
	at, unit := PostRegion(role, d.Region), ""
	if d.Level == 0 {
		at, unit = d.BearerRegion, d.UnitID
	}
	return s.notify.TellTx(ctx, tx, authz.Post{Role: role, Region: at, Unit: unit}, "duty/"+d.ID+"/"+occasion, text, "/duties/"+d.ID, d.Urgent)
}

func (s *Service) today() clock.Day { return clock.Today(s.clock) }
