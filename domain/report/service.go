package report

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/files"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/print"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Spool keeps a second copy of a report on another disk. Append returns once
// the copy is there.
type Spool interface {
	Append(ctx context.Context, id string, record []byte) error
}

// Service is all that others may call.
type Service struct {
	db       *store.DB
	policy   *policy.Service
	duty     *duty.Service
	registry *registry.Service
	notify   *notify.Service
	journal  *journal.Journal
	rules    *authz.Authority
	keys     *crypto.Keyring
	files    *files.Store
	clock    clock.Clock
	spool    Spool
	printer  *print.Printer
	papers   map[string]Paper
	places   registry.Places
}

// NewService returns the reports and begins to guard the ledger. spool may be
// nil: then the commit alone stands behind a receipt.
func NewService(db *store.DB, p *policy.Service, d *duty.Service, r *registry.Service, n *notify.Service, j *journal.Journal, rules *authz.Authority, keys *crypto.Keyring, f *files.Store, c clock.Clock, spool Spool) *Service {
	s := &Service{db: db, policy: p, duty: d, registry: r, notify: n, journal: j, rules: rules, keys: keys, files: f, clock: c, spool: spool, printer: print.NewPrinter(""), papers: map[string]Paper{}}
	s.Papers(Paper{"receipt", "report.accept", s.receiptPaper})
	d.GuardThreads(s.keep)
	return s
}

const (
	ruleAccept   = "report.accept"
	ruleSift     = "report.sift"
	ruleReview   = "report.review"
	ruleInform   = "report.inform"
	ruleAnswer   = "report.answer"
	ruleAward    = "report.award"
	ruleOmission = "report.omission"
	ruleRequired = "report.required"
	ruleNext     = "thread.next"
	ruleArrive   = "emergency.arrive" // whose records come later in the order of imports
)

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func actorID(ctx context.Context) string {
	a, _ := authz.ActorOf(ctx)
	return a.UserID
}

// sender is who a report comes from, as far as it is kept outside the
// compartment.
type sender struct {
	channel Channel
	unit    string // the organisation; empty when anonymous
	user    string // the account; goes into the compartment
	slow    bool   // by the public page's narrow lane, without the work a browser does
}

// File takes a report from somebody signed in. The receipt means that it is
// held, on the disk and, where there is a spool, on a second one. The same
// report sent again returns the same receipt; another under its id is a
// Conflict. A child may be named whom the sender may know of; NotFound for
// others.
func (s *Service) File(ctx context.Context, n NewReport) (Receipt, error) {
	if err := s.rules.Need(ctx, "report.file"); err != nil {
		return Receipt{}, err
	}
	if n.ChildID != "" {
		subject, err := s.registry.Subject(ctx, s.db, n.ChildID)
		if err != nil {
			return Receipt{}, err
		}
		if err := s.rules.Check(ctx, s.db, "child.read", subject); err != nil {
			return Receipt{}, err
		}
	}
	from := sender{channel: n.Channel}
	if from.channel == "" {
		from.channel = Desk
	}
	if !n.Anonymous {
		actor, _ := authz.ActorOf(ctx)
		from.user = actor.UserID
		for _, g := range actor.Grants {
			if slices.Contains(mandated, g.Role) {
				from.unit = g.Organisation
				break
			}
		}
	}
	return s.file(ctx, n, from)
}

// FilePublic takes a report from anybody, or what a child wrote on the page
// that looks like nothing.
func (s *Service) FilePublic(ctx context.Context, n NewReport, by Channel) (Receipt, error) {
	return s.filePublic(ctx, n, sender{channel: by})
}

func (s *Service) filePublic(ctx context.Context, n NewReport, from sender) (Receipt, error) {
	n.ChildID, n.Ticket = "", ""
	return s.file(ctx, n, from)
}

// copied is a report as its second copy holds it: enough to file it again with
// the number its sender was told.
type copied struct {
	Number string    `json:"number"`
	At     time.Time `json:"at"`
	Unit   string    `json:"unit"`
	User   string    `json:"user"`
	Slow   bool      `json:"slow,omitempty"`
	Report NewReport `json:"report"`
}

// file keeps a report. Its lines in the journal name no sender: who it is lies
// in the compartment alone.
func (s *Service) file(ctx context.Context, n NewReport, from sender) (Receipt, error) {
	if n.Anonymous {
		n.Reporter, from.unit, from.user = Reporter{}, "", ""
	}
	n.Channel = from.channel
	now := s.clock.Now()
	if err := n.validate(s.policy.Pack, now); err != nil {
		return Receipt{}, err
	}
	ctx = authz.WithActor(store.Again(ctx), authz.Actor{Name: "报告人"})
	c := copied{At: now, Unit: from.unit, User: from.user, Slow: from.slow, Report: n}
	if s.spool != nil {
		if err := s.copyOut(ctx, &c); err != nil {
			return Receipt{}, errNotKept.Because(err)
		}
	}
	return s.keepOne(ctx, c)
}

