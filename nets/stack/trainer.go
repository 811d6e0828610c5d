package stack

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// A Trainer trains a network of one learner on batches from the host, for programs with a training loop of their own. A step
// does not wait for the device, and allocates nothing after the first. For runs with checkpoints and any number of learners,
// see [System].
type Trainer struct {
	Net       *Net
	Optimiser nets.Optimiser
	Loss      nets.Loss // as given to NewTrainer

	learner
	steps uint64 // made so far
}

// A Score is the mean loss and the accuracy over a number of examples.
type Score struct {
	Loss         float64 `json:"loss"`
	Accuracy     float64 `json:"accuracy"`
	SquaredError float64 `json:"squared_error,omitempty"` // mean Σ_j (target − prediction)², for targets, which have no accuracy
	Examples     int     `json:"examples"`
}

// NewTrainer returns a Trainer of n. The states of the loss and the optimiser start anew.
func NewTrainer(n *Net, o nets.Optimiser, loss nets.Loss) (*Trainer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	t := &Trainer{Net: n, Optimiser: o, Loss: loss, learner: learner{net: n}}
	spec := nets.Spec{In: n.Input, Out: n.Classes, Classes: !loss.Targets(), Examples: 1}
	own, err := nets.Open(n.Device(), 1, n.store.Seed, func(s *nets.Store) error { return t.buildLoss(s, spec, loss) })
	if err != nil {
		return nil, err
	}
	n.store.Forget("optimiser.")
	if n.lossStore != nil {
		n.store.Disown(n.lossStore)
	}
	n.store.Adopt(own)
	n.lossStore = own
	t.descent = n.descend(n.store, o, 0)
	return t, n.store.Err()
}

// Steps returns the number of steps made.
func (t *Trainer) Steps() uint64 { return t.steps }

// Continue sets the number of steps made, to go on from loaded tensors. A rule that updates its own weights at other
// times is taken to have made as many updates.
func (t *Trainer) Continue(steps uint64) {
	t.steps = steps
	t.Net.store.ContinueUpdates(steps)
}

// Step makes one update from a batch of images x, examples × height × width × channels, and their labels. Here and in the
// other methods, a Loss of targets takes targets, examples × outputs, instead of labels.
func (t *Trainer) Step(x, labels []float32, rate float64) error {
	if n, err := t.examples(x, labels); err != nil {
		return err
	} else if err := t.checkBatch(n); err != nil {
		return err
	}
	err := t.onBatch(x, labels, func(p *nets.Pass, m nets.Moment) {
		p.Learning, p.Rate = true, rate
		t.count(p, m, t.learner.Step(p, m))
	})
	if err == nil {
		t.steps++
	}
	return err
}

// count counts hits or squared errors.
func (t *Trainer) count(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	if t.loss.Targets() {
		p.Count("squared error", p.PerExample(squaredDifference, m.Want, answer), m.Examples())
		return
	}
	p.Count("accuracy", p.Hits(m, answer), m.Examples())
}

var squaredDifference = compute.Formula("(x - y)*(x - y)", "x", "y")

// onBatch calls f with a batch on the device.
func (t *Trainer) onBatch(x, y []float32, f func(p *nets.Pass, m nets.Moment)) error {
	n, err := t.examples(x, y)
	if err != nil {
		return err
	}
	return t.Net.Device().Step(func(s *compute.Step) error {
		p := t.Net.store.Pass(s)
		p.Number = t.steps
		m := nets.Moment{X: p.Tensor(1, n, t.Net.Input.Len()), Want: p.Tensor(1, n, len(y)/n), First: true, Last: true}
		p.Write(m.X, x)
		p.Write(m.Want, y)
		f(p, m)
		return p.Failed()
	})
}

// examples returns the number of examples of a batch, or an error if it is malformed.
func (t *Trainer) examples(x, y []float32) (int, error) {
	n, each := len(y), t.Net.Classes
	if t.loss.Targets() {
		if n /= each; len(y) == 0 || len(y) != n*each {
			return 0, fmt.Errorf("nets: %d targets for examples of %d outputs", len(y), each)
		}
	}
	if n == 0 || len(x) != n*t.Net.Input.Len() {
		return 0, fmt.Errorf("nets: %d numbers for %d examples of %v", len(x), n, t.Net.Input)
	}
	for i, v := range y {
		switch {
		case t.loss.Targets() && v-v != 0:
			return 0, fmt.Errorf("nets: target %d of example %d is %g, want a finite number", i%each, i/each, v)
		case !t.loss.Targets() && (!(0 <= v && v < float32(each)) || v != float32(int(v))):
			return 0, fmt.Errorf("nets: the label of example %d is %g, want a whole number of [0, %d)", i, v, each)
		}
	}
	return n, nil
}

// Score returns the score of all steps since the last call, and calls the rule's Settle. It waits for the device.
func (t *Trainer) Score() (score Score, err error) {
	m, err := t.Net.store.Metrics(t.Explain)
	loss := m.Get("loss")
	if score.Examples = int(loss.Count); score.Examples > 0 {
		score.Loss = loss.Mean()
	}
	if hits := m.Get("accuracy"); hits.Count > 0 {
		score.Accuracy = hits.Mean()
	}
	if e := m.Get("squared error"); e.Count > 0 {
		score.SquaredError = e.Mean()
	}
	if err != nil {
		return score, fmt.Errorf("%w after step %d", err, t.steps)
	}
	return score, t.Net.Device().Step(func(s *compute.Step) error { return t.Settle(t.Net.store.Pass(s)) })
}

// Evaluate returns the score on the batches that next returns, until it returns no examples. The score of earlier steps that
// was not yet read is dropped.
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
		err = t.onBatch(x, labels, func(p *nets.Pass, m nets.Moment) { t.count(p, m, t.learner.Step(p, m)) })
		if err != nil {
			return Score{}, err
		}
	}
}

// Try returns the score on one batch, without learning from it.
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

// Angles compares the rule with backprop on a batch, layer by layer. Both start from one forward pass, with the statistics
// and dropout of the next step. It changes no state, and waits for the device.
func (t *Trainer) Angles(x, labels []float32) (all []nets.Angle, err error) {
	err = t.onBatch(x, labels, func(p *nets.Pass, m nets.Moment) {
		p.Quiet = true
		all = t.Compare(p, m)()
	})
	return all, err
}

// Sound reports the first tensor with NaN or Inf. It waits for the device.
func (t *Trainer) Sound() error {
	if err := t.Net.store.Sound(); err != nil {
		return fmt.Errorf("%w after step %d", err, t.steps)
	}
	return nil
}

// Diagnose reports the first tensor or, on a batch, the first layer's output with NaN or Inf, and returns nil if all are
// finite.
func (t *Trainer) Diagnose(x, labels []float32) error {
	var found func() error
	err := t.onBatch(x, labels, func(p *nets.Pass, m nets.Moment) {
		p.Quiet = true
		found = t.learner.Diagnose(p, m)
	})
	if err = errors.Join(err, t.Sound()); err != nil {
		return err
	}
	return found()
}
