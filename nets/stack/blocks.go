package stack

import (
	"hebb/compute"
)

// blocks is the layer that runs a network, or a branch of it, under a [Local] rule.
type blocks struct {
	rule   Local
	branch int
	head   stack // layers before the first weights
	all    []*Block
	output *Block // of the network; nil in a branch
	early  bool   // the pass ended at the block whose turn it is
}

// add adds the next Layer of the outermost stack to the last block, or to a new one if it has weights.
func (l *blocks) add(next placed, weights []*Weights) {
	if len(weights) > 0 {
		_, composite := next.Layer.(*ensemble)
		l.all = append(l.all, &Block{Name: weights[0].Name, Branch: l.branch, Weights: weights, composite: composite})
	}
	if len(l.all) == 0 {
		l.head = append(l.head, next)
		return
	}
	b := l.all[len(l.all)-1]
	if _, after := next.Layer.(AfterObjective); after || len(b.after) > 0 {
		b.after = append(b.after, next)
		return
	}
	b.inside, b.Out = append(b.inside, next), next.out
}

// finish numbers the blocks of the network, and adds the tensors of their objectives to b.
func (l *blocks) finish(b *Builder, n *Net) error {
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

// objectives returns the blocks that have an objective, including the blocks of branches.
func (l *blocks) objectives() (all []*Block) {
	for _, b := range l.all {
		if !b.composite {
			all = append(all, b)
			continue
		}
		for _, part := range b.inside {
			if e, ok := part.Layer.(*ensemble); ok {
				for _, branch := range e.branches {
					all = append(all, branch.(*blocks).objectives()...)
				}
			}
		}
	}
	return all
}

// Branches returns the number of branches of the network's largest [Ensemble], or 1.
func (n *Net) Branches() int {
	most := 1
	for _, b := range n.blocks {
		most = max(most, b.Branch+1)
	}
	return most
}

func (l *blocks) extras(b *Builder, n *Net, block *Block) error {
	own, err := l.rule.Extras(n, block)
	if err != nil {
		return err
	}
	block.Extras = make([]ExtraTensor, len(own))
	for i, e := range own {
		q := Parameter{Name: block.Name + objective + e.Name, Shape: e.Shape, Fill: e.fill(),
			Value: &block.Extras[i].Value, Grad: &block.Extras[i].Grad, Aside: true}
		k := Extras
		if e.Fixed {
			k, q.Grad = Statistic, nil
		}
		if err := b.Add(k, q); err != nil {
			return err
		}
		block.Extras[i].Name = q.Name
	}
	return nil
}

// Forward runs each block forward and, in training, backward by its own gradient before the next block. Under a [Layerwise]
// rule it ends with the block that learns: the blocks above have not begun, and the answer is 0 of all classes.
func (l *blocks) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	x = l.head.Forward(p, x)
	training := p.Training
	learn, _ := l.rule.Learns()
	turn := -1
	if r, ok := l.rule.(Layerwise); ok {
		turn = r.Turn(p)
	}
	for _, b := range l.all {
		p.Training = training && (learn || b.Number == turn)
		y := b.inside.Forward(p, x)
		if p.Training && p.Moment.Want != nil && !b.composite {
			b.inside.Backward(p, l.rule.Gradient(p, b, y))
		}
		if l.early = p.Training && b.Number == turn && !p.Quiet; l.early {
			p.Training = training
			answer := p.Rows(p.Examples, p.Net.Classes)
			p.Clear(answer)
			return answer
		}
		x = b.after.Forward(p, y)
	}
	p.Training = training
	if l.output == nil {
		return x
	}
	return l.output.after.Forward(p, l.output.inside.Forward(p, x))
}

// Backward sends the delta at the logits through the output layer and, for comparisons with backprop, through all blocks.
func (l *blocks) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	if l.early {
		return nil
	}
	if l.output != nil {
		dy = l.output.Backward(p, dy)
	}
	if !p.endToEnd {
		return nil
	}
	for i := len(l.all) - 1; i >= 0 && dy != nil; i-- {
		dy = l.all[i].Backward(p, dy)
	}
	return dy
}

func (b *Block) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return b.inside.Backward(p, b.after.Backward(p, dy))
}
