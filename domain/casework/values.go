package casework

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"shouwang/domain/policy"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
)

const (
	longest = 2000 // of a text, in runes
	aLine   = 100
)

// checkValues holds what was written to what its kind asks for, and tidies it
// in place: nothing unknown is taken, text loses its outer blanks, a scale gets its
// result. Each field that is wrong says so.
func checkValues(c *policy.Casework, kind policy.Kind, values map[string]any, now time.Time) *fault.Error {
	bad := fault.NewInvalid("casework.values", "有内容需要修改，请看标出的地方。")
	for key := range values {
		if !slices.ContainsFunc(kind.Fields, func(a policy.Ask) bool { return a.Key == key }) {
			return fault.NewInvalid("casework.unknown", "有这种记录里没有的内容，请刷新页面后再填。").At("values", "请刷新页面")
		}
	}
	for _, a := range kind.Fields {
		v, wrong := tidy(c, a, values[a.Key], now)
		switch {
		case wrong != "":
			bad = bad.At(a.Key, wrong)
		case v == nil && a.Must:
			bad = bad.At(a.Key, needed(a))
		case v == nil:
			delete(values, a.Key)
		default:
			values[a.Key] = v
		}
	}
	return bad
}

func needed(a policy.Ask) string {
	switch a.Type {
	case "choice", "choices", "unit", "kind":
		return "请选择"
	case "day", "moment":
		return "请填写日期"
	case "scale":
		return "请填写量表"
	}
	return "请填写"
}

// tidy is a value as it is kept; nil when nothing was given.
func tidy(c *policy.Casework, a policy.Ask, v any, now time.Time) (out any, wrong string) {
	codes, _ := a.Choices()
	text, isText := v.(string)
	text = strings.TrimSpace(text)
	if v == nil || isText && text == "" {
		return nil, ""
	}
	switch a.Type {
	case "link":
		return nil, "这一项由系统填写"
	case "text", "line":
		most := map[string]int{"text": longest, "line": aLine}[a.Type]
		if !isText || len([]rune(text)) > most {
			return nil, fmt.Sprintf("最多 %d 个字", most)
		}
		return text, ""
	case "choice":
		if !isText || !slices.Contains(codes, text) {
			return nil, "请重新选择"
		}
		return text, ""
	case "choices":
		list, ok := v.([]any)
		if !ok {
			return nil, "请重新选择"
		}
		kept := []any{}
		for _, x := range list {
			if code, _ := x.(string); !slices.Contains(codes, code) {
				return nil, "请重新选择"
			} else if !slices.Contains(kept, x) {
				kept = append(kept, x)
			}
		}
		if len(kept) == 0 {
			return nil, ""
		}
		return kept, ""
	case "day":
		if d := clock.Day(text); !isText || !d.Valid() || d < "1990-01-01" || d > clock.DayOf(now).AddDays(3660) {
			return nil, "日期不对，请重新选择"
		}
		return text, ""
	case "moment":
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.After(now.Add(5*time.Minute)) || at.Year() < 1990 {
			return nil, "时间不对，不能晚于现在"
		}
		return at.UTC().Format(time.RFC3339), ""
	case "number":
		n, ok := v.(float64)
		if isText {
			parsed, err := strconv.ParseFloat(text, 64)
			n, ok = parsed, err == nil
		}
		if !ok || n < 0 || n > 1e9 || math.IsNaN(n) {
			return nil, "请填写数字"
		}
		return n, ""
	case "flag":
		if on, ok := v.(bool); ok {
			return on, ""
		}
		return nil, "请重新选择"
	case "kind":
		if k, ok := c.Kind(text); !ok || len(k.After) > 0 {
			return nil, "请重新选择"
		}
		return text, ""
	case "scale":
		return scored(c, a, v)
	}
	if !isText || len(text) > 60 { // unit, file: an id
		return nil, "请重新选择"
	}
	return text, ""
}

// scored is an answered scale with its result: {scale, version, answers, result}.
// Which version was answered is kept, so the result can be reached again.
func scored(c *policy.Casework, a policy.Ask, v any) (any, string) {
	given, ok := v.(map[string]any)
	if !ok {
		return nil, "请填写量表"
	}
	id, _ := given["scale"].(string)
	version, _ := given["version"].(float64)
	scale, found := c.Scale(id, int(version))
	answers, isMap := given["answers"].(map[string]any)
	if !found || !slices.Contains(a.Of, id) || !isMap {
		return nil, "请重新选择量表"
	}
	chosen := map[string]int{}
	for item, answer := range answers {
		if n, ok := answer.(float64); ok {
			chosen[item] = int(n)
		}
	}
	result, err := scale.Score(chosen)
	if err != nil {
		return nil, "量表的答案不对，请重新填写"
	}
	if len(result.Missing) == len(scale.Items) {
		return nil, ""
	}
	return map[string]any{"scale": id, "version": scale.Version, "answers": chosen, "result": result}, ""
}
