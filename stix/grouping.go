package stix

import "time"

// NewGrouping makes the first version of a grouping (§4.4) of the objects refs, of
// which there must be one at least, under these markings. context is a word such
// as unspecified; name, description and markings may be empty.
func NewGrouping(now time.Time, context, name, description string, markings, refs []ID) (Object, error) {
	w := beginVersioned("grouping", "", now)
	if len(markings) > 0 {
		w.references("object_marking_refs", markings)
	}
	w.textIf("name", name)
	w.textIf("description", description)
	w.required("context", context)
	w.references("object_refs", refs)
	return w.object("grouping")
}

// NewBundle puts objects into a bundle (§8), byte for byte and in this order.
func NewBundle(objects []Object) []byte {
	b := []byte(`{"type":"bundle","id":"` + string(NewID("bundle")) + `","objects":[` + "\n")
	for i, o := range objects {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = append(b, o.Raw...)
	}
	return append(b, "\n]}\n"...)
}
