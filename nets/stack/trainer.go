package stack

import (
	"errors"
	"fmt"

	"hebb/compute"
)

// ErrDiverged says that the loss, or what leads to it, is no longer a finite number.
var ErrDiverged = errors.New("training diverged")

// A Trainer changes a network by batches of examples. It is all on the device: a step waits for
// nothing, and allocates nothing once the first has been made.
type Trainer struct {
	Net       *Net
	Optimiser Optimiser
	Loss      Loss    // as given to NewTrainer
	Noise     float32 // standard deviation of noise that is added to every gradient

	groups []Group
	meter  meter
	aside  meter  // of passes that do not count
	seen   int    // examples since the meter was read
	steps  uint64 // made so far
}

// A Score is the mean loss and the share of hits over so many examples.
type Score struct {
	Loss         float64 `json:"loss"`
	Accuracy     float64 `json:"accuracy"`
	SquaredError float64 `json:"squared_error,omitempty"` // of targets: the mean of Σ_j (target − prediction)², and no accuracy
	Examples     int     `json:"examples"`
}

// NewTrainer prepares to train n.
func NewTrainer(n *Net, o Optimiser, l Loss) (*Trainer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if err := l.Check(); err != nil {
		return nil, err
	}
	if n.local != nil && l.Targets() {
		return nil, fmt.Errorf("nets: a local rule learns from classes, and the loss is one of targets")
	}
	if err := n.leave(l); err != nil {
		return nil, err
	}
	t := &Trainer{Net: n, Optimiser: o, Loss: l}
	groups, err := n.groups()
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		for range o.States() {
			s, err := n.zeros(g.Value.Len())
			if err != nil {
				return nil, err
			}
			g.State = append(g.State, s)
		}
		t.groups = append(t.groups, g)
	}
	if t.meter, err = newMeter(n); err != nil {
		return nil, err
	}
	t.aside, err = newMeter(n)
	return t, err
}

