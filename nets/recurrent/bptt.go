package recurrent

import (
	"cmp"
	"errors"

	"hebb/compute"
	"hebb/nets"
)

// BPTT is backprop through time (Werbos 1990, Proc. IEEE 78): when a trial ends, its errors go back through all of its
// moments, with the weights that it was made with. For any [Network], with q_t the error of the state as [Learning] has it,
// J_t and δ_k of moment t by Network.Backward, and z_k the inputs of the weights W_k:
//
//	v_t = q_t + J_{t+1}ᵀ·v_{t+1}               units, from the last moment to the first; nothing goes back beyond a trial
//	gradient of W_k: Σ_t δ_k(t)⊗z_k(t), with δ_k(t) = (∂F/∂u_k)ᵀ·v_t, summed over examples
//
// It is the gradient of the sum of the trial's losses, exact if Feedback is transposed. Weights change when a trial ends, so
// that the task has to say how long one may be.
//
// Cost, for each moment and example: a forward and a backward pass, of [Leaky] units 6·units·(inputs + units) flops, and
// memory of the tape and q, inputs + 3·units numbers.
type BPTT struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Network Network         `json:"-" toml:"network"` // nil is Leaky
	Learning

	past
}

// Check reports a setting that cannot be.
func (r *BPTT) Check() error { return r.check("bptt", atTrials, r.Network, &r.Leaky) }

// Build asks for weights, activities and the moments of a trial.
func (r *BPTT) Build(s *nets.Store, spec nets.Spec) error {
	if spec.Trial == 0 {
		return errors.New("bptt: the task's trials have no end; want one whose trials have a longest, or tbptt")
	}
	if err := r.Learning.build(s, spec, atTrials, cmp.Or(r.Feedback, transposed), r.Network, &r.Leaky); err != nil {
		return err
	}
	return r.past.build(&r.Learning, spec.Trial, true)
}

// Step answers a moment of a trial and, after the last one, learns from all.
func (r *BPTT) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.step(p, m, r)
	if p.Learning && m.Last {
		now := moment{Pass: p, shown: m, n: m.Examples()}
		r.back(&r.Learning, now, r.of(now, r.last(0).q))
	}
	r.update(p, m)
	return y
}

func (r *BPTT) follow(now moment) {
	if now.Learning {
		r.add(&r.Learning, now)
	}
}

func (r *BPTT) learn(now moment, q *compute.Tensor) {
	now.Do(compute.Copy{Dst: r.of(now, r.last(0).q), Src: q})
}
