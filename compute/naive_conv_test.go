package compute_test

import "hebb/compute"

// each calls f with what a window sees of the images, in the order of the pixels: image n, pixel h, w
// seen at r, s from place p, q. The definitions go from the places to the pixels.
func each(g compute.Patches, f func(n, h, w, r, s, p, q int)) {
	for i := range g.N * g.H * g.W * g.R * g.S {
		s, r, w, h := i%g.S, i/g.S%g.R, i/g.S/g.R%g.W, i/g.S/g.R/g.W%g.H
		top, left := h+g.Pad-r, w+g.Pad-s
		if p, q := top/g.Stride, left/g.Stride; top == p*g.Stride && left == q*g.Stride && 0 <= top && p < g.P && 0 <= left && q < g.Q {
			f(i/g.S/g.R/g.W/g.H, h, w, r, s, p, q)
		}
	}
}

// geometry is g, or what a mutant takes it for. Places stay what they are.
func (u *naive) geometry(g compute.Patches) compute.Patches {
	if u.slip != nil {
		return u.slip(g)
	}
	return g
}

func (u *naive) conv(c compute.Conv) {
	if u.tiles != nil && c.Leeway.AllowsWinograd(c.Patches()) {
		u.convTiles(c)
		return
	}
	g, k := u.geometry(c.Patches()), c.Y.Cols()
	x, w, acc := data(c.X), data(c.W), make([]factorList, c.Y.Len())
	each(g, func(n, h, wide, r, s, p, q int) {
		for unit := range k {
			for ch := range g.C {
				a := &acc[((n*g.P+p)*g.Q+q)*k+unit]
				*a = append(*a, [2]float32{x[((n*g.H+h)*g.W+wide)*g.C+ch], w[((unit*g.R+r)*g.S+s)*g.C+ch]})
			}
		}
	})
	for i, y := range data(c.Y) {
		data(c.Y)[i] = u.finish(c.Epilogue, u.sum(c.Leeway, len(acc[i]), acc[i].at), y, i%k, i)
	}
}

func (u *naive) convInput(c compute.ConvInput) {
	if u.tiles != nil && c.Leeway.AllowsWinograd(c.Patches()) {
		u.convInputTiles(c)
		return
	}
	g, k := u.geometry(c.Patches()), c.Y.Cols()
	y, w, acc := data(c.Y), data(c.W), make([]factorList, c.X.Len())
	each(g, func(n, h, wide, r, s, p, q int) {
		for unit := range k {
			for ch := range g.C {
				a := &acc[((n*g.H+h)*g.W+wide)*g.C+ch]
				*a = append(*a, [2]float32{y[((n*g.P+p)*g.Q+q)*k+unit], w[((unit*g.R+r)*g.S+s)*g.C+ch]})
			}
		}
	})
	for i, x := range data(c.X) {
		data(c.X)[i] = u.finish(c.Epilogue, u.sum(c.Leeway, len(acc[i]), acc[i].at), x, i%g.C, i)
	}
}

// pairs are the activities of network z: y of pair and unit, x of pair and input.
func (u *naive) pairs(h compute.Hebbian, z int) (y, x func(b, i int) float32) {
	y = part(h.Y, z, false)
	if !h.OfImages() {
		return y, part(h.X, z, false)
	}
	g := u.geometry(h.Geometry())
	_, _, inputs, n := h.Dims()
	patches := make([]float32, n*inputs)
	each(g, func(n, h1, w, r, s, p, q int) {
		copy(patches[((n*g.P+p)*g.Q+q)*inputs+(r*g.S+s)*g.C:][:g.C], data(h.X)[((n*g.H+h1)*g.W+w)*g.C:])
	})
	return y, func(b, i int) float32 { return patches[b*inputs+i] }
}

func (u *naive) pool(p compute.Pool) {
	g := u.geometry(p.Patches())
	x, y, seen := data(p.X), data(p.Y), make([]bool, p.Y.Len())
	each(g, func(n, h, w, r, s, pl, q int) {
		for ch := range g.C {
			i, v := ((n*g.P+pl)*g.Q+q)*g.C+ch, u.flush(x[((n*g.H+h)*g.W+w)*g.C+ch])
			switch {
			case !seen[i]:
				y[i], seen[i] = v, true
			case p.Pooling == compute.MaxPool:
				y[i] = max(y[i], v)
			default:
				y[i] = u.add(y[i], v)
			}
		}
	})
	if p.Pooling == compute.AveragePool {
		for i := range y {
			y[i] = u.div(y[i], float32(p.Height*p.Width))
		}
	}
}

func (u *naive) poolGrad(p compute.PoolGrad) {
	g := u.geometry(p.Patches())
	dx, dy := data(p.DX), data(p.DY)
	clear(dx)
	chosen := make([]int, len(dy)) // 1 + the pixel that was taken
	if p.Pooling == compute.MaxPool {
		x := data(p.X)
		each(g, func(n, h, w, r, s, pl, q int) {
			for ch := range g.C {
				i, at := ((n*g.P+pl)*g.Q+q)*g.C+ch, ((n*g.H+h)*g.W+w)*g.C+ch
				if c := chosen[i]; c == 0 || u.flush(x[at]) > u.flush(x[c-1]) {
					chosen[i] = at + 1
				}
			}
		})
	}
	each(g, func(n, h, w, r, s, pl, q int) {
		for ch := range g.C {
			i, at := ((n*g.P+pl)*g.Q+q)*g.C+ch, ((n*g.H+h)*g.W+w)*g.C+ch
			switch {
			case p.Pooling == compute.AveragePool:
				dx[at] = u.fma(dy[i], u.div(1, float32(p.Height*p.Width)), dx[at])
			case chosen[i] == at+1:
				dx[at] = u.add(dx[at], u.flush(dy[i]))
			}
		}
	})
}
