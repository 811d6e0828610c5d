package nets

import (
	"context"
	"fmt"

	"hebb/compute"
)

// A Pass is the computation of one moment: a [compute.Step] with the learning rate, random numbers, metrics and common ops.
// Tensors that it returns are scratch and live until the moment ends.
type Pass struct {
	*compute.Step
	Learners int
	Seed     uint64  // learner l draws from Seed + l
	Number   uint64  // of the moment in the run, from 0
	Epoch    float64 // epochs so far; moments so far where the task has no epochs
	Rate     float64 // learning rate of the moment
	Learning bool    // false in evaluations
	Quiet    bool    // a diagnostic pass: metrics and gradients are discarded
	Recorded bool    // State is looked at: traces go on, though nothing is learned

	ctx     context.Context
	store   *Store
	metrics *accumulator
	reward  func(*compute.Tensor)
	part    *part  // of a moment in parts; or nil
	stream  uint64 // of random numbers
	draws   uint64
	once    map[any]*compute.Tensor
	err     error
}

// The top bits of a random stream say who draws; below them it is Number<<16 + the count of draws. A system in training has
// top bits of 0.
const (
	ofSystem uint64 = iota << 60
	ofShow
	ofJudge
	ofTestSystem
	ofTestShow
	ofTestJudge
	ofBetween
	others uint64 = 1 << 63
)

// StartNumber is p.Number in [Starter.Start], so that it draws other random numbers than any moment.
const StartNumber = 1<<47 - 1

// Context returns the context of the run, for tasks that wait.
func (p *Pass) Context() context.Context { return p.ctx }

// Device returns the device of the run.
func (p *Pass) Device() *compute.Device { return p.store.dev }

// Fail ends the run with an error. Later errors of the pass are dropped.
func (p *Pass) Fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// Failed returns the first error that was given to Fail.
func (p *Pass) Failed() error { return p.err }

// Do runs an op. If the context of the run has ended, it does nothing but fail with the cause: so a long moment ends
// between two of its ops.
func (p *Pass) Do(op compute.Op) {
	if p.ctx.Err() != nil {
		p.Fail(context.Cause(p.ctx))
		return
	}
	p.Step.Do(op)
}

// Once caches a tensor for the rest of the moment: it calls first if the key is new, and returns its result.
func (p *Pass) Once(key any, first func() *compute.Tensor) *compute.Tensor {
	t, ok := p.once[key]
	if !ok {
		if p.once == nil {
			p.once = map[any]*compute.Tensor{}
		}
		t = first()
		p.once[key] = t
	}
	return t
}

// Anew forgets what Once has cached, for what follows is of another batch.
func (p *Pass) Anew() { p.once = nil }

// Like returns a scratch tensor of the shape of t.
func (p *Pass) Like(t *compute.Tensor) *compute.Tensor { return p.Tensor(t.Shape()...) }

// Map returns f of the inputs, element by element, in the shape of the first.
func (p *Pass) Map(f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	out := p.Like(in[0])
	p.Into(out, f, in...)
	return out
}

// Into sets t to f of the inputs, element by element; old in f is the previous value of t.
func (p *Pass) Into(t *compute.Tensor, f *compute.Func, in ...*compute.Tensor) {
	p.Do(compute.Map{Out: t, In: in, F: f})
}

// Clear sets tensors to 0.
func (p *Pass) Clear(ts ...*compute.Tensor) {
	for _, t := range ts {
		p.Into(t, zero)
	}
}

// Begin sets tensors, learners × (examples of m · anything), to 0 for the examples whose trial begins with m.
func (p *Pass) Begin(m Moment, ts ...*compute.Tensor) {
	switch {
	case m.Begin != nil:
		for _, t := range ts {
			p.Into(p.View(t, 0, p.Learners, m.Examples(), t.Len()/(p.Learners*m.Examples())), unlessBegun, m.Begin)
		}
	case m.First:
		p.Clear(ts...)
	}
}

// Random fills t, learners × anything, with random numbers from a law, each learner's drawn from its own seed. No two calls
// draw the same numbers.
func (p *Pass) Random(t *compute.Tensor, law compute.Law) {
	number := p.Number
	if p.part != nil {
		number = p.part.stream(number)
	}
	p.Do(compute.Random{Out: t, Law: law, Seed: p.Seed, Seeds: p.Learners, Stream: p.stream | (number<<16 + p.draws)})
	p.draws++
}

