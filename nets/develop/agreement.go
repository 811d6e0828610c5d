package develop

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// An Agreement compares learned weights with principal components.
type Agreement struct {
	Measure    string      `json:"measure"` // what Cos and Captured are, in words
	Components []Component `json:"components"`
	Captured   float64     `json:"captured"` // variance captured, as a share of PCA's
}

// A Component compares one unit, or one direction of a span, with an eigenvector.
type Component struct {
	Unit        int     `json:"unit"`        // from 1; of a span the number of the principal angle
	Eigenvector int     `json:"eigenvector"` // from 1; of a span 0, none in particular
	Eigenvalue  float64 `json:"eigenvalue,omitempty"`
	Cos         float64 `json:"cos"` // |cos| of the angle between the two
}

// Ordered compares unit k of the weights w, units × inputs, with eigenvector k.
func (p *PCA) Ordered(w []float32) (Agreement, error) {
	a := Agreement{Measure: "|cos| of unit k with eigenvector k; variance in the span of the units as a share of that in PCA's"}
	rows, basis, err := p.span(w)
	if err != nil {
		return a, err
	}
	units, _ := rows.Dims()
	for u := range units {
		a.Components = append(a.Components, p.compare(rows, u, u))
	}
	a.Captured = p.captured(basis, units)
	return a, nil
}

// Spanned compares the span of the units of w, units × inputs, with the span of as many eigenvectors, by the cosines of the
// principal angles, the largest first (Björck and Golub 1973).
func (p *PCA) Spanned(w []float32) (Agreement, error) {
	a := Agreement{Measure: "cosines of the principal angles between the span of the units and PCA's; variance in the one as a share of that in the other"}
	rows, basis, err := p.span(w)
	if err != nil {
		return a, err
	}
	units, d := rows.Dims()
	e := mat.NewDense(units, d, nil)
	for k := range units {
		e.SetRow(k, p.Vectors[k])
	}
	var between mat.Dense
	between.Mul(e, basis)
	var svd mat.SVD
	if !svd.Factorize(&between, mat.SVDNone) {
		return a, errors.New("develop: the principal angles do not converge")
	}
	for k, cos := range svd.Values(nil) {
		a.Components = append(a.Components, Component{Unit: k + 1, Cos: math.Min(1, cos)})
	}
	a.Captured = p.captured(basis, units)
	return a, nil
}

// Leading compares each unit of w, units × inputs, with the first eigenvector.
func (p *PCA) Leading(w []float32) (Agreement, error) {
	a := Agreement{Measure: "|cos| of each unit with eigenvector 1; variance along a unit as a share of that along eigenvector 1, averaged"}
	rows, _, err := p.span(w)
	if err != nil {
		return a, err
	}
	units, _ := rows.Dims()
	for u := range units {
		a.Components = append(a.Components, p.compare(rows, u, 0))
		a.Captured += p.along(rows.RawRowView(u)) / p.Values[0] / float64(units)
	}
	return a, nil
}

// compare compares unit u with eigenvector k.
func (p *PCA) compare(rows *mat.Dense, u, k int) Component {
	unit := rows.RowView(u)
	cos := math.Abs(mat.Dot(unit, mat.NewVecDense(unit.Len(), p.Vectors[k]))) / mat.Norm(unit, 2)
	return Component{u + 1, k + 1, p.Values[k], math.Min(1, cos)} // rounding may give 1 + 1e-16
}

// along is the variance in the direction of v: vᵀCv/vᵀv.
func (p *PCA) along(v []float64) float64 {
	x := mat.NewVecDense(len(v), v)
	return mat.Inner(x, p.cov, x) / mat.Dot(x, x)
}

// span returns the weights as a matrix, units × d, and an orthonormal basis of its rows, d × rank: the left singular
// vectors of its transpose whose singular values are above rounding errors.
func (p *PCA) span(w []float32) (rows, basis *mat.Dense, err error) {
	d := len(p.Values)
	units := len(w) / d
	if units < 1 || units > d || len(w) != units*d {
		return nil, nil, fmt.Errorf("develop: %d weights, want those of 1 to %d units of %d inputs", len(w), d, d)
	}
	x := make([]float64, len(w))
	for i, v := range w {
		x[i] = float64(v)
	}
	rows = mat.NewDense(units, d, x)
	for u := range units {
		if n := mat.Norm(rows.RowView(u), 2); !(n > 0) || math.IsInf(n, 0) {
			return nil, nil, fmt.Errorf("develop: the weights of unit %d have the length %g, want a finite one above 0", u+1, n)
		}
	}
	var svd mat.SVD
	if !svd.Factorize(rows.T(), mat.SVDThin) {
		return nil, nil, errors.New("develop: the singular values of the weights do not converge")
	}
	values := svd.Values(nil)
	floor := values[0] * float64(d) * 0x1p-23 // the weights are float32s
	rank := 0
	for rank < units && values[rank] > floor {
		rank++
	}
	var u mat.Dense
	svd.UTo(&u)
	return rows, mat.DenseCopyOf(u.Slice(0, d, 0, rank)), nil
}

// captured is tr(QᵀCQ) over the sum of the first units eigenvalues.
func (p *PCA) captured(q *mat.Dense, units int) float64 {
	_, rank := q.Dims()
	got, best := 0.0, 0.0
	for k := range rank {
		got += p.along(mat.Col(nil, k, q))
	}
	for _, v := range p.Values[:units] {
		best += v
	}
	return got / best
}
