package compute

import (
	"fmt"
	"math"
	"runtime"
	"sync"
)

// A Kernel is a measure of how alike two rows are.
type Kernel uint8

const (
	Linear   Kernel = iota // x·y
	Cosine                 // x·y/(‖x‖·‖y‖); a row of zeros is orthogonal to every other
	Gaussian               // exp(−‖x−y‖²/(2σ²))
)

var kernelNames = []string{"linear", "cosine", "gaussian"}

func (k Kernel) String() string {
	if int(k) < len(kernelNames) {
		return kernelNames[k]
	}
	return fmt.Sprintf("Kernel(%d)", k)
}

// A Center says which means are taken out of a Gram matrix.
type Center uint8

const (
	Raw    Center = iota // none
	Double               // of its rows and of its columns: H·K·H with H = I − 1·1ᵀ/n
	Grand                // of all of it: K − mean(K)
)

var centerNames = []string{"raw", "double", "grand"}

func (c Center) String() string {
	if int(c) < len(centerNames) {
		return centerNames[c]
	}
	return fmt.Sprintf("Center(%d)", c)
}

// Gram is K[i,j] = kernel(X[i], Y[j]), the similarities of all rows of X with all rows of Y, or
// among themselves where Y is nil; for each matrix of a batch and, of the Gaussian, for each of
// several widths in one pass:
//
//	Linear     x·y
//	Cosine     x·y/(‖x‖·‖y‖)
//	Gaussian   exp(−max(0, ‖x−y‖²)/(2σ²)), σ in units of x, or of √d with PerDim
//
// The widths are the outermost dimension of K. Where Y is nil, half of the work is saved, K is
// symmetric to the bit and the diagonal of the Cosine and Gaussian kernels is exactly 1 (before
// centring). Center takes means out of each matrix: Double is H·K·H, Grand K − mean(K).
//
// A squared distance may be evaluated as Σ(x−y)² or as ‖x‖²+‖y‖²−2x·y clamped at 0; the bound
// admits both, so it is wide for rows that lie close together and far from the origin: take out
// the mean row of X first. See docs/error-bounds.md. Cost: 2·n·m·d flops a member (n·(n+1)·d
// where Y is nil), an exp for each element and width.
//
// The Gaussian with PerDim is the kernel of the HSIC bottleneck (Ma, Lewis and Kleijn 2020).
type Gram struct {
	K      *Tensor // widths × batch × n × m
	X, Y   *Tensor // batch × n × d, batch × m × d; Y nil: X itself
	Kernel Kernel
	Sigma  []float32 // of the Gaussian, at least one; else none
	PerDim bool      // σ is scaled by √d
	Center Center
}

// MaxWidths is how many widths one Gram takes.
const MaxWidths = 8

func (g Gram) operands() (outs, ins []*Tensor) {
	return []*Tensor{g.K}, present(g.X, g.Y)
}

// Other returns what X is compared with: Y, or X itself.
func (g Gram) Other() *Tensor {
	if g.Y == nil {
		return g.X
	}
	return g.Y
}

// Dims returns the sizes: for each width and member of the batch K is n×m, of rows of length d.
func (g Gram) Dims() (widths, batch, n, m, d int) {
	return max(1, len(g.Sigma)), g.X.Batch(), g.X.Rows(), g.Other().Rows(), g.X.Cols()
}

// Factor returns 1/(2σ²) for width w, with the √d of PerDim in it: K = exp(−Factor·‖x−y‖²).
func (g Gram) Factor(w int) float64 {
	s := float64(g.Sigma[w])
	f := 1 / (2 * s * s)
	if g.PerDim {
		f /= float64(g.X.Cols())
	}
	return f
}

func (g Gram) check() error {
	widths, batch, n, m, d := g.Dims()
	y := g.Other()
	switch {
	case int(g.Kernel) >= len(kernelNames):
		return fmt.Errorf("Kernel is %v, want one of %v", g.Kernel, kernelNames)
	case int(g.Center) >= len(centerNames):
		return fmt.Errorf("Center is %v, want one of %v", g.Center, centerNames)
	case y.Cols() != d || y.Batch() != batch:
		return fmt.Errorf("X%v and Y%v, want rows of one length and batches of one size", g.X, y)
	case g.Kernel != Gaussian && (len(g.Sigma) > 0 || g.PerDim):
		return fmt.Errorf("Sigma %v and PerDim %v for the %v kernel, which has no width", g.Sigma, g.PerDim, g.Kernel)
	case g.Kernel == Gaussian && (len(g.Sigma) == 0 || len(g.Sigma) > MaxWidths):
		return fmt.Errorf("%d widths in Sigma, want 1 to %d", len(g.Sigma), MaxWidths)
	case g.K.Rows() != n || g.K.Cols() != m || g.K.Len() != widths*batch*n*m:
		return fmt.Errorf("K is %v of X%v and Y%v, want %d×%d×[%d %d]", g.K, g.X, y, widths, batch, n, m)
	}
	for w, s := range g.Sigma {
		if f := g.Factor(w); !(s > 0) || !finite(s) || !(f >= tiny && f <= math.MaxFloat32) {
			return fmt.Errorf("Sigma[%d] is %g, want a width above 0 whose 1/(2σ²) is a float32", w, s)
		}
	}
	return nil
}

func (g Gram) define(before Contents) func(out, i int) Val {
	widths, batch, n, m, _ := g.Dims()
	at := g.kernelAt(before)
	if g.Center == Raw {
		return func(_, i int) Val { return at(i) }
	}
	centred := make([]func(r, c int) Val, widths*batch)
	return func(_, i int) Val {
		p := i / (n * m)
		if centred[p] == nil {
			centred[p] = g.centre(func(j int) Val { return at(p*n*m + j) })
		}
		return centred[p](i/m%n, i%m)
	}
}

