package report_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/duty"
	"shouwang/domain/registry/registrytest"
	"shouwang/domain/report"
	"shouwang/domain/report/reporttest"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

type house struct {
	*reporttest.Reports
	t                                 *testing.T
	police, bureau, township, affairs context.Context
}

func open(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{Reports: reporttest.New(t, db, nil), t: t}
	h.police = h.Person("民警甲", authz.Police, h.Station)
	h.bureau = h.Person("民警乙", authz.Police, h.Bureau)
	h.township = h.Person("督导员甲", authz.TownshipSupervisor, h.Unit(account.TownshipGovernment, "外郎乡人民政府（虚构）", registrytest.Town))
	h.affairs = h.Person("民政甲", authz.CivilAffairs, h.Unit(account.CivilAffairs, "县民政局（虚构）", registrytest.County))
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// owed are the open duties of a case, as rule and bearer.
func (h *house) owed(thread string) (out []string) {
	h.t.Helper()
	rows, err := h.Duty.OfThread(reporttest.System(), thread)
	h.must(err)
	for _, d := range rows {
		if d.State == duty.Open {
			out = append(out, d.Rule+" "+d.BearerRole)
		}
	}
	slices.Sort(out)
	return out
}

func (h *house) owes(thread string, want ...string) {
	h.t.Helper()
	slices.Sort(want)
	if got := h.owed(thread); !slices.Equal(got, want) {
		h.t.Fatalf("owed are %v, want %v", got, want)
	}
	if lost := h.Unguarded(); len(lost) > 0 {
		h.t.Fatalf("cases %v are open and nobody owes a next step", lost)
	}
}

func (h *house) page(as context.Context, thread string) *report.Page {
	h.t.Helper()
	p, err := h.Reports.Reports.Page(as, thread)
	h.must(err)
	return p
}

func TestFile_TheReceiptIsProofAndThePoliceOweTheNextStep(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		receipt, thread := h.File()
		if err := crypto.Verify(h.Keys.PublicKey(), receipt.Text(), receipt.Signature); err != nil {
			t.Errorf("the receipt does not verify: %v", err)
		}
		h.owes(thread, "report.accept police", "report.inform civil_affairs")
		got, err := h.Reports.Reports.Progress(context.Background(), receipt.Number, strings.ToLower(receipt.Secret))
		if err != nil || got.State != report.Received {
			t.Errorf("progress is %+v, %v", got, err)
		}
		for _, wrong := range [][2]string{{receipt.Number, "AAAA-AAAA-AAAA-AAAA"}, {"报500235-2026-999999", receipt.Secret}, {receipt.Number, ""}} {
			if _, err := h.Reports.Reports.Progress(context.Background(), wrong[0], wrong[1]); !fault.Is(err, fault.NotFound) {
				t.Errorf("%v opens the progress: %v", wrong, err)
			}
		}
		names, err := store.One[int](context.Background(), db, `select count(*) from journal_line where author like '%过路人%' or author_id <> '' and action = 'report.filed'`)
		if err != nil || names != 0 {
			t.Errorf("%d lines of the journal name the reporter: %v", names, err)
		}
	})
}

func TestFile_SentAgainItIsTheSameReportAndNeverAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		n := reporttest.NewReport()
		first, err := h.Reports.Reports.FilePublic(context.Background(), n, report.Public)
		h.must(err)
		h.Clock.Advance(3 * time.Minute)
		again, err := h.Reports.Reports.FilePublic(context.Background(), n, report.Public)
		h.must(err)
		first.Signature, again.Signature = "", "" // SM2 signs the same text anew each time
		if first != again {
			t.Errorf("sent again it returns %+v, was %+v", again, first)
		}
		n.Content.Account = "完全是另一回事，写在同一个编号下。"
		if _, err := h.Reports.Reports.FilePublic(context.Background(), n, report.Public); !fault.Is(err, fault.Conflict) {
			t.Errorf("another report under the same id: %v", err)
		}
	})
}

