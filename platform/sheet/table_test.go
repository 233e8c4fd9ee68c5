package sheet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwang/platform/fault"
	"shouwang/platform/sheet"
)

func TestTables_HeadersAreReadHoweverTheyAreWritten(t *testing.T) {
	id := "500235201203040015"
	tests := []struct {
		name    string
		merges  []string
		rows    [][]any
		headers []int
		want    map[int]string
	}{
		{
			"official names below title, unit and date", []string{"A1:D1"},
			[][]any{{"留守儿童登记表"}, {"填报单位：石榴镇", nil, nil, "2026年11月"}, {}, {"序号", "姓名", "性别", "出生日期（年月日）"}, {1, "邓秋禾", "女", "2012-3-4"}},
			[]int{4}, map[int]string{2: "name", 3: "sex", 4: "born"},
		},
		{
			"group above leaf, merged", []string{"A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2"},
			[][]any{{"花名册"}, {"姓名", "性别", "父亲", nil, "母亲"}, {nil, nil, "姓名", "联系电话", "姓名", "联系电话"}, {"邓秋禾", "女", "邓山", "13900000001", "郑云", "13900000002"}},
			[]int{2, 3}, map[int]string{1: "name", 2: "sex", 3: "father.name", 4: "father.phone", 5: "mother.name", 6: "mother.phone"},
		},
		{
			"group above leaf, not merged", nil,
			[][]any{{"姓名", "性别", "父亲信息", nil, "母亲信息", nil}, {nil, nil, "姓名", "务工地点", "姓名", "务工地点"}, {"邓秋禾", "女", "邓山", "广东", "郑云", "在家"}},
			[]int{1, 2}, map[int]string{1: "name", 2: "sex", 3: "father.name", 4: "father.work", 5: "mother.name", 6: "mother.work"},
		},
		{
			"three rows of header", []string{"A1:A3", "B1:E1", "B2:C2", "D2:E2"},
			[][]any{{"姓名", "家庭信息"}, {nil, "父亲", nil, "母亲"}, {nil, "姓名", "身份证号", "姓名", "身份证号"}, {"邓秋禾", "邓山", id, "郑云", id}},
			[]int{1, 2, 3}, map[int]string{1: "name", 2: "father.name", 3: "father.id", 4: "mother.name", 5: "mother.id"},
		},
		{
			"spoken words", nil,
			[][]any{{"组别", "小孩名字", "身份证", "爸爸", "爸爸电话", "在哪里打工", "妈妈", "妈妈电话", "现在跟谁过"}, {"1组", "邓秋禾", id, "邓山", 13900000001, "广东", "郑云", 13900000002, "奶奶"}},
			[]int{1}, map[int]string{1: "group", 2: "name", 3: "id", 4: "father.name", 5: "father.phone", 6: "father.work", 7: "mother.name", 8: "mother.phone", 9: "carer.name"},
		},
		{
			"stars, spaces, breaks, full width, numbering", nil,
			[][]any{{"１．姓　名", "＊性 别", "出生\n日期", "公民身份号码（18位）", "父亲（姓名）"}, {"邓秋禾", "女", "2012", id, "邓山"}},
			[]int{1}, map[int]string{1: "name", 2: "sex", 3: "born", 4: "id", 5: "father.name"},
		},
		{
			"bare names to the right of whom they belong to", nil,
			[][]any{{"姓名", "身份证号", "父亲姓名", "身份证号", "联系电话", "母亲姓名", "身份证号", "联系电话"}, {"邓秋禾", id, "邓山", id, "13900000001", "郑云", id, "13900000002"}},
			[]int{1}, map[int]string{1: "name", 2: "id", 3: "father.name", 4: "father.id", 5: "father.phone", 6: "mother.name", 7: "mother.id", 8: "mother.phone"},
		},
		{
			"names inside longer headers", nil,
			[][]any{{"孩子的姓名", "身份证", "父亲的现务工地点"}, {"邓秋禾", id, "广东"}},
			[]int{1}, map[int]string{1: "name", 2: "id", 3: "father.work"},
		},
		{
			"no header at all", nil,
			[][]any{{"邓秋禾", "500235201203040015"}, {"郑小满", "500235201203040023"}, {"罗青", "500235201203040031"}, {"向禾苗", "500235201203040032"}},
			nil, map[int]string{1: "name", 2: "id"},
		},
		{
			"a header that says nothing, values that do", nil,
			[][]any{{"姓名", "性别", nil, "随便"}, {"邓秋禾", "女", id, "x"}, {"郑小满", "男", id, "y"}, {"罗青", "女", id, "z"}},
			[]int{1}, map[int]string{1: "name", 2: "sex", 3: "id"},
		},
		{
			"somebody else's name is not the child's", nil,
			[][]any{{"父亲姓名", "性别", "填表人"}, {"邓山", "男", "罗主任"}},
			[]int{1}, map[int]string{1: "father.name", 2: "sex"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tb := table(t, grid(t, tt.merges, tt.rows...))
			if diff := cmp.Diff(tt.want, tb.Mapping()); diff != "" {
				t.Errorf("mapping (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.headers, tb.HeaderRows); diff != "" {
				t.Errorf("header rows (-want +got):\n%s", diff)
			}
			rows, skipped := collect(t, tb)
			if want := len(tt.rows); len(rows)+len(skipped) == 0 || rows[len(rows)-1].Number != want {
				t.Errorf("%d rows, skipped %v, last is not %d", len(rows), skipped, want)
			}
		})
	}
}

func TestTables_WhyAColumnIsThoughtSoIsSaid(t *testing.T) {
	tb := table(t, grid(t, nil,
		[]any{"姓名", "身份证号", "身份证号码", "爱好", "父亲电话"},
		[]any{"邓秋禾", "13900000001", "500235201203040015", "画画", "x"}, []any{"郑小满", "13900000002", "500235201203040015", "跳绳", "x"},
		[]any{"罗青", "13900000003", "500235201203040015", "唱歌", "x"}))
	type said struct {
		Field, Rival string
		How          sheet.How
		Sure         bool
	}
	var got []said
	for _, c := range tb.Columns {
		got = append(got, said{c.Field, c.Rival, c.How, c.Confidence >= 0.9})
	}
	want := []said{
		{"name", "", sheet.Exact, true},
		{"id", "", sheet.Alias, false}, // telephones under 身份证号: the columns slipped
		{"", "id", sheet.NotFound, false},
		{"", "", sheet.NotFound, false},
		{"father.phone", "", sheet.Alias, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if fit := tb.Columns[1].Fit; fit != 0 {
		t.Fatalf("fit %v", fit)
	}
	if h := tb.Columns[3]; h.Header != "爱好" || h.Letter() != "D" {
		t.Fatalf("an unknown column keeps its name: %+v", h)
	}
}

func TestTables_ASheetWithoutATableSaysWhy(t *testing.T) {
	for name, rows := range map[string][][]any{
		"empty":  {},
		"helper": {{"此表勿动"}, {1, 2, 3}},
		"text":   {{"填表说明"}, {"一、本表由村委会填写姓名等内容。"}},
	} {
		t.Run(name, func(t *testing.T) {
			tb := tables(t, grid(t, nil, rows...))[0]
			if tb.None == "" || len(tb.Mapping()) != 0 {
				t.Fatalf("found a table: %+v", tb)
			}
			if data, _ := collect(t, tb); len(data) != 0 {
				t.Fatal("rows without a table")
			}
		})
	}
}

func TestTables_TheTitleIsKept(t *testing.T) {
	tb := table(t, grid(t, []string{"A1:C1"}, []any{"石榴村留守儿童花名册"}, []any{"单位：石榴镇"}, []any{"姓名", "性别", "备注"}, []any{"邓秋禾", "女"}))
	if tb.Title != "石榴村留守儿童花名册" || len(tb.Above) != 2 || tb.Sheet != "Sheet1" {
		t.Fatalf("got %q %q", tb.Title, tb.Above)
	}
}

func TestWithMapping_APersonsWordReplacesTheGuess(t *testing.T) {
	data := grid(t, nil, []any{"姓名", "性别", "娃儿住哪"}, []any{"邓秋禾", "女", "石榴村"})
	tb := table(t, data)
	fixed, err := tb.WithMapping(map[int]string{1: "name", 3: "home"})
	must(t, err)
	if diff := cmp.Diff(map[int]string{1: "name", 3: "home"}, fixed.Mapping()); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(map[int]string{1: "name", 2: "sex"}, tb.Mapping()); diff != "" {
		t.Fatal("the first table changed: " + diff)
	}
	rows, _ := collect(t, fixed)
	if rows[0].Cell("home").Text != "石榴村" || rows[0].Cell("sex").Kind != sheet.Empty {
		t.Fatalf("got %+v", rows[0])
	}
	if fixed.Columns[2].How != sheet.ByPerson || fixed.Columns[0].How != sheet.Exact {
		t.Fatalf("got %+v", fixed.Columns)
	}
	if tb.Fingerprint() != fixed.Fingerprint() {
		t.Fatal("the fingerprint is of the headers, not of the mapping")
	}
	for name, m := range map[string]map[int]string{"no such column": {9: "name"}, "no such field": {1: "nome"}, "a field twice": {1: "name", 2: "name"}} {
		if _, err := tb.WithMapping(m); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFingerprint_ChangesWithAHeaderAndNotWithTheRows(t *testing.T) {
	print := func(header []any, more ...any) string {
		return table(t, grid(t, nil, header, append([]any{"邓秋禾"}, more...))).Fingerprint()
	}
	a := print([]any{"姓名", "性别"}, "女")
	if a != print([]any{" 姓 名", "性别："}, "男") {
		t.Error("spaces changed it")
	}
	if a == print([]any{"姓名", "民族", "性别"}, "女") || a == print([]any{"性别", "姓名"}, "女") {
		t.Error("other headers did not")
	}
}

func TestTables_ABetterHeaderBelowDoesNotSwallowTheRowsAbove(t *testing.T) {
	tb := table(t, grid(t, nil, []any{"姓名", "性别"}, []any{"邓秋禾", "女"}, []any{}, []any{"性别", "姓名", "父亲姓名", "母亲姓名"}, []any{"女", "罗青", "罗山", "向云"}))
	if diff := cmp.Diff([]int{1}, tb.HeaderRows); diff != "" {
		t.Fatal(diff)
	}
}
