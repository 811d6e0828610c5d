package main

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/stack"
)

// Lagging sends delta·B, and B follows W at a distance: B ← (1 − Rate)·B + Rate·W, once a step.
type Lagging struct {
	Rate                     float32 `toml:"rate"`
	credit.FeedbackAlignment `toml:"-"`
}

var follow = compute.Formula("old + rate*(w - old)", "w")

// Learn moves B, once a batch.
func (l Lagging) Learn(p *stack.Pass) {
	p.Whole(func(p *stack.Pass) {
		for _, w := range p.Net.Weights {
			if w.B != nil {
				p.Into(w.B, follow.With("rate", l.Rate), w.W)
			}
		}
	})
}

// Delta is a layer of linear units that learns by the delta rule:
//
//	y = W·x
//	W ← W + η·mean of (y* − y)⊗x
type Delta struct{ w *compute.Tensor }

// Build asks for the weights.
func (d *Delta) Build(s *nets.Store, spec nets.Spec) error {
	d.w = s.Weights("weight", nets.Zeros, spec.Out, spec.In.Len())
	return nil
}

var difference = compute.Formula("want - y", "want", "y")

// Step answers, and learns.
func (d *Delta) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := p.Product(d.w, m.X, compute.Identity)
	if p.Learning && m.Want != nil {
		p.Outer(d.w, p.Masked(p.Map(difference, p.All(m.Want), y), m), m.X, 1, float32(p.Rate))
	}
	return y
}

// Teacher shows random numbers and wants what a linear unit makes of them, whose weights are drawn by the learner's seed.
// An epoch, which is how long a test is, has a hundred moments.
//
// Metrics: "error", the mean squared error.
type Teacher struct {
	Inputs   int `toml:"inputs"`
	Examples int `toml:"examples"`

	w *compute.Tensor // learners × 1 × Inputs
}

// Check reports a setting that cannot be.
func (t *Teacher) Check() error {
	if t.Inputs < 1 || t.Examples < 1 {
		return fmt.Errorf("teacher: %d inputs and %d examples, want at least 1", t.Inputs, t.Examples)
	}
	return nil
}

// Build draws the teacher.
func (t *Teacher) Build(s *nets.Store) (nets.Spec, error) {
	t.w = s.Kept("teacher", nets.Normal(1/math.Sqrt(float64(t.Inputs))), 1, t.Inputs)
	return nets.Spec{In: nets.Row(t.Inputs), Out: 1, Examples: t.Examples, Trial: 1, Epoch: 100}, nil
}

// Show draws the examples.
func (t *Teacher) Show(p *nets.Pass) nets.Moment {
	x := p.Tensor(p.Learners, t.Examples, t.Inputs)
	p.Random(x, compute.Normal(0, 1))
	return nets.Moment{X: x, Want: p.Product(t.w, x, compute.Identity), First: true, Last: true}
}

var squared = compute.Formula("(y - want)*(y - want)", "y", "want")

// Judge counts the error.
func (t *Teacher) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	p.Count("error", p.PerExample(squared, y, m.Want), t.Examples)
}
