package entente

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEveryActComesBackAsItWas(t *testing.T) {
	for _, kind := range allKinds {
		t.Run(string(kind), rapid.MakeCheck(func(t *rapid.T) {
			a, card, signers := drawAct(t, kind)
			s, err := Sign(a, signers...)
			if err != nil {
				t.Fatal(err)
			}
			a.Format, a.Nonce = s.Act.Format, s.Act.Nonce
			if len(a.Nonce) != 32 {
				t.Fatalf("nonce %q", a.Nonce)
			}
			want, err := encode(&a)
			if err != nil || !bytes.Equal(want, s.Payload) {
				t.Fatalf("signed another act than was asked for: %s\n%s", want, s.Payload)
			}
			back, err := ParseSigned(s.Envelope())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, s) {
				t.Fatalf("came back as %+v\nwas %+v", back, s)
			}
			if !bytes.Equal(back.Envelope(), s.Envelope()) {
				t.Fatal("another envelope")
			}
			if err := back.VerifyBy(card); err != nil {
				t.Fatal(err)
			}
			checkFlips(t, card, s.Envelope())
		}))
	}
}

// checkFlips changes single bytes; none of them may go through.
func checkFlips(t *rapid.T, card *Card, good []byte) {
	for range 8 {
		at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		by := rapid.ByteRange(1, 255).Draw(t, "by")
		b := slices.Clone(good)
		b[at] ^= by
		s, err := ParseSigned(b)
		if err == nil {
			err = s.VerifyBy(card)
		}
		if err == nil {
			t.Fatalf("byte %d changed from %q to %q and nobody noticed:\n%s", at, good[at], b[at], b)
		}
	}
}

// Every bit of one envelope, the shortest of the cast and one with two signatures.
func TestNoBitCanBeFlipped(t *testing.T) {
	c := theCast()
	for _, name := range []string{"resumption", "recall"} {
		good := c.act(name).Envelope()
		if err := c.act(name).VerifyBy(c.card(name)); err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(good) {
			b := slices.Clone(good)
			b[i/8] ^= 1 << (i % 8)
			s, err := ParseSigned(b)
			if err == nil {
				err = s.VerifyBy(c.card(name))
			}
			if err == nil {
				t.Errorf("%s: bit %d of byte %d can be flipped", name, i%8, i/8)
			}
		}
	}
}

func TestEveryRecordComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		sources := rapid.SliceOfNDistinct(ids[RecordID](drawID), 0, 8, rapid.ID).Draw(t, "sources")
		media := rapid.SampledFrom([]string{MediaSTIX, "text/plain; charset=utf-8", "application/octet-stream"}).Draw(t, "media")
		at := drawTime.Draw(t, "time")
		originator := PartyID(drawID.Draw(t, "originator"))
		r, err := NewRecord(originator, media, at, sources, body)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseRecord(bytes.Clone(r.Bytes))
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("came back as %+v (%v)\nwas %+v", back, err, r)
		}
		h := r.Header
		if !bytes.Equal(r.Body, body) || h.Originator != originator || h.Media != media || !h.Time.Equal(at.Time) || !slices.IsSorted(h.Sources) || len(h.Sources) != len(sources) {
			t.Fatalf("another record: %+v", r)
		}
		twin, err := NewRecord(originator, media, at, sources, body)
		if err != nil || twin.ID == r.ID {
			t.Fatal("two records of one content have one id: the id can be guessed")
		}
	})
}

func TestEveryBatchComesBackAsItWas(t *testing.T) {
	blob := rapid.SliceOfN(rapid.Byte(), 1, 300)
	rapid.Check(t, func(t *rapid.T) {
		b := Batch{
			Channel: Channel{PartyID(drawID.Draw(t, "from")), PartyID(drawID.Draw(t, "to")), CompactID(drawID.Draw(t, "compact")), drawCount.Draw(t, "epoch")},
			First:   rapid.Int64Range(0, maxCount).Draw(t, "first"), Head: blob.Draw(t, "head"),
		}
		for range rapid.IntRange(0, 5).Draw(t, "parcels") {
			p := Parcel{Leaf: ActID(drawID.Draw(t, "leaf")), Act: []byte{}}
			if rapid.Bool().Draw(t, "there") {
				p.Act, p.Attached, p.Records = blob.Draw(t, "act"), rapid.SliceOfN(blob, 1, 3).Draw(t, "attached"), rapid.SliceOfN(blob, 1, 3).Draw(t, "records")
			}
			b.Parcels = append(b.Parcels, p)
		}
		wire := AppendBatch(nil, &b)
		back, err := ParseBatch(wire)
		if err != nil || !reflect.DeepEqual(back, b) {
			t.Fatalf("came back as %+v (%v)\nwas %+v", back, err, b)
		}
		for range 8 {
			cut := rapid.IntRange(0, len(wire)-1).Draw(t, "cut")
			if _, err := ParseBatch(wire[:cut]); err == nil {
				t.Fatalf("%d of %d bytes were enough", cut, len(wire))
			}
		}
	})
}

// A time is cut, never rounded up: what is claimed does not lie in the future.
func TestTimeIsCutToTheMicrosecond(t *testing.T) {
	zone := time.FixedZone("", 3*3600)
	at := At(time.Date(2026, 3, 1, 12, 0, 0, 999_999_999, zone))
	if got := at.String(); got != "2026-03-01T09:00:00.999999Z" {
		t.Errorf("%s", got)
	}
	if d := DateOf(time.Date(2026, 3, 1, 2, 59, 0, 0, zone)); d != "2026-02-28" {
		t.Errorf("the day in UTC is %s", d)
	}
	h := Handling{Expires: "2026-03-01"}
	if h.Expired(time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)) || !h.Expired(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("a release ends at the start of its day")
	}
	if (Handling{}).Expired(at.Time) || !(Handling{Expires: "soon"}).Expired(at.Time) {
		t.Error("no expiry: it stands; an expiry nobody can read: it has ended")
	}
}

func TestErrorsKeepTheirCauses(t *testing.T) {
	one := Errorf(Refused, "ask", "read %s: %w", "it", io.EOF)
	two := Errorf(Broken, "", "%w and %w", io.EOF, ErrSignature)
	if !errors.Is(one, io.EOF) || !errors.Is(two, io.EOF) || !errors.Is(two, ErrSignature) {
		t.Errorf("a cause was lost: %v, %v", one.Cause, two.Cause)
	}
	wrapped := fmt.Errorf("door: %w", one)
	if KindOf(wrapped) != Refused || HintOf(wrapped) != "ask" || KindOf(io.EOF) != "" || one.Error() != "read it: EOF" {
		t.Errorf("%q %q %q", KindOf(wrapped), HintOf(wrapped), one)
	}
	if plain := Errorf(Invalid, "", "no cause"); plain.Cause != nil {
		t.Errorf("cause %v out of nothing", plain.Cause)
	}
}
