package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Strung is a task of stringing patterns into a sequence, by a second circuit. It is hebb's own: Murray 2019 (eLife
// 8:e43299) has a circuit for that purpose, and this is not a copy of it. There are Patterns patterns of Period
// moments, each with its own cue. All learners share them:
//
//	x_t = 1 at the cue of a pattern, else 0             Patterns numbers
//	y*_t = Σ_j a_kj·sin(π·j·t/Period),  j = 1 … 3       of pattern k, with a normal; its mean square is ½
//	z*_t = 1 at the cue of moment t + Delay, else 0     Patterns numbers; in random order at that of moment t
//
// The answer is y and z. The second circuit is the largest z: it names a cue, and the task may show that cue Delay
// moments later. So an answer that says what comes next drives the network from one pattern into the next. A trial is
// all patterns, one after the other:
//
//	order=random   in a drawn order, with its cues shown: patterns are learned one by one
//	order=fixed    in their own order, with its cues shown: the second circuit learns the order
//	order=free     the same, but only the first Delay moments are shown a cue; all others are shown what the answer named
//	order=whole    the same, and the first cue is shown throughout: the control, which learns the sequence at once
//
// An epoch is a trial. Metrics: "error", the mean of (y − y*)², and "cue", the share of moments that are shown the right cue.
type Strung struct {
	Patterns int    `json:"patterns" toml:"patterns"`
	Period   int    `json:"period" toml:"period"` // moments of a pattern
	Delay    int    `json:"delay" toml:"delay"`   // moments between an answer and the cue that it names
	Order    string `json:"order" toml:"order"`   // random, fixed, free or whole

	patterns *compute.Tensor   // 1 × Period × Patterns
	order    []*compute.Tensor // for each part of a trial the pattern, learners × 1 or, if it is not drawn, 1 × 1
	named    []*compute.Tensor // learners × 1: the cues named by the last Delay answers
	shown    *compute.Tensor   // the cue of the moment
}

var orders = []string{"random", "fixed", "free", "whole"}

// Check reports an invalid setting.
func (s *Strung) Check() error {
	if s.Patterns < 1 || s.Period < 2 || s.Delay < 1 || s.Delay > s.Period {
		return fmt.Errorf("strung: %d patterns, a period of %d and a delay of %d, want at least 1, at least 2, and 1 to the period", s.Patterns, s.Period, s.Delay)
	}
	if !slices.Contains(orders, s.Order) {
		return fmt.Errorf("strung: order %q, want one of %q", s.Order, orders)
	}
	return nil
}

// Build draws the patterns, the same for all learners.
func (s *Strung) Build(store *nets.Store) (nets.Spec, error) {
	const waves = 3
	rnd, table := rand.New(rand.NewPCG(20, 0)), make([]float32, s.Period*s.Patterns)
	for k := range s.Patterns {
		var a [waves]float64
		squares := 0.
		for j := range a {
			a[j] = rnd.NormFloat64()
			squares += a[j] * a[j]
		}
		for t := range s.Period {
			y := 0.
			for j := range a {
				y += a[j] / math.Sqrt(squares) * math.Sin(math.Pi*float64((j+1)*t)/float64(s.Period))
			}
			table[t*s.Patterns+k] = float32(y)
		}
	}
	s.patterns = store.Fixed(table, s.Period, s.Patterns)
	s.order, s.named = nil, nil
	for k := range s.Patterns {
		if s.Order == "random" {
			s.order = append(s.order, store.State(fmt.Sprint("pattern.", k), nets.Zeros, 1))
		} else {
			s.order = append(s.order, store.Fixed([]float32{float32(k)}, 1, 1))
		}
	}
	for k := range s.Delay {
		s.named = append(s.named, store.State(fmt.Sprint("named.", k), nets.Zeros, 1))
	}
	trial := s.Patterns * s.Period
	return nets.Spec{In: nets.Row(s.Patterns), Out: 1 + s.Patterns, Examples: 1, Trial: trial, Epoch: trial}, nil
}

var (
	isColumn = compute.Formula("where(0.5 - abs(column - k), 1, 0)", "k", "column")
	atCue    = compute.Formula("y*where(0.5 - abs(column - k), 1, 0)", "y", "k", "column")
	answers  = compute.Formula("where(column - 0.5, where(0.5 - abs(column - 1 - k), 1, 0), y)", "y", "k", "column")
	ofFirst  = compute.Formula("where(column - 0.5, 0, (y - want)*(y - want))", "y", "want", "column")
	ofOthers = compute.Formula("where(column - 0.5, y, -1e30)", "y", "column")
	less1    = compute.Formula("old - 1")
	alike    = compute.Formula("where(0.5 - abs(a - b), 1, 0)", "a", "b")
)

// Show returns a moment of a trial.
func (s *Strung) Show(p *nets.Pass) nets.Moment {
	trial := s.Patterns * s.Period
	at := int(p.Number % uint64(trial))
	if at == 0 && s.Order == "random" {
		s.draw(p)
	}
	now, later := p.All(s.order[at/s.Period]), p.All(s.order[min((at+s.Delay)/s.Period, s.Patterns-1)])
	if s.Order == "random" { // nobody can know the next one
		later = now
	}
	s.shown = now
	switch {
	case s.Order == "whole" || s.Order == "free" && at < s.Delay:
		s.shown = p.All(s.order[0])
	case s.Order == "free":
		s.shown = s.named[at%s.Delay]
	}
	x := p.Tensor(p.Learners, 1, s.Patterns)
	columns := func(n int) *compute.Tensor { return p.View(p.Numbers(n), 0, 1, 1, n) }
	p.Into(x, isColumn, s.shown, columns(s.Patterns))
	y := p.Tensor(p.Learners, 1, s.Patterns)
	p.Into(y, atCue, p.View(s.patterns, at%s.Period*s.Patterns, 1, 1, s.Patterns), now, columns(s.Patterns))
	want := p.Tensor(p.Learners, 1, 1+s.Patterns)
	p.Into(want, answers, p.PerExample(nil, y), later, columns(1+s.Patterns))
	return nets.Moment{X: x, Want: want, First: at == 0, Last: at == trial-1}
}

// draw draws the order of the patterns: the order of random keys.
func (s *Strung) draw(p *nets.Pass) {
	keys, columns := p.Tensor(p.Learners, 1, s.Patterns), p.View(p.Numbers(s.Patterns), 0, 1, 1, s.Patterns)
	p.Random(keys, compute.Uniform(0, 1))
	for _, k := range s.order {
		p.Do(compute.Reduce{Out: k, In: []*compute.Tensor{keys}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		p.Into(keys, chosen, columns, k)
	}
}

// Judge counts the error and the right cues, and takes the cue that the answer names.
func (s *Strung) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	trial := s.Patterns * s.Period
	at := int(p.Number % uint64(trial))
	columns := p.View(p.Numbers(1+s.Patterns), 0, 1, 1, 1+s.Patterns)
	p.Count("error", p.Map(ofFirst, y, m.Want, columns), 1)
	p.Count("cue", p.Map(alike, s.shown, p.All(s.order[at/s.Period])), 1)
	cue := s.named[at%s.Delay]
	p.Do(compute.Reduce{Out: cue, In: []*compute.Tensor{p.Map(ofOthers, y, columns)}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	p.Into(cue, less1)
}
