package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/region"
)

// Spec is the version of the form a report answers.
const Spec = "report-2026-1"

// Channel is the way a report came in.
type Channel string

const (
	Public  Channel = "public"  // the page for anybody
	Own     Channel = "child"   // the child, on the page that looks like nothing
	Desk    Channel = "desk"    // a mandated reporter, signed in
	Hotline Channel = "hotline" // typed while on the telephone
	System  Channel = "system"  // a hospital's or school's own program
	Visit   Channel = "visit"   // a finding at the door
)

// Channels in words.
var Channels = []registry.Word{{Code: string(Public), Name: "公众网页"}, {Code: string(Own), Name: "儿童自述"}, {Code: string(Desk), Name: "单位报告"},
	{Code: string(Hotline), Name: "热线"}, {Code: string(System), Name: "单位系统"}, {Code: string(Visit), Name: "走访发现"}}

// Content is what a report says, sealed under the thread's key. Hardly anything
// of it is required: who sees a child in danger may not know the name.
type Content struct {
	ChildName   string `json:"child_name,omitempty" maxLength:"40" see:"case"`
	Sex         int    `json:"sex,omitempty" enum:"0,1,2,9" see:"case"`
	Age         string `json:"age,omitempty" maxLength:"20" doc:"as said: 七八岁" see:"case"`
	Place       string `json:"place,omitempty" maxLength:"200" doc:"where the child is, as said" see:"case"`
	School      string `json:"school,omitempty" maxLength:"60" see:"case"`
	Family      string `json:"family,omitempty" maxLength:"200" doc:"parents, carers, how to reach them" see:"case"`
	Account     string `json:"account,omitempty" maxLength:"4000" doc:"what was seen or heard" see:"case"`
	Injury      string `json:"injury,omitempty" maxLength:"1000" see:"case"`
	Treatment   string `json:"treatment,omitempty" maxLength:"500" doc:"department, record number, what was kept" see:"case"`
	Suspect     string `json:"suspect,omitempty" maxLength:"500" doc:"who, and who that is to the child" see:"case"`
	Present     bool   `json:"present,omitempty" doc:"it is happening now" see:"case"`
	Checked     string `json:"checked,omitempty" maxLength:"1000" doc:"what was checked already" see:"case"`
	Telephone   string `json:"telephone,omitempty" maxLength:"30" doc:"where the child may be reached" see:"case"`
	SafeToPhone bool   `json:"safe_to_phone,omitempty" doc:"the child says one may ring" see:"case"`
}

// Reporter is who reports: kept in the compartment, all of it optional.
type Reporter struct {
	Name      string `json:"name,omitempty" maxLength:"40"`
	Telephone string `json:"telephone,omitempty" maxLength:"30"`
	Unit      string `json:"unit,omitempty" maxLength:"60"`
	Position  string `json:"position,omitempty" maxLength:"40"`
}

// NewReport is a report as it is sent.
type NewReport struct {
	ID           string    `json:"id" maxLength:"40" doc:"made by the sender, so that sending it twice records it once"`
	ChildID      string    `json:"child_id,omitempty" maxLength:"40" doc:"where the child is on file and in reach of the sender"`
	Region       string    `json:"region,omitempty" pattern:"^([0-9]{12})?$" patternDescription:"乡镇或村（社区）" doc:"where the child is; at least the town where one can say"`
	Situations   []string  `json:"situations" minItems:"1" maxItems:"8"`
	Statutory    []int     `json:"statutory,omitempty" maxItems:"9" doc:"of the statutory nine, where the sender knows which"`
	Urgent       bool      `json:"urgent,omitempty" doc:"danger to life, or happening now"`
	Anonymous    bool      `json:"anonymous,omitempty"`
	Channel      Channel   `json:"channel,omitempty" enum:"desk,hotline,visit" default:"desk"`
	DiscoveredAt time.Time `json:"discovered_at,omitzero"`
	Ticket       string    `json:"ticket,omitempty" maxLength:"40" doc:"12345, 12355 or 12338 ticket"`
	Content      Content   `json:"content"`
	Reporter     Reporter  `json:"reporter,omitzero"`
}

