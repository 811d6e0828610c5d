package recurrent

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Readout is the control of rules that learn recurrent weights: the network of [RFLO] with random recurrent and input weights
// that stay as they are, and a readout that learns online by its own gradient, as in echo state networks (Jaeger 2001). A task
// that it solves asks for no memory that has to be learned. With x an example of n and h its activities, 0 at first:
//
//	h ← (1−1/τ)·h + 1/τ·tanh(U·x + W·h)   units
//	y = V·h                               outputs, the answer
//	gradient: Σ ∂E/∂y⊗h of V, summed over examples; E is the mean loss over the n examples
//
// which Optimiser takes at the rate of the run. Where nothing is wanted or an example is masked, V stays.
//
// First values: U and V are normal with variance 1/inputs and 1/units, W with Gain²/units. Cost of a moment, for each example:
// 2·units·(inputs + units + 2·outputs) flops.
type Readout struct {
	Units int     `json:"units" toml:"units"`
	Tau   float32 `json:"tau" toml:"tau"`   // τ, in moments
	Gain  float32 `json:"gain" toml:"gain"` // of the recurrent weights

	Optimiser nets.Optimiser `json:"optimiser" toml:"optimiser"` // nil is plain descent
	Loss      nets.Loss      `json:"-" toml:"-"`                 // nil is the task's, see [nets.DefaultLoss]

	u, w, v *compute.Tensor // units × inputs, units × units, outputs × units
	h       *compute.Tensor // examples × units
	loss    nets.Loss
	store   *nets.Store
	descent *nets.Descent
}

// Check reports a setting that cannot be.
func (r *Readout) Check() error {
	if r.Units < 1 || !(r.Tau >= 1 && r.Tau < math.MaxFloat32) || !(r.Gain >= 0 && r.Gain < math.MaxFloat32) {
		return fmt.Errorf("readout: %d units, tau %g and gain %g, want at least 1, 1 and 0", r.Units, r.Tau, r.Gain)
	}
	return nil
}

// Build asks for weights and activities.
func (r *Readout) Build(s *nets.Store, spec nets.Spec) (err error) {
	loss := r.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if r.loss, err = nets.BuildLoss(s, spec, loss); err != nil {
		return err
	}
	in, n := spec.In.Len(), r.Units
	sd := func(gain float32, fan int) nets.Init { return nets.Normal(float64(gain) / math.Sqrt(float64(fan))) }
	r.u, r.w, r.v = s.Kept("in", sd(1, in), n, in), s.Kept("recurrent", sd(r.Gain, n), n, n), s.Weights("out", sd(1, n), spec.Out, n)
	r.h = s.State("h", nets.Zeros, spec.Examples, n)
	o := r.Optimiser
	if o == nil {
		o = nets.SGD{}
	}
	r.store, r.descent = s, s.Descent(o)
	return nil
}

// Step answers a moment of a trial and learns from it.
func (r *Readout) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	n := m.Examples()
	h := p.View(r.h, 0, p.Learners, n, r.Units)
	p.Begin(m, h)
	phi := p.Product(r.u, m.X, compute.Identity)
	p.AddProduct(phi, r.w, h, compute.Tanh)
	p.Into(h, leak.With("keep", 1-1/r.Tau).With("gain", 1/r.Tau), phi)
	y := p.Product(r.v, h, compute.Identity)
	if m.Want == nil {
		return y
	}
	v := r.loss.Judge(p, m, y, p.Learning)
	p.Count("loss", v.Loss, n)
	if p.Learning {
		if v.After != nil {
			v.After()
		}
		p.Outer(r.store.Grad(r.v), v.Delta, h, 0, float32(n)) // which divides by n
		r.descent.Update(p)
	}
	return y
}
