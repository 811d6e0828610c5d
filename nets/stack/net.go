package stack

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// A Net is a network on a device: its layers, and all their parameters in one tensor, so that an optimiser is
// one op for all of them.
type Net struct {
	Input   Shape
	Classes int
	Seed    uint64
	Rule    Rule
	// BiasRate, unless 0, is what the gradients of the biases of Weights are multiplied by.
	BiasRate float32
	// OutputRate, unless 0, is what the rate of the output layer is multiplied by.
	OutputRate float32
	Weights    []*Weights // in the order of the forward pass

	Params, Grads           *compute.Tensor // all that is learned by gradients
	Feedback, FeedbackGrads *compute.Tensor // all feedback weights, and their gradients; nil where the rule has none
	States                  *compute.Tensor // running statistics; or nil

	dev     *compute.Device
	root    layer
	named   []Named
	classes *compute.Tensor // 0, 1, …
	offset  *offset         // that the loss leaves open; or nil
	local   *blocks         // of a Local rule; or nil
	blocks  []*Block        // those with an objective
	spans   []span          // of Params
}

// A Named tensor of a network: a parameter, under the name that PyTorch gives it.
type Named struct {
	Name  string
	Value *compute.Tensor
	Grad  *compute.Tensor // nil: learned by no gradient
	layout
	aside bool
}

// New builds a network for examples of a shape on dev. Seed and the names of the parameters decide what
// they start as. The network lives as long as the device.
func New(dev *compute.Device, spec Spec, input Shape, rule Rule, seed uint64) (*Net, error) {
	if input.Height < 1 || input.Width < 1 || input.Channels < 1 {
		return nil, fmt.Errorf("nets: examples of %d×%d×%d", input.Height, input.Width, input.Channels)
	}
	b := &builder{names: map[string]bool{}}
	if local, ok := rule.(Local); ok {
		if _, ok := spec.(Stack); !ok {
			return nil, fmt.Errorf("nets: a network of a %T alone, and a local rule wants a Stack, whose layers it trains one by one", spec)
		}
		b.rule, b.blocks = local, &blocks{rule: local}
	}
	root, out, err := spec.build(b, spec.label(), input)
	switch {
	case err != nil:
		return nil, err
	case len(b.weights) == 0:
		return nil, fmt.Errorf("nets: a network without weights")
	case out.Height != 1 || out.Width != 1:
		return nil, fmt.Errorf("nets: the network ends in %v, want one number per class", out)
	}
	n := &Net{Input: input, Classes: out.Channels, Seed: seed, Rule: rule, Weights: b.weights, dev: dev, root: root}
	b.weights[0].bottom = true
	b.weights[len(b.weights)-1].Last = true
	if local := b.blocks; local != nil {
		if err := local.finish(b, n); err != nil {
			return nil, err
		}
	}
	if err := n.allocate(b); err != nil {
		return nil, err
	}
	if err := n.number(); err != nil {
		return nil, err
	}
	return n, n.start()
}

// allocate makes the common tensors and gives every parameter its place.
func (n *Net) allocate(b *builder) (err error) {
	starts, total := b.lay(matrices, vectors, extras)
	if n.Params, n.Grads, err = n.pair(total); err != nil {
		return err
	}
	n.spans = b.spans(starts, total)
	for _, k := range []kind{states, constants} {
		_, size := b.lay(k)
		if size == 0 {
			continue
		}
		t, err := n.dev.Tensor(size)
		if err == nil {
			err = n.place(b.kinds[k], t, nil, 0)
		}
		if err != nil {
			return err
		}
		if k == states {
			n.States = t
		}
	}
	for k, at := range starts {
		if err := n.place(b.kinds[k], n.Params, n.Grads, at); err != nil {
			return err
		}
	}
	return n.feedback()
}

// number makes the numbers of the classes.
func (n *Net) number() (err error) {
	if n.classes, err = n.dev.Tensor(n.Classes); err != nil {
		return err
	}
	numbers := make([]float32, n.Classes)
	for i := range numbers {
		numbers[i] = float32(i)
	}
	return n.dev.Step(func(s *compute.Step) error {
		s.Write(n.classes, numbers)
		return nil
	})
}

