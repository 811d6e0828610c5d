package stack

import (
	"fmt"

	"hebb/compute"
)

// Dense is y = Act(W·x + b): every unit sees all of x, an image being a row of numbers to it.
type Dense struct {
	Name   string
	Units  int
	Act    compute.Act
	NoBias bool
	Init   Init
}

func (d Dense) label() string { return d.Name }

func (d Dense) build(b *builder, name string, in Shape) (layer, Shape, error) {
	if d.Units < 1 {
		return nil, in, fmt.Errorf("nets: %s has %d units, want at least 1", name, d.Units)
	}
	w := &Weights{Act: d.Act, Init: d.Init, In: in, Out: Shape{1, 1, d.Units}}
	err := w.build(b, name, []int{d.Units, in.Len()}, !d.NoBias)
	if in.Height*in.Width > 1 {
		b.kinds[matrices][len(b.kinds[matrices])-1].layout = flattened(in)
	}
	b.started = true
	return w, w.Out, err
}

// Conv is y = Act(x ⋆ W + b), see [compute.Conv], with a square window.
type Conv struct {
	Name   string
	Units  int
	Window int // rows and columns
	Stride int // 0 is 1
	Pad    int
	Act    compute.Act
	Bias   bool // a convolution before a BatchNorm has none
	Init   Init
}

func (c Conv) label() string { return c.Name }

func (c Conv) build(b *builder, name string, in Shape) (layer, Shape, error) {
	slide, err := sliding(name, in, c.Window, c.Stride, c.Pad)
	if err != nil {
		return nil, in, err
	}
	if c.Units < 1 {
		return nil, in, fmt.Errorf("nets: %s has %d units, want at least 1", name, c.Units)
	}
	w := &Weights{Act: c.Act, Init: c.Init, In: in, Slide: slide,
		Out: Shape{slide.Places(in.Height, c.Window), slide.Places(in.Width, c.Window), c.Units}}
	err = w.build(b, name, []int{c.Units, c.Window, c.Window, in.Channels}, c.Bias)
	b.kinds[matrices][len(b.kinds[matrices])-1].layout = channelsLast
	b.started = true
	return w, w.Out, err
}

// sliding is how a window of so many rows and columns passes over images of a shape.
func sliding(name string, in Shape, window, stride, pad int) (compute.Slide, error) {
	s := compute.Slide{Stride: max(stride, 1), Pad: pad}
	if window < 1 || stride < 0 || pad < 0 {
		return s, fmt.Errorf("nets: %s has a window of %d, stride %d and padding %d, want at least 1, 1 and 0", name, window, stride, pad)
	}
	if window > in.Height+2*pad || window > in.Width+2*pad {
		return s, fmt.Errorf("nets: %s has a window of %d×%d, and its input is %v with padding %d", name, window, window, in, pad)
	}
	return s, nil
}

// Activation is y = Act(x). Most layers have an Act of their own, at no cost.
type Activation struct {
	Name string
	Act  compute.Act
}

func (a Activation) label() string { return a.Name }

type activation struct {
	act compute.Act
	y   *compute.Tensor
}

func (a Activation) build(_ *builder, _ string, in Shape) (layer, Shape, error) {
	return &activation{act: a.Act}, in, nil
}

func (a *activation) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	a.y = p.Map(acts[a.act], x)
	return a.y
}

func (a *activation) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return p.through(a.act, dy, a.y)
}

// Flatten makes a row of numbers of each image, its channels innermost.
type Flatten struct{ Name string }

func (f Flatten) label() string { return f.Name }

type flatten struct{ in Shape }

func (f Flatten) build(_ *builder, _ string, in Shape) (layer, Shape, error) {
	return &flatten{in}, in, nil // a Dense reads images as rows; only shapes of tensors change
}

func (f *flatten) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	return p.View(x, 0, p.Examples, f.in.Len())
}

func (f *flatten) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return p.View(dy, 0, f.in.of(p.Examples)...)
}

// Dropout sets each number to 0 with probability Rate in training, and scales the others by
// 1/(1−Rate) (Srivastava et al. 2014).
type Dropout struct {
	Name string
	Rate float32
}

func (d Dropout) label() string { return d.Name }

