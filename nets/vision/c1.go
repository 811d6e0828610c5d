package vision

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// C1 is complex cells: the largest of the responses of an orientation, over a window of places and over all sizes of
// the [S1] below. With the responses r of orientation o and size k at the places i, j,
//
//	c[p, q, o] = max of r[i, j, o, k] over k, and over i from p·Stride and j from q·Stride to Window − 1 places further
//
// Window is a multiple of Stride, so that neighbouring windows share whole squares of Stride×Stride places, whose maxima
// are taken once: Stride² + (Window/Stride)² comparisons for Window².
type C1 struct {
	Name           string
	Sizes          int // of the S1 below
	Window, Stride int
}

func (c C1) Label() string { return c.Name }

type c1 struct {
	squares, windows stack.Layer
	sizes            int
	out              nets.Shape
}

// Build builds the pooling.
func (c C1) Build(b *stack.Builder, name string, in nets.Shape) (stack.Layer, nets.Shape, error) {
	if c.Sizes < 1 || in.Channels%c.Sizes != 0 {
		return nil, in, fmt.Errorf("vision: %s takes maxima over %d sizes, and its input is %v: want a divisor of the channels", name, c.Sizes, in)
	}
	if c.Stride < 1 || c.Window < 1 || c.Window%c.Stride != 0 {
		return nil, in, fmt.Errorf("vision: %s has windows of %d places, %d apart, want a multiple of at least 1", name, c.Window, c.Stride)
	}
	if c.Window > in.Height || c.Window > in.Width {
		return nil, in, fmt.Errorf("vision: %s has windows of %d×%d places, and its input is %v: want images at least as large", name, c.Window, c.Window, in)
	}
	squares, half, err := stack.Pool{Pooling: compute.MaxPool, Window: c.Stride}.Build(b, name, in)
	if err != nil {
		return nil, in, err
	}
	windows, out, err := stack.Pool{Pooling: compute.MaxPool, Window: c.Window / c.Stride, Stride: 1}.Build(b, name, half)
	out.Channels /= c.Sizes
	return &c1{squares, windows, c.Sizes, out}, out, err
}

// Forward returns the maxima.
func (l *c1) Forward(p *stack.Pass, x *compute.Tensor) *compute.Tensor {
	y := p.Tensor(l.out.Image(p.Examples)...)
	each := p.View(l.windows.Forward(p, l.squares.Forward(p, x)), 0, y.Len(), l.sizes)
	p.Do(compute.Reduce{Out: y, In: []*compute.Tensor{each}, Fold: compute.FoldMax, Along: compute.AlongCols, Alpha: 1})
	return y
}

// Backward sends nothing down, since nothing below learns.
func (*c1) Backward(*stack.Pass, *compute.Tensor) *compute.Tensor { return nil }
