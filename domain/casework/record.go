package casework

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Record is one thing an office wrote in a case.
type Record struct {
	ID         string         `db:"id" json:"id" see:"basic"`
	ThreadID   string         `db:"thread_id" json:"-"`
	LineID     string         `db:"line_id" json:"line_id" see:"basic"`
	Place      int            `db:"place" json:"place" see:"basic"`
	PriorKind  string         `db:"prior_kind" json:"-"`
	Kind       string         `db:"kind" json:"kind" see:"case"`
	Region     string         `db:"region" json:"-"`
	UnitID     string         `db:"unit_id" json:"unit_id" doc:"the unit the line was given to" see:"case"`
	Sealed     []byte         `db:"sealed" json:"-"`
	Author     string         `db:"author" json:"author" see:"case"`
	AuthorUnit string         `db:"author_unit" json:"-"`
	DoneAt     time.Time      `db:"done_at" json:"done_at" doc:"when it happened" see:"case"`
	DoneOn     clock.Day      `db:"done_on" json:"-"`
	RecordedAt time.Time      `db:"recorded_at" json:"recorded_at" doc:"when it was written down" see:"case"`
	Values     map[string]any `db:"-" json:"values" see:"case"`
	Units      string         `db:"-" json:"units" doc:"the names of the author's unit and of the one addressed" see:"case"`
	Corrected  []Correction   `db:"-" json:"corrected" see:"case"`
}

// Correction is what a record said before it was put right.
type Correction struct {
	ID          string         `db:"id" json:"id"`
	RecordID    string         `db:"record_id" json:"-"`
	Sealed      []byte         `db:"sealed" json:"-"`
	Author      string         `db:"author" json:"author"`
	CorrectedAt time.Time      `db:"corrected_at" json:"corrected_at"`
	Reason      string         `db:"-" json:"reason"`
	Values      map[string]any `db:"-" json:"values" doc:"what stands now"`
}

func recordPlace(id string) crypto.Place {
	return crypto.Place{Column: "casework_record.sealed", ID: id}
}

func correctionPlace(id string) crypto.Place {
	return crypto.Place{Column: "casework_correction.sealed", ID: id}
}

func (r *Record) open(key *crypto.Key) error {
	text, err := key.Open(recordPlace(r.ID), r.Sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), &r.Values)
}

// NewRecord is what somebody writes. The same id sent again is the same record.
type NewRecord struct {
	ID     string         `json:"id" minLength:"36" maxLength:"36"`
	Kind   string         `json:"kind" maxLength:"40"`
	Line   string         `json:"line,omitempty" maxLength:"40" doc:"the line it goes on; empty: it begins one"`
	DoneAt time.Time      `json:"done_at,omitzero" doc:"when it happened, if not now"`
	Values map[string]any `json:"values"`
}

// Hook does what a mechanism adds to the writing of one kind of record, inside
// its transaction and before the record stands. It may refuse it.
type Hook func(ctx context.Context, tx *store.Tx, t *report.Thread, r *Record) error

// On adds a hook.
func (s *Service) On(kind string, h Hook) {
	if _, ok := s.pack.Kind(kind); !ok {
		panic("casework: the pack has no record " + kind)
	}
	s.hooks[kind] = append(s.hooks[kind], h)
}

// early is how long before a case was opened something may have been done that
// is written in it: an officer acts first and writes down after.
const early = 30 * 24 * time.Hour

