package stack

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Weights is the weights, gradients and activities of a dense or convolutional layer. The forward pass is
// y = Act(x∗W + Bias), where ∗ is the product x·Wᵀ or the convolution. For several learners each tensor is learners × shape.
type Weights struct {
	Name           string
	Shape          []int           // of W, of one learner: units × inputs or, of a convolution, units × height × width × channels
	W, Grad        *compute.Tensor // Shape
	Bias, BiasGrad *compute.Tensor // units; nil without a bias
	B, GradB       *compute.Tensor // feedback weights, of the shape Rule.Feedback; or nil. GradB is nil if they are fixed
	Slide          compute.Slide   // of a convolution
	Act            compute.Act
	In, Out        nets.Shape // of one example
	First          bool       // nothing below learns from its delta, so none is sent down
	Last           bool       // its outputs are the logits
	Init           Init
	Memo           any // for the rule, see [BuiltRule]

	bottom bool        // there are no weights below at all
	unit   *activation // applies Act apart from the product, for rules that need the pre-activations, see [Net.Links]; or nil

	// Of the pass under way:
	X     *compute.Tensor // input, examples × …
	Y     *compute.Tensor // output
	Delta *compute.Tensor // delta at the pre-activation, as Y
	from  *compute.Tensor // the input of the gradient: X, or another that an Assigner chose
}

// Conv reports whether the layer is a convolution.
func (w *Weights) Conv() bool { return len(w.Shape) == 4 }

// Fan returns the fan-in, the number of inputs of a unit.
func (w *Weights) Fan() int { return length(w.Shape[1:]) }

// Project returns x∗with, with the epilogue e. With W it is the layer's forward pass; with is any weights of the shape of W.
func (w *Weights) Project(p *Pass, with, x *compute.Tensor, e compute.Epilogue) *compute.Tensor {
	n := p.count(x)
	if w.Conv() {
		y := p.Tensor(w.Out.Image(n)...)
		p.Do(compute.Conv{Y: y, X: p.View(x, 0, w.In.Image(n)...), W: with, Slide: w.Slide, Epilogue: e})
		return y
	}
	if e.Bias != nil && p.Learners > 1 {
		e.Bias = p.View(e.Bias, 0, p.Learners, e.Bias.Cols())
	}
	y := p.Rows(n, w.Out.Len())
	p.Do(compute.Gemm{C: y, A: p.AsRows(x, n, w.In.Len()), B: with, TransB: true, Epilogue: e})
	return y
}

// Back returns delta·with, the adjoint of Project. With W it is the delta that backprop sends down.
func (w *Weights) Back(p *Pass, with, delta *compute.Tensor) *compute.Tensor {
	n := p.count(delta)
	if w.Conv() {
		x := p.Tensor(w.In.Image(n)...)
		p.Do(compute.ConvInput{X: x, Y: delta, W: with, Slide: w.Slide, Epilogue: Plain})
		return x
	}
	x := p.Of(w.In, n)
	p.Do(compute.Gemm{C: p.AsRows(x, n, w.In.Len()), A: delta, B: with, Epilogue: Plain})
	return x
}

// Plain is the epilogue of a product without bias and activation.
var Plain = compute.Epilogue{Alpha: 1}

// Outer sets into to (1−decay)·into + rate·Σ y⊗x, over all examples and, in a convolution, all positions. With rate and decay
// 1 it is the gradient of W for the delta y.
func (w *Weights) Outer(p *Pass, into, y, x *compute.Tensor, rate, decay float32) {
	n := p.count(x)
	h := compute.Hebbian{W: into, Decay: decay}
	if w.Conv() {
		h.Y, h.X, h.Patches = p.View(y, 0, w.Out.Image(n)...), p.View(x, 0, w.In.Image(n)...), w.Slide
		n *= w.Out.Height * w.Out.Width
	} else {
		h.Y, h.X = p.AsRows(y, n, w.Out.Len()), p.AsRows(x, n, w.In.Len())
	}
	h.Rate = rate * float32(n)
	p.Do(h)
}

// Forward is the layer's forward pass.
func (w *Weights) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	w.X = x
	if w.unit != nil {
		w.Y = w.unit.Forward(p, w.Project(p, w.W, x, compute.Epilogue{Alpha: 1, Bias: w.Bias}))
		return w.Y
	}
	w.Y = w.Project(p, w.W, x, compute.Epilogue{Alpha: 1, Bias: w.Bias, Act: w.Act})
	return w.Y
}

// Backward sets the gradients for the delta dy at the output, and returns the delta that the rule sends down.
func (w *Weights) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	w.Descend(p, p.Through(w.Act, dy, w.Y), w.X)
	if w.bottom || w.First && !p.endToEnd {
		return nil
	}
	return p.rule.Send(p, w, w.Delta)
}

// build adds the parameters of the layer to b.
func (w *Weights) build(b *Builder, name string, shape []int, bias bool, layout nets.Layout) (err error) {
	if sd := w.Init.sd; !(0 <= sd && sd <= math.MaxFloat32) {
		return fmt.Errorf("nets: %s starts as %v, want a standard deviation of at least 0", name, w.Init)
	}
	w.Name, w.Shape, w.First = name, shape, !b.started
	b.weights = append(b.weights, w)
	b.started = true
	err = b.Add(Matrices, Parameter{Name: name + ".weight", Shape: shape, Fill: w.Init.Fill(shape, false), Value: &w.W, Grad: &w.Grad, Layout: layout})
	if err == nil && bias {
		err = b.Add(Vectors, Parameter{Name: name + ".bias", Shape: shape[:1], Fill: w.Init.Fill(shape, true), Value: &w.Bias, Grad: &w.BiasGrad})
	}
	return err
}
