package stix

// kind is what the standard says an object of a type is.
type kind uint8

const (
	custom     kind = iota // not in the standard: accepted with what it carries
	versioned              // SDO, SRO and language-content: has created and modified
	observable             // SCO: has neither
	marking                // marking-definition: has created, is never modified
	extension              // extension-definition: versioned, and names who made it
	bundle                 // not an object at all
)

var kinds = map[string]kind{
	"bundle": bundle, // §8

	// §4, STIX domain objects
	"attack-pattern": versioned, "campaign": versioned, "course-of-action": versioned,
	"grouping": versioned, "identity": versioned, "incident": versioned, "indicator": versioned,
	"infrastructure": versioned, "intrusion-set": versioned, "location": versioned,
	"malware": versioned, "malware-analysis": versioned, "note": versioned,
	"observed-data": versioned, "opinion": versioned, "report": versioned,
	"threat-actor": versioned, "tool": versioned, "vulnerability": versioned,

	// §5, relationship objects
	"relationship": versioned, "sighting": versioned,

	// §6, cyber-observable objects
	"artifact": observable, "autonomous-system": observable, "directory": observable,
	"domain-name": observable, "email-addr": observable, "email-message": observable,
	"file": observable, "ipv4-addr": observable, "ipv6-addr": observable, "mac-addr": observable,
	"mutex": observable, "network-traffic": observable, "process": observable,
	"software": observable, "url": observable, "user-account": observable,
	"windows-registry-key": observable, "x509-certificate": observable,

	// §7, meta objects
	"language-content": versioned, "marking-definition": marking, "extension-definition": extension,
}