func TestFile_ReportsOfOneChildAndInTheSameWordsAreOneCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		_, a := h.File()
		_, same := h.File(func(n *report.NewReport) {
			n.Content.Account = "胳膊上有好几处青紫, 问她 不肯说是怎么来的!"
		})
		if same != a {
			t.Error("the same words opened a second case")
		}
		_, other := h.File(func(n *report.NewReport) { n.Content.Account = "她一个人在家已经三天，没有大人。" })
		if other == a {
			t.Error("other words joined the case by themselves")
		}
		// A person sees that the name is the same, and joins them: nothing is lost.
		h.must(h.Reports.Reports.Accept(h.police, a))
		if p := h.page(h.police, a); len(p.Alike) != 1 || p.Alike[0].ID != other {
			t.Fatalf("alike are %+v", p.Alike)
		}
		child := h.Child("王小花")
		if _, err := h.Reports.Reports.Place(h.police, a, child, ""); err != nil {
			t.Fatal(err)
		}
		standing, err := h.Reports.Reports.Place(h.township, other, child, "")
		h.must(err)
		if standing != a {
			t.Fatalf("the child has two open cases: %s and %s", a, standing)
		}
		h.owes(a, "report.accept police", "report.answer police", "emergency.arrive police", "report.inform civil_affairs")
		p := h.page(h.police, other) // the old number still opens the case
		if p.Row.ID != a || len(p.Reports) != 3 {
			t.Errorf("the case shows %d reports of 3", len(p.Reports))
		}
		desk := reporttest.NewReport(func(n *report.NewReport) { n.ChildID, n.Region = child, "" })
		if _, err := h.Reports.Reports.File(h.township, desk); err != nil {
			t.Fatal(err)
		}
		if p := h.page(h.police, a); len(p.Reports) != 4 {
			t.Errorf("a known child's report went elsewhere: %d", len(p.Reports))
		}
	})
}

func TestAccept_WhatIsNotAcceptedInTimeGoesUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		_, thread := h.File()
		level := func() (level int, late bool) {
			t.Helper()
			for {
				more, err := h.Duty.Tick(reporttest.System())
				h.must(err)
				if !more {
					break
				}
			}
			rows, err := h.Duty.OfThread(reporttest.System(), thread)
			h.must(err)
			for _, d := range rows {
				if d.Rule == "report.accept" {
					return d.Level, d.Late
				}
			}
			t.Fatal("nobody owes the acceptance")
			return 0, false
		}
		h.Clock.Advance(29 * time.Minute)
		if l, late := level(); l != 0 || late {
			t.Errorf("after 29 minutes: level %d, late %v", l, late)
		}
		h.Clock.Advance(2 * time.Minute)
		if l, late := level(); l != 1 || !late { // the county's police
			t.Errorf("after 31 minutes: level %d, late %v", l, late)
		}
		h.Clock.Advance(31 * time.Minute)
		if l, _ := level(); l != 2 { // the conference office
			t.Errorf("after an hour: level %d", l)
		}
		h.must(h.Reports.Reports.Accept(h.police, thread))
		h.owes(thread, "report.answer police", "emergency.arrive police", "report.inform civil_affairs")
	})
}

func TestAnswer_TheReporterIsToldAndMayBeThanked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		receipt, thread := h.File()
		doctor := h.Person("医生甲", authz.Health, h.Unit(account.Hospital, "县医院（虚构）", registrytest.County))
		if _, err := h.Reports.Reports.File(doctor, reporttest.NewReport()); err != nil {
			t.Fatal(err)
		}
		if err := h.Reports.Reports.Answer(h.police, thread, "已经出警处置"); !fault.Is(err, fault.Conflict) {
			t.Fatalf("an answer before acceptance: %v", err)
		}
		h.must(h.Reports.Reports.Accept(h.police, thread))
		h.must(h.Reports.Reports.Inform(h.affairs, thread))
		h.must(h.Reports.Reports.Answer(h.police, thread, "已经出警处置，孩子有人照看。"))
		if got, err := h.Reports.Reports.Progress(context.Background(), receipt.Number, receipt.Secret); err != nil || got.State != report.Answered || got.Answer != "已经出警处置，孩子有人照看。" {
			t.Errorf("the public reporter is told %+v, %v", got, err)
		}
		own, err := h.Reports.Reports.Own(doctor)
		if err != nil || len(own) != 1 || own[0].Answer == "" {
			t.Errorf("the doctor is told %+v, %v", own, err)
		}
		if notices, err := h.Notify.Mine(doctor); err != nil || len(notices) != 1 {
			t.Errorf("the doctor has %d notices, %v", len(notices), err)
		}
		h.owes(thread, "emergency.arrive police", "report.award civil_affairs")

		if _, err := h.Reports.Reports.Reporter(h.affairs, receipt.ID, "发放奖金需要核对"); !fault.Is(err, fault.NotFound) {
			t.Errorf("who is not named opens the reporter: %v", err)
		}
		if _, err := h.Reports.Reports.Reporter(h.police, receipt.ID, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("the reporter opens without a reason: %v", err)
		}
		if who, err := h.Reports.Reports.Reporter(h.police, receipt.ID, "核实现场情况"); err != nil || who.Name != "过路人甲" {
			t.Errorf("the acceptor reads %+v, %v", who, err)
		}
		h.must(h.Reports.Reports.Award(h.affairs, thread, report.NewAward{ReportID: receipt.ID, Kind: "money", Amount: 200, Reason: "报告及时"}))
		if err := h.Reports.Reports.Award(h.affairs, thread, report.NewAward{ReportID: receipt.ID, Kind: "praise", Reason: "报告及时"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("it is rewarded twice: %v", err)
		}
		h.owes(thread, "emergency.arrive police")
	})
}

func TestDecline_NobodyTurnsAReportAwayAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		receipt, thread := h.File()
		if err := h.Reports.Reports.Decline(h.police, thread, " "); !fault.Is(err, fault.Invalid) {
			t.Fatalf("declined without a reason: %v", err)
		}
		h.must(h.Reports.Reports.Decline(h.police, thread, "不在本辖区，也不属于受案范围"))
		h.owes(thread, "report.inform civil_affairs", "report.review civil_affairs")
		if err := h.Reports.Reports.Review(h.police, thread, true, "同意"); err == nil {
			t.Fatal("the police agree with themselves")
		}
		h.must(h.Reports.Reports.Review(h.affairs, thread, false, "应当受理，请出警"))
		h.owes(thread, "report.accept police", "report.inform civil_affairs")
		h.must(h.Reports.Reports.Decline(h.police, thread, "到场核实，查无此事"))
		h.must(h.Reports.Reports.Review(h.affairs, thread, true, "经核实不属于必须报告的情形"))
		h.owes(thread)
		if p := h.page(h.affairs, thread); p.Row.State != report.Closed {
			t.Errorf("the case is %s", p.Row.State)
		}
		if got, err := h.Reports.Reports.Progress(context.Background(), receipt.Number, receipt.Secret); err != nil || got.Answer == "" {
			t.Errorf("the reporter was not told why: %+v %v", got, err)
		}
	})
}

// Found by the simulation of a county-year: what had been joined to a case
// before must be asked for again when that case is joined to a third.
func TestJoin_WhatWasJoinedBeforeIsStillToBeAccepted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		told := func(words string) string {
			_, thread := h.File(func(n *report.NewReport) { n.Content.Account = words })
			return thread
		}
		a, b, c := told("第一户：孩子一个人在家没有大人"), told("第二户：孩子一个人在家没有大人"), told("第三户：孩子一个人在家没有大人")
		h.must(h.Reports.Reports.Join(h.police, a, b))
		h.must(h.Reports.Reports.Accept(h.police, c))
		h.must(h.Reports.Reports.Join(h.police, b, c))
		h.owes(c, "report.accept police", "report.answer police", "emergency.arrive police", "report.inform civil_affairs")
		_, again := h.File(func(n *report.NewReport) { n.Content.Account = "第一户：孩子一个人在家没有大人" })
		if again != c {
			t.Errorf("the words of a joined case opened another")
		}
		h.must(h.Reports.Reports.Accept(h.police, c))
		if p := h.page(h.police, a); p.Row.ID != c || len(p.Reports) != 4 || slices.ContainsFunc(p.Reports, func(r report.Report) bool { return r.State != report.Accepted }) {
			t.Errorf("%d reports, some not accepted: %+v", len(p.Reports), p.Reports)
		}
	})
}

// A report that is looked at again while another of its case is taken up must
// not close the case under those who work on it.
func TestReview_AgreeingDoesNotCloseACaseThatWasTakenUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		_, thread := h.File()
		h.must(h.Reports.Reports.Decline(h.police, thread, "不在本辖区，也不属于受案范围"))
		h.File() // in the same words
		h.must(h.Reports.Reports.Accept(h.police, thread))
		h.must(h.Reports.Reports.Review(h.affairs, thread, true, "前一份不属于受案范围"))
		if p := h.page(h.police, thread); p.Row.State != report.Responding {
			t.Errorf("the case is %s", p.Row.State)
		}
		h.owes(thread, "report.answer police", "emergency.arrive police", "report.inform civil_affairs")
	})
}

