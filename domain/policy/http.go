package policy

import (
	"context"

	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/web"
)

// Number is a parameter with the value in force in a county.
type Number struct {
	Parameter
	InForce    int    `json:"in_force" doc:"0 while it is off"`
	SourceName string `json:"source_name"`
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API) {
	type at struct {
		Region string `query:"region" required:"true" minLength:"12" maxLength:"12"`
	}
	type plan struct {
		Body struct {
			Title       string       `json:"title"`
			Number      string       `json:"number"`
			Chapters    []Heading    `json:"chapters"`
			Sections    []Heading    `json:"sections"`
			Clauses     []Clause     `json:"clauses"`
			Definitions []Definition `json:"definitions"`
			Instruments []Instrument `json:"instruments"`
			Numbers     []Number     `json:"numbers"`
		}
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/policy", ID: "policy", Rule: "policy.read", Summary: "The plan as data, with the numbers in force"},
		func(ctx context.Context, in *at) (*plan, error) {
			if !region.Code(in.Region).Valid() {
				return nil, fault.NewInvalid("region.invalid", "请选择区划。")
			}
			numbers, err := s.Numbers(ctx, s.db, in.Region, clock.Today(s.clock))
			if err != nil {
				return nil, err
			}
			var out plan
			p := s.Pack
			out.Body.Title, out.Body.Number, out.Body.Chapters, out.Body.Sections = p.Title, p.Number, p.Chapters, p.Sections
			out.Body.Clauses, out.Body.Definitions, out.Body.Instruments = p.Clauses, p.Definitions, p.Instruments
			out.Body.Numbers = []Number{}
			for _, v := range p.Parameters {
				n := Number{Parameter: v, InForce: numbers[v.Key]}
				if i, ok := p.Instrument(v.Source); ok {
					n.SourceName = i.Title + "（" + i.Number + "）"
				}
				out.Body.Numbers = append(out.Body.Numbers, n)
			}
			return &out, nil
		})
	type decide struct {
		Body struct {
			Region  string `json:"region" minLength:"12" maxLength:"12"`
			Numbers []struct {
				Key    string `json:"key" maxLength:"40"`
				Value  int    `json:"value"`
				Source string `json:"source,omitempty" maxLength:"200"`
			} `json:"numbers" minItems:"1" maxItems:"60"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/policy/numbers", ID: "decideNumbers", Rule: "policy.decide", Summary: "The county decides its own numbers"},
		func(ctx context.Context, in *decide) (*struct{}, error) {
			if !region.Code(in.Body.Region).Valid() {
				return nil, fault.NewInvalid("region.invalid", "请选择区划。")
			}
			var decisions []Decision
			for _, n := range in.Body.Numbers {
				decisions = append(decisions, Decision{Key: n.Key, Value: n.Value, Source: n.Source})
			}
			return nil, s.Confirm(ctx, in.Body.Region, decisions...)
		})
}
