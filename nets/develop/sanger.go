package develop

import (
	"hebb/compute"
	"hebb/nets"
)

// Sanger learns the principal components in order, unit u component u: each unit subtracts from the input its reconstruction by
// itself and the units before it.
//
//	y    = W·x
//	Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v)
//
// Source: Sanger 1989, Neural Networks 2, the generalised Hebbian algorithm.
type Sanger struct {
	Units int `toml:"units"`

	w *compute.Tensor // learners × units × inputs
}

// Check reports a number of units below 1.
func (s *Sanger) Check() error { return checkUnits(s.Units) }

// Build allocates the weights.
func (s *Sanger) Build(store *nets.Store, spec nets.Spec) (err error) {
	s.w, err = directions(store, s.Units, spec)
	return err
}

// Divided reports nothing: weights move by a mean over the examples.
func (*Sanger) Divided() error { return nil }

// Step returns y and learns.
func (s *Sanger) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	return respond(p, s.w, m, compute.Lower)
}

// Agreement compares unit u with eigenvector u.
func (s *Sanger) Agreement(p *PCA, w []float32) (Agreement, error) { return p.Ordered(w) }
