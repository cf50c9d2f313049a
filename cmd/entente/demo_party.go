package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"entente"
)

// demoParty is one party of the demo: a data directory, and a process that
// serves it. The demo knows of it only what the program answers.
type demoParty struct {
	demo    *demo
	name    string // the word that people see
	dir     string
	addr    string
	id      entente.PartyID
	print   fingerprint
	desk    string        // where its desk is in the browser
	person  string        // who works at it
	serving *exec.Cmd     // nil: its node does not run
	ended   chan struct{} // closed when the process of serving has ended
}

// refusal is an answer of the program that says no: exit status 1 or 2.
type refusal struct {
	command string
	status  int
	message string // what it wrote for people
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: exit status %d: %s", r.command, r.status, r.message)
}

// run runs one command of the program on the party's data directory, in a
// process of its own, and gives what it wrote.
func (p *demoParty) run(args ...string) ([]byte, error) {
	if p.demo.instead != nil {
		if out, ok := p.demo.instead(p.name, args); ok {
			return out, nil
		}
	}
	cmd := exec.CommandContext(p.demo.ctx, p.demo.program, append([]string{"--dir", p.dir}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	err := cmd.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() > 0 && p.demo.ctx.Err() == nil {
		return out.Bytes(), &refusal{p.name + ": entente " + strings.Join(args, " "), e.ExitCode(), strings.TrimSpace(problem.String())}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: entente %s: %w", p.name, strings.Join(args, " "), errors.Join(p.demo.ctx.Err(), err))
	}
	return out.Bytes(), nil
}

// read runs a command and decodes its answer.
func (p *demoParty) read(answer any, args ...string) error {
	b, err := p.run(append([]string{"--json"}, args...)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return fmt.Errorf("%s: entente %s answered %.80q: %w", p.name, strings.Join(args, " "), b, err)
	}
	return nil
}

// refused runs a command that must be refused, and gives what it wrote for
// people, line by line; none if it was not refused.
func (p *demoParty) refused(args ...string) ([]string, error) {
	_, err := p.run(args...)
	if r, ok := errors.AsType[*refusal](err); ok && r.status == exitRefused {
		return strings.Split(r.message, "\n"), nil
	}
	return nil, err
}

// order runs preview or release; a refusal that says why is an answer.
func (p *demoParty) order(args ...string) (orderAnswer, error) {
	var a orderAnswer
	b, err := p.run(append([]string{"--json"}, args...)...)
	if _, ok := errors.AsType[*refusal](err); ok && len(b) > 0 {
		err = nil
	}
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	return a, err
}

// serve starts the party's node and waits until it is ready.
func (p *demoParty) serve() error {
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.demo.program, "--dir", p.dir, "serve", "--listen", p.addr, "--desk", "127.0.0.1:0")
	cmd.SysProcAttr = nodeProcess()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return errors.Join(err, log.Close())
	}
	ended, started, ready := make(chan struct{}), make(chan error, 1), make(chan string, 1)
	go func() {
		defer close(ended)
		defer log.Close()
		// For the system, a process is the child of the thread that started it:
		// this one stays as long as the child does.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		ready <- line
		// A pipe that breaks is the end of the process, and its status is its own affair.
		_, _ = io.Copy(log, out)
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("%s: start its node: %w", p.name, err)
	}
	p.serving, p.ended = cmd, ended
	select {
	case line := <-ready:
		if strings.HasPrefix(line, "ready "+string(p.id)+" ") {
			_, desk, _ := strings.Cut(line, " desk ")
			p.desk = strings.TrimSpace(desk)
			return nil
		}
		return fmt.Errorf("%s: its node did not start: %s", p.name, lastLine(p.log()))
	case <-time.After(p.demo.patience):
		return fmt.Errorf("%s: its node is not ready after %v: %s", p.name, p.demo.patience, lastLine(p.log()))
	case <-p.demo.ctx.Done():
		return p.demo.ctx.Err()
	}
}

// log is the file with what the party's node writes.
func (p *demoParty) log() string { return p.dir + ".log" }

// stop ends the party's node and waits for it: politely, and by force when it
// does not end in a while.
func (p *demoParty) stop(ctx context.Context) {
	if p.serving == nil {
		return
	}
	// An error says that the process has ended already.
	_ = p.serving.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		p.serving = nil
	case <-ctx.Done():
		p.kill()
	}
}

// kill ends the node in the middle of whatever it does: kill -9.
func (p *demoParty) kill() {
	_ = p.serving.Process.Kill()
	<-p.ended
	p.serving = nil
}

// running says whether the node's process is still there.
func (p *demoParty) running() bool {
	if p.serving == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// mentions counts which of these texts stand anywhere in the files of the data
// directory: what a store holds cannot hide from whoever reads its bytes.
func (p *demoParty) mentions(texts []string) (int, error) {
	var all []byte
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	n := 0
	for _, text := range texts {
		if bytes.Contains(all, []byte(text)) {
			n++
		}
	}
	return n, err
}

// freePort asks the system for a loopback port that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func lastLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
