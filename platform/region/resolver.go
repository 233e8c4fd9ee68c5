package region

import (
	"slices"
	"strings"
	"unicode/utf8"

	"shouwang/platform/identity"
)

// Outcome is what came of resolving a cell.
type Outcome uint8

const (
	Unknown     Outcome = iota // it may be a place, but none we know
	NoPlace                    // it names no place: empty, 在家, 无
	Found                      // Code is the place
	TownOnly                   // Code is the town; the village was not said, or is not in it
	Wider                      // Code is the county itself or what holds it
	OtherCounty                // Code is a place outside the county, as deep as we know
	Ambiguous                  // Candidates are the places it may be; a person chooses
)

// Resolution is a cell's place. Rest is what was said beyond it: the group,
// the house (3组12号), or a village the town does not have.
type Resolution struct {
	Outcome    Outcome
	Code       Code
	Rest       string
	Candidates []Code
}

// Resolver finds the places that the words of a roster name, for one county.
// It is made from a Book as of a day and may be used by many at once.
type Resolver struct {
	book     *Book
	county   Code
	day      string
	self     []string           // the county's own names, from 重庆市云阳县 to 云阳, longest first
	towns    map[string][]place // by full name and by stem
	villages map[string][]place // by stem: 杏家湾
	nation   map[string][]Code  // by full and by short name
}

// place is a name's division: what it is now, and what it was when it bore
// the name, which is the same unless it is retired.
type place struct {
	now, was  Code
	community bool // 社区 rather than 村
}

const (
	longestLocal  = 10 // runes in the longest key of towns and villages
	longestNation = 15
)

// NewResolver prepares the names of a county. Retired divisions and former
// names lead to what they are on the given day.
func NewResolver(book *Book, county Code, day string) *Resolver {
	r := &Resolver{book: book, county: county, day: day, towns: map[string][]place{}, villages: map[string][]place{}, nation: map[string][]Code{}}
	for _, of := range [][]Region{regionsOf(book), book.former} {
		for _, region := range of {
			for _, now := range book.Current(region.Code, day) {
				r.add(region, now)
			}
		}
	}
	above := []string{""}
	for _, region := range book.Path(county) {
		if isGrouping(region.Name) {
			continue
		}
		var longer []string
		for _, name := range shortNames(region) {
			for _, prefix := range above {
				longer = append(longer, prefix+name)
			}
		}
		if region.Level == County {
			r.self = append(r.self, longer...)
		}
		above = append(above, longer...)
	}
	slices.SortFunc(r.self, func(a, b string) int { return len(b) - len(a) })
	return r
}

func regionsOf(b *Book) []Region {
	var all []Region
	for _, r := range b.search {
		all = append(all, r.Region)
	}
	return all
}

func (r *Resolver) add(region Region, now Code) {
	p := place{now: now, was: region.Code}
	put := func(m map[string][]place, key string) {
		if utf8.RuneCountInString(key) <= longestLocal && !slices.ContainsFunc(m[key], func(q place) bool { return q.now == p.now && q.was == p.was }) {
			m[key] = append(m[key], p)
		}
	}
	switch {
	case region.Level == Village && r.county.Contains(region.Code):
		stem := ShortName(region.Name)
		if place, ok := strings.CutSuffix(stem, "社区"); ok {
			stem, p.community = place, true
		} else {
			p.community = strings.HasSuffix(region.Name, "居民委员会") || strings.HasSuffix(region.Name, "居委会")
			stem = strings.TrimSuffix(stem, "村")
		}
		put(r.villages, stem)
	case region.Level == Town && r.county.Contains(region.Code):
		for _, name := range shortNames(region) {
			put(r.towns, name)
		}
	case region.Level <= County && !isGrouping(region.Name):
		for _, name := range shortNames(region) {
			if !slices.Contains(r.nation[name], now) {
				r.nation[name] = append(r.nation[name], now)
			}
		}
	}
}

// peoples are the names that stand in the names of autonomous divisions.
var peoples = strings.Fields("蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 傈僳族 佤族 " +
	"畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 " +
	"俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族 各族 维吾尔 蒙古 哈萨克 柯尔克孜 塔吉克 锡伯 达斡尔")

