package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/platform/authz"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
	"shouwang/platform/store"
)

// The steps of an import. Each may be stopped anywhere and run again: what a
// batch did and how far the import has come commit together.
const (
	jobRead  = "import.read"
	jobCheck = "import.check"
	jobPost  = "import.post"
	jobUndo  = "import.undo"
	jobSweep = "import.sweep"
)

// importPurpose stands in every journal line that posting an import writes; by
// it an undo tells what was built on the files since.
func importPurpose(id string) string { return "名册导入 " + id }

func (m *Imports) takeJobs() {
	// A step that finds the file or its content at fault has not failed as a
	// job: the import says so to its people, and nothing is tried again.
	handle := func(kind string, step func(context.Context, string) error) {
		m.queue.Handle(kind, func(ctx context.Context, id string) error {
			err := step(ctx, id)
			if err == nil || fault.Is(err, fault.Stale) { // somebody else moved it on
				return nil
			}
			var f *fault.Error
			if errors.As(err, &f) && f.Kind == fault.Invalid {
				return m.fail(ctx, id, f.Text)
			}
			return fmt.Errorf("%s of %s: %w", kind, id, err)
		})
	}
	handle(jobRead, m.read)
	handle(jobCheck, m.check)
	handle(jobPost, m.post)
	handle(jobUndo, m.undoing)
	m.queue.Every(jobSweep, 24*time.Hour, func(ctx context.Context, _ string) error { return m.sweep(ctx) })
}

func (m *Imports) fail(ctx context.Context, id, reason string) error {
	return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
		i, err := m.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, ok := ImportTransitions[i.State][importFail]; !ok {
			return nil
		}
		if err := m.move(ctx, tx, i, importFail, "reason = ?", reason); err != nil {
			return err
		}
		return m.service.journal.Record(ctx, tx, "import.failed", journal.Entry{Kind: "import", ID: id, Region: i.Region})
	})
}

func (m *Imports) enqueue(ctx context.Context, tx *store.Tx, kind string, i *Import) error {
	return m.queue.EnqueueTx(ctx, tx, kind, i.ID, fmt.Sprintf("%s/%s/%d.%d", kind, i.ID, i.Round, i.Version), m.service.clock.Now())
}

// opened is an import's file, open for reading, with its tables as mapped.
type opened struct {
	book   *sheet.Book
	file   *sealedFile
	key    *crypto.Key
	tables []sheet.Table
}

func (o *opened) Close() {
	o.book.Close()
	o.file.Close()
}

func (m *Imports) openBook(ctx context.Context, i *Import) (*opened, error) {
	key, err := m.key(ctx, m.service.db, i)
	if err != nil {
		return nil, err
	}
	file, err := m.openFile(i.ID, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errErased()
	}
	if err != nil {
		return nil, err
	}
	book, err := sheet.Open(file, file.size, importLimits)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	o := &opened{book: book, file: file, key: key}
	if o.tables, err = book.Tables(rosterFields); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

func errErased() error {
	return fault.NewNotFound("import.erased", "这次导入的文件已按期删除，请重新上传。")
}

// asMapped applies the mappings people gave for this import.
func (o *opened) asMapped(c *bookContent) error {
	for i, mapping := range c.Mappings {
		if i >= len(o.tables) {
			continue
		}
		fixed, err := o.tables[i].WithMapping(mapping)
		if err != nil {
			return err
		}
		o.tables[i] = fixed
	}
	return nil
}

// read finds the tables and proposes what each column is.
func (m *Imports) read(ctx context.Context, id string) error {
	i, err := m.find(ctx, m.service.db, id)
	if err != nil || i.State != ImportReceived {
		return err
	}
	o, err := m.openBook(ctx, i)
	if err != nil {
		return err
	}
	defer o.Close()
	if err := noTable(o.tables); err != nil {
		return err
	}
	proposed := make([]map[int]string, len(o.tables))
	for n, t := range o.tables {
		proposed[n] = t.Mapping()
	}
	if o.tables, err = m.remembered(ctx, m.service.db, i.County, o.tables); err != nil {
		return err
	}
	c := &bookContent{Mappings: map[int]map[int]string{}}
	total := 0
	for n, t := range o.tables {
		for _, err := range t.Rows() {
			if err != nil {
				return err
			}
			if total++; total > mostRows {
				return tooMany()
			}
		}
		if mapping := t.Mapping(); !sameMapping(mapping, proposed[n]) {
			c.Mappings[n] = mapping
		}
	}
	m.describe(i, o.tables, c)
	return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
		sealed, err := sealContent(i, o.key, i.Round, c)
		if err != nil {
			return err
		}
		if err := m.move(ctx, tx, i, importRead, "total = ?, sealed = ?", total, sealed); err != nil {
			return err
		}
		return m.enqueue(ctx, tx, jobCheck, i)
	})
}

