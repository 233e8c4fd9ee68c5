package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// fieldChange is one field's change, open; it is kept sealed.
type fieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// sensitiveFields appear in the journal only as digests.
var sensitiveFields = map[string]bool{"identity": true, "telephone": true, "address": true, "birth_on": true}

// History is one change of fields, as it is shown.
type History struct {
	At      time.Time     `json:"at"`
	Author  string        `json:"author"`
	Source  string        `json:"source"`
	Changes []fieldChange `json:"changes"`
}

// Change carries corrected particulars of a child; a nil field stays as it is.
type Change struct {
	Name            *string    `json:"name,omitempty" minLength:"1" maxLength:"40"`
	Sex             *int       `json:"sex,omitempty" enum:"0,1,2,9"`
	BirthOn         *clock.Day `json:"birth_on,omitempty" maxLength:"10"`
	Ethnicity       *string    `json:"ethnicity,omitempty" maxLength:"20"`
	Identity        *string    `json:"identity,omitempty" maxLength:"30"`
	HouseholdRegion *string    `json:"household_region,omitempty" maxLength:"12"`
	Address         *string    `json:"address,omitempty" maxLength:"100"`
	Telephone       *string    `json:"telephone,omitempty" maxLength:"30"`
	School          *string    `json:"school,omitempty" maxLength:"60"`
	Grade           *string    `json:"grade,omitempty" maxLength:"30"`
}

func errStale() error {
	return fault.NewStale("child.stale", "这份档案刚刚被别人改过。您填写的内容还在，请核对最新内容后再保存。")
}

// Update changes particulars of a child whose file was read at a version.
// Stale when someone changed it since; Conflict when the identity number is on
// another file; NotFound when the actor may not know of the child.
func (s *Service) Update(ctx context.Context, id string, version int, change Change) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		c, err := s.reach(ctx, tx, "child.change", id)
		if err != nil {
			return Receipt{}, err
		}
		if c.Version != version {
			return Receipt{}, errStale()
		}
		children, keys, err := s.load(ctx, tx, id)
		if err != nil {
			return Receipt{}, err
		}
		now, settled := children[0], keys[id]
		changes, err := s.apply(&now.Child, settled, change)
		if err != nil || len(changes) == 0 {
			return Receipt{ID: id, Version: version}, err
		}
		if err := s.save(ctx, tx, &now.Child, version); err != nil {
			return Receipt{}, err
		}
		if err := s.BlocksTx(ctx, tx, id); err != nil {
			return Receipt{}, err
		}
		now.Source = Source{Kind: "desk"}
		before := c
		if err := s.settle(ctx, tx, children); err != nil {
			return Receipt{}, err
		}
		if err := tally.AddTx(ctx, tx, changeCount(&before, &now.Child)...); err != nil {
			return Receipt{}, err
		}
		return Receipt{ID: id, Number: c.Number, Version: now.Child.Version}, s.remember(ctx, tx, &now.Child, settled, "desk", "child.changed", changes)
	})
}

// apply sets the fields that differ, sealing anew, and returns what changed.
func (s *Service) apply(c *Child, key *crypto.Key, change Change) ([]fieldChange, error) {
	p, err := openChild(c, key, false)
	if err != nil {
		return nil, err
	}
	var changes []fieldChange
	text := func(field string, into *string, to *string) {
		if to != nil && *to != *into {
			changes = append(changes, fieldChange{field, *into, *to})
			*into = *to
		}
	}
	birth := string(p.BirthOn)
	var newBirth *string
	if change.BirthOn != nil {
		b := string(*change.BirthOn)
		newBirth = &b
	}
	text("name", &p.Name, change.Name)
	text("birth_on", &birth, newBirth)
	text("ethnicity", &p.Ethnicity, change.Ethnicity)
	text("identity", &p.Identity, normalIdentity(change.Identity))
	text("household_region", &p.HouseholdRegion, change.HouseholdRegion)
	text("address", &p.Address, change.Address)
	text("telephone", &p.Telephone, change.Telephone)
	text("school", &p.School, change.School)
	text("grade", &p.Grade, change.Grade)
	p.BirthOn = clock.Day(birth)
	if change.Sex != nil && *change.Sex != p.Sex {
		changes = append(changes, fieldChange{"sex", fmt.Sprint(p.Sex), fmt.Sprint(*change.Sex)})
		p.Sex = *change.Sex
	}
	if len(changes) == 0 {
		return nil, nil
	}
	f := NewFile{Child: p}
	if err := f.validate(clock.Today(s.clock)); err != nil {
		return nil, err
	}
	p = f.Child
	c.Name, c.Sex, c.BirthOn, c.Ethnicity, c.HouseholdRegion, c.School, c.Grade = p.Name, p.Sex, p.BirthOn, p.Ethnicity, p.HouseholdRegion, p.School, p.Grade
	c.Pinyin, c.Initials = sayings(p.Name)
	c.SealedVersion++
	c.Identity, c.Address, c.Telephone = key.Seal(c.place("identity"), p.Identity), key.Seal(c.place("address"), p.Address), key.Seal(c.place("telephone"), p.Telephone)
	c.IdentityIndex = s.keys.Index("identity", p.Identity)
	switch {
	case p.Identity != "":
		c.IdentityState = IdentityHeld
	case c.IdentityState == IdentityHeld:
		c.IdentityState = IdentityNone
	}
	return changes, nil
}