// endings by level: what people leave out.
var endings = map[Level][]string{
	Province:   {"特别行政区", "自治区", "省", "市"},
	Prefecture: {"自治州", "地区", "市", "盟"},
	County:     {"自治县", "自治旗", "新区", "区", "县", "市", "旗"},
	Town:       {"街道", "镇", "乡"},
}

// shortNames gives the names a division goes by: 恩施土家族苗族自治州, 恩施州,
// 恩施. One character alone is no name.
func shortNames(r Region) []string {
	names := []string{r.Name}
	for _, ending := range endings[r.Level] {
		stem, ok := strings.CutSuffix(r.Name, ending)
		if !ok {
			continue
		}
		whole := stem
		for again := true; again; {
			again = false
			for _, people := range peoples {
				if rest, ok := strings.CutSuffix(stem, people); ok && utf8.RuneCountInString(rest) >= 2 {
					stem, again = rest, true
				}
			}
		}
		if stem != whole { // 恩施州, 秀山县, 清水乡
			_, last := utf8.DecodeLastRuneInString(ending)
			names = append(names, stem+ending[len(ending)-last:])
		}
		if utf8.RuneCountInString(stem) >= 2 {
			names = append(names, stem)
		}
		break
	}
	return names
}

// Resolve finds the place a cell of an address, a title or a village's column
// names. Context is the town or village already known from elsewhere (a
// sheet's title, another column), or empty: it settles a name several towns
// have, and what belongs to a bare "3组".
func (r *Resolver) Resolve(cell string, context Code) Resolution {
	text := plain(cell)
	if isNoPlace(text) {
		return Resolution{Outcome: NoPlace}
	}
	if found, ok := r.byCode(text); ok {
		return found
	}
	if context.Level() == Village && isWithinVillage(text) {
		return Resolution{Outcome: Found, Code: context, Rest: text}
	}
	if found, ok := r.local(text, context); ok {
		return found
	}
	for _, self := range r.self {
		rest, ok := strings.CutPrefix(text, self)
		if !ok {
			continue
		}
		if found, ok := r.local(rest, context); ok {
			return found
		}
		if _, isTown := cutTownEnding(rest); !isTown { // 重庆市云阳镇 is not the county 云阳
			return Resolution{Outcome: Wider, Code: r.county, Rest: tidy(rest)}
		}
	}
	// 重庆市双江街道: the province or prefecture without the county.
	for _, above := range r.book.Path(r.county.Parent()) {
		if isGrouping(above.Name) {
			continue
		}
		for _, name := range shortNames(above) {
			if rest, ok := strings.CutPrefix(text, name); ok {
				if found, ok := r.local(rest, context); ok {
					return found
				}
			}
		}
	}
	return r.Place(cell)
}

// Place finds where in the country a cell says somebody works or lives away:
// 浙江宁波, 广东, 福建省泉州市. It knows names down to counties, and those of
// its own county when that is named first.
func (r *Resolver) Place(cell string) Resolution {
	text := plain(cell)
	if isNoPlace(text) {
		return Resolution{Outcome: NoPlace}
	}
	if found, ok := r.byCode(text); ok {
		return found
	}
	at, rest := []Code{""}, text
	for rest != "" {
		found, length := r.below(at, rest)
		if len(found) == 0 {
			break
		}
		at, rest = found, rest[length:]
	}
	switch {
	case at[0] == "":
		return Resolution{Outcome: Unknown, Rest: text}
	case len(at) > 1:
		slices.Sort(at)
		return Resolution{Outcome: Ambiguous, Rest: tidy(rest), Candidates: at}
	}
	if at[0] == r.county && rest != "" {
		if found, ok := r.local(rest, ""); ok {
			return found
		}
	}
	found := Resolution{Outcome: OtherCounty, Code: at[0], Rest: tidy(rest)}
	if at[0].Contains(r.county) {
		found.Outcome = Wider
	}
	return found
}

// below finds the longest name at the beginning of text of divisions inside
// one of those at hand.
func (r *Resolver) below(at []Code, text string) (found []Code, length int) {
	for _, end := range slices.Backward(runeEnds(text, longestNation)) {
		key := text[:end]
		var inside []Code
		for _, code := range r.nation[key] {
			for _, holder := range at {
				if holder == "" || holder != code && holder.Contains(code) {
					inside = append(inside, code)
					break
				}
			}
		}
		inside = widest(inside)
		if len(inside) == 0 {
			continue
		}
		// A county's bare name at the start of other words is too often no
		// county: 平安保险公司.
		if at[0] == "" && end < len(text) && slices.ContainsFunc(inside, func(c Code) bool { return c.Level() == County && r.name(c) != key }) {
			continue
		}
		return inside, end
	}
	return nil, 0
}

