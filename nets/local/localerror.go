package local

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// LocalError trains each block by local classification and similarity losses (Nøkland and Eidnes 2019, "Training Neural
// Networks with Local Error Signals"):
//
//	Beta·sim + (1 − Beta)·pred
//	pred = cross-entropy of softmax(V·h + c), V and c learned, h the block's output, images pooled to at most Decoder numbers
//	sim  = mean_ij (S(g)_ij − S(y)_ij)², g = G·h with G learned (of images a 3×3 convolution)
//
// where S(x) is the cosines of the centred rows of x, and y the one-hot labels. The row of an image with more than three channels
// is the standard deviation of each channel over its positions. With Bio, labels are y·P, with P random and fixed; there is
// no G, pred is the binary cross-entropy with the signs of y·P, and its error is sent down by random fixed weights instead
// of V.
type LocalError struct {
	Beta    float32 `json:"beta" toml:"beta"`                        // 0: pred, 1: sim
	Decoder int     `json:"decoder" toml:"decoder" if:"beta!=1|bio"` // largest number of inputs of V
	Bio     bool    `json:"bio,omitempty" toml:"bio,omitempty"`
	Targets int     `json:"targets,omitempty" toml:"targets,omitempty" if:"bio"` // columns of P
	NoStd   bool    `json:"no_std,omitempty" toml:"no_std,omitempty" if:"beta"`  // compare images by all their values

	oneAtATime     `json:"-" toml:"-"`
	stack.Backprop `json:"-" toml:"-"`
}

// PredSim is pred and sim together, with the hyper-parameters of the paper.
var PredSim = LocalError{Beta: 0.99, Decoder: 4096, Targets: 128}

// Check reports invalid settings.
func (r LocalError) Check() error {
	switch {
	case !(0 <= r.Beta && r.Beta <= 1):
		return fmt.Errorf("beta %g, want a number within [0, 1]", r.Beta)
	case r.Decoder < 0 || r.Beta < 1 && r.Decoder < 1:
		return fmt.Errorf("a decoder of %d inputs, want at least 1", r.Decoder)
	case r.Targets < 0 || r.Bio && r.Targets < 2:
		return fmt.Errorf("%d targets, want at least 2", r.Targets)
	}
	return nil
}

func (LocalError) Learns() (blocks, output bool) { return true, true }
func (LocalError) Least() int                    { return 2 }

func (r LocalError) Extras(n *stack.Net, b *stack.Block) (all []stack.Extra, err error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	pooled := b.Out
	q, err := shrink(b.Out, r.Decoder)
	if err != nil {
		return nil, err
	}
	if b.Memo = q; q.Layer != nil {
		pooled = q.out
	}
	out, inputs := n.Classes, pooled.Len()
	if r.Bio {
		out = r.Targets
		all = append(all, stack.Extra{Name: "projection.weight", Shape: []int{out, n.Classes}, Fixed: true})
	}
	if r.Beta < 1 {
		all = append(all, stack.Extra{Name: "decoder.weight", Shape: []int{out, inputs}, Zero: true},
			stack.Extra{Name: "decoder.bias", Shape: []int{out}, Fan: inputs, Zero: r.Bio})
		if r.Bio {
			all = append(all, stack.Extra{Name: "decoder.feedback", Shape: []int{out, inputs}, Fixed: true})
		}
	}
	if r.Beta > 0 && !r.Bio {
		shape := []int{b.Out.Channels, b.Out.Channels}
		if b.Out.Height*b.Out.Width > 1 {
			shape = []int{b.Out.Channels, 3, 3, b.Out.Channels}
		}
		all = append(all, stack.Extra{Name: "similarity.weight", Shape: shape})
	}
	return all, nil
}

// A shrunk is the pooling layer before a decoder, nil if it needs none, and its output shape.
type shrunk struct {
	stack.Layer
	out nets.Shape
}

// shrink returns average pooling to at most a number of values, by the smallest window that is a power of 2.
func shrink(in nets.Shape, most int) (q shrunk, err error) {
	window, out := 1, in
	for most > 0 && out.Len() > most && window < min(in.Height, in.Width) {
		window *= 2
		out.Height, out.Width = (in.Height+window-1)/window, (in.Width+window-1)/window
	}
	if window == 1 {
		return shrunk{}, nil
	}
	pad := window * (out.Height - in.Height/window) / 2
	pool := stack.Pool{Pooling: compute.AveragePool, Window: window, Stride: window, Pad: pad}
	q.Layer, q.out, err = pool.Build(&stack.Builder{}, "the decoder's pool", in)
	return q, err
}

