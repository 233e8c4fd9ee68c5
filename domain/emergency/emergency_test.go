package emergency_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/casework"
	"shouwang/domain/casework/caseworktest"
	"shouwang/domain/duty"
	"shouwang/domain/emergency"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/report"
	"shouwang/domain/report/reporttest"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/web"
)

type values = caseworktest.Values

func each(t *testing.T, test func(t *testing.T, c *caseworktest.Cases)) {
	t.Helper()
	withSite(t, func(t *testing.T, c *caseworktest.Cases, _ http.Handler) { test(t, c) })
}

// withSite is each with the pages that anybody may open.
func withSite(t *testing.T, test func(t *testing.T, c *caseworktest.Cases, site http.Handler)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := caseworktest.New(t, db, emergency.Rules)
		s := emergency.NewService(db, c.Cases, c.Reports.Reports, c.Notify, c.Journal, c.Clock, c)
		mux := http.NewServeMux()
		api := web.New(mux, c.Rules, "test")
		s.Routes(api)
		if err := api.Err(); err != nil {
			t.Fatal(err)
		}
		test(t, c, web.Chain(mux, func(*http.Request) (authz.Actor, bool, error) { return authz.Actor{}, false, nil }))
	})
}

func get(site http.Handler, path string) (int, string, http.Header) {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String(), w.Header()
}

var arrival = values{"sent": "2026-11-23T04:05:00Z", "officers": "民警甲、民警乙", "safe": "safe", "done": "孩子独自在家，已带到邻居家。"}

func order(until string) values {
	return values{"whom": "both", "served": "phone", "demand": "return", "until": until}
}

func (f fields) has(t *testing.T, err error) {
	t.Helper()
	got := fault.Of(err)
	for _, key := range f {
		if got.Fields[key] == "" {
			t.Fatalf("%s is not said to be wrong: %+v", key, got.Fields)
		}
	}
}

type fields []string

func TestAdd_ACaseOfLivingAloneFromArrivalToTheTownship(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("alone")
		if c.Owed(thread)["emergency.arrive"] != 1 {
			t.Fatalf("nobody owes an arrival: %v", c.Owed(thread))
		}
		c.Write(c.Officer, thread, "arrival", "", arrival)
		if owed := c.Owed(thread); owed["emergency.arrive"] != 0 || owed["emergency.notice"] != 1 {
			t.Fatalf("after the arrival: %v", owed)
		}
		o := c.Write(c.Officer, thread, "return_order", "", order("2026-11-25"))
		if owed := c.Owed(thread); owed["emergency.verify"] != 1 || owed["guardianship.admonish"] != 1 {
			t.Fatalf("after the order: %v", owed)
		}
		v := c.Write(c.Officer, thread, "return_verified", o.ID, values{"reply": "说厂里走不开", "result": "not"})
		if owed := c.Owed(thread); owed["emergency.verify"] != 1 {
			t.Fatalf("what was not done is looked at again: %v", owed)
		}
		if v.LineID != o.ID || v.Place != 1 {
			t.Fatalf("the verification stands elsewhere: %+v", v)
		}
		c.Write(c.Officer, thread, "return_verified", o.ID, values{"reply": "母亲已到家", "result": "returned"})
		if owed := c.Owed(thread); owed["emergency.verify"] != 0 {
			t.Fatalf("it was verified: %v", owed)
		}
		c.Write(c.Officer, thread, "township_notice", "", values{"facts": "独居三天", "measures": "责令返回", "asks": "请评估"})
		if owed := c.Owed(thread); owed["emergency.notice"] != 0 || owed["assessment.assess"] != 1 || c.Stage(thread) != report.Assessing {
			t.Fatalf("the notice opens the assessment by itself: %v %s", owed, c.Stage(thread))
		}
	})
}

