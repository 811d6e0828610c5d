package compute

import (
	"fmt"
	"math"
)

// A Similarity is a kernel between the rows of X, that of [Gram] for X with itself, of which nothing is stored:
// [KernelSums] adds it up and [KernelGrad] differentiates it. It is symmetric, and on the diagonal the Cosine and the
// Gaussian kernel are exactly 1.
type Similarity struct {
	X      *Tensor // batch × m × d
	Kernel Kernel
	Sigma  []float32 // of the Gaussian, one to MaxWidths; else none
	PerDim bool      // σ is scaled by √d
}

// Widths returns the number of kernels in s: one for each of Sigma, or one.
func (s Similarity) Widths() int { return max(1, len(s.Sigma)) }

// Factor returns 1/(2σ²) for width w, with the √d of PerDim in it: K = exp(−Factor·‖x−y‖²).
func (s Similarity) Factor(w int) float64 {
	σ := float64(s.Sigma[w])
	f := 1 / (2 * σ * σ)
	if s.PerDim {
		f /= float64(s.X.Cols())
	}
	return f
}

func (s Similarity) check() error {
	switch {
	case int(s.Kernel) >= len(kernelNames):
		return fmt.Errorf("Kernel is %v, want one of %v", s.Kernel, kernelNames)
	case s.Kernel != Gaussian && (len(s.Sigma) > 0 || s.PerDim):
		return fmt.Errorf("Sigma %v and PerDim %v for the %v kernel, which has no width", s.Sigma, s.PerDim, s.Kernel)
	case s.Kernel == Gaussian && (len(s.Sigma) == 0 || len(s.Sigma) > MaxWidths):
		return fmt.Errorf("%d widths in Sigma, want 1 to %d", len(s.Sigma), MaxWidths)
	}
	for w, σ := range s.Sigma {
		if f := s.Factor(w); !(σ > 0) || !finite(σ) || !(f >= tiny && f <= math.MaxFloat32) {
			return fmt.Errorf("Sigma[%d] is %g, want a width above 0 whose 1/(2σ²) is a float32", w, σ)
		}
	}
	return nil
}

// beside reports why s cannot be the second of two kernels of the same rows.
func (s Similarity) beside(k Similarity) error {
	switch {
	case s.X.Rows() != k.X.Rows() || s.X.Batch() != k.X.Batch():
		return fmt.Errorf("L.X%v beside K.X%v, want as many rows and as large a batch", s.X, k.X)
	case s.Widths() != k.Widths() && s.Widths() != 1:
		return fmt.Errorf("L has %d widths and K %d, want as many or one for all", s.Widths(), k.Widths())
	}
	return nil
}

// flops counts the kernels of m rows among themselves, each pair once.
func (s Similarity) flops() int64 {
	m, d := int64(s.X.Rows()), int64(s.X.Cols())
	each := 2 * d
	if s.Kernel == Gaussian {
		each += int64(s.Widths())
	}
	return int64(s.X.Batch()) * m * (m + 1) / 2 * each
}

// between returns the kernel of width w between row i of member z of X and row j of y's, y nil being X itself.
// The function may be called from several goroutines.
func (s Similarity) between(before Contents, y *Tensor) func(w, z, i, j int) Val {
	itself := y == nil
	if itself {
		y = s.X
	}
	n, m, d := s.X.Rows(), y.Rows(), s.X.Cols()
	xs, ys := before[s.X], before[y]
	var xx, yy []sum
	if s.Kernel != Linear {
		xx = squares(xs, d)
		if yy = xx; !itself {
			yy = squares(ys, d)
		}
	}
	return func(w, z, i, j int) Val {
		i, j = z*n+i, z*m+j
		x, y := xs[i*d:][:d], ys[j*d:][:d]
		xy := dot(d, func(k int) (float32, float32) { return x[k], y[k] })
		switch {
		case s.Kernel == Linear:
			return xy.val()
		case !(xx[i].abs <= math.MaxFloat32 && yy[j].abs <= math.MaxFloat32):
			return unbounded
		case itself && i == j:
			return Val{X: 1}
		case s.Kernel == Cosine:
			return cosine(xy, xx[i], yy[j])
		}
		if dist := distance(x, y, xy, xx[i], yy[j]); dist.Bounded() {
			return gaussian(dist, s.Factor(w))
		}
		return unbounded
	}
}

// centred returns K[i,j] − a[i] − a[j], its terms added in any order; a nil is 0.
func (s Similarity) centred(before Contents, a *Tensor) func(w, z, i, j int) Val {
	at, batch, m := s.between(before, nil), s.X.Batch(), s.X.Rows()
	if a == nil {
		return at
	}
	return func(w, z, i, j int) Val {
		a := before[a][(w*batch+z)*m:][:m]
		return together(at(w, z, i, j), leaf(a[i]).neg(), leaf(a[j]).neg())
	}
}

// together returns the sum of a few values in any order.
func together(of ...Val) Val {
	t := newTotal()
	for _, v := range of {
		t.addVal(v)
	}
	return t.val()
}

// squares returns ‖x‖² of each row of length d.
func squares(x []float32, d int) []sum {
	s := make([]sum, len(x)/d)
	parallel(len(s), func(r int) {
		s[r] = dot(d, func(k int) (float32, float32) { return x[r*d+k], x[r*d+k] })
	})
	return s
}

// distance returns ‖x−y‖², evaluated as Σ(x−y)² or as ‖x‖²+‖y‖²−2x·y, at least 0.
func distance(x, y []float32, xy, xx, yy sum) Val {
	s := xx.plus(yy).plus(xy.times(-2)) // Σ(x−y)² has no larger Σ|terms|
	s.n += 2
	v := s.val()
	v.X = 0
	for k := range x {
		d := float64(x[k]) - float64(y[k])
		v.X += d * d
	}
	return v
}

// gaussian returns exp(−f·dist). The factor is a float32 made of float64s, one rounding away.
func gaussian(dist Val, f float64) Val {
	x := math.Exp(-f * dist.X)
	// No distance is below 0 and so nothing is above 1, but for the error of exp itself.
	limit := max(x, 1-x) + 8*ulp
	if v := rounded(-f*dist.X, f*dist.Err, 2).exp(); v.Err < limit {
		return v
	}
	return Val{x, limit}
}

// cosine returns xy/(‖x‖·‖y‖), evaluated as the product of normalised rows or as a normalised product: d roundings for
// xy, d/2 for each norm, 2 ulp for each inverse square root, a few products.
func cosine(xy, xx, yy sum) Val {
	if xx.abs == 0 || yy.abs == 0 {
		return Val{}
	}
	const lo, hi = 0x1p-80, 0x1p100 // beyond these, underflow may change a norm too much
	if min(xx.abs, yy.abs) < lo || max(xx.abs, yy.abs) > hi {
		return unbounded
	}
	f := 1 / math.Sqrt(xx.abs*yy.abs)
	under := xx.under/xx.abs + yy.under/yy.abs + xy.under*f + tiny*0x1p42
	return Val{xy.x * f, gamma(2*xy.n+16)*xy.abs*f + under}
}
