package identity

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"shouwang/platform/fault"
)

// Why a date is refused: the ids of ParseDate's faults.
const (
	DateEmpty      = "identity.date_empty"
	DateUnreadable = "identity.date_unreadable"
	DateImpossible = "identity.date_impossible"
	DateAmbiguous  = "identity.date_ambiguous"
	DateLunar      = "identity.date_lunar"
)

var (
	errDateEmpty      = fault.NewInvalid(DateEmpty, "没有填写日期。")
	errDateUnreadable = fault.NewInvalid(DateUnreadable, "看不懂这个日期，请写成 2016-10-31 这样。")
	errDateImpossible = fault.NewInvalid(DateImpossible, "没有这一天，请核对日期。")
	errDateAmbiguous  = fault.NewInvalid(DateAmbiguous, "这个日期有两种读法，请写成 2016-10-31 这样。")
	errDateLunar      = fault.NewInvalid(DateLunar, "这像是农历日期，请换成公历填写。")
)

// Precision says how much of a date is known.
type Precision uint8

const (
	ByDay   Precision = iota + 1 // 2016-10-31
	ByMonth                      // 2016-10
	ByYear                       // 2016
)

// ParseDate reads a date as people write it in rosters and gives it in ISO
// form at its own precision: 2016-10-31, 2016-10 or 2016. Today (2006-01-02)
// settles the century of a year of two digits: the last one not in the
// future. A date after today is not refused, since agreements end later;
// compare the ISO texts. Years outside 1900 to 2100 are impossible.
func ParseDate(raw, today string) (string, Precision, error) {
	s := strings.TrimLeft(Fold(raw), "'‘’` ")
	switch s {
	case "", "/", "-", "—", "无", "不详":
		return "", 0, errDateEmpty
	}
	if strings.Contains(s, "农历") || strings.Contains(s, "阴历") || strings.ContainsAny(s, "初正腊闰") || strings.Contains(s, "冬月") {
		return "", 0, errDateLunar
	}
	s = strings.ReplaceAll(s, "元月", "1月")
	s = numerals(s)
	s = withoutTime(s)
	s = strings.TrimSuffix(strings.TrimSuffix(s, "生"), "出")
	s = strings.TrimRight(s, " ")
	if isDigits(s) {
		return bareDate(s, today)
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok && len(whole) == 5 && isDigits(whole) && isDigits(fraction) {
		return bareDate(whole, today) // an Excel serial with its time of day
	}
	fields, separators, ok := split(s)
	if !ok {
		return "", 0, errDateUnreadable
	}
	return fieldsDate(fields, separators, today)
}

// numerals turns 二〇一六年十二月八日 into 2016年12月8日.
func numerals(s string) string {
	const digits = "〇一二三四五六七八九"
	var b strings.Builder
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		if r == '零' || r == '○' {
			r = '〇'
		}
		switch tens := strings.IndexRune("十廿卅", r); {
		case tens >= 0:
			// What stands before 十 was written as its tens: 二十 is "2", then "十".
			before := i > 0 && strings.ContainsRune(digits[3:], runes[i-1])
			after := i+1 < len(runes) && strings.ContainsRune(digits[3:], runes[i+1])
			if !before {
				b.WriteByte(byte('1' + tens/len("十")))
			}
			if !after {
				b.WriteByte('0')
			}
		case strings.ContainsRune(digits, r):
			b.WriteByte(byte('0' + strings.IndexRune(digits, r)/len("〇")))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// withoutTime cuts a time of day: from the digits before the first 时, 点 or
// colon, with the T, the blank or 上午 in front of them.
func withoutTime(s string) string {
	i := strings.IndexAny(s, ":时点")
	if i < 0 {
		return s
	}
	s = strings.TrimRight(s[:i], "0123456789")
	s = strings.TrimRight(s, " Tt")
	for _, part := range []string{"上午", "下午", "凌晨", "晚上", "中午"} {
		s = strings.TrimSuffix(s, part)
	}
	return s
}

// bareDate reads digits without separators.
func bareDate(s, today string) (string, Precision, error) {
	switch len(s) {
	case 8:
		return day(s[:4], s[4:6], s[6:])
	case 6: // 201605, or 160508
		asMonth, _, err := month(s[:4], s[4:])
		asDay, _, dayErr := day(century(s[:2], s[2:4], s[4:], today), s[2:4], s[4:])
		switch {
		case err == nil && dayErr == nil:
			return "", 0, errDateAmbiguous
		case err == nil:
			return asMonth, ByMonth, nil
		case dayErr == nil:
			return asDay, ByDay, nil
		}
		return "", 0, errDateUnreadable
	case 5: // an Excel serial: days since 1899-12-30; 20000 is in 1954, 60000 in 2064
		if n, _ := strconv.Atoi(s); n >= 20000 && n <= 60000 {
			return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), ByDay, nil
		}
	case 4:
		return year(s)
	}
	return "", 0, errDateUnreadable
}

// split takes "2016年5月8日" apart into numbers and what stands between them;
// separators[i] follows fields[i].
func split(s string) (fields, separators []string, ok bool) {
	for s != "" {
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(s)
		}
		if end == 0 || end > 4 || len(fields) == 3 {
			return nil, nil, false
		}
		fields, s = append(fields, s[:end]), s[end:]
		end = strings.IndexFunc(s, unicode.IsDigit)
		if end < 0 {
			end = len(s)
		}
		separator := strings.TrimSpace(s[:end])
		if separator == "" && end > 0 {
			separator = " "
		}
		separators, s = append(separators, separator), s[end:]
	}
	for i, separator := range separators {
		last := i == len(separators)-1
		switch separator {
		case "年":
			ok = i == 0
		case "月":
			ok = i == 1
		case "月份":
			ok = last && i == 1
		case "日", "号":
			ok = i == 2
		case "":
			ok = last
		case "-", ".", "/", " ", "、", ",", "‐", "‑", "–", "—", "−", "_", "\\":
			ok = !last
		default:
			ok = false
		}
		if !ok {
			return nil, nil, false
		}
	}
	return fields, separators, len(fields) > 0
}

func fieldsDate(fields, separators []string, today string) (string, Precision, error) {
	first := fields[0]
	inWords := separators[0] == "年"
	switch {
	case len(fields) == 1 && inWords:
		return year(century(first, "01", "01", today))
	case len(fields) == 1:
		return "", 0, errDateUnreadable
	case len(fields) == 2 && (len(first) == 4 || inWords):
		// A cell of type number turns 2016.10 into 2016.1.
		if separators[0] == "." && fields[1] == "1" {
			return "", 0, errDateAmbiguous
		}
		return month(century(first, fields[1], "01", today), fields[1])
	case len(fields) == 2:
		return "", 0, errDateUnreadable
	case len(first) == 4 || inWords:
		return day(century(first, fields[1], fields[2], today), fields[1], fields[2])
	case len(first) > 2 || len(fields[1]) > 2:
		return "", 0, errDateUnreadable
	}
	// Three short fields, or the year last. Here people write year, month, day;
	// spreadsheets of foreign habit write month, day, year; day, month, year
	// comes only with a year of four digits.
	last := fields[2]
	var readings []string
	read := func(y, m, d string) {
		if iso, _, err := day(century(y, m, d, today), m, d); err == nil {
			readings = append(readings, iso)
		}
	}
	if len(last) <= 2 {
		read(first, fields[1], last)
	}
	if sep := separators[0]; sep != "." && sep != "、" && sep != "," || len(last) == 4 {
		read(last, first, fields[1])
	}
	if len(last) == 4 {
		read(last, fields[1], first)
	}
	switch {
	case len(readings) == 0:
		return "", 0, errDateImpossible
	case len(readings) > 1 && readings[0] != readings[len(readings)-1]:
		return "", 0, errDateAmbiguous
	}
	return readings[0], ByDay, nil
}

// century completes a year of two digits: 16 is 2016, and 82 is 1982 as long
// as 2082-… lies in the future. A year of four digits stays.
func century(y, m, d, today string) string {
	if len(y) != 2 {
		return y
	}
	if "20"+y+"-"+two(m)+"-"+two(d) > today {
		return "19" + y
	}
	return "20" + y
}

func year(y string) (string, Precision, error) {
	if len(y) != 4 || y < "1900" || y > "2100" {
		return "", 0, errDateImpossible
	}
	return y, ByYear, nil
}

func month(y, m string) (string, Precision, error) {
	if _, _, err := day(y, m, "01"); err != nil {
		return "", 0, err
	}
	return y + "-" + two(m), ByMonth, nil
}

func day(y, m, d string) (string, Precision, error) {
	if _, _, err := year(y); err != nil {
		return "", 0, err
	}
	iso := y + "-" + two(m) + "-" + two(d)
	if _, err := time.Parse(time.DateOnly, iso); err != nil {
		return "", 0, errDateImpossible
	}
	return iso, ByDay, nil
}

func two(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}
