package sheet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"shouwang/platform/sheet"
)

// roster writes rows × 40 columns of unlike text to a file.
func roster(tb testing.TB, path string, rows int) {
	tb.Helper()
	out, err := os.Create(path)
	must(tb, err)
	w, err := sheet.NewWriter(out, sheet.Properties{})
	must(tb, err)
	columns := []sheet.Heading{{Name: "姓名"}, {Name: "性别"}, {Name: "公民身份号码", Text: true}}
	for i := len(columns); i < 40; i++ {
		columns = append(columns, sheet.Heading{Name: fmt.Sprintf("其他%d", i)})
	}
	must(tb, w.Sheet("名单", columns))
	cells := make([]sheet.Cell, 40)
	for r := range rows {
		cells[0], cells[1] = sheet.TextCell("邓秋禾"), sheet.TextCell("女")
		cells[2] = sheet.TextCell(fmt.Sprintf("5002352012%08d", r))
		for i := 3; i < 40; i++ {
			cells[i] = sheet.TextCell(fmt.Sprintf("值%d-%d", r, i))
		}
		must(tb, w.Row(cells...))
	}
	must(tb, w.Close())
	must(tb, out.Close())
}

// BenchmarkRead reads 100,000 rows of 40 columns; run it with -benchtime 1x.
// SHEET_BENCH names a file to keep between runs, so that one run can be
// measured without the writing.
func BenchmarkRead(b *testing.B) {
	path := os.Getenv("SHEET_BENCH")
	if path == "" {
		path = filepath.Join(b.TempDir(), "roster.xlsx")
	}
	if _, err := os.Stat(path); err != nil {
		roster(b, path, 100_000)
	}
	for b.Loop() {
		book, err := sheet.OpenFile(path, sheet.Limits{})
		must(b, err)
		list, err := book.Tables(dictionary())
		must(b, err)
		rows := 0
		for _, err := range list[0].Rows() {
			must(b, err)
			rows++
		}
		must(b, book.Close())
		if rows != 100_000 {
			b.Fatalf("%d rows", rows)
		}
	}
}
