// Command entente is the street door of a node: it makes a party, opens its
// data directory, serves it to peers, and lets people say and read everything
// that a node can be asked. docs/cli.md documents every command.
//
// A data directory belongs to one process at a time. A command opens it by
// itself, or, when a serving process has it, asks that process through a socket
// in the directory; which of the two it was makes no difference to the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"entente"
)

// Exit codes.
const (
	exitRefused = 1 // what was asked was not done
	exitUsage   = 2 // the command line was not understood
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c commands
	parser := newParser(&c, stdout, stderr)
	parsed, err := parser.Parse(args)
	if err != nil {
		return explain(stderr, usageError(err))
	}
	if c.OperatorKey != "" && c.As == "" {
		return explain(stderr, usageErrorf("--operator-key needs --as NAME"))
	}
	s := &session{ctx: ctx, dir: c.Dir, json: c.JSON, as: c.As, operatorKey: c.OperatorKey, stdin: stdin, stdout: stdout, stderr: stderr}
	err = parsed.Run(s)
	return explain(stderr, errors.Join(err, s.close()))
}

func newParser(c *commands, stdout, stderr io.Writer) *kong.Kong {
	return kong.Must(c,
		kong.Name("entente"),
		kong.Description("A node for parties that exchange intelligence without trusting each other, or anybody else."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stderr),
	)
}

// usage is an error in the command line itself.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

func usageErrorf(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// usageError adds where to read about the command that was meant.
func usageError(err error) error {
	command := "entente"
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil && e.Context.Selected() != nil {
		command += " " + e.Context.Selected().Path()
	}
	return usage{entente.Errorf(entente.Invalid, command+" --help shows what it takes", "%w", err)}
}

// explain tells people what failed and what to do next, and gives the exit code.
func explain(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "entente: %s\n", strings.TrimSpace(plainLines(err.Error())))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", plainLines(hint))
	}
	if _, ok := errors.AsType[usage](err); ok {
		return exitUsage
	}
	return exitRefused
}

// hintOf is the outermost hint that says something.
func hintOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*entente.Error](err)
		if !ok {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Cause
	}
	return ""
}
