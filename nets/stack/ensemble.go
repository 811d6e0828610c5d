package stack

import (
	"fmt"
	"strconv"

	"hebb/compute"
)

// Ensemble is the mean of what several stacks make of the same input. Under a [Local] rule its branches are trained block
// by block, each by itself: [HSICBottleneck] gives each a kernel width of its own.
type Ensemble struct {
	Name     string
	Branches []Stack
}

func (e Ensemble) label() string { return e.Name }

type ensemble struct{ branches []layer }

func (e Ensemble) build(b *builder, name string, in Shape) (layer, Shape, error) {
	if len(e.Branches) == 0 {
		return nil, in, fmt.Errorf("nets: %s has no branches", name)
	}
	l, first, started := &ensemble{}, Shape{}, b.started
	for i, spec := range e.Branches {
		b.started = started
		if b.rule != nil {
			b.blocks = &blocks{rule: b.rule, branch: i}
		}
		own := b.blocks
		branch, out, err := spec.build(b, join(name, strconv.Itoa(i)), in)
		if err != nil {
			return nil, in, err
		}
		if b.blocks = nil; own != nil {
			branch = own
		}
		if i == 0 {
			first = out
		} else if out != first {
			return nil, in, fmt.Errorf("nets: %s has branches that end in %v and %v", name, first, out)
		}
		l.branches = append(l.branches, branch)
	}
	return l, first, nil
}

var addShare = compute.Pointwise(compute.Add(compute.Old(), compute.Mul(compute.Const(1), compute.Var(0))))

func (l *ensemble) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	var mean *compute.Tensor
	part := 1 / float32(len(l.branches))
	for _, b := range l.branches {
		y := b.forward(p, x)
		if mean == nil {
			mean = p.Map(scaled.WithConsts(part), y)
			continue
		}
		p.Do(compute.Map{Out: mean, In: []*compute.Tensor{p.View(y, 0, mean.Shape()...)}, F: addShare.WithConsts(part)})
	}
	return mean
}

func (l *ensemble) backward(p *Pass, dy *compute.Tensor) (dx *compute.Tensor) {
	dy = p.Map(scaled.WithConsts(1/float32(len(l.branches))), dy)
	for _, b := range l.branches {
		switch d := b.backward(p, dy); {
		case d == nil:
		case dx == nil:
			dx = d
		default:
			dx = p.Map(add, dx, d)
		}
	}
	return dx
}
