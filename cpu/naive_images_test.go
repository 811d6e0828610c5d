package cpu

import (
	"pgregory.net/rapid"

	"hebb/compute"
)

// pixelOf is channel c of what the window sees of x at place p, q of image n, at r, s.
func pixelOf(x *compute.Tensor, g compute.Patches, n, p, q, r, s, c int) float32 {
	h, w := p*g.Stride-g.Pad+r, q*g.Stride-g.Pad+s
	if h < 0 || h >= g.H || w < 0 || w >= g.W {
		return 0
	}
	return values(x)[((n*g.H+h)*g.W+w)*g.C+c]
}

// eachPlace calls f for every place of every image, and each number that the window sees there.
func eachPlace(g compute.Patches, f func(n, p, q, r, s, c int)) {
	for i := range g.N * g.P * g.Q * g.R * g.S * g.C {
		c, s, r := i%g.C, i/g.C%g.S, i/g.C/g.S%g.R
		place := i / (g.C * g.S * g.R)
		f(place/g.Q/g.P, place/g.Q%g.P, place%g.Q, r, s, c)
	}
}

func naiveConv(v compute.Conv) {
	g, k := v.Patches(), v.Y.Cols()
	acc := make([]float32, v.Y.Len())
	eachPlace(g, func(n, p, q, r, s, c int) {
		x := pixelOf(v.X, g, n, p, q, r, s, c)
		for u := range k {
			acc[((n*g.P+p)*g.Q+q)*k+u] += float32(x * values(v.W)[((u*g.R+r)*g.S+s)*g.C+c])
		}
	})
	naiveEpilogue(v.Epilogue, v.Y, acc)
}

func naiveConvInput(v compute.ConvInput) {
	g, k := v.Patches(), v.Y.Cols()
	acc := make([]float32, v.X.Len())
	eachPlace(g, func(n, p, q, r, s, c int) {
		h, w := p*g.Stride-g.Pad+r, q*g.Stride-g.Pad+s
		if h < 0 || h >= g.H || w < 0 || w >= g.W {
			return
		}
		for u := range k {
			acc[((n*g.H+h)*g.W+w)*g.C+c] += float32(values(v.Y)[((n*g.P+p)*g.Q+q)*k+u] * values(v.W)[((u*g.R+r)*g.S+s)*g.C+c])
		}
	})
	naiveEpilogue(v.Epilogue, v.X, acc)
}

func naiveEpilogue(e compute.Epilogue, t *compute.Tensor, acc []float32) {
	for i, a := range acc {
		y := &values(t)[i]
		v := e.Alpha * a
		if e.Beta != 0 {
			v += float32(e.Beta * *y)
		}
		if e.Bias != nil {
			v += values(e.Bias)[i%t.Cols()]
		}
		v = naiveAct(e.Act, v)
		if e.Aux != nil {
			v *= slope(e.Grad, values(e.Aux)[i])
		}
		*y = v
	}
}

