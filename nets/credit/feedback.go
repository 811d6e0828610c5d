package credit

import (
	"errors"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// FeedbackAlignment sends delta·B, with B random and fixed (Lillicrap, Cownden, Tweed, Akerman 2016). B is drawn from the
// initial distribution of W, times Scale.
type FeedbackAlignment struct {
	stack.Fixed `json:"-" toml:"-"`

	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty" if:"!sd"` // 0: 1
	SD    float32 `json:"sd,omitempty" toml:"sd,omitempty"`                // standard deviation of a normal B, whatever W's; 0: by Scale
}

func (FeedbackAlignment) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }
func (FeedbackAlignment) Learn(*stack.Pass)                             {}

func (f FeedbackAlignment) Start(p *stack.Pass) {
	if f.SD == 0 {
		p.DrawFeedback(f.Scale)
		return
	}
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Random(w.B, compute.Normal(0, f.SD))
		}
	}
}

func (FeedbackAlignment) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

// Check reports invalid settings.
func (f FeedbackAlignment) Check() error {
	return errors.Join(float.AtLeast0("scale", f.Scale), float.AtLeast0("sd", f.SD))
}
