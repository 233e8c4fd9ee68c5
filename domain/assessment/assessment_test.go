package assessment_test

import (
	"slices"
	"testing"

	"shouwang/domain/assessment"
	"shouwang/domain/casework"
	"shouwang/domain/casework/caseworktest"
	"shouwang/domain/emergency"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/report"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

type values = caseworktest.Values

func each(t *testing.T, test func(t *testing.T, c *caseworktest.Cases, thread string)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := caseworktest.New(t, db, emergency.Rules, assessment.Rules)
		assessment.NewService(c.Cases)
		thread := c.Open("not_performing")
		c.Write(c.Officer, thread, "township_notice", "", values{"facts": "没人管", "measures": "已到场", "asks": "请评估"})
		test(t, c, thread)
	})
}

var (
	visited = values{"who": "督导员甲、社工乙", "where": "孩子家中", "living": "三餐不定", "family": "父母在广东", "guardianship": "奶奶照料"}
	heard   = values{"how": "alone", "said": "想妈妈"}
	met     = values{"held": "2026-11-23T03:00:00Z", "present": "派出所、学校、村委会", "level": "high", "needs": []any{"guardianship", "mind"}, "minutes": "监护严重不足", "outcome": "guardianship"}
)

func TestAssessment_SeveralOfficesComeToOneSignedView(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		school := c.Unit(account.School, "大花村小学（虚构）", registrytest.Village)
		head := c.Person("校长甲", authz.SchoolLeader, school)
		i := c.Write(c.Township, thread, "invitation", "", values{"unit": school.ID, "what": "请说明在校情况"})
		h := c.Write(c.Township, thread, "invitation", "", values{"unit": c.Relief.ID, "what": "请说明接收情况"})
		if c.Owed(thread)["assessment.opinion"] != 2 {
			t.Fatalf("%v", c.Owed(thread))
		}
		if _, err := c.Try(c.Township, thread, "opinion", i.ID, values{"safety": "替学校写"}); !fault.Is(err, fault.Denied) {
			t.Fatalf("the township spoke for the school: %v", err)
		}
		c.Write(head, thread, "opinion", i.ID, values{"safety": "常常没吃早饭", "health": "瘦小"})
		c.Write(c.Township, thread, "opinion_refused", h.ID, values{"reason": "该站没有接触过孩子"})
		if c.Owed(thread)["assessment.opinion"] != 0 {
			t.Fatalf("%v", c.Owed(thread))
		}
		if _, err := c.Try(c.Township, thread, "conference", "", met); !fault.Is(err, fault.Conflict) {
			t.Fatalf("decided about a child whom nobody visited or heard: %v", err)
		}
		c.Write(c.Township, thread, "assessment_visit", "", visited)
		c.Write(c.Township, thread, "child_view", "", heard)
		c.Write(c.Township, thread, "scale", "", values{"scale": map[string]any{"scale": "general", "version": 1.0, "answers": map[string]any{"alone": 1.0, "harm": 0.0}}})
		m := c.Write(c.Township, thread, "conference", "", met)
		if c.Owed(thread)["guardianship.consider"] != 1 {
			t.Fatalf("the decision calls for intervention and nobody considers it: %v", c.Owed(thread))
		}
		if _, err := c.Try(c.Township, thread, "concluded", m.ID, values{"summary": "x"}); err == nil {
			t.Fatal("it stands without a signature")
		}
		c.Write(c.Officer, thread, "signature", m.ID, values{"agree": "agree"})
		if _, err := c.Try(c.Officer, thread, "signature", m.ID, values{"agree": "agree"}); !fault.Is(err, fault.Conflict) {
			t.Fatalf("one office signed twice: %v", err)
		}
		c.Write(head, thread, "signature", m.ID, values{"agree": "differ", "text": "建议先做心理疏导"})
		if _, err := c.Try(c.Township, thread, "concluded_safe", m.ID, values{"summary": "没有需要"}); !fault.Is(err, fault.Conflict) {
			t.Fatalf("concluded against the decision: %v", err)
		}
		last := c.Write(c.Township, thread, "concluded", m.ID, values{"summary": "监护不足，高风险"})
		if owed := c.Owed(thread); owed["assessment.assess"] != 0 || owed["assistance.plan"] != 1 || c.Stage(thread) != report.Assisting {
			t.Fatalf("%v %s", owed, c.Stage(thread))
		}
		c.Paper(c.Township, thread, "conference_minutes", m.ID)
		c.Paper(c.Township, thread, "assessment_report", last.ID)
	})
}

// What the scale says and what the person says both stand, with the reason.
func TestScale_AnOverrideKeepsBoth(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		answers := map[string]any{}
		pack := c.Policy.Pack.Casework
		s, _ := pack.Scale("general", 0)
		for _, i := range s.Items {
			answers[i.ID] = 0.0
		}
		given := map[string]any{"scale": "general", "version": 1.0, "answers": answers}
		if _, err := c.Try(c.Township, thread, "scale", "", values{"scale": given, "level": "high"}); fault.Of(err).Fields["reason"] == "" {
			t.Fatalf("overridden without a reason: %v", err)
		}
		c.Write(c.Township, thread, "scale", "", values{"scale": given, "level": "high", "reason": "昨天母亲失联"})
		p, err := c.Cases.Page(c.Township, thread)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.Lines, func(l casework.Line) bool { return l.Records[0].Kind == "scale" })
		kept := p.Lines[i].Records[0].Values
		result := kept["scale"].(map[string]any)["result"].(map[string]any)
		if result["level"] != "low" || kept["level"] != "high" || kept["reason"] != "昨天母亲失联" {
			t.Fatalf("%v", kept)
		}
		for name, wrong := range map[string]any{
			"an unknown scale": map[string]any{"scale": "made-up", "version": 1.0, "answers": answers}, "an unknown version": map[string]any{"scale": "general", "version": 9.0, "answers": answers},
			"no answers": map[string]any{"scale": "general", "version": 1.0, "answers": map[string]any{}}, "an answer beyond": map[string]any{"scale": "general", "version": 1.0, "answers": map[string]any{"alone": 9.0}},
		} {
			if _, err := c.Try(c.Township, thread, "scale", "", values{"scale": wrong}); fault.Of(err).Fields["scale"] == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
