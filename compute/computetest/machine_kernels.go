package computetest

import (
	"math"

	"hebb/compute"
)

// kernels returns the kernel matrix of each width between rows x and y of a member, or, where y is nil, x and x.
func (m *Machine[F]) kernels(s compute.Similarity, x, y [][]F) [][][]F {
	own := y == nil
	if own {
		y = x
	}
	xx, yy := m.norms(x), m.norms(y)
	all := make([][][]F, s.Widths())
	for w := range all {
		all[w] = matrix(make([]F, len(x)*len(y)), len(y))
	}
	for i := range x {
		for j := range y {
			if own && j < i {
				for _, k := range all {
					k[i][j] = k[j][i]
				}
				continue
			}
			xy := m.Dot(x[i], y[j])
			for w, k := range all {
				if k[i][j] = m.similarity(s, w, xy, xx[i], yy[j]); own && i == j && s.Kernel != compute.Linear {
					k[i][j] = 1
				}
			}
		}
	}
	return all
}

// norms are the squared lengths of rows.
func (m *Machine[F]) norms(x [][]F) []F {
	xx := make([]F, len(x))
	for i, row := range x {
		xx[i] = m.Dot(row, row)
	}
	return xx
}

// similarity evaluates a squared distance by norms, the less accurate of the two ways.
func (m *Machine[F]) similarity(s compute.Similarity, w int, xy, xx, yy F) F {
	switch {
	case s.Kernel == compute.Gaussian:
		dist := max(0, m.Sub(m.Add(xx, yy), 2*xy))
		return m.Exp(-m.Mul(m.Round(s.Factor(w), 0, 0), dist))
	case s.Kernel == compute.Linear:
		return xy
	case xx == 0 || yy == 0:
		return 0
	}
	return m.Mul(m.Mul(xy, m.Rsqrt(xx)), m.Rsqrt(yy))
}

func (m *Machine[F]) gram(g compute.Gram) {
	_, batch, rows, cols, _ := g.Dims()
	for z := range batch {
		var y [][]F
		if g.Y != nil {
			y = member[F](g.Y, z, cols)
		}
		for w, k := range m.kernels(g.Similarity(), member[F](g.X, z, rows), y) {
			m.centre(g.Center, k)
			for i, row := range k {
				copy(Values[F](g.K)[((w*batch+z)*rows+i)*cols:], row)
			}
		}
	}
}

func (m *Machine[F]) centre(by compute.Center, k [][]F) {
	if by == compute.Raw {
		return
	}
	means := func(k [][]F) (sums, means []F) {
		for _, row := range k {
			sums = append(sums, m.sum(row))
			means = append(means, m.Div(sums[len(sums)-1], F(len(row))))
		}
		return sums, means
	}
	sums, rows := means(k)
	_, cols := means(turned(k))
	all := m.Div(m.sum(sums), F(len(rows)*len(cols)))
	for i, row := range k {
		for j := range row {
			if by == compute.Double {
				row[j] = m.Sub(m.Sub(row[j], rows[i]), m.Sub(cols[j], all))
			} else {
				row[j] = m.Sub(row[j], all)
			}
		}
	}
}

// rowwise returns row i's number of width w and member z in t, or 0.
func (m *Machine[F]) rowwise(t *compute.Tensor, w, widths, batch, z, i int) F {
	if t == nil {
		return 0
	}
	return m.Load(Values[F](t)[(w%widths*batch+z)*t.Cols()+i])
}

func (m *Machine[F]) kernelSums(s compute.KernelSums) {
	widths, batch, rows := s.Dims()
	for z := range batch {
		k, l := m.kernels(s.K, member[F](s.K.X, z, rows), nil), [][][]F(nil)
		if s.Dot != nil {
			l = m.kernels(s.L, member[F](s.L.X, z, rows), nil)
		}
		centred := func(k [][][]F, t *compute.Tensor, w, i int) []F {
			row := make([]F, rows)
			for j, v := range k[w%len(k)][i] {
				row[j] = m.Sub(m.Sub(v, m.rowwise(t, w, len(k), batch, z, i)), m.rowwise(t, w, len(k), batch, z, j))
			}
			return row
		}
		for w := range widths {
			for i := range rows {
				at, row := (w*batch+z)*rows+i, centred(k, s.A, w, i)
				if s.Sum != nil {
					Values[F](s.Sum)[at] = m.sum(row)
				}
				if s.Dot != nil {
					Values[F](s.Dot)[at] = m.Dot(row, centred(l, s.B, w, i))
				}
			}
		}
	}
}

