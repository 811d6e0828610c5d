package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
)

// Sequences is a task of sequences from data: a trial is a batch of them, from their first moment to the last of the longest,
// one moment at a time. With Shuffle each learner has an order of its own in each epoch, without those left over after the last
// whole batch; otherwise all learners share the order of the part, and the last batch is smaller if need be.
//
// Want is nil at moments at which no example of the part wants anything. Where some do, Mask is 0 for the others, and where none
// does, for those that have ended. This does not depend on which examples are in a batch, so that learners with different
// orders are not told of each other's.
//
// Metrics: "accuracy" of classes, the share of an example's moments with a Want at which its class has the largest answer, and
// "error" of numbers, the mean squared error over these moments and the numbers; both are means over the examples, and counted
// at the end of a trial.
type Sequences struct {
	Series  *Series
	Batch   int
	Shuffle bool

	x, want, mask *compute.Tensor // 1 × moments·examples × numbers
	score, count  *compute.Tensor // learners × batch: sums over the moments of a trial that were scored, and how many these are
	orders        []order
}

// A Series is a part of a set of sequences, moment by moment, for the tasks that show it.
type Series struct {
	examples, moments, features, out int
	classes                          bool
	x, want, mask                    []float32 // moments × examples × numbers
	wanted                           []bool    // by any example, of each moment
	masked                           []bool    // whether any mask of a moment is 0
}

// NewSeries lays a part of a set of sequences out by moments. Behind the end of an example all is 0.
func NewSeries(set *data.Set, part *data.Split, norm data.Normalise) *Series {
	n, moments, features := part.N(), set.Width, set.Channels
	s := &Series{examples: n, moments: moments, features: features, out: set.Sequences.Numbers, wanted: make([]bool, moments), masked: make([]bool, moments)}
	if s.classes = s.out == 0; s.classes {
		s.out = set.Classes
	}
	wants := len(part.Want.Values) / len(part.Want.At)
	s.x, s.want, s.mask = make([]float32, len(part.Floats)), make([]float32, len(part.Want.Values)), make([]float32, len(part.Want.At))
	ends := part.Ends()
	for t := range moments {
		for i := range n {
			s.wanted[t] = s.wanted[t] || part.Want.At[i*moments+t] == 1
		}
		for i, end := range ends {
			from, to := i*moments+t, t*n+i
			copy(s.want[to*wants:][:wants], part.Want.Values[from*wants:])
			switch counts := part.Want.At[from] == 1; {
			case counts || !s.wanted[t] && t < end:
				s.mask[to] = 1
			default:
				s.masked[t] = true
			}
			for c := range features {
				if x := part.Floats[from*features+c]; t < end && norm.Mean != nil {
					s.x[to*features+c] = (x - norm.Mean[c]) / norm.SD[c]
				} else {
					s.x[to*features+c] = x
				}
			}
		}
	}
	return s
}

// Check reports a Batch that is invalid.
func (t *Sequences) Check() error {
	if n := t.Series.examples; t.Batch < 1 || t.Shuffle && t.Batch > n {
		return fmt.Errorf("sequences: batches of %d, want at least 1 and, shuffled, at most the %d examples", t.Batch, n)
	}
	return nil
}

// Build copies the sequences to the device.
func (t *Sequences) Build(s *nets.Store) (nets.Spec, error) {
	q := t.Series
	rows := q.moments * q.examples
	t.x, t.want, t.mask = s.Fixed(q.x, rows, q.features), s.Fixed(q.want, rows, len(q.want)/rows), s.Fixed(q.mask, rows, 1)
	n := min(t.Batch, q.examples)
	t.score, t.count = s.State("score", nets.Zeros, n, 1), s.State("count", nets.Zeros, n, 1)
	t.orders = make([]order, 1)
	if t.Shuffle {
		t.orders = make([]order, s.Learners)
	}
	return nets.Spec{In: nets.Row(q.features), Out: q.out, Classes: q.classes, Examples: n, Trial: q.moments, Epoch: q.moments * t.batches()}, nil
}

// batches is the number of batches of an epoch.
func (t *Sequences) batches() int {
	if t.Shuffle {
		return t.Series.examples / t.Batch
	}
	return (t.Series.examples-1)/t.Batch + 1
}

// Show gathers a moment of the examples of a batch.
func (t *Sequences) Show(p *nets.Pass) nets.Moment {
	q, batches := t.Series, uint64(t.batches())
	at, trial := int(p.Number%uint64(q.moments)), p.Number/uint64(q.moments)
	epoch, first := trial/batches, int(trial%batches)*t.Batch
	size := min(t.Batch, q.examples-first)
	numbers := make([]float32, 0, len(t.orders)*size)
	for l := range t.orders {
		for k := range size {
			i := first + k
			if t.Shuffle {
				i = t.orders[l].of(epoch, p.Seed+uint64(l), q.examples)[i]
			}
			numbers = append(numbers, float32(i))
		}
	}
	rows := p.Tensor(len(t.orders), 1, size)
	p.Write(rows, numbers)
	gather := func(from *compute.Tensor) *compute.Tensor {
		cols := from.Cols()
		out := p.Tensor(len(t.orders), size, cols)
		p.Do(compute.Gather{Out: out, X: p.View(from, at*q.examples*cols, 1, q.examples, cols), Rows: rows})
		return out
	}
	m := nets.Moment{X: gather(t.x), First: at == 0, Last: at == q.moments-1}
	if q.wanted[at] {
		m.Want = gather(t.want)
	}
	if q.masked[at] {
		m.Mask = gather(t.mask)
	}
	return m
}

var (
	meanSquare = compute.Formula("(y - want)*(y - want)/n", "y", "want")
	plus       = compute.Formula("old + x", "x")
	oneMore    = compute.Formula("old + 1")
	quotient   = compute.Formula("x/y", "x", "y")
)

// Judge adds to the scores of the trial, and counts them at its end.
func (t *Sequences) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	n, name := m.Examples(), "accuracy"
	if !t.Series.classes {
		name = "error"
	}
	score, count := p.View(t.score, 0, p.Learners, n, 1), p.View(t.count, 0, p.Learners, n, 1)
	if m.First {
		p.Clear(score, count)
	}
	if m.Want != nil {
		var each *compute.Tensor
		if t.Series.classes {
			each = p.Hits(m, y)
		} else {
			each = p.PerExample(meanSquare.With("n", float32(t.Series.out)), y, p.All(m.Want))
		}
		p.Into(score, plus, p.Masked(each, m))
		if m.Mask == nil {
			p.Into(count, oneMore)
		} else {
			p.Into(count, plus, m.Mask)
		}
	}
	if m.Last {
		p.Count(name, p.Map(quotient, score, count), n)
	}
}
