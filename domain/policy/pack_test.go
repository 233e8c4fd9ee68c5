package policy_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"shouwang/domain/policy"
)

func pack(t testing.TB) *policy.Pack {
	t.Helper()
	p, err := policy.Load(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoad_TheDefaultPackIsSoundAndHoldsEveryClauseOfThePlan(t *testing.T) {
	p := pack(t)
	owned := map[string]int{}
	for _, c := range p.Clauses {
		owned[c.Mechanism]++
		if got, ok := p.Clause(c.ID); !ok || got != c {
			t.Errorf("clause %s is not found by its id", c.ID)
		}
	}
	want := map[string]int{"policy": 1, "duty": 5, "registry": 7, "report": 4, "visit": 2, "entrustment": 13, "school": 25, "emergency": 12,
		"assessment": 2, "assistance": 5, "guardianship": 11, "community": 18, "livelihood": 14, "governance": 32}
	if diff := cmp.Diff(want, owned); diff != "" || len(p.Clauses) != 151 {
		t.Errorf("%d clauses (-want +owned):\n%s", len(p.Clauses), diff)
	}
	for _, m := range policy.Mechanisms {
		if owned[m] == 0 {
			t.Errorf("%s owns no clause", m)
		}
	}
	if c, ok := p.Clause("三.二.6"); !ok || c.Section() != "三.二" || c.Supervisor != "civil_affairs" {
		t.Errorf("%+v", c)
	}
	if c, ok := p.Clause("五.一.1"); !ok || c.Supervisor != "department" { // the chapter answers where the section names nobody
		t.Errorf("%+v", c)
	}
}

func TestInForce_DefinitionsHoldFromTheirDayAndUnseenTextsNever(t *testing.T) {
	p := pack(t)
	in := func(on string) (ids string) {
		for _, d := range p.InForce(clockDay(on)) {
			ids += d.ID
		}
		return ids
	}
	for on, want := range map[string]string{"2009-12-31": "", "2016-03-29": "FG", "2016-03-30": "BFG", "2017-01-06": "BFG", "2017-01-07": "ABFG", "2024-01-01": "ABCFG", "2026-11-23": "ABCFG"} {
		if got := in(on); got != want {
			t.Errorf("on %s: %s, want %s", on, got, want)
		}
	}
	p.Definitions[0].Until = "2020-06-30"
	if in("2020-06-30") != "ABFG" || in("2020-07-01") != "BFG" {
		t.Error("the last day in force is not the day it says")
	}
}

// Each mutation breaks one rule of a sound pack; what is said must name the
// thing that is wrong.
func TestReadFrom_EveryRuleOfThePackIsChecked(t *testing.T) {
	dir := os.DirFS("packs/" + policy.Default)
	files := map[string]string{}
	for _, name := range []string{"pack.yaml", "clauses.tsv"} {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	read := func(yaml, clauses string) error {
		_, err := policy.ReadFrom(fstest.MapFS{"pack.yaml": {Data: []byte(yaml)}, "clauses.tsv": {Data: []byte(clauses)}})
		return err
	}
	if err := read(files["pack.yaml"], files["clauses.tsv"]); err != nil {
		t.Fatal(err)
	}
	first := strings.Split(files["clauses.tsv"], "\n")[1] // 一.0.1 留守儿童定义 registry …
	for _, c := range []struct{ what, file, old, new, says string }{
		{"a clause stands twice", "clauses.tsv", first, first + "\n" + first, "一.0.1"},
		{"a clause without a heading", "clauses.tsv", "\n三.二.6\t", "\n三.九.6\t", "三.九.6"},
		{"a clause of no chapter", "clauses.tsv", "\n三.二.6\t", "\n七.二.6\t", "七.二.6"},
		{"a clause whose id has no section", "clauses.tsv", "\n三.二.6\t", "\n三\t", "clause 三"},
		{"a clause of no mechanism", "clauses.tsv", "\tregistry\t", "\tregister\t", "register"},
		{"a clause without a title", "clauses.tsv", "\n一.0.1\t留守儿童定义\t", "\n一.0.1\t\t", "一.0.1"},
		{"a clause without a duty", "clauses.tsv", "按“双方外出或一方外出另一方无监护能力、未满16周岁”认定", "", "一.0.1"},
		{"a clause nobody bears", "clauses.tsv", "县民政、乡镇、村（居）〔推定〕", "", "一.0.1"},
		{"a clause that nothing makes live", "clauses.tsv", strings.Split(first, "\t")[6], "", "一.0.1"},
		{"other columns", "clauses.tsv", "id\ttitle\tmechanism", "id\tmechanism\ttitle", "columns"},
		{"a row of too few columns", "clauses.tsv", "\n一.0.1\t留守儿童定义\t", "\n一.0.1\t", "clauses"},
		{"no row at all", "clauses.tsv", files["clauses.tsv"], "", "columns"},
		{"a clause no department supervises", "pack.yaml", "  三.二: civil_affairs\n", "", "三.二.6"},
		{"an unknown word", "pack.yaml", "issued_on: ", "issued: ", "pack.yaml"},
		{"an instrument twice", "pack.yaml", "id: civil-code,", "id: plan-2017,", "plan-2017"},
		{"an instrument without an id", "pack.yaml", "id: civil-code,", "id: \"\",", "instrument"},
		{"a definition twice", "pack.yaml", "  - id: B\n", "  - id: A\n", "definition \"A\""},
		{"a definition of unknown confidence", "pack.yaml", "from: 2017-01-07\n    confidence: read", "from: 2017-01-07\n    confidence: sure", "definition A"},
		{"a definition without an age", "pack.yaml", "confidence: read\n    age_below: 16\n    absence: both_or_one_incapable\n    rural: ignored            #", "confidence: read\n    absence: both_or_one_incapable\n    rural: ignored            #", "definition A"},
		{"a definition of another absence", "pack.yaml", "absence: any", "absence: some", "definition G"},
		{"a definition that is vague on households", "pack.yaml", "rural: required", "rural: perhaps", "definition B"},
		{"a definition without a first day", "pack.yaml", "from: 2016-03-30\n    confidence: read", "from: someday\n    confidence: read", "definition B"},
		{"a definition that cites nothing known", "pack.yaml", "source: education-law\n", "source: hearsay\n", "hearsay"},
		{"a parameter twice", "pack.yaml", "key: visit.level2,", "key: visit.level1,", "visit.level1"},
		{"a parameter of unknown confidence", "pack.yaml", "clause: 三.一.5, source: minors-2020, basis: 第二十三条, from: 2021-06-01, confidence: read", "clause: 三.一.5, source: minors-2020, basis: 第二十三条, from: 2021-06-01, confidence: sure", "contact.weekly"},
		{"a parameter of nought", "pack.yaml", "name: 父母与儿童联系, value: 7", "name: 父母与儿童联系, value: 0", "contact.weekly"},
		{"a parameter of neither kind", "pack.yaml", "unit: 天至少一次, kind: statutory", "unit: 天至少一次, kind: usual", "contact.weekly"},
		{"a parameter without a first day", "pack.yaml", "basis: 第二十三条, from: 2021-06-01", "basis: 第二十三条, from: soon", "contact.weekly"},
		{"a parameter of no clause", "pack.yaml", "kind: statutory, clause: 三.一.5", "kind: statutory, clause: 三.一.99", "三.一.99"},
		{"a parameter that cites nothing", "pack.yaml", "clause: 三.一.5, source: minors-2020", "clause: 三.一.5, source: \"\"", "contact.weekly"},
		{"a statutory number of the county's own", "pack.yaml", "clause: 三.一.5, source: minors-2020, basis: 第二十三条, from: 2021-06-01, confidence: read", "clause: 三.一.5, source: minors-2020, basis: 第二十三条, from: 2021-06-01, confidence: own", "contact.weekly"},
		{"no step by which late duties go up", "pack.yaml", "key: escalate.step", "key: escalate.pace", "escalate.step"},
		{"a duty twice", "pack.yaml", "id: visit.verify,", "id: visit.routine,", "visit.routine"},
		{"a duty of no clause", "pack.yaml", "id: visit.routine, clause: 三.二.6", "id: visit.routine, clause: 三.二.99", "三.二.99"},
		{"a duty that runs for no parameter", "pack.yaml", "term: visit.level3", "term: visit.level4", "visit.level4"},
		{"a duty that runs for years of age", "pack.yaml", "term: visit.level3", "term: age.ward", "age.ward"},
		{"a duty without a title", "pack.yaml", "title: 入户走访", "title: \"\"", "visit.routine"},
		{"a duty that nothing discharges", "pack.yaml", "outlives: false, discharged_by: agreement", "outlives: false, discharged_by: \"\"", "entrust.sign"},
		{"a duty borne by no role", "pack.yaml", "bearer: education", "bearer: teachers", "teachers"},
		{"a duty borne by a role without a line", "pack.yaml", "bearer: education", "bearer: supervision", "supervision"},
		{"a line from no role", "pack.yaml", "  village_director: [", "  village_chief: [", "village_chief"},
		{"a line over no role", "pack.yaml", "village_director: [township_supervisor,", "village_director: [township_chief,", "township_chief"},
		{"a line that ends before the conference office", "pack.yaml", "class_teacher: [school_leader, education, conference]", "class_teacher: [school_leader, education]", "class_teacher"},
		{"an empty line", "pack.yaml", "class_teacher: [school_leader, education, conference]", "class_teacher: []", "class_teacher"},
		{"support levels out of order", "pack.yaml", "{level: 2, name: 次重点", "{level: 3, name: 次重点", "order"},
		{"a condition nobody computes", "pack.yaml", "when: [alone, no_carer, girl_at_risk]", "when: [alone, lonely]", "lonely"},
		{"a level before the last that fits everyone", "pack.yaml", "when: [alone, no_carer, girl_at_risk]", "when: []", "last"},
		{"a last level that leaves children out", "pack.yaml", "{level: 3, name: 一般, when: []}", "{level: 3, name: 一般, when: [ill]}", "last"},
		{"a situation twice", "pack.yaml", "{id: missing,", "{id: alone,", "alone"},
		{"a situation beyond the plan's five", "pack.yaml", "name: 失踪, plan: 1", "name: 失踪, plan: 6", "missing"},
		{"a situation before the plan's first", "pack.yaml", "name: 失踪, plan: 1", "name: 失踪, plan: 0", "missing"},
		{"a situation under none of the statutory nine", "pack.yaml", "name: 失踪, plan: 1, statutory: [7]", "name: 失踪, plan: 1, statutory: []", "missing"},
		{"a situation beyond the statutory nine", "pack.yaml", "name: 失踪, plan: 1, statutory: [7]", "name: 失踪, plan: 1, statutory: [7, 10]", "missing"},
	} {
		text := files[c.file]
		if !strings.Contains(text, c.old) {
			t.Errorf("%s: %q is not in %s any more", c.what, c.old, c.file)
			continue
		}
		changed := strings.Replace(text, c.old, c.new, 1)
		yaml, clauses := files["pack.yaml"], files["clauses.tsv"]
		if c.file == "pack.yaml" {
			yaml = changed
		} else {
			clauses = changed
		}
		if err := read(yaml, clauses); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if _, err := policy.ReadFrom(fstest.MapFS{"pack.yaml": {Data: []byte(files["pack.yaml"])}}); err == nil {
		t.Error("a pack without clauses was read")
	}
	if _, err := policy.ReadFrom(fstest.MapFS{"clauses.tsv": {Data: []byte(files["clauses.tsv"])}}); err == nil {
		t.Error("a pack without pack.yaml was read")
	}
	if _, err := policy.Load("another-county"); err == nil {
		t.Error("a pack that is not there was loaded")
	}
}
