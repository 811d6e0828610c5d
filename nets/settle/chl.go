package settle

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// CHL is contrastive Hebbian learning (Movellan 1991; Xie and Seung 2003, Neural Computation 15) in a network of L
// layers with feedback γ·Wᵀ. Activities come to rest freely, then with the outputs held at the wanted values, and
// weights change by the difference between the two rests. With σ the sigmoid, h_0 an example, and h_k = 0 at first:
//
//	free: Sweeps times, for k = 1 … L   h_k = σ(W_k·h_{k−1} + b_k + γ·W_{k+1}ᵀ·h_{k+1});   h_L is the answer
//	held: from there, as often          ĥ_k likewise for k < L, with ĥ_L = y*
//	W_k ← W_k + η·γ^{k−L}·(ĥ_k⊗ĥ_{k−1} − h_k⊗h_{k−1})    units × units below
//	b_k ← b_k + η·γ^{k−L}·(ĥ_k − h_k)
//
// averaged over examples; η is the rate of the run. The first sweep is the feed-forward pass. As γ → 0 the change is
// backprop's in the feed-forward network, with the cross-entropy of a sigmoid for each output, and 1 − cos of the angle
// between the two falls as γ² (Xie and Seung 2003). In float32 a rounding of an activity is multiplied by γ^{1−L}:
// Check requires γ^{L−1} ≥ 1/1024, so that γ ≥ 0.001, 0.03, 0.1 and 0.18 with 2 to 5 layers. With classes, y* is 1 for
// the class and else 0.
//
// With one hidden layer the held activities need one sweep. Biases are 0 at first; without Bias there are none, and a
// task that needs them shows a 1. First weights are normal with standard deviation Gain/√inputs of their layer. Compare
// compares the change of each layer's weights with backprop's. Cost of an example: one product with W_1 and, in each
// sweep, two with each other W.
type CHL struct {
	Hidden    []int   `json:"hidden" toml:"hidden"` // units of the layers below the outputs
	Sweeps    int     `json:"sweeps" toml:"sweeps"`
	Gamma     float32 `json:"gamma" toml:"gamma"` // γ
	Gain      float32 `json:"gain" toml:"gain"`   // of the first weights
	Bias      bool    `json:"bias" toml:"bias"`
	Tolerance float32 `json:"tolerance" toml:"tolerance"` // the largest residual; 0: any

	layered
}

// leastFeedback is the smallest γ^{L−1} allowed: roundings of 2⁻²⁴ become 2⁻¹⁴ in the change of the first weights.
const leastFeedback = 1. / 1024

// Check reports an invalid setting.
func (r *CHL) Check() error {
	err := check("chl", append(units(r.Hidden), sweeps("sweeps", r.Sweeps), positive("gamma", r.Gamma), positive("gain", r.Gain),
		notNegative("tolerance", r.Tolerance))...)
	above := float64(len(r.Hidden))
	if err == nil && math.Pow(float64(r.Gamma), above) < leastFeedback*(1-1e-6) {
		err = fmt.Errorf("chl: gamma %g is too small for float32 with %s of weights: roundings are divided by its power of %g, %.2g; want at least %.2g",
			r.Gamma, count.Of(len(r.Hidden)+1, "layer"), above, math.Pow(float64(r.Gamma), above), math.Pow(leastFeedback, 1/above))
	}
	return err
}

// Build asks for the weights.
func (r *CHL) Build(s *nets.Store, spec nets.Spec) error {
	return r.build("chl", s, spec, r.Hidden, r.Gain, r.Bias)
}

var fed = compute.Formula("sigmoid(drive + gamma*back)", "drive", "back")

// free returns the activities at rest after the given number of sweeps.
func (r *CHL) free(p *nets.Pass, m nets.Moment, drive *compute.Tensor, sweeps int) []*compute.Tensor {
	ph := newPhase(p, free, m.Examples(), sweeps, r.Tolerance, r.sizes, nil)
	return r.relax(ph, drive, fed.With("gamma", r.Gamma), func(y, below, _ *compute.Tensor) {
		r.up(p, y, len(r.sizes)-1, below, compute.Sigmoid)
	})
}

// held returns the activities at rest with the outputs held.
func (r *CHL) held(p *nets.Pass, m nets.Moment, drive *compute.Tensor, from []*compute.Tensor) []*compute.Tensor {
	from = append(append([]*compute.Tensor(nil), from[:len(from)-1]...), r.want(p, m))
	metric, sweeps := taught, r.Sweeps
	if len(from) == 2 { // one sweep is enough, and its movement is the error
		metric, sweeps = "", 1
	}
	return r.relax(newPhase(p, metric, m.Examples(), sweeps, r.Tolerance, r.sizes, from), drive, fed.With("gamma", r.Gamma), nil)
}

// Step answers with the outputs at rest. It learns with the outputs held at the wanted values.
func (r *CHL) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	drive := r.drive(p, m)
	h := r.free(p, m, drive, r.Sweeps)
	if p.Learning && m.Want != nil {
		r.learn(p, m, h, r.held(p, m, drive, h), float32(p.Rate), r.w, r.b)
	}
	return h[len(h)-1]
}

// learn adds the change of the weights to the given tensors.
func (r *CHL) learn(p *nets.Pass, m nets.Moment, h, held []*compute.Tensor, rate float32, w, b []*compute.Tensor) {
	r.contrast(p, m, held, h, func(k int) float32 {
		of := rate
		for range len(h) - 1 - k {
			of /= r.Gamma
		}
		return of
	}, w, b)
}

// Explain describes a relaxation that has not settled.
func (r *CHL) Explain(name string, code float32) error {
	return unsettled("chl", name, code, r.Tolerance, map[string]int{free: r.Sweeps, taught: r.Sweeps})
}

var hiddenDelta = compute.Formula("back*h*(1 - h)", "back", "h")

// Compare compares ĥ_k − h_k and the change of each layer's weights with backprop's in the feed-forward network.
func (r *CHL) Compare(p *nets.Pass, m nets.Moment) func() []nets.Angle {
	if m.Want == nil {
		return func() []nets.Angle { return nil }
	}
	own, exact, drive := r.changes(p), r.changes(p), r.drive(p, m)
	h := r.free(p, m, drive, r.Sweeps)
	held := r.held(p, m, drive, h)
	r.learn(p, m, h, held, 1, own, nil)
	forward := r.free(p, m, drive, 1)
	last := len(forward) - 1
	deltas := make([]*compute.Tensor, last+1)
	deltas[last] = p.Masked(p.Map(minus, r.want(p, m), forward[last]), m)
	for k := last; k > 0; k-- {
		p.Outer(exact[k], deltas[k], forward[k-1], 1, 1)
		deltas[k-1] = p.Map(hiddenDelta, p.Back(r.w[k], deltas[k]), forward[k-1])
	}
	p.Outer(exact[0], deltas[0], m.X, 1, 1)
	return r.angles(p, m, held, h, deltas, own, exact)
}
