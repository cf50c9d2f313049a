package release

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/stix"
)

// Leak is what a tearline may still give away.
type Leak string

// The kinds of leak.
const (
	LeakPhrase    Leak = "phrase"             // words that were cut are still somewhere
	LeakID        Leak = "id"                 // of the full record, of a reference that was cut, or of another system
	LeakTime      Leak = "time"               // more exact than the times that were made vague
	LeakPlace     Leak = "place"              // more exact than the places that were made vague
	LeakFile      Leak = "file"               // names, hashes, sizes, authors, device data, unread content
	LeakMarking   Leak = "marking"            // refers to a definition of one's own, or names what is not there
	LeakHistory   Leak = "history"            // created and modified tell of the full record
	LeakNumber    Leak = "number"             // with many digits: a telephone, an account, a document
	LeakAddress   Leak = "address"            // e-mail, URL
	LeakReference Leak = "external reference" // to another system's copy or source
	LeakUnread    Leak = "unread"             // the check could not be made
)

// Warning is one thing in a tearline that its author should look at before it
// is released. It quotes the tearline, and is for the originator's own people.
type Warning struct {
	What   Leak   `json:"what"`
	Where  string `json:"where"`  // JSON Pointer into the tearline (RFC 6901), "" for all of it
	Detail string `json:"detail"` // for people
}

// mostWarnings bounds the answer; a tearline with more needs another look anyway.
const mostWarnings = 500

// CheckTearline looks for what tear, made from full, still gives away (R13):
//
//   - words that were dropped or replaced in one place of full and are in tear,
//     in whatever case and white space: names, and sequences of words that are
//     rare in any language;
//   - the id of full, and ids whose reference was dropped, also inside texts;
//   - times and coordinates more exact than those that were made vague;
//   - metadata of files, markings, created and modified, and whatever is easily
//     traced: long numbers, addresses, references to other systems.
//
// It does not understand texts. What it finds may be meant so, and saying the
// same in other words escapes it: a person decides. Composed and decomposed
// letters count as different. Warnings are sorted by place; no warning is nil.
// Time grows in proportion to the two objects.
func CheckTearline(full, tear stix.Object) []Warning {
	c := &tearlineCheck{full: full, tear: tear}
	var err error
	if c.fullLeaves, err = stix.Leaves(full); err == nil {
		c.tearLeaves, err = stix.Leaves(tear)
	}
	if err != nil {
		return []Warning{{LeakUnread, "", err.Error()}}
	}
	c.cutBefore()
	c.history()
	c.markings()
	c.members()
	c.values()
	c.phrases()
	slices.SortFunc(c.warnings, func(a, b Warning) int {
		return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(string(a.What), string(b.What)), strings.Compare(a.Detail, b.Detail))
	})
	c.warnings = slices.Compact(c.warnings)
	if len(c.warnings) > mostWarnings {
		more := len(c.warnings) - mostWarnings
		c.warnings = append(c.warnings[:mostWarnings:mostWarnings], Warning{LeakUnread, "", fmt.Sprintf("%d more warnings are not shown", more)})
	}
	return c.warnings
}

type tearlineCheck struct {
	full, tear             stix.Object
	fullLeaves, tearLeaves []stix.Leaf
	cutIDs                 map[string]string // UUID to what it was
	cutTimes               []time.Time       // that had a time of day; sorted
	cutClocks, cutEpochs   map[string]bool   // the same times as 1504, and counted from 1970
	cutPlaces              []float64         // latitudes and longitudes; sorted
	warnings               []Warning
}

func (c *tearlineCheck) warn(what Leak, where, format string, args ...any) {
	c.warnings = append(c.warnings, Warning{what, where, fmt.Sprintf(format, args...)})
}

// cutFrom gives the leaves of full that tear has no longer where they were.
// Items of one list count as one place, for what is dropped moves the others.
func cutFrom(full, tear []stix.Leaf) []stix.Leaf {
	type spot struct {
		pool, text string
		kind       byte
	}
	left := make(map[spot]int)
	for _, l := range tear {
		left[spot{l.Pool, l.Text, l.Kind}]++
	}
	var cut []stix.Leaf
	for _, l := range full {
		s := spot{l.Pool, l.Text, l.Kind}
		if left[s] > 0 {
			left[s]--
			continue
		}
		cut = append(cut, l)
	}
	return cut
}

