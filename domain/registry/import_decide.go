package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"shouwang/platform/authz"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
	"shouwang/platform/store"
)

// What a person may decide of a row.
const (
	decideAccept = "accept" // 作为新的儿童建档
	decideFix    = "fix"    // 改正内容后重新核对
	decidePlace  = "place"  // 选定所在村（社区）
	decideMerge  = "merge"  // 与在册儿童或另一行是同一人，并入
	decideKeep   = "keep"   // 儿童已在档，保留档案原内容
	decideReject = "reject" // 不入库
)

// RowDecision settles one row.
type RowDecision struct {
	Version int               `json:"version" minimum:"1"`
	Action  string            `json:"action" enum:"accept,fix,place,merge,keep,reject"`
	Place   string            `json:"place,omitempty" maxLength:"12" doc:"with place"`
	Child   string            `json:"child,omitempty" maxLength:"40" doc:"with merge: the child on file"`
	Seq     int               `json:"seq,omitempty" doc:"with merge: the other row"`
	Fields  map[string]string `json:"fields,omitempty" doc:"with fix: what the row should say, by field"`
	Reason  string            `json:"reason,omitempty" maxLength:"200" doc:"with reject"`
}

// Decided is what a decision came to.
type Decided struct {
	Outcome string `json:"outcome"`
	Settled string `json:"settled"`
	ChildID string `json:"child_id"`
	Version int    `json:"version"`
	Rows    int    `json:"rows" doc:"how many rows the decision settled"`
}

func (m *Imports) key(ctx context.Context, q store.Querier, i *Import) (*crypto.Key, error) {
	key, err := m.service.keys.Key(ctx, q, i.ID)
	if errors.Is(err, crypto.ErrDestroyed) {
		return nil, errErased()
	}
	return key, err
}

// deciding is an import whose rows are being decided, in one transaction.
type deciding struct {
	*Imports
	tx *store.Tx
	i  *Import
	p  *poster
}

func (m *Imports) deciding(ctx context.Context, tx *store.Tx, id string) (*deciding, error) {
	i, err := m.lock(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, m.service.rules.Absent(ctx, "import.decide", "import")
	}
	if err != nil {
		return nil, err
	}
	switch i.State {
	case ImportChecked, ImportPosting, ImportPosted:
	default:
		return nil, fault.NewConflict("import.not_now", "名册还没有核对完，或已撤销，现在不能处理其中的行。")
	}
	p, err := m.poster(ctx, tx, i)
	if err != nil {
		return nil, err
	}
	return &deciding{m, tx, i, p}, nil
}

func (d *deciding) row(ctx context.Context, seq int) (*importRow, error) {
	r, ok, err := store.Maybe[importRow](ctx, d.tx, `
		select `+store.Columns[importRow]("r")+` from registry_import_row r where r.import_id = ? and r.seq = ?`, d.i.ID, seq)
	if err != nil {
		return nil, fmt.Errorf("reading the row: %w", err)
	}
	if !ok {
		return nil, fault.NewNotFound("not_found", "没有找到这一行。")
	}
	return &r, nil
}

