package identity_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwang/platform/fault"
	"shouwang/platform/identity"
)

func idOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).ID
}

func TestParse_WhatPeopleAndSpreadsheetsMakeOfANumber(t *testing.T) {
	for _, c := range []struct{ raw, want, refused string }{
		{"11010519491231002X", "11010519491231002X", ""},
		{"440524188001010014", "440524188001010014", ""},
		{"11010519491231002x", "11010519491231002X", ""},
		{"１１０１０５１９４９１２３１００２ｘ", "11010519491231002X", ""},
		{"110105 19491231\u3000002X", "11010519491231002X", ""},
		{"\u200b110105-19491231-002×\ufeff", "11010519491231002X", ""},
		{"'11010519491231002Х", "11010519491231002X", ""}, // Cyrillic
		{"110105491231002", "11010519491231002X", ""},
		{"110105491231002.0", "11010519491231002X", ""},
		{"1.10105491231002E+14", "11010519491231002X", ""},
		{"", "", identity.NumberEmpty},
		{" — ", "", identity.NumberEmpty},
		{"无", "", identity.NumberEmpty},
		{"1101051949123100", "", identity.NumberLength},
		{"11010519491231002", "", identity.NumberLength},
		{"1101051949123100211", "", identity.NumberLength},
		{"11010519491231O02X", "", identity.NumberCharacters},
		{"1101051949123X002X", "", identity.NumberCharacters},
		{"5002***********061", "", identity.NumberCharacters},
		{"110105194913310020", "", identity.NumberDate},
		{"110105194902290020", "", identity.NumberDate},
		{"110105491331002", "", identity.NumberDate},
		{"110105194912310021", "", identity.NumberCheckDigit},
		{"500235201610312000", "", identity.NumberDamaged},
		{"500235201610312000.0", "", identity.NumberDamaged},
		{"5.00235201610312E+17", "", identity.NumberDamaged},
		{"5.00235E+17", "", identity.NumberDamaged},
		{"5.00235201610312e17", "", identity.NumberDamaged},
	} {
		n, err := identity.Parse(c.raw)
		if n.Reveal() != c.want || idOf(err) != c.refused {
			t.Errorf("Parse(%q) = %q, %q; want %q, %q", c.raw, n.Reveal(), idOf(err), c.want, c.refused)
		}
	}
}

