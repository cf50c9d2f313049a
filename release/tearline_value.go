package release

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"entente/stix"
)

// values looks at each scalar of the tearline.
func (c *tearlineCheck) values() {
	for _, l := range c.tearLeaves {
		if x, decimals, ok := number(l); ok {
			c.near(l, x, decimals)
			c.epoch(l)
			if digits(l.Text) >= manyDigits && !isCoordinate(l) {
				c.warn(LeakNumber, l.Path, "%.40s has %d digits", l.Text, digits(l.Text))
			}
			continue
		}
		if l.Kind != '"' && l.Kind != 'k' || l.Member == "payload_bin" && l.Kind == '"' {
			continue
		}
		if l.Path != "/id" {
			c.ids(l)
		}
		if t, ok := timestamp(l); ok {
			c.moment(l, t)
			continue
		}
		if _, err := stix.ParseID(l.Text); err != nil {
			c.text(l)
		}
	}
}

const manyDigits = 7

// ids finds UUIDs of what was cut, in whatever case, also inside texts.
func (c *tearlineCheck) ids(l stix.Leaf) {
	const head, tail = 8, 28 // of the 36 characters, before and from the first hyphen
	for i := head; i+tail <= len(l.Text); i++ {
		if l.Text[i] == '-' && l.Text[i+5] == '-' && l.Text[i+10] == '-' && l.Text[i+15] == '-' {
			uuid := l.Text[i-head : i+tail]
			if what, ok := c.cutIDs[strings.ToLower(uuid)]; ok {
				c.warn(LeakID, l.Path, "%s: %s", uuid, what)
			}
		}
	}
}

func uuidOf(id string) string {
	_, uuid, _ := strings.Cut(id, "--")
	return uuid
}

// moment judges a timestamp of the tearline.
func (c *tearlineCheck) moment(l stix.Leaf, t time.Time) {
	if l.Path == "/created" || l.Path == "/modified" {
		return
	}
	at, found := slices.BinarySearchFunc(c.cutTimes, t, time.Time.Compare)
	if found {
		c.warn(LeakTime, l.Path, "%s was cut elsewhere", l.Text)
		return
	}
	for _, i := range []int{at - 1, at} {
		if i >= 0 && i < len(c.cutTimes) && !midnight(t) && t.Sub(c.cutTimes[i]).Abs() < 24*time.Hour {
			c.warn(LeakTime, l.Path, "%s has a time of day, within a day of a time that was made vague", l.Text)
			return
		}
	}
}

// epoch finds a cut time as a count of seconds or milliseconds since 1970.
func (c *tearlineCheck) epoch(l stix.Leaf) {
	if c.cutEpochs[l.Text] {
		c.warn(LeakTime, l.Path, "%s is a time that was made vague, counted from 1970", l.Text)
	}
}

// near judges a number where coordinates were made vague: three decimals of a
// degree are about a hundred metres.
func (c *tearlineCheck) near(l stix.Leaf, x float64, decimals int) {
	at, _ := slices.BinarySearch(c.cutPlaces, x)
	for _, i := range []int{at - 1, at} {
		if i >= 0 && i < len(c.cutPlaces) && (decimals >= 3 && math.Abs(x-c.cutPlaces[i]) < 0.05 || decimals >= 1 && x == c.cutPlaces[i]) {
			c.warn(LeakPlace, l.Path, "%.40s tells a coordinate that was made vague to about %s", l.Text, metresOf(decimals))
			return
		}
	}
}

func metresOf(decimals int) string {
	if decimals > 5 {
		return "a metre"
	}
	return strconv.Itoa(int(math.Round(111_000/math.Pow10(decimals)))) + " m"
}

// timestamp reads a leaf that is one.
func timestamp(l stix.Leaf) (time.Time, bool) {
	if l.Kind != '"' || len(l.Text) < 20 || len(l.Text) > 35 || l.Text[4] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, l.Text)
	return t.UTC(), err == nil
}

