package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadRemark_FactsArePlainWordsOnly(t *testing.T) {
	type said struct {
		facts  []string
		raised []string
	}
	for text, c := range map[string]struct {
		kinship string
		want    said
	}{
		"母亲离家多年无音讯":     {"", said{[]string{"mother.life=lost"}, []string{"备注提出：母亲失去联系"}}},
		"母亲离家，杳无音信":     {"", said{[]string{"mother.life=lost"}, []string{"备注提出：母亲失去联系"}}},
		"父亲已故":          {"", said{[]string{"father.life=deceased"}, []string{"备注提出：父亲已去世"}}},
		"父母双亡":          {"", said{[]string{"father.life=deceased", "mother.life=deceased"}, []string{"备注提出：父亲已去世", "备注提出：母亲已去世"}}},
		"爸爸在监狱服刑":       {"", said{[]string{"father.life=custody"}, []string{"备注提出：父亲服刑在押或被限制自由"}}},
		"没上户口":          {"", said{[]string{"child.household=unregistered"}, []string{"备注提出：未登记户口"}}},
		"一个人住":          {"", said{[]string{"child.living=alone"}, []string{"备注提出：独自居住或无人照料"}}},
		"独居，母亲残疾一级":     {"", said{[]string{"child.living=alone", "mother.ability=unable"}, []string{"备注提出：独自居住或无人照料", "备注提出：母亲重病或重残"}}},
		"一级残疾":          {"", said{[]string{"child.health=disabled"}, []string{"备注提出：残疾"}}},
		"患先天性心脏病":       {"", said{[]string{"child.health=ill"}, []string{"备注提出：患病"}}},
		"重病":            {"", said{[]string{"child.health=ill"}, []string{"备注提出：患病"}}},
		"奶奶重病":          {"", said{nil, []string{"备注提出：奶奶重病或重残"}}},
		"奶奶 重病":         {PaternalGrandmother, said{nil, []string{"备注提出：重病或重残（没有写明是谁）"}}},
		"奶奶瘫痪":          {PaternalGrandmother, said{[]string{"carer.ability=unable", "child.care_quality=insufficient"}, []string{"备注提出：奶奶重病或重残"}}},
		"外婆重病":          {PaternalGrandmother, said{nil, []string{"备注提出：外婆重病或重残"}}},
		"奶奶重病，一级残疾":     {MaternalGrandmother, said{nil, []string{"备注提出：奶奶重病或重残", "备注提出：重病或重残（没有写明是谁）"}}},
		"无残疾，未辍学":       {"", said{}},
		"伯父已故":          {"", said{nil, []string{"备注提出：伯父已去世"}}},
		"父母离异":          {"", said{nil, []string{"备注提出：离异"}}},
		"父亲在新疆打工，母亲在家":  {"", said{[]string{"father.absence=away", "mother.absence=home"}, []string{"备注提出：父亲外出务工", "备注提出：母亲在家"}}},
		"父亲四级残疾":        {"", said{nil, []string{"备注提出：父亲残疾"}}},
		"低保户":           {"", said{[]string{"child.support=subsistence"}, []string{"备注提出：享受低保"}}},
		"已核对":           {"", said{}},
		"奶奶在家照顾":        {"", said{}},
		"2026年3月辍学在家":   {"", said{[]string{"child.schooling=dropped_out"}, []string{"备注提出：辍学"}}},
		"母亲精神病，无监护能力":   {"", said{[]string{"mother.ability=unable"}, []string{"备注提出：母亲重病或重残", "备注提出：重病或重残（没有写明是谁）"}}},
		"监护人病重":         {MaternalGrandmother, said{[]string{"carer.ability=unable", "child.care_quality=insufficient"}, []string{"备注提出：监护人重病或重残"}}},
		"其母失联多年":        {"", said{[]string{"mother.life=lost"}, []string{"备注提出：母亲失去联系"}}},
		"继母在家":          {"", said{}},
		"外祖母去世，由外祖父照看 ": {"", said{nil, []string{"备注提出：外祖母已去世"}}},
	} {
		got := readRemark(text, c.kinship)
		var facts []string
		for _, f := range got.facts {
			facts = append(facts, f.About+"."+f.Kind+"="+f.Value)
		}
		if diff := cmp.Diff(c.want.facts, facts); diff != "" {
			t.Errorf("%s: facts (-want +got)\n%s", text, diff)
		}
		if diff := cmp.Diff(c.want.raised, got.raised); diff != "" {
			t.Errorf("%s: raised (-want +got)\n%s", text, diff)
		}
	}
}
