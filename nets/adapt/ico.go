package adapt

import (
	"hebb/compute"
	"hebb/nets"
)

// ICO is input correlation learning (Porr and Wörgötter 2006, Neural Computation 18:1380): the weight of a predictor
// grows as it is active when the reflex begins, and stays where the reflex has been anticipated away. With u_0 what
// comes out of the resonator of the reflex, u_j of those of the predictors, see [Bank], and μ the rate of the run:
//
//	v = u_0 + Σ_j w_j·u_j                                the answer
//	c_j = r·u_j·(u_0 − u_0 before)                       r is the third factor, 1 without one
//	w_j ← w_j + μ·(c_j + c_j before)/2                   the mean over examples
//
// "before" is at the moment before, 0 where a trial begins. The sum over both moments is the trapezoid rule. What is
// learned from the change of an input has no part of what is answered, so that w grows in proportion to μ, by pairs of
// impulses that are T moments apart by μ·K_j(T) each, K_j(T) = Σ_t u_j(t)·(u_0(t) − u_0(t−1)). Of a filter like that of
// the reflex, K is odd about −½: K(T) = −K(−1−T).
//
// With Third, the last number of an example is r (Porr and Wörgötter 2007, Neural Computation 19:2694): it says when
// what is correlated matters. Where an example is masked, filters and correlations go on and weights stay. Weights are
// 0 at first. Cost of a moment, for each example: 16 flops for each filter, in a dozen ops.
type ICO struct{ Bank }

// Check reports a setting that cannot be.
func (r *ICO) Check() error { return r.check("ico") }

// Build asks for weights and for the state of each example.
func (r *ICO) Build(s *nets.Store, spec nets.Spec) error { return r.build("ico", s, spec) }

// Step answers a moment and learns from it.
func (r *ICO) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	return r.step(p, m, func(u, _ *compute.Tensor) *compute.Tensor { return r.sum(p, u, r.reflex) })
}
