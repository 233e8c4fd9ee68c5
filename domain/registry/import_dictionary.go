package registry

import (
	"regexp"
	"strings"

	"shouwang/platform/identity"
	"shouwang/platform/sheet"
)

var (
	looksLikeNumber = regexp.MustCompile(`^\d{17}[\dXx]$|^\d{15}$`)
	looksLikePhone  = regexp.MustCompile(`^1[3-9]\d{9}$`)
	looksLikeName   = regexp.MustCompile(`^\p{Han}{2,4}$`)
)

// rosterFields is what is looked for in a roster: the headers of the national
// form of 2016 and of the national child welfare system (their own words
// first), then what village offices write by hand.
var rosterFields = func() []sheet.Field {
	number := func(s string) bool { return looksLikeNumber.MatchString(identity.Normalize(s)) }
	phone := func(s string) bool { return looksLikePhone.MatchString(strings.TrimSpace(s)) }
	name := func(s string) bool { return looksLikeName.MatchString(strings.ReplaceAll(s, " ", "")) }
	sex := func(s string) bool { v, ok := identity.ParseSex(s); return ok && v != identity.SexUnknown }

	father := []string{"父亲", "爸爸", "父"}
	mother := []string{"母亲", "妈妈", "母"}
	carer := []string{"受委托人", "受委托监护人", "委托监护人", "委托照料人", "被委托人", "委托照护人", "实际照料人", "照料人", "监护人", "临时监护人"}
	fields := []sheet.Field{
		{Key: "number", Names: []string{"序号", "编号", "儿童编号", "档案编号"}},
		{Key: "name", Names: []string{"姓名", "儿童姓名", "留守儿童姓名", "学生姓名", "孩子姓名", "小孩姓名", "小孩名字", "孩子名字", "娃儿名字", "名字", "幼儿姓名"}, Required: true, Looks: name},
		{Key: "sex", Names: []string{"性别", "男/女"}, Looks: sex},
		{Key: "ethnicity", Names: []string{"民族", "族别"}},
		{Key: "birth", Names: []string{"出生日期", "出生年月", "出生年月日", "出生时间", "生日", "哪年生"}},
		{Key: "identity", Names: []string{"公民身份号码", "身份证号", "身份证号码", "身份证", "证件号码", "儿童身份证号", "公民身份证号码", "居民身份证号"}, Looks: number},
		{Key: "telephone", Names: []string{"儿童联系电话", "本人电话", "儿童电话"}},
		{Key: "registered", Names: []string{"是否登记户口", "是否上户口", "有无户口", "户口登记"}},
		{Key: "household_kind", Names: []string{"户籍性质", "户口性质", "户籍类型", "户口类别", "户别"}},
		{Key: "household", Names: []string{"户籍所在地", "户籍地", "户籍地址", "户口所在地", "户籍地详细地址", "户籍详细地址"}},
		{Key: "home", Names: []string{"现居住地", "现住址", "居住地", "家庭住址", "现居住地址", "家庭地址", "居住地址", "住址", "现住址详细地址", "实际居住地", "住哪里", "地址"}},
		{Key: "town", Names: []string{"乡镇", "乡镇街道", "镇街", "所属乡镇", "街道", "乡镇(街道)"}},
		{Key: "village", Names: []string{"村", "村居", "村社区", "村名", "所属村", "行政村", "村(社区)", "村(居)", "村(居)委会", "所在村", "社区"}},
		{Key: "group", Names: []string{"组别", "组", "村组", "村民小组", "小组", "社", "门牌号", "组号"}},
		{Key: "health", Names: []string{"身体情况", "健康状况", "身体状况", "健康情况"}},
		{Key: "disability", Names: []string{"残疾类别及等级", "残疾类型", "残疾等级", "残疾类别", "残疾情况"}},
		{Key: "illness", Names: []string{"患病类型", "患病情况", "病种", "重病病种", "慢性病病种"}},
		{Key: "schooling", Names: []string{"就学情况", "学业状况", "就学状况", "入学情况", "就读阶段", "学段"}},
		{Key: "school", Names: []string{"就读学校", "读书学校", "学校", "所在学校", "学校名称", "在哪读书", "就读学校名称"}},
		{Key: "grade", Names: []string{"年级", "就读年级", "年级班级", "班级", "所在年级"}},
		{Key: "boarding", Names: []string{"是否寄宿", "是否学校寄宿", "寄宿", "是否住校", "住校"}},
		{Key: "both_away", Names: []string{"父母双方同时外出", "父母双方外出", "父母双方均外出", "双方外出"}},
		{Key: "one_unable", Names: []string{"一方外出另一方无监护能力", "一方外出务工另一方无监护能力", "父母一方外出另一方无监护能力"}},
		{Key: "unable_who", Names: []string{"无监护能力者", "无监护能力一方", "无监护能力方"}},
		{Key: "entrust_reason", Names: []string{"委托照料原因", "留守原因", "留守类型"}},
		{Key: "guardianship", Names: []string{"监护类型", "监护情况", "监护状况", "监护评估"}},
		{Key: "lives_with", Names: []string{"现在跟谁过", "跟谁生活", "跟谁住", "与谁共同生活", "共同生活人", "现跟谁生活", "谁在带", "谁带", "居住情况", "居住状况"}},
		{Key: "income", Names: []string{"家庭经济来源", "经济来源", "主要经济来源"}},
		{Key: "support", Names: []string{"救助帮扶", "救助措施", "享受救助情况", "救助情况", "帮扶措施", "救助帮扶情况"}},
		{Key: "remark", Names: []string{"备注", "其他情况", "情况说明", "说明", "其他特殊情况", "特殊情况", "家庭情况说明"}},
	}
	work := []string{"务工地点", "当前务工地点", "在哪里打工", "打工地点", "务工地", "务工地址", "外出务工地点", "工作地点", "在哪打工", "现务工地点", "现居住地", "去向", "外出地点", "打工地方"}
	for _, p := range []struct {
		key   string
		group []string
	}{{"father", father}, {"mother", mother}} {
		fields = append(fields,
			sheet.Field{Key: p.key + ".name", Names: append([]string{"姓名", "名字"}, p.group[:2]...), Group: p.group},
			sheet.Field{Key: p.key + ".birth", Names: []string{"出生日期", "出生年月"}, Group: p.group},
			sheet.Field{Key: p.key + ".identity", Names: []string{"身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码"}, Group: p.group, Looks: number},
			sheet.Field{Key: p.key + ".telephone", Names: []string{"联系电话", "电话", "手机", "手机号", "手机号码", "电话号码", "联系方式"}, Group: p.group, Looks: phone},
			sheet.Field{Key: p.key + ".work", Names: work, Group: p.group},
			sheet.Field{Key: p.key + ".state", Names: []string{"现状", "状态", "情况", "目前情况", "现状况"}, Group: p.group})
	}
	fields = append(fields,
		sheet.Field{Key: "carer.name", Names: []string{"姓名", "受委托人", "受委托人姓名", "监护人", "照料人", "名字"}, Group: carer},
		sheet.Field{Key: "carer.kinship", Names: []string{"与儿童关系", "与儿童的关系", "关系", "与被监护人关系", "与孩子关系"}, Group: carer},
		sheet.Field{Key: "carer.telephone", Names: []string{"联系电话", "电话", "手机", "手机号", "手机号码", "电话号码", "联系方式"}, Group: carer, Looks: phone},
		sheet.Field{Key: "carer.identity", Names: []string{"身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码"}, Group: carer, Looks: number},
		sheet.Field{Key: "carer.home", Names: []string{"居住地址", "住址", "居住地"}, Group: carer},
		sheet.Field{Key: "carer.given", Names: []string{"有无委托照料人", "有无委托其他监护人", "有无委托监护人", "是否委托"}})
	for _, g := range []struct{ key, code, name, spoken string }{
		{"grandfather", PaternalGrandfather, "祖父", "爷爷"}, {"grandmother", PaternalGrandmother, "祖母", "奶奶"},
		{"maternal_grandfather", MaternalGrandfather, "外祖父", "外公"}, {"maternal_grandmother", MaternalGrandmother, "外祖母", "外婆"},
	} {
		fields = append(fields,
			sheet.Field{Key: g.key + ".name", Names: []string{"姓名", g.name, g.spoken}, Group: []string{g.name, g.spoken}},
			sheet.Field{Key: g.key + ".birth", Names: []string{"出生日期", "出生年月"}, Group: []string{g.name, g.spoken}})
	}
	return fields
}()

