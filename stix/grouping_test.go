package stix_test

import (
	"bytes"
	"testing"
	"time"

	"entente/stix"
)

func TestBundleKeepsObjectsByteForByte(t *testing.T) {
	now := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	odd := []byte(`{"type":"identity", "spec_version":"2.1","id":"identity--d6e9345f-5a15-4c29-8bb3-7dcc5d168d64","created":"2026-04-06T20:03:00.000Z","modified":"2026-04-06T20:03:00.000Z","name":"\u0041 <&>"}`)
	first, err := stix.Parse(odd)
	if err != nil {
		t.Fatal(err)
	}
	amber := stix.TLPMarking("amber")
	second, err := stix.NewGrouping(now, "unspecified", "", "why", []stix.ID{amber}, []stix.ID{first.ID})
	if err != nil {
		t.Fatal(err)
	}
	got, err := stix.Split(stix.NewBundle([]stix.Object{first, second}))
	if err != nil || len(got) != 2 || !bytes.Equal(got[0].Raw, odd) || !bytes.Equal(got[1].Raw, second.Raw) {
		t.Fatalf("%v, %v", got, err)
	}
	m, err := stix.Markings(second)
	if err != nil || m.TLP != "amber" {
		t.Errorf("markings of the grouping: %+v, %v", m, err)
	}
	for name, make := range map[string]func() (stix.Object, error){
		"no objects": func() (stix.Object, error) { return stix.NewGrouping(now, "unspecified", "", "", nil, nil) },
		"no context": func() (stix.Object, error) { return stix.NewGrouping(now, "", "", "", nil, []stix.ID{first.ID}) },
		"no id": func() (stix.Object, error) {
			return stix.NewGrouping(now, "unspecified", "", "", []stix.ID{"amber"}, []stix.ID{first.ID})
		},
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
