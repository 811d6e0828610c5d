package stack

import (
	"fmt"

	"hebb/compute"
)

// LocalError trains each block by error signals of its own (Nøkland and Eidnes 2019, "Training Neural Networks with
// Local Error Signals"):
//
//	Beta·sim + (1 − Beta)·pred
//	pred = cross-entropy of softmax(V·h + c), V and c learned, h the block's output, images pooled to at most Decoder numbers
//	sim  = mean_ij (S(g)_ij − S(y)_ij)², g = G·h with G learned (of images a 3×3 convolution)
//
// S(x) being the cosines of the rows of x, each less its mean; of an image with more than three channels the row
// is the standard deviations of its channels over its places, and y is one-hot. The labels of Bio are y·P, with P random
// and fixed; it has no G, its pred is binary cross-entropy with the signs of y·P, and sends its error down by random
// fixed weights in the place of V.
type LocalError struct {
	Beta    float32 `json:"beta" toml:"beta"`       // 0: pred, 1: sim
	Decoder int     `json:"decoder" toml:"decoder"` // largest input of V
	Bio     bool    `json:"bio,omitempty" toml:"bio,omitempty"`
	Targets int     `json:"targets,omitempty" toml:"targets,omitempty"` // columns of P
	NoStd   bool    `json:"no_std,omitempty" toml:"no_std,omitempty"`   // images are compared by all their numbers

	Backprop `json:"-" toml:"-"`
}

// PredSim has the weights of the paper.
var PredSim = LocalError{Beta: 0.99, Decoder: 4096, Targets: 128}

// Check reports a setting that cannot be.
func (r LocalError) Check() error {
	switch {
	case !(0 <= r.Beta && r.Beta <= 1):
		return fmt.Errorf("beta %g, want a number within [0, 1]", r.Beta)
	case r.Beta < 1 && r.Decoder < 1:
		return fmt.Errorf("a decoder of %d inputs, want at least 1", r.Decoder)
	case r.Bio && r.Targets < 2:
		return fmt.Errorf("%d targets, want at least 2", r.Targets)
	}
	return nil
}

func (LocalError) Learns() (blocks, output bool) { return true, true }
func (LocalError) Least() int                    { return 2 }

func (r LocalError) Extras(n *Net, b *Block) (all []Extra, err error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	pooled := b.Out
	if b.Memo, err = shrink(b.Out, r.Decoder); err != nil {
		return nil, err
	}
	if q, ok := b.Memo.(*pool); ok {
		pooled = q.out
	}
	out, inputs := n.Classes, pooled.Len()
	if r.Bio {
		out = r.Targets
		all = append(all, Extra{Name: "projection.weight", Shape: []int{out, n.Classes}, Fixed: true})
	}
	if r.Beta < 1 {
		all = append(all, Extra{Name: "decoder.weight", Shape: []int{out, inputs}, Zero: true},
			Extra{Name: "decoder.bias", Shape: []int{out}, Fan: inputs, Zero: r.Bio})
		if r.Bio {
			all = append(all, Extra{Name: "decoder.feedback", Shape: []int{out, inputs}, Fixed: true})
		}
	}
	if r.Beta > 0 && !r.Bio {
		shape := []int{b.Out.Channels, b.Out.Channels}
		if b.Out.Height*b.Out.Width > 1 {
			shape = []int{b.Out.Channels, 3, 3, b.Out.Channels}
		}
		all = append(all, Extra{Name: "similarity.weight", Shape: shape})
	}
	return all, nil
}

// shrink is the pooling that brings images to at most so many numbers, if it takes one: a window that doubles until they
// are few enough.
func shrink(in Shape, most int) (any, error) {
	window, out := 1, in
	for most > 0 && out.Len() > most && window < min(in.Height, in.Width) {
		window *= 2
		out.Height, out.Width = (in.Height+window-1)/window, (in.Width+window-1)/window
	}
	if window == 1 {
		return nil, nil
	}
	pad := window * (out.Height - in.Height/window) / 2
	l, _, err := Pool{Pooling: compute.AveragePool, Window: window, Stride: window, Pad: pad}.build(nil, "the decoder's pool", in)
	return l, err
}

