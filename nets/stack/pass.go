package stack

import "hebb/compute"

// A Pass is one trip of a batch of examples through a network, and back. It is a [compute.Step]: its tensors
// live until the step ends.
type Pass struct {
	*compute.Step
	Net      *Net
	Examples int
	Training bool            // statistics of the batch, dropout
	Input    *compute.Tensor // the batch, examples × the network's input
	Labels   *compute.Tensor // their classes, numbers; nil where they are not known
	Error    *compute.Tensor // the delta at the logits, examples × classes, once it is known
	Number   uint64          // of the training step, from 0: with Net.Seed it decides all random numbers

	rule  Rule
	quiet bool // leave no gradients
	whole bool // send deltas from block to block, as no Local rule does
	draws uint64
	once  map[any]*compute.Tensor
	meter meter
}

// Once returns what first returns, and calls it the first time that a pass asks for this key: for what the
// blocks of a [Local] rule share.
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

// Like returns scratch of the shape of t.
func (p *Pass) Like(t *compute.Tensor) *compute.Tensor { return p.Tensor(t.Shape()...) }

// Map returns f of the inputs, the first of which gives the shape.
func (p *Pass) Map(f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	out := p.Like(in[0])
	p.Do(compute.Map{Out: out, In: in, F: f})
	return out
}

// Random fills t with numbers that no other call, of this or of another pass, gets.
func (p *Pass) Random(t *compute.Tensor, law compute.Law) {
	p.Do(compute.Random{Out: t, Law: law, Seed: p.Net.Seed, Stream: p.Number<<16 + p.draws})
	p.draws++
}

// First returns the first n examples of t.
func (p *Pass) First(t *compute.Tensor, n int) *compute.Tensor {
	shape := append([]int{n}, t.Shape()[1:]...)
	return p.View(t, 0, shape...)
}

var (
	add     = compute.Pointwise(compute.Add(compute.Var(0), compute.Var(1)))
	times   = compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1)))
	acts    = map[compute.Act]*compute.Func{}
	derived = map[compute.Act]*compute.Func{}
	joined  = map[compute.Act]*compute.Func{}
)

func init() {
	for _, a := range compute.Acts {
		acts[a] = compute.Pointwise(compute.Activate(a, compute.Var(0)))
		joined[a] = compute.Pointwise(compute.Activate(a, compute.Add(compute.Var(0), compute.Var(1))))
		derived[a] = compute.Pointwise(compute.Through(a, compute.Var(0), compute.Var(1)))
	}
}

// through is dy·a′, seen from the output y of a.
func (p *Pass) through(a compute.Act, dy, y *compute.Tensor) *compute.Tensor {
	if a == compute.Identity {
		return dy
	}
	return p.Map(derived[a], dy, y)
}
