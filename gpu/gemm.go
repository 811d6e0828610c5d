package gpu

import (
	"fmt"

	"hebb/compute"
)

func (l *plan) gemm(g compute.Gemm) {
	batch, m, n, k := g.Dims()
	w := layer(g.Epilogue, n)
	w.size = extent{1, batch, m, n, k}
	w.out = grid(g.C, axisRow, axisCol)
	w.a, w.transA = left(g.A, g.TransA), g.TransA
	w.b, w.transB = right(g.B, g.TransB), g.TransB
	w.ins[1] = grid(g.Aux, axisRow, axisCol)
	w.half = g.Leeway&compute.Half != 0
	l.product(w)
}

// layer returns a product of n columns with epilogue e, without its factors and the place of Aux.
func layer(e compute.Epilogue, n int) product {
	w := product{
		file: "gemm", pass: "GEMM",
		alpha: e.Alpha, beta: e.Beta,
		ins: [2]operand{line(e.Bias, axisCol, n)},
		act: e.Act, grad: e.Grad,
	}
	if e.Bias != nil || e.Act != compute.Identity || e.Grad != compute.Identity {
		w.finish = []string{"LAYER"}
		if max(e.Act, e.Grad) <= compute.ReLU { // most layers share this program, which compiles quickly
			w.finish = append(w.finish, fmt.Sprintf("ACT %d", e.Act), fmt.Sprintf("GRAD %d", e.Grad))
		}
	}
	return w
}

// left returns the first factor of a product, m×k in memory or, transposed, k×m.
func left(t *compute.Tensor, trans bool) operand {
	if trans {
		return grid(t, axisTerm, axisRow)
	}
	return grid(t, axisRow, axisTerm)
}

// right returns the second factor, k×n in memory or, transposed, n×k.
func right(t *compute.Tensor, trans bool) operand {
	if trans {
		return grid(t, axisCol, axisTerm)
	}
	return grid(t, axisTerm, axisCol)
}
