package settle

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// EqProp is equilibrium propagation (Scellier and Bengio 2017, Frontiers in Computational Neuroscience 11) in a network
// of L layers with symmetric weights. Activities come to rest freely, then with the outputs nudged by β towards the
// wanted values, and weights change by the difference between the two rests, divided by β. With σ the function Act, s_0
// an example, and s_k = 0 at first:
//
//	free:   Sweeps times, for k = 1 … L   s_k = σ(W_k·s_{k−1} + b_k + W_{k+1}ᵀ·s_{k+1});   s_L is the answer
//	nudged: from there, Nudged times      s^β_k likewise, s^β_L = σ(W_L·s^β_{L−1} + b_L + β·(y* − s^β_L))
//	W_k ← W_k + η/β·(s^β_k⊗s^β_{k−1} − s_k⊗s_{k−1})    units × units below
//	b_k ← b_k + η/β·(s^β_k − s_k)
//
// averaged over examples; η is the rate of the run. With Both there is a third phase, nudged by −β, and weights change
// by η/2β·(s^β_k⊗s^β_{k−1} − s^−β_k⊗s^−β_{k−1}) (Laborieux et al. 2021, Frontiers in Neuroscience 15). A rest minimises
// E + β·C, with the energy E = Σ∫σ⁻¹(s)ds − Σ s_k·(W_k·s_{k−1} + b_k) and the cost C = ½·|y* − s_L|², so as β → 0 the
// change of θ is −∂C/∂θ at the free rest, the gradient of recurrent backprop (Almeida 1987; Pineda 1987). The error is
// of the first order in β, and with Both of the second. Each sweep lowers the energy, as the units of a layer are not
// connected.
//
// Act is logistic, 1/(1 + e^−u), or hard, u clipped to [0, 1], as in the paper. With classes, y* is 1 for the class and
// else 0. Biases are 0 at first, and weights normal with standard deviation Gain/√inputs of their layer. Compare
// compares the change of each layer's weights with recurrent backprop's. Cost of an example: one product with W_1 and,
// for each sweep of a phase, two with each other W.
type EqProp struct {
	Hidden    []int   `json:"hidden" toml:"hidden"` // units of the layers below the outputs
	Sweeps    int     `json:"sweeps" toml:"sweeps"`
	Nudged    int     `json:"nudged" toml:"nudged"` // sweeps
	Beta      float32 `json:"beta" toml:"beta"`     // β
	Both      bool    `json:"both" toml:"both"`     // nudged by β and −β
	Act       string  `json:"act" toml:"act"`
	Gain      float32 `json:"gain" toml:"gain"`           // of the first weights
	Tolerance float32 `json:"tolerance" toml:"tolerance"` // the largest residual; 0: any

	layered
	laws
}

// laws are the formulas of an activation function: for hidden units, for outputs, for nudged outputs, and its slope
// times x.
type laws struct{ hidden, output, nudged, slope *compute.Func }

const logistic, hard = "logistic", "hard"

var acts = map[string]laws{
	logistic: {
		compute.Formula("sigmoid(below + above)", "below", "above"),
		compute.Formula("sigmoid(below)", "below"),
		compute.Formula("sigmoid(below + beta*(want - was))", "below", "want", "was"),
		compute.Formula("s*(1 - s)*x", "x", "s"),
	},
	hard: {
		compute.Formula("max(0, min(1, below + above))", "below", "above"),
		compute.Formula("max(0, min(1, below))", "below"),
		compute.Formula("max(0, min(1, below + beta*(want - was)))", "below", "want", "was"),
		compute.Formula("where(s, where(1 - s, x, 0), 0)", "x", "s"),
	},
}

// Check reports an invalid setting.
func (r *EqProp) Check() error {
	if _, ok := acts[r.Act]; !ok {
		return fmt.Errorf("eqprop: act %q, want %s or %s", r.Act, logistic, hard)
	}
	return check("eqprop", append(units(r.Hidden), sweeps("sweeps", r.Sweeps), sweeps("nudged", r.Nudged), limit{"beta", float64(r.Beta), 0, 1},
		positive("gain", r.Gain), notNegative("tolerance", r.Tolerance))...)
}

// Build asks for the weights.
func (r *EqProp) Build(s *nets.Store, spec nets.Spec) error {
	r.laws = acts[r.Act]
	return r.build("eqprop", s, spec, r.Hidden, r.Gain, true)
}

