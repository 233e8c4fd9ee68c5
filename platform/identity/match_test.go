package identity_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"shouwang/platform/identity"
)

func phones(t *testing.T, raw ...string) []identity.Phone {
	t.Helper()
	var all []identity.Phone
	for _, r := range raw {
		p, err := identity.NormalizePhone(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestCompare_WhoIsTheSameChild(t *testing.T) {
	child := identity.Record{Name: "郝诗嘉", Birth: "2014-08-07", Sex: identity.Female,
		Guardians: []string{"吕涵", "冉敏刚"}, Phones: phones(t, "13554320096"), Village: "500235208201"}
	with := func(change func(*identity.Record)) identity.Record {
		r := child
		change(&r)
		return r
	}
	number1, number2, cut := number("50023520140807", 206), number("50023520140807", 208), identity.Number{}
	for serial := 0; !cut.Doubtful(); serial += 100 { // one of these ends in 000
		cut = number("50023520140808", serial)
	}
	for _, c := range []struct {
		why             string
		a, b            identity.Record
		likely, certain bool
	}{
		{"the row twice", child, child, true, true},
		{"a homophone", child, with(func(r *identity.Record) { r.Name = "郝诗佳" }), true, true},
		{"once with a number, once without", with(func(r *identity.Record) { r.Number = number1 }), child, true, true},
		{"name and birth date, nothing else known", identity.Record{Name: child.Name, Birth: child.Birth}, child, true, false},
		{"name alone", identity.Record{Name: child.Name}, child, false, false},
		{"birth date alone", identity.Record{Birth: child.Birth}, child, false, false},
		{"a household and a birth year, no name", with(func(r *identity.Record) { r.Name, r.Birth = "", "2014" }), child, false, false},
		{"nothing known", identity.Record{}, identity.Record{}, false, false},
		{"the sex differs", child, with(func(r *identity.Record) { r.Sex = identity.Male }), true, false},
		{"month and day turned", child, with(func(r *identity.Record) { r.Birth = "2014-07-08" }), true, false},
		{"a digit off in the birth date", child, with(func(r *identity.Record) { r.Birth = "2014-08-17" }), true, false},
		{"only the birth year known", child, with(func(r *identity.Record) { r.Birth = "2014" }), true, false},
		{"a twin whose name shares characters", child, with(func(r *identity.Record) { r.Name = "郝诗雨" }), true, false},
		{"that twin, both with numbers", with(func(r *identity.Record) { r.Number = number1 }),
			with(func(r *identity.Record) { r.Name, r.Number = "郝诗雨", number2 }), false, false},
		{"a twin of another name", child, with(func(r *identity.Record) { r.Name = "郝建国" }), false, false},
		{"equal numbers, another village and household", identity.Record{Name: "郝诗嘉", Number: number1},
			identity.Record{Name: "郝诗佳", Number: number1, Village: "500235001001"}, true, true},
		{"equal numbers, other name", identity.Record{Name: "郝诗嘉", Number: number1}, identity.Record{Name: "王建国", Number: number1}, true, false},
		{"equal numbers that a spreadsheet may have made", identity.Record{Name: "郝诗嘉", Number: cut}, identity.Record{Name: "郝诗嘉", Number: cut}, true, false},
		{"other numbers, all else the same", with(func(r *identity.Record) { r.Number = number1 }), with(func(r *identity.Record) { r.Number = number2 }), true, false},
		{"a namesake elsewhere", identity.Record{Name: "郝诗嘉", Birth: "2014-08-07", Village: "500235208201", Guardians: []string{"吕涵"}},
			identity.Record{Name: "郝诗嘉", Birth: "2011-02-19", Village: "500235001001", Guardians: []string{"王建国"}}, false, false},
	} {
		m := identity.Compare(c.a, c.b)
		if m.Likely != c.likely || m.Certain != c.certain {
			t.Errorf("%s: likely %v, certain %v, score %.1f, %v", c.why, m.Likely, m.Certain, m.Score, m.Reasons)
		}
	}
}

func TestCompare_ReasonsAreSaidInWordsAndHoldNoValue(t *testing.T) {
	m := identity.Compare(
		identity.Record{Name: "郝诗嘉", Birth: "2014-08-07", Phones: phones(t, "13554320096")},
		identity.Record{Name: "郝诗佳", Birth: "2014-07-08", Phones: phones(t, "13554320096")})
	want := []string{"姓名读音相同", "出生的月和日像是写反了", "家长电话相同"}
	if !slices.Equal(m.Reasons, want) {
		t.Errorf("got %v", m.Reasons)
	}
}

var aRecord = rapid.Custom(func(t *rapid.T) identity.Record {
	r := identity.Record{
		Name:    rapid.StringOfN(rapid.SampledFrom([]rune("王张明小晓单山")), 0, 3, -1).Draw(t, "name"),
		Birth:   rapid.SampledFrom([]string{"", "2014", "2014-08", "2014-08-07", "2014-07-08", "2014-08-17", "2011-02-19"}).Draw(t, "birth"),
		Sex:     rapid.SampledFrom([]identity.Sex{0, 1, 2, 9}).Draw(t, "sex"),
		Village: rapid.SampledFrom([]string{"", "500235208201", "500235001001"}).Draw(t, "village"),
	}
	if rapid.Bool().Draw(t, "guardian") {
		r.Guardians = []string{rapid.SampledFrom([]string{"吕涵", "吕函", "王建国"}).Draw(t, "guardian")}
	}
	return r
})

func TestCompare_DoesNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := aRecord.Draw(t, "a"), aRecord.Draw(t, "b")
		x, y := identity.Compare(a, b), identity.Compare(b, a)
		if x.Score != y.Score || x.Certain != y.Certain || x.Likely != y.Likely {
			t.Fatalf("%+v, %+v", x, y)
		}
	})
}

