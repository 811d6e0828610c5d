package stack

import (
	"fmt"
	"strconv"

	"hebb/compute"
)

// A Spec describes a layer before there is one: plain data, from which [New] makes a network on a
// device. [Stack], [Residual] and the layers of this package are all there is.
type Spec interface {
	// build makes the layer for inputs of this shape, and its parameters by way of b.
	build(b *builder, name string, in Shape) (layer, Shape, error)
	// label is the name that the user gave it, or "".
	label() string
}

// A layer is a struct of tensors. What it keeps of a forward pass is for the backward pass of the same
// [Pass].
type layer interface {
	// forward returns the output for x. Neither changes x.
	forward(p *Pass, x *compute.Tensor) *compute.Tensor
	// backward takes the delta at the output to one at the input, or to nil where nothing below
	// learns, and leaves the gradients of the layer's parameters. It does not change dy.
	backward(p *Pass, dy *compute.Tensor) *compute.Tensor
}

// A Stack is layers, one after the other. A layer without a name is called by its number, from 0.
type Stack []Spec

func (Stack) label() string { return "" }

type stack []layer

func (s Stack) build(b *builder, name string, in Shape) (layer, Shape, error) {
	var out stack
	local := b.blocks
	b.blocks = nil // those of the outermost stack
	for i, spec := range s {
		if local != nil {
			b.started = false
		}
		before := len(b.weights)
		l, shape, err := buildOne(b, name, spec, strconv.Itoa(i), in)
		if err != nil {
			return nil, in, err
		}
		if local != nil {
			local.take(l, shape, b.first(before))
		}
		out, in = append(out, l), shape
	}
	b.blocks = local
	return out, in, nil
}

// buildOne builds a part of the layer called prefix.
func buildOne(b *builder, prefix string, spec Spec, number string, in Shape) (layer, Shape, error) {
	if spec == nil {
		return nil, in, fmt.Errorf("nets: layer %s is nil", join(prefix, number))
	}
	name := spec.label()
	if name == "" {
		name = number
	}
	name = join(prefix, name)
	l, out, err := spec.build(b, name, in)
	if err != nil {
		return nil, in, err
	}
	return l, out, nil
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

func (s stack) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	for _, l := range s {
		x = l.forward(p, x)
	}
	return x
}

func (s stack) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	for i := len(s) - 1; i >= 0; i-- {
		if dy == nil {
			return nil
		}
		dy = s[i].backward(p, dy)
	}
	return dy
}
