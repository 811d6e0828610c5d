package cpu

import "hebb/compute"

// pool takes one row of positions at a time.
func pool(p compute.Pool) {
	g := p.Patches()
	x, y := values(p.X), values(p.Y)
	chunks(g.N*g.P, max(1, 1<<14/(g.Q*g.C)), func(lo, hi int) {
		for place := lo * g.Q; place < hi*g.Q; place++ {
			dst, first := y[place*g.C:][:g.C], true
			sees(&g, place, func(at int) {
				switch seen := x[at:][:g.C]; {
				case first:
					copy(dst, seen)
				case p.Pooling == compute.MaxPool:
					larger(dst, dst, seen)
				default:
					add(dst, dst, seen)
				}
				first = false
			})
			if p.Pooling == compute.AveragePool {
				scale(dst, dst, 1/float32(g.R*g.S))
			}
		}
	})
}

// sees calls f with the index in X of each pixel under the window at a position, row by row.
func sees(g *compute.Patches, place int, f func(at int)) {
	n, h, w := place/g.Q/g.P, place/g.Q%g.P*g.Stride-g.Pad, place%g.Q*g.Stride-g.Pad
	for i := max(h, 0); i < min(h+g.R, g.H); i++ {
		for j := max(w, 0); j < min(w+g.S, g.W); j++ {
			f(((n*g.H+i)*g.W + j) * g.C)
		}
	}
}
