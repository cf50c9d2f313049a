package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
)

// screen tells the demo's story: numbered steps, aligned columns, and a word at
// every line that was checked. It moves the cursor and uses colours only on a
// terminal, and no colours where NO_COLOR is set (no-color.org).
type screen struct {
	out     io.Writer
	began   time.Time
	moving  bool
	colours bool
	steps   int
	claims  []claimLine

	mu      sync.Mutex
	waiting bool // guarded by mu: a line stands there that the next one replaces
}

// claimLine is something that was checked.
type claimLine struct {
	Step  int    `json:"step"`
	Claim string `json:"claim"`
	Holds bool   `json:"holds"`
}

// screenWidth is how many columns a line of the story takes.
const screenWidth = 78

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, began: time.Now()}
	if f, ok := out.(*os.File); ok {
		s.moving = isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
		s.colours = s.moving && os.Getenv("NO_COLOR") == ""
	}
	return s
}

type colour string

const (
	bold  colour = "\x1b[1m"
	dim   colour = "\x1b[2m"
	red   colour = "\x1b[1;31m"
	green colour = "\x1b[32m"
	cyan  colour = "\x1b[36m"
)

func (s *screen) paint(c colour, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return string(c) + text + "\x1b[0m"
}

// line writes one line in place of the one that said what is awaited.
func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.waiting = false
	}
	fmt.Fprintln(s.out, strings.TrimRight(text, " "))
}

// step begins a step; why is one line on what it is good for.
func (s *screen) step(title, why string) {
	s.steps++
	s.line("")
	s.line(s.paint(bold, fmt.Sprintf("%2d  %s", s.steps, title)))
	s.line("    " + s.paint(dim, why))
}

// command shows what was typed by whom, or what can be: a line is broken between
// arguments only, so that it can be copied.
func (s *screen) command(who, text string) {
	const space = "\u00a0" // in place of a space between quotes, which is no place to break
	parts := strings.Split(text, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], " ", space)
	}
	text = strings.Join(parts, `"`)
	if who != "" {
		text = who + "$ " + text
	}
	lines := wrap(text, screenWidth-8)
	for i, l := range lines {
		l = strings.ReplaceAll(l, space, " ")
		if i < len(lines)-1 {
			l += ` \`
		}
		if i > 0 {
			l = "  " + l
		}
		s.line("    " + s.paint(cyan, l))
	}
}

// say writes text of the story.
func (s *screen) say(text string) {
	for _, l := range wrap(text, screenWidth-4) {
		s.line("    " + l)
	}
}

// quote shows what a node answered, cut where it is too wide.
func (s *screen) quote(lines ...string) {
	for _, l := range lines {
		s.line("    | " + clip(l, screenWidth-6))
	}
}

// table writes rows in columns; the first row is the heading.
func (s *screen) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for i, row := range rows {
		var b strings.Builder
		for k, cell := range row {
			b.WriteString(cell)
			if k < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[k]+2-utf8.RuneCountInString(cell)))
			}
		}
		text := clip(b.String(), screenWidth-4)
		if i == 0 {
			text = s.paint(dim, text)
		}
		s.line("    " + text)
	}
}

// claim states what was checked. What is not so is named, and remembered.
func (s *screen) claim(so bool, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	mark, c := "ok", green
	if !so {
		mark, c = "NOT SO", red
	}
	s.claims = append(s.claims, claimLine{s.steps, text, so})
	for i, l := range wrap(text, screenWidth-5-len(mark)) {
		if i > 0 {
			s.line("    " + strings.Repeat(" ", len(mark)+1) + l)
			continue
		}
		s.line("    " + s.paint(c, mark) + " " + l)
	}
}

// wait says what is awaited, until the next line; on a terminal only.
func (s *screen) wait(what string) {
	if !s.moving {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text := clip(fmt.Sprintf("... %s (%.0f s)", what, time.Since(s.began).Seconds()), screenWidth-4)
	fmt.Fprint(s.out, "\r\x1b[K    "+s.paint(dim, text))
	s.waiting = true
}

// wrap breaks text at its spaces into lines of at most width columns.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// clip cuts a line that is too wide, and shows that it did.
func clip(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-3]) + "..."
}
