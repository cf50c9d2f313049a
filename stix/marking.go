package stix

// standardMarkings are fixed for everybody: TLP 1.0 by §7.2.1.4, TLP 2.0 by the
// property extension that OASIS published for it.
var standardMarkings = map[ID]bool{
	"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": true, // TLP 1.0 white
	"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": true, // TLP 1.0 green
	"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": true, // TLP 1.0 amber
	"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": true, // TLP 1.0 red
	"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": true, // TLP:CLEAR
	"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": true, // TLP:GREEN
	"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": true, // TLP:AMBER
	"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": true, // TLP:AMBER+STRICT
	"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": true, // TLP:RED
}

// tlpExtension is the definition that the TLP 2.0 markings name as the key of
// their extensions.
const tlpExtension ID = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

// IsStandardMarking tells whether id is one of the fixed TLP 1.0 or TLP 2.0
// marking definitions. Everybody knows them: a reference to one reveals nothing
// and the object need not be held by anybody.
func IsStandardMarking(id ID) bool { return standardMarkings[id] }

// IsStandardExtension tells whether id is the extension definition of the
// TLP 2.0 markings. Each of those markings refers to it; like them it need not
// be held by anybody.
func IsStandardExtension(id ID) bool { return id == tlpExtension }
