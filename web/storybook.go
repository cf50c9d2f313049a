package web

import (
	"slices"
	"time"

	"entente"
	"entente/node"
)

// story is a page in one state, with canned data:.
type story struct {
	Page  string
	State string // such as empty, one, many, error
	Who   *visitor
	Data  any
}

// stories are all pages in all their states. Each file of pages has its own list.
func stories() []story {
	return slices.Concat(inboxStories())
}

// storyWho is a visitor with every role.
var storyWho = &visitor{Name: "mira", Roles: node.Roles}

// storyTime is when the canned things happen.
var storyTime = entente.At(time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC))

func inboxStories() []story {
	row := inboxRow{
		Record: "sha256:6f1c2f4a9f4a6d1c0a5e", Name: "Two lorries at the Tamrin crossing", Type: "report", From: "Brevik Liaison",
		TLP: entente.TLPAmber, Arrived: storyTime,
	}
	arabic := row
	arabic.Name, arabic.TLP = "شاحنتان عند معبر تمرين", entente.TLPRed
	return []story{
		{"inbox", "empty", storyWho, inboxPage{}},
		{"inbox", "many", storyWho, inboxPage{Rows: []inboxRow{row, arabic, row}}},
	}
}
