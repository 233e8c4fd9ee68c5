package policy

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/print"
)

//go:embed packs
var packs embed.FS

// Default is the pack of the county whose plan this program was first built on.
const Default = "yunyang-2017-2"

// Confidence says how a fact of the pack is known.
type Confidence string

const (
	Read       Confidence = "read"
	Secondhand Confidence = "secondhand"
	Own        Confidence = "own" // the plan gives no number: a proposal for the county to confirm
	Unverified Confidence = "unverified"
)

// Pack is the plan as data.
type Pack struct {
	ID           string                     `yaml:"id"`
	Title        string                     `yaml:"title"`
	Number       string                     `yaml:"number"`
	IssuedOn     clock.Day                  `yaml:"issued_on"`
	Chapters     []Heading                  `yaml:"chapters"`
	Sections     []Heading                  `yaml:"sections"`
	Supervisors  map[string]string          `yaml:"supervisors"`
	Instruments  []Instrument               `yaml:"instruments"`
	Definitions  []Definition               `yaml:"definitions"`
	Parameters   []Parameter                `yaml:"parameters"`
	Lines        map[string][]string        `yaml:"lines"`
	Duties       []DutyRule                 `yaml:"duties"`
	Levels       []SupportLevel             `yaml:"support_levels"`
	Situations   []Situation                `yaml:"situations"`
	Clauses      []Clause                   `yaml:"-"`
	Documents    map[string]*print.Template `yaml:"-"` // printed papers, by kind
	Casework     *Casework                  `yaml:"-"` // what a case of protection is made of
	clauseByID   map[string]*Clause
	dutyByID     map[string]*DutyRule
	parameterKey map[string]*Parameter
}

// Heading is a chapter or section of the plan.
type Heading struct {
	ID    string `yaml:"id" json:"id"`
	Title string `yaml:"title" json:"title"`
}

// Clause is one duty of the plan (条款), in our own paraphrase.
type Clause struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Mechanism  string `json:"mechanism"` // the package of domain/ that owns it
	Bearers    string `json:"bearers"`
	Duty       string `json:"duty"`
	Frequency  string `json:"frequency"`
	LiveWhen   string `json:"-"`
	Supervisor string `json:"supervisor"` // kind of organisation that answers for it
}

// Section is the part of the plan the clause stands in: 三.二.6 in 三.二.
func (c Clause) Section() string { return c.ID[:max(0, strings.LastIndexByte(c.ID, '.'))] }

// Instrument is a document that clocks and definitions cite.
type Instrument struct {
	ID         string     `yaml:"id" json:"id"`
	Title      string     `yaml:"title" json:"title"`
	Number     string     `yaml:"number" json:"number"`
	From       clock.Day  `yaml:"from" json:"from"`
	Until      clock.Day  `yaml:"until" json:"until"`
	Confidence Confidence `yaml:"confidence" json:"confidence"`
}

// Absence says whose absence makes a child left-behind.
type Absence string

const (
	BothOrOneIncapable Absence = "both_or_one_incapable"
	AnyParent          Absence = "any"
)

// Definition is one of the definitions of a left-behind child that stand side
// by side (认定口径).
type Definition struct {
	ID           string     `yaml:"id" json:"id"`
	Name         string     `yaml:"name" json:"name"`
	Source       string     `yaml:"source" json:"source"`
	From         clock.Day  `yaml:"from" json:"from"`
	Until        clock.Day  `yaml:"until" json:"until"`
	Confidence   Confidence `yaml:"confidence" json:"confidence"`
	AgeBelow     int        `yaml:"age_below" json:"age_below"`
	Absence      Absence    `yaml:"absence" json:"absence"`
	Rural        string     `yaml:"rural" json:"rural"` // required or ignored
	Months       int        `yaml:"months" json:"months"`
	AcrossCounty bool       `yaml:"across_county" json:"across_county"`
	Enrolled     bool       `yaml:"enrolled" json:"enrolled"`
	Estimate     bool       `yaml:"estimate" json:"estimate"`
	Sample       bool       `yaml:"sample" json:"sample"`
	Note         string     `yaml:"note" json:"note"`
}

// On reports whether the definition ships switched on.
func (d Definition) On() bool { return d.Confidence != Unverified && !d.Sample }

