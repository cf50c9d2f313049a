package stix

import "time"

// NewReport makes the first version of a report (§4.16) about the objects refs,
// of which there must be one at least. description and createdBy may be empty;
// createdBy is the id of an identity. Times are kept to the microsecond.
func NewReport(now time.Time, name, description string, published time.Time, createdBy ID, refs []ID) (Object, error) {
	w := beginVersioned("report", createdBy, now)
	w.required("name", name)
	w.textIf("description", description)
	w.time("published", published)
	w.references("object_refs", refs)
	return w.object("report")
}

// NewNote makes the first version of a note (§4.13) on the objects refs, of
// which there must be one at least. abstract and createdBy may be empty.
func NewNote(now time.Time, abstract, content string, createdBy ID, refs []ID) (Object, error) {
	w := beginVersioned("note", createdBy, now)
	w.textIf("abstract", abstract)
	w.required("content", content)
	w.references("object_refs", refs)
	return w.object("note")
}

// NewIdentity makes the first version of an identity (§4.5). class is its
// identity_class, such as organization, group or individual; it may be
// empty.
func NewIdentity(now time.Time, name, class string) (Object, error) {
	w := beginVersioned("identity", "", now)
	w.required("name", name)
	w.textIf("identity_class", class)
	return w.object("identity")
}
