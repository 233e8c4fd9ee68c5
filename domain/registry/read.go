package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Row is a child in a list: nothing that labels, nothing that is sealed.
type Row struct {
	ID            string     `db:"id" json:"id" see:"basic"`
	Number        string     `db:"number" json:"number" see:"basic"`
	Name          string     `db:"name" json:"name" see:"basic"`
	Sex           int        `db:"sex" json:"sex" see:"basic"`
	BirthOn       clock.Day  `db:"birth_on" json:"birth_on" see:"basic"`
	Region        string     `db:"region" json:"region" see:"basic"`
	School        string     `db:"school" json:"school" see:"basic"`
	State         ChildState `db:"state" json:"state" see:"basic"`
	IdentityState string     `db:"identity_state" json:"identity_state" see:"basic"`
	SupportLevel  int        `db:"support_level" json:"support_level" see:"narrative"`
	Verdict       Answer     `db:"verdict" json:"verdict" see:"basic"`
	Missing       string     `db:"missing" json:"missing" see:"family"`
	Invented      bool       `db:"invented" json:"invented" see:"basic"`
}

// Filter narrows a list of children.
type Filter struct {
	Region     string
	Text       string // name, pinyin, initials, file number, identity number, telephone
	Definition string // whose verdict is shown and filtered by; the county's own when empty
	Verdict    Answer
	Against    string // a second definition, to list whom two count differently
	AgainstIs  Answer
	Missing    string
	Level      int
	Identity   string // an identity state, or NoIdentity
	Sex        string
	State      ChildState // registered when empty
	ImportID   string
	After      string
	Limit      int
}

// NoIdentity asks a list for who has no number that can be used: none was
// given, or the sheet it came in had damaged it.
const NoIdentity = "lacking"