// free returns the activities at rest.
func (r *EqProp) free(p *nets.Pass, m nets.Moment, drive *compute.Tensor) []*compute.Tensor {
	return r.settle(newPhase(p, free, m.Examples(), r.Sweeps, r.Tolerance, r.sizes, nil), drive, r.output)
}

// nudged relaxes from the free phase's activities, with the outputs nudged by beta, and returns the activities at rest.
func (r *EqProp) nudged(p *nets.Pass, m nets.Moment, drive *compute.Tensor, from []*compute.Tensor, beta float32) []*compute.Tensor {
	ph := newPhase(p, taught, m.Examples(), r.Nudged, r.Tolerance, r.sizes, from)
	return r.settle(ph, drive, r.laws.nudged.With("beta", beta), r.want(p, m))
}

// settle relaxes activities. The law of the outputs takes their input from below and, with want, also want and their
// old values.
func (r *EqProp) settle(ph *phase, drive *compute.Tensor, output *compute.Func, want ...*compute.Tensor) []*compute.Tensor {
	last := len(ph.x) - 1
	in := ph.Like(ph.x[last])
	return r.relax(ph, drive, r.hidden, func(y, below, was *compute.Tensor) {
		r.up(ph.Pass, in, last, below, compute.Identity)
		if len(want) == 0 {
			ph.Into(y, output, in)
		} else {
			ph.Into(y, output, in, want[0], was)
		}
	})
}

// Step answers with the outputs at rest. It learns with the outputs nudged towards the wanted values.
func (r *EqProp) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	drive := r.drive(p, m)
	s := r.free(p, m, drive)
	if p.Learning && m.Want != nil {
		r.learn(p, m, drive, s, float32(p.Rate), r.w, r.b)
	}
	return s[len(s)-1]
}

// learn adds the change of the weights to the given tensors, and returns the two phases that it compares.
func (r *EqProp) learn(p *nets.Pass, m nets.Moment, drive *compute.Tensor, s []*compute.Tensor, rate float32, w, b []*compute.Tensor) (plus, minus []*compute.Tensor) {
	plus, minus, apart := r.nudged(p, m, drive, s, r.Beta), s, r.Beta
	if r.Both {
		minus, apart = r.nudged(p, m, drive, s, -r.Beta), 2*r.Beta
	}
	r.contrast(p, m, plus, minus, func(int) float32 { return rate / apart }, w, b)
	return plus, minus
}

// Explain describes a relaxation that has not settled.
func (r *EqProp) Explain(name string, code float32) error {
	return unsettled("eqprop", name, code, r.Tolerance, map[string]int{free: r.Sweeps, taught: r.Nudged})
}

// Compare compares s^β_k − s_k and the change of each layer's weights with recurrent backprop at the free rest. It
// relaxes λ as s:
//
//	λ_k = σ′_k∘(W_k·λ_{k−1} + W_{k+1}ᵀ·λ_{k+1}),  λ_L = σ′_L∘(W_L·λ_{L−1} + y* − s_L)
//	−∂C/∂W_k = λ_k⊗s_{k−1} + s_k⊗λ_{k−1}
func (r *EqProp) Compare(p *nets.Pass, m nets.Moment) func() []nets.Angle {
	if m.Want == nil {
		return func() []nets.Angle { return nil }
	}
	own, exact, drive := r.changes(p), r.changes(p), r.drive(p, m)
	s := r.free(p, m, drive)
	plus, less := r.learn(p, m, drive, s, 1, own, nil)
	off := p.Map(minus, r.want(p, m), s[len(s)-1])
	lambda := newPhase(p, "", m.Examples(), r.Sweeps, 0, r.sizes, nil).x
	for range r.Sweeps {
		for k := range lambda {
			in := p.Like(s[k])
			if k == len(s)-1 {
				p.Into(in, same, off)
			} else {
				r.down(p, in, k, lambda[k+1])
			}
			if k > 0 {
				p.AddProduct(in, r.w[k], lambda[k-1], compute.Identity)
			}
			p.Into(lambda[k], r.slope, in, s[k])
		}
	}
	for k, l := range lambda {
		below := m.X
		if k > 0 {
			below = s[k-1]
			p.Outer(exact[k], p.Masked(s[k], m), lambda[k-1], 1, 1)
		}
		p.Outer(exact[k], p.Masked(l, m), below, 1, 1)
	}
	return r.angles(p, m, plus, less, lambda, own, exact)
}