func (r LocalError) Gradient(p *Pass, b *Block, y *compute.Tensor) *compute.Tensor {
	var parts []*compute.Tensor
	pooled := y
	q, _ := b.Memo.(*pool)
	if q != nil && (r.Beta < 1 || r.Bio) {
		pooled = q.forward(p, y)
	}
	down := func(d *compute.Tensor) {
		if q != nil {
			d = q.backward(p, d)
		}
		parts = append(parts, p.View(d, 0, y.Shape()...))
	}
	if r.Beta < 1 {
		down(r.predict(p, b, p.matrix(pooled)))
	}
	switch {
	case r.Beta > 0 && r.Bio:
		down(r.match(p, b, pooled, p.target(b)))
	case r.Beta > 0:
		parts = append(parts, r.matchThrough(p, b, y))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return p.Map(add, parts[0], parts[1])
}

// predict returns the gradient of (1 − Beta)·pred by rows h.
func (r LocalError) predict(p *Pass, b *Block, h *compute.Tensor) *compute.Tensor {
	v, c := b.own("decoder.weight"), b.own("decoder.bias")
	logits, n := p.Tensor(p.Examples, c.Value.Len()), float32(p.Examples)
	p.Do(compute.Gemm{C: logits, A: h, B: v.Value, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Bias: c.Value}})
	delta, with := p.Like(logits), v.Value
	if r.Bio {
		with = b.own("decoder.feedback").Value
		p.Do(compute.Map{Out: delta, In: []*compute.Tensor{logits, p.target(b)}, F: withFirst(signDelta, (1-r.Beta)/float32(logits.Len()))})
	} else {
		p.Do(compute.SoftmaxLoss{Loss: p.Tensor(p.Examples), Hit: p.Tensor(p.Examples), Delta: delta, Logits: logits, Labels: p.Labels, Scale: (1 - r.Beta) / n})
	}
	p.Do(compute.Hebbian{W: p.leave(v.Grad), Y: delta, X: h, Rate: n, Decay: 1})
	p.perColumn(p.leave(c.Grad), nil, 1, delta)
	dh := p.Like(h)
	p.Do(compute.Gemm{C: dh, A: delta, B: with, Epilogue: plain})
	return dh
}

// signDelta is c·(σ(z) − [t > 0]).
var signDelta = compute.Pointwise(compute.Mul(compute.Const(1), compute.Sub(compute.Activate(compute.Sigmoid, compute.Var(0)),
	compute.Select(compute.Var(1), compute.Const(1), compute.Const(0)))))

// target is y·P.
func (p *Pass) target(b *Block) *compute.Tensor {
	type key struct{ b *Block }
	return p.Once(key{b}, func() *compute.Tensor {
		w := b.own("projection.weight").Value
		t := p.Tensor(p.Examples, w.Rows())
		p.Do(compute.Gemm{C: t, A: p.oneHot(), B: w, TransB: true, Epilogue: plain})
		return t
	})
}

// matchThrough returns the gradient of Beta·sim by y, through G.
func (r LocalError) matchThrough(p *Pass, b *Block, y *compute.Tensor) *compute.Tensor {
	g := b.own("similarity.weight")
	w := &Weights{W: g.Value, In: b.Out, Out: b.Out}
	if w.Conv() {
		w.Slide = compute.Slide{Stride: 1, Pad: 1}
	}
	dg := r.match(p, b, w.Project(p, w.W, y, plain), nil)
	w.Outer(p, p.leave(g.Grad), dg, y, 1, 1)
	return p.View(w.Back(p, w.W, dg), 0, y.Shape()...)
}

// match returns the gradient of Beta·sim by g, target nil being the labels.
func (r LocalError) match(p *Pass, b *Block, g, target *compute.Tensor) *compute.Tensor {
	rows, channels := p.matrix(g), g.Cols()
	places := rows.Cols() / channels
	maps := places > 1 && channels > 3 && !r.NoStd
	var images, deviation *compute.Tensor
	if maps {
		images = p.View(g, 0, p.Examples, places, channels)
		images, deviation = p.deviations(images)
		rows = p.matrix(deviation)
	}
	labels := p.codes()
	if target != nil {
		labels, _ = p.normaliseRows(p.centreRows(target))
	}
	unit, inverse := p.normaliseRows(p.centreRows(rows))
	d, m := p.Like(unit), float64(p.Examples)
	c := float32(2 * float64(r.Beta) / (m * m))
	p.Do(compute.KernelGrad{DX: d, K: compute.Similarity{X: unit, Kernel: compute.Linear}, L: compute.Similarity{X: labels, Kernel: compute.Linear},
		Alpha: 1, Self: c, Cross: -c})
	d = p.throughNorm(d, unit, inverse) // of rows without means, and so without means itself
	if maps {
		d = p.Map(withFirst(throughDeviation, 1/float32(places-1)), images, p.View(d, 0, p.Examples, 1, channels), deviation)
	}
	return p.View(d, 0, g.Shape()...)
}

// deviations returns images less the mean of each channel over its places, and its standard deviations, examples × 1 ×
// channels, with places − 1 as the divisor.
func (p *Pass) deviations(x *compute.Tensor) (centred, deviation *compute.Tensor) {
	n, places, channels := x.Shape()[0], x.Rows(), x.Cols()
	mean, variance := p.Tensor(n, 1, channels), p.Tensor(n, 1, channels)
	p.perColumn(mean, nil, 1/float32(places), x)
	centred = p.Map(difference, x, mean)
	p.perColumn(variance, square, 1/float32(places-1), centred)
	return centred, p.Map(root, variance)
}

var (
	root = compute.Pointwise(compute.Sqrt(compute.Var(0)))
	// c·x·d/s, and 0 where nothing deviates
	throughDeviation = compute.Pointwise(compute.Select(compute.Var(2), compute.Div(
		compute.Mul(compute.Mul(compute.Const(1), compute.Var(0)), compute.Var(1)), compute.Max(compute.Var(2), compute.Const(1e-12))), compute.Const(0)))
)
