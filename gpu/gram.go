package gpu

import "hebb/compute"

// gram is the product X·Yᵀ with the kernel as its finish, which writes all widths; centring follows.
func (l *plan) gram(g compute.Gram) {
	widths, batch, n, m, d := g.Dims()
	w := l.similarity(g.Similarity(), g.Y, scratch1, scratch2)
	w.size = extent{widths, batch, n, m, d}
	w.out = operand{mem: memory{buf: g.K.Buffer()}, off: g.K.Offset(), ld: m, stride: extent{batch * n * m, n * m, m, 1, 0}}
	if w.symmetric = g.Y == nil; w.symmetric {
		w.mirror = w.out
		w.mirror.stride[axisRow], w.mirror.stride[axisCol] = 1, m
	}
	l.product(w)
	if g.Center != compute.Raw {
		l.centre(g)
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
