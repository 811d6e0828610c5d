package cpu

import (
	"math"

	"hebb/compute"
)

// during runs f while t holds what change makes of it.
func during(t *compute.Tensor, change func(x []float32), f func()) {
	old := append([]float32(nil), values(t)...)
	change(values(t))
	f()
	copy(values(t), old)
}

// moved puts number r, s of each unit's window where to says.
func moved(w *compute.Tensor, to func(r, s int) (int, int)) func(x []float32) {
	return func(x []float32) {
		old := append([]float32(nil), x...)
		height, width, c := w.Shape()[1], w.Shape()[2], w.Shape()[3]
		for i := range w.Len() / c {
			r, s := to(i/width%height, i%width)
			copy(x[((i/width/height*height+r)*width+s)*c:][:c], old[i*c:])
		}
	}
}

// square is whether a window is.
func square(w *compute.Tensor) bool { return w.Shape()[1] == w.Shape()[2] }

// clampedConv sees the last pixel beyond a border, instead of zeros.
func clampedConv(c compute.Conv) {
	g, k := c.Patches(), c.Y.Cols()
	acc := make([]float32, c.Y.Len())
	eachPlace(g, func(n, p, q, r, s, ch int) {
		h := min(max(p*g.Stride-g.Pad+r, 0), g.H-1)
		w := min(max(q*g.Stride-g.Pad+s, 0), g.W-1)
		for u := range k {
			acc[((n*g.P+p)*g.Q+q)*k+u] += values(c.X)[((n*g.H+h)*g.W+w)*g.C+ch] * values(c.W)[((u*g.R+r)*g.S+s)*g.C+ch]
		}
	})
	finished(c.Epilogue, c.Y, acc)
}

// atBorder calls f with each output of a pool whose window reaches beyond a border, and how much of it does not.
func atBorder(p compute.Pool, f func(y *float32, inside float32)) {
	g := p.Patches()
	for i := range values(p.Y) {
		n := 0
		seenAt(g, i/g.C, func(int) { n++ })
		if n < g.R*g.S {
			f(&values(p.Y)[i], float32(n)/float32(g.R*g.S))
		}
	}
}

