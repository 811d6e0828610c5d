package local

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// ForwardForward trains each layer to tell examples shown with their class from examples shown with another (Hinton
// 2022, "The Forward-Forward Algorithm: Some Preliminary Investigations", arXiv:2212.13345). There is no backward pass:
// a layer's goodness is the mean square of its units, and the layer learns goodness above Threshold for the right
// class, and below for a wrong one. With c a class, as 0 and 1, x_1 an example, and layers from 1:
//
//	h_l = relu(W_l·x_l + b_l),  in the first layer with Label·U·c added;   G_l = mean of h_l² over its n_l units
//	x_{l+1} = h_l/√(G_l + 1e-6): only the direction goes on, so that no layer learns from what the one below has found
//	loss_l = softplus(Threshold − G_l) for the right class, softplus(G_l − Threshold) for a wrong one, drawn at random
//
// All W, b and U descend their layer's loss, averaged over the examples and added over right and wrong:
//
//	∂loss_l/∂(W_l·x_l + b_l) = ∓σ(±(Threshold − G_l))·2·h_l/n_l      upper signs: the right class
//
// The answer is the goodness of each class, added over all layers but the first (or the first layer's, if it is the
// only one): the class with the largest goodness wins. First values: W and U normal with standard deviation 1/√inputs
// and 1, b 0. A step costs twice a forward pass of two examples, and an answer costs one forward pass for each class.
type ForwardForward struct {
	Units     []int          `json:"units" toml:"units"`         // of each layer
	Threshold float32        `json:"threshold" toml:"threshold"` // of goodness
	Label     float32        `json:"label" toml:"label"`         // what a class counts beside an input
	Optimiser nets.Optimiser `json:"optimiser" toml:"optimiser"` // nil is plain descent

	layers  []ffLayer
	u       *compute.Tensor // units of the first layer × classes
	gradU   *compute.Tensor
	descent *nets.Descent
}

type ffLayer struct{ w, b, gradW, gradB *compute.Tensor }

// Systems lists the systems of this package by name.
var Systems = []nets.NamedSystem{
	{Name: "ff", About: "forward-forward: layers tell right classes from wrong ones (Hinton 2022)", System: func() nets.System {
		return &ForwardForward{Units: []int{500, 500}, Threshold: 2, Label: 1, Optimiser: nets.DefaultAdam}
	}, Rate: 1e-3},
}

// Check reports an invalid setting.
func (f *ForwardForward) Check() error {
	if len(f.Units) == 0 || slices.Min(f.Units) < 1 {
		return fmt.Errorf("ff: units %v, want at least one layer of at least one", f.Units)
	}
	for name, x := range map[string]float32{"threshold": f.Threshold, "label": f.Label} {
		if !(x > 0 && x < math.MaxFloat32) {
			return fmt.Errorf("ff: %s %g, want a number above 0", name, x)
		}
	}
	return nil
}

// Build allocates the weights.
func (f *ForwardForward) Build(s *nets.Store, spec nets.Spec) error {
	if !spec.Classes || spec.Out < 2 {
		return errors.New("ff: wants a task of two classes at least, to tell one from another")
	}
	f.layers = nil
	inputs := spec.In.Len()
	for i, units := range f.Units {
		l := ffLayer{w: s.Weights(fmt.Sprintf("layer%d.weight", i+1), nets.Normal(1/math.Sqrt(float64(inputs))), units, inputs),
			b: s.Weights(fmt.Sprintf("layer%d.bias", i+1), nets.Zeros, units)}
		l.gradW, l.gradB = s.Grad(l.w), s.Grad(l.b)
		f.layers, inputs = append(f.layers, l), units
	}
	f.u = s.Weights("label.weight", nets.Normal(1), f.Units[0], spec.Out)
	f.gradU = s.Grad(f.u)
	o := f.Optimiser
	if o == nil {
		o = nets.SGD{}
	}
	f.descent = s.Descent(o)
	return nil
}

var (
	labelled  = compute.Formula("relu(u + label*c + b)", "u", "c", "b")
	biased    = compute.Formula("relu(u + b)", "u", "b")
	goodness  = compute.Formula("share*(h*h)", "h")
	heading   = compute.Formula("h/sqrt(g + 0.000001)", "h", "g")
	wrongly   = compute.Formula("where(right, 0 - 1, u)", "right", "u")
	isClass   = compute.Formula("where(0.5 - abs(k - number), 1, 0)", "k", "number")
	pushed    = compute.Formula("0 - side*scale*h*sigmoid(side*(threshold - g))", "h", "g")
	softplus  = compute.Formula("max(side*(threshold - g), 0) + log(1 + exp(0 - abs(threshold - g)))", "g")
	inColumn  = compute.Formula("old + g*column", "g", "column")
	plusWhole = compute.Formula("old + g", "g")
)

