// Package fault is the one way an error is said. An error that a person may
// see has a kind (which decides the HTTP status, in platform/web alone), a
// stable id for programs and tests, and one Chinese sentence that tells the
// person what to do next. The cause stays behind for the log and never
// reaches the person.
//
// Wrap a fault with fmt.Errorf("doing x: %w", err): kind, id and sentence
// survive wrapping, the wrapping text goes to the log only. To someone who
// may not know of a record, Denied is said as NotFound (see Hide).
package fault

import (
	"errors"
	"fmt"
)

// Kind says what went wrong in the terms of the person who asked.
type Kind uint8

const (
	Internal Kind = iota // ours: the person can only try again
	Invalid              // what was sent cannot be right
	NotFound             // no such record, as far as this person may know
	Denied               // known to the person, but not theirs to do
	Conflict             // it clashes with something already there
	Stale                // someone changed it first
)

var kindNames = [...]string{"internal", "invalid", "not_found", "denied", "conflict", "stale"}

func (k Kind) String() string { return kindNames[k] }

// Error is a fault. Fields names the inputs at fault: path to reason, both
// safe to show; it never holds a rejected value.
type Error struct {
	Kind   Kind
	ID     string            // "report.already_accepted"
	Text   string            // 中文一句话，说明接下来怎么办
	Fields map[string]string // "children[2].name": "请填写姓名"
	Rule   string            // the rule that refused, for the journal and the tests
	cause  error
}

func (e *Error) Error() string {
	s := e.Kind.String() + " " + e.ID
	if e.Rule != "" {
		s += " by " + e.Rule
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.cause }

// Because attaches the cause, for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At names one input at fault, with its own sentence.
func (e *Error) At(path, sentence string) *Error {
	c := *e
	c.Fields = make(map[string]string, len(e.Fields)+1)
	for k, v := range e.Fields {
		c.Fields[k] = v
	}
	c.Fields[path] = sentence
	return &c
}

func newError(k Kind, id, text string, a []any) *Error {
	if len(a) > 0 {
		text = fmt.Sprintf(text, a...)
	}
	return &Error{Kind: k, ID: id, Text: text}
}

// NewInvalid and its sisters make a fault; text may hold fmt verbs for public
// values only (counts, names of fields), never for what a person typed.
func NewInvalid(id, text string, a ...any) *Error  { return newError(Invalid, id, text, a) }
func NewNotFound(id, text string, a ...any) *Error { return newError(NotFound, id, text, a) }
func NewConflict(id, text string, a ...any) *Error { return newError(Conflict, id, text, a) }
func NewStale(id, text string, a ...any) *Error    { return newError(Stale, id, text, a) }

// NewDenied names the rule that refused.
func NewDenied(rule, text string, a ...any) *Error {
	e := newError(Denied, "denied", text, a)
	e.Rule = rule
	return e
}

// NewInternal hides the cause from the person.
func NewInternal(cause error) *Error {
	return &Error{Kind: Internal, ID: "internal", Text: "系统出了问题，请稍后再试；若一直不行，请联系系统管理员。", cause: cause}
}

// Of finds the fault in err; anything that is not one is Internal.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return NewInternal(err)
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}

// Hide says Denied as NotFound, for a person who may not know the record
// exists. The refusing rule stays on it for the journal.
func Hide(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != Denied {
		return err
	}
	return &Error{Kind: NotFound, ID: "not_found", Text: "没有找到这条记录。", Rule: e.Rule, cause: err}
}
