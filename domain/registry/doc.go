// Package registry is the county's record of children, their families and
// guardians, and dated facts about them: one child, one file, kept current.
// 摸底排查、信息台账、一人一档.
//
// Nobody types "left-behind". People record facts with a date and a source
// (this parent has been away since March, in this city; this one is gravely
// ill), and which children are left-behind is computed for each definition in
// force, as of any day: yes, no, or cannot tell, and then the missing fact is
// named (status.go). After every change a child is settled: verdicts, support
// level and the duties that follow from facts are brought up to date in the
// same transaction (settle.go); mechanisms that come later and care about such
// changes register with Watch.
//
//	import / desk / visit ──facts──► registry ──settle──► status, level
//	                                               │
//	                                               ├──► duties: identity, missing facts, red line
//	                                               └──► Watch: visits …
//
// A child enters by AddTx, leaves by Leave, moves by Offer and Accept; the file
// goes with the place, and the other side accepts it. Every field keeps its
// history, sealed under the child's own key.
//
// Clauses 一.0.1, 三.一.2, 三.一.4, 三.二.7, 三.二.8, 三.二.14 and 三.二.15.
package registry
