package stack

import "hebb/compute"

// FeedbackAlignment sends delta·B, with B random and fixed (Lillicrap, Cownden, Tweed, Akerman 2016). B is
// drawn as W was, times Scale.
type FeedbackAlignment struct {
	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // 0 is 1
}

func (FeedbackAlignment) Feedback(_ *Net, w *Weights) []int { return w.W.Shape() }
func (FeedbackAlignment) Learn(*Pass)                       {}

func (f FeedbackAlignment) Start(p *Pass) { p.draw(f.Scale) }

func (FeedbackAlignment) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

// draw sets all feedback weights as weights are drawn, times scale.
func (p *Pass) draw(scale float32) {
	if scale == 0 {
		scale = 1
	}
	for _, w := range p.Net.Weights {
		if w.B == nil || p.Net.dev.Staged() {
			continue
		}
		q := parameter{name: w.Name + feedbackSuffix, shape: w.W.Shape(), fill: w.Init.fill(w.W.Shape(), false)}
		x := q.first(p.Net.Seed)
		for i := range x {
			x[i] *= scale
		}
		p.Write(w.B, x)
	}
}

func (FeedbackAlignment) fixed() {}
