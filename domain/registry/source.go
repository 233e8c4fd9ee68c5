package registry

import "shouwang/domain/policy"

// Sources are the records that make this mechanism's clauses live.
var Sources = []policy.Source{
	{Clause: "一.0.1", Kind: "child", Text: `
		select st.child_id as id, st.child_id, st.region, st.since_on as on_day
		  from registry_status st join registry_child c on c.id = st.child_id
		 where st.definition = 'A' and c.state = 'registered'`},
	{Clause: "三.一.2", Kind: "child", Text: `
		select f.id, f.child_id, f.region, f.known_on as on_day from registry_fact f where f.kind in ('absence', 'arrangement')`},
	{Clause: "三.一.4", Kind: "child", Text: `
		select f.id, f.child_id, f.region, f.known_on as on_day from registry_fact f where f.kind = 'living'`},
	{Clause: "三.二.8", Kind: "child", Text: `
		select c.id, c.id as child_id, c.region, c.registered_on as on_day from registry_child c`},
	{Clause: "三.二.14", Kind: "child", Text: `
		select c.id, c.id as child_id, c.region, c.registered_on as on_day from registry_child c`},
	{Clause: "三.二.15", Kind: "child", Text: `
		select c.id, c.id as child_id, c.region, c.left_on as on_day from registry_child c where c.state = 'left'`},
}
