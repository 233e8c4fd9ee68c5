package sheet

import (
	"strings"
	"unicode"
)

// A cell that begins with = + - @ is a formula to the program that opens the
// file, and a formula can fetch, send and run. What people typed into our
// forms comes out in our exports, so it is made text again by an apostrophe.
// Primero fixed this twice: the second time for spaces and invisible
// characters before the sign, and for .xlsx, whose cells become formulas as
// soon as someone edits them or saves them as CSV.

// inert puts an apostrophe before text that a program might run.
func inert(s string) string {
	if risky(s) {
		return "'" + s
	}
	return s
}

// bare takes away what inert put, so that what was written is what is read.
func bare(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && risky(rest) {
		return rest
	}
	return s
}

// risky looks past leading apostrophes, so that inert and bare undo each other
// whatever stands there already.
func risky(s string) bool {
	if s = strings.TrimLeft(s, "'"); s == "" {
		return false
	}
	switch s[0] {
	case '\t', '\r', '\n':
		return true
	}
	if isPlainNegative(s) {
		return false
	}
	for _, r := range s {
		switch {
		case strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫−", r):
			return true
		case r == '\'' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Co):
			// What hides before the sign hides it from people only.
		case r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\u2800' || r == '\ufffd':
			// Letters by class, blank to the eye.
		default:
			return false
		}
	}
	return false
}

// isPlainNegative: -12.5 is a number, and harmless as one.
func isPlainNegative(s string) bool {
	digits, ok := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(digits, ".")
	return ok && whole != "" && len(digits) <= 15 && strings.Trim(whole+part, "0123456789") == ""
}
