package policy

// FigureClause is the figure that counts how many records stand behind a
// clause; its part is the clause.
const FigureClause = "clause"

// Sources are the records that make this mechanism's own clause live: each
// number in force with the instrument or decision it rests on (二.一.1).
var Sources = []Source{{Clause: "二.一.1", Kind: "parameter", Text: `
	select v.id, '' as child_id, v.county as region, v.effective_on as on_day from policy_value v`}}

// Source says where the records that stand behind a clause lie. A mechanism
// declares one for each clause it makes live; governance counts them by the
// figure "clause" and shows the rows.
type Source struct {
	Clause string
	Kind   string // what a row opens: child, visit, duty …
	// Confined rows tell of a child in danger: they are shown to who answers for
	// protection, and a village's number of them to nobody else.
	Confined bool
	// Text selects id, child_id, region, on_day, and of confined rows thread_id, the
	// case they stand in; governance narrows it with
	// {scope} and the region asked for.
	Text string
}
