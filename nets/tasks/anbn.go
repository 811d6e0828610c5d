package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// AnBn is the language aⁿbⁿ, a task of counting (Wiles and Elman 1995, Proceedings of the Cognitive Science Society, 482; Gers and
// Schmidhuber 2001, IEEE Transactions on Neural Networks 12:1333): at each symbol of a string the next one is wanted. With pauses
// it cannot be done by a measure of time: without, a random network with slow units and a readout that learns gets all strings.
//
//	s aⁿ bⁿ s,  n = 1 … Most with equal chances, s being the beginning and the end
//	x_t is three numbers of which one is 1, for a, b and s, at a moment that shows the next symbol, up to the last b; else zeros
//	y*_t = the class of the symbol after it; a, b and s are 0, 1 and 2
//
// The first moment of a trial shows s. Each other one is silent with probability Pause, and Mask is 0 then, and when the string is
// over. A string that Length does not suffice for is cut: with the default values one in 28 of n = 16, and one in 300 of all.
// All is drawn at each trial, for each of Batch examples, from the learner's seed. An epoch is as many trials as have 500 strings;
// it tests itself on draws of its own.
//
// What follows an a cannot be known, and is wanted but not scored. From the first b on all can: n − 1 times b, and then s.
// Metrics: "accuracy", the share of these symbols that have the largest answer, as the mean over strings, and "strings", the
// share of strings of which all have. An answer that counts nothing gets no string right if it is always b, and 1/Most of them
// if it is s after so many bs. Criterion: 0.9 of the strings.
type AnBn struct {
	Most   int     `json:"most" toml:"most"`     // n
	Pause  float32 `json:"pause" toml:"pause"`   // probability that a moment is silent
	Length int     `json:"length" toml:"length"` // moments of a trial
	Batch  int     `json:"batch" toml:"batch"`   // examples at once

	n, shown      *compute.Tensor // learners × Batch; shown is the symbols of the string so far
	scored, right *compute.Tensor // learners × Batch: of the symbols so far, those that can be known, and those of them that were
}

// Check reports a setting that cannot be.
func (a *AnBn) Check() error {
	if a.Most < 1 || a.Batch < 1 || a.Length < 2*a.Most+1 || !(a.Pause >= 0 && a.Pause < 1) {
		return fmt.Errorf("anbn: most %d, pause %g, a length of %d and batches of %d, want an n of at least 1, a probability below 1, a length of "+
			"at least 2·most + 1, and 1", a.Most, a.Pause, a.Length, a.Batch)
	}
	return nil
}

// Build asks for what a trial keeps.
func (a *AnBn) Build(s *nets.Store) (nets.Spec, error) {
	kept := func(name string) *compute.Tensor { return s.State(name, nets.Zeros, a.Batch, 1) }
	a.n, a.shown, a.scored, a.right = kept("n"), kept("shown"), kept("scored"), kept("right")
	return nets.Spec{In: nets.Row(3), Out: 3, Classes: true, Examples: a.Batch, Trial: a.Length, Epoch: a.Length * trialsOf(a.Batch)}, nil
}

// In these, where(x − n, 0, 1) is 1 if n ≥ x, and shown counts the symbol of the moment too.
var (
	reached = compute.Formula("where(column - most*place, 0, 1)", "place", "column")
	// whether the moment shows a symbol: unless it is silent, or all 2n + 1 have been shown
	spoken = compute.Formula("speaks*where(shown - 2*n, 0, 1)", "speaks", "shown", "n")
	letter = compute.Formula("speaks*where(column - 1.5, where(shown - 1, 0, 1), where(column - 0.5, where(shown - 1 - n, 1, 0), "+
		"where(shown - 1, 1, 0)*where(shown - 1 - n, 0, 1)))", "speaks", "shown", "n", "column")
	following = compute.Formula("where(shown - n, where(shown - 2*n, 2, 1), 0)", "shown", "n")
	knowable  = compute.Formula("speaks*where(shown - 1 - n, 1, 0)", "speaks", "shown", "n")
	shareOf   = compute.Formula("where(n, x/max(n, 1), 1)", "x", "n")
	noneWrong = compute.Formula("where(n - x, 0, 1)", "x", "n")
)

// Show draws a moment of a trial.
func (a *AnBn) Show(p *nets.Pass) nets.Moment {
	at, rows := int(p.Number%uint64(a.Length)), p.Learners*a.Batch
	column := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, rows, 1) }
	speaks, first := p.Tensor(p.Learners, a.Batch, 1), at == 0
	if first {
		place, upTo := p.Tensor(rows, 1), p.Tensor(rows, a.Most)
		p.Random(p.View(place, 0, p.Learners, a.Batch), compute.Uniform(0, 1))
		p.Into(upTo, reached.With("most", float32(a.Most)), place, p.Numbers(a.Most)) // as many as the whole part, and 1
		p.Into(column(a.n), same, p.PerRow(nil, 1, upTo))
		p.Clear(a.shown)
		p.Random(speaks, compute.Bernoulli(1, 1))
	} else {
		p.Random(speaks, compute.Bernoulli(1-a.Pause, 1))
	}
	m := nets.Moment{X: p.Tensor(p.Learners, a.Batch, 3), Mask: p.Map(spoken, speaks, a.shown, a.n), First: first, Last: at == a.Length-1}
	p.Into(a.shown, plus, m.Mask)
	p.Into(p.View(m.X, 0, rows, 3), letter, column(m.Mask), column(a.shown), column(a.n), p.Numbers(3))
	m.Want = p.Map(following, a.shown, a.n)
	return m
}

// Judge counts the symbols and the strings that are right, at the end of a trial.
func (a *AnBn) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.First {
		p.Clear(a.scored, a.right)
	}
	known := p.Map(knowable, m.Mask, a.shown, a.n)
	p.Into(a.scored, plus, known)
	p.Into(a.right, plus, p.Map(product, known, p.Hits(m, y)))
	if m.Last {
		p.Count("accuracy", p.Map(shareOf, a.right, a.scored), a.Batch)
		p.Count("strings", p.Map(noneWrong, a.right, a.scored), a.Batch)
	}
}
