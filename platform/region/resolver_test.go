package region_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/platform/region"
)

const day = "2026-11-23"

// codeOf finds one division by its full name from the county down.
func codeOf(t testing.TB, book *region.Book, name string) region.Code {
	t.Helper()
	var found []region.Code
	for _, town := range book.Children(yunyang) {
		for _, r := range append(book.Children(town.Code), town) {
			if strings.TrimPrefix(book.FullName(r.Code), "重庆市云阳县") == name {
				found = append(found, r.Code)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s is %v", name, found)
	}
	return found[0]
}

func TestResolve_VillagesAsRostersWriteThem(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	for _, c := range []struct{ cell, context, want, rest string }{
		{"双江街道杏家湾社区", "", "双江街道杏家湾社区", ""},
		{"外郎乡大花村3组", "", "外郎乡大花村", "3组"},
		{"重庆市云阳县巴阳社区居民委员会", "", "巴阳镇巴阳社区", ""},
		{"石云村村民委员会", "", "", ""},
		{"大花村", "", "外郎乡大花村", ""},
		{"大花", "", "外郎乡大花村", ""},
		{"大花三组", "", "外郎乡大花村", "三组"},
		{"大花村三组12号", "", "外郎乡大花村", "三组12号"},
		{"大花村三组3-12号", "", "外郎乡大花村", "三组3-12号"},
		{"大花村委会", "", "外郎乡大花村", ""},
		{"大花村村委会", "", "外郎乡大花村", ""},
		{"大花村民委员会", "", "外郎乡大花村", ""},
		{"外郎大花村", "", "外郎乡大花村", ""},
		{"外郎镇大花村", "", "外郎乡大花村", ""},
		{"重庆云阳外郎大花", "", "外郎乡大花村", ""},
		{"云阳外郎乡大花村", "", "外郎乡大花村", ""},
		{"重庆市外郎乡大花村", "", "外郎乡大花村", ""},
		{"重庆市 / 云阳县 / 外郎乡 / 大花村", "", "外郎乡大花村", ""},
		{"户籍地：重庆市－云阳县－外郎乡－大花村", "", "外郎乡大花村", ""},
		{"\u3000云阳县 外郎乡\u200b 大花村", "", "外郎乡大花村", ""},
		{"双江街道办事处杏家湾居委会", "", "双江街道杏家湾社区", ""},
		{"杏家湾", "", "双江街道杏家湾社区", ""},
		{"500235208215", "", "=500235208215", ""},
		{"５００２３５２０８２１５", "", "=500235208215", ""},
		{"500235208215.0", "", "=500235208215", ""},
		{"平安寨社区2组", "", "", "2组"},
		{"大花村村民委员会留守儿童花名册", "", "外郎乡大花村", "留守儿童花名册"},
		{"3组", "外郎乡大花村", "外郎乡大花村", "3组"},
		{"大花村", "外郎乡", "外郎乡大花村", ""},
		{"云阳镇", "", "云阳镇", ""},
		{"清水乡", "", "清水土家族乡", ""},
		{"清水土家族乡", "", "清水土家族乡", ""},
		{"重庆市云阳县外郎乡", "", "外郎乡", ""},
		{"重庆市云阳镇", "", "云阳镇", ""},
		{"外郎乡2026年花名册", "", "外郎乡", "2026年花名册"},
		{"500235208", "", "外郎乡", ""},
	} {
		if c.want == "" { // some village of that name: the data says which
			if got := r.Resolve(c.cell, ""); got.Outcome != region.Found || got.Rest != c.rest {
				t.Errorf("%s: %+v", c.cell, got)
			}
			continue
		}
		var context region.Code
		if c.context != "" {
			context = codeOf(t, book, c.context)
		}
		want := region.Resolution{Outcome: region.Found, Rest: c.rest}
		if code, ok := strings.CutPrefix(c.want, "="); ok {
			want.Code = region.Code(code)
		} else {
			want.Code = codeOf(t, book, c.want)
		}
		if want.Code.Level() == region.Town {
			want.Outcome = region.TownOnly
		}
		if diff := cmp.Diff(want, r.Resolve(c.cell, context)); diff != "" {
			t.Errorf("%s in %q: %s", c.cell, c.context, diff)
		}
	}
}

func TestResolve_WhatMayBeTwoPlacesIsLeftToAPerson(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	for _, c := range []struct {
		cell, context string
		candidates    int
	}{
		{"三湾村", "", 2},        // two towns have one
		{"三湾村村民委员会3组", "", 2}, //
		{"巴阳", "", 0},         // the town, see below
		{"杏家湾村", "", 1},       // there is only a community of that name
		{"双江街道杏家湾村", "", 1},   //
		{"大花村", "双江街道", 1},    // the sheet says another town
		{"云阳", "", 2},         // the county or the town
	} {
		var context region.Code
		if c.context != "" {
			context = codeOf(t, book, c.context)
		}
		got := r.Resolve(c.cell, context)
		if c.candidates == 0 {
			if got.Outcome != region.TownOnly || len(got.Candidates) != 2 {
				t.Errorf("%s: %+v", c.cell, got)
			}
			continue
		}
		if got.Outcome != region.Ambiguous || len(got.Candidates) != c.candidates || got.Code != "" {
			t.Errorf("%s in %q: %+v", c.cell, c.context, got)
		}
	}
}

func TestResolve_TheContextSettlesAName(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	for _, candidate := range r.Resolve("三湾村", "").Candidates {
		got := r.Resolve("三湾村2组", candidate.Parent())
		want := region.Resolution{Outcome: region.Found, Code: candidate, Rest: "2组"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestResolve_AVillageOfAnotherTownIsNotTakenForThisTowns(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	want := region.Resolution{Outcome: region.TownOnly, Code: codeOf(t, book, "双江街道"), Rest: "大花村3组",
		Candidates: []region.Code{codeOf(t, book, "外郎乡大花村")}}
	if diff := cmp.Diff(want, r.Resolve("双江街道大花村3组", "")); diff != "" {
		t.Error(diff)
	}
}

func TestResolve_ElsewhereWiderAndNowhere(t *testing.T) {
	r := region.NewResolver(embedded(t), yunyang, day)
	for _, c := range []struct {
		cell string
		want region.Resolution
	}{
		{"浙江省温州市", region.Resolution{Outcome: region.OtherCounty, Code: "330300000000"}},
		{"重庆市渝北区龙溪街道", region.Resolution{Outcome: region.OtherCounty, Code: "500112000000", Rest: "龙溪街道"}},
		{"湖北省利川市柏杨坝镇", region.Resolution{Outcome: region.OtherCounty, Code: "422802000000", Rest: "柏杨坝镇"}},
		{"奉节县永安街道", region.Resolution{Outcome: region.OtherCounty, Code: "500236000000", Rest: "永安街道"}},
		{"500236", region.Resolution{Outcome: region.OtherCounty, Code: "500236000000"}},
		{"500235999201", region.Resolution{Outcome: region.Unknown, Rest: "500235999201"}},
		{"云阳县", region.Resolution{Outcome: region.Wider, Code: yunyang}},
		{"云阳县民政局", region.Resolution{Outcome: region.Wider, Code: yunyang, Rest: "民政局"}},
		{"重庆市", region.Resolution{Outcome: region.Wider, Code: "500000000000"}},
		{"在家", region.Resolution{Outcome: region.NoPlace}},
		{"", region.Resolution{Outcome: region.NoPlace}},
		{"—", region.Resolution{Outcome: region.NoPlace}},
		{"瞎编村", region.Resolution{Outcome: region.Unknown, Rest: "瞎编村"}},
		{"大花边上", region.Resolution{Outcome: region.Unknown, Rest: "大花边上"}},
	} {
		if diff := cmp.Diff(c.want, r.Resolve(c.cell, "")); diff != "" {
			t.Errorf("%s: %s", c.cell, diff)
		}
	}
}

func TestPlace_WorkPlacesAtTheLevelTheyName(t *testing.T) {
	r := region.NewResolver(embedded(t), yunyang, day)
	for cell, want := range map[string]region.Resolution{
		"浙江宁波": {Code: "330200000000"}, "广东": {Code: "440000000000"}, "福建省泉州市": {Code: "350500000000"}, "新疆": {Code: "650000000000"},
		"广西": {Code: "450000000000"}, "内蒙古": {Code: "150000000000"}, "香港": {Code: "810000000000"}, "深圳": {Code: "440300000000"},
		"深圳龙华": {Code: "440309000000"}, "广东东莞长安镇": {Code: "441900000000", Rest: "长安镇"}, "上海浦东": {Code: "310115000000"},
		"江苏昆山": {Code: "320583000000"}, "江西南昌": {Code: "360100000000"}, "海南": {Code: "460000000000"}, "海南三亚": {Code: "460200000000"},
		"吉林": {Code: "220000000000"}, "吉林省吉林市": {Code: "220200000000"}, "恩施": {Code: "422800000000"}, "湖北仙桃": {Code: "429004000000"},
		"新疆摘棉花": {Code: "650000000000", Rest: "摘棉花"}, "广东省深圳市 ": {Code: "440300000000"}, "黄石": {Code: "420200000000"},
		"朝阳区":    {Outcome: region.Ambiguous, Candidates: []region.Code{"110105000000", "220104000000"}},
		"平安保险公司": {Outcome: region.Unknown, Rest: "平安保险公司"}, "在家": {Outcome: region.NoPlace}, "无": {Outcome: region.NoPlace}, "外出打工": {Outcome: region.Unknown, Rest: "外出打工"},
		"重庆": {Outcome: region.Wider, Code: "500000000000"}, "云阳": {Outcome: region.Wider, Code: yunyang},
		"重庆市云阳县外郎乡大花村": {Outcome: region.Found, Code: "500235208215"},
	} {
		if want.Outcome == region.Unknown && want.Code != "" {
			want.Outcome = region.OtherCounty
		}
		if diff := cmp.Diff(want, r.Place(cell)); diff != "" {
			t.Errorf("%s: %s", cell, diff)
		}
	}
}

func TestResolve_FormerNamesLeadToWhatTheyAreNow(t *testing.T) {
	r := region.NewResolver(changed(t), yunyang, day)
	for cell, want := range map[string]region.Resolution{
		"外郎乡旧河村2组":     {Outcome: region.Found, Code: "500235208215", Rest: "2组"},
		"更名前村":         {Outcome: region.Found, Code: "500235208216"},
		"分水岭村":         {Outcome: region.Ambiguous, Candidates: []region.Code{"500235208215", "500235208216"}},
		"无后村":          {Outcome: region.Unknown, Rest: "无后村"},
		"500235208291": {Outcome: region.Found, Code: "500235208215"},
	} {
		if diff := cmp.Diff(want, r.Resolve(cell, "")); diff != "" {
			t.Errorf("%s: %s", cell, diff)
		}
	}
}

func TestResolve_EveryDivisionOfTheCountyIsFoundByItsFullName(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	for _, town := range book.Children(yunyang) {
		if got := r.Resolve(book.FullName(town.Code), ""); got.Outcome != region.TownOnly || got.Code != town.Code {
			t.Errorf("%s: %+v", town.Name, got)
		}
		for _, village := range book.Children(town.Code) {
			for _, cell := range []string{book.FullName(village.Code), town.Name + village.Name, "云阳县" + town.Name + region.ShortName(village.Name) + "三组"} {
				if got := r.Resolve(cell, ""); got.Outcome != region.Found || got.Code != village.Code {
					t.Errorf("%s: %+v", cell, got)
				}
			}
		}
	}
}

func TestPlace_EveryCountyOfTheCountryIsFoundByItsFullName(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	for _, province := range book.Children("") {
		for _, prefecture := range book.Children(province.Code) {
			for _, county := range book.Children(prefecture.Code) {
				if county.Level != region.County {
					continue
				}
				if got := r.Place(book.FullName(county.Code)); got.Code != county.Code {
					t.Errorf("%s %s: %+v", county.Code, book.FullName(county.Code), got)
				}
			}
		}
	}
}

func TestResolve_NeverNamesAPlaceAndCandidatesThatDoNotExist(t *testing.T) {
	book := embedded(t)
	r := region.NewResolver(book, yunyang, day)
	words := rapid.SampledFrom(strings.Fields("重庆市 云阳县 云阳 双江 街道 外郎乡 大花 三湾 村 社区 村民委员会 居委会 3组 12号 巴阳 镇 湖北 利川市 平安 黄石 \u200b ， 500235 2 \xff 某"))
	rapid.Check(t, func(t *rapid.T) {
		cell := strings.Join(rapid.SliceOfN(words, 0, 6).Draw(t, "words"), "")
		for _, got := range []region.Resolution{r.Resolve(cell, ""), r.Resolve(cell, "500235208215"), r.Place(cell)} {
			for _, code := range append(got.Candidates, got.Code) {
				if _, ok := book.Find(code); !ok && code != "" {
					t.Fatalf("%q: %+v", cell, got)
				}
			}
			if (got.Code != "") != (got.Outcome == region.Found || got.Outcome == region.TownOnly || got.Outcome == region.Wider || got.Outcome == region.OtherCounty) ||
				got.Outcome == region.Ambiguous && len(got.Candidates) == 0 {
				t.Fatalf("%q: %+v", cell, got)
			}
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	r := region.NewResolver(embedded(b), yunyang, day)
	cells := []string{"重庆市云阳县巴阳社区居民委员会", "外郎乡大花村3组", "浙江省温州市", "石云村村民委员会"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Resolve(cells[i%len(cells)], "")
	}
}

func BenchmarkNewResolver(b *testing.B) {
	book := embedded(b)
	for b.Loop() {
		region.NewResolver(book, yunyang, day)
	}
}