// cutBefore finds ids, times and coordinates that were cut.
func (c *tearlineCheck) cutBefore() {
	c.cutIDs = map[string]string{uuidOf(string(c.full.ID)): "the id of the full record"}
	c.cutClocks, c.cutEpochs = map[string]bool{}, map[string]bool{}
	for _, l := range cutFrom(c.fullLeaves, c.tearLeaves) {
		if l.Kind == '"' || l.Kind == 'k' {
			if id, err := stix.ParseID(l.Text); err == nil && id != c.full.ID {
				c.cutIDs[uuidOf(l.Text)] = "an id whose reference was cut"
			}
		}
		if t, ok := timestamp(l); ok && l.Path != "/created" && l.Path != "/modified" && !midnight(t) {
			c.cutTimes = append(c.cutTimes, t)
			c.cutClocks[t.Format("1504")] = true
			c.cutEpochs[strconv.FormatInt(t.Unix(), 10)], c.cutEpochs[strconv.FormatInt(t.UnixMilli(), 10)] = true, true
		}
		if x, _, ok := coordinate(l); ok {
			c.cutPlaces = append(c.cutPlaces, x)
		}
	}
	slices.SortFunc(c.cutTimes, time.Time.Compare)
	slices.Sort(c.cutPlaces)
}

func (c *tearlineCheck) history() {
	t := c.tear
	if !t.Created.IsZero() && (t.Created.Equal(c.full.Created) || t.Created.Equal(c.full.Modified)) {
		c.warn(LeakHistory, "/created", "it is a time of the full record")
	}
	if !t.Modified.IsZero() && (t.Modified.Equal(c.full.Modified) || t.Modified.Equal(c.full.Created)) {
		c.warn(LeakHistory, "/modified", "it is a time of the full record")
	}
	if gap := t.Modified.Sub(t.Created); !t.Modified.IsZero() && gap.Abs() > time.Minute {
		c.warn(LeakHistory, "/modified", "it is %s away from created: a first version was there before", gap.Abs().Round(time.Minute))
	}
	if t.ID == c.full.ID {
		c.warn(LeakID, "/id", "it is the id of the full record")
	}
}

func (c *tearlineCheck) markings() {
	m, err := stix.Markings(c.tear)
	if err != nil {
		c.warn(LeakUnread, "/granular_markings", "%v", err)
		return
	}
	for i, id := range m.Refs {
		if !stix.IsStandardMarking(id) {
			c.warn(LeakMarking, fmt.Sprintf("/object_marking_refs/%d", i), "%s is a definition of its own: whoever reads it learns what it says and who made it", id)
		}
	}
	for _, g := range m.Granular {
		if !stix.IsStandardMarking(g.Ref) {
			c.warn(LeakMarking, "/granular_markings", "%s is a definition of its own: whoever reads it learns what it says and who made it", g.Ref)
		}
		for i, path := range g.Paths {
			if path == "" {
				c.warn(LeakMarking, "/granular_markings", "the selector %.60q names what is not there", g.Selectors[i])
			}
		}
	}
}

// members looks at the names of members: some tell what kind of thing follows.
func (c *tearlineCheck) members() {
	file := c.tear.Type == "file" || c.tear.Type == "artifact" || c.tear.Type == "directory"
	for _, l := range c.tearLeaves {
		if l.Kind != 'k' {
			continue
		}
		name := strings.ToLower(l.Text)
		own := strings.HasPrefix(name, "x_")
		switch {
		case l.Path == "/external_references":
			c.warn(LeakReference, l.Path, "other systems can be asked for what it names")
		case name == "payload_bin":
			c.warn(LeakFile, l.Path, "nobody has looked into this content: authors, device and place may be in it")
		case fileMembers[strings.TrimPrefix(name, "x_")], strings.Contains(name, "exif"), strings.HasPrefix(strings.TrimPrefix(name, "x_"), "gps"),
			strings.Contains(name, "author"), strings.Contains(name, "filename"), strings.Contains(name, "file_name"),
			file && (name == "size" || name == "name" || name == "name_enc" || name == "path" || name == "mime_type"):
			c.warn(LeakFile, l.Path, "the member %.60q is metadata of a file or tells who wrote it", l.Text)
		case own && (strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") || strings.HasSuffix(name, "uuid") || strings.HasSuffix(name, "guid")):
			c.warn(LeakID, l.Path, "the member %.60q is an id of another system", l.Text)
		}
	}
}

// fileMembers are names out of STIX §6 and of what tools extract from files.
var fileMembers = map[string]bool{
	"hashes": true, "md5": true, "sha-1": true, "sha-256": true, "sha-512": true, "sha3-256": true, "sha3-512": true, "ssdeep": true, "tlsh": true,
	"sha1": true, "sha256": true, "sha512": true, "imphash": true, "magic_number_hex": true, "document_info_dict": true, "parent_directory_ref": true,
	"ctime": true, "mtime": true, "atime": true, "creator": true, "producer": true, "last_modified_by": true, "owner": true,
	"camera": true, "camera_model": true, "device": true, "device_model": true, "serial_number": true, "image_unique_id": true,
	"make": true, "lens": true, "software_version": true, "file_size": true, "original_name": true,
}
