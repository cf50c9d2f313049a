package stix

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"
)

// idSpace is the UUID namespace of deterministic ids (§2.9).
var idSpace = uuid.MustParse("00abedb4-aa42-466c-9c01-fed23315a9b7")

// deterministicID makes the id of a cyber-observable object (§2.9): UUID
// version 5 over the canonical JSON (RFC 8785) of its contributing properties.
func deterministicID(typ string, contributing []byte) (ID, error) {
	canonical, err := jcs.Transform(contributing)
	if err != nil {
		return "", fmt.Errorf("stix: canonical JSON for the id of a %s: %w", typ, err)
	}
	return ID(typ + "--" + uuid.NewSHA1(idSpace, canonical).String()), nil
}

// artifactFrame is room for all of an artifact but its payload and MIME type.
const artifactFrame = 512

// NewArtifact holds data in an artifact (§6.1): payload_bin in base64, SHA-256,
// and mime_type unless mime is "". Its id follows from data alone, so that the
// same data has the same id everywhere; mime is not part of it. About 12.5 MB
// fit below MaxObject; more is refused.
func NewArtifact(mime string, data []byte) (Object, error) {
	encoded := base64.StdEncoding.EncodedLen(len(data))
	if size := encoded + len(mime) + artifactFrame; size > MaxObject {
		return Object{}, fmt.Errorf("stix: make artifact: %d bytes of data need an object of %d bytes, over the limit of %d (MaxObject); split the data", len(data), size, MaxObject)
	}
	hash := sha256.Sum256(data)
	digest := hex.EncodeToString(hash[:])
	payload := func(w *writer) {
		w.member("payload_bin")
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, data)
		w.b = append(w.b, '"')
	}

	contributing := &writer{b: make([]byte, 0, encoded+artifactFrame)}
	contributing.b = append(contributing.b, '{')
	contributing.sha256(digest)
	payload(contributing)
	id, err := deterministicID("artifact", append(contributing.b, '}'))
	if err != nil {
		return Object{}, err
	}

	w := begin("artifact", id)
	w.textIf("mime_type", mime)
	w.sha256(digest)
	payload(w)
	return w.object("artifact")
}

// NewFile describes a file (§6.7): name, size, SHA-256 and, unless artifact is
// "", content_ref to the artifact that holds it. Its id follows from name and
// data.
func NewFile(name string, data []byte, artifact ID) (Object, error) {
	hash := sha256.Sum256(data)
	digest := hex.EncodeToString(hash[:])

	contributing := &writer{b: []byte{'{'}}
	contributing.sha256(digest)
	contributing.required("name", name)
	if contributing.err != nil {
		return Object{}, fmt.Errorf("stix: make file: %w", contributing.err)
	}
	id, err := deterministicID("file", append(contributing.b, '}'))
	if err != nil {
		return Object{}, err
	}

	w := begin("file", id)
	w.sha256(digest)
	w.number("size", len(data))
	w.text("name", name)
	w.reference("content_ref", artifact, "artifact")
	return w.object("file")
}
