package perturb

import (
	"hebb/compute"
	"hebb/nets"
)

// Node is node perturbation (Williams 1992, Machine Learning 8; Werfel, Xie, Seung 2005, Neural Computation 17; in time
// Fiete and Seung 2006, Phys. Rev. Lett. 97): a network answers twice, the second time with noise on what its units and
// outputs sum up, and the weights to a unit move along its noise and their inputs by how much less the loss became.
//
//	u = W·x + σ·ζ of each layer, ζ normal with mean 0 and variance 1, one for each unit, example and moment
//	W ← W − η·(E(ζ) − E(0))/σ·Σ ζ⊗x, summed over examples and, with Trials, the moments of a trial
//
// x is what the layer gets without noise. As σ → 0 the expected step is that of gradient descent, −η·∂E/∂W. Its variance
// grows with units × examples × moments, whatever the number of weights. Where the error cannot go below E* a linear
// network comes to rest higher: with M outputs and N active inputs at E*·(1 + M·N/(M·N + 2)), at the rate that is best
// without it.
//
// Networks, E and settings are those of [Weight]. Cost: that of two or three forward passes and one outer product.
type Node Weight

// Check reports a setting that cannot be.
func (r *Node) Check() error { return (*Weight)(r).check("np") }

// Build asks for weights, see [Weight.Build].
func (r *Node) Build(s *nets.Store, spec nets.Spec) (err error) {
	r.net, err = build((*Weight)(r), alongNodes{}, s, spec)
	return err
}

// Step answers a moment and, from a second answer with noise on the units, learns.
func (r *Node) Step(p *nets.Pass, m nets.Moment) *compute.Tensor { return r.net.step(p, m) }

// Divided reports trials, see [Weight.Divided].
func (r *Node) Divided() error { return r.net.divided() }

// Reward learns from a reward of the task, see [Weight].
func (r *Node) Reward(p *nets.Pass, reward *compute.Tensor) { r.net.reward(p, reward) }

// alongNodes is the rule of [Node]. A trace is Σ ζ⊗x.
type alongNodes struct{}

func (alongNodes) name() string            { return "np" }
func (alongNodes) onNodes() bool           { return true }
func (alongNodes) trace(out, in int) []int { return []int{out, in} }

func (alongNodes) add(p *nets.Pass, l *layer, xs []*compute.Tensor, zeta *compute.Tensor, moment int) {
	for i, x := range xs {
		p.Outer(l.trace[i], zeta, x, float32(min(moment-1, 1)), float32(x.Rows()))
	}
}

func (alongNodes) along(_ *nets.Pass, l *layer, i int) *compute.Tensor { return l.trace[i] }