// groups are the parameters that are learned, those that share a rate together.
func (n *Net) groups() (all []Group, err error) {
	blocks, output, ratio := true, true, 1.0
	if n.local != nil {
		blocks, output = n.local.rule.Learns()
	}
	if n.OutputRate != 0 {
		ratio = float64(n.OutputRate)
	}
	spans := n.spans
	if blocks && output && ratio == 1 {
		spans = []span{{0, n.Params.Len(), false}}
	}
	for _, s := range spans {
		g := Group{rate: 1}
		if s.output {
			g.rate = ratio
		}
		if s.output && !output || !s.output && !blocks {
			continue
		}
		if g.Value, err = n.Params.View(s.at, s.n); err == nil {
			g.Grad, err = n.Grads.View(s.at, s.n)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	if _, fixed := n.Rule.(FixedFeedback); n.Feedback != nil && !fixed {
		all = append(all, Group{Value: n.Feedback, Grad: n.FeedbackGrads, rate: 1})
	}
	return all, nil
}

// Steps returns how many steps have been made.
func (t *Trainer) Steps() uint64 { return t.steps }

// Step is one update by a batch of images, examples × height × width × channels, and their labels; where the Loss
// is one of targets, here and in all that follows, these, examples × outputs, are in the place of labels.
func (t *Trainer) Step(x, labels []float32, rate float64) error {
	n, err := t.examples(x, labels)
	if err != nil {
		return err
	}
	if l := t.Net.local; l != nil && n < l.rule.Least() {
		return fmt.Errorf("nets: a batch of %d examples, and this rule learns from %d at least", n, l.rule.Least())
	}
	if n < t.Loss.Least() {
		return fmt.Errorf("nets: a batch of %d examples, and this loss learns from %d at least", n, t.Loss.Least())
	}
	err = t.pass(x, labels, func(p *Pass, in, y *compute.Tensor) {
		p.Training, p.meter = true, t.meter
		v := t.judge(p, t.meter, t.Net.Forward(p, in), y, true)
		t.Net.Backward(p, v.delta)
		if t.Loss.leaves() != nothing {
			t.Net.offset.follow(p, v.residual, t.steps+1)
			t.Net.offset.rest(p)
		}
		p.rule.Learn(p)
		if t.Noise > 0 {
			t.disturb(p)
		}
		for _, g := range t.groups {
			t.Optimiser.Update(p.Step, g, rate*g.rate, t.steps+1)
		}
	})
	if err == nil {
		t.steps++
		t.seen += n
	}
	return err
}

// pass brings a batch to the device and lets f work on it.
func (t *Trainer) pass(x, y []float32, f func(p *Pass, x, y *compute.Tensor)) error {
	n, err := t.examples(x, y)
	if err != nil {
		return err
	}
	return t.Net.dev.Step(func(s *compute.Step) error {
		p := t.Net.NewPass(s, n)
		p.Number = t.steps
		in := s.Tensor(t.Net.Input.of(n)...)
		s.Write(in, x)
		p.Input = in
		want := s.Tensor(n, len(y)/n)
		if !t.Loss.Targets() {
			want = s.View(want, 0, n)
			p.Labels = want
		}
		s.Write(want, y)
		f(p, in, want)
		return nil
	})
}

// examples returns how many a batch has, or what is wrong with it.
func (t *Trainer) examples(x, y []float32) (int, error) {
	n := len(y)
	if t.Loss.leaves() != nothing && t.Net.offset == nil {
		return 0, fmt.Errorf("nets: the loss is another one than the trainer was made with")
	}
	if t.Loss.Targets() {
		if n /= t.Net.Classes; len(y) == 0 || len(y) != n*t.Net.Classes {
			return 0, fmt.Errorf("nets: %d targets for examples of %d outputs", len(y), t.Net.Classes)
		}
	}
	if n == 0 || len(x) != n*t.Net.Input.Len() {
		return 0, fmt.Errorf("nets: %d numbers for %d examples of %v", len(x), n, t.Net.Input)
	}
	for i, v := range y {
		switch {
		case t.Loss.Targets() && !finite32(float64(v)):
			return 0, fmt.Errorf("nets: target %d of example %d is %g, want a finite number", i%t.Net.Classes, i/t.Net.Classes, v)
		case !t.Loss.Targets() && (!(0 <= v && v < float32(t.Net.Classes)) || v != float32(int(v))):
			return 0, fmt.Errorf("nets: the label of example %d is %g, want a whole number of [0, %d)", i, v, t.Net.Classes)
		}
	}
	return n, nil
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

// Score returns the loss and the hits of all steps since the last call, and lets a [Settler] settle. It waits for the device.
func (t *Trainer) Score() (Score, error) {
	sums := make([]float32, t.meter.sums.Len())
	err := t.Net.dev.Step(func(s *compute.Step) error {
		s.Read(t.meter.sums, sums)
		s.Write(t.meter.sums, make([]float32, len(sums)))
		return nil
	})
	if r, ok := t.Net.Rule.(Settler); ok && err == nil {
		err = r.Settle(t.Net)
	}
	score := Score{Examples: t.seen}
	if t.seen > 0 {
		score.Loss, score.Accuracy = float64(sums[0])/float64(t.seen), float64(sums[1])/float64(t.seen)
		if t.Loss.Targets() {
			score.Accuracy, score.SquaredError = 0, score.Accuracy
		}
	}
	t.seen = 0
	blocks := len(sums) - 1
	if err == nil && !finite32(score.Loss) {
		err = fmt.Errorf("%w: the mean loss is %g after step %d", ErrDiverged, score.Loss, t.steps)
	}
	if err == nil {
		err = t.Net.faults(sums[2:blocks], t.steps)
	}
	if l, ok := t.Loss.(HSICLoss); ok && err == nil {
		err = l.fault(Fault(sums[blocks]), t.steps)
	}
	return score, err
}

// Evaluate returns the score on batches that next gives, until it gives no examples. What steps have been
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
		if len(x) == 0 && len(labels) == 0 {
			return t.Score()
		}
		err = t.pass(x, labels, func(p *Pass, in, y *compute.Tensor) {
			t.judge(p, t.meter, t.Net.Forward(p, in), y, false)
		})
		if err != nil {
			return Score{}, err
		}
		t.seen += len(x) / t.Net.Input.Len()
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
