package targets

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// DTP is difference target propagation (Lee, Zhang, Fischer and Bengio 2015), in sequences of fully connected layers
// and convolutions h_l = f_l(W_l∗h_{l−1} + b_l). Each hidden layer but the first has an inverse
// g_l(h) = f_{l−1}(V_l⊛h + c_l) from its units to the units below. Here ⊛ is the adjoint of ∗: h·V, or the transposed
// convolution. With C the loss of an example, L the output layer and n examples:
//
//	t_{L−1} = h_{L−1} − Top·∂C/∂h_{L−1}
//	t_{l−1} = h_{l−1} − g_l(h_l) + g_l(t_l)
//
// Hidden layer l descends Σ|h_l − t_l|²/n, with the target t_l and its input h_{l−1} held fixed, and the output layer descends
// the loss. The inverses descend, at Rate times the learning rate,
//
//	Σ|g_l(f_l(h + ε)) − (h + ε)|²/n,  h = h_{l−1}, ε normal with standard deviation Noise
//
// at every moment before the weights do or, with Span, in turns: the inverses learn alone for Span moments, then the
// weights alone for as many. With Rate 0 the inverses keep their first weights, and the network's weights learn at
// every moment. V has the shape of W and is drawn as W is; c is 0 at first, with one number for each unit or, below a
// convolution, for each channel.
//
// The authors' code multiplies the gradient of the mean loss of a batch, so that its lr0 is Top·n. Here h − t is
// computed from the displacement above: as a difference of targets it would lose digits in float32.
type DTP struct {
	stack.Backprop `json:"-" toml:"-"` // to compare with

	Top   float32 `json:"top" toml:"top"`
	Noise float32 `json:"noise" toml:"noise" if:"rate"`
	Rate  float32 `json:"rate" toml:"rate"`
	Span  int     `json:"span" toml:"span" if:"rate"`
}

// DefaultDTP learns fast where there are few updates; the authors' code, made for many, has a Top of 0.0033.
var DefaultDTP = DTP{Top: 0.3, Noise: 0.36, Rate: 5}

// An inverse belongs to a layer w.
type inverse struct {
	w           *stack.Weights
	below       compute.Act     // f_{l−1}
	v, grad     *compute.Tensor // of the shape of w.W
	c, biasGrad *compute.Tensor // learners × 1 × units or channels of the input of w
}

// inverses holds what DTP adds to a network.
type inverses struct {
	g       []inverse // of the layers from the second to the last but one
	descent *nets.Descent
}

// Check reports invalid settings.
func (d DTP) Check() error {
	if d.Span < 0 {
		return fmt.Errorf("dtp: span %d, want at least 0", d.Span)
	}
	return errors.Join(float.AtLeast0("dtp: top", d.Top), float.AtLeast0("dtp: noise", d.Noise), float.AtLeast0("dtp: rate", d.Rate))
}

// Build asks for the inverses.
func (d DTP) Build(s *nets.Store, n *stack.Net) error {
	ws, err := n.Sequence()
	if err != nil {
		return fmt.Errorf("dtp: %w", err)
	}
	all := &inverses{}
	for i := 1; i < len(ws)-1; i++ {
		w := ws[i]
		units := w.In.Len()
		if w.Conv() {
			units = w.In.Channels
		}
		v := s.Weights(w.Name+".inverse.weight", nets.Filled(w.Init.Fill(w.Shape, false)), w.Shape...)
		c := s.Weights(w.Name+".inverse.bias", nets.Zeros, units)
		s.Aside(v, c)
		all.g = append(all.g, inverse{w: w, below: ws[i-1].Act, v: v, grad: s.Grad(v), c: c, biasGrad: s.Grad(c)})
	}
	ws[0].Memo = all
	return nil
}

// Optimise gives the inverses a Descent.
func (d DTP) Optimise(s *nets.Store, n *stack.Net, o nets.Optimiser) {
	all := n.Weights[0].Memo.(*inverses)
	var weights []*compute.Tensor
	for _, g := range all.g {
		weights = append(weights, g.v, g.c)
	}
	if len(weights) > 0 {
		all.descent = s.Descent(o, weights...)
	}
}