// Report is one report as it stands (强制报告).
type Report struct {
	ID           string    `db:"id" json:"id" see:"basic"`
	Number       string    `db:"number" json:"number" see:"basic"`
	ThreadID     string    `db:"thread_id" json:"thread_id" see:"basic"`
	Region       string    `db:"region" json:"region" see:"basic"`
	UnitID       string    `db:"organisation_id" json:"organisation_id" doc:"the unit that reported" see:"case"`
	Channel      Channel   `db:"channel" json:"channel" see:"basic"`
	Ticket       string    `db:"ticket" json:"ticket" see:"case"`
	Situations   string    `db:"situations" json:"situations" doc:"codes, joined by spaces" see:"basic"`
	Statutory    string    `db:"statutory" json:"statutory" doc:"numbers of the nine, joined by spaces" see:"basic"`
	Urgent       bool      `db:"urgent" json:"urgent" see:"basic"`
	Anonymous    bool      `db:"anonymous" json:"anonymous" see:"case"`
	DiscoveredAt time.Time `db:"discovered_at" json:"discovered_at,omitzero" see:"case"`
	FiledAt      time.Time `db:"filed_at" json:"filed_at" see:"basic"`
	FiledOn      clock.Day `db:"filed_on" json:"-"`
	Digest       string    `db:"digest" json:"-"`
	Sealed       []byte    `db:"sealed" json:"-"`
	Likeness     []byte    `db:"likeness" json:"-"`
	Named        []byte    `db:"named" json:"-"`
	PriorState   State     `db:"prior_state" json:"-"`
	State        State     `db:"state" json:"state" see:"basic"`
	MovedAt      time.Time `db:"moved_at" json:"-"`
	AcceptedAt   time.Time `db:"accepted_at" json:"accepted_at,omitzero" see:"basic"`
	AnsweredAt   time.Time `db:"answered_at" json:"answered_at,omitzero" see:"basic"`
	AnswerSealed []byte    `db:"answer" json:"-"`
	Spec         string    `db:"spec" json:"-"`
	Version      int       `db:"version" json:"version" see:"basic"`
	Content      Content   `db:"-" json:"content" see:"nested"`
	Answer       string    `db:"-" json:"answer" see:"case"`
	Files        []File    `db:"-" json:"files" see:"case"`
}

func contentPlace(id string) crypto.Place {
	return crypto.Place{Column: "report_report.sealed", ID: id}
}
func answerPlace(id string) crypto.Place { return crypto.Place{Column: "report_report.answer", ID: id} }

// numberOf gives the statutory nine their words, in ours.
var numberOf = []registry.Word{
	{Code: "1", Name: "隐私部位非正常损伤"}, {Code: "2", Name: "不满十四周岁女童疑似遭受性侵害、怀孕、流产"},
	{Code: "3", Name: "十四周岁以上女性疑似因性侵害怀孕、流产"}, {Code: "4", Name: "多处损伤、严重营养不良、意识不清，疑似家暴、欺凌、虐待等"},
	{Code: "5", Name: "自杀、自残、工伤、中毒、殴打等非正常原因伤残、死亡"}, {Code: "6", Name: "被遗弃或长期无人照料"},
	{Code: "7", Name: "来源不明、失踪、被拐卖或收买"}, {Code: "8", Name: "被组织乞讨"}, {Code: "9", Name: "其他严重侵害或面临危险"},
}

// Statutory are the statutory nine in words (高检发〔2020〕9号; the ninth is ours).
func Statutory() []registry.Word { return numberOf }

// sexual are those of the nine whose file only people named in it may read.
var sexual = []int{1, 2, 3}

// idForm is what the sender's id of a report may be: it lies in the open.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,40}$`)