// List shows children in reach by place. The line in the journal carries the
// ids it showed.
func (s *Service) List(ctx context.Context, f Filter) ([]Row, error) {
	scoped, err := s.rules.Scoped(ctx, "child.list")
	if err != nil {
		return nil, err
	}
	if f.Region != "" {
		scoped = authz.Within(scoped, f.Region)
	}
	if f.Definition == "" {
		f.Definition = CountyDefinition
	}
	if f.State == "" {
		f.State = Registered
	}
	where, values := []string{"{scope c id}", "c.state = ?"}, []any{string(f.State)}
	add := func(text string, v ...any) { where, values = append(where, text), append(values, v...) }
	from := "registry_child c"
	if f.Verdict != "" || f.Missing != "" {
		// By verdict the narrow table leads: its index holds definition, verdict
		// and place in order.
		from = "registry_status st join registry_child c on c.id = st.child_id"
		add("st.definition = ?", f.Definition)
		if f.Verdict != "" {
			add("st.verdict = ?", string(f.Verdict))
		}
		if f.Missing != "" {
			add("(' ' || st.missing || ' ') like ?", "% "+f.Missing+" %")
		}
	}
	if f.Against != "" {
		add("c.id in (select o.child_id from registry_status o where o.definition = ? and o.verdict = ?)", f.Against, string(f.AgainstIs))
	}
	if f.Text != "" {
		text, v := s.find(f.Text)
		add(text, v...)
	}
	if f.Level > 0 {
		add("c.support_level = ?", f.Level)
	}
	switch f.Identity {
	case "":
	case NoIdentity:
		add("c.identity_state in ('none', 'damaged')")
	default:
		add("c.identity_state = ?", f.Identity)
	}
	if f.Sex != "" {
		add("c.sex = ?", f.Sex)
	}
	if f.ImportID != "" {
		add("c.import_id = ?", f.ImportID)
	}
	if len(f.After) > 12 {
		add("(c.region > ? or c.region = ? and c.id > ?)", f.After[:12], f.After[:12], f.After[12:])
	}
	rows, err := store.All[Row](scoped, s.db, `
		select p.id, p.number, p.name, p.sex, p.birth_on, p.region, p.school, p.state, p.identity_state, p.support_level, p.invented,
		       coalesce(v.verdict, 'unknown') as verdict, coalesce(v.missing, '') as missing
		  from (select c.id, c.region from `+from+`
		         where `+strings.Join(where, " and ")+`
		         order by c.region, c.id
		         limit ?) as ids
		  join registry_child p on p.id = ids.id
		  left join registry_status v on v.child_id = p.id and v.definition = ?
		 order by ids.region, ids.id`, append(values, f.Limit, f.Definition)...)
	if err != nil {
		return nil, fmt.Errorf("listing children: %w", err)
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	authz.Blank(rows, s.rules.ListGroups(ctx, "child.list"))
	if len(ids) == 0 {
		return rows, nil
	}
	return rows, s.journal.Read(ctx, "child.list", journal.Entry{Kind: "child", IDs: ids})
}

// find is the predicate of a search: an identity number or a telephone by its
// blind index, a file number, otherwise a name or how it is said.
func (s *Service) find(text string) (string, []any) {
	text = strings.TrimSpace(identity.Fold(text))
	if n, err := identity.Parse(text); err == nil {
		index := s.keys.Index("identity", n.Reveal())
		return `(c.identity_index = ? or c.id in (select r.child_id from registry_person p join registry_relation r on r.person_id = p.id where p.identity_index = ?))`, []any{index, index}
	}
	if p, err := identity.NormalizePhone(text); err == nil {
		return `c.id in (select r.child_id from registry_person p join registry_relation r on r.person_id = p.id where p.telephone_index = ?)`,
			[]any{s.keys.Index("telephone", p.Reveal())}
	}
	if strings.Count(text, "-") == 2 && len(text) > 10 {
		return "c.number = ?", []any{text}
	}
	plain := strings.NewReplacer("%", "", "_", "", " ", "").Replace(strings.ToLower(text))
	if plain == "" {
		return "1 = 0", nil
	}
	if plain[0] < 0x80 { // letters: how the name is said, from its beginning
		return "(' ' || c.initials like ? or ' ' || c.pinyin like ?)", []any{"% " + plain + "%", "% " + plain + "%"}
	}
	return "c.name like ?", []any{"%" + plain + "%"}
}

// Names gives the names of those of the children whom the person who asks may
// see in a list.
func (s *Service) Names(ctx context.Context, q store.Querier, children []string) (map[string]string, error) {
	out := map[string]string{}
	if len(children) == 0 || !s.rules.May(ctx, "child.list") {
		return out, nil
	}
	scoped, err := s.rules.Scoped(ctx, "child.list")
	if err != nil {
		return nil, err
	}
	type named struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	rows, err := store.All[named](scoped, q, `
		select c.id, c.name from registry_child c where {scope c id} and c.id in (`+store.Marks(len(children))+`)`, store.Anys(children)...)
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, nil
}

// File is a child's file as it is shown (一人一档).
type File struct {
	ID            string      `json:"id" see:"basic"`
	Number        string      `json:"number" see:"basic"`
	Child         Particulars `json:"child" see:"nested"`
	IdentityState string      `json:"identity_state" see:"basic"`
	State         ChildState  `json:"state" see:"basic"`
	RegisteredOn  clock.Day   `json:"registered_on" see:"basic"`
	LeftOn        clock.Day   `json:"left_on" see:"basic"`
	LeftReason    string      `json:"left_reason" see:"basic"`
	SupportLevel  int         `json:"support_level" see:"narrative"`
	Conditions    []string    `json:"conditions" see:"narrative"`
	Invented      bool        `json:"invented" see:"basic"`
	Version       int         `json:"version" see:"basic"`
	UpdatedAt     time.Time   `json:"updated_at" see:"basic"`
	Relatives     []Relative  `json:"relatives" see:"nested"`
	Siblings      []Sibling   `json:"siblings" see:"nested"`
	Facts         []Fact      `json:"facts" see:"family"`
	Verdicts      []Verdict   `json:"verdicts" see:"basic"`
	NextVisitOn   clock.Day   `json:"next_visit_on" see:"basic"`
	Move          *Move       `json:"move,omitempty" see:"family"`
	CanChange     bool        `json:"can_change" see:"basic"`
}

// Sibling is another child of the same family.
type Sibling struct {
	ID      string    `db:"id" json:"id" see:"family"`
	Name    string    `db:"name" json:"name" see:"family"`
	BirthOn clock.Day `db:"birth_on" json:"birth_on" see:"family"`
}

// find loads a child whom the actor may reach by an action; others are told
// there is no such child.
func (s *Service) reach(ctx context.Context, q store.Querier, action, id string) (Child, error) {
	c, ok, err := store.Maybe[Child](ctx, q, `
		select `+store.Columns[Child]("c")+` from registry_child c where c.id = ?`, id)
	if err != nil {
		return Child{}, fmt.Errorf("reading the child: %w", err)
	}
	if !ok {
		return Child{}, s.rules.Absent(ctx, action, "child")
	}
	if err := s.rules.Check(ctx, q, action, subject(&c)); err != nil {
		return Child{}, err
	}
	return c, nil
}

// Subject finds how the rules see a child, for mechanisms that come later.
func (s *Service) Subject(ctx context.Context, q store.Querier, id string) (authz.Subject, error) {
	region, ok, err := store.Maybe[string](ctx, q, `select c.region from registry_child c where c.id = ?`, id)
	if err != nil {
		return authz.Subject{}, fmt.Errorf("reading the child: %w", err)
	}
	if !ok {
		return authz.Subject{}, s.rules.Absent(ctx, "child.read", "child")
	}
	return authz.Subject{Kind: "child", ID: id, Person: id, Region: region, Locked: id}, nil
}

// Find shows a child's file. The look is journalled before it is returned.
// NotFound when the actor may not know of the child.
func (s *Service) Find(ctx context.Context, id string) (*File, error) {
	c, err := s.reach(ctx, s.db, "child.read", id)
	if err != nil {
		return nil, err
	}
	relations, err := store.All[struct {
		relation
		Name      string    `db:"name"`
		BirthOn   clock.Day `db:"birth_on"`
		Identity  []byte    `db:"identity"`
		Telephone []byte    `db:"telephone"`
		Version   int       `db:"version"`
	}](ctx, s.db, `
		select r.id, r.child_id, r.person_id, r.region, r.kinship, r.guardian, r.carer, r.since_on, r.until_on, r.recorded_at,
		       p.name, p.birth_on, p.identity, p.telephone, p.version
		  from registry_relation r
		  join registry_person p on p.id = r.person_id
		 where r.child_id = ?
		 order by r.until_on, r.kinship, r.id`, id)
	if err != nil {
		return nil, fmt.Errorf("reading the family: %w", err)
	}
	owners := []string{id}
	for _, r := range relations {
		owners = append(owners, r.PersonID)
	}
	keys, err := s.keys.Keys(ctx, s.db, owners...)
	if err != nil {
		return nil, err
	}
	key := keys[id]
	if key == nil {
		return nil, fault.NewNotFound("registry.erased", "这份档案已按规定销毁。")
	}
	facts, err := s.factsOf(ctx, s.db, keys, id)
	if err != nil {
		return nil, err
	}
	file := &File{ID: c.ID, Number: c.Number, IdentityState: c.IdentityState, State: c.State, RegisteredOn: c.RegisteredOn, LeftOn: c.LeftOn,
		LeftReason: c.LeftReason, SupportLevel: c.SupportLevel, Invented: c.Invented, Version: c.Version, UpdatedAt: c.UpdatedAt,
		Relatives: []Relative{}, Facts: facts[id], Verdicts: []Verdict{}}
	if file.Facts == nil {
		file.Facts = Facts{}
	}
	if file.Child, err = openChild(&c, key, true); err != nil {
		return nil, err
	}
	for _, r := range relations {
		p := person{ID: r.PersonID, Version: r.Version}
		relative := Relative{ID: r.ID, PersonID: r.PersonID, Kinship: r.Kinship, Name: r.Name, BirthOn: r.BirthOn,
			Guardian: r.Guardian, Carer: r.Carer, SinceOn: r.SinceOn, UntilOn: r.UntilOn}
		if k := keys[r.PersonID]; k != nil {
			if relative.Identity, err = openMasked(k, p.place("identity"), r.Identity); err != nil {
				return nil, err
			}
			if relative.Telephone, err = openMasked(k, p.place("telephone"), r.Telephone); err != nil {
				return nil, err
			}
		}
		file.Relatives = append(file.Relatives, relative)
	}
	scoped, err := s.rules.Scoped(ctx, "child.read")
	if err != nil {
		return nil, err
	}
	if file.Siblings, err = store.All[Sibling](scoped, s.db, `
		select c.id, c.name, c.birth_on from registry_child c where {scope c id} and c.family_id = ? and c.id <> ? order by c.birth_on`, c.FamilyID, id); err != nil {
		return nil, fmt.Errorf("reading the family: %w", err)
	}
	today := clock.Today(s.clock)
	for _, d := range s.definitionsInForce() {
		file.Verdicts = append(file.Verdicts, Derive(d, c.BirthOn, c.Region, file.Facts, today))
	}
	file.Conditions = Conditions(c.BirthOn, c.Sex, file.Facts, today)
	if file.NextVisitOn, err = s.duty.DueOf(ctx, s.db, id, "visit.routine"); err != nil {
		return nil, err
	}
	if move, ok, err := openMove(ctx, s.db, id); err != nil {
		return nil, err
	} else if ok {
		file.Move = &move
	}
	groups, err := s.rules.Groups(ctx, s.db, "child.read", subject(&c))
	if err != nil {
		return nil, err
	}
	file.Facts = visibleFacts(file.Facts, groups)
	authz.Blank(file, groups)
	file.CanChange = s.rules.Reaches(ctx, s.db, "child.change", subject(&c))
	return file, s.journal.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: id, Subject: id, Region: c.Region})
}

