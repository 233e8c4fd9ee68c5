package registry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/identity"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

// Every name, number and telephone in these tests is invented.

const testToday = clock.Day("2026-11-23")

func testReader(t testing.TB, office region.Code) *reader {
	t.Helper()
	all, err := region.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	book, err := region.NewBook(all)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{resolver: region.NewResolver(book, "500235000000", string(testToday)), county: "500235000000", office: office, today: testToday}
}

func rowOf(cells map[string]string) *rosterRow {
	row := &rosterRow{Number: 5, Cells: map[string]cell{}}
	for k, v := range cells {
		row.Cells[k] = cell{Text: v}
	}
	return row
}

func sheetFor(context region.Code, fields ...string) *rosterSheet {
	s := &rosterSheet{Name: "名单", Context: context, KnownOn: testToday, today: testToday, Columns: map[string]column{}}
	for i, f := range fields {
		s.Columns[f] = column{i + 1, fieldName(f)}
	}
	return s
}

func factLines(x *reading) []string {
	var out []string
	for _, f := range x.File.Facts {
		line := f.About + "." + f.Kind + "=" + f.Value
		if f.Place != "" {
			line += "@" + f.Place
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func codesIn(x *reading) []string {
	var out []string
	for _, p := range x.Problems {
		out = append(out, p.Code)
	}
	slices.Sort(out)
	return out
}

func TestRead_WhereParentsAreAndWhoIsUnable(t *testing.T) {
	r := testReader(t, "500235000000")
	for name, c := range map[string]struct {
		cells map[string]string
		facts []string
		codes []string
	}{
		"both away": {
			map[string]string{"father.work": "浙江省温州市", "mother.work": "广东省深圳市", "both_away": "是", "one_unable": "否"},
			[]string{"father.absence=away@330300000000", "mother.absence=away@440300000000"}, nil},
		"one away, the other unable": {
			map[string]string{"father.work": "福建省泉州市", "mother.work": "—", "both_away": "否", "one_unable": "是"},
			[]string{"father.absence=away@350500000000", "mother.ability=unable", "mother.absence=home"}, nil},
		"the form names the unable one": {
			map[string]string{"mother.work": "福建省泉州市", "one_unable": "是", "unable_who": "父"},
			[]string{"father.ability=unable", "father.absence=home", "mother.absence=away@350500000000"}, nil},
		"a dash without a tick is no fact": {
			map[string]string{"father.work": "福建省泉州市", "mother.work": "—", "both_away": "否", "one_unable": "否"},
			[]string{"father.absence=away@350500000000"}, []string{"absence.dash"}},
		"not both, and the other place is open": {
			map[string]string{"father.work": "福建省泉州市", "both_away": "否", "one_unable": "否"},
			[]string{"father.absence=away@350500000000", "mother.ability=able", "mother.absence=home"}, nil},
		"at home": {
			map[string]string{"father.work": "在家", "mother.work": "在家务农"},
			[]string{"father.absence=home", "mother.absence=home"}, nil},
		"away, who knows where": {
			map[string]string{"father.work": "工地"},
			[]string{"father.absence=away"}, nil},
		"dead where the place should be": {
			map[string]string{"father.work": "已故", "mother.work": "广东"},
			[]string{"father.life=deceased", "mother.absence=away@440000000000"}, nil},
		"dead in brackets": {
			map[string]string{"father.name": "罗山（已故）", "both_away": "否"},
			[]string{"father.life=deceased"}, nil},
		"ticked against the places": {
			map[string]string{"father.work": "在家", "mother.work": "广东", "both_away": "是"},
			[]string{"father.absence=home", "mother.absence=away@440000000000"}, []string{"absence.contradicts"}},
		"not said": {
			map[string]string{"father.work": "不详"}, nil, nil},
		"the national system's reason": {
			map[string]string{"entrust_reason": "父母双方同时外出"},
			[]string{"father.absence=away", "mother.absence=away"}, nil},
	} {
		c.cells["name"], c.cells["birth"] = "邓秋禾", "2016-01-05"
		x := r.read(sheetFor("500235208215"), rowOf(c.cells))
		if diff := cmp.Diff(c.facts, factLines(x)); diff != "" {
			t.Errorf("%s: facts (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff(c.codes, codesIn(x)); diff != "" {
			t.Errorf("%s: problems (-want +got)\n%s", name, diff)
		}
	}
}

func TestRead_WordsOfTheFormBecomeFacts(t *testing.T) {
	r := testReader(t, "500235000000")
	x := r.read(sheetFor("500235208215"), rowOf(map[string]string{"name": "邓秋禾", "birth": "2016.1.5", "ethnicity": "土家", "health": "残疾", "disability": "肢体三级",
		"schooling": "小学", "boarding": "是", "income": "打工、种养殖", "support": "低保,医疗", "guardianship": "受委托人监护能力不足", "carer.name": "向云",
		"carer.kinship": "外祖母", "carer.telephone": "13900000003", "registered": "是", "household_kind": "农业", "group": "3"}))
	want := []string{"child.boarding=yes", "child.care=grandparents", "child.care_quality=insufficient", "child.health=disabled", "child.household=rural",
		"child.income=work farming", "child.schooling=primary", "child.support=subsistence medical"}
	if diff := cmp.Diff(want, factLines(x)); diff != "" {
		t.Error(diff)
	}
	relatives := []Relative{{Kinship: MaternalGrandmother, Name: "向云", Telephone: "13900000003", Carer: true}}
	if diff := cmp.Diff(relatives, x.File.Relatives); diff != "" {
		t.Error(diff)
	}
	if x.File.Child.Ethnicity != "土家族" || x.File.Child.Address != "3组" || len(x.Problems) != 0 {
		t.Errorf("%+v %v", x.File.Child, x.Problems)
	}
	if err := x.File.validate(testToday); err != nil {
		t.Errorf("the register refuses it: %v", err)
	}
}

func TestRead_SpokenWordsOfAVillagesOwnList(t *testing.T) {
	r := testReader(t, "500235000000")
	x := r.read(sheetFor("500235208215"), rowOf(map[string]string{"name": "邓 秋禾", "birth": "2016", "lives_with": "一个人", "school": "还没读书", "remark": "没上户口", "group": "2组"}))
	want := []string{"child.care=none", "child.household=unregistered", "child.living=alone", "child.schooling=none_yet"}
	if diff := cmp.Diff(want, factLines(x)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"备注提出：未登记户口"}, x.Raised); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"birth.month"}, codesIn(x)); diff != "" {
		t.Error(diff)
	}
	if x.File.Child.Name != "邓秋禾" || x.File.Child.Region != "500235208215" {
		t.Errorf("%+v", x.File.Child)
	}
}

func TestRead_WhatIsHeldAndWhatIsRejected(t *testing.T) {
	r := testReader(t, "500235000000")
	for name, c := range map[string]struct {
		cells   map[string]string
		numeric bool
		outcome string
		codes   []string
	}{
		"whole":                        {map[string]string{"identity": "500235201601050047"}, false, RowAccepted, nil},
		"no number":                    {map[string]string{"birth": "2016-01-05", "identity": "无"}, false, RowAccepted, nil},
		"a digit wrong":                {map[string]string{"identity": "500235201601050041"}, false, RowHeld, []string{identity.NumberCheckDigit}},
		"cut by a spreadsheet":         {map[string]string{"identity": "500235201601050000"}, true, RowHeld, []string{identity.NumberDamaged}},
		"a number cell of 18 digits":   {map[string]string{"identity": "500235201601050047"}, true, RowHeld, []string{identity.NumberDamaged}},
		"birth says otherwise":         {map[string]string{"identity": "500235201601050047", "birth": "2015-01-05"}, false, RowHeld, []string{identity.NumberBirthDisagree}},
		"sex says otherwise":           {map[string]string{"identity": "500235201601050047", "sex": "男"}, false, RowHeld, []string{identity.NumberSexDisagree}},
		"no name":                      {map[string]string{"name": "合计", "birth": "2016-01-05"}, false, RowRejected, []string{"name.none"}},
		"grown up":                     {map[string]string{"birth": "2001-01-05"}, false, RowRejected, []string{"age.over"}},
		"grown up by the year":         {map[string]string{"birth": "2001"}, false, RowRejected, []string{"age.over"}},
		"not born":                     {map[string]string{"birth": "2027-01-05"}, false, RowRejected, []string{"age.future"}},
		"sixteen":                      {map[string]string{"birth": "2010-01-05"}, false, RowAccepted, []string{"age.sixteen"}},
		"a date with two readings":     {map[string]string{"birth": "3/4/2016"}, false, RowHeld, []string{identity.DateAmbiguous}},
		"the number settles the date":  {map[string]string{"birth": "看不清", "identity": "500235201601050047"}, false, RowAccepted, nil},
		"a parent's number is wrong":   {map[string]string{"birth": "2016-01-05", "father.name": "邓山", "father.identity": "123"}, false, RowAccepted, []string{"relative.identity"}},
		"two villages have that name":  {map[string]string{"birth": "2016-01-05", "home": "三湾村3组"}, false, RowHeld, []string{"place.ambiguous"}},
		"only the town":                {map[string]string{"birth": "2016-01-05", "home": "外郎乡"}, false, RowHeld, []string{"place.town_only"}},
		"the town has no such village": {map[string]string{"birth": "2016-01-05", "home": "外郎乡龙河村"}, false, RowHeld, []string{"place.no_such_village"}},
		"no such place":                {map[string]string{"birth": "2016-01-05", "home": "龙河村"}, false, RowHeld, []string{"place.unknown"}},
		"another county":               {map[string]string{"birth": "2016-01-05", "home": "重庆市万州区"}, false, RowHeld, []string{"place.other_county"}},
	} {
		cells := map[string]string{"name": "邓秋禾", "home": "大花村"}
		for k, v := range c.cells {
			cells[k] = v
		}
		row := rowOf(cells)
		if c.numeric {
			row.Cells["identity"] = cell{Text: cells["identity"], Number: true}
		}
		x := r.read(sheetFor(""), row)
		if got := outcome(x.Problems); got != c.outcome {
			t.Errorf("%s: %s, want %s (%v)", name, got, c.outcome, x.Problems)
		}
		if diff := cmp.Diff(c.codes, codesIn(x)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRead_APlaceComesFromTheRowThenTheHeading(t *testing.T) {
	r := testReader(t, "500235000000")
	const flower = "500235208215" // 外郎乡大花村
	for name, c := range map[string]struct {
		context       region.Code
		cells         map[string]string
		place, rest   string
		household     string
		key           string
		outcomeOfHeld string
	}{
		"the row's own":                    {"500235001001", map[string]string{"home": "外郎乡大花村3组"}, flower, "3组", "", "", ""},
		"the heading":                      {flower, map[string]string{"group": "2组"}, flower, "2组", "", "", ""},
		"a hamlet in the heading's":        {flower, map[string]string{"home": "老屋湾12号"}, flower, "老屋湾12号", "", "", ""},
		"another village than the heading": {flower, map[string]string{"home": "龙河村"}, "", "", "", "500235208龙河村", "place.unknown"},
		"town and village in two columns":  {"", map[string]string{"town": "外郎乡", "village": "大花村", "group": "4"}, flower, "4组", "", "", ""},
		"only where it is registered":      {"", map[string]string{"household": "外郎乡大花村1组5号"}, flower, "1组5号", flower, "", ""},
		"lives elsewhere than registered":  {"", map[string]string{"home": "重庆市渝北区", "household": "外郎乡大花村"}, "", "", flower, "", "place.other_county"},
		"one question for all groups":      {"", map[string]string{"home": "龙河村 3组"}, "", "", "", "龙河村", "place.unknown"},
	} {
		c.cells["name"], c.cells["birth"] = "邓秋禾", "2016-01-05"
		x := r.read(sheetFor(c.context), rowOf(c.cells))
		if x.File.Child.Region != c.place || c.place != "" && x.File.Child.Address != c.rest || x.File.Child.HouseholdRegion != c.household || x.PlaceKey != c.key {
			t.Errorf("%s: %+v, key %q", name, x.File.Child, x.PlaceKey)
		}
		if c.outcomeOfHeld != "" && !slices.Contains(codesIn(x), c.outcomeOfHeld) {
			t.Errorf("%s: %v", name, x.Problems)
		}
	}
}

func TestRead_ATownshipsRosterMayNotEnterAnothersChildren(t *testing.T) {
	x := testReader(t, "500235001000").read(sheetFor(""), rowOf(map[string]string{"name": "邓秋禾", "birth": "2016-01-05", "home": "外郎乡大花村"}))
	if diff := cmp.Diff([]string{"place.outside"}, codesIn(x)); diff != "" || outcome(x.Problems) != RowHeld || x.Region != "500235208215" {
		t.Error(diff, x.Region)
	}
}

func TestReaderNeverFails(t *testing.T) {
	r := testReader(t, "500235000000")
	keys := make([]string, len(rosterFields))
	for i, f := range rosterFields {
		keys[i] = f.Key
	}
	words := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"—", "是", "否", "无", "邓秋禾", "2016-1-5", "500235201601050047", "在家", "已故", "三湾村", "大花村3组", "奶奶", "重病"}))
	rapid.Check(t, func(t *rapid.T) {
		row := &rosterRow{Number: 1, Cells: map[string]cell{}}
		for k, v := range rapid.MapOfN(rapid.SampledFrom(keys), words, 0, 12).Draw(t, "cells") {
			row.Cells[k] = cell{Text: v, Number: rapid.Bool().Draw(t, "number")}
		}
		x := r.read(sheetFor("500235208215"), row)
		if outcome(x.Problems) != RowAccepted {
			return
		}
		// What is accepted the register takes.
		if err := x.File.validate(testToday); err != nil {
			t.Fatalf("%v: %+v", err, row.Cells)
		}
	})
}

// A pair that Compare finds likely shares a block key, so that looking only
// among those that do loses none; but for the exception the keys' comment
// makes.
func TestBlockKeys_LikelyPairsShareOne(t *testing.T) {
	names := []string{"邓秋禾", "邓秋荷", "邓秋", "邓春禾", "郑小满", "郑晓曼", "罗青"}
	kin := []string{"邓山", "邓三", "郑云", "郑芸", "罗海"}
	days := []string{"2016-01-05", "2016-01-06", "2016-05-01", "2015-01-05", "2016-01", "2016", ""}
	draw := func(t *rapid.T, label string) identity.Record {
		rec := identity.Record{Name: rapid.SampledFrom(names).Draw(t, label), Birth: rapid.SampledFrom(days).Draw(t, label+" birth"),
			Sex: identity.Sex(rapid.IntRange(0, 2).Draw(t, label+" sex")), Village: rapid.SampledFrom([]string{"", "500235208215", "500235208216"}).Draw(t, label+" village")}
		rec.Guardians = rapid.SliceOfN(rapid.SampledFrom(kin), 0, 2).Draw(t, label+" kin")
		for _, p := range rapid.SliceOfN(rapid.SampledFrom([]string{"13900000001", "13900000002"}), 0, 1).Draw(t, label+" phone") {
			phone, err := identity.NormalizePhone(p)
			if err != nil {
				t.Fatal(err)
			}
			rec.Phones = append(rec.Phones, phone)
		}
		return rec
	}
	keys := func(r identity.Record) []string {
		var phones [][]byte
		for _, p := range r.Phones {
			phones = append(phones, []byte(p.Reveal()))
		}
		return rawKeys(r, phones)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		if !identity.Compare(a, b).Likely {
			return
		}
		inMonth := len(a.Birth) < 10 || len(b.Birth) < 10
		shared := slices.ContainsFunc(keys(a), func(k string) bool { return slices.Contains(keys(b), k) })
		onlySimilar := identity.NameLikeness(a.Name, b.Name) == identity.Similar
		if !shared && !(inMonth && onlySimilar) {
			t.Fatalf("%+v and %+v share no key", a, b)
		}
	})
}