type dropout struct {
	rate float32
	mask *compute.Tensor
}

func (d Dropout) build(_ *builder, name string, in Shape) (layer, Shape, error) {
	if !(0 <= d.Rate && d.Rate < 1) {
		return nil, in, fmt.Errorf("nets: %s drops %g of its input, want a number within [0, 1)", name, d.Rate)
	}
	return &dropout{rate: d.Rate}, in, nil
}

func (d *dropout) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	if d.mask = nil; !p.Training || d.rate == 0 {
		return x
	}
	d.mask = p.Like(x)
	p.Random(d.mask, compute.Bernoulli(1-d.rate, 1/(1-d.rate)))
	return p.Map(times, x, d.mask)
}

func (d *dropout) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	if d.mask == nil {
		return dy
	}
	return p.Map(times, dy, d.mask)
}

// Pool is the largest or the average of a square window, see [compute.Pool]. With Window 0 it is that of
// the whole image.
type Pool struct {
	Name    string
	Pooling compute.Pooling
	Window  int
	Stride  int // 0 is Window
	Pad     int
}

func (q Pool) label() string { return q.Name }

type pool struct {
	compute.Pooling
	height, width int
	slide         compute.Slide
	in, out       Shape
	x             *compute.Tensor
}

func (q Pool) build(_ *builder, name string, in Shape) (layer, Shape, error) {
	l := &pool{Pooling: q.Pooling, height: q.Window, width: q.Window, in: in}
	if q.Window == 0 {
		l.height, l.width, l.slide = in.Height, in.Width, compute.Slide{Stride: 1}
	} else {
		stride := q.Stride
		if stride == 0 {
			stride = q.Window
		}
		var err error
		if l.slide, err = sliding(name, in, q.Window, stride, q.Pad); err != nil {
			return nil, in, err
		}
	}
	l.out = Shape{l.slide.Places(in.Height, l.height), l.slide.Places(in.Width, l.width), in.Channels}
	return l, l.out, nil
}

func (l *pool) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	l.x = x
	y := p.Tensor(l.out.image(p.Examples)...)
	p.Do(compute.Pool{Y: y, X: x, Pooling: l.Pooling, Height: l.height, Width: l.width, Slide: l.slide})
	return y
}

func (l *pool) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	dx := p.Tensor(l.in.image(p.Examples)...)
	g := compute.PoolGrad{DX: dx, DY: p.View(dy, 0, l.out.image(p.Examples)...), Pooling: l.Pooling, Height: l.height, Width: l.width, Slide: l.slide}
	if l.Pooling == compute.MaxPool {
		g.X = l.x
	}
	p.Do(g)
	return dx
}

// Residual is y = Act(main(x) + skip(x)); without a Skip, x itself is added.
type Residual struct {
	Name string
	Main Stack
	Skip Stack // called "downsample", as in torchvision
	Act  compute.Act
}

func (r Residual) label() string { return r.Name }

type residual struct {
	main, skip layer // skip nil: x itself
	act        compute.Act
	y          *compute.Tensor
}

func (r Residual) build(b *builder, name string, in Shape) (layer, Shape, error) {
	l := &residual{act: r.Act}
	started := b.started
	main, out, err := r.Main.build(b, name, in)
	if err != nil {
		return nil, in, err
	}
	l.main = main
	side := in
	if r.Skip != nil {
		after := b.started
		b.started = started
		if l.skip, side, err = r.Skip.build(b, join(name, "downsample"), in); err != nil {
			return nil, in, err
		}
		b.started = b.started || after
	}
	if side != out {
		return nil, in, fmt.Errorf("nets: %s adds %v to %v", name, side, out)
	}
	return l, out, nil
}

func (r *residual) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	main, side := r.main.forward(p, x), x
	if r.skip != nil {
		side = r.skip.forward(p, x)
	}
	r.y = p.Map(joined[r.act], main, side)
	return r.y
}

func (r *residual) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	dz := p.through(r.act, dy, r.y)
	main, side := r.main.backward(p, dz), dz
	if r.skip != nil {
		side = r.skip.backward(p, dz)
	}
	switch {
	case main == nil && r.skip == nil || side == nil:
		return main
	case main == nil:
		return side
	}
	return p.Map(add, main, side)
}