// Add writes a record. Invalid names its fields; NotFound for a case or line
// out of reach; Conflict where the line stands elsewhere by now, or the case is
// closed.
func (s *Service) Add(ctx context.Context, thread string, n NewRecord) (Record, error) {
	kind, ok := s.pack.Kind(n.Kind)
	if !ok {
		return Record{}, fault.NewInvalid("casework.kind", "没有这种记录，请刷新页面后再填。")
	}
	return store.In(ctx, s.db, func(tx *store.Tx) (Record, error) {
		t, err := s.report.Reach(ctx, tx, kind.By, thread)
		if err != nil {
			return Record{}, err
		}
		if r, there, err := s.sent(ctx, tx, t, n); err != nil || there { // even where it closed the case
			return r, err
		}
		if t, err = s.reach(ctx, tx, kind, thread); err != nil {
			return Record{}, err
		}
		last, err := s.last(ctx, tx, t, kind, n.Line)
		if err != nil {
			return Record{}, err
		}
		actor, _ := authz.ActorOf(ctx)
		now := s.clock.Now()
		r := Record{ID: n.ID, ThreadID: t.ID, LineID: n.ID, Kind: kind.ID, Region: t.Region, Author: actor.Name, DoneAt: n.DoneAt, RecordedAt: now, Values: own(n.Values)}
		if last != nil {
			r.ThreadID, r.LineID, r.Place, r.PriorKind, r.UnitID = last.ThreadID, last.LineID, last.Place+1, last.Kind, last.UnitID
		}
		if r.AuthorUnit, err = author(ctx, kind, r.UnitID); err != nil {
			return Record{}, err
		}
		if r.DoneAt.IsZero() {
			r.DoneAt = now
		}
		bad := checkValues(s.pack, kind, r.Values, now)
		if r.DoneAt.After(now.Add(5*time.Minute)) || r.DoneAt.Before(t.OpenedAt.Add(-early)) {
			bad = bad.At("done_at", "时间不能晚于现在，也不能早于立案前三十天")
		}
		if len(bad.Fields) > 0 {
			return Record{}, bad
		}
		r.DoneOn = clock.DayOf(r.DoneAt)
		if err := s.address(ctx, tx, t, kind, &r); err != nil {
			return Record{}, err
		}
		for _, h := range s.hooks[kind.ID] {
			if err := h(ctx, tx, &t, &r); err != nil {
				return Record{}, err
			}
		}
		if err := s.keep(ctx, tx, t, &r); err != nil {
			return Record{}, err
		}
		if err := tally.AddTx(ctx, tx, count(kind, r)...); err != nil {
			return Record{}, err
		}
		return r, s.follow(ctx, tx, &t, kind, r)
	})
}

// count is what a record adds to the figures of the clauses it makes live.
func count(kind policy.Kind, r Record) (out []tally.Delta) {
	for _, clause := range kind.Live {
		out = append(out, tally.Delta{Name: policy.FigureClause, Region: r.Region, Part: clause, N: 1})
	}
	return out
}

// own is a copy of what was sent, to be tidied: the transaction may begin anew.
func own(values map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, values)
	return out
}

// reach loads the case for a kind of record: an open one, but for what may be
// written after closure.
func (s *Service) reach(ctx context.Context, tx *store.Tx, kind policy.Kind, thread string) (report.Thread, error) {
	if !kind.Closed {
		return s.report.OpenTx(ctx, tx, kind.By, thread)
	}
	t, err := s.report.Reach(ctx, tx, kind.By, thread)
	if err != nil {
		return report.Thread{}, err
	}
	if kind.Step == "reopen" && t.Open() {
		return report.Thread{}, fault.NewConflict("casework.open", "这个案件没有结案，不需要重新启动。")
	}
	s.duty.Check(ctx, tx, t.ID)
	return t, nil
}

// sent finds the record where the same was sent before.
func (s *Service) sent(ctx context.Context, tx *store.Tx, t report.Thread, n NewRecord) (Record, bool, error) {
	r, found, err := store.Maybe[Record](ctx, tx, `select `+store.Columns[Record]("r")+` from casework_record r where r.id = ?`, n.ID)
	if err != nil || !found {
		return Record{}, false, err
	}
	if r.ThreadID != t.ID || r.Kind != n.Kind {
		return Record{}, false, fault.NewConflict("casework.taken", "这条记录已经用于别的内容，请刷新页面后重新填写。")
	}
	key, err := s.keys.Key(ctx, tx, t.ID)
	if err != nil {
		return Record{}, false, err
	}
	return r, true, r.open(key)
}

