package bench

import (
	"cmp"
	"fmt"
	"slices"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// A convolution is a convolutional layer over n images of h×w×c, with k units and windows of r×r.
type convolution struct{ n, h, w, c, k, r, stride, pad int }

// The passes of a layer: Y = X ⋆ W ([compute.Conv]), its adjoint towards X ([compute.ConvInput]), and its adjoint towards
// W, a [compute.Hebbian] with Patches.
const (
	forward        = "forward"
	inputGradient  = "input gradient"
	weightGradient = "weight gradient"
)

var passes = []string{forward, inputGradient, weightGradient}

func (c convolution) slide() compute.Slide { return compute.Slide{Stride: c.stride, Pad: c.pad} }

// places are the rows and columns of the output.
func (c convolution) places() (p, q int) {
	return c.slide().Places(c.h, c.r), c.slide().Places(c.w, c.r)
}

// products is how many products one pass adds up, including products with the border.
func (c convolution) products() int {
	p, q := c.places()
	return c.n * p * q * c.k * c.r * c.r * c.c
}

// builder makes the op of a pass.
func (c convolution) builder(pass string) func(*compute.Step) compute.Op {
	return func(s *compute.Step) compute.Op {
		p, q := c.places()
		x, y, w := s.Tensor(c.n, c.h, c.w, c.c), s.Tensor(c.n, p, q, c.k), s.Tensor(c.k, c.r, c.r, c.c)
		e := compute.Epilogue{Alpha: 1}
		switch pass {
		case inputGradient:
			return compute.ConvInput{X: x, Y: y, W: w, Slide: c.slide(), Epilogue: e}
		case weightGradient: // with the Rate and Decay of a layer: the plain sum, whatever W held
			return compute.Hebbian{W: w, Y: y, X: x, Rate: float32(c.n * p * q), Decay: 1, Patches: c.slide()}
		}
		return compute.Conv{Y: y, X: x, W: w, Slide: c.slide(), Epilogue: e}
	}
}

// name is the geometry and the pass: "3×3/2 16×32×32×64→128 forward".
func (c convolution) name(pass string) string {
	stride := ""
	if c.stride > 1 {
		stride = fmt.Sprint("/", c.stride)
	}
	return fmt.Sprintf("%d×%d%s %d×%d×%d×%d→%d %s", c.r, c.r, stride, c.n, c.h, c.w, c.c, c.k, pass)
}

// A layer is a convolutional layer of a network.
type layer struct {
	name  string // of the network and of the layer in it
	quick bool
	first bool // nothing below learns
	convolution
}

// layers are the convolutions of resnet18 and resnet50 for images of 32×32 and of 224×224, in all
// three passes. Of those of one geometry the first stands for all.
func (o Options) layers() []Case {
	n := o.images(map[bool]int{false: 16, true: 64}[o.gpu], 4)
	// Two that differ most: many places and few channels, and few places, many channels and a stride.
	quick := []string{"layer1.0.conv1", "layer4.0.conv1"}
	var cases []Case
	for _, side := range []int{32, 224} {
		seen := map[convolution]bool{}
		var found []layer
		for _, net := range []string{"resnet18", "resnet50"} {
			in := nets.Shape{Height: side, Width: side, Channels: 3}
			for _, l := range convolutionsOf(net, in) {
				if l.n = n; !seen[l.convolution] {
					l.quick = side == 32 && net == "resnet18" && slices.Contains(quick, l.name)
					l.name = net + " " + l.name
					seen[l.convolution], found = true, append(found, l)
				}
			}
		}
		slices.SortStableFunc(found, func(a, b layer) int { return cmp.Compare(a.products(), b.products()) })
		for _, l := range found {
			cases = append(cases, l.cases()...)
		}
	}
	return cases
}

// cases are the passes of l.
func (l layer) cases() (cases []Case) {
	for _, pass := range passes {
		if l.first && pass == inputGradient {
			continue // nobody asks for the gradient of the image
		}
		cases = append(cases, Case{Name: l.name + " " + l.convolution.name(pass), Quick: l.quick, Build: l.builder(pass)})
	}
	return cases
}

// convolutionsOf lists the convolutions of a network that nets knows by name, the first one first.
func convolutionsOf(name string, in nets.Shape) (found []layer) {
	spec, err := stack.Parse(name, in, 1000)
	if err != nil {
		panic(err) // the names are our own
	}
	net, err := stack.New(compute.New(&compute.Stage{}), spec, in, stack.Backprop{}, 1)
	if err != nil {
		panic(err)
	}
	for i, w := range net.Weights {
		if w.Conv() {
			c := convolution{h: w.In.Height, w: w.In.Width, c: w.In.Channels, k: w.Shape[0], r: w.Shape[1], stride: w.Slide.Stride, pad: w.Slide.Pad}
			found = append(found, layer{name: w.Name, first: i == 0, convolution: c})
		}
	}
	return found
}
