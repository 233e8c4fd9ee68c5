package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/platform/identity"
)

func TestNormalizeName_OneNameIsWrittenOneWay(t *testing.T) {
	for raw, want := range map[string]string{
		"王 明": "王明", "王\u3000\u3000明": "王明", "\u200b王明\u00a0": "王明", "王明": "王明",
		"阿依古丽‧买买提": "阿依古丽·买买提", "阿依古丽•买买提": "阿依古丽·买买提", "阿依古丽・买买提": "阿依古丽·买买提",
		"阿依古丽.买买提": "阿依古丽·买买提", "阿依古丽．买买提": "阿依古丽·买买提", "阿依古丽 · 买买提": "阿依古丽·买买提", "阿依古丽 . 买买提": "阿依古丽·买买提", "'王明": "王明",
		"Ｍａｒｉａ  Wang": "Maria Wang", "⽅⼩明": "方小明", "𬀩": "𬀩", "": "",
	} {
		if got := identity.NormalizeName(raw); got != want {
			t.Errorf("NormalizeName(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestNormalizeName_IsSettledAfterOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := identity.NormalizeName(rapid.String().Draw(t, "raw"))
		if twice := identity.NormalizeName(once); twice != once {
			t.Fatalf("%q becomes %q", once, twice)
		}
	})
}

func TestCheckName_TotalsAndNotesAreNoNames(t *testing.T) {
	for raw, want := range map[string]string{
		"王明": "", "欧阳小丽": "", "阿依古丽·买买提": "", "单雄": "", "𬀩明": "", "Maria Wang": "", "吴有人": "", "何所有人": "",
		"": identity.NameEmpty, "无": identity.NameEmpty, "/": identity.NameEmpty, "—": identity.NameEmpty,
		"合计": identity.NameNotAName, "小 计": identity.NameNotAName, "12人": identity.NameNotAName, "王": identity.NameNotAName,
		"填表人：王明": identity.NameNotAName, "王明(小名)": identity.NameNotAName, "备注": identity.NameNotAName, "本村共有十二人": identity.NameNotAName,
	} {
		if got := idOf(identity.CheckName(raw)); got != want {
			t.Errorf("CheckName(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestPinyin_SurnameFirstThenTheDictionary(t *testing.T) {
	for name, want := range map[string][]identity.Reading{
		"王明":         {{Full: "wangming", Initials: "wm"}},
		"单雄":         {{Full: "shanxiong", Initials: "sx"}, {Full: "danxiong", Initials: "dx"}},
		"仇英":         {{Full: "qiuying", Initials: "qy"}, {Full: "chouying", Initials: "cy"}},
		"覃梅":         {{Full: "qinmei", Initials: "qm"}, {Full: "tanmei", Initials: "tm"}},
		"尉迟明":        {{Full: "yuchiming", Initials: "ycm"}, {Full: "weichiming", Initials: "wcm"}},
		"万俟明":        {{Full: "moqiming", Initials: "mqm"}, {Full: "wanqiming", Initials: "wqm"}},
		"长孙明":        {{Full: "zhangsunming", Initials: "zsm"}},
		"欧阳明":        {{Full: "ouyangming", Initials: "oym"}},
		"吕女":         {{Full: "lvnv", Initials: "ln"}},
		"盖":          {{Full: "ge", Initials: "g"}, {Full: "gai", Initials: "g"}},
		"阿卜·单":       {{Full: "abodan", Initials: "abd"}},
		"Maria Wang": {{Full: "mariawang", Initials: "mw"}},
		"":           nil,
	} {
		if diff := cmp.Diff(want, identity.Pinyin(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPinyin_ACharacterNoDictionaryKnowsStandsForItself(t *testing.T) {
	const rare = "\U0003134A" // beyond the dictionary
	want := []identity.Reading{{Full: "wang" + rare, Initials: "w" + rare}}
	if diff := cmp.Diff(want, identity.Pinyin("王"+rare)); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkPinyin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		identity.Pinyin("单雄信")
	}
}

func TestNameLikeness_Levels(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want identity.Likeness
	}{
		{"王小明", "王 小明", identity.Same},
		{"張偉", "张伟", identity.Variant},
		{"萧红", "肖红", identity.Variant},
		{"方喆", "方哲", identity.Variant},
		{"蘭芳", "蓝芳", identity.Variant},
		{"王晓明", "王小明", identity.Homophone},
		{"郝诗嘉", "郝思佳", identity.Similar}, // shi, si: by ear
		{"郝诗嘉", "郝诗佳", identity.Homophone},
		{"梓晗", "子涵", identity.Homophone},
		{"单雄", "山雄", identity.Homophone},
		{"单雄", "丹雄", identity.Homophone},
		{"陈嵘", "陈荣", identity.Homophone},
		{"刘明", "牛明", identity.Similar},
		{"王小明", "王小红", identity.Similar},
		{"王小明", "王明小", identity.Similar},
		{"陆梓", "陆梓强", identity.Similar},
		{"阿依古丽·买买提", "阿衣古力·买买提", identity.Homophone},
		{"阿依古丽·买买提", "阿依古丽·买提", identity.Similar},
		{"王明", "王红", identity.Different},
		{"王小明", "李大红", identity.Different},
		{"", "王明", identity.Unknown},
	} {
		if got := identity.NameLikeness(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := identity.NameLikeness(c.b, c.a); got != c.want {
			t.Errorf("%s, %s (turned): %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

func TestNameLikeness_DoesNotDependOnTheOrder(t *testing.T) {
	name := rapid.StringOfN(rapid.SampledFrom([]rune("王张張明小晓单山·萧肖兰蓝蘭")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if identity.NameLikeness(a, b) != identity.NameLikeness(b, a) {
			t.Fatalf("%q, %q", a, b)
		}
	})
}
