package sheet

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Field is one thing the caller looks for.
type Field struct {
	Key string // "father.name"
	// Names are the headers it goes by, the official one first:
	// 务工地点, 打工地点, 在哪里打工.
	Names []string
	// Group are the headers it stands under, or that stand before its name:
	// 父亲, 爸爸. With it, 姓名 under 父亲 and 父亲姓名 alike are this field,
	// and a bare 姓名 is not.
	Group    []string
	Looks    func(string) bool // whether a value could be this field's; may be nil
	Required bool
}

// How says why a column is thought to hold its field.
type How string

const (
	NotFound  How = ""          // no field
	Exact     How = "exact"     // the official name
	Alias     How = "alias"     // one of the other names
	Contained How = "contained" // a name is part of the header, or the header of a name
	Position  How = "position"  // a bare 电话 to the right of 母亲姓名
	ByValues  How = "values"    // the header says nothing, the values do
	ByPerson  How = "person"    // someone said so
)

// threshold is the confidence from which a column gets a field by itself.
const threshold = 0.6

// label is a header's text, folded for comparing.
type label struct {
	full   string   // bracketed words included
	bare   string   // without them: 出生日期（年月日） is 出生日期
	groups []string // the headers above it, and the bracketed words
}

var (
	bracketed = regexp.MustCompile(`[(\[{【〔<《][^)\]}】〕>》]*[)\]}】〕>》]`)
	numbering = regexp.MustCompile(`^(\d{1,2}[.、)]|[一二三四五六七八九十]{1,2}、)`)
)

// fold takes from a header what people vary: width, spaces, line breaks,
// stars, colons, numbering.
func fold(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf) || strings.ContainsRune("*★☆#:：_\"'“”", r) {
			return -1
		}
		return r
	}, s)
	if rest := s[len(numbering.FindString(s)):]; rest != "" {
		s = rest
	}
	return s
}

func unbracket(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("()[]{}【】〔〕<>《》", r) {
			return -1
		}
		return r
	}, s)
}

func newLabel(path []string) label {
	if len(path) == 0 {
		return label{}
	}
	leaf := fold(path[len(path)-1])
	l := label{full: unbracket(leaf), bare: bracketed.ReplaceAllString(leaf, "")}
	if l.bare == "" {
		l.bare = l.full
	}
	for _, g := range path[:len(path)-1] {
		if g = unbracket(fold(g)); g != "" {
			l.groups = append(l.groups, g)
		}
	}
	for _, hint := range bracketed.FindAllString(leaf, -1) {
		if hint = unbracket(hint); hint != "" && hint != l.bare {
			l.groups = append(l.groups, hint)
		}
	}
	return l
}

// matcher compares headers with the dictionary.
type matcher struct {
	fields []entry
	groups []string       // every group word of the dictionary
	shared map[string]int // how many fields go by a name
}

type entry struct {
	Field
	names, groups []string
}

func newMatcher(dictionary []Field) *matcher {
	m := &matcher{shared: map[string]int{}}
	for _, f := range dictionary {
		e := entry{Field: f}
		for _, n := range f.Names {
			if n = unbracket(fold(n)); n != "" && !slices.Contains(e.names, n) {
				e.names = append(e.names, n)
				m.shared[n]++
			}
		}
		for _, g := range f.Group {
			if g = unbracket(fold(g)); g != "" && !slices.Contains(e.groups, g) {
				e.groups = append(e.groups, g)
				if !slices.Contains(m.groups, g) {
					m.groups = append(m.groups, g)
				}
			}
		}
		m.fields = append(m.fields, e)
	}
	return m
}

// says reports whether text speaks of the group. One character (父) must be
// the whole text, since it is part of too many words.
func says(text, group string) bool {
	return text == group || utf8.RuneCountInString(group) > 1 && strings.Contains(text, group)
}

func saysAny(texts, groups []string) bool {
	for _, t := range texts {
		for _, g := range groups {
			if says(t, g) {
				return true
			}
		}
	}
	return false
}

// foreign reports whether text speaks of a group that is not f's.
func (m *matcher) foreign(text string, f *entry) bool {
	return slices.ContainsFunc(m.groups, func(g string) bool {
		return says(text, g) && !slices.Contains(f.groups, g)
	})
}

