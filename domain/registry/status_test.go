package registry_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/clock"
)

func definition(t testing.TB, id string) policy.Definition {
	t.Helper()
	p, err := policy.Load(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range p.Definitions {
		if d.ID == id {
			return d
		}
	}
	t.Fatalf("the pack has no definition %s", id)
	return policy.Definition{}
}

const home = "500235101201"

var counter int

// fact makes one; since "" is a start that is not known, known on the day said.
func fact(about, kind, value string, since, known clock.Day) registry.Fact {
	counter++
	if known == "" {
		known = since
	}
	return registry.Fact{ID: fmt.Sprint("f-", counter), About: about, Kind: kind, Value: value, StartOn: since, KnownOn: known,
		RecordedAt: time.Unix(int64(counter), 0)}
}

func away(about string, since, known clock.Day, place string) registry.Fact {
	f := fact(about, registry.Absence, "away", since, known)
	f.Place = place
	return f
}

func ended(f registry.Fact, on clock.Day) registry.Fact { f.EndOn = on; return f }

func withdrawn(f registry.Fact) registry.Fact { f.WithdrawnAt = time.Unix(1, 0); return f }

const (
	father, mother, itself = registry.AboutFather, registry.AboutMother, registry.AboutChild
	shanghai, nextCounty   = "310115000000", "500236000000"
)

func TestDerive_CaseByCase(t *testing.T) {
	const on = clock.Day("2026-11-23")
	is := func(about, kind, value string) registry.Fact { return fact(about, kind, value, "2020-01-01", "") }
	gone := func(about string) registry.Fact { return away(about, "2024-01-01", "", shanghai) }
	at := func(about string) registry.Fact { return is(about, registry.Absence, "home") }
	type facts = registry.Facts
	rural, pupil := is(itself, registry.Household, "rural"), is(itself, registry.Schooling, "primary")
	for _, c := range []struct {
		what    string
		defs    string // each of these
		birth   clock.Day
		facts   facts
		want    registry.Answer
		missing []string
		next    clock.Day // compared where not empty; "-" is none
	}{
		{"both away", "ACG", "2015-03-04", facts{gone(father), gone(mother)}, registry.Yes, nil, ""},
		{"both away", "A", "2015-03-04", facts{gone(father), gone(mother)}, registry.Yes, nil, "2031-03-04"},
		{"one away, other unable", "AC", "2015-03-04", facts{gone(father), at(mother), is(mother, registry.Ability, "unable")}, registry.Yes, nil, "2031-03-04"},
		{"one away, other able", "AC", "2015-03-04", facts{gone(mother), at(father), is(father, registry.Ability, "able")}, registry.No, nil, "-"},
		{"one away, other able", "G", "2015-03-04", facts{gone(mother), at(father), is(father, registry.Ability, "able")}, registry.Yes, nil, "2033-03-04"},
		{"one away, the other's ability not asked", "AC", "2015-03-04", facts{gone(father), at(mother)}, registry.Unknown, []string{"mother.ability"}, ""},
		{"one away, of the other nothing known", "AC", "2015-03-04", facts{gone(father)}, registry.Unknown, []string{"mother.ability", "mother.absence"}, ""},
		{"one away, of the other nothing known", "G", "2015-03-04", facts{gone(father)}, registry.Yes, nil, ""},
		{"one away, the other unable wherever they are", "AC", "2015-03-04", facts{gone(father), is(mother, registry.Ability, "unable")}, registry.Yes, nil, ""},
		{"both at home", "ACG", "2015-03-04", facts{at(father), at(mother)}, registry.No, nil, "-"},
		{"both at home, neither able", "A", "2015-03-04", facts{at(father), at(mother), is(father, registry.Ability, "unable"), is(mother, registry.Ability, "unable")}, registry.No, nil, "-"},
		{"one at home, of the other nothing known", "G", "2015-03-04", facts{at(father)}, registry.Unknown, []string{"mother.absence"}, ""},
		{"nothing known", "A", "2015-03-04", nil, registry.Unknown, []string{"father.ability", "father.absence", "mother.ability", "mother.absence"}, "2031-03-04"},

		{"one dead, other away", "AC", "2015-03-04", facts{is(father, registry.Life, "deceased"), gone(mother)}, registry.Yes, nil, ""},
		{"one lost, other away", "A", "2015-03-04", facts{is(father, registry.Life, "lost"), gone(mother)}, registry.Yes, nil, ""},
		{"one in custody, other away", "A", "2015-03-04", facts{is(mother, registry.Life, "custody"), gone(father)}, registry.Yes, nil, ""},
		{"one dead, other at home", "ACG", "2015-03-04", facts{is(father, registry.Life, "deceased"), at(mother)}, registry.No, nil, "-"},
		{"one dead though once away, other at home", "G", "2015-03-04", facts{gone(father), is(father, registry.Life, "deceased"), at(mother)}, registry.No, nil, ""},
		{"both dead", "ACG", "2015-03-04", facts{is(father, registry.Life, "deceased"), is(mother, registry.Life, "deceased")}, registry.No, nil, "-"},
		{"one dead, of the other nothing known", "A", "2015-03-04", facts{is(father, registry.Life, "deceased")}, registry.Unknown, []string{"mother.absence"}, ""},
		{"said to be well", "A", "2015-03-04", facts{is(father, registry.Life, "present"), gone(father), gone(mother)}, registry.Yes, nil, ""},

		{"registered as rural", "B", "2015-03-04", facts{gone(father), gone(mother), rural}, registry.Yes, nil, ""},
		{"registered as urban", "B", "2015-03-04", facts{gone(father), gone(mother), is(itself, registry.Household, "urban")}, registry.No, nil, "-"},
		{"registration not asked", "B", "2015-03-04", facts{gone(father), gone(mother)}, registry.Unknown, []string{"household"}, ""},
		{"not registered at all", "B", "2015-03-04", facts{gone(father), gone(mother), is(itself, registry.Household, "unregistered")}, registry.Unknown, []string{"household"}, ""},
		{"registration not asked, but nobody away", "B", "2015-03-04", facts{at(father), at(mother)}, registry.No, nil, ""},
		{"registered as urban", "ACG", "2015-03-04", facts{gone(father), gone(mother), is(itself, registry.Household, "urban")}, registry.Yes, nil, ""},

		{"in primary school", "F", "2015-03-04", facts{gone(father), gone(mother), pupil}, registry.Yes, nil, ""},
		{"in junior school", "F", "2012-03-04", facts{gone(father), gone(mother), is(itself, registry.Schooling, "junior")}, registry.Yes, nil, ""},
		{"in a special school", "F", "2015-03-04", facts{gone(father), gone(mother), is(itself, registry.Schooling, "special")}, registry.Yes, nil, ""},
		{"in kindergarten", "F", "2021-03-04", facts{gone(father), gone(mother), is(itself, registry.Schooling, "kindergarten")}, registry.No, nil, ""},
		{"dropped out", "F", "2013-03-04", facts{gone(father), gone(mother), is(itself, registry.Schooling, "dropped_out")}, registry.No, nil, ""},
		{"school not asked", "F", "2015-03-04", facts{gone(father), gone(mother)}, registry.Unknown, []string{"schooling"}, ""},

		{"away a day short of six months", "C", "2015-03-04", facts{away(father, "2026-05-24", "", shanghai), gone(mother)}, registry.Unknown, []string{"father.ability"}, "2026-11-24"},
		{"away a day short of six months, both", "C", "2015-03-04", facts{away(father, "2026-05-24", "", shanghai), away(mother, "2026-06-01", "", shanghai)}, registry.No, nil, "2026-11-24"},
		{"away six months to the day", "C", "2015-03-04", facts{away(father, "2026-05-23", "", shanghai), gone(mother)}, registry.Yes, nil, "2031-03-04"},
		{"away a day", "AG", "2015-03-04", facts{away(father, "2026-11-23", "", shanghai), gone(mother)}, registry.Yes, nil, ""},
		{"start not known, known for a month", "C", "2015-03-04", facts{away(father, "", "2026-10-23", shanghai), gone(mother), is(father, registry.Ability, "able")}, registry.Unknown, []string{"father.absence.since"}, "2027-04-23"},
		{"start not known, known for six months", "C", "2015-03-04", facts{away(father, "", "2026-05-23", shanghai), gone(mother)}, registry.Yes, nil, ""},
		{"start not known, known since today", "A", "2015-03-04", facts{away(father, "", "2026-11-23", ""), gone(mother)}, registry.Yes, nil, ""},

		{"away inside the county", "C", "2015-03-04", facts{away(father, "2024-01-01", "", "500235102000"), away(mother, "2024-01-01", "", "500235000000")}, registry.No, nil, ""},
		{"away inside the county", "AG", "2015-03-04", facts{away(father, "2024-01-01", "", "500235102000"), away(mother, "2024-01-01", "", "500235000000")}, registry.Yes, nil, ""},
		{"away in the next county", "C", "2015-03-04", facts{away(father, "2024-01-01", "", nextCounty), away(mother, "2024-01-01", "", "500236101000")}, registry.Yes, nil, ""},
		{"away in another province, no more is known", "C", "2015-03-04", facts{away(father, "2024-01-01", "", "310000000000"), gone(mother)}, registry.Yes, nil, ""},
		{"away in another city, no more is known", "C", "2015-03-04", facts{away(father, "2024-01-01", "", "500100000000"), gone(mother)}, registry.Yes, nil, ""},
		{"away in the home province, no more is known", "C", "2015-03-04", facts{away(father, "2024-01-01", "", "500000000000"), gone(mother), is(father, registry.Ability, "able")}, registry.Unknown, []string{"father.absence.place"}, ""},
		{"away in the home city, no more is known", "C", "2015-03-04", facts{away(father, "2024-01-01", "", "500200000000"), gone(mother), is(father, registry.Ability, "able")}, registry.Unknown, []string{"father.absence.place"}, ""},
		{"away, where is not known", "C", "2015-03-04", facts{away(father, "2024-01-01", "", ""), gone(mother), is(father, registry.Ability, "able")}, registry.Unknown, []string{"father.absence.place"}, ""},
		{"away, where is not known, both", "C", "2015-03-04", facts{away(father, "2024-01-01", "", ""), away(mother, "2024-01-01", "", shanghai), is(father, registry.Ability, "unable")}, registry.Yes, nil, ""},
		{"away inside the county, since when is not known", "C", "2015-03-04", facts{away(father, "", "2026-10-23", "500235102000"), is(father, registry.Ability, "unable")}, registry.Unknown, []string{"mother.absence"}, ""},
		{"away too briefly, where is not known", "C", "2015-03-04", facts{away(father, "2026-10-23", "", ""), is(father, registry.Ability, "unable")}, registry.Unknown, []string{"mother.absence"}, "2027-04-23"},
		{"away in a town under a city without counties", "C", "2015-03-04", facts{away(father, "2024-01-01", "", "441900003000"), gone(mother)}, registry.Yes, nil, ""},

		{"the day before the sixteenth birthday", "AC", "2010-11-24", facts{gone(father), gone(mother)}, registry.Yes, nil, "2026-11-24"},
		{"the sixteenth birthday", "AC", "2010-11-23", facts{gone(father), gone(mother)}, registry.No, nil, "-"},
		{"the sixteenth birthday", "G", "2010-11-23", facts{gone(father), gone(mother)}, registry.Yes, nil, "2028-11-23"},
		{"the eighteenth birthday", "G", "2008-11-23", facts{gone(father), gone(mother)}, registry.No, nil, "-"},
		{"born today", "A", "2026-11-23", facts{gone(father), gone(mother)}, registry.Yes, nil, "2042-11-23"},
		{"birth not known", "AC", "", facts{gone(father), gone(mother)}, registry.Unknown, []string{"birth"}, ""},
		{"birth not known, but nobody away", "AC", "", facts{at(father), at(mother)}, registry.No, nil, "-"},
		{"past the age, whatever is not known", "ABCF", "2009-01-01", nil, registry.No, nil, "-"},

		{"came home today", "A", "2015-03-04", facts{ended(away(father, "2024-01-01", "", shanghai), "2026-11-23"), fact(father, registry.Absence, "home", "2026-11-23", ""), gone(mother), is(father, registry.Ability, "able")}, registry.No, nil, ""},
		{"came home, and left again", "A", "2015-03-04", facts{fact(father, registry.Absence, "home", "2025-01-01", ""), away(father, "2026-03-01", "", shanghai), gone(mother)}, registry.Yes, nil, ""},
		{"an absence ended and nothing since", "A", "2015-03-04", facts{ended(away(father, "2024-01-01", "", shanghai), "2026-10-01"), gone(mother), is(father, registry.Ability, "able")}, registry.Unknown, []string{"father.absence"}, ""},
		{"withdrawn as having been wrong", "A", "2015-03-04", facts{withdrawn(at(father)), gone(father), gone(mother)}, registry.Yes, nil, ""},
		{"two statements of one day: the later recorded one", "A", "2015-03-04", facts{fact(father, registry.Absence, "home", "2026-11-01", ""), away(father, "2026-11-01", "", shanghai), gone(mother)}, registry.Yes, nil, ""},
	} {
		for _, id := range c.defs {
			v := registry.Derive(definition(t, string(id)), c.birth, home, c.facts, on)
			want := c.missing
			if want == nil {
				want = []string{}
			}
			if v.Answer != c.want || !cmp.Equal(v.Missing, want) {
				t.Errorf("%c, %s: %s, missing %v; want %s, missing %v", id, c.what, v.Answer, v.Missing, c.want, want)
			}
			if c.next != "" && v.NextOn != clock.Day(map[bool]string{true: "", false: string(c.next)}[c.next == "-"]) {
				t.Errorf("%c, %s: may change on %q, want %q", id, c.what, v.NextOn, c.next)
			}
			if v.Definition != string(id) || v.Facts == nil {
				t.Errorf("%c, %s: %+v", id, c.what, v)
			}
		}
	}
}

func TestDerive_BeforeAFactWasKnownItSaysNothingUnlessItsStartIsKnown(t *testing.T) {
	a := definition(t, "A")
	facts := registry.Facts{away(father, "", "2026-06-01", shanghai), away(mother, "2026-03-01", "2026-06-01", shanghai)}
	for on, want := range map[clock.Day]registry.Answer{
		"2026-02-28": registry.Unknown, // of neither anything is known
		"2026-03-01": registry.Unknown, // the mother had left, as was learnt later; of the father nothing
		"2026-05-31": registry.Unknown,
		"2026-06-01": registry.Yes,
	} {
		v := registry.Derive(a, "2015-03-04", home, facts, on)
		if v.Answer != want {
			t.Errorf("on %s: %s, want %s", on, v.Answer, want)
		}
		if used := len(v.Facts); used != map[clock.Day]int{"2026-02-28": 0, "2026-03-01": 1, "2026-05-31": 1, "2026-06-01": 2}[on] {
			t.Errorf("on %s: by %d facts", on, used)
		}
	}
}

// --- the oracle ------------------------------------------------------------------
//
// A world is a child of whom everything is known. In it a definition is a plain
// sentence, said here again from the plan's words without looking at the
// program. Facts that were never collected leave several worlds possible: the
// verdict must be yes or no exactly when all of them agree.

type parent struct {
	gone, away, able bool
	since            clock.Day
	sameCounty       bool
}

type world struct {
	birth           clock.Day
	rural, enrolled bool
	father, mother  parent
}

func (w world) leftBehind(d policy.Definition, on clock.Day) bool {
	year, limit := yearsBetween(w.birth, on), map[string]int{"G": 18}[d.ID]
	if limit == 0 {
		limit = 16
	}
	out := func(p parent) bool {
		if p.gone || !p.away {
			return false
		}
		return !d.AcrossCounty || !p.sameCounty && monthsLater(p.since, d.Months) <= on
	}
	able := func(p parent) bool { return !p.gone && p.able }
	f, m := out(w.father), out(w.mother)
	left := f && m || f && !able(w.mother) || m && !able(w.father)
	if d.ID == "G" {
		left = f || m
	}
	return w.birth <= on && year < limit && (d.ID != "B" || w.rural) && (d.ID != "F" || w.enrolled) && left
}

func yearsBetween(birth, on clock.Day) int {
	var by, bm, bd, y, m, d int
	fmt.Sscanf(string(birth), "%d-%d-%d", &by, &bm, &bd)
	fmt.Sscanf(string(on), "%d-%d-%d", &y, &m, &d)
	if m < bm || m == bm && d < bd {
		return y - by - 1
	}
	return y - by
}

// monthsLater is the same day of a later month, or its last.
func monthsLater(day clock.Day, n int) clock.Day {
	var y, m, d int
	fmt.Sscanf(string(day), "%d-%d-%d", &y, &m, &d)
	m += n
	for m > 12 {
		y, m = y+1, m-12
	}
	for {
		if s := clock.Day(fmt.Sprintf("%04d-%02d-%02d", y, m, d)); s.Valid() {
			return s
		}
		d--
	}
}

// held is the fact that holds on a day, the latest where several do.
func held(facts registry.Facts, about, kind string, on clock.Day) (found registry.Fact, ok bool) {
	begin := func(f registry.Fact) clock.Day {
		if f.StartOn == "" {
			return f.KnownOn
		}
		return f.StartOn
	}
	for _, f := range facts {
		if f.About != about || f.Kind != kind || !f.WithdrawnAt.IsZero() || begin(f) > on || f.EndOn != "" && f.EndOn <= on {
			continue
		}
		if !ok || begin(f) > begin(found) || begin(f) == begin(found) && f.RecordedAt.After(found.RecordedAt) {
			found, ok = f, true
		}
	}
	return found, ok
}

// worlds lists every world that the facts leave possible on a day.
func worlds(birth clock.Day, facts registry.Facts, on clock.Day) []world {
	births := []clock.Day{birth}
	if birth == "" {
		births = []clock.Day{on.AddDays(-365 * 5), on.AddDays(-365 * 30)}
	}
	either := func(kind string, is func(string) (bool, bool)) []bool {
		if f, ok := held(facts, itself, kind, on); ok {
			if yes, known := is(f.Value); known {
				return []bool{yes}
			}
		}
		return []bool{true, false}
	}
	rural := either(registry.Household, func(v string) (bool, bool) { return v == "rural", v != "unregistered" })
	enrolled := either(registry.Schooling, func(v string) (bool, bool) { return v == "primary" || v == "junior" || v == "special", true })
	parents := func(about string) (out []parent) {
		life, ok := held(facts, about, registry.Life, on)
		gone := ok && life.Value != "present"
		ables := []bool{true, false}
		if f, ok := held(facts, about, registry.Ability, on); ok {
			ables = []bool{f.Value == "able"}
		}
		long := on.AddDays(-4000)
		var absences []parent
		f, ok := held(facts, about, registry.Absence, on)
		switch {
		case !ok:
			absences = []parent{{}, {away: true, since: long}, {away: true, since: on}, {away: true, since: long, sameCounty: true}}
		case f.Value != "away":
			absences = []parent{{}}
		default:
			since := []clock.Day{f.StartOn}
			if f.StartOn == "" {
				since = []clock.Day{f.KnownOn, long}
			}
			same := []bool{true, false}
			switch {
			case f.Place == "" || f.Place == "500000000000" || f.Place == "500200000000": // home may lie there
			default:
				same = []bool{f.Place[:6] == home[:6]}
			}
			for _, s := range since {
				for _, c := range same {
					absences = append(absences, parent{away: true, since: s, sameCounty: c})
				}
			}
		}
		for _, a := range absences {
			for _, able := range ables {
				a.gone, a.able = gone, able
				out = append(out, a)
			}
		}
		return out
	}
	var out []world
	for _, b := range births {
		for _, r := range rural {
			for _, e := range enrolled {
				for _, f := range parents(father) {
					for _, m := range parents(mother) {
						out = append(out, world{b, r, e, f, m})
					}
				}
			}
		}
	}
	return out
}

func oracle(d policy.Definition, birth clock.Day, facts registry.Facts, on clock.Day) registry.Answer {
	seen := map[bool]bool{}
	for _, w := range worlds(birth, facts, on) {
		seen[w.leftBehind(d, on)] = true
	}
	switch {
	case seen[true] && seen[false]:
		return registry.Unknown
	case seen[true]:
		return registry.Yes
	}
	return registry.No
}

type drawn struct {
	def   policy.Definition
	birth clock.Day
	facts registry.Facts
	on    clock.Day
}

const pastFacts, anyFacts = true, false

// draw makes a child. past keeps facts to days not after the one asked about,
// as the program records them; otherwise facts may begin or end later too.
func draw(t *rapid.T, defs []policy.Definition, past bool) drawn {
	on := clock.Day("2026-11-23").AddDays(rapid.IntRange(-40, 40).Draw(t, "on"))
	d := drawn{def: rapid.SampledFrom(defs).Draw(t, "definition"), on: on}
	if rapid.IntRange(0, 4).Draw(t, "birth known") > 0 {
		// around both birthdays, and well below them
		d.birth = on.AddDays(-rapid.SampledFrom([]int{0, 3, 3000, 5840, 5843, 5844, 5845, 6570, 6573, 6574, 6575, 8000}).Draw(t, "age in days"))
	}
	day := func(what string) clock.Day {
		n := rapid.SampledFrom([]int{-900, -200, -190, -184, -183, -182, -181, -90, -30, -1, 0, 1, 20, 200}).Draw(t, what)
		if past {
			n = min(n, 0)
		}
		return on.AddDays(n)
	}
	add := func(about, kind string, values ...string) {
		for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, about+" "+kind) {
			known := day("known on")
			since := clock.Day("")
			if rapid.Bool().Draw(t, "start known") {
				since = min(known, day("since"))
			}
			f := fact(about, kind, rapid.SampledFrom(values).Draw(t, "value"), since, known)
			if kind == registry.Absence && f.Value == "away" {
				f.Place = rapid.SampledFrom([]string{"", shanghai, nextCounty, "500235102000", "500235000000", "500000000000", "500200000000", "310000000000", "500100000000", "441900003000"}).Draw(t, "place")
			}
			if rapid.IntRange(0, 3).Draw(t, "ended") == 0 {
				f.EndOn = max(day("ended on"), since, known)
			}
			if rapid.IntRange(0, 9).Draw(t, "withdrawn") == 0 {
				f = withdrawn(f)
			}
			d.facts = append(d.facts, f)
		}
	}
	add(itself, registry.Household, "rural", "urban", "unregistered")
	add(itself, registry.Schooling, "primary", "junior", "senior", "dropped_out")
	for _, about := range []string{father, mother} {
		add(about, registry.Absence, "away", "away", "home")
		add(about, registry.Ability, "able", "unable")
		if rapid.IntRange(0, 3).Draw(t, "life") == 0 {
			add(about, registry.Life, "deceased", "lost", "custody", "present")
		}
	}
	return d
}

