package passkey_test

import (
	"strings"
	"testing"

	"entente"
	"entente/passkey"
	"entente/passkey/passkeytest"
)

const origin = "https://desk.example.org"

func TestAPasskeyIsRegisteredAndSigns(t *testing.T) {
	for _, curve := range []bool{false, true} {
		d := passkeytest.New(origin, curve)
		challenge := passkey.Challenge([]byte("a new passkey"))
		k, err := passkey.Register(d.Create(challenge), challenge, origin)
		if err != nil {
			t.Fatalf("register: %v", err)
		}
		text := passkey.Challenge([]byte("approve this"))
		if err := k.Verify(d.Get(text), text); err != nil {
			t.Errorf("a rightful signature: %v", err)
		}
		if id, err := passkey.Of(d.Get(text)); err != nil || string(id) != string(d.ID) {
			t.Errorf("the answer is by %q, %v", id, err)
		}
	}
}

// Every part of an answer that can be wrong, wrong once.
func TestWhatDoesNotHoldIsRefused(t *testing.T) {
	right := passkeytest.New(origin, true)
	challenge := passkey.Challenge([]byte("approve this"))
	k, err := passkey.Register(right.Create(challenge), challenge, origin)
	if err != nil {
		t.Fatal(err)
	}
	twists := map[string]func(*passkeytest.Device){
		"another origin":        func(d *passkeytest.Device) { d.Origin = "https://desk.example.com" },
		"another host":          func(d *passkeytest.Device) { d.Host = "example.com" },
		"nobody was there":      func(d *passkeytest.Device) { d.Flags = 4 },
		"the user not verified": func(d *passkeytest.Device) { d.Flags = 1 },
		"another ceremony":      func(d *passkeytest.Device) { d.Kind = "payment.get" },
		"inside another page":   func(d *passkeytest.Device) { d.Cross = true },
		"another key":           func(d *passkeytest.Device) { d.Key = passkeytest.New(origin, true).Key },
		"another credential":    func(d *passkeytest.Device) { d.ID = []byte("credential two") },
	}
	for name, twist := range twists {
		d := right
		twist(&d)
		if err := k.Verify(d.Get(challenge), challenge); entente.KindOf(err) != entente.Refused {
			t.Errorf("%s, at signing: %v", name, err)
		}
		if strings.HasPrefix(name, "another key") || strings.HasPrefix(name, "another credential") {
			continue // a new one is as good as any
		}
		if _, err := passkey.Register(d.Create(challenge), challenge, origin); entente.KindOf(err) != entente.Refused {
			t.Errorf("%s, at registration: %v", name, err)
		}
	}
	other := passkey.Challenge([]byte("approve something else"))
	if err := k.Verify(right.Get(challenge), other); entente.KindOf(err) != entente.Refused {
		t.Errorf("what was signed for something else: %v", err)
	}
	if _, err := passkey.Register(right.Create(challenge), other, origin); entente.KindOf(err) != entente.Refused {
		t.Errorf("a registration for something else: %v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	d := passkeytest.New(origin, false)
	challenge := passkey.Challenge([]byte("x"))
	f.Add(d.Create(challenge))
	f.Add(d.Get(challenge))
	k := passkey.Key{ID: d.ID, Public: d.Public(), Origin: origin}
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, err := passkey.Register(answer, challenge, origin)
		if err != nil && entente.KindOf(err) != entente.Refused {
			t.Errorf("register: %v", err)
		}
		if err := k.Verify(answer, passkey.Challenge([]byte("never signed"))); entente.KindOf(err) != entente.Refused {
			t.Errorf("verify: %v", err)
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add(passkeytest.New(origin, false).Public())
	f.Add(passkeytest.New(origin, true).Public())
	f.Fuzz(func(t *testing.T, public []byte) {
		if err := (passkey.Key{ID: []byte{1}, Public: public, Origin: origin}).Check(); err != nil && entente.KindOf(err) != entente.Refused {
			t.Error(err)
		}
	})
}
