package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// session is one run of the program: what a command reads from, writes to, and
// reaches the data directory through.
type session struct {
	ctx            context.Context
	dir            string
	json           bool
	as             string // the operator who speaks; empty: the party as a whole
	operatorKey    string // file; empty: the usual place
	stdin          io.Reader
	stdout, stderr io.Writer

	// One of the two is set once a command has asked for something.
	office *office // open in this process
	remote *remote // open in the process that serves it
	bar    *progressbar.ProgressBar
}

// patience is how long a command waits for another one to leave the data directory.
const patience = 5 * time.Second

// reach opens the data directory here, or finds the process that serves it. The
// one that is just starting or stopping is waited for.
func (s *session) reach() error {
	if s.office != nil || s.remote != nil {
		return nil
	}
	deadline := time.Now().Add(patience)
	for {
		if r, ok := dial(s.ctx, s.dir); ok {
			s.remote = r
			return nil
		}
		o, err := openOffice(s.ctx, s.dir)
		if err == nil {
			s.office = o
			return nil
		}
		if !errors.Is(err, errInUse) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (s *session) close() error {
	var errs []error
	if s.bar != nil {
		errs = append(errs, s.bar.Clear())
	}
	if s.remote != nil {
		s.remote.close()
	}
	if s.office != nil {
		errs = append(errs, s.office.close())
	}
	return errors.Join(errs...)
}

// ask runs an operation where the data directory is open. What it wants signed
// it asks for: the operator signs, and it runs once more.
func ask[Q, A any](s *session, op operation[Q, A], q Q) (A, error) {
	answer, err := askAs(s, op, q, speaker{as: s.as})
	// What there is to sign may change in between, though not again and again.
	for range 3 {
		wanted, ok := errors.AsType[signatureWanted](err)
		if !ok {
			return answer, err
		}
		who, failed := s.sign(wanted.proposal)
		if failed != nil {
			return answer, failed
		}
		if answer, err = askAs(s, op, q, who); err == nil {
			return answer, nil
		}
	}
	return answer, err
}

func askAs[Q, A any](s *session, op operation[Q, A], q Q, who speaker) (A, error) {
	var answer A
	if err := s.reach(); err != nil {
		return answer, err
	}
	if s.office != nil {
		return op.do(withProgress(s.ctx, s.progress), s.office.speaking(who), q)
	}
	result, err := s.remote.ask(withSpeaker(s.ctx, who), op.name, q, s.progress)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(result, &answer); err != nil {
		return answer, fmt.Errorf("answer of the serving process: %w", err)
	}
	return answer, nil
}

// show writes the answer: one JSON value, or what people writes.
func (s *session) show(answer any, people func(*printer)) error {
	if s.json {
		return writeJSON(s.stdout, answer)
	}
	p := &printer{}
	people(p)
	_, err := s.stdout.Write(p.bytes())
	return err
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// progress draws how far long work has come, where somebody can see it.
func (s *session) progress(done, total int64, what string) {
	f, ok := s.stderr.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return
	}
	if s.bar == nil {
		s.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(f), progressbar.OptionClearOnFinish(),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	s.bar.Describe(what)
	s.bar.ChangeMax64(total)
	// A terminal that has gone away must not stop the work.
	_ = s.bar.Set64(done)
}