// Product returns act(x·wᵀ) for each learner, learners × examples × units. x is learners × examples × inputs, or of 1
// learner for all; w is learners × units × inputs.
func (p *Pass) Product(w, x *compute.Tensor, act compute.Act) *compute.Tensor {
	y := p.Tensor(p.Learners, x.Rows(), w.Rows())
	p.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Act: act}})
	return y
}

// AddProduct sets y to act(y + x·wᵀ) for each learner, with shapes as in Product.
func (p *Pass) AddProduct(y, w, x *compute.Tensor, act compute.Act) {
	p.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1, Act: act}})
}

// Back returns d·w for each learner, the delta at the inputs of w for a delta d at its outputs.
func (p *Pass) Back(w, d *compute.Tensor) *compute.Tensor {
	x := p.Tensor(p.Learners, d.Rows(), w.Cols())
	p.Do(compute.Gemm{C: x, A: d, B: w, Epilogue: compute.Epilogue{Alpha: 1}})
	return x
}

// Outer sets w to keep·w + rate·Σ y⊗x/n over the n examples, for each learner.
func (p *Pass) Outer(w, y, x *compute.Tensor, keep, rate float32) {
	p.Do(compute.Hebbian{W: w, Y: y, X: x, Rate: rate, Decay: 1 - keep})
}

// Fold returns the sum or the maximum of each row of x, as f says, learners × rows × 1.
func (p *Pass) Fold(f compute.Fold, x *compute.Tensor) *compute.Tensor {
	out := p.Tensor(x.Batch(), x.Rows(), 1)
	p.Do(compute.Reduce{Out: out, In: []*compute.Tensor{x}, Fold: f, Along: compute.AlongCols, Alpha: 1})
	return out
}

// PerExample returns Σ f over each row of tensors of one shape, learners × examples × 1; with f nil it sums the first input.
func (p *Pass) PerExample(f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	cols := in[0].Cols()
	rows := in[0].Len() / cols
	flat := make([]*compute.Tensor, len(in))
	for i, t := range in {
		if flat[i] = t; t.Len() == in[0].Len() {
			flat[i] = p.View(t, 0, rows, cols)
		}
	}
	out := p.Tensor(p.Learners, rows/p.Learners, 1)
	p.Do(compute.Reduce{Out: p.View(out, 0, rows), In: flat, F: f, Along: compute.AlongCols, Alpha: 1})
	return out
}

// PerLearner returns scale·Σ f over all elements of each learner, learners × 1 × 1; with f nil it sums the first input. The
// first input is learners × anything, and the others are as long, or of 1 learner for all.
func (p *Pass) PerLearner(f *compute.Func, scale float32, in ...*compute.Tensor) *compute.Tensor {
	out := p.Tensor(p.Learners, 1, 1)
	p.perLearner(p.View(out, 0, p.Learners), f, scale, in...)
	return out
}

func (p *Pass) perLearner(out *compute.Tensor, f *compute.Func, scale float32, in ...*compute.Tensor) {
	flat := make([]*compute.Tensor, len(in))
	for i, t := range in {
		if n := in[0].Len() / p.Learners; t.Len() == n {
			flat[i] = p.View(t, 0, 1, n)
		} else {
			flat[i] = p.View(t, 0, p.Learners, t.Len()/p.Learners)
		}
	}
	p.Do(compute.Reduce{Out: out, In: flat, F: f, Along: compute.AlongCols, Alpha: scale})
}

// All returns t with a copy for each learner, if it is of 1 learner; else t itself.
func (p *Pass) All(t *compute.Tensor) *compute.Tensor {
	if p.Learners == 1 || t.Batch() == p.Learners {
		return t
	}
	out := p.Tensor(p.Learners, t.Rows(), t.Cols())
	p.Into(out, same, t)
	return out
}

// Masked returns t, learners × examples × numbers, with zeros where the moment's Mask is 0. Without a Mask it returns t
// itself.
func (p *Pass) Masked(t *compute.Tensor, m Moment) *compute.Tensor {
	if m.Mask == nil {
		return t
	}
	return p.Map(times, t, m.Mask)
}

type labelsKey struct{ want *compute.Tensor }

