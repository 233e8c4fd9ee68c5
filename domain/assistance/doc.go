// Package assistance is the help that follows an assessment (帮扶): a plan with
// goals that can be seen to be reached, services referred to who can give them,
// relief checked and applied for, reviews, closure by criteria and looking
// again afterwards.
//
// The kinds of record stand in the pack (cases/assistance.yaml). What is here
// is what data cannot say: whether a case may be closed, and the figures of
// 四.三: the closed-loop rate, key children and who is eligible and not
// included.
//
// Clauses 四.三.3 to 四.三.7.
package assistance
