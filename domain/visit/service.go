package visit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/files"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Service is all that others may call.
type Service struct {
	db       *store.DB
	policy   *policy.Service
	duty     *duty.Service
	registry *registry.Service
	journal  *journal.Journal
	rules    *authz.Authority
	keys     *crypto.Keyring
	files    *files.Store
	clock    clock.Clock
}

// NewService returns the visits and begins to watch the register.
func NewService(db *store.DB, p *policy.Service, d *duty.Service, r *registry.Service, j *journal.Journal, rules *authz.Authority, keys *crypto.Keyring, f *files.Store, c clock.Clock) *Service {
	s := &Service{db: db, policy: p, duty: d, registry: r, journal: j, rules: rules, keys: keys, files: f, clock: c}
	r.Watch(s.plan)
	return s
}

const (
	routine = "visit.routine"
	verify  = "visit.verify"
	must    = "report.required"

	sourceMet    = "visit"
	sourceMissed = "visit_missed"
)

// plan keeps one open visit duty for every child who is owed care, and one
// verification by the township for those most in need. It runs in the
// transaction that settled the children.
func (s *Service) plan(ctx context.Context, tx *store.Tx, children []*registry.Settled) error {
	today := clock.Today(s.clock)
	numbers := map[string]policy.Numbers{}
	var openings []duty.Opening
	for _, c := range children {
		if !c.Owed() || c.Source.Kind == sourceMet {
			continue // the registry has cancelled what was routine; a visit rolls its own plan forward
		}
		county := c.Child.Region[:6]
		if numbers[county] == nil {
			var err error
			if numbers[county], err = s.policy.Numbers(ctx, tx, c.Child.Region, today); err != nil {
				return err
			}
		}
		n := numbers[county]
		days, on := n[levelKey(c.Child.SupportLevel)]
		if !on {
			continue
		}
		due := today.AddDays(days)
		if first := n["visit.first"]; c.New && c.Child.SupportLevel > 1 && first > 0 && first < days {
			due = today.AddDays(first)
		}
		if !c.New {
			open, err := s.duty.OpenOf(ctx, tx, duty.Which{ChildID: c.Child.ID, Rules: []string{routine}})
			if err != nil {
				return err
			}
			if len(open) > 0 && open[0].DueOn <= due {
				continue // what is owed already comes sooner
			}
			if len(open) > 0 { // the child now needs looking after more closely
				if _, err := s.duty.CancelTx(ctx, tx, duty.Which{ID: open[0].ID}, "关注程度提高，改为提前走访"); err != nil {
					return err
				}
			}
		}
		openings = append(openings, duty.Opening{Rule: routine, ChildID: c.Child.ID, Region: c.Child.Region, DueOn: due})
		if c.Child.SupportLevel == 1 {
			openings = append(openings, duty.Opening{Rule: verify, ChildID: c.Child.ID, Region: c.Child.Region})
		}
	}
	_, err := s.duty.OpenTx(ctx, tx, openings...)
	return err
}

func levelKey(level int) string { return fmt.Sprintf("visit.level%d", level) }

// Receipt is what a recorded visit returns: proof for the device that it is
// held, and what must happen next.
type Receipt struct {
	ID     string    `json:"id"`
	NextOn clock.Day `json:"next_on"`
	// Report names the situations that must be reported now.
	Report []string `json:"report"`
	At     int64    `json:"at" doc:"server time, milliseconds"`
}

// Record records a visit. Sent twice with the same id and content it is
// recorded once; with other content it is a Conflict. NotFound when the actor
// may not know of the child.
func (s *Service) Record(ctx context.Context, v NewVisit) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) { return s.RecordTx(ctx, tx, v) })
}

