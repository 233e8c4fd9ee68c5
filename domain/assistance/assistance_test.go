package assistance_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"shouwang/domain/assessment"
	"shouwang/domain/assistance"
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
		c := caseworktest.New(t, db, emergency.Rules, assessment.Rules, assistance.Rules)
		assistance.NewService(c.Policy, c.Cases)
		thread := c.Open("not_performing")
		c.Write(c.Officer, thread, "township_notice", "", values{"facts": "没人管", "measures": "已到场", "asks": "请评估"})
		m := c.Write(c.Township, thread, "conference", "", values{"held": "2026-11-23T03:00:00Z", "present": "x", "level": "middle", "minutes": "x", "outcome": "assist"})
		c.Write(c.Township, thread, "signature", m.ID, values{"agree": "agree"})
		c.Write(c.Township, thread, "concluded", m.ID, values{"summary": "x"})
		test(t, c, thread)
	})
}

var plan = values{"worker": "社工乙", "goals": "每天有人做饭；按时上学", "measures": "村委会每天看一次", "grade": "week", "review": "2026-12-07", "closing": "母亲返回三个月"}

func TestAssistance_FromThePlanToClosureAndBack(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		agency := c.Unit(account.SocialWorkAgency, "同行社工（虚构）", registrytest.County)
		worker := c.Person("社工乙", authz.SocialWorkAgency, agency)
		p := c.Write(c.Township, thread, "plan", "", plan)
		if owed := c.Owed(thread); owed["assistance.plan"] != 0 || owed["assistance.review"] != 1 {
			t.Fatalf("%v", owed)
		}
		s := c.Write(c.Township, thread, "service", "", values{"unit": agency.ID, "sort": "mind", "goal": "缓解情绪", "until": "2026-12-20"})
		c.Paper(c.Township, thread, "assistance_plan", p.ID)
		r := c.Write(c.Township, thread, "review", p.ID, values{"progress": "已做到", "hazards": "remain", "next": "2026-12-14"})
		closing := values{"met": "母亲已返回", "followup": "2026-12-30"}
		_, err := c.Try(c.Township, thread, "closing", p.ID, closing)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Of(err).Text, "安全隐患还没有排除") || !strings.Contains(fault.Of(err).Text, "转介还没有答复") {
			t.Fatalf("closed against its criteria: %v", err)
		}
		c.Write(worker, thread, "service_accepted", s.ID, values{"worker": "社工乙"})
		c.Write(worker, thread, "service_progress", s.ID, values{"text": "谈了一次"})
		if _, err := c.Try(c.Township, thread, "service_done", s.ID, values{"result": "reached", "text": "x"}); !fault.Is(err, fault.Denied) {
			t.Fatalf("the township ended the agency's service: %v", err)
		}
		c.Write(worker, thread, "service_done", s.ID, values{"result": "reached", "text": "情绪平稳"})
		if owed := c.Owed(thread); owed["assistance.answer"]+owed["assistance.serve"] != 0 {
			t.Fatalf("%v", owed)
		}
		c.Write(c.Township, thread, "review", r.LineID, values{"progress": "全部做到", "hazards": "cleared", "next": "2026-12-21"})
		c.Write(c.Township, thread, "closing", p.ID, closing)
		if owed := c.Owed(thread); c.Stage(thread) != report.Closed || owed["assistance.followup"] != 1 || owed["assistance.review"] != 0 {
			t.Fatalf("%s %v", c.Stage(thread), owed)
		}
		if _, err := c.Try(c.Officer, thread, "contact", "", values{"whom": "father", "way": "call", "result": "refused"}); !fault.Is(err, fault.Conflict) {
			t.Fatalf("written in a closed case: %v", err)
		}
		c.Write(c.Township, thread, "followup", p.ID, values{"seen": "又是一个人", "result": "worse"})
		c.Write(c.Township, thread, "reopening", "", values{"reason": "母亲再次外出"})
		if owed := c.Owed(thread); c.Stage(thread) != report.Assessing || owed["assessment.assess"] != 1 {
			t.Fatalf("%s %v", c.Stage(thread), owed)
		}
		if _, err := c.Try(c.Township, thread, "reopening", "", values{"reason": "再来一次"}); !fault.Is(err, fault.Conflict) {
			t.Fatalf("an open case was opened again: %v", err)
		}
	})
}

// A child who is still searched for, perhaps on a public page, is not closed over.
func TestClosing_NotOverASearchThatGoesOn(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		s := c.Write(c.Officer, thread, "search", "", values{"lost_at": "2026-11-23T01:00:00Z", "lost_where": "x", "looks": "x"})
		c.Write(c.Officer, thread, "poster", s.ID, values{"name": "x", "looks": "x", "lost": "x", "telephone": "110", "until": "2026-11-30"})
		p := c.Write(c.Township, thread, "plan", "", plan)
		c.Write(c.Township, thread, "review", p.ID, values{"progress": "已做到", "hazards": "cleared", "next": "2026-12-14"})
		_, err := c.Try(c.Township, thread, "closing", p.ID, values{"met": "x", "followup": "2026-12-30"})
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Of(err).Text, "失踪查找还没有结束") {
			t.Fatalf("closed over a search: %v", err)
		}
	})
}

