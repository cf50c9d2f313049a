package web

import "math"

// Size of the drawing of a graph, in units of its own.
const (
	graphWidth  = 1000
	graphHeight = 640
)

// layOut places nodes and edges, the first node in the middle: springs along the
// edges, repulsion between all (Fruchterman and Reingold, 1991). It starts from a
// spiral and rolls no dice: the same graph is drawn in the same way.
func layOut(nodes []graphNode, edges []graphEdge) {
	const margin, steps = 70, 300
	n := len(nodes)
	x, y := make([]float64, n), make([]float64, n)
	index := make(map[string]int, n)
	for i := range nodes {
		index[nodes[i].STIX] = i
		angle := float64(i) * math.Pi * (3 - math.Sqrt(5)) // the golden angle: no two in one line
		r := 260 * math.Sqrt(float64(i)/float64(max(n, 2)))
		x[i], y[i] = graphWidth/2+1.5*r*math.Cos(angle), graphHeight/2+r*math.Sin(angle)
	}
	want := math.Sqrt(float64(graphWidth-2*margin) * float64(graphHeight-2*margin) / float64(n+1))
	dx, dy := make([]float64, n), make([]float64, n)
	for step := range steps {
		clear(dx)
		clear(dy)
		for i := range n {
			for j := range i {
				ax, ay := x[i]-x[j], (y[i]-y[j])*1.3 // labels are wide: more room between lines
				d := math.Max(math.Hypot(ax, ay), 1)
				f := want * want / d / d
				dx[i], dy[i], dx[j], dy[j] = dx[i]+ax*f, dy[i]+ay*f, dx[j]-ax*f, dy[j]-ay*f
			}
		}
		for _, e := range edges {
			i, j := index[e.From], index[e.To]
			ax, ay := x[i]-x[j], y[i]-y[j]
			f := math.Hypot(ax, ay) / want
			dx[i], dy[i], dx[j], dy[j] = dx[i]-ax*f, dy[i]-ay*f, dx[j]+ax*f, dy[j]+ay*f
		}
		warmth := 60 * (1 - float64(step)/steps)
		for i := 1; i < n; i++ {
			if d := math.Hypot(dx[i], dy[i]); d > 0 {
				x[i] += dx[i] / d * math.Min(d, warmth)
				y[i] += dy[i] / d * math.Min(d, warmth)
			}
			x[i] = math.Min(math.Max(x[i], margin), graphWidth-margin)
			y[i] = math.Min(math.Max(y[i], margin/2), graphHeight-margin/2)
		}
	}
	for i := range nodes {
		nodes[i].X, nodes[i].Y = int(math.Round(x[i])), int(math.Round(y[i]))
	}
	for k := range edges {
		e := &edges[k]
		i, j := index[e.From], index[e.To]
		e.X1, e.Y1, e.X2, e.Y2 = nodes[i].X, nodes[i].Y, nodes[j].X, nodes[j].Y
		e.LX, e.LY = (e.X1+e.X2)/2, (e.Y1+e.Y2)/2
	}
}
