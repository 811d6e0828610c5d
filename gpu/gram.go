package gpu

import "hebb/compute"

// gram is the product X·Yᵀ with the kernel as its finish, which writes all widths at once; norms
// come before, means are taken out after. The tiled rung evaluates ‖x−y‖² as ‖x‖²+‖y‖²−2x·y, the naive
// one as Σ(x−y)².
func (l *plan) gram(g compute.Gram) {
	widths, batch, n, m, d := g.Dims()
	w := product{
		file: "gram", pass: "GRAM",
		size: extent{widths, batch, n, m, d},
		out:  operand{mem: memory{buf: g.K.Buffer()}, off: g.K.Offset(), ld: m, stride: extent{batch * n * m, n * m, m, 1, 0}},
		a:    left(g.X, false),
		b:    right(g.Other(), true), transB: true,
		symmetric: g.Y == nil, kind: g.Kernel,
	}
	if w.symmetric {
		w.mirror = w.out
		w.mirror.stride[axisRow], w.mirror.stride[axisCol] = 1, m
	}
	for i := range g.Sigma {
		w.factor = append(w.factor, float32(g.Factor(i)))
	}
	switch {
	case g.Kernel == compute.Linear:
	case g.Kernel == compute.Gaussian && l.naive():
		w.defines = []string{"DISTANCE"}
	default:
		w.ins = l.norms(g)
	}
	l.product(w)
	if g.Center != compute.Raw {
		l.centre(g)
	}
}

// norms plans ‖x‖² of all rows of X and of Y, and returns them as the product's finish sees them.
func (l *plan) norms(g compute.Gram) [2]operand {
	_, batch, n, m, d := g.Dims()
	squares := func(t *compute.Tensor, which, rows int) {
		l.reduce(reduction{
			size: extent{1, batch, rows, 1, d}, scale: 1,
			out: l.ownLine(which, batch, rows, axisRow), a: left(t, false), b: left(t, false),
		})
	}
	squares(g.X, scratch1, n)
	other := scratch1
	if g.Y != nil {
		other = scratch2
		squares(g.Y, other, m)
	}
	return [2]operand{
		l.ownLine(scratch1, batch, n, axisRow).singly(),
		l.ownLine(other, batch, m, axisCol),
	}
}

// centre plans the means of K and their subtraction. Each mean is a sum in a fixed tree, so that
// the same K gives the same bits; a symmetric K has the same means both ways, and stays symmetric.
func (l *plan) centre(g compute.Gram) {
	widths, batch, n, m, _ := g.Dims()
	all := widths * batch // matrices
	k := func(row, col axis) operand {
		o := operand{mem: memory{buf: g.K.Buffer()}, off: g.K.Offset(), ld: m}
		o.stride[axisMember], o.stride[row], o.stride[col] = n*m, m, 1
		return o
	}
	rows := l.ownLine(scratchRows, all, n, axisRow)
	l.reduce(reduction{size: extent{1, all, n, 1, m}, scale: 1 / float32(m), out: rows, a: k(axisRow, axisTerm)})
	l.reduce(reduction{
		size: extent{1, all, 1, 1, n}, scale: 1 / float32(n),
		out: l.ownLine(scratchAll, all, 1, axisRow), a: l.ownLine(scratchRows, all, n, axisTerm),
	})
	ops := []operand{k(axisRow, axisCol).written(), none, none, l.ownLine(scratchAll, all, 1, axisTerm)}
	if g.Center == compute.Double {
		cols := scratchRows
		if g.Y != nil {
			cols = scratchCols
			l.reduce(reduction{
				size: extent{1, all, m, 1, n}, scale: 1 / float32(n), columns: true,
				out: l.ownLine(cols, all, m, axisRow), a: k(axisTerm, axisRow),
			})
		}
		ops[1], ops[2] = rows, l.ownLine(cols, all, m, axisCol)
	}
	for _, b := range l.cut(extent{1, all, n, m, 1}, ops...) {
		d := l.piece("centre", b, ops...)
		d.define(g.Center == compute.Double, "DOUBLE")
		l.launch(d, groups(d.args.N, 64), groups(d.args.M, 4), int(d.args.Batch))
	}
}
