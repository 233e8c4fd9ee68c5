package casework

import (
	"context"

	"shouwang/domain/policy"
	"shouwang/platform/web"
)

// Words are the kinds of record and the scales, for drawing forms.
type Words struct {
	Kinds  []policy.Kind  `json:"kinds"`
	Scales []policy.Scale `json:"scales"`
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API) {
	web.Handle(api, web.Op{Method: "GET", Path: "/api/casework", ID: "caseworkWords", Rule: "casework.words", Summary: "The kinds of record that a case is made of"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body Words }, error) {
			return &struct{ Body Words }{Words{s.pack.Kinds, s.pack.Scales}}, nil
		})
	type byID struct {
		ID string `path:"id"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/threads/{id}/casework", ID: "casework", Rule: "casework.own", Summary: "What was written in a case, and what may be written next"},
		func(ctx context.Context, in *byID) (*struct{ Body *Page }, error) {
			p, err := s.Page(ctx, in.ID)
			return &struct{ Body *Page }{p}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/casework", ID: "addCasework", Rule: "casework.own", Summary: "Write a record in a case"},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body NewRecord
		}) (*struct {
			Body struct {
				ID string `json:"id"`
			}
		}, error) {
			r, err := s.Add(ctx, in.ID, in.Body)
			out := &struct {
				Body struct {
					ID string `json:"id"`
				}
			}{}
			out.Body.ID = r.ID
			return out, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/casework/{id}/correction", ID: "correctCasework", Rule: "casework.own", Summary: "Put right what a record says"},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body NewCorrection
		}) (*struct{}, error) {
			return nil, s.Correct(ctx, in.ID, in.Body)
		})
}