// visibleFacts leaves out the facts of health for who may not be shown health,
// and how visits judge the care for who is not shown what visits found.
func visibleFacts(facts Facts, groups []authz.Group) Facts {
	out := Facts{}
	for _, f := range facts {
		need := authz.SeeFamily
		switch {
		case sealedKinds[f.Kind] || f.Kind == Ability && f.Detail != "":
			need = authz.SeeHealth
		case f.Kind == CareQuality:
			need = authz.SeeNarrative
		}
		for _, g := range groups {
			if g == need {
				out = append(out, f)
			}
		}
	}
	return out
}

func openChild(c *Child, key *crypto.Key, masked bool) (Particulars, error) {
	p := Particulars{Name: c.Name, Sex: c.Sex, BirthOn: c.BirthOn, Ethnicity: c.Ethnicity, Region: c.Region, HouseholdRegion: c.HouseholdRegion, School: c.School, Grade: c.Grade}
	open := key.Open
	if masked {
		open = func(at crypto.Place, sealed []byte) (string, error) { return openMasked(key, at, sealed) }
	}
	var err error
	if p.Identity, err = open(c.place("identity"), c.Identity); err != nil {
		return p, err
	}
	if p.Telephone, err = open(c.place("telephone"), c.Telephone); err != nil {
		return p, err
	}
	p.Address, err = key.Open(c.place("address"), c.Address)
	return p, err
}

