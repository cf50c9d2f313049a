package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/compact"
	"entente/node"
	"entente/release"
	"entente/stix"
)

// graphPage is the neighbourhood of an object: what it refers to, what refers to
// it, and how, as far as the visitor may see both ends.
type graphPage struct {
	Centre graphNode
	Nodes  []graphNode
	Edges  []graphEdge
	Types  []graphType
	More   bool // there is more that the visitor may see than is drawn
	Width  int
	Height int
}

type graphNode struct {
	STIX   string
	Record entente.RecordID
	Type   string
	Kind   string // of type, for the colour
	Name   string
	Label  string // Name, short enough to draw
	From   string // the originator's name; empty: this party
	Chip   string
	TLP    entente.TLP
	Centre bool
	Opened bool
	X, Y   int
	Open   string // where its neighbours are shown too; empty: they are
}

type graphEdge struct {
	From, To       string // STIX ids
	FromName       string
	ToName         string
	Label          string
	X1, Y1, X2, Y2 int
	LX, LY         int
}

type graphType struct {
	Type   string
	Kind   string
	Count  int
	Hidden bool
	Toggle string // where it is shown, or not
}

// Bounds of a graph that people can still read.
const (
	mostNodes  = 120
	mostOpened = 12
	mostRefer  = 200
)

func (d *Door) graphRoutes() {
	d.page("GET /graph/{id}", (*visit).graph, readers...)
}

// neighbours gathers a graph.
type neighbours struct {
	v      *visit
	names  map[entente.PartyID]string
	order  []string                  // STIX ids, as they were found
	latest map[string]release.View   // of what the visitor may see: the newest version
	asked  map[string]bool           // looked up already
	edges  map[[2]string][]string    // labels by the two ends
	opened map[string]release.Object // whose neighbours are there
	more   bool
}

func (v *visit) graph() error {
	id := v.r.PathValue("id")
	page, err := v.node.Read(v.r.Context(), v.reader(), node.Query{Record: id})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(page.Views, func(x release.View) bool { return string(x.ID()) == id || x.Object().STIX == id })
	if i < 0 {
		return entente.ErrHidden // the beginning of an id is none
	}
	_, names, err := v.partners()
	if err != nil {
		return err
	}
	g := &neighbours{v: v, names: names, latest: map[string]release.View{}, asked: map[string]bool{}, edges: map[[2]string][]string{}, opened: map[string]release.Object{}}
	centre := page.Views[i].Object().STIX
	if ok, err := v.node.Acknowledged(v.r.Context(), page.Views[i]); err != nil {
		return err
	} else if !ok { // its conditions first
		http.Redirect(v.w, v.r, "/record/"+string(page.Views[i].ID()), http.StatusSeeOther)
		return nil
	}
	if err := g.resolve([]string{centre}); err != nil {
		return err
	}
	if err := g.open(centre); err != nil {
		return err
	}
	var opened []string
	for _, x := range v.r.URL.Query()["open"] {
		// Only what is drawn can be opened: another id is answered as none.
		if _, ok := g.latest[x]; !ok || g.opened[x].STIX != "" || len(opened) == mostOpened {
			continue
		}
		if err := g.open(x); err != nil {
			return err
		}
		opened = append(opened, x)
	}
	return v.show("graph", g.page(id, centre, opened, v.r.URL.Query()["hide"]))
}

