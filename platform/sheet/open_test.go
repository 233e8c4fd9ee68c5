package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"shouwang/platform/fault"
	"shouwang/platform/sheet"
)

func utf16LE(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

// readAll does with a file all that an import would.
func readAll(data []byte) error {
	b, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Limits{})
	if err != nil {
		return err
	}
	list, err := b.Tables(dictionary())
	if err != nil {
		return err
	}
	for _, t := range list {
		for _, err := range t.All() {
			if err != nil {
				return err
			}
		}
	}
	return b.Close()
}

func TestOpen_WhatIsNoSpreadsheetIsNamed(t *testing.T) {
	cfb := func(stream string) []byte {
		return append(append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 70000)...), utf16LE(stream)...)
	}
	zipOf := func(names ...string) []byte {
		p := map[string]string{}
		for _, n := range names {
			p[n] = "x"
		}
		return zipped(t, p)
	}
	locked := raw(t, "")
	locked[6] |= 1 // local header; the directory's flag follows
	at := bytes.LastIndex(locked, []byte("PK\x01\x02"))
	locked[at+8] |= 1
	tests := []struct {
		name string
		data []byte
		id   string
	}{
		{"nothing", nil, "sheet.empty"},
		{"only spaces", []byte(" \r\n\t\n"), "sheet.empty"},
		{"old xls", cfb("Workbook"), "sheet.xls"},
		{"locked xlsx", cfb("EncryptedPackage"), "sheet.locked"},
		{"old word", cfb("WordDocument"), "sheet.old_office"},
		{"pdf", []byte("%PDF-1.7"), "sheet.pdf"},
		{"png", []byte("\x89PNG\r\n\x1a\n"), "sheet.image"},
		{"jpeg", []byte("\xff\xd8\xff\xe0"), "sheet.image"},
		{"rar", []byte("Rar!\x1a\x07"), "sheet.archive"},
		{"web page named xls", []byte("\ufeff \n<html><table>"), "sheet.web_page"},
		{"docx", zipOf("[Content_Types].xml", "word/document.xml"), "sheet.docx"},
		{"pptx", zipOf("[Content_Types].xml", "ppt/presentation.xml"), "sheet.pptx"},
		{"ods", zipOf("mimetype", "content.xml"), "sheet.ods"},
		{"xlsb", zipOf("[Content_Types].xml", "xl/workbook.bin"), "sheet.xlsb"},
		{"a zip of workbooks", zipOf("一村.xlsx", "二村.xlsx"), "sheet.archive"},
		{"an empty zip", zipOf(), "sheet.archive"},
		{"a locked zip", locked, "sheet.locked"},
		{"macros", zipped(t, parts("", map[string]string{"xl/vbaProject.bin": "x"})), "sheet.macros"},
		{"bytes", []byte("\x00\x01\x02\x03\xff"), "sheet.unknown"},
		{"utf-16 without mark", utf16LE("姓名,ab"), "sheet.unknown"},
		{"broken text", []byte("姓名,身份证\n张\xff\xff,1"), "sheet.unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := readAll(tt.data)
			if got := fault.Of(err); got.ID != tt.id || got.Kind != fault.Invalid {
				t.Fatalf("got %v, want %s", err, tt.id)
			}
		})
	}
}

// liar writes a part whose declared size is not its real one.
func liar(t *testing.T, p map[string]string, name string, content []byte, declared uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	delete(p, name)
	for n, text := range p {
		w, err := z.Create(n)
		must(t, err)
		_, err = w.Write([]byte(text))
		must(t, err)
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: declared})
	must(t, err)
	_, err = w.Write(content)
	must(t, err)
	must(t, z.Close())
	return b.Bytes()
}