// score is how surely a header names field f.
func (m *matcher) score(f *entry, l label) (best float64, how How) {
	if l.full == "" {
		return 0, NotFound
	}
	take := func(s float64, h How) {
		if s > best {
			best, how = s, h
		}
	}
	length := func(s string) float64 { return float64(utf8.RuneCountInString(s)) }
	total := length(l.full)
	under := saysAny(l.groups, f.groups)
	underOther := !under && saysAny(l.groups, m.groups)
	for i, n := range f.names {
		base, h := 0.97, Alias
		if i == 0 {
			base, h = 1, Exact
		}
		whole := l.full == n
		if !whole && l.bare == n {
			whole, base = true, base-0.02
		}
		long := utf8.RuneCountInString(n) > 1
		if len(f.groups) == 0 {
			switch {
			case whole && underOther:
				take(base*0.65, h)
			case whole && len(l.groups) > 0:
				take(base*0.99, h)
			case whole:
				take(base, h)
			case long && !underOther && strings.Contains(l.full, n):
				// 父亲姓名 contains 姓名, but is not the child's.
				if rest := strings.Replace(l.full, n, "", 1); !saysAny([]string{rest}, m.groups) {
					take(0.6+0.25*length(n)/total, Contained)
				}
			case long && !underOther && length(l.bare) > 1 && strings.Contains(n, l.bare):
				take(0.6+0.2*length(l.bare)/length(n), Contained)
			}
			continue
		}
		namesGroup := saysAny([]string{n}, f.groups)
		for _, g := range f.groups {
			switch {
			case l.full == g+n, l.full == g+"的"+n, l.full == n+g, l.bare == g+n:
				take(base, h)
			case long && says(l.full, g) && strings.Contains(strings.Replace(l.full, g, "", 1), n):
				take(0.6+0.25*(length(g)+length(n))/total, Contained)
			}
		}
		switch {
		case whole && namesGroup:
			take(base, h)
		case whole && under:
			take(base-0.01, h)
		case whole && underOther:
		case whole && m.shared[n] == 1:
			take(base-0.1, h)
		case whole && f.Required:
			take(0.65, h)
		case whole:
			take(0.55, h)
		case long && (under || namesGroup) && strings.Contains(l.full, n):
			// 母亲姓名 under 家庭信息 is not the father's name, whatever the
			// dictionary lacks.
			if m.foreign(strings.Replace(l.full, n, "", 1), f) {
				continue
			}
			take(0.6+0.2*length(n)/total, Contained)
		case under && length(l.bare) > 1 && strings.Contains(n, l.bare):
			take(0.6+0.15*length(l.bare)/length(n), Contained)
		}
	}
	return best, how
}

// assignment is what one column is thought to hold.
type assignment struct {
	field int // -1: none
	score float64
	how   How
	rival int // the field it rather seemed to be, held by a better column; -1
}

// assign gives each field to at most one column, the surest first.
func (m *matcher) assign(labels []label) []assignment {
	type pair struct {
		column, field int
		score         float64
		how           How
	}
	var pairs []pair
	out := make([]assignment, len(labels))
	bestOf := make([]float64, len(labels))
	for c, l := range labels {
		out[c] = assignment{field: -1, rival: -1}
		for f := range m.fields {
			if s, how := m.score(&m.fields[f], l); s >= threshold {
				pairs = append(pairs, pair{c, f, s, how})
				bestOf[c] = max(bestOf[c], s)
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		case a.column != b.column:
			return a.column - b.column
		}
		return a.field - b.field
	})
	holder := map[int]int{}
	for _, p := range pairs {
		a := &out[p.column]
		if _, taken := holder[p.field]; taken {
			if a.field < 0 && a.rival < 0 {
				a.rival = p.field
			}
			continue
		}
		// A second choice far below the first is a guess.
		if a.field < 0 && p.score >= bestOf[p.column]-0.2 {
			holder[p.field] = p.column
			a.field, a.score, a.how = p.field, p.score, p.how
		}
	}
	m.byPosition(labels, out, holder)
	return out
}

// byPosition reads 父亲姓名, 身份证号, 电话, 母亲姓名, 身份证号, 电话: a bare
// name belongs to the person named to its left.
func (m *matcher) byPosition(labels []label, out []assignment, holder map[int]int) {
	for c := 1; c < len(labels); c++ {
		left := out[c-1].field
		if out[c].field >= 0 || left < 0 || len(m.fields[left].groups) == 0 || len(labels[c].groups) > 0 {
			continue
		}
		for f := range m.fields {
			e := &m.fields[f]
			_, taken := holder[f]
			if !taken && slices.Contains(e.groups, m.fields[left].groups[0]) &&
				(slices.Contains(e.names, labels[c].full) || slices.Contains(e.names, labels[c].bare)) {
				holder[f] = c
				out[c] = assignment{field: f, score: threshold, how: Position, rival: out[c].rival}
				break
			}
		}
	}
}
