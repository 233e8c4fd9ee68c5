package registry

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/identity"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// A block key names a group of records that may be one child: the same birth
// date, the same name by sound, the same telephone in the family, a parent or
// carer of the same name by sound. Two records are compared only when they
// share one. A pair identity.Compare finds likely shares at least one, unless
// the names are only similar, a birth date is known to the month only, and
// nothing but the village agrees. Kept keyed, they tell nothing by themselves.
type blockKey [16]byte

// rawKeys are the keys of a record before they are keyed. Telephones come as
// their blind indexes, since that is what the store has of them.
func rawKeys(r identity.Record, telephones [][]byte) []string {
	r.Phones, r.Number = nil, identity.Number{}
	keys := slices.DeleteFunc(identity.BlockKeys(r), func(k string) bool { return strings.HasPrefix(k, "surname:") })
	for _, t := range telephones {
		if len(t) > 0 {
			keys = append(keys, "phone:"+string(t))
		}
	}
	for _, g := range r.Guardians {
		for _, said := range identity.Pinyin(g) {
			keys = append(keys, "kin:"+said.Full)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func blockKeys(ring *crypto.Keyring, r identity.Record, telephones [][]byte) []blockKey {
	raw := rawKeys(r, telephones)
	out := make([]blockKey, len(raw))
	for i, k := range raw {
		copy(out[i][:], ring.Index("block", k))
	}
	return out
}

func (s *Service) telephones(r identity.Record) [][]byte {
	out := make([][]byte, len(r.Phones))
	for i, p := range r.Phones {
		out[i] = s.keys.Index("telephone", p.Reveal())
	}
	return out
}

type blockRow struct {
	Key     []byte `db:"key"`
	ChildID string `db:"child_id"`
	Region  string `db:"region"`
}

// BlocksTx brings the block keys of children on file up to date, so that a
// later roster finds them. Whatever enters a child, changes name or birth, or
// adds a relative calls it in the same transaction.
func (s *Service) BlocksTx(ctx context.Context, tx *store.Tx, children ...string) error {
	for len(children) > 0 {
		n := min(500, len(children))
		if err := s.blocks(ctx, tx, children[:n]); err != nil {
			return fmt.Errorf("keeping block keys: %w", err)
		}
		children = children[n:]
	}
	return nil
}

func (s *Service) blocks(ctx context.Context, tx *store.Tx, ids []string) error {
	found, err := s.filed(ctx, tx, "c.id in ("+store.Marks(len(ids))+")", store.Anys(ids))
	if err != nil {
		return err
	}
	if err := s.kin(ctx, tx, found); err != nil {
		return err
	}
	var rows []blockRow
	for _, f := range found {
		for _, k := range blockKeys(s.keys, f.record(), f.telephones) {
			rows = append(rows, blockRow{bytes.Clone(k[:]), f.ID, f.Region})
		}
	}
	if _, err := store.Exec(ctx, tx, `delete from registry_block where child_id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...); err != nil {
		return err
	}
	return store.Insert(ctx, tx, "registry_block", rows...)
}

// filed is a child on file as far as comparing needs, without opening anything
// sealed: numbers and telephones compare by their blind indexes.
type filed struct {
	ID            string     `db:"id"`
	Name          string     `db:"name"`
	Sex           int        `db:"sex"`
	BirthOn       clock.Day  `db:"birth_on"`
	Region        string     `db:"region"`
	State         ChildState `db:"state"`
	IdentityIndex []byte     `db:"identity_index"`
	Key           []byte     `db:"key"`
	guardians     []string
	telephones    [][]byte
}

func (f *filed) record() identity.Record {
	r := identity.Record{Name: f.Name, Birth: string(f.BirthOn), Sex: identity.Sex(f.Sex), Guardians: f.guardians}
	if region.Code(f.Region).Level() == region.Village {
		r.Village = f.Region
	}
	return r
}

func (s *Service) filed(ctx context.Context, q store.Querier, where string, values []any) ([]*filed, error) {
	rows, err := store.All[filed](ctx, q, `
		select c.id, c.name, c.sex, c.birth_on, c.region, c.state, c.identity_index from registry_child c where `+where, values...)
	if err != nil {
		return nil, fmt.Errorf("reading children to compare: %w", err)
	}
	out := make([]*filed, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out, nil
}

// kin reads the parents and carers of children on file.
func (s *Service) kin(ctx context.Context, q store.Querier, children []*filed) error {
	byID := map[string]*filed{}
	for _, f := range children {
		byID[f.ID] = f
	}
	ids := make([]any, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	for len(ids) > 0 {
		n := min(5000, len(ids))
		rows, err := store.All[struct {
			ChildID   string `db:"child_id"`
			Name      string `db:"name"`
			Telephone []byte `db:"telephone_index"`
		}](ctx, q, `
			select r.child_id, p.name, p.telephone_index
			  from registry_relation r
			  join registry_person p on p.id = r.person_id
			 where r.child_id in (`+store.Marks(n)+`) and (r.kinship in ('51', '52') or r.carer = 1)`, ids[:n]...)
		if err != nil {
			return fmt.Errorf("reading families to compare: %w", err)
		}
		for _, r := range rows {
			f := byID[r.ChildID]
			f.guardians = append(f.guardians, r.Name)
			if len(r.Telephone) > 0 {
				f.telephones = append(f.telephones, r.Telephone)
			}
		}
		ids = ids[n:]
	}
	return nil
}

// likeness is one record that may be, or is, the same child.
type likeness struct {
	child   *filed // on file
	row     int    // or another row of the import, by its place in it
	match   identity.Match
	certain bool
}

// sought is a record to look for, with what it is looked for by.
type sought struct {
	record identity.Record
	number []byte // blind index
	keys   []blockKey
	phones [][]byte
	name   identity.Prepared // of the name alone
	full   identity.Prepared
	onFile []likeness
}

func (s *Service) seek(r identity.Record) *sought {
	phones := s.telephones(r)
	return &sought{record: r, number: s.keys.Index("identity", r.Number.Reveal()), keys: blockKeys(s.keys, r, phones), phones: phones,
		name: identity.Prepare(identity.Record{Name: r.Name}), full: identity.Prepare(r)}
}

// alike reports names that are not plainly different: two records of names
// alone weigh more than nothing only then.
func (w *sought) alike(name string) bool {
	return w.name.Compare(identity.Prepare(identity.Record{Name: name})).Score > 0
}

// onFile looks for records among the children on file, in three statements
// however many there are.
func (s *Service) onFile(ctx context.Context, q store.Querier, all []*sought) error {
	byNumber, byKey := map[string][]*sought{}, map[blockKey][]*sought{}
	var numbers, keys []any
	for _, w := range all {
		if len(w.number) > 0 {
			if byNumber[string(w.number)] == nil {
				numbers = append(numbers, w.number)
			}
			byNumber[string(w.number)] = append(byNumber[string(w.number)], w)
		}
		for _, k := range w.keys {
			if byKey[k] == nil {
				keys = append(keys, bytes.Clone(k[:]))
			}
			byKey[k] = append(byKey[k], w)
		}
	}
	type pair struct {
		w *sought
		f *filed
	}
	var pairs []pair
	seen := map[*sought]map[string]bool{}
	files := map[string]*filed{} // one of each, however many rows may be that child
	add := func(w *sought, f *filed) {
		if files[f.ID] == nil {
			files[f.ID] = f
		}
		f = files[f.ID]
		if seen[w] == nil {
			seen[w] = map[string]bool{}
		}
		if !seen[w][f.ID] {
			seen[w][f.ID] = true
			pairs = append(pairs, pair{w, f})
		}
	}
	if len(numbers) > 0 {
		found, err := s.filed(ctx, q, "c.identity_index in ("+store.Marks(len(numbers))+")", numbers)
		if err != nil {
			return err
		}
		for _, f := range found {
			for _, w := range byNumber[string(f.IdentityIndex)] {
				add(w, f)
			}
		}
	}
	for len(keys) > 0 {
		n := min(10000, len(keys))
		for f, err := range store.Rows[filed](ctx, q, `
			select b.key, c.id, c.name, c.sex, c.birth_on, c.region, c.state, c.identity_index
			  from registry_block b
			  join registry_child c on c.id = b.child_id
			 where b.key in (`+store.Marks(n)+`)`, keys[:n]...) {
			if err != nil {
				return fmt.Errorf("reading children to compare: %w", err)
			}
			for _, w := range byKey[blockKey(f.Key)] {
				if w.alike(f.Name) {
					add(w, &f)
				}
			}
		}
		keys = keys[n:]
	}
	// Only where names and births leave it open is the family worth reading.
	near := pairs[:0]
	var families []*filed
	for _, p := range pairs {
		bare := identity.Prepare(identity.Record{Number: p.w.theirs(p.f), Name: p.f.Name, Birth: string(p.f.BirthOn), Sex: identity.Sex(p.f.Sex)})
		own := p.w.record
		own.Guardians, own.Phones, own.Village = nil, nil, ""
		if m := identity.Prepare(own).Compare(bare); m.Likely || m.Score+householdMost >= likelyFrom {
			near = append(near, p)
			families = append(families, p.f)
		}
	}
	if len(near) == 0 {
		return nil
	}
	if err := s.kin(ctx, q, families); err != nil {
		return err
	}
	for _, p := range near {
		theirs := p.f.record()
		theirs.Number = p.w.theirs(p.f)
		for _, t := range p.f.telephones {
			theirs.Phones = append(theirs.Phones, p.w.telephone(t))
		}
		if m := p.w.full.Compare(identity.Prepare(theirs)); m.Likely {
			p.w.onFile = append(p.w.onFile, likeness{child: p.f, match: m, certain: m.Certain})
		}
	}
	for _, w := range all {
		slices.SortStableFunc(w.onFile, surest)
	}
	return nil
}

// householdMost and likelyFrom bound from above what a family can add and from
// below what is likely, as platform/identity weighs them.
const householdMost, likelyFrom = 14.0, 16.0

func surest(a, b likeness) int {
	switch {
	case a.certain != b.certain && a.certain:
		return -1
	case a.certain != b.certain:
		return 1
	case a.match.Score > b.match.Score:
		return -1
	case a.match.Score < b.match.Score:
		return 1
	}
	return 0
}

// somebodyElse are numbers that stand for any other person's: comparing asks
// only whether two are equal, and of a child on file that can be told by the
// blind index, without opening the number.
var somebodyElse = func() (out [2]identity.Number) {
	for i, text := range []string{"11010519491231002X", "440524188001010014"} {
		out[i], _ = identity.Parse(text)
	}
	return out
}()

var anotherPhone = func() (out [2]identity.Phone) {
	for i, text := range []string{"13000000000", "13000000001"} {
		out[i], _ = identity.NormalizePhone(text)
	}
	return out
}()

func (w *sought) theirs(f *filed) identity.Number {
	switch {
	case len(f.IdentityIndex) == 0:
		return identity.Number{}
	case bytes.Equal(f.IdentityIndex, w.number):
		return w.record.Number
	case w.record.Number == somebodyElse[0]:
		return somebodyElse[1]
	}
	return somebodyElse[0]
}

func (w *sought) telephone(index []byte) identity.Phone {
	for i, t := range w.phones {
		if bytes.Equal(t, index) {
			return w.record.Phones[i]
		}
	}
	if slices.Contains(w.record.Phones, anotherPhone[0]) {
		return anotherPhone[1]
	}
	return anotherPhone[0]
}

// fileIndex finds earlier rows of the same import. It lies in memory and keeps
// of each row what comparing needs: some hundred bytes.
type fileIndex struct {
	rows    []indexed
	heads   map[blockKey]int32 // the latest link of a key
	links   []link
	numbers map[identity.Number]int32
}

type indexed struct {
	record  identity.Record
	seq     int // the row's place in the import
	number  int // the sheet's own numbering
	sheet   int
	outcome string
	into    int // the row it was merged into; 0 when it stands for itself
	region  string
	facts   string
}

type link struct{ row, next int32 }

func newFileIndex() *fileIndex {
	return &fileIndex{heads: map[blockKey]int32{}, links: []link{{}}, numbers: map[identity.Number]int32{}}
}

func (x *fileIndex) add(r indexed, keys []blockKey) {
	at := int32(len(x.rows))
	x.rows = append(x.rows, r)
	for _, k := range keys {
		x.links = append(x.links, link{at, x.heads[k]})
		x.heads[k] = int32(len(x.links) - 1)
	}
	if n := r.record.Number; !n.IsZero() {
		if _, had := x.numbers[n]; !had {
			x.numbers[n] = at
		}
	}
}

// find gives the earlier rows that may be the same child, the surest first.
func (x *fileIndex) find(w *sought) (out []likeness) {
	seen := map[int32]bool{}
	try := func(at int32) {
		r := &x.rows[at]
		if seen[at] || r.outcome == RowRejected {
			return
		}
		seen[at] = true
		if sameNumber := !w.record.Number.IsZero() && r.record.Number == w.record.Number; !sameNumber && !w.alike(r.record.Name) {
			return
		}
		if m := w.full.Compare(identity.Prepare(r.record)); m.Likely {
			out = append(out, likeness{row: int(at), match: m, certain: m.Certain})
		}
	}
	if at, ok := x.numbers[w.record.Number]; ok && !w.record.Number.IsZero() {
		try(at)
	}
	for _, k := range w.keys {
		for l := x.heads[k]; l != 0; l = x.links[l].next {
			try(x.links[l].row)
		}
	}
	slices.SortStableFunc(out, surest)
	return out
}
