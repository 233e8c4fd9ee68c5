// Package state is what all state machines share: a table of legal moves that
// stands in Go, in the database (so that no statement can make another move),
// in a drawing, and in the browser's client. A test holds the faces together.
package state

import (
	"fmt"
	"sort"
	"strings"

	"shouwang/platform/fault"
)

// Table maps a state and an action to the next state.
type Table[S, A ~string] map[S]map[A]S

// Next is the state an action leads to, or a fault that says it is not a move.
func (t Table[S, A]) Next(from S, by A) (S, error) {
	to, ok := t[from][by]
	if !ok {
		return "", fault.NewConflict("state.no_move", "现在的状态不能这样办理，可能别人已经处理过了。请刷新后再看。").
			Because(fmt.Errorf("%q has no %q", from, by))
	}
	return to, nil
}

// Move is one row of a transition table.
type Move struct{ From, To string }

// Moves lists the rows the database must hold, the first state's included.
func (t Table[S, A]) Moves(first S) []Move {
	seen := map[Move]bool{{"", string(first)}: true}
	for from, actions := range t {
		for _, to := range actions {
			seen[Move{string(from), string(to)}] = true
		}
	}
	out := make([]Move, 0, len(seen))
	for m := range seen {
		out = append(out, m)
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].From < out[j].From || out[i].From == out[j].From && out[i].To < out[j].To
	})
	return out
}

// Draw renders the table as a Mermaid state diagram.
func (t Table[S, A]) Draw(first S) string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> " + string(first) + "\n")
	var lines []string
	for from, actions := range t {
		for by, to := range actions {
			lines = append(lines, fmt.Sprintf("    %s --> %s: %s\n", from, to, by))
		}
	}
	sort.Strings(lines)
	return b.String() + strings.Join(lines, "")
}
