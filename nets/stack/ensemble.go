package stack

import (
	"fmt"
	"strconv"

	"hebb/compute"
	"hebb/nets"
)

// Ensemble is the mean of the outputs of several branches for the same input. Under a [Local] rule each branch is trained
// block by block; the HSIC bottleneck gives each a kernel width of its own.
type Ensemble struct {
	Name     string
	Branches []Stack
}

func (e Ensemble) Label() string { return e.Name }

type ensemble struct{ branches []Layer }

func (e Ensemble) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if len(e.Branches) == 0 {
		return nil, in, fmt.Errorf("nets: %s has no branches", name)
	}
	l, first, started := &ensemble{}, nets.Shape{}, b.started
	for i, spec := range e.Branches {
		b.started = started
		if b.rule != nil {
			b.blocks = &blocks{rule: b.rule, branch: i}
		}
		own := b.blocks
		branch, out, err := spec.Build(b, join(name, strconv.Itoa(i)), in)
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

var (
	scaled    = compute.Formula("c*x", "x")
	addScaled = compute.Formula("old + c*x", "x")
)

func (l *ensemble) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	var mean *compute.Tensor
	part := 1 / float32(len(l.branches))
	for _, b := range l.branches {
		y := b.Forward(p, x)
		if mean == nil {
			mean = p.Map(scaled.With("c", part), y)
			continue
		}
		p.Into(mean, addScaled.With("c", part), p.View(y, 0, mean.Shape()...))
	}
	return mean
}

func (l *ensemble) Backward(p *Pass, dy *compute.Tensor) (dx *compute.Tensor) {
	dy = p.Map(scaled.With("c", 1/float32(len(l.branches))), dy)
	for _, b := range l.branches {
		switch d := b.Backward(p, dy); {
		case d == nil:
		case dx == nil:
			dx = d
		default:
			dx = p.Map(add, dx, d)
		}
	}
	return dx
}
