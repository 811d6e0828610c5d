package bench

import (
	"fmt"
	"math"

	"hebb/compute"
)

// A kernelPass is a pass over two Gaussian kernel matrices of m rows each that are never stored: HSIC's sums of products of
// centred kernels, or its gradient.
type kernelPass struct {
	m     int
	d, dl int       // length of the rows of K, and of L, which has one width
	sigma []float32 // of K, in units of √d
}

func (p kernelPass) similarities(s *compute.Step) (k, l compute.Similarity) {
	return compute.Similarity{X: s.Tensor(p.m, p.d), Kernel: compute.Gaussian, Sigma: p.sigma, PerDim: true},
		compute.Similarity{X: s.Tensor(p.m, p.dl), Kernel: compute.Gaussian, Sigma: oneWidth, PerDim: true}
}

func (p kernelPass) sums(s *compute.Step) compute.Op {
	k, l := p.similarities(s)
	return compute.KernelSums{Dot: s.Tensor(len(p.sigma), p.m), K: k, L: l, A: s.Tensor(len(p.sigma), p.m), B: s.Tensor(1, p.m)}
}

func (p kernelPass) grad(s *compute.Step) compute.Op {
	k, l := p.similarities(s)
	return compute.KernelGrad{DX: s.Tensor(p.m, p.d), K: k, L: l, R: s.Tensor(len(p.sigma), p.m), Alpha: 1, Self: 0.5, Cross: 1}
}

// centredProducts multiplies entries of two kernel matrices, each centred by its offsets.
var centredProducts = compute.Formula("(k - a - aT)*(l - b - bT)", "k", "a", "aT", "l", "b", "bT")

// stored does the work of a KernelSums by way of the matrices: both of them, and a sum over their products.
func stored(s *compute.Step, op compute.Op) []compute.Op {
	o := op.(compute.KernelSums)
	widths, _, m := o.Dims()
	k, l := s.Tensor(widths, m, m), s.Tensor(1, m, m)
	matrix := func(to *compute.Tensor, of compute.Similarity) compute.Op {
		return compute.Gram{K: to, X: of.X, Kernel: of.Kernel, Sigma: of.Sigma, PerDim: of.PerDim}
	}
	rows := func(t *compute.Tensor) *compute.Tensor { return s.View(t, 0, t.Len()/m, m, 1) }
	cols := func(t *compute.Tensor) *compute.Tensor { return s.View(t, 0, t.Len()/m, 1, m) }
	return []compute.Op{
		matrix(k, o.K), matrix(l, o.L),
		compute.Reduce{Out: o.Dot, In: []*compute.Tensor{k, rows(o.A), cols(o.A), l, rows(o.B), cols(o.B)},
			F: centredProducts, Along: compute.AlongCols, Alpha: 1},
	}
}

// kernelPasses are HSIC's passes, up to what no device could store.
func kernelPasses() []Case {
	var cases []Case
	for _, c := range []struct {
		m, d  int
		sigma []float32
		quick bool
	}{{256, 256, oneWidth, true}, {1024, 128, threeWidths, true}, {4096, 128, threeWidths, false}, {8192, 128, threeWidths, false}, {65536, 128, threeWidths, false}} {
		p := kernelPass{m: c.m, d: c.d, dl: 16, sigma: c.sigma}
		name := fmt.Sprintf("%s %d×%d", widths(len(c.sigma)), c.m, c.d)
		if c.m <= 8192 {
			cases = append(cases, Case{Name: "kernelsums stored" + name, Quick: c.quick, Build: p.sums, Parts: stored})
		}
		cases = append(cases, Case{Name: "kernelsums" + name, Quick: c.quick, Build: p.sums},
			Case{Name: "kernelgrad" + name, Quick: c.quick, Build: p.grad})
	}
	return cases
}

// inverses are of symmetric positive definite matrices: the lower triangle of any numbers, and a shift beyond the 2√(2n)
// that the eigenvalues of n×n numbers from −2 to 2 reach.
func inverses() []Case {
	var cases []Case
	for _, c := range []struct{ batch, n int }{{1, 64}, {1, 256}, {1, 512}, {1, 1024}, {8, 256}, {8, 512}} {
		cases = append(cases, Case{
			Name: "inverse " + times(c.batch, fmt.Sprintf("%d×%d", c.n, c.n)), Quick: c.batch == 1 && c.n == 256,
			Build: func(s *compute.Step) compute.Op {
				shift := 4 * float32(math.Ceil(math.Sqrt(float64(c.n))))
				return compute.Inverse{A: s.Tensor(c.batch, c.n, c.n), Inv: s.Tensor(c.batch, c.n, c.n), Info: s.Tensor(c.batch), Shift: shift}
			},
		})
	}
	return cases
}
