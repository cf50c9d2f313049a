package web

import (
	"fmt"

	"entente"
)

func graphStories() []story {
	at := func(i int, typ, name string) graphNode {
		return graphNode{
			STIX: fmt.Sprintf("%s--6a4f1c2d-0000-4000-8000-%012d", typ, i), Record: entente.RecordID(storyParty("f")), Type: typ, Kind: kindOf(typ), Name: name, Label: shortened(name, 26),
			From: "Brevik Coast Service", TLP: entente.TLPAmber, Chip: "tlp-amber", Open: "/graph/x?open=y",
		}
	}
	page := func(nodes []graphNode, links [][3]any) graphPage {
		p := graphPage{Nodes: nodes, Width: graphWidth, Height: graphHeight}
		p.Nodes[0].Centre, p.Nodes[0].Open, p.Nodes[0].From = true, "", ""
		for _, l := range links {
			from, to := nodes[l[0].(int)], nodes[l[1].(int)]
			p.Edges = append(p.Edges, graphEdge{From: from.STIX, To: to.STIX, FromName: from.Name, ToName: to.Name, Label: l[2].(string)})
		}
		layOut(p.Nodes, p.Edges)
		p.Centre = p.Nodes[0]
		p.Types = []graphType{{Type: "report", Kind: "report", Count: 2, Toggle: "/graph/x?hide=report"}, {Type: "location", Kind: "place", Count: 1, Hidden: true, Toggle: "/graph/x"}}
		return p
	}
	few := page([]graphNode{
		at(0, "intrusion-set", "Lantern Society"), at(1, "identity", "Cobalt Shipping Office of the Northern Islands"), at(2, "report", "Two lorries at the Tamrin crossing"),
		at(3, "location", "معبر تمرين"), at(4, "tool", "Forged manifests"), at(5, "note", "Second source"),
	}, [][3]any{{0, 4, "uses"}, {1, 0, "finances"}, {2, 0, "about"}, {2, 3, "about"}, {5, 2, "about"}, {0, 3, "located-at"}})
	var crowd []graphNode
	var links [][3]any
	for i := range 60 {
		typ := []string{"intrusion-set", "identity", "report", "location", "tool"}[i%5]
		crowd = append(crowd, at(i, typ, fmt.Sprintf("%s %d", typ, i)))
		if i > 0 {
			links = append(links, [3]any{i, (i - 1) / 4, "about"})
		}
	}
	many := page(crowd, links)
	many.More = true
	return []story{
		{"graph", "alone", storyWho, page([]graphNode{at(0, "report", "تقرير عن معبر تمرين")}, nil)},
		{"graph", "few", storyWho, few},
		{"graph", "many", storyWho, many},
	}
}
