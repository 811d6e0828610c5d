package stack

import "hebb/compute"

// A Rule assigns credit: it says what a layer with weights sends to those below it, and how the feedback
// weights that it sends by are learned. What a layer does with the delta that it is sent is the same for
// all rules: its weights take the outer product of delta and input for their gradient.
//
// A rule of one's own needs no more than these four methods; see docs/adding-a-rule.md.
type Rule interface {
	// Feedback returns the shape of the feedback weights w.B, or nil for none. The first layer of a
	// network sends nothing, and has none.
	Feedback(n *Net, w *Weights) []int

	// Start sets the feedback weights before training.
	Start(p *Pass)

	// Send returns the delta at the input of w, given that at its pre-activation.
	Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor

	// Learn, after the deltas of a step are known and before the weights change, leaves the gradients of the
	// feedback weights in w.GradB, for the optimiser of the weights to apply. Where they stay 0, the
	// feedback weights change only by weight decay and by what the rule itself does to them.
	Learn(p *Pass)
}

// Backprop sends delta·W: the gradient of the loss (Rumelhart, Hinton, Williams 1986).
type Backprop struct{}

func (Backprop) Feedback(*Net, *Weights) []int { return nil }
func (Backprop) Start(*Pass)                   {}
func (Backprop) Learn(*Pass)                   {}

func (Backprop) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.W, delta)
}

// FixedFeedback is a [Rule] whose feedback weights never get a gradient, so that an optimiser need not look at
// them.
type FixedFeedback interface {
	Rule
	fixed()
}
