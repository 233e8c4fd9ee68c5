package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"shouwang/platform/fault"
)

// Why a cell is not a name: the ids of CheckName's faults.
const (
	NameEmpty    = "identity.name_empty"
	NameNotAName = "identity.name_not_a_name"
)

var (
	errNameEmpty    = fault.NewInvalid(NameEmpty, "没有填写姓名。")
	errNameNotAName = fault.NewInvalid(NameNotAName, "这一格不像人的姓名，请核对。")
)

// NormalizeName writes a name one way: no blank between Chinese characters
// (王 明 is set so only to fill a column), one between Latin words, and · for
// every dot that stands in for it.
func NormalizeName(raw string) string {
	s := Fold(raw)
	if isPlain(s) && !strings.ContainsAny(s, ".'`*") {
		return s
	}
	runes := []rune(s)
	written := make([]rune, 0, len(runes))
	for i, r := range runes {
		var last rune
		if len(written) > 0 {
			last = written[len(written)-1]
		}
		switch {
		case r == ' ':
			if isLatin(last) && i+1 < len(runes) && isLatin(runes[i+1]) {
				written = append(written, r)
			}
		case strings.ContainsRune("‧•・∙⋅●᛫*", r), r == '.' && unicode.Is(unicode.Han, last):
			written = append(written, '·')
		default:
			written = append(written, r)
		}
	}
	// Taking a blank away can bring a mark beside a new base.
	return norm.NFC.String(strings.Trim(string(written), "· '‘’`"))
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) }

// notNames begin the cells of total rows, notes and signatures.
var notNames = []string{"合计", "小计", "总计", "共计", "累计", "姓名", "备注", "说明", "注", "填表", "制表", "审核", "复核",
	"填报", "单位", "负责人", "序号", "不详", "未知", "暂无", "没有", "留守儿童"}

// CheckName refuses a cell that cannot be a person's name, such as a total
// or a note: rosters hold them among the children. It is no proof of a name.
func CheckName(name string) error {
	name = NormalizeName(name)
	switch name {
	case "", "无", "/", "-", "—", "——":
		return errNameEmpty
	}
	for _, start := range notNames {
		if strings.HasPrefix(name, start) {
			return errNameNotAName
		}
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && r != '·' && r != ' ' && r != '\'' && r != '.' && r != '〇' {
			return errNameNotAName
		}
	}
	// The longest names of the registers are of other peoples' languages.
	if n := utf8.RuneCountInString(name); n < 2 || n > 40 || n > 4 && isHan(name) && strings.HasSuffix(name, "人") {
		return errNameNotAName
	}
	return nil
}

func isHan(s string) bool {
	for _, r := range s {
		if !unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}