// Parameter is a number of the plan or of the law.
type Parameter struct {
	Key        string     `yaml:"key" json:"key"`
	Name       string     `yaml:"name" json:"name"`
	Value      int        `yaml:"value" json:"value"`
	Unit       string     `yaml:"unit" json:"unit"`
	Kind       string     `yaml:"kind" json:"kind"` // statutory or county
	Clause     string     `yaml:"clause" json:"clause"`
	Source     string     `yaml:"source" json:"source"`
	Basis      string     `yaml:"basis" json:"basis"`
	Words      string     `yaml:"words" json:"words"` // the plan's own word of urgency
	From       clock.Day  `yaml:"from" json:"from"`
	Confidence Confidence `yaml:"confidence" json:"confidence"`
}

// DutyRule says what a kind of duty is (职责).
type DutyRule struct {
	ID           string `yaml:"id" json:"id"`
	Clause       string `yaml:"clause" json:"clause"`
	Title        string `yaml:"title" json:"title"`
	Bearer       string `yaml:"bearer" json:"bearer"`               // a role
	Term         string `yaml:"term" json:"term"`                   // a parameter, in days, hours or minutes
	Outlives     bool   `yaml:"outlives" json:"outlives"`           // a birthday or a return does not cancel it
	Urgent       bool   `yaml:"urgent" json:"urgent"`               // told at once, shown first
	Confined     bool   `yaml:"confined" json:"confined"`           // of a child in danger: shown only to who bears it and to who answers for protection
	Outlasts     bool   `yaml:"outlasts" json:"outlasts"`           // the end of its case does not cancel it
	DischargedBy string `yaml:"discharged_by" json:"discharged_by"` // the kind of record that is evidence
}

// SupportLevel is how closely a child is looked after before any assessment.
type SupportLevel struct {
	Level int      `yaml:"level" json:"level"`
	Name  string   `yaml:"name" json:"name"`
	When  []string `yaml:"when" json:"when"`
}

// Situation is one that must be reported: the plan's list beside the statutory nine.
type Situation struct {
	ID        string   `yaml:"id" json:"id"`
	Name      string   `yaml:"name" json:"name"`
	Plan      int      `yaml:"plan" json:"plan"`
	Statutory []int    `yaml:"statutory" json:"statutory"`
	Tell      []string `yaml:"tell" json:"tell"` // roles that are told beside the police
	Hint      string   `yaml:"hint" json:"hint"`
}

// EscalationStep is the parameter that says after how many days a late duty
// goes one post up its line.
const EscalationStep = "escalate.step"

// UrgentStep is the same for a duty whose clock runs by the hour or the minute.
const UrgentStep = "escalate.urgent"

// Span is how long a value of the parameter runs; 0 when it is no length of
// time. Days are those of a civil calendar: use WholeDays to tell them apart.
func (p Parameter) Span(value int) time.Duration {
	switch {
	case p.WholeDays():
		return time.Duration(value) * 24 * time.Hour
	case p.Unit == "小时":
		return time.Duration(value) * time.Hour
	case p.Unit == "分钟":
		return time.Duration(value) * time.Minute
	}
	return 0
}

// WholeDays reports a clock that ends with a day, not at a moment.
func (p Parameter) WholeDays() bool { return strings.HasPrefix(p.Unit, "天") }

// Conditions are what a support level can ask for; registry computes them.
var Conditions = []string{"alone", "no_carer", "carer_incapable", "under_eight", "disabled", "ill", "guardian_failing", "dropped_out", "poor", "girl_at_risk"}

// Mechanisms are the owners a clause may name.
var Mechanisms = []string{"policy", "duty", "registry", "report", "visit", "entrustment", "school", "emergency", "assessment", "assistance", "guardianship", "community", "livelihood", "governance"}

// Load reads one of the packs in the program and checks it whole.
func Load(id string) (*Pack, error) {
	dir, err := fs.Sub(packs, "packs/"+id)
	if err != nil {
		return nil, fmt.Errorf("reading pack %s: %w", id, err)
	}
	return ReadFrom(dir)
}

