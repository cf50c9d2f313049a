package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"entente/store/sqlite"
)

// fileLimit is the environment variable that bounds how large a file this
// program may write, in bytes: a disk that is full, where none can be mounted.
const fileLimit = "TEST_FILE_LIMIT"

func init() {
	text := os.Getenv(fileLimit)
	if text == "" {
		return
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // so that writing fails, as it does on a full disk
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}

// smallDisk is a disk of its own, which a test fills and empties.
type smallDisk struct {
	dir     string
	ballast string
}

// mountDisk makes a disk of some megabytes, if this user may mount one.
func mountDisk(t *testing.T, dir string, megabytes int) (smallDisk, bool) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0700", megabytes))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENODEV) {
		return smallDisk{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return smallDisk{dir, filepath.Join(dir, "ballast")}, true
}

// fill leaves nothing of the disk.
func (d smallDisk) fill(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(d.ballast, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func (d smallDisk) empty(t *testing.T) {
	t.Helper()
	if err := os.Remove(d.ballast); err != nil {
		t.Fatal(err)
	}
}

// putSome puts eight objects of some kilobytes each by a command.
func (p *crashParty) putSome(n, kilobytes int) (g *crashGroup, problem string, status int) {
	p.cell.t.Helper()
	var b strings.Builder
	b.WriteString(`{"type":"bundle","id":"bundle--5a2a1a0e-8d1c-4a56-9a5c-0d4ffbb0ad11","objects":[`)
	for i := range 8 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"identity","spec_version":"2.1","id":"identity--5a2a1a0e-8d1c-4a56-9a5c-%012x","created":"2015-09-27T10:00:00.000Z","modified":"2015-09-27T10:00:00.000Z","name":"office","identity_class":"group","description":%q}`,
			n*8+i, strings.Repeat("of no interest. ", 64*kilobytes))
	}
	b.WriteString("]}")
	file := filepath.Join(p.cell.dir, fmt.Sprintf("%s-%d.json", p.name, n))
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		p.cell.t.Fatal(err)
	}
	out, problem, status := p.run("put", file)
	if status != 0 {
		return nil, problem, status
	}
	var a putAnswer
	p.cell.decode(out, &a)
	g = &crashGroup{of: p}
	p.cell.acknowledged(g, a)
	return g, "", 0
}

// deliver puts some objects and releases them.
func (c *crashCell) deliver(from, to *crashParty, n, kilobytes int) {
	c.t.Helper()
	g, problem, status := from.putSome(n, kilobytes)
	if status != 0 {
		c.t.Fatalf("%s: put: %s", from.name, problem)
	}
	g.to = []*crashParty{to}
	var a orderAnswer
	from.must(&a, append([]string{"release", "--compact", crashCompact, "--to", to.name}, texts(g.records)...)...)
	c.released(g, a)
}

// wants checks a refusal: exit status, and all of these words.
func (p *crashParty) wants(what, problem string, status int, words ...string) {
	p.cell.t.Helper()
	missing := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.Contains(problem, w) })
	if status != exitRefused || len(missing) > 0 {
		p.cell.t.Errorf("%s: %s: exit status %d, expected %d and %q: %s", p.name, what, status, exitRefused, missing, problem)
	}
}

// A party whose disk is full refuses, says so, goes on showing what it has, and
// loses nothing; its partner keeps what it owes, and what must always come
// through still does. With room again all goes on.
func TestDiskFull(t *testing.T) {
	c := newCrashCell(t, 0)
	small := filepath.Join(c.dir, "small")
	disk, mounted := mountDisk(t, small, 96)
	ardel, borvia := c.join("Ardel", c.dir), c.join("Borvia", small)
	c.found()
	c.deliver(ardel, borvia, 1, 4)
	c.deliver(borvia, ardel, 2, 4)
	c.settle()

	// Full: in the middle of its work.
	expected := []string{"the disk is ", "full", "hint: make room", "nothing before it was lost"}
	if mounted {
		disk.fill(t)
	} else {
		borvia.stop()
		info, err := os.Stat(filepath.Join(borvia.dir, sqlite.File))
		if err != nil {
			t.Fatal(err)
		}
		borvia.env, expected = []string{fmt.Sprintf("%s=%d", fileLimit, info.Size()+256<<10)}, nil
		borvia.start()
		borvia.awaitReady()
	}
	n := 10
	for refused := 0; refused < 3; n++ {
		if n == 200 {
			t.Fatal("the disk does not become full")
		}
		if _, problem, status := borvia.putSome(n, 4); status != 0 {
			refused++
			borvia.wants("put on a full disk", problem, status, expected...)
		}
	}
	kept := borvia.kept.Load()
	if mounted { // there is a reserve for what partners must be able to say
		suspended := func(want bool) func() bool {
			return func() bool {
				var a compactAnswer
				borvia.must(&a, "compact", "show", crashCompact)
				return slices.ContainsFunc(a.Roster, func(m memberLine) bool { return len(m.Suspended) > 0 }) == want
			}
		}
		ardel.must(nil, "compact", "suspend", crashCompact, "--member", "Borvia", "--reason", "a test")
		borvia.until("the suspension has come in spite of the full disk", suspended(true))
		ardel.must(nil, "compact", "resume", crashCompact, "--member", "Borvia")
		borvia.until("the resumption has come", suspended(false))
		disk.fill(t) // the reserve, too
	}
	c.deliver(ardel, borvia, 3, 200) // what is left of the disk is far less
	ardel.until("Borvia's node has refused it for want of room", func() bool {
		log, err := os.ReadFile(borvia.log())
		return err == nil && (strings.Contains(string(log), "full") || strings.Contains(string(log), "I/O"))
	})
	a, err := askNode(t.Context(), borvia, opStatus, nothing{})
	if err != nil || !a.Works || a.Records != kept {
		t.Errorf("on a full disk Borvia's node answers %+v, expected %d records: %v", a, kept, err)
	}
	if err := c.look(t.Context(), borvia); err != nil || len(borvia.seen) != 8 {
		t.Errorf("on a full disk Borvia sees %d records, expected 8: %v", len(borvia.seen), err)
	}

	// Commands without a node are refused as well, and so is a node.
	borvia.kill()
	if mounted {
		_, problem, status := borvia.putSome(n, 4)
		borvia.wants("put on a full disk, without a node", problem, status, expected...)
		_, problem, status = borvia.run("serve")
		borvia.wants("serve on a full disk", problem, status, "hint: make room", "left")
		disk.empty(t)
	}
	borvia.env = nil

	// Room again.
	borvia.start()
	borvia.awaitReady()
	c.checkKept(borvia, kept)
	if _, problem, status := borvia.putSome(n, 4); status != 0 {
		t.Errorf("put with room again: %s", problem)
	}
	c.deliver(borvia, ardel, n+1, 4)
	c.settle()
	for _, p := range c.parties {
		c.checkView(p)
		p.stop()
	}
	for _, p := range c.parties {
		c.checkStore(p)
	}
}

// A data directory, or a database, that cannot be written is refused with what to
// do, and stays as it is.
func TestReadOnly(t *testing.T) {
	c := newCrashCell(t, 0)
	p := c.join("Ardel", c.dir)
	if _, problem, status := p.putSome(1, 4); status != 0 {
		t.Fatal(problem)
	}
	if os.Geteuid() == 0 { // whom modes do not bind
		p.as = unprivileged(t, c, p.dir)
	}
	before, err := dumpStore(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		what string
		path string
		mode os.FileMode
		want string
	}{
		{"folder", p.dir, 0o500, "cannot be written"},
		{"database", filepath.Join(p.dir, sqlite.File), 0o400, "cannot be written"},
		{"lock", filepath.Join(p.dir, lockFile), 0o400, "hint: make the data directory writable"},
	} {
		info, err := os.Stat(v.path)
		if err != nil {
			t.Fatal(err)
		}
		chmod := func(mode os.FileMode) {
			if err := os.Chmod(v.path, mode); err != nil {
				t.Fatal(err)
			}
		}
		chmod(v.mode)
		_, problem, status := p.putSome(2, 4)
		p.wants("put with a "+v.what+" that cannot be written", problem, status, v.want, "hint: ")
		_, problem, status = p.run("serve")
		p.wants("serve with a "+v.what+" that cannot be written", problem, status, v.want, "hint: ")
		chmod(info.Mode().Perm())
	}
	after, err := dumpStore(p.dir)
	if err != nil || after != before {
		t.Errorf("the store is not what it was: %v", err)
	}
	if _, problem, status := p.putSome(2, 4); status != 0 {
		t.Errorf("put with everything as it was: %s", problem)
	}
	c.checkStore(p)
}

// unprivileged gives the data directory, and a copy of the program, to a user
// without rights.
func unprivileged(t *testing.T, c *crashCell, dir string) *syscall.Credential {
	t.Helper()
	const somebody = 65534
	source, err := os.ReadFile(c.program)
	if err != nil {
		t.Fatal(err)
	}
	c.program = filepath.Join(c.dir, filepath.Base(c.program))
	if err := os.WriteFile(c.program, source, 0o755); err != nil {
		t.Fatal(err)
	}
	for folder := c.dir; len(folder) > len(os.TempDir()); folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err = filepath.WalkDir(c.dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(path, somebody, somebody)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: somebody, Gid: somebody}
}
