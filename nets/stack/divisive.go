package stack

import (
	"fmt"

	"hebb/compute"
)

// Divisive is divisive normalisation within groups of units (Pogodin and Latham 2020): with z the activity of a
// group of n units, less its mean,
//
//	y_k = z_k / ((Σ_k z_k² + Delta)/n)^Power
//
// Groups are consecutive channels; of images, a group is its channels at all places of an example.
type Divisive struct {
	Name   string
	Groups int
	Power  float32 // 0.2 in the paper
	Delta  float32 // 1 in the paper's code
}

func (d Divisive) label() string { return d.Name }

type divisive struct {
	grouping
	x, sums, squared *compute.Tensor
}

func (d Divisive) build(_ *builder, name string, in Shape) (layer, Shape, error) {
	l := &divisive{grouping: newGrouping(in, d.Groups, d.Power, d.Delta)}
	if err := l.check(name); err != nil {
		return nil, in, err
	}
	return l, in, nil
}

func (l *divisive) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	l.x = x
	l.sums, l.squared = l.spread(p, x)
	return l.byGroup(p, l.divide, x, l.sums, p.Map(l.root, l.squared))
}

// backward: with v the variance and s = v^−Power, dz = s·dy − (2·Power/n)·(s/v)·z·Σ_k dy_k·z_k, and then less its mean.
func (l *divisive) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	dy = p.View(dy, 0, l.x.Shape()...)
	pull := p.Map(l.pull, l.fold(p, l.along, l.x, l.sums, dy), l.squared)
	return l.centre(p, l.byGroup(p, l.push, l.x, l.sums, dy, p.Map(l.inverseRoot, l.squared), pull))
}

// A grouping is what a layer's units are grouped by, and a power of the variance within a group.
type grouping struct {
	in     Shape
	groups int
	power  float32
	delta  float32

	// Of Σ z², with v = (Σ z² + Delta)/n: v^Power, v^−Power; of a sum t and Σ z²: (2·Power/n)·t·v^(−Power−1), and with
	// Power − 1 instead, which is the slope of v^Power.
	root, inverseRoot, pull, slope *compute.Func

	// Of units, the sums of their groups and more, z standing for a unit less the mean of its group: z², z/r, z·d, d·s − p·z.
	squares, divide, along, push *compute.Func
}

func newGrouping(in Shape, groups int, power, delta float32) grouping {
	g := grouping{in: in, groups: groups, power: power, delta: delta}
	n := float32(g.size())
	variance := func(squares compute.Expr) compute.Expr {
		return compute.Mul(compute.Const(1/n), compute.Add(squares, compute.Const(delta)))
	}
	v, t := variance(compute.Var(0)), compute.Mul(compute.Const(2*power/n), compute.Var(0))
	g.root, g.inverseRoot = compute.Pointwise(raise(v, power)), compute.Pointwise(raise(v, -power))
	g.pull = compute.Pointwise(compute.Mul(t, raise(variance(compute.Var(1)), -power-1)))
	g.slope = compute.Pointwise(compute.Mul(t, raise(variance(compute.Var(1)), power-1)))
	z := compute.Sub(compute.Var(0), compute.Mul(compute.Const(1/n), compute.Var(1)))
	g.squares, g.divide = compute.Pointwise(compute.Mul(z, z)), compute.Pointwise(compute.Div(z, compute.Var(2)))
	g.along = compute.Pointwise(compute.Mul(z, compute.Var(2)))
	g.push = compute.Pointwise(compute.Sub(compute.Mul(compute.Var(2), compute.Var(3)), compute.Mul(compute.Var(4), z)))
	return g
}

// raise is x to the power of a, x > 0.
func raise(x compute.Expr, a float32) compute.Expr {
	switch a {
	case 0.5:
		return compute.Sqrt(x)
	case 1:
		return x
	case -1:
		return compute.Div(compute.Const(1), x)
	case -0.5:
		return compute.Div(compute.Const(1), compute.Sqrt(x))
	}
	return compute.Exp(compute.Mul(compute.Const(a), compute.Log(x)))
}