func TestPass_TheClockRunsOnAtTheOtherStation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		_, thread := h.File()
		other := h.Unit(account.PoliceStation, "双江派出所（虚构）", registrytest.OtherTown)
		theirs := h.Person("民警丙", authz.Police, other)
		if _, err := h.Reports.Reports.Page(theirs, thread); !fault.Is(err, fault.NotFound) {
			t.Fatalf("the other station sees the case before: %v", err)
		}
		due := h.page(h.police, thread).Row.NextAt
		h.Clock.Advance(20 * time.Minute)
		h.must(h.Reports.Reports.Pass(h.police, thread, other.ID, "孩子住在双江"))
		if p := h.page(theirs, thread); !p.Row.NextAt.Equal(due) || p.Station != other.Name || !slices.Contains(p.Can, "accept") {
			t.Errorf("there it is due %v (was %v) at %s, may %v", p.Row.NextAt, due, p.Station, p.Can)
		}
		h.must(h.Reports.Reports.Accept(theirs, thread))
		h.owes(thread, "report.answer police", "emergency.arrive police", "report.inform civil_affairs")
	})
}

func TestLocked_OnlyThoseNamedReadTheCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		_, thread := h.File(func(n *report.NewReport) { n.Situations, n.Statutory = []string{"harm"}, []int{2} })
		for who, as := range map[string]context.Context{"the township": h.township, "civil affairs": h.affairs, "the bureau": h.bureau} {
			p := h.page(as, thread)
			if !p.Row.Hidden || p.Row.ChildName != "" || len(p.Reports)+len(p.Row.Situations)+len(p.Lines) > 0 {
				t.Errorf("%s reads a locked case: %+v", who, p.Row)
			}
		}
		if err := h.Reports.Reports.Note(h.township, thread, "看看", ""); !fault.Is(err, fault.Denied) {
			t.Errorf("the township writes in a locked case: %v", err)
		}
		h.must(h.Reports.Reports.Accept(h.police, thread))
		if p := h.page(h.police, thread); p.Row.Hidden || len(p.Reports) != 1 || p.Reports[0].Content.Account == "" {
			t.Errorf("who accepted it does not read it: %+v", p.Row)
		}
		if err := h.Reports.Reports.Accept(h.bureau, thread); err == nil {
			t.Error("somebody else lets themselves in by accepting")
		}
		actor, _ := authz.ActorOf(h.affairs)
		if err := h.Reports.Reports.Admit(h.affairs, thread, actor.UserID, "民政需要安置"); !fault.Is(err, fault.Denied) {
			t.Errorf("civil affairs let themselves in: %v", err)
		}
		h.must(h.Reports.Reports.Admit(h.police, thread, actor.UserID, "民政需要安置"))
		if p := h.page(h.affairs, thread); p.Row.Hidden || len(p.Reports) != 1 {
			t.Errorf("who was admitted does not read it: %+v", p.Row)
		}
		rows, err := h.Reports.Reports.List(h.township, report.Filter{Limit: 10})
		if err != nil || len(rows) != 1 || !rows[0].Hidden || rows[0].ChildName != "" || len(rows[0].Situations) > 0 {
			t.Errorf("the township's list shows %+v, %v", rows, err)
		}
		// Everybody named has left: the police may take it up again, nobody else.
		police, _ := authz.ActorOf(h.police)
		for _, u := range []string{police.UserID, actor.UserID} {
			if _, err := h.Accounts.Disable(reporttest.System(), u); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Reports.Reports.FilePublic(context.Background(), reporttest.NewReport(func(n *report.NewReport) {
			n.Situations, n.Statutory = []string{"harm"}, []int{2}
		}), report.Public); err != nil {
			t.Fatal(err)
		}
		h.must(h.Reports.Reports.Accept(h.bureau, thread))
		if p := h.page(h.bureau, thread); p.Row.Hidden || len(p.Reports) != 2 {
			t.Errorf("nobody can read the case any more: %+v", p.Row)
		}
	})
}

func TestOmission_TheOfficeAboveLooksIntoWhatWasNotReported(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		school := h.Unit(account.School, "外郎小学（虚构）", registrytest.Town)
		education := h.Person("教委甲", authz.Education, h.Unit(account.EducationAuthority, "县教委（虚构）", registrytest.County))
		thread := h.Case()
		h.must(h.Reports.Reports.Omit(h.police, thread, report.NewOmission{UnitID: school.ID, KnownOn: "2026-10-08", Text: "班主任十月就见过伤"}))
		h.owes(thread, "report.answer police", "emergency.arrive police", "report.inform civil_affairs", "report.omission education")
		id, err := store.One[string](context.Background(), db, `select id from report_omission`)
		h.must(err)
		if _, err := h.Reports.Reports.Omission(h.township, id); err == nil {
			t.Error("the township concludes about a school")
		}
		o, err := h.Reports.Reports.Omission(education, id)
		if err != nil || o.Text != "班主任十月就见过伤" || o.Unit != school.Name {
			t.Fatalf("education reads %+v, %v", o, err)
		}
		h.must(h.Reports.Reports.Conclude(education, id, "criticism"))
		if err := h.Reports.Reports.Conclude(education, id, "none"); err == nil {
			t.Error("it was concluded twice")
		}
		h.owes(thread, "report.answer police", "emergency.arrive police", "report.inform civil_affairs")
	})
}

