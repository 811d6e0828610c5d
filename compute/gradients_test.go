package compute_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hebb/compute"
)

// A loss is Σ weight·out over one output of an op, by its definition.
type loss struct {
	op     compute.Op
	out    int
	weight []float32
}

func (l loss) of(c compute.Contents) (sum float64) {
	at := compute.Define(l.op, c)
	for i, w := range l.weight {
		sum += float64(w) * at(l.out, i).X
	}
	return sum
}

// slope returns ∂loss/∂x[j] by central differences of steps h and h/2, and the difference of the two, which exceeds the
// error of their extrapolation.
func (l loss) slope(c compute.Contents, x *compute.Tensor, j int) (d, err float64) {
	const h = 0x1p-10 // a step that float32 holds
	was := c[x][j]
	diff := func(h float32) float64 {
		c[x][j] = was + h
		up := l.of(c)
		c[x][j] = was - h
		return (up - l.of(c)) / (2 * float64(h))
	}
	wide, near := diff(h), diff(h/2)
	c[x][j] = was
	return near + (near-wide)/3, math.Abs(near - wide)
}

// operands are the tensors of a test and their contents.
type operands struct {
	t   *testing.T
	d   *compute.Device
	rnd *rand.Rand
	c   compute.Contents
}

func newOperands(t *testing.T) operands {
	return operands{t, device(t), rand.New(rand.NewPCG(3, 5)), compute.Contents{}}
}

// of is a tensor that holds v.
func (o operands) of(shape []int, v ...float32) *compute.Tensor {
	x := tensor(o.t, o.d, shape...)
	o.c[x] = v
	return x
}

// real is a tensor of multiples of 2⁻⁶ within ±2, no two of them nearer than that.
func (o operands) real(shape ...int) *compute.Tensor {
	x := tensor(o.t, o.d, shape...)
	o.c[x] = make([]float32, x.Len())
	for i, k := range o.rnd.Perm(max(256, x.Len()))[:x.Len()] {
		o.c[x][i] = float32(k-128) / 64
	}
	return x
}

// agree requires that output out of op is the gradient of l by x.
func (o operands) agree(l loss, x *compute.Tensor, op compute.Op, out int) {
	o.t.Helper()
	at := compute.Define(op, o.c)
	for j := range o.c[x] {
		want, err := l.slope(o.c, x, j)
		// The op's inputs (Mean, Var, Y) are rounded to float32, for which its bound is wide enough.
		if v := at(out, j); !(math.Abs(v.X-want) <= err+v.Err+1e-11*math.Abs(want)) || !v.Bounded() {
			o.t.Errorf("%T: element %d of output %d is %v, want %g ± %.2g", op, j, out, v, want, err)
		}
	}
}

// rounded stores output out of op in t, as float32s.
func (o operands) rounded(op compute.Op, out int, t *compute.Tensor) *compute.Tensor {
	at := compute.Define(op, o.c)
	o.c[t] = make([]float32, t.Len())
	for i := range o.c[t] {
		o.c[t][i] = float32(at(out, i).X)
	}
	return t
}

func TestConvGradients(t *testing.T) {
	one := compute.Epilogue{Alpha: 1}
	for _, slide := range []compute.Slide{{Stride: 1, Pad: 0}, {Stride: 1, Pad: 1}, {Stride: 2, Pad: 1}, {Stride: 3, Pad: 2}} {
		o := newOperands(t)
		const n, h, w, ch, units, r, s = 2, 5, 4, 2, 3, 3, 2
		p, q := slide.Places(h, r), slide.Places(w, s)
		x, wt, y, dy := o.real(n, h, w, ch), o.real(units, r, s, ch), o.real(n, p, q, units), o.real(n, p, q, units)
		l := loss{compute.Conv{Y: y, X: x, W: wt, Slide: slide, Epilogue: one}, 0, o.c[dy]}
		o.agree(l, x, compute.ConvInput{X: o.real(n, h, w, ch), Y: dy, W: wt, Slide: slide, Epilogue: one}, 0)
		o.agree(l, wt, compute.Hebbian{W: o.real(units, r, s, ch), Y: dy, X: x, Rate: float32(n * p * q), Decay: 1, Patches: slide}, 0)
	}
}

func TestPoolGradients(t *testing.T) {
	for _, kind := range []compute.Pooling{compute.MaxPool, compute.AveragePool} {
		for _, slide := range []compute.Slide{{Stride: 1, Pad: 0}, {Stride: 1, Pad: 1}, {Stride: 2, Pad: 1}, {Stride: 4, Pad: 0}} {
			o := newOperands(t)
			const n, h, w, ch, r, s = 2, 5, 6, 2, 3, 2
			p, q := slide.Places(h, r), slide.Places(w, s)
			x, y, dy := o.real(n, h, w, ch), o.real(n, p, q, ch), o.real(n, p, q, ch)
			l := loss{compute.Pool{Y: y, X: x, Pooling: kind, Height: r, Width: s, Slide: slide}, 0, o.c[dy]}
			g := compute.PoolGrad{DX: o.real(n, h, w, ch), DY: dy, X: x, Pooling: kind, Height: r, Width: s, Slide: slide}
			if kind == compute.AveragePool {
				g.X = nil
			}
			o.agree(l, x, g, 0)
		}
	}
}

func TestStandardizeGradients(t *testing.T) {
	for _, act := range compute.Acts {
		o := newOperands(t)
		const rows, cols, eps = 7, 3, 0.125
		x, gain, bias, dy := o.real(rows, cols), o.real(cols), o.real(cols), o.real(rows, cols)
		f := compute.Standardize{Y: o.real(rows, cols), Mean: o.real(cols), Var: o.real(cols), X: x, Gain: gain, Bias: bias, Eps: eps, Act: act}
		g := compute.StandardizeGrad{DX: o.real(rows, cols), DGain: o.real(cols), DBias: o.real(cols), DY: dy, X: x,
			Mean: o.rounded(f, 1, f.Mean), Var: o.rounded(f, 2, f.Var), Gain: gain, Eps: eps, Act: act}
		if act != compute.Identity {
			g.Y = o.rounded(f, 0, f.Y)
		}
		l := loss{f, 0, o.c[dy]}
		o.agree(l, x, g, 0)
		o.agree(l, gain, g, 1)
		o.agree(l, bias, g, 2)
	}
}

func TestSoftmaxGradient(t *testing.T) {
	o := newOperands(t)
	const n, classes = 4, 5
	z, labels := o.real(n, classes), o.real(n)
	copy(o.c[labels], []float32{0, 4, 2, 7}) // 7 is no label
	mean := []float32{1. / n, 1. / n, 1. / n, 1. / n}
	s := compute.SoftmaxLoss{Loss: o.real(n), Hit: o.real(n), Delta: o.real(n, classes), Logits: z, Labels: labels, Scale: 1. / n}
	o.agree(loss{s, 0, mean}, z, s, 2)
}
