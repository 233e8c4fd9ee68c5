package registry

import (
	"slices"
	"sort"

	"shouwang/domain/policy"
	"shouwang/platform/clock"
	"shouwang/platform/region"
)

// Answer is the verdict under a definition.
type Answer string

const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown" // cannot tell: a fact is missing
)

// The three-valued logic of facts some of which were never collected.
func and(as ...Answer) Answer {
	out := Yes
	for _, a := range as {
		if a == No {
			return No
		}
		if a == Unknown {
			out = Unknown
		}
	}
	return out
}

func or(as ...Answer) Answer {
	out := No
	for _, a := range as {
		if a == Yes {
			return Yes
		}
		if a == Unknown {
			out = Unknown
		}
	}
	return out
}

func not(a Answer) Answer {
	switch a {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

// Verdict is what a definition says of a child on a day.
type Verdict struct {
	Definition string    `json:"definition"`
	Answer     Answer    `json:"answer"`
	Missing    []string  `json:"missing" doc:"the facts without which it cannot be told, e.g. father.absence"`
	Facts      []string  `json:"facts" doc:"ids of the facts used"`
	NextOn     clock.Day `json:"next_on" doc:"the day on which time alone may change it"`
}

// MissingWords says what has not been collected.
var MissingWords = map[string]string{
	"birth":                "儿童出生日期",
	"household":            "户籍性质",
	"schooling":            "就学情况",
	"father.absence":       "父亲是否外出务工",
	"mother.absence":       "母亲是否外出务工",
	"father.ability":       "父亲有无监护能力",
	"mother.ability":       "母亲有无监护能力",
	"father.absence.since": "父亲从何时外出",
	"mother.absence.since": "母亲从何时外出",
	"father.absence.place": "父亲在哪里务工",
	"mother.absence.place": "母亲在哪里务工",
}

// Derive computes a verdict from facts alone: the same facts, definition and
// day give the same verdict, whenever it is asked.
//
// A parent who is dead, out of contact or in custody is neither away for work
// nor able to look after the child; that one parent is so and the other away
// counts as "one away, the other unable". This is our reading of 一.0.1, which
// speaks only of a parent without guardianship ability.
func Derive(def policy.Definition, birth clock.Day, home string, facts Facts, on clock.Day) Verdict {
	d := derivation{def: def, facts: facts, home: home, on: on, missing: map[string]bool{}}
	answer := and(d.young(birth), d.household(), d.enrolled(), d.absence())
	v := Verdict{Definition: def.ID, Answer: answer, Missing: []string{}, Facts: d.used}
	if v.Facts == nil {
		v.Facts = []string{}
	}
	if answer == Unknown {
		for m := range d.missing {
			v.Missing = append(v.Missing, m)
		}
		sort.Strings(v.Missing)
	}
	if answer != No && birth != "" {
		v.NextOn = birth.Birthday(def.AgeBelow)
	}
	if d.next != "" && (v.NextOn == "" || d.next < v.NextOn) && birth != "" && on < birth.Birthday(def.AgeBelow) {
		v.NextOn = d.next
	}
	return v
}

type derivation struct {
	def     policy.Definition
	facts   Facts
	home    string // the child's region, to know what lies across the county
	on      clock.Day
	used    []string
	missing map[string]bool
	next    clock.Day
}

func (d *derivation) find(about, kind string) (Fact, bool) {
	f, ok := d.facts.On(about, kind, d.on)
	if ok && !slices.Contains(d.used, f.ID) {
		d.used = append(d.used, f.ID)
	}
	return f, ok
}

func (d *derivation) lack(what string) Answer {
	d.missing[what] = true
	return Unknown
}

func answer(b bool) Answer {
	if b {
		return Yes
	}
	return No
}

func (d *derivation) young(birth clock.Day) Answer {
	if birth == "" {
		return d.lack("birth")
	}
	return answer(birth <= d.on && birth.AgeOn(d.on) < d.def.AgeBelow)
}

func (d *derivation) household() Answer {
	if d.def.Rural != "required" {
		return Yes
	}
	f, ok := d.find(AboutChild, Household)
	if !ok || f.Value == "unregistered" { // no registration is no proof of a rural one
		return d.lack("household")
	}
	return answer(f.Value == "rural")
}

func (d *derivation) enrolled() Answer {
	if !d.def.Enrolled {
		return Yes
	}
	f, ok := d.find(AboutChild, Schooling)
	if !ok {
		return d.lack("schooling")
	}
	return answer(f.Value == "primary" || f.Value == "junior" || f.Value == "special")
}

func (d *derivation) absence() Answer {
	fatherAway, motherAway := d.away(AboutFather), d.away(AboutMother)
	if d.def.Absence == policy.AnyParent {
		return or(fatherAway, motherAway)
	}
	// Ability is asked only of a parent who may be the one left behind with the
	// child: with both away nothing more needs to be known.
	if fatherAway == Yes && motherAway == Yes {
		return Yes
	}
	var terms []Answer
	terms = append(terms, and(fatherAway, motherAway))
	if fatherAway != No {
		terms = append(terms, and(fatherAway, not(d.able(AboutMother))))
	}
	if motherAway != No {
		terms = append(terms, and(motherAway, not(d.able(AboutFather))))
	}
	return or(terms...)
}

// gone reports a parent who cannot be looking after the child for a reason
// other than work.
func (d *derivation) gone(about string) bool {
	f, ok := d.find(about, Life)
	return ok && f.Value != "present"
}

func (d *derivation) away(about string) Answer {
	if d.gone(about) {
		return No
	}
	f, ok := d.find(about, Absence)
	if !ok {
		return d.lack(about + ".absence")
	}
	if f.Value != "away" {
		return No
	}
	return and(d.across(about, f), d.longEnough(about, f))
}

func (d *derivation) across(about string, f Fact) Answer {
	if !d.def.AcrossCounty {
		return Yes
	}
	county, place := d.home[:6], region.Code(f.Place).Prefix()
	switch {
	case len(place) >= 6:
		return answer(place[:6] != county)
	case f.Place != "" && county[:len(place)] != place:
		return Yes // another province or city, whichever county in it
	}
	return d.lack(about + ".absence.place")
}

func (d *derivation) longEnough(about string, f Fact) Answer {
	if d.def.Months == 0 {
		return Yes
	}
	long := f.from().AddMonths(d.def.Months)
	if long <= d.on {
		return Yes // it was so at least since it became known
	}
	if f.StartOn == "" {
		d.soon(long)
		return d.lack(about + ".absence.since")
	}
	d.soon(long)
	return No
}

func (d *derivation) soon(day clock.Day) {
	if d.next == "" || day < d.next {
		d.next = day
	}
}

func (d *derivation) able(about string) Answer {
	if d.gone(about) {
		return No
	}
	f, ok := d.find(about, Ability)
	if !ok {
		return d.lack(about + ".ability")
	}
	return answer(f.Value == "able")
}

// Conditions computes what a support level may ask for, in the pack's words.
func Conditions(birth clock.Day, facts Facts, on clock.Day) []string {
	out := []string{}
	add := func(name string, is bool) {
		if is {
			out = append(out, name)
		}
	}
	add("alone", facts.Value(AboutChild, Living, on) == "alone")
	add("no_carer", facts.Value(AboutChild, Care, on) == "none")
	add("carer_incapable", facts.Value(AboutChild, CareQuality, on) == "insufficient")
	add("under_eight", birth != "" && birth.AgeOn(on) < 8)
	health := facts.Value(AboutChild, Health, on)
	add("disabled", health == "disabled")
	add("ill", health == "ill")
	failing := false
	for _, about := range []string{AboutFather, AboutMother, AboutCarer} {
		failing = failing || facts.Value(about, Performing, on) == "failing"
	}
	add("guardian_failing", failing)
	add("dropped_out", facts.Value(AboutChild, Schooling, on) == "dropped_out")
	return out
}

// Level is the first support level of the pack that one of the conditions asks
// for.
func Level(pack *policy.Pack, conditions []string) int {
	for _, l := range pack.Levels {
		if len(l.When) == 0 || slices.ContainsFunc(l.When, func(w string) bool { return slices.Contains(conditions, w) }) {
			return l.Level
		}
	}
	return len(pack.Levels)
}
