package targets

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// LRAE is error-driven local representation alignment (Ororbia and Mali 2019, "Biologically Motivated Algorithms for
// Propagating Local Target Representations"). With h_l = W_l·z_{l−1} the pre-activations, z_l = f(h_l) the outputs, and e_L
// the gradient of the loss of an example by the logits, for l = L, …, 1:
//
//	y_{l−1} = f(h_{l−1} − Beta·E_l·e_l)   the target of the layer below
//	e_{l−1} = z_{l−1} − y_{l−1}
//	dW_l = ⟨e_l⊗z_{l−1}⟩                  ⟨⟩ the mean over the batch
//	dE_l = Gamma·dW_lᵀ
//
// E, kept as w.B in the shape of W, is normal with standard deviation SD at first. It uses no f′. To first order in
// Beta it is feedback alignment by E with layer rates multiplied by Beta^(L−l). Networks are chains of fully connected
// layers and of units.
type LRAE struct {
	stack.Backprop `toml:"-"` // within comparisons

	Beta  float32 `toml:"beta"`
	Gamma float32 `toml:"gamma"`
	SD    float32 `toml:"sd"`
}

// DefaultLRAE has the settings of the authors' code.
var DefaultLRAE = LRAE{Beta: 0.1, Gamma: 1, SD: 1}

// Feedback returns the shape of W.
func (LRAE) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }

// Start draws E.
func (r LRAE) Start(p *stack.Pass) { draw(p, r.SD) }

// Build refuses a network that is not a chain of links.
func (LRAE) Build(_ *nets.Store, n *stack.Net) error { return linked(n) }

// Assign sets targets and gradients from the last layer down.
func (r LRAE) Assign(p *stack.Pass, delta *compute.Tensor) {
	links, _ := p.Net.Links() // Build has seen the error
	e := times(p, float32(p.Examples), delta)
	for l := len(links) - 1; ; l-- {
		w := links[l]
		w.Descend(p, times(p, 1/float32(p.Examples), e), w.X)
		if l == 0 {
			return
		}
		e = links[l-1].Change(p, times(p, r.Beta, sendBack(p, w.Weights, w.B, e)))
	}
}

// Learn gives E the gradient of W, times Gamma.
func (r LRAE) Learn(p *stack.Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Into(w.GradB, scaled.With("scale", r.Gamma), w.Grad)
		}
	}
}

// Check reports invalid settings.
func (r LRAE) Check() error {
	return errors.Join(float.AtLeast0("beta", r.Beta), float.AtLeast0("gamma", r.Gamma), float.AtLeast0("sd", r.SD))
}

// LRA is local representation alignment (Ororbia, Mali, Kifer, Giles 2018, "Conducting Credit Assignment by Aligning Local
// Representations"). With h, z = f(h) and e_L as in [LRAE], δ_l = e_l∘f′(h_l), and h′ = h_{l−1} at first, Steps times:
//
//	dh = f′(h′)∘(W_lᵀ·δ_l)  or, of Random, E_l·δ_l, with each example's row scaled down to the norm C2
//	h′ ← h′ − Beta·dh
//	e_l, δ_l of the output that the layer has for f(h′), before the next
//
// Then y_{l−1} = f(h′) is the target of the layer below, and its error the gradient of log(1 + (z − y)²) or, of Squared, of
// ½(z − y)²:
//
//	e_{l−1} = 2·(z − y)/(1 + (z − y)²)  or  z − y
//
// The gradient of a layer is ⟨δ_l⊗z_{l−1}⟩, the mean over the batch. The gradient of W and the gradient of the bias are
// each scaled down to the norm C1. E is normal with standard deviation SD, and fixed. A C1 or C2 of 0 leaves the norms
// as they are.
//
// As Beta → 0 the gradients of layer l approach (2·Beta)^(L−l) times backprop's, with f′³ instead of f′; Squared makes the
// factor Beta^(L−l), and Random gives f′² and E instead of W. LRA takes the same networks as [LRAE].
type LRA struct {
	stack.Backprop `toml:"-"` // within comparisons
	stack.Fixed    `toml:"-"`

	Random  bool    `toml:"random"`
	Beta    float32 `toml:"beta"`
	Steps   int     `toml:"steps"`
	C1      float32 `toml:"c1"`
	C2      float32 `toml:"c2"`
	Squared bool    `toml:"squared"`
	SD      float32 `toml:"sd" if:"random"`
}

// DefaultLRA is LRA-diff.
var DefaultLRA = LRA{Beta: 0.1, Steps: 1, C1: 1, C2: 1}

// DefaultLRAFeedback is LRA-fdbk.
var DefaultLRAFeedback = LRA{Random: true, Beta: 0.1, Steps: 1, C1: 1, C2: 1, SD: 1}

// Feedback returns the shape of W for E, or nil.
func (r LRA) Feedback(_ *stack.Net, w *stack.Weights) []int {
	if r.Random {
		return w.Shape
	}
	return nil
}

