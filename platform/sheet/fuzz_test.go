package sheet_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"shouwang/platform/fault"
)

// Whatever is sent, the answer is rows or a sentence for the sender.
func answered(t *testing.T, data []byte) {
	if err := readAll(data); err != nil && !fault.Is(err, fault.Invalid) {
		t.Fatalf("an error that is nobody's: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("姓名,性别\n邓秋禾,女\n"))
	f.Add([]byte("\xff\xfe姓\x00"))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Add([]byte("a\t\"b\nc;d"))
	f.Add(raw(f, `<row r="1"><c t="str"><v>姓名</v></c></row>`))
	f.Add(grid(f, []string{"A2:A3"}, []any{"组别", "姓名"}, []any{"1组", "邓秋禾"}, []any{nil, 40978}))
	f.Fuzz(func(t *testing.T, data []byte) { answered(t, data) })
}

// FuzzSheetXML changes the XML of a whole workbook's parts, not its bytes: the
// archive around them is always sound.
func FuzzSheetXML(f *testing.F) {
	styles := `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`
	strs := `<sst><si><t>姓名</t></si><si><r><t>性</t></r><rPh><t>x</t></rPh><r><t>别_x000D_</t></r></si></sst>`
	for _, s := range []string{
		`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>邓秋禾</t></is></c><c s="0"><v>40978.5</v></c></row></sheetData><mergeCells><mergeCell ref="A2:A9"/></mergeCells></worksheet>`,
		`<x:worksheet><x:sheetData><x:row><x:c><x:f>1</x:f></x:c></x:row></x:sheetData></x:worksheet>`,
		`<worksheet><sheetData><row r="5"><c r="XFD5" t="b"><v>1</v></c></row><row/><row><c t="e"><v>#N/A</v></c><c t="d"><v>2012-03-10</v></c></row></sheetData></worksheet>`,
		`<worksheet><sheetData>` + `<row><c t="str"><v>姓名</v></c><c t="str"><v>父亲</v></c></row><row><c/><c t="str"><v>姓名</v></c></row>` + `</sheetData><mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="A1:B1"/></mergeCells></worksheet>`,
	} {
		f.Add(s, styles, strs)
	}
	f.Fuzz(func(t *testing.T, sheetXML, styles, strs string) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range parts(sheetXML, map[string]string{"xl/styles.xml": styles, "xl/sharedStrings.xml": strs}) {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			must(t, err)
			_, err = w.Write([]byte(text))
			must(t, err)
		}
		must(t, z.Close())
		answered(t, b.Bytes())
	})
}
