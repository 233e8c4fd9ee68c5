// Package assessment is how several offices come to one view of a child's
// safety, care and health (调查评估): the township leads, asks each unit that
// knows the child, visits, hears the child, has a scale answered, and a
// conference decides and signs.
//
// The kinds of record stand in the pack (cases/assessment.yaml), the scales
// beside them (cases/scales): a scale that was used is never changed, so that
// its result can be reached again from the answers. A person who sees it
// otherwise says so with a reason, and both stand.
//
// Clauses 四.三.1 and 四.三.2.
package assessment
