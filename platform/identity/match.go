package identity

import "strings"

// Record is what two rows are compared by. Everything may be missing.
type Record struct {
	Number    Number
	Name      string
	Birth     string // as ParseDate gives it: a day, a month or a year
	Sex       Sex
	Guardians []string // parents and carer, in any order
	Phones    []Phone  // theirs
	Village   string   // region code of the village, else empty
}

// Match says how likely two records are one child, and why, in words for
// the person who decides.
type Match struct {
	Score   float64 // log2 of how much likelier the likeness is if they are one
	Certain bool    // the same child unless the rosters themselves are wrong
	Likely  bool    // a person must look before both are kept or made one
	Reasons []string
}

// Fellegi and Sunter's weights: each is log2(m/u), m how often a field
// agrees so when the two rows are one child, u when they are not. There is no
// published table for this; m and u are our own estimates for a county of some
// 40,000 children (5,000 birth days, 480 villages), to be replaced by
// weights learnt from the pairs its officers decide. A missing value weighs
// nothing.
//
//	                        m      u
//	name the same           0.85   0.0008
//	     variant forms      0.05   0.0002
//	     said the same      0.06   0.0006
//	     similar            0.03   0.01
//	     different          0.01   0.99
//	birth the same day      0.93   0.0002
//	      the same month, when only that is known    0.97   0.005
//	      the same year, likewise                    0.97   0.06
//	      day and month changed, or one digit off    0.03   0.005
//	      different         0.02   0.98
//	sex  the same           0.98   0.5
//	     different          0.02   0.5
//	a guardian the same     0.70   0.003   said the same 0.05, 0.001
//	           none alike   0.25   0.99
//	a phone the same        0.60   0.0005
//	        none the same   0.40   0.9995
//	village the same        0.85   0.003
//	        different       0.15   0.997
//	number  different       0.002  1       (the same: see Compare)
const (
	nameSame, nameVariant, nameHomophone, nameSimilar, nameDifferent    = 10.1, 8.0, 6.6, 1.6, -6.6
	birthSame, birthSameMonth, birthSameYear, birthSlip, birthDifferent = 12.2, 7.6, 4.0, 2.6, -5.6
	sexSame, sexDifferent                                               = 1.0, -4.6
	guardianSame, guardianHomophone, guardianDifferent                  = 7.9, 5.6, -2.0
	phoneSame, phoneDifferent                                           = 10.2, -1.3
	villageSame, villageDifferent                                       = 8.1, -2.7

	numberDifferent = -9.0

	// Guardian, phone and village say nearly one thing, the household, and
	// brothers and sisters share it; together they count no more than this.
	householdMost = 14.0

	// Two rows taken at random from a county's rosters are one child about
	// once in 2^20 times. Likely begins at odds of one to sixteen: worth a
	// look. Certain asks for 256 to one.
	likelyFrom, certainFrom = 20 - 4, 20 + 8
)

// Prepared is a record with its names worked out, to be compared with many.
type Prepared struct {
	Record
	name      name
	guardians []name
}

// Prepare works a record's names out once.
func Prepare(r Record) Prepared {
	p := Prepared{Record: r, name: prepare(r.Name)}
	for _, guardian := range r.Guardians {
		p.guardians = append(p.guardians, prepare(guardian))
	}
	return p
}

// Compare weighs two records; see Prepared.Compare.
func Compare(a, b Record) Match { return Prepare(a).Compare(Prepare(b)) }