// What was done in time is kept in time, though it was written down three hours
// later; and what was done late is late, though it was written down at once.
func TestAdd_AnOfficerActsFirstAndWritesDownAfter(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		for name, late := range map[string]struct {
			after time.Duration
			want  bool
		}{"in time": {20 * time.Minute, false}, "late": {90 * time.Minute, true}} {
			thread := c.Open("alone")
			accepted := c.Clock.Now()
			c.Clock.Advance(3 * time.Hour)
			_, err := c.Cases.Add(c.Officer, thread, casework.NewRecord{ID: uuid.NewString(), Kind: "arrival", DoneAt: accepted.Add(late.after), Values: values{
				"sent": accepted.Format(time.RFC3339), "officers": "民警甲", "safe": "safe", "done": "已到场"}})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := c.Duty.OfThread(reporttest.System(), thread)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(rows, func(d duty.Row) bool { return d.Rule == "emergency.arrive" })
			if rows[i].Late != late.want || rows[i].State != duty.Discharged {
				t.Errorf("%s: %+v", name, rows[i].Duty)
			}
		}
	})
}

func TestAdd_WhatIsWrongIsSaidAtItsFieldAndNothingIsKept(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("alone")
		_, err := c.Try(c.Officer, thread, "return_order", "", values{"whom": "uncle", "served": "phone", "until": "明天"})
		fields{"whom", "demand", "until"}.has(t, err)
		_, err = c.Try(c.Officer, thread, "contact", "", values{"whom": "father", "way": "call", "result": "refused", "made_up": "x"})
		fields{"values"}.has(t, err)
		_, err = c.Cases.Add(c.Officer, thread, casework.NewRecord{ID: uuid.NewString(), Kind: "arrival", DoneAt: c.Clock.Now().Add(time.Hour), Values: arrival})
		fields{"done_at"}.has(t, err)
		_, err = c.Try(c.Officer, thread, "arrival", "", values{"sent": "2026-11-23T04:05:00Z", "officers": strings.Repeat("长", 101), "safe": "safe", "done": " "})
		fields{"officers", "done"}.has(t, err)
		if _, err := c.Try(c.Officer, thread, "nothing", "", nil); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if n, err := store.One[int](context.Background(), c.DB, `select count(*) from casework_record`); err != nil || n != 0 {
			t.Fatalf("%d records are kept %v", n, err)
		}
	})
}

func TestAdd_ALineGoesOnlyWhereTheTableLeads(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("alone")
		o := c.Write(c.Officer, thread, "return_order", "", order("2026-11-25"))
		for kind, line := range map[string]string{"return_verified": "", "found": o.ID, "arrival": o.ID} {
			if _, err := c.Try(c.Officer, thread, kind, line, values{"reply": "x", "result": "returned", "where": "x", "condition": "x",
				"sent": "2026-11-23T04:05:00Z", "officers": "x", "safe": "safe", "done": "x"}); err == nil {
				t.Errorf("%s stands on the line %q", kind, line)
			}
		}
		other := c.Open("alone")
		if _, err := c.Try(c.Officer, other, "return_verified", o.ID, values{"reply": "x", "result": "returned"}); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a line of another case: %v", err)
		}
		// No statement can make another move either.
		err := store.Do(context.Background(), c.DB, func(tx *store.Tx) error {
			_, err := store.Exec(context.Background(), tx, `
				insert into casework_record (id, thread_id, line_id, place, prior_kind, kind, region, sealed, author, done_at, done_on, recorded_at)
				values ('x', ?, ?, 1, 'return_order', 'found', ?, ?, '', 1, '2026-11-23', 1)`, thread, o.ID, registrytest.Village, []byte{1})
			return err
		})
		if !store.IsMissingParent(err) {
			t.Fatalf("the database let it through: %v", err)
		}
	})
}

