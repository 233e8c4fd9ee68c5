package registry

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
	"shouwang/platform/store"
)

// The workbook of problems carries in each row where it came from, so that
// what comes back settles the very row that went out.
type origin struct {
	importID string
	seq      int
}

const returnMark = "退回编号 "

var returned = regexp.MustCompile(returnMark + `([0-9a-f]{8}-[0-9a-f-]{27})-(\d+)`)

// originOf reads the mark from the column our own workbook added, which stands
// after the table's or in a gap of it.
func originOf(t sheet.Table, row sheet.Row) origin {
	column := len(t.Columns) + 1
	for n, c := range t.Columns {
		if c.Index != n+1 {
			column = n + 1
			break
		}
	}
	text := row.Column(column).Text
	if !strings.Contains(text, returnMark) {
		return origin{}
	}
	m := returned.FindStringSubmatch(text)
	if m == nil {
		return origin{}
	}
	seq, err := strconv.Atoi(m[2])
	if err != nil {
		return origin{}
	}
	return origin{m[1], seq}
}

// endReturned settles the rows that this import brought back mended.
func (m *Imports) endReturned(ctx context.Context, tx *store.Tx, i *Import) error {
	rows, err := store.All[importRow](ctx, tx, `
		select r.import_id, r.seq, r.outcome, r.settled, r.child_id, r.origin_import, r.origin_seq
		  from registry_import_row r
		 where r.import_id = ? and r.origin_import is not null and r.settled in ('entered', 'known', 'merged')`, i.ID)
	if err != nil {
		return fmt.Errorf("reading rows that were brought back: %w", err)
	}
	return m.endOrigins(ctx, tx, rows, actorID(ctx), m.service.clock.Now())
}

// endOrigins settles the rows that mended ones replace: of the same county,
// and still waiting.
func (m *Imports) endOrigins(ctx context.Context, tx *store.Tx, rows []importRow, by string, now time.Time) error {
	for _, r := range rows {
		if r.OriginImport == "" || r.OriginSeq == nil {
			continue
		}
		old, ok, err := store.Maybe[importRow](ctx, tx, `
			select o.import_id, o.seq, o.outcome, o.decider
			  from registry_import_row o
			  join registry_import i on i.id = o.import_id
			 where o.import_id = ? and o.seq = ? and o.outcome in ('held', 'rejected') and o.settled = ''
			   and i.county = (select county from registry_import where id = ?)`, r.OriginImport, *r.OriginSeq, r.ImportID)
		if err != nil {
			return fmt.Errorf("reading the row that was mended: %w", err)
		}
		if !ok {
			continue
		}
		// An origin is only what the file says it is: an office settles rows of
		// its own region by it, and nobody else's.
		mended, err := m.find(ctx, tx, r.ImportID)
		if err != nil {
			return err
		}
		if !region.Code(mended.Region).Contains(region.Code(old.Decider)) {
			continue
		}
		if _, err := store.Exec(ctx, tx, `
			update registry_import_row
			   set outcome = ?, settled = ?, settled_by = ?, settled_at = ?, child_id = ?
			 where import_id = ? and seq = ?`, r.Outcome, r.Settled, by, now, store.OrNull(r.ChildID), old.ImportID, old.Seq); err != nil {
			return fmt.Errorf("settling the row that was mended: %w", err)
		}
		if old.Outcome != r.Outcome {
			if _, err := store.Exec(ctx, tx, `
				update registry_import set `+old.Outcome+` = `+old.Outcome+` - 1, `+r.Outcome+` = `+r.Outcome+` + 1, version = version + 1
				 where id = ?`, old.ImportID); err != nil {
				return fmt.Errorf("counting the row that was mended: %w", err)
			}
		}
		i, err := m.find(ctx, tx, old.ImportID)
		if err != nil {
			return err
		}
		if i.State == ImportPosted {
			if err := m.dutyDone(ctx, tx, i, old.Decider); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteProblems writes the held and rejected rows in the actor's reach as a
// workbook, to mend and to bring back as another roster.
func (m *Imports) WriteProblems(ctx context.Context, id string, out io.Writer) error {
	i, err := m.visible(ctx, m.service.db, id)
	if err != nil {
		return err
	}
	scoped, err := m.service.rules.Scoped(ctx, "import.read")
	if err != nil {
		return err
	}
	o, err := m.openBook(ctx, i)
	if err != nil {
		return err
	}
	defer o.Close()
	content, err := m.content(i, o.key)
	if err != nil {
		return err
	}
	if err := o.asMapped(content); err != nil {
		return err
	}
	var problems []sheet.Problem
	var seqs []string
	for r, err := range store.Rows[importRow](scoped, m.service.db, `
		select `+store.Columns[importRow]("r")+`
		  from registry_import_row r
		 where {scope r} and r.import_id = ? and r.outcome in ('held', 'rejected') and r.settled = ''
		 order by r.seq`, id) {
		if err != nil {
			return fmt.Errorf("reading rows to mend: %w", err)
		}
		c, err := r.open(o.key)
		if err != nil {
			return err
		}
		name := content.Sheets[r.Sheet].Name
		for _, p := range c.Problems {
			problems = append(problems, sheet.Problem{Sheet: name, Row: r.Number, Column: p.Index, Code: p.Code, Message: p.Message})
		}
		problems = append(problems, sheet.Problem{Sheet: name, Row: r.Number, Code: "return", Message: fmt.Sprintf("%s%s-%d", returnMark, id, r.Seq)})
		seqs = append(seqs, strconv.Itoa(r.Seq))
	}
	if err := m.service.journal.Read(ctx, "import.problems", journal.Entry{Kind: "import", ID: id, Region: i.Region, IDs: seqs}); err != nil {
		return err
	}
	actor, _ := authz.ActorOf(ctx)
	return sheet.WriteProblems(out, o.tables, problems, sheet.Properties{Title: "待核实和不能入库的行",
		Watermark: actor.Name + " " + string(m.today()) + " 导出"})
}