// RecordTx is Record inside a caller's transaction.
func (s *Service) RecordTx(ctx context.Context, tx *store.Tx, v NewVisit) (Receipt, error) {
	now := s.clock.Now()
	today := clock.DayOf(now)
	subject, err := s.registry.Subject(ctx, tx, v.ChildID)
	if err != nil {
		return Receipt{}, err
	}
	if err := s.rules.Check(ctx, tx, "visit.record", subject); err != nil {
		return Receipt{}, err
	}
	if v.ID == "" {
		v.ID = uuid.Must(uuid.NewV7()).String()
	}
	if err := v.validate(today); err != nil {
		return Receipt{}, err
	}
	if earlier, found, err := store.Maybe[Visit](ctx, tx, `select `+store.Columns[Visit]("v")+` from visit_visit v where v.id = ?`, v.ID); err != nil || found {
		if err != nil {
			return Receipt{}, fmt.Errorf("looking for the visit: %w", err)
		}
		return s.again(ctx, tx, earlier, v)
	}
	key, err := s.keys.Key(ctx, tx, v.ChildID)
	if err != nil {
		return Receipt{}, err
	}
	visitor, err := s.visitor(ctx, tx, v.VisitorID, subject.Region)
	if err != nil {
		return Receipt{}, err
	}
	actor, _ := authz.ActorOf(ctx)
	content, err := json.Marshal(v.Content)
	if err != nil {
		return Receipt{}, fmt.Errorf("keeping the visit: %w", err)
	}
	row := Visit{ID: v.ID, ChildID: v.ChildID, Region: subject.Region, VisitedOn: v.VisitedOn, Outcome: v.Outcome, Absence: v.Absence,
		VisitorID: visitor.id, Visitor: visitor.name, VisitorRole: string(visitor.role), EnteredBy: actor.Name, EnteredAt: now,
		Sealed: key.Seal(contentPlace(v.ID), string(content)), Spec: Spec, Corrects: v.Corrects}

	facts := v.Facts
	var situations []string
	for _, code := range v.Content.Findings {
		f := finding(code)
		if f.Situation != "" {
			situations = append(situations, f.Situation)
		}
		if f.Fact.Kind != "" {
			facts = append(facts, f.Fact)
		}
	}
	for i := range facts {
		if facts[i].KnownOn == "" {
			facts[i].KnownOn = v.VisitedOn
		}
	}
	// 1. What the visit found becomes facts; the registry settles the child, and
	// what the facts answer is discharged with this visit as evidence.
	if len(facts) > 0 {
		source := registry.Source{Kind: sourceMet, ID: v.ID}
		if v.Outcome == NotMet || v.Corrects != "" {
			source.Kind = sourceMissed
		}
		if _, err := s.registry.RecordFactsTx(ctx, tx, v.ChildID, source, facts...); err != nil {
			return Receipt{}, err
		}
	}
	// 2. The visit itself discharges what was owed, if the family was met.
	next, err := s.follow(ctx, tx, v, subject, visitor)
	if err != nil {
		return Receipt{}, err
	}
	row.NextOn = next
	// 3. What must be reported is owed from now on.
	for _, sit := range situations {
		if _, err := s.duty.OpenTx(ctx, tx, duty.Opening{Rule: must, ChildID: v.ChildID, Region: subject.Region, For: sit, Reason: "走访发现必须报告的情形"}); err != nil {
			return Receipt{}, err
		}
	}
	if v.Corrects != "" {
		if err := s.correct(ctx, tx, v); err != nil {
			return Receipt{}, err
		}
	}
	if err := store.Insert(ctx, tx, "visit_visit", row); err != nil {
		return Receipt{}, fmt.Errorf("recording the visit: %w", err)
	}
	if err := tally.AddTx(ctx, tx, counts(row)...); err != nil {
		return Receipt{}, err
	}
	if situations == nil {
		situations = []string{}
	}
	return Receipt{ID: v.ID, NextOn: next, Report: situations, At: now.UnixMilli()},
		s.journal.Record(ctx, tx, "visit.recorded", journal.Entry{Kind: "visit", ID: v.ID, Subject: v.ChildID, Region: subject.Region, Note: string(v.Outcome)})
}

