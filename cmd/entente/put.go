package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"

	"entente"
	"entente/stix"
)

type putCmd struct {
	Files  []string `arg:"" name:"file" help:"Files to keep; - is standard input."`
	AsFile bool     `help:"Keep every file as a document (artifact and file object), even if it looks like STIX."`
}

// maxPut bounds what one command puts, in bytes.
const maxPut = 256 << 20

type putQuery struct {
	AsFile bool      `json:"as_file"`
	Files  []putFile `json:"files"`
}

type putFile struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

type putAnswer struct {
	New       int          `json:"new"`
	Known     int          `json:"known"`
	Conflicts int          `json:"conflicts"`
	Files     []putOutcome `json:"files"`
}

type putOutcome struct {
	File    string    `json:"file"`
	Records []putLine `json:"records"`
}

type putLine struct {
	Record entente.RecordID `json:"record"`
	STIX   stix.ID          `json:"stix"`
	Known  bool             `json:"known"` // this very content was there already
	// Conflicts are own records with other content under the same id and modified time.
	Conflicts []entente.RecordID `json:"conflicts"`
}

var opPut = define("put", func(ctx context.Context, o *office, q putQuery) (putAnswer, error) {
	if err := o.writing(ctx); err != nil {
		return putAnswer{}, err
	}
	var all []stix.Object
	ends := make([]int, len(q.Files))
	for i, f := range q.Files {
		progressOf(ctx)(int64(i), int64(len(q.Files)), "reading")
		objects, err := objectsOf(f, q.AsFile)
		if err != nil {
			return putAnswer{}, err
		}
		all = append(all, objects...)
		ends[i] = len(all)
	}
	if len(all) > 1000 {
		progressOf(ctx)(int64(len(q.Files)), int64(len(q.Files)), fmt.Sprintf("keeping %d objects", len(all)))
	}
	done, err := o.node.Put(ctx, all)
	if err != nil {
		return putAnswer{}, err
	}
	a := putAnswer{Files: make([]putOutcome, len(q.Files))}
	at := 0
	for i, f := range q.Files {
		out := putOutcome{File: f.Name, Records: []putLine{}}
		for ; at < ends[i]; at++ {
			p := done[at]
			out.Records = append(out.Records, putLine{p.Record, p.STIX, p.Known, append([]entente.RecordID{}, p.Conflicts...)})
			switch {
			case p.Known:
				a.Known++
			default:
				a.New++
			}
			if len(p.Conflicts) > 0 {
				a.Conflicts++
			}
		}
		a.Files[i] = out
	}
	return a, nil
})

// objectsOf reads the STIX objects of a file. What does not begin like STIX is
// kept whole, as an artifact and the file object that describes it.
func objectsOf(f putFile, asFile bool) ([]stix.Object, error) {
	if !asFile && bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{")) {
		objects, err := stix.Split(f.Data)
		if e, ok := errors.AsType[*stix.Error](err); ok {
			hint := "nothing of the command was kept; correct the file and put it again, or put it with --as-file if it is not meant as STIX"
			return nil, entente.Errorf(entente.Invalid, hint, "%s: %w", f.Name, e)
		}
		return objects, err
	}
	name := filepath.Base(f.Name)
	if f.Name == "-" {
		name = "standard input"
	}
	if len(f.Data) == 0 {
		return nil, entente.Errorf(entente.Invalid, "nothing of the command was kept; leave the file out", "%s: the file is empty", f.Name)
	}
	media := mime.TypeByExtension(filepath.Ext(f.Name))
	if media == "" {
		media = http.DetectContentType(f.Data)
	}
	artifact, err := stix.NewArtifact(media, f.Data)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "nothing of the command was kept; split the file", "%s: %w", f.Name, err)
	}
	file, err := stix.NewFile(name, f.Data, artifact.ID)
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "nothing of the command was kept; rename the file", "%s: %w", f.Name, err)
	}
	return []stix.Object{artifact, file}, nil
}

func (c *putCmd) Run(s *session) error {
	q := putQuery{AsFile: c.AsFile}
	room := int64(maxPut)
	for _, name := range c.Files {
		data, err := readFile(s, name, room)
		if err != nil {
			return err
		}
		room -= int64(len(data))
		q.Files = append(q.Files, putFile{name, data})
	}
	a, err := ask(s, opPut, q)
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		for _, f := range a.Files {
			if len(f.Records) > 20 {
				p.line("%s: %s", f.File, counted(len(f.Records), "object"))
				continue
			}
			for _, r := range f.Records {
				state := "new"
				if r.Known {
					state = "known"
				}
				p.line("%-5s  %s  %s", state, entente.Short(r.Record), plain(r.STIX))
			}
		}
		for _, f := range a.Files {
			for _, r := range f.Records {
				for _, other := range r.Conflicts {
					p.line("version conflict: %s has other content under the same modified time in %s; both are kept", plain(r.STIX), entente.Short(other))
				}
			}
		}
		p.line("%d new, %d known, %s", a.New, a.Known, counted(a.Conflicts, "version conflict"))
	})
}

// readFile reads a file of at most room bytes; - is standard input.
func readFile(s *session, name string, room int64) ([]byte, error) {
	in := s.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "nothing of the command was kept; name files that exist and can be read", "%w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, room+1))
	if err != nil {
		return nil, entente.Errorf(entente.Invalid, "nothing of the command was kept", "read %s: %w", name, err)
	}
	if int64(len(b)) > room {
		return nil, entente.Errorf(entente.Exhausted, "nothing of the command was kept; put the files by several commands", "%s: more than %d bytes in one command", name, maxPut)
	}
	return b, nil
}