// Step answers with the goodness of each class. If it learns, it shows each example with its class and with another.
func (f *ForwardForward) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	drive := p.All(p.Product(f.layers[0].w, m.X, compute.Identity))
	answer := f.answer(p, drive)
	if m.Want == nil || !p.Learning {
		return answer
	}
	right := p.OneHot(m, f.u.Cols())
	loss := p.Tensor(p.Learners, m.Examples(), 1)
	p.Clear(loss)
	f.show(p, m, drive, right, 1, loss)
	f.show(p, m, drive, f.wrong(p, right), -1, loss)
	p.Count("loss", p.Masked(loss, m), m.Examples())
	f.descent.Update(p)
	return answer
}

// Divided reports nothing: all that is learned is gradients.
func (f *ForwardForward) Divided() error { return nil }

// wrong returns a wrong class for each example, as 0 and 1.
func (f *ForwardForward) wrong(p *nets.Pass, right *compute.Tensor) *compute.Tensor {
	u := p.Like(right)
	p.Random(u, compute.Uniform(0, 1))
	number := p.Fold(compute.FoldArgMax, p.Map(wrongly, right, u))
	out := p.Like(right)
	p.Into(out, isClass, p.Numbers(f.u.Cols()), number)
	return out
}

// forward returns the activities of each layer, their goodness, and the input of each layer but the first.
func (f *ForwardForward) forward(p *nets.Pass, drive, ofClass *compute.Tensor) (h, g, x []*compute.Tensor) {
	x = append(x, nil)
	for i, l := range f.layers {
		var y *compute.Tensor
		if i == 0 {
			y = p.Map(labelled.With("label", f.Label), drive, ofClass, l.b)
		} else {
			y = p.Map(biased, p.Product(l.w, x[i], compute.Identity), l.b)
		}
		good := p.PerExample(goodness.With("share", 1/float32(f.Units[i])), y)
		h, g = append(h, y), append(g, good)
		if i+1 < len(f.layers) {
			x = append(x, p.Map(heading, y, good))
		}
	}
	return h, g, x
}

// show adds the gradients of all layers for examples with classes, and adds their loss to loss. Right classes have side
// 1 and come first; wrong ones have side −1.
func (f *ForwardForward) show(p *nets.Pass, m nets.Moment, drive, classes *compute.Tensor, side float32, loss *compute.Tensor) {
	h, g, x := f.forward(p, drive, p.Product(f.u, classes, compute.Identity))
	x[0] = m.X
	n, keep := float32(m.Examples()), float32(0)
	if side < 0 {
		keep = 1
	}
	for i, l := range f.layers {
		p.Into(loss, plusWhole, p.Map(softplus.With("side", side).With("threshold", f.Threshold), g[i]))
		push := pushed.With("side", side).With("scale", 2/(n*float32(f.Units[i]))).With("threshold", f.Threshold)
		delta := p.Masked(p.Map(push, h[i], g[i]), m)
		p.Outer(l.gradW, delta, x[i], keep, n)
		p.Do(compute.Reduce{Out: l.gradB, In: []*compute.Tensor{delta}, Along: compute.AlongRows, Alpha: 1, Beta: keep})
		if i == 0 {
			p.Outer(f.gradU, delta, classes, keep, n*f.Label)
		}
	}
}

// answer returns the goodness of each class, learners × examples × classes.
func (f *ForwardForward) answer(p *nets.Pass, drive *compute.Tensor) *compute.Tensor {
	classes := f.u.Cols()
	out := p.Tensor(p.Learners, drive.Rows(), classes)
	p.Clear(out)
	for k := range classes {
		column, number := p.Tensor(1, 1, classes), p.View(p.Numbers(classes), k, 1, 1, 1)
		p.Into(column, isClass, p.Numbers(classes), number)
		_, g, _ := f.forward(p, drive, p.Product(f.u, column, compute.Identity))
		if len(g) > 1 {
			g = g[1:]
		}
		for _, good := range g {
			p.Into(out, inColumn, good, column)
		}
	}
	return out
}
