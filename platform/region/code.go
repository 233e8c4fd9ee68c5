package region

import "strings"

// Level is how far down a division stands.
type Level uint8

const (
	Nation Level = iota
	Province
	Prefecture
	County
	Town
	Village
)

// widths is how many digits a level's significant prefix has.
var widths = [...]int{0, 2, 4, 6, 9, 12}

const zeros = "000000000000"

// Code is a division's code in all its twelve digits, such as 500235001201.
type Code string

// ParseCode completes a code given in its significant digits (50, 500235,
// 500235001) with zeros; ok is false when it cannot be one.
func ParseCode(s string) (c Code, ok bool) {
	if len(s) > len(zeros) {
		return "", false
	}
	for _, width := range widths[1:] {
		if len(s) == width {
			c = Code(s + zeros[width:])
			return c, c.Valid()
		}
	}
	return "", false
}

// Valid reports whether the code has the right shape, which says nothing of
// whether such a division exists. Below a level that is not used nothing
// may be used, but for towns that stand directly under a prefecture without
// counties (东莞: 441900003000).
func (c Code) Valid() bool {
	if len(c) != len(zeros) || strings.Trim(string(c), "0123456789") != "" || c[:2] == "00" {
		return false
	}
	prefecture, county, town, village := c[2:4] != "00", c[4:6] != "00", c[6:9] != "000", c[9:] != "000"
	return (prefecture || !county && !town) && (town || !village)
}

// Level is the level of a valid code.
func (c Code) Level() Level {
	switch {
	case len(c) != len(zeros) || c[:2] == "00":
		return Nation
	case c[9:] != "000":
		return Village
	case c[6:9] != "000":
		return Town
	case c[4:6] != "00":
		return County
	case c[2:4] != "00":
		return Prefecture
	}
	return Province
}

// Prefix is the significant digits, which all codes inside begin with. The
// nation's is empty: it holds everything.
func (c Code) Prefix() string {
	if c.Level() == Nation {
		return ""
	}
	return string(c[:widths[c.Level()]])
}

// Parent is the division directly above; a province's is empty.
func (c Code) Parent() Code {
	level := c.Level()
	if level <= Province {
		return ""
	}
	width := widths[level-1]
	return c[:width] + Code(zeros[width:])
}

// Contains reports whether other is c or lies inside it.
func (c Code) Contains(other Code) bool { return strings.HasPrefix(string(other), c.Prefix()) }

// Bounds gives the range low <= code < high, in byte order, that holds
// exactly the codes with this prefix of digits. Above all codes stands ":",
// the byte after 9.
func Bounds(prefix string) (low, high string) {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < '9' {
			return prefix, prefix[:i] + string(prefix[i]+1)
		}
	}
	return prefix, ":"
}
