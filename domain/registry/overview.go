package registry

import (
	"context"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Overview is a place's figures, each broken down by part, and the same for
// the places below it. They are kept counts: their cost does not grow with the
// number of children.
type Overview struct {
	Region  string         `json:"region"`
	At      time.Time      `json:"at"`
	Figures map[string]int `json:"figures" doc:"name/part: register/registered, verdict/A:yes, level/1, duty/open …"`
	Below   []Below        `json:"below"`
}

// Below is one place below, with the figures a map or table shows.
type Below struct {
	Region  string         `json:"region"`
	Figures map[string]int `json:"figures"`
}

// FigureCases is the name under which cases are counted by the mechanism that
// keeps them.
const FigureCases = "thread"

// Overview reads the figures of a place within the actor's region.
func (s *Service) Overview(ctx context.Context, at string) (*Overview, error) {
	if !region.Code(at).Valid() {
		return nil, fault.NewInvalid("region.invalid", "请选择区划。")
	}
	if err := s.rules.Check(ctx, s.db, "figure.read", authz.Subject{Kind: "figure", Region: at}); err != nil {
		return nil, err
	}
	out := &Overview{Region: at, At: s.clock.Now(), Figures: map[string]int{}, Below: []Below{}}
	below := map[string]int{}
	for _, name := range []string{FigureRegister, FigureVerdict, FigureMissing, FigureLevel, duty.Figure, FigureCases} {
		if name == FigureCases && region.Code(at).Level() >= region.Village && !s.rules.May(ctx, "duty.confined") {
			continue // in a village a number is a name
		}
		figures, err := tally.Read(ctx, s.db, name, at)
		if err != nil {
			return nil, err
		}
		for _, f := range figures {
			out.Figures[figureKey(name, f.Part)] += f.N
		}
		if name == FigureMissing || name == FigureLevel || name == FigureCases {
			continue
		}
		lower, err := tally.ReadBelow(ctx, s.db, name, at)
		if err != nil {
			return nil, err
		}
		for _, f := range lower {
			i, ok := below[f.Region]
			if !ok {
				i = len(out.Below)
				below[f.Region] = i
				out.Below = append(out.Below, Below{Region: f.Region, Figures: map[string]int{}})
			}
			out.Below[i].Figures[figureKey(name, f.Part)] += f.N
		}
	}
	return out, nil
}

// figureKey drops the clause from the duties' parts: an overview sums them all.
func figureKey(name, part string) string {
	if name == duty.Figure {
		part = part[strings.LastIndexByte(part, ':')+1:]
	}
	return name + "/" + part
}

// Recount counts everything anew from the rows, for the test that holds the
// kept figures to them and for doctor.
func Recount(ctx context.Context, q store.Querier) (map[tally.Delta]int, error) {
	out := map[tally.Delta]int{}
	children, err := store.All[Child](ctx, q, `select id, region, sex, identity_state, support_level, state from registry_child`)
	if err != nil {
		return nil, err
	}
	for i := range children {
		for _, d := range registerCount(&children[i], 1) {
			out[tally.Delta{Name: d.Name, Region: d.Region, Part: d.Part}]++
		}
	}
	rows, err := store.All[statusRow](ctx, q, `
		select st.child_id, st.definition, st.region, st.verdict, st.missing, st.since_on, st.next_on
		  from registry_status st join registry_child c on c.id = st.child_id where c.state = 'registered'`)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for _, d := range verdictCount(r, 1) {
			out[tally.Delta{Name: d.Name, Region: d.Region, Part: d.Part}]++
		}
	}
	return out, nil
}