func normalIdentity(raw *string) *string {
	if raw == nil {
		return nil
	}
	if n, err := identity.Parse(*raw); err == nil {
		text := n.Reveal()
		return &text
	}
	return raw // validate says what is wrong with it
}

// save writes a child's row where it is still at the version it was read at.
func (s *Service) save(ctx context.Context, tx *store.Tx, c *Child, version int) error {
	c.UpdatedAt = s.clock.Now()
	c.Version = version + 1
	n, err := store.Exec(ctx, tx, `
		update registry_child
		   set region = ?, household_region = ?, name = ?, pinyin = ?, initials = ?, sex = ?, birth_on = ?, ethnicity = ?,
		       identity = ?, identity_index = ?, identity_state = ?, address = ?, telephone = ?, school = ?, schooling = ?, grade = ?,
		       state = ?, left_on = ?, left_reason = ?, updated_at = ?, sealed_version = ?, version = ?
		 where id = ? and version = ?`,
		c.Region, c.HouseholdRegion, c.Name, c.Pinyin, c.Initials, c.Sex, string(c.BirthOn), c.Ethnicity,
		c.Identity, c.IdentityIndex, c.IdentityState, c.Address, c.Telephone, c.School, c.Schooling, c.Grade,
		string(c.State), string(c.LeftOn), c.LeftReason, c.UpdatedAt, c.SealedVersion, c.Version, c.ID, version)
	if store.IsUnique(err) {
		return fault.NewConflict("registry.known", "这个身份证号已在另一份档案上，请核对号码；确属同一儿童的，请联系乡镇合并档案。").At("identity", "已在另一份档案上").Because(err)
	}
	if err != nil {
		return fmt.Errorf("saving the child: %w", err)
	}
	if n == 0 {
		return errStale()
	}
	return nil
}

// remember keeps the history of fields, sealed, and the journal's line.
func (s *Service) remember(ctx context.Context, tx *store.Tx, c *Child, key *crypto.Key, source, action string, changes []fieldChange) error {
	author, _ := journal.AuthorOf(ctx)
	id := newID()
	text, err := json.Marshal(changes)
	if err != nil {
		return fmt.Errorf("keeping history: %w", err)
	}
	if _, err := store.Exec(ctx, tx, `
		insert into registry_history (id, child_id, at, author_id, author, source, sealed) values (?, ?, ?, ?, ?, ?, ?)`,
		id, c.ID, s.clock.Now(), author.ID, author.Name, source, key.Seal(historyPlace(id), string(text))); err != nil {
		return fmt.Errorf("keeping history: %w", err)
	}
	entry := journal.Entry{Kind: "child", ID: c.ID, Subject: c.ID, Region: c.Region}
	for _, ch := range changes {
		if sensitiveFields[ch.Field] || strings.Contains(ch.Field, ".") {
			ch.Old, ch.New = key.Digest(ch.Old), key.Digest(ch.New)
		}
		entry.Changes = append(entry.Changes, journal.Change{Field: ch.Field, Old: ch.Old, New: ch.New})
	}
	return s.journal.Record(ctx, tx, action, entry)
}

