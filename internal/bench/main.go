// Command bench measures the program as a whole, as people meet it: the real
// binary, a process and a data directory for each party, real data, loopback.
//
//	go run ./internal/bench            # the table; a few minutes
//	go run ./internal/bench -json      # the same as one JSON value
//	go run ./internal/bench -million   # also a page out of a million records
//	go run ./internal/bench -desk      # search and the inbox among a million records
//
// The data is the ATT&CK Enterprise bundle in the folder that ENTENTE_SHARED
// names (by default ../shared beside the module); without it, an invented bundle
// of the same size, which the table says. Progress goes to standard error. All
// that a run makes is in one temporary folder, removed at its end; it ends only
// the processes that it started.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// row is one line of the table.
type row struct {
	Metric   string  `json:"metric"`
	Value    float64 `json:"value"` // in the unit; not a number of anything if Missing says why
	Unit     string  `json:"unit"`
	Aim      string  `json:"aim"`
	Met      bool    `json:"met"`
	Measured string  `json:"measured"`
	How      string  `json:"how"`
	Missing  string  `json:"missing,omitempty"` // why it was not measured
}

// report is all that a run found.
type report struct {
	Machine string  `json:"machine"`
	Data    string  `json:"data"`
	Seconds float64 `json:"seconds"`
	Rows    []row   `json:"rows"`
}

// bench is one run.
type bench struct {
	ctx     context.Context
	program string
	dir     string
	began   time.Time
	report  report
	bundle  bundle
	parties []*party
}

func main() {
	asJSON := flag.Bool("json", false, "write one JSON value instead of a table")
	million := flag.Bool("million", false, "also read pages out of a million records for twelve readers (takes minutes, and some gigabytes of disk)")
	desk := flag.Bool("desk", false, "instead: search and the inbox among a million records (takes minutes, and some gigabytes of disk)")
	program := flag.String("program", "", "measure this program instead of building ./cmd/entente")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	b := &bench{ctx: ctx, program: *program, began: time.Now()}
	err := b.run(*million, *desk)
	stop()
	if err == nil {
		err = b.print(*asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(million, desk bool) (err error) {
	// Sockets of nodes must have short paths.
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	defer func() {
		for _, p := range b.parties {
			err = errors.Join(err, p.stop())
		}
		err = errors.Join(err, os.RemoveAll(b.dir))
	}()
	if b.program == "" {
		b.say("building the program")
		b.program = filepath.Join(b.dir, "entente")
		if out, err := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-o", b.program, "entente/cmd/entente").CombinedOutput(); err != nil {
			return fmt.Errorf("build the program: %w\n%s", err, out)
		}
	}
	if b.bundle, err = readBundle(b.ctx); err != nil {
		return err
	}
	b.report.Machine = fmt.Sprintf("%s/%s, %d processors, load %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load())
	b.report.Data = fmt.Sprintf("%s: %d objects, %.1f MB", b.bundle.name, len(b.bundle.objects), float64(len(b.bundle.raw))/1e6)
	steps := []func() error{
		b.makeParties, b.ingest, b.found, b.start, b.decisions, b.releaseToAll, b.closure, b.delivery, b.latency, b.recall,
	}
	if million {
		steps = append(steps, b.million)
	}
	if desk {
		steps = []func() error{b.makeParties, b.found, b.desk}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return errors.Join(b.ctx.Err(), err)
		}
	}
	b.report.Seconds = time.Since(b.began).Seconds()
	return nil
}

// say tells how far the run has come.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// aim is what a figure is to be.
type aim struct {
	limit   float64
	atLeast bool // otherwise: at most
}

// enter enters a figure; without an aim it is only told.
func (b *bench) enter(metric string, value float64, unit string, want *aim, how string) {
	r := row{Metric: metric, Value: value, Unit: unit, Aim: "-", Met: true, Measured: number(value) + " " + unit, How: how}
	if want != nil {
		sign := "≤"
		if want.atLeast {
			sign = "≥"
		}
		r.Aim = fmt.Sprintf("%s %s %s", sign, number(want.limit), unit)
		r.Met = value <= want.limit && !want.atLeast || value >= want.limit && want.atLeast
	}
	b.report.Rows = append(b.report.Rows, r)
	b.say("%s: %s", metric, r.Measured)
}

// skip enters that something was not measured.
func (b *bench) skip(metric, why string) {
	b.report.Rows = append(b.report.Rows, row{Metric: metric, Aim: "-", Measured: "-", How: "not measured: " + why, Missing: why})
	b.say("%s: not measured: %s", metric, why)
}

func atLeast(limit float64) *aim { return &aim{limit, true} }
func atMost(limit float64) *aim  { return &aim{limit, false} }

// number writes three digits that count.
func number(v float64) string {
	switch {
	case v >= 100:
		text := fmt.Sprintf("%.0f", v)
		for at := len(text) - 3; at > 0; at -= 3 {
			text = text[:at] + "," + text[at:]
		}
		return text
	case v >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

func (b *bench) print(asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetEscapeHTML(false)
		return e.Encode(b.report)
	}
	fmt.Printf("%s; %s; %.0f s\n\n", b.report.Machine, b.report.Data, b.report.Seconds)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "METRIC\tAIM\tMEASURED\t\tHOW")
	for _, r := range b.report.Rows {
		verdict := ""
		switch {
		case r.Missing != "" || r.Aim == "-":
		case r.Met:
			verdict = "met"
		default:
			verdict = "MISSED"
		}
		fmt.Fprintln(w, strings.Join([]string{r.Metric, r.Aim, r.Measured, verdict, r.How}, "\t"))
	}
	return w.Flush()
}

// load is how busy the machine is with other things, where it says so.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0] + " before the run"
}
