package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// WhiteNoise shows independent normal numbers of mean 0 and variance 1 on a square sheet of Side × Side cells, new ones at
// every moment, and wants nothing. A moment is a trial; an epoch is a hundred of them.
//
// Metrics: "variance", the mean square of the answers.
type WhiteNoise struct {
	Side  int `json:"side" toml:"side"`
	Batch int `json:"batch" toml:"batch"` // examples of a moment

	sheet nets.Shape
}

// Check reports a setting that cannot be.
func (w *WhiteNoise) Check() error {
	switch {
	case w.Side < 1:
		return fmt.Errorf("white-noise: a side of %d cells, want at least 1", w.Side)
	case w.Batch < 1:
		return fmt.Errorf("white-noise: a batch of %d examples, want at least 1", w.Batch)
	}
	return nil
}

// Build describes the moments.
func (w *WhiteNoise) Build(*nets.Store) (nets.Spec, error) {
	w.sheet = nets.Shape{Height: w.Side, Width: w.Side, Channels: 1}
	return nets.Spec{In: w.sheet, Examples: w.Batch, Trial: 1, Epoch: 100}, nil
}

// Show draws the numbers.
func (w *WhiteNoise) Show(p *nets.Pass) nets.Moment {
	x := p.Tensor(p.Learners, w.Batch, w.sheet.Len())
	p.Random(x, compute.Normal(0, 1))
	return nets.Moment{X: x, First: true, Last: true}
}

// Judge counts "variance".
func (w *WhiteNoise) Judge(p *nets.Pass, _ nets.Moment, answer *compute.Tensor) {
	p.Count("variance", p.PerLearner(squared, 1, answer), answer.Len()/p.Learners)
}