// kernelAt returns the kernel before centring, as a function of an index into K. It may be called
// from several goroutines.
func (g Gram) kernelAt(before Contents) func(i int) Val {
	_, batch, n, m, d := g.Dims()
	xs, ys := before[g.X], before[g.Other()]
	var xx, yy []sum
	if g.Kernel != Linear {
		xx = squares(xs, d)
		if yy = xx; g.Y != nil {
			yy = squares(ys, d)
		}
	}
	return func(i int) Val {
		w, z, r, c := i/(batch*n*m), i/(n*m)%batch, i/m%n, i%m
		r, c = z*n+r, z*m+c
		x, y := xs[r*d:][:d], ys[c*d:][:d]
		xy := dot(d, func(k int) (float32, float32) { return x[k], y[k] })
		switch {
		case g.Kernel == Linear:
			return xy.val()
		case !(xx[r].abs <= math.MaxFloat32 && yy[c].abs <= math.MaxFloat32):
			return unbounded
		case g.Y == nil && r == c:
			return Val{X: 1}
		case g.Kernel == Cosine:
			return cosine(xy, xx[r], yy[c])
		}
		if dist := distance(x, y, xy, xx[r], yy[c]); dist.Bounded() {
			return g.gaussian(dist, w)
		}
		return unbounded
	}
}

// squares returns ‖x‖² of each row of length d.
func squares(x []float32, d int) []sum {
	s := make([]sum, len(x)/d)
	parallel(len(s), func(r int) {
		s[r] = dot(d, func(k int) (float32, float32) { return x[r*d+k], x[r*d+k] })
	})
	return s
}

// distance is ‖x−y‖², evaluated as Σ(x−y)² or as ‖x‖²+‖y‖²−2x·y, at least 0.
func distance(x, y []float32, xy, xx, yy sum) Val {
	s := xx.plus(yy).plus(xy.times(-2)) // |Σ(x−y)²| is no larger than the Σ|terms| of this
	s.n += 2
	v := s.val()
	v.X = 0
	for k := range x {
		d := float64(x[k]) - float64(y[k])
		v.X += d * d
	}
	return v
}

// gaussian is exp(−Factor·dist). The factor is a float32 made of float64s, one rounding away.
func (g Gram) gaussian(dist Val, w int) Val {
	f := g.Factor(w)
	x := math.Exp(-f * dist.X)
	// No distance is below 0 and so nothing is above 1, but for the error of exp itself.
	limit := max(x, 1-x) + 8*ulp
	if v := rounded(-f*dist.X, f*dist.Err, 2).exp(); v.Err < limit {
		return v
	}
	return Val{x, limit}
}

// cosine is xy/(‖x‖·‖y‖), evaluated as the product of normalised rows or as a normalised product:
// d roundings for xy, d/2 for each norm, 2 ulp for each inverse square root, a few products.
func cosine(xy, xx, yy sum) Val {
	if xx.abs == 0 || yy.abs == 0 {
		return Val{}
	}
	const lo, hi = 0x1p-80, 0x1p100 // beyond, what underflow does to a norm is no longer small
	if min(xx.abs, yy.abs) < lo || max(xx.abs, yy.abs) > hi {
		return unbounded
	}
	f := 1 / math.Sqrt(xx.abs*yy.abs)
	under := xx.under/xx.abs + yy.under/yy.abs + xy.under*f + tiny*0x1p42
	return Val{xy.x * f, gamma(2*xy.n+16)*xy.abs*f + under}
}

// centre evaluates one n×m matrix whole, and returns it without its means.
func (g Gram) centre(at func(i int) Val) func(r, c int) Val {
	_, _, n, m, _ := g.Dims()
	k := make([]Val, n*m)
	parallel(n, func(r int) {
		for c := range m {
			k[r*m+c] = at(r*m + c)
		}
	})
	rows, cols, all := make([]mean, n), make([]mean, m), mean{}
	for r := range n {
		for c := range m {
			rows[r].add(k[r*m+c], m)
			cols[c].add(k[r*m+c], n)
			all.add(k[r*m+c], n*m)
		}
	}
	return func(r, c int) Val {
		v, err := k[r*m+c].X, k[r*m+c].Err
		abs := math.Abs(v)
		take := func(u mean, sign float64) {
			v += sign * u.x
			err += u.err
			abs += u.abs
		}
		if g.Center == Double {
			take(rows[r], -1)
			take(cols[c], -1)
			take(all, 1)
		} else {
			take(all, -1)
		}
		err += gamma(n+m+12)*(abs+err) + 16*tiny
		if !(abs+err <= math.MaxFloat32/float64(n*m)) {
			return unbounded // a sum may be infinite
		}
		return Val{v, err}
	}
}

// A mean is Σx/n, Σ|x|/n and Σerr/n.
type mean struct{ x, abs, err float64 }

func (a *mean) add(v Val, n int) {
	if !v.Bounded() {
		v = Val{0, math.Inf(1)}
	}
	a.x += v.X / float64(n)
	a.abs += math.Abs(v.X) / float64(n)
	a.err += v.Err / float64(n)
}

func (g Gram) cost() Cost {
	widths, batch, n, m, d := g.Dims()
	pairs := int64(n) * int64(m)
	if g.Y == nil {
		pairs = int64(n) * int64(n+1) / 2
	}
	flops := 2 * pairs * int64(d)
	if g.Kernel == Gaussian {
		flops += pairs * int64(widths)
	}
	bytes := int64(g.K.Len()) + int64(g.X.Len())
	if g.Y != nil {
		bytes += int64(g.Y.Len())
	}
	return Cost{int64(batch) * flops, 4 * bytes}
}

// parallel calls f(0) … f(n−1) on all processors.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
