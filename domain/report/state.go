package report

import "shouwang/platform/state"

// State is where a report stands.
type State string

// Action moves a report.
type Action string

const (
	Received State = "received" // 待受理
	Accepted State = "accepted" // 已受理
	Declined State = "declined" // 不予受理，待复核
	Answered State = "answered" // 已告知报告人

	Accept  Action = "accept"
	Pass    Action = "pass"    // to the station whose it is; the clock runs on
	Decline Action = "decline" // another office looks at it
	Return  Action = "return"  // which does not agree
	Answer  Action = "answer"
)

// Transitions is the whole life of a report (强制报告).
var Transitions = state.Table[State, Action]{
	Received: {Accept: Accepted, Pass: Received, Decline: Declined},
	Declined: {Return: Received, Answer: Answered},
	Accepted: {Answer: Answered},
	Answered: {Answer: Answered}, // more to tell
}

// Stage is where a thread stands.
type Stage string

// Step moves a thread.
type Step string

const (
	Waiting    Stage = "received"   // 待公安受理
	Responding Stage = "responding" // 应急处置
	Assessing  Stage = "assessing"  // 乡镇调查评估
	Assisting  Stage = "assisting"  // 帮扶
	Closed     Stage = "closed"     // 已结案
	Joined     Stage = "joined"     // 已并入另一案

	Respond Step = "respond"
	Notify  Step = "notify" // the township was told
	Plan    Step = "plan"
	Assess  Step = "assess" // again
	Close   Step = "close"
	Join    Step = "join"
	Reopen  Step = "reopen"
)

// ThreadTransitions is the whole life of a case (案件).
var ThreadTransitions = state.Table[Stage, Step]{
	Waiting:    {Respond: Responding, Close: Closed, Join: Joined},
	Responding: {Notify: Assessing, Close: Closed, Join: Joined},
	Assessing:  {Plan: Assisting, Close: Closed, Join: Joined},
	Assisting:  {Assess: Assessing, Close: Closed, Join: Joined},
	Closed:     {Reopen: Assessing, Respond: Responding},
}

// OmissionState is where the look at a report that was not made stands.
type OmissionState string

// OmissionAction moves it.
type OmissionAction string

const (
	Found     OmissionState = "found"
	Concluded OmissionState = "concluded"

	Conclude OmissionAction = "conclude"
)

// OmissionTransitions is its whole life (漏报核查).
var OmissionTransitions = state.Table[OmissionState, OmissionAction]{
	Found: {Conclude: Concluded},
}