func counts(v Visit) []tally.Delta {
	out := []tally.Delta{{Name: registry.FigureClause, Region: v.Region, Part: "三.二.6", N: 1}}
	if v.VisitorRole == string(authz.TownshipSupervisor) {
		out = append(out, tally.Delta{Name: registry.FigureClause, Region: v.Region, Part: "三.二.17", N: 1},
			tally.Delta{Name: registry.FigureClause, Region: v.Region, Part: "四.三.5", N: 1})
	}
	return out
}

// again answers a second delivery of a visit made on a device.
func (s *Service) again(ctx context.Context, tx *store.Tx, earlier Visit, v NewVisit) (Receipt, error) {
	key, err := s.keys.Key(ctx, tx, earlier.ChildID)
	if err != nil {
		return Receipt{}, err
	}
	text, err := key.Open(contentPlace(earlier.ID), earlier.Sealed)
	if err != nil {
		return Receipt{}, err
	}
	content, err := json.Marshal(v.Content)
	if err != nil {
		return Receipt{}, fmt.Errorf("reading the visit: %w", err)
	}
	if earlier.ChildID != v.ChildID || earlier.VisitedOn != v.VisitedOn || text != string(content) {
		return Receipt{}, fault.NewConflict("visit.id_reused", "这条走访已经提交过，内容与这次不同。要更正，请打开原记录点“更正”。")
	}
	r := Receipt{ID: earlier.ID, NextOn: earlier.NextOn, Report: []string{}, At: earlier.EnteredAt.UnixMilli()}
	for _, code := range v.Content.Findings {
		if f := finding(code); f.Situation != "" {
			r.Report = append(r.Report, f.Situation)
		}
	}
	return r, nil
}

// follow discharges what the visit answers and rolls the plan forward.
func (s *Service) follow(ctx context.Context, tx *store.Tx, v NewVisit, subject authz.Subject, visitor who) (clock.Day, error) {
	evidence := duty.Evidence{Kind: "visit", ID: v.ID}
	if v.Outcome == NotMet || v.Corrects != "" {
		return v.NextOn, nil // still owed
	}
	if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ChildID: v.ChildID, Rules: []string{routine}}, evidence); err != nil {
		return "", err
	}
	if visitor.role == authz.TownshipSupervisor {
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ChildID: v.ChildID, Rules: []string{verify}}, evidence); err != nil {
			return "", err
		}
	}
	type standing struct {
		Level   int             `db:"support_level"`
		State   string          `db:"state"`
		Verdict registry.Answer `db:"verdict"`
	}
	now, err := store.One[standing](ctx, tx, `
		select c.support_level, c.state, st.verdict
		  from registry_child c
		  join registry_status st on st.child_id = c.id and st.definition = ?
		 where c.id = ?`, registry.CountyDefinition, v.ChildID)
	if err != nil {
		return "", fmt.Errorf("reading how the child stands: %w", err)
	}
	if now.State != string(registry.Registered) || now.Verdict == registry.No {
		return "", nil
	}
	numbers, err := s.policy.Numbers(ctx, tx, subject.Region, clock.Today(s.clock))
	if err != nil {
		return "", err
	}
	latest := v.VisitedOn.AddDays(numbers[levelKey(now.Level)])
	next := v.NextOn
	if next == "" || next > latest {
		next = latest // a person may ask for an earlier visit, not for a later one
	}
	openings := []duty.Opening{{Rule: routine, ChildID: v.ChildID, Region: subject.Region, DueOn: next}}
	if now.Level == 1 {
		openings = append(openings, duty.Opening{Rule: verify, ChildID: v.ChildID, Region: subject.Region})
	}
	_, err = s.duty.OpenTx(ctx, tx, openings...)
	return next, err
}

func (s *Service) correct(ctx context.Context, tx *store.Tx, v NewVisit) error {
	n, err := store.Exec(ctx, tx, `
		update visit_visit set corrected_by = ? where id = ? and child_id = ? and corrected_by is null`, v.ID, v.Corrects, v.ChildID)
	if err != nil {
		return fmt.Errorf("correcting the visit: %w", err)
	}
	if n == 0 {
		return fault.NewConflict("visit.corrected", "原记录不存在，或已经更正过。请打开最新的一条再更正。")
	}
	return nil
}