// Labels returns the class numbers of a moment as one row, learners · examples.
func (p *Pass) Labels(m Moment) *compute.Tensor {
	return p.Once(labelsKey{m.Want}, func() *compute.Tensor {
		all := p.All(m.Want)
		return p.View(all, 0, all.Len())
	})
}

// Numbers returns 0, 1, …, n−1 as a tensor, which is not to be changed.
func (p *Pass) Numbers(n int) *compute.Tensor { return p.numbers(1, n) }

func (p *Pass) numbers(rows, cols int) *compute.Tensor {
	t, err := p.store.numbers(rows, cols)
	if err != nil {
		p.Fail(err)
		return p.Tensor(rows * cols)
	}
	return t
}

// Swapped returns x, n × m × columns, as m × n × columns.
func (p *Pass) Swapped(x *compute.Tensor) *compute.Tensor {
	n, m, cols := x.Batch(), x.Rows(), x.Cols()
	to := p.Tensor(m, n, cols)
	p.Do(compute.Gather{Out: p.View(to, 0, n*m, cols), X: p.View(x, 0, n*m, cols), Rows: p.numbers(n, m)})
	return to
}

type oneHotKey struct {
	want    *compute.Tensor
	classes int
}

// OneHot returns the labels of a moment as one-hot rows, learners × examples × classes.
func (p *Pass) OneHot(m Moment, classes int) *compute.Tensor {
	return p.Once(oneHotKey{m.Want, classes}, func() *compute.Tensor {
		labels := p.Labels(m)
		out := p.Tensor(p.Learners, labels.Len()/p.Learners, classes)
		rows := p.View(out, 0, labels.Len(), classes)
		p.Into(rows, oneHot, p.View(labels, 0, labels.Len(), 1), p.Numbers(classes))
		return out
	})
}

// Hits returns 1 for each example whose label is the argmax of the answer (the first one among equals), else 0: learners ×
// examples × 1.
func (p *Pass) Hits(m Moment, answer *compute.Tensor) *compute.Tensor {
	rows := answer.Len() / answer.Cols()
	best := p.Tensor(rows)
	p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{p.View(answer, 0, rows, answer.Cols())}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	return p.View(p.Map(oneHot, best, p.Labels(m)), 0, p.Learners, rows/p.Learners, 1)
}

// Count adds the elements of each, learners × anything, to the sum of a metric, and n to its number of examples. The metric
// is sum / examples.
func (p *Pass) Count(name string, each *compute.Tensor, n int) { p.count(name, each, nil, n) }

// CountOf is [Pass.Count] over the examples of a moment that it does not mask, the given number for each learner;
// masked examples have zeros.
func (p *Pass) CountOf(m Moment, name string, each *compute.Tensor) {
	mask := m.Mask
	if mask != nil {
		mask = p.All(mask)
	}
	p.count(name, each, mask, m.Examples())
}

func (p *Pass) count(name string, each, mask *compute.Tensor, n int) {
	if p.Quiet || p.metrics == nil {
		return
	}
	if each == nil || each.Len()%p.Learners != 0 {
		p.Fail(fmt.Errorf("nets: the metric %s is counted from %v, want %d learners × anything", name, each, p.Learners))
		return
	}
	if n < 1 {
		p.Fail(fmt.Errorf("nets: the metric %s is counted of %d examples, want at least 1", name, n))
		return
	}
	if p.part.whole() {
		p.metrics.count(p, name, each, mask, n)
		return
	}
	p.part.count(p, name, each, mask, n)
}

// Fault returns a tensor of fault codes, one number a learner and 0 at first, for a system to report errors from the device
// without waiting. The run reads it with the metrics; a code other than 0 ends the learner with the error that [Explainer]
// gives. It is nil in a quiet pass.
func (p *Pass) Fault(name string) *compute.Tensor {
	if p.Quiet || p.metrics == nil {
		return nil
	}
	return p.metrics.fault(p, name)
}

// Reward gives the system a reward for its answer, learners × examples × 1, if it is [Rewarded].
func (p *Pass) Reward(r *compute.Tensor) {
	if p.reward != nil {
		p.reward(r)
	}
}

var (
	zero = compute.Formula("0")
	same = compute.Formula("x", "x")

	unlessBegun = compute.Formula("where(begin, 0, old)", "begin")
)
