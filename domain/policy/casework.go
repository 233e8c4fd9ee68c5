package policy

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"shouwang/platform/clock"
)

// Casework is what a case of protection is made of: the kinds of record that
// its offices write in it, and in which order they are usually written. It is
// the plan's chapter on protection as data, one file for each mechanism.
type Casework struct {
	Kinds     []Kind
	Playbooks []Playbook
	Scales    []Scale
	Grounds   []Ground
	byID      map[string]*Kind
}

// Kind is one kind of record in a case (办理记录): what it says, who writes it,
// which duties it opens and which it discharges. A kind that comes after others
// goes on a line that one of them stands last on; the others begin a line.
type Kind struct {
	ID      string   `yaml:"id" json:"id"`
	Of      string   `yaml:"-" json:"of" doc:"the mechanism"`
	Clause  string   `yaml:"clause" json:"clause"`
	Name    string   `yaml:"name" json:"name"`
	Hint    string   `yaml:"hint" json:"hint"`
	By      string   `yaml:"by" json:"by" doc:"the action that writes it"`
	After   []string `yaml:"after" json:"after"`
	Unit    bool     `yaml:"unit" json:"-"` // written by the unit that its line was given to
	Fields  []Ask    `yaml:"fields" json:"fields"`
	Opens   []Opens  `yaml:"opens" json:"-"`
	Settles []string `yaml:"settles" json:"-"` // duty rules
	Step    string   `yaml:"step" json:"-"`    // how it moves the case
	Live    []string `yaml:"live" json:"-"`    // the clauses it makes live
	Waits   string   `yaml:"waits" json:"-"`   // what is not ended while a line stands here: a case does not close over it
	Paper   string   `yaml:"paper" json:"paper" doc:"the document that is printed from it"`
	Closed  bool     `yaml:"closed" json:"-"` // may be written in a case that is closed
}

// Ask is one thing a record says.
type Ask struct {
	Key  string   `yaml:"key" json:"key"`
	Name string   `yaml:"name" json:"name"`
	Type string   `yaml:"type" json:"type" doc:"text, line, day, moment, number, flag, choice, choices, unit, file, kind, scale, link"`
	Of   []string `yaml:"of" json:"of" doc:"of a choice, each 'code words'; of a scale, its id"`
	Must bool     `yaml:"must" json:"must"`
	Hint string   `yaml:"hint" json:"hint"`
}

// Types are what a record can ask for; a link is not asked for but given by the
// program.
var Types = []string{"text", "line", "day", "moment", "number", "flag", "choice", "choices", "unit", "file", "kind", "scale", "link"}

// Choices are a field's codes and words.
func (a Ask) Choices() (codes, words []string) {
	for _, o := range a.Of {
		code, word, _ := strings.Cut(o, " ")
		codes, words = append(codes, code), append(words, word)
	}
	return codes, words
}

// Word is a code of the field in words.
func (a Ask) Word(code string) string {
	codes, words := a.Choices()
	if i := slices.Index(codes, code); i >= 0 {
		return words[i]
	}
	return code
}

// Opens is a duty that a record opens.
type Opens struct {
	Rule string `yaml:"rule"`
	To   string `yaml:"to"`   // police, township, unit (the one a field names); empty: the rule's own post
	Due  string `yaml:"due"`  // a field that says until when; empty: the rule's term
	From string `yaml:"from"` // a field that says from which day the term runs; empty: from when the record's thing was done
	When string `yaml:"when"` // only where a field says so: "field=code"
	// Whole: the case owes it once, whichever line called for it, and any record
	// that settles its rule discharges it. Otherwise the line owes it.
	Whole bool `yaml:"whole"`
}

// Playbook is what is usually done in a situation, in order (处置指引). It
// suggests; it never stops who acts otherwise.
type Playbook struct {
	Situation string   `yaml:"situation" json:"situation"`
	Steps     []string `yaml:"steps" json:"steps"`
}

// Scale is a questionnaire that gives a level (评估量表). A scale is never
// changed once it was used: the next one has another version.
type Scale struct {
	ID         string       `yaml:"id" json:"id"`
	Version    int          `yaml:"version" json:"version"`
	Name       string       `yaml:"name" json:"name"`
	Source     string       `yaml:"source" json:"source" doc:"where it comes from, and what of it is not there"`
	Draft      bool         `yaml:"draft" json:"draft" doc:"parts of it are missing: it gives points and no level"`
	HighIsSafe bool         `yaml:"high_is_safe" json:"high_is_safe"`
	Items      []ScaleItem  `yaml:"items" json:"items"`
	Levels     []ScaleLevel `yaml:"levels" json:"levels"`
}

// ScaleItem is one question. An answer that is a red flag gives the gravest
// level whatever the points.
type ScaleItem struct {
	ID      string        `yaml:"id" json:"id"`
	Part    string        `yaml:"part" json:"part"`
	Text    string        `yaml:"text" json:"text"`
	Answers []ScaleAnswer `yaml:"answers" json:"answers"`
}