func historyPlace(id string) crypto.Place {
	return crypto.Place{Column: "registry_history.sealed", ID: id}
}

// Histories shows every change of fields, newest first, identity numbers and
// telephones masked.
func (s *Service) Histories(ctx context.Context, id string) ([]History, error) {
	c, err := s.reach(ctx, s.db, "child.change", id)
	if err != nil {
		return nil, err
	}
	key, err := s.keys.Key(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	rows, err := store.All[struct {
		ID     string    `db:"id"`
		At     time.Time `db:"at"`
		Author string    `db:"author"`
		Source string    `db:"source"`
		Sealed []byte    `db:"sealed"`
	}](ctx, s.db, `select h.id, h.at, h.author, h.source, h.sealed from registry_history h where h.child_id = ? order by h.id desc limit 200`, id)
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	out := make([]History, len(rows))
	for i, r := range rows {
		text, err := key.Open(historyPlace(r.ID), r.Sealed)
		if err != nil {
			return nil, err
		}
		out[i] = History{At: r.At, Author: r.Author, Source: r.Source}
		if err := json.Unmarshal([]byte(text), &out[i].Changes); err != nil {
			return nil, fmt.Errorf("reading history: %w", err)
		}
		for j, ch := range out[i].Changes {
			if ch.Field == "identity" || strings.HasSuffix(ch.Field, "telephone") {
				out[i].Changes[j].Old, out[i].Changes[j].New = identity.Mask(ch.Old), identity.Mask(ch.New)
			}
		}
	}
	return out, s.journal.Read(ctx, "child.history", journal.Entry{Kind: "child", ID: id, Subject: id, Region: c.Region})
}

// RecordFacts adds dated facts to a child's file at a desk.
func (s *Service) RecordFacts(ctx context.Context, id string, facts ...NewFact) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		return s.RecordFactsTx(ctx, tx, id, Source{Kind: "desk"}, facts...)
	})
}

// RecordFactsTx adds dated facts and settles the child. A fact that says what
// is on file already adds nothing; one that says otherwise ends the earlier
// one on the day it starts, or on the day it became known. Who may record is
// for the caller's own rule when source is not a desk.
func (s *Service) RecordFactsTx(ctx context.Context, tx *store.Tx, id string, source Source, facts ...NewFact) (Receipt, error) {
	if source.Kind == "desk" {
		if _, err := s.reach(ctx, tx, "child.change", id); err != nil {
			return Receipt{}, err
		}
	}
	today := clock.Today(s.clock)
	bad := fault.NewInvalid("facts.invalid", "有内容需要修改，请看标出的地方。")
	for i := range facts {
		if reason := facts[i].wrong(today); reason != "" {
			bad = bad.At(fmt.Sprintf("facts[%d]", i), reason)
		}
	}
	if len(bad.Fields) > 0 {
		return Receipt{}, bad
	}
	children, keys, err := s.load(ctx, tx, id)
	if err != nil {
		return Receipt{}, err
	}
	if len(children) == 0 || keys[id] == nil {
		return Receipt{}, fault.NewNotFound("not_found", "没有找到这条记录。")
	}
	c, key := children[0], keys[id]
	relations, err := store.All[relation](ctx, tx, `select `+store.Columns[relation]("r")+` from registry_relation r where r.child_id = ?`, id)
	if err != nil {
		return Receipt{}, fmt.Errorf("reading the family: %w", err)
	}
	e := &entered{child: c.Child, relations: relations, key: key}
	author, _ := journal.AuthorOf(ctx)
	var changes []fieldChange
	var rows []Fact
	for _, n := range facts {
		f := e.fact(n, source, today, author.ID, s.clock.Now())
		old, had := c.Facts.On(f.About, f.Kind, today)
		if had && old.Value == f.Value && (f.StartOn == "" || f.StartOn == old.StartOn) && (f.Place == "" || f.Place == old.Place) && (f.Detail == "" || f.Detail == old.Detail) {
			continue
		}
		if had && f.Place == "" && old.Value == f.Value { // a better start keeps the place known before
			f.Place, f.PlaceText = old.Place, old.PlaceText
		}
		if had {
			end := f.from()
			if end < old.from() {
				end = old.from()
			}
			if _, err := store.Exec(ctx, tx, `update registry_fact set end_on = ? where id = ?`, string(end), old.ID); err != nil {
				return Receipt{}, fmt.Errorf("ending the earlier fact: %w", err)
			}
			for i := range c.Facts {
				if c.Facts[i].ID == old.ID {
					c.Facts[i].EndOn = end
				}
			}
		}
		changes = append(changes, fieldChange{f.About + "." + f.Kind, old.Value, f.Value})
		c.Facts = append(c.Facts, f)
		rows = append(rows, sealFact(f, key))
		if f.Kind == Schooling {
			c.Child.Schooling = f.Value
		}
	}
	if len(rows) == 0 {
		return Receipt{ID: id, Number: c.Child.Number, Version: c.Child.Version}, nil
	}
	if err := insertFacts(ctx, tx, rows); err != nil {
		return Receipt{}, fmt.Errorf("recording facts: %w", err)
	}
	if err := s.save(ctx, tx, &c.Child, c.Child.Version); err != nil {
		return Receipt{}, err
	}
	c.Source = source
	if err := s.settle(ctx, tx, children); err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: id, Number: c.Child.Number, Version: c.Child.Version}, s.remember(ctx, tx, &c.Child, key, source.Kind, "child.facts", changes)
}