// Start draws E.
func (r LRA) Start(p *stack.Pass) { draw(p, r.SD) }

// Build refuses a network that is not a chain of links.
func (LRA) Build(_ *nets.Store, n *stack.Net) error { return linked(n) }

// Assign sets targets and gradients from the last layer down.
func (r LRA) Assign(p *stack.Pass, delta *compute.Tensor) {
	links, _ := p.Net.Links() // Build has seen the error
	e := times(p, float32(p.Examples), delta)
	var off *compute.Tensor // z − y
	for l := len(links) - 1; ; l-- {
		w := links[l]
		d := w.Slope(p, e, nil)
		w.Descend(p, times(p, 1/float32(p.Examples), d), w.X)
		r.bound(p, w.Grad, w.BiasGrad)
		if l == 0 {
			return
		}
		off = r.target(p, links[l-1], w, d, off)
		e = r.error(p, off)
	}
}

// target returns z − y of the layer below; delta is the upper layer's δ, and off its own z − y, nil at the top.
func (r LRA) target(p *stack.Pass, below, above stack.Link, delta, off *compute.Tensor) (change *compute.Tensor) {
	var moved *compute.Tensor // h − h′
	for k := range r.Steps {
		if k > 0 {
			delta = r.again(p, above, change, off)
		}
		dh := r.send(p, below, above, delta, moved)
		if moved == nil {
			moved = dh
		} else {
			moved = p.Map(sum, moved, dh)
		}
		change = below.Change(p, moved)
	}
	return change
}

// send returns Beta·dh for a δ above, where the layer below has moved.
func (r LRA) send(p *stack.Pass, below, above stack.Link, delta, moved *compute.Tensor) *compute.Tensor {
	var dh *compute.Tensor
	if r.Random {
		dh = sendBack(p, above.Weights, above.B, delta)
	} else {
		dh = below.Slope(p, sendBack(p, above.Weights, above.W, delta), moved)
	}
	if r.C2 == 0 {
		return times(p, r.Beta, dh)
	}
	rows := p.View(dh, 0, dh.Len()/below.Out.Len(), below.Out.Len())
	bounded := p.Map(within.With("by", r.Beta).With("norm", r.C2), rows, p.PerRow(square, 1, rows))
	return p.View(bounded, 0, dh.Shape()...)
}

// again returns the δ of a layer after its input falls by change.
func (r LRA) again(p *stack.Pass, w stack.Link, change, off *compute.Tensor) *compute.Tensor {
	fallen := w.Project(p, w.W, change, stack.Plain)
	if off != nil {
		return w.Slope(p, r.error(p, p.Map(minus, off, w.Change(p, fallen))), fallen)
	}
	logits := p.Map(minus, p.View(w.Y, 0, fallen.Shape()...), w.Change(p, fallen))
	e := times(p, float32(p.Examples), p.LossGradient(logits))
	return w.Slope(p, e, fallen)
}

// error returns the gradient of the distance z − y.
func (r LRA) error(p *stack.Pass, off *compute.Tensor) *compute.Tensor {
	if r.Squared {
		return off
	}
	return p.Map(cauchy, off)
}

// bound scales gradients down to the norm C1.
func (r LRA) bound(p *stack.Pass, grads ...*compute.Tensor) {
	for _, g := range grads {
		if g != nil && r.C1 > 0 && !p.Quiet {
			all := p.View(g, 0, p.Learners, g.Len()/p.Learners)
			p.Into(all, shrunk.With("norm", r.C1), p.PerRow(square, 1, all))
		}
	}
}

// Check reports invalid settings.
func (r LRA) Check() error {
	err := errors.Join(float.AtLeast0("beta", r.Beta), float.AtLeast0("c1", r.C1), float.AtLeast0("c2", r.C2), float.AtLeast0("sd", r.SD))
	if r.Steps < 1 {
		err = errors.Join(err, fmt.Errorf("steps %d, want at least 1", r.Steps))
	}
	return err
}

var (
	square = compute.Formula("x*x", "x")
	cauchy = compute.Formula("2*x/(1 + x*x)", "x")

	within = compute.Formula("by*x*"+down, "x", "squares")
	shrunk = compute.Formula("old*"+down, "squares")
)

// down scales a vector down to a norm.
const down = "min(1, norm/sqrt(max(squares, 1e-30)))"

func times(p *stack.Pass, by float32, x *compute.Tensor) *compute.Tensor {
	return p.Map(scaled.With("scale", by), x)
}

// sendBack returns d·with, with a row for each example.
func sendBack(p *stack.Pass, w *stack.Weights, with, d *compute.Tensor) *compute.Tensor {
	return p.AsRows(w.Back(p, with, d), p.Examples, w.In.Len())
}

// linked reports a network that is not a chain of links.
func linked(n *stack.Net) error {
	_, err := n.Links()
	return err
}

// draw draws normal feedback weights.
func draw(p *stack.Pass, sd float32) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Random(w.B, compute.Normal(0, sd))
		}
	}
}