func openMasked(key *crypto.Key, at crypto.Place, sealed []byte) (string, error) {
	text, err := key.Open(at, sealed)
	if err != nil || text == "" {
		return "", err
	}
	return identity.Mask(text), nil
}

// Reveal shows one masked value in full, for a reason that is journalled.
// field is identity or telephone; person is empty for the child's own.
func (s *Service) Reveal(ctx context.Context, id, personID, field, reason string) (string, error) {
	if field != "identity" && field != "telephone" {
		return "", fault.NewInvalid("reveal.field", "只能查看身份证号或电话。")
	}
	if len([]rune(strings.TrimSpace(reason))) < 2 {
		return "", fault.NewInvalid("reveal.reason", "请填写查看的事由。").At("reason", "请写明为什么需要查看")
	}
	c, err := s.reach(ctx, s.db, "child.reveal", id)
	if err != nil {
		return "", err
	}
	groups, err := s.rules.Groups(ctx, s.db, "child.reveal", subject(&c))
	if err != nil {
		return "", err
	}
	shown := struct {
		Identity  string `see:"identity"`
		Telephone string `see:"contact"`
	}{"x", "x"}
	authz.Blank(&shown, groups)
	if field == "identity" && shown.Identity == "" || field == "telephone" && shown.Telephone == "" {
		return "", fault.NewDenied("child.reveal", "您的岗位不需要这项信息，不能查看。")
	}
	owner, at, sealed := id, c.place(field), c.Identity
	if field == "telephone" {
		sealed = c.Telephone
	}
	if personID != "" {
		p, ok, err := store.Maybe[person](ctx, s.db, `
			select p.id, p.identity, p.telephone, p.version
			  from registry_person p
			 where p.id = ? and p.id in (select r.person_id from registry_relation r where r.child_id = ?)`, personID, id)
		if err != nil {
			return "", fmt.Errorf("reading the family member: %w", err)
		}
		if !ok {
			return "", fault.NewNotFound("not_found", "没有找到这条记录。")
		}
		owner, at, sealed = personID, p.place(field), p.Identity
		if field == "telephone" {
			sealed = p.Telephone
		}
	}
	key, err := s.keys.Key(ctx, s.db, owner)
	if err != nil {
		return "", err
	}
	text, err := key.Open(at, sealed)
	if err != nil {
		return "", err
	}
	author, _ := journal.AuthorOf(ctx)
	author.Purpose = reason
	return text, s.journal.Read(journal.WithAuthor(ctx, author), "child.reveal", journal.Entry{Kind: "child", ID: id, Subject: id, Region: c.Region, Note: field})
}

