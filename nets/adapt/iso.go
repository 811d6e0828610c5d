package adapt

import (
	"hebb/compute"
	"hebb/nets"
)

// ISO is isotropic sequence order learning (Porr and Wörgötter 2003, Neural Computation 15:831): as [ICO], but for what
// is correlated, which is the change of the answer and not of the reflex alone:
//
//	c_j = r·u_j·(v − v before)
//
// v being made with the weights before they change. A predictor then learns from its own answer too: its weights drift
// where there is no reflex at all, w by a factor of 1 + μ·S/2 + O(μ²) for each impulse, S = Σ (u − u before)², of a
// single filter, and to first order in μ with a bank, in which each filter learns from the answers of the others. With
// Third the weights drift no longer than r says.
type ISO struct{ Bank }

// Check reports a setting that cannot be.
func (r *ISO) Check() error { return r.check("iso") }

// Build asks for weights and for the state of each example.
func (r *ISO) Build(s *nets.Store, spec nets.Spec) error { return r.build("iso", s, spec) }

// Step answers a moment and learns from it.
func (r *ISO) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	return r.step(p, m, func(_, v *compute.Tensor) *compute.Tensor { return v })
}