func hostile(t *testing.T) map[string]struct {
	data []byte
	id   string
} {
	t.Helper()
	sheetOf := func(body string) []byte {
		return zipped(t, parts(`<worksheet `+ns+`>`+body+`</worksheet>`, nil))
	}
	good := grid(t, nil, []any{"姓名", "性别"}, []any{"邓秋禾", "女"})
	merges := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<mergeCell ref="A%d:B%d"/>`, 2*i+1, 2*i+2)
		}
		return b.String()
	}
	many := map[string]string{}
	for i := range 20000 {
		many[fmt.Sprintf("xl/media/%d", i)] = ""
	}
	laughs := `<!DOCTYPE lolz [<!ENTITY a "哈哈哈哈">` + strings.Repeat(`<!ENTITY b "&a;&a;">`, 10) + `]>`
	wide := `<row r="1">` + strings.Repeat(`<c t="str"><v>x</v></c>`, 20000) + `</row>`
	type file = struct {
		data []byte
		id   string
	}
	return map[string]file{
		"compressed beyond reason":    {sheetOf(strings.Repeat(" ", 40<<20)), "sheet.bomb"},
		"declares a terabyte":         {liar(t, parts("", nil), "xl/worksheets/sheet1.xml", []byte("<worksheet/>"), 1<<40), "sheet.bomb"},
		"holds more than it declares": {liar(t, parts("", nil), "xl/worksheets/sheet1.xml", []byte("<worksheet><sheetData><row/></sheetData></worksheet>"), 12), "sheet.damaged"},
		"twenty thousand parts":       {zipped(t, parts("", many)), "sheet.bomb"},
		"a hundred thousand deep":     {sheetOf(strings.Repeat("<a>", 100000)), "sheet.bomb"},
		"one endless token":           {sheetOf(`<sheetData><!--` + noise(3<<20) + `--></sheetData>`), "sheet.bomb"},
		"a long cell":                 {sheetOf(`<sheetData><row r="1"><c t="str"><v>` + noise(300<<10) + `</v></c></row></sheetData>`), "sheet.long_cell"},
		"billion laughs":              {zipped(t, parts(laughs+`<worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>`, nil)), "sheet.damaged"},
		"own entities":                {sheetOf(`<sheetData><row><c t="str"><v>&b;</v></c></row></sheetData>`), "sheet.damaged"},
		"a million columns":           {sheetOf(`<sheetData><row r="1"><c r="BDWGO1" t="str"><v>x</v></c></row></sheetData>`), "sheet.damaged"},
		"the last column of all":      {sheetOf(`<sheetData><row r="1"><c r="XFD1" t="str"><v>x</v></c></row></sheetData>`), "sheet.too_many_columns"},
		"twenty thousand columns":     {sheetOf(`<sheetData>` + wide + `</sheetData>`), "sheet.too_many_columns"},
		"a row beyond all rows":       {sheetOf(`<sheetData><row r="999999999"><c t="str"><v>x</v></c></row></sheetData>`), "sheet.too_many_rows"},
		"fifty thousand merges":       {sheetOf(`<sheetData><row r="1"><c t="str"><v>x</v></c></row></sheetData><mergeCells>` + merges(50000) + `</mergeCells>`), "sheet.too_many_merges"},
		"a merge of nowhere":          {sheetOf(`<sheetData><row r="1"><c t="str"><v>x</v></c></row></sheetData><mergeCells><mergeCell ref="B2:A1"/></mergeCells>`), "sheet.damaged"},
		"rows out of order":           {sheetOf(`<sheetData><row r="2"/><row r="1"/></sheetData>`), "sheet.damaged"},
		"two cells in one place":      {sheetOf(`<sheetData><row r="1"><c r="A1" t="str"><v>x</v></c><c r="A1" t="str"><v>y</v></c></row></sheetData>`), "sheet.damaged"},
		"a string that is not there":  {sheetOf(`<sheetData><row r="1"><c t="s"><v>7</v></c></row></sheetData>`), "sheet.damaged"},
		"a sheet that stops":          {zipped(t, parts(`<worksheet><sheetData><row><c t="str"><v>邓秋禾</v></c></row><row>`, nil)), "sheet.damaged"},
		"half a file":                 {good[:len(good)/2], "sheet.damaged"},
		"no end":                      {good[:len(good)-10], "sheet.damaged"},
		"a million columns of text":   {[]byte(strings.Repeat("x,", 1000000)), "sheet.long_cell"},
		"two thousand columns":        {[]byte("a,b\n" + strings.Repeat("x,", 2000)), "sheet.too_many_columns"},
		"a quote that never ends":     {[]byte("姓名,性别\n\"邓秋禾,女\n" + strings.Repeat("郑小满,男\n", 100000)), "sheet.long_cell"},
		"seventy megabytes":           {make([]byte, 70<<20), "sheet.too_large"},
	}
}

// noise does not compress, so that no other bound answers first.
func noise(n int) string {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = 'a' + byte(x>>24)%26
	}
	return string(b)
}

func TestOpen_HostileFilesAreRefusedWithAReason(t *testing.T) {
	for name, tt := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := readAll(tt.data)
			runtime.ReadMemStats(&after)
			if got := fault.Of(err); got.ID != tt.id {
				t.Fatalf("got %v, want %s", err, tt.id)
			}
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 64 {
				t.Fatalf("allocated %d MiB on the way", mb)
			}
		})
	}
}

func TestOpen_ManyOverlappingMergesDoNoHarm(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>姓名</v></c><c r="B1" t="str"><v>性别</v></c></row>`)
	for i := range 20000 {
		fmt.Fprintf(&b, `<row r="%d"><c r="B%d" t="str"><v>女</v></c><c r="C%d" t="str"><v>邓</v></c></row>`, i+2, i+2, i+2)
	}
	b.WriteString(`</sheetData><mergeCells>`)
	for range 20000 {
		b.WriteString(`<mergeCell ref="A1:XFD1048576"/>`)
	}
	b.WriteString(`</mergeCells></worksheet>`)
	if err := readAll(zipped(t, parts(b.String(), nil))); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_TextIsReadInEveryEncodingOfficesUse(t *testing.T) {
	text := "姓名,性别,备注\r\n邓秋禾,女,\"随奶奶，\r\n住村东\"\r\n\r\n㛃𬭚,男,玛依拉·买买提\r\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	must(t, err)
	be := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(text)) {
		be = append(be, byte(u>>8), byte(u))
	}
	tests := map[string][]byte{
		"utf-8":             []byte(text),
		"utf-8 with mark":   []byte("\ufeff" + text),
		"gb18030":           []byte(gb),
		"utf-16 le":         append([]byte{0xff, 0xfe}, utf16LE(text)...),
		"utf-16 be":         be,
		"tabs":              []byte(strings.ReplaceAll(text, ",", "\t")),
		"semicolons":        []byte(strings.ReplaceAll(text, ",", ";")),
		"unicode text, tab": append([]byte{0xff, 0xfe}, utf16LE(strings.ReplaceAll(text, ",", "\t"))...),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			rows, skipped := collect(t, table(t, data))
			if len(rows) != 2 || len(skipped) != 0 {
				t.Fatalf("%d rows, skipped %v", len(rows), skipped)
			}
			// The empty line is row 3 to whoever opens the file.
			if rows[1].Number != 4 || rows[1].Cell("name").Text != "㛃𬭚" || rows[1].Cell("remark").Text != "玛依拉·买买提" {
				t.Fatalf("row %d: %q %q", rows[1].Number, rows[1].Cell("name").Text, rows[1].Cell("remark").Text)
			}
			if got := rows[0].Cell("remark").Text; got != "随奶奶，\n住村东" {
				t.Fatalf("a line break inside quotes: %q", got)
			}
		})
	}
}

