// Package print makes paper. A mechanism describes a document once, as a title
// and blocks, and the same description becomes a page for the browser (HTML),
// a file that offices edit (Docx) and a file that nobody edits (Printer.PDF).
//
// Whatever people typed goes in as plain text and comes out as plain text:
// marks that mean something to HTML or XML are escaped where they are written,
// and characters that paper cannot hold are left out. Nothing of the moment is
// written, so the same description always gives the same HTML and the same
// document.xml.
//
// A Template is such a description with places to fill, as the policy pack
// keeps them.
package print

import (
	"strings"
	"unicode/utf8"
)

// Document is one printed document. Every field is plain text; Number, Unit,
// Date and Watermark may be empty. Watermark lies faintly across each page and
// says whose copy it is.
type Document struct {
	Title     string
	Number    string
	Unit      string
	Date      string
	Watermark string
	Blocks    []Block
}

// Block is one part of a document: Heading, Paragraph, Pairs, Table,
// Signatures or PageBreak.
type Block interface {
	kind() string   // the name of its part in document.html
	docx() string   // its WordprocessingML
	cells() int     // how much of a browser's memory it takes
	cleaned() Block // itself, holding only what paper can hold
}

type (
	// Heading opens a part of the document.
	Heading string
	// Paragraph is running text; a line feed in it begins another paragraph.
	Paragraph string
	// Pairs is a table of labels and values, two pairs to a row. A pair that
	// is Wide has a row of its own.
	Pairs []Pair
	// Pair is one label with its value.
	Pair struct {
		Label, Value string
		Wide         bool
	}
	// Table has its header repeated on every page. Widths are the relative
	// widths of the columns; without them all are equal.
	Table struct {
		Header []string
		Rows   [][]string
		Widths []int
	}
	// Signatures are the lines to sign on, kept together on one page.
	Signatures []Signature
	// Signature is one line to sign on; an empty Name or Date leaves a blank
	// to be written in by hand.
	Signature struct{ Role, Name, Date string }
	// PageBreak begins a new page.
	PageBreak struct{}
)

func (Heading) kind() string    { return "heading" }
func (Paragraph) kind() string  { return "paragraph" }
func (Pairs) kind() string      { return "pairs" }
func (Table) kind() string      { return "table" }
func (Signatures) kind() string { return "signatures" }
func (PageBreak) kind() string  { return "break" }

func (Heading) cells() int      { return 1 }
func (Paragraph) cells() int    { return 1 }
func (p Pairs) cells() int      { return 2 * len(p) }
func (t Table) cells() int      { return (len(t.Rows) + 1) * t.columns() }
func (s Signatures) cells() int { return 4 * len(s) }
func (PageBreak) cells() int    { return 1 }

func (h Heading) cleaned() Block   { return Heading(clean(string(h))) }
func (p Paragraph) cleaned() Block { return Paragraph(clean(string(p))) }
func (b PageBreak) cleaned() Block { return b }

func (p Pairs) cleaned() Block {
	out := make(Pairs, len(p))
	for i, x := range p {
		out[i] = Pair{clean(x.Label), clean(x.Value), x.Wide}
	}
	return out
}

func (t Table) cleaned() Block {
	out := Table{Header: cleanAll(t.Header), Rows: make([][]string, len(t.Rows)), Widths: t.Widths}
	for i, row := range t.Rows {
		out.Rows[i] = cleanAll(row)
		for len(out.Rows[i]) < t.columns() {
			out.Rows[i] = append(out.Rows[i], "")
		}
	}
	return out
}

func (s Signatures) cleaned() Block {
	out := make(Signatures, len(s))
	for i, x := range s {
		out[i] = Signature{clean(x.Role), clean(x.Name), clean(x.Date)}
	}
	return out
}

func (p Paragraph) lines() []string { return strings.Split(string(p), "\n") }

// rows puts the pairs of a table two to a row.
func (p Pairs) rows() (out []Pairs) {
	open := false
	for _, x := range p {
		if open && !x.Wide {
			out[len(out)-1] = append(out[len(out)-1], x)
			open = false
			continue
		}
		out = append(out, Pairs{x})
		open = !x.Wide
	}
	return out
}

// columns is how many columns a table has: those of its longest row.
func (t Table) columns() int {
	n := len(t.Header)
	for _, row := range t.Rows {
		n = max(n, len(row))
	}
	return n
}

// shares is the width of each column in fractions of whole, adding up to it.
func (t Table) shares(whole int) []int {
	n, sum := t.columns(), 0
	weights := make([]int, n)
	for i := range weights {
		weights[i] = 1
		if len(t.Widths) == n {
			weights[i] = max(1, t.Widths[i])
		}
		sum += weights[i]
	}
	left := whole
	for i, w := range weights {
		weights[i] = w * whole / sum
		left -= weights[i]
	}
	if n > 0 {
		weights[n-1] += left
	}
	return weights
}

func (d Document) cleaned() Document {
	out := Document{clean(d.Title), clean(d.Number), clean(d.Unit), clean(d.Date), clean(d.Watermark), make([]Block, len(d.Blocks))}
	for i, b := range d.Blocks {
		out.Blocks[i] = b.cleaned()
	}
	return out
}

func cleanAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}

// clean leaves out what XML 1.0 may not hold and the marks that turn the
// direction of writing, by which a text can read otherwise than it is. Lines
// end in a line feed; a tab is a space.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r == utf8.RuneError, r == 0xfffe, r == 0xffff,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return -1
		}
		return r
	}, s)
}