// copyOut numbers a report and puts its second copy on the other disk.
func (s *Service) copyOut(ctx context.Context, c *copied) error {
	at, err := s.placeOf(ctx, s.db, c.Report)
	if err != nil {
		return err
	}
	if c.Number, err = store.In(ctx, s.db, func(tx *store.Tx) (string, error) { return s.number(ctx, tx, "报", at, c.At) }); err != nil {
		return err
	}
	record, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("copying the report: %w", err)
	}
	return s.spool.Append(ctx, c.Report.ID, record)
}

func (s *Service) keepOne(ctx context.Context, c copied) (Receipt, error) {
	text, err := json.Marshal(c.Report)
	if err != nil {
		return Receipt{}, fmt.Errorf("reading the report: %w", err)
	}
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) { return s.fileTx(ctx, tx, c, digest(text)) })
}

// Restore files a report again from its second copy, under the number and the
// hour it had; one that is there already stays as it is.
func (s *Service) Restore(ctx context.Context, record []byte) (Receipt, error) {
	var c copied
	if err := json.Unmarshal(record, &c); err != nil {
		return Receipt{}, fmt.Errorf("reading the second copy: %w", err)
	}
	if c.Report.ChildID != "" { // the file may be lost with the rest: what was written stands by itself
		if _, err := s.registry.Subject(ctx, s.db, c.Report.ChildID); fault.Is(err, fault.NotFound) {
			c.Report.ChildID = ""
		}
	}
	if c.Report.Region == "" {
		c.Report.Region = strings.TrimPrefix(c.Number, "报")[:6] + "000000"
	}
	ctx = authz.WithActor(store.Again(ctx), authz.Actor{Name: "报告人"})
	return s.keepOne(ctx, c)
}

// placeOf is where a report belongs: the child's place where the child is on
// file.
func (s *Service) placeOf(ctx context.Context, q store.Querier, n NewReport) (string, error) {
	if n.ChildID == "" {
		return n.Region, nil
	}
	subject, err := s.registry.Subject(ctx, q, n.ChildID)
	return subject.Region, err
}

// errNotKept is no acknowledgement: the second copy could not be made.
var errNotKept = &fault.Error{Kind: fault.Internal, ID: "report.not_kept", Text: "报告没有保存成功，请马上再交一次。如情况紧急，请直接拨打 110。"}

func (s *Service) fileTx(ctx context.Context, tx *store.Tx, c copied, sum string) (Receipt, error) {
	n, now := c.Report, c.At
	earlier, found, err := store.Maybe[Report](ctx, tx, `select r.id, r.number, r.digest, r.filed_at from report_report r where r.id = ?`, n.ID)
	if err != nil {
		return Receipt{}, fmt.Errorf("looking for the report: %w", err)
	}
	if found {
		if earlier.Digest != sum {
			return Receipt{}, fault.NewConflict("report.id_reused", "这份报告已经收到，内容与这次不同。要补充情况，请另交一份新的报告。")
		}
		return s.receipt(earlier)
	}
	if n.Region, err = s.placeOf(ctx, tx, n); err != nil {
		return Receipt{}, err
	}
	nine := n.nine(s.policy.Pack)
	r := Report{ID: n.ID, Region: n.Region, Number: c.Number, UnitID: c.Unit, Channel: n.Channel, Ticket: n.Ticket, Situations: strings.Join(n.Situations, " "),
		Statutory: joinInts(nine), Urgent: n.Urgent, Anonymous: n.Anonymous, DiscoveredAt: n.DiscoveredAt, FiledAt: now, FiledOn: clock.DayOf(now), Digest: sum,
		Likeness: s.keys.Index("report.likeness", n.likeness()), Named: s.keys.Index("report.named", n.named(n.Region[:6])),
		State: Received, MovedAt: now, Spec: Spec, Version: 1}
	// 1. The case it belongs to: the child's, one told of in the same words, or a
	// new one.
	t, key, err := s.caseFor(ctx, tx, n, r, c.Slow)
	if err != nil {
		return Receipt{}, err
	}
	if n.locks(nine) && !t.Locked || n.Urgent && !t.Urgent {
		t.Locked, t.Urgent = t.Locked || n.locks(nine), t.Urgent || n.Urgent
		if _, err := store.Exec(ctx, tx, `update report_thread set locked = ?, urgent = ?, version = version + 1 where id = ?`, t.Locked, t.Urgent, t.ID); err != nil {
			return Receipt{}, fmt.Errorf("raising the case: %w", err)
		}
	}
	// 2. The report, and who sent it.
	content, err := json.Marshal(n.Content)
	if err != nil {
		return Receipt{}, fmt.Errorf("keeping the report: %w", err)
	}
	r.ThreadID, r.Sealed = t.ID, key.Seal(contentPlace(r.ID), string(content))
	if err := s.numbered(ctx, tx, &r); err != nil {
		return Receipt{}, err
	}
	if err := store.Insert(ctx, tx, "report_report", r); err != nil {
		return Receipt{}, fmt.Errorf("keeping the report: %w", err)
	}
	if n.Reporter != (Reporter{}) || c.User != "" {
		if err := s.keepReporter(ctx, tx, r.ID, n.Reporter, c.User); err != nil {
			return Receipt{}, err
		}
	}
	// 3. Somebody owes the next step from this moment.
	if err := s.route(ctx, tx, t, n); err != nil {
		return Receipt{}, err
	}
	if n.ChildID != "" { // whoever owed this report has made it
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ChildID: n.ChildID, Rules: []string{ruleRequired}}, duty.Evidence{Kind: "report", ID: r.ID}); err != nil {
			return Receipt{}, err
		}
	}
	if err := tally.AddTx(ctx, tx, countReport(r, 1)...); err != nil {
		return Receipt{}, err
	}
	if err := s.journal.Record(ctx, tx, "report.filed", t.Entry("report", r.ID, string(r.Channel))); err != nil {
		return Receipt{}, err
	}
	return s.receipt(r)
}

