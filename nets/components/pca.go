package components

import (
	"errors"
	"math"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// A PCA is the exact answer that a Hebbian rule is to find: the eigenvectors of the covariance
// C = XᵀX/N in float64, the largest eigenvalue first.
type PCA struct {
	Values  []float64   // D
	Vectors [][]float64 // D × D, a row each, of length 1
	cov     *mat.SymDense
}

// NewPCA analyses centred samples. It takes N·D² flops and memory for a few D×D matrices a core.
func NewPCA(s Samples) (*PCA, error) {
	p := &PCA{cov: covariance(s)}
	var eigen mat.EigenSym
	if !eigen.Factorize(p.cov, true) {
		return nil, errors.New("nets: the eigenvalues of the covariance do not converge; is every sample finite?")
	}
	var columns mat.Dense
	eigen.VectorsTo(&columns)
	ascending := eigen.Values(nil)
	for k := s.D - 1; k >= 0; k-- {
		p.Values = append(p.Values, math.Max(0, ascending[k])) // rounding may leave −1e-17
		p.Vectors = append(p.Vectors, mat.Col(nil, k, &columns))
	}
	return p, nil
}

// covariance adds up blocks of rows in float64, each core on a sum of its own; the split is fixed
// by the number of cores, so that a run repeats to the bit.
func covariance(s Samples) *mat.SymDense {
	cores := min(runtime.GOMAXPROCS(0), 8) // each holds a D×D sum
	parts := make([]*mat.SymDense, cores)
	var wg sync.WaitGroup
	for c := range parts {
		parts[c] = mat.NewSymDense(s.D, nil)
		wg.Go(func() { addOuter(parts[c], s, s.N*c/cores, s.N*(c+1)/cores) })
	}
	wg.Wait()
	for _, p := range parts[1:] {
		parts[0].AddSym(parts[0], p)
	}
	parts[0].ScaleSym(1/float64(s.N), parts[0])
	return parts[0]
}

// addOuter adds Σ xᵢxᵢᵀ over the rows from, …, to−1.
func addOuter(sum *mat.SymDense, s Samples, from, to int) {
	const block = 256
	rows := make([]float64, block*s.D)
	for ; from < to; from += block {
		n := min(block, to-from)
		for k, x := range s.X[from*s.D:][:n*s.D] {
			rows[k] = float64(x)
		}
		x := blas64.General{Rows: n, Cols: s.D, Stride: s.D, Data: rows[:n*s.D]}
		blas64.Syrk(blas.Trans, 1, x, 1, sum.RawSymmetric())
	}
}
