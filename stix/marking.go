package stix

import (
	"fmt"
	"strings"
	"time"

	"entente"
)

// The fixed marking definitions of the Traffic Light Protocol, with the label
// of TLP 2.0 that each stands for. TLP 1.0: §7.2.1.4; white is now called
// clear. TLP 2.0: the property extension that OASIS published for it.
var (
	markingsTLP1 = map[ID]entente.TLP{
		"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": entente.TLPClear,
		"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": entente.TLPGreen,
		"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": entente.TLPAmber,
		"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": entente.TLPRed,
	}
	markingsTLP2 = map[ID]entente.TLP{
		"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": entente.TLPClear,
		"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": entente.TLPGreen,
		"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": entente.TLPAmber,
		"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": entente.TLPAmberStrict,
		"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": entente.TLPRed,
	}
)

// tlpExtension is the definition that the TLP 2.0 markings name as the key of
// their extensions.
const tlpExtension ID = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

// IsStandardMarking tells whether id is one of the fixed TLP 1.0 or TLP 2.0
// marking definitions. Everybody knows them: a reference to one reveals nothing
// and the object need not be held by anybody.
func IsStandardMarking(id ID) bool { return standardLabel(id) != "" }

// IsStandardExtension tells whether id is the extension definition of the
// TLP 2.0 markings. Each of those markings refers to it; like them it need not
// be held by anybody.
func IsStandardExtension(id ID) bool { return id == tlpExtension }

// MarkedTLP is the label that a standard marking stands for; empty for other ids.
func MarkedTLP(id ID) entente.TLP { return standardLabel(id) }

func standardLabel(id ID) entente.TLP {
	if label, ok := markingsTLP1[id]; ok {
		return label
	}
	return markingsTLP2[id]
}

// TLPMarking is the id of the fixed TLP 2.0 marking definition for a label; ""
// if it is none.
func TLPMarking(label entente.TLP) ID {
	for id, l := range markingsTLP2 {
		if l == label {
			return id
		}
	}
	return ""
}

// StandardMarking is the published object of a fixed TLP marking, for readers
// that want to hold it; false if id is none of them.
func StandardMarking(id ID) (Object, bool) {
	w := begin("marking-definition", id)
	if label, ok := markingsTLP2[id]; ok {
		w.text("created", "2022-10-01T00:00:00.000Z")
		w.text("name", "TLP:"+strings.ToUpper(string(label)))
		w.member("extensions")
		w.b = append(w.b, `{"`+string(tlpExtension)+`":{"extension_type":"property-extension","tlp_2_0":"`+string(label)+`"}}`...)
	} else if label, ok := markingsTLP1[id]; ok {
		old := string(label)
		if label == entente.TLPClear {
			old = "white"
		}
		w.text("created", "2017-01-20T00:00:00.000Z")
		w.text("definition_type", "tlp")
		w.text("name", "TLP:"+strings.ToUpper(old))
		w.member("definition")
		w.b = append(w.b, `{"tlp":"`+old+`"}`...)
	} else {
		return Object{}, false
	}
	o, err := w.object("marking-definition")
	return o, err == nil
}

// NewStatement makes a statement marking (§7.2.1.3), such as terms of use.
// createdBy, the id of an identity, may be empty.
func NewStatement(now time.Time, statement string, createdBy ID) (Object, error) {
	w := begin("marking-definition", NewID("marking-definition"))
	w.reference("created_by_ref", createdBy, "identity")
	w.time("created", now)
	w.text("definition_type", "statement")
	if statement == "" {
		w.fail(fmt.Errorf("statement is empty"))
	}
	w.member("definition")
	w.b = append(w.b, '{')
	w.text("statement", statement)
	w.b = append(w.b, '}')
	return w.object("marking-definition")
}