func (r LocalError) Gradient(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	var parts []*compute.Tensor
	pooled := y
	q := b.Memo.(shrunk)
	if q.Layer != nil && (r.Beta < 1 || r.Bio) {
		pooled = q.Forward(p, y)
	}
	down := func(d *compute.Tensor) {
		if q.Layer != nil {
			d = q.Backward(p, d)
		}
		parts = append(parts, p.View(d, 0, y.Shape()...))
	}
	if r.Beta < 1 {
		down(r.predict(p, b, p.Matrix(pooled)))
	}
	switch {
	case r.Beta > 0 && r.Bio:
		down(r.match(p, b, pooled, target(p, b)))
	case r.Beta > 0:
		parts = append(parts, r.matchThrough(p, b, y))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return p.Map(add, parts[0], parts[1])
}

// predict returns the gradient of (1 − Beta)·pred by the rows h.
func (r LocalError) predict(p *stack.Pass, b *stack.Block, h *compute.Tensor) *compute.Tensor {
	v, c := b.Extra("decoder.weight"), b.Extra("decoder.bias")
	logits, n := p.Tensor(p.Examples, c.Value.Len()), float32(p.Examples)
	p.Do(compute.Gemm{C: logits, A: h, B: v.Value, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Bias: c.Value}})
	delta, with := p.Like(logits), v.Value
	if r.Bio {
		with = b.Extra("decoder.feedback").Value
		p.Into(delta, signDelta.With("scale", (1-r.Beta)/float32(logits.Len())), logits, target(p, b))
	} else {
		p.Do(compute.SoftmaxLoss{Loss: p.Tensor(p.Examples), Hit: p.Tensor(p.Examples), Delta: delta, Logits: logits, Labels: p.Labels(p.Moment), Scale: (1 - r.Beta) / n})
	}
	p.Do(compute.Hebbian{W: p.GradTarget(v.Grad), Y: delta, X: h, Rate: n, Decay: 1})
	p.PerColumn(p.GradTarget(c.Grad), nil, 1, delta)
	dh := p.Like(h)
	p.Do(compute.Gemm{C: dh, A: delta, B: with, Epilogue: stack.Plain})
	return dh
}

var signDelta = compute.Formula("scale*(sigmoid(z) - where(t, 1, 0))", "z", "t")

// target returns y·P.
func target(p *stack.Pass, b *stack.Block) *compute.Tensor {
	type key struct{ b *stack.Block }
	return p.Once(key{b}, func() *compute.Tensor {
		w := b.Extra("projection.weight").Value
		t := p.Tensor(p.Examples, w.Rows())
		p.Do(compute.Gemm{C: t, A: p.OneHot(), B: w, TransB: true, Epilogue: stack.Plain})
		return t
	})
}

// matchThrough returns the gradient of Beta·sim by y, through G.
func (r LocalError) matchThrough(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	g := b.Extra("similarity.weight")
	w := &stack.Weights{Shape: g.Value.Shape(), W: g.Value, In: b.Out, Out: b.Out}
	if w.Conv() {
		w.Slide = compute.Slide{Stride: 1, Pad: 1}
	}
	dg := r.match(p, b, w.Project(p, w.W, y, stack.Plain), nil)
	w.Outer(p, p.GradTarget(g.Grad), dg, y, 1, 1)
	return p.View(w.Back(p, w.W, dg), 0, y.Shape()...)
}

// match returns the gradient of Beta·sim by g, for similarities of target or, if it is nil, of the labels.
func (r LocalError) match(p *stack.Pass, b *stack.Block, g, target *compute.Tensor) *compute.Tensor {
	rows, channels := p.Matrix(g), g.Cols()
	places := rows.Cols() / channels
	maps := places > 1 && channels > 3 && !r.NoStd
	var images, deviation *compute.Tensor
	if maps {
		images = p.View(g, 0, p.Examples, places, channels)
		images, deviation = deviations(p, images)
		rows = p.Matrix(deviation)
	}
	labels := codes(p)
	if target != nil {
		labels, _ = p.NormaliseRows(p.CentreRows(target))
	}
	unit, inverse := p.NormaliseRows(p.CentreRows(rows))
	d, m := p.Like(unit), float64(p.Examples)
	c := float32(2 * float64(r.Beta) / (m * m))
	p.Do(compute.KernelGrad{DX: d, K: compute.Similarity{X: unit, Kernel: compute.Linear}, L: compute.Similarity{X: labels, Kernel: compute.Linear},
		Alpha: 1, Self: c, Cross: -c})
	d = p.ThroughNorm(d, unit, inverse) // centred, as its rows are
	if maps {
		d = p.Map(throughDeviation.With("c", 1/float32(places-1)), images, p.View(d, 0, p.Examples, 1, channels), deviation)
	}
	return p.View(d, 0, g.Shape()...)
}

// deviations returns images minus the mean of each channel over its positions, and the standard deviations, examples × 1 ×
// channels, with the divisor places − 1.
func deviations(p *stack.Pass, x *compute.Tensor) (centred, deviation *compute.Tensor) {
	n, places, channels := x.Shape()[0], x.Rows(), x.Cols()
	mean, variance := p.Tensor(n, 1, channels), p.Tensor(n, 1, channels)
	p.PerColumn(mean, nil, 1/float32(places), x)
	centred = p.Map(difference, x, mean)
	p.PerColumn(variance, square, 1/float32(places-1), centred)
	return centred, p.Map(root, variance)
}

var (
	root             = compute.Formula("sqrt(x)", "x")
	throughDeviation = compute.Formula("where(s, c*x*d/max(s, 1e-12), 0)", "x", "d", "s") // 0 where nothing deviates
)
