package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hebb/compute"
	"hebb/nets/stack"
)

// A Convolution is one pass of a convolutional layer over n images: see [compute.Conv],
// [compute.ConvInput] and, of the weight gradient, [compute.Hebbian] with Patches.
type Convolution struct {
	Pass   string `json:"pass"` // one of Passes
	N      int    `json:"n"`
	H      int    `json:"h"`
	W      int    `json:"w"`
	C      int    `json:"c"` // channels
	K      int    `json:"k"` // units
	R      int    `json:"r"` // rows and columns of the window
	Stride int    `json:"stride"`
	Pad    int    `json:"pad"`
}

// Passes are the passes of a [Convolution]: Y = X ⋆ W, its adjoint towards X, and its adjoint
// towards W.
var Passes = []string{"forward", "input gradient", "weight gradient"}

func (c Convolution) Op() string {
	return map[string]string{"forward": "conv", "input gradient": "convinput", "weight gradient": "hebbian"}[c.Pass]
}

func (c Convolution) Kind() string {
	return fmt.Sprintf("%s %d×%d %s", c.Op(), c.R, c.R, c.Pass)
}

func (c Convolution) Sizes() map[string]int {
	return map[string]int{"n": c.N, "h": c.H, "w": c.W, "c": c.C, "k": c.K, "r": c.R, "stride": c.Stride, "pad": c.Pad}
}

func (c Convolution) slide() compute.Slide { return compute.Slide{Stride: c.Stride, Pad: c.Pad} }

// places are the rows and columns of the output.
func (c Convolution) places() (p, q int) {
	return c.slide().Places(c.H, c.R), c.slide().Places(c.W, c.R)
}

func (c Convolution) terms() int {
	switch p, q := c.places(); c.Pass {
	case "input gradient":
		return c.R * c.R * c.K
	case "weight gradient":
		return c.N * p * q
	}
	return c.R * c.R * c.C
}

// work is how many products one pass adds up, those of the border included.
func (c Convolution) work() int {
	p, q := c.places()
	return c.N * p * q * c.K * c.R * c.R * c.C
}

func (c Convolution) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	p, q := c.places()
	x, y, w := step.Tensor(c.N, c.H, c.W, c.C), step.Tensor(c.N, p, q, c.K), step.Tensor(c.K, c.R, c.R, c.C)
	e := compute.Epilogue{Alpha: 1}
	switch c.Pass {
	case "input gradient":
		return compute.ConvInput{X: x, Y: y, W: w, Slide: c.slide(), Epilogue: e}, []*compute.Tensor{y, w}
	case "weight gradient": // with the Rate and Decay of a layer: the plain sum, whatever W held, which is poison
		return compute.Hebbian{W: w, Y: y, X: x, Rate: float32(c.N * p * q), Decay: 1, Patches: c.slide()}, []*compute.Tensor{y, x, w}
	}
	return compute.Conv{Y: y, X: x, W: w, Slide: c.slide(), Epilogue: e}, []*compute.Tensor{x, w}
}

// A convolution is a convolutional layer of a network.
type convolution struct {
	name  string // network and layer
	quick bool
	first bool // nothing below learns
	Convolution
}

// layers are the convolutions of resnet18 and resnet50 for images of 32×32 and of 224×224, in all
// three passes. Of those of one geometry the first stands for all.
func (o Options) layers() []Case {
	n := 16
	switch {
	case o.Batch > 0:
		n = o.Batch
	case o.software:
		n = 4
	case o.gpu:
		n = 64
	}
	// Two that differ most: many places and few channels, and few places, many channels and a stride.
	quick := []string{"layer1.0.conv1", "layer4.0.conv1"}
	var cases []Case
	for _, side := range []int{32, 224} {
		seen := map[Convolution]bool{}
		var found []convolution
		for _, net := range []string{"resnet18", "resnet50"} {
			in := stack.Shape{Height: side, Width: side, Channels: 3}
			for _, l := range convolutionsOf(net, in) {
				if l.N = n; !seen[l.Convolution] {
					l.quick = side == 32 && net == "resnet18" && slices.Contains(quick, l.name)
					l.name = net + " " + l.name
					seen[l.Convolution], found = true, append(found, l)
				}
			}
		}
		slices.SortStableFunc(found, func(a, b convolution) int { return cmp.Compare(a.work(), b.work()) })
		for _, l := range found {
			cases = append(cases, l.cases()...)
		}
	}
	return cases
}

// cases are the passes of l.
func (l convolution) cases() (cases []Case) {
	stride := ""
	if l.Stride > 1 {
		stride = fmt.Sprint("/", l.Stride)
	}
	for _, pass := range Passes {
		if l.first && pass == "input gradient" {
			continue // nobody asks for the gradient of the image
		}
		c := l.Convolution
		c.Pass = pass
		name := fmt.Sprintf("%s %d×%d%s %d×%d×%d×%d→%d %s", l.name, l.R, l.R, stride, l.N, l.H, l.W, l.C, l.K, pass)
		cases = append(cases, Case{"layers", name, l.quick, c})
	}
	return cases
}

// convolutionsOf lists the convolutions of a network that nets knows by name, the first one first.
func convolutionsOf(net string, in stack.Shape) []convolution {
	spec, err := stack.Parse(net, in, 1000)
	if err != nil {
		panic(err) // the names are our own
	}
	found, _ := walk(spec, "", in)
	found[0].first = true
	return found
}

// walk returns the convolutions of the layer called name, and the shape that comes out of it.
func walk(spec stack.Spec, name string, in stack.Shape) (found []convolution, out stack.Shape) {
	switch s := spec.(type) {
	case stack.Stack:
		out = in
		for i, part := range s {
			var more []convolution
			more, out = walk(part, strings.TrimPrefix(name+"."+label(part, i), "."), out)
			found = append(found, more...)
		}
		return found, out
	case stack.Residual:
		main, out := walk(s.Main, name, in)
		side, _ := walk(s.Skip, name+".downsample", in)
		return append(main, side...), out
	case stack.Conv:
		c := Convolution{H: in.Height, W: in.Width, C: in.Channels, K: s.Units, R: s.Window, Stride: max(s.Stride, 1), Pad: s.Pad}
		p, q := c.places()
		return []convolution{{name: name, Convolution: c}}, stack.Shape{Height: p, Width: q, Channels: s.Units}
	case stack.Pool:
		if s.Window == 0 {
			return nil, stack.Shape{Height: 1, Width: 1, Channels: in.Channels}
		}
		slide := compute.Slide{Stride: cmp.Or(s.Stride, s.Window), Pad: s.Pad}
		return nil, stack.Shape{Height: slide.Places(in.Height, s.Window), Width: slide.Places(in.Width, s.Window), Channels: in.Channels}
	}
	return nil, in // neither convolves nor changes the shape of images
}

// label is what a part of a stack is called: its name, or else its number.
func label(part stack.Spec, number int) string {
	name := ""
	switch s := part.(type) {
	case stack.Residual:
		name = s.Name
	case stack.Conv:
		name = s.Name
	}
	return cmp.Or(name, strconv.Itoa(number))
}
