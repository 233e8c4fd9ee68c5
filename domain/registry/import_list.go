package registry

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// inReach is an import of the actor's own offices, or one that left them rows
// to settle.
const inReach = `({scope i} or i.state in ('posting', 'posted') and exists (
		        select 1 from registry_import_row r where r.import_id = i.id and r.outcome = 'held' and {scope r}))`

// visible finds an import whose progress and rows the actor may see, as far as
// they are in reach.
func (m *Imports) visible(ctx context.Context, q store.Querier, id string) (*Import, error) {
	scoped, err := m.service.rules.Scoped(ctx, "import.read")
	if err != nil {
		return nil, err
	}
	i, ok, err := store.Maybe[Import](scoped, q, `
		select `+store.Columns[Import]("i")+` from registry_import i where i.id = ? and `+inReach, id)
	if err != nil {
		return nil, fmt.Errorf("reading the import: %w", err)
	}
	if !ok {
		return nil, fault.NewNotFound("not_found", "没有找到这次导入。")
	}
	return &i, nil
}

// Find shows where an import stands.
func (m *Imports) Find(ctx context.Context, id string) (*Import, error) {
	return m.visible(ctx, m.service.db, id)
}

// List shows imports in reach, newest first. It holds no child's particulars.
func (m *Imports) List(ctx context.Context, after string, limit int) ([]Import, error) {
	scoped, err := m.service.rules.Scoped(ctx, "import.read")
	if err != nil {
		return nil, err
	}
	where, values := inReach, []any{}
	if after != "" {
		where += " and i.id < ?"
		values = append(values, after)
	}
	rows, err := store.All[Import](scoped, m.service.db, `
		select `+store.Columns[Import]("i")+` from registry_import i where `+where+` order by i.id desc limit ?`, append(values, limit)...)
	if err != nil {
		return nil, fmt.Errorf("listing imports: %w", err)
	}
	return rows, nil
}

// RowFilter narrows the rows of an import.
type RowFilter struct {
	Outcome string
	Code    string // of a problem
	After   int
	Limit   int
}

// ImportRow is a row as it is shown: what it says, what was found, and what
// would be entered. Identity numbers and telephones are masked.
type ImportRow struct {
	Seq        int               `json:"seq" see:"basic"`
	Sheet      string            `json:"sheet" see:"basic"`
	Number     int               `json:"number" see:"basic" doc:"the sheet's own numbering"`
	Outcome    string            `json:"outcome" see:"basic"`
	Duplicate  bool              `json:"duplicate" see:"basic"`
	Settled    string            `json:"settled" see:"basic"`
	ChildID    string            `json:"child_id" see:"basic"`
	Region     string            `json:"region" see:"basic"`
	Version    int               `json:"version" see:"basic"`
	CanDecide  bool              `json:"can_decide" see:"basic"`
	Said       map[string]string `json:"said" see:"family" doc:"what the row says, by field"`
	Problems   []Problem         `json:"problems" see:"basic"`
	Raised     []string          `json:"raised" see:"family" doc:"what remarks were read to say"`
	PlaceSaid  string            `json:"place_said" see:"basic"`
	PlaceAll   bool              `json:"place_all" see:"basic" doc:"one decision settles this place's name for all rows"`
	Candidates []string          `json:"candidates" see:"basic" doc:"places it may be"`
	Twins      []RowTwin         `json:"twins" see:"basic"`
	Reason     string            `json:"reason" see:"basic"`
	Child      Particulars       `json:"child" see:"nested" doc:"what would be entered"`
	Relatives  []Relative        `json:"relatives" see:"nested"`
	Facts      []NewFact         `json:"facts" see:"family"`
}

// RowTwin is a child on file, or another row, that a row may be. Elsewhere
// says that there is one whom the actor may not know of.
type RowTwin struct {
	ChildID   string    `json:"child_id"`
	Number    string    `json:"number" doc:"of the file"`
	Name      string    `json:"name"`
	BirthOn   clock.Day `json:"birth_on"`
	Region    string    `json:"region"`
	Seq       int       `json:"seq" doc:"of the other row"`
	Row       int       `json:"row" doc:"the other row's number in its sheet"`
	Certain   bool      `json:"certain"`
	Elsewhere bool      `json:"elsewhere"`
	Reasons   []string  `json:"reasons"`
}

