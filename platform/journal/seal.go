package journal

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// Each county's lines form one log, lines that belong to no place the log of
// county "". The tree is that of RFC 6962 by golang.org/x/mod/sumdb/tlog, and
// so SHA-256: the suite of the State is for what is kept secret, while this
// must be checked by anyone, with tools that many eyes have read.

// A Checkpoint says what a log holds: its first Size lines and no others. A
// witness elsewhere keeps it, as text.
type Checkpoint struct {
	County string // six digits, or empty
	Size   int64
	Root   tlog.Hash
	At     time.Time
}

const (
	checkpointHead = "shouwang-checkpoint"
	checkpointTime = "2006-01-02T15:04:05.000Z"
)

// String is the text a witness keeps: five lines.
func (c Checkpoint) String() string {
	return fmt.Sprintf("%s\n%s\n%d\n%s\n%s\n", checkpointHead, c.County, c.Size, c.Root, c.At.UTC().Format(checkpointTime))
}

// ParseCheckpoint reads the text of a checkpoint; anything that String would
// not write is refused.
func ParseCheckpoint(text string) (Checkpoint, error) {
	bad := fmt.Errorf("journal: this is not the text of a checkpoint")
	parts := strings.Split(text, "\n")
	if len(parts) != 6 || parts[0] != checkpointHead {
		return Checkpoint{}, bad
	}
	c := Checkpoint{County: parts[1]}
	root, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || copy(c.Root[:], root) != tlog.HashSize {
		return Checkpoint{}, bad
	}
	if c.Size, err = strconv.ParseInt(parts[2], 10, 64); err != nil || c.Size < 0 {
		return Checkpoint{}, bad
	}
	if c.At, err = time.Parse(checkpointTime, parts[4]); err != nil || c.String() != text {
		return Checkpoint{}, bad
	}
	return c, nil
}

type checkpointRow struct {
	County string    `db:"county"`
	Size   int64     `db:"size"`
	Root   []byte    `db:"root"`
	At     time.Time `db:"at"`
}

// Latest returns the newest checkpoint of every county's log.
func Latest(ctx context.Context, q store.Querier) ([]Checkpoint, error) {
	rows, err := store.All[checkpointRow](ctx, q, `
		select county, size, root, at from journal_checkpoint c
		 where size = (select max(size) from journal_checkpoint where county = c.county)
		 order by county`)
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	out := make([]Checkpoint, len(rows))
	for i, r := range rows {
		out[i] = r.checkpoint()
	}
	return out, nil
}

func (r checkpointRow) checkpoint() Checkpoint {
	c := Checkpoint{County: r.County, Size: r.Size, At: r.At}
	copy(c.Root[:], r.Root)
	return c
}

func latest(ctx context.Context, q store.Querier, county string) (Checkpoint, error) {
	r, _, err := store.Maybe[checkpointRow](ctx, q, `
		select county, size, root, at from journal_checkpoint where county = ? order by size desc limit 1`, county)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the checkpoint of %q: %w", county, err)
	}
	r.County = county
	return r.checkpoint(), nil
}

// tree is the right edge of a log: for each level the last complete subtree,
// which is all that adding a line and computing the root can ask for.
type tree struct {
	size int64
	edge [64]tlog.Hash
}

// ReadHashes answers the library from the edge.
func (t *tree) ReadHashes(places []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(places))
	for i, p := range places {
		level, _ := tlog.SplitStoredHashIndex(p)
		out[i] = t.edge[level]
	}
	return out, nil
}

// add appends a leaf and returns the hashes it completes, lowest first.
func (t *tree) add(leaf []byte) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashes(t.size, leaf, t)
	if err != nil {
		return nil, err
	}
	copy(t.edge[:], hashes)
	t.size++
	return hashes, nil
}

func (t *tree) root() (tlog.Hash, error) { return tlog.TreeHash(t.size, t) }

type hashRow struct {
	County string `db:"county"`
	Place  int64  `db:"place"`
	Hash   []byte `db:"hash"`
}