func TestAdd_TheSameSentTwiceIsOneRecord(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("alone")
		n := casework.NewRecord{ID: uuid.NewString(), Kind: "contact", Values: values{"whom": "father", "way": "call", "result": "unanswered"}}
		for range 2 {
			if _, err := c.Cases.Add(c.Officer, thread, n); err != nil {
				t.Fatal(err)
			}
		}
		if count, err := store.One[int](context.Background(), c.DB, `select count(*) from casework_record`); err != nil || count != 1 {
			t.Fatalf("%d %v", count, err)
		}
		n.Kind = "arrival"
		if _, err := c.Cases.Add(c.Officer, thread, n); !fault.Is(err, fault.Conflict) {
			t.Fatalf("another record under its id: %v", err)
		}
	})
}

// An escort is complete when the receiver says so: nobody else can, and until
// then the receiver owes it.
func TestEscort_IsHandedOverByBothSides(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("not_performing")
		stranger := c.Person("外人", authz.Relief, c.Unit(account.ReliefInstitution, "别的救助站（虚构）", registrytest.County))
		e := c.Write(c.Officer, thread, "escort", "", values{"unit": c.Relief.ID, "to": "relief", "receiver": "站长甲", "health": "有些感冒", "told": true})
		if owed := c.Owed(thread); owed["emergency.receive"] != 1 {
			t.Fatalf("%v", owed)
		}
		received := values{"health": "低烧，已看医生"}
		for name, who := range map[string]context.Context{"the officer": c.Officer, "another institution": stranger, "the township": c.Township} {
			if _, err := c.Try(who, thread, "escort_received", e.ID, received); err == nil {
				t.Errorf("%s received the child for the institution", name)
			}
		}
		c.Write(c.Keeper, thread, "escort_received", e.ID, received)
		owed := c.Owed(thread)
		if owed["emergency.receive"] != 0 || owed["guardianship.care"] != 1 || owed["emergency.restore"] != 1 {
			t.Fatalf("after the hand-over: %v", owed)
		}
		c.Write(c.Officer, thread, "parents_notified", e.ID, values{"whom": "father", "way": "call", "result": "unreachable"})
		c.Write(c.Officer, thread, "guardianship_restored", e.ID, values{"how": "parents", "who": "母亲"})
		if c.Owed(thread)["emergency.restore"] != 0 {
			t.Fatal("guardianship is restored and still owed")
		}
		c.Paper(c.Officer, thread, "handover", e.ID)
	})
}

// A unit that was asked in reads what it was asked and what it answered.
func TestPage_AUnitReadsItsOwnLineAndNoOther(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("alone")
		c.Write(c.Officer, thread, "arrival", "", values{"sent": "2026-11-23T04:05:00Z", "officers": "民警甲", "safe": "safe", "done": "金丝雀甲"})
		a := c.Write(c.Officer, thread, "assist_request", "", values{"unit": c.Relief.ID, "what": "请说明去年的接收情况"})
		p, err := c.Cases.Page(c.Keeper, thread)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Lines) != 1 || p.Lines[0].ID != a.ID || !slices.Contains(p.Lines[0].Next, "assist_answer") || len(p.Suggested) != 0 {
			t.Fatalf("%+v", p)
		}
		c.Write(c.Keeper, thread, "assist_answer", a.ID, values{"statement": "去年接收过一次"})
		if c.Owed(thread)["emergency.assist"] != 0 {
			t.Fatal("the answer is still owed")
		}
		whole, err := c.Cases.Page(c.Officer, thread)
		if err != nil || len(whole.Lines) != 2 {
			t.Fatalf("%+v %v", whole, err)
		}
		far := c.Person("远处督导员", authz.TownshipSupervisor, c.Unit(account.TownshipGovernment, "双江街道办（虚构）", registrytest.OtherTown))
		if _, err := c.Cases.Page(far, thread); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a neighbour reads the case: %v", err)
		}
	})
}

