package stack

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// Predict returns the class of each example of x, examples × height × width × channels: the first of its
// largest logits, in evaluation; of a network that an [HSICLoss] trained, of the largest of what that compared with
// labels, with the constant that it left open. It waits for the device.
func (n *Net) Predict(x []float32) ([]int, error) {
	largest, err := n.predict(x, 1, func(p *Pass, logits *compute.Tensor) *compute.Tensor {
		if n.offset != nil {
			if n.offset.of == ofShares {
				logits = p.softmax(logits, p.noLabels())
			}
			logits = p.Map(add, logits, n.offset.value)
		}
		best := p.Tensor(p.Examples)
		p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{logits}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
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

// Outputs returns the outputs for each example of x, examples × outputs, in evaluation: logits or, of a network that
// learned targets, predictions of these, with the constant that an [HSICLoss] of linear outputs left open. It waits for
// the device.
func (n *Net) Outputs(x []float32) ([]float32, error) {
	return n.predict(x, n.Classes, func(p *Pass, outputs *compute.Tensor) *compute.Tensor {
		if n.offset != nil && n.offset.of == ofOutputs {
			return p.Map(add, outputs, n.offset.value)
		}
		return outputs
	})
}

// predict returns what f makes of the logits of x, so many numbers an example.
func (n *Net) predict(x []float32, each int, f func(p *Pass, logits *compute.Tensor) *compute.Tensor) ([]float32, error) {
	examples := len(x) / n.Input.Len()
	if examples == 0 || len(x)%n.Input.Len() != 0 {
		return nil, fmt.Errorf("nets: %d numbers, want some examples of %v, %d numbers each", len(x), n.Input, n.Input.Len())
	}
	out := make([]float32, examples*each)
	err := n.dev.Step(func(s *compute.Step) error {
		in := s.Tensor(n.Input.of(examples)...)
		s.Write(in, x)
		p := n.NewPass(s, examples)
		s.Read(f(p, n.Forward(p, in)), out)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// noLabels are labels of no class.
func (p *Pass) noLabels() *compute.Tensor {
	t := p.Tensor(p.Examples)
	p.Write(t, slices.Repeat([]float32{-1}, p.Examples))
	return t
}
