package recurrent

import (
	"cmp"

	"hebb/compute"
	"hebb/nets"
)

// RFLO is random feedback local online learning (Murray 2019, eLife 8:e43299): a leaky network of rate
// units learns at every moment from the error then, which fixed random weights B send back, and from a trace P of each
// synapse. For a [Local] network, with z_k the inputs of its weights W_k and gain·slope∘ the step of each unit to them:
//
//	P_k ← keep·P_k + gain·slope⊗z_k     units × inputs
//	gradients: Σ q_i·P_k,ij of W_k,ij, summed over examples; q as [Learning] has it, with random feedback unless it says other
//
// Of [Leaky] units, z is x for U and h_{t−1} for W, keep = 1−1/τ, gain = 1/τ and slope = f′. It is RTRL without the terms of
// the Jacobian that have weights in them.
//
// At a high rate the weights follow what is wanted within each trial and keep little of it, so that the error while
// learning says less than a test: of ten learners of the task sines, all had learned after 300 trials at a rate of 0.0005,
// and half of them at 0.005. In the paper's experiments weights change when a trial ends.
//
// Cost of a moment, for each example: 2·units·(inputs + units + 2·outputs) flops of products and 6·units·(inputs + units) of
// traces.
type RFLO struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Network Network         `json:"-" toml:"network"` // a Local one; nil is Leaky
	When    string          `json:"when" toml:"when"` // weights change: moment or trial; "" is moment
	Learning

	p []*compute.Tensor // P_k: examples·units × inputs
}

// Check reports a setting that cannot be.
func (r *RFLO) Check() error { return r.check("rflo", r.When, r.Network, &r.Leaky) }

// Build asks for weights, feedback, activities and traces.
func (r *RFLO) Build(s *nets.Store, spec nets.Spec) error {
	if err := r.build(s, spec, r.When, cmp.Or(r.Feedback, random), r.Network, &r.Leaky); err != nil {
		return err
	}
	r.p = r.tracesOf("trace.")
	return r.isLocal("rflo")
}

var steps = compute.Formula("l*p", "p", "l")

// Step answers a moment of a trial and learns from it.
func (r *RFLO) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.step(p, m, r)
	r.update(p, m)
	return y
}

func (r *RFLO) traces() []*compute.Tensor { return r.p }

// follow is P ← keep·P + gain·slope⊗z.
func (r *RFLO) follow(now moment) {
	slope, keep, gain := r.net.(Local).Local(now.Pass, now.tape)
	for k, w := range r.parts.Weights {
		now.Outer(r.of(now, r.p[k]), slope, now.tape[w.In], keep, gain)
	}
}

func (r *RFLO) learn(now moment, q *compute.Tensor) {
	each := now.View(q, 0, now.all(), r.units(), 1)
	for k, w := range r.parts.Weights {
		g, keep := r.into(w.W)
		if now.n == 1 && keep == 0 { // nothing to sum up
			now.Into(now.View(g, 0, now.Learners, r.units(), w.W.Cols()), steps, r.of(now, r.p[k]), each)
			continue
		}
		steps := now.View(now.Map(steps, r.of(now, r.p[k]), each), 0, now.Learners, now.n, r.units()*w.W.Cols())
		now.Do(compute.Reduce{Out: g, In: []*compute.Tensor{steps}, Along: compute.AlongRows, Alpha: 1, Beta: keep})
	}
}
