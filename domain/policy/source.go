package policy

// Source says where the records that stand behind a clause lie. A mechanism
// declares one for each clause it makes live; governance counts them by the
// figure "clause" and shows the rows.
type Source struct {
	Clause string
	Kind   string // what a row opens: child, visit, duty …
	// Text selects id, child_id, region, on_day; governance narrows it with
	// {scope} and the region asked for.
	Text string
}
