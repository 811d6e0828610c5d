package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// A Unit is a nonlinearity y = f(h) of a layer. It keeps the winners and the random numbers of the last forward pass.
// All tensors have the shape of h.
type Unit interface {
	// Change returns f(h) − f(h − d).
	Change(p *Pass, d *compute.Tensor) *compute.Tensor
	// Slope returns v∘f′(h − d); v∘f′(h) if d is nil.
	Slope(p *Pass, v, d *compute.Tensor) *compute.Tensor
}

// activation is an activation function, with the input and output of the last forward pass.
type activation struct {
	act  compute.Act
	h, y *compute.Tensor
}

func (a *activation) Forward(p *Pass, h *compute.Tensor) *compute.Tensor {
	a.h, a.y = h, h
	if a.act != compute.Identity {
		a.y = p.Map(acts[a.act], h)
	}
	return a.y
}

func (a *activation) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return p.Through(a.act, dy, a.y)
}

// Change keeps its digits where d is small: it finds the difference of nearly equal numbers without subtracting them.
func (a *activation) Change(p *Pass, d *compute.Tensor) *compute.Tensor {
	if a.act == compute.Identity {
		return d
	}
	return p.Map(changes[a.act], p.like(a.h, d), d, a.y)
}

func (a *activation) Slope(p *Pass, v, d *compute.Tensor) *compute.Tensor {
	if d == nil || a.act == compute.Identity {
		return p.Through(a.act, v, a.y)
	}
	return p.Through(a.act, v, p.Map(moved[a.act], p.like(a.h, d), d))
}

// like returns a view of t in the shape of another tensor with as many numbers.
func (p *Pass) like(t, other *compute.Tensor) *compute.Tensor { return p.View(t, 0, other.Shape()...) }

// changes are f(h) − f(h − d), with y = f(h) and q = f(h − d):
//
//	ReLU      min(d, h) above 0, else min(d − h, 0)
//	Tanh      tanh d·(1 − y·q)
//	Sigmoid   tanh(d/2)·(y + q − 2·y·q)
//
// and tanh of a small number is its continued fraction, exact with four terms to the last digit of a float64; 1 −
// exp(−2d) would lose the digits of d.
var changes = map[compute.Act]*compute.Func{
	compute.ReLU:      compute.Formula(reluChange, "h", "d", "y"),
	compute.LeakyReLU: compute.Formula("slope*d + (1 - slope)*"+reluChange, "h", "d", "y").With("slope", compute.LeakySlope),
	compute.Tanh: compute.Formula("where(0.0625 - abs(d), d/(1 + d*d/(3 + d*d/(5 + d*d/7))), tanh(d))*(1 - y*tanh(h - d))",
		"h", "d", "y"),
	compute.Sigmoid: compute.Formula("where(0.125 - abs(d), d/(2 + d*d/(6 + d*d/(10 + d*d/14))), 2*sigmoid(d) - 1)*"+
		"(y + sigmoid(h - d) - 2*y*sigmoid(h - d))", "h", "d", "y"),
	compute.SELU: compute.Formula("y - selu(h - d)", "h", "d", "y"),
}

const reluChange = "where(h, min(d, h), min(d - h, 0))"

// LWTA is a layer of units that compete within groups (Srivastava et al. 2013, local winner-take-all): y is h for the
// largest of a group, the first one among equals, and 0 for the others. A group is Group consecutive units or, in
// images, channels.
type LWTA struct {
	Name  string
	Group int
}

func (l LWTA) Label() string { return l.Name }

type lwta struct {
	group int
	best  *compute.Tensor // the place of each group's winner, groups × 1
}

func (l LWTA) Build(_ *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if l.Group < 1 || in.Channels%l.Group != 0 {
		return nil, in, fmt.Errorf("nets: %s has groups of %d of %d units, want a number that divides them", name, l.Group, in.Channels)
	}
	return &lwta{group: l.Group}, in, nil
}

// won is v for the winner of a group, and 0 for the others.
var won = compute.Formula("where(0.5 - abs(best - place), v, 0)", "v", "best", "place")

func (l *lwta) groups(p *Pass, t *compute.Tensor) *compute.Tensor {
	return p.View(t, 0, t.Len()/l.group, l.group)
}

// Forward finds the winners.
func (l *lwta) Forward(p *Pass, h *compute.Tensor) *compute.Tensor {
	l.best = p.Tensor(h.Len()/l.group, 1)
	p.Do(compute.Reduce{Out: l.best, In: []*compute.Tensor{l.groups(p, h)}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	return l.Change(p, h)
}

func (l *lwta) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor { return l.Change(p, dy) }

// Change returns d for the winners, which stay, and 0 for the others.
func (l *lwta) Change(p *Pass, d *compute.Tensor) *compute.Tensor {
	return p.like(p.Map(won, l.groups(p, d), l.best, p.Numbers(l.group)), d)
}

func (l *lwta) Slope(p *Pass, v, _ *compute.Tensor) *compute.Tensor { return l.Change(p, v) }

// Sign is a layer of signum units, y = sign(h); they have no slope but at 0. Backward takes 1 for |h| < 1, else 0 (a
// straight-through derivative: Bengio, Léonard, Courville 2013).
type Sign struct{ Name string }

func (s Sign) Label() string { return s.Name }

type sign struct{ h *compute.Tensor }

func (s Sign) Build(_ *Builder, _ string, in nets.Shape) (Layer, nets.Shape, error) {
	return &sign{}, in, nil
}

var (
	signs      = compute.Formula("sign(h)", "h")
	signChange = compute.Formula("sign(h) - sign(h - d)", "h", "d")
	within1    = compute.Formula("where(1 - abs(h), v, 0)", "v", "h")
	moved1     = compute.Formula("where(1 - abs(h - d), v, 0)", "v", "h", "d")
)

func (s *sign) Forward(p *Pass, h *compute.Tensor) *compute.Tensor {
	s.h = h
	return p.Map(signs, h)
}

func (s *sign) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor { return s.Slope(p, dy, nil) }

func (s *sign) Change(p *Pass, d *compute.Tensor) *compute.Tensor {
	return p.Map(signChange, p.like(s.h, d), d)
}

func (s *sign) Slope(p *Pass, v, d *compute.Tensor) *compute.Tensor {
	if d == nil {
		return p.Map(within1, v, p.like(s.h, v))
	}
	return p.Map(moved1, v, p.like(s.h, v), d)
}

// Bernoulli is a layer of random units of −1 and 1 with mean tanh(h), drawn anew in each pass, in evaluations too.
// Backward takes the slope of the mean, and a target moves y by as much as the mean.
type Bernoulli struct{ Name string }

func (b Bernoulli) Label() string { return b.Name }

type bernoulli struct{ mean activation }

func (b Bernoulli) Build(_ *Builder, _ string, in nets.Shape) (Layer, nets.Shape, error) {
	return &bernoulli{activation{act: compute.Tanh}}, in, nil
}

var drawn = compute.Formula("where(mean - even, 1, -1)", "mean", "even")

func (b *bernoulli) Forward(p *Pass, h *compute.Tensor) *compute.Tensor {
	even := p.Like(h)
	p.Random(even, compute.Uniform(-1, 1))
	return p.Map(drawn, b.mean.Forward(p, h), even)
}

func (b *bernoulli) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return b.mean.Backward(p, dy)
}

func (b *bernoulli) Change(p *Pass, d *compute.Tensor) *compute.Tensor { return b.mean.Change(p, d) }

func (b *bernoulli) Slope(p *Pass, v, d *compute.Tensor) *compute.Tensor {
	return b.mean.Slope(p, v, d)
}