// Decide settles one held or rejected row, or turns one down before it is
// entered. NotFound when it is not the actor's to settle; Stale when somebody
// settled it first; Invalid or Conflict says why it cannot be settled so.
func (m *Imports) Decide(ctx context.Context, id string, seq int, by RowDecision) (*Decided, error) {
	return store.In(ctx, m.service.db, func(tx *store.Tx) (*Decided, error) {
		d, err := m.deciding(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		r, err := d.row(ctx, seq)
		if err != nil {
			return nil, err
		}
		if err := m.service.rules.Check(ctx, tx, "import.decide", authz.Subject{Kind: "import", ID: id, Region: r.Decider}); err != nil {
			return nil, err
		}
		if r.Version != by.Version {
			return nil, fault.NewStale("import.row_stale", "这一行刚刚被别人处理过，请刷新后再看。")
		}
		if r.Settled != "" && r.Settled != settledReady || r.Outcome == RowAccepted && by.Action != decideReject {
			return nil, fault.NewConflict("import.row_settled", "这一行已经处理过了。")
		}
		before := *r
		content, err := r.open(d.p.key)
		if err != nil {
			return nil, err
		}
		if err := d.decide(ctx, r, content, by); err != nil {
			return nil, err
		}
		if err := d.close(ctx, &before); err != nil {
			return nil, err
		}
		after, err := d.row(ctx, seq)
		if err != nil {
			return nil, err
		}
		out := &Decided{Outcome: after.Outcome, Settled: after.Settled, ChildID: after.ChildID, Version: after.Version}
		if after.Outcome != RowHeld {
			out.Rows = 1
		}
		return out, m.service.journal.Record(ctx, tx, "import.row_decided",
			journal.Entry{Kind: "import", ID: id, Region: r.Region, Note: fmt.Sprintf("%s %d", by.Action, seq)})
	})
}

func (d *deciding) decide(ctx context.Context, r *importRow, content *rowContent, by RowDecision) error {
	switch by.Action {
	case decideReject:
		if utf8.RuneCountInString(strings.TrimSpace(by.Reason)) < 2 {
			return fault.NewInvalid("import.reason", "请写明不入库的原因。").At("reason", "请填写")
		}
		return d.reject(ctx, r, content, by.Reason)
	case decideKeep:
		child := firstCertain(content)
		if child == "" {
			return fault.NewConflict("import.no_file", "没有确定对应的在册儿童，不能保留原档案。")
		}
		return d.settleAs(ctx, r, content, settledKnown, child)
	case decideMerge:
		return d.merge(ctx, r, content, by)
	case decideAccept:
		if firstCertain(content) != "" {
			return fault.NewConflict("import.on_file", "这名儿童已在档，请选择并入档案或保留档案原内容。")
		}
		content.Apart = true
	case decideFix:
		if len(by.Fields) == 0 {
			return fault.NewInvalid("import.fields", "请填写要改正的内容。")
		}
		for field, text := range by.Fields {
			if !slices.ContainsFunc(rosterFields, func(f sheet.Field) bool { return f.Key == field }) || utf8.RuneCountInString(text) > 200 {
				return fault.NewInvalid("import.fields", "有一项内容不认识或太长。").At(field, "请重新填写")
			}
			if text = strings.TrimSpace(text); text == "" {
				delete(content.Row.Cells, field)
			} else {
				content.Row.Cells[field] = cell{Text: text}
			}
			content.Row.Bad = slices.DeleteFunc(content.Row.Bad, func(bad string) bool { return bad == field })
		}
		content.Fixed = true
	case decidePlace:
		code := region.Code(by.Place)
		if err := d.village(code); err != nil {
			return err
		}
		actor, _ := authz.ActorOf(ctx)
		if !actor.Covers(string(code), authz.CivilAffairs, authz.TownshipSupervisor) {
			return d.hand(ctx, r, content, code)
		}
		content.Place = code
	}
	_, err := d.again(ctx, []*importRow{r}, []*rowContent{content}, by.Action == decideAccept)
	return err
}

func firstCertain(content *rowContent) string {
	for _, t := range content.Twins {
		if t.Certain && t.Child != "" {
			return t.Child
		}
	}
	return ""
}

func (d *deciding) village(code region.Code) error {
	if r, ok := d.places.Book().Find(code); !ok || r.Level != region.Village || r.ValidTo != "" || !strings.HasPrefix(string(code), d.i.County[:6]) {
		return fault.NewInvalid("import.place", "请选择本县的村（社区）。").At("place", "请重新选择")
	}
	return nil
}

// hand gives a row to the township it turned out to belong to.
func (d *deciding) hand(ctx context.Context, r *importRow, content *rowContent, to region.Code) error {
	content.Place = to
	text := problemTexts["place.outside"]
	content.Problems = append(slices.DeleteFunc(content.Problems, func(p foundProblem) bool { return strings.HasPrefix(p.Code, "place.") }),
		foundProblem{Problem: Problem{Sheet: d.p.content.Sheets[r.Sheet].Name, Row: r.Number, Code: "place.outside", Message: text.text, Outcome: text.outcome}})
	r.Region, r.Decider, r.PlaceIndex = string(to), string(to), nil
	var problems []Problem
	for _, p := range content.Problems {
		problems = append(problems, p.Problem)
	}
	r.Outcome, r.Codes = RowHeld, codesOf(problems)
	return d.save(ctx, r, content)
}

// save seals a row's content at its next version and writes it.
func (d *deciding) save(ctx context.Context, r *importRow, content *rowContent) error {
	r.Version++
	if err := r.seal(d.p.key, content); err != nil {
		return err
	}
	return d.saveRow(ctx, d.tx, r, r.Version-1)
}

func (d *deciding) reject(ctx context.Context, r *importRow, content *rowContent, reason string) error {
	was := r.Outcome
	r.Outcome, r.Settled, r.SettledBy, r.SettledAt, r.IntoSeq = RowRejected, settledRejected, actorID(ctx), d.service.clock.Now(), nil
	content.Reason = cut(strings.TrimSpace(reason), 200)
	if err := d.save(ctx, r, content); err != nil {
		return err
	}
	if err := d.count(ctx, was, RowRejected, 0); err != nil {
		return err
	}
	// Rows that were to join it stand for themselves again, before a person.
	n, err := store.Exec(ctx, d.tx, `
		update registry_import_row set outcome = 'held', into_seq = null where import_id = ? and into_seq = ? and child_id is null`, r.ImportID, r.Seq)
	if err != nil {
		return fmt.Errorf("releasing rows: %w", err)
	}
	for range n {
		if err := d.count(ctx, RowAccepted, RowHeld, 0); err != nil {
			return err
		}
	}
	return d.endOrigins(ctx, d.tx, []importRow{*r}, r.SettledBy, r.SettledAt)
}

// settleAs ends a row at a child on file.
func (d *deciding) settleAs(ctx context.Context, r *importRow, content *rowContent, how, child string) error {
	was := r.Outcome
	r.Outcome, r.Settled, r.SettledBy, r.SettledAt, r.ChildID, r.IntoSeq = RowAccepted, how, actorID(ctx), d.service.clock.Now(), child, nil
	if err := d.save(ctx, r, content); err != nil {
		return err
	}
	if err := d.count(ctx, was, RowAccepted, 1); err != nil {
		return err
	}
	return d.endOrigins(ctx, d.tx, []importRow{*r}, r.SettledBy, r.SettledAt)
}

// count moves a row from one outcome to another in the import's figures.
func (d *deciding) count(ctx context.Context, from, to string, entered int) error {
	set := "entered = entered + ?"
	if from != to { // the names are three constants of this package
		set += ", " + from + " = " + from + " - 1, " + to + " = " + to + " + 1"
	}
	if _, err := store.Exec(ctx, d.tx, `update registry_import set `+set+`, version = version + 1 where id = ?`, entered, d.i.ID); err != nil {
		return fmt.Errorf("counting rows: %w", err)
	}
	return nil
}

// merge makes a row part of a file: of a child on file, or of another row's.
func (d *deciding) merge(ctx context.Context, r *importRow, content *rowContent, by RowDecision) error {
	child := by.Child
	if child == "" && by.Seq > 0 && by.Seq != r.Seq {
		other, err := d.row(ctx, by.Seq)
		if err != nil {
			return err
		}
		if other.IntoSeq != nil && other.ChildID == "" {
			if other, err = d.row(ctx, *other.IntoSeq); err != nil {
				return err
			}
		}
		if other.Outcome != RowAccepted || other.Seq == r.Seq {
			return fault.NewConflict("import.other_row", "另一行还没有处理好，请先处理那一行。")
		}
		if child = other.ChildID; child == "" {
			was := r.Outcome
			r.Outcome, r.IntoSeq, r.Settled, r.SettledAt, r.SettledBy = RowAccepted, &other.Seq, "", time.Time{}, ""
			if err := d.save(ctx, r, content); err != nil {
				return err
			}
			return d.count(ctx, was, RowAccepted, 0)
		}
	}
	if child == "" {
		return fault.NewInvalid("import.merge", "请选择要并入的儿童。").At("child", "请选择")
	}
	x := d.p.reader.read(d.p.content.Sheets[r.Sheet], content.Row)
	x.at(region.Code(r.Region))
	if err := d.service.adopt(ctx, d.tx, child, Source{Kind: "import", ID: d.i.ID}, x.File); err != nil {
		return err
	}
	return d.settleAs(ctx, r, content, settledMerged, child)
}

// adopt takes what a roster says of a child on file into the file, because a
// person decided so: particulars that the roster has, people the file lacks,
// and facts with their source. The name on file stays.
func (s *Service) adopt(ctx context.Context, tx *store.Tx, id string, source Source, f NewFile) error {
	c, err := s.reach(ctx, tx, "child.change", id)
	if err != nil {
		return err
	}
	if c.State == Left {
		return fault.NewConflict("child.left", "这名儿童已经退出台账，请先恢复，再并入。")
	}
	p := f.Child
	change := Change{BirthOn: given(p.BirthOn), Ethnicity: given(p.Ethnicity), HouseholdRegion: given(p.HouseholdRegion),
		Address: given(p.Address), Telephone: given(p.Telephone), School: given(p.School), Grade: given(p.Grade)}
	if c.IdentityState != IdentityHeld {
		change.Identity = given(p.Identity)
	}
	if p.Sex != 0 {
		change.Sex = &p.Sex
	}
	if err := s.updateTx(ctx, tx, id, source, change); err != nil {
		return err
	}
	there, err := store.All[relation](ctx, tx, `select `+store.Columns[relation]("r")+` from registry_relation r where r.child_id = ? and r.until_on = ''`, id)
	if err != nil {
		return fmt.Errorf("reading the family: %w", err)
	}
	for _, r := range f.Relatives {
		if slices.ContainsFunc(there, func(o relation) bool { return o.Kinship == r.Kinship || r.Carer && o.Carer }) {
			continue
		}
		if err := s.addRelativeTx(ctx, tx, id, source, r); err != nil {
			return err
		}
	}
	if len(f.Facts) > 0 {
		if _, err := s.RecordFactsTx(ctx, tx, id, source, f.Facts...); err != nil {
			return err
		}
	}
	return s.BlocksTx(ctx, tx, id)
}

func given[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

// again decides rows anew after a person changed something about them, and
// enters those that are now accepted if the import has been posted. It returns
// how many are no longer held.
func (d *deciding) again(ctx context.Context, rows []*importRow, contents []*rowContent, insist bool) (int, error) {
	c := &checker{service: d.service, reader: d.p.reader, index: newFileIndex(), sheets: d.p.content.Sheets}
	batch := make([]*checked, len(rows))
	for n, r := range rows {
		x := &checked{reading: d.p.reader.read(d.p.content.Sheets[r.Sheet], contents[n].Row), Sheet: r.Sheet}
		if place := contents[n].Place; place != "" {
			x.Problems = slices.DeleteFunc(x.Problems, func(p Problem) bool { return strings.HasPrefix(p.Code, "place.") })
			x.at(place)
			x.PlaceKey, x.PlaceSaid, x.Candidates = "", "", nil
		}
		if insist {
			if err := x.insist(); err != nil {
				return 0, err
			}
		}
		batch[n] = x
	}
	for n := range batch { // so that rows keep their places
		c.seq = rows[n].Seq - 1
		if err := c.one(ctx, d.tx, batch[n], contents[n].Apart); err != nil {
			return 0, err
		}
	}
	if err := d.sameNumber(ctx, rows, batch, contents); err != nil {
		return 0, err
	}
	settled := 0
	now, by := d.service.clock.Now(), actorID(ctx)
	var enter []importRow
	for n, r := range rows {
		x, was := batch[n], r.Outcome
		x.Duplicate = x.Duplicate || r.Duplicate
		r.Version++
		if err := r.put(d.Imports, d.p.key, x, contents[n]); err != nil {
			return 0, err
		}
		r.Settled, r.SettledBy, r.SettledAt = "", "", time.Time{}
		if r.Outcome == RowAccepted && x.Into == 0 {
			r.Settled, r.SettledBy, r.SettledAt = settledReady, by, now
		}
		if err := d.saveRow(ctx, d.tx, r, r.Version-1); err != nil {
			return 0, err
		}
		if err := d.count(ctx, was, r.Outcome, 0); err != nil {
			return 0, err
		}
		if r.Outcome != RowHeld {
			settled++
		}
		if r.Outcome == RowAccepted && x.Into == 0 {
			enter = append(enter, *r)
		}
	}
	if d.i.State != ImportPosted || len(enter) == 0 {
		return settled, nil
	}
	return settled, d.enterNow(ctx, enter)
}

// enterNow enters rows of an import that was posted before they were settled.
// Their lines carry the import's purpose, so that an undo knows them for its
// own.
func (d *deciding) enterNow(ctx context.Context, rows []importRow) error {
	author, _ := journal.AuthorOf(ctx)
	author.Purpose = importPurpose(d.i.ID)
	_, err := d.enter(journal.WithAuthor(ctx, author), d.tx, d.i, d.p, rows)
	return err
}

// insist lets a row in as it is, on a person's word: doubts about the identity
// number end with the child entered without it. Without a name, a place or a
// possible age there is nothing to enter.
func (x *checked) insist() error {
	for n := range x.Problems {
		p := &x.Problems[n]
		switch {
		case p.Outcome == warned:
		case strings.HasPrefix(p.Code, "place.") && p.Code != "place.outside":
			return fault.NewInvalid("import.place", "请先选定所在村（社区）。").At("place", "请选择")
		case strings.HasPrefix(p.Code, "identity."):
			p.Outcome = warned
		case p.Outcome == RowHeld:
			p.Outcome = warned
		default:
			return fault.NewConflict("import.impossible", "这一行缺少必要的内容或内容不可能，请先改正。")
		}
	}
	if region.Code(x.File.Child.Region).Level() < region.Village {
		return fault.NewInvalid("import.place", "请先选定所在村（社区）。").At("place", "请选择")
	}
	return nil
}

// one decides a single row whose place in the import is known.
func (c *checker) one(ctx context.Context, q store.Querier, x *checked, apart bool) error {
	c.seq++
	x.Seq, x.Decider, x.Outcome = c.seq, x.Region, outcome(x.Problems)
	x.sought = c.service.seek(x.record())
	if x.Outcome == RowRejected {
		c.remember(x)
		return nil
	}
	if err := c.service.onFile(ctx, q, []*sought{x.sought}); err != nil {
		return err
	}
	if apart {
		x.sought.onFile = slices.DeleteFunc(x.sought.onFile, func(l likeness) bool {
			return len(x.sought.number) == 0 || string(l.child.IdentityIndex) != string(x.sought.number)
		})
	}
	known, err := c.known(ctx, q, []*checked{x})
	if err != nil {
		return err
	}
	if !x.decideOnFile(known) && !apart {
		c.decideInFile(x)
	}
	x.Outcome = outcome(x.Problems)
	c.remember(x)
	return nil
}

// sameNumber holds a changed row whose number another row of the import has.
func (d *deciding) sameNumber(ctx context.Context, rows []*importRow, batch []*checked, contents []*rowContent) error {
	for n, x := range batch {
		index := d.service.keys.Index("identity", x.Number.Reveal())
		if len(index) == 0 || x.Outcome != RowAccepted || x.Known != "" || x.Into != 0 {
			continue
		}
		other, ok, err := store.Maybe[importRow](ctx, d.tx, `
			select r.seq, r.number from registry_import_row r
			 where r.import_id = ? and r.identity_index = ? and r.seq <> ? and r.outcome = 'accepted' and r.settled in ('', 'ready') and r.into_seq is null
			 order by r.seq limit 1`, d.i.ID, index, rows[n].Seq)
		if err != nil {
			return fmt.Errorf("looking for the same number: %w", err)
		}
		if ok {
			x.Duplicate = true
			x.Twins = append(x.Twins, twin{Seq: other.Seq, Certain: true, Reasons: []string{"身份证号码相同"}})
			x.same("twin.row", fmt.Sprintf("与第 %d 行的身份证号相同，请核实。", other.Number), RowHeld)
			x.Outcome = RowHeld
		}
	}
	return nil
}

// close discharges the duty of an office whose last row this was, and opens
// that of the office a row was handed to.
func (d *deciding) close(ctx context.Context, before *importRow) error {
	if d.i.State != ImportPosted {
		return nil
	}
	if err := d.dutyDone(ctx, d.tx, d.i, before.Decider); err != nil {
		return err
	}
	return d.openDuties(ctx, d.tx, d.i)
}

// DecidePlace settles a place's name for all rows that use it, in every import
// of the county that the actor may decide, and for the rosters to come.
func (m *Imports) DecidePlace(ctx context.Context, id string, seq int, place string) (*Decided, error) {
	code := region.Code(place)
	index, err := store.In(ctx, m.service.db, func(tx *store.Tx) (string, error) {
		d, err := m.deciding(ctx, tx, id)
		if err != nil {
			return "", err
		}
		r, err := d.row(ctx, seq)
		if err != nil {
			return "", err
		}
		if err := m.service.rules.Check(ctx, tx, "import.decide", authz.Subject{Kind: "import", ID: id, Region: r.Decider}); err != nil {
			return "", err
		}
		if len(r.PlaceIndex) == 0 {
			return "", fault.NewConflict("import.no_place_name", "这一行没有可以统一处理的地名，请单独选定。")
		}
		if err := d.village(code); err != nil {
			return "", err
		}
		actor, _ := authz.ActorOf(ctx)
		scope := ""
		switch {
		case actor.Covers(d.i.County, authz.CivilAffairs):
			scope = d.i.County
		case actor.Covers(place, authz.CivilAffairs, authz.TownshipSupervisor):
			// A township's word on a name holds for its own rosters: another
			// township may have a place of that name too.
			scope = place[:9] + "000"
		default:
			return "", fault.NewInvalid("import.place", "只能选定您辖区内的村（社区）；确属外乡镇的，请单独转交这一行。").At("place", "请重新选择")
		}
		if _, err := store.Exec(ctx, tx, `
			insert into registry_place_name (county, text_index, code, decided_by, decided_at) values (?, ?, ?, ?, ?)
			    on conflict (county, text_index) do update
			   set code = excluded.code, decided_by = excluded.decided_by, decided_at = excluded.decided_at`,
			scope, r.PlaceIndex, place, actorID(ctx), m.service.clock.Now()); err != nil {
			return "", fmt.Errorf("remembering a place: %w", err)
		}
		return fmt.Sprintf("%x", r.PlaceIndex), m.service.journal.Record(ctx, tx, "import.place_decided", journal.Entry{Kind: "import", ID: id, Region: place})
	})
	if err != nil {
		return nil, err
	}
	out := &Decided{Outcome: RowAccepted}
	for {
		n, err := m.placeBatch(ctx, id, index, code)
		if err != nil {
			return nil, err
		}
		if out.Rows += n; n == 0 {
			return out, nil
		}
	}
}

// placeBatch gives the place to one batch of rows, of one import at a time;
// zero when none is left.
func (m *Imports) placeBatch(ctx context.Context, first, index string, code region.Code) (int, error) {
	scoped, err := m.service.rules.Scoped(ctx, "import.decide")
	if err != nil {
		return 0, err
	}
	raw := make([]byte, len(index)/2)
	if _, err := fmt.Sscanf(index, "%x", &raw); err != nil {
		return 0, fmt.Errorf("reading a place's index: %w", err)
	}
	return store.In(ctx, m.service.db, func(tx *store.Tx) (int, error) {
		id, ok, err := store.Maybe[string](scoped, tx, `
			select r.import_id
			  from registry_import_row r
			  join registry_import i on i.id = r.import_id
			 where {scope r} and r.place_index = ? and r.outcome = 'held' and r.settled = '' and i.state in ('checked', 'posting', 'posted')
			   and i.county = ?
			 order by case when r.import_id = ? then 0 else 1 end, r.import_id
			 limit 1`, raw, string(code[:6])+"000000", first)
		if err != nil || !ok {
			return 0, err
		}
		d, err := m.deciding(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		rows, err := store.All[importRow](scoped, tx, `
			select `+store.Columns[importRow]("r")+`
			  from registry_import_row r
			 where {scope r} and r.import_id = ? and r.place_index = ? and r.outcome = 'held' and r.settled = ''
			 order by r.seq limit ?`, id, raw, batchRows)
		if err != nil {
			return 0, fmt.Errorf("reading rows that name the place: %w", err)
		}
		into, contents := make([]*importRow, len(rows)), make([]*rowContent, len(rows))
		deciders := map[string]importRow{}
		for n := range rows {
			into[n] = &rows[n]
			deciders[rows[n].Decider[:9]] = rows[n]
			if contents[n], err = rows[n].open(d.p.key); err != nil {
				return 0, err
			}
			contents[n].Place = code // decided, whatever becomes of the row: it is not asked again
		}
		if _, err := d.again(ctx, into, contents, false); err != nil {
			return 0, err
		}
		for _, before := range deciders {
			if err := d.close(ctx, &before); err != nil {
				return 0, err
			}
		}
		return len(rows), m.service.journal.Record(ctx, tx, "import.rows_placed", journal.Entry{Kind: "import", ID: id, Region: string(code), Note: fmt.Sprint(len(rows))})
	})
}