func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// number reads a leaf that is one, with its decimals as spelled.
func number(l stix.Leaf) (x float64, decimals int, ok bool) {
	if l.Kind != '0' {
		return 0, 0, false
	}
	return decimalOf(l.Text)
}

func decimalOf(text string) (x float64, decimals int, ok bool) {
	x, err := strconv.ParseFloat(text, 64)
	_, fraction, _ := strings.Cut(text, ".")
	return x, len(fraction), err == nil
}

func coordinate(l stix.Leaf) (x float64, decimals int, ok bool) {
	if !isCoordinate(l) {
		return 0, 0, false
	}
	return decimalOf(l.Text)
}

func isCoordinate(l stix.Leaf) bool {
	name := strings.TrimPrefix(strings.ToLower(l.Member), "x_")
	return (l.Kind == '0' || l.Kind == '"') && (strings.Contains(name, "latitude") || strings.Contains(name, "longitude") ||
		slices.Contains([]string{"lat", "lon", "lng", "long", "coordinates"}, name))
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// text looks for what is easily traced in a text.
func (c *tearlineCheck) text(l stix.Leaf) {
	text := plainDigits(l.Text)
	if isCoordinate(l) {
		if x, decimals, ok := decimalOf(text); ok {
			c.near(l, x, decimals)
			return
		}
	}
	for word := range strings.FieldsSeq(text) {
		c.word(l, strings.Trim(word, `.,;:!?"'()[]<>{}«»“”„‘’،؛؟。、`))
	}
	c.clocks(l, text)
	c.numbers(l, text)
}

// plainDigits writes the digits of other scripts as 0 to 9.
func plainDigits(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s
	}
	return strings.Map(plainDigit, s)
}

func plainDigit(r rune) rune {
	for _, zero := range []rune{0x0660, 0x06F0, 0x0966, 0x09E6, 0xFF10} {
		if r >= zero && r <= zero+9 {
			return '0' + r - zero
		}
	}
	return r
}

// word judges what stands between white space.
func (c *tearlineCheck) word(l stix.Leaf, w string) {
	user, host, at := strings.Cut(w, "@")
	switch {
	case at && user != "" && strings.Contains(strings.Trim(host, "."), "."):
		c.warn(LeakAddress, l.Path, "%.80q is an e-mail address", w)
	case strings.Contains(w, "://") || strings.HasPrefix(strings.ToLower(w), "www."):
		c.warn(LeakAddress, l.Path, "%.80q is a URL", w)
	case isDigest(w):
		c.warn(LeakFile, l.Path, "%.80q looks like a hash", w)
	}
	if dot := strings.LastIndexByte(w, '.'); dot > 0 && fileExtensions[strings.ToLower(w[dot+1:])] {
		c.warn(LeakFile, l.Path, "%.80q is a file name", w)
	}
	if len(c.cutPlaces) > 0 && (strings.Contains(w, "°") || isGrid(w)) {
		c.warn(LeakPlace, l.Path, "%.80q may be a place, and coordinates were made vague", w)
	}
}

var fileExtensions = map[string]bool{
	"jpg": true, "jpeg": true, "png": true, "heic": true, "tif": true, "tiff": true, "gif": true, "mp4": true, "mov": true, "avi": true, "mp3": true, "wav": true,
	"pdf": true, "doc": true, "docx": true, "odt": true, "rtf": true, "xls": true, "xlsx": true, "csv": true, "ppt": true, "pptx": true, "txt": true,
	"zip": true, "rar": true, "7z": true, "gz": true, "eml": true, "msg": true, "pst": true, "exe": true, "dll": true, "apk": true, "kml": true, "kmz": true, "gpx": true,
}

func isDigest(w string) bool {
	switch len(w) {
	case 32, 40, 56, 64, 96, 128:
	default:
		return false
	}
	return strings.Trim(w, "0123456789abcdefABCDEF") == ""
}

