package stix

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// ID is a STIX identifier: type, two hyphens, UUID in lower case (§2.9), such
// as "report--84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3".
type ID string

const (
	minType = 3
	maxType = 250
	uuidLen = len(uuidForm)
)

// ParseID checks the form of s: a type name of 3 to 250 characters out of a-z,
// 0-9 and hyphen, "--" exactly once, and a UUID in the form of RFC 4122 with
// lower-case digits. It does not look at the UUID's version: other systems use
// several.
func ParseID(s string) (ID, error) {
	if !isID([]byte(s)) {
		return "", fmt.Errorf("stix id %s: want type--UUID, with the UUID in lower case, as in identity--f431f809-377b-45e0-aa1c-6a4751cae5ff", shown(s))
	}
	return ID(s), nil
}

// NewID makes a random id (UUID version 4) for an object of type typ. It panics
// if typ is not a type name.
func NewID(typ string) ID {
	if !isType([]byte(typ)) {
		panic("stix: NewID: " + shown(typ) + " is not a type name")
	}
	return ID(typ + "--" + uuid.NewString())
}

// Type is what stands before the "--", or "" if there is none.
func (id ID) Type() string {
	typ, _, found := strings.Cut(string(id), "--")
	if !found {
		return ""
	}
	return typ
}

func isID(s []byte) bool {
	cut := len(s) - uuidLen - 2
	return cut >= minType && cut <= maxType &&
		s[cut] == '-' && s[cut+1] == '-' &&
		isUUID(s[cut+2:]) && isType(s[:cut])
}

// isType: §3.2 and, for types outside the standard, §11.2. A hyphen at the end
// would leave unclear where the type ends in an id.
func isType(s []byte) bool {
	if len(s) < minType || len(s) > maxType {
		return false
	}
	for i, c := range s {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && i < len(s)-1 && s[i+1] != '-':
		default:
			return false
		}
	}
	return true
}

const uuidForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

// uuidClass tells which character of uuidForm a byte may stand for.
var uuidClass = func() (class [256]byte) {
	for _, c := range []byte("0123456789abcdef") {
		class[c] = 'x'
	}
	class['-'] = '-'
	return class
}()

func isUUID(s []byte) bool {
	if len(s) != len(uuidForm) {
		return false
	}
	for i, c := range s {
		if uuidClass[c] != uuidForm[i] {
			return false
		}
	}
	return true
}
