package stack

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// A System trains a network on labelled batches: forward pass, loss, backward pass by the Rule, optimiser.
type System struct {
	Net        Architecture
	Rule       Rule
	Loss       nets.Loss // nil: nets.DefaultLoss
	Optimiser  nets.Optimiser
	BiasRate   float32 // multiplies the gradients of biases; 0: 1
	OutputRate float64 // multiplies the learning rate of the output layer; 0: 1

	// Stale is how many steps pass before what a block puts out reaches the next, as in a pipeline of machines; 0: none. A block
	// is a layer of the outermost [Stack] with weights, and the layers without weights that follow it. Counted from 0, block b
	// of B+1, of which the output layer is the last, learns at step t as follows.
	//
	// Under a [Local] rule, from what block b−1 put out at step t − Stale: from the batch of step t − b·Stale, with its labels.
	// So with a constant rate its weights at step t are those of the ordinary run at step t − b·Stale, to the bit.
	//
	// Under [Backprop], by the gradient that the whole network had at step t − d, of that step's batch, d = 2·(B−b)·Stale: the
	// way up from the block, and down again. It is the pipeline with stashed weights of Harlap et al. 2018, "PipeDream", if a
	// block counts its steps from the first batch that it sees; see also Zinkevich, Smola and Langford 2009, "Slow Learners are
	// Fast".
	//
	// Until then a block does not learn. Answers and losses of training are of the step's own batch, by the weights of the step;
	// under a Local rule in evaluation mode. Evaluation is as without Stale. Optimisers go block by block, and so does
	// [nets.Clipped]. Under a Local rule no batch may have masked examples, or fewer than the others.
	//
	// Memory: of each learner, Stale batches at each boundary or, under Backprop, d gradients of each block. They are kept in
	// checkpoints.
	Stale int
	learner
}

// An Architecture returns the Spec of a network for examples of a shape and a number of outputs, see [Named] and [Always].
type Architecture func(in nets.Shape, outputs int) (Spec, error)

// Named returns the Architecture of a name, see [Networks].
func Named(name string) Architecture {
	return func(in nets.Shape, outputs int) (Spec, error) { return Parse(name, in, outputs) }
}

// Always returns the Architecture that is spec for examples of any shape.
func Always(spec Spec) Architecture {
	return func(nets.Shape, int) (Spec, error) { return spec, nil }
}

// A learner is a network with its loss and optimiser.
type learner struct {
	net      *Net
	loss     nets.Loss
	descent  *nets.Descent
	pipeline *pipeline // in place of descent, if blocks are steps apart; or nil
}

// Check reports missing parts and invalid settings of the rule.
func (s *System) Check() error {
	if s.Net == nil || s.Rule == nil || s.Optimiser == nil {
		return fmt.Errorf("nets: a network with Net %t, Rule %v and Optimiser %v, want all three", s.Net != nil, s.Rule, s.Optimiser)
	}
	switch {
	case s.Stale < 0:
		return fmt.Errorf("nets: stale %d, want a number of steps of at least 0", s.Stale)
	case s.Stale > 0:
		if err := Stales(s.Rule); err != nil {
			return fmt.Errorf("nets: %w", err)
		}
	}
	if c, ok := s.Rule.(nets.Checker); ok {
		return c.Check()
	}
	return nil
}

// Network returns the network, after Build.
func (s *System) Network() *Net { return s.net }

// Late returns how many steps pass before all blocks learn, see Stale, after Build.
func (s *System) Late() (steps uint64) {
	if s.pipeline != nil {
		for k := range s.pipeline.descents {
			steps = max(steps, s.pipeline.late(k))
		}
	}
	return steps
}

// Build builds the network, the loss and the optimiser state.
func (s *System) Build(store *nets.Store, spec nets.Spec) error {
	described, err := s.Net(spec.In, spec.Out)
	if err != nil {
		return err
	}
	if s.net, err = Build(store, described, spec.In, s.Rule); err != nil {
		return err
	}
	if s.net.Classes != spec.Out {
		return fmt.Errorf("nets: the network makes %s, and the task wants %d", count.Of(s.net.Classes, "number"), spec.Out)
	}
	s.net.BiasRate = s.BiasRate
	loss := s.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if err := s.buildLoss(store, spec, loss); err != nil {
		return err
	}
	if s.Stale > 0 {
		s.pipeline, err = s.net.pipe(store, spec, s.net.optimiser(s.Optimiser, s.OutputRate), s.Stale)
		return err
	}
	s.descent = s.net.descend(store, s.Optimiser, s.OutputRate)
	return nil
}

// Divided reports a rule that cannot learn from a batch in parts, or blocks that are steps apart.
func (s *System) Divided() error {
	if s.Stale > 0 {
		return errors.New("stale: what is on its way between blocks is whole batches")
	}
	if r, ok := s.Rule.(Indivisible); ok && r.Indivisible() != "" {
		return errors.New(r.Indivisible())
	}
	return nil
}

// buildLoss builds the loss.
func (l *learner) buildLoss(store *nets.Store, spec nets.Spec, loss nets.Loss) (err error) {
	if l.net.local != nil && loss.Targets() {
		return fmt.Errorf("nets: a local rule learns from classes, and the loss is one of targets")
	}
	l.loss, err = nets.BuildLoss(store, spec, loss)
	l.net.loss = l.loss
	return err
}

