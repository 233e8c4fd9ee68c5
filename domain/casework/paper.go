package casework

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/store"
)

// paper fills a document of the case. Of each kind of record it has the list
// (opinion), and what the latest says, field by field (escort_receiver); of the
// record it is printed from, its own line goes before other lines of the case.
func (s *Service) paper(ctx context.Context, q store.Querier, t report.Thread, record string) (map[string]any, error) {
	all, err := s.Records(ctx, q, t)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(r Record) bool { return r.ID == record })
	if at < 0 {
		return nil, fault.NewNotFound("not_found", "没有找到这条记录。")
	}
	return s.PaperData(ctx, q, t, all, all[at])
}

// PaperData is what the template of a document is filled with.
func (s *Service) PaperData(ctx context.Context, q store.Querier, t report.Thread, all []Record, from Record) (map[string]any, error) {
	ids := []string{from.AuthorUnit}
	for _, r := range all {
		ids = append(ids, r.UnitID, r.AuthorUnit)
	}
	units, err := s.units(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	data, err := s.particulars(ctx, q, t)
	if err != nil {
		return nil, err
	}
	for _, k := range s.pack.Kinds {
		data[k.ID] = []map[string]any{}
		for _, f := range append([]string{"at", "author"}, keys(k)...) {
			data[k.ID+"_"+f] = ""
		}
	}
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b Record) int { // what stands on the paper's own line, last
		if own := boolInt(a.LineID == from.LineID) - boolInt(b.LineID == from.LineID); own != 0 {
			return own
		}
		return a.RecordedAt.Compare(b.RecordedAt)
	})
	list := []map[string]any{}
	for _, r := range ordered {
		k, _ := s.pack.Kind(r.Kind)
		row := map[string]any{"at": clock.Minute(r.DoneAt), "author": r.Author, "unit": units[r.AuthorUnit], "record": k.Name}
		for _, a := range k.Fields {
			if a.Type != "unit" || row["unit"] == "" || k.ID == "service" {
				row[a.Key] = s.words(a, r.Values[a.Key], units)
			}
			data[k.ID+"_"+a.Key] = s.words(a, r.Values[a.Key], units)
		}
		data[k.ID+"_at"], data[k.ID+"_author"] = row["at"], r.Author
		data[k.ID] = append(data[k.ID].([]map[string]any), row)
		list = append(list, row)
	}
	slices.SortStableFunc(list, func(a, b map[string]any) int { return strings.Compare(a["at"].(string), b["at"].(string)) })
	for i := range list {
		list[i]["n"] = strconv.Itoa(i + 1)
	}
	data["records"], data["elements"], data["evidence"] = list, []map[string]any{}, []map[string]any{}
	data["unit"], data["author"] = units[from.AuthorUnit], from.Author
	for _, more := range s.more {
		if err := more(ctx, t, all, data); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// More adds what a mechanism computes to the data of documents.
func (s *Service) More(f func(ctx context.Context, t report.Thread, all []Record, data map[string]any) error) {
	s.more = append(s.more, f)
}

// particulars of the child, as far as the file has them.
func (s *Service) particulars(ctx context.Context, q store.Querier, t report.Thread) (map[string]any, error) {
	out := map[string]any{"child": "", "birth": "", "sex": "", "place": s.report.Where(t.Region)}
	if t.ChildID == "" {
		return out, nil
	}
	scoped, err := s.rules.Scoped(ctx, "child.list")
	if err != nil {
		return nil, err
	}
	c, found, err := store.Maybe[struct {
		Name  string    `db:"name"`
		Birth clock.Day `db:"birth_on"`
		Sex   int       `db:"sex"`
	}](scoped, q, `select c.name, c.birth_on, c.sex from registry_child c where {scope c id} and c.id = ?`, t.ChildID)
	if err != nil || !found {
		return out, err
	}
	out["child"], out["sex"] = c.Name, map[int]string{1: "男", 2: "女"}[c.Sex]
	if c.Birth != "" {
		out["birth"] = c.Birth.Chinese()
	}
	return out, nil
}

// words are a value as paper says it.
func (s *Service) words(a policy.Ask, v any, units map[string]string) string {
	text, _ := v.(string)
	switch a.Type {
	case "choice":
		if text != "" {
			return a.Word(text)
		}
	case "choices":
		list, _ := v.([]any)
		out := make([]string, len(list))
		for i, x := range list {
			code, _ := x.(string)
			out[i] = a.Word(code)
		}
		return strings.Join(out, "、")
	case "day":
		if d := policy.DayOf(v); d != "" {
			return d.Chinese()
		}
	case "moment":
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return clock.Minute(at)
		}
	case "flag":
		if on, _ := v.(bool); on {
			return "是"
		}
	case "number":
		if n, ok := v.(float64); ok {
			return strconv.FormatFloat(n, 'f', -1, 64)
		}
	case "unit":
		return units[text]
	case "file":
		return ""
	case "kind":
		k, _ := s.pack.Kind(text)
		return k.Name
	case "scale":
		return s.scaleWords(v)
	}
	return text
}

// scaleWords says what a scale came to, and with which version.
func (s *Service) scaleWords(v any) string {
	m, _ := v.(map[string]any)
	id, _ := m["scale"].(string)
	version, _ := m["version"].(float64)
	result, _ := m["result"].(map[string]any)
	scale, found := s.pack.Scale(id, int(version))
	if !found || result == nil {
		return ""
	}
	level, _ := result["level"].(string)
	said := "不能判定等级"
	for _, l := range scale.Levels {
		if l.ID == level {
			said = l.Name
		}
	}
	if scale.Draft {
		said = "草稿量表，不给等级"
	}
	return fmt.Sprintf("%s（第%d版）：%v/%v 分，%s", scale.Name, scale.Version, result["points"], result["most"], said)
}

func keys(k policy.Kind) (out []string) {
	for _, a := range k.Fields {
		out = append(out, a.Key)
	}
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
