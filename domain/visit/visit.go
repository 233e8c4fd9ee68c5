package visit

import (
	"time"

	"shouwang/domain/registry"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
)

// Spec is the version of the form that a visit answers.
const Spec = "visit-2026-1"

// Outcome is whether the family was met.
type Outcome string

const (
	Met    Outcome = "met"
	NotMet Outcome = "not_met"
)

// Absences are why nobody was met, in words.
var Absences = []registry.Word{{Code: "nobody_home", Name: "家中无人"}, {Code: "away_days", Name: "外出几天，过后回来"}, {Code: "moved", Name: "已搬走"},
	{Code: "boarding", Name: "孩子住校"}, {Code: "refused", Name: "不愿接待"}, {Code: "road", Name: "道路不通或天气原因"}, {Code: "other", Name: "其他"}}

// Ways are how the visit was made.
var Ways = []registry.Word{{Code: "home", Name: "入户"}, {Code: "school", Name: "到校"}, {Code: "telephone", Name: "电话"}, {Code: "elsewhere", Name: "其他地点"}}

// Need is one kind of need with the states it may be found in.
type Need struct {
	Code   string          `json:"code"`
	Name   string          `json:"name"`
	States []registry.Word `json:"states"`
}

// Needs are the five kinds of need the visit looks into.
var Needs = []Need{
	{"living", "生活保障", []registry.Word{{Code: "met", Name: "有保障"}, {Code: "entitled", Name: "符合条件未纳入"}, {Code: "short", Name: "已纳入仍有困难"}, {Code: "no", Name: "不符合条件"}}},
	{"medical", "医疗", []registry.Word{{Code: "met", Name: "没有困难"}, {Code: "uninsured", Name: "未参保"}, {Code: "short", Name: "看病有困难"}}},
	{"schooling", "上学", []registry.Word{{Code: "met", Name: "正常上学"}, {Code: "short", Name: "上学有困难"}, {Code: "dropped_out", Name: "没有上学"}, {Code: "too_young", Name: "未到学龄"}}},
	{"rehabilitation", "康复", []registry.Word{{Code: "none", Name: "不需要"}, {Code: "met", Name: "已安排"}, {Code: "short", Name: "需要未安排"}}},
	{"guardianship", "监护照料", []registry.Word{{Code: "met", Name: "照料妥当"}, {Code: "weak", Name: "照料不够"}, {Code: "failing", Name: "无人照料或不履责"}}},
}

// Content is what was found and said: sealed under the child's key.
type Content struct {
	Way       string            `json:"way" enum:"home,school,telephone,elsewhere" see:"basic"`
	Place     string            `json:"place,omitempty" maxLength:"60" see:"contact"`
	Asked     string            `json:"asked,omitempty" maxLength:"40" doc:"who was asked" see:"family"`
	Kinship   string            `json:"kinship,omitempty" maxLength:"2" doc:"GB/T 4761: who that is to the child" see:"family"`
	ChildSeen bool              `json:"child_seen" see:"basic"`
	Needs     map[string]string `json:"needs,omitempty" see:"narrative"`
	Findings  []string          `json:"findings,omitempty" maxItems:"20" see:"narrative"`
	Note      string            `json:"note,omitempty" maxLength:"2000" see:"narrative"`
	ChildSaid string            `json:"child_said,omitempty" maxLength:"1000" doc:"the child's own view" see:"narrative"`
	Services  []string          `json:"services,omitempty" maxItems:"10" see:"basic"`
	Latitude  float64           `json:"latitude,omitempty" doc:"WGS-84" see:"contact"`
	Longitude float64           `json:"longitude,omitempty" doc:"WGS-84" see:"contact"`
	Accuracy  float64           `json:"accuracy,omitempty" doc:"metres" see:"contact"`
}

// NewVisit is a visit as it is recorded.
type NewVisit struct {
	ID        string             `json:"id" maxLength:"40" doc:"made by the device, so that sending it twice records it once"`
	ChildID   string             `json:"child_id" maxLength:"40"`
	VisitedOn clock.Day          `json:"visited_on" maxLength:"10"`
	Outcome   Outcome            `json:"outcome" enum:"met,not_met"`
	Absence   string             `json:"absence,omitempty" maxLength:"20"`
	VisitorID string             `json:"visitor_id,omitempty" maxLength:"40" doc:"who went, when another types it in"`
	NextOn    clock.Day          `json:"next_on,omitempty" maxLength:"10"`
	Content   Content            `json:"content"`
	Facts     []registry.NewFact `json:"facts,omitempty" maxItems:"30" doc:"only what changed"`
	Corrects  string             `json:"corrects,omitempty" maxLength:"40"`
}