// Timeline shows what happened on a child's file, newest first. Who did it is
// said to those who keep the file, and to nobody by id.
func (s *Service) Timeline(ctx context.Context, id string, before int64) ([]journal.Line, error) {
	c, err := s.reach(ctx, s.db, "child.read", id)
	if err != nil {
		return nil, err
	}
	lines, err := journal.OfSubject(ctx, s.db, id, before, 50)
	if err != nil {
		return nil, err
	}
	groups, err := s.rules.Groups(ctx, s.db, "child.read", subject(&c))
	if err != nil {
		return nil, err
	}
	for i := range lines {
		l := &lines[i]
		l.Detail, l.AuthorID, l.Purpose = "", "", "" // digests mean nothing to a reader; the history has the values
		if !slices.Contains(groups, authz.SeeNarrative) {
			l.Author = ""
		}
	}
	return lines, s.journal.Read(ctx, "child.timeline", journal.Entry{Kind: "child", ID: id, Subject: id, Region: c.Region})
}

// VerdictsOn computes the verdicts as of any day, from what is on file today.
func (s *Service) VerdictsOn(ctx context.Context, id string, on clock.Day) ([]Verdict, error) {
	if !on.Valid() {
		return nil, fault.NewInvalid("day.invalid", "日期应写成 2026-01-31 这样。")
	}
	c, err := s.reach(ctx, s.db, "child.read", id)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys.Keys(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	facts, err := s.factsOf(ctx, s.db, keys, id)
	if err != nil {
		return nil, err
	}
	out := []Verdict{}
	for _, d := range s.policy.Pack.Definitions {
		if d.On() && d.From <= on && (d.Until == "" || on <= d.Until) {
			out = append(out, Derive(d, c.BirthOn, c.Region, facts[id], on))
		}
	}
	return out, s.journal.Read(ctx, "child.read", journal.Entry{Kind: "child", ID: id, Subject: id, Region: c.Region})
}

// Carer is who looks after a child, as one needs at the door.
type Carer struct {
	Name      string
	Kinship   string
	Telephone string // in full
}

// Carers finds who looks after children: the entrusted carer, else a
// grandparent, else a parent, else whoever is on file. The caller's own rule
// has decided who may know, and journals it.
func (s *Service) Carers(ctx context.Context, q store.Querier, children ...string) (map[string]Carer, error) {
	type row struct {
		ChildID   string `db:"child_id"`
		Kinship   string `db:"kinship"`
		Carer     bool   `db:"carer"`
		ID        string `db:"id"`
		Name      string `db:"name"`
		Telephone []byte `db:"telephone"`
		Version   int    `db:"version"`
	}
	rows, err := store.All[row](ctx, q, `
		select r.child_id, r.kinship, r.carer, p.id, p.name, p.telephone, p.version
		  from registry_relation r
		  join registry_person p on p.id = r.person_id
		 where r.until_on = '' and r.child_id in (`+store.Marks(len(children))+`)
		 order by r.carer desc, case when r.kinship between '60' and '64' then 0 else 1 end, r.kinship`, store.Anys(children)...)
	if err != nil {
		return nil, fmt.Errorf("reading carers: %w", err)
	}
	chosen := map[string]row{}
	var owners []string
	for _, r := range rows {
		if _, has := chosen[r.ChildID]; !has {
			chosen[r.ChildID] = r
			owners = append(owners, r.ID)
		}
	}
	keys, err := s.keys.Keys(ctx, q, owners...)
	if err != nil {
		return nil, err
	}
	out := map[string]Carer{}
	for child, r := range chosen {
		c := Carer{Name: r.Name, Kinship: r.Kinship}
		if key := keys[r.ID]; key != nil {
			p := person{ID: r.ID, Version: r.Version}
			if c.Telephone, err = key.Open(p.place("telephone"), r.Telephone); err != nil {
				return nil, err
			}
		}
		out[child] = c
	}
	return out, nil
}

// OpenAddress opens the house-level address.
func (c *Child) OpenAddress(key *crypto.Key) (string, error) {
	return key.Open(c.place("address"), c.Address)
}
