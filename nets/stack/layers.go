package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Dense is a fully connected layer, y = Act(W·x + b). Images are flattened.
type Dense struct {
	Name   string
	Units  int
	Act    compute.Act
	NoBias bool
	Init   Init
}

func (d Dense) Label() string { return d.Name }

func (d Dense) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if d.Units < 1 {
		return nil, in, fmt.Errorf("nets: %s has %d units, want at least 1", name, d.Units)
	}
	w := &Weights{Act: d.Act, Init: d.Init, In: in, Out: nets.Row(d.Units)}
	layout := nets.Layout{}
	if in.Height*in.Width > 1 {
		layout = nets.Flattened(in)
	}
	return w, w.Out, w.build(b, name, []int{d.Units, in.Len()}, !d.NoBias, layout)
}

// Conv is a two-dimensional convolution with a square window, y = Act(x ⋆ W + b), see [compute.Conv].
type Conv struct {
	Name   string
	Units  int
	Window int // height and width
	Stride int // 0: 1
	Pad    int
	Act    compute.Act
	Bias   bool // not needed before a BatchNorm
	Init   Init
}

func (c Conv) Label() string { return c.Name }

func (c Conv) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	slide, err := sliding(name, in, c.Window, c.Stride, c.Pad)
	if err != nil {
		return nil, in, err
	}
	if c.Units < 1 {
		return nil, in, fmt.Errorf("nets: %s has %d units, want at least 1", name, c.Units)
	}
	w := &Weights{Act: c.Act, Init: c.Init, In: in, Slide: slide,
		Out: nets.Shape{Height: slide.Places(in.Height, c.Window), Width: slide.Places(in.Width, c.Window), Channels: c.Units}}
	b.SingleLearner("%s is a convolution", name)
	return w, w.Out, w.build(b, name, []int{c.Units, c.Window, c.Window, in.Channels}, c.Bias, nets.ChannelsLast)
}

// sliding checks a window, stride and padding for images of a shape.
func sliding(name string, in nets.Shape, window, stride, pad int) (compute.Slide, error) {
	s := compute.Slide{Stride: max(stride, 1), Pad: pad}
	if window < 1 || stride < 0 || pad < 0 {
		return s, fmt.Errorf("nets: %s has a window of %d, stride %d and padding %d, want at least 1, 1 and 0", name, window, stride, pad)
	}
	if window > in.Height+2*pad || window > in.Width+2*pad {
		return s, fmt.Errorf("nets: %s has a window of %d×%d, and its input is %v with padding %d", name, window, window, in, pad)
	}
	return s, nil
}

// Activation is an activation function as a layer, y = Act(x). Dense, Conv and BatchNorm have an Act of their own, at no cost.
type Activation struct {
	Name string
	Act  compute.Act
}

func (a Activation) Label() string { return a.Name }

func (a Activation) Build(_ *Builder, _ string, in nets.Shape) (Layer, nets.Shape, error) {
	return &activation{act: a.Act}, in, nil
}

// Flatten makes a row of each image, in the order height, width, channels.
type Flatten struct{ Name string }

func (f Flatten) Label() string { return f.Name }

// AfterObjective marks the layer: objectives are computed from images.
func (*flatten) AfterObjective() {}

type flatten struct{ in nets.Shape }

func (f Flatten) Build(_ *Builder, _ string, in nets.Shape) (Layer, nets.Shape, error) {
	return &flatten{in}, in, nil // a Dense flattens anyway, and wants to know the image's shape
}

func (f *flatten) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	return p.AsRows(x, p.Examples, f.in.Len())
}

func (f *flatten) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return p.As(dy, f.in, p.Examples)
}

// Dropout sets each activity to 0 with probability Rate in training, and scales the others by 1/(1−Rate) (Srivastava et
// al. 2014).
type Dropout struct {
	Name string
	Rate float32
}

func (d Dropout) Label() string { return d.Name }

