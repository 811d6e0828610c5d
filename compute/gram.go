package compute

import (
	"fmt"
	"math"
	"runtime"
	"sync"
)

// A Kernel is a similarity measure between two rows.
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

// A Center selects the means to subtract from a Gram matrix.
type Center uint8

const (
	Raw    Center = iota // none
	Double               // of rows and of columns: H·K·H with H = I − 1·1ᵀ/n
	Grand                // of the whole matrix: K − mean(K)
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
// The widths are the outermost dimension of K. Where Y is nil, half of the work is saved, K is symmetric to the bit and
// the diagonal of the Cosine and Gaussian kernels is exactly 1 (before centring). Center subtracts means from each
// matrix: Double is H·K·H, Grand K − mean(K).
//
// A squared distance may be evaluated as Σ(x−y)² or as ‖x‖²+‖y‖²−2x·y clamped at 0; the bound admits both, so it is
// wide for rows that lie close together and far from the origin: subtract the mean row of X first. See
// docs/error-bounds.md. Cost: 2·n·m·d flops a member (n·(n+1)·d where Y is nil), an exp for each element and width.
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

// MaxWidths is the largest number of widths of one Gram.
const MaxWidths = 8

func (g Gram) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, g.K), present(append(ins, g.X), g.Y)
}

// Other returns the second operand: Y, or X itself.
func (g Gram) Other() *Tensor {
	if g.Y == nil {
		return g.X
	}
	return g.Y
}

// Dims returns the sizes: K is n×m for each width and member of the batch, and rows have length d.
func (g Gram) Dims() (widths, batch, n, m, d int) {
	return max(1, len(g.Sigma)), g.X.Batch(), g.X.Rows(), g.Other().Rows(), g.X.Cols()
}

// Similarity returns the kernel of X with itself, regardless of Y.
func (g Gram) Similarity() Similarity { return Similarity{g.X, g.Kernel, g.Sigma, g.PerDim} }

// Factor is [Similarity.Factor].
func (g Gram) Factor(w int) float64 { return g.Similarity().Factor(w) }

func (g Gram) check() error {
	widths, batch, n, m, d := g.Dims()
	y := g.Other()
	switch {
	case int(g.Center) >= len(centerNames):
		return fmt.Errorf("Center is %v, want one of %v", g.Center, centerNames)
	case y.Cols() != d || y.Batch() != batch:
		return fmt.Errorf("X%v and Y%v, want rows of one length and batches of one size", g.X, y)
	}
	if err := g.Similarity().check(); err != nil {
		return err
	}
	if g.K.Rows() != n || g.K.Cols() != m || g.K.Len() != widths*batch*n*m {
		return fmt.Errorf("K is %v of X%v and Y%v, want %d×%d×[%d %d]", g.K, g.X, y, widths, batch, n, m)
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

// kernelAt returns the kernel before centring, as a function of an index into K. Several goroutines may call it.
func (g Gram) kernelAt(before Contents) func(i int) Val {
	_, batch, n, m, _ := g.Dims()
	at := g.Similarity().between(before, g.Y)
	return func(i int) Val { return at(i/(batch*n*m), i/(n*m)%batch, i/m%n, i%m) }
}

// centre evaluates one whole n×m matrix, and returns it with its means subtracted.
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
