package stack

import "hebb/compute"

// KolenPollack sends delta·B, and B takes the very gradient that W takes (Kolen and Pollack 1994; Akrout et
// al. 2019). With weight decay λ and rate η both forget what they started as, and W − B shrinks by 1 − ηλ a
// step; without, W − B stays and matters less as both grow.
type KolenPollack struct {
	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // of the first B; 0 is 1
}

func (KolenPollack) Feedback(_ *Net, w *Weights) []int { return w.W.Shape() }

func (k KolenPollack) Start(p *Pass) { p.draw(k.Scale) }

func (KolenPollack) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

func (KolenPollack) Learn(p *Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Do(compute.Copy{Dst: w.GradB, Src: w.Grad})
		}
	}
}