func TestNumber_TellsBirthSexAndAddress(t *testing.T) {
	n, err := identity.Parse("11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{n.Birth(), n.Sex().String(), n.Address()}
	if diff := cmp.Diff([]string{"1949-12-31", "女", "110105"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNumber_TheZeroNumberTellsNothing(t *testing.T) {
	var n identity.Number
	if n.Birth() != "" || n.Sex() != identity.SexUnknown || n.Address() != "" || n.Reveal() != "" || len(n.Disagreements("2016-10-31", identity.Male)) > 0 {
		t.Errorf("got %q %v %q", n.Birth(), n.Sex(), n.Address())
	}
}

func TestCheckBorn_ABirthDateAfterTodayIsRefused(t *testing.T) {
	n := number("50023520161031", 6)
	if err := n.CheckBorn("2016-10-30"); idOf(err) != identity.NumberFuture {
		t.Errorf("the day before: %v", err)
	}
	if err := n.CheckBorn("2016-10-31"); err != nil {
		t.Errorf("the day itself: %v", err)
	}
}

func TestDisagreements_BirthAndSexAreSaidSeparately(t *testing.T) {
	n := number("50023520161031", 206) // female
	for _, c := range []struct {
		birth string
		sex   identity.Sex
		want  []string
	}{
		{"2016-10-31", identity.Female, nil},
		{"2016-10", identity.SexUnknown, nil},
		{"", identity.SexUnstated, nil},
		{"2016-10-30", identity.Female, []string{identity.NumberBirthDisagree}},
		{"2016", identity.Male, []string{identity.NumberSexDisagree}},
		{"2015", identity.Male, []string{identity.NumberBirthDisagree, identity.NumberSexDisagree}},
	} {
		var got []string
		for _, f := range n.Disagreements(c.birth, c.sex) {
			got = append(got, f.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %v: %s", c.birth, c.sex, diff)
		}
	}
}

func TestNumber_IsPrintedAsItsMaskEverywhere(t *testing.T) {
	n := number("50023520161031", 206)
	digits, mask := n.Reveal(), "5002***********"+n.Reveal()[15:]
	type row struct {
		Number identity.Number
		hidden identity.Number
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("row", "number", n, "row", row{n, n})
	slog.New(slog.NewTextHandler(&log, nil)).Info("row", "number", n, "row", row{n, n})
	asJSON, err := json.Marshal(map[identity.Number]any{n: row{n, n}})
	if err != nil {
		t.Fatal(err)
	}
	printed := ""
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb+verb+verb+verb, n, row{n, n}, &row{n, n}, []identity.Number{n})
	}
	for how, text := range map[string]string{"fmt": printed, "slog": log.String(), "json": string(asJSON)} {
		if strings.Contains(text, digits) || strings.Contains(text, digits[4:15]) || strings.Contains(text, fmt.Sprintf("%x", digits)) {
			t.Errorf("%s leaks: %s", how, text)
		}
		if !strings.Contains(text, mask) {
			t.Errorf("%s holds no mask: %s", how, text)
		}
	}
}

func TestMask_KeepsTheEndsOfWhatIsLongEnough(t *testing.T) {
	for raw, want := range map[string]string{
		"500235201610312061": "5002***********061", "13912341234": "139****1234", "02355128888": "023****8888",
		"110": "***", "": "", "12345678": "********",
	} {
		if got := identity.Mask(raw); got != want {
			t.Errorf("Mask(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestParse_TheFaultNeverHoldsTheNumber(t *testing.T) {
	for _, raw := range []string{"500235201610312000", "110105194912310021", "110105194913310020"} {
		if _, err := identity.Parse(raw); err == nil || strings.Contains(err.Error()+fault.Of(err).Text, raw[6:14]) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// number makes a valid number by the standard's own congruence, Σ aᵢ·Wᵢ ≡ 1
// (mod 11), not by the table of check digits the package uses.
func number(addressAndBirth string, serial int) identity.Number {
	s := addressAndBirth + fmt.Sprintf("%03d", serial)
	for _, check := range "0123456789X" {
		sum, weight := 0, 1
		for i := 17; i >= 0; i-- {
			digit := strings.IndexRune("0123456789X", check)
			if i < 17 {
				digit = int(s[i] - '0')
			}
			sum, weight = sum+digit*weight, weight*2%11
		}
		if sum%11 == 1 {
			n, err := identity.Parse(s + string(check))
			if err != nil {
				panic(err)
			}
			return n
		}
	}
	panic("no check digit fits")
}

var aNumber = rapid.Custom(func(t *rapid.T) identity.Number {
	born := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 46000).Draw(t, "day"))
	return number(fmt.Sprintf("%06d", rapid.IntRange(110000, 829999).Draw(t, "address"))+born.Format("20060102"), rapid.IntRange(0, 999).Draw(t, "serial"))
})

func TestParse_AValidNumberComesBackWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := aNumber.Draw(t, "number")
		again, err := identity.Parse(" " + strings.ToLower(n.Reveal()) + "\u00a0")
		if err != nil || again != n {
			t.Fatalf("%v, %v", again.Reveal(), err)
		}
	})
}

func TestParse_AnySingleWrongDigitIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(aNumber.Draw(t, "number").Reveal())
		i := rapid.IntRange(0, 17).Draw(t, "place")
		wrong := rapid.SampledFrom([]byte("0123456789")).Filter(func(b byte) bool { return b != s[i] }).Draw(t, "digit")
		s[i] = wrong
		if _, err := identity.Parse(string(s)); err == nil {
			t.Fatalf("%s passed", s)
		}
	})
}

func TestParse_AnySwapOfNeighboursIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(aNumber.Draw(t, "number").Reveal())
		i := rapid.IntRange(0, 16).Draw(t, "place")
		if s[i] == s[i+1] {
			return
		}
		s[i], s[i+1] = s[i+1], s[i]
		if _, err := identity.Parse(string(s)); err == nil {
			t.Fatalf("%s passed", s)
		}
	})
}

func TestParse_AnOldNumberBecomesTheNewOneOfTheSamePerson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := aNumber.Filter(func(n identity.Number) bool { return strings.HasPrefix(n.Birth(), "19") }).Draw(t, "number")
		s := n.Reveal()
		old, err := identity.Parse(s[:6] + s[8:17])
		if err != nil || old != n {
			t.Fatalf("%v, %v", old.Reveal(), err)
		}
	})
}

func TestParse_ANumberThroughAFloatIsNeverTakenForWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := aNumber.Draw(t, "number").Reveal()
		cut := s[:15] + "000"
		if n, err := identity.Parse(cut); err == nil && !n.Doubtful() || err != nil && idOf(err) != identity.NumberDamaged {
			t.Fatalf("%s: %v", cut, err)
		}
		if _, err := identity.Parse(s[:1] + "." + s[1:15] + "E+17"); idOf(err) != identity.NumberDamaged {
			t.Fatal(err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"11010519491231002X", "110105491231002", "5.00235201610312E+17", "１１０", "500235201610312000.0", "\u200b'x", "E9", "1.E"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n, err := identity.Parse(raw)
		if (err == nil) == n.IsZero() {
			t.Fatalf("%q: %v %v", raw, n, err)
		}
		if err != nil {
			return
		}
		if again, err := identity.Parse(n.Reveal()); err != nil || again != n || len(n.Reveal()) != 18 {
			t.Fatalf("%q: %v", raw, err)
		}
	})
}
