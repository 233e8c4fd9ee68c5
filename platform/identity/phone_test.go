package identity_test

import (
	"fmt"
	"testing"

	"shouwang/platform/identity"
)

func TestNormalizePhone_WhatPeopleAndSpreadsheetsMakeOfATelephone(t *testing.T) {
	for _, c := range []struct{ raw, want, refused string }{
		{"13554320096", "13554320096", ""},
		{"135 5432 0096", "13554320096", ""},
		{"135-5432-0096", "13554320096", ""},
		{"１３５５４３２００９６", "13554320096", ""},
		{"+86 13554320096", "13554320096", ""},
		{"8613554320096", "13554320096", ""},
		{"0086-135-5432-0096", "13554320096", ""},
		{"1.3554320096E10", "13554320096", ""},
		{"1.35543201E+10", "13554320100", ""},
		{"13554320096.0", "13554320096", ""},
		{"妈妈：13554320096", "13554320096", ""},
		{"13554320096（爷爷）", "13554320096", ""},
		{"023-55128888", "02355128888", ""},
		{"(023) 5512 8888", "02355128888", ""},
		{"+86-23-55128888", "02355128888", ""},
		{"0577-88881234", "057788881234", ""},
		{"0577 8888123", "05778888123", ""},
		{"", "", identity.PhoneEmpty},
		{"无", "", identity.PhoneEmpty},
		{"-", "", identity.PhoneEmpty},
		{"55128888", "", identity.PhoneAreaCode},
		{"1.35543E+10", "", identity.PhoneDamaged},
		{"13554320096/13912341234", "", identity.PhoneSeveral},
		{"13554320096、13912341234", "", identity.PhoneSeveral},
		{"13554320096 13912341234", "", identity.PhoneSeveral},
		{"1355432009", "", identity.PhoneInvalid},
		{"12554320096", "", identity.PhoneInvalid},
		{"02355128888转801", "", identity.PhoneInvalid},
		{"02305128888", "", identity.PhoneInvalid},
		{"110", "", identity.PhoneInvalid},
	} {
		p, err := identity.NormalizePhone(c.raw)
		if p.Reveal() != c.want || idOf(err) != c.refused {
			t.Errorf("NormalizePhone(%q) = %q, %q; want %q, %q", c.raw, p.Reveal(), idOf(err), c.want, c.refused)
		}
	}
}

func TestPhone_IsPrintedAsItsMaskAndKnowsAMobile(t *testing.T) {
	p, err := identity.NormalizePhone("13912341234")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p); got != "139****1234" || !p.IsMobile() {
		t.Errorf("got %s, mobile %v", got, p.IsMobile())
	}
	if p, _ := identity.NormalizePhone("023-55128888"); p.IsMobile() {
		t.Error("a landline is taken for a mobile")
	}
}

func FuzzNormalizePhone(f *testing.F) {
	for _, seed := range []string{"13554320096", "1.3554320096E10", "+86 23 55128888", "爸13554320096/妈13912341234", "转", "１３５.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := identity.NormalizePhone(raw)
		if (err == nil) == p.IsZero() {
			t.Fatalf("%q: %v %v", raw, p, err)
		}
		if err != nil {
			return
		}
		if again, err := identity.NormalizePhone(p.Reveal()); err != nil || again != p {
			t.Fatalf("%q gives %s, which gives %s, %v", raw, p.Reveal(), again.Reveal(), err)
		}
	})
}
