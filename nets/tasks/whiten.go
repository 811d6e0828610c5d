package tasks

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Whitenings are the values of a setting whiten.
//
// With x̄ the mean of the rows, U the first Keep eigenvectors of their covariance as columns, Λ their eigenvalues and ε
// Epsilon, a row x becomes
//
//	pca    (x − x̄)·U·(Λ + ε)^−½      Keep numbers, of covariance I if ε is 0; a weight vector w has the field U·w
//	zca    (x − x̄)·U·(Λ + ε)^−½·Uᵀ   as near to x as whitened rows can be; w is its own field
//	none   x − x̄                     w is its own field
//
// A field is a weight vector as a pattern of the inputs: for images, what the unit looks for. Fields of pca and zca are the
// same. The last components of images are noise and the marks of compression, and ε or Keep leaves them out.
var Whitenings = []string{"pca", "zca", "none"}

// A Whitening is fitted to rows by [Whiten].
type Whitening struct {
	Values  []float64   // all eigenvalues of the covariance, in decreasing order
	Vectors [][]float64 // and their eigenvectors
	Fields  *mat.Dense  // Keep × numbers: w·Fields is the field of w; nil if that is w
}

// Field returns the field of a weight vector.
func (w *Whitening) Field(weights []float64) []float64 {
	if w.Fields == nil {
		return weights
	}
	var field mat.VecDense
	field.MulVec(w.Fields.T(), mat.NewVecDense(len(weights), weights))
	return field.RawVector().Data
}

// checkWhitening reports invalid settings, for rows of d numbers.
func checkWhitening(kind string, keep int, epsilon float32, d int) error {
	switch {
	case kind != Whitenings[0] && kind != Whitenings[1] && kind != Whitenings[2]:
		return fmt.Errorf("whiten %q, want one of %s", kind, strings.Join(Whitenings, ", "))
	case kind != "none" && (keep < 0 || keep > d):
		return fmt.Errorf("keep %d components, want 1 to %d, or 0 for all", keep, d)
	case !(epsilon >= 0 && epsilon <= math.MaxFloat32):
		return fmt.Errorf("epsilon %g, want at least 0", epsilon)
	}
	return nil
}

// Whiten whitens rows of d numbers, as a kind of [Whitenings] says, with their own covariance; keep 0 is all components. It
// computes in float64. A component that would be divided by nothing but rounding is an error.
func Whiten(rows []float64, d int, kind string, keep int, epsilon float32) (white []float64, w *Whitening, err error) {
	if err := checkWhitening(kind, keep, epsilon, d); err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 || len(rows)%d != 0 {
		return nil, nil, fmt.Errorf("%d numbers, want at least one row of %d", len(rows), d)
	}
	x := mat.NewDense(len(rows)/d, d, centred64(rows, d))
	w = &Whitening{}
	if err := w.analyse(x); err != nil {
		return nil, nil, err
	}
	if kind == "none" {
		return x.RawMatrix().Data, w, nil
	}
	if keep == 0 {
		keep = d
	}
	if least := w.Values[keep-1] + float64(epsilon); !(least > float64(d)*0x1p-52*w.Values[0]) {
		return nil, nil, fmt.Errorf("component %d of %d has the variance %.3g beside %.3g of the first, which is rounding: keep fewer, or an epsilon above 0", keep, d, w.Values[keep-1], w.Values[0])
	}
	to := mat.NewDense(d, keep, nil)
	w.Fields = mat.NewDense(keep, d, nil)
	for k := range keep {
		w.Fields.SetRow(k, w.Vectors[k])
		for j, v := range w.Vectors[k] {
			to.Set(j, k, v/math.Sqrt(w.Values[k]+float64(epsilon)))
		}
	}
	var out mat.Dense
	out.Mul(x, to)
	if kind == "zca" {
		var back mat.Dense
		back.Mul(&out, w.Fields)
		w.Fields = nil
		return back.RawMatrix().Data, w, nil
	}
	return out.RawMatrix().Data, w, nil
}

// analyse finds the eigenvectors of the covariance of rows of mean 0.
func (w *Whitening) analyse(x *mat.Dense) error {
	n, d := x.Dims()
	covariance := mat.NewSymDense(d, nil)
	covariance.SymOuterK(1/float64(n), x.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(covariance, true) {
		return errors.New("the eigenvalues of the covariance do not converge; is every number finite?")
	}
	var columns mat.Dense
	eigen.VectorsTo(&columns)
	ascending := eigen.Values(nil)
	for k := d - 1; k >= 0; k-- {
		w.Values, w.Vectors = append(w.Values, ascending[k]), append(w.Vectors, mat.Col(nil, k, &columns))
	}
	return nil
}

// centred64 returns rows of d numbers less their mean.
func centred64(rows []float64, d int) []float64 {
	mean, out := make([]float64, d), make([]float64, len(rows))
	for i, v := range rows {
		mean[i%d] += v
	}
	for i, v := range rows {
		out[i] = v - mean[i%d]*float64(d)/float64(len(rows))
	}
	return out
}

func singles(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}