func testKey(t *testing.T) *crypto.Key {
	t.Helper()
	ring, err := crypto.NewKeyring(crypto.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	key, err := store.In(context.Background(), storetest.SQLite(t), func(tx *store.Tx) (*crypto.Key, error) {
		keys, err := ring.New(context.Background(), tx, clock.System{}.Now(), "i")
		return keys["i"], err
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeepFile_ComesBackWholeAndNotOtherwise(t *testing.T) {
	key := testKey(t)
	for _, size := range []int{1, pieceSize - 1, pieceSize, pieceSize + 1, 3*pieceSize + 17} {
		m := &Imports{folder: t.TempDir()}
		plain := bytes.Repeat([]byte("姓名"), size/6+1)[:size]
		n, _, err := m.keepFile("i", key, bytes.NewReader(plain))
		if err != nil || n != int64(size) {
			t.Fatal(n, err)
		}
		f, err := m.openFile("i", key)
		if err != nil || f.size != int64(size) {
			t.Fatal(f, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, f.size))
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes came back as %d: %v", size, len(got), err)
		}
		f.Close()
	}
}

func TestKeepFile_TamperingIsFound(t *testing.T) {
	key := testKey(t)
	const whole = pieceSize + sealedOverhead
	for name, spoil := range map[string]func([]byte) []byte{
		"cut at a piece": func(b []byte) []byte { return b[:2*whole] },
		"pieces swapped": func(b []byte) []byte { return slices.Concat(b[whole:2*whole], b[:whole], b[2*whole:]) },
		"a piece left":   func(b []byte) []byte { return slices.Concat(b[:whole], b[2*whole:]) },
		"a bit turned":   func(b []byte) []byte { b[100] ^= 1; return b },
	} {
		m := &Imports{folder: t.TempDir()}
		if _, _, err := m.keepFile("i", key, bytes.NewReader(make([]byte, 3*pieceSize))); err != nil {
			t.Fatal(err)
		}
		rewrite(t, m.path("i"), spoil)
		f, err := m.openFile("i", key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(io.NewSectionReader(f, 0, f.size)); err == nil {
			t.Errorf("%s: read as if nothing had happened", name)
		}
		f.Close()
	}
}

func TestKeepFile_AnUploadBrokenOffLeavesNothing(t *testing.T) {
	key := testKey(t)
	for _, size := range []int{6, pieceSize, 2*pieceSize + 5} {
		// An upload shorter than it said it would be ends so.
		for _, err := range []error{errors.New("the line went dead"), io.ErrUnexpectedEOF} {
			m := &Imports{folder: t.TempDir()}
			broken := io.MultiReader(strings.NewReader(strings.Repeat("a", size)), iotest.ErrReader(err))
			if _, _, err := m.keepFile("i", key, broken); err == nil {
				t.Fatal("half a file was taken for a whole one")
			}
			if left := folder(t, m.folder); len(left) != 0 {
				t.Fatalf("left behind: %v", left)
			}
		}
	}
}