func TestPage_ThePlaybookSuggestsAndADeviationIsExplained(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("violence")
		suggested := func() []string {
			p, err := c.Cases.Page(c.Officer, thread)
			if err != nil {
				t.Fatal(err)
			}
			return p.Suggested
		}
		if got := suggested(); got[0] != "arrival" || !slices.Contains(got, "warning") {
			t.Fatalf("%v", got)
		}
		// Out of the order of the playbook, and nothing stands in the way.
		c.Write(c.Officer, thread, "treatment", "", values{"where": "县人民医院（虚构）", "finding": "软组织挫伤"})
		c.Write(c.Officer, thread, "deviation", "", values{"step": "warning", "reason": "加害人在逃，找到后再送达"})
		if got := suggested(); slices.Contains(got, "treatment") || slices.Contains(got, "warning") || got[0] != "arrival" {
			t.Fatalf("%v", got)
		}
	})
}

func TestPage_CostsTheSameForOneRecordAndForThirty(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("missing")
		said := values{"whom": "father", "way": "call", "result": "unanswered"}
		cost := func() int64 {
			ctx, n := store.WithCount(c.Officer)
			if _, err := c.Cases.Page(ctx, thread); err != nil {
				t.Fatal(err)
			}
			return n.Load()
		}
		c.Write(c.Officer, thread, "contact", "", said)
		one := cost()
		for range 29 {
			c.Write(c.Officer, thread, "contact", "", said)
		}
		c.Write(c.Officer, thread, "assist_request", "", values{"unit": c.Relief.ID, "what": "x"})
		if thirty := cost(); thirty > one || one > 12 {
			t.Errorf("%d statements for one record, %d for thirty", one, thirty)
		}
	})
}

func TestCorrect_BothStandAndOnlyTheOwnOfficeCorrects(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("alone")
		r := c.Write(c.Officer, thread, "contact", "", values{"whom": "father", "way": "call", "result": "refused", "said": "号码写错了"})
		right := values{"whom": "father", "way": "call", "result": "unanswered"}
		if err := c.Cases.Correct(c.Civil, r.ID, casework.NewCorrection{ID: uuid.NewString(), Reason: "写错了结果", Values: values{}}); err == nil {
			t.Fatal("another office corrected it")
		}
		asked := c.Write(c.Officer, thread, "assist_request", "", values{"unit": c.Relief.ID, "what": "x"})
		fields{"what"}.has(t, c.Cases.Correct(c.Officer, asked.ID, casework.NewCorrection{ID: uuid.NewString(), Reason: "写错了内容"}))
		fields{"reason"}.has(t, c.Cases.Correct(c.Officer, r.ID, casework.NewCorrection{ID: uuid.NewString(), Reason: " ", Values: right}))
		if err := c.Cases.Correct(c.Officer, r.ID, casework.NewCorrection{ID: uuid.NewString(), Reason: "写错了结果", Values: right}); err != nil {
			t.Fatal(err)
		}
		p, err := c.Cases.Page(c.Officer, thread)
		if err != nil {
			t.Fatal(err)
		}
		got := p.Lines[slices.IndexFunc(p.Lines, func(l casework.Line) bool { return l.ID == r.ID })].Records[0]
		if got.Values["result"] != "unanswered" || len(got.Corrected) != 1 || got.Corrected[0].Values["result"] != "refused" || got.Corrected[0].Reason != "写错了结果" {
			t.Fatalf("%+v", got)
		}
	})
}

func TestSearch_IsBroadcastWithoutANameAndEndsFound(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("missing")
		village := c.Unit(account.VillageCommittee, "大花村（虚构）", registrytest.Village)
		c.Person("村主任甲", authz.VillageDirector, village)
		s := c.Write(c.Officer, thread, "search", "", values{"lost_at": "2026-11-23T01:00:00Z", "lost_where": "学校门口", "looks": "红色外套，一米三"})
		c.Write(c.Officer, thread, "broadcast", s.ID, values{"scope": "town", "text": "王小花，十岁", "unit": c.Relief.ID})
		if n, err := store.One[int](context.Background(), c.DB, `select count(*) from notify_notice n join account_user u on u.id = n.user_id where u.username = '站长甲' and n.once like 'search/%'`); err != nil || n != 1 {
			t.Fatalf("the unit was not told: %d %v", n, err)
		}
		told, err := store.All[string](context.Background(), c.DB, `select text from notify_notice where once like 'search/%'`)
		if err != nil || len(told) != 2 || strings.Contains(told[0]+told[1], "王小花") {
			t.Fatalf("%v %v", told, err)
		}
		c.Write(c.Officer, thread, "search_progress", s.ID, values{"text": "查了车站"})
		if c.Owed(thread)["emergency.search"] != 1 {
			t.Fatal("a search that goes on owes its next word")
		}
		c.Write(c.Officer, thread, "found", s.ID, values{"where": "外婆家", "condition": "平安"})
		if c.Owed(thread)["emergency.search"] != 0 {
			t.Fatal("found and still searched")
		}
	})
}

