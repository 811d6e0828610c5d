package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Predict returns the predicted class of each example of x, examples × height × width × channels: the argmax of the outputs
// (the first among equals), or of the loss's predictions if it is a [nets.Predictor]. The network has one learner. It waits
// for the device.
func (n *Net) Predict(x []float32) ([]int, error) {
	largest, err := n.predict(x, 1, func(p *Pass, y *compute.Tensor) *compute.Tensor {
		best := p.Tensor(p.Examples)
		p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{y}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		return best
	})
	if err != nil {
		return nil, err
	}
	classes := make([]int, len(largest))
	for i, c := range largest {
		classes[i] = int(c)
	}
	return classes, nil
}

// Outputs returns the outputs for each example of x, examples × outputs: logits or predicted targets, or the loss's
// predictions if it is a [nets.Predictor]. The network has one learner. It waits for the device.
func (n *Net) Outputs(x []float32) ([]float32, error) {
	return n.predict(x, n.Classes, func(_ *Pass, y *compute.Tensor) *compute.Tensor { return y })
}

// predict returns f of the outputs for x, which has each numbers an example.
func (n *Net) predict(x []float32, each int, f func(p *Pass, y *compute.Tensor) *compute.Tensor) ([]float32, error) {
	examples := len(x) / n.Input.Len()
	if examples == 0 || len(x)%n.Input.Len() != 0 {
		return nil, fmt.Errorf("nets: %d numbers, want some examples of %v, %d numbers each", len(x), n.Input, n.Input.Len())
	}
	out := make([]float32, examples*each)
	err := n.Device().Step(func(s *compute.Step) error {
		p := n.NewPass(n.store.Pass(s), examples)
		p.Moment.X = p.Tensor(1, examples, n.Input.Len())
		p.Write(p.Moment.X, x)
		s.Read(f(p, n.answer(p, n.Forward(p, p.Moment.X))), out)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// answer returns the predictions for outputs y.
func (n *Net) answer(p *Pass, y *compute.Tensor) *compute.Tensor {
	if l, ok := n.loss.(nets.Predictor); ok {
		return l.Predict(p.Pass, y)
	}
	return y
}