// Rows shows the rows of an import in reach, in the order of the file. The
// line in the journal names the rows it showed.
func (m *Imports) Rows(ctx context.Context, id string, f RowFilter) ([]ImportRow, error) {
	i, err := m.visible(ctx, m.service.db, id)
	if err != nil {
		return nil, err
	}
	scoped, err := m.service.rules.Scoped(ctx, "import.read")
	if err != nil {
		return nil, err
	}
	where, values := "{scope r} and r.import_id = ? and r.seq > ?", []any{id, f.After}
	if f.Outcome != "" {
		where, values = where+" and r.outcome = ?", append(values, f.Outcome)
	}
	if f.Code != "" {
		where, values = where+" and r.codes like ?", append(values, "% "+strings.NewReplacer("%", "", "_", `\_`).Replace(f.Code)+` %`)
		where += ` escape '\'`
	}
	rows, err := store.All[importRow](scoped, m.service.db, `
		select `+store.Columns[importRow]("r")+` from registry_import_row r where `+where+` order by r.seq limit ?`, append(values, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("listing rows: %w", err)
	}
	if len(rows) == 0 {
		return []ImportRow{}, nil
	}
	p, err := m.poster(ctx, m.service.db, i)
	if err != nil {
		return nil, err
	}
	out := make([]ImportRow, len(rows))
	seqs := make([]string, len(rows))
	for n := range rows {
		if out[n], err = p.show(ctx, &rows[n]); err != nil {
			return nil, err
		}
		seqs[n] = strconv.Itoa(rows[n].Seq)
	}
	if err := m.nameTwins(ctx, id, out); err != nil {
		return nil, err
	}
	authz.Blank(out, m.service.rules.ListGroups(ctx, "import.read"))
	return out, m.service.journal.Read(ctx, "import.rows", journal.Entry{Kind: "import", ID: id, Region: i.Region, IDs: seqs})
}

func (p *poster) show(ctx context.Context, r *importRow) (ImportRow, error) {
	c, err := r.open(p.key)
	if err != nil {
		return ImportRow{}, err
	}
	s := p.content.Sheets[r.Sheet]
	x := p.reader.read(s, c.Row)
	x.at(region.Code(r.Region))
	actor, _ := authz.ActorOf(ctx)
	v := ImportRow{Seq: r.Seq, Sheet: s.Name, Number: r.Number, Outcome: r.Outcome, Duplicate: r.Duplicate, Settled: r.Settled, ChildID: r.ChildID, Region: r.Region,
		Version: r.Version, CanDecide: (r.Settled == "" || r.Settled == settledReady) && actor.Covers(r.Decider, authz.CivilAffairs, authz.TownshipSupervisor),
		Said: map[string]string{}, Problems: []Problem{}, Raised: []string{}, PlaceSaid: c.PlaceSaid, PlaceAll: len(r.PlaceIndex) > 0, Candidates: []string{},
		Twins: []RowTwin{}, Reason: c.Reason, Child: x.File.Child, Relatives: []Relative{}, Facts: x.File.Facts}
	for field, said := range c.Row.Cells {
		text := said.Text
		if field == "identity" || field == "telephone" || strings.HasSuffix(field, ".identity") || strings.HasSuffix(field, ".telephone") {
			text = identity.Mask(text)
		}
		v.Said[field] = text
	}
	for _, found := range c.Problems {
		v.Problems = append(v.Problems, found.Problem)
	}
	v.Raised = append(v.Raised, c.Raised...)
	for _, code := range c.Candidates {
		v.Candidates = append(v.Candidates, string(code))
	}
	for _, t := range c.Twins {
		v.Twins = append(v.Twins, RowTwin{ChildID: t.Child, Seq: t.Seq, Certain: t.Certain, Reasons: t.Reasons})
	}
	v.Child.Identity, v.Child.Telephone = identity.Mask(v.Child.Identity), identity.Mask(v.Child.Telephone)
	for _, relative := range x.File.Relatives {
		relative.Identity, relative.Telephone = identity.Mask(relative.Identity), identity.Mask(relative.Telephone)
		v.Relatives = append(v.Relatives, relative)
	}
	if v.Facts == nil {
		v.Facts = []NewFact{}
	}
	return v, nil
}

// nameTwins says who the likely twins are, of those the actor may know; of
// another it says only that there is one.
func (m *Imports) nameTwins(ctx context.Context, id string, rows []ImportRow) error {
	var children, seqs []any
	for _, r := range rows {
		for _, t := range r.Twins {
			if t.ChildID != "" {
				children = append(children, t.ChildID)
			} else {
				seqs = append(seqs, t.Seq)
			}
		}
	}
	known := map[string]filedName{}
	if len(children) > 0 {
		scoped, err := m.service.rules.Scoped(ctx, "child.list")
		if err != nil {
			return err
		}
		found, err := store.All[filedName](scoped, m.service.db, `
			select c.id, c.number, c.name, c.birth_on, c.region from registry_child c
			 where {scope c id} and c.id in (`+store.Marks(len(children))+`)`, children...)
		if err != nil {
			return fmt.Errorf("reading likely twins: %w", err)
		}
		for _, f := range found {
			known[f.ID] = f
		}
	}
	numbers := map[int]int{}
	if len(seqs) > 0 {
		found, err := store.All[importRow](ctx, m.service.db, `
			select r.seq, r.number from registry_import_row r where r.import_id = ? and r.seq in (`+store.Marks(len(seqs))+`)`, append([]any{id}, seqs...)...)
		if err != nil {
			return fmt.Errorf("reading likely twins: %w", err)
		}
		for _, f := range found {
			numbers[f.Seq] = f.Number
		}
	}
	for n := range rows {
		for k := range rows[n].Twins {
			t := &rows[n].Twins[k]
			if t.ChildID == "" {
				t.Row = numbers[t.Seq]
				continue
			}
			f, ok := known[t.ChildID]
			if !ok {
				*t = RowTwin{Elsewhere: true, Reasons: []string{}}
				continue
			}
			t.Number, t.Name, t.BirthOn, t.Region = f.Number, f.Name, f.BirthOn, f.Region
		}
	}
	return nil
}

type filedName struct {
	ID      string    `db:"id"`
	Number  string    `db:"number"`
	Name    string    `db:"name"`
	BirthOn clock.Day `db:"birth_on"`
	Region  string    `db:"region"`
}

// Running reports an import whose jobs are still at work.
func (s ImportState) Running() bool {
	switch s {
	case ImportReceived, ImportRead, ImportChecking, ImportPosting, ImportUndoing:
		return true
	}
	return false
}

// Run brings the file at path in from the shell: all steps, working the
// queue itself, to the end. Progress is called after each step of the work.
func (m *Imports) Run(ctx context.Context, path string, progress func(Import)) (*Report, error) {
	f, err := openPath(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := m.Receive(ctx, filepath.Base(path), f)
	if err != nil {
		return nil, err
	}
	if r.Already {
		return m.report(ctx, r.ID)
	}
	i, err := m.work(ctx, r.ID, progress)
	if err != nil {
		return nil, err
	}
	if i.State == ImportChecked {
		if _, err := m.Post(ctx, r.ID); err != nil {
			return nil, err
		}
		if i, err = m.work(ctx, r.ID, progress); err != nil {
			return nil, err
		}
	}
	if i.State == ImportFailed {
		return nil, fault.NewInvalid("import.failed", "%s", i.Reason)
	}
	return m.report(ctx, r.ID)
}

// report tells a finished import in the form scripts read. Problems of rows
// settled since are told as they were found.
func (m *Imports) report(ctx context.Context, id string) (*Report, error) {
	i, err := m.find(ctx, m.service.db, id)
	if err != nil {
		return nil, err
	}
	key, err := m.key(ctx, m.service.db, i)
	if err != nil {
		return nil, err
	}
	out := &Report{Rows: i.Accepted + i.Held + i.Rejected, Accepted: i.Accepted, Held: i.Held, Rejected: i.Rejected, Duplicates: i.Duplicates, Problems: []Problem{}}
	for r, err := range store.Rows[importRow](ctx, m.service.db, `
		select `+store.Columns[importRow]("r")+` from registry_import_row r where r.import_id = ? and r.codes <> '' order by r.seq`, id) {
		if err != nil {
			return nil, fmt.Errorf("reading problems: %w", err)
		}
		c, err := r.open(key)
		if err != nil {
			return nil, err
		}
		for _, p := range c.Problems {
			out.Problems = append(out.Problems, p.Problem)
		}
	}
	return out, m.service.journal.Read(ctx, "import.report", journal.Entry{Kind: "import", ID: id, Region: i.Region})
}
