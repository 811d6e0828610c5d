package stack

import (
	"fmt"
	"strconv"

	"hebb/compute"
	"hebb/nets"
)

// A Spec describes a layer or a part of a network, as plain data, and builds it. [Stack], [Residual], [Dense] and so on are
// Specs; any type with these methods is a layer too.
type Spec interface {
	// Build makes the layer for inputs of a shape, and returns its output shape. It adds its parameters to b, under names that
	// begin with name.
	Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error)
	// Label returns the user's name for the layer, or "".
	Label() string
}

// A Layer is a layer on a device. It may keep activities from the forward pass for the backward pass of the same [Pass].
type Layer interface {
	// Forward returns the output for x, which it does not change.
	Forward(p *Pass, x *compute.Tensor) *compute.Tensor
	// Backward returns the delta at the input for the delta dy at the output, or nil where nothing below learns, and sets
	// the gradients of the layer's parameters. It does not change dy.
	Backward(p *Pass, dy *compute.Tensor) *compute.Tensor
}

// An AfterObjective is a [Layer] that comes after the output at which the objective of a [Block] is computed, as do all
// layers of the block that follow it: dropout, say.
type AfterObjective interface {
	Layer
	AfterObjective()
}

// A Stack is a sequence of layers. A layer without a name gets its index, from 0, as its name.
type Stack []Spec

func (Stack) Label() string { return "" }

type stack []placed

func (s Stack) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	var out stack
	local := b.blocks
	b.blocks = nil // blocks are layers of the outermost stack
	for i, spec := range s {
		if local != nil {
			b.started = false
		}
		before := len(b.weights)
		l, err := buildOne(b, name, spec, strconv.Itoa(i), in)
		if err != nil {
			return nil, in, err
		}
		if local != nil {
			local.add(l, b.weights[before:])
		}
		out, in = append(out, l), l.out
	}
	b.blocks = local
	return out, in, nil
}

// buildOne builds one layer of a stack called prefix.
func buildOne(b *Builder, prefix string, spec Spec, number string, in nets.Shape) (l placed, err error) {
	if spec == nil {
		return l, fmt.Errorf("nets: layer %s is nil", join(prefix, number))
	}
	name := spec.Label()
	if name == "" {
		name = number
	}
	l.name = join(prefix, name)
	if l.Layer, l.out, err = spec.Build(b, l.name, in); err == nil {
		b.layers = append(b.layers, NamedLayer{l.name, l.out})
	}
	return l, err
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// A Group is a Stack with a name that counts as one layer. Under a [Local] rule all of it is one block, the layers before its
// weights too, such as a normalisation.
type Group struct {
	Name   string
	Layers Stack
}

func (g Group) Label() string { return g.Name }

func (g Group) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	return g.Layers.Build(b, name, in)
}

func (s stack) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	for _, l := range s {
		x = l.Forward(p, x)
	}
	return x
}

func (s stack) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	for i := len(s) - 1; i >= 0; i-- {
		if dy == nil {
			return nil
		}
		dy = s[i].Backward(p, dy)
	}
	return dy
}