// size is how many units a group has.
func (g grouping) size() int {
	if g.groups < 1 {
		return 1
	}
	return g.in.Len() / g.groups
}

func (g grouping) check(name string) error {
	switch {
	case g.groups < 1 || g.in.Channels%g.groups != 0 || g.size() < 2:
		return fmt.Errorf("nets: %s makes %d groups of %v, want a divisor of %d channels that leaves groups of at least 2 units",
			name, g.groups, g.in, g.in.Channels)
	case !(g.delta > 0) || !finite32(float64(g.delta)):
		return fmt.Errorf("nets: %s has a delta of %g, want a number above 0", name, g.delta)
	case !(g.power > 0 && g.power <= 4):
		return fmt.Errorf("nets: %s has a power of %g, want a number within (0, 4]", name, g.power)
	}
	return nil
}

// Values of groups are examples × groups. places is how many rows of channels an example has.
func (g grouping) places() int { return g.in.Height * g.in.Width }

// views are units, the first of in among them, and values of groups, as they are spread over these: groups of an example
// are rows of their own or, of images, the channels of a row.
func (g grouping) views(p *Pass, in ...*compute.Tensor) []*compute.Tensor {
	n, out := in[0].Shape()[0], make([]*compute.Tensor, len(in))
	for i, t := range in {
		switch {
		case t.Len() == in[0].Len() && g.places() > 1:
			out[i] = p.View(t, 0, n, g.places(), g.in.Channels)
		case t.Len() == in[0].Len():
			out[i] = p.View(t, 0, n*g.groups, g.in.Channels/g.groups)
		case g.places() > 1:
			out[i] = g.channels(p, t)
		default:
			out[i] = p.View(t, 0, n*g.groups, 1)
		}
	}
	return out
}

// channels gives each channel the value of its group: examples × 1 × channels.
func (g grouping) channels(p *Pass, t *compute.Tensor) *compute.Tensor {
	n := t.Shape()[0]
	out := p.Tensor(n, 1, g.in.Channels)
	p.Do(compute.Map{Out: p.View(out, 0, n*g.groups, g.in.Channels/g.groups), In: []*compute.Tensor{p.View(t, 0, n*g.groups, 1)}, F: same})
	return out
}

// fold is Σ f over the units of each group; f nil is In[0] itself.
func (g grouping) fold(p *Pass, f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	n := in[0].Shape()[0]
	in = g.views(p, in...)
	if g.places() > 1 { // over the places of each channel first
		channels := p.Tensor(n, 1, g.in.Channels)
		p.Do(compute.Reduce{Out: channels, In: in, F: f, Along: compute.AlongRows, Alpha: 1})
		in, f = []*compute.Tensor{p.View(channels, 0, n*g.groups, g.in.Channels/g.groups)}, nil
	}
	out := p.Tensor(n, g.groups)
	p.Do(compute.Reduce{Out: p.View(out, 0, n*g.groups), In: in, F: f, Along: compute.AlongCols, Alpha: 1})
	return out
}

// byGroup is f of the units.
func (g grouping) byGroup(p *Pass, f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	out := p.Like(in[0])
	p.Do(compute.Map{Out: g.views(p, out)[0], In: g.views(p, in...), F: f})
	return out
}

var (
	same      = compute.Pointwise(compute.Var(0))
	lessShare = compute.Pointwise(compute.Sub(compute.Var(0), compute.Mul(compute.Const(1), compute.Var(1))))
)

// centre takes the mean out of each group.
func (g grouping) centre(p *Pass, x *compute.Tensor) *compute.Tensor {
	return g.byGroup(p, lessShare.WithConsts(1/float32(g.size())), x, g.fold(p, nil, x))
}

// spread returns the sum of each group of x, and Σ z² with z the units less their mean.
func (g grouping) spread(p *Pass, x *compute.Tensor) (sums, squared *compute.Tensor) {
	sums = g.fold(p, nil, x)
	return sums, g.fold(p, g.squares, x, sums)
}