// treeOf reads the edge of a log of a size.
func treeOf(ctx context.Context, q store.Querier, county string, size int64) (*tree, error) {
	t := &tree{size: size}
	levels := map[int64]int{}
	places := []any{county}
	for level := range bits.Len64(uint64(size)) {
		if size>>level&1 == 1 {
			place := tlog.StoredHashIndex(level, size>>level-1)
			levels[place], places = level, append(places, place)
		}
	}
	if len(levels) == 0 {
		return t, nil
	}
	rows, err := store.All[hashRow](ctx, q, `
		select county, place, hash from journal_hash where county = ? and place in (`+store.Marks(len(levels))+`)`, places...)
	if err != nil {
		return nil, fmt.Errorf("reading the tree of %q: %w", county, err)
	}
	if len(rows) != len(levels) {
		return nil, fmt.Errorf("the tree of %q lacks hashes below line %d", county, size)
	}
	for _, r := range rows {
		copy(t.edge[levels[r.Place]][:], r.Hash)
	}
	return t, nil
}

// leaf is a line as it is sealed: every column in order, each behind its
// length, so that nothing can be shifted from one to the next. It holds what
// the line holds and so no plaintext of a sealed value. Its first byte is for
// a later change of form.
func (l Line) leaf() []byte {
	b := make([]byte, 0, 256)
	b = append(b, 1)
	for _, field := range [...]string{strconv.FormatInt(l.ID, 10), strconv.FormatInt(l.At.UnixMilli(), 10), l.AuthorID, l.Author, l.Action,
		l.Purpose, l.DutyID, l.Kind, l.RecordID, l.SubjectID, l.Region, l.Outcome, l.Detail} {
		b = binary.AppendUvarint(b, uint64(len(field)))
		b = append(b, field...)
	}
	return b
}

// CountyOf names the log a line belongs to by its region.
func CountyOf(region string) string { return region[:min(6, len(region))] }

const (
	sealBatch  = 2000
	sealerLock = 20160204 // of PostgreSQL's advisory locks; the day of 国发〔2016〕13号
)

// Seal takes a batch of lines without a number and gives them the next ones of
// their county's log, in the order of their ids; a line that committed late
// comes later. It reports whether more are waiting. Numbers, hashes and
// checkpoint are one transaction: stopped anywhere, it goes on where it was.
// Of several processes one seals and the others leave it to that one.
func Seal(ctx context.Context, db *store.DB, c clock.Clock) (bool, error) {
	n, err := store.In(ctx, db, func(tx *store.Tx) (int, error) {
		// SQLite's writing transaction already is a lock.
		mine, err := store.One[bool](ctx, tx, store.For(tx, `select 1`, `select pg_try_advisory_xact_lock(`+strconv.Itoa(sealerLock)+`)`))
		if err != nil || !mine {
			return 0, err
		}
		lines, err := store.All[Line](ctx, tx, `
			select `+lineColumns+` from journal_line where seal is null order by id limit ?`, sealBatch)
		if err != nil {
			return 0, fmt.Errorf("reading lines: %w", err)
		}
		counties, order := map[string][]Line{}, []string{}
		for _, l := range lines {
			county := CountyOf(l.Region)
			if counties[county] == nil {
				order = append(order, county)
			}
			counties[county] = append(counties[county], l)
		}
		for _, county := range order {
			if err := sealCounty(ctx, tx, county, counties[county], c.Now()); err != nil {
				return 0, err
			}
		}
		return len(lines), nil
	})
	if err != nil {
		return false, fmt.Errorf("sealing the journal: %w", err)
	}
	return n == sealBatch, nil
}

func sealCounty(ctx context.Context, tx *store.Tx, county string, lines []Line, now time.Time) error {
	// The size comes from the checkpoint, not from the lines: after somebody cut
	// lines off, their numbers are not given out again.
	last, err := latest(ctx, tx, county)
	if err != nil {
		return err
	}
	t, err := treeOf(ctx, tx, county, last.Size)
	if err != nil {
		return err
	}
	var rows []hashRow
	for _, l := range lines {
		place := tlog.StoredHashIndex(0, t.size)
		hashes, err := t.add(l.leaf())
		if err != nil {
			return err
		}
		for i, h := range hashes {
			rows = append(rows, hashRow{county, place + int64(i), h[:]})
		}
	}
	if err := store.Insert(ctx, tx, "journal_hash", rows...); err != nil {
		return fmt.Errorf("keeping hashes: %w", err)
	}
	if err := number(ctx, tx, lines, last.Size); err != nil {
		return err
	}
	root, err := t.root()
	if err != nil {
		return err
	}
	// Of each hour the last checkpoint stays: a witness who kept another of them
	// loses nothing, since every root can be computed from the lines.
	if _, err := store.Exec(ctx, tx, `delete from journal_checkpoint where county = ? and at >= ?`, county, now.Truncate(time.Hour)); err != nil {
		return fmt.Errorf("thinning checkpoints: %w", err)
	}
	return store.Insert(ctx, tx, "journal_checkpoint", checkpointRow{county, t.size, root[:], now})
}