type who struct {
	id, name string
	role     authz.Role
}

// visitor is who went: the person who records, or the holder of a post over
// the village for whom the township types.
func (s *Service) visitor(ctx context.Context, tx *store.Tx, id, region string) (who, error) {
	actor, _ := authz.ActorOf(ctx)
	if id == "" || id == actor.UserID {
		w := who{id: actor.UserID, name: actor.Name}
		for _, g := range actor.Grants {
			if strings.HasPrefix(region, g.Prefix()) || w.role == "" {
				w.role = g.Role
			}
		}
		return w, nil
	}
	type holder struct {
		Name string `db:"name"`
		Role string `db:"role"`
	}
	h, found, err := store.Maybe[holder](ctx, tx, `
		select u.name, g.role
		  from account_grant g join account_user u on u.id = g.user_id
		 where g.user_id = ? and g.role in (?, ?) and g.region in (?, ?)
		 order by g.ended_at is null desc
		 limit 1`, id, string(authz.VillageDirector), string(authz.TownshipSupervisor), region, region[:9]+"000")
	if err != nil {
		return who{}, fmt.Errorf("reading who went: %w", err)
	}
	if !found {
		return who{}, fault.NewInvalid("visit.visitor", "走访人不是这个村（社区）的儿童主任或本乡镇督导员，请重新选择。").At("visitor_id", "请选择走访人")
	}
	return who{id, h.Name, authz.Role(h.Role)}, nil
}

func finding(code string) Finding {
	for _, f := range Findings {
		if f.Code == code {
			return f
		}
	}
	return Finding{}
}

