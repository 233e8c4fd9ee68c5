package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Service is all that others may call.
type Service struct {
	db      *store.DB
	policy  *policy.Service
	duty    *duty.Service
	notify  *notify.Service
	journal *journal.Journal
	rules   *authz.Authority
	keys    *crypto.Keyring
	clock   clock.Clock
	watch   []Watcher
}

// NewService returns the register.
func NewService(db *store.DB, p *policy.Service, d *duty.Service, n *notify.Service, j *journal.Journal, rules *authz.Authority, keys *crypto.Keyring, c clock.Clock) *Service {
	return &Service{db: db, policy: p, duty: d, notify: n, journal: j, rules: rules, keys: keys, clock: c}
}

// Receipt is what a write returns.
type Receipt struct {
	ID      string `json:"id"`
	Number  string `json:"number,omitempty"`
	Version int    `json:"version"`
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func subject(c *Child) authz.Subject {
	return authz.Subject{Kind: "child", ID: c.ID, Person: c.ID, Region: c.Region, Locked: c.ID}
}

// entered is a file made ready for the store.
type entered struct {
	child     Child
	family    family
	newFamily bool
	people    []person
	relations []relation
	facts     []Fact // open
	key       *crypto.Key
}

// Add enters one child at a desk. Conflict when a child with the same identity
// number is on file; see Twins for likely ones.
func (s *Service) Add(ctx context.Context, f NewFile) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		receipts, err := s.AddTx(ctx, tx, Source{Kind: "desk"}, f)
		if err != nil {
			return Receipt{}, err
		}
		return receipts[0], nil
	})
}

// AddTx enters children in bulk, in a fixed number of statements however many
// there are. Each gets a file number, a key, verdicts, a support level and the
// duties its facts call for. Conflict (registry.known) when an identity number
// is on file already.
func (s *Service) AddTx(ctx context.Context, tx *store.Tx, source Source, files ...NewFile) ([]Receipt, error) {
	now := s.clock.Now()
	today := clock.DayOf(now)
	batch := make([]*entered, 0, len(files))
	var owners []string
	checked := map[string]bool{}
	for i := range files {
		f := &files[i]
		if err := f.validate(today); err != nil {
			return nil, err
		}
		if !checked[f.Child.Region] {
			if err := s.rules.Check(ctx, tx, "child.add", authz.Subject{Kind: "child", Region: f.Child.Region}); err != nil {
				return nil, err
			}
			checked[f.Child.Region] = true
		}
		e := &entered{family: family{ID: newID(), Region: f.Child.Region, CreatedAt: now}, newFamily: true}
		c := f.Child
		pinyin, initials := sayings(c.Name)
		e.child = Child{ID: newID(), FamilyID: e.family.ID, Region: c.Region, HouseholdRegion: c.HouseholdRegion, Name: c.Name, Pinyin: pinyin, Initials: initials,
			Sex: c.Sex, BirthOn: c.BirthOn, Ethnicity: c.Ethnicity, School: c.School, Grade: c.Grade, State: Registered, RegisteredOn: today,
			Invented: f.Invented, CreatedAt: now, UpdatedAt: now, SealedVersion: 1, Version: 1, IdentityState: IdentityNone}
		if source.Kind == "import" {
			e.child.ImportID = source.ID
		}
		if f.IdentityState == IdentityDamaged {
			e.child.IdentityState = IdentityDamaged
		}
		owners = append(owners, e.child.ID)
		batch = append(batch, e)
	}
	if err := s.number(ctx, tx, batch, today); err != nil {
		return nil, err
	}
	if err := s.joinPeople(ctx, tx, batch, files, source); err != nil {
		return nil, err
	}
	for _, e := range batch {
		for _, p := range e.people {
			owners = append(owners, p.ID)
		}
	}
	keys, err := s.keys.New(ctx, tx, now, owners...)
	if err != nil {
		return nil, err
	}
	for i, e := range batch {
		e.key = keys[e.child.ID]
		e.seal(s.keys, keys, files[i])
		e.gather(files[i], source, today, actorID(ctx), now)
		e.child.SupportLevel = Level(s.policy.Pack, Conditions(e.child.BirthOn, e.child.Sex, e.facts, today))
	}
	if err := s.insert(ctx, tx, batch); err != nil {
		if store.IsUnique(err) {
			return nil, fault.NewConflict("registry.known", "这个身份证号已经建过档案。请搜索这名儿童，在原档案上修改；如搜索不到，请联系上级单位核实。").At("identity", "已在档").Because(err)
		}
		return nil, fmt.Errorf("entering children: %w", err)
	}
	settled := make([]*Settled, len(batch))
	receipts := make([]Receipt, len(batch))
	for i, e := range batch {
		settled[i] = &Settled{Child: e.child, Facts: e.facts, New: true, Source: source}
		receipts[i] = Receipt{ID: e.child.ID, Number: e.child.Number, Version: 1}
	}
	if err := s.settle(ctx, tx, settled); err != nil {
		return nil, err
	}
	if err := s.enrol(ctx, tx, batch, today); err != nil {
		return nil, err
	}
	ids := make([]string, len(batch))
	for i, e := range batch {
		ids[i] = e.child.ID
	}
	if err := s.BlocksTx(ctx, tx, ids...); err != nil {
		return nil, err
	}
	entries := make([]journal.Entry, len(batch))
	deltas := make([]tally.Delta, 0, 3*len(batch))
	for i, e := range batch {
		entries[i] = journal.Entry{Kind: "child", ID: e.child.ID, Subject: e.child.ID, Region: e.child.Region, Note: source.Kind}
		deltas = append(deltas, registerCount(&e.child, 1)...)
	}
	if err := tally.AddTx(ctx, tx, deltas...); err != nil {
		return nil, err
	}
	return receipts, s.journal.Record(ctx, tx, "child.added", entries...)
}

