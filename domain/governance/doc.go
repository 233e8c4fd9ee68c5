// Package governance reads all the other mechanisms and answers whether the
// plan is kept. Its first piece is the clause board: the plan's own outline,
// each clause with its live state, down to the rows. 组织领导、激励问责.
//
// A clause counts as live when a mechanism of this program makes it so and
// there is something behind it: a record, or a duty open or closed. A clause
// with nothing behind it is shown as empty; it is never painted green. The
// figures are kept counts (platform/tally), so the board costs the same for
// ten thousand children and for ten million.
package governance
