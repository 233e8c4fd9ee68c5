package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// surnames gives the readings a character has only, or also, as a surname,
// likeliest first; the dictionary's first reading is wrong for each of them
// or not the only one in use. Own list from general knowledge, wider than
// one county needs; a surname the dictionary reads rightly is not in it.
var surnames = map[string][]string{
	"万俟": {"mo qi"}, "尉迟": {"yu chi"}, "长孙": {"zhang sun"}, "澹台": {"tan tai"}, "单于": {"chan yu"},
	"乐正": {"yue zheng"}, "子车": {"zi ju"}, "库狄": {"she di"},
	"单": {"shan"}, "仇": {"qiu"}, "曾": {"zeng"}, "解": {"xie"}, "朴": {"piao"}, "查": {"zha"},
	"区": {"ou"}, "盖": {"ge", "gai"}, "覃": {"qin", "tan"}, "召": {"shao"}, "员": {"yun"}, "贠": {"yun"},
	"缪": {"miao"}, "秘": {"bi"}, "翟": {"zhai", "di"}, "谌": {"chen", "shen"}, "郗": {"xi", "chi"},
	"隗": {"wei", "kui"}, "种": {"chong"}, "繁": {"po"}, "黑": {"he", "hei"}, "乜": {"nie"}, "佴": {"nai"},
	"乐": {"yue", "le"}, "宓": {"mi", "fu"}, "费": {"fei", "bi"}, "祭": {"zhai"}, "牟": {"mu", "mou"},
	"能": {"nai"}, "折": {"she"}, "阚": {"kan"}, "句": {"gou"}, "便": {"pian"}, "藏": {"zang"}, "都": {"du"},
	"卜": {"bu"}, "洗": {"xian"}, "薄": {"bo"}, "郇": {"xun", "huan"}, "莘": {"shen", "xin"}, "颉": {"xie"},
	"术": {"zhu"}, "会": {"gui"}, "粘": {"nian"}, "郄": {"qie", "xi"}, "炅": {"gui"}, "角": {"jue"},
	"重": {"chong"}, "参": {"shen"}, "冒": {"mo", "mao"}, "弗": {"fei"}, "殖": {"shi"}, "泷": {"shuang"},
	"还": {"huan"}, "逢": {"pang"}, "降": {"xiang"}, "食": {"yi"}, "圈": {"juan"}, "尺": {"che"},
	"奇": {"ji"}, "蔚": {"yu", "wei"}, "洞": {"tong"}, "长": {"chang", "zhang"}, "适": {"kuo"},
}

// Reading is one way to say a name, without tones: wangxiaoming and wxm. ü is v.
type Reading struct {
	Full     string
	Initials string
}

// Pinyin gives each way a name may be said, the likeliest first: by its
// surname, then by the dictionary where that differs. Search must look in
// all of them, for people type what they believe (单: shan, dan). Latin
// letters and digits stand for themselves, a character no dictionary knows
// too, and dots and blanks go.
func Pinyin(name string) []Reading {
	name = NormalizeName(name)
	if name == "" {
		return nil
	}
	plain := spell(Reading{}, name)
	surname, said := surnameOf(name)
	if len(said) == 0 {
		return []Reading{plain}
	}
	readings := make([]Reading, 0, len(said)+1)
	seen := false
	for _, syllables := range said {
		first, second, compound := strings.Cut(syllables, " ")
		start := Reading{first + second, first[:1]}
		if compound {
			start.Initials += second[:1]
		}
		reading := spell(start, name[len(surname):])
		seen = seen || reading == plain
		readings = append(readings, reading)
	}
	if !seen {
		readings = append(readings, plain)
	}
	return readings
}

// surnameOf finds a surname of the table, the compound one first.
func surnameOf(name string) (string, []string) {
	_, one := utf8.DecodeRuneInString(name)
	_, more := utf8.DecodeRuneInString(name[one:])
	if said, ok := surnames[name[:one+more]]; ok {
		return name[:one+more], said
	}
	return name[:one], surnames[name[:one]]
}

func spell(start Reading, rest string) Reading {
	full := make([]byte, 0, len(start.Full)+2*len(rest)+4)
	initials := make([]byte, 0, len(start.Initials)+len(rest)+4)
	full, initials = append(full, start.Full...), append(initials, start.Initials...)
	inWord := false
	for _, r := range rest {
		before := len(full)
		switch {
		case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			full = append(full, byte(unicode.ToLower(r)))
			if !inWord {
				initials = append(initials, full[before])
			}
			inWord = true
			continue
		case unicode.Is(unicode.Han, r):
			if full = appendSyllable(full, r); len(full) > before {
				initials = append(initials, full[before])
			} else {
				full, initials = utf8.AppendRune(full, r), utf8.AppendRune(initials, r)
			}
		case unicode.IsLetter(r):
			full, initials = utf8.AppendRune(full, r), utf8.AppendRune(initials, r)
		}
		inWord = false
	}
	return Reading{string(full), string(initials)}
}

// Syllable is the dictionary's first reading of one character, without tone;
// empty when it has none.
func Syllable(r rune) string { return string(appendSyllable(make([]byte, 0, 8), r)) }

func appendSyllable(b []byte, r rune) []byte {
	marked, _, _ := strings.Cut(pinyin.PinyinDict[int(r)], ",")
	for _, letter := range marked {
		switch letter {
		case 'ā', 'á', 'ǎ', 'à':
			letter = 'a'
		case 'ō', 'ó', 'ǒ', 'ò':
			letter = 'o'
		case 'ē', 'é', 'ě', 'è', 'ê', 'ế', 'ề':
			letter = 'e'
		case 'ī', 'í', 'ǐ', 'ì':
			letter = 'i'
		case 'ū', 'ú', 'ǔ', 'ù':
			letter = 'u'
		case 'ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ':
			letter = 'v'
		case 'ń', 'ň', 'ǹ':
			letter = 'n'
		case 'ḿ':
			letter = 'm'
		}
		if letter < utf8.RuneSelf { // what is left is a mark standing alone
			b = append(b, byte(letter))
		}
	}
	return b
}