// fieldName is what a field is called on screens and in problems.
func fieldName(key string) string {
	for _, f := range rosterFields {
		if f.Key != key {
			continue
		}
		if len(f.Group) > 0 && !strings.Contains(f.Names[0], f.Group[0]) {
			return f.Group[0] + f.Names[0]
		}
		return f.Names[0]
	}
	return key
}

// code reads a word of a roster into a code by the words it may contain, the
// longer ones first where one is part of another.
type words []struct{ text, code string }

func (w words) find(text string) string {
	text = identity.Fold(text)
	for _, word := range w {
		if strings.Contains(text, word.text) {
			return word.code
		}
	}
	return ""
}

// all gives every code the text names, in the table's order.
func (w words) all(text string) (codes []string) {
	text = identity.Fold(text)
	seen := map[string]bool{}
	for _, word := range w {
		if strings.Contains(text, word.text) && !seen[word.code] {
			seen[word.code] = true
			codes = append(codes, word.code)
			text = strings.ReplaceAll(text, word.text, "")
		}
	}
	return codes
}

var (
	schoolingWords = words{{"特殊教育", "special"}, {"特教", "special"}, {"辍学", "dropped_out"}, {"失学", "dropped_out"}, {"未入园", "none_yet"},
		{"未上学", "none_yet"}, {"还没读书", "none_yet"}, {"没读书", "none_yet"}, {"未读书", "none_yet"}, {"未入学", "none_yet"}, {"学龄前", "none_yet"}, {"幼儿园", "kindergarten"},
		{"学前班", "kindergarten"}, {"不在学", "not_in_school"}, {"小学", "primary"}, {"初中", "junior"}, {"初级中学", "junior"}, {"中职", "vocational"}, {"职高", "vocational"},
		{"职业", "vocational"}, {"中专", "vocational"}, {"技校", "vocational"}, {"高中", "senior"}, {"高级中学", "senior"}}
	healthWords = words{{"残疾", "disabled"}, {"重病", "ill"}, {"慢性病", "ill"}, {"患病", "ill"}, {"疾病", "ill"}, {"一般", "weak"}, {"较弱", "weak"}, {"体弱", "weak"},
		{"健康", "healthy"}, {"良好", "healthy"}, {"正常", "healthy"}}
	householdWords = words{{"非农", "urban"}, {"城镇", "urban"}, {"城市", "urban"}, {"农业", "rural"}, {"农村", "rural"}, {"未登记", "unregistered"}, {"无户口", "unregistered"}}
	qualityWords   = words{{"监护能力不足", "insufficient"}, {"能力不足", "insufficient"}, {"较好", "good"}, {"一般", "fair"}, {"较差", "insufficient"}, {"差", "insufficient"}}
	incomeWords    = words{{"打工", "work"}, {"务工", "work"}, {"工资", "work"}, {"种养殖", "farming"}, {"种植", "farming"}, {"养殖", "farming"}, {"务农", "farming"},
		{"政府救助", "relief"}, {"低保", "relief"}, {"救助", "relief"}, {"亲朋接济", "relatives"}, {"亲友", "relatives"}, {"接济", "relatives"}, {"其他", "other"}}
	supportWords = words{{"困难残疾人生活补贴", "disability_living"}, {"残疾人生活补贴", "disability_living"}, {"生活补贴", "disability_living"}, {"护理补贴", "disability_nursing"},
		{"事实无人抚养", "unsupported"}, {"特困", "destitute"}, {"五保", "destitute"}, {"低保", "subsistence"}, {"临时", "temporary"}, {"医疗", "medical"}, {"住房", "housing"},
		{"危房", "housing"}, {"建档立卡", "other"}, {"孤儿", "other"}, {"其他", "other"}}
	// kinshipWords has grandparents of the mother's side before those of the
	// father's, whose words are part of theirs.
	kinshipWords = words{{"爷爷奶奶", Grandparents}, {"外公外婆", Grandparents}, {"姥姥姥爷", Grandparents}, {"外祖父母", Grandparents}, {"祖父母", Grandparents},
		{"曾祖", "66"}, {"太爷", "66"}, {"外祖父", MaternalGrandfather}, {"外公", MaternalGrandfather}, {"姥爷", MaternalGrandfather}, {"外祖母", MaternalGrandmother},
		{"外婆", MaternalGrandmother}, {"姥姥", MaternalGrandmother}, {"祖父", PaternalGrandfather}, {"爷爷", PaternalGrandfather}, {"祖母", PaternalGrandmother}, {"奶奶", PaternalGrandmother},
		{"继父", "57"}, {"养父", "57"}, {"继母", "58"}, {"养母", "58"}, {"伯母", "82"}, {"伯娘", "82"}, {"伯", "81"}, {"婶", "84"}, {"叔", "83"}, {"舅母", "86"}, {"舅妈", "86"}, {"舅", "85"},
		{"姨父", "87"}, {"姨夫", "87"}, {"姨", "88"}, {"姑父", "89"}, {"姑夫", "89"}, {"姑爷", "89"}, {"姑", "90"}, {"哥", "70"}, {"姐", "70"}, {"兄", "70"}, {"邻居", NoRelative}, {"朋友", NoRelative},
		{"老师", NoRelative}, {"非亲属", NoRelative}, {"托管", NoRelative}, {"亲戚", OtherRelative}, {"亲属", OtherRelative}, {"父亲", Father}, {"爸", Father}, {"母亲", Mother}, {"妈", Mother}}
)

// careOf is the kind of care (who looks after the child) a kinship stands for.
func careOf(kinship string) string {
	switch kinship {
	case "":
		return ""
	case Father, Mother, "57", "58":
		return "parent"
	case Grandparents, PaternalGrandfather, PaternalGrandmother, MaternalGrandfather, MaternalGrandmother, "66":
		return "grandparents"
	case NoRelative:
		return "other"
	}
	return "relative"
}

// yes reads a box to tick; known is false when it was left open.
func yes(text string) (is, known bool) {
	switch identity.Fold(text) {
	case "是", "√", "✓", "☑", "v", "V", "Y", "y", "有", "对", "1":
		return true, true
	case "否", "×", "x", "X", "N", "n", "无", "没有", "不是", "0":
		return false, true
	}
	return false, false
}

// isDash reports the mark forms prescribe for a parent or grandparent who is
// dead or to whom the box does not apply.
func isDash(text string) bool {
	switch strings.Trim(identity.Fold(text), " ") {
	case "—", "——", "-", "--", "/", "－", "―", "–", "一", "\\":
		return true
	}
	return false
}
