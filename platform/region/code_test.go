package region_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shouwang/platform/region"
)

func TestCode_LevelsPrefixesAndParents(t *testing.T) {
	for _, c := range []struct {
		code, parent region.Code
		level        region.Level
		prefix       string
	}{
		{"500000000000", "", region.Province, "50"},
		{"500200000000", "500000000000", region.Prefecture, "5002"},
		{"500235000000", "500200000000", region.County, "500235"},
		{"500235001000", "500235000000", region.Town, "500235001"},
		{"500235001201", "500235001000", region.Village, "500235001201"},
		{"441900003000", "441900000000", region.Town, "441900003"}, // 东莞 has no counties
		{"441900000000", "440000000000", region.Prefecture, "4419"},
	} {
		if !c.code.Valid() || c.code.Level() != c.level || c.code.Prefix() != c.prefix || c.code.Parent() != c.parent {
			t.Errorf("%s: %v %v %q %s", c.code, c.code.Valid(), c.code.Level(), c.code.Prefix(), c.code.Parent())
		}
	}
}

func TestCode_WrongShapesAreNotValid(t *testing.T) {
	for _, c := range []region.Code{"", "500235", "5002350012011", "000000000000", "50023500120X", "500235000201", "500035000000", "50023500１201"} {
		if c.Valid() {
			t.Errorf("%q passes", c)
		}
	}
}

func TestParseCode_SignificantDigitsAreCompleted(t *testing.T) {
	for raw, want := range map[string]region.Code{
		"50": "500000000000", "5002": "500200000000", "500235": "500235000000", "500235001": "500235001000", "500235001201": "500235001201",
		"500": "", "": "", "50023500120X": "", "00": "", "5002350012010": "",
	} {
		if got, ok := region.ParseCode(raw); ok != (want != "") || ok && got != want {
			t.Errorf("ParseCode(%q) = %q, %v", raw, got, ok)
		}
	}
}

func TestContains_OwnInsideAndTheNationHoldsAll(t *testing.T) {
	county, village, nation := region.Code("500235000000"), region.Code("500235001201"), region.Code("")
	if !county.Contains(village) || !county.Contains(county) || village.Contains(county) || !nation.Contains(county) || county.Contains("500236001201") {
		t.Error("containment is wrong")
	}
}

func TestBounds_CarriesOverNines(t *testing.T) {
	for prefix, want := range map[string][2]string{
		"500235": {"500235", "500236"}, "500239": {"500239", "50024"}, "5099": {"5099", "51"}, "99": {"99", ":"}, "": {"", ":"},
	} {
		if low, high := region.Bounds(prefix); low != want[0] || high != want[1] {
			t.Errorf("Bounds(%q) = %q, %q", prefix, low, high)
		}
	}
}

func TestBounds_HoldExactlyTheCodesWithThePrefix(t *testing.T) {
	digits := func(n int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), n, n, -1)
	}
	rapid.Check(t, func(t *rapid.T) {
		prefix := digits(rapid.IntRange(0, 12).Draw(t, "width")).Draw(t, "prefix")
		keep := rapid.IntRange(0, len(prefix)).Draw(t, "shared") // codes near the edges, too
		code := prefix[:keep] + digits(12-keep).Draw(t, "code")
		low, high := region.Bounds(prefix)
		if (low <= code && code < high) != strings.HasPrefix(code, prefix) {
			t.Fatalf("%s in [%s, %s)", code, low, high)
		}
	})
}

func TestCode_EveryValidCodeLiesInItsParentAndItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
		c := region.Code(fmt.Sprintf("%02d%02d%02d%03d%03d", n("province", 0, 99), n("prefecture", 0, 99), n("county", 0, 99), n("town", 0, 999), n("village", 0, 999)))
		if !c.Valid() {
			return
		}
		low, high := region.Bounds(c.Prefix())
		if s := string(c); s < low || s >= high || !c.Contains(c) {
			t.Fatalf("%s outside [%s, %s)", c, low, high)
		}
		if up := c.Parent(); up != "" && (!up.Valid() || up.Level() >= c.Level() || !up.Contains(c)) {
			t.Fatalf("%s has parent %s", c, up)
		}
	})
}
