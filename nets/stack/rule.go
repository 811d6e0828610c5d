package stack

import (
	"hebb/compute"
	"hebb/nets"
)

// A Rule assigns credit: it computes the delta that a layer sends down to the layers below, and trains the feedback weights
// by which it does so. The gradient of the forward weights is the same for all rules, the outer product of delta and input.
//
// These four methods are all that a new rule needs, see docs/adding-a-rule.md. If the rule is a [nets.Checker], its settings
// are checked before a network is built.
type Rule interface {
	// Feedback returns the shape of the feedback weights w.B, or nil for none. It is not asked for the first layer of a
	// network, which sends nothing down.
	Feedback(n *Net, w *Weights) []int

	// Start sets the initial feedback weights.
	Start(p *Pass)

	// Send returns the delta at the input of w, given the delta at its pre-activation.
	Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor

	// Learn sets the gradients of the feedback weights, w.GradB, which the optimiser applies as those of the weights. It is
	// called after the backward pass, of each part of a batch, and before the weights change. A rule may also change w.B
	// directly, once a batch: by [Pass.Whole].
	Learn(p *Pass)
}

// A NamedRule is a Rule, with default settings, that configurations and the command line refer to by name.
type NamedRule struct {
	Name, About string
	Rule        Rule
}

// Backprop sends delta·W, the gradient of the loss (Rumelhart, Hinton, Williams 1986).
type Backprop struct{}

func (Backprop) Feedback(*Net, *Weights) []int { return nil }
func (Backprop) Start(*Pass)                   {}
func (Backprop) Learn(*Pass)                   {}

func (Backprop) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.W, delta)
}

// A FixedFeedback is a [Rule] whose feedback weights have no gradient and are not updated by the optimiser. A rule becomes
// one by embedding [Fixed].
type FixedFeedback interface {
	Rule
	FixedFeedback()
}

// Fixed marks a rule that embeds it as [FixedFeedback].
type Fixed struct{}

// FixedFeedback does nothing; it marks the rule.
func (Fixed) FixedFeedback() {}

// An InTurn is a [Rule] that supports one learner at a time. InTurn returns the reason, or "" if its settings support several.
type InTurn interface {
	Rule
	InTurn() string
}

// An Indivisible is a [Rule] that may be unable to learn from a batch in parts, as [nets.Divided] describes it. Indivisible
// returns the reason, or "" if it can with its settings. Other rules can: they leave gradients, and all else that they change is
// marked by [nets.Store.Averaged] or changes by [Pass.Whole].
type Indivisible interface {
	Rule
	Indivisible() string
}

// Whole calls f once a batch, after all of its parts, see [nets.Pass.Whole].
func (p *Pass) Whole(f func(p *Pass)) {
	p.Pass.Whole(func(whole *nets.Pass) { f(p.Net.NewPass(whole, 0)) })
}

// DrawFeedback draws all feedback weights from the initial distribution of the forward weights, times scale (0: 1).
func (p *Pass) DrawFeedback(scale float32) {
	if scale == 0 {
		scale = 1
	}
	for _, w := range p.Net.Weights {
		if w.B == nil || p.Device().Staged() {
			continue
		}
		fill := w.Init.Fill(w.Shape, false)
		each := length(w.Shape)
		x := make([]float32, p.Learners*each)
		for l := range p.Learners {
			fill(nets.Generator(p.Seed+uint64(l), w.Name+feedbackSuffix), x[l*each:][:each])
		}
		for i := range x {
			x[i] *= scale
		}
		p.Write(w.B, x)
	}
}
