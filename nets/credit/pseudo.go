package credit

import (
	"fmt"
	"strings"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// PseudoBackprop sends W⁺·δ, with W⁺ the Moore–Penrose inverse of W, where backprop sends Wᵀ·δ. In linear networks
// feedback alignment comes to the same (Lillicrap, Cownden, Tweed, Akerman 2016). The first form is for layers with no
// more units than inputs, the second for the others:
//
//	W⁺ = Wᵀ·(W·Wᵀ + Ridge·I)⁻¹
//	W⁺ = (Wᵀ·W + Ridge·I)⁻¹·Wᵀ
//
// Each step finds the inverse by Cholesky factors, with the smaller of units and inputs as its size. A small Ridge
// keeps it finite where W has dependent rows or starts as 0: singular values below √Ridge fade out instead of being
// inverted. It takes fully connected layers.
type PseudoBackprop struct {
	stack.Backprop `json:"-" toml:"-"`

	Ridge float32 `json:"ridge,omitempty" toml:"ridge,omitempty"`
}

// Build refuses convolutions that would have to send something.
func (PseudoBackprop) Build(_ *nets.Store, n *stack.Net) error {
	for _, w := range n.Weights {
		if w.Conv() && !w.First {
			return fmt.Errorf("nets: layer %s is a convolution, and pbp inverts fully connected layers alone", w.Name)
		}
	}
	return nil
}

// Send returns W⁺·δ.
func (r PseudoBackprop) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	units, inputs := w.Shape[0], w.Shape[1]
	n := min(units, inputs)
	weights := p.View(w.W, 0, p.Learners, units, inputs)
	d := p.View(delta, 0, p.Learners, p.Examples, units)
	gram, inverse, info := p.Tensor(p.Learners, n, n), p.Tensor(p.Learners, n, n), p.Tensor(p.Learners)
	p.Do(compute.Gemm{C: gram, A: weights, B: weights, TransA: units > inputs, TransB: units <= inputs, Epilogue: stack.Plain})
	p.Do(compute.Inverse{Inv: inverse, Info: info, A: gram, Shift: r.Ridge})
	if at := p.Fault(invertible + w.Name); at != nil {
		p.Into(at, largest, info)
	}
	x := p.Of(w.In, p.Examples)
	sent := p.View(x, 0, p.Learners, p.Examples, inputs)
	if units <= inputs {
		p.Do(compute.Gemm{C: sent, A: times(p, d, inverse), B: weights, Epilogue: stack.Plain})
	} else {
		p.Do(compute.Gemm{C: sent, A: times(p, d, weights), B: inverse, Epilogue: stack.Plain})
	}
	return x
}

// times returns a·b for each learner.
func times(p *stack.Pass, a, b *compute.Tensor) *compute.Tensor {
	c := p.Tensor(p.Learners, a.Rows(), b.Cols())
	p.Do(compute.Gemm{C: c, A: a, B: b, Epilogue: stack.Plain})
	return c
}

var largest = compute.Formula("max(old, x)", "x")

const invertible = "inverse of "

// Explain describes the fault of a layer.
func (PseudoBackprop) Explain(name string, code float32) error {
	layer, ok := strings.CutPrefix(name, invertible)
	if !ok {
		return nil
	}
	return fmt.Errorf("the weights of %s have no inverse (the leading minor of order %g of their products is not positive): they are not finite, or ridge is too small", layer, code)
}

// Check reports an invalid Ridge.
func (r PseudoBackprop) Check() error { return float.AtLeast0("ridge", r.Ridge) }
