package identity

import (
	"strings"
	"time"
	"unicode"

	"shouwang/platform/fault"
)

// Why a citizen's number is refused: the ids of the faults Parse, CheckBorn
// and Disagreements return.
const (
	NumberEmpty         = "identity.number_empty"
	NumberLength        = "identity.number_length"
	NumberCharacters    = "identity.number_characters"
	NumberDate          = "identity.number_date"
	NumberCheckDigit    = "identity.number_check_digit"
	NumberDamaged       = "identity.number_damaged"
	NumberFuture        = "identity.number_future"
	NumberBirthDisagree = "identity.number_birth_disagrees"
	NumberSexDisagree   = "identity.number_sex_disagrees"
)

var (
	errNumberEmpty      = fault.NewInvalid(NumberEmpty, "没有填写身份证号码。")
	errNumberLength     = fault.NewInvalid(NumberLength, "身份证号码应为 18 位（老号码 15 位），请核对位数。")
	errNumberCharacters = fault.NewInvalid(NumberCharacters, "身份证号码里有不该出现的字符，只能是数字，最后一位可以是 X。")
	errNumberDate       = fault.NewInvalid(NumberDate, "身份证号码里的出生日期不存在，请核对第 7 至 14 位。")
	errNumberCheckDigit = fault.NewInvalid(NumberCheckDigit, "身份证号码的校验码不对，其中有一位或几位写错了，请核对原件。")
	errNumberDamaged    = fault.NewInvalid(NumberDamaged, "身份证号码被表格软件当作数字改掉了末尾几位，请把这一列设为文本，再按原件重新填写。")
	errNumberFuture     = fault.NewInvalid(NumberFuture, "身份证号码里的出生日期还没有到，请核对原件。")
	errBirthDisagrees   = fault.NewInvalid(NumberBirthDisagree, "填写的出生日期与身份证号码里的不一致，请核对原件。")
	errSexDisagrees     = fault.NewInvalid(NumberSexDisagree, "填写的性别与身份证号码里的不一致，请核对原件。")
)

// Sex is a sex by GB/T 2261.1.
type Sex uint8

const (
	SexUnknown  Sex = 0
	Male        Sex = 1
	Female      Sex = 2
	SexUnstated Sex = 9
)

func (s Sex) String() string {
	switch s {
	case Male:
		return "男"
	case Female:
		return "女"
	case SexUnstated:
		return "未说明"
	default:
		return "未知"
	}
}

// ParseSex reads a roster's cell; ok is false when it says something else.
func ParseSex(raw string) (sex Sex, ok bool) {
	switch Fold(raw) {
	case "男", "男性", "男孩", "1":
		return Male, true
	case "女", "女性", "女孩", "2":
		return Female, true
	case "9", "未说明":
		return SexUnstated, true
	case "", "0", "未知", "不详":
		return SexUnknown, true
	}
	return SexUnknown, false
}

// Number is a citizen's number (公民身份号码) whose form, date and check digit
// are right. It may still be somebody else's, and its address code is where
// it was first issued, not where the child lives. A child without household
// registration has none: the zero Number.
type Number struct{ secret }

// Normalize takes away what typing and spreadsheets add to a number and
// leaves the rest as it stands, right or wrong.
func Normalize(raw string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'x', r == '×', r == 'Х', r == 'х', r == 'Χ', r == 'χ': // multiplication sign, Cyrillic, Greek
			return 'X'
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), r == '−', r == '\'', r == '‘', r == '’', r == '`':
			return -1
		}
		return r
	}, Fold(raw))
}

// Parse reads a number of 18 or 15 digits; an old one of 15 gets its century
// and check digit. The fault's id is one of the constants above.
func Parse(raw string) (Number, error) {
	s := Normalize(raw)
	switch s {
	case "", "/", "无", "暂无", "没有", "不详":
		return Number{}, errNumberEmpty
	}
	if digits, exact, float := expand(s); float {
		if !exact || len(digits) > 15 { // a float keeps 15 digits, no more
			return Number{}, errNumberDamaged
		}
		s = digits
	}
	if strings.Trim(s, "0123456789X") != "" || strings.Contains(strings.TrimSuffix(s, "X"), "X") {
		return Number{}, errNumberCharacters
	}
	switch {
	case len(s) == 15 && isDigits(s):
		s = s[:6] + "19" + s[6:]
		s += string(checkDigit(s))
	case len(s) != 18:
		return Number{}, errNumberLength
	}
	if s[17] != checkDigit(s[:17]) {
		if strings.HasSuffix(s, "000") {
			return Number{}, errNumberDamaged
		}
		if !isDate(s[6:10], s[10:12], s[12:14]) {
			return Number{}, errNumberDate
		}
		return Number{}, errNumberCheckDigit
	}
	if !isDate(s[6:10], s[10:12], s[12:14]) {
		return Number{}, errNumberDate
	}
	return Number{keep(s)}, nil
}

// checkDigit is GB 11643-1999's ISO 7064 MOD 11-2: it finds every single
// wrong digit and every swap of two neighbours.
func checkDigit(first17 string) byte {
	sum := 0
	for i, weight := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(first17[i]-'0') * weight
	}
	return "10X98765432"[sum%11]
}

func isDate(year, month, day string) bool {
	_, err := time.Parse(time.DateOnly, year+"-"+month+"-"+day)
	return err == nil && year >= "1800"
}

// Birth is the birth date in the number, as 2016-10-31.
func (n Number) Birth() string {
	if n.IsZero() {
		return ""
	}
	s := n.Reveal()
	return s[6:10] + "-" + s[10:12] + "-" + s[12:14]
}

// Sex is the sex in the number.
func (n Number) Sex() Sex {
	switch {
	case n.IsZero():
		return SexUnknown
	case (n.Reveal()[16]-'0')%2 == 1:
		return Male
	default:
		return Female
	}
}

// Address is the county code (GB/T 2260) the number was issued under, often
// of a county that has since been renamed or merged.
func (n Number) Address() string {
	if n.IsZero() {
		return ""
	}
	return n.Reveal()[:6]
}

// Doubtful reports a number that ends in 000. Its check digit fits, but so
// does one in eleven of those a spreadsheet has cut, and all children born
// that day under one address code then share it: let a person look before
// it is used to say that two records are one child.
func (n Number) Doubtful() bool { return strings.HasSuffix(n.Reveal(), "000") }

// CheckBorn refuses a number whose birth date lies after today (2006-01-02).
func (n Number) CheckBorn(today string) error {
	if n.Birth() > today {
		return errNumberFuture
	}
	return nil
}

// Disagreements compares the number with the birth date (a day, a month or a
// year, as ParseDate gives it) and sex stated beside it. What was not stated
// disagrees with nothing.
func (n Number) Disagreements(birth string, sex Sex) []*fault.Error {
	var found []*fault.Error
	if n.IsZero() {
		return nil
	}
	if !strings.HasPrefix(n.Birth(), birth) {
		found = append(found, errBirthDisagrees)
	}
	if (sex == Male || sex == Female) && sex != n.Sex() {
		found = append(found, errSexDisagrees)
	}
	return found
}
