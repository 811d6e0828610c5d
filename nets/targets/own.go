package targets

import (
	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// An own layer is fully connected, y = act(W·x + c), with weights that belong to the rule. Activities are learners ×
// examples × units.
type own struct {
	w, grad     *compute.Tensor // learners × units × inputs
	c, biasGrad *compute.Tensor // learners × 1 × units; nil without a bias
}

// newOwn asks for the weights and the biases of a layer; predictions do not need them. Biases are 0 at first.
func newOwn(s *nets.Store, name string, units, inputs int, first nets.Init) own {
	o := unbiased(s, name, units, inputs, first)
	o.c = s.Weights(name+".bias", nets.Zeros, units)
	o.biasGrad = s.Grad(o.c)
	s.Aside(o.c)
	return o
}

// unbiased is newOwn without biases.
func unbiased(s *nets.Store, name string, units, inputs int, first nets.Init) (o own) {
	o.w = s.Weights(name+".weight", first, units, inputs)
	o.grad = s.Grad(o.w)
	s.Aside(o.w)
	return o
}

// weights returns the layer's weights for a Descent.
func (o own) weights() []*compute.Tensor {
	if o.c == nil {
		return []*compute.Tensor{o.w}
	}
	return []*compute.Tensor{o.w, o.c}
}

// apply returns act(W·x + c).
func (o own) apply(p *stack.Pass, x *compute.Tensor, act compute.Act) *compute.Tensor {
	y, e := p.Tensor(p.Learners, p.Examples, o.w.Rows()), compute.Epilogue{Alpha: 1, Act: act}
	if o.c != nil {
		e.Bias = p.View(o.c, 0, p.Learners, o.w.Rows())
	}
	p.Do(compute.Gemm{C: y, A: x, B: o.w, TransB: true, Epilogue: e})
	return y
}

// descend sets the gradients from a delta at the pre-activation and the input x.
func (o own) descend(p *stack.Pass, delta, x *compute.Tensor) {
	p.Outer(o.grad, delta, x, 0, float32(p.Examples))
	if o.c != nil {
		p.PerColumn(o.biasGrad, nil, 1, delta)
	}
}

// stacked returns a view of a layer's activities as learners × examples × units.
func stacked(p *stack.Pass, t *compute.Tensor) *compute.Tensor {
	return p.View(t, 0, p.Learners, p.Examples, t.Len()/(p.Learners*p.Examples))
}

// rows returns a view of activities, learners × examples × units, in the form that the network's layers use.
func rows(p *stack.Pass, t *compute.Tensor) *compute.Tensor {
	return p.AsRows(t, p.Examples, t.Cols())
}

// matrix returns a view of the layer's weights as learners × units × inputs.
func matrix(p *stack.Pass, w *stack.Weights) *compute.Tensor {
	return p.View(w.W, 0, p.Learners, w.Shape[0], w.Shape[1])
}

var scaled = compute.Formula("scale*x", "x")
