package gpu

import "hebb/compute"

func (l *plan) gemm(g compute.Gemm) {
	batch, m, n, k := g.Dims()
	w := product{
		file: "gemm", pass: "GEMM",
		size:  extent{1, batch, m, n, k},
		alpha: g.Alpha, beta: g.Beta,
		out: grid(g.C, axisRow, axisCol),
		a:   left(g.A, g.TransA), transA: g.TransA,
		b: right(g.B, g.TransB), transB: g.TransB,
		ins: [2]operand{line(g.Bias, axisCol, n), grid(g.Aux, axisRow, axisCol)},
		act: g.Act, grad: g.Grad,
	}
	if g.Bias != nil || g.Act != compute.Identity || g.Grad != compute.Identity {
		w.finish = []string{"LAYER"}
	}
	l.product(w)
}

// left is the first factor of a product, m×k in memory or, transposed, k×m.
func left(t *compute.Tensor, trans bool) operand {
	if trans {
		return grid(t, axisTerm, axisRow)
	}
	return grid(t, axisRow, axisTerm)
}

// right is the second factor, k×n in memory or, transposed, n×k.
func right(t *compute.Tensor, trans bool) operand {
	if trans {
		return grid(t, axisCol, axisTerm)
	}
	return grid(t, axisTerm, axisCol)
}