func TestCompare_AMissingValueIsNoEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := aRecord.Draw(t, "a"), aRecord.Draw(t, "b")
		a.Village, a.Birth, a.Guardians, a.Sex = "", "", nil, identity.SexUnknown
		withAll := identity.Compare(a, b)
		b.Village, b.Birth, b.Guardians, b.Sex = "", "", nil, identity.SexUnstated
		if without := identity.Compare(a, b); without.Score != withAll.Score {
			t.Fatalf("%v, %v", without.Score, withAll.Score)
		}
	})
}

func TestBlockKeys_LikelyPairsShareOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := aRecord.Draw(t, "a"), aRecord.Draw(t, "b")
		sameDay := len(a.Birth) == len("2014-08-07") && a.Birth == b.Birth
		onlySimilar := identity.NameLikeness(a.Name, b.Name) == identity.Similar && !sameDay
		if onlySimilar || !identity.Compare(a, b).Likely {
			return
		}
		keys := identity.BlockKeys(b)
		if !slices.ContainsFunc(identity.BlockKeys(a), func(k string) bool { return slices.Contains(keys, k) }) {
			t.Fatalf("%v likely %v: %v", a, b, identity.Compare(a, b))
		}
	})
}

func TestBlockKeys_AHomophoneWithAnotherBirthDateMeets(t *testing.T) {
	a := identity.BlockKeys(identity.Record{Name: "单晓明", Birth: "2014-08-07"})
	b := identity.BlockKeys(identity.Record{Name: "丹小明", Birth: "2013-08-07"})
	if !slices.ContainsFunc(a, func(k string) bool { return strings.HasPrefix(k, "name:") && slices.Contains(b, k) }) {
		t.Errorf("%v\n%v", a, b)
	}
}

func BenchmarkCompare(b *testing.B) {
	x := identity.Prepare(identity.Record{Name: "郝诗嘉", Birth: "2014-08-07", Sex: identity.Female, Guardians: []string{"吕涵", "冉敏刚"}, Village: "500235208201"})
	y := identity.Prepare(identity.Record{Name: "郝思佳", Birth: "2014-08-07", Sex: identity.Female, Guardians: []string{"吕涵", "冉敏"}, Village: "500235208201"})
	b.ReportAllocs()
	for b.Loop() {
		x.Compare(y)
	}
}
