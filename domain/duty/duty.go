package duty

import (
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
)

// Duty is one obligation (职责). It names no particulars of a child: id, place
// and clause suffice to find them for whoever may.
type Duty struct {
	ID           string    `db:"id" json:"id"`
	Rule         string    `db:"rule" json:"rule"`
	Clause       string    `db:"clause" json:"clause"`
	Pack         string    `db:"pack" json:"-"`
	ChildID      string    `db:"child_id" null:"true" json:"child_id"`
	SubjectKind  string    `db:"subject_kind" json:"subject_kind"`
	SubjectID    string    `db:"subject_id" json:"subject_id"`
	ThreadID     string    `db:"thread_id" null:"true" json:"thread_id" doc:"the case it belongs to"`
	Region       string    `db:"region" json:"region"`
	BearerRole   string    `db:"bearer_role" json:"bearer_role"`
	BearerRegion string    `db:"bearer_region" json:"bearer_region"`
	BearerUser   string    `db:"bearer_user" json:"bearer_user"`
	UnitID       string    `db:"organisation_id" json:"organisation_id" doc:"the one unit that owes it, where a unit is meant and not whoever holds the post"`
	FamilyBearer string    `db:"family_bearer" json:"family_bearer" doc:"a person of the family who owes it; the post then stands by for them"`
	Level        int       `db:"level" json:"level" doc:"how many steps up its line it has gone"`
	Name         string    `db:"name" json:"-"`
	Reason       string    `db:"reason" json:"reason"`
	Urgent       bool      `db:"urgent" json:"urgent"`
	Confined     bool      `db:"confined" json:"-"`
	OpenedAt     time.Time `db:"opened_at" json:"opened_at"`
	DueOn        clock.Day `db:"due_on" json:"due_on"`
	DueAt        time.Time `db:"due_at" json:"due_at,omitzero" doc:"the minute it is due, where its clock runs by the hour; else the end of the day"`
	Late         bool      `db:"late" json:"late"`
	NextAt       time.Time `db:"next_at" json:"-"`
	PriorState   State     `db:"prior_state" json:"-"`
	State        State     `db:"state" json:"state"`
	MovedAt      time.Time `db:"moved_at" json:"-"`
	ClosedAt     time.Time `db:"closed_at" json:"closed_at,omitzero"`
	EvidenceKind string    `db:"evidence_kind" json:"evidence_kind"`
	EvidenceID   string    `db:"evidence_id" json:"evidence_id"`
	Version      int       `db:"version" json:"version"`
}

// Opening calls for a duty.
type Opening struct {
	Rule        string // a duty rule of the pack
	ChildID     string
	ThreadID    string // the case it belongs to: then it is shown as that case is
	SubjectKind string // "child" unless it is about something else
	SubjectID   string
	Region      string     // of the subject, twelve digits
	DueOn       clock.Day  // empty: the rule's term from today
	DueAt       time.Time  // a moment instead: a clock that goes on running from before
	From        time.Time  // when the rule's term began to run, if that was before now
	Post        authz.Post // who owes it, when not the rule's own post for the place
	For         string     // tells apart several duties of one rule for one subject
	Reason      string     // public words
	Family      string     // a person of the family who owes it
}

// name makes a duty one of its kind: while it is open, opening it again is
// the same duty.
func (o Opening) name() string { return o.Rule + "/" + o.SubjectKind + "/" + o.SubjectID + "/" + o.For }

// lateAt reports whether the duty is late at a moment.
func (d Duty) lateAt(now time.Time) bool {
	if d.DueAt.IsZero() {
		return d.DueOn < clock.DayOf(now)
	}
	return d.DueAt.Before(now)
}

// Evidence is the record that discharges a duty.
type Evidence struct {
	Kind string
	ID   string
	At   time.Time // when it was done, where that was before it was written down
}
