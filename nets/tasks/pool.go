package tasks

import (
	"fmt"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Pool shows batches of rows of numbers that are drawn with replacement from a pool, each learner from one of its own.
// Nothing is wanted. Metric: "variance", the mean of ‖answer‖².
type Pool struct {
	Rows  [][]float32 // of each learner: rows × In, as many of each; nil on a device that computes nothing
	N     int         // rows of a learner
	In    nets.Shape
	Batch int

	x *compute.Tensor // learners × N × In
}

// Build copies the rows to the device.
func (t *Pool) Build(s *nets.Store) (nets.Spec, error) {
	d := t.In.Len()
	if t.Batch < 1 || t.N < 1 || d < 1 {
		return nets.Spec{}, fmt.Errorf("batches of %d of %d rows of %d numbers, want at least 1", t.Batch, t.N, d)
	}
	all := make([]float32, s.Learners*t.N*d)
	for l, rows := range t.Rows {
		if len(t.Rows) != s.Learners || len(rows) != t.N*d {
			return nets.Spec{}, fmt.Errorf("%d numbers for learner %d of %d, want %d rows of %v for each of %d learners", len(rows), l, len(t.Rows), t.N, t.In, s.Learners)
		}
		copy(all[l*t.N*d:], rows)
	}
	t.x = s.Fixed(all, s.Learners*t.N, d)
	return nets.Spec{In: t.In, Examples: t.Batch, Trial: 1, Epoch: max(1, t.N/t.Batch)}, nil
}

// given are first values of all learners, one after the other.
func given(values []float32) nets.Init {
	return nets.Filled(func(_ *rand.Rand, x []float32) {
		copy(x, values)
		values = values[len(x):]
	})
}

// Show draws a batch for each learner.
func (t *Pool) Show(p *nets.Pass) nets.Moment {
	numbers := make([]float32, 0, p.Learners*t.Batch)
	for l := range p.Learners {
		rnd := nets.Generator(p.Seed+uint64(l), fmt.Sprint("rows of moment ", p.Number))
		for range t.Batch {
			numbers = append(numbers, float32(rnd.IntN(t.N)))
		}
	}
	rows, x := p.Tensor(p.Learners, 1, t.Batch), p.Tensor(p.Learners, t.Batch, t.In.Len())
	p.Write(rows, numbers)
	p.Do(compute.Gather{Out: x, X: p.View(t.x, 0, p.Learners, t.N, t.In.Len()), Rows: rows})
	return nets.Moment{X: x, First: true, Last: true}
}

// Judge counts "variance".
func (t *Pool) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	countVariance(p, m, answer)
}
