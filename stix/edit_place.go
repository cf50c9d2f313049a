package stix

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// degreeDiagonal bounds, in metres, the way from one corner of a square of one
// degree to the middle of it, at any latitude: a degree is at most 111.7 km on
// the WGS 84 ellipsoid, and 111.7 × √2 / 2 < 79.
const degreeDiagonal = 79_000

// maxPlaceDecimals: five decimals of a degree are about a metre.
const maxPlaceDecimals = 5

// region makes the place n as vague as the region value names.
func (e *editor) region(by int, n *node, value string) error {
	if n.kind != '{' {
		return fmt.Errorf("it is a JSON %s, expected a place: an object with coordinates or an address", kindName(n.kind))
	}
	if n.gone() {
		return fmt.Errorf("another change takes it away")
	}
	if value == "" {
		return fmt.Errorf("the value is empty, expected the name of a region")
	}
	text, err := quote(value)
	if err != nil {
		return err
	}
	for _, name := range []string{"latitude", "longitude", "precision", "street_address", "postal_code", "city", "administrative_area"} {
		if c := n.child(name); c != nil {
			if err := e.set(by, c, nil); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	names := []string{"name"}
	left := func(name string) bool { c := n.child(name); return c != nil && !c.dropped }
	if !left("region") && !left("country") {
		names = append(names, "region")
	}
	for _, name := range names {
		if c := n.child(name); c != nil {
			if err := e.set(by, c, text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		} else {
			n.add(name, text)
		}
	}
	return nil
}

// round rounds the coordinates of the place n. All arithmetic is exact: the
// numbers are decimals, and no float has to hold them.
func (e *editor) round(by int, n *node, value string) error {
	decimals, err := strconv.Atoi(value)
	if err != nil || decimals < 0 || decimals > maxPlaceDecimals {
		return fmt.Errorf("the value %s is not a number of decimals, 0 to %d", shown(value), maxPlaceDecimals)
	}
	moved := false
	for _, c := range []struct {
		name string
		most int64
	}{{"latitude", 90}, {"longitude", 180}} {
		old := n.child(c.name)
		if old == nil {
			return fmt.Errorf("there is no %s in it", c.name)
		}
		exact, err := decimal(old, e.data)
		if err != nil {
			return fmt.Errorf("%s %w", c.name, err)
		}
		if new(big.Rat).Abs(exact).Cmp(big.NewRat(c.most, 1)) > 0 {
			return fmt.Errorf("%s is beyond %d degrees", c.name, c.most)
		}
		text := exact.FloatString(decimals)
		rounded, _ := new(big.Rat).SetString(text)
		if rounded.Sign() == 0 {
			text = strings.TrimPrefix(text, "-")
		}
		if rounded.Cmp(exact) != 0 {
			moved = true
		} else if spelled := string(e.data[old.start:old.end]); len(spelled) <= len(text) || strings.ContainsAny(spelled, "eE") {
			text = spelled
		}
		if err := e.set(by, old, []byte(text)); err != nil {
			return err
		}
	}
	if !moved {
		return nil
	}
	step := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	metres := new(big.Rat).Quo(big.NewRat(degreeDiagonal, 1), step)
	old := n.child("precision")
	if old == nil {
		n.add("precision", []byte(ceiling(metres)))
		return nil
	}
	before, err := decimal(old, e.data)
	if err != nil {
		return fmt.Errorf("precision %w", err)
	}
	if before.Sign() < 0 {
		return fmt.Errorf("precision is negative")
	}
	return e.set(by, old, []byte(ceiling(metres.Add(metres, before))))
}

// decimal reads a JSON number of sane length.
func decimal(n *node, data []byte) (*big.Rat, error) {
	const longest, farthest = 40, 60
	text := string(data[n.start:n.end])
	if n.kind != '0' {
		return nil, fmt.Errorf("is a JSON %s, expected a number", kindName(n.kind))
	}
	if _, exponent, found := strings.Cut(strings.ToLower(text), "e"); found {
		if x, err := strconv.Atoi(exponent); err != nil || x > farthest || x < -farthest {
			return nil, fmt.Errorf("%s has an exponent beyond %d", shown(text), farthest)
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if len(text) > longest || !ok {
		return nil, fmt.Errorf("%s has more than %d characters", shown(text), longest)
	}
	return r, nil
}

// ceiling is the next whole number, in metres.
func ceiling(r *big.Rat) string {
	whole, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole.String()
}
