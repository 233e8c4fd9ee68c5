// Package duty is the ledger of who owes what, for whom, under which clause,
// until when, and which record discharged it. 职责任务.
//
// Policies of this kind fail because everybody is responsible and so nobody
// is. Here every obligation is a row with a bearer: a post (role and region),
// which outlives the person who holds it, or someone of the family, for whom a
// post stands by. Mechanisms open duties when facts call for them and
// discharge them with evidence; nobody ticks one off. The clock marks what is
// late and moves it up its line, step by step, in the end to the conference
// office. To-do lists, overdue lists, the appraisal and the live state of each
// clause are all views of this one table.
//
//	       OpenTx                DischargeTx (evidence)
//	─────────────────► open ──────────────────────────► discharged
//	                   │  ▲
//	   Tick: late, ────┘  └─── MoveTx: hand-over with the child
//	   up the line     │
//	                   └──────── CancelTx (its reason is gone) ─► cancelled
//
// Clauses 一.0.2, 二.二.3, 二.二.4, 二.三.1 and 二.三.2 are this package's own.
package duty