// resolve looks objects up: for each that the visitor may see, its newest version.
func (g *neighbours) resolve(ids []string) error {
	var ask []string
	for _, id := range ids {
		if !g.asked[id] {
			g.asked[id] = true
			ask = append(ask, id)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	for part := range slices.Chunk(ask, 1000) {
		page, err := g.v.node.Read(g.v.r.Context(), g.v.reader(), node.Query{Records: part})
		if err != nil {
			return err
		}
		for _, view := range page.Views {
			id := view.Object().STIX
			if was, ok := g.latest[id]; !ok || older(was.Object().Version, view.Object().Version) {
				g.latest[id] = view
			}
		}
	}
	for _, id := range ask {
		if _, ok := g.latest[id]; ok {
			g.order = append(g.order, id)
		}
	}
	return nil
}

// older says whether one modified time is before another, or the same: what
// arrived later stands then.
func older(a, b string) bool {
	x, errX := time.Parse(time.RFC3339Nano, a)
	y, errY := time.Parse(time.RFC3339Nano, b)
	if errX != nil || errY != nil {
		return a <= b
	}
	return !x.After(y)
}

// open adds the neighbours of an object that the visitor may see.
func (g *neighbours) open(id string) error {
	ctx, of := g.v.r.Context(), g.latest[id]
	g.opened[id] = of.Object()
	full, err := g.v.node.Read(ctx, g.v.reader(), node.Query{Record: string(of.ID())})
	if err != nil {
		return err
	}
	refers, err := g.references(full.Views[0])
	if err != nil {
		return err
	}
	referring, err := g.v.node.Read(ctx, g.v.reader(), node.Query{RefersTo: id, Limit: mostRefer})
	if err != nil {
		return err
	}
	g.more = g.more || referring.More
	type link struct {
		from, to, label string
		by              release.View
	}
	var links []link
	ids := slices.Sorted(maps.Keys(refers))
	for _, to := range ids {
		links = append(links, link{id, to, g.label(refers[to]), of})
	}
	for _, view := range referring.Views {
		o := view.Object()
		props, err := g.references(view)
		if err != nil {
			return err
		}
		if len(props) == 0 { // its conditions first
			continue
		}
		ids = append(ids, o.STIX)
		if r, ok := relation(o.Type, view.Body()); ok {
			ids = append(ids, r.From, r.To)
			links = append(links, link{r.From, r.To, compact.Clean(r.Label), view})
			continue
		}
		links = append(links, link{o.STIX, id, g.label(props[id]), view})
	}
	if err := g.resolve(ids); err != nil {
		return err
	}
	for _, l := range links {
		_, from := g.latest[l.from]
		_, to := g.latest[l.to]
		newest := g.latest[l.by.Object().STIX]
		if !from || !to || newest.ID() != l.by.ID() {
			continue // an end is not for these eyes, or a newer version says otherwise
		}
		if ends := [2]string{l.from, l.to}; l.label != "" && !slices.Contains(g.edges[ends], l.label) {
			g.edges[ends] = append(g.edges[ends], l.label)
		}
	}
	return nil
}

// label is how one object refers to another, by the names of the properties.
func (g *neighbours) label(properties []string) string {
	var out []string
	for _, p := range properties {
		if g.v.Has("graph.ref." + p) {
			out = append(out, g.v.T("graph.ref."+p))
		} else {
			out = append(out, compact.Clean(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(p, "_ref"), "_refs"), "_", " ")))
		}
	}
	return strings.Join(out, ", ")
}

// relation reads a relationship: it is drawn as an edge, not as an object.
func relation(typ string, body []byte) (graphEdge, bool) {
	var r struct {
		Type   string `json:"relationship_type"`
		Source string `json:"source_ref"`
		Target string `json:"target_ref"`
	}
	if typ != "relationship" || json.Unmarshal(body, &r) != nil || r.Source == "" || r.Target == "" {
		return graphEdge{}, false
	}
	return graphEdge{From: r.Source, To: r.Target, Label: r.Type}, true
}

// references finds what a record refers to, if the visitor has acknowledged the
// conditions under which its content is shown.
func (g *neighbours) references(view release.View) (map[string][]string, error) {
	ok, err := g.v.node.Acknowledged(g.v.r.Context(), view)
	if err != nil || !ok || view.Header().Media != entente.MediaSTIX {
		return nil, err
	}
	return references(view.Body(), view.Object().STIX)
}

// references finds the STIX ids in an object but its own, and the properties in
// which they stand.
func references(body []byte, own string) (map[string][]string, error) {
	var o any
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, fmt.Errorf("object %s: %w", own, err)
	}
	out := map[string][]string{}
	add := func(id, property string) {
		if _, err := stix.ParseID(id); err == nil && id != own && !slices.Contains(out[id], property) {
			out[id] = append(out[id], property)
		}
	}
	var walk func(x any, property string)
	walk = func(x any, property string) {
		switch x := x.(type) {
		case string:
			add(x, property)
		case []any:
			for _, y := range x {
				walk(y, property)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(x)) {
				add(key, property)
				walk(x[key], key)
			}
		}
	}
	walk(o, "")
	return out, nil
}

