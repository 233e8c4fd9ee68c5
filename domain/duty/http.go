package duty

import (
	"context"

	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

const pageRows = 50

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API, names Namer) {
	type query struct {
		Mine   bool   `query:"mine"`
		Clause string `query:"clause" maxLength:"20"`
		Rule   string `query:"rule" maxLength:"40"`
		Region string `query:"region" maxLength:"12"`
		Child  string `query:"child" maxLength:"40"`
		State  string `query:"state" enum:"open,discharged,cancelled" default:"open"`
		Late   bool   `query:"late"`
		After  string `query:"after" maxLength:"60"`
	}
	list := func(ctx context.Context, in *query, mine bool) (*struct{ Body web.Page[Row] }, error) {
		rows, err := s.List(ctx, Filter{Mine: mine, Clause: in.Clause, Rule: in.Rule, Region: in.Region, ChildID: in.Child,
			State: State(in.State), Late: in.Late, After: in.After, Limit: pageRows + 1}, names)
		if err != nil {
			return nil, err
		}
		return &struct{ Body web.Page[Row] }{web.Cut(rows, pageRows, func(r Row) string { return string(r.DueOn) + r.ID })}, nil
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/duties", ID: "duties", Rule: "duty.list", Summary: "Duties in reach, the most pressing first"},
		func(ctx context.Context, in *query) (*struct{ Body web.Page[Row] }, error) {
			return list(ctx, in, in.Mine)
		})

	type summary struct {
		Body struct {
			Open   int `json:"open"`
			Late   int `json:"late"`
			Urgent int `json:"urgent"`
			Today  int `json:"today"`
			Week   int `json:"week"`
		}
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/duties/summary", ID: "dutySummary", Rule: "duty.list", Summary: "How much one's own posts owe"},
		func(ctx context.Context, _ *struct{}) (*summary, error) {
			var out summary
			n, err := s.Summary(ctx)
			out.Body.Open, out.Body.Late, out.Body.Urgent, out.Body.Today, out.Body.Week = n.Open, n.Late, n.Urgent, n.Today, n.Week
			return &out, err
		})

	type byID struct {
		ID string `path:"id"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/duties/{id}", ID: "duty", Rule: "duty.list", Summary: "One duty"},
		func(ctx context.Context, in *byID) (*struct{ Body Row }, error) {
			rows, err := s.List(ctx, Filter{ID: in.ID, Limit: 1}, names)
			if err != nil {
				return nil, err
			}
			if len(rows) == 0 {
				return nil, fault.NewNotFound("not_found", "没有找到这项任务。")
			}
			return &struct{ Body Row }{rows[0]}, nil
		})
	type hand struct {
		ID   string `path:"id"`
		Body struct {
			UserID string `json:"user_id" maxLength:"40"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/duties/{id}/bearer", ID: "handOverDuty", Rule: "duty.hand", Summary: "Give a duty to one holder of its post"},
		func(ctx context.Context, in *hand) (*struct{}, error) {
			return nil, s.HandOver(ctx, in.ID, in.Body.UserID)
		})
}

// Mine counts what the posts of the person who asks owe.
type Mine struct {
	Open   int `db:"open"`
	Late   int `db:"late"`
	Urgent int `db:"urgent"`
	Today  int `db:"today"`
	Week   int `db:"week"`
}

// Summary counts one's own open duties. It reads only what one's own posts
// bear, so it does not grow with the county.
func (s *Service) Summary(ctx context.Context) (Mine, error) {
	scoped, err := s.rules.Scoped(ctx, "duty.list")
	if err != nil {
		return Mine{}, err
	}
	text, values := s.mine(ctx)
	today := s.today()
	return store.One[Mine](scoped, s.db, `
		select count(*) as open, coalesce(sum(d.late), 0) as late, coalesce(sum(d.urgent), 0) as urgent,
		       coalesce(sum(case when d.due_on = ? then 1 else 0 end), 0) as today,
		       coalesce(sum(case when d.due_on >= ? and d.due_on <= ? then 1 else 0 end), 0) as week
		  from duty_duty d
		 where {scope d} and d.state = 'open' and `+text,
		append([]any{string(today), string(today), string(today.AddDays(6))}, values...)...)
}
