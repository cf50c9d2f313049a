package entente

import "bytes"

// Headers of records are written and read by the ten thousand, and nearly all of
// them look the same: five members, or six, whose texts need no escapes. These
// are written and read here, several times as fast as encode and decode do it,
// and with the same result; a fuzz test holds the two together. All others, and
// all errors, are left to encode and decode.

// isPlain says whether a byte stands for itself in a JSON text, and is ASCII.
func isPlain(c byte) bool { return ' ' <= c && c <= '~' && c != '"' && c != '\\' }

// appendHeader appends what encode writes; false if a text of the header needs more.
func appendHeader(to []byte, h *Header) ([]byte, bool) {
	ok := true
	text := func(before, s string) {
		for i := range len(s) {
			ok = ok && isPlain(s[i])
		}
		to = append(append(append(to, before...), s...), '"')
	}
	text(`{"format":"`, h.Format)
	text(`,"originator":"`, string(h.Originator))
	text(`,"media":"`, h.Media)
	text(`,"nonce":"`, string(h.Nonce))
	to = append(to, `,"time":"`...)
	to = append(h.Time.UTC().AppendFormat(to, timeLayout), '"')
	for i, s := range h.Sources {
		before := `,"`
		if i == 0 {
			before = `,"sources":["`
		}
		text(before, string(s))
	}
	if len(h.Sources) > 0 {
		to = append(to, ']')
	}
	return append(to, '}'), ok
}

// parseHeader reads what appendHeader writes; false if it is anything else,
// which decode then reads or refuses.
func parseHeader(b []byte, h *Header) bool {
	text := func(before string) ([]byte, bool) {
		rest, ok := bytes.CutPrefix(b, []byte(before))
		if !ok {
			return nil, false
		}
		end := 0
		for end < len(rest) && isPlain(rest[end]) {
			end++
		}
		if end == len(rest) || rest[end] != '"' {
			return nil, false
		}
		b = rest[end+1:]
		return rest[:end], true
	}
	format, ok1 := text(`{"format":"`)
	originator, ok2 := text(`,"originator":"`)
	media, ok3 := text(`,"media":"`)
	nonce, ok4 := text(`,"nonce":"`)
	time, ok5 := text(`,"time":"`)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || string(format) != recordFormat {
		return false
	}
	*h = Header{Format: recordFormat, Media: MediaSTIX, Nonce: Nonce(nonce)}
	if string(media) != MediaSTIX {
		h.Media = string(media)
	}
	if h.Originator.UnmarshalText(originator) != nil || h.Time.UnmarshalText(time) != nil {
		return false
	}
	for before := `,"sources":["`; ; before = `,"` {
		source, more := text(before)
		if !more {
			break
		}
		var id RecordID
		if id.UnmarshalText(source) != nil {
			return false
		}
		h.Sources = append(h.Sources, id)
	}
	if len(h.Sources) > 0 {
		return string(b) == "]}"
	}
	return string(b) == "}"
}