func definitions(t *testing.T) (out []policy.Definition) {
	for _, id := range []string{"A", "B", "C", "F", "G"} {
		out = append(out, definition(t, id))
	}
	return out
}

func TestDerive_IsUnknownExactlyWhenTheMissingFactsCouldDecideEitherWay(t *testing.T) {
	defs := definitions(t)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			d := draw(t, defs, anyFacts)
			v := registry.Derive(d.def, d.birth, home, d.facts, d.on)
			if want := oracle(d.def, d.birth, d.facts, d.on); v.Answer != want {
				t.Fatalf("%s on %s, born %q: %s, want %s, by\n%s", d.def.ID, d.on, d.birth, v.Answer, want, show(d.facts))
			}
			if (v.Answer == registry.Unknown) != (len(v.Missing) > 0) {
				t.Fatalf("%s with missing %v", v.Answer, v.Missing)
			}
			for _, m := range v.Missing {
				if registry.MissingWords[m] == "" {
					t.Fatalf("nobody has words for %s", m)
				}
			}
			if again := registry.Derive(d.def, d.birth, home, d.facts, d.on); !cmp.Equal(v, again) {
				t.Fatalf("twice differently: %+v, %+v", v, again)
			}
			slices.Reverse(d.facts)
			if again := registry.Derive(d.def, d.birth, home, d.facts, d.on); again.Answer != v.Answer || !cmp.Equal(again.Missing, v.Missing) {
				t.Fatalf("the order of the facts matters: %+v, %+v", v, again)
			}
		}
	})
}

