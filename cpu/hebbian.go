package cpu

import "hebb/compute"

// An update computes a [compute.Hebbian]. With r = Rate/n, times the network's entry of Rates, and λ = Decay:
//
//	None      W ← (1−λ)·W + r·Yᵀ·X
//	Diagonal  W ← (1−λ−r·s)·W + r·Yᵀ·X, s_u = Σ_b y_bu·g_bu, a factor for each row
//	Full      W ← (1−λ)·W + r·Yᵀ·E, E = X − G·W
//	Lower     as Full, one block of units after the other: block I has the error
//	          E_I = X − Σ_{J<I} G_J·W_J, less the blocks before it, and subtracts for its own
//	          units the small product Lower(Y_IᵀG_I)·W_I
//
// (YᵀG)·W is never formed: for many units and few pairs it is far more work. Columns of W are independent in Full and Lower,
// whose tiles are all units × some columns.
type update struct {
	compute.Hebbian
	batch, units, inputs, n int
	rate, keep              float32
}

func newUpdate(h compute.Hebbian) update {
	u := update{Hebbian: h, rate: h.Rate / float32(h.X.Rows()), keep: 1 - h.Decay}
	u.batch, u.units, u.inputs, u.n = h.Dims()
	return u
}

func hebbian(h compute.Hebbian) {
	if h.OfImages() {
		hebbianOfPatches(h)
		return
	}
	u := newUpdate(h)
	if h.Mask == compute.None {
		u.plain()
		return
	}
	v := u // u itself does not escape
	v.masked()
}

func (u *update) masked() {
	switch u.Mask {
	case compute.Diagonal:
		u.diagonal()
	case compute.Lower:
		u.lower()
	case compute.Full:
		u.full()
	}
}

// rateOf returns r of network z.
func (u *update) rateOf(z int) float32 {
	if u.Rates == nil {
		return u.rate
	}
	return u.rate * values(u.Rates)[z]
}

func (u *update) plain() {
	if small(u.units, u.inputs, u.n) {
		u.small()
		return
	}
	u.add(nil)
}

func (u *update) diagonal() {
	factors := borrow(u.batch * u.units)
	defer giveBack(factors)
	shape{1, factorCols}.tiles(u.batch, 1, u.units, func(t tile) {
		u.factors((*factors)[t.z*u.units+t.j:][:t.cols], t)
	})
	u.add(*factors)
}

// add does W ← clip(keep·W + r·Yᵀ·X), or with a factor for each row of W instead of keep.
func (u *update) add(factors []float32) {
	m := multiplication{
		batch: u.batch, a: stacked(u.Y).tIf(true), b: stacked(u.X), c: stacked(u.W),
		outcome: outcome{u.rate, u.keep, nil, u.Lo, u.Hi}, keepsOf: factors,
	}
	if u.Rates != nil {
		m.alphas = values(u.Rates)
	}
	m.multiply(products.fit(u.batch, u.units, u.inputs))
}

// outcome returns W ← clip(keep·W + r·YᵀX) of network z.
func (u *update) outcome(z int) outcome { return outcome{u.rateOf(z), u.keep, nil, u.Lo, u.Hi} }

// factorCols is the number of units of a tile of factors.
const factorCols = 64

// factors computes f_u = 1−λ−r·Σ_b y_bu·g_bu for units t.j … t.j+t.cols of network t.z.
func (u *update) factors(f []float32, t tile) {
	clear(f)
	y := member(u.Y, t.z).part(0, t.j, u.n, t.cols)
	g := member(u.G, t.z).part(0, t.j, u.n, t.cols)
	var products [factorCols]float32
	for b := range u.n {
		times(products[:len(f)], y.row(b), g.row(b))
		add(f, f, products[:])
	}
	rate := u.rateOf(t.z)
	scale(f, f, -rate)
	shift(f, f, u.keep)
}

func (u *update) full() {
	u.strips(func(t tile) {
		w, y, x := u.operands(t)
		unexplained := borrow(u.n * t.cols)
		defer giveBack(unexplained)
		e := dense(u.n, t.cols, *unexplained)
		copyRows(e, x)
		mul(-1, member(u.G, t.z), w, 1, e)
		u.outcome(t.z).mul(y.t(), e, w)
	})
}

// strip is the number of columns in a tile of Full and Lower, group the number of units in a block of Lower.
var strip, group = 256, 128

// strips calls f for each tile of all units × some inputs.
func (u *update) strips(f func(tile)) {
	grain{shape{u.units, strip}, shape{u.units, 32}}.tiles(u.batch, u.units, u.inputs, f)
}

func (u *update) lower() {
	coupling := borrow(u.batch * u.units * group) // Lower(YᵀG) within each block, times r
	defer giveBack(coupling)
	block := func(z, i int) matrix {
		n := min(group, u.units-i)
		return dense(n, n, (*coupling)[(z*u.units+i)*group:])
	}
	shape{group, group}.tiles(u.batch, u.units, 1, func(t tile) {
		y, g := member(u.Y, t.z), member(u.G, t.z)
		c := block(t.z, t.i)
		mul(u.rateOf(t.z), y.part(0, t.i, u.n, t.rows).t(), g.part(0, t.i, u.n, t.rows), 0, c)
		for i := range c.rows {
			clear(c.row(i)[i+1:])
		}
	})
	u.strips(func(t tile) {
		w, y, x := u.operands(t)
		unexplained, before := borrow(u.n*t.cols), borrow(group*t.cols)
		defer giveBack(unexplained)
		defer giveBack(before)
		e := dense(u.n, t.cols, *unexplained)
		copyRows(e, x)
		for i := 0; i < u.units; i += group {
			rows := min(group, u.units-i)
			now, old := w.part(i, 0, rows, t.cols), dense(rows, t.cols, *before)
			copyRows(old, now)
			mul(u.rateOf(t.z), y.part(0, i, u.n, rows).t(), e, u.keep, now)
			outcome{-1, 1, nil, u.Lo, u.Hi}.mul(block(t.z, i), old, now)
			if i+rows < u.units {
				mul(-1, member(u.G, t.z).part(0, i, u.n, rows), old, 1, e)
			}
		}
	})
}

// operands returns the blocks of W, Y and X that tile t takes.
func (u *update) operands(t tile) (w, y, x matrix) {
	return member(u.W, t.z).part(t.i, t.j, t.rows, t.cols),
		member(u.Y, t.z).part(0, t.i, u.n, t.rows),
		member(u.X, t.z).part(0, t.j, u.n, t.cols)
}
