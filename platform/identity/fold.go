package identity

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold makes the text of a cell plain: full-width forms and look-alike
// compatibility characters become the ordinary ones (NFKC), every kind of
// space becomes one blank, and characters nobody sees (zero-width, direction
// marks, variation selectors) go. Text copied from PDF and chat is full of
// them, and two equal names then compare as different.
func Fold(s string) string {
	if isPlain(s) {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range norm.NFKC.String(s) {
		switch {
		case unicode.IsSpace(r):
			blank = true
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r), unicode.Is(unicode.Variation_Selector, r), r == unicode.ReplacementChar:
		default:
			if blank && b.Len() > 0 {
				b.WriteByte(' ')
			}
			blank = false
			b.WriteRune(r)
		}
	}
	// Taking an unseen character away can bring a mark beside a new base.
	return norm.NFKC.String(b.String())
}

// isPlain spares the common cell, digits and letters or common characters
// without blanks inside, the walk above.
func isPlain(s string) bool {
	for _, r := range s {
		if r > ' ' && r < 0x7f || r >= 0x4e00 && r <= 0x9fff {
			continue
		}
		return false
	}
	return true
}

// expand reads a number that went through floating point: "13554320096.0",
// "1.3554320096E10". Exact is false when digits were lost. Shortest printing
// drops zeros at the end, so up to three are put back; a narrow column
// ("1.35543E+10") loses more than that and is not.
func expand(s string) (digits string, exact, float bool) {
	mantissa, exponent, scientific := strings.Cut(strings.ToUpper(s), "E")
	whole, fraction, pointed := strings.Cut(mantissa, ".")
	if !isDigits(whole) || pointed && !isDigits(fraction) || !scientific && !pointed {
		return "", false, false
	}
	if !scientific {
		return whole, strings.Trim(fraction, "0") == "", true
	}
	exponent = strings.TrimPrefix(exponent, "+")
	if !isDigits(exponent) || len(exponent) > 2 || len(whole) != 1 {
		return "", false, false
	}
	power := int(exponent[0] - '0')
	if len(exponent) == 2 {
		power = power*10 + int(exponent[1]-'0')
	}
	lost := power - len(fraction)
	if lost < 0 || lost > 3 {
		return "", false, true
	}
	return whole + fraction + strings.Repeat("0", lost), true, true
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