// Visit is one home visit (走访记录).
type Visit struct {
	ID          string    `db:"id" json:"id"`
	ChildID     string    `db:"child_id" json:"child_id"`
	Region      string    `db:"region" json:"region"`
	VisitedOn   clock.Day `db:"visited_on" json:"visited_on"`
	Outcome     Outcome   `db:"outcome" json:"outcome"`
	Absence     string    `db:"absence" json:"absence"`
	VisitorID   string    `db:"visitor_id" json:"visitor_id"`
	Visitor     string    `db:"visitor" json:"visitor"`
	VisitorRole string    `db:"visitor_role" json:"visitor_role"`
	EnteredBy   string    `db:"entered_by" json:"entered_by"`
	EnteredAt   time.Time `db:"entered_at" json:"entered_at"`
	NextOn      clock.Day `db:"next_on" json:"next_on"`
	Sealed      []byte    `db:"sealed" json:"-"`
	Spec        string    `db:"spec" json:"spec"`
	Corrects    string    `db:"corrects" null:"true" json:"corrects"`
	CorrectedBy string    `db:"corrected_by" null:"true" json:"corrected_by"`
	Content     Content   `db:"-" json:"content"`
	Photos      []Photo   `db:"-" json:"photos"`
}

func contentPlace(id string) crypto.Place { return crypto.Place{Column: "visit_visit.sealed", ID: id} }

// Photo is a photograph taken on a visit. The shown picture is drawn anew
// without the camera's data; the original is kept beside it, sealed, as
// evidence, under its digest.
type Photo struct {
	ID      string    `db:"id" json:"id"`
	VisitID string    `db:"visit_id" json:"-"`
	ChildID string    `db:"child_id" json:"-"`
	Region  string    `db:"region" json:"-"`
	Digest  string    `db:"digest" json:"digest" doc:"SM3 of the original"`
	Width   int       `db:"width" json:"width"`
	Height  int       `db:"height" json:"height"`
	Note    string    `db:"note" json:"note"`
	AddedBy string    `db:"added_by" json:"-"`
	AddedAt time.Time `db:"added_at" json:"added_at"`
}

// Finding is something a visit may find, and what follows from it.
type Finding struct {
	Code      string           `json:"code"`
	Name      string           `json:"name"`
	Situation string           `json:"situation" doc:"a situation of the pack that must be reported; empty when it need not"`
	Fact      registry.NewFact `json:"-"`
}

// Findings in the order the form shows them; a fact among them is recorded
// with the visit as its source.
var Findings = []Finding{
	{"alone", "独自居住，没有成年人同住", "alone", registry.NewFact{About: registry.AboutChild, Kind: registry.Living, Value: "alone"}},
	{"missing", "孩子不见了，家里说不清去向", "missing", registry.NewFact{}},
	{"carer_unable", "照料人重病、重残等，照料不了", "incapable", registry.NewFact{About: registry.AboutChild, Kind: registry.CareQuality, Value: "insufficient"}},
	{"not_performing", "没人管：吃住、上学、看病没有着落", "not_performing", registry.NewFact{About: registry.AboutCarer, Kind: registry.Performing, Value: "failing"}},
	{"injury", "身上有说不清来历的伤，或害怕回家", "violence", registry.NewFact{}},
	{"accident", "受过意外伤害", "accident", registry.NewFact{}},
	{"harm", "疑似被侵害、欺凌", "harm", registry.NewFact{}},
	{"danger", "其他让您担心孩子有危险的情况", "other", registry.NewFact{}},
	{"dropped_out", "没有上学", "", registry.NewFact{About: registry.AboutChild, Kind: registry.Schooling, Value: "dropped_out"}},
	{"low_mood", "情绪低落、明显异常", "", registry.NewFact{}},
	{"unsafe_home", "住处有用电、用火、溺水、危房等隐患", "", registry.NewFact{}},
	{"no_contact", "很久没和父母联系", "", registry.NewFact{}},
}

// Words are the codes a visit is kept in, for forms, for reading and for paper.
type Words struct {
	Ways     []registry.Word `json:"ways"`
	Absences []registry.Word `json:"absences"`
	Findings []Finding       `json:"findings"`
	Needs    []Need          `json:"needs"`
}

var words = Words{Ways, Absences, Findings, Needs}
