package print

import (
	_ "embed"
	"html/template"
	"strings"
)

//go:embed document.html
var sheet string

var pages = template.Must(template.New("document").Funcs(template.FuncMap{
	"kind":   Block.kind,
	"lines":  func(s string) []string { return strings.Split(s, "\n") },
	"rows":   Pairs.rows,
	"each":   Paragraph.lines,
	"shares": func(t Table) []int { return t.shares(100) },
}).Parse(sheet))

// HTML is the document as one A4 page description that needs nothing from
// elsewhere: no script, no picture, no font to fetch. A browser prints it with
// page numbers and watermark; on a screen it reads as a sheet.
func (d Document) HTML() string {
	var b strings.Builder
	if err := pages.Execute(&b, d.cleaned()); err != nil {
		panic(err) // a strings.Builder does not fail and the template is ours
	}
	return b.String()
}
