package identity

import (
	"slices"
	"strings"
)

// Likeness says how like two names are, from nothing known to the same.
type Likeness uint8

const (
	Unknown   Likeness = iota // one of them is missing: no evidence either way
	Different                 // two people, as far as names tell
	Similar                   // a slip of the pen, or brothers and sisters
	Homophone                 // said the same, written otherwise
	Variant                   // the same name in other forms of its characters
	Same
)

// variants folds traditional and variant forms found in names to the simplified
// form. Own list, short on purpose: the traditional forms of common
// surnames and given names, a few variants of the 1955 table that came back
// for names (喆, 堃, 昇), and four surnames whose short form of 1977 stayed in
// use (萧肖, 傅付, 阎闫, 蓝兰). 晓 and 小 are different characters, no variants.
var variants = strings.NewReplacer(pairs("張张劉刘陳陈楊杨黃黄趙赵吳吴孫孙馬马蔣蒋韓韩馮冯鄧邓許许葉叶蘇苏盧卢鄭郑謝谢鄒邹賀贺賴赖龔龚" +
	"譚谭龍龙嚴严顧顾錢钱陸陆羅罗聶聂閻阎萬万範范鍾钟湯汤閔闵單单喬乔連连紀纪饒饶溫温塗涂歐欧陽阳" +
	"國国華华偉伟麗丽軍军紅红靜静艷艳強强鳳凤蘭兰夢梦瑩莹穎颖頴颖傑杰濤涛賢贤寶宝貴贵榮荣嶸嵘慶庆學学興兴雲云東东輝辉" +
	"煒炜瑋玮曉晓燦灿燁烨曄晔愛爱飛飞鵬鹏釗钊銘铭鋒锋剛刚語语詩诗詠咏誌志義义禮礼運运進进遠远澤泽潔洁瀅滢嬌娇嬋婵" +
	"瓊琼蓮莲蔭荫藝艺藍蓝薔蔷蕓芸蘊蕴鑾銮鶴鹤鶯莺順顺顯显賓宾長长發发開开關关陰阴雙双靈灵養养齊齐億亿儀仪優优倫伦" +
	"喆哲堃坤昇升峯峰羣群栢柏蕭萧肖萧付傅闫阎兰蓝")...)

func pairs(table string) []string { return strings.Split(table, "") }

// NameLikeness compares two names as written.
func NameLikeness(a, b string) Likeness { return prepare(a).like(prepare(b)) }

// name is a name with all its comparing forms, worked out once: a roster's
// name meets many others.
type name struct {
	written []rune
	folded  string   // of its variant characters
	said    []string // each reading
	heard   []string // each reading, blurred
}

func prepare(raw string) name {
	s := NormalizeName(raw)
	n := name{written: []rune(s)}
	// Twice, for 蘭 becomes 兰, which people write for 蓝.
	n.folded = variants.Replace(variants.Replace(s))
	for _, reading := range Pinyin(s) {
		n.said = append(n.said, reading.Full)
		n.heard = append(n.heard, blur.Replace(reading.Full))
	}
	return n
}

func (n name) like(m name) Likeness {
	switch {
	case len(n.written) == 0 || len(m.written) == 0:
		return Unknown
	case slices.Equal(n.written, m.written):
		return Same
	case n.folded == m.folded:
		return Variant
	case meet(n.said, m.said):
		return Homophone
	case meet(n.heard, m.heard), slip(n.written, m.written), jaroWinkler(n.written, m.written) >= 0.88:
		return Similar
	}
	return Different
}

func meet(a, b []string) bool {
	for _, s := range a {
		if slices.Contains(b, s) {
			return true
		}
	}
	return false
}

// blur folds the sounds the south-west does not keep apart (zh and z, n and
// l at the head of a syllable, ng and n, h and f), so that a name written
// down by ear is found. It takes more together than a speaker would, and
// therefore counts as similar only.
var blur = strings.NewReplacer("zh", "z", "ch", "c", "sh", "s", "ng", "n", "hu", "f", "fu", "f", "l", "n")

// slip reports names of three characters or more that differ in one, or
// have two exchanged.
func slip(x, y []rune) bool {
	if len(x) < 3 || len(x) != len(y) {
		return false
	}
	apart := make([]int, 0, 8)
	for i := range x {
		if x[i] != y[i] {
			apart = append(apart, i)
		}
	}
	return len(apart) == 1 || len(apart) == 2 && x[apart[0]] == y[apart[1]] && x[apart[1]] == y[apart[0]]
}

// jaroWinkler is the usual measure, over characters. It finds a character
// left out, and slips in long names.
func jaroWinkler(a, b []rune) float64 {
	if len(a) > 64 || len(b) > 64 { // no name is; the marks below are bits
		return 0
	}
	window := max(0, max(len(a), len(b))/2-1)
	var inA, inB uint64
	matches := 0
	for i, r := range a {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if inB&(1<<j) == 0 && r == b[j] {
				inA, inB = inA|1<<i, inB|1<<j
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	moved, j := 0, 0
	for i := range a {
		if inA&(1<<i) == 0 {
			continue
		}
		for inB&(1<<j) == 0 {
			j++
		}
		if a[i] != b[j] {
			moved++
		}
		j++
	}
	m := float64(matches)
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(moved/2))/m) / 3
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}