// page draws what was gathered.
func (g *neighbours) page(id, centre string, opened, hide []string) graphPage {
	page := graphPage{More: g.more, Width: graphWidth, Height: graphHeight}
	address := func(opened, hide []string) string {
		q := url.Values{"open": opened, "hide": hide}
		if s := q.Encode(); s != "" {
			return "/graph/" + id + "?" + s
		}
		return "/graph/" + id
	}
	linked := map[string]bool{centre: true}
	for ends := range g.edges {
		linked[ends[0]], linked[ends[1]] = true, true
	}
	counts, drawn := map[string]int{}, map[string]int{}
	hide = slices.DeleteFunc(slices.Clone(hide), func(typ string) bool {
		return !slices.ContainsFunc(g.order, func(id string) bool { return linked[id] && id != centre && g.latest[id].Object().Type == typ })
	})
	slices.Sort(hide)
	hide = slices.Compact(hide)
	for _, x := range g.order {
		if !linked[x] { // found through a version that is no more
			continue
		}
		n := g.node(x)
		counts[n.Type]++
		n.Centre, n.Opened = x == centre, g.opened[x].STIX != ""
		if !n.Centre && slices.Contains(hide, n.Type) {
			continue
		}
		if len(page.Nodes) == mostNodes {
			page.More = true
			continue
		}
		if !n.Opened {
			n.Open = address(append(slices.Clone(opened), x), hide)
		}
		drawn[x] = len(page.Nodes)
		page.Nodes = append(page.Nodes, n)
	}
	for _, ends := range slices.SortedFunc(maps.Keys(g.edges), func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	}) {
		from, ok1 := drawn[ends[0]]
		to, ok2 := drawn[ends[1]]
		if ok1 && ok2 && from != to {
			page.Edges = append(page.Edges, graphEdge{From: ends[0], To: ends[1], FromName: page.Nodes[from].Name, ToName: page.Nodes[to].Name, Label: strings.Join(g.edges[ends], ", ")})
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(counts)) {
		t := graphType{Type: typ, Kind: kindOf(typ), Count: counts[typ], Hidden: slices.Contains(hide, typ)}
		if t.Hidden {
			t.Toggle = address(opened, slices.DeleteFunc(slices.Clone(hide), func(x string) bool { return x == typ }))
		} else {
			t.Toggle = address(opened, append(slices.Clone(hide), typ))
		}
		page.Types = append(page.Types, t)
	}
	layOut(page.Nodes, page.Edges)
	page.Centre = page.Nodes[drawn[centre]]
	return page
}

func (g *neighbours) node(id string) graphNode {
	view := g.latest[id]
	o := view.Object()
	n := graphNode{STIX: id, Record: view.ID(), Type: o.Type, Kind: kindOf(o.Type), Name: compact.Clean(o.Name)}
	if n.Name == "" {
		n.Name = g.v.word("type.", o.Type)
	}
	n.Label = shortened(n.Name, 26)
	if grants := view.Grants(); len(grants) > 0 {
		n.TLP = grants[0].Handling.TLP
		n.Chip, n.From = tlpChip(n.TLP), whoIs(string(view.Header().Originator), g.names)
	}
	return n
}

func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}

// kindOf sorts types into the few kinds that colours can tell apart.
func kindOf(typ string) string {
	switch typ {
	case "identity", "threat-actor", "intrusion-set", "user-account", "email-addr":
		return "actor"
	case "location":
		return "place"
	case "report", "note", "opinion", "grouping", "observed-data", "sighting":
		return "report"
	case "incident", "campaign", "course-of-action", "attack-pattern":
		return "event"
	case "marking-definition", "relationship", "language-content", "extension-definition":
		return "meta"
	}
	return "thing"
}
