package compute_test

import (
	"slices"

	"hebb/compute"
)

func similarityMutants() []mutant {
	type S = compute.KernelSums
	type G = compute.KernelGrad
	ruin := func(name string, f func(s S, each func(t *compute.Tensor, w, z, i int) *float32)) mutant {
		return spoil(name, func(s S) {
			_, batch, m := s.Dims()
			f(s, func(t *compute.Tensor, w, z, i int) *float32 { return &data(t)[(w*batch+z)*m+i] })
		})
	}
	backwards := func(s []float32) []float32 {
		s = slices.Clone(s)
		slices.Reverse(s)
		return s
	}
	half := func(x *float32) { *x /= 2 }
	return []mutant{
		bend("A forgotten", func(s *S) { s.A = nil }),
		bend("B forgotten", func(s *S) { s.B = nil }),
		bend("A for B", func(s *S) {
			if s.B != nil && s.A != nil && s.A.Len() == s.B.Len() {
				s.B = s.A
			}
		}),
		bend("K for L", func(s *S) {
			if s.Dot != nil {
				s.L = s.K
			}
		}),
		bend("L for K", func(s *S) {
			if s.Dot != nil && s.L.Widths() == s.K.Widths() {
				s.K = s.L
			}
		}),
		bend("sums exchanged", func(s *S) {
			if s.Sum != nil && s.Dot != nil {
				s.Sum, s.Dot = s.Dot, s.Sum
			}
		}),
		bend("the first width for all", func(s *S) { s.K.Sigma = first(s.K.Sigma) }),
		bend("the first width of L for all", func(s *S) { s.L.Sigma = first(s.L.Sigma) }),
		bend("widths in another order", func(s *S) { s.K.Sigma = backwards(s.K.Sigma) }),
		bend("σ not scaled by √d", func(s *S) { s.K.PerDim, s.L.PerDim = false, false }),
		bend("linear for cosine", func(s *S) {
			if s.K.Kernel == compute.Cosine {
				s.K.Kernel = compute.Linear
			}
		}),
		bend("the first member for all", func(s *S) {
			if s.K.X.Batch() > 1 {
				s.K.X, _ = s.K.X.View(0, s.K.X.Rows(), s.K.X.Cols())
				s.Sum, s.Dot = sole(s.Sum), sole(s.Dot)
				s.L.X, s.A, s.B = nil, nil, nil
				if s.Dot != nil {
					s.Sum, s.Dot = s.Dot, nil
				}
			}
		}),
		ruin("a row lost", func(s S, each func(t *compute.Tensor, w, z, i int) *float32) {
			if t := s.Sum; t != nil && s.K.Kernel == compute.Linear && s.A == nil {
				n, d, x := s.K.X.Rows(), s.K.X.Cols(), data(s.K.X)
				for k := range d {
					*each(t, 0, 0, 0) -= x[k] * x[(n-1)*d+k]
				}
			}
		}),
		ruin("the diagonal lost", func(s S, each func(t *compute.Tensor, w, z, i int) *float32) {
			if s.Sum != nil && s.A == nil && s.K.Kernel != compute.Linear {
				*each(s.Sum, 0, 0, 0)--
			}
		}),
		ruin("a mean of both for that of a row", func(s S, each func(t *compute.Tensor, w, z, i int) *float32) {
			if s.Sum != nil && s.A != nil {
				*each(s.Sum, 0, 0, 0) += *each(s.A, 0, 0, 0)
			}
		}),

		bend("Self forgotten", func(g *G) { g.Self = 0 }),
		bend("Cross forgotten", func(g *G) { g.Cross = 0 }),
		bend("R forgotten", func(g *G) { g.R = nil }),
		bend("G forgotten", func(g *G) { g.G = nil }),
		bend("half of Self", func(g *G) { half(&g.Self) }),
		bend("half of Cross", func(g *G) { half(&g.Cross) }),
		bend("half of it all", func(g *G) { half(&g.Alpha) }),
		bend("uphill", func(g *G) { g.Alpha = -g.Alpha }),
		bend("K for L", func(g *G) {
			if g.L.X != nil {
				g.L = g.K
			}
		}),
		bend("the first width for all", func(g *G) { g.K.Sigma = first(g.K.Sigma) }),
		bend("the first width of L for all", func(g *G) { g.L.Sigma = first(g.L.Sigma) }),
		bend("widths of L in another order", func(g *G) { g.L.Sigma = backwards(g.L.Sigma) }),
		bend("σ not scaled by √d", func(g *G) { g.K.PerDim = false }),
		bend("Gaussian of L alone", func(g *G) {
			if g.L.X != nil && g.L.Kernel == compute.Gaussian {
				g.L.Kernel, g.L.Sigma = compute.Linear, nil
			}
		}),
		{"a pair lost", G{}, spoilt(func(g G) {
			if m, d := g.K.X.Rows(), g.K.X.Cols(); m > 1 && g.K.Kernel == compute.Linear {
				p := plain().Weights(g, 0)
				for k := range d {
					data(g.DX)[k] -= p[0][m-1] * data(g.K.X)[(m-1)*d+k]
				}
			}
		})},
		spoil("the last column as it was", func(g G) { data(g.DX)[g.DX.Len()-1] = 0 }),
	}
}

// first has the first width for all.
func first(sigma []float32) (same []float32) {
	for range sigma {
		same = append(same, sigma[0])
	}
	return same
}

// sole is the first matrix of each width's batch, if there is but one width.
func sole(t *compute.Tensor) *compute.Tensor {
	if t == nil {
		return nil
	}
	v, _ := t.View(0, t.Cols())
	return v
}
