package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/node"
	"entente/stix"
)

// writePage is the form of a new record of the party's own.
type writePage struct {
	Kind    string // report, note or file
	Kinds   []string
	Title   string
	Text    string
	Subject string   // somebody or something it is about that has no record yet
	About   []option // records it is about, ticked
	Choices []option // newest visible records, to choose from
	Groups  string   // of need to know, in words
	Wrong   string   // key of a text
}

var writeKinds = []string{"report", "note", "file"}

func (d *Door) writeRoutes() {
	d.page("GET /write", (*visit).write, readers...)
	d.page("POST /write", (*visit).put, readers...)
}

func (v *visit) write() error {
	page := writePage{Kind: v.r.URL.Query().Get("kind")}
	if !slices.Contains(writeKinds, page.Kind) {
		page.Kind = writeKinds[0]
	}
	return v.showWrite(http.StatusOK, page, v.r.URL.Query()["about"])
}

// showWrite shows the form with the records that can be referred to.
func (v *visit) showWrite(status int, page writePage, about []string) error {
	names, err := v.names()
	if err != nil {
		return err
	}
	page.Kinds = writeKinds
	if len(about) > 0 {
		found, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Records: about})
		if err != nil {
			return err
		}
		for _, view := range found.Views {
			page.About = append(page.About, option{string(view.ID()), rowOf(view, names).Name})
		}
	}
	for _, own := range []bool{true, false} {
		list, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Own: &own, Newest: true, Limit: 15})
		if err != nil {
			return err
		}
		for _, view := range list.Views {
			if !slices.Contains(about, string(view.ID())) && view.Header().Media == entente.MediaSTIX {
				page.Choices = append(page.Choices, option{string(view.ID()), rowOf(view, names).Name})
			}
		}
	}
	return v.showStatus(status, "write", page)
}

// put keeps what was written as a record of the party's own.
func (v *visit) put() error {
	ctx := v.r.Context()
	if err := v.r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return entente.Errorf(entente.Invalid, "", "form: %w", err)
	}
	f := v.r.Form
	page := writePage{Kind: f.Get("kind"), Title: strings.TrimSpace(f.Get("title")), Text: strings.TrimSpace(f.Get("text")), Groups: f.Get("groups")}
	about := f["about"]
	var refs []stix.ID
	if len(about) > 0 {
		found, err := v.node.Read(ctx, v.reader(), node.Query{Records: about})
		if err != nil {
			return err
		}
		for _, view := range found.Views {
			refs = append(refs, stix.ID(view.Object().STIX))
		}
	}
	var objects []stix.Object
	now := v.clock().UTC().Truncate(time.Millisecond)
	if page.Subject = strings.TrimSpace(f.Get("subject")); page.Subject != "" && page.Kind != "file" && page.Title != "" && page.Text != "" {
		subject, err := stix.NewIdentity(now, page.Subject, "")
		if err != nil {
			return entente.Errorf(entente.Invalid, "", "subject: %w", err)
		}
		objects, refs = append(objects, subject), append(refs, subject.ID)
	}
	switch {
	case page.Kind == "file":
		file, header, err := v.r.FormFile("file")
		if err != nil {
			page.Wrong = "write.nofile"
			break
		}
		defer file.Close()
		data, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		kind, _, err := mime.ParseMediaType(header.Header.Get("Content-Type"))
		if err != nil {
			kind = "application/octet-stream"
		}
		artifact, err := stix.NewArtifact(kind, data)
		if err != nil {
			return entente.Errorf(entente.Invalid, "choose a smaller file", "file: %w", err)
		}
		named, err := stix.NewFile(filepath.Base(header.Filename), data, artifact.ID)
		if err != nil {
			return entente.Errorf(entente.Invalid, "", "file: %w", err)
		}
		objects = []stix.Object{artifact, named}
	case page.Title == "" || page.Text == "":
		page.Wrong = "write.empty"
	case len(refs) == 0: // STIX 2.1, sections 4.13 and 4.16
		page.Wrong = "write.noabout"
	case page.Kind == "note":
		o, err := stix.NewNote(now, page.Title, page.Text, "", refs)
		if err != nil {
			return entente.Errorf(entente.Invalid, "", "note: %w", err)
		}
		objects = append(objects, o)
	default:
		o, err := stix.NewReport(now, page.Title, page.Text, now, "", refs)
		if err != nil {
			return entente.Errorf(entente.Invalid, "", "report: %w", err)
		}
		objects = append(objects, o)
	}
	if page.Wrong != "" {
		return v.showWrite(http.StatusBadRequest, page, about)
	}
	put, err := v.node.Put(ctx, objects)
	if err != nil {
		return err
	}
	last := put[len(put)-1].Record
	if groups := strings.Fields(page.Groups); len(groups) > 0 {
		for _, p := range put {
			if err := v.node.SetGroups(ctx, p.Record, groups); err != nil {
				return err
			}
		}
	}
	http.Redirect(v.w, v.r, "/record/"+string(last), http.StatusSeeOther)
	return nil
}
