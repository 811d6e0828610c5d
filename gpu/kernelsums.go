package gpu

import "hebb/compute"

// kernelSums makes K and L band by band, and folds what becomes of each row.
func (l *plan) kernelSums(k compute.KernelSums) {
	widths, batch, m := k.Dims()
	first, second, matrices := l.similarity(k.K, nil, scratch1, 0), product{}, widths
	if k.Dot != nil {
		second = l.similarity(k.L, nil, scratch2, 0)
		matrices += k.L.Widths()
	}
	for _, b := range l.bands(k.K, matrices) {
		kernel := l.kernels(first, k.K, b, scratchK, 1)
		var other func(width int, col axis) operand
		if k.Dot != nil {
			other = l.kernels(second, k.L, b, scratchL, 1)
		}
		for w := range widths {
			f := &bandFormula{band: b, batch: batch, m: m, col: axisTerm}
			v := f.centred(kernel(w, axisTerm), k.A, w)
			if k.Sum != nil {
				l.rowSums(f, v, k.Sum, w)
			}
			if k.Dot != nil {
				u := w % k.L.Widths()
				v = compute.Mul(v, f.centred(other(u, axisTerm), k.B, u))
				l.rowSums(f, v, k.Dot, w)
			}
		}
	}
}

// centred is k less the numbers of its row and of its column.
func (f *bandFormula) centred(k operand, a *compute.Tensor, width int) compute.Expr {
	v := f.input(k)
	if a == nil {
		return v
	}
	return compute.Sub(compute.Sub(v, f.input(f.row(a, width))), f.input(f.column(a, width)))
}

// rowSums plans the sums of v along the rows of f's band.
func (l *plan) rowSums(f *bandFormula, v compute.Expr, to *compute.Tensor, width int) {
	r := fold{kind: "SUM", formula: compute.Pointwise(v), size: extent{1, f.members, f.rows, 1, f.m}}
	copy(r.in[1:], f.inputs)
	r.out[0] = f.row(to, width).written()
	r.complete = func(d *dispatch, _ box) { d.args.Alpha = 1 }
	l.fold(r)
}