// pair is two tensors of n zeros.
func (n *Net) pair(size int) (a, b *compute.Tensor, err error) {
	if a, err = n.zeros(size); err == nil {
		b, err = n.zeros(size)
	}
	return a, b, err
}

var zero = compute.Pointwise(compute.Const(0))

func (n *Net) zeros(size int) (*compute.Tensor, error) {
	t, err := n.dev.Tensor(size)
	if err != nil {
		return nil, err
	}
	return t, n.dev.Step(func(s *compute.Step) error {
		s.Do(compute.Map{Out: t, F: zero})
		return nil
	})
}

// place gives parameters their views of the common tensors and writes what they start as.
func (n *Net) place(ps []*parameter, values, grads *compute.Tensor, at int) error {
	return n.dev.Step(func(s *compute.Step) error {
		for _, p := range ps {
			*p.value = s.View(values, at, p.shape...)
			named := Named{Name: p.name, Value: *p.value, layout: p.layout, aside: p.aside}
			if p.grad != nil {
				*p.grad = s.View(grads, at, p.shape...)
				named.Grad = *p.grad
			}
			if p.name != "" {
				n.named = append(n.named, named)
			}
			at += room(length(p.shape))
			if !n.dev.Staged() {
				s.Write(*p.value, p.first(n.Seed))
			}
		}
		return nil
	})
}

// feedback makes the feedback weights that the rule asks for.
func (n *Net) feedback() (err error) {
	shapes, total := make([][]int, len(n.Weights)), 0
	for i, w := range n.Weights {
		if shapes[i] = n.Rule.Feedback(n, w); shapes[i] != nil && !w.First {
			total += room(length(shapes[i]))
		}
	}
	if total == 0 {
		return nil
	}
	if n.Feedback, n.FeedbackGrads, err = n.pair(total); err != nil {
		return err
	}
	return n.dev.Step(func(s *compute.Step) error {
		at := 0
		for i, w := range n.Weights {
			if shapes[i] == nil || w.First {
				continue
			}
			w.B, w.GradB = s.View(n.Feedback, at, shapes[i]...), s.View(n.FeedbackGrads, at, shapes[i]...)
			at += room(length(shapes[i]))
			n.named = append(n.named, Named{Name: w.Name + feedbackSuffix, Value: w.B, Grad: w.GradB, aside: true})
		}
		return nil
	})
}

// start lets the rule prepare its feedback weights.
func (n *Net) start() error {
	return n.dev.Step(func(s *compute.Step) error {
		n.Rule.Start(&Pass{Step: s, Net: n, rule: n.Rule, Number: startNumber})
		return nil
	})
}

const feedbackSuffix = ".feedback"

// startNumber keeps what is drawn before training apart from what its steps draw.
const startNumber = 1<<47 - 1

func (n *Net) biasRate() float32 {
	if n.BiasRate == 0 {
		return 1
	}
	return n.BiasRate
}

// Device returns the device that the network is on.
func (n *Net) Device() *compute.Device { return n.dev }

// Tensors returns all parameters, states and feedback weights.
func (n *Net) Tensors() []Named {
	if n.offset == nil {
		return n.named
	}
	return append(slices.Clip(n.named), Named{Name: OffsetName, Value: n.offset.value})
}

// Parameters returns how many numbers are learned by gradients, those of the rule's own not counted.
func (n *Net) Parameters() (count int) {
	for _, t := range n.named {
		if t.Grad != nil && !t.Aside() {
			count += t.Value.Len()
		}
	}
	return count
}

// Forward returns the logits of x, examples × classes.
func (n *Net) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	y := n.root.forward(p, p.View(x, 0, n.Input.of(p.Examples)...))
	return p.View(y, 0, p.Examples, n.Classes)
}

// Backward takes the delta at the logits down, as the rule says, and leaves the gradients.
func (n *Net) Backward(p *Pass, delta *compute.Tensor) {
	p.Error = delta
	n.root.backward(p, delta)
}

// NewPass begins a pass of so many examples.
func (n *Net) NewPass(s *compute.Step, examples int) *Pass {
	return &Pass{Step: s, Net: n, Examples: examples, rule: n.Rule}
}