// Assign trains the inverses, sets the gradients of the weights, or does both.
func (d DTP) Assign(p *stack.Pass, delta *compute.Tensor) {
	all := p.Net.Weights[0].Memo.(*inverses)
	if all.descent != nil && d.Rate > 0 && !p.Quiet {
		inverting := d.Span == 0 || p.Number/uint64(d.Span)%2 == 0
		p.Hold = inverting && d.Span > 0
		if inverting {
			d.invert(p, all)
		}
	}
	if !p.Hold {
		d.target(p, all, delta)
	}
}

var (
	sum    = compute.Formula("a + b", "a", "b")
	beyond = compute.Formula("scale*(a - b)", "a", "b")
	biased = map[compute.Act]*compute.Func{} // act(x + c)
	moved  = map[compute.Act]*compute.Func{} // act(x + c) − act(x + c − shift)
)

func init() {
	x, shift := compute.Add(compute.Var(0), compute.Var(1)), compute.Var(2)
	for _, a := range compute.Acts {
		biased[a] = compute.Pointwise(compute.Activate(a, x))
		moved[a] = compute.Pointwise(compute.Sub(compute.Activate(a, x), compute.Activate(a, compute.Sub(x, shift))))
	}
}

// weights returns a view of t in the form of w's weights.
func (g inverse) weights(p *stack.Pass, t *compute.Tensor) *compute.Tensor {
	return p.View(t, 0, g.w.W.Shape()...)
}

// places returns a view of w's inputs as learners × examples and places × units or channels.
func (g inverse) places(p *stack.Pass, t *compute.Tensor) *compute.Tensor {
	cols := g.c.Cols()
	return p.View(t, 0, p.Learners, t.Len()/(p.Learners*cols), cols)
}

// back returns V⊛y, as places.
func (g inverse) back(p *stack.Pass, y *compute.Tensor) *compute.Tensor {
	return g.places(p, g.w.Back(p, g.weights(p, g.v), y))
}

// invert trains the inverses on noisy inputs of their layers.
func (d DTP) invert(p *stack.Pass, all *inverses) {
	for _, g := range all.g {
		w, x := g.w, g.w.X
		if d.Noise > 0 {
			noise := p.Like(x)
			p.Random(noise, compute.Normal(0, d.Noise))
			x = p.Map(sum, x, noise)
		}
		y := w.Project(p, w.W, x, compute.Epilogue{Alpha: 1, Bias: w.Bias, Act: w.Act})
		r := p.Map(biased[g.below], g.back(p, y), g.c)
		off := p.Map(beyond.With("scale", 2/float32(p.Examples)), r, g.places(p, x))
		off = g.places(p, p.Masked(stacked(p, off), p.Moment))
		off = p.Through(g.below, off, r)
		w.Outer(p, g.weights(p, g.grad), y, p.As(off, w.In, p.Examples), 1, 1)
		p.PerColumn(g.biasGrad, nil, 1, off)
	}
	all.descent.UpdateAt(p.Pass, p.Rate*float64(d.Rate))
}

// target sets the gradients of all layers from displacements h − t.
func (d DTP) target(p *stack.Pass, all *inverses, delta *compute.Tensor) {
	ws, n := p.Net.Weights, float32(p.Examples)
	last := len(ws) - 1
	delta = p.Through(ws[last].Act, delta, ws[last].Y)
	ws[last].Descend(p, delta, ws[last].X)
	if last == 0 {
		return
	}
	off := p.Map(scaled.With("scale", d.Top*n), ws[last].Back(p, ws[last].W, delta))
	for i := last - 1; i >= 0; i-- {
		w := ws[i]
		off = p.View(off, 0, w.Y.Shape()...)
		w.Descend(p, p.Through(w.Act, p.Map(scaled.With("scale", 2/n), off), w.Y), w.X)
		if i > 0 {
			g := all.g[i-1]
			off = p.Map(moved[g.below], g.back(p, w.Y), g.c, g.back(p, off))
		}
	}
}