// AddRelative adds somebody to a child's family or care.
func (s *Service) AddRelative(ctx context.Context, id string, r Relative) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		c, err := s.reach(ctx, tx, "child.change", id)
		if err != nil {
			return Receipt{}, err
		}
		key, err := s.keys.Key(ctx, tx, id)
		if err != nil {
			return Receipt{}, err
		}
		f := NewFile{Child: Particulars{Name: c.Name, Region: c.Region}, Relatives: []Relative{r}}
		if err := f.validate(clock.Today(s.clock)); err != nil {
			return Receipt{}, err
		}
		e := &entered{child: c, family: family{ID: c.FamilyID}}
		if err := s.joinPeople(ctx, tx, []*entered{e}, []NewFile{f}, Source{Kind: "desk"}); err != nil {
			return Receipt{}, err
		}
		keys := map[string]*crypto.Key{}
		if len(e.people) > 0 {
			if keys, err = s.keys.New(ctx, tx, s.clock.Now(), e.people[0].ID); err != nil {
				return Receipt{}, err
			}
		}
		e.key = key
		sealed := c // seal writes the child's own columns; only the people are kept
		e.seal(s.keys, keys, f)
		e.child = sealed
		if err := store.Insert(ctx, tx, "registry_person", e.people...); err != nil {
			return Receipt{}, fmt.Errorf("adding the person: %w", err)
		}
		if err := store.Insert(ctx, tx, "registry_relation", e.relations...); err != nil {
			return Receipt{}, fmt.Errorf("adding the relation: %w", err)
		}
		if err := s.BlocksTx(ctx, tx, id); err != nil {
			return Receipt{}, err
		}
		if err := s.save(ctx, tx, &c, c.Version); err != nil {
			return Receipt{}, err
		}
		return Receipt{ID: e.relations[0].ID, Version: c.Version}, s.remember(ctx, tx, &c, key, "desk", "child.relative_added",
			[]fieldChange{{"relative.name", "", r.Name}, {"relative.kinship", "", r.Kinship}})
	})
}

// EndRelation ends somebody's part in a child's family or care on a day.
func (s *Service) EndRelation(ctx context.Context, id, relationID string, on clock.Day) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		c, err := s.reach(ctx, tx, "child.change", id)
		if err != nil {
			return Receipt{}, err
		}
		if on == "" {
			on = clock.Today(s.clock)
		}
		if !on.Valid() {
			return Receipt{}, fault.NewInvalid("day.invalid", "日期应写成 2026-01-31 这样。").At("on", "日期不对")
		}
		n, err := store.Exec(ctx, tx, `update registry_relation set until_on = ? where id = ? and child_id = ? and until_on = ''`, string(on), relationID, id)
		if err != nil {
			return Receipt{}, fmt.Errorf("ending the relation: %w", err)
		}
		if n == 0 {
			return Receipt{}, fault.NewNotFound("not_found", "没有找到这条记录，可能已经结束。")
		}
		key, err := s.keys.Key(ctx, tx, id)
		if err != nil {
			return Receipt{}, err
		}
		if err := s.save(ctx, tx, &c, c.Version); err != nil {
			return Receipt{}, err
		}
		return Receipt{ID: relationID, Version: c.Version}, s.remember(ctx, tx, &c, key, "desk", "child.relation_ended", []fieldChange{{"relative.until_on", "", string(on)}})
	})
}

