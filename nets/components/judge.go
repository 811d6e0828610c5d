package components

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A Judgement compares learned weights with the exact components.
type Judgement struct {
	Measure    string      `json:"measure"` // what Cos and Captured are, in words
	Components []Component `json:"components"`
	Captured   float64     `json:"captured"` // as a share of PCA's
}

// A Component is how well one unit, or one direction of a subspace, agrees with an eigenvector.
type Component struct {
	Unit        int     `json:"unit"`        // from 1; of Subspace: the number of the principal angle
	Eigenvector int     `json:"eigenvector"` // from 1; of Subspace: 0, none in particular
	Eigenvalue  float64 `json:"eigenvalue,omitempty"`
	Cos         float64 `json:"cos"` // |cos| of the angle between the two
}

var measures = map[Rule]string{
	Sanger:   "|cos| of unit k with eigenvector k; variance in the span of the units as a share of that in PCA's",
	Subspace: "cosines of the principal angles between the span of the units and PCA's; variance in the one as a share of that in the other",
	Oja:      "|cos| of each unit with eigenvector 1; variance along a unit as a share of that along eigenvector 1, averaged",
	Hebb:     "|cos| of each unit with eigenvector 1; variance along a unit as a share of that along eigenvector 1, averaged",
}

// Judge compares the weights w, units × D, that rule learned with p.
func (p *PCA) Judge(rule Rule, w []float32) (Judgement, error) {
	d := len(p.Values)
	units := len(w) / d
	x := make([]float64, len(w))
	for i, v := range w {
		x[i] = float64(v)
	}
	rows := mat.NewDense(units, d, x)
	j := Judgement{Measure: measures[rule]}
	if rule.single() {
		for u := range units {
			j.Components = append(j.Components, p.against(rows, u, 0))
			j.Captured += p.along(rows.RawRowView(u)) / p.Values[0] / float64(units)
		}
		return j, nil
	}
	basis, err := span(rows)
	if err != nil {
		return j, err
	}
	j.Captured = p.captured(basis, units)
	if rule == Subspace {
		return j, p.angles(&j, basis, units)
	}
	for u := range units {
		j.Components = append(j.Components, p.against(rows, u, u))
	}
	return j, nil
}

// against compares unit u with eigenvector k.
func (p *PCA) against(rows *mat.Dense, u, k int) Component {
	v := rows.RawRowView(u)
	dot := 0.0
	for i, e := range p.Vectors[k] {
		dot += v[i] * e
	}
	cos := math.Abs(dot) / mat.Norm(rows.RowView(u), 2)
	return Component{u + 1, k + 1, p.Values[k], math.Min(1, cos)} // rounding may give 1 + 1e-16
}

// along is the variance in the direction of v: vᵀCv/vᵀv.
func (p *PCA) along(v []float64) float64 {
	x := mat.NewVecDense(len(v), v)
	return mat.Inner(x, p.cov, x) / mat.Dot(x, x)
}

// span returns an orthonormal basis of the rows, d × rank: the left singular vectors of their
// transpose, less those of singular values that are nothing but rounding.
func span(rows *mat.Dense) (*mat.Dense, error) {
	var svd mat.SVD
	if !svd.Factorize(rows.T(), mat.SVDThin) {
		return nil, errors.New("nets: the singular values of the weights do not converge")
	}
	values := svd.Values(nil)
	units, d := rows.Dims()
	floor := values[0] * float64(d) * 0x1p-23 // the weights are float32s
	rank := 0
	for rank < units && values[rank] > floor {
		rank++
	}
	if rank == 0 {
		return nil, errors.New("nets: all weights are zero")
	}
	var u mat.Dense
	svd.UTo(&u)
	return mat.DenseCopyOf(u.Slice(0, d, 0, rank)), nil
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

// angles adds the cosines of the principal angles with the first units eigenvectors, the largest
// first (Björck and Golub 1973).
func (p *PCA) angles(j *Judgement, q *mat.Dense, units int) error {
	e := mat.NewDense(units, len(p.Values), nil)
	for k := range units {
		e.SetRow(k, p.Vectors[k])
	}
	var between mat.Dense
	between.Mul(e, q)
	var svd mat.SVD
	if !svd.Factorize(&between, mat.SVDNone) {
		return errors.New("nets: the principal angles do not converge")
	}
	for k, cos := range svd.Values(nil) {
		j.Components = append(j.Components, Component{Unit: k + 1, Cos: math.Min(1, cos)})
	}
	return nil
}
