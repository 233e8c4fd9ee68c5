package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwang/platform/clock"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

const (
	countyA = "500235"
	countyB = "500236"
)

var (
	morning = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	author  = journal.Author{ID: "u-1", Name: "周试玉"}
)

// write records n lines, of two counties and of none, through the journal.
func write(t *testing.T, db *store.DB, c clock.Clock, from, n int) {
	t.Helper()
	j := journal.New(db, c)
	ctx := journal.WithAuthor(context.Background(), author)
	entries := make([]journal.Entry, n)
	for i := range entries {
		e := journal.Entry{Kind: "child", ID: fmt.Sprintf("c-%d", from+i), Subject: fmt.Sprintf("c-%d", from+i), Region: countyA + "101201",
			Changes: []journal.Change{{Field: "school", New: fmt.Sprintf("虚构小学%d", from+i)}}}
		switch (from + i) % 10 {
		case 3:
			e.Region = countyB + "101201"
		case 7:
			e.Region = ""
		}
		entries[i] = e
	}
	if err := store.Do(ctx, db, func(tx *store.Tx) error { return j.Record(ctx, tx, "child.changed", entries...) }); err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, db *store.DB, c clock.Clock) {
	t.Helper()
	for {
		more, err := journal.Seal(context.Background(), db, c)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func verify(t *testing.T, q store.Querier, county string, earlier journal.Checkpoint) journal.Report {
	t.Helper()
	r, err := journal.Verify(context.Background(), q, county, earlier)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// aDayLater makes a log of 3,000 lines, of which a witness keeps the
// checkpoint of the first 2,000, and moves the clock on by a day between.
func aDayLater(t *testing.T, db *store.DB) (witness journal.Checkpoint, c *clock.Manual) {
	t.Helper()
	c = clock.NewManual(morning)
	write(t, db, c, 0, 2000)
	seal(t, db, c)
	witness = verify(t, db, countyA, journal.Checkpoint{}).Now
	kept, err := journal.ParseCheckpoint(witness.String())
	if err != nil || kept != witness {
		t.Fatalf("the witness reads back %+v, %v", kept, err)
	}
	c.Advance(24 * time.Hour)
	write(t, db, c, 2000, 1000)
	seal(t, db, c)
	return kept, c
}

func TestVerify_AnUntouchedLogIsWholeAndGrowsOutOfTheEarlierOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		witness, _ := aDayLater(t, db)
		total := int64(0)
		all, err := journal.Latest(context.Background(), db)
		if err != nil || len(all) != 3 {
			t.Fatalf("%d logs, %v", len(all), err)
		}
		for _, newest := range all {
			r := verify(t, db, newest.County, journal.Checkpoint{})
			if !r.Whole || r.Now != newest {
				t.Fatalf("log %q: %+v, newest %+v", newest.County, r, newest)
			}
			total += r.Now.Size
		}
		if total != 3000 || witness.Size != 1600 {
			t.Fatalf("%d lines sealed, the witness holds %d", total, witness.Size)
		}
		if r := verify(t, db, countyA, witness); !r.Whole || r.Now.Size != 2400 {
			t.Fatalf("with the earlier checkpoint: %+v", r)
		}
		if _, err := journal.Verify(context.Background(), db, countyB, witness); err == nil {
			t.Fatal("the checkpoint of another county was accepted")
		}
	})
}

