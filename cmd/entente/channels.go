package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"entente"
)

type channelsCmd struct{}

type channelsAnswer struct {
	Channels []channelLine `json:"channels"`
}

type channelLine struct {
	Partner     partyRef               `json:"partner"`
	Compact     entente.CompactID      `json:"compact"`
	CompactName string                 `json:"compact_name"`
	Direction   string                 `json:"direction"` // "out" or "in"
	Epoch       int64                  `json:"epoch"`
	Owed        int64                  `json:"owed"`      // queued, not in the channel yet
	Delivered   int64                  `json:"delivered"` // entries in the channel
	Receipted   int64                  `json:"receipted"` // entries that the receiver has answered for
	Codes       map[entente.Code]int64 `json:"codes"`
	Refused     []refusedLine          `json:"refused"` // the last ones
}

type refusedLine struct {
	Position int64        `json:"position"`
	Act      string       `json:"act"`
	Code     entente.Code `json:"code"`
}

var opChannels = define("channels", func(ctx context.Context, o *office, _ nothing) (channelsAnswer, error) {
	a := channelsAnswer{Channels: []channelLine{}}
	all, err := o.node.Channels(ctx)
	for _, c := range all {
		l := channelLine{
			Partner: partyRef{c.Partner, c.PartnerName}, Compact: c.Compact, CompactName: c.CompactName, Direction: "in", Epoch: c.Epoch,
			Owed: c.Owed, Delivered: c.Size, Receipted: c.Receipted, Codes: c.Codes, Refused: []refusedLine{},
		}
		if c.From == o.node.Self() {
			l.Direction = "out"
		}
		for _, r := range c.Refused {
			l.Refused = append(l.Refused, refusedLine{r.Pos, r.Act, r.Code})
		}
		a.Channels = append(a.Channels, l)
	}
	return a, err
})

func (c *channelsCmd) Run(s *session) error {
	a, err := ask(s, opChannels, nothing{})
	if err != nil {
		return err
	}
	return s.show(a, func(p *printer) {
		rows := [][]string{{"PARTNER", "COMPACT", "WAY", "OWED", "DELIVERED", "RECEIPTED", "WHAT BECAME OF IT"}}
		for _, l := range a.Channels {
			rows = append(rows, []string{plain(l.Partner.Name), plain(l.CompactName), l.Direction, fmt.Sprint(l.Owed), fmt.Sprint(l.Delivered), fmt.Sprint(l.Receipted), codes(l.Codes)})
		}
		p.table(rows)
		for _, l := range a.Channels {
			for _, r := range l.Refused {
				p.line("%s, %s, entry %d (%s): %s", plain(l.Partner.Name), l.Direction, r.Position, entente.Short(entente.ActID(r.Act)), plain(r.Code))
			}
		}
	})
}

func codes(m map[entente.Code]int64) string {
	var out []string
	for _, c := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", plain(c), m[c]))
	}
	return strings.Join(out, ", ")
}
