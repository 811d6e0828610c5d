package credit

import (
	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// KolenPollack sends delta·B, and B has the same gradient as W (Kolen and Pollack 1994; Akrout et al. 2019). With weight decay
// λ and rate η, W − B shrinks by a factor of 1 − ηλ a step; without, it stays constant, and matters less as both grow.
type KolenPollack struct {
	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // of the initial B; 0: 1
}

func (KolenPollack) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }

func (k KolenPollack) Start(p *stack.Pass) { p.DrawFeedback(k.Scale) }

func (KolenPollack) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

func (KolenPollack) Learn(p *stack.Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Do(compute.Copy{Dst: w.GradB, Src: w.Grad})
		}
	}
}

// Check reports an invalid Scale.
func (k KolenPollack) Check() error { return float.AtLeast0("scale", k.Scale) }
