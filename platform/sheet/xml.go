package sheet

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// xmlStream walks XML within bounds: encoding/xml expands no entities of the
// file's own, but holds one token whole and goes to any depth.
type xmlStream struct {
	dec   *xml.Decoder
	left  *tokenReader
	depth int
}

const (
	maxToken = 1 << 20
	maxDepth = 64
	maxText  = 100_000 // bytes; Excel's own bound is 32,767 characters
)

// tokenReader refuses to read on and on for the sake of one token.
type tokenReader struct {
	r    io.Reader
	left int
}

var errLongToken = errors.New("one token is beyond the bound")

func (t *tokenReader) Read(p []byte) (int, error) {
	if t.left <= 0 {
		return 0, errLongToken
	}
	n, err := t.r.Read(p)
	t.left -= n
	return n, err
}

func newXMLStream(r io.Reader) *xmlStream {
	left := &tokenReader{r: r}
	return &xmlStream{dec: xml.NewDecoder(left), left: left}
}

// next returns io.EOF only where the document may end.
func (x *xmlStream) next() (xml.Token, error) {
	x.left.left = maxToken
	t, err := x.dec.Token()
	if errors.Is(err, errLongToken) {
		return nil, errBomb(err)
	} else if err != nil {
		return nil, err
	}
	switch t.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > maxDepth {
			return nil, errBomb(errors.New("nested too deep"))
		}
	case xml.EndElement:
		x.depth--
	case xml.Directive:
		return nil, errDamaged(errors.New("a document type has no place in a workbook"))
	}
	return t, nil
}

// skip passes over the element just begun.
func (x *xmlStream) skip() error {
	for until := x.depth - 1; x.depth > until; {
		if _, err := x.next(); err != nil {
			return noEOF(err)
		}
	}
	return nil
}

// text joins what the element just begun says, run by run; how to pronounce it
// (rPh) is no part of it.
func (x *xmlStream) text() (string, error) {
	var all []byte
	inText := false
	for until := x.depth - 1; x.depth > until; {
		t, err := x.next()
		if err != nil {
			return "", noEOF(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				if err := x.skip(); err != nil {
					return "", err
				}
			}
			inText = t.Name.Local == "t"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				if all = append(all, t...); len(all) > maxText {
					return "", errLongCell(0)
				}
			}
		}
	}
	return unescape(string(all)), nil
}

func (x *xmlStream) value() (string, error) {
	var all []byte
	for until := x.depth - 1; x.depth > until; {
		t, err := x.next()
		if err != nil {
			return "", noEOF(err)
		}
		if c, ok := t.(xml.CharData); ok {
			if all = append(all, c...); len(all) > maxText {
				return "", errLongCell(0)
			}
		}
	}
	return string(all), nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func attr(e xml.StartElement, local string) string {
	for i := range e.Attr {
		if e.Attr[i].Name.Local == local {
			return e.Attr[i].Value
		}
	}
	return ""
}

// unescape reads _x000D_, the way workbooks write what XML cannot.
func unescape(s string) string {
	at := strings.Index(s, "_x")
	if at < 0 {
		return s
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(s, "_x") {
		b.WriteString(s[:at])
		s = s[at:]
		if len(s) >= 7 && s[6] == '_' {
			if n, err := strconv.ParseUint(s[2:6], 16, 16); err == nil && (n < 0xD800 || n > 0xDFFF) {
				b.WriteRune(rune(n))
				s = s[7:]
				continue
			}
		}
		b.WriteString("_x")
		s = s[2:]
	}
	return b.String() + s
}

// xmlSheet is one sheet of a workbook.
type xmlSheet struct {
	book  *workbook
	part  string
	about Sheet
}

func (s *xmlSheet) sheet() Sheet { return s.about }

func (s *xmlSheet) rows(yield func(rawRow, error) bool) {
	x, c, err := s.book.stream(s.part)
	if err != nil {
		yield(rawRow{}, asFault(err))
		return
	}
	defer c.Close()
	last := 0
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return // a sheet may hold no rows at all
		} else if err != nil {
			yield(rawRow{}, asFault(fmt.Errorf("reading sheet after row %d: %w", last, err)))
			return
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "row" {
				continue
			}
			row, err := s.row(x, t, last)
			if err != nil {
				yield(rawRow{}, asFault(fmt.Errorf("reading sheet after row %d: %w", last, err)))
				return
			}
			last = row.number
			if !yield(row, nil) {
				return
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				return
			}
		}
	}
}

