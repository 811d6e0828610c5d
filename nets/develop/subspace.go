package develop

import (
	"hebb/compute"
	"hebb/nets"
)

// Subspace learns a basis of the span of the first principal components: each unit subtracts from the input its reconstruction
// by all units.
//
//	y    = W·x
//	Δw_u = η·y_u·(x − Σ_v y_v·w_v)
//
// Source: Oja 1989, International Journal of Neural Systems 1.
type Subspace struct {
	Units int `toml:"units"`

	w *compute.Tensor // learners × units × inputs
}

// Check reports a number of units below 1.
func (s *Subspace) Check() error { return checkUnits(s.Units) }

// Build allocates the weights.
func (s *Subspace) Build(store *nets.Store, spec nets.Spec) (err error) {
	s.w, err = directions(store, s.Units, spec)
	return err
}

// Divided reports nothing: weights move by a mean over the examples.
func (*Subspace) Divided() error { return nil }

// Step returns y and learns.
func (s *Subspace) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	return respond(p, s.w, m, compute.Full)
}

// Agreement compares the span of the units with the span of as many eigenvectors.
func (s *Subspace) Agreement(p *PCA, w []float32) (Agreement, error) { return p.Spanned(w) }