var errMoved = fault.NewStale("casework.moved", "这一项刚刚被别人办理过，或现在还不能这样办理。请刷新后再看，您填写的内容仍在。")

// last is the record that a line stands at; nil where the kind begins one.
func (s *Service) last(ctx context.Context, tx *store.Tx, t report.Thread, kind policy.Kind, line string) (*Record, error) {
	if line == "" {
		if !kind.Follows("") {
			return nil, errMoved
		}
		return nil, nil
	}
	r, found, err := store.Maybe[Record](ctx, tx, `
		select `+store.Columns[Record]("r")+` from casework_record r where r.line_id = ? order by r.place desc limit 1`, line)
	if err != nil {
		return nil, fmt.Errorf("reading the line: %w", err)
	}
	if !found || r.ThreadID != t.ID && !s.joined(ctx, tx, r.ThreadID, t.ID) {
		return nil, fault.NewNotFound("not_found", "没有找到这条记录。")
	}
	if !kind.Follows(r.Kind) {
		return nil, errMoved
	}
	if r.Place > 0 { // the line is its first record's unit's, whoever was told of it since
		if r.UnitID, err = store.One[string](ctx, tx, `select unit_id from casework_record where id = ?`, line); err != nil {
			return nil, fmt.Errorf("reading whose the line is: %w", err)
		}
	}
	return &r, nil
}

// joined reports whether a case was joined into another.
func (s *Service) joined(ctx context.Context, q store.Querier, id, into string) bool {
	t, err := s.report.Thread(ctx, q, id)
	return err == nil && t.JoinedInto == into
}

// author is the organisation for which the actor writes. What a line's own unit
// writes, nobody else does.
func author(ctx context.Context, kind policy.Kind, unit string) (string, error) {
	actor, _ := authz.ActorOf(ctx)
	if i := slices.IndexFunc(actor.Grants, func(g authz.Grant) bool { return g.Organisation == unit }); i >= 0 && unit != "" {
		return unit, nil
	}
	if kind.Unit && !actor.System() {
		return "", fault.NewDenied("casework.unit", "这一项由受邀请（承办）的单位自己填写。")
	}
	if len(actor.Grants) > 0 {
		return actor.Grants[0].Organisation, nil
	}
	return "", nil
}

// roles are the posts by which each kind of organisation takes part in a case.
var roles = map[account.Kind]authz.Role{
	account.VillageCommittee: authz.VillageDirector, account.TownshipGovernment: authz.TownshipSupervisor, account.CivilAffairs: authz.CivilAffairs,
	account.EducationAuthority: authz.Education, account.School: authz.SchoolLeader, account.PoliceStation: authz.Police, account.CountyPolice: authz.Police,
	account.Hospital: authz.Health, account.HealthAuthority: authz.Health, account.ReliefInstitution: authz.Relief,
	account.MassOrganisation: authz.MassOrganisation, account.SocialWorkAgency: authz.SocialWorkAgency, account.Department: authz.Department,
}

// address gives a record that names a unit to it: the unit takes part in the
// case from then on.
func (s *Service) address(ctx context.Context, tx *store.Tx, t report.Thread, kind policy.Kind, r *Record) error {
	i := slices.IndexFunc(kind.Fields, func(a policy.Ask) bool { return a.Type == "unit" })
	if i < 0 {
		return nil
	}
	id, _ := r.Values[kind.Fields[i].Key].(string)
	if id == "" {
		return nil
	}
	unit, found, err := store.Maybe[account.Organisation](ctx, tx, `
		select `+store.Columns[account.Organisation]("")+` from account_organisation where id = ? and ended_on = ''`, id)
	if err != nil {
		return fmt.Errorf("reading the unit: %w", err)
	}
	if !found || roles[unit.Kind] == "" || unit.Region[:6] != t.Region[:6] {
		return fault.NewInvalid("casework.unit", "请选择本县的一个单位。").At(kind.Fields[i].Key, "请重新选择")
	}
	r.UnitID = id
	return authz.EnrolTx(ctx, tx, id, t.ID, string(clock.Today(s.clock)))
}

