package computetest

import (
	"math"

	"hebb/compute"
)

// products returns Σ a·b with the given leeway.
func (m *Machine[F]) products(l compute.Leeway, a, b []F) F {
	if m.Products != nil {
		return m.Products(l, a, b)
	}
	return m.Dot(a, b)
}

func (m *Machine[F]) gemm(g compute.Gemm) {
	batch, rows, cols, _ := g.Dims()
	c := Values[F](g.C)
	for z := range batch {
		a, b := member[F](g.A, z, g.A.Rows()), member[F](g.B, z, g.B.Rows())
		if g.Used != nil {
			for r := int(math.Round(float64(Values[F](g.Used)[z]))); r < len(b); r++ {
				b[r] = make([]F, g.B.Cols()) // left out
			}
		}
		if g.TransA {
			a = turned(a)
		}
		if !g.TransB {
			b = turned(b)
		}
		for e := range rows * cols {
			i := z*rows*cols + e
			c[i] = m.Finish(g.Epilogue, m.products(g.Leeway, a[e/cols], b[e%cols]), c[i], z*cols+e%cols, i)
		}
	}
}

// Finish returns the epilogue of element i of an output with the old value old, of the sum acc and the given element of
// Bias.
func (m *Machine[F]) Finish(e compute.Epilogue, acc, old F, bias, i int) F {
	v := m.Mul(F(e.Alpha), acc)
	if e.Beta != 0 {
		v = m.Add(v, m.Mul(F(e.Beta), old))
	}
	if e.Bias != nil {
		v = m.Add(v, m.Load(Values[F](e.Bias)[bias%e.Bias.Len()]))
	}
	if v = m.Act(e.Act, v); e.Aux == nil {
		return v
	}
	return m.through(e.Grad, v, Values[F](e.Aux)[i])
}

// Act returns a(v).
func (m *Machine[F]) Act(a compute.Act, v F) F {
	switch a {
	case compute.ReLU:
		return max(v, 0)
	case compute.Tanh:
		e := m.Exp(-2 * F(math.Abs(float64(v))))
		t := m.Div(m.Sub(1, e), m.Add(1, e))
		if v > 0 {
			return t
		}
		return -t
	case compute.Sigmoid:
		e := m.Exp(-F(math.Abs(float64(v))))
		if v > 0 {
			return m.Div(1, m.Add(1, e))
		}
		return m.Div(e, m.Add(1, e))
	case compute.LeakyReLU:
		if v <= 0 {
			return m.Mul(v, F(compute.LeakySlope))
		}
	case compute.SELU:
		if v > 0 {
			return m.Mul(v, F(compute.SELUScale))
		}
		return m.Mul(m.Sub(m.Exp(v), 1), F(compute.SELULimit))
	}
	return v
}

// through returns v times the derivative of an activation whose output is a.
func (m *Machine[F]) through(grad compute.Act, v, a F) F {
	a = m.Load(a)
	switch grad {
	case compute.ReLU:
		if a <= 0 {
			return 0
		}
	case compute.Tanh:
		return m.Mul(v, m.Sub(1, m.Mul(a, a)))
	case compute.Sigmoid:
		return m.Mul(v, m.Mul(a, m.Sub(1, a)))
	case compute.LeakyReLU:
		if a <= 0 {
			return m.Mul(v, F(compute.LeakySlope))
		}
	case compute.SELU:
		if a > 0 {
			return m.Mul(v, F(compute.SELUScale))
		}
		return m.Mul(v, m.Add(F(compute.SELULimit), a))
	}
	return v
}

func (m *Machine[F]) hebbian(h compute.Hebbian) {
	batch, units, inputs, n := h.Dims()
	for z := range batch {
		rate := F(h.Rate) / F(n) // by the host
		if h.Rates != nil {
			rate = m.Mul(rate, Values[F](h.Rates)[z%h.Rates.Len()])
		}
		w := Values[F](h.W)[z*units*inputs:][:units*inputs]
		old, y, x, g := turned(matrix(w, inputs)), turned(member[F](h.Y, z, n)), turned(m.inputs(h, z)), [][]F(nil)
		if h.Mask != compute.None {
			g = turned(member[F](h.G, z, n))
		}
		for i := range units {
			coupling := make([]F, units) // row i of Mask(YᵀG)
			for v := range units {
				if h.Mask.Keeps(i, v) {
					coupling[v] = m.Dot(y[i], g[v])
				}
			}
			for j := range inputs {
				s := m.products(h.Leeway, y[i], x[j])
				if h.Mask != compute.None {
					s = m.Sub(s, m.Dot(coupling, old[j]))
				}
				v := m.Mul(rate, s)
				if h.Keeps() {
					v = m.Add(m.Mul(m.Sub(1, F(h.Decay)), old[j][i]), v)
				}
				if h.Bounded() {
					v = min(max(v, F(h.Lo)), F(h.Hi))
				}
				w[i*inputs+j] = v
			}
		}
	}
}

// inputs returns the rows of X of network z, or the patches of its images.
func (m *Machine[F]) inputs(h compute.Hebbian, z int) [][]F {
	_, _, inputs, n := h.Dims()
	if !h.OfImages() {
		return member[F](h.X, z, n)
	}
	return patches[F](h.X, m.window(h.Geometry()), n, inputs)
}
