package perturb

import (
	"hebb/compute"
	"hebb/nets"
)

// ActiveWeight is weight perturbation of the weights from active inputs alone, WP0 (Züge, Klos, Memmesheimer 2023, Phys.
// Rev. X 13, 021006). It is [Weight], but for weights from inputs that are 0 for all examples, and throughout a trial with
// Trials. Noise on those changes no loss, so that along it they would diffuse:
//
//	w_ij ← w_ij − η·(E(w + σ·ξ) − E(w))/σ·ξ_ij, where x_j is not 0 somewhere; else w_ij stays
//
// Of few active inputs among many it learns as fast as [Node], without the floor of its error.
type ActiveWeight Weight

// Check reports a setting that cannot be.
func (r *ActiveWeight) Check() error { return (*Weight)(r).check("wp0") }

// Build asks for weights, see [Weight.Build].
func (r *ActiveWeight) Build(s *nets.Store, spec nets.Spec) (err error) {
	r.net, err = build((*Weight)(r), alongActive{}, s, spec)
	return err
}

// Step answers a moment and, from a second answer with noise on the weights, learns.
func (r *ActiveWeight) Step(p *nets.Pass, m nets.Moment) *compute.Tensor { return r.net.step(p, m) }

// Divided reports trials, see [Weight.Divided].
func (r *ActiveWeight) Divided() error { return r.net.divided() }

// Reward learns from a reward of the task, see [Weight].
func (r *ActiveWeight) Reward(p *nets.Pass, reward *compute.Tensor) { r.net.reward(p, reward) }

// alongActive is the rule of [ActiveWeight]. A trace is 1 of inputs that were not 0, else 0.
type alongActive struct{}

func (alongActive) name() string          { return "wp0" }
func (alongActive) onNodes() bool         { return false }
func (alongActive) trace(_, in int) []int { return []int{1, in} }

var (
	active = compute.Formula("where(abs(x), 1, 0)", "x")
	either = compute.Formula("max(old, x)", "x")
	times  = compute.Formula("x*y", "x", "y")
	equal  = compute.Formula("x", "x")
)

func (alongActive) add(p *nets.Pass, l *layer, xs []*compute.Tensor, _ *compute.Tensor, moment int) {
	for i, x := range xs {
		seen := p.Tensor(x.Batch(), 1, x.Cols())
		p.Do(compute.Reduce{Out: seen, In: []*compute.Tensor{x}, F: active, Fold: compute.FoldMax, Along: compute.AlongRows, Alpha: 1})
		if moment == 1 {
			p.Into(l.trace[i], equal, seen)
		} else {
			p.Into(l.trace[i], either, seen)
		}
	}
}

func (alongActive) along(p *nets.Pass, l *layer, i int) *compute.Tensor {
	return p.Map(times, l.xi[i], l.trace[i])
}
