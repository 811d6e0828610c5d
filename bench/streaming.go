package bench

import (
	"fmt"

	"hebb/compute"
)

// A Streaming is a pass over two Gaussian kernel matrices of m rows each that are never stored: HSIC's sums of products of
// centred kernels or, with Grad, its gradient. Stored is the same sums by way of the matrices.
type Streaming struct {
	M      int       `json:"m"`
	D      int       `json:"d"`     // length of the rows of K
	DL     int       `json:"dl"`    // and of L, which has one width
	Sigma  []float32 `json:"sigma"` // of K, in units of √d
	Grad   bool      `json:"grad,omitempty"`
	Stored bool      `json:"stored,omitempty"`
}

// What a gradient is made of, as in HSIC of thousands of rows.
const (
	gradSelf  = 0.5
	gradCross = 1
	sigmaOfL  = 1
)

func (s Streaming) Op() string {
	if s.Grad {
		return "kernelgrad"
	}
	return "kernelsums"
}

func (s Streaming) Kind() string {
	k := s.Op()
	if s.Stored {
		k += " stored"
	}
	if len(s.Sigma) > 1 {
		k += fmt.Sprintf(" %d widths", len(s.Sigma))
	}
	return k
}

func (s Streaming) Sizes() map[string]int {
	return map[string]int{"m": s.M, "d": s.D, "dl": s.DL, "widths": len(s.Sigma)}
}

func (s Streaming) terms() int { return s.M * (s.D + s.DL + 16*len(s.Sigma)) }

func (s Streaming) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	k := compute.Similarity{X: step.Tensor(s.M, s.D), Kernel: compute.Gaussian, Sigma: s.Sigma, PerDim: true}
	l := compute.Similarity{X: step.Tensor(s.M, s.DL), Kernel: compute.Gaussian, Sigma: []float32{sigmaOfL}, PerDim: true}
	a, b := step.Tensor(len(s.Sigma), s.M), step.Tensor(1, s.M)
	if s.Grad {
		g := compute.KernelGrad{DX: step.Tensor(s.M, s.D), K: k, L: l, R: a, Alpha: 1, Self: gradSelf, Cross: gradCross}
		return g, []*compute.Tensor{k.X, l.X, a}
	}
	return compute.KernelSums{Dot: step.Tensor(len(s.Sigma), s.M), K: k, L: l, A: a, B: b}, []*compute.Tensor{k.X, l.X, a, b}
}

// centredProducts are (K − A_i − A_j)·(L − B_i − B_j).
var centredProducts = func() *compute.Func {
	less := func(v int) compute.Expr {
		return compute.Sub(compute.Sub(compute.Var(v), compute.Var(v+1)), compute.Var(v+2))
	}
	return compute.Pointwise(compute.Mul(less(0), less(3)))
}()

// steps are the ops that do what op does: op itself, or the matrices and a sum over them.
func (s Streaming) steps(op compute.Op, step *compute.Step) []compute.Op {
	o, sums := op.(compute.KernelSums)
	if !s.Stored || !sums {
		return []compute.Op{op}
	}
	widths, _, m := o.Dims()
	k, l := step.Tensor(widths, m, m), step.Tensor(1, m, m)
	matrix := func(to *compute.Tensor, of compute.Similarity) compute.Op {
		return compute.Gram{K: to, X: of.X, Kernel: of.Kernel, Sigma: of.Sigma, PerDim: of.PerDim}
	}
	rows := func(t *compute.Tensor) *compute.Tensor { return step.View(t, 0, t.Len()/m, m, 1) }
	cols := func(t *compute.Tensor) *compute.Tensor { return step.View(t, 0, t.Len()/m, 1, m) }
	return []compute.Op{
		matrix(k, o.K), matrix(l, o.L),
		compute.Reduce{Out: o.Dot, In: []*compute.Tensor{k, rows(o.A), cols(o.A), l, rows(o.B), cols(o.B)},
			F: centredProducts, Along: compute.AlongCols, Alpha: 1},
	}
}

// streamings are HSIC's passes, up to what no device could store.
func streamings() []Case {
	var cases []Case
	one, three := []float32{1}, []float32{0.5, 1, 2}
	add := func(quick bool, s Streaming) {
		cases = append(cases, Case{"hsic", fmt.Sprintf("%s %d×%d", s.Kind(), s.M, s.D), quick, s})
	}
	for _, s := range []struct {
		m, d  int
		sigma []float32
		quick bool
	}{{256, 256, one, true}, {1024, 128, three, true}, {4096, 128, three, false}, {8192, 128, three, false}, {65536, 128, three, false}} {
		sums := Streaming{M: s.m, D: s.d, DL: 16, Sigma: s.sigma}
		stored, grad := sums, sums
		stored.Stored, grad.Grad = true, true
		if s.m <= 8192 {
			add(s.quick, stored)
		}
		add(s.quick, sums)
		add(s.quick, grad)
	}
	return cases
}
