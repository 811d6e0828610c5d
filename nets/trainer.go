package nets

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
)

// ErrDiverged says that the loss, or what leads to it, is no longer a finite number.
var ErrDiverged = errors.New("training diverged")

// A Trainer changes a network by batches of examples. It is all on the device: a step waits for
// nothing, and allocates nothing once the first has been made.
type Trainer struct {
	Net       *Net
	Optimiser Optimiser
	Loss      Loss
	Noise     float32 // standard deviation of noise that is added to every gradient

	groups []Group
	meter  meter
	aside  meter  // of passes that do not count
	seen   int    // examples since the meter was read
	steps  uint64 // made so far
}

// A Score is the mean loss and the share of hits over so many examples.
type Score struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
	Examples int     `json:"examples"`
}

// NewTrainer prepares to train n.
func NewTrainer(n *Net, o Optimiser, l Loss) (*Trainer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	t := &Trainer{Net: n, Optimiser: o, Loss: l}
	for _, g := range []Group{{Value: n.Params, Grad: n.Grads}, {Value: n.Feedback, Grad: n.FeedbackGrads}} {
		if g.Value == nil {
			continue
		}
		if _, fixed := n.Rule.(FixedFeedback); fixed && g.Value == n.Feedback {
			continue
		}
		for range o.States() {
			s, err := n.zeros(g.Value.Len())
			if err != nil {
				return nil, err
			}
			g.State = append(g.State, s)
		}
		t.groups = append(t.groups, g)
	}
	var err error
	if t.meter, err = newMeter(n.dev, n.Classes); err != nil {
		return nil, err
	}
	t.aside, err = newMeter(n.dev, n.Classes)
	return t, err
}

// Steps returns how many steps have been made.
func (t *Trainer) Steps() uint64 { return t.steps }

// Step is one update by a batch of images, examples × height × width × channels, and their labels.
func (t *Trainer) Step(x, labels []float32, rate float64) error {
	err := t.pass(x, labels, func(p *Pass, in, classes *compute.Tensor) {
		p.Training = true
		delta := t.Loss.judge(p, t.meter, t.Net.Forward(p, in), classes, true)
		t.Net.Backward(p, delta)
		p.rule.Learn(p)
		if t.Noise > 0 {
			t.disturb(p)
		}
		for _, g := range t.groups {
			t.Optimiser.Update(p.Step, g, rate, t.steps+1)
		}
	})
	if err == nil {
		t.steps++
		t.seen += len(labels)
	}
	return err
}

// pass brings a batch to the device and lets f work on it.
func (t *Trainer) pass(x, labels []float32, f func(p *Pass, x, labels *compute.Tensor)) error {
	n := len(labels)
	if n == 0 || len(x) != n*t.Net.Input.Len() {
		return fmt.Errorf("nets: %d numbers for %d examples of %v", len(x), n, t.Net.Input)
	}
	for i, l := range labels {
		if !(0 <= l && l < float32(t.Net.Classes)) || l != float32(int(l)) {
			return fmt.Errorf("nets: the label of example %d is %g, want a whole number of [0, %d)", i, l, t.Net.Classes)
		}
	}
	return t.Net.dev.Step(func(s *compute.Step) error {
		p := t.Net.NewPass(s, n)
		p.Number = t.steps
		in, classes := s.Tensor(t.Net.Input.of(n)...), s.Tensor(n)
		s.Write(in, x)
		s.Write(classes, labels)
		f(p, in, classes)
		return nil
	})
}

var noisy = compute.Pointwise(compute.Add(compute.Old(), compute.Var(0)))

// disturb adds noise to all gradients, and to nothing between them: that is zeros, and stays.
func (t *Trainer) disturb(p *Pass) {
	for _, n := range t.Net.named {
		if n.Grad != nil {
			noise := p.Like(n.Grad)
			p.Random(noise, compute.Normal(0, t.Noise))
			p.Do(compute.Map{Out: n.Grad, In: []*compute.Tensor{noise}, F: noisy})
		}
	}
}

