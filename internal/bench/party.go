package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// party is one party: a data directory, and sometimes a process that serves it.
// Of both, a run knows what the program answers.
type party struct {
	*bench
	name   string
	dir    string
	id     string
	words  string // its fingerprint
	listen string // empty: it dials out only
	node   *exec.Cmd
	ended  chan error
	client *http.Client
}

// patience bounds every wait for something that must come.
const patience = 3 * time.Minute

// makeParties makes the party whose data it is, and twelve partners. Only the
// first can be reached: the others dial it.
func (b *bench) makeParties() error {
	b.say("making 13 parties")
	for i, name := range append([]string{"Ardel"}, partners()...) {
		p := &party{bench: b, name: name, dir: filepath.Join(b.dir, fmt.Sprintf("p%d", i))}
		args := []string{"init", "--name", name}
		if i == 0 {
			port, err := freePort()
			if err != nil {
				return err
			}
			p.listen = port
			args = append(args, "--endpoint", port)
		}
		var a struct {
			Party       string `json:"party"`
			Fingerprint struct {
				Words string `json:"words"`
			} `json:"fingerprint"`
		}
		if err := p.ask(&a, args...); err != nil {
			return err
		}
		p.id, p.words = a.Party, a.Fingerprint.Words
		if err := p.ask(nil, "card", "--out", p.dir+".card"); err != nil {
			return err
		}
		b.parties = append(b.parties, p)
	}
	first := b.parties[0]
	for _, p := range b.parties[1:] {
		err := errors.Join(first.ask(nil, "trust", p.dir+".card", "--fingerprint", p.words), p.ask(nil, "trust", first.dir+".card", "--fingerprint", first.words))
		if err != nil {
			return err
		}
	}
	return nil
}

// partners are twelve invented names.
func partners() []string {
	return strings.Fields("Borvia Cavra Dunmere Elland Farrow Gresk Halden Istra Jorvan Kelm Lorne Mavia")
}

const compact = "Bench cell"

// found founds the compact of all thirteen.
func (b *bench) found() error {
	b.say("founding a compact of 13 parties")
	for _, p := range b.parties {
		if _, err := p.serve(); err != nil {
			return err
		}
	}
	first := b.parties[0]
	charter := filepath.Join(b.dir, "charter.json")
	err := first.ask(nil, "compact", "draft", "--out", charter, "--name", compact, "--purpose", "measuring", "--category", "techniques", "--legal-basis", "invented")
	if err == nil {
		err = first.ask(nil, "compact", "found", charter)
	}
	if err != nil {
		return err
	}
	state := func(p *party) (string, error) {
		var a struct {
			Compacts []struct {
				State string `json:"state"`
			} `json:"compacts"`
		}
		err := p.op(&a, "compact.ls", struct{}{})
		if err != nil || len(a.Compacts) == 0 {
			return "", err
		}
		return a.Compacts[0].State, nil
	}
	for _, p := range b.parties[1:] {
		if err := p.until("the charter", func() (bool, error) { s, err := state(p); return s == "waiting", err }); err != nil {
			return err
		}
		if err := p.ask(nil, "compact", "accede", compact); err != nil {
			return err
		}
	}
	for _, p := range b.parties {
		if err := p.until("all accessions", func() (bool, error) { s, err := state(p); return s == "in force", err }); err != nil {
			return err
		}
	}
	return b.stopAll()
}

