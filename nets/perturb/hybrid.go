package perturb

import (
	"hebb/compute"
	"hebb/nets"
)

// Hybrid is hybrid perturbation, HP (Züge, Klos, Memmesheimer 2023, Phys. Rev. X 13, 021006): the noise is on the weights,
// as that of [Weight], and is learned from as if it were on the units, as that of [Node]. With ζ the noise that reaches a
// unit,
//
//	ζ = Ξ·x of each layer, example and moment, Ξ normal with mean 0 and variance 1
//	W ← W − η·(E(w + σ·Ξ) − E(w))/σ·mean of ζ⊗x, over examples and, with Trials, the moments of a trial
//
// As σ → 0 the expected step is −η·∂E/∂W·S, where S is the mean of x⊗x: the gradient, but for inputs of unlike strength, of
// which strong ones learn faster. Weights from inputs that are always 0 stay.
//
// Networks, E and settings are those of [Weight]. Cost: that of three or four forward passes and one outer product.
type Hybrid Weight

// Check reports a setting that cannot be.
func (r *Hybrid) Check() error { return (*Weight)(r).check("hp") }

// Build asks for weights, see [Weight.Build].
func (r *Hybrid) Build(s *nets.Store, spec nets.Spec) (err error) {
	r.net, err = build((*Weight)(r), alongInduced{}, s, spec)
	return err
}

// Step answers a moment and, from a second answer with noise on the weights, learns.
func (r *Hybrid) Step(p *nets.Pass, m nets.Moment) *compute.Tensor { return r.net.step(p, m) }

// Divided reports trials, see [Weight.Divided].
func (r *Hybrid) Divided() error { return r.net.divided() }

// Reward learns from a reward of the task, see [Weight].
func (r *Hybrid) Reward(p *nets.Pass, reward *compute.Tensor) { r.net.reward(p, reward) }

// alongInduced is the rule of [Hybrid]. A trace is the mean of ζ⊗x.
type alongInduced struct{}

func (alongInduced) name() string            { return "hp" }
func (alongInduced) onNodes() bool           { return false }
func (alongInduced) trace(out, in int) []int { return []int{out, in} }

func (alongInduced) add(p *nets.Pass, l *layer, xs []*compute.Tensor, _ *compute.Tensor, moment int) {
	zeta := products(p, compute.Identity, l.xi, xs)
	for i, x := range xs {
		p.Outer(l.trace[i], zeta, x, float32(moment-1)/float32(moment), 1/float32(moment))
	}
}

func (alongInduced) along(_ *nets.Pass, l *layer, i int) *compute.Tensor { return l.trace[i] }
