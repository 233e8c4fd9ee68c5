package identity

import (
	"strings"
	"unicode"

	"shouwang/platform/fault"
)

// Why a telephone is refused: the ids of NormalizePhone's faults.
const (
	PhoneEmpty    = "identity.phone_empty"
	PhoneSeveral  = "identity.phone_several"
	PhoneAreaCode = "identity.phone_area_code"
	PhoneDamaged  = "identity.phone_damaged"
	PhoneInvalid  = "identity.phone_invalid"
)

var (
	errPhoneEmpty    = fault.NewInvalid(PhoneEmpty, "没有填写电话号码。")
	errPhoneSeveral  = fault.NewInvalid(PhoneSeveral, "一格里有几个电话号码，请分开填写。")
	errPhoneAreaCode = fault.NewInvalid(PhoneAreaCode, "座机号码请加上区号。")
	errPhoneDamaged  = fault.NewInvalid(PhoneDamaged, "电话号码被表格软件当作数字改掉了，请把这一列设为文本再重新填写。")
	errPhoneInvalid  = fault.NewInvalid(PhoneInvalid, "电话号码不对：手机应为 11 位，座机应带区号，请核对。")
)

// Phone is a telephone of the mainland, as digits only: a mobile, or a
// landline with its area code.
type Phone struct{ secret }

// IsMobile reports whether a text message can reach it.
func (p Phone) IsMobile() bool { return isMobile(p.Reveal()) }

// NormalizePhone reads one telephone from a cell; words beside it ("妈妈")
// and the country code are left out.
func NormalizePhone(raw string) (Phone, error) {
	text := Fold(raw)
	if digits, exact, float := expand(strings.ReplaceAll(text, " ", "")); float {
		if !exact {
			return Phone{}, errPhoneDamaged
		}
		text = digits
	}
	if two := bare(text); len(two) == 22 && isMobile(two[:11]) && isMobile(two[11:]) {
		return Phone{}, errPhoneSeveral
	}
	var found []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/、,;|或和", r) }) {
		if s := bare(part); s != "" {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return Phone{}, errPhoneEmpty
	case 1:
	default:
		return Phone{}, errPhoneSeveral
	}
	s := found[0]
	for _, country := range []string{"+86", "0086", "86"} {
		if rest := strings.TrimPrefix(s, country); rest != s && (isMobile(rest) || isLandline(rest) || isLandline("0"+rest)) {
			if s = rest; !isMobile(s) && !isLandline(s) {
				s = "0" + s
			}
			break
		}
	}
	switch {
	case isMobile(s), isLandline(s):
		return Phone{keep(s)}, nil
	case isDigits(s) && (len(s) == 7 || len(s) == 8) && s[0] > '1':
		return Phone{}, errPhoneAreaCode
	default:
		return Phone{}, errPhoneInvalid
	}
}

// bare drops what people put between and beside digits. "转" stays, so that
// an extension does not become part of the number.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '转':
			return r
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), r == '−', unicode.Is(unicode.Han, r), strings.ContainsRune("()[]:.'’‘`", r):
			return -1
		}
		return r
	}, s)
}

func isMobile(s string) bool {
	return len(s) == 11 && isDigits(s) && s[0] == '1' && s[1] >= '3'
}

// isLandline knows the two shapes: 010 and 02x with eight digits, 0xxx with
// seven or eight.
func isLandline(s string) bool {
	if !isDigits(s) || len(s) < 11 || s[0] != '0' {
		return false
	}
	switch {
	case strings.HasPrefix(s, "010") || s[1] == '2':
		return len(s) == 11 && s[3] > '1'
	case s[1] >= '3':
		return (len(s) == 11 || len(s) == 12) && s[4] > '1'
	}
	return false
}
