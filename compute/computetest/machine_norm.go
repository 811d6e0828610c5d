package computetest

import (
	"slices"

	"hebb/compute"
)

// moments returns the mean and the variance of x, in two passes; or by merging the moments of chunks (Chan, Golub,
// LeVeque 1983), one after the other.
func (m *Machine[F]) moments(x []F, chunk int) (mean, v F) {
	if chunk == 0 || chunk >= len(x) {
		mean = m.mean(x)
		d := make([]F, len(x))
		for i, y := range x {
			d[i] = m.Sub(y, mean)
		}
		return mean, m.Div(m.Dot(d, d), F(len(x)))
	}
	n := 0
	var squares F // Σ (x − mean)²
	for part := range slices.Chunk(x, chunk) {
		own, v := m.moments(part, 0)
		n += len(part)
		d, share := m.Sub(own, mean), m.Div(F(len(part)), F(n))
		squares = m.Add(squares, m.Mul(v, F(len(part))))
		squares = m.Add(squares, m.Mul(m.Mul(d, d), m.Mul(share, F(n-len(part)))))
		mean = m.FMA(d, share, mean)
	}
	return mean, m.Div(squares, F(n))
}

// scale returns 1/√(v + eps), in the less accurate of GLSL's two ways.
func (m *Machine[F]) scale(v F, eps float32) F { return m.Div(1, m.Sqrt(m.Add(v, F(eps)))) }

// columns returns the columns of each of so many members of t, one member after the other.
func columns[F Float](t *compute.Tensor, members int) (all [][]F) {
	n := t.Len() / members
	for z := range members {
		all = append(all, turned(matrix(Values[F](t)[z*n:][:n], t.Cols()))...)
	}
	return all
}

func (m *Machine[F]) standardize(s compute.Standardize) {
	rows, cols := s.Dims()
	for j, x := range columns[F](s.X, s.Members()) {
		mean, v := m.moments(x, m.Chunk)
		Values[F](s.Mean)[j], Values[F](s.Var)[j] = mean, v
		if s.RunMean != nil {
			part, rm, rv := F(s.Momentum), &Values[F](s.RunMean)[j], &Values[F](s.RunVar)[j]
			*rm = m.FMA(part, mean, m.Mul(m.Sub(1, part), *rm))
			*rv = m.FMA(m.Mul(part, m.Div(F(rows), F(rows-1))), v, m.Mul(m.Sub(1, part), *rv))
		}
		first := j/cols*rows*cols + j%cols
		for i, y := range x {
			z := m.Mul(m.Sub(y, mean), m.scale(v, s.Eps))
			Values[F](s.Y)[first+i*cols] = m.Act(s.Act, m.FMA(z, Values[F](s.Gain)[j], Values[F](s.Bias)[j]))
		}
	}
}

func (m *Machine[F]) standardizeGrad(s compute.StandardizeGrad) {
	rows, cols := s.Dims()
	dy, x := columns[F](s.DY, s.Members()), columns[F](s.X, s.Members())
	for j, e := range dy {
		xhat, first := x[j], j/cols*rows*cols+j%cols
		scale := m.scale(Values[F](s.Var)[j], s.Eps)
		for i := range rows {
			if s.Y != nil {
				e[i] = m.through(s.Act, e[i], Values[F](s.Y)[first+i*cols])
			}
			xhat[i] = m.Mul(m.Sub(xhat[i], Values[F](s.Mean)[j]), scale)
		}
		dgain, dbias := m.Dot(e, xhat), m.sum(e)
		Values[F](s.DGain)[j], Values[F](s.DBias)[j] = dgain, dbias
		n := F(rows)
		for i := range rows {
			d := m.Sub(m.Sub(e[i], m.Div(dbias, n)), m.Mul(xhat[i], m.Div(dgain, n)))
			Values[F](s.DX)[first+i*cols] = m.Mul(m.Mul(Values[F](s.Gain)[j], scale), d)
		}
	}
}