// keep seals the record and writes it.
func (s *Service) keep(ctx context.Context, tx *store.Tx, t report.Thread, r *Record) error {
	text, err := json.Marshal(r.Values)
	if err != nil {
		return fault.NewInternal(err)
	}
	key, err := s.keys.Key(ctx, tx, r.ThreadID)
	if err != nil {
		return err
	}
	r.Sealed = key.Seal(recordPlace(r.ID), string(text))
	if err := store.Insert(ctx, tx, "casework_record", *r); err != nil {
		if store.IsUnique(err) { // another took the place
			return errMoved
		}
		return fmt.Errorf("keeping the record: %w", err)
	}
	return s.journal.Record(ctx, tx, "casework.recorded", t.Entry("casework", r.ID, r.Kind))
}

// follow does what the pack says a record does: it discharges duties, moves the
// case and opens duties.
func (s *Service) follow(ctx context.Context, tx *store.Tx, t *report.Thread, kind policy.Kind, r Record) error {
	if len(kind.Settles) > 0 {
		if err := s.settle(ctx, tx, t, kind, r); err != nil {
			return err
		}
	}
	if err := s.step(ctx, tx, t, kind); err != nil {
		return err
	}
	for _, o := range kind.Opens {
		field, code, _ := strings.Cut(o.When, "=")
		if o.When != "" && r.Values[field] != code {
			continue
		}
		line := r.LineID
		if o.Whole {
			line = ""
		}
		opening := t.Opening(o.Rule, line, "已登记“"+kind.Name+"”")
		if opening.DueOn = policy.DayOf(r.Values[o.Due]); opening.DueOn != "" && opening.DueOn < clock.Today(s.clock) {
			opening.DueOn = clock.Today(s.clock)
		}
		opening.From = r.DoneAt
		if day := policy.DayOf(r.Values[o.From]); day != "" {
			opening.From = day.Start()
		}
		var err error
		if opening.Post, err = s.bearer(ctx, tx, *t, o, r); err != nil {
			return err
		}
		if _, err := s.duty.OpenTx(ctx, tx, opening); err != nil {
			return err
		}
	}
	return nil
}

// bearer is who owes a duty that a record opens.
func (s *Service) bearer(ctx context.Context, tx *store.Tx, t report.Thread, o policy.Opens, r Record) (authz.Post, error) {
	switch o.To {
	case "police":
		return t.Police(), nil
	case "township":
		return t.Township(), nil
	case "unit":
		return s.UnitPost(ctx, tx, r.UnitID)
	}
	return authz.Post{}, nil
}

// UnitPost is the post by which an organisation takes part in cases; none where
// there is no such organisation.
func (s *Service) UnitPost(ctx context.Context, q store.Querier, id string) (authz.Post, error) {
	unit, found, err := store.Maybe[account.Organisation](ctx, q, `select `+store.Columns[account.Organisation]("")+` from account_organisation where id = ?`, id)
	if err != nil {
		return authz.Post{}, fmt.Errorf("reading the unit: %w", err)
	}
	if !found {
		return authz.Post{}, nil
	}
	return authz.Post{Role: roles[unit.Kind], Region: unit.Region, Unit: unit.ID}, nil
}

// settle discharges the duties that the record is the evidence of: those of its
// line, and those that the case owes as a whole. What was done in time counts as
// kept, whenever it was written down.
func (s *Service) settle(ctx context.Context, tx *store.Tx, t *report.Thread, kind policy.Kind, r Record) error {
	open, err := s.duty.OpenOf(ctx, tx, duty.Which{ThreadID: t.ID, Rules: kind.Settles})
	if err != nil {
		return err
	}
	for _, d := range open {
		if !strings.HasSuffix(d.Name, "/"+r.LineID) && !strings.HasSuffix(d.Name, "/") {
			continue
		}
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ID: d.ID}, duty.Evidence{Kind: "casework", ID: r.ID, At: r.DoneAt}); err != nil {
			return err
		}
	}
	return nil
}