// Figures counted here.
const (
	FigureRegister = "register" // part: registered, left, sex:1, identity:none …
	FigureVerdict  = "verdict"  // part: A:yes …
	FigureMissing  = "missing"  // part: father.absence … under definition A
	FigureLevel    = "level"    // part: 1 …
	FigureClause   = policy.FigureClause
)

// registerCount is what a child adds to the figures of the register.
func registerCount(c *Child, sign int) []tally.Delta {
	add := func(name, part string) tally.Delta {
		return tally.Delta{Name: name, Region: c.Region, Part: part, N: sign}
	}
	if c.State == Left {
		return []tally.Delta{add(FigureRegister, "left"), add(FigureClause, "三.二.15"), add(FigureClause, "三.二.14"), add(FigureClause, "三.二.8")}
	}
	return []tally.Delta{
		add(FigureRegister, "registered"), add(FigureRegister, fmt.Sprintf("sex:%d", c.Sex)),
		add(FigureRegister, "identity:"+c.IdentityState), add(FigureLevel, fmt.Sprint(c.SupportLevel)),
		add(FigureClause, "三.二.14"), add(FigureClause, "三.二.8"),
	}
}

// changeCount is what a change of a child's row moves in the figures; the level
// is counted by settle.
func changeCount(before, now *Child) []tally.Delta {
	return slices.DeleteFunc(append(registerCount(before, -1), registerCount(now, 1)...), func(d tally.Delta) bool { return d.Name == FigureLevel })
}

func actorID(ctx context.Context) string {
	a, _ := authz.ActorOf(ctx)
	return a.UserID
}

// number gives each file its number: county, year, and a count within the
// county that never goes back.
func (s *Service) number(ctx context.Context, tx *store.Tx, batch []*entered, today clock.Day) error {
	perCounty := map[string]int{}
	for _, e := range batch {
		perCounty[e.child.Region[:6]]++
	}
	next := map[string]int{}
	for county, n := range perCounty {
		last, err := store.One[int](ctx, tx, `
			insert into registry_counter (county, next) values (?, ?)
			    on conflict (county) do update set next = registry_counter.next + excluded.next
			returning next`, county, n)
		if err != nil {
			return fmt.Errorf("numbering files: %w", err)
		}
		next[county] = last - n + 1
	}
	for _, e := range batch {
		county := e.child.Region[:6]
		e.child.Number = fmt.Sprintf("%s-%s-%06d", county, today[:4], next[county])
		next[county]++
	}
	return nil
}

