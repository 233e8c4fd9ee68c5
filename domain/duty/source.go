package duty

import "shouwang/domain/policy"

// Crosswise are the clauses that the ledger itself makes live, over the duties
// of all other clauses: a named bearer and running clock for each. Their rows
// are duties.
var Crosswise = []policy.Source{
	{Clause: "一.0.2", Kind: "duty", Text: `
		select d.id, coalesce(d.child_id, '') as child_id, d.region, d.due_on as on_day from duty_duty d where d.child_id is not null`},
	{Clause: "二.二.3", Kind: "duty", Text: `
		select d.id, coalesce(d.child_id, '') as child_id, d.region, d.due_on as on_day from duty_duty d where d.state = 'open' and d.late = 1`},
	{Clause: "二.二.4", Kind: "duty", Text: `
		select d.id, coalesce(d.child_id, '') as child_id, d.region, d.due_on as on_day from duty_duty d where d.state = 'open' and d.late = 1`},
	{Clause: "二.三.1", Kind: "duty", Text: `
		select d.id, coalesce(d.child_id, '') as child_id, d.region, d.due_on as on_day from duty_duty d where d.rule in ('visit.routine', 'visit.verify')`},
}