// What closed a case, sent again because the answer was lost, is the same record.
func TestClosing_SentAgainIsTheSame(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		p := c.Write(c.Township, thread, "plan", "", plan)
		c.Write(c.Township, thread, "review", p.ID, values{"progress": "已做到", "hazards": "cleared", "next": "2026-12-14"})
		n := casework.NewRecord{ID: uuid.NewString(), Kind: "closing", Line: p.ID, Values: values{"met": "母亲已返回", "followup": "2026-12-30"}}
		for range 2 {
			r, err := c.Cases.Add(c.Township, thread, n)
			if err != nil || r.ID != n.ID {
				t.Fatalf("%+v %v", r, err)
			}
		}
	})
}

// A report that came in while the case was helped is not closed over.
func TestClosing_NotOverAReportNobodyTookUp(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		p := c.Write(c.Township, thread, "plan", "", plan)
		c.Write(c.Township, thread, "review", p.ID, values{"progress": "已做到", "hazards": "cleared", "next": "2026-12-14"})
		_, again := c.File(func(n *report.NewReport) { n.Situations = []string{"violence"} })
		if again != thread {
			t.Fatalf("the second report opened %s", again)
		}
		closing := values{"met": "母亲已返回", "followup": "2026-12-30"}
		if _, err := c.Try(c.Township, thread, "closing", p.ID, closing); !fault.Is(err, fault.Conflict) {
			t.Fatalf("closed over a report that waits: %v", err)
		}
		if err := c.Reports.Reports.Accept(c.Officer, thread); err != nil {
			t.Fatal(err)
		}
		c.Write(c.Township, thread, "closing", p.ID, closing)
	})
}

func TestReferral_IsAnsweredDeclinedOrTakenBack(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		service := values{"unit": c.Relief.ID, "sort": "other", "goal": "x", "until": "2026-12-20"}
		a := c.Write(c.Township, thread, "service", "", service)
		c.Write(c.Keeper, thread, "service_declined", a.ID, values{"reason": "没有床位"})
		if owed := c.Owed(thread); owed["assistance.answer"] != 0 || owed["thread.next"] != 1 {
			t.Fatalf("what was declined is somebody's to arrange: %v", owed)
		}
		b := c.Write(c.Township, thread, "service", "", service)
		c.Write(c.Keeper, thread, "service_accepted", b.ID, values{"worker": "站长甲"})
		c.Write(c.Township, thread, "service_revoked", b.ID, values{"reason": "改由亲属照料"})
		if owed := c.Owed(thread); owed["assistance.serve"] != 0 {
			t.Fatalf("%v", owed)
		}
		if _, err := c.Try(c.Keeper, thread, "service_done", b.ID, values{"result": "reached", "text": "x"}); !fault.Is(err, fault.Stale) {
			t.Fatalf("a service that was taken back is done: %v", err)
		}
	})
}

func TestRelief_WhoIsEligibleAndNotIncludedIsOwed(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		r := c.Write(c.Civil, thread, "relief_check", "", values{"schemes": []any{"unsupported"}, "result": "eligible"})
		if c.Owed(thread)["assistance.include"] != 1 {
			t.Fatalf("%v", c.Owed(thread))
		}
		c.Write(c.Civil, thread, "relief_applied", r.ID, values{"scheme": "事实无人抚养儿童保障", "applied": "2026-11-23"})
		c.Write(c.Civil, thread, "relief_included", r.ID, values{"scheme": "事实无人抚养儿童保障", "since": "2026-12-01", "amount": 1200.0})
		if c.Owed(thread)["assistance.include"] != 0 {
			t.Fatalf("%v", c.Owed(thread))
		}
	})
}

func TestLegalAid_RunsOnTheClocksOfTheLaw(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases, thread string) {
		office := c.Unit(account.Department, "县法律援助中心（虚构）", registrytest.County)
		clerk := c.Person("法援甲", authz.Department, office)
		a := c.Write(c.Township, thread, "legal_aid", "", values{"unit": office.ID, "matter": "申请保护令"})
		due := func(rule string) string {
			d, err := store.One[string](t.Context(), c.DB, `select due_on from duty_duty where rule = ? and state = 'open'`, rule)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if got := due("assistance.aid_decide"); got != "2026-11-30" {
			t.Fatalf("%s", got)
		}
		c.Write(clerk, thread, "legal_aid_decided", a.ID, values{"result": "given"})
		if got := due("assistance.aid_appoint"); got != "2026-11-26" {
			t.Fatalf("%s", got)
		}
		c.Write(clerk, thread, "legal_aid_appointed", a.ID, values{"who": "律师丙"})
	})
}
