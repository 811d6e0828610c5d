package develop

import (
	"hebb/compute"
	"hebb/nets"
)

// Oja learns the first principal component with every unit: each subtracts its own reconstruction from the input, which keeps
// its weights at length 1.
//
//	y    = W·x
//	Δw_u = η·y_u·(x − y_u·w_u)
//
// Source: Oja 1982, Journal of Mathematical Biology 15.
type Oja struct {
	Units int `toml:"units"`

	w *compute.Tensor // learners × units × inputs
}

// Check reports a number of units below 1.
func (o *Oja) Check() error { return checkUnits(o.Units) }

// Build allocates the weights.
func (o *Oja) Build(store *nets.Store, spec nets.Spec) (err error) {
	o.w, err = directions(store, o.Units, spec)
	return err
}

// Divided reports nothing: weights move by a mean over the examples.
func (*Oja) Divided() error { return nil }

// Step returns y and learns.
func (o *Oja) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	return respond(p, o.w, m, compute.Diagonal)
}

// Agreement compares each unit with the first eigenvector.
func (o *Oja) Agreement(p *PCA, w []float32) (Agreement, error) { return p.Leading(w) }
