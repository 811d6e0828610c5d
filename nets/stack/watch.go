package stack

import (
	"errors"
	"fmt"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// A NamedLayer is the full name of a layer of a network, "layer1.0.conv2", and the shape of its output for one example.
type NamedLayer struct {
	Name string
	Out  nets.Shape
}

// ErrLayer is wrapped by the error of a name that no layer of the network has.
var ErrLayer = errors.New("no such layer")

// Layers returns the layers of all stacks of the network, the inner ones of a residual block before the block itself.
func (n *Net) Layers() []NamedLayer { return n.layers }

// Watch keeps the output of a layer in every forward pass from now on, see [Net.Watched].
func (n *Net) Watch(layer string) error {
	var names []string
	for _, l := range n.layers {
		if names = append(names, l.Name); l.Name == layer {
			n.watch, n.watched = layer, nil
			return nil
		}
	}
	return fmt.Errorf("nets: layer %q: %w; want one of %s", layer, ErrLayer, strings.Join(names, ", "))
}

// Watched returns the output of the watched layer in the pass under way, with its activation; nil before. It holds, learner by
// learner, the examples one after the other, images as height × width × channels.
func (n *Net) Watched() *compute.Tensor { return n.watched }

// WatchAll calls see with each layer and its output, with its activation, in every forward pass from now on.
func (n *Net) WatchAll(see func(p *Pass, l NamedLayer, y *compute.Tensor)) { n.see = see }

// A placed layer is one of a stack, with its full name.
type placed struct {
	Layer
	name string
	out  nets.Shape
}

func (l placed) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	y := l.Layer.Forward(p, x)
	n := p.Net
	if n.watch == l.name && n.watch != "" {
		n.watched = y
	}
	if n.see != nil {
		n.see(p, NamedLayer{l.name, l.out}, y)
	}
	return y
}
