package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"entente"
)

// operation is something that can be asked of an open data directory, in this
// process or, by its name, in the one that serves it.
type operation[Q, A any] struct {
	name string
	do   func(context.Context, *office, Q) (A, error)
}

// handler is an operation for whoever has only bytes.
type handler func(ctx context.Context, o *office, request []byte) (any, error)

// operations is the table of all that the socket answers. It is complete when
// main begins and does not change.
var operations = map[string]handler{}

// define enters an operation in the table.
func define[Q, A any](name string, do func(context.Context, *office, Q) (A, error)) operation[Q, A] {
	operations[name] = func(ctx context.Context, o *office, request []byte) (any, error) {
		var q Q
		if err := json.Unmarshal(request, &q, json.RejectUnknownMembers(true)); err != nil {
			return nil, entente.Errorf(entente.Invalid, "use the same version of the program on both sides of the socket", "request %s: %w", name, err)
		}
		return do(ctx, o, q)
	}
	return operation[Q, A]{name, do}
}

// nothing is the request of an operation that needs to be told nothing.
type nothing struct{}

// progress says that done of total pieces of what are done.
type progress func(done, total int64, what string)

type progressKey struct{}

func withProgress(ctx context.Context, p progress) context.Context {
	return context.WithValue(ctx, progressKey{}, p)
}

func progressOf(ctx context.Context) progress {
	if p, ok := ctx.Value(progressKey{}).(progress); ok {
		return p
	}
	return func(int64, int64, string) {}
}

// fault is an error on its way through the socket, and in answers.
type fault struct {
	Kind    entente.ErrorKind `json:"kind,omitempty"`
	Message string            `json:"message"`
	Hint    string            `json:"hint,omitempty"`
}

func faultOf(err error) *fault {
	return &fault{entente.KindOf(err), err.Error(), hintOf(err)}
}

func (f *fault) err() error {
	return &entente.Error{Kind: f.Kind, Message: f.Message, Hint: f.Hint, Cause: errors.New(f.Message)}
}

func unknownOperation(name string) error {
	return entente.Errorf(entente.Invalid, "use the same version of the program on both sides of the socket", "%w", fmt.Errorf("no operation is named %.40q", name))
}