// Compare weighs two records. Names that differ or are missing are never
// likely, however much else agrees: those are brothers and sisters. Certain further needs
// the name the same at least by sound, the same full birth date and nothing
// against; twins whose names share a character stay a question until both
// have numbers. Equal numbers are certain unless the names differ (somebody
// else's number was typed) or a spreadsheet may have made them equal
// (Number.Doubtful); two different numbers never are.
func (a Prepared) Compare(b Prepared) Match {
	m := Match{Reasons: make([]string, 0, 6)}
	add := func(weight float64, reason string) {
		m.Score += weight
		if reason != "" {
			m.Reasons = append(m.Reasons, reason)
		}
	}
	against := false

	name := a.name.like(b.name)
	switch name {
	case Same:
		add(nameSame, "姓名相同")
	case Variant:
		add(nameVariant, "姓名只是字形不同")
	case Homophone:
		add(nameHomophone, "姓名读音相同")
	case Similar:
		add(nameSimilar, "姓名相近")
	case Different:
		add(nameDifferent, "姓名不同")
	}

	sameDay := false
	switch birthLikeness(a.Birth, b.Birth) {
	case birthEqual:
		switch min(len(a.Birth), len(b.Birth)) {
		case len("2016"):
			add(birthSameYear, "出生年份相同")
		case len("2016-10"):
			add(birthSameMonth, "出生年月相同")
		default:
			sameDay = true
			add(birthSame, "出生日期相同")
		}
	case birthTurned:
		add(birthSlip, "出生的月和日像是写反了")
	case birthOneDigit:
		add(birthSlip, "出生日期只差一个数字")
	case birthApart:
		against = true
		add(birthDifferent, "出生日期不同")
	}

	known := func(s Sex) bool { return s == Male || s == Female }
	switch {
	case !known(a.Sex) || !known(b.Sex):
	case a.Sex == b.Sex:
		add(sexSame, "")
	default:
		against = true
		add(sexDifferent, "性别不同")
	}

	m.Score += household(a, b, &m.Reasons)

	bothNumbers := !a.Number.IsZero() && !b.Number.IsZero()
	if bothNumbers && a.Number != b.Number {
		against = true
		add(numberDifferent, "身份证号码不同")
	}

	m.Likely = name > Different && m.Score >= likelyFrom
	m.Certain = name >= Homophone && sameDay && !against && m.Score >= certainFrom
	switch {
	case !bothNumbers:
	case a.Number != b.Number:
		m.Likely = m.Likely && name >= Homophone
	case a.Number.Doubtful():
		m.Likely = true
		m.Reasons = append(m.Reasons, "身份证号码相同，但末尾是三个零，可能被表格软件改过")
	default:
		m.Likely, m.Certain = true, name != Different
		m.Reasons = append(m.Reasons, "身份证号码相同")
	}
	return m
}

func household(a, b Prepared, reasons *[]string) float64 {
	score := 0.0
	add := func(weight float64, reason string) {
		score += weight
		*reasons = append(*reasons, reason)
	}
	guardian := Unknown
	for _, x := range a.guardians {
		for _, y := range b.guardians {
			guardian = max(guardian, x.like(y))
		}
	}
	switch guardian {
	case Same, Variant:
		add(guardianSame, "家长姓名相同")
	case Homophone:
		add(guardianHomophone, "家长姓名读音相同")
	case Different:
		add(guardianDifferent, "家长姓名不同")
	}
	phones, shared := 0, false
	for _, x := range a.Phones {
		for _, y := range b.Phones {
			if !x.IsZero() && !y.IsZero() {
				phones++
				shared = shared || x == y
			}
		}
	}
	switch {
	case shared:
		add(phoneSame, "家长电话相同")
	case phones > 0:
		score += phoneDifferent
	}
	switch {
	case a.Village == "" || b.Village == "":
	case a.Village == b.Village:
		add(villageSame, "同一个村（社区）")
	default:
		add(villageDifferent, "不在同一个村（社区）")
	}
	return min(score, householdMost)
}

type birthCompared uint8

const (
	birthUnknown birthCompared = iota
	birthEqual
	birthTurned
	birthOneDigit
	birthApart
)

func birthLikeness(a, b string) birthCompared {
	switch {
	case a == "" || b == "":
		return birthUnknown
	case strings.HasPrefix(a, b) || strings.HasPrefix(b, a):
		return birthEqual
	case len(a) != len("2016-10-31") || len(b) != len(a):
		return birthApart
	case a[:4] == b[:4] && a[5:7] == b[8:] && a[8:] == b[5:7]:
		return birthTurned
	}
	apart := 0
	for i := range len(a) {
		if a[i] != b[i] {
			apart++
		}
	}
	if apart == 1 {
		return birthOneDigit
	}
	return birthApart
}

// BlockKeys names the groups a record belongs to, so that a caller compares
// only records that share one: birth date, name by sound, surname by sound
// with birth year, number and telephone. A pair Compare finds likely shares
// at least one, unless its names are only similar, its birth dates are not
// the same day, and neither surname, number nor telephone agrees. The keys hold plain digits: for an index in memory,
// never for the store.
func BlockKeys(r Record) []string {
	var keys []string
	if len(r.Birth) == len("2016-10-31") {
		keys = append(keys, "birth:"+r.Birth)
	}
	for _, reading := range Pinyin(r.Name) {
		keys = append(keys, "name:"+reading.Full)
	}
	if name := variants.Replace(NormalizeName(r.Name)); name != "" && len(r.Birth) >= 4 {
		surname, _ := surnameOf(name)
		for _, reading := range Pinyin(surname) {
			keys = append(keys, "surname:"+reading.Full+":"+r.Birth[:4])
		}
	}
	if !r.Number.IsZero() {
		keys = append(keys, "number:"+r.Number.Reveal())
	}
	for _, phone := range r.Phones {
		if !phone.IsZero() {
			keys = append(keys, "phone:"+phone.Reveal())
		}
	}
	return keys
}
