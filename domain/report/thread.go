package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/registry"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Thread is one child's case from the first report to closure (案件主线).
type Thread struct {
	ID           string    `db:"id" json:"id" see:"basic"`
	Number       string    `db:"number" json:"number" see:"basic"`
	ChildID      string    `db:"child_id" null:"true" json:"child_id" see:"case"`
	Region       string    `db:"region" json:"region" see:"basic"`
	PoliceRegion string    `db:"police_region" json:"-"`
	PoliceUnit   string    `db:"police_unit" json:"police_unit" doc:"the station that has it" see:"basic"`
	Urgent       bool      `db:"urgent" json:"urgent" see:"basic"`
	Locked       bool      `db:"locked" json:"locked" doc:"read only by those named in it" see:"basic"`
	Lane         string    `db:"lane" json:"lane" doc:"how it came in: surge when it is one of many at once, set apart to be sifted" see:"basic"`
	PriorState   Stage     `db:"prior_state" json:"-"`
	State        Stage     `db:"state" json:"state" see:"basic"`
	OpenedAt     time.Time `db:"opened_at" json:"opened_at" see:"basic"`
	MovedAt      time.Time `db:"moved_at" json:"-"`
	ClosedAt     time.Time `db:"closed_at" json:"closed_at,omitzero" see:"basic"`
	CloseReason  string    `db:"close_reason" json:"close_reason" see:"case"`
	JoinedInto   string    `db:"joined_into" null:"true" json:"joined_into" see:"basic"`
	Version      int       `db:"version" json:"version" see:"basic"`
}

// Open reports whether somebody still owes the child a next step.
func (t Thread) Open() bool { return t.ClosedAt.IsZero() }

// Police is the post that has the case on the police's side.
func (t Thread) Police() authz.Post {
	return authz.Post{Role: authz.Police, Region: t.PoliceRegion, Unit: t.PoliceUnit}
}

// Township is the post that leads the case's assessment and help: the county's
// civil affairs while nobody knows in which town the child is.
func (t Thread) Township() authz.Post {
	if region.Code(t.Region).Level() <= region.County {
		return authz.Post{Role: authz.CivilAffairs, Region: duty.PostRegion(authz.CivilAffairs, t.Region)}
	}
	return authz.Post{Role: authz.TownshipSupervisor, Region: duty.PostRegion(authz.TownshipSupervisor, t.Region)}
}

// Subject is how the rules see the case. Its lines in the journal are about
// the case, not the child.
func (t Thread) Subject() authz.Subject {
	return authz.Subject{Kind: "thread", ID: t.ID, Person: t.ID, Case: t.ID, Region: t.Region}
}

// Entry begins a journal line about the case.
func (t Thread) Entry(kind, id, note string) journal.Entry {
	return journal.Entry{Kind: kind, ID: id, Subject: t.ID, Region: t.Region, Note: note}
}

// Opening begins a duty of the case.
func (t Thread) Opening(rule, what, reason string) duty.Opening {
	return duty.Opening{Rule: rule, ChildID: t.ChildID, ThreadID: t.ID, SubjectKind: "thread", SubjectID: t.ID, Region: t.Region, For: what, Reason: reason}
}

var errNone = fault.NewNotFound("not_found", "没有找到这条记录。")

func thread(ctx context.Context, q store.Querier, id string) (Thread, error) {
	t, ok, err := store.Maybe[Thread](ctx, q, `select `+store.Columns[Thread]("t")+` from report_thread t where t.id = ?`, id)
	if err != nil {
		return Thread{}, fmt.Errorf("reading the case: %w", err)
	}
	if !ok {
		return Thread{}, errNone
	}
	return t, nil
}

// Reach loads a case that the actor may reach by an action of any mechanism
// whose rule speaks of cases. NotFound for others; where the case is locked,
// Denied unless it names the actor. A joined case is the one it was joined to.
func (s *Service) Reach(ctx context.Context, q store.Querier, action, id string) (Thread, error) {
	t, err := s.reach(ctx, q, action, id)
	if err != nil {
		return Thread{}, err
	}
	if !s.mayUnlock(ctx, q, t) {
		return Thread{}, errLocked
	}
	return t, nil
}

var errLocked = fault.NewDenied("thread.locked", "这是限阅案件，只有案件名单内的人员可以查看和办理。如确需办理，请联系承办民警。")

// reach is Reach before the lock.
func (s *Service) reach(ctx context.Context, q store.Querier, action, id string) (Thread, error) {
	t, err := thread(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return Thread{}, s.rules.Absent(ctx, action, "thread")
	}
	if err != nil {
		return Thread{}, err
	}
	if t.JoinedInto != "" { // joins are kept one step deep
		if t, err = thread(ctx, q, t.JoinedInto); err != nil {
			return Thread{}, err
		}
	}
	if err := s.rules.Check(ctx, q, action, t.Subject()); err != nil {
		return Thread{}, err
	}
	return t, nil
}

func (s *Service) mayUnlock(ctx context.Context, q store.Querier, t Thread) bool {
	return !t.Locked || s.rules.Reaches(ctx, q, "thread.locked", authz.Subject{Kind: "thread", ID: t.ID, Person: t.ID, Locked: t.ID})
}

