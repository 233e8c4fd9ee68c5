package app_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shouwang/app"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// The rights of the program a second time, read from the Chinese descriptions
// of the roles and not from the rules, and evaluated by other code: where the
// two differ, one of them is wrong.

// work is what a person does in their job, in the words of the descriptions.
type work string

const (
	look      work = "看档案"  // lists of children and their files
	unmask    work = "看证件号" // one sealed value, for a reason
	keep      work = "建档"   // enter, correct, hand over to another village
	strike    work = "退出台账" // take off the register, put back
	goVisit   work = "走访"   // record a visit
	readVisit work = "看走访"  // what was found and said
	planVisit work = "走访安排" // who is to be visited
	seeDuty   work = "看任务"
	seeDanger work = "看别的岗位在案件里的任务"
	handDuty  work = "转交任务"
	roster    work = "导入名册"
	seeUnits  work = "看单位"
	keepUnits work = "管单位"
	seePosts  work = "看人员"
	keepPosts work = "管人员"
	audit     work = "看日志"
	oneself   work = "自己的事"

	raise       work = "强制报告"
	receive     work = "受理报告、告知结果"
	second      work = "复核不予受理"
	note        work = "知悉报告"
	seeCase     work = "看案件"
	handleCase  work = "办案件"
	behindLock  work = "看限阅案件"
	reporter    work = "看报告人"
	thank       work = "奖励报告人"
	lookBack    work = "登记漏报"
	concludeFor work = "核查漏报"
	partnerKeys work = "管单位系统密钥"

	readFile    work = "看一份档案" // as look, and for a while in an emergency
	openFile    work = "紧急查阅"
	seeOpenings work = "看紧急查阅"
	judge       work = "审查紧急查阅"
	attach      work = "给案件添加材料"
	ownLine     work = "看交给本单位的办案记录"
	rescue      work = "应急处置"
	answerFor   work = "协助、接收、服务"
	speak       work = "发表意见、通知父母"
	lead        work = "牵头评估帮扶"
	careFor     work = "临时照料"
	placeChild  work = "安置儿童"
)

// workOf says what each action is for. An action of these mechanisms that is
// not here fails the test: nobody has said whose work it is.
var workOf = map[string]work{
	"child.list": look, "child.read": readFile, "file.open": openFile, "file.openings": seeOpenings, "file.review": judge,
	"thread.attach": attach, "casework.words": oneself, "casework.own": ownLine, "casework.read": handleCase,
	"emergency.record": rescue, "emergency.assist": answerFor, "emergency.receive": answerFor, "emergency.notify": speak,
	"assessment.lead": lead, "assessment.opine": speak, "assistance.lead": lead, "assistance.relief": lead, "assistance.serve": answerFor,
	"guardianship.police": rescue, "guardianship.record": handleCase, "guardianship.dossier": handleCase, "guardianship.help": answerFor,
	"guardianship.care": careFor, "guardianship.place": placeChild, "guardianship.petition": lead,
	"child.reveal": unmask,
	"child.add":    keep, "child.change": keep, "child.move": keep, "move.list": keep, "child.leave": strike,
	"visit.record": goVisit, "visit.read": readVisit, "visit.due": planVisit,
	"duty.list": seeDuty, "duty.confined": seeDanger, "duty.hand": handDuty,
	"import.add": roster, "import.read": roster, "import.decide": roster, "import.undo": roster,
	"report.file": raise, "report.own": oneself, "report.accept": receive, "report.review": second, "report.inform": note,
	"report.reporter": reporter, "report.award": thank, "report.omission": lookBack, "report.conclude": concludeFor, "agency.change": partnerKeys,
	"thread.list": seeCase, "thread.read": seeCase, "thread.change": handleCase, "thread.locked": behindLock,
	"organisation.list": seeUnits, "organisation.change": keepUnits,
	"user.list": seePosts, "user.change": keepPosts, "journal.list": audit, "session.own": oneself,
}

// job is what one role does where it serves, for whom on its own list, in a case
// its unit was asked into, with what is its unit's own, and in a compartment
// that names the person.
type job struct {
	inPlace []work
	forRoll []work
	inCase  []work
	ofUnit  []work
	byName  []work
}