// isGrid: a reference of the Military Grid Reference System, such as 38SLF123456.
func isGrid(w string) bool {
	zone := 0
	for zone < len(w) && w[zone] >= '0' && w[zone] <= '9' {
		zone++
	}
	if zone < 1 || zone > 2 || len(w) < zone+7 || len(w)-zone > 13 || (len(w)-zone)%2 == 0 {
		return false
	}
	letters, rest := w[zone:zone+3], w[zone+3:]
	return strings.Trim(letters, "ABCDEFGHJKLMNPQRSTUVWXYZ") == "" && digits(rest) == len(rest)
}

// clocks finds times of day where times were made vague: 4:10, 04:10:33, and
// 0410 if that is what was cut.
func (c *tearlineCheck) clocks(l stix.Leaf, text string) {
	if len(c.cutTimes) == 0 {
		return
	}
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for i := range len(text) {
		if text[i] == ':' && digit(i-1) && digit(i+1) && text[i+1] < '6' && digit(i+2) && !digit(i+3) && !digit(i-3) {
			start := i - 1
			if digit(i - 2) {
				start--
			}
			c.warn(LeakTime, l.Path, "%s is a time of day, and times were made vague", text[start:i+3])
		}
	}
	for i := 0; i < len(text); i++ {
		if !digit(i) || digit(i-1) {
			continue
		}
		if digit(i+3) && !digit(i+4) && c.cutClocks[text[i:i+4]] {
			c.warn(LeakTime, l.Path, "%s is the time of day of a time that was made vague", text[i:i+4])
		}
	}
}

// numbers finds long numbers, written with or without spaces and hyphens
// between groups, and decimals that tell a coordinate.
func (c *tearlineCheck) numbers(l stix.Leaf, text string) {
	for i := 0; i < len(text); {
		if text[i] < '0' || text[i] > '9' {
			i++
			continue
		}
		end, groups := i, []int(nil)
		for {
			from := end
			for end < len(text) && text[end] >= '0' && text[end] <= '9' {
				end++
			}
			groups = append(groups, end-from)
			if isDate(groups) || end+1 >= len(text) || strings.IndexByte(" -./", text[end]) < 0 || text[end+1] < '0' || text[end+1] > '9' {
				break
			}
			if text[end] == ' ' && (end+3 >= len(text) || digits(text[end+1:end+4]) < 3) {
				break // "on 12 15 people": groups of a number have three digits and more
			}
			end++
		}
		sum := 0
		for _, g := range groups {
			sum += g
		}
		// Digits next to letters may belong to a word; those of a document do too.
		word := i > 0 && isWordByte(text[i-1]) || end < len(text) && isWordByte(text[end])
		long := sum >= manyDigits && (!word || len(groups) >= 3) || word && slices.Max(groups) >= manyDigits-1
		if long && !isDate(groups) && !hexNear(text, i, end) {
			c.warn(LeakNumber, l.Path, "%.40q has %d digits", text[i:end], sum)
		}
		if len(c.cutPlaces) > 0 && len(groups) == 2 {
			from := i
			if i > 0 && text[i-1] == '-' {
				from--
			}
			if x, decimals, ok := decimalOf(text[from:end]); ok {
				c.near(stix.Leaf{Path: l.Path, Text: text[from:end]}, x, decimals)
			}
		}
		i = end
	}
}

// isDate: 2026-03-01 or 01.03.2026.
func isDate(groups []int) bool {
	return slices.Equal(groups, []int{4, 2, 2}) || slices.Equal(groups, []int{2, 2, 4})
}

// isWordByte holds for letters; those beyond ASCII begin and end with such a byte.
func isWordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= utf8.RuneSelf
}

// hexNear says whether text[i:end] is part of a UUID or a hash, which are
// judged on their own.
func hexNear(text string, i, end int) bool {
	hex := func(b byte) bool { return strings.IndexByte("0123456789abcdefABCDEF-", b) >= 0 }
	for i > 0 && hex(text[i-1]) {
		i--
	}
	for end < len(text) && hex(text[end]) {
		end++
	}
	return end-i == 36 || isDigest(text[i:end])
}