// widest leaves the division that holds all others of the same name (南昌市,
// not 南昌县), and a province before anything else: 海南 is the province.
func widest(codes []Code) []Code {
	for _, c := range codes {
		if c.Level() == Province || !slices.ContainsFunc(codes, func(other Code) bool { return !c.Contains(other) }) {
			return []Code{c}
		}
	}
	return codes
}

func (r *Resolver) name(c Code) string { return r.book.regions[c].Name }

// byCode reads a code in digits, of a county, a town or a village.
func (r *Resolver) byCode(text string) (Resolution, bool) {
	digits := strings.TrimSuffix(text, ".0")
	if len(digits) != 6 && len(digits) != 9 && len(digits) != 12 {
		return Resolution{}, false
	}
	code, ok := ParseCode(digits)
	if !ok {
		return Resolution{}, false
	}
	now := r.book.Current(code, r.day)
	switch {
	case len(now) == 0:
		return Resolution{Outcome: Unknown, Rest: text}, true
	case len(now) > 1:
		return Resolution{Outcome: Ambiguous, Candidates: now}, true
	}
	found := Resolution{Outcome: OtherCounty, Code: now[0]}
	switch code := now[0]; {
	case code.Contains(r.county):
		found.Outcome = Wider
	case !r.county.Contains(code):
	case code.Level() == Town:
		found.Outcome = TownOnly
	default:
		found.Outcome = Found
	}
	return found, true
}

// local reads text that begins with a town or a village of the county.
func (r *Resolver) local(text string, context Code) (Resolution, bool) {
	if text == "" {
		return Resolution{}, false
	}
	var bare []place // the text is nothing but a town's stem: 巴阳
	for _, end := range slices.Backward(runeEnds(text, longestLocal)) {
		towns := r.towns[text[:end]]
		if len(towns) == 0 {
			continue
		}
		rest, said := text[end:], endsAsTown(text[:end])
		if !said {
			rest, said = cutTownEnding(rest)
		}
		if said {
			for _, office := range []string{"办事处", "人民政府"} {
				rest = strings.TrimPrefix(rest, office)
			}
			return r.inTown(towns, tidy(rest)), true
		}
		if rest == "" {
			bare = towns
			break
		}
		if villages, _, exact := r.inVillages(rest); exact && slices.ContainsFunc(villages, func(v place) bool { return inside(v, towns) }) {
			return r.inTown(towns, rest), true
		}
	}
	villages, rest, exact := r.inVillages(text)
	if bare != nil {
		found := Resolution{Outcome: TownOnly, Candidates: codes(villages)}
		found.Code = bare[0].now
		if len(codes(bare)) > 1 || slices.ContainsFunc(villages, func(v place) bool { return !inside(v, bare) }) || slices.Contains(r.self, text) {
			found = Resolution{Outcome: Ambiguous, Candidates: append(codes(bare), found.Candidates...)}
			if slices.Contains(r.self, text) {
				found.Candidates = append(found.Candidates, r.county)
			}
			slices.Sort(found.Candidates)
		}
		return found, true
	}
	if len(villages) == 0 {
		return Resolution{}, false
	}
	if context.Level() >= Town {
		town := []place{{now: context[:widths[Town]] + "000", was: context[:widths[Town]] + "000"}}
		near := slices.DeleteFunc(slices.Clone(villages), func(v place) bool { return !inside(v, town) })
		if len(near) == 0 { // the text contradicts what is known from elsewhere
			exact = false
		} else {
			villages = near
		}
	}
	return choose(villages, rest, exact), true
}

// inTown reads what follows a town's name.
func (r *Resolver) inTown(towns []place, rest string) Resolution {
	now := codes(towns)
	if rest == "" && len(now) == 1 {
		return Resolution{Outcome: TownOnly, Code: now[0]}
	}
	villages, after, exact := r.inVillages(rest)
	here := slices.DeleteFunc(slices.Clone(villages), func(v place) bool { return !inside(v, towns) })
	switch {
	case len(here) > 0:
		return choose(here, after, exact)
	case len(now) > 1:
		return Resolution{Outcome: Ambiguous, Candidates: now, Rest: rest}
	}
	// Perhaps the village is another town's: the person sees which.
	return Resolution{Outcome: TownOnly, Code: now[0], Rest: rest, Candidates: codes(villages)}
}