func naivePool(v compute.Pool) {
	g := v.Patches()
	y := values(v.Y)
	for i := range y {
		var sum, most float32
		first := true
		seenAt(g, i/g.C, func(at int) {
			x := values(v.X)[at+i%g.C]
			if sum += x; first || x > most {
				first, most = false, x
			}
		})
		if y[i] = most; v.Pooling == compute.AveragePool {
			y[i] = sum / float32(g.R*g.S)
		}
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

func naivePoolGrad(v compute.PoolGrad) {
	g := v.Patches()
	dx := values(v.DX)
	clear(dx)
	for i, d := range values(v.DY) {
		to := -1
		seenAt(g, i/g.C, func(at int) {
			at += i % g.C
			if v.Pooling == compute.AveragePool {
				dx[at] += d / float32(g.R*g.S)
			} else if to < 0 || values(v.X)[at] > values(v.X)[to] {
				to = at
			}
		})
		if to >= 0 {
			dx[to] += d
		}
	}
}

// A drawing of images, a window and its places.
type drawn struct {
	n, h, w, c, r, s, p, q int
	compute.Slide
}

func drawImages(t *rapid.T, pad int) drawn {
	g := drawn{n: draw(t, "n", 14), h: draw(t, "h", 9), w: draw(t, "w", 9), c: draw(t, "c", 20), r: draw(t, "r", 4), s: draw(t, "s", 4)}
	g.Slide = compute.Slide{Stride: draw(t, "stride", 3), Pad: rapid.IntRange(0, min(pad, min(g.r, g.s)/2)).Draw(t, "pad")}
	g.r, g.s = min(g.r, g.h+2*g.Pad), min(g.s, g.w+2*g.Pad)
	g.Pad = min(g.Pad, min(g.r, g.s)/2)
	g.r, g.s = min(g.r, g.h+2*g.Pad), min(g.s, g.w+2*g.Pad)
	g.p, g.q = g.Places(g.h, g.r), g.Places(g.w, g.s)
	return g
}

func (g drawn) x(o operands) *compute.Tensor { return o.in(g.n, g.h, g.w, g.c) }

func drawConv(t *rapid.T) builder {
	g, k, back := drawImages(t, 2), draw(t, "units", 40), rapid.Bool().Draw(t, "towards the input")
	e := compute.Epilogue{Alpha: 0.5, Beta: float32(rapid.IntRange(0, 2).Draw(t, "Beta")) / 2}
	e.Act, e.Grad = rapid.SampledFrom(compute.Acts).Draw(t, "Act"), rapid.SampledFrom(compute.Acts).Draw(t, "Grad")
	bias := rapid.Bool().Draw(t, "Bias")
	return func(o operands) compute.Op {
		x, y, w, e := g.x(o), o.in(g.n, g.p, g.q, k), o.in(k, g.r, g.s, g.c), e
		out := y
		if back {
			out = x
		}
		if bias {
			e.Bias = o.in(out.Cols())
		}
		if e.Grad != compute.Identity {
			e.Aux = o.in(out.Shape()...)
		}
		if back {
			return compute.ConvInput{X: x, Y: y, W: w, Slide: g.Slide, Epilogue: e}
		}
		return compute.Conv{Y: y, X: x, W: w, Slide: g.Slide, Epilogue: e}
	}
}

func drawPatches(t *rapid.T) builder {
	g, k := drawImages(t, 2), draw(t, "units", 20)
	h := compute.Hebbian{Mask: compute.Mask(rapid.IntRange(0, 3).Draw(t, "Mask")), Rate: 0.5, Patches: g.Slide}
	h.Decay = float32(rapid.IntRange(0, 2).Draw(t, "Decay")) / 2
	if rapid.Bool().Draw(t, "bounds") {
		h.Lo, h.Hi = -0.5, 0.75
	}
	return func(o operands) compute.Op {
		h := h
		h.W, h.Y, h.X = o.in(k, g.r, g.s, g.c), o.in(g.n, g.p, g.q, k), g.x(o)
		if h.Mask != compute.None {
			h.G = o.in(g.n, g.p, g.q, k)
		}
		return h
	}
}

func drawPool(t *rapid.T) builder {
	g := drawImages(t, 2)
	kind := compute.Pooling(rapid.IntRange(0, 1).Draw(t, "Pooling"))
	back := rapid.Bool().Draw(t, "gradient")
	return func(o operands) compute.Op {
		x, y := g.x(o), o.in(g.n, g.p, g.q, g.c)
		if !back {
			return compute.Pool{Y: y, X: x, Pooling: kind, Height: g.r, Width: g.s, Slide: g.Slide}
		}
		p := compute.PoolGrad{DX: g.x(o), DY: y, Pooling: kind, Height: g.r, Width: g.s, Slide: g.Slide}
		if kind == compute.MaxPool {
			p.X = x
		}
		return p
	}
}