func sameMapping(a, b map[int]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// describe writes down what was found in the file, for screens and for later
// steps.
func (m *Imports) describe(i *Import, tables []sheet.Table, c *bookContent) {
	r := m.reader(region.Code(i.Region), nil)
	c.Sheets, c.None, c.Columns = nil, nil, nil
	for _, t := range tables {
		c.Sheets = append(c.Sheets, r.sheetOf(t, baseName(i.FileName)))
		c.None = append(c.None, t.None)
		columns := []MappedColumn{}
		for _, col := range t.Columns {
			columns = append(columns, MappedColumn{Index: col.Index, Letter: col.Letter(), Header: cut(col.Header, 100), Field: col.Field,
				Confidence: col.Confidence, How: col.How, Slipped: col.Fit >= 0 && col.Fit < 0.2})
		}
		c.Columns = append(c.Columns, columns)
	}
}

func baseName(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// lines are the rows of all tables in the file's order.
func lines(tables []sheet.Table) iter.Seq2[taken, error] {
	return func(yield func(taken, error) bool) {
		for n, t := range tables {
			if t.None != "" {
				continue
			}
			for row, err := range t.Rows() {
				if err != nil {
					yield(taken{}, err)
					return
				}
				if !yield(taken{n, takeRow(row), originOf(t, row)}, nil) {
					return
				}
			}
		}
	}
}

// taken is a row as it comes out of the file.
type taken struct {
	sheet  int
	row    *rosterRow
	origin origin
}

// check decides every row. Stopped and run again, it goes through the rows it
// had decided only to remember them.
func (m *Imports) check(ctx context.Context, id string) error {
	i, err := m.find(ctx, m.service.db, id)
	if err != nil {
		return err
	}
	switch i.State {
	case ImportRead:
		if err := store.Do(ctx, m.service.db, func(tx *store.Tx) error { return m.move(ctx, tx, i, importCheck, "") }); err != nil {
			return err
		}
	case ImportChecking:
	default:
		return nil
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
	decided, err := m.placeNames(ctx, m.service.db, region.Code(i.Region))
	if err != nil {
		return err
	}
	done, err := m.decidedRows(ctx, i)
	if err != nil {
		return err
	}
	c := &checker{service: m.service, reader: m.reader(region.Code(i.Region), decided), index: newFileIndex(), sheets: content.Sheets}
	var batch []*checked
	var origins []origin
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := c.batch(ctx, m.service.db, batch); err != nil {
			return err
		}
		err := m.keepBatch(ctx, i, o.key, batch, origins)
		batch, origins = batch[:0], origins[:0]
		return err
	}
	for line, err := range lines(o.tables) {
		if err != nil {
			return err
		}
		x := &checked{reading: c.reader.read(content.Sheets[line.sheet], line.row), Sheet: line.sheet}
		if c.seq < len(done) {
			was := done[c.seq]
			c.seq++
			x.Seq, x.Outcome = c.seq, was.Outcome
			if was.IntoSeq != nil {
				x.Into = *was.IntoSeq
			}
			x.sought = m.service.seek(x.record())
			c.remember(x)
			continue
		}
		batch, origins = append(batch, x), append(origins, line.origin)
		if len(batch) == batchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
		if err := m.move(ctx, tx, i, importReady, ""); err != nil {
			return err
		}
		return m.service.journal.Record(ctx, tx, "import.checked", journal.Entry{Kind: "import", ID: id, Region: i.Region})
	})
}

func (m *Imports) decidedRows(ctx context.Context, i *Import) ([]importRow, error) {
	if i.Done == 0 {
		return nil, nil
	}
	rows, err := store.All[importRow](ctx, m.service.db, `
		select r.seq, r.outcome, r.into_seq from registry_import_row r where r.import_id = ? order by r.seq`, i.ID)
	if err != nil {
		return nil, fmt.Errorf("reading rows decided before: %w", err)
	}
	return rows, nil
}

// keepBatch writes a batch of decided rows, unless another worker or a new
// mapping came first.
func (m *Imports) keepBatch(ctx context.Context, i *Import, key *crypto.Key, batch []*checked, origins []origin) error {
	now := m.service.clock.Now()
	rows := make([]importRow, len(batch))
	count := &Report{}
	known := 0
	for n, x := range batch {
		count.count(x)
		r := &rows[n]
		*r = importRow{ImportID: i.ID, Seq: x.Seq, Sheet: x.Sheet, Number: x.row.Number, Version: 1}
		if x.Known != "" {
			known++
			r.ChildID, r.Settled, r.SettledAt = x.Known, settledKnown, now
		}
		if o := origins[n]; o.importID != "" {
			r.OriginImport, r.OriginSeq = o.importID, &o.seq
		}
		if err := r.put(m, key, x, &rowContent{Row: x.row, Number: x.row.Number}); err != nil {
			return err
		}
	}
	return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
		n, err := store.Exec(ctx, tx, `
			update registry_import
			   set done = done + ?, accepted = accepted + ?, held = held + ?, rejected = rejected + ?, duplicates = duplicates + ?,
			       entered = entered + ?, version = version + 1
			 where id = ? and state = 'checking' and round = ? and done = ?`,
			count.Rows, count.Accepted, count.Held, count.Rejected, count.Duplicates, known, i.ID, i.Round, batch[0].Seq-1)
		if err != nil {
			return fmt.Errorf("counting rows: %w", err)
		}
		if n == 0 {
			return errImportStale()
		}
		if err := store.Insert(ctx, tx, "registry_import_row", rows...); err != nil {
			return fmt.Errorf("keeping rows: %w", err)
		}
		return nil
	})
}