func TestOpenFile_ACSVsSheetTakesTheFilesName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "石榴村.csv")
	must(t, os.WriteFile(path, []byte("姓名,性别\n邓秋禾,女\n"), 0o600))
	b, err := sheet.OpenFile(path, sheet.Limits{})
	must(t, err)
	if got := b.Sheets()[0].Name; got != "石榴村" {
		t.Fatalf("got %q", got)
	}
	must(t, b.Close())
	if _, err := sheet.OpenFile(filepath.Join(t.TempDir(), "none"), sheet.Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}

func TestRows_CellsKeepTheirKind(t *testing.T) {
	styles := `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="201" formatCode="0.00&quot;d&quot;[Red]\m"/></numFmts>` +
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="200"/><xf numFmtId="201"/><xf numFmtId="31"/></cellXfs></styleSheet>`
	strs := `<sst><si><t>共享</t></si><si><r><t>富</t></r><r><rPr><b/></rPr><t xml:space="preserve">文 本</t></r><rPh sb="0" eb="1"><t>fu</t></rPh></si><si><t>a_x000D_b_x005F_x000D_</t></si></sst>`
	cells := []struct {
		xml  string
		want sheet.Cell
	}{
		{`<c t="s"><v>0</v></c>`, sheet.Cell{Kind: sheet.Text, Text: "共享"}},
		{`<c t="s"><v>1</v></c>`, sheet.Cell{Kind: sheet.Text, Text: "富文 本"}},
		{`<c t="s"><v>2</v></c>`, sheet.Cell{Kind: sheet.Text, Text: "a\rb_x000D_"}},
		{`<c t="inlineStr"><is><r><t>内</t></r><r><t>联</t></r></is></c>`, sheet.Cell{Kind: sheet.Text, Text: "内联"}},
		{`<c t="str"><f>A1</f><v>算得</v></c>`, sheet.Cell{Kind: sheet.Text, Text: "算得", Formula: true}},
		{`<c><f>1+1</f></c>`, sheet.Cell{Kind: sheet.Uncomputed, Formula: true}},
		{`<c t="b"><v>1</v></c>`, sheet.Cell{Kind: sheet.Bool, Text: "TRUE", Number: 1}},
		{`<c t="e"><f>1/0</f><v>#DIV/0!</v></c>`, sheet.Cell{Kind: sheet.Error, Text: "#DIV/0!", Formula: true}},
		{`<c><v>500235201610310012</v></c>`, sheet.Cell{Kind: sheet.Number, Text: "500235201610310012", Number: 500235201610310012}},
		{`<c><v>5.0023520161031E+17</v></c>`, sheet.Cell{Kind: sheet.Number, Text: "500235201610310000", Number: 500235201610310000}},
		{`<c><v>1.3554320096E10</v></c>`, sheet.Cell{Kind: sheet.Number, Text: "13554320096", Number: 13554320096}},
		{`<c><v>39.799999999999997</v></c>`, sheet.Cell{Kind: sheet.Number, Text: "39.8", Number: 39.799999999999997}},
		{`<c s="1"><v>40978</v></c>`, sheet.Cell{Kind: sheet.Date, Text: "2012-03-10", Number: 40978}},
		{`<c s="2"><v>40978.5</v></c>`, sheet.Cell{Kind: sheet.Date, Text: "2012-03-10 12:00:00", Number: 40978.5}},
		{`<c s="4"><v>61</v></c>`, sheet.Cell{Kind: sheet.Date, Text: "1900-03-01", Number: 61}},
		{`<c s="1"><v>60</v></c>`, sheet.Cell{Kind: sheet.Number, Text: "60", Number: 60}},
		{`<c s="1"><v>59</v></c>`, sheet.Cell{Kind: sheet.Date, Text: "1900-02-28", Number: 59}},
		{`<c s="3"><v>40978</v></c>`, sheet.Cell{Kind: sheet.Number, Text: "40978", Number: 40978}},
		{`<c t="d"><v>2012-03-10</v></c>`, sheet.Cell{Kind: sheet.Date, Text: "2012-03-10", Number: 40978}},
		{`<c t="n"><v>NaN</v></c>`, sheet.Cell{Kind: sheet.Text, Text: "NaN"}},
	}
	var rows strings.Builder
	for i, c := range cells {
		fmt.Fprintf(&rows, `<row r="%d"><c t="str"><v>邓秋禾</v></c>%s</row>`, i+2, c.xml)
	}
	file := parts(`<worksheet `+ns+`><sheetData><row r="1"><c t="str"><v>姓名</v></c><c t="str"><v>备注</v></c></row>`+rows.String()+`</sheetData></worksheet>`,
		map[string]string{"xl/styles.xml": styles, "xl/sharedStrings.xml": strs})
	got, _ := collect(t, table(t, zipped(t, file)))
	if len(got) != len(cells) {
		t.Fatalf("%d rows, want %d", len(got), len(cells))
	}
	for i, c := range cells {
		if cell := got[i].Cell("remark"); cell != c.want {
			t.Errorf("%s: got %+v, want %+v", c.xml, cell, c.want)
		}
	}
}

