package cpu

import (
	"pgregory.net/rapid"

	"hebb/compute"
)

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