// The one page that shows a child to the public: while the search goes on, no
// longer, and nothing that was not written for it.
func TestPoster_IsShownUntilItsDayOrUntilTheChildIsFound(t *testing.T) {
	withSite(t, func(t *testing.T, c *caseworktest.Cases, site http.Handler) {
		thread := c.Open("missing")
		c.Write(c.Officer, thread, "arrival", "", values{"sent": "2026-11-23T04:05:00Z", "officers": "民警甲", "safe": "absent", "done": "金丝雀经过"})
		s := c.Write(c.Officer, thread, "search", "", values{"lost_at": "2026-11-23T01:00:00Z", "lost_where": "金丝雀住址", "looks": "一米三"})
		photo := uuid.NewString()
		var drawn bytes.Buffer
		if err := jpeg.Encode(&drawn, image.NewRGBA(image.Rect(0, 0, 40, 40)), nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Reports.Reports.AddFile(c.Officer, thread, photo, drawn.Bytes()); err != nil {
			t.Fatal(err)
		}
		says := func(until string) values {
			return values{"name": "小花", "looks": "红色外套<script>", "lost": "学校门口", "telephone": "023-00000000", "until": until, "photo": photo}
		}
		for _, until := range []string{"2026-11-22", "2026-12-09"} {
			_, err := c.Try(c.Officer, thread, "poster", s.ID, says(until))
			fields{"until"}.has(t, err)
		}
		other := says("2026-11-30")
		other["photo"] = uuid.NewString()
		_, err := c.Try(c.Officer, thread, "poster", s.ID, other)
		fields{"photo"}.has(t, err)
		made := says("2026-11-30")
		made["page"] = "/missing/mine"
		_, err = c.Try(c.Officer, thread, "poster", s.ID, made)
		fields{"page"}.has(t, err)

		p := c.Write(c.Officer, thread, "poster", s.ID, says("2026-11-30"))
		page := p.Values["page"].(string)
		status, body, header := get(site, page)
		if status != http.StatusOK || !strings.Contains(body, "小花") || strings.Contains(body, "<script>") || header.Get("Cache-Control") != "no-store" || !strings.Contains(header.Get("X-Robots-Tag"), "noindex") {
			t.Fatalf("%d %s %v", status, body, header)
		}
		for _, secret := range []string{"金丝雀", "王小花", "民警甲", thread, photo} {
			if strings.Contains(body, secret) {
				t.Errorf("the public reads %q", secret)
			}
		}
		if status, body, header := get(site, page+"/photo"); status != http.StatusOK || header.Get("Content-Type") != "image/jpeg" || len(body) == 0 {
			t.Fatalf("%d %v", status, header)
		}
		if status, body, _ := get(site, "/missing/"+strings.Repeat("a", 32)); status != http.StatusGone || strings.Contains(body, "小花") {
			t.Fatalf("a made-up address: %d", status)
		}
		village := c.Unit(account.VillageCommittee, "大花村（虚构）", registrytest.Village)
		c.Person("村主任甲", authz.VillageDirector, village)
		c.Write(c.Officer, thread, "broadcast", s.ID, values{"scope": "town", "text": "请留意"})
		if link, err := store.One[string](context.Background(), c.DB, `select link from notify_notice where once like 'search/%'`); err != nil || link != page {
			t.Fatalf("the village is shown %q %v", link, err)
		}
		c.Clock.Advance(8 * 24 * time.Hour)
		if status, _, _ := get(site, page); status != http.StatusGone {
			t.Fatalf("after its day: %d", status)
		}
		again := c.Write(c.Officer, thread, "poster", s.ID, says("2026-12-10")).Values["page"].(string)
		if status, _, _ := get(site, again); status != http.StatusOK || again == page {
			t.Fatalf("%d %s", status, again)
		}
		c.Write(c.Officer, thread, "found", s.ID, values{"where": "外婆家", "condition": "平安"})
		for _, path := range []string{again, again + "/photo"} {
			if status, body, _ := get(site, path); status < 400 || strings.Contains(body, "小花") {
				t.Fatalf("found and still shown: %d", status)
			}
		}
	})
}

// Found is found, whichever of two joined cases the poster was made in.
func TestPoster_OfAJoinedCaseComesDownToo(t *testing.T) {
	withSite(t, func(t *testing.T, c *caseworktest.Cases, site http.Handler) {
		_, first := c.File(func(n *report.NewReport) { n.Situations, n.Content.ChildName = []string{"missing"}, "" })
		if err := c.Reports.Reports.Accept(c.Officer, first); err != nil {
			t.Fatal(err)
		}
		second := c.Open("missing") // whose child is known
		lost := values{"lost_at": "2026-11-23T01:00:00Z", "lost_where": "学校门口", "looks": "一米三"}
		s := c.Write(c.Officer, first, "search", "", lost)
		page := c.Write(c.Officer, first, "poster", s.ID, values{"name": "小花", "looks": "红外套", "lost": "学校门口", "telephone": "023-00000000", "until": "2026-11-30"}).Values["page"].(string)
		if err := c.Reports.Reports.Join(c.Officer, first, second); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := get(site, page); status != http.StatusOK {
			t.Fatalf("joined, and the search goes on: %d", status)
		}
		again := c.Write(c.Officer, second, "search", "", lost)
		c.Write(c.Officer, second, "found", again.ID, values{"where": "外婆家", "condition": "平安"})
		if status, body, _ := get(site, page); status != http.StatusGone || strings.Contains(body, "小花") {
			t.Fatalf("found and still shown: %d", status)
		}
	})
}

func TestAdd_OfALockedCaseIsForThoseItNames(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		_, thread := c.File(func(n *report.NewReport) { n.Situations, n.Statutory = []string{"harm"}, []int{1} })
		if err := c.Reports.Reports.Accept(c.Officer, thread); err != nil {
			t.Fatal(err)
		}
		other := c.Person("民警乙", authz.Police, c.Station)
		stop := values{"kind": "sexual", "done": "已分开并报县局"}
		if _, err := c.Try(other, thread, "stopping", "", stop); !fault.Is(err, fault.Denied) {
			t.Fatalf("a colleague who is not named: %v", err)
		}
		if _, err := c.Cases.Page(other, thread); !fault.Is(err, fault.Denied) {
			t.Fatalf("a colleague who is not named: %v", err)
		}
		c.Write(c.Officer, thread, "stopping", "", stop)
	})
}

func TestPapers_OfTheEmergency(t *testing.T) {
	each(t, func(t *testing.T, c *caseworktest.Cases) {
		thread := c.Open("violence")
		c.Write(c.Officer, thread, "arrival", "", arrival)
		c.Paper(c.Officer, thread, "return_order", c.Write(c.Officer, thread, "return_order", "", order("2026-11-25")).ID)
		c.Paper(c.Officer, thread, "warning_letter", c.Write(c.Officer, thread, "warning", "", values{"whom": "王某（虚构）", "relation": "父亲", "act": "用皮带抽打", "served": "signed"}).ID)
		c.Paper(c.Officer, thread, "notice_township", c.Write(c.Officer, thread, "township_notice", "", values{"facts": "父亲打孩子", "measures": "告诫", "asks": "请评估监护"}).ID)
	})
}
