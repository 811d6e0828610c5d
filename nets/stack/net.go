package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// A Net is a network on a device, with its parameters in a [nets.Store].
type Net struct {
	Input   nets.Shape
	Classes int // or outputs, for targets
	Rule    Rule
	// BiasRate multiplies the gradients of the biases of Weights; 0: 1.
	BiasRate float32
	Weights  []*Weights // in the order of the forward pass

	store     *nets.Store
	root      Layer
	outer     stack    // the layers of the outermost Stack; nil if there is none
	local     *blocks  // of a Local rule; or nil
	blocks    []*Block // those with an objective
	loss      nets.Loss
	lossStore *nets.Store // tensors of the loss of a [Trainer]
	layers    []NamedLayer
	few       []string        // see [Builder]
	watch     string          // the layer whose output is kept
	watched   *compute.Tensor // its output in the pass under way
	see       func(*Pass, NamedLayer, *compute.Tensor)
}

// New builds a network for examples of a shape on dev, for programs with a training loop of their own. The seed and the names
// of the parameters determine the initial values.
func New(dev *compute.Device, spec Spec, input nets.Shape, rule Rule, seed uint64) (n *Net, err error) {
	_, err = nets.Open(dev, 1, seed, func(s *nets.Store) error {
		n, err = Build(s, spec, input, rule)
		return err
	})
	if err != nil {
		return nil, err
	}
	return n, dev.Step(func(st *compute.Step) error {
		p := n.store.Pass(st)
		p.Number = nets.StartNumber
		n.Start(p)
		return nil
	})
}

// Build builds a network for examples of a shape, with its parameters in s. [Net.Start] has to be called before training.
func Build(s *nets.Store, spec Spec, input nets.Shape, rule Rule) (*Net, error) {
	if input.Height < 1 || input.Width < 1 || input.Channels < 1 {
		return nil, fmt.Errorf("nets: examples of %d×%d×%d", input.Height, input.Width, input.Channels)
	}
	b := &Builder{Learners: s.Learners, names: map[string]bool{}}
	if local, ok := rule.(Local); ok {
		if _, ok := spec.(Stack); !ok {
			return nil, fmt.Errorf("nets: a network of a %T alone, and a local rule wants a Stack, whose layers it trains one by one", spec)
		}
		b.rule, b.blocks = local, &blocks{rule: local}
	}
	root, out, err := spec.Build(b, spec.Label(), input)
	switch {
	case err != nil:
		return nil, err
	case len(b.weights) == 0:
		return nil, fmt.Errorf("nets: a network without weights")
	case out.Height != 1 || out.Width != 1:
		return nil, fmt.Errorf("nets: the network ends in %v, want one number per class", out)
	}
	n := &Net{Input: input, Classes: out.Channels, Rule: rule, Weights: b.weights, store: s, root: root, layers: b.layers, few: b.few}
	n.outer, _ = root.(stack)
	b.weights[0].bottom = true
	b.weights[len(b.weights)-1].Last = true
	if local := b.blocks; local != nil {
		if err := local.finish(b, n); err != nil {
			return nil, err
		}
	}
	if r, ok := rule.(InTurn); ok && r.InTurn() != "" {
		b.SingleLearner("%s", r.InTurn())
	}
	if s.Learners > 1 && b.alone != nil {
		return nil, b.alone
	}
	if err := b.allocate(s); err != nil {
		return nil, err
	}
	if err := n.feedback(b); err != nil {
		return nil, err
	}
	if r, ok := rule.(BuiltRule); ok {
		return n, r.Build(s, n)
	}
	return n, nil
}

// feedback allocates the feedback weights of the rule.
func (n *Net) feedback(b *Builder) error {
	_, fixed := n.Rule.(FixedFeedback)
	for _, w := range n.Weights {
		shape := n.Rule.Feedback(n, w)
		if shape == nil || w.First {
			continue
		}
		name := w.Name + feedbackSuffix
		var t *compute.Tensor
		if fixed {
			t = n.store.Kept(name, nets.Zeros, shape...)
		} else {
			t = n.store.Weights(name, nets.Zeros, shape...)
			if err := setView(b.Learners, &w.GradB, n.store.Grad(t), shape); err != nil {
				return err
			}
		}
		n.store.Aside(t)
		if err := setView(b.Learners, &w.B, t, shape); err != nil {
			return err
		}
	}
	return nil
}

const feedbackSuffix = ".feedback"

// Start sets the initial feedback weights, by the rule.
func (n *Net) Start(p *nets.Pass) { n.Rule.Start(n.NewPass(p, 0)) }

func (n *Net) biasRate() float32 {
	if n.BiasRate == 0 {
		return 1
	}
	return n.BiasRate
}

// Device returns the device of the network.
func (n *Net) Device() *compute.Device { return n.store.Device() }

// Store returns the store of the network's tensors.
func (n *Net) Store() *nets.Store { return n.store }

// Blocks returns the blocks that have an objective, under a [Local] rule.
func (n *Net) Blocks() []*Block { return n.blocks }

// Tensors returns all parameters, running statistics and feedback weights.
func (n *Net) Tensors() []nets.Named { return n.store.Tensors() }

// Parameters returns the number of learned parameters of a learner, without those of the rule.
func (n *Net) Parameters() (count int) {
	for _, t := range n.Tensors() {
		if t.Role == nets.Weight && !t.Aside {
			count += t.Value.Len() / n.store.Learners
		}
	}
	return count
}

// Forward returns the logits for inputs x: examples × classes or, for several learners, learners × examples × classes.
func (n *Net) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	y := n.root.Forward(p, p.As(x, n.Input, p.Examples))
	return p.AsRows(y, p.Examples, n.Classes)
}

// Backward sends the delta at the logits down by the rule, and sets the gradients. An [Assigner] sets them by itself.
func (n *Net) Backward(p *Pass, delta *compute.Tensor) {
	p.Error = delta
	if a, ok := p.rule.(Assigner); ok {
		a.Assign(p, delta)
		return
	}
	n.root.Backward(p, delta)
}