type dropout struct {
	rate float32
	mask *compute.Tensor
}

// AfterObjective marks the layer: objectives are computed before dropout.
func (*dropout) AfterObjective() {}

func (d Dropout) Build(_ *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if !(0 <= d.Rate && d.Rate < 1) {
		return nil, in, fmt.Errorf("nets: %s drops %g of its input, want a number within [0, 1)", name, d.Rate)
	}
	return &dropout{rate: d.Rate}, in, nil
}

func (d *dropout) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	if d.mask = nil; !p.Training || d.rate == 0 {
		return x
	}
	d.mask = p.Like(x)
	p.Random(d.mask, compute.Bernoulli(1-d.rate, 1/(1-d.rate)))
	return p.Map(times, x, d.mask)
}

func (d *dropout) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	if d.mask == nil {
		return dy
	}
	return p.Map(times, dy, d.mask)
}

// Pool is max or average pooling over a square window, see [compute.Pool], or over the whole image if Window is 0.
type Pool struct {
	Name    string
	Pooling compute.Pooling
	Window  int
	Stride  int // 0: Window
	Pad     int
}

func (q Pool) Label() string { return q.Name }

type pool struct {
	compute.Pooling
	height, width int
	slide         compute.Slide
	in, out       nets.Shape
	x             *compute.Tensor
}

func (q Pool) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	b.SingleLearner("%s is a pooling of images", name)
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
	l.out = nets.Shape{Height: l.slide.Places(in.Height, l.height), Width: l.slide.Places(in.Width, l.width), Channels: in.Channels}
	return l, l.out, nil
}

func (l *pool) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	l.x = x
	y := p.Tensor(l.out.Image(p.Examples)...)
	p.Do(compute.Pool{Y: y, X: x, Pooling: l.Pooling, Height: l.height, Width: l.width, Slide: l.slide})
	return y
}

func (l *pool) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	dx := p.Tensor(l.in.Image(p.Examples)...)
	g := compute.PoolGrad{DX: dx, DY: p.View(dy, 0, l.out.Image(p.Examples)...), Pooling: l.Pooling, Height: l.height, Width: l.width, Slide: l.slide}
	if l.Pooling == compute.MaxPool {
		g.X = l.x
	}
	p.Do(g)
	return dx
}

// Residual is a residual block, y = Act(Main(x) + Skip(x)), or Act(Main(x) + x) without a Skip.
type Residual struct {
	Name string
	Main Stack
	Skip Stack // its parameters are called "downsample", as in torchvision
	Act  compute.Act
}

func (r Residual) Label() string { return r.Name }

type residual struct {
	main, skip Layer // skip nil: x itself
	act        compute.Act
	y          *compute.Tensor
}

func (r Residual) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	l := &residual{act: r.Act}
	started := b.started
	main, out, err := r.Main.Build(b, name, in)
	if err != nil {
		return nil, in, err
	}
	l.main = main
	side := in
	if r.Skip != nil {
		after := b.started
		b.started = started
		if l.skip, side, err = r.Skip.Build(b, join(name, "downsample"), in); err != nil {
			return nil, in, err
		}
		b.started = b.started || after
	}
	if side != out {
		return nil, in, fmt.Errorf("nets: %s adds %v to %v", name, side, out)
	}
	return l, out, nil
}

func (r *residual) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	main, side := r.main.Forward(p, x), x
	if r.skip != nil {
		side = r.skip.Forward(p, x)
	}
	r.y = p.Map(joined[r.act], main, side)
	return r.y
}

func (r *residual) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	dz := p.Through(r.act, dy, r.y)
	main, side := r.main.Backward(p, dz), dz
	if r.skip != nil {
		side = r.skip.Backward(p, dz)
	}
	switch {
	case main == nil && r.skip == nil || side == nil:
		return main
	case main == nil:
		return side
	}
	return p.Map(add, main, side)
}
