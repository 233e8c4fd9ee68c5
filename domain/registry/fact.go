package registry

import (
	"time"

	"shouwang/platform/clock"
)

// Whom a fact is about.
const (
	AboutChild  = "child"
	AboutFather = "father"
	AboutMother = "mother"
	AboutCarer  = "carer"
)

// Kinds of fact, with their values.
const (
	Absence     = "absence"      // of a parent: away, home (外出务工)
	Life        = "life"         // of a parent: deceased, lost, custody (死亡、失联、在押)
	Ability     = "ability"      // of a parent: able, unable (监护能力)
	Performing  = "performing"   // of a parent or carer: yes, failing (履行监护职责)
	Living      = "living"       // of the child: alone, accompanied (居住状况)
	Care        = "care"         // who looks after the child: parent, grandparents, relative, other, none (实际照料)
	CareQuality = "care_quality" // good, fair, insufficient (监护情况)
	Household   = "household"    // rural, urban, unregistered (户籍性质)
	Schooling   = "schooling"    // kindergarten, none_yet, primary, junior, senior, vocational, special, dropped_out, not_in_school (就学)
	Boarding    = "boarding"     // yes, no (寄宿)
	Health      = "health"       // sealed: healthy, weak, disabled, ill, and the particulars (健康)
	Support     = "support"      // kinds of relief received, joined by spaces; none (救助帮扶)
	Income      = "income"       // sources of the family's living, joined by spaces (经济来源)
	Arrangement = "arrangement"  // what parents arranged on leaving: taken, one_stays, entrusted, none (照料安排)
)

// Values says what each kind of fact may be, in words, in the order forms show
// them. Health is here too: its value is sealed, not its vocabulary.
var Values = map[string][]Word{
	Absence:     {{"away", "外出务工"}, {"home", "在家"}},
	Life:        {{"deceased", "已去世"}, {"lost", "失去联系"}, {"custody", "服刑在押或被限制自由"}, {"present", "正常"}},
	Ability:     {{"able", "有监护能力"}, {"unable", "无监护能力"}},
	Performing:  {{"yes", "履行监护职责"}, {"failing", "不履行监护职责"}},
	Living:      {{"alone", "独自居住"}, {"accompanied", "与成年人同住"}},
	Care:        {{"parent", "父母一方"}, {"grandparents", "（外）祖父母"}, {"relative", "其他亲属"}, {"other", "其他成年人"}, {"none", "无人照料"}},
	CareQuality: {{"good", "较好"}, {"fair", "一般"}, {"insufficient", "监护能力不足"}},
	Household:   {{"rural", "农村居民"}, {"urban", "城镇居民"}, {"unregistered", "未登记户口"}},
	Schooling: {{"kindergarten", "幼儿园"}, {"none_yet", "未入园"}, {"primary", "小学"}, {"junior", "初中"}, {"senior", "高中"},
		{"vocational", "中职"}, {"special", "特殊教育"}, {"dropped_out", "辍学"}, {"not_in_school", "不在学"}},
	Boarding: {{"yes", "寄宿"}, {"no", "不寄宿"}},
	Health:   {{"healthy", "健康"}, {"weak", "一般或较弱"}, {"disabled", "残疾"}, {"ill", "患病"}},
	Support: {{"subsistence", "低保"}, {"destitute", "特困"}, {"temporary", "临时救助"}, {"medical", "医疗救助"}, {"housing", "住房救助"},
		{"disability_living", "残疾人生活补贴"}, {"disability_nursing", "残疾人护理补贴"}, {"unsupported", "事实无人抚养补贴"}, {"other", "其他"}, {"none", "无"}},
	Income:      {{"work", "打工"}, {"farming", "种养殖"}, {"relief", "政府救助"}, {"relatives", "亲朋接济"}, {"other", "其他"}},
	Arrangement: {{"taken", "随父母一起"}, {"one_stays", "父母一方留家"}, {"entrusted", "委托他人照护"}, {"none", "没有安排"}},
}

// Word is a code and what people call it.
type Word struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Say gives the words of a value of a kind; the code itself when unknown.
func Say(kind, code string) string {
	for _, w := range Values[kind] {
		if w.Code == code {
			return w.Name
		}
	}
	return code
}

func knownValue(kind, code string) bool {
	for _, w := range Values[kind] {
		if w.Code == code {
			return true
		}
	}
	return false
}

// several are the kinds whose value is a set of codes joined by spaces.
var several = map[string]bool{Support: true, Income: true}

// sealedKinds are kept under the child's key.
var sealedKinds = map[string]bool{Health: true}

// Fact is one dated fact with its source (事实). Value is open here; in the
// store a sealed kind has it under the child's key, with Detail.
type Fact struct {
	ID          string    `db:"id" json:"id"`
	ChildID     string    `db:"child_id" json:"-"`
	PersonID    string    `db:"person_id" null:"true" json:"person_id"`
	Region      string    `db:"region" json:"-"`
	About       string    `db:"about" json:"about"`
	Kind        string    `db:"kind" json:"kind"`
	Value       string    `db:"value" json:"value"`
	Sealed      []byte    `db:"sealed" json:"-"`
	Place       string    `db:"place" json:"place"`
	PlaceText   string    `db:"place_text" json:"place_text"`
	StartOn     clock.Day `db:"start_on" json:"start_on" doc:"empty: was so when it became known, since when is not known"`
	KnownOn     clock.Day `db:"known_on" json:"known_on"`
	EndOn       clock.Day `db:"end_on" json:"end_on" doc:"from this day it is no longer so"`
	SourceKind  string    `db:"source_kind" json:"source_kind"`
	SourceID    string    `db:"source_id" json:"source_id"`
	RecordedBy  string    `db:"recorded_by" json:"recorded_by"`
	RecordedAt  time.Time `db:"recorded_at" json:"recorded_at"`
	WithdrawnAt time.Time `db:"withdrawn_at" json:"withdrawn_at,omitzero"`
	Detail      string    `db:"-" json:"detail"`
}

// from is the first day on which the fact is known to hold.
func (f Fact) from() clock.Day {
	if f.StartOn != "" {
		return f.StartOn
	}
	return f.KnownOn
}

// holds reports whether the fact is known to hold on a day. A fact whose start
// is unknown says nothing about days before it became known.
func (f Fact) holds(on clock.Day) bool {
	return f.WithdrawnAt.IsZero() && f.from() <= on && (f.EndOn == "" || on < f.EndOn)
}

// Facts are a child's facts.
type Facts []Fact

// On finds the fact of a kind about somebody that holds on a day: the latest,
// when several do.
func (fs Facts) On(about, kind string, on clock.Day) (Fact, bool) {
	var found Fact
	ok := false
	for _, f := range fs {
		if f.About != about || f.Kind != kind || !f.holds(on) {
			continue
		}
		if !ok || f.from() > found.from() || f.from() == found.from() && f.RecordedAt.After(found.RecordedAt) {
			found, ok = f, true
		}
	}
	return found, ok
}

// Value is On's value, empty when not known.
func (fs Facts) Value(about, kind string, on clock.Day) string {
	f, _ := fs.On(about, kind, on)
	return f.Value
}