// kernelGrad takes the sum of P's row times x_i from P·X, the less accurate of the two ways.
func (m *Machine[F]) kernelGrad(g compute.KernelGrad) {
	_, batch, rows, d := g.Dims()
	for z := range batch {
		x := member[F](g.K.X, z, rows)
		columns := turned(x)
		for i, p := range m.Weights(g, z) {
			if g.K.Kernel == compute.Gaussian {
				p[i] = 0
			}
			all := m.sum(p)
			for k := range d {
				v := m.Dot(p, columns[k])
				if g.K.Kernel == compute.Gaussian {
					v = m.Sub(v, m.Mul(all, x[i][k]))
				}
				Values[F](g.DX)[(z*rows+i)*d+k] = v
			}
		}
	}
}

// Weights returns P for member z.
func (m *Machine[F]) Weights(g compute.KernelGrad, z int) [][]F {
	widths, batch, rows, _ := g.Dims()
	kernels, others := m.kernels(g.K, member[F](g.K.X, z, rows), nil), [][][]F(nil)
	if g.L.X != nil {
		others = m.kernels(g.L, member[F](g.L.X, z, rows), nil)
	}
	all := matrix(make([]F, rows*rows), rows)
	for e := range widths * rows * rows {
		w, i, j := e/(rows*rows), e/rows%rows, e%rows
		k := kernels[w][i][j]
		s := m.Mul(m.Const(g.Self), k)
		if others != nil {
			s = m.FMA(m.Const(g.Cross), others[w%len(others)][i][j], s)
		}
		s = m.Add(m.Add(s, m.rowwise(g.R, w, widths, batch, z, i)), m.rowwise(g.R, w, widths, batch, z, j))
		if g.G != nil {
			s = m.Add(s, m.Load(Values[F](g.G)[((w*batch+z)*rows+i)*rows+j]))
		}
		if g.K.Kernel == compute.Gaussian {
			s = m.Mul(s, k)
		}
		all[i][j] = m.FMA(m.Round(g.Scale(w), 0, 0), s, all[i][j])
	}
	return all
}

// inverse is Cholesky's factorisation row by row, the factor's inverse row by row from the diagonal leftwards, and the
// product of this inverse's transpose with it.
func (m *Machine[F]) inverse(v compute.Inverse) {
	batch, n := v.Dims()
	for z := range batch {
		a, inv := m.shifted(v, z), matrix(Values[F](v.Inv)[z*n*n:][:n*n], n)
		l, order := m.cholesky(a)
		Values[F](v.Info)[z] = F(order)
		factor := matrix(make([]F, n*n), n) // L⁻¹, by columns
		columns := turned(l)
		for i := 0; i < n && order == 0; i++ {
			row := make([]F, n)
			row[i] = m.Div(1, l[i][i])
			for j := i - 1; j >= 0; j-- {
				row[j] = m.Div(-m.Dot(row[j+1:i+1], columns[j][j+1:i+1]), l[j][j])
			}
			for j := range i + 1 {
				factor[j][i] = row[j]
			}
		}
		for i := range n {
			for j := range i + 1 {
				x := F(math.NaN())
				if order == 0 {
					x = m.Dot(factor[i][i:], factor[j][i:])
				}
				inv[i][j], inv[j][i] = x, x
			}
		}
	}
}

// shifted is the lower triangle of A + Shift·I.
func (m *Machine[F]) shifted(v compute.Inverse, z int) [][]F {
	_, n := v.Dims()
	a := matrix(make([]F, n*n), n)
	for i, row := range member[F](v.A, z, n) {
		for j := range i {
			a[i][j] = m.Load(row[j])
		}
		a[i][i] = m.Add(m.Load(row[i]), m.Const(v.Shift))
	}
	return a
}

// cholesky returns the factor of a, up to the first leading minor that is not positive definite, whose order it
// returns; else 0.
func (m *Machine[F]) cholesky(a [][]F) (l [][]F, order int) {
	l = matrix(make([]F, len(a)*len(a)), len(a))
	for i := range a {
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s = m.FMA(-l[i][k], l[j][k], s)
			}
			if i != j {
				l[i][j] = m.Div(s, l[j][j])
				continue
			}
			if !(s > 0) {
				return l, i + 1
			}
			l[i][i] = m.Sqrt(s)
		}
	}
	return l, 0
}
