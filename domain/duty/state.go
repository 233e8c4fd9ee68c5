package duty

import "shouwang/platform/state"

// State is where a duty stands.
type State string

// Action moves a duty.
type Action string

const (
	Open       State = "open"
	Discharged State = "discharged"
	Cancelled  State = "cancelled"

	Discharge Action = "discharge" // evidence was recorded
	Cancel    Action = "cancel"    // its own reason went away
	Carry     Action = "carry"     // late, escalated, handed over: still owed
)

// Transitions is the whole life of a duty.
var Transitions = state.Table[State, Action]{
	Open: {Discharge: Discharged, Cancel: Cancelled, Carry: Open},
}
