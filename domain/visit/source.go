package visit

import "shouwang/domain/policy"

// Sources are the records that make this mechanism's clauses live.
var Sources = []policy.Source{
	{Clause: "三.二.6", Kind: "visit", Text: `
		select v.id, v.child_id, v.region, v.visited_on as on_day from visit_visit v`},
	{Clause: "三.二.17", Kind: "visit", Text: `
		select v.id, v.child_id, v.region, v.visited_on as on_day from visit_visit v where v.visitor_role = 'township_supervisor'`},
	{Clause: "四.三.5", Kind: "visit", Text: `
		select v.id, v.child_id, v.region, v.visited_on as on_day from visit_visit v where v.visitor_role = 'township_supervisor'`}, // key children are owed a look by the township
}