var imageBugs = []planted{
	{"edge not stored", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) {
		old := *last(c.Y)
		run(c)
		*last(c.Y) = old
	})},
	{"last term dropped", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) { without(c.W, func() { run(c) }) })},
	{"last pixel dropped", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) { without(c.X, func() { run(c) }) })},
	{"rows for columns", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) {
		if !square(c.W) {
			run(c)
			return
		}
		during(c.W, moved(c.W, func(r, s int) (int, int) { return s, r }), func() { run(c) })
	})},
	{"convolved, not correlated", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) {
		height, width := c.W.Shape()[1], c.W.Shape()[2]
		during(c.W, moved(c.W, func(r, s int) (int, int) { return height - 1 - r, width - 1 - s }), func() { run(c) })
	})},
	{"borders repeated", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) { clampedConv(c) })},
	{"beta ignored", compute.Conv{}, misread(func(c *compute.Conv) { c.Beta = 0 })},
	{"beta taken for 1", compute.Conv{}, misread(func(c *compute.Conv) { c.Beta = min(c.Beta, 1) })},
	{"alpha ignored", compute.Conv{}, misread(func(c *compute.Conv) { c.Alpha = 1 })},
	{"no bias", compute.Conv{}, misread(func(c *compute.Conv) { c.Bias = nil })},
	{"no activation", compute.Conv{}, misread(func(c *compute.Conv) { c.Act = compute.Identity })},
	{"no gradient", compute.Conv{}, misread(func(c *compute.Conv) { c.Grad, c.Aux = compute.Identity, nil })},
	{"Y read though beta is 0", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) {
		y := *last(c.Y)
		run(c)
		*last(c.Y) += c.Beta * y
	})},
	{"input written", compute.Conv{}, bugged(func(run func(compute.Op), c compute.Conv) { run(c); flip(last(c.W)) })},

	{"edge not stored", compute.ConvInput{}, bugged(func(run func(compute.Op), c compute.ConvInput) {
		old := *last(c.X)
		run(c)
		*last(c.X) = old
	})},
	{"last term dropped", compute.ConvInput{}, bugged(func(run func(compute.Op), c compute.ConvInput) { without(c.W, func() { run(c) }) })},
	{"last place dropped", compute.ConvInput{}, bugged(func(run func(compute.Op), c compute.ConvInput) { without(c.Y, func() { run(c) }) })},
	{"window not turned round", compute.ConvInput{}, bugged(func(run func(compute.Op), c compute.ConvInput) {
		height, width := c.W.Shape()[1], c.W.Shape()[2]
		during(c.W, moved(c.W, func(r, s int) (int, int) { return height - 1 - r, width - 1 - s }), func() { run(c) })
	})},
	{"rows for columns", compute.ConvInput{}, bugged(func(run func(compute.Op), c compute.ConvInput) {
		if !square(c.W) {
			run(c)
			return
		}
		during(c.W, moved(c.W, func(r, s int) (int, int) { return s, r }), func() { run(c) })
	})},
	{"last phase not computed", compute.ConvInput{}, bugged(func(run func(compute.Op), c compute.ConvInput) {
		old := append([]float32(nil), values(c.X)...)
		run(c)
		g := c.Patches()
		for i := range old {
			if g.Stride > 1 && i/g.C%g.W%g.Stride == g.Stride-1 {
				values(c.X)[i] = old[i]
			}
		}
	})},
	{"beta ignored", compute.ConvInput{}, misread(func(c *compute.ConvInput) { c.Beta = 0 })},
	{"alpha ignored", compute.ConvInput{}, misread(func(c *compute.ConvInput) { c.Alpha = 1 })},
	{"no bias", compute.ConvInput{}, misread(func(c *compute.ConvInput) { c.Bias = nil })},
	{"no activation", compute.ConvInput{}, misread(func(c *compute.ConvInput) { c.Act = compute.Identity })},
	{"no gradient", compute.ConvInput{}, misread(func(c *compute.ConvInput) { c.Grad, c.Aux = compute.Identity, nil })},

	{"first piece of the places alone", compute.Hebbian{}, bugged(func(run func(compute.Op), h compute.Hebbian) {
		if !h.OfImages() {
			run(h)
			return
		}
		during(h.Y, func(y []float32) { clear(y[(len(y)+1)/2:]) }, func() { run(h) })
	})},
	{"rows for columns in patches", compute.Hebbian{}, bugged(func(run func(compute.Op), h compute.Hebbian) {
		if run(h); h.OfImages() && square(h.W) {
			moved(h.W, func(r, s int) (int, int) { return s, r })(values(h.W))
		}
	})},
	{"W read though it does not count", compute.Hebbian{}, bugged(func(run func(compute.Op), h compute.Hebbian) {
		old := *last(h.W)
		if run(h); !h.Keeps() {
			*last(h.W) += 0 * old
		}
	})},

	{"edge not stored", compute.Pool{}, bugged(func(run func(compute.Op), p compute.Pool) {
		old := *last(p.Y)
		run(p)
		*last(p.Y) = old
	})},
	{"zeros beyond the border count for the largest", compute.Pool{}, bugged(func(run func(compute.Op), p compute.Pool) {
		run(p)
		atBorder(p, func(y *float32, _ float32) {
			if p.Pooling == compute.MaxPool {
				*y = max(*y, 0)
			}
		})
	})},
	{"average of what is inside", compute.Pool{}, bugged(func(run func(compute.Op), p compute.Pool) {
		run(p)
		atBorder(p, func(y *float32, inside float32) {
			if p.Pooling == compute.AveragePool {
				*y /= inside
			}
		})
	})},
	{"largest for average", compute.Pool{}, misread(func(p *compute.Pool) { p.Pooling = compute.MaxPool })},
	{"last pixel dropped", compute.Pool{}, bugged(func(run func(compute.Op), p compute.Pool) {
		during(p.X, func(x []float32) { x[len(x)-1] = float32(math.Inf(-1)) }, func() { run(p) })
	})},

	{"not cleared", compute.PoolGrad{}, bugged(func(run func(compute.Op), p compute.PoolGrad) {
		old := *last(p.DX)
		run(p)
		*last(p.DX) += old
	})},
	{"last of the largest", compute.PoolGrad{}, bugged(func(run func(compute.Op), p compute.PoolGrad) {
		if p.Pooling != compute.MaxPool {
			run(p)
			return
		}
		g := p.Patches()
		clear(values(p.DX))
		for i, d := range values(p.DY) {
			to := -1
			seenAt(g, i/g.C, func(at int) {
				if at += i % g.C; to < 0 || values(p.X)[at] >= values(p.X)[to] {
					to = at
				}
			})
			values(p.DX)[to] += d
		}
	})},
	{"not divided", compute.PoolGrad{}, bugged(func(run func(compute.Op), p compute.PoolGrad) {
		if run(p); p.Pooling == compute.AveragePool {
			dx := values(p.DX)
			scale(dx, dx, float32(p.Height*p.Width))
		}
	})},
	{"last delta dropped", compute.PoolGrad{}, bugged(func(run func(compute.Op), p compute.PoolGrad) { without(p.DY, func() { run(p) }) })},
	{"overlap overwritten", compute.PoolGrad{}, bugged(func(run func(compute.Op), p compute.PoolGrad) {
		if p.Pooling != compute.AveragePool {
			run(p)
			return
		}
		g := p.Patches()
		clear(values(p.DX))
		for i, d := range values(p.DY) {
			seenAt(g, i/g.C, func(at int) { values(p.DX)[at+i%g.C] = d / float32(g.R*g.S) })
		}
	})},
}

