package compute

import (
	"fmt"
	"math"
	"math/bits"
)

// Resample draws the parents of particles by systematic resampling (Kitagawa 1996, "Monte Carlo filter and smoother for
// non-Gaussian nonlinear state space models"). For each row w of Weights, n particles, with its own start u in [0, 1):
//
//	C_j = w_0 + … + w_j,  T = C_{n−1}
//	Out_i = the first j with n·C_j > (i + u)·T;  n−1 if there is none
//
// so that particle j has ⌊n·w_j/T⌋ or ⌈n·w_j/T⌉ children, and parents are in order. Equal weights give 0, 1, …, n−1.
//
// u is cut to a multiple of a power of two so small that i + u is exact, 2⁻¹⁶ for 100 particles, and held within [0, 1); a
// NaN is 0. A weight that is not above 0, NaN among them, is 0. Where T is 0 or subnormal, or n·T not finite, the whole row
// of Out is −1, which [Gather] takes for no row. n is at most 4096, which a group of a GPU's threads can share.
//
// Bound: T and C_j are sums in any order, and each side is rounded once; where these errors leave the parent of a particle
// open, all parents that they allow are right. Cost: 4 flops a particle: an addition, two products and a comparison.
type Resample struct {
	Out     *Tensor // rows × n
	Weights *Tensor // rows × n, as Out
	Start   *Tensor // rows numbers
}

func (r Resample) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, r.Out), append(ins, r.Weights, r.Start)
}

// Dims returns the number of rows, and of the particles of each.
func (r Resample) Dims() (rows, n int) { return r.Out.n / r.Out.Cols(), r.Out.Cols() }

// MostParticles is the most that a row of [Resample] can have.
const MostParticles = 1 << 12

func (r Resample) check() error {
	rows, n := r.Dims()
	switch {
	case r.Weights.n != r.Out.n || r.Weights.Cols() != n:
		return fmt.Errorf("Weights is %v, want %v as Out", r.Weights, r.Out)
	case r.Start.n != rows:
		return fmt.Errorf("Start is %v, want [%d], one per row of Out%v", r.Start, rows, r.Out)
	case n > MostParticles:
		return fmt.Errorf("Out%v has rows of %d particles, want at most %d", r.Out, n, MostParticles)
	}
	return nil
}

// Steps returns how many values u can have: i + u then has 23 binary digits at most, so that (i + u)·n < (i + 1)·n
// also after any rounding.
func (r Resample) Steps() float32 {
	_, n := r.Dims()
	return float32(int(1) << (23 - bits.Len(uint(n-1))))
}

// Cut returns u as Start holds it, cut as Steps says.
func (r Resample) Cut(start float32) float64 {
	steps := float64(r.Steps())
	if !(start > 0) {
		return 0
	}
	return min(math.Floor(float64(start)*steps), steps-1) / steps
}

func (r Resample) define(before Contents) func(out, i int) Val {
	_, n := r.Dims()
	w, start := before[r.Weights], before[r.Start]
	edges, row := make([]Val, n), -1 // n·C_j of a row
	total, u := Val{}, 0.0
	return func(_, i int) Val {
		if z := i / n; z != row {
			row, total, u = z, prefixes(w[z*n:][:n], edges), r.Cut(start[z])
		}
		switch top := edges[n-1]; {
		case total.X == 0 || math.IsInf(total.X, 1):
			return Val{X: -1}
		case !top.Bounded() || total.X-total.Err < tiny:
			return unbounded
		}
		p := Val{X: float64(i%n) + u}.mul(total)
		first, last := n-1, n-1 // that errors allow
		for j := n - 2; j >= 0 && edges[j].X+edges[j].Err > p.X-p.Err; j-- {
			first = j
			if edges[j].X-edges[j].Err > p.X+p.Err {
				last = j
			}
		}
		return Val{float64(first+last) / 2, float64(last-first) / 2}
	}
}

// prefixes sets edges to the sums of the first weights, times their number, and returns the sum of all.
func prefixes(w []float32, edges []Val) Val {
	s := sum{whole: true}
	for j, x := range w {
		if !(x > 0) {
			x = 0
		}
		s.addTerm(1, float64(x))
		s.n = len(w) // in any order
		edges[j] = s.val().mul(Val{X: float64(len(w))})
	}
	if math.IsInf(s.x, 1) {
		return Val{X: s.x}
	}
	return s.val()
}

func (r Resample) cost() Cost {
	return Cost{4 * int64(r.Out.n), 4 * lengths([]*Tensor{r.Out, r.Weights, r.Start})}
}
