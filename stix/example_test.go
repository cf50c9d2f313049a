package stix_test

import (
	"fmt"

	"entente/stix"
)

func ExampleSplit() {
	objects, err := stix.Split([]byte(`{
  "type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
  "objects": [
    {"type": "location", "spec_version": "2.1", "id": "location--a6e9345f-5a15-4c29-8bb3-7dcc5d168d64",
     "created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
     "created": "2016-04-06T20:03:00.000Z", "modified": "2016-04-06T20:03:00.000Z",
     "name": "Bridge at the mill", "latitude": 36.30, "longitude": 4.310e1}
  ]
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range objects {
		fmt.Println(o.ID, o.Version(), o.Name, o.Refs)
	}
	_, err = stix.Split([]byte("{\n  \"type\": \"note\",\n  \"type\": \"report\"\n}"))
	fmt.Println(err)
	// Output:
	// location--a6e9345f-5a15-4c29-8bb3-7dcc5d168d64 2016-04-06T20:03:00Z Bridge at the mill [identity--f431f809-377b-45e0-aa1c-6a4751cae5ff]
	// line 3, column 3: member "type" stands twice in one JSON object (two readers would see different things; keep one of them)
}
