package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
)

// Spectrum shows the same 2·d examples at every moment, whose mean is 0 and whose covariance has d given eigenvalues
// exactly: with e_k the eigenvectors, random for each learner,
//
//	x = ±√(d·λ_k)·e_k,   k = 1 … d
//
// Nothing is wanted. Metric: "variance", the mean of ‖answer‖².
type Spectrum struct {
	Values []float32 `json:"values" toml:"values"` // λ

	x *compute.Tensor // learners × 2·d × d
}

// Check reports eigenvalues that no covariance has.
func (t *Spectrum) Check() error {
	if len(t.Values) == 0 || slices.ContainsFunc(t.Values, func(v float32) bool { return !(v >= 0 && v <= math.MaxFloat32) }) || slices.Max(t.Values) == 0 {
		return fmt.Errorf("spectrum: values %v, want eigenvalues of at least 0, and one above", t.Values)
	}
	return nil
}

// Build draws the eigenvectors.
func (t *Spectrum) Build(s *nets.Store) (nets.Spec, error) {
	d := len(t.Values)
	t.x = s.Kept("x", nets.Filled(t.draw), 2*d, d)
	return nets.Spec{In: nets.Row(d), Examples: 2 * d, Trial: 1, Epoch: 1, Same: true}, nil
}

// draw fills x with the examples of a learner.
func (t *Spectrum) draw(r *rand.Rand, x []float32) {
	d := len(t.Values)
	random := mat.NewDense(d, d, nil)
	random.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, random)
	var qr mat.QR
	qr.Factorize(random)
	var q mat.Dense
	qr.QTo(&q)
	for k, v := range t.Values {
		for j := range d {
			e := float32(math.Sqrt(float64(d)*float64(v)) * q.At(j, k))
			x[2*k*d+j], x[(2*k+1)*d+j] = e, -e
		}
	}
}

// Show returns all examples.
func (t *Spectrum) Show(*nets.Pass) nets.Moment { return nets.Moment{X: t.x, First: true, Last: true} }

// Judge counts "variance".
func (t *Spectrum) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	countVariance(p, m, answer)
}
