package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"shouwang/platform/fault"
)

// maxRecord bounds one row of a CSV: an unpaired quote would take the rest of
// the file for one cell.
const maxRecord = 256 << 10

// csvSheet is a text file of cells. It has one sheet, no types and no merged
// areas.
type csvSheet struct {
	name   string
	open   func() io.Reader
	comma  rune
	limits Limits
}

// openText finds the encoding and the delimiter by reading the file through
// once: half a file of GB18030 can look like UTF-8, and a name decoded wrong
// is a child lost.
func openText(r io.ReaderAt, size int64, limits Limits) (*Book, error) {
	file := func() io.Reader { return io.NewSectionReader(r, 0, size) }
	decoded := func(e encoding.Encoding) func() io.Reader {
		return func() io.Reader { return e.NewDecoder().Reader(file()) }
	}
	start := make([]byte, min(size, 3))
	if _, err := r.ReadAt(start, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading a text file: %w", err)
	}
	var tries []func() io.Reader
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		tries = append(tries, decoded(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)))
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		tries = append(tries, func() io.Reader { return io.NewSectionReader(r, 3, size-3) })
	default:
		tries = append(tries, file, decoded(simplifiedchinese.GB18030))
	}
	for i, open := range tries {
		isFile := i == 0 && start[0] < 0xfe // not through a decoder
		blank, err := readable(open(), isFile)
		if errors.Is(err, errUnreadable) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("reading a text file: %w", err)
		}
		if blank {
			return nil, errEmpty()
		}
		comma, err := delimiter(open())
		if err != nil {
			return nil, fmt.Errorf("reading a text file: %w", err)
		}
		return &Book{sheets: []source{&csvSheet{name: "表格", open: open, comma: comma, limits: limits}}}, nil
	}
	return nil, fault.NewInvalid("sheet.unknown", "认不出这个文件。请上传 .xlsx 或 .csv 格式的表格；如果是 .csv，请用 WPS 或 Excel 打开后另存为 .xlsx。")
}

var errUnreadable = errors.New("not text in this encoding")

// readable reads all of r. A decoder writes U+FFFD for what it cannot read;
// in a file that is UTF-8 itself, someone's own U+FFFD is theirs to keep.
func readable(r io.Reader, isFile bool) (blank bool, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for blank = true; ; {
		c, n, err := in.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return blank, nil
		case err != nil:
			return false, err
		case c == 0, c == utf8.RuneError && (n == 1 || !isFile):
			return false, errUnreadable
		case c > ' ':
			blank = false
		}
	}
}

// delimiter takes the one that cuts most of the first lines into equally many
// cells.
func delimiter(r io.Reader) (rune, error) {
	start, err := io.ReadAll(io.LimitReader(r, 64<<10))
	if err != nil {
		return 0, err
	}
	lines := strings.Split(string(start), "\n")
	best, bestScore := ',', 0
	for _, d := range []rune{',', '\t', ';'} {
		lineCount := map[int]int{}
		for _, line := range lines[:min(len(lines), 50)] {
			n, quoted := 0, false
			for _, c := range line {
				switch c {
				case '"':
					quoted = !quoted
				case d:
					if !quoted {
						n++
					}
				}
			}
			lineCount[n]++
		}
		for n, count := range lineCount {
			if score := n * count; score > bestScore {
				best, bestScore = d, score
			}
		}
	}
	return best, nil
}

func (s *csvSheet) sheet() Sheet { return Sheet{Name: s.name} }

func (s *csvSheet) merges() ([]merge, error) { return nil, nil }

func (s *csvSheet) rows(yield func(rawRow, error) bool) {
	left := &tokenReader{r: s.open()}
	in := csv.NewReader(left)
	in.Comma, in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = s.comma, -1, true, true
	row, line := 0, 1
	for {
		left.left = maxRecord
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			if errors.Is(err, errLongToken) {
				err = errLongCell(row + 1)
			}
			yield(rawRow{}, asFault(fmt.Errorf("reading text after row %d: %w", row, err)))
			return
		}
		// csv passes over empty lines, which are rows to the person who
		// counts them; line breaks inside quotes are none.
		at, _ := in.FieldPos(0)
		row += 1 + max(0, at-line)
		line = at + 1
		r := rawRow{number: row}
		for i, field := range record {
			line += strings.Count(field, "\n")
			if field == "" {
				continue
			}
			switch {
			case len(field) > maxText:
				err = errLongCell(row)
			case i >= s.limits.Columns:
				err = errTooManyColumns(row, s.limits.Columns)
			}
			// The record's memory is used again for the next.
			r.cells = append(r.cells, placed{i + 1, TextCell(strings.Clone(bare(field)))})
		}
		if row > s.limits.Rows {
			err = errTooManyRows(s.limits.Rows)
		}
		if err != nil {
			yield(rawRow{}, err)
			return
		}
		if !yield(r, nil) {
			return
		}
	}
}
