package credit

import (
	"hebb/compute"
	"hebb/nets/stack"
)

// FeedbackAlignment sends delta·B, with B random and fixed (Lillicrap, Cownden, Tweed, Akerman 2016). B is drawn from the
// initial distribution of W, times Scale.
type FeedbackAlignment struct {
	stack.Fixed `json:"-" toml:"-"`

	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // 0: 1
}

func (FeedbackAlignment) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }
func (FeedbackAlignment) Learn(*stack.Pass)                             {}

func (f FeedbackAlignment) Start(p *stack.Pass) { p.DrawFeedback(f.Scale) }

func (FeedbackAlignment) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

// Check reports an invalid Scale.
func (f FeedbackAlignment) Check() error { return atLeast0("scale", f.Scale) }
