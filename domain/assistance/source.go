package assistance

import "shouwang/domain/policy"

// Sources are the records that make clauses live beyond the casework: each visit
// to a child of the first two grades of need is its tracking (四.三.5).
var Sources = []policy.Source{
	{Clause: "四.三.5", Kind: "visit", Text: `
		select v.id, v.child_id, v.region, v.visited_on as on_day from visit_visit v join registry_child c on c.id = v.child_id where c.support_level < 3`},
}