func show(facts registry.Facts) (s string) {
	for _, f := range facts {
		s += fmt.Sprintf("  %s %s=%s place %q since %q known %q until %q withdrawn %v\n", f.About, f.Kind, f.Value, f.Place, f.StartOn, f.KnownOn, f.EndOn, !f.WithdrawnAt.IsZero())
	}
	return s
}

func TestDerive_AMissingFactThatArrivesNeverTakesAnAnswerBack(t *testing.T) {
	defs := definitions(t)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			d := draw(t, defs, pastFacts)
			before := registry.Derive(d.def, d.birth, home, d.facts, d.on)
			type slot struct{ about, kind string }
			possible := map[slot][]registry.Fact{}
			for _, about := range []string{father, mother} {
				possible[slot{about, registry.Absence}] = []registry.Fact{fact(about, registry.Absence, "home", d.on, ""), away(about, "", d.on, ""), away(about, "2020-01-01", "", shanghai)}
				possible[slot{about, registry.Ability}] = []registry.Fact{fact(about, registry.Ability, "able", d.on, ""), fact(about, registry.Ability, "unable", d.on, "")}
			}
			possible[slot{itself, registry.Household}] = []registry.Fact{fact(itself, registry.Household, "rural", d.on, ""), fact(itself, registry.Household, "urban", d.on, "")}
			possible[slot{itself, registry.Schooling}] = []registry.Fact{fact(itself, registry.Schooling, "primary", d.on, ""), fact(itself, registry.Schooling, "senior", d.on, "")}
			for s, candidates := range possible {
				if _, known := held(d.facts, s.about, s.kind, d.on); known {
					continue
				}
				for _, f := range candidates {
					after := registry.Derive(d.def, d.birth, home, append(slices.Clone(d.facts), f), d.on)
					if before.Answer != registry.Unknown && after.Answer != before.Answer {
						t.Fatalf("%s on %s, born %q: %s became %s by %s %s=%s, over\n%s", d.def.ID, d.on, d.birth, before.Answer, after.Answer, f.About, f.Kind, f.Value, show(d.facts))
					}
				}
			}
			if d.birth == "" && before.Answer != registry.Unknown {
				for _, birth := range []clock.Day{d.on.AddDays(-1000), d.on.AddDays(-9000)} {
					if after := registry.Derive(d.def, birth, home, d.facts, d.on); after.Answer != before.Answer {
						t.Fatalf("%s became %s by a birthday", before.Answer, after.Answer)
					}
				}
			}
		}
	})
}