// Each attack has the whole database in its hands. The line it touches is
// number 700 of county A unless it says otherwise; both verifiers must name it.
func TestVerify_EveryKindOfTamperingIsFoundAndNamed(t *testing.T) {
	const at = ` from journal_line where substr(region, 1, 6) = '500235' and seal = 700`
	type attack struct {
		name  string
		texts []string
		want  journal.Break // LineID is not compared
	}
	line := func(w journal.Why) journal.Break { return journal.Break{Why: w, First: 700, Last: 700} }
	attacks := []attack{
		{"a line is removed", []string{`delete` + at}, line(journal.Missing)},
		{"a line is removed and the gap closed", []string{
			`drop index journal_line_seal`, `delete` + at,
			`update journal_line set seal = seal - 1 where substr(region, 1, 6) = '500235' and seal > 700`},
			journal.Break{Why: journal.Moved, First: 700, Last: 700, SealedAs: 701}},
		{"a line is put in and the rest moved on", []string{
			`drop index journal_line_seal`,
			`update journal_line set seal = seal + 1 where substr(region, 1, 6) = '500235' and seal >= 700`,
			`insert into journal_line (at, author_id, author, action, region, outcome, seal) values (1, 'u-1', '周试玉', 'visit.recorded', '500235101201', 'done', 700)`},
			line(journal.Altered)},
		{"two lines change places", []string{
			`drop index journal_line_seal`,
			`update journal_line set seal = 700 + 710 - seal where substr(region, 1, 6) = '500235' and seal in (700, 710)`},
			journal.Break{Why: journal.Moved, First: 700, Last: 700, SealedAs: 710}},
		{"a line loses its number", []string{`update journal_line set seal = null where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Missing)},
		{"a line is given to another county", []string{
			`update journal_line set region = '500299101201' where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Missing)},
		{"a second line claims a number", []string{
			`drop index journal_line_seal`,
			`insert into journal_line (at, author_id, author, action, region, outcome, seal) values (1, 'u-1', '周试玉', 'visit.recorded', '500235101201', 'done', 700)`},
			line(journal.Twice)},
		{"a numbered line is put behind the last", []string{
			`insert into journal_line (at, author_id, author, action, region, outcome, seal) values (1, 'u-1', '周试玉', 'visit.recorded', '500235101201', 'done', 2400)`},
			journal.Break{Why: journal.Added, First: 2400, Last: 2400}},
		{"the last lines are cut off", []string{`delete from journal_line where substr(region, 1, 6) = '500235' and seal >= 2390`},
			journal.Break{Why: journal.Missing, First: 2390, Last: 2390}},
		{"a leaf's hash is changed", []string{flip("journal_hash", "hash", "county = '500235' and place = "+fmt.Sprint(place(700)))}, line(journal.Altered)},
		{"a hash is removed", []string{`delete from journal_hash where county = '500235' and place = ` + fmt.Sprint(place(700))}, line(journal.Altered)},
		{"an inner hash is changed", []string{flip("journal_hash", "hash", "county = '500235' and place = "+fmt.Sprint(place(703)+2))},
			journal.Break{Why: journal.Rehash, First: 700, Last: 703}},
		{"the newest checkpoint's root is changed", []string{flip("journal_checkpoint", "root", "county = '500235' and size = 2400")},
			journal.Break{Why: journal.Resized, Last: 2399}},
	}
	for _, column := range []string{"author_id", "author", "action", "purpose", "duty_id", "kind", "record_id", "subject_id", "detail"} {
		attacks = append(attacks, attack{column + " is altered",
			[]string{`update journal_line set ` + column + ` = ` + column + ` || ' ' where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Altered)})
	}
	attacks = append(attacks,
		attack{"the time is altered", []string{`update journal_line set at = at - 1 where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Altered)},
		attack{"the outcome is altered", []string{`update journal_line set outcome = 'denied' where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Altered)},
		attack{"the village is altered", []string{`update journal_line set region = '500235101202' where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Altered)},
		attack{"text is shifted from one column to the next", []string{`update journal_line set kind = kind || 'c', record_id = substr(record_id, 2) where substr(region, 1, 6) = '500235' and seal = 700`}, line(journal.Altered)})

	storetest.Each(t, func(t *testing.T, db *store.DB) {
		witness, _ := aDayLater(t, db)
		try := func(name string, want journal.Break, texts ...string) {
			t.Helper()
			undone := errors.New("the attack is taken back")
			err := store.Do(context.Background(), db, func(tx *store.Tx) error {
				for _, text := range texts {
					n, err := store.Exec(context.Background(), tx, text)
					if err != nil {
						return fmt.Errorf("%s: %w", text, err)
					}
					if n == 0 && !strings.HasPrefix(text, "drop") && !strings.HasPrefix(text, "alter") {
						return fmt.Errorf("%s: touched nothing", text)
					}
				}
				for _, earlier := range []journal.Checkpoint{{}, witness} {
					r := verify(t, tx, countyA, earlier)
					if r.Broken.LineID = 0; r.Whole || r.Broken != want {
						t.Errorf("%s (earlier checkpoint of %d lines): %+v, want %+v", name, earlier.Size, r, want)
					}
				}
				return undone
			})
			if !errors.Is(err, undone) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, a := range attacks {
			try(a.name, a.want, a.texts...)
		}
		// The id too is sealed: it tells when a line was written.
		id := `update journal_line set id = id + 1000000 where substr(region, 1, 6) = '500235' and seal = 700`
		if db.Postgres() {
			try("the id is altered", line(journal.Altered), `alter table journal_line alter column id drop identity`, id)
		} else {
			try("the id is altered", line(journal.Altered), id)
		}
		// Any letter of any line.
		source := rand.New(rand.NewPCG(1, 2))
		for range 40 {
			n := source.IntN(2400)
			column := []string{"author", "action", "record_id", "subject_id", "detail"}[source.IntN(5)]
			try(fmt.Sprintf("a letter of %s of line %d", column, n), journal.Break{Why: journal.Altered, First: int64(n), Last: int64(n)},
				fmt.Sprintf(`update journal_line set %[1]s = substr(%[1]s, 1, 1) || 'x' || substr(%[1]s, 3) where substr(region, 1, 6) = '500235' and seal = %[2]d`, column, n))
		}
		if r := verify(t, db, countyA, witness); !r.Whole {
			t.Fatalf("after all attacks were taken back: %+v", r)
		}
	})
}

// flip sets a hash to another one.
func flip(table, column, where string) string {
	return `update ` + table + ` set ` + column + ` = (select hash from journal_hash where county = '500236' and place = 0) where ` + where
}

// place is where the hash of line n lies (StoredHashIndex of level 0).
func place(n int64) int64 {
	p := int64(0)
	for ; n > 0; n >>= 1 {
		p += n
	}
	return p
}

// Whoever holds the whole database can make a log that agrees with itself. The
// verifier without an earlier checkpoint is the control: it must miss these,
// or the test would not show what the witness is for.
func TestVerify_ALogSealedAnewIsFoundOnlyWithTheEarlierCheckpoint(t *testing.T) {
	const tail = ` where county = '500235'`
	forget := []string{`delete from journal_hash` + tail, `delete from journal_checkpoint` + tail,
		`update journal_line set seal = null where substr(region, 1, 6) = '500235'`}
	// rewind makes the log what it was before line 1,500.
	rewind := []string{
		`delete from journal_line where substr(region, 1, 6) = '500235' and seal >= 1500`,
		`delete from journal_hash where county = '500235' and place >= ` + fmt.Sprint(place(1500)),
		`delete from journal_checkpoint where county = '500235'`}
	for _, a := range []struct {
		name  string
		texts []string
		again bool // sealed again afterwards
		more  int  // lines written before that
		want  journal.Break
	}{
		{"a line altered and the log sealed anew", append([]string{`update journal_line set author = '吴试丙' where substr(region, 1, 6) = '500235' and seal = 700`}, forget...), true, 0,
			journal.Break{Why: journal.Forked, Last: 1599}},
		{"a line removed and the log sealed anew", append([]string{`delete from journal_line where substr(region, 1, 6) = '500235' and seal = 700`}, forget...), true, 0,
			journal.Break{Why: journal.Forked, Last: 1599}},
		{"everything of the county removed", append([]string{`delete from journal_line where substr(region, 1, 6) = '500235'`}, forget[:2]...), false, 0,
			journal.Break{Why: journal.Cut, First: 0, Last: 1599}},
		{"lines cut off with their hashes and checkpoint", rewind, true, 0,
			journal.Break{Why: journal.Cut, First: 1500, Last: 1599}},
		{"an older database put back and used on", rewind, true, 1000,
			journal.Break{Why: journal.Forked, Last: 1599}},
	} {
		t.Run(a.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				ctx := context.Background()
				witness, c := aDayLater(t, db)
				if err := store.Do(ctx, db, func(tx *store.Tx) error {
					for _, text := range a.texts {
						if _, err := store.Exec(ctx, tx, text); err != nil {
							return err
						}
					}
					if strings.HasPrefix(a.name, "lines cut") || strings.HasPrefix(a.name, "an older") {
						// The forger makes the checkpoint of 1,500 lines by the program's own means.
						return reseal(ctx, tx)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if a.more > 0 {
					write(t, db, c, 5000, a.more)
				}
				if a.again {
					seal(t, db, c)
				}
				if r := verify(t, db, countyA, journal.Checkpoint{}); !r.Whole {
					t.Errorf("the control, without the witness's checkpoint, found %+v", r.Broken)
				}
				if r := verify(t, db, countyA, witness); r.Whole || r.Broken != a.want {
					t.Errorf("with the witness's checkpoint: %+v, want %+v", r, a.want)
				}
			})
		})
	}
}

// reseal forgets numbers and hashes, so that the next Seal makes a sound log of
// whatever lines there are.
func reseal(ctx context.Context, tx *store.Tx) error {
	for _, text := range []string{`delete from journal_hash where county = '500235'`, `update journal_line set seal = null where substr(region, 1, 6) = '500235'`} {
		if _, err := store.Exec(ctx, tx, text); err != nil {
			return err
		}
	}
	return nil
}

func TestSeal_SeveralSealersAndWritersMakeOneSoundLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := clock.NewManual(morning)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 10 {
					write(t, db, c, 1000*w+20*i, 20)
				}
			})
			wg.Go(func() {
				for range 10 {
					if _, err := journal.Seal(context.Background(), db, c); err != nil {
						t.Errorf("sealing beside others: %v", err)
					}
				}
			})
		}
		wg.Wait()
		seal(t, db, c)
		all, err := journal.Latest(context.Background(), db)
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for _, p := range all {
			if r := verify(t, db, p.County, journal.Checkpoint{}); !r.Whole {
				t.Fatalf("log %q: %+v", p.County, r.Broken)
			}
			total += p.Size
		}
		if total != 800 {
			t.Fatalf("%d of 800 lines sealed", total)
		}
	})
}