// inNameOf lets a job act as the person who asked for it, under the post they
// asked from: the rules hold for the job as they did for the person.
func inNameOf(ctx context.Context, i *Import) context.Context {
	ctx = journal.WithAuthor(ctx, journal.Author{Purpose: importPurpose(i.ID)})
	return authz.WithActor(ctx, authz.Actor{UserID: i.AuthorID, Name: i.Author, Grants: []authz.Grant{{Role: authz.Role(i.Role), Region: i.Region}}})
}

// jobTime is how long one job works before it asks for the next: well within a
// worker's lease.
const jobTime = time.Minute

// post enters what was accepted, a batch to a transaction.
func (m *Imports) post(ctx context.Context, id string) error {
	i, err := m.find(ctx, m.service.db, id)
	if err != nil || i.State != ImportPosting {
		return err
	}
	p, err := m.poster(ctx, m.service.db, i)
	if err != nil {
		return err
	}
	ctx = inNameOf(ctx, i)
	for start := time.Now(); ; {
		more, err := m.postBatch(ctx, p)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		if time.Since(start) > jobTime {
			return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
				i, err := m.lock(ctx, tx, id)
				if err != nil {
					return err
				}
				return m.enqueue(ctx, tx, jobPost, i)
			})
		}
	}
}

// poster is what entering rows of an import needs.
type poster struct {
	id      string
	key     *crypto.Key
	content *bookContent
	reader  *reader
}

