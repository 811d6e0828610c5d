package stack

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Divisive is divisive normalisation within groups of n units (Pogodin and Latham 2020): with z the activities of a group
// less their mean,
//
//	y_k = z_k / ((Σ_k z_k² + Delta)/n)^Power
//
// A group is consecutive units or, in images, consecutive channels at all positions of an example.
type Divisive struct {
	Name   string
	Groups int
	Power  float32 // 0.2 in the paper
	Delta  float32 // 1 in the paper's code
}

func (d Divisive) Label() string { return d.Name }

type divisive struct {
	Grouping
	x, sums, squared *compute.Tensor
}

func (d Divisive) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	b.SingleLearner("%s normalises groups of units", name)
	l := &divisive{Grouping: NewGrouping(in, d.Groups, d.Power, d.Delta)}
	if err := l.Check(name); err != nil {
		return nil, in, err
	}
	return l, in, nil
}

func (l *divisive) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	l.x = x
	l.sums, l.squared = l.Spread(p.Pass, x)
	return l.ByGroup(p.Pass, l.divide, x, l.sums, p.Map(l.Root, l.squared))
}

// AfterObjective marks the layer: objectives are computed before the normalisation.
func (*divisive) AfterObjective() {}

// Backward: with v the variance and s = v^−Power, dz = s·dy − (2·Power/n)·(s/v)·z·Σ_k dy_k·z_k, and then less its mean.
func (l *divisive) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	dy = p.View(dy, 0, l.x.Shape()...)
	pull := p.Map(l.pull, l.Fold(p.Pass, l.Along, l.x, l.sums, dy), l.squared)
	return l.Centre(p.Pass, l.ByGroup(p.Pass, l.push, l.x, l.sums, dy, p.Map(l.inverseRoot, l.squared), pull))
}

// A Grouping divides the units of a layer into groups and has formulas of the variance within a group, raised to a power. It
// supports one learner.
type Grouping struct {
	in     nets.Shape
	groups int
	power  float32
	delta  float32

	// With v = (Σ z² + Delta)/n, Root is v^Power and inverseRoot v^−Power, of Σ z²; pull is (2·Power/n)·t·v^(−Power−1) and
	// Slope (2·Power/n)·t·v^(Power−1), of t and Σ z².
	Root, inverseRoot, pull, Slope *compute.Func

	// With z a unit less the mean of its group: squares is z², divide z/root, Along z·d, and push d·s − p·z, of the units, the
	// sums of their groups, and root, d, s and p.
	squares, divide, Along, push *compute.Func
}

// NewGrouping makes the formulas of a normalisation by the power of the variance within groups of a layer's units.
func NewGrouping(in nets.Shape, groups int, power, delta float32) Grouping {
	g := Grouping{in: in, groups: groups, power: power, delta: delta}
	n := float32(g.size())
	of := func(text string, in ...string) *compute.Func { return compute.Formula(text, in...).With("part", 1/n) }
	variance := func(a float32) string { return powerOf("(part*(squares + delta))", a) }
	g.Root = of(variance(power), "squares").With("delta", delta)
	g.inverseRoot = of(variance(-power), "squares").With("delta", delta)
	g.pull = of("c*t*"+variance(-power-1), "t", "squares").With("delta", delta).With("c", 2*power/n)
	g.Slope = of("c*t*"+variance(power-1), "t", "squares").With("delta", delta).With("c", 2*power/n)
	const z = "(x - part*sum)"
	g.squares, g.divide = of(z+"*"+z, "x", "sum"), of(z+"/root", "x", "sum", "root")
	g.Along = of(z+"*d", "x", "sum", "d")
	g.push = of("d*s - p*"+z, "x", "sum", "d", "s", "p")
	return g
}

// powerOf is the formula x^a, x > 0.
func powerOf(x string, a float32) string {
	switch a {
	case 0.5:
		return "sqrt(" + x + ")"
	case 1:
		return x
	case -1:
		return "(1/" + x + ")"
	case -0.5:
		return "(1/sqrt(" + x + "))"
	}
	return fmt.Sprintf("exp(%v*log(%s))", a, x)
}

// size is the number of units of a group.
func (g Grouping) size() int {
	if g.groups < 1 {
		return 1
	}
	return g.in.Len() / g.groups
}

// Check reports invalid settings of a layer or a rule called name.
func (g Grouping) Check(name string) error {
	switch {
	case g.groups < 1 || g.in.Channels%g.groups != 0 || g.size() < 2:
		return fmt.Errorf("nets: %s makes %d groups of %v, want a divisor of %d channels that leaves groups of at least 2 units",
			name, g.groups, g.in, g.in.Channels)
	case !(g.delta > 0) || !(g.delta <= math.MaxFloat32):
		return fmt.Errorf("nets: %s has a delta of %g, want a number above 0", name, g.delta)
	case !(g.power > 0 && g.power <= 4):
		return fmt.Errorf("nets: %s has a power of %g, want a number within (0, 4]", name, g.power)
	}
	return nil
}

// places is the number of positions of an image. Tensors with a value for each group are examples × groups.
func (g Grouping) places() int { return g.in.Height * g.in.Width }

// views makes tensors of units and tensors of groups broadcast against each other: each group of an example is a row or, in
// images, each channel has its group's value. The first tensor is one of units.
func (g Grouping) views(p *nets.Pass, in ...*compute.Tensor) []*compute.Tensor {
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

// channels returns for each channel the value of its group, examples × 1 × channels.
func (g Grouping) channels(p *nets.Pass, t *compute.Tensor) *compute.Tensor {
	n := t.Shape()[0]
	out := p.Tensor(n, 1, g.in.Channels)
	p.Into(p.View(out, 0, n*g.groups, g.in.Channels/g.groups), same, p.View(t, 0, n*g.groups, 1))
	return out
}

// Fold returns Σ f over the units of each group, examples × groups; with f nil it sums the first input. Inputs are tensors
// of units, the first at least, or of groups.
func (g Grouping) Fold(p *nets.Pass, f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	n := in[0].Shape()[0]
	in = g.views(p, in...)
	if g.places() > 1 { // over the positions of each channel first
		channels := p.Tensor(n, 1, g.in.Channels)
		p.Do(compute.Reduce{Out: channels, In: in, F: f, Along: compute.AlongRows, Alpha: 1})
		in, f = []*compute.Tensor{p.View(channels, 0, n*g.groups, g.in.Channels/g.groups)}, nil
	}
	out := p.Tensor(n, g.groups)
	p.Do(compute.Reduce{Out: p.View(out, 0, n*g.groups), In: in, F: f, Along: compute.AlongCols, Alpha: 1})
	return out
}

// ByGroup returns f of each unit. Inputs are tensors of units, the first at least, or of groups.
func (g Grouping) ByGroup(p *nets.Pass, f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
	out := p.Like(in[0])
	p.Into(g.views(p, out)[0], f, g.views(p, in...)...)
	return out
}

var (
	same   = compute.Formula("x", "x")
	centre = compute.Formula("x - part*sum", "x", "sum")
)

// Centre subtracts the mean of its group from each unit.
func (g Grouping) Centre(p *nets.Pass, x *compute.Tensor) *compute.Tensor {
	return g.ByGroup(p, centre.With("part", 1/float32(g.size())), x, g.Fold(p, nil, x))
}

// Spread returns the sum of each group of x, and its sum of squared deviations from the mean.
func (g Grouping) Spread(p *nets.Pass, x *compute.Tensor) (sums, squared *compute.Tensor) {
	sums = g.Fold(p, nil, x)
	return sums, g.Fold(p, g.squares, x, sums)
}