// ReadFrom reads a pack from a folder of pack.yaml and clauses.tsv.
func ReadFrom(dir fs.FS) (*Pack, error) {
	text, err := fs.ReadFile(dir, "pack.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the pack: %w", err)
	}
	var p Pack
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading pack.yaml: %w", err)
	}
	file, err := dir.Open("clauses.tsv")
	if err != nil {
		return nil, fmt.Errorf("reading the clauses: %w", err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma = '\t'
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the clauses: %w", err)
	}
	if len(rows) == 0 || strings.Join(rows[0], " ") != "id title mechanism bearers duty frequency live_when" {
		return nil, errors.New("reading the clauses: clauses.tsv begins with other columns")
	}
	for _, r := range rows[1:] {
		c := Clause{ID: r[0], Title: r[1], Mechanism: r[2], Bearers: r[3], Duty: r[4], Frequency: r[5], LiveWhen: r[6]}
		c.Supervisor = p.supervisor(c.ID)
		p.Clauses = append(p.Clauses, c)
	}
	if p.Documents, err = documents(dir); err != nil {
		return nil, err
	}
	if p.Casework, err = readCasework(dir); err != nil {
		return nil, err
	}
	p.index()
	return &p, p.check()
}

// documents reads the templates of printed papers, documents/<kind>.yaml.
func documents(dir fs.FS) (map[string]*print.Template, error) {
	out := map[string]*print.Template{}
	names, err := fs.Glob(dir, "documents/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("finding the documents: %w", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if out[strings.TrimSuffix(path.Base(name), ".yaml")], err = print.ReadTemplate(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// supervisor is that of the longest heading named.
func (p *Pack) supervisor(clause string) string {
	for at := clause; ; {
		if s, ok := p.Supervisors[at]; ok {
			return s
		}
		i := strings.LastIndexByte(at, '.')
		if i < 0 {
			return ""
		}
		at = at[:i]
	}
}

func (p *Pack) index() {
	p.clauseByID, p.dutyByID, p.parameterKey = map[string]*Clause{}, map[string]*DutyRule{}, map[string]*Parameter{}
	for i := range p.Clauses {
		p.clauseByID[p.Clauses[i].ID] = &p.Clauses[i]
	}
	for i := range p.Duties {
		p.dutyByID[p.Duties[i].ID] = &p.Duties[i]
	}
	for i := range p.Parameters {
		p.parameterKey[p.Parameters[i].Key] = &p.Parameters[i]
	}
}

// Clause finds a clause by id.
func (p *Pack) Clause(id string) (Clause, bool) {
	c, ok := p.clauseByID[id]
	if !ok {
		return Clause{}, false
	}
	return *c, true
}

// Duty finds a duty rule by id.
func (p *Pack) Duty(id string) (DutyRule, bool) {
	d, ok := p.dutyByID[id]
	if !ok {
		return DutyRule{}, false
	}
	return *d, true
}

// Parameter finds a parameter by key.
func (p *Pack) Parameter(key string) (Parameter, bool) {
	v, ok := p.parameterKey[key]
	if !ok {
		return Parameter{}, false
	}
	return *v, true
}

// Instrument finds an instrument by id.
func (p *Pack) Instrument(id string) (Instrument, bool) {
	i := slices.IndexFunc(p.Instruments, func(i Instrument) bool { return i.ID == id })
	if i < 0 {
		return Instrument{}, false
	}
	return p.Instruments[i], true
}

// InForce lists the definitions switched on and in force on a day.
func (p *Pack) InForce(on clock.Day) []Definition {
	var out []Definition
	for _, d := range p.Definitions {
		if d.On() && d.From <= on && (d.Until == "" || on <= d.Until) {
			out = append(out, d)
		}
	}
	return out
}

// check finds everything wrong with a pack at once.
func (p *Pack) check() error {
	var errs []error
	wrong := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	unique := func(what string, ids []string) {
		seen := map[string]bool{}
		for _, id := range ids {
			if id == "" || seen[id] {
				wrong("%s %q is empty or stands twice", what, id)
			}
			seen[id] = true
		}
	}
	known := []Confidence{Read, Secondhand, Own, Unverified}
	ids := func(n int, id func(int) string) (out []string) {
		for i := range n {
			out = append(out, id(i))
		}
		return out
	}
	unique("clause", ids(len(p.Clauses), func(i int) string { return p.Clauses[i].ID }))
	unique("instrument", ids(len(p.Instruments), func(i int) string { return p.Instruments[i].ID }))
	unique("definition", ids(len(p.Definitions), func(i int) string { return p.Definitions[i].ID }))
	unique("parameter", ids(len(p.Parameters), func(i int) string { return p.Parameters[i].Key }))
	unique("duty", ids(len(p.Duties), func(i int) string { return p.Duties[i].ID }))
	unique("situation", ids(len(p.Situations), func(i int) string { return p.Situations[i].ID }))

	heading := map[string]bool{}
	for _, h := range append(append([]Heading{}, p.Chapters...), p.Sections...) {
		heading[h.ID] = true
	}
	for _, c := range p.Clauses {
		if chapter, _, _ := strings.Cut(c.ID, "."); !heading[c.Section()] || !heading[chapter] {
			wrong("clause %s stands under no heading", c.ID)
		}
		if !slices.Contains(Mechanisms, c.Mechanism) {
			wrong("clause %s is owned by %q, which is no mechanism", c.ID, c.Mechanism)
		}
		if c.Title == "" || c.Duty == "" || c.Bearers == "" || c.LiveWhen == "" || c.Supervisor == "" {
			wrong("clause %s lacks title, duty, bearers, what makes it live, or a supervising department", c.ID)
		}
	}
	for _, d := range p.Definitions {
		if !slices.Contains(known, d.Confidence) || d.AgeBelow == 0 || d.Absence != BothOrOneIncapable && d.Absence != AnyParent ||
			d.Rural != "required" && d.Rural != "ignored" || !d.From.Valid() {
			wrong("definition %s is incomplete", d.ID)
		}
		if d.Source != "" {
			if _, ok := p.Instrument(d.Source); !ok {
				wrong("definition %s cites %s, which is no instrument", d.ID, d.Source)
			}
		}
	}
	for _, v := range p.Parameters {
		if !slices.Contains(known, v.Confidence) || v.Value <= 0 || v.Kind != "statutory" && v.Kind != "county" || !v.From.Valid() {
			wrong("parameter %s is incomplete", v.Key)
		}
		if _, ok := p.Clause(v.Clause); !ok {
			wrong("parameter %s serves clause %s, which is none", v.Key, v.Clause)
		}
		if _, ok := p.Instrument(v.Source); !ok && v.Confidence != Unverified {
			wrong("parameter %s cites no instrument", v.Key)
		}
		if v.Kind == "statutory" && v.Confidence == Own {
			wrong("parameter %s cannot be both statutory and the county's own", v.Key)
		}
	}
	role := func(where, r string) {
		if _, ok := authz.Info(authz.Role(r)); !ok {
			wrong("%s names %q, which is no role", where, r)
		}
	}
	for _, d := range p.Duties {
		if _, ok := p.Clause(d.Clause); !ok {
			wrong("duty %s serves clause %s, which is none", d.ID, d.Clause)
		}
		if term, ok := p.Parameter(d.Term); !ok || term.Span(1) == 0 {
			wrong("duty %s runs for %s, which is no parameter in days, hours or minutes", d.ID, d.Term)
		}
		if d.Title == "" || d.DischargedBy == "" {
			wrong("duty %s lacks a title or what discharges it", d.ID)
		}
		role("duty "+d.ID, d.Bearer)
		if len(p.Lines[d.Bearer]) == 0 {
			wrong("duty %s is borne by %s, which no line leads up from", d.ID, d.Bearer)
		}
	}
	for _, key := range []string{EscalationStep, UrgentStep} {
		if _, ok := p.Parameter(key); !ok {
			wrong("there is no parameter %s, by which late duties go up", key)
		}
	}
	for from, line := range p.Lines {
		role("line", from)
		for _, r := range line {
			role("line of "+from, r)
		}
		if len(line) == 0 || line[len(line)-1] != string(authz.Conference) {
			wrong("the line of %s does not end at the conference office", from)
		}
	}
	for i, l := range p.Levels {
		if l.Level != i+1 {
			wrong("support levels are not in order")
		}
		for _, c := range l.When {
			if !slices.Contains(Conditions, c) {
				wrong("support level %d asks for %s, which nothing computes", l.Level, c)
			}
		}
		if (len(l.When) == 0) != (i == len(p.Levels)-1) {
			wrong("only the last support level fits everyone")
		}
	}
	for _, s := range p.Situations {
		if s.Plan < 1 || s.Plan > 5 || len(s.Statutory) == 0 || slices.Min(s.Statutory) < 1 || slices.Max(s.Statutory) > 9 {
			wrong("situation %s is not mapped to the plan's five and the statutory nine", s.ID)
		}
	}
	p.Casework.check(p, wrong)
	return errors.Join(errs...)
}
