package compute_test

import (
	"slices"

	"hebb/compute"
)

// moments are the mean and the variance of x, in two passes; or by merging those of chunks (Chan,
// Golub, LeVeque 1983), one after the other.
func (u unit) moments(x []float32, chunk int) (mean, v float32) {
	if chunk == 0 || chunk >= len(x) {
		for _, y := range x {
			mean = u.add(mean, u.flush(y))
		}
		mean = u.div(mean, float32(len(x)))
		for _, y := range x {
			d := u.sub(y, mean)
			v = u.fma(d, d, v)
		}
		return mean, u.div(v, float32(len(x)))
	}
	n := 0
	var squares float32 // Σ (x − mean)²
	for part := range slices.Chunk(x, chunk) {
		m, own := u.moments(part, 0)
		n += len(part)
		d, share := u.sub(m, mean), u.div(float32(len(part)), float32(n))
		squares = u.add(squares, u.mul(own, float32(len(part))))
		squares = u.add(squares, u.mul(u.mul(d, d), u.mul(share, float32(n-len(part)))))
		mean = u.fma(d, share, mean)
	}
	return mean, u.div(squares, float32(n))
}

// scale is 1/√(v + eps), in the worse of the two ways that GLSL has.
func (u unit) scale(v, eps float32) float32 { return u.div(1, u.sqrt(u.add(v, eps))) }

// column returns column j of a matrix.
func column(t *compute.Tensor, j int) (x []float32) {
	for i := j; i < t.Len(); i += t.Cols() {
		x = append(x, data(t)[i])
	}
	return x
}

func (n *naive) standardize(s compute.Standardize) {
	rows, cols := s.Dims()
	for j := range cols {
		x := column(s.X, j)
		mean, v := n.moments(x, n.chunk)
		data(s.Mean)[j], data(s.Var)[j] = mean, v
		if s.RunMean != nil {
			m, rm, rv := s.Momentum, &data(s.RunMean)[j], &data(s.RunVar)[j]
			*rm = n.fma(m, mean, n.mul(n.sub(1, m), *rm))
			*rv = n.fma(n.mul(m, n.div(float32(rows), float32(rows-1))), v, n.mul(n.sub(1, m), *rv))
		}
		for i, y := range x {
			z := n.mul(n.sub(y, mean), n.scale(v, s.Eps))
			data(s.Y)[i*cols+j] = n.act(s.Act, n.fma(z, data(s.Gain)[j], data(s.Bias)[j]))
		}
	}
}

func (u unit) standardizeGrad(s compute.StandardizeGrad) {
	rows, cols := s.Dims()
	for j := range cols {
		e, xhat := column(s.DY, j), column(s.X, j)
		scale := u.scale(data(s.Var)[j], s.Eps)
		var dgain, dbias float32
		for i := range rows {
			if s.Y != nil {
				e[i] = u.through(s.Act, e[i], data(s.Y)[i*cols+j])
			}
			xhat[i] = u.mul(u.sub(xhat[i], data(s.Mean)[j]), scale)
			dbias, dgain = u.add(dbias, e[i]), u.fma(e[i], xhat[i], dgain)
		}
		data(s.DGain)[j], data(s.DBias)[j] = dgain, dbias
		n := float32(rows)
		for i := range rows {
			d := u.sub(u.sub(e[i], u.div(dbias, n)), u.mul(xhat[i], u.div(dgain, n)))
			data(s.DX)[i*cols+j] = u.mul(u.mul(data(s.Gain)[j], scale), d)
		}
	}
}