// eachPlace calls f for every place of every image, and each number that the window sees there.
func eachPlace(g compute.Patches, f func(n, p, q, r, s, c int)) {
	for i := range g.N * g.P * g.Q * g.R * g.S * g.C {
		c, s, r := i%g.C, i/g.C%g.S, i/g.C/g.S%g.R
		place := i / (g.C * g.S * g.R)
		f(place/g.Q/g.P, place/g.Q%g.P, place%g.Q, r, s, c)
	}
}

// seenAt calls f with where in X the pixels lie that the window sees at a place.
func seenAt(g compute.Patches, place int, f func(at int)) {
	n, p, q := place/g.Q/g.P, place/g.Q%g.P, place%g.Q
	for i := range g.R * g.S {
		h, w := p*g.Stride-g.Pad+i/g.S, q*g.Stride-g.Pad+i%g.S
		if h >= 0 && h < g.H && w >= 0 && w < g.W {
			f(((n*g.H+h)*g.W + w) * g.C)
		}
	}
}

func finished(e compute.Epilogue, t *compute.Tensor, acc []float32) {
	for i, a := range acc {
		y := &values(t)[i]
		v := e.Alpha * a
		if e.Beta != 0 {
			v += float32(e.Beta * *y)
		}
		if e.Bias != nil {
			v += values(e.Bias)[i%t.Cols()]
		}
		v = activated(e.Act, v)
		if e.Aux != nil {
			v *= slope(e.Grad, values(e.Aux)[i])
		}
		*y = v
	}
}

func exp64(x float32) float32 { return float32(math.Exp(float64(x))) }

func activated(a compute.Act, v float32) float32 {
	switch a {
	case compute.ReLU:
		return max(v, 0)
	case compute.Tanh:
		return float32(math.Tanh(float64(v)))
	case compute.Sigmoid:
		return float32(1 / (1 + math.Exp(-float64(v))))
	case compute.LeakyReLU:
		return max(v, compute.LeakySlope*v)
	case compute.SELU:
		return max(v, 0)*compute.SELUScale + compute.SELULimit*float32(math.Expm1(min(float64(v), 0)))
	}
	return v
}

// slope is the derivative of an activation where it is a.
func slope(grad compute.Act, a float32) float32 {
	switch {
	case grad == compute.Tanh:
		return 1 - float32(a*a)
	case grad == compute.Sigmoid:
		return a * (1 - a)
	case grad == compute.SELU && a > 0:
		return compute.SELUScale
	case grad == compute.SELU:
		return a + compute.SELULimit
	case a > 0:
		return 1
	case grad == compute.LeakyReLU:
		return compute.LeakySlope
	}
	return 0
}
