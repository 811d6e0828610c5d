package stack_test

import (
	"fmt"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// Gain is a user's layer, that of examples/layer: y = g∘x, with a learned gain for each channel, 1 at first.
type Gain struct{ Name string }

func (g Gain) Label() string { return g.Name }

type gain struct{ g, grad, x *compute.Tensor }

func (g Gain) Build(b *stack.Builder, name string, in nets.Shape) (stack.Layer, nets.Shape, error) {
	if !b.Weighted() {
		return nil, in, fmt.Errorf("%s stands before any weights, which send it nothing back", name)
	}
	l := &gain{}
	ones := func(_ *rand.Rand, x []float32) {
		for i := range x {
			x[i] = 1
		}
	}
	return l, in, b.Add(stack.Vectors, stack.Parameter{Name: name + ".gain", Shape: []int{in.Channels}, Fill: ones, Value: &l.g, Grad: &l.grad})
}

var product = compute.Formula("a*b", "a", "b")

// rows returns t with a row for each place of each example.
func (l *gain) rows(p *stack.Pass, t *compute.Tensor) *compute.Tensor {
	channels := l.g.Cols()
	return p.AsRows(t, t.Len()/p.Learners/channels, channels)
}

func (l *gain) Forward(p *stack.Pass, x *compute.Tensor) *compute.Tensor {
	l.x = x
	return p.View(p.Map(product, l.rows(p, x), l.g), 0, x.Shape()...)
}

func (l *gain) Backward(p *stack.Pass, dy *compute.Tensor) *compute.Tensor {
	rows := l.rows(p, dy)
	p.PerColumn(p.GradTarget(l.grad), product, 1, rows, l.rows(p, l.x))
	return p.View(p.Map(product, rows, l.g), 0, l.x.Shape()...)
}