func TestFile_WhatACaseSaysStaysOffTheChildsOwnTimeline(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		child := h.Child("王小花")
		before, err := h.Registry.Timeline(reporttest.System(), child, 0)
		h.must(err)
		n := reporttest.NewReport(func(n *report.NewReport) { n.ChildID = child })
		if _, err := h.Reports.Reports.File(h.township, n); err != nil {
			t.Fatal(err)
		}
		after, err := h.Registry.Timeline(reporttest.System(), child, 0)
		h.must(err)
		if len(after) != len(before) {
			t.Errorf("the child's timeline tells of the report: %+v", after[0])
		}
		teacher := registrytest.As(authz.SchoolLeader, registrytest.Town)
		rows, err := h.Duty.List(teacher, duty.Filter{Limit: 50}, nil)
		h.must(err)
		for _, r := range rows {
			if r.ThreadID != "" {
				t.Errorf("a school's list of duties tells of a case: %s", r.Rule)
			}
		}
	})
}

type brokenSpool struct{ full bool }

func (s *brokenSpool) Append(context.Context, string, []byte) error {
	if s.full {
		return errors.New("no space left")
	}
	return nil
}

func TestFile_WithoutTheSecondCopyNothingIsAcknowledged(t *testing.T) {
	spool := &brokenSpool{full: true}
	r := reporttest.New(t, storetest.SQLite(t), spool)
	n := reporttest.NewReport()
	if _, err := r.Reports.FilePublic(context.Background(), n, report.Public); err == nil {
		t.Fatal("a report was acknowledged without its second copy")
	}
	spool.full = false
	if _, err := r.Reports.FilePublic(context.Background(), n, report.Public); err != nil {
		t.Fatalf("sent again: %v", err)
	}
}

func TestAddFile_OnlyKnownKindsAndWithTheReceipt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		receipt, thread := h.File()
		pdf := []byte("%PDF-1.4 虚构的病历")
		ctx := context.Background()
		for name, try := range map[string]struct {
			secret string
			body   []byte
		}{"a program": {receipt.Secret, []byte("MZ\x90\x00 not a photograph")}, "nothing": {receipt.Secret, nil}, "a wrong secret": {"AAAA-AAAA-AAAA-AAAA", pdf},
			"a page": {receipt.Secret, []byte("<html><script>alert(1)</script>")}} {
			if err := h.Reports.Reports.AddReportFile(ctx, receipt.Number, try.secret, uuid.NewString(), try.body); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		id := uuid.NewString()
		h.must(h.Reports.Reports.AddReportFile(ctx, receipt.Number, receipt.Secret, id, pdf))
		h.must(h.Reports.Reports.AddReportFile(ctx, receipt.Number, receipt.Secret, id, pdf)) // sent again
		h.must(h.Reports.Reports.Accept(h.police, thread))
		if p := h.page(h.police, thread); len(p.Reports[0].Files) != 1 {
			t.Fatalf("the case shows %d files", len(p.Reports[0].Files))
		}
		_, got, err := h.Reports.Reports.ReadFile(h.police, id, true)
		if err != nil || string(got) != string(pdf) {
			t.Errorf("the file reads %q, %v", got, err)
		}
		if _, _, err := h.Reports.Reports.ReadFile(registrytest.As(authz.ClassTeacher, registrytest.Town), id, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("a teacher reads the evidence: %v", err)
		}
	})
}

// In a village a number is a name: how many cases it has is told only to who
// answers for protection.
func TestFigures_OfAVillageTellItsDirectorNothingOfCases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := reporttest.New(t, db, nil)
		r.File()
		shown := func(role authz.Role, post, at string) map[string]int {
			o, err := r.Registry.Overview(registrytest.As(role, post), at)
			if err != nil {
				t.Fatal(err)
			}
			return o.Figures
		}
		if f := shown(authz.TownshipSupervisor, registrytest.Town, registrytest.Village); f["thread/open"] != 1 {
			t.Fatalf("who answers for protection is told %v", f)
		}
		if f := shown(authz.VillageDirector, registrytest.Village, registrytest.Village); f["thread/open"] != 0 {
			t.Fatalf("the director is told %v", f)
		}
	})
}
