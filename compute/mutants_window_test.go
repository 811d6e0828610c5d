package compute_test

import (
	"slices"

	"hebb/compute"
	"hebb/compute/computetest"
)

// windowMutants replace the geometry of a window by another, in each op that has one.
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
			m := plain()
			m.Window = func(g compute.Patches) compute.Patches { f(&g); return g }
			all = append(all, mutant{name, op, m})
		}
	}
	return all
}

// placed moves number r, s of each unit's window to the place that to returns.
func placed(w *compute.Tensor, to func(r, s int) (int, int)) func(x []float32) {
	return func(x []float32) {
		old := slices.Clone(x)
		height, width, c := w.Shape()[1], w.Shape()[2], w.Shape()[3]
		for i := range w.Len() / c {
			r, s := to(i/width%height, i%width)
			copy(x[((i/width/height*height+r)*width+s)*c:][:c], old[i*c:])
		}
	}
}

// turned exchanges rows and columns of a square window of float32s, and rotated turns a window by 180°.
func turned(w *compute.Tensor) func(x []float32) {
	if w.Shape()[1] != w.Shape()[2] || w.Type() != compute.Float32 {
		return func([]float32) {}
	}
	return placed(w, func(r, s int) (int, int) { return s, r })
}

func rotated(w *compute.Tensor) func(x []float32) {
	return placed(w, func(r, s int) (int, int) { return w.Shape()[1] - 1 - r, w.Shape()[2] - 1 - s })
}

func convMutants() []mutant {
	type C = compute.Conv
	type I = compute.ConvInput
	return []mutant{
		{"rows for columns", C{}, around(func(run func(compute.Op), c C) { during(c.W, turned(c.W), func() { run(c) }) })},
		{"rows for columns", I{}, around(func(run func(compute.Op), c I) { during(c.W, turned(c.W), func() { run(c) }) })},
		{"convolved, not correlated", C{}, around(func(run func(compute.Op), c C) { during(c.W, rotated(c.W), func() { run(c) }) })},
		{"window not turned round", I{}, around(func(run func(compute.Op), c I) { during(c.W, rotated(c.W), func() { run(c) }) })},
		spoil("borders repeated", repeatBorders),
		{"the last phase not computed", I{}, around(func(run func(compute.Op), c I) {
			old, g := slices.Clone(data(c.X)), c.Patches()
			run(c)
			for i := range old {
				if g.Stride > 1 && i/g.C%g.W%g.Stride == g.Stride-1 {
					data(c.X)[i] = old[i]
				}
			}
		})},
	}
}

// repeatBorders adds to a plain convolution the terms of pixels beyond a border, as if they equalled the ones at it.
func repeatBorders(c compute.Conv) {
	g, k := c.Patches(), c.Y.Cols()
	if c.Beta != 0 || c.Act != compute.Identity || c.Aux != nil || c.X.Type() != compute.Float32 || c.W.Type() != compute.Float32 {
		return
	}
	for i := range g.N * g.P * g.Q * g.R * g.S {
		s, r, q, p, n := i%g.S, i/g.S%g.R, i/g.S/g.R%g.Q, i/g.S/g.R/g.Q%g.P, i/g.S/g.R/g.Q/g.P
		h, w := p*g.Stride-g.Pad+r, q*g.Stride-g.Pad+s
		if h0, w0 := min(max(h, 0), g.H-1), min(max(w, 0), g.W-1); h != h0 || w != w0 {
			for j := range k * g.C {
				x, weight := data(c.X)[((n*g.H+h0)*g.W+w0)*g.C+j%g.C], data(c.W)[((j/g.C*g.R+r)*g.S+s)*g.C+j%g.C]
				data(c.Y)[((n*g.P+p)*g.Q+q)*k+j/g.C] += c.Alpha * x * weight
			}
		}
	}
}

func poolMutants() []mutant {
	type P = compute.Pool
	type G = compute.PoolGrad
	return []mutant{
		{"the border counts as 0", P{}, spoilt(func(p P) {
			for i, y := range data(p.Y) {
				if p.Pooling == compute.MaxPool && p.Pad > 0 {
					data(p.Y)[i] = max(y, 0)
				}
			}
		})},
		{"the largest begins at 0", P{}, spoilt(func(p P) {
			for i, y := range data(p.Y) {
				if p.Pooling == compute.MaxPool {
					data(p.Y)[i] = max(y, 0)
				}
			}
		})},
		bend("largest for average", func(p *P) { p.Pooling = compute.MaxPool }),
		spoil("average by what is seen", averageBySeen),
		spoil("delta to the last of the largest", lastOfLargest),
		{"delta not divided", G{}, spoilt(func(p G) {
			for i := range data(p.DX) {
				if p.Pooling == compute.AveragePool {
					data(p.DX)[i] *= float32(p.Height * p.Width)
				}
			}
		})},
		{"overlap overwritten", G{}, spoilt(func(p G) {
			g := p.Patches()
			computetest.EachSeen(g, func(n, h, w, _, _, row, col int) {
				for ch := range g.C {
					if d := data(p.DY)[((n*g.P+row)*g.Q+col)*g.C+ch]; p.Pooling == compute.AveragePool {
						data(p.DX)[((n*g.H+h)*g.W+w)*g.C+ch] = d / float32(g.R*g.S)
					}
				}
			})
		})},
	}
}

func averageBySeen(p compute.Pool) {
	if p.Pooling != compute.AveragePool {
		return
	}
	g, out := p.Patches(), data(p.Y)
	seen := make([]int, len(out))
	computetest.EachSeen(g, func(n, _, _, _, _, row, col int) {
		for ch := range g.C {
			seen[((n*g.P+row)*g.Q+col)*g.C+ch]++
		}
	})
	for i := range out {
		out[i] *= float32(p.Height*p.Width) / float32(seen[i])
	}
}

// lastOfLargest gives each delta to the last of the largest pixels.
func lastOfLargest(p compute.PoolGrad) {
	if p.Pooling != compute.MaxPool {
		return
	}
	g, x := p.Patches(), data(p.X)
	dx, dy := data(p.DX), data(p.DY)
	clear(dx)
	chosen := make([]int, len(dy))
	computetest.EachSeen(g, func(n, h, w, _, _, row, col int) {
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
