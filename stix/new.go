package stix

import (
	"fmt"
	"strconv"
	"time"
)

// Property is one property of an object that is made here. Value is a string, int,
// float64, [time.Time], [ID] or a list of [ID]; one that is empty is left out.
type Property struct {
	Name  string
	Value any
}

// New makes the first version of an object of a type that has versions, with these
// properties in this order behind the common ones (§3.2). It checks that the object
// can be read again, not that the type's own rules are kept.
func New(now time.Time, typ string, properties []Property) (Object, error) {
	w := beginVersioned(typ, "", now)
	for _, p := range properties {
		switch v := p.Value.(type) {
		case string:
			w.textIf(p.Name, v)
		case int:
			w.number(p.Name, v)
		case float64:
			w.member(p.Name)
			w.b = strconv.AppendFloat(w.b, v, 'f', -1, 64)
		case time.Time:
			if !v.IsZero() {
				w.time(p.Name, v)
			}
		case ID:
			if v != "" {
				w.reference(p.Name, v, v.Type())
			}
		case []ID:
			if len(v) > 0 {
				w.references(p.Name, v)
			}
		default:
			w.fail(fmt.Errorf("%s: no property is a %T", p.Name, v))
		}
	}
	return w.object(typ)
}
