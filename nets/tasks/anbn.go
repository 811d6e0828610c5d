package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// AnBn is the language aⁿbⁿ, a task of counting (Wiles and Elman 1995, after whom Gers and Schmidhuber 2001, IEEE Transactions on
// Neural Networks 12:1333): at each symbol of a string the next one is wanted.
//
//	s aⁿ bⁿ s,  n = 1 … Most with equal chances, s being the beginning and the end
//	x_t is three numbers of which one is 1, for a, b and s: the symbol of moment t = 0 … 2n; zeros when the string is over
//	y*_t = the class of symbol t + 1; a, b and s are 0, 1 and 2
//
// A trial is 2·Most + 1 moments; where a string is over, Mask is 0. Strings are drawn at each trial, for each of Batch examples,
// from the learner's seed. An epoch is as many trials as have 500 strings; it tests itself on draws of its own.
//
// What follows an a cannot be known, and is wanted but not scored. From the first b on all can: n − 1 times b, and then s.
// Metrics: "accuracy", the share of these symbols that have the largest answer, as the mean over strings, and "strings", the
// share of strings of which all have. An answer that counts nothing gets no string right if it is always b, and 1/Most of them
// if it is s after so many bs. Criterion: 0.9 of the strings.
type AnBn struct {
	Most  int `json:"most" toml:"most"`   // n
	Batch int `json:"batch" toml:"batch"` // examples at once

	start           *compute.Tensor // 1 × Batch × 3
	n, right, wrong *compute.Tensor // learners × Batch
}

// Check reports a setting that cannot be.
func (a *AnBn) Check() error {
	if a.Most < 1 || a.Batch < 1 {
		return fmt.Errorf("anbn: an n of %d at most and batches of %d, want at least 1 of both", a.Most, a.Batch)
	}
	return nil
}

// Build asks for what a trial keeps.
func (a *AnBn) Build(s *nets.Store) (nets.Spec, error) {
	start := make([]float32, a.Batch*3)
	for i := range a.Batch {
		start[3*i+2] = 1
	}
	a.start = s.Fixed(start, a.Batch, 3)
	a.n, a.right, a.wrong = s.State("n", nets.Zeros, a.Batch, 1), s.State("right", nets.Zeros, a.Batch, 1), s.State("wrong", nets.Zeros, a.Batch, 1)
	trial := 2*a.Most + 1
	return nets.Spec{In: nets.Row(3), Out: 3, Classes: true, Examples: a.Batch, Trial: trial, Epoch: trial * trialsOf(a.Batch)}, nil
}

var (
	reached = compute.Formula("where(column - most*place, 0, 1)", "place", "column")
	// where(x − n, 0, 1) is 1 if n ≥ x
	symbolAt  = compute.Formula("where(column - 1.5, 0, where(column - 0.5, where(t - 2*n, 0, 1) - where(t - n, 0, 1), where(t - n, 0, 1)))", "n", "column")
	symbolTo  = compute.Formula("where(t + 1 - n, where(t + 1 - 2*n, 2, 1), 0)", "n")
	within    = compute.Formula("where(t - 2*n, 0, 1)", "n")
	addRight  = compute.Formula("old + hit*where(t - n, where(t - 2*n, 0, 1), 0)", "hit", "n")
	addWrong  = compute.Formula("old + (1 - hit)*where(t - n, where(t - 2*n, 0, 1), 0)", "hit", "n")
	noneWrong = compute.Formula("where(x, 0, 1)", "x")
)

// at is the moment of the trial.
func (a *AnBn) at(p *nets.Pass) int { return int(p.Number % uint64(2*a.Most+1)) }

// Show draws a moment of a trial.
func (a *AnBn) Show(p *nets.Pass) nets.Moment {
	at, rows := a.at(p), p.Learners*a.Batch
	t := float32(at)
	m := nets.Moment{X: a.start, First: at == 0, Last: at == 2*a.Most}
	if m.First {
		place, upTo := p.Tensor(rows, 1), p.Tensor(rows, a.Most)
		p.Random(p.View(place, 0, p.Learners, a.Batch), compute.Uniform(0, 1))
		p.Into(upTo, reached.With("most", float32(a.Most)), place, p.Numbers(a.Most)) // as many as the whole part, and 1
		p.Into(p.View(a.n, 0, rows, 1), same, p.PerRow(nil, 1, upTo))
	} else {
		m.X = p.Tensor(p.Learners, a.Batch, 3)
		p.Into(p.View(m.X, 0, rows, 3), symbolAt.With("t", t), p.View(a.n, 0, rows, 1), p.Numbers(3))
	}
	m.Want, m.Mask = p.Map(symbolTo.With("t", t), a.n), p.Map(within.With("t", t), a.n)
	return m
}

// Judge counts the symbols and the strings that are right, at the end of a trial.
func (a *AnBn) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.First {
		p.Clear(a.right, a.wrong)
	}
	t, hits := float32(a.at(p)), p.Hits(m, y)
	p.Into(a.right, addRight.With("t", t), hits, a.n)
	p.Into(a.wrong, addWrong.With("t", t), hits, a.n)
	if m.Last {
		p.Count("accuracy", p.Map(quotient, a.right, a.n), a.Batch)
		p.Count("strings", p.Map(noneWrong, a.wrong), a.Batch)
	}
}