func (b *bench) stopAll() error {
	var errs []error
	for _, p := range b.parties {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// ask runs one command to its end and decodes its answer.
func (p *party) ask(answer any, args ...string) error {
	cmd := exec.CommandContext(p.ctx, p.program, append([]string{"--json", "--dir", p.dir}, args...)...)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: entente %.200s: %w: %s", p.name, strings.Join(args, " "), err, problem.String())
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return fmt.Errorf("%s: entente %s answered %.80q: %w", p.name, args[0], out.Bytes(), err)
	}
	return nil
}

// serve starts the party's node and says how long it took until it was ready.
func (p *party) serve(more ...string) (time.Duration, error) {
	args := append([]string{"--dir", p.dir, "serve"}, more...)
	if p.listen != "" {
		args = append(args, "--listen", p.listen)
	}
	log, err := os.OpenFile(p.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd := exec.Command(p.program, args...)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for this program, which ends its nodes
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	p.node, p.ended = cmd, make(chan error, 1)
	said := bufio.NewReader(out)
	line, err := said.ReadString('\n')
	took := time.Since(began)
	go func() {
		_, copied := io.Copy(io.Discard, said)
		p.ended <- errors.Join(cmd.Wait(), copied)
	}()
	if err != nil || !strings.HasPrefix(line, "ready ") {
		return 0, errors.Join(fmt.Errorf("%s: its node did not start: see %s.log", p.name, p.dir), err)
	}
	socket := filepath.Join(p.dir, "node.sock")
	p.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	return took, nil
}

// stop ends the party's node, if it runs.
func (p *party) stop() error {
	if p.node == nil {
		return nil
	}
	p.client.CloseIdleConnections()
	_ = p.node.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	select {
	case err := <-p.ended:
		p.node = nil
		if err != nil {
			return fmt.Errorf("%s: its node ended: %w", p.name, err)
		}
	case <-time.After(30 * time.Second):
		err := p.node.Process.Kill()
		<-p.ended
		p.node = nil
		return errors.Join(fmt.Errorf("%s: its node did not end and was killed", p.name), err)
	}
	return nil
}

// op asks the party's node through its socket.
func (p *party) op(answer any, name string, query any) error {
	body, err := json.Marshal(query)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, "http://node/op/"+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	defer res.Body.Close()
	for d := json.NewDecoder(res.Body); ; {
		var line struct {
			Result json.RawMessage `json:"result"`
			Error  *struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := d.Decode(&line); err != nil {
			return fmt.Errorf("%s: answer to %s: %w", p.name, name, err)
		}
		if line.Error != nil {
			return fmt.Errorf("%s: %s: %s", p.name, name, line.Error.Message)
		}
		if line.Result != nil {
			if _, err := io.Copy(io.Discard, res.Body); err != nil { // so that the connection is used again
				return err
			}
			return json.Unmarshal(line.Result, answer)
		}
	}
}

// until asks again and again until something has come.
func (p *party) until(what string, come func() (bool, error)) error {
	for deadline := time.Now().Add(patience); ; {
		ok, err := come()
		if ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %s: not there after %v", p.name, what, patience)
		}
		select {
		case <-p.ctx.Done():
			return p.ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// settled says whether these partners hold all that the party owes them, and
// have receipted it.
func (p *party) settled(partners ...*party) (bool, error) {
	var a struct {
		Channels []struct {
			Partner struct {
				Party string `json:"party"`
			} `json:"partner"`
			Direction string `json:"direction"`
			Owed      int64  `json:"owed"`
			Delivered int64  `json:"delivered"`
			Receipted int64  `json:"receipted"`
			Refused   []any  `json:"refused"`
		} `json:"channels"`
	}
	if err := p.op(&a, "channels", struct{}{}); err != nil {
		return false, err
	}
	waiting := map[string]bool{}
	for _, other := range partners {
		waiting[other.id] = true
	}
	for _, c := range a.Channels {
		if c.Direction == "out" && waiting[c.Partner.Party] {
			if len(c.Refused) > 0 {
				return false, fmt.Errorf("%s refused %v", c.Partner.Party, c.Refused)
			}
			if c.Owed > 0 || c.Receipted < c.Delivered {
				return false, nil
			}
			delete(waiting, c.Partner.Party)
		}
	}
	return len(waiting) == 0, nil
}

// resident is how much memory the party's node has, in bytes.
func (p *party) resident() (int64, error) {
	out, err := exec.CommandContext(p.ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(p.node.Process.Pid)).Output()
	if err != nil {
		return 0, fmt.Errorf("ask the system for the memory of process %d: %w", p.node.Process.Pid, err)
	}
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return kilobytes << 10, err
}

// freePort finds a port on the loopback that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