func (m *Imports) poster(ctx context.Context, q store.Querier, i *Import) (*poster, error) {
	key, err := m.key(ctx, q, i)
	if err != nil {
		return nil, err
	}
	content, err := m.content(i, key)
	if err != nil {
		return nil, err
	}
	decided, err := m.placeNames(ctx, q, region.Code(i.Region))
	if err != nil {
		return nil, err
	}
	return &poster{id: i.ID, key: key, content: content, reader: m.reader(region.Code(i.Region), decided)}, nil
}

// entry is a row made ready to enter: its own content and that of the rows
// about the same child.
type entry struct {
	row     importRow
	content *rowContent
	checked *checked
	file    NewFile
	with    []importRow
}

// postBatch enters one batch; more is false once the import is posted.
func (m *Imports) postBatch(ctx context.Context, p *poster) (more bool, err error) {
	return store.In(ctx, m.service.db, func(tx *store.Tx) (bool, error) {
		i, err := m.lock(ctx, tx, p.id)
		if err != nil || i.State != ImportPosting {
			return false, err
		}
		rows, err := store.All[importRow](ctx, tx, `
			select `+store.Columns[importRow]("r")+`
			  from registry_import_row r
			 where r.import_id = ? and r.outcome = 'accepted' and r.settled in ('', 'ready') and r.into_seq is null
			 order by r.seq
			 limit ?`, p.id, batchRows)
		if err != nil {
			return false, fmt.Errorf("reading rows to enter: %w", err)
		}
		if len(rows) == 0 {
			return false, m.posted(ctx, tx, i)
		}
		_, err = m.enter(ctx, tx, i, p, rows)
		return true, err
	})
}

// enter makes files of rows. A row that turns out to be a child entered since
// it was checked is settled or held instead: nothing is doubled by two offices
// bringing the same child at once. It returns how each row came out.
func (m *Imports) enter(ctx context.Context, tx *store.Tx, i *Import, p *poster, rows []importRow) ([]importRow, error) {
	// 1. One import at a time looks for twins and enters, in a county: the
	// counter of file numbers is the gate, and AddTx passes it anyway.
	if _, err := store.Exec(ctx, tx, `
		insert into registry_counter (county, next) values (?, 0)
		    on conflict (county) do update set next = registry_counter.next`, i.County[:6]); err != nil {
		return nil, fmt.Errorf("waiting for other imports: %w", err)
	}
	// 2. What each row says, with the rows about the same child.
	entries, err := m.entries(ctx, tx, p, rows)
	if err != nil {
		return nil, err
	}
	// 3. Look again.
	if err := m.lookAgain(ctx, tx, i, p, entries); err != nil {
		return nil, err
	}
	// 4. Enter what is left.
	var files []NewFile
	var in []*entry
	for _, e := range entries {
		if e.checked.Outcome == RowAccepted && e.checked.Known == "" {
			files, in = append(files, e.file), append(in, e)
		}
	}
	if len(files) > 0 {
		receipts, err := m.service.AddTx(ctx, tx, Source{Kind: "import", ID: i.ID}, files...)
		if err != nil {
			return nil, err
		}
		for n, r := range receipts {
			in[n].row.ChildID, in[n].row.Settled = r.ID, settledEntered
		}
	}
	// 5. Write down what became of the rows.
	return m.keepEntered(ctx, tx, i, p, entries)
}

