package computetest

import (
	"slices"

	"hebb/compute"
)

// window returns g, or the geometry that a mutant uses instead.
func (m *Machine[F]) window(g compute.Patches) compute.Patches {
	if m.Window != nil {
		return m.Window(g)
	}
	return g
}

// EachSeen calls f for each pixel under each window, in the order of the pixels: image n, pixel h, w under tap r, s at
// position p, q. The definitions go from the positions to the pixels.
func EachSeen(g compute.Patches, f func(n, h, w, r, s, p, q int)) {
	for i := range g.N * g.H * g.W {
		w, h := i%g.W, i/g.W%g.H
		for r := range g.R {
			top := h + g.Pad - r
			p := top / g.Stride
			if top < 0 || top != p*g.Stride || p >= g.P {
				continue
			}
			for s := range g.S {
				left := w + g.Pad - s
				if q := left / g.Stride; left == q*g.Stride && 0 <= left && q < g.Q {
					f(i/g.W/g.H, h, w, r, s, p, q)
				}
			}
		}
	}
}

// patches returns the size pixels under the window, 0 beyond a border, for each position.
func patches[F Float](x *compute.Tensor, g compute.Patches, places, size int) [][]F {
	all := matrix(make([]F, places*size), size)
	EachSeen(g, func(n, h, w, r, s, p, q int) {
		copy(all[(n*g.P+p)*g.Q+q][(r*g.S+s)*g.C:][:g.C], Values[F](x)[((n*g.H+h)*g.W+w)*g.C:])
	})
	return all
}

func (m *Machine[F]) conv(c compute.Conv) {
	g, k := m.window(c.Patches()), c.Y.Cols()
	size := c.W.Len() / k
	x, w, y := patches[F](c.X, g, c.Y.Len()/k, size), matrix(Values[F](c.W), size), Values[F](c.Y)
	for i, old := range y {
		y[i] = m.Finish(c.Epilogue, m.products(c.Leeway, x[i/k], w[i%k]), old, i%k, i)
	}
}

// convInput sums, for each pixel, over the positions whose window covers it and their units.
func (m *Machine[F]) convInput(c compute.ConvInput) {
	g, k := m.window(c.Patches()), c.Y.Cols()
	size := g.R * g.S * k
	seen := matrix(make([]F, c.X.Len()/g.C*size), size)
	EachSeen(g, func(n, h, w, r, s, p, q int) {
		copy(seen[(n*g.H+h)*g.W+w][(r*g.S+s)*k:][:k], Values[F](c.Y)[((n*g.P+p)*g.Q+q)*k:])
	})
	weights := matrix(make([]F, g.C*size), size)
	for i := range g.C * size {
		weights[i/size][i%size] = Values[F](c.W)[(i%k*g.R*g.S+i%size/k)*g.C+i/size]
	}
	x := Values[F](c.X)
	for i, old := range x {
		x[i] = m.Finish(c.Epilogue, m.products(c.Leeway, seen[i/g.C], weights[i%g.C]), old, i%g.C, i)
	}
}

func (m *Machine[F]) pool(p compute.Pool) {
	g, x, y := m.window(p.Patches()), Values[F](p.X), Values[F](p.Y)
	values := make([][]F, len(y))
	EachSeen(g, func(n, h, w, r, s, pl, q int) {
		for ch := range g.C {
			i := ((n*g.P+pl)*g.Q+q)*g.C + ch
			values[i] = append(values[i], m.Load(x[((n*g.H+h)*g.W+w)*g.C+ch]))
		}
	})
	for i, v := range values {
		switch {
		case len(v) == 0: // under a mutant's window
		case p.Pooling == compute.AveragePool:
			y[i] = m.Div(m.sum(v), F(p.Height*p.Width))
		default:
			y[i] = slices.Max(v)
		}
	}
}

func (m *Machine[F]) poolGrad(p compute.PoolGrad) {
	g, dx, dy := m.window(p.Patches()), Values[F](p.DX), Values[F](p.DY)
	clear(dx)
	each := func(f func(place, pixel int)) {
		EachSeen(g, func(n, h, w, r, s, pl, q int) {
			for ch := range g.C {
				f(((n*g.P+pl)*g.Q+q)*g.C+ch, ((n*g.H+h)*g.W+w)*g.C+ch)
			}
		})
	}
	if p.Pooling == compute.AveragePool {
		share := m.Div(1, F(p.Height*p.Width))
		each(func(i, at int) { dx[at] = m.FMA(dy[i], share, dx[at]) })
		return
	}
	x, largest := Values[F](p.X), make([]int, len(dy)) // 1 + the pixel chosen
	each(func(i, at int) {
		if c := largest[i]; c == 0 || m.Load(x[at]) > m.Load(x[c-1]) {
			largest[i] = at + 1
		}
	})
	for i, c := range largest {
		if c > 0 {
			dx[c-1] = m.Add(dx[c-1], m.Load(dy[i]))
		}
	}
}
