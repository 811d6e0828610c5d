package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
)

// TestKernelDefinitions compares the definitions of the ops on streamed kernel matrices with numbers worked by hand.
func TestKernelDefinitions(t *testing.T) {
	o := newOperands(t)
	x, e := o.of, math.Exp
	line, three := []int{3, 1}, []int{3}
	linear := compute.Similarity{X: x(line, 1, 2, -1)} // [1 2 -1; 2 4 -2; -1 -2 1]
	other := compute.Similarity{X: x(line, 1, 0, 1)}   // [1 0 1; 0 0 0; 1 0 1]
	near := compute.Similarity{X: x(line, 0, 1, 1), Kernel: compute.Gaussian, Sigma: []float32{1, 0.5}}
	a, b := x(three, 1, 0, 2), x(three, 0, 1, 0)
	cosine := compute.Similarity{X: x([]int{3, 2}, 3, 4, 0, 1, 0, 0), Kernel: compute.Cosine}
	g := x([]int{3, 3}, 0, 1, 0, 1, 0, 2, 0, 2, 0)
	h, q := e(-0.5), e(-2) // near's K: 1 h h; h 1 1; h 1 1, and with q for h
	for _, test := range []struct {
		name string
		op   compute.Op
		out  int
		want []float64
	}{
		{"row sums", compute.KernelSums{Sum: x(three), K: linear}, 0, []float64{2, 4, -2}},
		// K̃ = [-1 1 -4; 1 4 -4; -4 -4 -3]
		{"without A", compute.KernelSums{Sum: x(three), K: linear, A: a}, 0, []float64{-4, 1, -11}},
		{"products", compute.KernelSums{Dot: x(three), K: linear, L: other}, 0, []float64{0, 0, 0}},
		// L̃ = [1 -1 1; -1 -2 -1; 1 -1 1]
		{"both centred", compute.KernelSums{Sum: x(three), Dot: x(three), K: linear, L: other, A: a, B: b}, 1, []float64{-6, -5, -3}},
		{"squares", compute.KernelSums{Dot: x(three), K: linear, L: linear}, 0, []float64{6, 24, 6}},
		{"Gaussian of two widths", compute.KernelSums{Sum: x([]int{2, 3}), K: near}, 0,
			[]float64{1 + 2*h, 2 + h, 2 + h, 1 + 2*q, 2 + q, 2 + q}},
		{"one L for all widths", compute.KernelSums{Dot: x([]int{2, 3}), K: near, L: linear}, 0,
			[]float64{1 + 2*h - h, 2*h + 4 - 2, -h - 2 + 1, 1 + 2*q - q, 2*q + 4 - 2, -q - 2 + 1}},
		{"cosine", compute.KernelSums{Sum: x(three), K: cosine}, 0, []float64{1.8, 1.8, 1}},

		// S = K: 2·Σ K·x_j
		{"linear", compute.KernelGrad{DX: x(line), K: linear, Alpha: 1, Self: 1}, 0, []float64{12, 24, -12}},
		// S = 3L − R_i − R_j: [3-2 -1 3-3; -1 0 -2; 0 -2 3-4]
		{"linear with L and R", compute.KernelGrad{DX: x(line), K: linear, L: other, Alpha: 0.5, Cross: 3, R: x(three, -1, 0, -2)}, 0,
			[]float64{-1, 1, -3}},
		{"linear with G", compute.KernelGrad{DX: x(line), K: linear, Alpha: 0.5, G: g}, 0, []float64{2, -1, 4}},
		// Factors 1/2 and 2; K·S of row 0 with rows 1 and 2, which lie at a distance of −1.
		{"Gaussian", compute.KernelGrad{DX: x(line), K: near, Alpha: 1, Self: 1}, 0,
			[]float64{4 * (2*h*h/2 + 2*2*q*q), -4 * (h*h/2 + 2*q*q), -4 * (h*h/2 + 2*q*q)}},
		{"Gaussian with R of each width", compute.KernelGrad{DX: x(line), K: near, Alpha: -1, R: x([]int{2, 3}, 1, 2, 3, 0, 0, 1)}, 0,
			[]float64{-4 * ((3*h+4*h)/2 + 2*q), 4 * 3 * h / 2, 4 * (4*h/2 + 2*q)}},
	} {
		o.defined(test.name, test.op, test.out, test.want, 1e-3)
	}
}

// explicit returns HSIC through stored matrices, Σ (H·K·H)∘L/(m−1)², and the sum of both forms' bounds.
func explicit(o operands, k, l compute.Similarity, w int) (hsic, err float64) {
	gram := func(s compute.Similarity, c compute.Center) func(out, i int) compute.Val {
		m := s.X.Rows()
		return compute.Define(compute.Gram{K: tensor(o.t, o.d, s.Widths(), m, m), X: s.X, Kernel: s.Kernel, Sigma: s.Sigma, PerDim: s.PerDim, Center: c}, o.c)
	}
	m := k.X.Rows()
	first, second := gram(k, compute.Double), gram(l, compute.Raw)
	for i := range m * m {
		a, b := first(0, w*m*m+i), second(0, w%l.Widths()*m*m+i)
		hsic += a.X * b.X
		err += math.Abs(a.X)*b.Err + math.Abs(b.X)*a.Err + a.Err*b.Err
	}
	over := float64((m - 1) * (m - 1))
	return hsic / over, err / over
}

// means returns each row's mean less half of the overall mean, or half of the overall mean alone.
func (o operands) means(s compute.Similarity, grand bool) *compute.Tensor {
	m := s.X.Rows()
	sums := compute.Define(compute.KernelSums{Sum: tensor(o.t, o.d, s.Widths(), m), K: s}, o.c)
	a := tensor(o.t, o.d, s.Widths(), m)
	for w := range s.Widths() {
		all := 0.0
		for i := range m {
			all += sums(0, w*m+i).X / float64(m*m)
		}
		for i := range m {
			v := all / 2
			if !grand {
				v = sums(0, w*m+i).X/float64(m) - v
			}
			o.c[a] = append(o.c[a], float32(v))
		}
	}
	return a
}

// TestStreamedHSIC: HSIC by sums equals HSIC by matrices, whether one side is centred or both.
func TestStreamedHSIC(t *testing.T) {
	o := newOperands(t)
	const m = 8
	gaussian := compute.Similarity{X: o.real(m, 3), Kernel: compute.Gaussian, Sigma: []float32{1, 0.5, 2}, PerDim: true}
	cosine := compute.Similarity{X: o.real(m, 4), Kernel: compute.Cosine}
	linear := compute.Similarity{X: o.real(m, 2)}
	for _, pair := range [][2]compute.Similarity{{gaussian, cosine}, {gaussian, gaussian}, {linear, cosine}, {linear, linear}} {
		k, l := pair[0], pair[1]
		for _, both := range []bool{true, false} {
			op := compute.KernelSums{Dot: tensor(t, o.d, k.Widths(), m), K: k, L: l, A: o.means(k, false)}
			if both {
				op.B = o.means(l, false)
			}
			at := compute.Define(op, o.c)
			for w := range k.Widths() {
				got, err := 0.0, 0.0
				for i := range m {
					v := at(0, w*m+i)
					got, err = got+v.X/((m-1)*(m-1)), err+v.Err/((m-1)*(m-1))
				}
				want, more := explicit(o, k, l, w)
				if !(math.Abs(got-want) <= err+more+1e-14*want) || !(want > 0) || !(err <= 1e-3*want) {
					t.Errorf("%v with %v, width %d: %g ± %.2g, want %g", k.Kernel, l.Kernel, w, got, err, want)
				}
			}
		}
	}
}
