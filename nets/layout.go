package nets

import "slices"

// A Layout is the memory order of a tensor in PyTorch, where it differs from the order here: images are channels-first in
// PyTorch and channels-last here. The zero Layout is the same order in both.
type Layout struct{ outer, a, b int } // outer × a × b here, outer × b × a there

// ChannelsLast is the Layout of convolution weights: units × height × width × channels here, units × channels × height ×
// width in PyTorch.
var ChannelsLast = Layout{outer: -1}

// Flattened is the Layout of the weights of a dense layer whose input is an image of a shape.
func Flattened(in Shape) Layout { return Layout{a: in.Height * in.Width, b: in.Channels} }

// of is the layout for a tensor of a shape.
func (l Layout) of(shape []int) Layout {
	switch {
	case l.outer < 0:
		return Layout{shape[0], shape[1] * shape[2], shape[3]}
	case l.a > 0:
		return Layout{shape[0], l.a, l.b}
	}
	return Layout{1, 1, length(shape)}
}

// exchange is y[o, j, i] = x[o, i, j].
func exchange(x []float32, outer, a, b int) []float32 {
	if a == 1 || b == 1 {
		return x
	}
	y := make([]float32, len(x))
	for o := range outer {
		at := o * a * b
		for i := range a {
			for j := range b {
				y[at+j*a+i] = x[at+i*b+j]
			}
		}
	}
	return y
}

// TorchShape returns the shape that one learner's tensor has in PyTorch.
func (n Named) TorchShape() []int {
	if s := n.Shape; n.Layout.outer < 0 {
		return []int{s[0], s[3], s[1], s[2]}
	}
	return n.Shape
}

// ToTorch reorders values of the tensor, as read from the device, into PyTorch's memory order, learner by learner.
func (n Named) ToTorch(x []float32) []float32 {
	l := n.Layout.of(n.Shape)
	return n.eachLearner(x, func(x []float32) []float32 { return exchange(x, l.outer, l.a, l.b) })
}

// FromTorch reorders values from PyTorch's memory order, the inverse of ToTorch.
func (n Named) FromTorch(x []float32) []float32 {
	l := n.Layout.of(n.Shape)
	return n.eachLearner(x, func(x []float32) []float32 { return exchange(x, l.outer, l.b, l.a) })
}

func (n Named) eachLearner(x []float32, f func([]float32) []float32) (y []float32) {
	each := length(n.Shape)
	if len(x) == each {
		return f(x)
	}
	for part := range slices.Chunk(x, each) {
		y = append(y, f(part)...)
	}
	return y
}
