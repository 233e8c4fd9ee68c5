package registry

import (
	"regexp"
	"slices"
	"strings"

	"shouwang/platform/identity"
)

// What a remark says is read by tables: who is spoken of, and what is said of
// them. Only what is said plainly becomes a fact; what names somebody of whom
// no fact is kept, or leaves open whom it means, is shown to the person who
// checks the import and goes no further.

// spokenOf are the words for people, the longer first where one holds another:
// 外祖母 is neither 祖母 nor 母.
var spokenOf = []struct{ words, about, kinship string }{
	{"外祖父母 外公外婆 祖父母 爷爷奶奶", "carer", Grandparents},
	{"外祖父 外公 姥爷", "carer", MaternalGrandfather},
	{"外祖母 外婆 姥姥", "carer", MaternalGrandmother},
	{"祖父 爷爷", "carer", PaternalGrandfather},
	{"祖母 奶奶", "carer", PaternalGrandmother},
	{"监护人 受委托人 照料人", "carer", ""},
	{"伯父 叔父 舅父 姨父 姑父 继父 养父 伯母 婶母 舅母 姨母 姑母 继母 养母 叔叔 伯伯 舅舅 姑姑 阿姨 姑妈 姨妈 舅妈 婶婶 哥哥 姐姐 弟弟 妹妹", "other", ""},
	{"父母 双亲 爸妈", "both", ""},
	{"父亲 爸爸 其父 生父", AboutFather, ""},
	{"母亲 妈妈 其母 生母", AboutMother, ""},
	{"父 爸", AboutFather, ""},
	{"母 妈", AboutMother, ""},
}

// remarkRule is one thing a remark may say. Of the child, it becomes fact;
// of a parent, parent; of the one who looks after the child, carer. An empty
// kind is shown and no more.
type remarkRule struct {
	says                 *regexp.Regexp
	name                 string
	child, parent, carer fact
	inherits             bool // may be said of somebody named in an earlier clause
}

type fact struct{ kind, value string }

// remarkRules are tried in order in each clause; one clause may say several.
var remarkRules = []remarkRule{
	{says: regexp.MustCompile(`已故|去世|死亡|病故|过世|亡故|身亡|逝世|离世|病逝|不在了|双亡`), name: "已去世", parent: fact{Life, "deceased"}, inherits: true},
	{says: regexp.MustCompile(`[无没杳]有?音[讯信]|失联|失去联系|失踪|下落不明|离家出走|联系不上|去向不明|不知去向|离家多年|出走多年|多年未归|跑了`), name: "失去联系", parent: fact{Life, "lost"}, inherits: true},
	{says: regexp.MustCompile(`服刑|坐牢|在押|入狱|监狱|判刑|强制隔离?戒毒|戒毒所|羁押`), name: "服刑在押或被限制自由", parent: fact{Life, "custody"}, inherits: true},
	{says: regexp.MustCompile(`重病|病重|瘫痪|卧床|精神病|精神障碍|精神异常|精神残疾|精神失常|智力残疾|智力障碍|智障|痴呆|癌|尿毒症|[一二]级残疾|残疾[一二]级|重残|重度残疾|(无|没有|丧失)(监护|劳动)能力`), name: "重病或重残",
		child: fact{}, parent: fact{Ability, "unable"}, carer: fact{Ability, "unable"}},
	{says: regexp.MustCompile(`残疾`), name: "残疾", child: fact{Health, "disabled"}},
	{says: regexp.MustCompile(`重病|病重|患[^，。；、]{0,8}(病|癌)|白血病|心脏病|癫痫|大病`), name: "患病", child: fact{Health, "ill"}},
	{says: regexp.MustCompile(`一个人(住|过|生活|在家|居住)|^一个人$|独居|独自(居住|生活|在家)|自己(住|过)|无人(监护|照料|照看|照顾)`), name: "独自居住或无人照料", child: fact{Living, "alone"}},
	{says: regexp.MustCompile(`[没未无](有)?[上登入]?(记)?户口|黑户|户口未上|未落户|没落户`), name: "未登记户口", child: fact{Household, "unregistered"}},
	{says: regexp.MustCompile(`辍学|失学`), name: "辍学", child: fact{Schooling, "dropped_out"}},
	{says: regexp.MustCompile(`低保`), name: "享受低保", child: fact{Support, "subsistence"}},
	{says: regexp.MustCompile(`特困|五保`), name: "享受特困供养", child: fact{Support, "destitute"}},
	{says: regexp.MustCompile(`事实无人抚养`), name: "事实无人抚养", child: fact{Support, "unsupported"}},
	{says: regexp.MustCompile(`(外出|在外|出去)(务工|打工)|在[^，。；、]{1,10}(打工|务工)`), name: "外出务工", parent: fact{Absence, "away"}},
	{says: regexp.MustCompile(`在家`), name: "在家", parent: fact{Absence, "home"}},
	{says: regexp.MustCompile(`离异|离婚|改嫁|再婚|单亲|孤儿|被拐|虐待|家暴|遗弃|性侵`), name: ""},
}