func number(ctx context.Context, tx *store.Tx, lines []Line, first int64) error {
	const batch = 200
	for len(lines) > 0 {
		n := min(batch, len(lines))
		args := make([]any, 0, 2*n)
		for i, l := range lines[:n] {
			args = append(args, l.ID, first+int64(i))
		}
		one := "(cast(? as bigint), cast(? as bigint))"
		done, err := store.Exec(ctx, tx, `
			update journal_line set seal = v.column2
			  from (values `+one+strings.Repeat(", "+one, n-1)+`) as v
			 where journal_line.id = v.column1 and journal_line.seal is null`, args...)
		if err != nil {
			return fmt.Errorf("numbering lines: %w", err)
		}
		if done != int64(n) {
			return fmt.Errorf("numbering lines: %d of %d were there", done, n)
		}
		lines, first = lines[n:], first+int64(n)
	}
	return nil
}

// Why says in what way a log is not as it was sealed.
type Why string

const (
	Missing Why = "missing" // no line has this number any more
	Twice   Why = "twice"   // another line claims the number of one that is there
	Altered Why = "altered" // the line is not the one that was sealed under this number
	Moved   Why = "moved"   // it was sealed under another number: reordered, or lines before it removed or put in
	Added   Why = "added"   // numbered, but under no checkpoint
	Rehash  Why = "rehash"  // lines and hashes of the range were changed together
	Cut     Why = "cut"     // the log is shorter than the earlier checkpoint
	Forked  Why = "forked"  // lines of the range are not those of the earlier checkpoint
	Resized Why = "resized" // the newest checkpoint is not that of the lines below it
)

// Break is the first place where a log is not as it was sealed. First and Last
// number the lines within which it lies: one line wherever the hashes tell.
type Break struct {
	Why         Why
	First, Last int64
	LineID      int64 // journal_line.id, where one line is meant and there
	SealedAs    int64 // for Moved: the number under which the line was sealed
}

// Report is the outcome of Verify.
type Report struct {
	Now    Checkpoint // of the lines as they were read, when all could be: what to keep for the next time
	Whole  bool
	Broken Break // when not Whole
}

type sealed struct {
	Seal int64 `db:"seal"`
	Line
}

// Verify computes a county's log anew from its lines and compares it with the
// stored hashes, the newest checkpoint and an earlier one that was kept
// elsewhere; without that (its Size is 0) it misses lines cut off from the end
// and a log that was sealed anew. It reads in batches, so memory does not grow.
func Verify(ctx context.Context, q store.Querier, county string, earlier Checkpoint) (Report, error) {
	r, err := verify(ctx, q, county, earlier)
	if err != nil {
		return Report{}, fmt.Errorf("verifying the journal of %q: %w", county, err)
	}
	return r, nil
}

func verify(ctx context.Context, q store.Querier, county string, earlier Checkpoint) (Report, error) {
	if earlier.Size > 0 && earlier.County != county {
		return Report{}, fmt.Errorf("the earlier checkpoint is of the log %q", earlier.County)
	}
	// One statement, so that a sealer at work meanwhile cannot come in between.
	type extent struct {
		checkpointRow
		Lines int64 `db:"lines"` // one more than the highest number
	}
	e, err := store.One[extent](ctx, q, `
		select c.size, c.root, c.at,
		       (select coalesce(max(seal) + 1, 0) from journal_line where substr(region, 1, 6) = ? and seal is not null) as lines
		  from (select 1 as one) o
		  left join (select size, root, at from journal_checkpoint where county = ? order by size desc limit 1) c on 1 = 1`, county, county)
	if err != nil {
		return Report{}, err
	}
	e.County = county
	newest := e.checkpoint()
	v := verifier{q: q, county: county, earlier: earlier}
	if whole, err := v.run(ctx, newest.Size); err != nil || !whole {
		return v.report, err
	}
	v.report.Now = newest
	if v.report.Now.Root, err = v.root(); err != nil {
		return Report{}, err
	}
	switch {
	case e.Lines > newest.Size:
		return v.broken(Break{Why: Added, First: newest.Size, Last: e.Lines - 1}), nil
	case newest.Size > 0 && newest.Root != v.report.Now.Root:
		return v.broken(Break{Why: Resized, Last: newest.Size - 1}), nil
	case earlier.Size > newest.Size:
		return v.broken(Break{Why: Cut, First: newest.Size, Last: earlier.Size - 1}), nil
	}
	v.report.Whole = true
	return v.report, nil
}