// OpenTx loads an open case inside a transaction for a change by an action.
// Conflict when it is closed.
func (s *Service) OpenTx(ctx context.Context, tx *store.Tx, action, id string) (Thread, error) {
	t, err := s.Reach(ctx, tx, action, id)
	if err != nil {
		return Thread{}, err
	}
	return t, s.open(ctx, tx, t)
}

func (s *Service) open(ctx context.Context, tx *store.Tx, t Thread) error {
	if !t.Open() {
		return fault.NewConflict("thread.closed", "这个案件已经结案。如有新情况，请先重新启动案件，或另行报告。")
	}
	s.duty.Check(ctx, tx, t.ID)
	return nil
}

// Thread reads a case for mechanisms that come later; they have checked it, or
// act for the clock.
func (s *Service) Thread(ctx context.Context, q store.Querier, id string) (Thread, error) {
	return thread(ctx, q, id)
}

// Situations are those that the reports of a case speak of, for mechanisms that
// come later; they have checked it.
func (s *Service) Situations(ctx context.Context, q store.Querier, t Thread) (out []string, err error) {
	all, err := reports(ctx, q, t)
	for _, r := range all {
		for _, situation := range strings.Fields(r.Situations) {
			if !slices.Contains(out, situation) {
				out = append(out, situation)
			}
		}
	}
	return out, err
}

// StepTx moves a case on.
func (s *Service) StepTx(ctx context.Context, tx *store.Tx, t *Thread, by Step, reason string) error {
	next, err := ThreadTransitions.Next(t.State, by)
	if err != nil {
		return err
	}
	if next == Closed {
		if err := s.heard(ctx, tx, *t); err != nil {
			return err
		}
	}
	now := s.clock.Now()
	before := *t
	t.PriorState, t.State, t.MovedAt = t.State, next, now
	switch {
	case next == Closed:
		t.ClosedAt, t.CloseReason = now, reason
	case next == Joined:
		t.ClosedAt = now
	default:
		t.ClosedAt, t.CloseReason = time.Time{}, ""
	}
	n, err := store.Exec(ctx, tx, `
		update report_thread
		   set prior_state = ?, state = ?, moved_at = ?, closed_at = ?, close_reason = ?, joined_into = ?, version = version + 1
		 where id = ? and state = ? and version = ?`,
		string(t.PriorState), string(t.State), t.MovedAt, t.ClosedAt, t.CloseReason, store.OrNull(t.JoinedInto), t.ID, string(before.State), before.Version)
	if err != nil {
		return fmt.Errorf("moving the case: %w", err)
	}
	if n == 0 {
		return errStale
	}
	t.Version++
	if err := tally.AddTx(ctx, tx, append(countThread(before, -1), countThread(*t, 1)...)...); err != nil {
		return err
	}
	if !t.Open() {
		// What is still owed in it is owed no more, but for telling the reporters.
		if _, err := s.duty.CancelTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: s.endWithCase()}, "案件已结案"); err != nil {
			return err
		}
	}
	s.duty.Check(ctx, tx, t.ID)
	return s.journal.Record(ctx, tx, "thread."+string(by), t.Entry("thread", t.ID, string(next)))
}

// heard lets no case close over a report in it that nobody has taken up yet.
func (s *Service) heard(ctx context.Context, tx *store.Tx, t Thread) error {
	waiting, err := reports(ctx, tx, t, Received, Declined)
	if err != nil || len(waiting) == 0 {
		return err
	}
	return fault.NewConflict("thread.waiting", "这个案件又收到了新的报告，还没有受理或复核，不能结案。请先请公安机关受理。")
}

var errStale = fault.NewStale("thread.stale", "这个案件刚刚被别人办理过，请刷新后再看。")

// endWithCase are the duties that the end of a case cancels: all but those owed
// to its reporters and to the look back.
func (s *Service) endWithCase() (rules []string) {
	for _, r := range s.policy.Pack.Duties {
		if !r.Outlasts {
			rules = append(rules, r.ID)
		}
	}
	return rules
}

// FigureThread counts cases by where they stand: part "received", "closed", and
// "open" for all that are not closed.
const FigureThread = registry.FigureCases

func countThread(t Thread, sign int) []tally.Delta {
	out := []tally.Delta{{Name: FigureThread, Region: t.Region, Part: string(t.State), N: sign}}
	if t.Open() {
		out = append(out, tally.Delta{Name: FigureThread, Region: t.Region, Part: "open", N: sign})
	}
	return out
}

// keep is the guard of the ledger: an open case from which the last duty went
// gets one, with the township, so that somebody named owes the next step and a
// clock runs.
func (s *Service) keep(ctx context.Context, tx *store.Tx, id string) error {
	t, err := thread(ctx, tx, id)
	if err != nil || !t.Open() {
		return err
	}
	open, err := s.duty.OpenOf(ctx, tx, duty.Which{ThreadID: id})
	if err != nil || len(open) > 0 {
		return err
	}
	o := t.Opening(ruleNext, "", "案件还没有结案，现在没有人负责下一步：请安排，或按标准结案")
	o.Post = t.Township()
	if t.State == Waiting {
		o = t.Opening(ruleAccept, "", "案件还没有受理")
		if t.Lane == laneSurge {
			o = t.Opening(ruleSift, "", "案件还没有甄别")
		}
		o.Post = t.Police()
	}
	_, err = s.duty.OpenTx(ctx, tx, o)
	return err
}