func (m *Imports) entries(ctx context.Context, tx *store.Tx, p *poster, rows []importRow) ([]*entry, error) {
	seqs := make([]any, len(rows))
	entries, bySeq := make([]*entry, len(rows)), map[int]*entry{}
	for n, r := range rows {
		seqs[n] = r.Seq
		content, err := r.open(p.key)
		if err != nil {
			return nil, err
		}
		x := &checked{reading: p.reader.read(p.content.Sheets[r.Sheet], content.Row), Seq: r.Seq, Sheet: r.Sheet, Outcome: RowAccepted, Decider: region.Code(r.Decider)}
		x.at(region.Code(r.Region))
		entries[n] = &entry{row: r, content: content, checked: x, file: x.File}
		bySeq[r.Seq] = entries[n]
	}
	more, err := store.All[importRow](ctx, tx, `
		select `+store.Columns[importRow]("r")+`
		  from registry_import_row r
		 where r.import_id = ? and r.outcome = 'accepted' and r.into_seq in (`+store.Marks(len(seqs))+`)
		 order by r.seq`, append([]any{p.id}, seqs...)...)
	if err != nil {
		return nil, fmt.Errorf("reading rows about the same children: %w", err)
	}
	for _, r := range more {
		content, err := r.open(p.key)
		if err != nil {
			return nil, err
		}
		x := p.reader.read(p.content.Sheets[r.Sheet], content.Row)
		e := bySeq[*r.IntoSeq]
		mergeRows(&e.file, x.File)
		e.with = append(e.with, r)
	}
	return entries, nil
}

// at sets the place that was found or decided for the row when it was checked.
func (x *reading) at(code region.Code) {
	x.Region = code
	if code.Level() == region.Village {
		x.File.Child.Region = string(code)
	}
}

// lookAgain compares rows with the children entered since they were checked,
// and rows a person has changed with the others of their batch.
func (m *Imports) lookAgain(ctx context.Context, tx *store.Tx, i *Import, p *poster, entries []*entry) error {
	var all []*sought
	for _, e := range entries {
		record := e.checked.record()
		if record.Number.IsZero() && e.file.Child.Identity != "" { // from a row merged into it
			record.Number, _ = identity.Parse(e.file.Child.Identity)
		}
		e.checked.sought = m.service.seek(record)
		all = append(all, e.checked.sought)
	}
	if err := m.service.onFile(ctx, tx, all); err != nil {
		return err
	}
	c := &checker{service: m.service, reader: p.reader, index: newFileIndex(), sheets: p.content.Sheets}
	batch := make([]*checked, len(entries))
	for n, e := range entries {
		batch[n] = e.checked
		if e.content.Apart { // a person said it is another child; only an equal number says otherwise
			e.checked.sought.onFile = slices.DeleteFunc(e.checked.sought.onFile, func(l likeness) bool {
				return len(e.checked.sought.number) == 0 || string(l.child.IdentityIndex) != string(e.checked.sought.number)
			})
		}
	}
	known, err := c.known(ctx, tx, batch)
	if err != nil {
		return err
	}
	for _, e := range entries {
		x := e.checked
		x.Problems = nil // they were settled, or were only warnings
		if !x.decideOnFile(known) && e.content.Fixed && !e.content.Apart {
			c.decideInFile(x)
			if x.Into != 0 { // the row it joins is of this very batch: let a person see it
				x.Into = 0
				x.same("twin.row", "改正后与另一行是同一名儿童，请核实。", RowHeld)
			}
		}
		if reason := e.unfit(m.service, p.reader); reason != "" && outcome(x.Problems) == RowAccepted && x.Known == "" {
			x.same("entry.invalid", reason, RowHeld)
		}
		x.Outcome = outcome(x.Problems)
		c.remember(x)
	}
	return nil
}

// unfit says why the register would refuse the file, so that one row cannot
// stop a batch.
func (e *entry) unfit(s *Service, r *reader) string {
	err := e.file.validate(r.today)
	if err == nil {
		return ""
	}
	f := fault.Of(err)
	for _, reason := range f.Fields {
		return reason
	}
	return f.Text
}

