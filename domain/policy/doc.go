// Package policy is what the county's plan says, as data: its clauses and who
// bears each, the definitions of a left-behind child, the numbers and where
// each comes from, which facts open which duty, and along which line a late
// duty goes up. 政策条款.
//
// A pack is read once and checked as a whole; nothing in it is used before it
// is found sound. A county overlays its own numbers by decision, with source
// and date (Values); what the pack marks unverified is off until the county
// gives its own source. Control flow is not data: what a rule means is code in
// the mechanism that owns the clause.
//
// Clause 二.一.1 is this package's own: every clock cites an instrument.
package policy
