package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"shouwang/platform/sheet"
)

// Every name, number and place in these tests is invented.

var (
	looksID    = regexp.MustCompile(`^\d{17}[\dXx]$`).MatchString
	looksPhone = regexp.MustCompile(`^1\d{10}$`).MatchString
	looksName  = regexp.MustCompile(`^\p{Han}{2,4}$`).MatchString
)

func dictionary() []sheet.Field {
	father, mother := []string{"父亲", "爸爸", "父"}, []string{"母亲", "妈妈", "母"}
	return []sheet.Field{
		{Key: "name", Names: []string{"姓名", "儿童姓名", "小孩名字"}, Required: true, Looks: looksName},
		{Key: "sex", Names: []string{"性别"}},
		{Key: "born", Names: []string{"出生日期", "出生年月"}},
		{Key: "id", Names: []string{"公民身份号码", "身份证号", "身份证"}, Looks: looksID},
		{Key: "home", Names: []string{"现居住地", "家庭住址"}},
		{Key: "group", Names: []string{"组别", "村组"}},
		{Key: "father.name", Names: []string{"姓名", "父亲", "爸爸"}, Group: father},
		{Key: "father.id", Names: []string{"身份证号"}, Group: father, Looks: looksID},
		{Key: "father.phone", Names: []string{"联系电话", "电话"}, Group: father, Looks: looksPhone},
		{Key: "father.work", Names: []string{"务工地点", "在哪里打工"}, Group: father},
		{Key: "mother.name", Names: []string{"姓名", "母亲", "妈妈"}, Group: mother},
		{Key: "mother.id", Names: []string{"身份证号"}, Group: mother, Looks: looksID},
		{Key: "mother.phone", Names: []string{"联系电话", "电话"}, Group: mother, Looks: looksPhone},
		{Key: "mother.work", Names: []string{"务工地点", "在哪里打工"}, Group: mother},
		{Key: "carer.name", Names: []string{"受委托人姓名", "现在跟谁过"}},
		{Key: "remark", Names: []string{"备注"}},
	}
}

// grid builds a workbook of one sheet from rows and merged areas.
func grid(t testing.TB, merges []string, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		must(t, f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
	}
	for _, m := range merges {
		from, to, _ := strings.Cut(m, ":")
		must(t, f.MergeCell("Sheet1", from, to))
	}
	return saved(t, f)
}

func saved(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	b, err := f.WriteToBuffer()
	must(t, err)
	must(t, f.Close())
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, data []byte) *sheet.Book {
	t.Helper()
	b, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Limits{})
	must(t, err)
	return b
}

func tables(t testing.TB, data []byte) []sheet.Table {
	t.Helper()
	list, err := open(t, data).Tables(dictionary())
	must(t, err)
	return list
}

func table(t testing.TB, data []byte) sheet.Table {
	t.Helper()
	tb := tables(t, data)[0]
	if tb.None != "" {
		t.Fatalf("no table: %s", tb.None)
	}
	return tb
}

func collect(t testing.TB, tb sheet.Table) (data []sheet.Row, skipped map[int]sheet.Reason) {
	t.Helper()
	skipped = map[int]sheet.Reason{}
	for r, err := range tb.All() {
		must(t, err)
		if r.Skip == sheet.Data {
			data = append(data, r)
		} else {
			skipped[r.Number] = r.Skip
		}
	}
	return data, skipped
}

const (
	ns     = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

// parts is a minimal workbook around a sheet's XML; extra parts replace its own.
func parts(sheetXML string, extra map[string]string) map[string]string {
	p := map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="` + office + `officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook ` + ns + `><sheets><sheet name="名单" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="` + office + `worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + office + `sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="rId3" Type="` + office + `styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheetXML,
	}
	for name, text := range extra {
		p[name] = text
	}
	return p
}

func zipped(t testing.TB, p map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range p {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write([]byte(text))
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

func raw(t testing.TB, rows string) []byte {
	t.Helper()
	return zipped(t, parts(`<worksheet `+ns+`><sheetData>`+rows+`</sheetData></worksheet>`, nil))
}
