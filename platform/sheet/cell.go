package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind is what a cell holds, in the file's own terms: the same eighteen digits
// are an identity number as Text and a damaged one as Number.
type Kind uint8

const (
	Empty      Kind = iota
	Text            // everything in a CSV is Text
	Number          // Excel keeps fifteen digits; longer ones are lost for good
	Date            // a number whose style shows it as a date or time
	Bool            // TRUE or FALSE
	Error           // #N/A and its like
	Uncomputed      // a formula the file holds no result of; it is never evaluated here
)

// Cell is one cell's content.
type Cell struct {
	Kind    Kind
	Text    string  // as a person reads it: digits in full, dates as 2012-03-10
	Number  float64 // the stored number of Number, Date and Bool
	Formula bool    // the content is a formula's saved result
	Merged  bool    // the cell is empty inside a merged area; the content stands above

	Epoch1904 bool // serial dates of this file count from 1904, as old Macs did
}

// TextCell makes text to write; no text is an empty cell.
func TextCell(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{Kind: Text, Text: s}
}

// NumberCell makes a number to write.
func NumberCell(n float64) Cell { return number(strconv.FormatFloat(n, 'g', -1, 64), false, false) }

// DateCell makes a date to write; the time of day is kept to the second.
func DateCell(t time.Time) Cell {
	utc := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	return number(strconv.FormatFloat(utc.Sub(epoch1900).Hours()/24, 'f', -1, 64), true, false)
}

var epoch1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// Date reads the cell's number as a serial date. Only for Kind Date does the
// file itself say that it is one; for a bare Number (40978 under 出生日期) the
// caller decides whether to believe it.
func (c Cell) Date() (time.Time, bool) {
	if c.Kind != Number && c.Kind != Date {
		return time.Time{}, false
	}
	n := c.Number
	if c.Epoch1904 {
		n += 1462
	}
	// 1900 was no leap year, but serial 60 is its 29 February: numbers before
	// it are a day off, and it itself is no day.
	if n > 0 && n < 60 {
		n++
	} else if n < 61 || n >= 2958466 || math.IsNaN(n) {
		return time.Time{}, false
	}
	days := math.Floor(n)
	seconds := math.Round((n - days) * 86400)
	return epoch1900.AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second), true
}

// number reads a stored number. Digits are written out in full, because a
// telephone number that a program stored as 1.3554320096E10 is still eleven
// digits to the person who typed it.
func number(raw string, dateStyle, epoch1904 bool) Cell {
	n, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return TextCell(raw)
	}
	c := Cell{Kind: Number, Number: n, Text: strings.TrimSpace(raw), Epoch1904: epoch1904}
	if dateStyle {
		c.Kind = Date
		if t, ok := c.Date(); ok {
			switch {
			case t.Hour()+t.Minute()+t.Second() == 0:
				c.Text = t.Format("2006-01-02")
			default:
				c.Text = t.Format("2006-01-02 15:04:05")
			}
			return c
		}
		if n >= 0 && n < 1 {
			c.Text = time.Time{}.Add(time.Duration(math.Round(n*86400)) * time.Second).Format("15:04:05")
			return c
		}
		c.Kind = Number
	}
	if plain := strings.TrimPrefix(c.Text, "-"); len(plain) <= 20 && strings.Trim(plain, "0123456789") == "" {
		return c
	}
	switch {
	case math.Abs(n) >= 1e21 || n != 0 && math.Abs(n) < 1e-9: // as stored; nobody means these
	case n == math.Trunc(n):
		c.Text = strconv.FormatFloat(n, 'f', -1, 64)
	default:
		// Fifteen digits are what Excel shows: 39.799999999999997 was typed as 39.8.
		shown, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'e', 14, 64), 64)
		c.Text = strconv.FormatFloat(shown, 'f', -1, 64)
	}
	return c
}

// isoDate reads the rare cells that store a date as ISO 8601 text.
func isoDate(value string) Cell {
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999"} {
		if t, err := time.Parse(layout, value); err == nil {
			return DateCell(t)
		}
	}
	return TextCell(value)
}

// isDateFormat reports whether a number format shows dates or times: it names
// a part of one outside quotes, brackets and escapes.
func isDateFormat(code string) bool {
	code, _, _ = strings.Cut(code, ";")
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '\\', '_', '*':
			i++
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return false
			}
			i += end + 1
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return false
			}
			switch strings.ToLower(code[i : i+end+1]) {
			case "[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]":
				return true
			}
			i += end
		case 'G', 'g':
			if len(code) >= i+7 && strings.EqualFold(code[i:i+7], "general") {
				i += 6
			}
		case 'y', 'Y', 'm', 'M', 'd', 'D', 'h', 'H', 's', 'S':
			return true
		}
	}
	return false
}

// isBuiltinDate covers the formats a file names by number only, the Chinese
// ones (27–36, 50–58) included.
func isBuiltinDate(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// columnName gives a column its letters, as people name it.
func columnName(column int) string {
	var name []byte
	for ; column > 0; column = (column - 1) / 26 {
		name = append([]byte{byte('A' + (column-1)%26)}, name...)
	}
	return string(name)
}

// columnOf reads the column of a reference such as AB12; zero when it is none.
func columnOf(ref string) (column, row int) {
	i := 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A'+1)
	}
	row, err := strconv.Atoi(ref[i:])
	if err != nil || row < 1 || column < 1 {
		return 0, 0
	}
	return column, row
}