// denied are the words before a finding that turn it round: 无残疾, 未辍学.
var denied = []string{"无", "没有", "未", "非", "不是", "没", "不"}

var clauseBreak = regexp.MustCompile(`[，,；;。、\s/|]+`)

// reading of a remark.
type remarked struct {
	facts   []NewFact
	raised  []string
	noHouse bool // not registered: an identity number cannot be expected
}

// readRemark reads one remark. Kinship is who looks after the child, "" when
// not known.
func readRemark(text, kinship string) (out remarked) {
	text = identity.Fold(text)
	named := mentionsIn(text)
	var last []mention
	for _, clause := range clauseBreak.Split(text, -1) {
		here := mentionsIn(clause)
		inherited := len(here) == 0
		subjects := here
		if inherited {
			subjects = last
		} else {
			last = here
		}
		severe := false // and so not said a second time as a lesser illness
		for _, rule := range remarkRules {
			at := rule.says.FindStringIndex(clause)
			if at == nil || isDenied(clause[:at[0]]) {
				continue
			}
			if rule.name == "" {
				out.raise(clause[at[0]:at[1]])
				continue
			}
			if severe && rule.child.kind == Health {
				continue
			}
			severe = severe || rule.parent.kind == Ability && len(subjects) > 0
			out.apply(rule, subjects, inherited, len(named) > 0, kinship)
		}
	}
	return out
}

func (out *remarked) apply(rule remarkRule, subjects []mention, inherited, anyoneNamed bool, kinship string) {
	onlyOfChild := rule.parent.kind == "" && rule.carer.kind == "" && rule.child.kind != "" && rule.child.kind != Health
	ofHealth := rule.child.kind == Health || rule.parent.kind == Ability
	switch {
	case onlyOfChild:
		out.add(AboutChild, rule.child, rule.name)
		if rule.child.value == "unregistered" {
			out.noHouse = true
		}
		return
	case inherited && ofHealth && anyoneNamed:
		// 奶奶重病，一级残疾: whose disability?
		out.raise(rule.name + "（没有写明是谁）")
		return
	case inherited && !rule.inherits || len(subjects) == 0:
		if rule.child.kind != "" {
			out.add(AboutChild, rule.child, rule.name)
		}
		return
	}
	for _, s := range subjects {
		if rule.parent.kind == Absence && s.about != AboutFather && s.about != AboutMother && s.about != "both" {
			continue // where a grandparent is, is no fact
		}
		switch s.about {
		case AboutFather, AboutMother:
			out.ofParent(s.about, rule)
		case "both":
			out.ofParent(AboutFather, rule)
			out.ofParent(AboutMother, rule)
		case "carer":
			if rule.carer.kind != "" && kinship != "" && (s.kinship == "" || s.kinship == kinship) {
				out.add(AboutCarer, rule.carer, s.word+rule.name)
				out.add(AboutChild, fact{CareQuality, "insufficient"}, "")
			} else if rule.name != "" {
				out.raise(s.word + rule.name)
			}
		default:
			out.raise(s.word + rule.name)
		}
	}
}

func (out *remarked) ofParent(about string, rule remarkRule) {
	who := map[string]string{AboutFather: "父亲", AboutMother: "母亲"}[about]
	if rule.parent.kind == "" {
		out.raise(who + rule.name)
		return
	}
	out.add(about, rule.parent, who+rule.name)
}

func (out *remarked) add(about string, f fact, say string) {
	if slices.ContainsFunc(out.facts, func(n NewFact) bool { return n.About == about && n.Kind == f.kind }) {
		return
	}
	out.facts = append(out.facts, NewFact{About: about, Kind: f.kind, Value: f.value})
	if say != "" {
		out.raise(say)
	}
}

func (out *remarked) raise(say string) {
	if say = "备注提出：" + say; !slices.Contains(out.raised, say) {
		out.raised = append(out.raised, say)
	}
}

type mention struct{ word, about, kinship string }

// mentionsIn finds who is named in a text, each stretch of it once.
func mentionsIn(text string) (found []mention) {
	for _, entry := range spokenOf {
		for _, word := range strings.Fields(entry.words) {
			for {
				i := strings.Index(text, word)
				if i < 0 {
					break
				}
				text = text[:i] + strings.Repeat("\x00", len(word)) + text[i+len(word):]
				if !slices.ContainsFunc(found, func(s mention) bool { return s.about == entry.about && s.kinship == entry.kinship }) {
					found = append(found, mention{word, entry.about, entry.kinship})
				}
			}
		}
	}
	return found
}

func isDenied(before string) bool {
	return slices.ContainsFunc(denied, func(d string) bool { return strings.HasSuffix(before, d) })
}

// parentState reads what a cell about a parent says in place of a name or a
// place of work: 已故, 失联, 服刑.
func parentState(text string) (f fact, ok bool) {
	text = identity.Fold(text)
	for _, rule := range remarkRules {
		if rule.parent.kind != "" && rule.parent.kind != Absence && rule.says.MatchString(text) {
			return rule.parent, true
		}
	}
	return fact{}, false
}
