package sheet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwang/platform/fault"
	"shouwang/platform/sheet"
)

func TestRows_WhatIsNoDataIsSkippedWithAReason(t *testing.T) {
	tb := table(t, grid(t, []string{"A9:D9"},
		[]any{"组别", "姓名", "性别", "备注"}, // 1
		[]any{1, 2, 3, 4}, // 2 column numbers
		[]any{"1组", "邓秋禾", "女", "合计三口人"}, // 3 a total in a remark is a remark
		[]any{"小计", "1人"},                // 4
		[]any{},                          // 5
		[]any{" ", "　"},                  // 6
		[]any{"组 别", "姓名", "性别", "备注"},   // 7 next printed page
		[]any{nil, "郑小满"},                // 8 a required field is enough
		[]any{"二、柿子村"},                   // 9
		[]any{"1组", nil, "男"},            // 10 two known values are enough
		[]any{nil, nil, nil, "母亲在家"},     // 11
		[]any{"石榴村合计：", "3人", "3"},       // 12
		[]any{"说明：本表一式两份。"},              // 13
		[]any{"填表人：罗主任", nil, "审核人：向主任"}, // 14
		[]any{"注意事项：", "姓名要写全"},          // 15
		[]any{"以上名单经村民委员会逐户核对，情况属实，如有变动及时上报乡镇人民政府备案，并由儿童主任负责更新台账。"}, // 16
	))
	rows, skipped := collect(t, tb)
	want := map[int]sheet.Reason{
		2: sheet.RepeatedHeader, 4: sheet.Total, 6: sheet.Blank, 7: sheet.RepeatedHeader, 9: sheet.Section,
		11: sheet.Sparse, 12: sheet.Total, 13: sheet.Note, 14: sheet.Signature, 15: sheet.Note, 16: sheet.Note,
	}
	delete(skipped, 5) // a row without cells may or may not be in the file
	if diff := cmp.Diff(want, skipped); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	var numbers []int
	for _, r := range rows {
		numbers = append(numbers, r.Number)
	}
	if diff := cmp.Diff([]int{3, 8, 10}, numbers); diff != "" {
		t.Fatal(diff)
	}
	if rows[1].Section != "" || rows[2].Section != "二、柿子村" {
		t.Fatalf("sections %q %q", rows[1].Section, rows[2].Section)
	}
}

func TestRows_OnlyRealMergesAreFilledDown(t *testing.T) {
	tb := table(t, grid(t, []string{"A2:A4", "C5:D5"},
		[]any{"组别", "姓名", "性别", "备注"},
		[]any{"1组", "邓秋禾", "女"}, []any{nil, "郑小满", "男"}, []any{nil, nil, nil, nil}, []any{nil, "罗青", "女"}))
	rows, _ := collect(t, tb)
	var got []string
	for _, r := range rows {
		got = append(got, r.Cell("group").Text)
	}
	if diff := cmp.Diff([]string{"1组", "1组", ""}, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if rows[0].Cell("group").Merged || !rows[1].Cell("group").Merged {
		t.Fatal("what was filled down must say so")
	}
	if rows[2].Cell("remark").Kind != sheet.Empty {
		t.Fatal("a merge across is not copied sideways")
	}
}

func TestRows_ValuesOutsideTheMappingAreKept(t *testing.T) {
	tb := table(t, grid(t, nil, []any{"姓名", "性别", "爱好"}, []any{"邓秋禾", "女", "画画", nil, "父亲已故"}))
	rows, _ := collect(t, tb)
	var got []string
	for _, e := range rows[0].Extras() {
		got = append(got, e.Header+"="+e.Cell.Text)
	}
	if diff := cmp.Diff([]string{"爱好=画画", "E=父亲已故"}, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestRows_AnotherHeaderBelowStopsTheReading(t *testing.T) {
	tb := table(t, grid(t, nil, []any{"姓名", "性别", "备注"}, []any{"邓秋禾", "女"}, []any{"性别", "姓名", "父亲姓名", "母亲姓名"}, []any{"女", "罗青", "罗山"}))
	seen := 0
	var last error
	for _, err := range tb.Rows() {
		if last = err; err == nil {
			seen++
		}
	}
	if f := fault.Of(last); f.ID != "sheet.second_table" || seen != 1 {
		t.Fatalf("%d rows, then %v", seen, last)
	}
}

func TestRows_MayBeReadTwiceAndLeftEarly(t *testing.T) {
	tb := table(t, grid(t, nil, []any{"姓名", "性别"}, []any{"邓秋禾", "女"}, []any{"罗青", "女"}))
	for r, err := range tb.Rows() {
		must(t, err)
		if r.Number != 2 {
			t.Fatal(r.Number)
		}
		break
	}
	if rows, _ := collect(t, tb); len(rows) != 2 {
		t.Fatalf("%d rows the second time", len(rows))
	}
}

func TestCell_ASerialDateWithoutStyleIsTheCallersToBelieve(t *testing.T) {
	rows, _ := collect(t, table(t, grid(t, nil, []any{"姓名", "出生日期"}, []any{"邓秋禾", 40978})))
	c := rows[0].Cell("born")
	day, ok := c.Date()
	if c.Kind != sheet.Number || !ok || day.Format("2006-01-02") != "2012-03-10" {
		t.Fatalf("%+v %v %v", c, day, ok)
	}
	if _, ok := sheet.TextCell("40978").Date(); ok {
		t.Fatal("text is no serial date")
	}
}
