package region_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwang/platform/fault"
	"shouwang/platform/region"
)

const yunyang = region.Code("500235000000")

func embedded(t testing.TB) *region.Book {
	t.Helper()
	all, err := region.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	book, err := region.NewBook(all)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestData_IsExactlyWhatTheGeneratorWrote(t *testing.T) {
	sums, err := os.ReadFile("data/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile("data/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != sum {
			t.Errorf("%s has changed: %s, recorded %s", name, got, sum)
		}
		listed++
	}
	files, err := os.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	tables := slices.DeleteFunc(files, func(f os.DirEntry) bool { return !strings.HasSuffix(f.Name(), ".tsv") })
	if listed != len(tables) {
		t.Errorf("%d files have checksums, there are %d", listed, len(tables))
	}
}

func TestEmbedded_TheCountyHasItsTownsAndVillages(t *testing.T) {
	book := embedded(t)
	want := map[string]int{
		"双江街道": 12, "青龙街道": 17, "人和街道": 13, "盘龙街道": 24, "龙角镇": 12, "故陵镇": 8, "红狮镇": 10, "路阳镇": 5, "农坝镇": 7, "渠马镇": 12,
		"黄石镇": 7, "巴阳镇": 8, "沙市镇": 9, "鱼泉镇": 13, "凤鸣镇": 24, "宝坪镇": 14, "南溪镇": 34, "双土镇": 11, "桑坪镇": 10, "江口镇": 36,
		"高阳镇": 17, "平安镇": 18, "云阳镇": 11, "云安镇": 11, "栖霞镇": 7, "双龙镇": 9, "泥溪镇": 10, "蔈草镇": 10, "养鹿镇": 9, "水口镇": 5,
		"堰坪镇": 6, "龙洞镇": 9, "后叶镇": 8, "耀灵镇": 4, "大阳镇": 7, "外郎乡": 5, "新津乡": 8, "普安乡": 11, "洞鹿乡": 5, "石门乡": 4, "上坝乡": 6, "清水土家族乡": 14,
	}
	got, ends := map[string]int{}, map[string]int{}
	for _, town := range book.Children(yunyang) {
		villages := book.Children(town.Code)
		got[town.Name] = len(villages)
		ends[string([]rune(town.Name)[len([]rune(town.Name))-1:])]++
		for _, village := range villages {
			ends[string([]rune(village.Name)[len([]rune(village.Name))-5:])]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"道": 4, "镇": 31, "乡": 7, "村民委员会": 380, "居民委员会": 100}, ends); diff != "" {
		t.Error(diff)
	}
}

func TestEmbedded_TheCountryHasItsOddities(t *testing.T) {
	book := embedded(t)
	if n := len(book.Children("")); n != 34 {
		t.Errorf("%d divisions at province level", n)
	}
	for code, want := range map[region.Code]string{
		"441900000000": "广东省东莞市", "429004000000": "湖北省仙桃市", "659001000000": "新疆维吾尔自治区石河子市",
		"620201000000": "甘肃省嘉峪关市嘉峪关市", "110101000000": "北京市东城区", "500235000000": "重庆市云阳县", "810000000000": "香港特别行政区",
	} {
		if got := book.FullName(code); got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	if counties := book.Children("441900000000"); len(counties) != 0 {
		t.Errorf("东莞 has counties: %v", counties)
	}
}

func TestFullName_IsAsPeopleWriteIt(t *testing.T) {
	book := embedded(t)
	for _, r := range book.Search("杏家湾", 9) {
		if got := book.FullName(r.Code); got != "重庆市云阳县双江街道杏家湾社区" {
			t.Error(got)
		}
	}
}

func TestNewBook_RefusesWhatDoesNotHoldTogether(t *testing.T) {
	province := region.New("500000000000", "重庆市")
	for why, all := range map[string][]region.Region{
		"a code of the wrong shape":   {region.New("5002", "县")},
		"no parent":                   {region.New("500200000000", "县")},
		"a code twice":                {province, province},
		"a name while another lasts":  {{Code: province.Code, Name: "甲", Level: region.Province, ValidTo: "2020-01-01"}, {Code: province.Code, Name: "乙", Level: region.Province, ValidFrom: "2019-01-01"}},
		"a successor that is nowhere": {{Code: province.Code, Name: "甲", Level: region.Province, ValidTo: "2020-01-01", Successors: []region.Code{"510000000000"}}},
		"no name":                     {region.New("500000000000", "")},
	} {
		if _, err := region.NewBook(all); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// changed is the embedded country after invented reforms: 大花村 was merged,
// one village split, one renamed under its code, one gone.
func changed(t testing.TB) *region.Book {
	t.Helper()
	all, err := region.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	old := func(code region.Code, name string, successors ...region.Code) {
		r := region.New(code, name)
		r.ValidTo, r.Successors = "2020-01-01", successors
		all = append(all, r)
	}
	old("500235208291", "旧河村村民委员会", "500235208292")
	old("500235208292", "合河村村民委员会", "500235208215")
	old("500235208293", "分水岭村村民委员会", "500235208215", "500235208216")
	old("500235208294", "无后村村民委员会")
	old("500235208216", "更名前村村民委员会")
	for i, r := range all {
		if r.Code == "500235208216" && r.ValidTo == "" {
			all[i].ValidFrom = "2020-01-01"
		}
	}
	book, err := region.NewBook(all)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestCurrent_FollowsWhatACodeBecame(t *testing.T) {
	book := changed(t)
	for _, c := range []struct {
		code region.Code
		day  string
		want []region.Code
	}{
		{"500235208291", "2026-11-23", []region.Code{"500235208215"}},
		{"500235208291", "2019-12-31", []region.Code{"500235208291"}},
		{"500235208293", "2020-01-01", []region.Code{"500235208215", "500235208216"}},
		{"500235208294", "2026-11-23", nil},
		{"500235208216", "2026-11-23", []region.Code{"500235208216"}},
		{"500235208299", "2026-11-23", nil},
	} {
		if diff := cmp.Diff(c.want, book.Current(c.code, c.day)); diff != "" {
			t.Errorf("%s on %s: %s", c.code, c.day, diff)
		}
	}
}

func TestCurrent_ACircleOfSuccessorsEnds(t *testing.T) {
	a, b := region.New("110000000000", "甲"), region.New("120000000000", "乙")
	a.ValidTo, a.Successors = "2020-01-01", []region.Code{b.Code}
	b.ValidTo, b.Successors = "2020-01-01", []region.Code{a.Code}
	book, err := region.NewBook([]region.Region{a, b})
	if err != nil {
		t.Fatal(err)
	}
	if got := book.Current(a.Code, "2026-11-23"); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestChildren_LeaveOutWhatIsRetired(t *testing.T) {
	if n := len(changed(t).Children("500235208000")); n != 5 {
		t.Errorf("外郎乡 has %d villages", n)
	}
}

func TestSearch_ByNameInitialsAndPinyin(t *testing.T) {
	book := embedded(t)
	for text, want := range map[string]string{
		"杏家": "杏家湾社区居民委员会", "家湾": "杏家湾社区居民委员会", "xjw": "杏家湾社区居民委员会", "xingjiaw": "杏家湾社区居民委员会", "XJWSQ": "杏家湾社区居民委员会",
		"chongqing": "重庆市", "云阳": "云阳县", "sj": "上饶市",
	} {
		found := book.Search(text, 400)
		has := slices.ContainsFunc(found, func(r region.Region) bool { return r.Name == want })
		if has != (text != "sj") {
			t.Errorf("%s: %v", text, found)
		}
	}
	if found := book.Search("云阳", 1); len(found) != 1 || found[0].Code != yunyang {
		t.Errorf("the county does not come first: %v", found)
	}
	if n := len(book.Search("村", 7)); n != 7 {
		t.Errorf("a limit of 7 gives %d", n)
	}
	if n := len(book.Search(" ", 7)); n != 0 {
		t.Errorf("nothing to search for finds %d", n)
	}
}