// caseFor finds the open case a report belongs to, or opens one, with its key.
func (s *Service) caseFor(ctx context.Context, tx *store.Tx, n NewReport, r Report, slow bool) (Thread, *crypto.Key, error) {
	var t Thread
	var found bool
	var err error
	if n.ChildID != "" {
		t, found, err = store.Maybe[Thread](ctx, tx, `
			select `+store.Columns[Thread]("t")+` from report_thread t where t.child_id = ? and t.closed_at is null`, n.ChildID)
	} else if r.Likeness != nil {
		t, found, err = store.Maybe[Thread](ctx, tx, `
			select `+store.Columns[Thread]("t")+`
			  from report_report r
			  join report_thread own on own.id = r.thread_id
			  join report_thread t on t.id = coalesce(own.joined_into, own.id)
			 where r.likeness = ? and t.closed_at is null
			 order by t.opened_at
			 limit 1`, r.Likeness)
	}
	if err != nil {
		return Thread{}, nil, fmt.Errorf("looking for the case: %w", err)
	}
	if found {
		s.duty.Check(ctx, tx, t.ID)
		key, err := s.keys.Key(ctx, tx, t.ID)
		return t, key, err
	}
	now := s.clock.Now()
	post, err := station(ctx, tx, n.Region)
	if err != nil {
		return Thread{}, nil, err
	}
	t = Thread{ID: newID(), ChildID: n.ChildID, Region: n.Region, PoliceRegion: post.Region, PoliceUnit: post.Unit,
		State: Waiting, OpenedAt: now, MovedAt: now, Version: 1}
	if t.Lane, err = s.lane(ctx, tx, t, slow); err != nil {
		return Thread{}, nil, err
	}
	if t.Number, err = s.number(ctx, tx, "案", t.Region, now); err != nil {
		return Thread{}, nil, err
	}
	keys, err := s.keys.New(ctx, tx, now, t.ID)
	if err != nil {
		return Thread{}, nil, err
	}
	if err := store.Insert(ctx, tx, "report_thread", t); err != nil {
		if store.IsUnique(err) { // another report opened the child's case just now
			return Thread{}, nil, fmt.Errorf("opening the case: %w", store.ErrAgain)
		}
		return Thread{}, nil, fmt.Errorf("opening the case: %w", err)
	}
	if err := tally.AddTx(ctx, tx, countThread(t, 1)...); err != nil {
		return Thread{}, nil, err
	}
	s.duty.Check(ctx, tx, t.ID)
	return t, keys[t.ID], s.journal.Record(ctx, tx, "thread.opened", t.Entry("thread", t.ID, ""))
}

// surge is how many cases an hour may be opened in a county from the narrow lane
// of the public page before the further ones are set apart, to be sifted: every
// one is kept and looked at, and none stands before those a browser has worked
// for.
const surge = 20