func (m *Imports) keepEntered(ctx context.Context, tx *store.Tx, i *Import, p *poster, entries []*entry) ([]importRow, error) {
	now := m.service.clock.Now()
	by := actorID(ctx)
	var out, ended []importRow
	held, duplicates, entered := 0, 0, 0
	for _, e := range entries {
		r, x := &e.row, e.checked
		switch {
		case x.Outcome == RowHeld:
			// It waits for a person after all, and those about the same child with it.
			held++
			if x.Duplicate && !r.Duplicate {
				duplicates++
			}
			x.Duplicate = x.Duplicate || r.Duplicate
			r.Version++
			r.Settled, r.SettledBy, r.SettledAt = "", "", time.Time{}
			if err := r.put(m, p.key, x, e.content); err != nil {
				return nil, err
			}
			if err := m.saveRow(ctx, tx, r, r.Version-1); err != nil {
				return nil, err
			}
			out = append(out, *r)
			if len(e.with) == 0 {
				continue
			}
			for _, w := range e.with {
				held++
				w.Outcome, w.IntoSeq, w.Version = RowHeld, nil, w.Version+1
				content, err := e.withContent(p, w)
				if err != nil {
					return nil, err
				}
				if err := w.seal(p.key, content); err != nil {
					return nil, err
				}
				if err := m.saveRow(ctx, tx, &w, w.Version-1); err != nil {
					return nil, err
				}
			}
			continue
		case x.Known != "":
			r.ChildID, r.Settled = x.Known, settledKnown
			if !r.Duplicate {
				duplicates++
				r.Duplicate = true
			}
		}
		entered++
		ended = append(ended, *r)
		for _, w := range e.with {
			entered++
			w.ChildID, w.Settled = r.ChildID, settledMerged
			ended = append(ended, w)
		}
		out = append(out, *r)
	}
	if err := m.endRows(ctx, tx, i.ID, by, now, ended); err != nil {
		return nil, err
	}
	if _, err := store.Exec(ctx, tx, `
		update registry_import
		   set entered = entered + ?, accepted = accepted - ?, held = held + ?, duplicates = duplicates + ?, version = version + 1
		 where id = ?`, entered, held, held, duplicates, i.ID); err != nil {
		return nil, fmt.Errorf("counting entered rows: %w", err)
	}
	return out, nil
}

// withContent reopens a merged row at the version it was sealed at.
func (e *entry) withContent(p *poster, w importRow) (*rowContent, error) {
	w.Version--
	return w.open(p.key)
}

// endRows writes how rows ended, many in one statement.
func (m *Imports) endRows(ctx context.Context, tx *store.Tx, id, by string, now time.Time, rows []importRow) error {
	number := store.For(tx, "", "::integer")
	for some := range slices.Chunk(rows, 500) {
		var children, states, doubles, seqs []any
		for _, r := range some {
			children, states = append(children, r.Seq, r.ChildID), append(states, r.Seq, r.Settled)
			doubles, seqs = append(doubles, r.Seq, r.Duplicate), append(seqs, r.Seq)
		}
		when := strings.Repeat(" when ? then ?", len(some))
		values := append(append(append(append(children, states...), doubles...), by, now, id), seqs...)
		if _, err := store.Exec(ctx, tx, `
			update registry_import_row
			   set child_id = case seq`+when+` end, settled = case seq`+when+` end,
			       duplicate = case seq`+strings.ReplaceAll(when, "then ?", "then ?"+number)+` end,
			       settled_by = ?, settled_at = ?
			 where import_id = ? and seq in (`+store.Marks(len(seqs))+`)`, values...); err != nil {
			return fmt.Errorf("marking rows: %w", err)
		}
	}
	return m.endOrigins(ctx, tx, rows, by, now)
}

