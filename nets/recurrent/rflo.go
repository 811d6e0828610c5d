// Package recurrent has recurrent networks that learn from sequences, moment by moment.
package recurrent

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// RFLO is random feedback local online learning (Murray 2019, eLife 8:e43299): a leaky network of rate
// units learns at every moment from the error then, which fixed random weights B send back, and from a trace P of each
// synapse. With x an example of n, h its activities, 0 at first, and ⊗ an outer product:
//
//	φ = tanh(U·x + W·h)               units
//	P ← (1−1/τ)·P + 1/τ·(1−φ²)⊗x      units × inputs, for U
//	Q ← (1−1/τ)·Q + 1/τ·(1−φ²)⊗h      units × units, for W
//	h ← (1−1/τ)·h + 1/τ·φ             units
//	y = V·h                           outputs, the answer
//	l = Bᵀ·∂E/∂y                      units; E is the mean loss over the n examples
//	gradients: Σ l_i·P_ij of U_ij, Σ l_i·Q_ij of W_ij, Σ ∂E/∂y⊗h of V, summed over examples
//
// which Optimiser takes at the rate of the run: plain descent in the paper.
// Of the squared error, ∂E/∂y is 2·(y − y*)/n, so that the paper's rates are twice those here. Weights change online,
// with no pass back in time; in the paper's experiments they change when a trial ends. At a high rate the weights follow
// what is wanted within each trial and keep little of it, so that the error while learning says less than a test: of ten
// learners of the task sines, all had learned after 300 trials at a rate of 0.0005, and half of them at 0.005. Where nothing
// is wanted or an example is masked, activities and traces go on and weights stay.
//
// First values: U and V are normal with variance 1/inputs and 1/units, W with Gain²/units, B with 1/outputs. Cost of a
// moment, for each example: 2·units·(inputs + units + 2·outputs) flops of products and 6·units·(inputs + units) of traces.
type RFLO struct {
	Units int     `json:"units" toml:"units"`
	Tau   float32 `json:"tau" toml:"tau"`   // τ, in moments
	Gain  float32 `json:"gain" toml:"gain"` // of the first recurrent weights; above 1 the network makes activity of its own

	Optimiser nets.Optimiser `json:"optimiser" toml:"optimiser"` // nil is plain descent
	Loss      nets.Loss      `json:"-" toml:"-"`                 // nil is the task's, see [nets.DefaultLoss]

	u, w, v *compute.Tensor // units × inputs, units × units, outputs × units
	b       *compute.Tensor // outputs × units
	h       *compute.Tensor // examples × units
	pu, pw  *compute.Tensor // examples·units × inputs, examples·units × units
	loss    nets.Loss
	store   *nets.Store
	descent *nets.Descent
}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "rflo", About: "random feedback local online learning (Murray 2019)", System: func() nets.System { return &RFLO{Units: 50, Tau: 10, Gain: 1.5, Optimiser: nets.SGD{}} }, Rate: 5e-4},
	{Name: "readout", About: "a random recurrent network whose readout alone learns, the control of rules that learn more (Jaeger 2001)", System: func() nets.System { return &Readout{Units: 50, Tau: 10, Gain: 1.5, Optimiser: nets.SGD{}} }, Rate: 5e-4},
}

// Check reports a setting that cannot be.
func (r *RFLO) Check() error {
	if r.Units < 1 || !(r.Tau >= 1 && r.Tau < math.MaxFloat32) || !(r.Gain >= 0 && r.Gain < math.MaxFloat32) {
		return fmt.Errorf("rflo: %d units, tau %g and gain %g, want at least 1, 1 and 0", r.Units, r.Tau, r.Gain)
	}
	return nil
}

// Build asks for weights, feedback, activities and traces.
func (r *RFLO) Build(s *nets.Store, spec nets.Spec) (err error) {
	loss := r.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if r.loss, err = nets.BuildLoss(s, spec, loss); err != nil {
		return err
	}
	in, n, out, most := spec.In.Len(), r.Units, spec.Out, spec.Examples
	sd := func(gain float32, fan int) nets.Init { return nets.Normal(float64(gain) / math.Sqrt(float64(fan))) }
	r.u, r.w, r.v = s.Weights("in", sd(1, in), n, in), s.Weights("recurrent", sd(r.Gain, n), n, n), s.Weights("out", sd(1, n), out, n)
	r.b, r.h = s.Kept("feedback", sd(1, out), out, n), s.State("h", nets.Zeros, most, n)
	r.pu, r.pw = s.State("trace.in", nets.Zeros, most*n, in), s.State("trace.recurrent", nets.Zeros, most*n, n)
	o := r.Optimiser
	if o == nil {
		o = nets.SGD{}
	}
	r.store, r.descent = s, s.Descent(o)
	return nil
}

var (
	leak  = compute.Formula("keep*old + gain*phi", "phi")
	slope = compute.Formula("1 - phi*phi", "phi")
	steps = compute.Formula("l*p", "p", "l")
)

// Step answers a moment of a trial and learns from it.
func (r *RFLO) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	n := m.Examples()
	h := p.View(r.h, 0, p.Learners, n, r.Units)
	pu, pw := p.View(r.pu, 0, p.Learners*n, r.Units, r.u.Cols()), p.View(r.pw, 0, p.Learners*n, r.Units, r.Units)
	p.Begin(m, h, pu, pw)
	phi := p.Product(r.u, m.X, compute.Identity)
	p.AddProduct(phi, r.w, h, compute.Tanh)
	s := p.Map(slope, phi)
	r.trace(p, pu, s, p.All(m.X))
	r.trace(p, pw, s, h)
	p.Into(h, leak.With("keep", 1-1/r.Tau).With("gain", 1/r.Tau), phi)
	y := p.Product(r.v, h, compute.Identity)
	if m.Want == nil {
		return y
	}
	v := r.loss.Judge(p, m, y, p.Learning)
	p.Count("loss", v.Loss, n)
	if p.Learning {
		r.learn(p, v, h, pu, pw)
	}
	return y
}

// trace is P ← (1−1/τ)·P + 1/τ·s⊗x for each example of each learner.
func (r *RFLO) trace(p *nets.Pass, trace, s, x *compute.Tensor) {
	each := trace.Batch()
	p.Outer(trace, p.View(s, 0, each, 1, r.Units), p.View(x, 0, each, 1, x.Cols()), 1-1/r.Tau, 1/r.Tau)
}

// learn changes the weights by the verdict on the answer, whose delta has the 1/n of a mean over examples.
func (r *RFLO) learn(p *nets.Pass, v nets.Verdict, h, pu, pw *compute.Tensor) {
	n := h.Rows()
	l := p.View(p.Back(r.b, v.Delta), 0, p.Learners*n, r.Units, 1)
	if v.After != nil {
		v.After()
	}
	for _, s := range []struct{ w, trace *compute.Tensor }{{r.u, pu}, {r.w, pw}} {
		each := p.View(p.Map(steps, s.trace, l), 0, p.Learners, n, r.Units*s.w.Cols())
		p.Do(compute.Reduce{Out: r.store.Grad(s.w), In: []*compute.Tensor{each}, Along: compute.AlongRows, Alpha: 1})
	}
	p.Outer(r.store.Grad(r.v), v.Delta, h, 0, float32(n)) // which divides by n
	r.descent.Update(p)
}
