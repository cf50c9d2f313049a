package release

import "entente"

// Order splits records into releases of at most the allowed size, so that every
// reference leads to an earlier release or into the same one. Records that
// refer to each other in a circle stay together; a circle that is larger than
// one release comes out as one part, which Send then refuses with the reason.
// The order depends on the input's order only.
func Order(records []Fact) [][]Fact {
	var out [][]Fact
	var part []Fact
	size := int64(0)
	for _, group := range circles(records) {
		more := int64(0)
		for _, f := range group {
			more += f.Size
		}
		if len(part) > 0 && (len(part)+len(group) > entente.MaxReleaseRecords || size+more > entente.MaxReleaseBytes) {
			out, part, size = append(out, part), nil, 0
		}
		part, size = append(part, group...), size+more
	}
	if len(part) > 0 {
		out = append(out, part)
	}
	return out
}

// circles gives the strongly connected components of the reference graph, each
// after all it refers to (Tarjan, SIAM J. Comput. 1972, without recursion).
func circles(records []Fact) [][]Fact {
	byID := make(map[string][]int, len(records))
	for i, f := range records {
		byID[f.STIX] = append(byID[f.STIX], i)
	}
	next := make([][]int, len(records))
	for i, f := range records {
		for _, ref := range f.Refs {
			next[i] = append(next[i], byID[ref]...)
		}
	}
	var (
		out    [][]Fact
		index  = make([]int, len(records)) // 0: not visited
		low    = make([]int, len(records))
		onPath = make([]bool, len(records))
		path   []int
		count  int
	)
	type frame struct{ node, edge int }
	for root := range records {
		if index[root] != 0 {
			continue
		}
		stack := []frame{{root, 0}}
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			v := top.node
			if top.edge == 0 {
				count++
				index[v], low[v] = count, count
				path, onPath[v] = append(path, v), true
			}
			if top.edge < len(next[v]) {
				w := next[v][top.edge]
				top.edge++
				if index[w] == 0 {
					stack = append(stack, frame{w, 0})
				} else if onPath[w] {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			stack = stack[:len(stack)-1]
			if len(stack) > 0 {
				up := stack[len(stack)-1].node
				low[up] = min(low[up], low[v])
			}
			if low[v] == index[v] {
				var group []Fact
				for {
					w := path[len(path)-1]
					path, onPath[w] = path[:len(path)-1], false
					group = append(group, records[w])
					if w == v {
						break
					}
				}
				out = append(out, group)
			}
		}
	}
	return out
}
