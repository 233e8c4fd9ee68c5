package guardianship_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"shouwang/domain/casework"
	"shouwang/domain/casework/caseworktest"
	"shouwang/domain/emergency"
	"shouwang/domain/guardianship"
	"shouwang/domain/policy"
	"shouwang/domain/registry/registrytest"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

type values = caseworktest.Values

func each(t *testing.T, test func(t *testing.T, c *caseworktest.Cases, s *guardianship.Service)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := caseworktest.New(t, db, emergency.Rules, guardianship.Rules)
		test(t, c, guardianship.NewService(db, c.Policy, c.Cases, c.Reports.Reports, c.Journal, c.Clock))
	})
}

func pack(t *testing.T) *policy.Pack {
	t.Helper()
	p, err := policy.Load(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// said is a record of a pure test, on a day.
func said(n int, kind, line string, on clock.Day, v values) casework.Record {
	if v == nil {
		v = values{}
	}
	id := fmt.Sprintf("r%d", n)
	if line == "" {
		line = id
	}
	return casework.Record{ID: id, LineID: line, Kind: kind, DoneAt: on.Start().Add(time.Duration(n) * time.Minute), DoneOn: on, Values: v}
}

func finding(t *testing.T, id string, on clock.Day, records ...casework.Record) guardianship.Finding {
	t.Helper()
	for _, f := range guardianship.Assess(pack(t).Casework.Grounds, records, on) {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no ground %s", id)
	return guardianship.Finding{}
}

func TestAssess_GroundOneWantsDangerAndAnEducationThatWasNotHeeded(t *testing.T) {
	danger := said(1, "danger", "", "2026-01-02", nil)
	admonished := said(2, "admonition", "", "2026-01-03", nil)
	heedless := said(3, "admonition_rechecked", "r2", "2026-02-01", values{"heeded": "no"})
	before := said(0, "admonition_rechecked", "r2", "2026-01-01", values{"heeded": "no"})
	heeded := said(3, "admonition_rechecked", "r2", "2026-02-01", values{"heeded": "yes"})
	for name, c := range map[string]struct {
		records []casework.Record
		want    bool
	}{
		"all three":                         {[]casework.Record{danger, admonished, heedless}, true},
		"danger alone":                      {[]casework.Record{danger}, false},
		"education that was heeded":         {[]casework.Record{danger, admonished, heeded}, false},
		"not heeded before it was given":    {[]casework.Record{danger, admonished, before}, false},
		"no danger":                         {[]casework.Record{admonished, heedless}, false},
		"in whatever order they were typed": {[]casework.Record{heedless, admonished, danger}, true},
	} {
		if got := finding(t, "g1", "2026-03-01", c.records...); got.Shown != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Before the day it was recorded nothing is shown.
	if got := finding(t, "g1", "2026-01-31", danger, admonished, heedless); got.Shown {
		t.Errorf("it knows the future: %+v", got)
	}
}

func TestAssess_TheSixMonthsAreThoseOfTheCalendar(t *testing.T) {
	destitute := said(9, "destitution", "", "2026-03-01", nil)
	since := func(day clock.Day) casework.Record { return said(1, "neglect", "", day, values{"since": string(day)}) }
	for name, c := range map[string]struct {
		records []casework.Record
		on      clock.Day
		want    bool
	}{
		"the day before":                  {[]casework.Record{since("2026-01-15"), destitute}, "2026-07-14", false},
		"the day":                         {[]casework.Record{since("2026-01-15"), destitute}, "2026-07-15", true},
		"from the end of August":          {[]casework.Record{since("2025-08-31"), destitute}, "2026-02-27", false},
		"to the end of February":          {[]casework.Record{since("2025-08-31"), said(9, "destitution", "", "2026-02-01", nil)}, "2026-02-28", true},
		"ended before":                    {[]casework.Record{since("2026-01-15"), said(2, "neglect_ended", "r1", "2026-05-01", values{"on": "2026-05-01"}), destitute}, "2026-12-01", false},
		"ended after":                     {[]casework.Record{since("2026-01-15"), said(2, "neglect_ended", "r1", "2026-08-01", values{"on": "2026-08-01"}), destitute}, "2026-12-01", true},
		"twice five months is not six":    {[]casework.Record{since("2026-01-01"), said(2, "neglect_ended", "r1", "2026-06-01", values{"on": "2026-06-01"}), said(3, "neglect", "", "2026-06-20", values{"since": "2026-06-20"}), destitute}, "2026-11-20", false},
		"without destitution":             {[]casework.Record{since("2026-01-15")}, "2026-12-01", false},
		"a carer cannot fail as guardian": {[]casework.Record{said(1, "neglect", "", "2026-01-15", values{"since": "2026-01-15", "relation": "carer"}), destitute}, "2026-12-01", false},
	} {
		if got := finding(t, "g2", c.on, c.records...); got.Shown != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got := finding(t, "g2", "2026-03-01", since("2026-01-15")).Elements[0]
	if got.Days != 45 || got.Need != 181 || got.Missing != "已计 45 天，还差 136 天" {
		t.Errorf("%+v", got)
	}
}

func TestAssess_GroundThreeWantsTheActTheInjuryAndTheAssessment(t *testing.T) {
	act := said(1, "stopping", "", "2026-01-01", values{"kind": "violence"})
	serious := said(2, "appraisal", "r9", "2026-01-05", values{"result": "serious"})
	slight := said(2, "appraisal", "r9", "2026-01-05", values{"result": "slight"})
	report := said(3, "concluded", "r8", "2026-01-20", nil)
	if got := finding(t, "g3", "2026-02-01", act, serious, report); !got.Shown {
		t.Errorf("%+v", got)
	}
	for name, records := range map[string][]casework.Record{"a slight injury": {act, slight, report}, "no assessment": {act, serious}, "no act": {serious, report},
		"an accident": {said(1, "stopping", "", "2026-01-01", values{"kind": "accident"}), serious, report}} {
		if got := finding(t, "g3", "2026-02-01", records...); got.Shown {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Further records never take away what is shown, but for an end that is
// recorded; a ground that is shown names a record for each element; and the same
// records in another order come to the same.
func TestAssess_IsMonotoneNamesItsRecordsAndForgetsTheOrder(t *testing.T) {
	p := pack(t)
	kinds := []string{"danger", "admonition", "criticism", "neglect", "destitution", "stopping", "appraisal", "concluded", "penalty", "admonition_rechecked"}
	rapid.Check(t, func(rt *rapid.T) {
		var records []casework.Record
		for i := range rapid.IntRange(0, 12).Draw(rt, "records") {
			on := clock.Day("2025-06-01").AddDays(rapid.IntRange(0, 500).Draw(rt, "day"))
			records = append(records, said(i, rapid.SampledFrom(kinds).Draw(rt, "kind"), "", on, values{
				"since": string(on), "kind": "violence", "result": rapid.SampledFrom([]string{"serious", "slight"}).Draw(rt, "result"), "heeded": rapid.SampledFrom([]string{"yes", "no"}).Draw(rt, "heeded")}))
		}
		const on = clock.Day("2026-11-23")
		all := guardianship.Assess(p.Casework.Grounds, records, on)
		shuffled := rapid.Permutation(records).Draw(rt, "order")
		again := guardianship.Assess(p.Casework.Grounds, shuffled, on)
		fewer := guardianship.Assess(p.Casework.Grounds, records[:len(records)/2], on)
		for i, f := range all {
			if f.Shown != again[i].Shown {
				rt.Fatalf("%s depends on the order", f.ID)
			}
			if fewer[i].Shown && !f.Shown {
				rt.Fatalf("%s was shown and more records took it away", f.ID)
			}
			for _, e := range f.Elements {
				if e.Shown == (len(e.Records) == 0) && e.Shown || e.Shown == (e.Missing != "") {
					rt.Fatalf("%s: %+v", f.ID, e)
				}
			}
		}
	})
}

func TestGuardianship_FromTheAdmonitionToTheJudgement(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, s *guardianship.Service) {
		thread := c.Open("not_performing")
		a := c.Write(c.Officer, thread, "admonition", "", values{"whom": "王某（虚构）", "relation": "father", "reason": "放任独居", "content": "立即返回", "served": "signed", "recheck": "2026-12-01"})
		c.Paper(c.Officer, thread, "admonition", a.ID)
		if c.Owed(thread)["guardianship.recheck"] != 1 {
			t.Fatalf("%v", c.Owed(thread))
		}
		c.Clock.Advance(time.Hour)
		c.Write(c.Officer, thread, "admonition_rechecked", a.ID, values{"heeded": "no", "seen": "仍未返回"})
		if c.Owed(thread)["guardianship.consider"] != 1 {
			t.Fatalf("%v", c.Owed(thread))
		}
		c.Write(c.Township, thread, "danger", "", values{"fact": "孩子用煤气做饭起火"})
		k := c.Write(c.Civil, thread, "consideration", "", values{"ground": []any{"g1"}, "result": "petition", "reason": "教育不改"})
		if owed := c.Owed(thread); owed["guardianship.petition"] != 1 || owed["guardianship.consider"] != 0 {
			t.Fatalf("%v", owed)
		}
		c.Write(c.Civil, thread, "petitioner_asked", k.ID, values{"rank": "1", "name": "祖父", "answer": "unwilling"})
		p := c.Write(c.Civil, thread, "petition", k.ID, values{"petitioner": "县民政局（虚构）", "against": "王某（虚构）", "relation": "父亲", "claim": "撤销监护人资格", "facts": "经教育不改", "court": "某县人民法院（虚构）"})
		c.Paper(c.Civil, thread, "petition_draft", p.ID)
		c.Write(c.Civil, thread, "court_accepted", k.ID, values{"number": "（2026）民特1号", "accepted": "2026-11-10"})
		if owed := c.Owed(thread); owed["guardianship.court"] != 1 {
			t.Fatalf("%v", owed)
		}
		// The court's thirty days run from its day, not from when it was typed.
		if due, err := store.One[string](t.Context(), c.DB, `select due_on from duty_duty where rule = 'guardianship.court' and state = 'open'`); err != nil || due != "2026-12-10" {
			t.Fatalf("%s %v", due, err)
		}
		c.Write(c.Civil, thread, "judgement", k.ID, values{"result": "revoked", "on": "2026-12-20", "guardian": "祖父", "bar": "abuse"})
		_, err := c.Try(c.Civil, thread, "restoration", k.ID, values{"applicant": "王某", "repent": "x", "wish": "x", "result": "restored"})
		if fault.Of(err).Fields["result"] == "" {
			t.Fatalf("restored against its bar: %v", err)
		}
		d, err := s.Dossier(c.Civil, thread)
		if err != nil || !d.Findings[0].Shown || d.Findings[1].Shown {
			t.Fatalf("%+v %v", d, err)
		}
		if _, err := s.Dossier(c.Keeper, thread); err == nil {
			t.Fatal("who takes no part reads the dossier")
		}
		c.Paper(c.Civil, thread, "dossier_index", "")
		if n, err := store.One[int](t.Context(), c.DB, `select count(*) from guardianship_finding where ground = 'g1' and shown = 1`); err != nil || n != 1 {
			t.Fatalf("how the ground stood is not kept: %d %v", n, err)
		}
		// What the board counts is what it opens to.
		kept := map[string]int{}
		figures, err := tally.Read(t.Context(), c.DB, policy.FigureClause, registrytest.County)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figures {
			kept[f.Part] += f.N
		}
		live := 0
		for _, source := range append(casework.Sources(c.Policy.Pack), guardianship.Sources...) {
			rows, err := store.One[int](t.Context(), c.DB, `select count(*) from (`+source.Text+`) as r`)
			if err != nil || rows != kept[source.Clause] {
				t.Errorf("%s is kept as %d and opens to %d: %v", source.Clause, kept[source.Clause], rows, err)
			}
			live += min(rows, 1)
		}
		if live < 3 {
			t.Errorf("only %d clauses are live: the comparison proves little", live)
		}
	})
}

// Care, shelter and temporary guardianship are kept apart, and each runs from
// its review to its end.
func TestPlacement_IsReviewedUntilItEnds(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, _ *guardianship.Service) {
		thread := c.Open("violence")
		c.Write(c.Officer, thread, "civil_notice", "", values{"reason": "回家有危险"})
		if c.Owed(thread)["guardianship.place"] != 1 {
			t.Fatalf("%v", c.Owed(thread))
		}
		shelter := values{"unit": c.Relief.ID, "decided": "局长丁", "bed": "3 号", "health": "瘀伤", "protection": "不对外透露地址", "review": "2026-12-01"}
		if _, err := c.Try(c.Township, thread, "shelter", "", shelter); err == nil {
			t.Fatal("the township placed a child by itself")
		}
		p := c.Write(c.Civil, thread, "shelter", "", shelter)
		if owed := c.Owed(thread); owed["guardianship.place"] != 0 || owed["guardianship.review"] != 1 {
			t.Fatalf("%v", owed)
		}
		c.Write(c.Keeper, thread, "placement_reviewed", p.ID, values{"seen": "情绪好转", "next": "2026-12-20"})
		c.Write(c.Keeper, thread, "placement_ended", p.ID, values{"assessed": "母亲单独照料，父亲已搬离", "how": "parents", "wish": "愿意和妈妈住"})
		if c.Owed(thread)["guardianship.review"] != 0 {
			t.Fatalf("%v", c.Owed(thread))
		}
	})
}

func TestProtectionOrder_RunsBySeventyTwoHoursOrTwentyFour(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, _ *guardianship.Service) {
		thread := c.Open("violence")
		o := c.Write(c.Civil, thread, "protection_order", "", values{"applicant": "县民政局", "against": "王某（虚构）", "urgent": "yes"})
		due, err := store.One[time.Time](t.Context(), c.DB, `select due_at from duty_duty where rule = 'guardianship.order_urgent' and state = 'open'`)
		if err != nil || due.Sub(c.Clock.Now()) != 24*time.Hour {
			t.Fatalf("%v %v", due, err)
		}
		for _, until := range []string{"", "2027-06-01", "2026-11-01"} {
			if _, err := c.Try(c.Civil, thread, "protection_decided", o.ID, values{"result": "given", "until": until}); fault.Of(err).Fields["until"] == "" {
				t.Errorf("in force until %q: %v", until, err)
			}
		}
		c.Write(c.Civil, thread, "protection_decided", o.ID, values{"result": "given", "until": "2027-05-23"})
		if c.Owed(thread)["guardianship.order_urgent"] != 0 {
			t.Fatal("decided and still owed")
		}
	})
}

// What is written down late has its clock running since it was done.
func TestProtectionOrder_ItsClockRunsFromTheRequest(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, _ *guardianship.Service) {
		thread := c.Open("violence")
		asked := c.Clock.Now()
		c.Clock.Advance(20 * time.Hour)
		if _, err := c.Cases.Add(c.Civil, thread, casework.NewRecord{ID: uuid.NewString(), Kind: "protection_order", DoneAt: asked, Values: values{"applicant": "县民政局", "against": "王某（虚构）", "urgent": "yes"}}); err != nil {
			t.Fatal(err)
		}
		due, err := store.One[time.Time](t.Context(), c.DB, `select due_at from duty_duty where rule = 'guardianship.order_urgent' and state = 'open'`)
		if err != nil || due.Sub(asked) != 24*time.Hour {
			t.Fatalf("%v %v", due, err)
		}
	})
}

// A carer loses the agreement, not a guardianship they never had.
func TestAssess_ACarerLosesNoGuardianship(t *testing.T) {
	act := said(1, "criticism", "", "2026-01-01", values{"relation": "carer", "act": "violence"})
	serious, concluded := said(2, "appraisal", "", "2026-01-05", values{"result": "serious"}), said(3, "concluded", "", "2026-01-20", nil)
	if got := finding(t, "g3", "2026-02-01", act, serious, concluded); got.Shown || !strings.Contains(got.Elements[0].Missing, "没有记录") {
		t.Errorf("%+v", got)
	}
}