// Score returns the loss and the hits of all steps since the last call. It waits for the device.
func (t *Trainer) Score() (Score, error) {
	sums := make([]float32, 2)
	err := t.Net.dev.Step(func(s *compute.Step) error {
		s.Read(t.meter.sums, sums)
		s.Write(t.meter.sums, make([]float32, 2))
		return nil
	})
	score := Score{Examples: t.seen}
	if t.seen > 0 {
		score.Loss, score.Accuracy = float64(sums[0])/float64(t.seen), float64(sums[1])/float64(t.seen)
	}
	t.seen = 0
	if err == nil && !finite32(score.Loss) {
		err = fmt.Errorf("%w: the mean loss is %g after step %d", ErrDiverged, score.Loss, t.steps)
	}
	return score, err
}

// Evaluate returns the score on batches that next gives, until it gives none. What steps have been
// counted and not yet read is read, and lost, first.
func (t *Trainer) Evaluate(next func() (x, labels []float32, err error)) (Score, error) {
	if _, err := t.Score(); err != nil {
		return Score{}, err
	}
	for {
		x, labels, err := next()
		if err != nil {
			return Score{}, err
		}
		if len(labels) == 0 {
			return t.Score()
		}
		err = t.pass(x, labels, func(p *Pass, in, classes *compute.Tensor) {
			t.Loss.judge(p, t.meter, t.Net.Forward(p, in), classes, false)
		})
		if err != nil {
			return Score{}, err
		}
		t.seen += len(labels)
	}
}

// Try returns the score of one batch, without learning from it.
func (t *Trainer) Try(x, labels []float32) (Score, error) {
	shown := false
	return t.Evaluate(func() (_, _ []float32, err error) {
		if shown {
			return nil, nil, nil
		}
		shown = true
		return x, labels, nil
	})
}

// Sound reports whether all parameters are finite numbers, naming the first that has others.
func (t *Trainer) Sound() error {
	all := make([]float32, 1)
	sum := func(v *compute.Tensor) (float64, error) {
		err := t.Net.dev.Step(func(s *compute.Step) error {
			out := s.Tensor(1)
			s.Do(compute.Reduce{Out: out, In: []*compute.Tensor{v}, F: absolute, Along: compute.AlongAll, Alpha: 1})
			s.Read(out, all)
			return nil
		})
		return float64(all[0]), err
	}
	for _, v := range []*compute.Tensor{t.Net.Params, t.Net.States, t.Net.Feedback} {
		if v == nil {
			continue
		}
		if x, err := sum(v); err != nil || finite32(x) {
			if err != nil {
				return err
			}
			continue
		}
		for _, n := range t.Net.named {
			if x, err := sum(n.Value); err != nil || !finite32(x) {
				return errors.Join(fmt.Errorf("%w: %s is not finite after step %d", ErrDiverged, n.Name, t.steps), err)
			}
		}
	}
	return nil
}

// absolute is |x|, so small that a sum of numbers that are finite is finite.
var absolute = compute.Pointwise(compute.Mul(compute.Const(0x1p-40), compute.Abs(compute.Var(0))))

func finite32(x float64) bool { return math.Abs(x) <= math.MaxFloat32 }

// Diagnose names the first layer whose output is no longer finite on a batch, or the first parameter that is
// not. It is nil where all is finite.
func (t *Trainer) Diagnose(x, labels []float32) error {
	ws := t.Net.Weights
	sums := make([]float32, len(ws))
	err := t.pass(x, labels, func(p *Pass, in, _ *compute.Tensor) {
		p.Training, p.quiet = true, true
		t.Net.Forward(p, in)
		all := p.Tensor(len(ws))
		for i, w := range ws {
			p.Do(compute.Reduce{Out: p.View(all, i, 1), In: []*compute.Tensor{w.Y}, F: absolute, Along: compute.AlongAll, Alpha: 1})
		}
		p.Read(all, sums)
	})
	if err != nil {
		return err
	}
	if err := t.Sound(); err != nil {
		return err
	}
	for i, w := range ws {
		if !finite32(float64(sums[i])) {
			return fmt.Errorf("%w: the output of layer %s is not finite at step %d", ErrDiverged, w.Name, t.steps)
		}
	}
	return nil
}

// State returns what the optimiser keeps, under names of its own.
func (t *Trainer) State() (all []Named) {
	for g, group := range t.groups {
		for k, s := range group.State {
			all = append(all, Named{Name: fmt.Sprintf("optimiser.%d.%d", g, k), Value: s})
		}
	}
	return all
}

// Continue says that so many steps have been made, by whoever made the state that was loaded.
func (t *Trainer) Continue(steps uint64) { t.steps = steps }