// jobs, role by role, each after its description. Whoever holds a post that sees
// children reports one in danger; a case is seen by who answers for it, by units
// asked into it, and behind its lock by those it names.
var jobs = map[authz.Role]job{
	// 负责本村（社区）儿童：建档、走访、报告
	authz.VillageDirector: {forRoll: []work{openFile}, inPlace: []work{openFile, look, unmask, keep, goVisit, readVisit, planVisit, seeDuty, raise}, inCase: []work{careFor, attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 管理本乡镇台账，指导各村儿童主任，处理待核实的数据和逾期任务: strikes off and hands
	// over what a director may not alone; visits where a village has no director
	// (the demonstration leaves one vacant); looks up whom to call.
	authz.TownshipSupervisor: {forRoll: []work{openFile}, inPlace: []work{openFile, lead, answerFor, speak, careFor, attach, ownLine, seeOpenings, judge, look, unmask, keep, strike, goVisit, readVisit, planVisit, seeDuty, seeDanger, handDuty, roster, seeUnits, seePosts,
		raise, seeCase, handleCase, lookBack}, byName: []work{readFile, behindLock}},
	// 牵头全县工作：导入名册、核对数据、指导乡镇: does not visit.
	authz.CivilAffairs: {inPlace: []work{lead, answerFor, speak, careFor, placeChild, attach, ownLine, seeOpenings, judge, look, unmask, keep, strike, readVisit, planVisit, seeDuty, seeDanger, handDuty, roster, seeUnits, seePosts,
		raise, second, note, thank, lookBack, concludeFor, seeCase, handleCase}, byName: []work{behindLock, reporter}},
	// 掌握在校留守儿童和控辍保学情况: of the whole county, since who has dropped out is on no
	// school's list. The law has it told of what is done to pupils.
	authz.Education: {forRoll: []work{openFile}, inPlace: []work{openFile, look, seeDuty, raise, note, concludeFor}, inCase: []work{attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 掌握本校留守学生情况，落实学校职责
	authz.SchoolLeader: {forRoll: []work{openFile, look, seeDuty}, ofUnit: []work{seeDuty}, inPlace: []work{openFile, raise}, inCase: []work{attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 联系本班留守学生及其家长
	authz.ClassTeacher: {forRoll: []work{openFile, look, seeDuty}, ofUnit: []work{seeDuty}, inPlace: []work{openFile, raise}, inCase: []work{attach, seeCase}, byName: []work{readFile, behindLock}},
	// 接收报告，应急处置；查询档案须说明事由
	authz.Police: {forRoll: []work{openFile}, inPlace: []work{openFile, rescue, speak, attach, ownLine, look, unmask, seeDuty, seeDanger, raise, receive, thank, lookBack, seeCase, handleCase}, inCase: []work{rescue, attach, ownLine, answerFor, speak, receive, seeCase, handleCase}, byName: []work{readFile, behindLock, reporter}},
	// 强制报告，协助评估; the health authority looks into what its hospitals left undone.
	authz.Health: {forRoll: []work{openFile}, ofUnit: []work{seeDuty, concludeFor}, inPlace: []work{openFile, raise}, inCase: []work{attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 临时照料和临时监护
	authz.Relief: {forRoll: []work{openFile}, ofUnit: []work{seeDuty}, inPlace: []work{openFile, raise}, inCase: []work{careFor, attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 开展关爱服务，只看开展活动必需的信息
	authz.MassOrganisation: {forRoll: []work{openFile}, ofUnit: []work{seeDuty}, inPlace: []work{openFile, raise}, inCase: []work{attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 为名单内的儿童提供专业服务
	authz.SocialWorkAgency: {forRoll: []work{openFile, look, goVisit, readVisit, seeDuty}, ofUnit: []work{seeDuty}, inPlace: []work{openFile, raise}, inCase: []work{attach, ownLine, answerFor, speak, seeCase}, byName: []work{readFile, behindLock}},
	// 只看统计数字
	authz.Department: {ofUnit: []work{seeDuty}, inPlace: []work{raise}, inCase: []work{careFor, attach, ownLine, answerFor, speak, seeCase}, byName: []work{behindLock}},
	// 统筹全县工作，看各条款落实情况和逾期任务: and whom to call for a late one.
	authz.Conference: {inPlace: []work{seeDuty, seeDanger, seeUnits, seePosts}},
	// 督查各单位落实情况，数字可以点开看到明细
	authz.Supervision: {inPlace: []work{look, seeDuty, seeDanger, seeUnits}},
	// 查看自己孩子的档案和走访安排: the day of the next visit stands in the file.
	authz.Guardian: {forRoll: []work{look}},
	// 管理机构和系统参数，看不到任何儿童信息
	authz.SystemAdmin: {inPlace: []work{seeUnits, keepUnits}},
	// 管理账号和岗位授权，看不到任何儿童信息: a post is at an organisation.
	authz.SecurityAdmin: {inPlace: []work{seeUnits, seePosts, keepPosts, partnerKeys}},
	// 查看操作日志，看不到任何儿童信息，不能修改任何数据
	authz.AuditAdmin: {inPlace: []work{seeOpenings, audit}},
}

// beyond are actions by which the rules reach further in a role's place than
// the role is described to, each with what it opens. A line whose difference
// has gone fails the test and is taken out.
var beyond = map[authz.Role]map[string]string{}

// servesIn are the places of the matrix that a post takes in, by how wide it is.
var servesIn = map[string][]string{
	"500235001001": {"own village"},
	"500235001000": {"own village", "next village, same town"},
	"500235000000": {"own village", "next village, same town", "another town"},
}

// expected is the oracle.
func expected(role authz.Role, at string, w work, relation string) bool {
	j := jobs[role]
	if w == readFile && expected(role, at, look, relation) {
		return true
	}
	return w == oneself ||
		slices.Contains(j.inPlace, w) && slices.Contains(servesIn[at], relation) ||
		slices.Contains(j.forRoll, w) && relation == "on the roll, another county" ||
		slices.Contains(j.inCase, w) && relation == "in a case of the unit's, another county" ||
		slices.Contains(j.ofUnit, w) && relation == "the unit's own, another county" ||
		slices.Contains(j.byName, w) && relation == "locked, naming the person"
}

// RELIABILITY A1: every role by every action by every relation, against the
// table above: no mismatch.
func TestOracle_TheRulesSayWhatTheRolesAreDescribedToDo(t *testing.T) {
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := store.Do(ctx, a.DB, func(tx *store.Tx) error {
		return linked(ctx, tx)
	}); err != nil {
		t.Fatal(err)
	}
	// What opens nothing: a child elsewhere, one that was on the roll, one on
	// another's, a case of another's, a compartment the person was taken out of.
	nothing := []authz.Subject{{Person: "child-elsewhere"}, {Person: "child-left"}, {Person: "child-of-another"}, {Case: "child-of-another"}, {Unit: "another"}, {Locked: "case-left"}, {}}
	cells, ticks := 0, 0
	seen := map[string]bool{}
	at := posts()
	for _, action := range a.Rules.Actions() {
		w, known := workOf[action]
		if !known {
			if mechanism, _, _ := strings.Cut(action, "."); slices.Contains([]string{"child", "move", "visit", "duty", "import", "user", "organisation", "journal", "session", "report", "thread", "agency", "file", "casework", "emergency", "assessment", "assistance", "guardianship"}, mechanism) {
				t.Errorf("%s is nobody's work: say whose", action)
			}
			continue
		}
		seen[action] = true
		for _, info := range authz.Roles {
			actor := authz.WithActor(ctx, authz.Actor{UserID: "u", Name: "某人", Grants: []authz.Grant{{ID: "g", Role: info.Role, Organisation: "organisation", Region: at[info.Role]}}})
			for _, rel := range relations {
				subjects := []authz.Subject{rel.subject}
				if rel.subject == (authz.Subject{Region: rel.subject.Region}) {
					subjects = nothing
				}
				for _, subject := range subjects {
					subject.Kind, subject.ID, subject.Region = "record", "x", rel.subject.Region
					cells++
					want := expected(info.Role, at[info.Role], w, rel.name)
					if want {
						ticks++
					}
					got := a.Rules.Reaches(actor, a.DB, action, subject)
					if why := beyond[info.Role][action]; why != "" && slices.Contains(servesIn[at[info.Role]], rel.name) {
						if want || !got {
							t.Errorf("%s, %s no longer reaches %s: take the line out", info.Role, action, why)
						}
						continue
					}
					if got != want {
						t.Errorf("%s, %s, %s (%+v): the rules say %v, %s is described as: %s", info.Role, action, rel.name, subject, got, info.Name, info.About)
					}
				}
			}
		}
	}
	for action := range workOf {
		if !seen[action] {
			t.Errorf("%s is in the table and in no rule", action)
		}
	}
	if len(jobs) != len(authz.Roles) {
		t.Errorf("%d roles are described, the table has %d", len(authz.Roles), len(jobs))
	}
	if ticks == 0 || ticks == cells {
		t.Errorf("%d of %d cells are allowed: the table decides nothing", ticks, cells)
	}
	t.Logf("%d cells, %d of them allowed", cells, ticks)
}