// ScaleAnswer is one answer and its points.
type ScaleAnswer struct {
	Text   string `yaml:"text" json:"text"`
	Points int    `yaml:"points" json:"points"`
	Red    bool   `yaml:"red" json:"red"`
}

// ScaleLevel is a level and the points at which it begins, the gravest first.
type ScaleLevel struct {
	ID   string `yaml:"id" json:"id"`
	Name string `yaml:"name" json:"name"`
	From int    `yaml:"from" json:"from"`
}

// Ground is one on which guardianship may be revoked (撤销情形) and the elements
// that must be shown for it.
type Ground struct {
	ID         string     `yaml:"id" json:"id"`
	Clause     string     `yaml:"clause" json:"clause" doc:"of the plan; empty for the further statutory grounds"`
	Name       string     `yaml:"name" json:"name"`
	Source     string     `yaml:"source" json:"source"`
	Confidence Confidence `yaml:"confidence" json:"confidence"`
	Elements   []Element  `yaml:"elements" json:"elements"`
}

// Element is one thing a ground needs, and the records that show it.
type Element struct {
	Name   string   `yaml:"name" json:"name"`
	Shown  []string `yaml:"shown" json:"-"`       // kinds of record, or "kind:field=code"
	Months int      `yaml:"months" json:"months"` // shown only when the first of them has lasted so long
	Until  []string `yaml:"until" json:"-"`       // what ends the count
	After  string   `yaml:"after" json:"-"`       // the name of an element that must come before
	Times  int      `yaml:"times" json:"times"`   // how many records are needed; one when 0
}

// On reports whether a ground ships switched on.
func (g Ground) On() bool { return g.Confidence != Unverified }

// Kind finds a kind of record by id.
func (c *Casework) Kind(id string) (Kind, bool) {
	k, ok := c.byID[id]
	if !ok {
		return Kind{}, false
	}
	return *k, true
}

// Scale finds a questionnaire by id in one version; version 0 is the newest.
func (c *Casework) Scale(id string, version int) (Scale, bool) {
	var out Scale
	for _, s := range c.Scales {
		if s.ID == id && (s.Version == version || version == 0 && s.Version > out.Version) {
			out = s
		}
	}
	return out, out.ID != ""
}

// Follows reports whether a kind may come after another on a line; "" is the
// beginning.
func (k Kind) Follows(last string) bool {
	if len(k.After) == 0 {
		return last == ""
	}
	return slices.Contains(k.After, last)
}

// readCasework reads cases/<mechanism>.yaml and cases/scales/*.yaml.
func readCasework(dir fs.FS) (*Casework, error) {
	c := &Casework{byID: map[string]*Kind{}}
	read := func(name string, into any) error {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		return nil
	}
	names, err := fs.Glob(dir, "cases/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("finding the casework: %w", err)
	}
	for _, name := range names {
		var file struct {
			Kinds     []Kind     `yaml:"kinds"`
			Playbooks []Playbook `yaml:"playbooks"`
			Grounds   []Ground   `yaml:"grounds"`
		}
		if err := read(name, &file); err != nil {
			return nil, err
		}
		for i := range file.Kinds {
			file.Kinds[i].Of = strings.TrimSuffix(path.Base(name), ".yaml")
		}
		c.Kinds, c.Playbooks, c.Grounds = append(c.Kinds, file.Kinds...), append(c.Playbooks, file.Playbooks...), append(c.Grounds, file.Grounds...)
	}
	scales, err := fs.Glob(dir, "cases/scales/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("finding the scales: %w", err)
	}
	for _, name := range scales {
		var s Scale
		if err := read(name, &s); err != nil {
			return nil, err
		}
		c.Scales = append(c.Scales, s)
	}
	for i := range c.Kinds {
		c.byID[c.Kinds[i].ID] = &c.Kinds[i]
	}
	return c, nil
}

// steps are how a record may move its case.
var steps = []string{"", "notify", "plan", "assess", "close", "reopen"}

