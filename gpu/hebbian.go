package gpu

import "hebb/compute"

// hebbian plans the product YᵀX with the learning rule as its epilogue. The part already explained is computed first, from
// the old weights: for Diagonal one number a unit, Σ_b y·g; for Lower and Full T = Mask(YᵀG), units × units, and V = T·W,
// as large as W. The update then reads W once and writes it once, and its tiles may run in any order.
func (l *plan) hebbian(h compute.Hebbian) {
	if h.OfImages() {
		l.hebbianOfImages(h)
		return
	}
	batch, units, inputs, n := h.Dims()
	w := l.rule(h, n)
	w.size = extent{1, batch, units, inputs, n}
	w.out = grid(h.W, axisRow, axisCol)
	w.a = left(h.Y, true)
	w.b = right(h.X, false)
	l.product(w)
}

// hebbianOfImages plans the same product with the patches of X, whose places are the terms. The passes before it see Y, G
// and W as matrices.
func (l *plan) hebbianOfImages(h compute.Hebbian) {
	g := h.Geometry()
	_, units, inputs, n := h.Dims()
	x, y, weights := h.X, h.Y, h.W
	h.Patches, h.X = compute.Slide{}, l.matrix(x, g.C)
	h.Y, h.G, h.W = l.matrix(y, units), l.matrix(h.G, units), l.matrix(weights, inputs)
	if l.err != nil {
		return
	}
	if pixelwise(g) {
		l.hebbian(h)
		return
	}
	w := l.rule(h, n)
	w.size = extent{units, 1, g.N, g.P, g.Q}
	w.out = grid(h.W, axisRow, axisCol).table(axisUnit, inputs)
	w.a = pixels(y, placeTerms, 1).by(axisUnit)
	w.b = under(x, g, placeTerms)
	w.ins[0] = w.ins[0].table(axisUnit, 1)
	w.ins[1] = w.ins[1].table(axisUnit, inputs)
	i := &images{places: placeTerms, perRow: g.Q, seen: 2, defines: []string{"PATCHES_B"}}
	i.terms = []axis{placeTerms, placeTerms + 1, placeTerms + 2}
	i.args = func(a *args, b box) {
		a.geometry(g)
		a.M, a.N = int32(b.n[axisUnit]), int32(inputs)
		a.K, a.Dep0 = i.count(b)
	}
	w.images = i
	l.product(w)
}

// rule returns the product of h's update, of n pairs, without its operands, and plans the passes before it.
func (l *plan) rule(h compute.Hebbian, n int) product {
	w := product{
		file: "hebbian", pass: "HEBBIAN",
		alpha: float32(float64(h.Rate) / float64(n)), beta: 1 - h.Decay, lo: h.Lo, hi: h.Hi,
		transA: true, half: h.Leeway&compute.Half != 0,
	}
	switch h.Mask {
	case compute.None:
	case compute.Diagonal:
		w.ins[0] = l.gates(h)
	default:
		w.ins[1] = l.coupling(h)
	}
	if h.Rates != nil {
		w.rates = line(h.Rates, axisMember, h.Rates.Len()).singly()
	}
	return w
}

// gates plans Σ_b y·g of each unit.
func (l *plan) gates(h compute.Hebbian) operand {
	batch, units, n := max(h.Y.Batch(), h.G.Batch()), h.Y.Cols(), h.Y.Rows()
	out := l.ownLine(scratch1, batch, units, axisRow)
	if batch < h.W.Batch() {
		out.stride[axisMember] = 0 // one serves all networks
	}
	l.reduce(reduction{
		size: extent{1, batch, units, 1, n}, columns: true, scale: 1,
		out: out, a: left(h.Y, true), b: left(h.G, true),
	})
	return out.singly()
}

// coupling plans V = Mask(YᵀG)·W. A lower triangle costs half: tiles above its diagonal are skipped, and its product stops
// at the diagonal.
func (l *plan) coupling(h compute.Hebbian) operand {
	batch, units, inputs, n := max(h.Y.Batch(), h.G.Batch()), h.Y.Cols(), h.W.Cols(), h.Y.Rows()
	t := product{
		file: "gemm", pass: "GEMM", alpha: 1,
		size: extent{1, batch, units, units, n},
		out:  l.own(scratch1, batch, units, units, axisRow, axisCol),
		a:    left(h.Y, true), transA: true,
		b: right(h.G, false),
	}
	v := product{
		file: "gemm", pass: "GEMM", alpha: 1,
		size: extent{1, h.W.Batch(), units, inputs, units},
		out:  l.own(scratch2, h.W.Batch(), units, inputs, axisRow, axisCol),
		a:    l.own(scratch1, batch, units, units, axisRow, axisTerm),
		b:    grid(h.W, axisTerm, axisCol),
	}
	if batch < h.W.Batch() {
		v.a.stride[axisMember] = 0 // one serves all networks
	}
	if h.Mask == compute.Lower {
		t.defines = []string{"LOWER"}
		v.defines = []string{"LOWER_A"}
	}
	l.product(t)
	l.product(v)
	return v.out
}