func TestRows_AFileOfThe1904SystemCountsFromThere(t *testing.T) {
	file := parts(`<worksheet><sheetData><row><c t="str"><v>姓名</v></c><c t="str"><v>出生日期</v></c></row><row><c t="str"><v>邓秋禾</v></c><c s="1"><v>39516</v></c></row></sheetData></worksheet>`,
		map[string]string{
			"xl/styles.xml":   `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
			"xl/workbook.xml": `<workbook ` + ns + `><workbookPr date1904="1"/><sheets><sheet name="名单" r:id="rId1"/></sheets></workbook>`,
		})
	rows, _ := collect(t, table(t, zipped(t, file)))
	if c := rows[0].Cell("born"); c.Kind != sheet.Date || c.Text != "2012-03-10" {
		t.Fatalf("got %+v", c)
	}
}

func TestRows_PrefixedElementsAreRead(t *testing.T) {
	data := zipped(t, parts(`<x:worksheet xmlns:x="urn:x"><x:sheetData><x:row><x:c t="str"><x:v>姓名</x:v></x:c><x:c t="str"><x:v>组别</x:v></x:c></x:row>`+
		`<x:row><x:c t="str"><x:v>邓秋禾</x:v></x:c><x:c t="str"><x:v>一组</x:v></x:c></x:row><x:row><x:c t="str"><x:v>郑小满</x:v></x:c></x:row></x:sheetData>`+
		`<x:mergeCells><x:mergeCell ref="B2:B3"/></x:mergeCells></x:worksheet>`, nil))
	rows, _ := collect(t, table(t, data))
	if len(rows) != 2 || rows[1].Cell("group").Text != "一组" {
		t.Fatalf("got %+v", rows)
	}
}

func TestTables_HiddenSheetsAreReadAndFlagged(t *testing.T) {
	p := parts(`<worksheet><sheetData><row><c t="str"><v>姓名</v></c><c t="str"><v>性别</v></c></row></sheetData></worksheet>`, nil)
	p["xl/workbook.xml"] = strings.Replace(p["xl/workbook.xml"], "sheetId", `state="veryHidden" sheetId`, 1)
	if tb := table(t, zipped(t, p)); !tb.Hidden || tb.Sheet != "名单" {
		t.Fatalf("got %+v", tb)
	}
}