// validate refuses what cannot be right, naming the field. It asks for little.
func (n *NewReport) validate(p *policy.Pack, now time.Time) error {
	bad := fault.NewInvalid("report.invalid", "有内容需要修改，请看标出的地方。如情况紧急，请先拨打 110。")
	if !idForm.MatchString(n.ID) {
		bad = bad.At("id", "报告编号不对，请刷新页面后重新提交")
	}
	if n.Region == "" && n.ChildID == "" || n.Region != "" && (!region.Code(n.Region).Valid() || region.Code(n.Region).Level() < region.County) {
		bad = bad.At("region", "请选择孩子在哪个乡镇（街道）；说不清就选县")
	}
	if len(n.Situations) == 0 {
		bad = bad.At("situations", "请至少选一项；拿不准就选最接近的")
	}
	for i, s := range n.Situations {
		if !slices.ContainsFunc(p.Situations, func(x policy.Situation) bool { return x.ID == s }) {
			bad = bad.At(fmt.Sprintf("situations[%d]", i), "请从给出的选项中选")
		}
	}
	for i, s := range n.Statutory {
		if s < 1 || s > 9 {
			bad = bad.At(fmt.Sprintf("statutory[%d]", i), "请从给出的选项中选")
		}
	}
	if n.DiscoveredAt.After(now.Add(5 * time.Minute)) {
		bad = bad.At("discovered_at", "发现时间不能晚于现在")
	}
	if n.ChildID == "" && strings.TrimSpace(n.Content.ChildName+n.Content.Place+n.Content.Account+n.Content.School) == "" {
		bad = bad.At("content.account", "请写一点情况：孩子是谁、在哪里、发生了什么，知道多少写多少")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// nine are the statutory numbers of a report: those the sender chose, or all
// that its situations map to.
func (n *NewReport) nine(p *policy.Pack) []int {
	out := slices.Clone(n.Statutory)
	if len(out) == 0 {
		for _, s := range p.Situations {
			if slices.Contains(n.Situations, s.ID) && s.ID != "harm" { // its numbers are too far apart to be presumed
				out = append(out, s.Statutory...)
			}
		}
		if len(out) == 0 {
			out = []int{9}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// digest is what the receipt vouches for.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// likeness is the text by which a report sent over and over is recognised: the
// words alone, without spaces and marks. Empty when there are too few of them
// to tell.
func (n *NewReport) likeness() string {
	fold := func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) {
			return -1
		}
		return r
	}
	text := strings.Map(fold, n.Content.Account+n.Content.Place)
	if utf8.RuneCountInString(text) < 8 {
		return ""
	}
	return n.Region + "/" + identity.NormalizeName(n.Content.ChildName) + "/" + text
}

// named is the text by which reports about one name are found: the county and
// the name.
func (n *NewReport) named(county string) string {
	name := identity.NormalizeName(n.Content.ChildName)
	if utf8.RuneCountInString(name) < 2 {
		return ""
	}
	return county + "/" + name
}

// locks reports whether only people named in the case may read it.
func (n *NewReport) locks(nine []int) bool {
	if slices.ContainsFunc(nine, func(x int) bool { return slices.Contains(sexual, x) }) {
		return true
	}
	for _, word := range []string{"性侵", "强奸", "猥亵", "怀孕", "流产", "隐私部位"} {
		if strings.Contains(n.Content.Account, word) || strings.Contains(n.Content.Injury, word) {
			return true
		}
	}
	return false
}

// Receipt is what a report returns: proof for the sender that it is held, and
// the secret with which to ask later what became of it.
type Receipt struct {
	ID        string `json:"id"`
	Number    string `json:"number"`
	Secret    string `json:"secret" doc:"asks for progress, without an account"`
	At        int64  `json:"at" doc:"server time, milliseconds"`
	Digest    string `json:"digest" doc:"SHA-256 of what was sent"`
	Signature string `json:"signature" doc:"base64 SM2 signature over number, digest and time"`
}

// Text is what the signature of a receipt vouches for.
func (r Receipt) Text() []byte { return fmt.Appendf(nil, "%s\n%s\n%d", r.Number, r.Digest, r.At) }
