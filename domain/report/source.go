package report

import "shouwang/domain/policy"

// Sources are the records that make this mechanism's clauses live.
var Sources = []policy.Source{
	{Clause: "四.一.1", Kind: "report", Confined: true, Text: `select r.id, '' as child_id, r.thread_id, r.region, r.filed_on as on_day from report_report r`},
	{Clause: "四.一.2", Kind: "report", Confined: true, Text: `select r.id, '' as child_id, r.thread_id, r.region, r.filed_on as on_day from report_report r`},
	{Clause: "四.一.3", Kind: "omission", Confined: true, Text: `select o.id, '' as child_id, o.thread_id, o.region, o.known_on as on_day from report_omission o where o.state = 'concluded'`},
	{Clause: "四.一.4", Kind: "award", Confined: true, Text: `select a.id, '' as child_id, a.thread_id, a.region, a.decided_on as on_day from report_award a where a.kind <> 'none'`},
}
