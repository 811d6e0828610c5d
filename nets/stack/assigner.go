package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// An Assigner is a [Rule] that computes the updates of all layers together, in place of the backward pass: by targets,
// by relaxation, by synthetic gradients. Only comparisons with backprop use its Send: it embeds [Backprop].
type Assigner interface {
	BuiltRule

	// Assign sets the gradients of all layers by [Weights.Descend], after the forward pass of p.Moment. delta is the gradient
	// of the loss by the logits. In a quiet pass it changes nothing but scratch. It may set p.Hold.
	Assign(p *Pass, delta *compute.Tensor)
}

// An Optimised is a [Rule] that updates its own weights separately from the network's. Optimise gives them a
// [nets.Descent], and the rule calls it; the network's Descent then leaves them alone.
type Optimised interface {
	Rule
	Optimise(s *nets.Store, n *Net, o nets.Optimiser)
}

// descend returns the Descent of the network's weights.
func (n *Net) descend(s *nets.Store, o nets.Optimiser, outputRate float64) *nets.Descent {
	if r, ok := n.Rule.(Optimised); ok {
		r.Optimise(s, n, o)
	}
	return s.Descent(n.optimiser(o, outputRate))
}

// Sequence returns the layers with weights, each with its activation function, if the network is a sequence of fully
// connected layers and convolutions. If not, it returns an error that names the first other layer.
func (n *Net) Sequence() ([]*Weights, error) { return n.sequence(none) }

// sequence is Sequence, but allows some other layers.
func (n *Net) sequence(others func(Layer) bool) ([]*Weights, error) {
	all, ok := n.root.(stack)
	if !ok {
		return nil, fmt.Errorf("nets: the network is no chain of layers")
	}
	for _, l := range all {
		switch layer := l.Layer.(type) {
		case *flatten, *Weights:
		default:
			if !others(layer) {
				return nil, fmt.Errorf("nets: layer %s is %s, want fully connected layers and convolutions alone", l.name, called(layer))
			}
		}
	}
	return n.Weights, nil
}

// Chain is Sequence without convolutions.
func (n *Net) Chain() ([]*Weights, error) { return n.chain(none) }

// chain is Chain, but allows some other layers.
func (n *Net) chain(others func(Layer) bool) ([]*Weights, error) {
	all, err := n.sequence(others)
	for _, w := range all {
		if w.Conv() {
			return nil, fmt.Errorf("nets: layer %s is a convolution, want fully connected layers alone", w.Name)
		}
	}
	return all, err
}

func none(Layer) bool { return false }

// A Link is a fully connected layer of a chain, with its units.
type Link struct {
	*Weights
	Unit
}

// Links returns the layers of a chain of fully connected layers, each with the units that it feeds: its activation
// function, or a layer of units above it. It reports the first other layer. From then on the forward pass keeps the
// pre-activations.
func (n *Net) Links() (links []Link, err error) {
	if _, err := n.chain(func(l Layer) bool { _, ok := l.(Unit); return ok }); err != nil {
		return nil, err
	}
	for _, l := range n.root.(stack) {
		switch layer := l.Layer.(type) {
		case *Weights:
			if layer.unit == nil {
				layer.unit = &activation{act: layer.Act}
			}
			links = append(links, Link{layer, layer.unit})
		case Unit:
			last := len(links) - 1
			if last < 0 || links[last].Unit != Unit(links[last].unit) || links[last].Act != compute.Identity {
				return nil, fmt.Errorf("nets: layer %s stands after %s, want units of their own for a fully connected layer without an activation function", l.name, before(links))
			}
			links[last].Unit = layer
		}
	}
	return links, nil
}

// before describes the last of the links, for messages.
func before(links []Link) string {
	if len(links) == 0 {
		return "no weights"
	}
	return "the units of " + links[len(links)-1].Name
}

// LossGradient returns the gradient of the batch's mean loss by logits, of the network or others.
func (p *Pass) LossGradient(logits *compute.Tensor) *compute.Tensor {
	return p.Net.loss.Judge(p.Pass, p.Moment, p.AsRows(logits, p.Examples, p.Net.Classes), true).Delta
}

// Descend sets the gradients of the layer from a delta at its pre-activation and an input x, each with a row for every
// example. The weights' gradient is delta⊗x and the bias's is delta, summed over the examples. In a quiet pass it only
// remembers both.
func (w *Weights) Descend(p *Pass, delta, x *compute.Tensor) {
	w.Delta, w.from = delta, x
	if p.Quiet {
		return
	}
	w.Outer(p, w.Grad, delta, x, 1, 1)
	if w.Bias == nil {
		return
	}
	units, rows := w.Shape[0], delta
	if p.Learners == 1 {
		rows = p.View(delta, 0, delta.Len()/units, units)
	}
	p.Do(compute.Reduce{Out: w.BiasGrad, In: []*compute.Tensor{rows}, Along: compute.AlongRows, Alpha: p.Net.biasRate()})
}

// called describes a layer in words.
func called(l Layer) string {
	switch l := l.(type) {
	case *Weights:
		if l.Conv() {
			return "a convolution"
		}
		return "fully connected"
	case *batchNorm:
		return "a batch normalisation"
	case *pool:
		return "a pooling"
	case *residual:
		return "a residual block"
	case *ensemble:
		return "an ensemble"
	case *dropout:
		return "a dropout"
	case *activation:
		return "an activation function"
	case stack:
		return "a stack of layers"
	}
	return fmt.Sprintf("a %T", l)
}