// What is named as missing is what people are sent out to ask, so each must be
// able to matter: in some world it is this fact that decides. Whether a parent
// is away, where and since when, is the plan's first question and may always
// be asked.
func TestDerive_NamesNoFactThatCouldNotMatter(t *testing.T) {
	defs := definitions(t)
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			d := draw(t, defs, pastFacts)
			v := registry.Derive(d.def, d.birth, home, d.facts, d.on)
			for _, missing := range v.Missing {
				if !strings.Contains(missing, "absence") && !decides(d, missing) {
					t.Fatalf("%s on %s, born %q: %s cannot decide, and is asked for beside %v; by\n%s", d.def.ID, d.on, d.birth, missing, v.Missing, show(d.facts))
				}
			}
		}
	})
}

// decides reports whether two possible worlds that differ in one thing alone
// get different answers.
func decides(d drawn, missing string) bool {
	blank := func(w world) world { // the world without that one thing
		p := map[byte]*parent{'f': &w.father, 'm': &w.mother}[missing[0]]
		switch missing {
		case "birth":
			w.birth = ""
		case "household":
			w.rural = false
		case "schooling":
			w.enrolled = false
		case "father.ability", "mother.ability":
			p.able = false
		case "father.absence.since", "mother.absence.since":
			p.since = ""
		case "father.absence.place", "mother.absence.place":
			p.sameCounty = false
		case "father.absence", "mother.absence":
			p.away, p.since, p.sameCounty = false, "", false
		}
		return w
	}
	seen := map[world]map[bool]bool{}
	for _, w := range worlds(d.birth, d.facts, d.on) {
		k := blank(w)
		if seen[k] == nil {
			seen[k] = map[bool]bool{}
		}
		seen[k][w.leftBehind(d.def, d.on)] = true
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(seen)), func(answers map[bool]bool) bool { return len(answers) == 2 })
}

