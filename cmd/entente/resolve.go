package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"entente"
	"entente/compact"
	"entente/node"
	"entente/release"
	"entente/store"
)

// People name parties, compacts and records by an id, by the begin of one, or by
// a name. What is named must be one thing: where it could be several, the error
// lists them.

// shortest is how many digits of an id say which one is meant.
const shortest = 4

// idBegins says whether text is the begin of an id, with or without "sha256:".
func idBegins[T ~string](id T, text string) bool {
	digits := strings.TrimPrefix(strings.ToLower(text), "sha256:")
	return len(digits) >= shortest && strings.HasPrefix(strings.TrimPrefix(string(id), "sha256:"), digits)
}

// one wants exactly one candidate.
func one[T any](what, text, hint string, found []T, describe func(T) string) (T, error) {
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		var none T
		return none, entente.Errorf(entente.Invalid, hint, "no %s is named %q", what, text)
	}
	list := make([]string, 0, len(found))
	for _, f := range found {
		list = append(list, describe(f))
	}
	var none T
	return none, entente.Errorf(entente.Invalid, "give the id of the one that is meant, or more digits of it", "%q can mean several: %s", text, strings.Join(list, ", "))
}

// choose gives the candidates that text names: by name if any has that name,
// else by the begin of their ids.
func choose[T any](all []T, text string, name func(T) string, id func(T) string) []T {
	var byName, byID []T
	for _, c := range all {
		if id(c) == text {
			return []T{c}
		}
		if strings.EqualFold(name(c), text) {
			byName = append(byName, c)
		}
		if idBegins(id(c), text) {
			byID = append(byID, c)
		}
	}
	if byName != nil {
		return byName
	}
	return byID
}

func findParty(ctx context.Context, n *node.Node, text string) (store.Party, error) {
	all, err := n.Parties(ctx)
	if err != nil {
		return store.Party{}, err
	}
	found := choose(all, text, func(p store.Party) string { return p.Name }, func(p store.Party) string { return string(p.ID) })
	return one("party", text, "entente parties lists those known here; entente trust FILE makes one known", found,
		func(p store.Party) string { return named(p.Name, p.ID) })
}

func findCompact(ctx context.Context, n *node.Node, text string) (*compact.State, error) {
	all, err := n.Compacts(ctx)
	if err != nil {
		return nil, err
	}
	found := choose(all, text, compactName, func(s *compact.State) string { return string(s.ID) })
	return one("compact", text, "entente compact ls lists those known here", found,
		func(s *compact.State) string { return named(compactName(s), s.ID) })
}

func compactName(s *compact.State) string {
	if s.Charter == nil {
		return ""
	}
	return s.Charter.Name
}

// findAct finds one of these acts.
func findAct(what, text, hint string, all []entente.ActID) (entente.ActID, error) {
	found := choose(all, text, func(entente.ActID) string { return "" }, func(id entente.ActID) string { return string(id) })
	return one(what, text, hint, found, func(id entente.ActID) string { return entente.Short(id) })
}

// names gives parties their names.
type names map[entente.PartyID]string

func partyNames(ctx context.Context, n *node.Node) (names, error) {
	all, err := n.Parties(ctx)
	out := make(names, len(all))
	for _, p := range all {
		out[p.ID] = p.Name
	}
	return out, err
}

// of is a party's name, or the one that a charter gives it.
func (m names) of(p entente.PartyID, s *compact.State) string {
	if name := m[p]; name != "" {
		return name
	}
	if s != nil && s.Members[p] != nil {
		return s.Members[p].Seat.Name
	}
	return ""
}

// compactNames gives compacts their names.
func compactNames(ctx context.Context, n *node.Node) (map[entente.CompactID]string, error) {
	all, err := n.Compacts(ctx)
	out := make(map[entente.CompactID]string, len(all))
	for _, s := range all {
		out[s.ID] = compactName(s)
	}
	return out, err
}

// views reads what text names: one record by its id or the begin of it, or all
// versions of the object with this STIX id.
func (o *office) views(ctx context.Context, text string) ([]release.View, error) {
	if isSTIX := strings.Contains(text, "--"); !isSTIX && len(strings.TrimPrefix(text, "sha256:")) < shortest {
		return nil, entente.Errorf(entente.Invalid, "give a STIX id, or at least 4 digits of a record id", "%q names no record", text)
	}
	page, err := o.node.Read(ctx, o.operator(), node.Query{Record: text})
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return page.Views, nil
}

// record finds the record that text names; of an object with several versions
// the newest, and its own before those of others.
func (o *office) record(ctx context.Context, text string) (release.View, error) {
	all, err := o.views(ctx, text)
	if err != nil {
		return release.View{}, err
	}
	return o.meant(text, all)
}

// records finds what each of the texts names, as record does. Whole ids, of which
// there may be thousands, are looked up together; their views are without bodies.
func (o *office) records(ctx context.Context, texts []string) ([]release.View, error) {
	byName := map[string][]release.View{}
	for whole := range slices.Chunk(slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !wholeID.MatchString(text) }), 1000) {
		page, err := o.node.Read(ctx, o.operator(), node.Query{Records: whole})
		if err != nil {
			return nil, err
		}
		for _, v := range page.Views {
			byName[string(v.ID())] = append(byName[string(v.ID())], v)
			byName[v.Object().STIX] = append(byName[v.Object().STIX], v)
		}
	}
	out := make([]release.View, len(texts))
	for i, text := range texts {
		var err error
		if all := byName[text]; len(all) > 0 {
			out[i], err = o.meant(text, all)
		} else {
			out[i], err = o.record(ctx, text)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

var wholeID = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|[a-z0-9-]+--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// meant chooses, of all views that text names, the one that is meant.
func (o *office) meant(text string, all []release.View) (release.View, error) {
	own := slices.DeleteFunc(slices.Clone(all), func(v release.View) bool { return v.Header().Originator != o.node.Self() })
	if len(own) > 0 {
		all = own
	}
	if strings.Contains(text, "--") {
		all = newest(all)
	}
	return one("record", text, "entente ls lists the records", all, func(v release.View) string {
		return entente.Short(v.ID()) + " (" + plain(v.Object().STIX) + ")"
	})
}

// newest keeps the views of the latest version of one object: one, unless two
// contents stand under one modified time.
func newest(views []release.View) []release.View {
	latest := slices.MaxFunc(views, func(a, b release.View) int { return modified(a).Compare(modified(b)) })
	return slices.DeleteFunc(views, func(v release.View) bool {
		return v.Object().STIX != latest.Object().STIX || !modified(v).Equal(modified(latest))
	})
}
