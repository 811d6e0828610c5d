package compute_test

import "hebb/compute"

// windowMutants take the geometry of a window for another, in each op that has one.
func windowMutants() (all []mutant) {
	slips := map[string]func(g *compute.Patches){
		"a row more of padding":    func(g *compute.Patches) { g.Pad++ },
		"a row less of padding":    func(g *compute.Patches) { g.Pad-- },
		"stride of 1":              func(g *compute.Patches) { g.Stride = 1 },
		"a row of windows lost":    func(g *compute.Patches) { g.R = max(1, g.R-1) },
		"a column of windows":      func(g *compute.Patches) { g.S = max(1, g.S-1) },
		"the last place lost":      func(g *compute.Patches) { g.Q = max(1, g.Q-1) },
		"the last image forgotten": func(g *compute.Patches) { g.N = max(1, g.N-1) },
	}
	for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}, compute.Hebbian{}, compute.Pool{}, compute.PoolGrad{}} {
		for name, f := range slips {
			all = append(all, mutant{name, op, naive{slip: func(g compute.Patches) compute.Patches { f(&g); return g }}})
		}
	}
	return append(all,
		mutant{"the border counts as 0", compute.Pool{}, spoilt(func(p compute.Pool) {
			for i, y := range data(p.Y) {
				if p.Pooling == compute.MaxPool && p.Pad > 0 {
					data(p.Y)[i] = max(y, 0)
				}
			}
		})},
		mutant{"the largest begins at 0", compute.Pool{}, spoilt(func(p compute.Pool) {
			for i, y := range data(p.Y) {
				if p.Pooling == compute.MaxPool {
					data(p.Y)[i] = max(y, 0)
				}
			}
		})},
		mutant{"average by what is seen", compute.Pool{}, averageBySeen},
		mutant{"delta to the last of the largest", compute.PoolGrad{}, spoilt(lastOfLargest)},
		mutant{"delta not divided", compute.PoolGrad{}, spoilt(func(p compute.PoolGrad) {
			for i := range data(p.DX) {
				if p.Pooling == compute.AveragePool {
					data(p.DX)[i] *= float32(p.Height * p.Width)
				}
			}
		})},
		mutant{"old weights count", compute.Hebbian{}, bent(func(h *compute.Hebbian) { h.Decay = min(h.Decay, 0.9999999) })},
		mutant{"another's coupling", compute.Hebbian{}, bent(func(h *compute.Hebbian) {
			if h.OfImages() && h.Mask == compute.Lower {
				h.Mask = compute.Full
			}
		})},
		mutant{"Y for G", compute.Hebbian{}, bent(func(h *compute.Hebbian) {
			if h.OfImages() && h.G != nil {
				h.G = h.Y
			}
		})},
		mutant{"no bounds", compute.Hebbian{}, bent(func(h *compute.Hebbian) {
			if h.OfImages() {
				h.Lo, h.Hi = 0, 0
			}
		})},
	)
}

var averageBySeen = naive{hurt: func(op compute.Op, out []float32) {
	p := op.(compute.Pool)
	if p.Pooling != compute.AveragePool {
		return
	}
	seen := make([]int, len(out))
	g := p.Patches()
	each(g, func(n, _, _, _, _, row, col int) {
		for ch := range g.C {
			seen[((n*g.P+row)*g.Q+col)*g.C+ch]++
		}
	})
	for i := range out {
		out[i] *= float32(p.Height*p.Width) / float32(seen[i])
	}
}}

// lastOfLargest gives each delta to the last of the largest pixels.
func lastOfLargest(p compute.PoolGrad) {
	if p.Pooling != compute.MaxPool {
		return
	}
	g, x := p.Patches(), data(p.X)
	dx, dy := data(p.DX), data(p.DY)
	clear(dx)
	chosen := make([]int, len(dy))
	each(g, func(n, h, w, _, _, row, col int) {
		for ch := range g.C {
			i, at := ((n*g.P+row)*g.Q+col)*g.C+ch, ((n*g.H+h)*g.W+w)*g.C+ch
			if c := chosen[i]; c == 0 || x[at] >= x[c-1] {
				chosen[i] = at + 1
			}
		}
	})
	for i, c := range chosen {
		dx[c-1] += dy[i]
	}
}