// The clock asks again on NextOn and not before: until then time alone must
// not change the verdict.
func TestDerive_TheVerdictStandsUntilTheDayItSays(t *testing.T) {
	defs := definitions(t)
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, defs, pastFacts)
		v := registry.Derive(d.def, d.birth, home, d.facts, d.on)
		if v.NextOn != "" && v.NextOn <= d.on {
			t.Fatalf("it may change on %s, which is past", v.NextOn)
		}
		check := func(day clock.Day) {
			later := registry.Derive(d.def, d.birth, home, d.facts, day)
			if later.Answer != v.Answer || !cmp.Equal(later.Missing, v.Missing) {
				t.Fatalf("%s on %s, born %q: %s %v, to be asked again on %q; on %s it is %s %v, by\n%s",
					d.def.ID, d.on, d.birth, v.Answer, v.Missing, v.NextOn, day, later.Answer, later.Missing, show(d.facts))
			}
		}
		for n := 1; n <= 8000; n++ {
			if n > 250 { // then only around birthdays and now and then
				n += 50
			}
			day := d.on.AddDays(n)
			if v.NextOn != "" && day >= v.NextOn {
				break
			}
			check(day)
		}
		if v.NextOn != "" && v.NextOn > d.on {
			check(v.NextOn.AddDays(-1))
		}
	})
}