const (
	laneSlow  = "slow"
	laneSurge = "surge"
)

// lane is how a new case came in.
func (s *Service) lane(ctx context.Context, tx *store.Tx, t Thread, slow bool) (string, error) {
	if !slow {
		return "", nil
	}
	low, high := region.Bounds(t.Region[:6])
	n, err := store.One[int](ctx, tx, `
		select count(*) from (select 1 as one from report_thread t where t.lane <> '' and t.opened_at > ? and t.region >= ? and t.region < ? limit ?) as lately`,
		t.OpenedAt.Add(-time.Hour), low, high, surge)
	if err != nil {
		return "", fmt.Errorf("counting what came lately: %w", err)
	}
	if n >= surge {
		return laneSurge, nil
	}
	return laneSlow, nil
}

// station is the police post for a place: the station that answers for it, the
// county's police where none is entered, or whoever holds a police post there.
func station(ctx context.Context, q store.Querier, at string) (authz.Post, error) {
	for _, kind := range []account.Kind{account.PoliceStation, account.CountyPolice} {
		o, found, err := account.FindOrganisation(ctx, q, kind, at)
		if err != nil {
			return authz.Post{}, fmt.Errorf("finding the police station: %w", err)
		}
		if found {
			return authz.Post{Role: authz.Police, Region: o.Region, Unit: o.ID}, nil
		}
	}
	return authz.Post{Role: authz.Police, Region: duty.PostRegion(authz.Police, at)}, nil
}

// route opens what a report asks of the offices: the police to accept it, and
// those the law has told beside them to take note. Of a case that came in a
// surge the others are told when it was looked at.
func (s *Service) route(ctx context.Context, tx *store.Tx, t Thread, n NewReport) error {
	accept := t.Opening(ruleAccept, "", "收到新的报告")
	if t.Lane == laneSurge {
		accept = t.Opening(ruleSift, "", "短时间内集中来件，请逐件甄别")
	}
	accept.Post = t.Police()
	if _, err := s.duty.OpenTx(ctx, tx, accept); err != nil || t.Lane == laneSurge {
		return err
	}
	return s.tell(ctx, tx, t, n.Situations)
}

// tell opens the duty of taking note for those the law has told of situations.
func (s *Service) tell(ctx context.Context, tx *store.Tx, t Thread, situations []string) error {
	var openings []duty.Opening
	for _, situation := range s.policy.Pack.Situations {
		if !slices.Contains(situations, situation.ID) {
			continue
		}
		for _, role := range situation.Tell {
			inform := t.Opening(ruleInform, role, "")
			inform.Post = authz.Post{Role: authz.Role(role)}
			openings = append(openings, inform)
			if authz.Role(role) == authz.Education {
				if err := s.invite(ctx, tx, t, account.EducationAuthority); err != nil {
					return err
				}
			}
		}
	}
	_, err := s.duty.OpenTx(ctx, tx, openings...)
	return err
}

// invite lets a unit of the place see the case.
func (s *Service) invite(ctx context.Context, tx *store.Tx, t Thread, kind account.Kind) error {
	o, found, err := account.FindOrganisation(ctx, tx, kind, t.Region)
	if err != nil || !found {
		return err
	}
	return authz.EnrolTx(ctx, tx, o.ID, t.ID, string(clock.Today(s.clock)))
}

// number gives the next number of a kind in a county and year: 案2026-000012.
func (s *Service) number(ctx context.Context, tx *store.Tx, kind, at string, now time.Time) (string, error) {
	year := string(clock.DayOf(now))[:4]
	n, err := store.One[int](ctx, tx, `
		insert into report_counter (county, kind, next) values (?, ?, 2)
		    on conflict (county, kind) do update set next = report_counter.next + 1
		returning next - 1`, at[:6]+"000000", kind+year)
	if err != nil {
		return "", fmt.Errorf("numbering: %w", err)
	}
	return fmt.Sprintf("%s%s-%s-%06d", kind, at[:6], year, n), nil
}

// numbered gives a report its number, or sees to it that the one it has is not
// given out again.
func (s *Service) numbered(ctx context.Context, tx *store.Tx, r *Report) (err error) {
	if r.Number == "" {
		r.Number, err = s.number(ctx, tx, "报", r.Region, r.FiledAt)
		return err
	}
	given, err := strconv.Atoi(r.Number[strings.LastIndexByte(r.Number, '-')+1:])
	if err != nil {
		return fmt.Errorf("reading the number of a report: %w", err)
	}
	_, err = store.Exec(ctx, tx, `
		insert into report_counter (county, kind, next) values (?, ?, ?)
		    on conflict (county, kind) do update set next = excluded.next where report_counter.next < excluded.next`,
		r.Region[:6]+"000000", "报"+string(clock.DayOf(r.FiledAt))[:4], given+1)
	return err
}