// check finds what is wrong with the casework of a pack.
func (c *Casework) check(p *Pack, wrong func(string, ...any)) {
	situations := map[string]bool{}
	for _, s := range p.Situations {
		situations[s.ID] = true
	}
	seen := map[string]bool{}
	for _, k := range c.Kinds {
		at := "record " + k.ID
		if k.ID == "" || seen[k.ID] {
			wrong("%s is empty or stands twice", at)
		}
		seen[k.ID] = true
		if k.Name == "" || k.By == "" || !slices.Contains(Mechanisms, k.Of) || !slices.Contains(steps, k.Step) {
			wrong("%s lacks a name, who writes it, a mechanism, or moves its case as nothing can", at)
		}
		for _, clause := range append([]string{k.Clause}, k.Live...) {
			if _, ok := p.Clause(clause); !ok {
				wrong("%s serves clause %s, which is none", at, clause)
			}
		}
		for _, before := range k.After {
			if _, ok := c.byID[before]; !ok {
				wrong("%s comes after %s, which is no record", at, before)
			}
		}
		if k.Paper != "" && p.Documents[k.Paper] == nil {
			wrong("%s is printed as %s, which has no template", at, k.Paper)
		}
		c.checkAsks(k, wrong)
		for _, o := range k.Opens {
			if _, ok := p.Duty(o.Rule); !ok {
				wrong("%s opens %s, which is no duty", at, o.Rule)
			}
			if !slices.Contains([]string{"", "police", "township", "unit"}, o.To) {
				wrong("%s opens a duty for %q", at, o.To)
			}
			field, _, _ := strings.Cut(o.When, "=")
			for _, f := range []string{o.Due, o.From, field} {
				if f != "" && !slices.ContainsFunc(k.Fields, func(a Ask) bool { return a.Key == f }) {
					wrong("%s opens a duty by its field %s, which it lacks", at, f)
				}
			}
		}
		for _, rule := range k.Settles {
			if _, ok := p.Duty(rule); !ok {
				wrong("%s discharges %s, which is no duty", at, rule)
			}
		}
	}
	for _, b := range c.Playbooks {
		if !situations[b.Situation] {
			wrong("a playbook is for %s, which is no situation", b.Situation)
		}
		for _, step := range b.Steps {
			if k, ok := c.byID[step]; !ok || len(k.After) > 0 {
				wrong("the playbook for %s suggests %s, which begins no line", b.Situation, step)
			}
		}
	}
	for _, s := range c.Scales {
		s.check(wrong)
	}
	for _, g := range c.Grounds {
		g.check(c, p, wrong)
	}
}

func (c *Casework) checkAsks(k Kind, wrong func(string, ...any)) {
	seen := map[string]bool{}
	for _, a := range k.Fields {
		if a.Key == "" || seen[a.Key] || a.Name == "" || !slices.Contains(Types, a.Type) {
			wrong("record %s asks for %q, which stands twice, has no name or is of no type", k.ID, a.Key)
		}
		seen[a.Key] = true
		codes, words := a.Choices()
		choice := a.Type == "choice" || a.Type == "choices"
		if choice != (len(codes) > 0) && a.Type != "scale" || slices.Contains(words, "") && choice {
			wrong("record %s: %s has no choices or no words for them", k.ID, a.Key)
		}
		if a.Type == "scale" {
			for _, id := range a.Of {
				if _, ok := c.Scale(id, 0); !ok {
					wrong("record %s asks for the scale %s, which is none", k.ID, id)
				}
			}
		}
	}
}

func (s Scale) check(wrong func(string, ...any)) {
	seen := map[string]bool{}
	if s.ID == "" || s.Version < 1 || s.Name == "" || s.Source == "" || s.Draft == (len(s.Levels) > 0) {
		wrong("scale %s %d lacks a name or source, or a draft gives levels, or a whole one none", s.ID, s.Version)
	}
	for _, i := range s.Items {
		if i.ID == "" || seen[i.ID] || len(i.Answers) < 2 {
			wrong("scale %s: question %q stands twice or has no answers", s.ID, i.ID)
		}
		seen[i.ID] = true
	}
	for i := 1; i < len(s.Levels); i++ {
		if s.HighIsSafe == (s.Levels[i].From < s.Levels[i-1].From) {
			wrong("scale %s: its levels do not stand from the gravest", s.ID)
		}
	}
}

func (g Ground) check(c *Casework, p *Pack, wrong func(string, ...any)) {
	if g.ID == "" || g.Name == "" || len(g.Elements) == 0 || !slices.Contains([]Confidence{Read, Secondhand, Own, Unverified}, g.Confidence) {
		wrong("ground %s is incomplete", g.ID)
	}
	if _, ok := p.Clause(g.Clause); !ok && g.Clause != "" {
		wrong("ground %s serves clause %s, which is none", g.ID, g.Clause)
	}
	for _, e := range g.Elements {
		for _, shown := range append(slices.Clone(e.Shown), e.Until...) {
			kind, where, _ := strings.Cut(shown, ":")
			k, ok := c.byID[kind]
			field, _, _ := strings.Cut(where, "=")
			if !ok || where != "" && !slices.ContainsFunc(k.Fields, func(a Ask) bool { return a.Key == field }) {
				wrong("ground %s: %q is shown by %s, which is no record", g.ID, e.Name, shown)
			}
		}
	}
}

// DayOf is a civil day in a record's value; empty when it is none.
func DayOf(v any) clock.Day {
	text, _ := v.(string)
	if d := clock.Day(text); d.Valid() {
		return d
	}
	return ""
}
