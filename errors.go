package entente

import (
	"errors"
	"fmt"
)

// ErrorKind sorts errors into a few kinds that are stable on every wire.
type ErrorKind string

// The kinds.
const (
	// Hidden is the answer for what does not exist and for what the reader may
	// not see: the two are the same answer.
	Hidden    ErrorKind = "hidden"
	Invalid   ErrorKind = "invalid"   // the input is wrong
	Refused   ErrorKind = "refused"   // the rules do not allow it
	Conflict  ErrorKind = "conflict"  // it contradicts what is already there
	Broken    ErrorKind = "broken"    // the store does not verify
	Exhausted ErrorKind = "exhausted" // disk, quota, credit
)

// Error is an error for people: what failed with what, and what to do next.
type Error struct {
	Kind    ErrorKind
	Message string
	Hint    string
	Cause   error
}

// Errorf makes an Error; what %w wraps becomes its cause.
func Errorf(kind ErrorKind, hint, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err)
	if _, several := err.(interface{ Unwrap() []error }); several {
		cause = err
	}
	return &Error{Kind: kind, Message: err.Error(), Hint: hint, Cause: cause}
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf is the kind of err, empty if it has none.
func KindOf(err error) ErrorKind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// HintOf is what to do next, empty if err does not say.
func HintOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	return ""
}

// ErrHidden is the one answer for absent and for invisible.
var ErrHidden = &Error{Kind: Hidden, Message: "nothing to see by that name", Hint: "check the id; what was not released to you cannot be told from what does not exist"}
