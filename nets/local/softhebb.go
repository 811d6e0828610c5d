package local

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// SoftHebb learns features without labels: the units of a layer compete at each place of each image, softly, and the weights of
// a unit move towards the inputs that it wins (Moraitis et al. 2022, "SoftHebb: Bayesian inference in unsupervised Hebbian soft
// winner-take-all networks"; Journé et al. 2023, "Hebbian deep learning without feedback"). With u = W·x at a place, k a unit,
// and sums over all examples of a batch and all places:
//
//	s_k  = softmax(Beta·u)_k for the k of the largest u, and −softmax(Beta·u)_k for the others
//	Δ_k  = Σ s_k·(x − u_k·w_k)
//	w_k ← w_k + Rate·√(| ‖w_k‖ − 1 | + 1e-10) · Δ_k/(max |Δ| + 1e-30)
//
// The maximum is over all weights of the layer, and the norm is the one before the step: a unit's rate falls as its norm
// approaches 1, where Δ_k takes it. Units whose u are equal, and the largest, all count as k. With Hard s_k is 1 for the
// winner and 0 for the others.
//
// Layers learn one after another, from the lowest up, for Steps batches each, while the others rest; those of batch
// normalisation take part. Then the readout, the output layer, learns by the network's loss and optimiser. Rate and Beta are
// one number for all layers, or one for each. A hidden layer has no bias and no activation function of its own, as in the
// networks softhebb:….
//
// Cost: of a batch of n places, three products of n × units × inputs at most, and an exponential for each u.
type SoftHebb struct {
	Rate  []float32 `json:"rate" toml:"rate"`
	Beta  []float32 `json:"beta" toml:"beta" if:"!hard"` // inverse temperature
	Steps int       `json:"steps" toml:"steps"`          // 0: the layers stay as they are
	Hard  bool      `json:"hard,omitempty" toml:"hard,omitempty"`

	stack.Backprop `json:"-" toml:"-"`
}

// DefaultSoftHebb has the hyper-parameters of the authors' first layer.
var DefaultSoftHebb = SoftHebb{Rate: []float32{0.08}, Beta: []float32{1}, Steps: 1000}

// Check reports invalid settings.
func (r SoftHebb) Check() error {
	if len(r.Rate) == 0 || len(r.Beta) == 0 {
		return fmt.Errorf("rate %v and beta %v, want at least one number of each", r.Rate, r.Beta)
	}
	for _, x := range r.Rate {
		if err := float.AtLeast0("rate", x); err != nil {
			return err
		}
	}
	for _, x := range r.Beta {
		if err := float.AtLeast0("beta", x); err != nil {
			return err
		}
	}
	if r.Steps < 0 {
		return fmt.Errorf("steps %d, want at least 0", r.Steps)
	}
	return nil
}

// Learns says that the optimiser has the output layer alone.
func (SoftHebb) Learns() (blocks, output bool) { return false, true }

// Least returns that one example is enough.
func (SoftHebb) Least() int { return 1 }

// Extras returns that there are none.
func (SoftHebb) Extras(*stack.Net, *stack.Block) ([]stack.Extra, error) { return nil, nil }

// Build refuses layers of another kind. Of a batch in parts, a layer's step is the mean of the steps that the parts make.
func (r SoftHebb) Build(store *nets.Store, n *stack.Net) error {
	if err := r.Check(); err != nil {
		return err
	}
	layers := len(n.Blocks())
	for _, list := range []struct {
		name string
		n    int
	}{{"rates", len(r.Rate)}, {"betas", len(r.Beta)}} {
		if list.n != 1 && list.n != layers {
			return fmt.Errorf("nets: softhebb has %d %s for %d hidden layers, want as many, or one for all", list.n, list.name, layers)
		}
	}
	for _, b := range n.Blocks() {
		w := b.Weights[0]
		switch {
		case len(b.Weights) > 1 || n.Branches() > 1:
			return fmt.Errorf("nets: layer %s is one of several in its block or branch, and softhebb trains a chain of layers", w.Name)
		case w.Bias != nil || w.Act != compute.Identity:
			return fmt.Errorf("nets: layer %s has a bias or an activation function of its own, want neither under softhebb, as in the network softhebb:32", w.Name)
		}
		for _, t := range store.Tensors() {
			if t.Name == w.Name+".weight" {
				store.Averaged(t.Value)
			}
		}
	}
	return nil
}

