// Package casework is what the offices write in a case of protection
// (办案记录): one way for all four mechanisms of the chain.
//
// The plan says which kinds of record there are (policy.Kind, cases/*.yaml in
// the pack): what each says, who writes it, which duties it opens and which it
// discharges. Records that belong together stand on one line: an order to
// return and its verification, a referral from its offer to its result, a
// petition from its filing to the judgement. Which kind may follow which is a
// table in the database, as for every state machine of the house.
//
//	order ──► verified ──► verified        a line; place 0, 1, 2
//	  │ opens    │ discharges, or opens anew
//	  ▼          ▼
//	duty for the line (duty.Opening.For is the line)
//
// Records are never changed. What was written wrong is put right by a
// correction beside it. Everything they say is sealed under the case's key.
//
// Mechanisms add what data cannot say through On: emergency broadcasts a
// search, assistance holds a closure to its criteria, guardianship reads its
// grounds.
package casework
