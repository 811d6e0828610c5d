package stack

import (
	"cmp"
	"fmt"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// Stales reports whether a rule can train under [System.Stale], or why not: backprop and [Local] rules can, if all blocks learn
// at every step.
func Stales(r Rule) error {
	switch r := r.(type) {
	case Backprop:
		return nil
	case Layerwise:
		return fmt.Errorf("stale: under a %T one block learns after another, so none waits for another; want bp or a rule whose blocks learn together", r)
	case Local:
		return nil
	}
	return fmt.Errorf("stale: a %T sends more than backprop's deltas from layer to layer; want bp or a rule whose blocks learn by objectives of their own", r)
}

// A pipeline is the blocks of a network, so many steps apart, see [System.Stale]. Each has a Descent of its own.
type pipeline struct {
	apart    int // steps from a block to the next
	batch    int // examples of a moment
	descents []*nets.Descent
	passed   []passed   // under a Local rule: from each block to the next
	delayed  [][]delays // under backprop: of each block
}

// A passed is the batches on their way from a block to the next: its output, the inputs of the network and the labels.
type passed struct{ y, x, want ring }

// A delays is the gradients of a tensor on their way to the optimiser.
type delays struct {
	grad *compute.Tensor
	ring ring
}

// late returns how many steps pass before a block learns: from a batch that has come up to it or, under backprop, from a delta
// that has come down.
func (q *pipeline) late(block int) uint64 {
	if q.passed == nil {
		return uint64(2 * q.apart * (len(q.descents) - 1 - block))
	}
	return uint64(q.apart * block)
}

// A ring has a slot for each of the last steps: learners × steps × numbers.
type ring struct {
	all   *compute.Tensor
	steps int
}

func newRing(s *nets.Store, name string, steps, numbers int) ring {
	all := s.Kept(name, nets.Zeros, steps, numbers)
	s.Aside(all)
	return ring{all, steps}
}

// swap puts x in, and returns what was put in as many steps before as the ring has, in the shape of x.
func (r ring) swap(p *Pass, x *compute.Tensor) *compute.Tensor {
	x = p.All(x)
	was, n := p.Like(x), x.Len()/p.Learners
	for l := range p.Learners {
		slot := p.View(r.all, (l*r.steps+int(p.Number%uint64(r.steps)))*n, n)
		p.Do(compute.Copy{Dst: p.View(was, l*n, n), Src: slot})
		p.Do(compute.Copy{Dst: slot, Src: p.View(x, l*n, n)})
	}
	return was
}

// pipe builds the pipeline of the network, with blocks so many steps apart.
func (n *Net) pipe(s *nets.Store, spec nets.Spec, o nets.Optimiser, apart int) (*pipeline, error) {
	if n.local != nil {
		for _, b := range n.local.all {
			if b.composite {
				return nil, fmt.Errorf("nets: stale: block %s has branches, which would wait for each other; want a chain of blocks", b.Name)
			}
		}
	}
	for _, l := range n.outer {
		if _, branches := l.Layer.(*ensemble); branches {
			return nil, fmt.Errorf("nets: stale: layer %s has branches, which would wait for each other; want a chain of blocks", l.name)
		}
	}
	parts := n.parts()
	if parts == nil {
		return nil, fmt.Errorf("nets: stale: the network is no Stack of layers, so it has no blocks")
	}
	q := &pipeline{apart: apart, batch: cmp.Or(spec.Batch, spec.Examples)}
	weights := make([][]*compute.Tensor, len(parts))
	for _, t := range s.Tensors() {
		if t.Role == nets.Weight {
			k := partOf(parts, t.Name)
			weights[k] = append(weights[k], t.Value)
		}
	}
	for _, w := range weights {
		q.descents = append(q.descents, s.Descent(o, w...))
	}
	if n.local != nil {
		q.passed = n.passes(s, spec, q)
		return q, nil
	}
	for k, all := range weights[:len(weights)-1] {
		q.delayed = append(q.delayed, nil)
		for _, w := range all {
			grad := s.Grad(w)
			r := newRing(s, "stale.gradient."+s.Name(w), int(q.late(k)), grad.Len()/s.Learners)
			q.delayed[k] = append(q.delayed[k], delays{grad, r})
		}
	}
	return q, nil
}

// passes allocates what is on its way between the blocks.
func (n *Net) passes(s *nets.Store, spec nets.Spec, q *pipeline) (all []passed) {
	want := spec.Out
	if spec.Classes {
		want = 1
	}
	for _, b := range n.local.all {
		layers := append(append(stack{}, b.inside...), b.after...)
		of := func(what string, each int) ring {
			return newRing(s, "stale."+what+"."+b.Name, q.apart, q.batch*each)
		}
		all = append(all, passed{of("output", layers[len(layers)-1].out.Len()), of("input", n.Input.Len()), of("want", want)})
	}
	return all
}

// parts returns the names of the layers of each block, the output layer last: each begins with a layer of the outermost Stack
// that has weights. It is nil where the network is no Stack.
func (n *Net) parts() (all [][]string) {
	for _, l := range n.outer {
		weighted := false
		for _, w := range n.Weights {
			weighted = weighted || within(l.name, w.Name)
		}
		if weighted {
			all = append(all, nil)
		}
		if last := len(all) - 1; last >= 0 {
			all[last] = append(all[last], l.name)
		}
	}
	return all
}

// within reports whether a name is a layer's or of something in it.
func within(layer, name string) bool { return name == layer || strings.HasPrefix(name, layer+".") }

// partOf returns the number of the block that has a tensor: the one whose layer's name is the longest of those it begins with.
func partOf(parts [][]string, tensor string) (block int) {
	longest := 0
	for k, names := range parts {
		for _, name := range names {
			if within(name, tensor) && len(name) > longest {
				block, longest = k, len(name)
			}
		}
	}
	return block
}

// update updates the blocks that have something to learn from by now.
func (q *pipeline) update(p *Pass) {
	for k, d := range q.descents {
		if k < len(q.delayed) {
			for _, g := range q.delayed[k] {
				p.Do(compute.Copy{Dst: g.grad, Src: g.ring.swap(p, g.grad)})
			}
		}
		if p.Number >= q.late(k) {
			d.Update(p.Pass)
		}
	}
}

// fits reports a batch that does not fit the rings.
func (q *pipeline) fits(m nets.Moment) error {
	switch {
	case m.Mask != nil:
		return fmt.Errorf("nets: stale: a batch of which some examples are masked, want whole batches")
	case m.Want == nil:
		return fmt.Errorf("nets: stale: a batch without labels or targets, want them with every batch")
	case m.Examples() != q.batch:
		return fmt.Errorf("nets: stale: a batch of %d examples, want %d in every one", m.Examples(), q.batch)
	}
	return nil
}

// stepLocal answers the batch as the blocks are. Then each learns from what the one below it put out so many steps before, as it
// would have in that step: p.Number and the random numbers are of that batch.
func (l *learner) stepLocal(p *Pass) *compute.Tensor {
	n, now, m := l.net, p.Number, p.Moment
	if err := l.pipeline.fits(m); err != nil {
		p.Fail(err)
		return m.X
	}
	p.Training = false
	y := n.Forward(p, m.X)
	p.CountOf(m, "loss", l.loss.Judge(p.Pass, m, y, false).Loss)
	answer := n.answer(p, y)
	if y = l.climb(p); y != nil {
		v := l.loss.Judge(p.Pass, p.Moment, y, true)
		p.Number = now
		l.learn(p, v)
		return answer
	}
	p.Number = now
	n.Rule.Learn(p)
	if !p.Hold {
		l.pipeline.update(p)
	}
	return answer
}

// climb makes the blocks learn, each at its own time, and returns the outputs of the output layer; nil before the first batch
// has come there.
func (l *learner) climb(p *Pass) *compute.Tensor {
	n, now := l.net, p.Number
	learn, _ := n.local.rule.Learns()
	p.Training = learn
	x := n.local.head.Forward(p, p.Input())
	for k, b := range append(n.local.all[:len(n.local.all):len(n.local.all)], n.local.output) {
		if k > 0 {
			x = l.pipeline.pass(p, l.pipeline.passed[k-1], x)
		}
		late := l.pipeline.late(k)
		if now < late {
			return nil
		}
		p.Number = now - late
		p.Anew()
		if b == n.local.output {
			break
		}
		y := b.inside.Forward(p, x)
		if learn {
			b.inside.Backward(p, n.local.rule.Gradient(p, b, y))
		}
		x = b.after.Forward(p, y)
	}
	p.Training = true
	b := n.local.output
	return p.AsRows(b.after.Forward(p, b.inside.Forward(p, x)), p.Examples, n.Classes)
}

// pass passes a block's output on with its batch, and makes the batch that comes out p.Moment.
func (q *pipeline) pass(p *Pass, on passed, y *compute.Tensor) *compute.Tensor {
	m := &p.Moment
	y, m.X, m.Want = on.y.swap(p, y), on.x.swap(p, m.X), on.want.swap(p, m.Want)
	return y
}