// joinPeople makes a person of each relative, or finds the one who is on file
// already by identity number, within the county: brothers and sisters then
// stand in one family.
func (s *Service) joinPeople(ctx context.Context, tx *store.Tx, batch []*entered, files []NewFile, source Source) error {
	type known struct {
		ID            string `db:"id"`
		FamilyID      string `db:"family_id"`
		IdentityIndex []byte `db:"identity_index"`
	}
	now := s.clock.Now()
	var indexes []any
	for i := range files {
		for j := range files[i].Relatives {
			if n := files[i].Relatives[j].Identity; n != "" {
				indexes = append(indexes, s.keys.Index("identity", n))
			}
		}
	}
	found := map[string]known{}
	for len(indexes) > 0 {
		n := min(400, len(indexes))
		rows, err := store.All[known](ctx, tx, `
			select id, family_id, identity_index from registry_person where identity_index in (`+store.Marks(n)+`)`, indexes[:n]...)
		if err != nil {
			return fmt.Errorf("looking for family members: %w", err)
		}
		for _, k := range rows {
			found[string(k.IdentityIndex)] = k
		}
		indexes = indexes[n:]
	}
	for i, e := range batch {
		for _, r := range files[i].Relatives {
			p := person{ID: newID(), FamilyID: e.family.ID, Region: e.child.Region, Name: r.Name, BirthOn: r.BirthOn, CreatedAt: now, Version: 1}
			if source.Kind == "import" {
				p.ImportID = source.ID
			}
			isNew := true
			if r.Identity != "" {
				p.IdentityIndex = s.keys.Index("identity", r.Identity)
				if k, ok := found[string(p.IdentityIndex)]; ok {
					p.ID, isNew = k.ID, false
					if (r.Kinship == Father || r.Kinship == Mother) && e.newFamily {
						e.family.ID, e.child.FamilyID, e.newFamily = k.FamilyID, k.FamilyID, false
						for j := range e.people { // those met before on this file come along
							e.people[j].FamilyID = k.FamilyID
							if index := string(e.people[j].IdentityIndex); index != "" {
								found[index] = known{ID: e.people[j].ID, FamilyID: k.FamilyID}
							}
						}
					}
				}
			}
			if isNew {
				p.FamilyID = e.family.ID
				e.people = append(e.people, p)
				if r.Identity != "" {
					found[string(p.IdentityIndex)] = known{ID: p.ID, FamilyID: e.family.ID}
				}
			}
			e.relations = append(e.relations, relation{ID: newID(), ChildID: e.child.ID, PersonID: p.ID, Region: e.child.Region, Kinship: r.Kinship,
				Guardian: r.Guardian, Carer: r.Carer, SinceOn: r.SinceOn, UntilOn: r.UntilOn, RecordedAt: now})
		}
	}
	return nil
}

func (e *entered) seal(ring *crypto.Keyring, keys map[string]*crypto.Key, f NewFile) {
	c := &e.child
	if f.Child.Identity != "" {
		c.IdentityState = IdentityHeld
		c.IdentityIndex = ring.Index("identity", f.Child.Identity)
		c.Identity = e.key.Seal(c.place("identity"), f.Child.Identity)
	}
	c.Address = e.key.Seal(c.place("address"), f.Child.Address)
	c.Telephone = e.key.Seal(c.place("telephone"), f.Child.Telephone)
	made := map[string]*person{}
	for i := range e.people {
		made[e.people[i].ID] = &e.people[i]
	}
	for i, r := range f.Relatives {
		p := made[e.relations[i].PersonID]
		if p == nil {
			continue
		}
		key := keys[p.ID]
		p.Identity = key.Seal(p.place("identity"), r.Identity)
		p.Telephone = key.Seal(p.place("telephone"), r.Telephone)
		p.TelephoneIndex = ring.Index("telephone", r.Telephone)
	}
}