func (v *NewVisit) validate(today clock.Day) error {
	bad := fault.NewInvalid("visit.invalid", "有内容需要修改，请看标出的地方。")
	if !v.VisitedOn.Valid() || v.VisitedOn > today {
		bad = bad.At("visited_on", "请填写走访日期，不能晚于今天")
	}
	if v.NextOn != "" && (!v.NextOn.Valid() || v.NextOn <= v.VisitedOn) {
		bad = bad.At("next_on", "下次走访日期应在这次之后")
	}
	known := func(words []registry.Word, code string) bool {
		return slices.ContainsFunc(words, func(w registry.Word) bool { return w.Code == code })
	}
	switch v.Outcome {
	case NotMet:
		if !known(Absences, v.Absence) {
			bad = bad.At("absence", "请选择没有见到的原因")
		}
	case Met:
		v.Absence = ""
		if !known(Ways, v.Content.Way) {
			bad = bad.At("content.way", "请选择走访方式")
		}
	}
	for i, code := range v.Content.Findings {
		if finding(code).Code == "" {
			bad = bad.At(fmt.Sprintf("content.findings[%d]", i), "请从给出的选项中选")
		}
	}
	for _, n := range Needs {
		if got, ok := v.Content.Needs[n.Code]; ok && !known(n.States, got) {
			bad = bad.At("content.needs."+n.Code, "请从给出的选项中选")
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Find shows one visit with what was found and its photographs.
func (s *Service) Find(ctx context.Context, id string) (*Visit, error) {
	v, found, err := store.Maybe[Visit](ctx, s.db, `select `+store.Columns[Visit]("v")+` from visit_visit v where v.id = ?`, id)
	if err != nil {
		return nil, fmt.Errorf("reading the visit: %w", err)
	}
	if !found {
		return nil, s.rules.Absent(ctx, "visit.read", "visit")
	}
	subject, err := s.registry.Subject(ctx, s.db, v.ChildID)
	if err != nil {
		return nil, err
	}
	if err := s.rules.Check(ctx, s.db, "visit.read", subject); err != nil {
		return nil, err
	}
	key, err := s.keys.Key(ctx, s.db, v.ChildID)
	if err != nil {
		return nil, err
	}
	if err := v.open(key); err != nil {
		return nil, err
	}
	groups, err := s.rules.Groups(ctx, s.db, "visit.read", subject)
	if err != nil {
		return nil, err
	}
	authz.Blank(&v.Content, groups)
	if v.Photos, err = store.All[Photo](ctx, s.db, `select `+store.Columns[Photo]("p")+` from visit_photo p where p.visit_id = ? order by p.id`, id); err != nil {
		return nil, fmt.Errorf("reading photographs: %w", err)
	}
	return &v, s.journal.Read(ctx, "visit.read", journal.Entry{Kind: "visit", ID: id, Subject: v.ChildID, Region: v.Region})
}

func (v *Visit) open(key *crypto.Key) error {
	text, err := key.Open(contentPlace(v.ID), v.Sealed)
	if err != nil {
		return err
	}
	v.Photos = []Photo{}
	if err := json.Unmarshal([]byte(text), &v.Content); err != nil {
		return fmt.Errorf("reading the visit: %w", err)
	}
	return nil
}

// OfChild lists a child's visits, newest first, with what was found.
func (s *Service) OfChild(ctx context.Context, child string) ([]Visit, error) {
	subject, err := s.registry.Subject(ctx, s.db, child)
	if err != nil {
		return nil, err
	}
	if err := s.rules.Check(ctx, s.db, "visit.read", subject); err != nil {
		return nil, err
	}
	key, err := s.keys.Key(ctx, s.db, child)
	if err != nil {
		return nil, err
	}
	visits, err := store.All[Visit](ctx, s.db, `
		select `+store.Columns[Visit]("v")+` from visit_visit v where v.child_id = ? order by v.visited_on desc, v.id desc limit 100`, child)
	if err != nil {
		return nil, fmt.Errorf("listing visits: %w", err)
	}
	groups, err := s.rules.Groups(ctx, s.db, "visit.read", subject)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(visits))
	for i := range visits {
		if err := visits[i].open(key); err != nil {
			return nil, err
		}
		authz.Blank(&visits[i].Content, groups)
		ids[i] = visits[i].ID
	}
	return visits, s.journal.Read(ctx, "visit.list", journal.Entry{Kind: "child", ID: child, Subject: child, Region: subject.Region, IDs: ids})
}

// Due is a row of the due list that goes along on paper or phone: what one
// needs at the door, and no more.
type Due struct {
	DutyID       string    `json:"duty_id"`
	ChildID      string    `json:"child_id"`
	Name         string    `json:"name"`
	Sex          int       `json:"sex"`
	Age          int       `json:"age" doc:"-1 when not known"`
	Region       string    `json:"region"`
	Address      string    `json:"address"`
	Carer        string    `json:"carer"`
	CarerKinship string    `json:"carer_kinship"`
	Telephone    string    `json:"telephone" doc:"of the carer, in full: it must be rung"`
	DueOn        clock.Day `json:"due_on"`
	Late         bool      `json:"late"`
	LastOn       clock.Day `json:"last_on"`
}

// DueList is what is to be visited in a village up to a day, for print. The
// line in the journal carries the ids it showed.
func (s *Service) DueList(ctx context.Context, region string, until clock.Day) ([]Due, error) {
	scoped, err := s.rules.Scoped(ctx, "visit.due")
	if err != nil {
		return nil, err
	}
	if region != "" {
		scoped = authz.Within(scoped, region)
	}
	if !until.Valid() {
		until = clock.Today(s.clock).AddDays(30)
	}
	type row struct {
		DutyID        string    `db:"duty_id"`
		ChildID       string    `db:"child_id"`
		Name          string    `db:"name"`
		Sex           int       `db:"sex"`
		BirthOn       clock.Day `db:"birth_on"`
		Region        string    `db:"region"`
		Address       []byte    `db:"address"`
		SealedVersion int       `db:"sealed_version"`
		DueOn         clock.Day `db:"due_on"`
		Late          bool      `db:"late"`
		LastOn        clock.Day `db:"last_on"`
	}
	const most = 500
	rows, err := store.All[row](scoped, s.db, `
		select d.id as duty_id, c.id as child_id, c.name, c.sex, c.birth_on, c.region, c.address, c.sealed_version, d.due_on, d.late,
		       coalesce((select max(v.visited_on) from visit_visit v where v.child_id = c.id and v.outcome = 'met'), '') as last_on
		  from duty_duty d
		  join registry_child c on c.id = d.child_id
		 where {scope d} and d.state = 'open' and d.rule = '`+routine+`' and d.due_on <= ?
		 order by d.region, d.due_on, d.id
		 limit ?`, string(until), most)
	if err != nil {
		return nil, fmt.Errorf("listing due visits: %w", err)
	}
	out := make([]Due, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ChildID
	}
	carers, err := s.registry.Carers(ctx, s.db, ids...)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys.Keys(ctx, s.db, ids...)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		d := Due{DutyID: r.DutyID, ChildID: r.ChildID, Name: r.Name, Sex: r.Sex, Age: -1, Region: r.Region, DueOn: r.DueOn, Late: r.Late, LastOn: r.LastOn}
		if r.BirthOn != "" {
			d.Age = r.BirthOn.AgeOn(clock.Today(s.clock))
		}
		if key := keys[r.ChildID]; key != nil {
			c := registry.Child{ID: r.ChildID, SealedVersion: r.SealedVersion, Address: r.Address}
			if d.Address, err = c.OpenAddress(key); err != nil {
				return nil, err
			}
		}
		if carer, ok := carers[r.ChildID]; ok {
			d.Carer, d.CarerKinship, d.Telephone = carer.Name, registry.KinshipName(carer.Kinship), carer.Telephone
		}
		out[i] = d
	}
	return out, s.journal.Read(ctx, "visit.due", journal.Entry{Kind: "child", IDs: ids})
}

// Form is what the visit form comes prefilled with.
type Form struct {
	Child    *registry.File `json:"child"`
	Last     *Visit         `json:"last,omitempty"`
	LatestOn clock.Day      `json:"latest_on" doc:"the last day the next visit may be put to, if made today"`
	Visitors []Visitor      `json:"visitors" doc:"for whom one may type"`
	Today    clock.Day      `json:"today"`
	Words
}

// Visitor is somebody who may have gone.
type Visitor struct {
	ID   string `db:"id" json:"id"`
	Name string `db:"name" json:"name"`
	Role string `db:"role" json:"role"`
}

// Prefill gathers what a visit form needs, for a child in reach.
func (s *Service) Prefill(ctx context.Context, child string) (*Form, error) {
	subject, err := s.registry.Subject(ctx, s.db, child)
	if err != nil {
		return nil, err
	}
	if err := s.rules.Check(ctx, s.db, "visit.record", subject); err != nil {
		return nil, err
	}
	file, err := s.registry.Find(ctx, child)
	if err != nil {
		return nil, err
	}
	form := &Form{Child: file, Words: words, Today: clock.Today(s.clock)}
	visits, err := s.OfChild(ctx, child)
	if err != nil {
		return nil, err
	}
	for i := range visits {
		if visits[i].CorrectedBy == "" {
			form.Last = &visits[i]
			break
		}
	}
	numbers, err := s.policy.Numbers(ctx, s.db, subject.Region, form.Today)
	if err != nil {
		return nil, err
	}
	level := file.SupportLevel
	if level == 0 {
		level = len(s.policy.Pack.Levels)
	}
	form.LatestOn = form.Today.AddDays(numbers[levelKey(level)])
	form.Visitors, err = store.All[Visitor](ctx, s.db, `
		select distinct u.id, u.name, g.role
		  from account_grant g join account_user u on u.id = g.user_id
		 where g.role in (?, ?) and g.region in (?, ?) and g.ended_at is null and u.disabled_at is null
		 order by g.role desc, u.name`, string(authz.VillageDirector), string(authz.TownshipSupervisor), subject.Region, subject.Region[:9]+"000")
	if err != nil {
		return nil, fmt.Errorf("reading who may have gone: %w", err)
	}
	return form, nil
}
