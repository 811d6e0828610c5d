package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Addition is the adding problem, a task of keeping numbers (Hochreiter and Schmidhuber 1997, Neural Computation 9:1735,
// Experiment 4, with numbers from 0 and trials of one length): two of many numbers are marked, and at the end their sum is
// wanted. With u uniform in [0, 1):
//
//	x_t = (u_t, marked_t, 1),  t = 0 … Length−1; the 1 takes the place of biases
//	marked_t = 1 at two moments, one of the first Length/2 and one of the others, each as likely as any; else 0
//	y* = Σ_t marked_t·u_t at t = Length−1; nothing is wanted before
//
// All is drawn at each trial, for each of Batch examples, from the learner's seed. An epoch is as many trials as have 500
// examples; it tests itself on draws of its own.
//
// Metrics: "error", the mean of (y − y*)². The best constant answer, 1, has 1/6 = 0.167, and one that knows one of the two
// numbers 1/12. Criterion: below 1/60, a tenth of the constant's.
type Addition struct {
	Length int `json:"length" toml:"length"` // moments of a trial
	Batch  int `json:"batch" toml:"batch"`   // examples at once

	first, second *compute.Tensor // learners × Batch: where the marks are in each part, from 0 to 1
	sum           *compute.Tensor // learners × Batch: of the marked numbers so far
}

// Check reports a setting that cannot be.
func (a *Addition) Check() error {
	if a.Length < 2 || a.Batch < 1 {
		return fmt.Errorf("addition: a length of %d and batches of %d, want at least 2 and 1", a.Length, a.Batch)
	}
	return nil
}

// Build asks for what a trial keeps.
func (a *Addition) Build(s *nets.Store) (nets.Spec, error) {
	a.first, a.second = s.State("first", nets.Zeros, a.Batch, 1), s.State("second", nets.Zeros, a.Batch, 1)
	a.sum = s.State("sum", nets.Zeros, a.Batch, 1)
	return nets.Spec{In: nets.Row(3), Out: 1, Examples: a.Batch, Trial: a.Length, Epoch: a.Length * trialsOf(a.Batch)}, nil
}

// trialsOf is the trials of a batch that are a test: of 500 examples or a few more.
func trialsOf(batch int) int { return (500-1)/batch + 1 }

var (
	// the whole part of width·place is t, as 1 or 0, in each of two parts
	marks = compute.Formula("where(t - half*first, 0, 1) - where(t + 1 - half*first, 0, 1)"+
		" + where(t - half - rest*second, 0, 1) - where(t - half + 1 - rest*second, 0, 1)", "first", "second")
	numberMarkOne = compute.Formula("where(column - 1.5, 1, where(column - 0.5, mark, number))", "number", "mark", "column")
	addMarked     = compute.Formula("keep*old + number*mark", "number", "mark")
)

// Show draws a moment of a trial.
func (a *Addition) Show(p *nets.Pass) nets.Moment {
	at := int(p.Number % uint64(a.Length))
	m := nets.Moment{X: p.Tensor(p.Learners, a.Batch, 3), First: at == 0, Last: at == a.Length-1}
	keep := float32(1)
	if m.First {
		p.Random(a.first, compute.Uniform(0, 1))
		p.Random(a.second, compute.Uniform(0, 1))
		keep = 0
	}
	half, rows := a.Length/2, p.Learners*a.Batch
	number := p.Tensor(p.Learners, a.Batch, 1)
	p.Random(number, compute.Uniform(0, 1))
	mark := p.Map(marks.With("t", float32(at)).With("half", float32(half)).With("rest", float32(a.Length-half)), a.first, a.second)
	p.Into(p.View(m.X, 0, rows, 3), numberMarkOne, p.View(number, 0, rows, 1), p.View(mark, 0, rows, 1), p.Numbers(3))
	p.Into(a.sum, addMarked.With("keep", keep), number, mark)
	if m.Last {
		m.Want = a.sum
	}
	return m
}

// Judge counts the error.
func (a *Addition) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.Want != nil {
		countError(p, m, y)
	}
}