// saveRow writes a row that changed, where nobody changed it first.
func (m *Imports) saveRow(ctx context.Context, tx *store.Tx, r *importRow, version int) error {
	n, err := store.Exec(ctx, tx, `
		update registry_import_row
		   set outcome = ?, duplicate = ?, codes = ?, region = ?, decider = ?, identity_index = ?, place_index = ?, into_seq = ?, child_id = ?,
		       settled = ?, settled_by = ?, settled_at = ?, sealed = ?, version = ?
		 where import_id = ? and seq = ? and version = ?`,
		r.Outcome, r.Duplicate, r.Codes, r.Region, r.Decider, r.IdentityIndex, r.PlaceIndex, r.IntoSeq, store.OrNull(r.ChildID),
		r.Settled, r.SettledBy, r.SettledAt, r.Sealed, r.Version, r.ImportID, r.Seq, version)
	if err != nil {
		return fmt.Errorf("saving a row: %w", err)
	}
	if n == 0 {
		return fault.NewStale("import.row_stale", "这一行刚刚被别人处理过，请刷新后再看。")
	}
	return nil
}

// posted ends posting, and gives every office that has rows to settle its
// duty.
func (m *Imports) posted(ctx context.Context, tx *store.Tx, i *Import) error {
	if err := m.move(ctx, tx, i, importPosted, "posted_at = ?", m.service.clock.Now()); err != nil {
		return err
	}
	if err := m.openDuties(ctx, tx, i); err != nil {
		return err
	}
	if err := m.endReturned(ctx, tx, i); err != nil {
		return err
	}
	return m.service.journal.Record(ctx, tx, "import.posted", journal.Entry{Kind: "import", ID: i.ID, Region: i.Region})
}

// decideRule is the duty to settle held rows.
const decideRule = "file.decide"

// openDuties opens the duty of each township, or of the county, that has rows
// of the import to settle.
func (m *Imports) openDuties(ctx context.Context, tx *store.Tx, i *Import) error {
	rows, err := store.All[struct {
		Town string `db:"town"`
		N    int    `db:"n"`
	}](ctx, tx, `
		select substr(decider, 1, 9) as town, count(*) as n
		  from registry_import_row
		 where import_id = ? and outcome = 'held'
		 group by substr(decider, 1, 9)
		 order by 1`, i.ID)
	if err != nil {
		return fmt.Errorf("reading who has rows to settle: %w", err)
	}
	var openings []duty.Opening
	for _, r := range rows {
		town := r.Town + "000"
		openings = append(openings, duty.Opening{Rule: m.decideRule(region.Code(town)), SubjectKind: "import", SubjectID: i.ID, Region: town, For: town,
			Reason: fmt.Sprintf("名册导入有 %d 行待核实", r.N)})
	}
	_, err = m.service.duty.OpenTx(ctx, tx, openings...)
	return err
}

// decideRule is the rule by which a place owes it: a township's supervisor, or
// for what only the county can settle its civil affairs office, where the pack
// has a rule for it.
func (m *Imports) decideRule(place region.Code) string {
	if place.Level() < region.Town {
		if _, ok := m.service.policy.Pack.Duty(decideRule + "_county"); ok {
			return decideRule + "_county"
		}
	}
	return decideRule
}

// dutyDone discharges a place's duty once its last row is settled.
func (m *Imports) dutyDone(ctx context.Context, tx *store.Tx, i *Import, decider string) error {
	left, err := store.One[int](ctx, tx, `
		select count(*) from (select 1 from registry_import_row
		 where import_id = ? and outcome = 'held' and substr(decider, 1, 9) = ? limit 1) as r`, i.ID, decider[:9])
	if err != nil || left > 0 {
		return err
	}
	town := decider[:9] + "000"
	_, err = m.service.duty.DischargeTx(ctx, tx, duty.Which{SubjectKind: "import", SubjectID: i.ID, Rules: []string{m.decideRule(region.Code(town))}, For: town},
		duty.Evidence{Kind: "import", ID: i.ID})
	return err
}