// inVillages finds the villages text begins with. Exact is false when the
// ending said is not theirs: 杏家湾村 where there is only 杏家湾社区, which may
// have been that village or not.
func (r *Resolver) inVillages(text string) (found []place, rest string, exact bool) {
	var near []place
	var nearRest string
	for _, end := range slices.Backward(runeEnds(text, longestLocal)) {
		villages := r.villages[text[:end]]
		if len(villages) == 0 {
			continue
		}
		rest, ending := text[end:], committee{}
		for _, e := range committees {
			if after, ok := strings.CutPrefix(rest, e.words); ok {
				rest, ending = after, e
				break
			}
		}
		rest = tidy(rest)
		if ending.words == "" {
			if rest == "" || isWithinVillage(rest) {
				return villages, rest, true
			}
			continue
		}
		var same []place
		for _, v := range villages {
			if v.community == ending.community {
				same = append(same, v)
			}
		}
		if len(same) > 0 {
			return same, rest, true
		}
		if near == nil {
			near, nearRest = villages, rest
		}
	}
	return near, nearRest, false
}

// committee is a way to end a village's name, the longer ones first.
type committee struct {
	words     string
	community bool
}

var committees = []committee{
	{"村村民委员会", false}, {"村民委员会", false}, {"村村委会", false}, {"村委会", false}, {"村委", false},
	{"社区居民委员会", true}, {"居民委员会", true}, {"社区居委会", true}, {"居委会", true}, {"居委", true}, {"社区", true},
	{"村", false},
}

func choose(villages []place, rest string, exact bool) Resolution {
	candidates := codes(villages)
	if exact && len(candidates) == 1 {
		return Resolution{Outcome: Found, Code: candidates[0], Rest: rest}
	}
	return Resolution{Outcome: Ambiguous, Candidates: candidates, Rest: rest}
}

// codes are what places are now, each once.
func codes(places []place) []Code {
	var all []Code
	for _, p := range places {
		all = append(all, p.now)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// inside reports whether a village lies, or lay, in one of the towns.
func inside(v place, towns []place) bool {
	return slices.ContainsFunc(towns, func(t place) bool {
		return t.now.Contains(v.now) || t.was.Contains(v.was) || t.now.Contains(v.was)
	})
}

func endsAsTown(name string) bool {
	return slices.ContainsFunc(endings[Town], func(e string) bool { return strings.HasSuffix(name, e) })
}

// cutTownEnding also takes the ending a town had before or is wrongly given
// (双江镇 for 双江街道): the stem says which it is.
func cutTownEnding(s string) (rest string, ok bool) {
	for _, ending := range endings[Town] {
		if rest, ok := strings.CutPrefix(s, ending); ok {
			return rest, true
		}
	}
	return s, false
}

// isWithinVillage reports a group or a house: 3组, 三组12号, 第二社.
func isWithinVillage(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("0123456789一二三四五六七八九十第", first) && strings.ContainsAny(s, "组社队号户栋幢楼")
}

func isNoPlace(text string) bool {
	switch text {
	case "", "无", "不详", "未知", "在家", "家里", "家中", "在家务农", "务农", "未外出", "没有外出", "没出去":
		return true
	}
	return false
}

// plain takes blanks, labels (户籍地址：) and the marks between levels away;
// a dash or stroke between the numbers of a house stays.
func plain(cell string) string {
	s := identity.Fold(cell)
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		s = s[i+1:]
	}
	if !strings.ContainsAny(s, " -—–_/\\,、>|·;") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i, c := range s {
		switch {
		case strings.ContainsRune(" —–_\\,、>|·;", c):
		case (c == '-' || c == '/') && !(digit(i-1) && digit(i+1)):
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func tidy(rest string) string { return strings.Trim(rest, "。.-") }

// runeEnds gives where the first runes of s end, up to most of them.
func runeEnds(s string, most int) []int {
	ends := make([]int, 0, longestNation)
	for i, c := range s {
		if len(ends) == most {
			break
		}
		ends = append(ends, i+utf8.RuneLen(c))
	}
	return ends
}
