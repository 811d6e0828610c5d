package recurrent

import (
	"cmp"
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// TBPTT is backprop through time that is truncated to the last Span moments (Williams and Peng 1990, Neural Computation 2):
// at each moment its error goes back through as many, from a window that slides by one. For any [Network], with q_t the
// error of the state as [Learning] has it, and J, δ_k and z_k as in [BPTT]:
//
//	v ← q_t; for moments j = t, t−1, …, t−Span+1 of the trial: gradient of W_k += δ_k(j)⊗z_k(j); v ← J_jᵀ·v
//
// Tapes are of the weights of their moments, products by those of now: where weights change online the two differ a little.
// What influences the answer over more than Span moments is missed, and where that is of the other sign the weights go the
// wrong way at any rate, see [Balance].
//
// Cost of a moment, for each example: a forward and Span backward passes, of [Leaky] units 2·units·(inputs + units)·(1 +
// 2·Span) flops, and memory of Span tapes.
type TBPTT struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Span    int             `json:"span" toml:"span"` // moments
	Network Network         `json:"-" toml:"network"` // nil is Leaky
	When    string          `json:"when" toml:"when"` // weights change: moment or trial; "" is moment
	Learning

	past
}

// Check reports a setting that cannot be.
func (r *TBPTT) Check() error {
	if r.Span < 1 {
		return fmt.Errorf("tbptt: a span of %d moments, want at least 1", r.Span)
	}
	return r.check("tbptt", r.When, r.Network, &r.Leaky)
}

// Build asks for weights, activities and the moments of the window.
func (r *TBPTT) Build(s *nets.Store, spec nets.Spec) error {
	if spec.Trial > 0 && r.Span > spec.Trial {
		return fmt.Errorf("tbptt: a span of %d moments, and the task's trials have %d at most", r.Span, spec.Trial)
	}
	if err := r.Learning.build(s, spec, r.When, cmp.Or(r.Feedback, transposed), r.Network, &r.Leaky); err != nil {
		return err
	}
	return r.past.build(&r.Learning, r.Span, false)
}

// Step answers a moment of a trial and learns from it.
func (r *TBPTT) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.step(p, m, r)
	r.update(p, m)
	return y
}

func (r *TBPTT) follow(now moment) {
	if now.Learning {
		r.add(&r.Learning, now)
	}
}

func (r *TBPTT) learn(now moment, q *compute.Tensor) {
	r.back(&r.Learning, now, now.View(q, 0, now.all(), 1, r.units()))
}