// of returns the number of layer k.
func of(all []float32, k int) float32 { return all[min(k, len(all)-1)] }

// Turn returns the number of the block that learns.
func (r SoftHebb) Turn(p *stack.Pass) int {
	blocks := len(p.Net.Blocks())
	if r.Steps == 0 {
		return blocks
	}
	return int(min(uint64(blocks), p.Number/uint64(r.Steps)))
}

// Lasts returns the number of steps in which layers learn.
func (r SoftHebb) Lasts(n *stack.Net) int { return r.Steps * len(n.Blocks()) }

// Learn keeps the readout as it is until its turn comes.
func (r SoftHebb) Learn(p *stack.Pass) { p.Hold = r.Turn(p) < len(p.Net.Blocks()) }

var (
	exponential = compute.Formula("exp(beta*(u - top))", "u", "top")
	signed      = compute.Formula("where(top - u, 0 - e, e)/sum", "u", "top", "e", "sum")
	winner      = compute.Formula("where(top - u, 0, 1)", "u", "top")
	size        = compute.Formula("abs(x)", "x")
	approach    = compute.Formula("old + rate*sqrt(abs(sqrt(square) - 1) + 1e-10)*(d/(largest + 1e-30))", "d", "square", "largest")
)

// Gradient changes the weights of the block.
func (r SoftHebb) Gradient(p *stack.Pass, b *stack.Block, _ *compute.Tensor) *compute.Tensor {
	if p.Quiet {
		return nil
	}
	l := b.Weights[0]
	units, fan := l.Shape[0], l.Fan()
	places := l.Y.Len() / units / p.Learners
	s := r.compete(p, p.View(l.Y, 0, p.Learners, places, units), of(r.Beta, b.Number))
	d := p.Like(l.W)
	p.Do(compute.Copy{Dst: d, Src: l.W})
	h := compute.Hebbian{W: d, Y: s, X: l.X, G: l.Y, Mask: compute.Diagonal, Rate: float32(places), Decay: 1}
	if l.Conv() {
		h.Y, h.Patches = p.View(s, 0, l.Y.Shape()...), l.Slide
	} else {
		h.X, h.G = p.AsRows(l.X, p.Examples, fan), p.AsRows(l.Y, p.Examples, units)
		h.Y = p.AsRows(s, p.Examples, units)
	}
	p.Do(h)
	largest, norms := p.Tensor(p.Learners, 1, 1), p.Tensor(p.Learners, units, 1)
	p.Do(compute.Reduce{Out: largest, In: []*compute.Tensor{p.View(d, 0, p.Learners, 1, units*fan)}, F: size, Fold: compute.FoldMax, Along: compute.AlongCols, Alpha: 1})
	w := p.View(l.W, 0, p.Learners, units, fan)
	p.Do(compute.Reduce{Out: norms, In: []*compute.Tensor{w}, F: square, Along: compute.AlongCols, Alpha: 1})
	p.Into(w, approach.With("rate", of(r.Rate, b.Number)), p.View(d, 0, p.Learners, units, fan), norms, largest)
	return nil
}

// compete returns s for each u, learners × places × units.
func (r SoftHebb) compete(p *stack.Pass, u *compute.Tensor, beta float32) *compute.Tensor {
	top := p.Fold(compute.FoldMax, u)
	if r.Hard {
		return p.Map(winner, u, top)
	}
	e := p.Map(exponential.With("beta", beta), u, top)
	s := p.Like(u)
	p.Into(s, signed, u, top, e, p.Fold(compute.FoldSum, e))
	return s
}
