package registry

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
)

// Outcomes of a row. A warning stands on a problem only and changes nothing.
const (
	RowAccepted = "accepted" // 可入库
	RowHeld     = "held"     // 待核实
	RowRejected = "rejected" // 不能入库
	warned      = "warned"
)

// Problem is something found in a row, for people and for programs.
type Problem struct {
	Sheet   string `json:"sheet"`
	Row     int    `json:"row" doc:"the sheet's own numbering"`
	Column  string `json:"column" doc:"the column's header; empty when the whole row is meant"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Outcome string `json:"outcome" enum:"rejected,held,warned"`

	Index int `json:"-"` // of the column, for the workbook of problems
}

// problemTexts are the importer's own problems; those of identity bring their
// own sentence.
var problemTexts = map[string]struct{ outcome, text string }{
	"name.none":             {RowRejected, "没有姓名，或不像人的姓名。"},
	"age.future":            {RowRejected, "出生日期晚于今天。"},
	"age.over":              {RowRejected, "已满 18 周岁，不是儿童。"},
	"age.sixteen":           {warned, "已满 16 周岁，不在本方案的年龄范围内，仍会建档。"},
	"birth.month":           {warned, "出生日期没有写到日，也没有身份证号，暂按未采集处理。"},
	"birth.none":            {warned, "没有出生日期，也没有身份证号。"},
	"sex.unreadable":        {warned, "性别写法看不懂，按未知处理。"},
	"place.unknown":         {RowHeld, "没有认出这名儿童住在哪个村（社区），请选定。"},
	"place.town_only":       {RowHeld, "只写到乡镇，请选定村（社区）。"},
	"place.no_such_village": {RowHeld, "这个乡镇没有表中写的这个村（社区），请选定。"},
	"place.ambiguous":       {RowHeld, "这个名字可能指几个地方，请选定一个。"},
	"place.other_county":    {RowHeld, "写的是外县的地方，请核实是否应在本县建档。"},
	"place.outside":         {RowHeld, "不在上传单位的辖区内，由所在乡镇核实。"},
	"cell.uncomputed":       {warned, "这一格是没有结果的公式或错误值，没有读取。"},
	"relative.name":         {warned, "家庭成员的姓名不像人名，没有录入这个人。"},
	"relative.identity":     {warned, "家庭成员的身份证号不对，没有录入这个号码。"},
	"relative.telephone":    {warned, "电话号码不对，没有录入。"},
	"absence.contradicts":   {warned, "“外出”的几栏互相矛盾，按写明地点的为准，请核实。"},
	"absence.dash":          {warned, "务工地点填“—”，可能已去世或不适用，没有据此记录。"},
	"word.unknown":          {warned, "这一格的写法不在选项里，没有录入。"},
	"remark.differs":        {warned, "备注与表中所填不一致，以表中所填为准，请核实。"},
}

// cell is a roster's cell as it is kept. Number is set where the file holds a
// number: of more than fifteen digits the last ones are lost.
type cell struct {
	Text   string `json:"t"`
	Number bool   `json:"n,omitempty"`
}

// extra is a value in a column nobody claimed; it may carry a fact.
type extra struct {
	Header string `json:"h"`
	Text   string `json:"t"`
}

// rosterRow is one row as the file has it.
type rosterRow struct {
	Number  int             `json:"-"`
	Section string          `json:"s,omitempty"`
	Cells   map[string]cell `json:"c"`
	Extras  []extra         `json:"x,omitempty"`
	Bad     []string        `json:"b,omitempty"` // fields whose cell could not be read
}

func (r *rosterRow) text(field string) string { return strings.TrimSpace(r.Cells[field].Text) }

// takeRow copies what a row says out of the sheet.
func takeRow(row sheet.Row) *rosterRow {
	out := &rosterRow{Number: row.Number, Section: row.Section, Cells: map[string]cell{}}
	for _, f := range rosterFields {
		c := row.Cell(f.Key)
		switch c.Kind {
		case sheet.Empty:
			continue
		case sheet.Error, sheet.Uncomputed:
			out.Bad = append(out.Bad, f.Key)
			continue
		case sheet.Number:
			// A bare number under a date is a serial date of the file's own epoch.
			if f.Key == "birth" || strings.HasSuffix(f.Key, ".birth") {
				if day, ok := c.Date(); ok && c.Number >= 20000 && c.Number <= 60000 {
					out.Cells[f.Key] = cell{Text: day.Format("2006-01-02")}
					continue
				}
			}
		}
		if text := strings.TrimSpace(c.Text); text != "" {
			out.Cells[f.Key] = cell{Text: cut(text, 500), Number: c.Kind == sheet.Number}
		}
	}
	for _, e := range row.Extras() {
		if text := strings.TrimSpace(e.Cell.Text); e.Cell.Kind == sheet.Text && text != "" && len(out.Extras) < 20 {
			out.Extras = append(out.Extras, extra{Header: cut(e.Header, 60), Text: cut(text, 500)})
		}
	}
	return out
}

func cut(s string, runes int) string {
	if len(s) <= runes || utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes])
}

// column is where a field stands in a sheet.
type column struct {
	Index  int    `json:"i"`
	Header string `json:"h"`
}

// rosterSheet is what holds for all rows of one sheet.
type rosterSheet struct {
	Name       string            `json:"name"`
	Context    region.Code       `json:"context,omitempty"` // the town or village its title names
	Said       string            `json:"said,omitempty"`    // the words that may name it, when they do not settle it
	Candidates []region.Code     `json:"candidates,omitempty"`
	KnownOn    clock.Day         `json:"known_on"`
	Columns    map[string]column `json:"columns"`
	Print      string            `json:"print"` // fingerprint of the headers
	today      clock.Day
}

// reader reads rows for one import. It holds no state of its own between rows.
type reader struct {
	resolver *region.Resolver
	county   region.Code
	office   region.Code // of who imports
	today    clock.Day
	decided  func(placeKey string) (region.Code, bool)
}

var formDate = regexp.MustCompile(`(20\d\d)\s*[年./-]\s*(\d{1,2})(?:\s*[月./-]\s*(\d{1,2}))?`)

// sheetOf reads what a table's title, the lines above it, the sheet's and the
// file's name say of all rows: the place, and the day the roster speaks of.
func (r *reader) sheetOf(t sheet.Table, fileName string) *rosterSheet {
	s := &rosterSheet{Name: t.Sheet, KnownOn: r.today, today: r.today, Columns: map[string]column{}, Print: t.Fingerprint()}
	for _, c := range t.Columns {
		if c.Field != "" {
			header := c.Header
			if header == "" {
				header = fieldName(c.Field)
			}
			s.Columns[c.Field] = column{c.Index, header}
		}
	}
	said := append([]string{t.Title}, t.Above...)
	for _, text := range append(said, t.Sheet, fileName) {
		text = withoutYear(text)
		found := r.resolver.Resolve(text, "")
		switch found.Outcome {
		case region.Found, region.TownOnly:
			if found.Code.Level() > s.Context.Level() && (s.Context == "" || s.Context.Contains(found.Code)) {
				s.Context, s.Said, s.Candidates = found.Code, "", nil
			}
		case region.Ambiguous:
			if s.Context == "" && s.Said == "" {
				s.Said, s.Candidates = strings.TrimSuffix(identity.Fold(text), found.Rest), found.Candidates
			}
		}
	}
	for _, text := range said {
		if m := formDate.FindStringSubmatch(identity.Fold(text)); m != nil {
			if day := endOf(m[1], m[2], m[3]); day != "" && day < s.KnownOn {
				s.KnownOn = day
			}
			break
		}
	}
	return s
}

var leadingYear = regexp.MustCompile(`^(附件?\s*\d*\s*[:：]?|20\d\d\s*(年度?|[-—~至]\s*20\d\d\s*(学年|年度?))?\s*(第?[一二三四春夏秋冬上下]\s*(季度?|半年|学期))?|关于)+`)

func withoutYear(s string) string {
	s = identity.Fold(s)
	return strings.TrimSpace(s[len(leadingYear.FindString(s)):])
}

// endOf is the last day a form dated so can speak of: what it says was known
// by then, and not a day earlier.
func endOf(year, month, day string) clock.Day {
	two := func(s string) string {
		if len(s) == 1 {
			return "0" + s
		}
		return s
	}
	if day != "" {
		if d, err := clock.ParseDay(year + "-" + two(month) + "-" + two(day)); err == nil {
			return d
		}
	}
	first, err := clock.ParseDay(year + "-" + two(month) + "-01")
	if err != nil {
		return ""
	}
	return first.AddMonths(1).AddDays(-1)
}

// reading is what a row comes to.
type reading struct {
	File       NewFile
	Number     identity.Number
	Phones     []identity.Phone
	Problems   []Problem
	Raised     []string
	PlaceKey   string // what a person must decide, when the place is not known
	PlaceSaid  string
	Candidates []region.Code
	Region     region.Code // where the row belongs while it waits

	row   *rosterRow
	sheet *rosterSheet
}

// outcome is what the row's problems make of it.
func outcome(problems []Problem) string {
	out := RowAccepted
	for _, p := range problems {
		if p.Outcome == RowRejected {
			return RowRejected
		}
		if p.Outcome == RowHeld {
			out = RowHeld
		}
	}
	return out
}

func (x *reading) problem(code, field string) { x.say(code, field, "", "") }

func (x *reading) say(code, field, message, result string) {
	p := Problem{Sheet: x.sheet.Name, Row: x.row.Number, Code: code, Message: message, Outcome: result}
	if own, ok := problemTexts[code]; ok {
		if p.Message == "" {
			p.Message = own.text
		}
		if p.Outcome == "" {
			p.Outcome = own.outcome
		}
	}
	if c, ok := x.sheet.Columns[field]; ok {
		p.Column, p.Index = c.Header, c.Index
	}
	if !slices.ContainsFunc(x.Problems, func(q Problem) bool { return q.Code == p.Code && q.Column == p.Column }) {
		x.Problems = append(x.Problems, p)
	}
}

func (x *reading) fault(err error, field, result string) {
	f := fault.Of(err)
	x.say(f.ID, field, f.Text, result)
}

// read makes a file of a row, and says what is wrong with it.
func (r *reader) read(s *rosterSheet, row *rosterRow) *reading {
	x := &reading{row: row, sheet: s, Raised: []string{}}
	for _, field := range row.Bad {
		x.problem("cell.uncomputed", field)
	}
	c := &x.File.Child
	c.Name = identity.NormalizeName(row.text("name"))
	if identity.CheckName(c.Name) != nil {
		x.problem("name.none", "name")
	}
	r.readPlace(x)
	r.readIdentity(x)
	c.Ethnicity = ethnicity(row.text("ethnicity"))
	if text := row.text("telephone"); text != "" {
		c.Telephone = x.phone("telephone", text)
	}
	c.School, c.Grade = cut(row.text("school"), 60), cut(row.text("grade"), 30)
	kinship := x.readFamily(r.today)
	r.readAbsence(x)
	x.readCare(kinship)
	x.readStanding()
	x.readRemarks(kinship)
	x.settleFacts()
	return x
}

func (x *reading) phone(field, text string) string {
	p, err := identity.NormalizePhone(text)
	if err != nil {
		if id := fault.Of(err).ID; id == identity.PhoneEmpty || isDash(text) {
			return ""
		}
		x.say("relative.telephone", field, fault.Of(err).Text, warned)
		return ""
	}
	x.Phones = append(x.Phones, p)
	return p.Reveal()
}

// ethnicity writes a people's name in full: 土家 is 土家族.
func ethnicity(text string) string {
	text = cut(identity.Fold(text), 10)
	if text == "" || isDash(text) || strings.HasSuffix(text, "族") || strings.HasSuffix(text, "人") || text == "其他" {
		return strings.Trim(text, "-/—")
	}
	return text + "族"
}

// readIdentity reads number, birth and sex, which stand for each other. A
// number that is wrong or disagrees is left out of the file: whoever settles
// the row brings the right one.
func (r *reader) readIdentity(x *reading) {
	c, row := &x.File.Child, x.row
	sex, ok := identity.ParseSex(row.text("sex"))
	if !ok {
		x.problem("sex.unreadable", "sex")
	}
	born, precision, dateErr := identity.ParseDate(row.text("birth"), string(r.today))
	if dateErr != nil {
		born = ""
	}
	raw := row.Cells["identity"]
	disagrees := false
	if text := identity.Normalize(raw.Text); text != "" && !isDash(raw.Text) {
		n, err := identity.Parse(raw.Text)
		if err == nil && raw.Number && len(text) > 15 {
			// Its check digit fits by chance: Excel kept fifteen digits of it.
			x.say(identity.NumberDamaged, "identity", "身份证号码被表格软件当作数字改掉了末尾几位，请按原件重新填写。", RowHeld)
			x.File.IdentityState, n = IdentityDamaged, identity.Number{}
		} else if err == nil {
			err = n.CheckBorn(string(r.today))
		}
		switch {
		case err != nil && fault.Of(err).ID == identity.NumberEmpty:
		case err != nil:
			x.fault(err, "identity", RowHeld)
			x.File.IdentityState, n = IdentityDamaged, identity.Number{}
		default:
			for _, d := range n.Disagreements(born, sex) {
				x.say(d.ID, "identity", d.Text, RowHeld)
				x.File.IdentityState, disagrees = IdentityDamaged, true
			}
		}
		if !n.IsZero() && !disagrees {
			x.Number, c.Identity = n, n.Reveal()
			born, precision = n.Birth(), identity.ByDay
			sex = n.Sex()
		}
		if disagrees {
			x.Number = n // still the surest way to know the child again
		}
	}
	c.Sex = int(sex)
	if precision == identity.ByDay {
		c.BirthOn = clock.Day(born)
	}
	switch {
	case disagrees:
		// Which of the two is right decides the age too.
	case born == "" && dateErr != nil && fault.Of(dateErr).ID != identity.DateEmpty:
		x.fault(dateErr, "birth", RowHeld)
	case born == "" && x.File.IdentityState == IdentityDamaged:
	case born == "":
		x.problem("birth.none", "birth")
	case born > string(r.today):
		x.problem("age.future", "birth")
	case precision == identity.ByDay && c.BirthOn.AgeOn(r.today) >= 18, precision != identity.ByDay && born[:4] < string(r.today.AddMonths(-12 * 19))[:4]:
		x.problem("age.over", "birth")
	case precision != identity.ByDay:
		x.problem("birth.month", "birth")
	case c.BirthOn.AgeOn(r.today) >= 16:
		x.problem("age.sixteen", "birth")
	}
	if c.BirthOn > r.today {
		c.BirthOn = ""
	}
}

// readFamily reads parents, grandparents and the carer; it returns the
// kinship of whoever looks after the child, empty when not known.
func (x *reading) readFamily(today clock.Day) string {
	for _, p := range []struct{ key, kinship, about string }{{"father", Father, AboutFather}, {"mother", Mother, AboutMother}} {
		x.parentIs(p.about, x.row.text(p.key+".state"), p.key+".state")
		name, said := splitName(x.row.text(p.key + ".name"))
		if f, ok := parentState(said); ok {
			x.addFact(p.about, f.kind, f.value)
		}
		if identity.CheckName(name) != nil {
			// 已故 stands where the name should.
			if f, ok := parentState(name); ok {
				x.addFact(p.about, f.kind, f.value)
				continue
			}
		}
		x.relative(p.key, Relative{Kinship: p.kinship, Name: name, Guardian: true}, today)
	}
	for _, g := range []struct{ key, kinship string }{{"grandfather", PaternalGrandfather}, {"grandmother", PaternalGrandmother},
		{"maternal_grandfather", MaternalGrandfather}, {"maternal_grandmother", MaternalGrandmother}} {
		name, _ := splitName(x.row.text(g.key + ".name"))
		if _, gone := parentState(name); !gone {
			x.relative(g.key, Relative{Kinship: g.kinship, Name: name}, today)
		}
	}
	kinship := kinshipWords.find(x.row.text("carer.kinship"))
	name, _ := splitName(x.row.text("carer.name"))
	if kinship == "" && identity.CheckName(name) != nil {
		kinship = kinshipWords.find(name) // 奶奶 stands where the name should
	}
	if text := x.row.text("carer.kinship"); kinship == "" && text != "" && !isDash(text) {
		if x.row.text("carer.name") != "" {
			kinship = OtherRelative
		}
		x.problem("word.unknown", "carer.kinship")
	}
	if name != "" && identity.CheckName(name) == nil && kinshipWords.find(name) == "" || name != "" && x.row.text("carer.kinship") != "" {
		x.carer(name, kinship, today)
	}
	return kinship
}

var inBrackets = regexp.MustCompile(`[(（\[【]([^)）\]】]*)[)）\]】]`)

// splitName takes what stands in brackets off a name: 罗山（已故）.
func splitName(text string) (name, said string) {
	if m := inBrackets.FindStringSubmatch(text); m != nil {
		return identity.NormalizeName(strings.Replace(text, m[0], "", 1)), m[1]
	}
	return identity.NormalizeName(text), ""
}

func (x *reading) parentIs(about, text, field string) {
	if text == "" || isDash(text) {
		return
	}
	if f, ok := parentState(text); ok {
		x.addFact(about, f.kind, f.value)
		return
	}
	switch {
	case strings.Contains(text, "正常") || strings.Contains(text, "健在"):
		x.addFact(about, Life, "present")
	case strings.Contains(text, "打工") || strings.Contains(text, "务工") || strings.Contains(text, "外出"):
		x.addFact(about, Absence, "away")
	case strings.HasPrefix(text, "在家"):
		x.addFact(about, Absence, "home")
	default:
		x.problem("word.unknown", field)
	}
}

// relative adds a family member who has a name.
func (x *reading) relative(key string, r Relative, today clock.Day) {
	if r.Name == "" || isDash(r.Name) || isDash(x.row.text(key+".name")) {
		return
	}
	if identity.CheckName(r.Name) != nil {
		switch identity.Fold(r.Name) {
		case "无", "不详", "未知", "没有":
		default:
			x.problem("relative.name", key+".name")
		}
		return
	}
	if c := x.row.Cells[key+".identity"]; c.Text != "" && !isDash(c.Text) {
		n, err := identity.Parse(c.Text)
		if err == nil && c.Number && len(identity.Normalize(c.Text)) > 15 {
			err = fault.NewInvalid(identity.NumberDamaged, "")
		}
		switch {
		case err == nil:
			r.Identity, r.BirthOn = n.Reveal(), clock.Day(n.Birth())
		case fault.Of(err).ID != identity.NumberEmpty:
			x.problem("relative.identity", key+".identity")
		}
	}
	if text := x.row.text(key + ".telephone"); text != "" && !isDash(text) {
		r.Telephone = x.phone(key+".telephone", text)
	}
	if text := x.row.text(key + ".birth"); r.BirthOn == "" && text != "" {
		if iso, precision, err := identity.ParseDate(text, string(today)); err == nil && precision == identity.ByDay && iso <= string(today) {
			r.BirthOn = clock.Day(iso)
		}
	}
	x.File.Relatives = append(x.File.Relatives, r)
}

// carer adds who looks after the child, or marks the family member who does.
func (x *reading) carer(name, kinship string, today clock.Day) {
	for i := range x.File.Relatives {
		if r := &x.File.Relatives[i]; r.Name == name && (kinship == "" || kinship == r.Kinship || kinship == Grandparents) {
			r.Carer = r.Kinship != Father && r.Kinship != Mother
			if text := x.row.text("carer.telephone"); r.Telephone == "" && text != "" {
				r.Telephone = x.phone("carer.telephone", text)
			}
			return
		}
	}
	if kinship == "" {
		kinship = OtherRelative
	}
	carer := kinship != Father && kinship != Mother
	if !carer && slices.ContainsFunc(x.File.Relatives, func(r Relative) bool { return r.Kinship == kinship }) {
		return
	}
	x.relative("carer", Relative{Kinship: kinship, Name: name, Carer: carer, Guardian: !carer}, today)
}

// readAbsence reads where the parents are. What the form asks in three places
// may contradict itself; a place that is written counts for more than a tick.
func (r *reader) readAbsence(x *reading) {
	type parent struct {
		about, key string
		away       Answer // as the place says
		dash       bool
	}
	parents := []*parent{{about: AboutFather, key: "father"}, {about: AboutMother, key: "mother"}}
	for _, p := range parents {
		p.away = Unknown
		text := x.row.text(p.key + ".work")
		if p.dash = isDash(text); text == "" || p.dash {
			continue
		}
		if f, ok := parentState(text); ok {
			x.addFact(p.about, f.kind, f.value)
			continue
		}
		at := r.resolver.Place(text)
		plain := identity.Fold(text)
		switch {
		case strings.HasPrefix(plain, "在家"), strings.HasPrefix(plain, "家"), strings.HasPrefix(plain, "务农"), strings.HasPrefix(plain, "本村"), strings.HasPrefix(plain, "未外出"),
			at.Outcome == region.NoPlace && strings.Contains(plain, "外出") && plain != "外出", plain == "没出去":
			p.away = No
			x.addFact(p.about, Absence, "home")
		case at.Outcome == region.NoPlace: // 不详, 无
		case at.Outcome == region.Found && string(at.Code) == x.File.Child.Region:
			p.away = No
			x.addFact(p.about, Absence, "home")
		default:
			p.away = Yes
			f := NewFact{About: p.about, Kind: Absence, Value: "away", PlaceText: cut(plain, 60)}
			switch at.Outcome {
			case region.OtherCounty, region.Wider, region.Found, region.TownOnly:
				f.Place = string(at.Code)
			}
			x.putFact(f)
		}
	}
	both, bothKnown := yes(x.row.text("both_away"))
	one, oneKnown := yes(x.row.text("one_unable"))
	if reason := identity.Fold(x.row.text("entrust_reason")); reason != "" {
		switch {
		case strings.Contains(reason, "双方") && strings.Contains(reason, "外出"):
			both, bothKnown = true, true
		case strings.Contains(reason, "一方外出"):
			one, oneKnown = true, true
		}
	}
	father, mother := parents[0], parents[1]
	if bothKnown && both && oneKnown && one || bothKnown && both && (father.away == No || mother.away == No) {
		x.problem("absence.contradicts", "both_away")
	}
	if both {
		for _, p := range parents {
			if p.away == Unknown {
				x.addFact(p.about, Absence, "away")
			}
		}
		return
	}
	if one {
		r.readUnable(x, father.away, mother.away, father.dash, mother.dash)
		return
	}
	for i, p := range parents {
		other := parents[1-i]
		switch {
		case p.away != Unknown:
		case p.dash:
			x.problem("absence.dash", p.key+".work")
		case bothKnown && other.away == Yes:
			// Not both at once, and the other is away: this one is at home, and
			// able unless the next box said otherwise.
			x.addFact(p.about, Absence, "home")
			if oneKnown {
				x.addFact(p.about, Ability, "able")
			}
		}
	}
	if bothKnown && father.away == Yes && mother.away == Yes {
		x.problem("absence.contradicts", "both_away")
	}
}

// readUnable reads 一方外出另一方无监护能力: one is away, the one whose place is
// a dash or open is at home and unable, unless the form names the unable one.
func (r *reader) readUnable(x *reading, father, mother Answer, fatherDash, motherDash bool) {
	unable := ""
	switch who := identity.Fold(x.row.text("unable_who")); {
	case strings.Contains(who, "父") && !strings.Contains(who, "母"):
		unable = AboutFather
	case strings.Contains(who, "母") && !strings.Contains(who, "父"):
		unable = AboutMother
	case father == Yes && mother != Yes:
		unable = AboutMother
	case mother == Yes && father != Yes:
		unable = AboutFather
	case fatherDash != motherDash && fatherDash:
		unable = AboutFather
	case fatherDash != motherDash:
		unable = AboutMother
	default:
		x.problem("absence.contradicts", "one_unable")
		return
	}
	other := AboutFather
	if unable == AboutFather {
		other = AboutMother
	}
	x.addFact(other, Absence, "away")
	x.addFact(unable, Absence, "home")
	x.addFact(unable, Ability, "unable")
}

// readCare reads who looks after the child and how well.
func (x *reading) readCare(kinship string) {
	text := identity.Fold(x.row.text("lives_with"))
	if text != "" && !isDash(text) {
		with := kinshipWords.find(text)
		switch {
		case strings.Contains(text, "一个人") || strings.Contains(text, "独居") || strings.Contains(text, "独自") || strings.Contains(text, "自己"):
			x.addFact(AboutChild, Living, "alone")
			x.addFact(AboutChild, Care, "none")
		case with != "" || strings.Contains(text, "父母"):
			x.addFact(AboutChild, Living, "accompanied")
			x.addFact(AboutChild, Care, careOf(cmp.Or(with, Father)))
			if !strings.Contains(text, "父母") {
				switch with {
				case Father:
					x.addFact(AboutFather, Absence, "home")
				case Mother:
					x.addFact(AboutMother, Absence, "home")
				}
			}
		default:
			x.problem("word.unknown", "lives_with")
		}
	}
	guardianship := identity.Fold(x.row.text("guardianship"))
	switch {
	case guardianship == "" || isDash(guardianship):
	case strings.Contains(guardianship, "无人监护"):
		x.addFact(AboutChild, Care, "none")
	case strings.Contains(guardianship, "无监护能力"):
		// 父或母无监护能力: which of them the other boxes say.
		if !slices.ContainsFunc(x.File.Facts, func(f NewFact) bool { return f.Kind == Ability }) {
			x.Raised = append(x.Raised, "监护类型提出：父或母无监护能力，没有写明是谁")
		}
	default:
		if q := qualityWords.find(guardianship); q != "" {
			x.addFact(AboutChild, CareQuality, q)
		} else {
			x.problem("word.unknown", "guardianship")
		}
	}
	if given, known := yes(x.row.text("carer.given")); known && !given && kinship == "" {
		x.addFact(AboutChild, Care, "none")
	}
	if care := careOf(kinship); care != "" {
		x.addFact(AboutChild, Care, care)
	}
}

// readStanding reads household, health, schooling, income and support.
func (x *reading) readStanding() {
	coded := func(field, kind string, w words, detail string) {
		text := x.row.text(field)
		if text == "" || isDash(text) {
			return
		}
		if code := w.find(text); code != "" {
			x.putFact(NewFact{About: AboutChild, Kind: kind, Value: code, Detail: detail})
		} else if none := identity.Fold(text); none != "无" && none != "不详" {
			x.problem("word.unknown", field)
		}
	}
	if is, known := yes(x.row.text("registered")); known && !is {
		x.addFact(AboutChild, Household, "unregistered")
	}
	coded("household_kind", Household, householdWords, "")
	particulars := strings.TrimSpace(x.row.text("disability") + " " + x.row.text("illness"))
	for _, none := range []string{"无", "—", "/", "-"} {
		if particulars == none {
			particulars = ""
		}
	}
	coded("health", Health, healthWords, cut(particulars, 200))
	coded("schooling", Schooling, schoolingWords, "")
	// 读书学校 may say that there is none.
	if school := identity.Fold(x.File.Child.School); school != "" && x.row.text("schooling") == "" {
		if code := schoolingWords.find(school); code == "none_yet" || code == "dropped_out" || code == "not_in_school" {
			x.addFact(AboutChild, Schooling, code)
			x.File.Child.School = ""
		} else if isDash(school) || school == "无" {
			x.File.Child.School = ""
		}
	}
	if is, known := yes(x.row.text("boarding")); known {
		x.addFact(AboutChild, Boarding, map[bool]string{true: "yes", false: "no"}[is])
	} else if text := identity.Fold(x.row.text("boarding")); strings.Contains(text, "寄宿") || strings.Contains(text, "住校") {
		x.addFact(AboutChild, Boarding, map[bool]string{true: "no", false: "yes"}[strings.ContainsAny(text, "不非未否")])
	}
	set := func(field, kind string, w words, none string) {
		text := identity.Fold(x.row.text(field))
		if text == "" || isDash(text) {
			return
		}
		if codes := w.all(text); len(codes) > 0 {
			x.addFact(AboutChild, kind, strings.Join(codes, " "))
		} else if none != "" && (text == "无" || text == "没有") {
			x.addFact(AboutChild, kind, none)
		} else if text != "无" {
			x.problem("word.unknown", field)
		}
	}
	set("income", Income, incomeWords, "")
	set("support", Support, supportWords, "none")
}

// readRemarks reads the remarks and the columns nobody claimed.
func (x *reading) readRemarks(kinship string) {
	if kinship == "" {
		kinship = kinshipWords.find(x.row.text("lives_with"))
	}
	texts := []string{x.row.text("remark")}
	for _, e := range x.row.Extras {
		texts = append(texts, e.Text)
	}
	for i, text := range texts {
		if text == "" {
			continue
		}
		found := readRemark(text, kinship)
		for _, f := range found.facts {
			if old := x.fact(f.About, f.Kind); old == nil {
				x.putFact(NewFact{About: f.About, Kind: f.Kind, Value: f.Value, Detail: remarkDetail(f.Kind, text)})
			} else if old.Value != f.Value && i == 0 && !(several[f.Kind] && strings.Contains(old.Value, f.Value)) {
				x.problem("remark.differs", "remark")
			}
		}
		x.Raised = append(x.Raised, found.raised...)
	}
}

// remarkDetail keeps the words of the remark with what must be read closely;
// they are sealed with the fact.
func remarkDetail(kind, text string) string {
	if kind == Health || kind == Ability {
		return "备注：" + cut(text, 200)
	}
	return ""
}

func (x *reading) fact(about, kind string) *NewFact {
	for i := range x.File.Facts {
		if f := &x.File.Facts[i]; f.About == about && f.Kind == kind {
			return f
		}
	}
	return nil
}

// addFact adds a fact unless one of its kind stands already: columns are read
// from the most to the least explicit.
func (x *reading) addFact(about, kind, value string) {
	x.putFact(NewFact{About: about, Kind: kind, Value: value})
}

func (x *reading) putFact(f NewFact) {
	if x.fact(f.About, f.Kind) == nil {
		f.KnownOn = x.sheet.KnownOn
		x.File.Facts = append(x.File.Facts, f)
	}
}

// settleFacts takes out what another fact makes meaningless: the dead are
// neither away nor at home. A fact cannot be known before the child was born.
func (x *reading) settleFacts() {
	x.File.Facts = slices.DeleteFunc(x.File.Facts, func(f NewFact) bool {
		if f.Kind != Absence && f.Kind != Ability {
			return false
		}
		life := x.fact(f.About, Life)
		return life != nil && life.Value == "deceased"
	})
	x.File.Relatives = slices.Clip(x.File.Relatives)
	for i := range x.File.Relatives {
		r := &x.File.Relatives[i]
		about := map[string]string{Father: AboutFather, Mother: AboutMother}[r.Kinship]
		if life := x.fact(about, Life); about != "" && life != nil && life.Value == "deceased" {
			r.Guardian = false
		}
	}
}

// record is what the row is compared with others by.
func (x *reading) record() identity.Record {
	c := x.File.Child
	rec := identity.Record{Number: x.Number, Name: c.Name, Birth: string(c.BirthOn), Sex: identity.Sex(c.Sex), Phones: x.Phones}
	if region.Code(c.Region).Level() == region.Village {
		rec.Village = c.Region
	}
	for _, r := range x.File.Relatives {
		if r.Kinship == Father || r.Kinship == Mother || r.Carer {
			rec.Guardians = append(rec.Guardians, r.Name)
		}
	}
	return rec
}

func (p Problem) String() string { return fmt.Sprintf("%s第 %d 行：%s", p.Sheet, p.Row, p.Message) }
