package registry

import (
	"slices"
	"sort"
	"strings"

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
// What is not on file is an open question. The verdict is yes or no when it is
// the same however the open questions were answered, and otherwise cannot be
// told; then those questions are named that could decide it, and no others, for
// each of them sends somebody out to ask.
//
// A parent who is dead, out of contact or in custody is neither away for work
// nor able to look after the child; that one parent is so and the other away
// counts as "one away, the other unable". This is our reading of 一.0.1, which
// speaks only of a parent without guardianship ability.
func Derive(def policy.Definition, birth clock.Day, home string, facts Facts, on clock.Day) Verdict {
	d := derivation{def: def, facts: facts, home: home, on: on, used: []string{}}
	w := world{
		young:     d.young(birth),
		household: d.household(),
		enrolled:  d.enrolled(),
		father:    d.parent(AboutFather),
		mother:    d.parent(AboutMother),
	}
	v := Verdict{Definition: def.ID, Missing: []string{}, Facts: d.used}
	v.Answer, v.Missing = d.decide(w)
	if v.Answer != No && birth != "" {
		v.NextOn = birth.Birthday(def.AgeBelow)
	}
	if d.next != "" && (birth == "" || on < birth.Birthday(def.AgeBelow)) && (v.NextOn == "" || d.next < v.NextOn) {
		v.NextOn = d.next
	}
	return v
}

// A question is answered, or open under a name by which it is asked.
type question struct {
	answer bool
	open   string
}

func known(b bool) question      { return question{answer: b} }
func asked(name string) question { return question{open: name} }

// world is all a definition asks about, some of it open.
type world struct {
	young, household, enrolled question
	father, mother             parent
}

// parent is away only when the absence is far and long enough.
type parent struct{ away, far, long, able question }

func (p parent) gone() bool { return p.away.answer && p.far.answer && p.long.answer }

// leftBehind is the definition itself, when nothing is open.
func (w world) leftBehind(absence policy.Absence) bool {
	father, mother := w.father.gone(), w.mother.gone()
	away := father && mother || father && !w.mother.able.answer || mother && !w.father.able.answer
	if absence == policy.AnyParent {
		away = father || mother
	}
	return w.young.answer && w.household.answer && w.enrolled.answer && away
}

// decide tries every way the open questions may be answered: there are at most
// eight.
func (d *derivation) decide(w world) (Answer, []string) {
	all := []*question{&w.young, &w.household, &w.enrolled,
		&w.father.away, &w.father.far, &w.father.long, &w.father.able,
		&w.mother.away, &w.mother.far, &w.mother.long, &w.mother.able}
	open := slices.DeleteFunc(slices.Clone(all), func(q *question) bool { return q.open == "" })
	answers := make([]bool, 1<<len(open))
	yes := 0
	for ways := range answers {
		for i, q := range open {
			q.answer = ways>>i&1 == 1
		}
		if answers[ways] = w.leftBehind(d.def.Absence); answers[ways] {
			yes++
		}
	}
	switch yes {
	case 0:
		return No, []string{}
	case len(answers):
		return Yes, []string{}
	}
	missing := []string{}
	for i, q := range open {
		for ways := range answers {
			if answers[ways] != answers[ways^1<<i] {
				missing = append(missing, q.open)
				break
			}
		}
	}
	sort.Strings(missing)
	return Unknown, missing
}

type derivation struct {
	def   policy.Definition
	facts Facts
	home  string // the child's region, to know what lies across the county
	on    clock.Day
	used  []string
	next  clock.Day
}

func (d *derivation) find(about, kind string) (Fact, bool) {
	f, ok := d.facts.On(about, kind, d.on)
	if ok && !slices.Contains(d.used, f.ID) {
		d.used = append(d.used, f.ID)
	}
	return f, ok
}

func (d *derivation) young(birth clock.Day) question {
	if birth == "" {
		return asked("birth")
	}
	return known(birth <= d.on && birth.AgeOn(d.on) < d.def.AgeBelow)
}

func (d *derivation) household() question {
	if d.def.Rural != "required" {
		return known(true)
	}
	f, ok := d.find(AboutChild, Household)
	if !ok || f.Value == "unregistered" { // no registration is no proof of a rural one
		return asked("household")
	}
	return known(f.Value == "rural")
}

func (d *derivation) enrolled() question {
	if !d.def.Enrolled {
		return known(true)
	}
	f, ok := d.find(AboutChild, Schooling)
	if !ok {
		return asked("schooling")
	}
	return known(f.Value == "primary" || f.Value == "junior" || f.Value == "special")
}

func (d *derivation) parent(about string) parent {
	if f, ok := d.find(about, Life); ok && f.Value != "present" {
		return parent{} // not away for work, and not able
	}
	p := parent{far: known(true), long: known(true)}
	if f, ok := d.find(about, Absence); !ok {
		p.away = asked(about + ".absence")
	} else if f.Value == "away" {
		p.away, p.far, p.long = known(true), d.far(about, f), d.long(about, f)
	}
	if f, ok := d.find(about, Ability); ok {
		p.able = known(f.Value == "able")
	} else {
		p.able = asked(about + ".ability")
	}
	return p
}

func (d *derivation) far(about string, f Fact) question {
	if !d.def.AcrossCounty {
		return known(true)
	}
	county, place := d.home[:6], region.Code(f.Place).Prefix()
	switch {
	case len(place) >= 6:
		return known(place[:6] != county)
	case place != "" && county[:len(place)] != place:
		return known(true) // another province or city, whichever county in it
	}
	return asked(about + ".absence.place")
}

func (d *derivation) long(about string, f Fact) question {
	if d.def.Months == 0 {
		return known(true)
	}
	day := f.from().AddMonths(d.def.Months)
	if day <= d.on {
		return known(true) // it was so at least since it became known
	}
	if d.next == "" || day < d.next {
		d.next = day
	}
	if f.StartOn == "" {
		return asked(about + ".absence.since")
	}
	return known(false)
}

// Conditions computes what a support level may ask for, in the pack's words. Key
// children (四.三.5) are graded by need, not by label: a girl is one because she
// meets another risk or is looked after by somebody who is no kin, not because
// she is a girl.
func Conditions(birth clock.Day, sex int, facts Facts, on clock.Day) []string {
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
	support := strings.Fields(facts.Value(AboutChild, Support, on))
	add("poor", slices.ContainsFunc(support, func(s string) bool { return slices.Contains([]string{"subsistence", "destitute", "unsupported"}, s) }) ||
		slices.Contains(strings.Fields(facts.Value(AboutChild, Income, on)), "relief"))
	risks := slices.DeleteFunc(slices.Clone(out), func(c string) bool { return c == "under_eight" })
	add("girl_at_risk", sex == 2 && (len(risks) > 0 || facts.Value(AboutChild, Care, on) == "other"))
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