// gather turns what was recorded into facts, with the school as one of them.
func (e *entered) gather(f NewFile, source Source, today clock.Day, by string, now time.Time) {
	for _, n := range f.Facts {
		e.facts = append(e.facts, e.fact(n, source, today, by, now))
		if n.Kind == Schooling {
			e.child.Schooling = n.Value
		}
	}
}

func (e *entered) fact(n NewFact, source Source, today clock.Day, by string, now time.Time) Fact {
	f := Fact{ID: newID(), ChildID: e.child.ID, Region: e.child.Region, About: n.About, Kind: n.Kind, Value: n.Value, Detail: n.Detail,
		Place: n.Place, PlaceText: n.PlaceText, StartOn: n.StartOn, KnownOn: n.KnownOn, SourceKind: source.Kind, SourceID: source.ID, RecordedBy: by, RecordedAt: now}
	if f.KnownOn == "" {
		f.KnownOn = today
	}
	for i := range e.relations {
		if e.relations[i].Kinship == Father && n.About == AboutFather || e.relations[i].Kinship == Mother && n.About == AboutMother ||
			e.relations[i].Carer && n.About == AboutCarer {
			f.PersonID = e.relations[i].PersonID
		}
	}
	return f
}

// validate refuses what cannot be right, naming the field.
func (f *NewFile) validate(today clock.Day) error {
	e := fault.NewInvalid("registry.invalid", "有内容需要修改，请看标出的地方。")
	bad := e
	f.Child.Name = identity.NormalizeName(f.Child.Name)
	if err := identity.CheckName(f.Child.Name); err != nil {
		bad = bad.At("name", fault.Of(err).Text)
	}
	if len(f.Child.Region) != 12 || region.Code(f.Child.Region).Level() < region.Town {
		bad = bad.At("region", "请选到乡镇或村（社区）")
	}
	if f.Child.BirthOn != "" && (!f.Child.BirthOn.Valid() || f.Child.BirthOn > today) {
		bad = bad.At("birth_on", "出生日期不对，应写成 2016-01-31 这样，且不晚于今天")
	}
	if f.Child.Identity != "" {
		if n, err := identity.Parse(f.Child.Identity); err != nil {
			bad = bad.At("identity", fault.Of(err).Text)
		} else {
			f.Child.Identity = n.Reveal()
			if f.Child.BirthOn == "" {
				f.Child.BirthOn = clock.Day(n.Birth())
			}
			if f.Child.Sex == 0 {
				f.Child.Sex = int(n.Sex())
			}
			for _, d := range n.Disagreements(string(f.Child.BirthOn), identity.Sex(f.Child.Sex)) {
				bad = bad.At("identity", d.Text)
			}
		}
	}
	bad = normalPhone(bad, "telephone", &f.Child.Telephone)
	for i := range f.Relatives {
		r, at := &f.Relatives[i], fmt.Sprintf("relatives[%d].", i)
		r.Name = identity.NormalizeName(r.Name)
		if err := identity.CheckName(r.Name); err != nil {
			bad = bad.At(at+"name", fault.Of(err).Text)
		}
		if KinshipName(r.Kinship) == "" {
			bad = bad.At(at+"kinship", "请选择与儿童的关系")
		}
		if r.Identity != "" {
			if n, err := identity.Parse(r.Identity); err != nil {
				bad = bad.At(at+"identity", fault.Of(err).Text)
			} else {
				r.Identity = n.Reveal()
			}
		}
		bad = normalPhone(bad, at+"telephone", &r.Telephone)
	}
	for i := range f.Facts {
		if reason := f.Facts[i].wrong(today); reason != "" {
			bad = bad.At(fmt.Sprintf("facts[%d]", i), reason)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func normalPhone(e *fault.Error, path string, phone *string) *fault.Error {
	if *phone == "" {
		return e
	}
	p, err := identity.NormalizePhone(*phone)
	if err != nil {
		return e.At(path, fault.Of(err).Text)
	}
	*phone = p.Reveal()
	return e
}

// wrong says what is wrong with a fact, or nothing.
func (n *NewFact) wrong(today clock.Day) string {
	for _, day := range []clock.Day{n.StartOn, n.KnownOn} {
		if day != "" && (!day.Valid() || day > today) {
			return "日期应写成 2026-01-31 这样，且不晚于今天"
		}
	}
	codes := []string{n.Value}
	if several[n.Kind] {
		codes = strings.Fields(n.Value)
	}
	if len(codes) == 0 {
		return "请选择"
	}
	for _, code := range codes {
		if !knownValue(n.Kind, code) {
			return "请从给出的选项中选"
		}
	}
	return ""
}

// insert writes a batch.
func (s *Service) insert(ctx context.Context, tx *store.Tx, batch []*entered) error {
	var families []family
	var people []person
	var children []Child
	var relations []relation
	var facts []Fact
	for _, e := range batch {
		if e.newFamily {
			families = append(families, e.family)
		}
		people = append(people, e.people...)
		children = append(children, e.child)
		relations = append(relations, e.relations...)
		for _, f := range e.facts {
			facts = append(facts, sealFact(f, e.key))
		}
	}
	if err := store.Insert(ctx, tx, "registry_family", families...); err != nil {
		return err
	}
	if err := store.Insert(ctx, tx, "registry_person", people...); err != nil {
		return err
	}
	if err := store.Insert(ctx, tx, "registry_child", children...); err != nil {
		return err
	}
	if err := store.Insert(ctx, tx, "registry_relation", relations...); err != nil {
		return err
	}
	return insertFacts(ctx, tx, facts)
}

func factPlace(id string) crypto.Place { return crypto.Place{Column: "registry_fact.sealed", ID: id} }

// sealFact moves a sealed kind's value, and any particulars, under the key.
func sealFact(f Fact, key *crypto.Key) Fact {
	if sealedKinds[f.Kind] || f.Detail != "" {
		f.Sealed = key.Seal(factPlace(f.ID), f.Value+"\n"+f.Detail)
	}
	if sealedKinds[f.Kind] {
		f.Value = ""
	}
	f.Detail = ""
	return f
}

// openFact is the reverse of sealFact.
func openFact(f Fact, key *crypto.Key) (Fact, error) {
	if len(f.Sealed) == 0 {
		return f, nil
	}
	text, err := key.Open(factPlace(f.ID), f.Sealed)
	if err != nil {
		return f, err
	}
	f.Value, f.Detail, _ = strings.Cut(text, "\n")
	f.Sealed = nil
	return f, nil
}

// enrol puts children on the roll of the school their file names, where that
// school is a registered organisation of the county: so its teachers reach
// their pupils wherever they live.
func (s *Service) enrol(ctx context.Context, tx *store.Tx, batch []*entered, today clock.Day) error {
	type school struct {
		ID     string `db:"id"`
		Name   string `db:"name"`
		County string `db:"county"`
	}
	var names []string
	for _, e := range batch {
		if e.child.School != "" && !slices.Contains(names, e.child.School) {
			names = append(names, e.child.School)
		}
	}
	if len(names) == 0 {
		return nil
	}
	found, err := store.All[school](ctx, tx, `
		select id, name, substr(region, 1, 6) as county from account_organisation
		 where kind = 'school' and ended_on = '' and name in (`+store.Marks(len(names))+`)`, store.Anys(names)...)
	if err != nil {
		return fmt.Errorf("finding schools: %w", err)
	}
	for _, e := range batch {
		for _, o := range found {
			if o.Name == e.child.School && o.County == e.child.Region[:6] {
				if err := authz.EnrolTx(ctx, tx, o.ID, e.child.ID, string(today)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
