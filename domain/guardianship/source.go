package guardianship

import "shouwang/domain/policy"

// Sources make the plan's grounds live: each time one was considered whose every
// element the case's records showed. A ground that lacked something is kept too,
// and counts for nothing.
var Sources = []policy.Source{shownFor("g1", "四.四.3"), shownFor("g2", "四.四.4"), shownFor("g3", "四.四.5")}

func shownFor(ground, clause string) policy.Source {
	return policy.Source{Clause: clause, Kind: "finding", Confined: true, Text: `
		select f.id, '' as child_id, f.thread_id, f.region, f.found_on as on_day from guardianship_finding f where f.shown = 1 and f.ground = '` + ground + `'`}
}
