package stack

import "hebb/compute"

// Weights are what a dense or a convolutional layer multiplies its input by, as a [Rule] sees them. The
// forward pass is y = Act(x∗W + Bias), ∗ being the product x·Wᵀ or the convolution.
type Weights struct {
	Name           string
	W, Grad        *compute.Tensor // units × inputs or, of a convolution, units × height × width × channels
	Bias, BiasGrad *compute.Tensor // units; or nil
	B, GradB       *compute.Tensor // feedback weights, of the shape that the rule asked for; or nil
	Slide          compute.Slide   // of a convolution
	Act            compute.Act
	In, Out        Shape // of one example
	First          bool  // nothing below learns by this delta, so none is sent down
	Last           bool  // it makes the logits
	Init           Init

	bottom bool // there are no weights below at all

	// Of the pass under way:
	X     *compute.Tensor // input, examples × …
	Y     *compute.Tensor // output
	Delta *compute.Tensor // delta at the pre-activation, as Y
}

// Conv reports whether they are those of a convolution.
func (w *Weights) Conv() bool { return len(w.W.Shape()) == 4 }

// Fan returns how many inputs each unit has.
func (w *Weights) Fan() int { return w.W.Len() / w.W.Shape()[0] }

// Project returns x∗with, finished by e: with W the layer's forward pass, with other weights of that shape
// a projection by those.
func (w *Weights) Project(p *Pass, with, x *compute.Tensor, e compute.Epilogue) *compute.Tensor {
	n := x.Shape()[0]
	if w.Conv() {
		y := p.Tensor(w.Out.image(n)...)
		p.Do(compute.Conv{Y: y, X: p.View(x, 0, w.In.image(n)...), W: with, Slide: w.Slide, Epilogue: e})
		return y
	}
	y := p.Tensor(n, w.Out.Len())
	p.Do(compute.Gemm{C: y, A: p.View(x, 0, n, w.In.Len()), B: with, TransB: true, Epilogue: e})
	return y
}

// Back returns delta·with, the adjoint of Project: with W what backprop sends down.
func (w *Weights) Back(p *Pass, with, delta *compute.Tensor) *compute.Tensor {
	n := delta.Shape()[0]
	if w.Conv() {
		x := p.Tensor(w.In.image(n)...)
		p.Do(compute.ConvInput{X: x, Y: delta, W: with, Slide: w.Slide, Epilogue: plain})
		return x
	}
	x := p.Tensor(w.In.of(n)...)
	p.Do(compute.Gemm{C: p.View(x, 0, n, w.In.Len()), A: delta, B: with, Epilogue: plain})
	return x
}

var plain = compute.Epilogue{Alpha: 1}

// Outer is into ← (1−decay)·into + rate·Σ y⊗x, over all examples and, of a convolution, all places. With
// rate and decay 1 it is the gradient of W for the delta y.
func (w *Weights) Outer(p *Pass, into, y, x *compute.Tensor, rate, decay float32) {
	n := x.Shape()[0]
	h := compute.Hebbian{W: into, Decay: decay}
	if w.Conv() {
		h.Y, h.X, h.Patches = p.View(y, 0, w.Out.image(n)...), p.View(x, 0, w.In.image(n)...), w.Slide
		n *= w.Out.Height * w.Out.Width
	} else {
		h.Y, h.X = p.View(y, 0, n, w.Out.Len()), p.View(x, 0, n, w.In.Len())
	}
	h.Rate = rate * float32(n)
	p.Do(h)
}

// forward is the layer's own pass.
func (w *Weights) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	w.X = x
	w.Y = w.Project(p, w.W, x, compute.Epilogue{Alpha: 1, Bias: w.Bias, Act: w.Act})
	return w.Y
}

// backward leaves the gradients for the delta dy at the output, and sends down what the rule says.
func (w *Weights) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	w.Delta = p.through(w.Act, dy, w.Y)
	if !p.quiet {
		w.Outer(p, w.Grad, w.Delta, w.X, 1, 1)
		if w.Bias != nil {
			units := w.Bias.Len()
			p.Do(compute.Reduce{Out: w.BiasGrad, In: []*compute.Tensor{p.View(w.Delta, 0, w.Delta.Len()/units, units)},
				Along: compute.AlongRows, Alpha: p.Net.biasRate()})
		}
	}
	if w.bottom || w.First && !p.whole {
		return nil
	}
	return p.rule.Send(p, w, w.Delta)
}

// build makes the parameters of a layer's weights.
func (w *Weights) build(b *builder, name string, shape []int, bias bool) (err error) {
	w.Name, w.First = name, !b.started
	b.weights = append(b.weights, w)
	err = b.add(matrices, parameter{name: name + ".weight", shape: shape, fill: w.Init.fill(shape, false), value: &w.W, grad: &w.Grad})
	if err == nil && bias {
		err = b.add(vectors, parameter{name: name + ".bias", shape: shape[:1], fill: w.Init.fill(shape, true), value: &w.Bias, grad: &w.BiasGrad})
	}
	return err
}