// step moves the case as its record says.
func (s *Service) step(ctx context.Context, tx *store.Tx, t *report.Thread, kind policy.Kind) error {
	to := func(from report.Stage, by report.Step) error {
		if t.State != from {
			return nil
		}
		return s.report.StepTx(ctx, tx, t, by, kind.Name)
	}
	switch kind.Step {
	case "notify":
		return to(report.Responding, report.Notify)
	case "plan":
		if err := to(report.Responding, report.Notify); err != nil {
			return err
		}
		return to(report.Assessing, report.Plan)
	case "assess":
		return to(report.Assisting, report.Assess)
	case "close":
		return s.report.StepTx(ctx, tx, t, report.Close, kind.Name)
	case "reopen":
		return to(report.Closed, report.Reopen)
	}
	return nil
}

// NewCorrection puts a record right.
type NewCorrection struct {
	ID     string         `json:"id" minLength:"36" maxLength:"36"`
	Reason string         `json:"reason" maxLength:"500"`
	Values map[string]any `json:"values"`
}

// Correct puts right what a record says; what it said before stays beside it.
// Only the office that wrote it corrects it, and neither its units nor its
// moment change: what followed from them has happened.
func (s *Service) Correct(ctx context.Context, id string, n NewCorrection) error {
	n.Reason = strings.TrimSpace(n.Reason)
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		r, found, err := store.Maybe[Record](ctx, tx, `select `+store.Columns[Record]("r")+` from casework_record r where r.id = ?`, id)
		if err != nil {
			return fmt.Errorf("reading the record: %w", err)
		}
		if !found {
			return s.rules.Absent(ctx, "casework.read", "casework")
		}
		kind, _ := s.pack.Kind(r.Kind)
		t, err := s.report.Reach(ctx, tx, kind.By, r.ThreadID)
		if err != nil {
			return err
		}
		actor, _ := authz.ActorOf(ctx)
		if !wrote(ctx, r) {
			return fault.NewDenied("casework.own", "只有写这条记录的单位可以更正。")
		}
		key, err := s.keys.Key(ctx, tx, r.ThreadID)
		if err != nil {
			return err
		}
		if err := r.open(key); err != nil {
			return err
		}
		values := own(n.Values)
		given := map[string]any{} // what is not typed: whom it was given to, where it is shown
		for _, a := range kind.Fields {
			if a.Type == "unit" || a.Type == "link" {
				delete(values, a.Key)
				if v, ok := r.Values[a.Key]; ok {
					given[a.Key] = v
				}
			}
			if v, ok := given[a.Key]; ok && a.Type == "unit" {
				values[a.Key] = v
			}
		}
		bad := checkValues(s.pack, kind, values, s.clock.Now())
		maps.Copy(values, given)
		if len([]rune(n.Reason)) < 4 {
			bad = bad.At("reason", "请写明为什么更正")
		}
		if len(bad.Fields) > 0 {
			return bad
		}
		text, err := json.Marshal(map[string]any{"reason": n.Reason, "values": values})
		if err != nil {
			return fault.NewInternal(err)
		}
		c := Correction{ID: n.ID, RecordID: r.ID, Sealed: key.Seal(correctionPlace(n.ID), string(text)), Author: actor.Name, CorrectedAt: s.clock.Now()}
		if err := store.Insert(ctx, tx, "casework_correction", c); err != nil {
			if store.IsUnique(err) {
				return nil // sent twice
			}
			return fmt.Errorf("keeping the correction: %w", err)
		}
		return s.journal.Record(ctx, tx, "casework.corrected", journal.Entry{Kind: "casework", ID: r.ID, Subject: t.ID, Region: t.Region, Note: r.Kind})
	})
}
