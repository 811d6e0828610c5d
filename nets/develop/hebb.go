package develop

import (
	"hebb/compute"
	"hebb/nets"
)

// Hebb learns the first principal component with every unit, by the plain Hebbian rule. By itself the rule makes weights grow
// without bound, so the weights of each unit are scaled to length 1 after each update.
//
//	y   = W·x
//	w_u ← v/‖v‖,   v = w_u + η·y_u·x
//
// The metric "growth" is the mean of ln ‖v‖ over units and moments. Its sum over moments is the logarithm of the length that
// the weights would have without the scaling; in the end it is ln(1 + η·λ₁) a moment, with λ₁ the largest eigenvalue of the
// inputs' covariance: the growth exp(λ₁·t) of dw/dt = C·w.
//
// Source: Hebb 1949, The Organization of Behavior; the scaling is eq. 2 of Oja 1982, Journal of Mathematical Biology 15.
type Hebb struct {
	Units int `toml:"units"`

	w *compute.Tensor // learners × units × inputs
}

// Check reports a number of units below 1.
func (h *Hebb) Check() error { return checkUnits(h.Units) }

// Build allocates the weights.
func (h *Hebb) Build(store *nets.Store, spec nets.Spec) (err error) {
	h.w, err = directions(store, h.Units, spec)
	return err
}

// Divided reports nothing: weights move by a mean over the examples, and are scaled once a moment.
func (*Hebb) Divided() error { return nil }

// Step returns y and learns.
func (h *Hebb) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := respond(p, h.w, m, compute.None)
	if p.Learning {
		p.Whole(func(p *nets.Pass) { scaleToLength1(p, h.w) })
	}
	return y
}

var logOfInverse = compute.Formula("-log(inverse)", "inverse")

// scaleToLength1 scales the weights of each unit to length 1, and counts the logarithm of their length before as "growth".
func scaleToLength1(p *nets.Pass, w *compute.Tensor) {
	p.Count("growth", p.Map(logOfInverse, normalise(p, w)), w.Rows())
}

// Agreement compares each unit with the first eigenvector.
func (h *Hebb) Agreement(p *PCA, w []float32) (Agreement, error) { return p.Leading(w) }
