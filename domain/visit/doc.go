// Package visit is the home visit: when one is owed, what it finds, and what
// follows from that. 走访探访.
//
// A plan rolls forward by itself: a child who is owed care always has one open
// visit duty, due by the support level's interval from the last visit. A visit
// is recorded once, never edited; a mistake is corrected by another that
// refers to it. The form comes prefilled from the facts on file and asks what
// changed; what changed becomes facts, whose consequences the registry settles
// in the same transaction. A finding that must be reported opens the duty
// report.required at once, which only a report discharges: that duty is the seam
// where the report mechanism will join.
//
//	settle ──Watch──► plan ──► duty visit.routine ──► Record ──► facts, findings
//	                    ▲                                │
//	                    └──────────── next date ─────────┘
//
// Clauses 三.二.6 and 三.二.17.
package visit
