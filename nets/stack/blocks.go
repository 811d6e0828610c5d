package stack

import "hebb/compute"

// blocks is a network under a [Local] rule, or a branch of one.
type blocks struct {
	rule   Local
	branch int
	head   stack // what comes before any weights
	all    []*Block
	output *Block // of the network; nil of a branch
}

// take gives the next layer of the outermost stack its place. first is its first layer with weights, if it has any.
func (l *blocks) take(next layer, out Shape, first *Weights) {
	if first != nil {
		_, bare := next.(*ensemble)
		l.all = append(l.all, &Block{Name: first.Name, Branch: l.branch, bare: bare})
	}
	if len(l.all) == 0 {
		l.head = append(l.head, next)
		return
	}
	b := l.all[len(l.all)-1]
	switch next.(type) {
	case *dropout, *flatten, *divisive:
		b.after = append(b.after, next)
		return
	}
	if len(b.after) > 0 {
		b.after = append(b.after, next)
		return
	}
	b.inside, b.Out = append(b.inside, next), out
}

// first is the first layer with weights after so many, or nil.
func (b *builder) first(after int) *Weights {
	if after == len(b.weights) {
		return nil
	}
	return b.weights[after]
}

// finish numbers the blocks of the network, and asks for what their objectives have of their own.
func (l *blocks) finish(b *builder, n *Net) error {
	n.local, n.root = l, l
	last := len(l.all) - 1
	l.all, l.output = l.all[:last], l.all[last]
	if last > 0 {
		l.all[last-1].Last = true
	}
	n.blocks = l.objectives()
	for i, block := range n.blocks {
		block.Number = i
		if err := l.extras(b, n, block); err != nil {
			return err
		}
	}
	return nil
}

// objectives are the blocks that have one, those of branches among them.
func (l *blocks) objectives() (all []*Block) {
	for _, b := range l.all {
		if !b.bare {
			all = append(all, b)
			continue
		}
		for _, part := range b.inside {
			if e, ok := part.(*ensemble); ok {
				for _, branch := range e.branches {
					all = append(all, branch.(*blocks).objectives()...)
				}
			}
		}
	}
	return all
}

// branches is how many branches the network has at most, 1 where it has none.
func (n *Net) branches() int {
	most := 1
	for _, b := range n.blocks {
		most = max(most, b.Branch+1)
	}
	return most
}

func (l *blocks) extras(b *builder, n *Net, block *Block) error {
	own, err := l.rule.Extras(n, block)
	if err != nil {
		return err
	}
	block.Own = make([]Named, len(own))
	for i, e := range own {
		q := parameter{name: block.Name + objective + e.Name, shape: e.Shape, fill: e.fill(),
			value: &block.Own[i].Value, grad: &block.Own[i].Grad, aside: true}
		k := extras
		if e.Fixed {
			k, q.grad = states, nil
		}
		if err := b.add(k, q); err != nil {
			return err
		}
		block.Own[i].Name = q.name
	}
	return nil
}

// leave is where a gradient goes: nowhere, in a pass that is to leave none.
func (p *Pass) leave(grad *compute.Tensor) *compute.Tensor {
	if p.quiet {
		return p.Like(grad)
	}
	return grad
}

// forward takes each block forward and, when it learns, back by its own gradient, before the next one begins.
func (l *blocks) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	x = l.head.forward(p, x)
	training := p.Training
	learn, _ := l.rule.Learns()
	p.Training = training && learn
	for _, b := range l.all {
		y := b.inside.forward(p, x)
		if p.Training && p.Labels != nil && !b.bare {
			b.inside.backward(p, l.rule.Gradient(p, b, y))
		}
		x = b.after.forward(p, y)
	}
	p.Training = training
	if l.output == nil {
		return x
	}
	return l.output.after.forward(p, l.output.inside.forward(p, x))
}

// backward takes the delta at the logits through the output layer and, for comparison alone, through all.
func (l *blocks) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	if l.output != nil {
		dy = l.output.backward(p, dy)
	}
	if !p.whole {
		return nil
	}
	for i := len(l.all) - 1; i >= 0 && dy != nil; i-- {
		dy = l.all[i].backward(p, dy)
	}
	return dy
}

func (b *Block) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return b.inside.backward(p, b.after.backward(p, dy))
}