type verifier struct {
	tree
	q       store.Querier
	county  string
	earlier Checkpoint
	report  Report
}

func (v *verifier) broken(b Break) Report {
	v.report.Broken = b
	return v.report
}

// run goes over the lines up to a size and reports whether all are in place.
func (v *verifier) run(ctx context.Context, size int64) (bool, error) {
	const batch = 1000
	for v.size < size {
		from, to := v.size, min(v.size+batch, size)
		lines, err := store.All[sealed](ctx, v.q, `
			select seal, `+lineColumns+`
			  from journal_line
			 where substr(region, 1, 6) = ? and seal >= ? and seal < ?
			 order by seal, id
			 limit ?`, v.county, from, to, batch+1)
		if err != nil {
			return false, err
		}
		hashes, err := v.stored(ctx, from, to)
		if err != nil {
			return false, err
		}
		for i, l := range lines {
			switch {
			case l.Seal > v.size:
				v.broken(Break{Why: Missing, First: v.size, Last: v.size})
				return false, nil
			case l.Seal < v.size:
				v.broken(Break{Why: Twice, First: l.Seal, Last: l.Seal, LineID: lines[i].ID})
				return false, nil
			}
			if ok, err := v.line(ctx, l, hashes); err != nil || !ok {
				return false, err
			}
			if v.size == v.earlier.Size {
				if root, err := v.root(); err != nil || root != v.earlier.Root {
					v.broken(Break{Why: Forked, Last: v.size - 1})
					return false, err
				}
			}
		}
		if v.size < to {
			v.broken(Break{Why: Missing, First: v.size, Last: v.size})
			return false, nil
		}
	}
	return true, nil
}

// stored reads the hashes that the lines from one number to another made.
func (v *verifier) stored(ctx context.Context, from, to int64) (map[int64]tlog.Hash, error) {
	rows, err := store.All[hashRow](ctx, v.q, `
		select county, place, hash from journal_hash where county = ? and place >= ? and place < ?`,
		v.county, tlog.StoredHashIndex(0, from), tlog.StoredHashIndex(0, to))
	if err != nil {
		return nil, err
	}
	out := make(map[int64]tlog.Hash, len(rows))
	for _, r := range rows {
		var h tlog.Hash
		copy(h[:], r.Hash)
		out[r.Place] = h
	}
	return out, nil
}

// line adds one line and compares the hashes it completes with the stored
// ones. A leaf that differs names the line; an inner hash that differs above
// leaves that agree names the lines below it.
func (v *verifier) line(ctx context.Context, l sealed, stored map[int64]tlog.Hash) (bool, error) {
	n := v.size
	place := tlog.StoredHashIndex(0, n)
	hashes, err := v.add(l.leaf())
	if err != nil {
		return false, err
	}
	for level, h := range hashes {
		if stored[place+int64(level)] == h {
			continue
		}
		if level > 0 {
			v.broken(Break{Why: Rehash, First: n >> level << level, Last: n})
			return false, nil
		}
		b := Break{Why: Altered, First: n, Last: n, LineID: l.ID}
		was, found, err := store.Maybe[int64](ctx, v.q, `select place from journal_hash where county = ? and hash = ? order by place limit 1`, v.county, h[:])
		if err != nil {
			return false, err
		}
		if found {
			b.Why = Moved
			_, b.SealedAs = tlog.SplitStoredHashIndex(was)
		}
		v.broken(b)
		return false, nil
	}
	return true, nil
}
