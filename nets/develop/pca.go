package develop

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// A PCA is the principal components of rows with mean 0: the eigenvectors and eigenvalues of their covariance C = XᵀX/N in
// float64, by decreasing eigenvalue.
type PCA struct {
	Values  []float64   // d; the first is above 0
	Vectors [][]float64 // d × d, a row each, of length 1
	cov     *mat.SymDense
}

// NewPCA computes the principal components of rows of d numbers. It takes N·d² flops and memory for some ten d × d matrices.
func NewPCA(x []float32, d int) (*PCA, error) {
	if d < 1 || len(x) == 0 || len(x)%d != 0 {
		return nil, fmt.Errorf("develop: %d numbers, want at least one row of %d", len(x), d)
	}
	p := &PCA{cov: covariance(x, d)}
	var eigen mat.EigenSym
	if !eigen.Factorize(p.cov, true) {
		return nil, errors.New("develop: the eigenvalues of the covariance do not converge; is every number finite?")
	}
	var columns mat.Dense
	eigen.VectorsTo(&columns)
	ascending := eigen.Values(nil)
	for k := d - 1; k >= 0; k-- {
		p.Values = append(p.Values, math.Max(0, ascending[k])) // rounding may leave −1e-17
		p.Vectors = append(p.Vectors, mat.Col(nil, k, &columns))
	}
	if !(p.Values[0] > 0) {
		return nil, fmt.Errorf("develop: the largest eigenvalue of the covariance is %g, want more than 0: are all rows alike?", p.Values[0])
	}
	return p, nil
}

// covariance sums the rows in eight parts, whatever the number of cores, so that rates derived from the largest eigenvalue are
// the same to the bit on all machines of one kind.
func covariance(x []float32, d int) *mat.SymDense {
	n := len(x) / d
	parts := make([]*mat.SymDense, 8)
	var wg sync.WaitGroup
	for k := range parts {
		parts[k] = mat.NewSymDense(d, nil)
		wg.Go(func() { addOuter(parts[k], x[n*k/len(parts)*d:n*(k+1)/len(parts)*d]) })
	}
	wg.Wait()
	for _, p := range parts[1:] {
		parts[0].AddSym(parts[0], p)
	}
	parts[0].ScaleSym(1/float64(n), parts[0])
	return parts[0]
}

// addOuter adds Σ xxᵀ over rows, a block at a time in float64.
func addOuter(sum *mat.SymDense, x []float32) {
	d, _ := sum.Dims()
	block := make([]float64, min(len(x), 256*d))
	for len(x) > 0 {
		part := block[:min(len(x), len(block))]
		for i := range part {
			part[i] = float64(x[i])
		}
		x = x[len(part):]
		rows := blas64.General{Rows: len(part) / d, Cols: d, Stride: d, Data: part}
		blas64.Syrk(blas.Trans, 1, rows, 1, sum.RawSymmetric())
	}
}
