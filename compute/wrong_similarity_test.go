package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
)

// TestKernelsAskedWrongly is TestAskedWrongly for the ops on streamed kernel matrices.
func TestKernelsAskedWrongly(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	rows, nan := x(4, 3), float32(math.NaN())
	gaussian := func(x *compute.Tensor, sigma ...float32) compute.Similarity {
		return compute.Similarity{X: x, Kernel: compute.Gaussian, Sigma: sigma}
	}
	linear, two := compute.Similarity{X: rows}, gaussian(rows, 1, 2)
	sums := func(f func(s *compute.KernelSums)) compute.KernelSums {
		s := compute.KernelSums{Sum: x(2, 4), Dot: x(2, 4), K: two, L: gaussian(x(4, 5), 1), A: x(2, 4), B: x(4)}
		f(&s)
		return s
	}
	grad := func(f func(g *compute.KernelGrad)) compute.KernelGrad {
		g := compute.KernelGrad{DX: x(4, 3), K: two, L: linear, Alpha: 1, Cross: 1, R: x(2, 4), G: x(2, 4, 4)}
		f(&g)
		return g
	}
	refused(t, d, []mistake{
		{"no rows", "operand K.X is nil", compute.KernelSums{Sum: x(4)}},
		{"no sum", "neither Sum nor Dot", sums(func(s *compute.KernelSums) { s.Sum, s.Dot, s.L.X, s.B = nil, nil, nil, nil })},
		{"products of one", "Dot is [2 4] and L.X is <nil>, want both or neither", sums(func(s *compute.KernelSums) { s.L.X, s.B = nil, nil })},
		{"L for nothing", "Dot is <nil> and L.X is [4 5]", sums(func(s *compute.KernelSums) { s.Dot = nil })},
		{"B for nothing", "B is [4] and there is no L", sums(func(s *compute.KernelSums) { s.Dot, s.L.X = nil, nil })},
		{"sum", "Sum is [4] of X[4 3], want 2×1×4", sums(func(s *compute.KernelSums) { s.Sum = x(4) })},
		{"dot", "Dot is [4 2] of X[4 3], want 2×1×4", sums(func(s *compute.KernelSums) { s.Dot = x(4, 2) })},
		{"A", "A is [1 4]", sums(func(s *compute.KernelSums) { s.A = x(1, 4) })},
		{"B", "B is [2 4] of X[4 5], want 1×1×4", sums(func(s *compute.KernelSums) { s.B = x(2, 4) })},
		{"K's width", "K: Sigma[1] is NaN, want a width above 0", sums(func(s *compute.KernelSums) { s.K.Sigma = []float32{1, nan} })},
		{"L's width", "L: 0 widths in Sigma", sums(func(s *compute.KernelSums) { s.L.Sigma = nil })},
		{"kernel", "K: Kernel is Kernel(9), want one of [linear cosine gaussian]", sums(func(s *compute.KernelSums) { s.K.Kernel = 9; s.K.Sigma = []float32{1, 2} })},
		{"width of linear", "L: Sigma [1] and PerDim false for the linear kernel", sums(func(s *compute.KernelSums) { s.L.Kernel = compute.Linear })},
		{"other rows", "L.X[5 5] beside K.X[4 3], want as many rows", sums(func(s *compute.KernelSums) { s.L.X = x(5, 5) })},
		{"other batch", "L.X[2 4 5] beside K.X[4 3]", sums(func(s *compute.KernelSums) { s.L.X = x(2, 4, 5) })},
		{"other widths", "L has 3 widths and K 2, want as many or one for all", sums(func(s *compute.KernelSums) { s.L.Sigma = []float32{1, 2, 3} })},
		{"sum over A", "overlaps", sums(func(s *compute.KernelSums) { s.A = s.Sum })},
		{"sums alike", "overlaps", sums(func(s *compute.KernelSums) { s.Dot = s.Sum })},

		{"no DX", "operand DX is nil", grad(func(g *compute.KernelGrad) { g.DX = nil })},
		{"DX", "DX is [3 4], want [4 3] as K.X", grad(func(g *compute.KernelGrad) { g.DX = x(3, 4) })},
		{"in place", "overlaps", grad(func(g *compute.KernelGrad) { g.DX = rows })},
		{"cosine", "K is cosine, want a gaussian or linear kernel", grad(func(g *compute.KernelGrad) { g.K.Kernel = compute.Cosine })},
		{"no factor", "Alpha is 0", grad(func(g *compute.KernelGrad) { g.Alpha = 0 })},
		{"NaN", "Self NaN", grad(func(g *compute.KernelGrad) { g.Self = nan })},
		{"L alone", "Cross is 0 and L.X is [4 3], want both or neither", grad(func(g *compute.KernelGrad) { g.Cross = 0 })},
		{"Cross alone", "Cross is 1 and L.X is <nil>", grad(func(g *compute.KernelGrad) { g.L.X = nil })},
		{"nothing", "nothing to differentiate", grad(func(g *compute.KernelGrad) { g.L.X, g.Cross, g.R, g.G = nil, 0, nil, nil })},
		{"G", "G is [4 4] of X[4 3], want 2×1×[4 4]", grad(func(g *compute.KernelGrad) { g.G = x(4, 4) })},
		{"R", "R is [4]", grad(func(g *compute.KernelGrad) { g.R = x(4) })},
		{"factor", "make a factor of 4.0", grad(func(g *compute.KernelGrad) { g.Alpha = 2e-38; g.K.Sigma = []float32{100, 1} })},
		{"gradient's width", "K: 0 widths", grad(func(g *compute.KernelGrad) { g.K.Sigma = nil })},
		{"L of other widths", "L: Sigma [1] and PerDim false for the linear", grad(func(g *compute.KernelGrad) { g.L.Sigma = []float32{1} })},
	})
}

// TestKernelCosts counts the work of small ops by hand.
func TestKernelCosts(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	k := compute.Similarity{X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{1, 2}}
	l := compute.Similarity{X: x(3, 4)}
	costs(t, []costed{
		{compute.KernelSums{Sum: x(2, 3), K: k}, compute.Cost{Flops: 6*(10+2) + 2*9, Bytes: 4 * (6 + 15)}},
		{compute.KernelSums{Dot: x(2, 3), K: k, L: l, A: x(2, 3), B: x(3)}, compute.Cost{Flops: 6*(10+2) + 6*8 + 4*9, Bytes: 4 * (6 + 15 + 12 + 9)}},
		{compute.KernelGrad{DX: x(3, 5), K: k, Alpha: 1, Self: 1}, compute.Cost{Flops: 6*(10+2) + 4*2*9 + 2*9*5, Bytes: 4 * (15 + 15)}},
		{compute.KernelGrad{DX: x(3, 5), K: k, L: l, Alpha: 1, Cross: 1, R: x(2, 3)},
			compute.Cost{Flops: 6*(10+2) + 6*8 + 8*2*9 + 2*9*5, Bytes: 4 * (15 + 15 + 12 + 6)}},
	})
}