// LeaveReasons are why a child leaves the register, in words.
var LeaveReasons = []Word{{"returned", "父母返乡，不再留守"}, {"joined_parents", "随父母外出生活"}, {"came_of_age", "年满十六周岁"},
	{"moved_away", "迁出本县"}, {"died", "死亡"}, {"entered_wrongly", "登记有误"}}

// Leave takes a child off the register (退出), which the township decides.
// What protects the child stays owed; routine duties end.
func (s *Service) Leave(ctx context.Context, id string, version int, reason string, on clock.Day) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		c, err := s.reach(ctx, tx, "child.leave", id)
		if err != nil {
			return Receipt{}, err
		}
		if c.Version != version {
			return Receipt{}, errStale()
		}
		if c.State == Left {
			return Receipt{}, fault.NewConflict("child.left", "这名儿童已经退出台账。")
		}
		known := false
		for _, w := range LeaveReasons {
			known = known || w.Code == reason
		}
		if !known || !on.Valid() || on > clock.Today(s.clock) {
			return Receipt{}, fault.NewInvalid("leave.invalid", "请选择退出原因，并填写不晚于今天的日期。")
		}
		return s.turn(ctx, tx, c, "child.left", func(now *Child) { now.State, now.LeftOn, now.LeftReason = Left, on, reason },
			fieldChange{"state", string(Registered), string(Left)}, fieldChange{"left_reason", "", reason})
	})
}

// Return puts a child back on the register: the undo of Leave.
func (s *Service) Return(ctx context.Context, id string, version int) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		c, err := s.reach(ctx, tx, "child.leave", id)
		if err != nil {
			return Receipt{}, err
		}
		if c.Version != version {
			return Receipt{}, errStale()
		}
		if c.State == Registered {
			return Receipt{}, fault.NewConflict("child.registered", "这名儿童在册，不需要恢复。")
		}
		return s.turn(ctx, tx, c, "child.returned", func(now *Child) { now.State, now.LeftOn, now.LeftReason = Registered, "", "" },
			fieldChange{"state", string(Left), string(Registered)})
	})
}

// turn changes the row of a child and moves all that is counted of it.
func (s *Service) turn(ctx context.Context, tx *store.Tx, c Child, action string, set func(*Child), changes ...fieldChange) (Receipt, error) {
	children, keys, err := s.load(ctx, tx, c.ID)
	if err != nil {
		return Receipt{}, err
	}
	now := children[0]
	deltas := append(registerCount(&now.Child, -1), now.verdictCounts(-1)...)
	set(&now.Child)
	if err := s.save(ctx, tx, &now.Child, c.Version); err != nil {
		return Receipt{}, err
	}
	if c.Region != now.Child.Region {
		for _, table := range []string{"registry_status", "registry_fact", "registry_relation"} {
			if _, err := store.Exec(ctx, tx, `update `+table+` set region = ? where child_id = ?`, now.Child.Region, c.ID); err != nil {
				return Receipt{}, fmt.Errorf("moving %s: %w", table, err)
			}
		}
		for d, r := range now.before {
			r.Region = now.Child.Region
			now.before[d] = r
		}
	}
	deltas = append(append(deltas, registerCount(&now.Child, 1)...), now.verdictCounts(1)...)
	if err := tally.AddTx(ctx, tx, deltas...); err != nil {
		return Receipt{}, err
	}
	now.Source = Source{Kind: "desk"}
	if err := s.settle(ctx, tx, children); err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: c.ID, Number: c.Number, Version: now.Child.Version}, s.remember(ctx, tx, &now.Child, keys[c.ID], "desk", action, changes)
}

// verdictCounts is what the child's verdicts add to the figures, while it is
// on the register.
func (s *Settled) verdictCounts(sign int) (out []tally.Delta) {
	if s.Child.State != Registered {
		return nil
	}
	for _, r := range s.before {
		out = append(out, verdictCount(r, sign)...)
	}
	return out
}