func (s *Service) receipt(r Report) (Receipt, error) {
	out := Receipt{ID: r.ID, Number: r.Number, Secret: s.secret(r.ID), At: r.FiledAt.UnixMilli(), Digest: r.Digest}
	var err error
	out.Signature, err = s.keys.Sign(out.Text())
	return out, err
}

// secret is what opens a report's progress: derived, so that it is kept
// nowhere. 80 bits, in groups of four.
func (s *Service) secret(id string) string {
	text := base32.StdEncoding.EncodeToString(s.keys.Index("report.secret", id)[:10])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// Progress is what a sender is told, with no word of the case itself.
type Progress struct {
	Number     string    `json:"number"`
	State      State     `json:"state"`
	FiledAt    time.Time `json:"filed_at"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	Answer     string    `json:"answer,omitempty"`
	Files      int       `json:"files"`
	id         string
}

var errSecret = fault.NewNotFound("report.secret", "编号或查询码不对，请对照回执再输一次。")

// Progress tells the sender what became of a report. NotFound for a wrong
// number or secret, which are not told apart.
func (s *Service) Progress(ctx context.Context, number, secret string) (Progress, error) {
	r, found, err := store.Maybe[Report](ctx, s.db, `
		select `+store.Columns[Report]("r")+` from report_report r where r.number = ?`, strings.TrimSpace(number))
	if err != nil {
		return Progress{}, fmt.Errorf("reading the report: %w", err)
	}
	if !found {
		r.ID = "none" // compared all the same, so that the time tells nothing
	}
	plain := func(x string) []byte {
		return []byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(x)))
	}
	if subtle.ConstantTimeCompare(plain(s.secret(r.ID)), plain(secret)) != 1 || !found {
		return Progress{}, errSecret
	}
	return s.progress(ctx, r)
}

func (s *Service) progress(ctx context.Context, r Report) (Progress, error) {
	p := Progress{Number: r.Number, State: r.State, FiledAt: r.FiledAt, AcceptedAt: r.AcceptedAt, AnsweredAt: r.AnsweredAt, id: r.ID}
	key, err := s.keys.Key(ctx, s.db, r.ThreadID)
	if err != nil {
		return Progress{}, err
	}
	if p.Answer, err = key.Open(answerPlace(r.ID), r.AnswerSealed); err != nil {
		return Progress{}, err
	}
	p.Files, err = store.One[int](ctx, s.db, `select count(*) from report_file where report_id = ?`, r.ID)
	return p, err
}

// Own lists the progress of what the person signed in has reported by name,
// newest first.
func (s *Service) Own(ctx context.Context) ([]Progress, error) {
	if err := s.rules.Need(ctx, "report.own"); err != nil {
		return nil, err
	}
	reports, err := store.All[Report](ctx, s.db, `
		select `+store.Columns[Report]("r")+`
		  from report_reporter p join report_report r on r.id = p.report_id
		 where p.user_id = ?
		 order by r.filed_at desc, r.id
		 limit 50`, actorID(ctx))
	if err != nil {
		return nil, fmt.Errorf("reading one's own reports: %w", err)
	}
	threads := make([]string, len(reports))
	for i, r := range reports {
		threads[i] = r.ThreadID
	}
	keys, err := s.keys.Keys(ctx, s.db, threads...)
	if err != nil {
		return nil, err
	}
	out := make([]Progress, len(reports))
	for i, r := range reports {
		out[i] = Progress{Number: r.Number, State: r.State, FiledAt: r.FiledAt, AcceptedAt: r.AcceptedAt, AnsweredAt: r.AnsweredAt}
		if key := keys[r.ThreadID]; key != nil {
			if out[i].Answer, err = key.Open(answerPlace(r.ID), r.AnswerSealed); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func countReport(r Report, sign int) []tally.Delta {
	out := []tally.Delta{{Name: policy.FigureClause, Region: r.Region, Part: "四.一.1", N: sign}, {Name: policy.FigureClause, Region: r.Region, Part: "四.一.2", N: sign}}
	for _, situation := range strings.Fields(r.Situations) {
		out = append(out, tally.Delta{Name: FigureReport, Region: r.Region, Part: situation, N: sign})
	}
	return out
}

// FigureReport counts reports by situation.
const FigureReport = "report"

func joinInts(ns []int) string {
	words := make([]string, len(ns))
	for i, n := range ns {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, " ")
}
