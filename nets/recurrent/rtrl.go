package recurrent

import (
	"cmp"

	"hebb/compute"
	"hebb/nets"
)

// RTRL is real-time recurrent learning (Williams and Zipser 1989, Neural Computation 1): the influence P of all weights on
// the state goes on with the state, so that the gradient is there at each moment. For any [Network], with J, ∂F/∂u_k and z_k
// as it has them and q the error of the state as [Learning] has it:
//
//	P_k ← J·P_k + (∂F/∂u_k)⊗z_k        units × |W_k|, of each example; 0 when a trial begins
//	gradient of W_k: Σ_i q_i·P_k,i     summed over examples
//
// With weights that stay within a trial (when=trial) it is the gradient of [BPTT]. Online it is of the weights of all
// moments since the trial began, and the slower they change the nearer to that of the last ones.
//
// Cost of a moment, for each example: 2·units²·|θ| flops for all weights θ, and units·|θ| numbers.
type RTRL struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Network Network         `json:"-" toml:"network"` // nil is Leaky
	When    string          `json:"when" toml:"when"` // weights change: moment or trial; "" is moment
	Learning

	eye *compute.Tensor   // 1 × units × units
	p   []*compute.Tensor // P_k: examples·units × |W_k|
}

// Check reports a setting that cannot be.
func (r *RTRL) Check() error { return r.check("rtrl", r.When, r.Network, &r.Leaky) }

// Build asks for weights, activities and influences.
func (r *RTRL) Build(s *nets.Store, spec nets.Spec) error {
	if err := r.build(s, spec, r.When, cmp.Or(r.Feedback, transposed), r.Network, &r.Leaky); err != nil {
		return err
	}
	r.eye = identity(s, r.units())
	for _, w := range r.parts.Weights {
		r.p = append(r.p, r.trace("influence."+s.Name(w.W), r.units(), w.W.Rows()*w.W.Cols()))
	}
	return nil
}

// Step answers a moment of a trial and learns from it.
func (r *RTRL) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.step(p, m, r)
	r.update(p, m)
	return y
}

func (r *RTRL) traces() []*compute.Tensor { return r.p }

var influenced = compute.Formula("jp + k*z", "jp", "k", "z")

// follow is P ← J·P + (∂F/∂u)⊗z.
func (r *RTRL) follow(now moment) {
	j, influences := jacobian(now, r.net, r.eye)
	for k, w := range r.parts.Weights {
		p, rows := r.of(now, r.p[k]), r.units()*w.W.Rows()
		jp := now.Like(p)
		now.Do(compute.Gemm{C: jp, A: j, B: p, Epilogue: compute.Epilogue{Alpha: 1}})
		view := func(t *compute.Tensor) *compute.Tensor {
			return now.View(t, 0, now.all(), rows, t.Len()/now.all()/rows)
		}
		now.Into(view(p), influenced, view(jp), view(influences[k]), now.tape[w.In])
	}
}

func (r *RTRL) learn(now moment, q *compute.Tensor) {
	for k, w := range r.parts.Weights {
		r.fold(now.Pass, w.W, q, r.of(now, r.p[k]))
	}
}
