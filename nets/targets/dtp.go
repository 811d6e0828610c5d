package targets

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// DTP is difference target propagation (Lee, Zhang, Fischer and Bengio 2015), in chains of fully connected layers h_l =
// f_l(W_l·h_{l−1} + b_l). Each hidden layer but the first has an inverse g_l(h) = f_{l−1}(V_l·h + c_l), from its units to those
// below. With C the loss of an example, L the output layer and n examples:
//
//	t_{L−1} = h_{L−1} − Top·∂C/∂h_{L−1}
//	t_{l−1} = h_{l−1} − g_l(h_l) + g_l(t_l)
//
// Hidden layer l descends Σ|h_l − t_l|²/n, with the target t_l and its input h_{l−1} held fixed, and the output layer descends
// the loss. The inverses descend, at Rate times the learning rate,
//
//	Σ|g_l(f_l(h + ε)) − (h + ε)|²/n,  h = h_{l−1}, ε normal with standard deviation Noise
//
// at every moment before the weights do or, with Span, in turns: Span moments the inverses alone, then as many the weights
// alone. With Rate 0 they stay as they were drawn, and the weights learn at every moment. They are drawn as the weights of
// their layer are, with biases 0.
//
// The authors' code multiplies the gradient of the mean loss of a batch, so that its lr0 is Top·n. In float32, h − t is
// computed from the displacement above, and not as a difference of targets.
type DTP struct {
	stack.Backprop `json:"-" toml:"-"` // to compare with

	Top   float32 `json:"top" toml:"top"`
	Noise float32 `json:"noise" toml:"noise"`
	Rate  float32 `json:"rate" toml:"rate"`
	Span  int     `json:"span" toml:"span"`
}

// inverses are what a network has of DTP.
type inverses struct {
	g       []own // of the layers from the second to the last but one
	descent *nets.Descent
}

// Check reports invalid settings.
func (d DTP) Check() error {
	if d.Span < 0 {
		return fmt.Errorf("dtp: span %d, want at least 0", d.Span)
	}
	return errors.Join(atLeast0("dtp: top", d.Top), atLeast0("dtp: noise", d.Noise), atLeast0("dtp: rate", d.Rate))
}

// Build asks for the inverses.
func (d DTP) Build(s *nets.Store, n *stack.Net) error {
	ws, err := n.Chain()
	if err != nil {
		return fmt.Errorf("dtp: %w", err)
	}
	all := &inverses{}
	for i := 1; i < len(ws)-1; i++ {
		units, inputs := ws[i].In.Len(), ws[i].Out.Len()
		first := nets.Filled(ws[i].Init.Fill([]int{units, inputs}, false))
		all.g = append(all.g, newOwn(s, ws[i].Name+".inverse", units, inputs, first))
	}
	ws[0].Memo = all
	return nil
}

// Optimise gives the inverses a Descent.
func (d DTP) Optimise(s *nets.Store, n *stack.Net, o nets.Optimiser) {
	all := n.Weights[0].Memo.(*inverses)
	var weights []*compute.Tensor
	for _, g := range all.g {
		weights = append(weights, g.weights()...)
	}
	if len(weights) > 0 {
		all.descent = s.Descent(o, weights...)
	}
}

// Assign trains the inverses, or sets the gradients of the weights, or does both.
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
	moved  = map[compute.Act]*compute.Func{} // from a to a − shift
)

func init() {
	for _, a := range compute.Acts {
		moved[a] = compute.Pointwise(compute.Sub(compute.Activate(a, compute.Var(0)), compute.Activate(a, compute.Sub(compute.Var(0), compute.Var(1)))))
	}
}

// invert trains the inverses on noisy inputs of their layers.
func (d DTP) invert(p *stack.Pass, all *inverses) {
	for i, g := range all.g {
		w, below := p.Net.Weights[i+1], p.Net.Weights[i].Act
		h := stacked(p, w.X)
		if d.Noise > 0 {
			noise := p.Like(h)
			p.Random(noise, compute.Normal(0, d.Noise))
			h = p.Map(sum, h, noise)
		}
		y := stacked(p, w.Project(p, w.W, rows(p, h), compute.Epilogue{Alpha: 1, Bias: w.Bias, Act: w.Act}))
		back := g.apply(p, y, below)
		off := p.Masked(p.Map(beyond.With("scale", 2/float32(p.Examples)), back, h), p.Moment)
		g.descend(p, p.Through(below, off, back), y)
	}
	all.descent.UpdateAt(p.Pass, p.Rate*float64(d.Rate))
}

// target sets the gradients of all layers, from displacements h − t.
func (d DTP) target(p *stack.Pass, all *inverses, delta *compute.Tensor) {
	ws, n := p.Net.Weights, float32(p.Examples)
	last := len(ws) - 1
	delta = p.Through(ws[last].Act, delta, ws[last].Y)
	ws[last].Descend(p, delta, ws[last].X)
	if last == 0 {
		return
	}
	off := p.Map(scaled.With("scale", d.Top*n), p.Back(matrix(p, ws[last]), stacked(p, delta)))
	for i := last - 1; i >= 0; i-- {
		w := ws[i]
		w.Descend(p, p.Through(w.Act, rows(p, p.Map(scaled.With("scale", 2/n), off)), w.Y), w.X)
		if i > 0 {
			g := all.g[i-1]
			at := g.apply(p, stacked(p, w.Y), compute.Identity)
			off = p.Map(moved[ws[i-1].Act], at, p.Product(g.w, off, compute.Identity))
		}
	}
}
