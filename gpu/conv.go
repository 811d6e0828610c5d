package gpu

import "hebb/compute"

// conv is a product with a row for each position and a column for each unit; its first factor is the patches of X.
func (l *plan) conv(c compute.Conv) {
	g, units := c.Patches(), c.Y.Cols()
	if pixelwise(g) {
		l.pixelwise(c.Y, c.X, c.W, true, c.Epilogue, c.Leeway)
		return
	}
	w := layer(c.Epilogue, units)
	w.size = extent{g.N, g.P, g.Q, units, 1}
	w.out = pixels(c.Y, placeRows, 1).by(axisCol)
	w.a = under(c.X, g, placeRows)
	w.b, w.transB = line(c.W, axisCol, c.W.Len()).table(axisCol, g.R*g.S*g.C), true
	w.ins[1] = pixels(c.Aux, placeRows, 1).by(axisCol)
	i := &images{places: placeRows, perRow: g.Q, seen: 1, defines: []string{"PATCHES_A"}}
	i.args = func(a *args, b box) {
		a.geometry(g)
		a.M, a.Row0 = i.count(b)
		a.K = int32(g.R * g.S * g.C)
	}
	w.images, w.half = i, c.Leeway&compute.Half != 0
	w.fast = l.transformable(winograd{out: c.Y, in: c.X, aux: c.Aux, w: c.W, pad: g.Pad}, c.Leeway, g)
	l.product(w)
}

// convInput is a product with a row for each pixel and a column for each channel. With a stride above 1
// the pixels are stride² phases, members of a batch, each with the taps that meet it: see
// shaders/patches.glsl.
func (l *plan) convInput(c compute.ConvInput) {
	g, units := c.Patches(), c.Y.Cols()
	if pixelwise(g) {
		l.pixelwise(c.X, c.Y, c.W, false, c.Epilogue, c.Leeway)
		return
	}
	s := g.Stride
	phases, high, wide := s*s, (g.H+s-1)/s, (g.W+s-1)/s
	w := layer(c.Epilogue, g.C)
	w.size = extent{g.N, high, wide, g.C, units}
	w.out = pixels(c.X, placeRows, s).deep(g.C)
	w.ins[1] = pixels(c.Aux, placeRows, s).deep(g.C)
	// The positions whose window may cover the pixels from s·p to s·p + s − 1 are those from p + first to p + last.
	first := func(window int) int { return floor(g.Pad-window+1, s) }
	last := (s - 1 + g.Pad) / s
	w.a = pixels(c.Y, placeRows, 1).touching(c.Y, placeRows, first(g.R), first(g.S), last, last, 1).by(axisTerm)
	w.b = line(c.W, axisTerm, c.W.Len()).table(axisTerm, g.R*g.S*g.C)
	i := &images{places: placeRows, perRow: wide, seen: 1, terms: []axis{axisTerm}, defines: []string{"PATCHES_A"}}
	if s == 1 {
		i.defines = append(i.defines, "ADJOINT")
	} else {
		w.defines = []string{"ADJOINT", "PHASES"}
		bottom, right := min(s, g.H)-1, min(s, g.W)-1
		w.out = w.out.touching(c.X, placeRows, 0, 0, bottom, right, g.C)
		if c.Aux != nil {
			w.ins[1] = w.ins[1].touching(c.Aux, placeRows, 0, 0, bottom, right, g.C)
		}
		i.room = l.own(scratchPartial, 0, 0, 0, axisRow, axisCol)
		i.room.stride = extent{phases * high * wide * g.C, phases * wide * g.C, phases * g.C}
		i.room.reach = phases*g.C - 1
	}
	i.args = func(a *args, b box) {
		a.geometry(g)
		a.Image = [4]int32{int32(g.P), int32(g.Q), int32(g.H), int32(g.W)}
		a.Channels = int32(b.n[axisTerm])
		a.Batch = int32(phases)
		a.M, a.Row0 = i.count(b)
		a.K = int32((g.R+s-1)/s*((g.S+s-1)/s)) * a.Channels // of the largest phase
	}
	w.images, w.half = i, c.Leeway&compute.Half != 0
	w.fast = l.transformable(winograd{out: c.X, in: c.Y, aux: c.Aux, w: c.W, pad: 2 - g.Pad, back: true}, c.Leeway, g)
	l.product(w)
}

// pixelwise is a convolution by a window of one pixel with stride 1: out = in·W or in·Wᵀ.
func (l *plan) pixelwise(out, in, w *compute.Tensor, trans bool, e compute.Epilogue, within compute.Leeway) {
	if e.Aux != nil {
		e.Aux = l.matrix(e.Aux, out.Cols())
	}
	g := compute.Gemm{C: l.matrix(out, out.Cols()), A: l.matrix(in, in.Cols()), B: l.matrix(w, w.Cols()), TransB: trans, Epilogue: e, Leeway: within}
	if l.err == nil {
		l.gemm(g)
	}
}

// floor is a/b rounded down.
func floor(a, b int) int {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}
