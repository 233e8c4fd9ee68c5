// Package account knows the organisations that carry the plan, the people who
// work in them, which post each holds and since when, and who is signed in.
//
//	organisation ─┬─ grant (role × region × dates) ── user ── session
//	              └─ parent organisation
//
// A person's rights are their grants, read afresh on every request: when a
// grant ends, every session of that person ends in the same transaction.
// Nobody is locked out by a stranger's guesses: a device that has signed in
// before has its own allowance of tries (throttle.go).
//
// Three administrators cannot stand in for each other (三员分立): the system
// administrator keeps organisations, the security administrator keeps people
// and grants, the audit administrator reads the journal.
package account