// optimiser is o with another learning rate for the output layer, and none for layers that the rule does not train.
func (n *Net) optimiser(o nets.Optimiser, outputRate float64) nets.Optimiser {
	blocks, output := true, true
	if n.local != nil {
		blocks, output = n.local.rule.Learns()
	}
	if outputRate == 0 {
		outputRate = 1
	}
	if blocks && output && outputRate == 1 {
		return o
	}
	rates := layerRates{Optimiser: o, last: n.Weights[len(n.Weights)-1].Name, output: outputRate, below: 1}
	if !output {
		rates.output = 0
	}
	if !blocks {
		rates.below = 0
	}
	return rates
}

// A layerRates is an optimiser with a learning rate for the output layer and another for the layers below.
type layerRates struct {
	nets.Optimiser
	last          string
	output, below float64
}

// Unwrap returns the wrapped optimiser.
func (o layerRates) Unwrap() nets.Optimiser { return o.Optimiser }

// Scale returns the multiplier of the learning rate of a tensor.
func (o layerRates) Scale(name string) float64 {
	if name == o.last+".weight" || name == o.last+".bias" {
		return o.output
	}
	return o.below
}

// Start sets the initial feedback weights, by the rule.
func (l *learner) Start(p *nets.Pass) { l.net.Start(p) }

// pass begins a pass for a moment.
func (l *learner) pass(np *nets.Pass, m nets.Moment) *Pass {
	p := l.net.NewPass(np, m.Examples())
	p.Moment = m
	return p
}

// Step returns the predictions for a batch and, if p.Learning, learns from it.
func (l *learner) Step(np *nets.Pass, m nets.Moment) *compute.Tensor {
	p, n := l.pass(np, m), l.net
	p.Training = p.Learning
	if p.Learning {
		if err := l.checkBatch(p.Examples); err != nil {
			p.Fail(err)
			return m.X
		}
		if l.pipeline != nil && n.local != nil {
			return l.stepLocal(p)
		}
	}
	y := n.Forward(p, m.X)
	if m.Want != nil {
		v := l.loss.Judge(np, m, y, p.Learning)
		np.CountOf(m, "loss", v.Loss)
		if p.Learning {
			l.learn(p, v)
		}
	}
	return n.answer(p, y)
}

// learn makes the backward pass and updates the weights.
func (l *learner) learn(p *Pass, v nets.Verdict) {
	l.net.Backward(p, v.Delta)
	if v.After != nil {
		v.After()
	}
	if i, ok := l.loss.(nets.Invariant); ok && i.Invariant() { // its gradient is rounding errors, which Adam would scale up
		if last := l.net.Weights[len(l.net.Weights)-1]; last.BiasGrad != nil {
			p.Clear(last.BiasGrad)
		}
	}
	l.net.Rule.Learn(p)
	switch {
	case p.Hold:
	case l.pipeline != nil:
		l.pipeline.update(p)
	default:
		l.descent.Update(p.Pass)
	}
}

// checkBatch reports a batch that is too small to learn from.
func (l *learner) checkBatch(n int) error {
	if local := l.net.local; local != nil && n < local.rule.Least() {
		return nets.FewError{Examples: n, Least: local.rule.Least(), By: "rule"}
	}
	if few := l.net.few; n < 2 && len(few) > 0 && l.net.blocksLearn() {
		return nets.FewError{Examples: n, Least: 2, By: "network, with batch normalisation at " + few[0] + ","}
	}
	if n < l.loss.Least() {
		return nets.FewError{Examples: n, Least: l.loss.Least(), By: "loss"}
	}
	return nil
}

// blocksLearn reports whether layers below the output learn; those that do not are in evaluation mode.
func (n *Net) blocksLearn() bool {
	if n.local == nil {
		return true
	}
	blocks, _ := n.local.rule.Learns()
	return blocks
}

// Settle calls the rule's Settle, if it is a [Settler].
func (l *learner) Settle(p *nets.Pass) error {
	if r, ok := l.net.Rule.(Settler); ok {
		return r.Settle(l.net.NewPass(p, 0))
	}
	return nil
}

// Explain describes a fault, by the rule or the loss.
func (l *learner) Explain(name string, code float32) error {
	for _, x := range []any{l.net.Rule, l.loss} {
		if e, ok := x.(nets.Explainer); ok {
			if err := e.Explain(name, code); err != nil {
				return err
			}
		}
	}
	return nil
}

// Diagnose finds the first layer whose output has NaN or Inf.
func (l *learner) Diagnose(np *nets.Pass, m nets.Moment) func() error {
	ws := l.net.Weights
	sums := make([]float32, len(ws))
	p := l.pass(np, m)
	p.Training = true
	l.net.Forward(p, m.X)
	all := p.Tensor(len(ws))
	for i, w := range ws {
		p.Do(compute.Reduce{Out: p.View(all, i, 1), In: []*compute.Tensor{w.Y}, F: absolute, Along: compute.AlongAll, Alpha: 1})
	}
	p.Read(all, sums)
	return func() error {
		for i, w := range ws {
			if x := sums[i]; x-x != 0 {
				return fmt.Errorf("%w: the output of layer %s is not finite at step %d", nets.ErrDiverged, w.Name, np.Number)
			}
		}
		return nil
	}
}

// absolute is |x|, scaled so that a sum of finite numbers does not overflow.
var absolute = compute.Formula("small*abs(x)", "x").With("small", 0x1p-40)