func TestSeal_ALineThatCommitsLateComesLaterAndIsNotSkipped(t *testing.T) {
	db := storetest.Postgres(t) // SQLite has one writer and no late commit
	c := clock.NewManual(morning)
	ctx := journal.WithAuthor(context.Background(), author)
	j := journal.New(db, c)
	written, commit := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := store.Do(ctx, db, func(tx *store.Tx) error {
			err := j.Record(ctx, tx, "child.changed", journal.Entry{Kind: "child", ID: "late", Region: countyA + "101201"})
			close(written)
			<-commit
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-written
	write(t, db, c, 0, 20)
	seal(t, db, c)
	before := verify(t, db, countyA, journal.Checkpoint{}).Now
	close(commit)
	wg.Wait()
	seal(t, db, c)
	type place struct {
		Seal int64 `db:"seal"`
		ID   int64 `db:"id"`
	}
	late, err := store.One[place](ctx, db, `select seal, id from journal_line where record_id = 'late'`)
	if err != nil {
		t.Fatal(err)
	}
	first, err := store.One[place](ctx, db, `select seal, id from journal_line where seal = 0 and substr(region, 1, 6) = '500235'`)
	if err != nil {
		t.Fatal(err)
	}
	if late.ID >= first.ID || late.Seal != before.Size {
		t.Fatalf("the late line has id %d and number %d; the first sealed line has id %d, the log had %d lines", late.ID, late.Seal, first.ID, before.Size)
	}
	if r := verify(t, db, countyA, before); !r.Whole {
		t.Fatalf("after the late line: %+v", r.Broken)
	}
}

func TestSeal_OfEachHourTheLastCheckpointStays(t *testing.T) {
	db := storetest.SQLite(t)
	c := clock.NewManual(morning)
	for i := range 6 {
		write(t, db, c, 10*i, 10)
		seal(t, db, c)
		c.Advance(20 * time.Minute)
	}
	sizes, err := store.All[int](context.Background(), db, `select size from journal_checkpoint where county = '500235' order by size`)
	if err != nil || fmt.Sprint(sizes) != "[24 48]" {
		t.Fatalf("checkpoints of sizes %v, %v", sizes, err)
	}
}

func TestParseCheckpoint_OnlyTheExactTextIsRead(t *testing.T) {
	good := journal.Checkpoint{County: countyA, Size: 12, At: morning}.String()
	if _, err := journal.ParseCheckpoint(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", good[1:], good + "\n", strings.TrimSuffix(good, "\n"), strings.Replace(good, "\n12\n", "\n-12\n", 1),
		strings.Replace(good, "\n12\n", "\n012\n", 1), strings.Replace(good, "AAAA", "AA", 1), strings.Replace(good, "2026", "26", 1)} {
		if _, err := journal.ParseCheckpoint(bad); err == nil {
			t.Errorf("read: %q", bad)
		}
	}
}
