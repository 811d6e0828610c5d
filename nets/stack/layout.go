package stack

// A layout is how a parameter lies in PyTorch's memory, where that is not how it lies here: images are
// channels-first there and channels-last here.
type layout struct{ outer, a, b int } // outer × a × b here, outer × b × a there; zero: the same

// channelsLast marks the weights of a convolution: units × height × width × channels here.
var channelsLast = layout{outer: -1}

// flattened is that of dense weights on images of a shape.
func flattened(in Shape) layout { return layout{a: in.Height * in.Width, b: in.Channels} }

// of is the layout for a tensor of a shape.
func (l layout) of(shape []int) layout {
	switch {
	case l.outer < 0:
		return layout{shape[0], shape[1] * shape[2], shape[3]}
	case l.a > 0:
		return layout{shape[0], l.a, l.b}
	}
	return layout{1, 1, length(shape)}
}

// torchShape is the shape that PyTorch gives it.
func (l layout) torchShape(shape []int) []int {
	if l.outer < 0 {
		return []int{shape[0], shape[3], shape[1], shape[2]}
	}
	return shape
}

// toTorch and fromTorch exchange the two inner dimensions.
func (l layout) toTorch(x []float32) []float32   { return exchange(x, l.outer, l.a, l.b) }
func (l layout) fromTorch(x []float32) []float32 { return exchange(x, l.outer, l.b, l.a) }

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

// TorchShape is the shape of the tensor as PyTorch keeps it.
func (n Named) TorchShape() []int { return n.layout.torchShape(n.Value.Shape()) }

// ToTorch returns values of the tensor, as read from the device, in the order in which PyTorch keeps them.
func (n Named) ToTorch(x []float32) []float32 { return n.layout.of(n.Value.Shape()).toTorch(x) }

// FromTorch is the inverse of ToTorch.
func (n Named) FromTorch(x []float32) []float32 { return n.layout.of(n.Value.Shape()).fromTorch(x) }

// Aside reports whether the tensor belongs to the rule, feedback weights for one: PyTorch knows nothing of it.
func (n Named) Aside() bool { return n.aside }
