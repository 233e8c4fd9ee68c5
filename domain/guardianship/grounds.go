package guardianship

import (
	"fmt"
	"slices"
	"strings"

	"shouwang/domain/casework"
	"shouwang/domain/policy"
	"shouwang/platform/clock"
)

// Finding is how a ground stands in a case.
type Finding struct {
	ID       string    `json:"id"`
	Clause   string    `json:"clause" doc:"of the plan; empty: a further statutory ground"`
	Name     string    `json:"name"`
	Source   string    `json:"source" doc:"the instrument it stands in"`
	Shown    bool      `json:"shown" doc:"every element is shown by a record"`
	Elements []Element `json:"elements"`
}

// Element is how one element of a ground stands.
type Element struct {
	Name    string   `json:"name"`
	Shown   bool     `json:"shown"`
	Records []string `json:"records" doc:"the records that show it, in order of time"`
	Days    int      `json:"days" doc:"how long it has lasted, where that counts"`
	Need    int      `json:"need" doc:"how long it must last"`
	Missing string   `json:"missing" doc:"what is missing, in words"`
}

// Assess reads the grounds from what a case has recorded, as of a day. It is
// pure: the same records and day give the same findings. A carer who was only
// given a child to look after cannot lose a guardianship: records about one
// (relation carer) show nothing here.
func Assess(grounds []policy.Ground, records []casework.Record, on clock.Day) []Finding {
	ordered := slices.Clone(records)
	slices.SortStableFunc(ordered, func(a, b casework.Record) int { return a.DoneAt.Compare(b.DoneAt) })
	ordered = slices.DeleteFunc(ordered, func(r casework.Record) bool { return r.Values["relation"] == "carer" || r.DoneOn > on })
	out := []Finding{}
	for _, g := range grounds {
		if !g.On() {
			continue
		}
		f := Finding{ID: g.ID, Clause: g.Clause, Name: g.Name, Source: g.Source, Shown: true, Elements: []Element{}}
		shown := map[string][]casework.Record{}
		for _, want := range g.Elements {
			e, by := element(want, ordered, shown, on)
			shown[want.Name] = by
			f.Shown = f.Shown && e.Shown
			f.Elements = append(f.Elements, e)
		}
		out = append(out, f)
	}
	return out
}

// element holds one element to the records.
func element(want policy.Element, records []casework.Record, before map[string][]casework.Record, on clock.Day) (Element, []casework.Record) {
	var by []casework.Record
	for _, r := range records {
		if !fits(want.Shown, r) {
			continue
		}
		if want.After != "" {
			earlier := before[want.After]
			if len(earlier) == 0 || !earlier[0].DoneAt.Before(r.DoneAt) {
				continue
			}
		}
		by = append(by, r)
	}
	e := Element{Name: want.Name, Records: []string{}, Shown: len(by) >= max(1, want.Times)}
	for _, r := range by {
		e.Records = append(e.Records, r.ID)
	}
	switch {
	case want.Months > 0:
		e.Days, e.Shown, e.Need = lasting(want, by, records, on)
		if !e.Shown {
			e.Missing = fmt.Sprintf("已计 %d 天，还差 %d 天", e.Days, max(0, e.Need-e.Days))
			if len(by) == 0 {
				e.Missing = "没有记录"
			}
		}
	case !e.Shown && len(by) > 0:
		e.Missing = fmt.Sprintf("已有 %d 次，还差 %d 次", len(by), want.Times-len(by))
	case !e.Shown:
		e.Missing = "没有记录"
	}
	return e, by
}

// lasting is the longest unbroken time that what the element counts went on
// until a day, by the day each record says it began and its line says it ended;
// whether that is the months asked for, by the calendar; and those in days.
func lasting(want policy.Element, by, records []casework.Record, on clock.Day) (days int, enough bool, need int) {
	for _, r := range by {
		since := policy.DayOf(r.Values["since"])
		if since == "" {
			since = r.DoneOn
		}
		until := on
		for _, end := range records {
			if end.LineID == r.LineID && fits(want.Until, end) {
				if day := policy.DayOf(end.Values["on"]); day != "" && day < until {
					until = day
				}
			}
		}
		due := since.AddMonths(want.Months)
		if n := since.DaysUntil(until); n >= days {
			days, need = n, since.DaysUntil(due)
		}
		enough = enough || due <= until
	}
	if need == 0 {
		need = on.DaysUntil(on.AddMonths(want.Months))
	}
	return days, enough, need
}

// fits reports whether a record is one of those named: "kind" or
// "kind:field=code".
func fits(named []string, r casework.Record) bool {
	return slices.ContainsFunc(named, func(n string) bool {
		kind, where, _ := strings.Cut(n, ":")
		field, code, _ := strings.Cut(where, "=")
		return kind == r.Kind && (where == "" || r.Values[field] == code)
	})
}
