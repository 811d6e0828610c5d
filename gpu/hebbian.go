package gpu

import "hebb/compute"

// hebbian is the product YᵀX with the rule as its finish. What the units take to be explained
// already is worked out before, from the old weights: for the Diagonal one number a unit, Σ_b y·g;
// for Lower and Full T = Mask(YᵀG), units × units, and V = T·W, as large as W. So the update itself reads
// W once and writes it once, and its tiles may run in any order.
func (l *plan) hebbian(h compute.Hebbian) {
	batch, units, inputs, n := h.Dims()
	w := product{
		file: "hebbian", pass: "HEBBIAN",
		size:  extent{1, batch, units, inputs, n},
		alpha: float32(float64(h.Rate) / float64(n)), beta: 1 - h.Decay, lo: h.Lo, hi: h.Hi,
		out: grid(h.W, axisRow, axisCol),
		a:   left(h.Y, true), transA: true,
		b: right(h.X, false),
	}
	switch h.Mask {
	case compute.None:
	case compute.Diagonal:
		w.ins[0] = l.gates(h)
	default:
		w.ins[1] = l.coupling(h)
	}
	l.product(w)
}

// gates plans Σ_b y·g of each unit.
func (l *plan) gates(h compute.Hebbian) operand {
	batch, units, _, n := h.Dims()
	out := l.ownLine(scratch1, batch, units, axisRow)
	l.reduce(reduction{
		size: extent{1, batch, units, 1, n}, columns: true, scale: 1,
		out: out, a: left(h.Y, true), b: left(h.G, true),
	})
	return out.singly()
}

// coupling plans V = Mask(YᵀG)·W. A lower triangle costs half: tiles above its diagonal are not
// worked out, and its product stops at the diagonal.
func (l *plan) coupling(h compute.Hebbian) operand {
	batch, units, inputs, n := h.Dims()
	t := product{
		file: "gemm", pass: "GEMM", alpha: 1,
		size: extent{1, batch, units, units, n},
		out:  l.own(scratch1, batch, units, units, axisRow, axisCol),
		a:    left(h.Y, true), transA: true,
		b: right(h.G, false),
	}
	v := product{
		file: "gemm", pass: "GEMM", alpha: 1,
		size: extent{1, batch, units, inputs, units},
		out:  l.own(scratch2, batch, units, inputs, axisRow, axisCol),
		a:    l.own(scratch1, batch, units, units, axisRow, axisTerm),
		b:    grid(h.W, axisTerm, axisCol),
	}
	if h.Mask == compute.Lower {
		t.defines = []string{"LOWER"}
		v.defines = []string{"LOWER_A"}
	}
	l.product(t)
	l.product(v)
	return v.out
}