func (s *xmlSheet) row(x *xmlStream, start xml.StartElement, last int) (rawRow, error) {
	row := rawRow{number: last + 1}
	if r := attr(start, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n <= last {
			return row, errors.New("rows are not in order")
		}
		row.number = n
	}
	if row.number > s.book.limits.Rows {
		return row, errTooManyRows(s.book.limits.Rows)
	}
	column, seen, held := 0, 0, 0
	for until := x.depth - 1; x.depth > until; {
		t, err := x.next()
		if err != nil {
			return row, noEOF(err)
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if e.Name.Local != "c" {
			if err := x.skip(); err != nil {
				return row, err
			}
			continue
		}
		column++
		if seen++; seen > 1<<14 { // Excel's own bound, empty cells included
			return row, errTooManyColumns(row.number, s.book.limits.Columns)
		}
		if ref := attr(e, "r"); ref != "" {
			if column, _ = columnOf(ref); column == 0 {
				return row, fmt.Errorf("a cell of row %d has no place", row.number)
			}
		}
		c, err := s.cell(x, e)
		if err != nil {
			return row, err
		}
		if c.Kind == Empty {
			continue
		}
		if column > s.book.limits.Columns {
			return row, errTooManyColumns(row.number, s.book.limits.Columns)
		}
		if held += len(c.Text); held > 10*maxText {
			return row, errLongCell(row.number)
		}
		row.cells = append(row.cells, placed{column, c})
	}
	byColumn := func(a, b placed) int { return a.column - b.column }
	if !slices.IsSortedFunc(row.cells, byColumn) {
		slices.SortStableFunc(row.cells, byColumn)
	}
	for i := 1; i < len(row.cells); i++ {
		if row.cells[i].column == row.cells[i-1].column {
			return row, errors.New("two cells in one place")
		}
	}
	return row, nil
}

func (s *xmlSheet) cell(x *xmlStream, start xml.StartElement) (Cell, error) {
	var value, inline string
	formula, saved := false, false
	for until := x.depth - 1; x.depth > until; {
		t, err := x.next()
		if err != nil {
			return Cell{}, noEOF(err)
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "v":
			saved = true
			value, err = x.value()
		case "is":
			saved = true
			inline, err = x.text()
		case "f":
			formula = true
			err = x.skip()
		default:
			err = x.skip()
		}
		if err != nil {
			return Cell{}, err
		}
	}
	c, err := s.typed(attr(start, "t"), attr(start, "s"), value, inline)
	c.Formula = formula
	if formula && !saved {
		c.Kind = Uncomputed
	}
	return c, err
}

func (s *xmlSheet) typed(kind, style, value, inline string) (Cell, error) {
	switch kind {
	case "s":
		if value == "" {
			return Cell{}, nil
		}
		i, err := strconv.Atoi(strings.TrimSpace(value))
		text, ok := s.book.strings.get(i)
		if err != nil || !ok {
			return Cell{}, errors.New("a cell names a string that is not there")
		}
		return TextCell(bare(text)), nil
	case "inlineStr":
		return TextCell(bare(inline)), nil
	case "str":
		return TextCell(bare(unescape(value))), nil
	case "b":
		if value == "" {
			return Cell{}, nil
		}
		if truth(value) {
			return Cell{Kind: Bool, Text: "TRUE", Number: 1}, nil
		}
		return Cell{Kind: Bool, Text: "FALSE"}, nil
	case "e":
		return Cell{Kind: Error, Text: value}, nil
	case "d":
		return isoDate(value), nil
	}
	if value == "" {
		return Cell{}, nil
	}
	i, err := strconv.Atoi(style)
	date := err == nil && i >= 0 && i < len(s.book.dateStyle) && s.book.dateStyle[i]
	return number(value, date, s.book.epoch1904), nil
}

// merges reads the merged areas, which a sheet lists after all its rows. The
// rows before them are passed over byte by byte, several times faster than
// reading them.
func (s *xmlSheet) merges() ([]merge, error) {
	f := s.book.parts[strings.ToLower(s.part)]
	if f == nil {
		return nil, errDamaged(fmt.Errorf("part %q is missing", s.part))
	}
	r, err := f.Open()
	if err != nil {
		return nil, errDamaged(fmt.Errorf("opening part %q: %w", s.part, err))
	}
	defer r.Close()
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		_, err := in.ReadSlice('<')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if errors.Is(err, io.EOF) {
			return nil, nil
		} else if err != nil {
			return nil, errDamaged(fmt.Errorf("looking for merged cells: %w", err))
		}
		tag, _ := in.Peek(64)
		if i := bytes.IndexAny(tag, ": />"); i >= 0 && tag[i] == ':' {
			tag = tag[i+1:]
		}
		if bytes.HasPrefix(tag, []byte("mergeCells")) {
			break
		}
	}
	x := newXMLStream(io.MultiReader(strings.NewReader("<"), in))
	var list []merge
	for {
		t, err := x.next()
		if err != nil {
			return nil, asFault(fmt.Errorf("reading merged cells: %w", noEOF(err)))
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "mergeCell" {
				continue
			}
			from, to, _ := strings.Cut(attr(t, "ref"), ":")
			if to == "" {
				to = from
			}
			var m merge
			m.left, m.top = columnOf(from)
			m.right, m.bottom = columnOf(to)
			if m.top == 0 || m.bottom < m.top || m.right < m.left {
				return nil, errDamaged(errors.New("a merged area has no place"))
			}
			if list = append(list, m); len(list) > s.book.limits.Merges {
				return nil, tooManyMerges(s.book.limits.Merges)
			}
		case xml.EndElement:
			if x.depth == 0 {
				slices.SortStableFunc(list, func(a, b merge) int { return a.top - b.top })
				return list, nil
			}
		}
	}
}
