package tasks

import (
	"fmt"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Recall is the task of an associative memory. The first moment shows Patterns patterns of Bits numbers ±1, as examples for
// which nothing is wanted: to be stored. Every later moment shows all of them with each bit flipped with probability Flip,
// and wants them whole.
//
// The patterns are drawn for each learner by its seed. An epoch is two moments, so that a test shows the patterns, from
// which nothing is learned then, and once asks for them.
//
// Metrics, when recalling alone: "bits right", the share of the bits whose answer has the right sign; "whole", the share of
// the patterns with all bits right; "overlap above 0.9", the share with more than 95 % of them right, the overlap of two
// patterns being the mean product of their bits.
type Recall struct {
	Bits     int     `json:"bits" toml:"bits"`
	Patterns int     `json:"patterns" toml:"patterns"`
	Flip     float32 `json:"flip" toml:"flip"` // a probability

	patterns *compute.Tensor // learners × Patterns × Bits
}

// Check reports a setting that cannot be.
func (r *Recall) Check() error {
	if r.Bits < 2 || r.Patterns < 1 || !(0 <= r.Flip && r.Flip <= 1) {
		return fmt.Errorf("recall: %d patterns of %d bits, flipped with probability %g, want at least 1 of 2 and a probability", r.Patterns, r.Bits, r.Flip)
	}
	return nil
}

// Build draws the patterns.
func (r *Recall) Build(s *nets.Store) (nets.Spec, error) {
	r.patterns = s.Kept("patterns", nets.Filled(func(rnd *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(2*rnd.IntN(2) - 1)
		}
	}), r.Patterns, r.Bits)
	return nets.Spec{In: nets.Row(r.Bits), Out: r.Bits, Examples: r.Patterns, Trial: 1, Epoch: 2}, nil
}

var (
	flipped  = compute.Formula("x*(1 - 2*flip)", "x", "flip")
	sameSign = compute.Formula("where(y*want, 1, 0)", "y", "want")
	above    = compute.Formula("where(x - least, 1, 0)", "x")
)

// Show returns the patterns, whole in the first moment and then with bits flipped.
func (r *Recall) Show(p *nets.Pass) nets.Moment {
	if p.Number == 0 {
		return nets.Moment{X: r.patterns, First: true, Last: true}
	}
	flip := p.Like(r.patterns)
	p.Random(flip, compute.Bernoulli(r.Flip, 1))
	return nets.Moment{X: p.Map(flipped, r.patterns, flip), Want: r.patterns, First: true, Last: true}
}

// Judge counts the bits that are right.
func (r *Recall) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.Want == nil {
		return
	}
	y = p.All(y)
	p.Count("bits right", p.PerLearner(sameSign, 1/float32(r.Bits), y, m.Want), m.Examples())
	right := p.PerExample(sameSign, y, m.Want)
	p.Count("whole", p.Map(above.With("least", float32(r.Bits)-0.5), right), m.Examples())
	p.Count("overlap above 0.9", p.Map(above.With("least", 0.95*float32(r.Bits)), right), m.Examples())
}