func TestLevel_IsTheFirstThatAConditionAsksFor(t *testing.T) {
	p, err := policy.Load(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	const on = clock.Day("2026-11-23")
	is := func(about, kind, value string) registry.Fact { return fact(about, kind, value, "2020-01-01", "") }
	for _, c := range []struct {
		what  string
		birth clock.Day
		facts registry.Facts
		want  []string
		level int
		sex   int
	}{
		{"nothing special, a girl", "2015-03-04", nil, []string{}, 3, 2},
		{"a girl under eight", "2020-03-04", nil, []string{"under_eight"}, 2, 2},
		{"a girl with a disability", "2015-03-04", registry.Facts{is(itself, registry.Health, "disabled")}, []string{"disabled", "girl_at_risk"}, 1, 2},
		{"a girl with somebody who is no kin", "2015-03-04", registry.Facts{is(itself, registry.Care, "other")}, []string{"girl_at_risk"}, 1, 2},
		{"a boy with somebody who is no kin", "2015-03-04", registry.Facts{is(itself, registry.Care, "other")}, []string{}, 3, 1},
		{"on subsistence", "2015-03-04", registry.Facts{is(itself, registry.Support, "medical subsistence")}, []string{"poor"}, 2, 1},
		{"a poor girl", "2015-03-04", registry.Facts{is(itself, registry.Support, "subsistence")}, []string{"poor", "girl_at_risk"}, 1, 2},
		{"help that is no sign of need", "2015-03-04", registry.Facts{is(itself, registry.Support, "housing")}, []string{}, 3, 2},
		{"nothing special", "2015-03-04", nil, []string{}, 3, 0},
		{"lives alone", "2015-03-04", registry.Facts{is(itself, registry.Living, "alone")}, []string{"alone"}, 1, 0},
		{"nobody looks after it", "2015-03-04", registry.Facts{is(itself, registry.Care, "none"), is(itself, registry.Health, "ill")}, []string{"no_carer", "ill"}, 1, 0},
		{"the carer is not up to it", "2015-03-04", registry.Facts{is(itself, registry.CareQuality, "insufficient")}, []string{"carer_incapable"}, 2, 0},
		{"the day before eight", "2018-11-24", nil, []string{"under_eight"}, 2, 0},
		{"eight today", "2018-11-23", nil, []string{}, 3, 0},
		{"disabled", "2015-03-04", registry.Facts{is(itself, registry.Health, "disabled")}, []string{"disabled"}, 2, 0},
		{"a guardian fails", "2015-03-04", registry.Facts{is(registry.AboutCarer, registry.Performing, "failing")}, []string{"guardian_failing"}, 2, 0},
		{"dropped out", "2013-03-04", registry.Facts{is(itself, registry.Schooling, "dropped_out")}, []string{"dropped_out"}, 2, 0},
		{"lived alone once", "2015-03-04", registry.Facts{ended(is(itself, registry.Living, "alone"), "2026-01-01")}, []string{}, 3, 0},
		{"birth not known", "", nil, []string{}, 3, 0},
	} {
		got := registry.Conditions(c.birth, c.sex, c.facts, on)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +computed):\n%s", c.what, diff)
		}
		if l := registry.Level(p, got); l != c.level {
			t.Errorf("%s: level %d, want %d", c.what, l, c.level)
		}
		for _, condition := range got {
			if !slices.Contains(policy.Conditions, condition) {
				t.Errorf("%s is a condition no pack may ask for", condition)
			}
		}
	}
}
