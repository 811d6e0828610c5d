package nets

import (
	"fmt"

	"hebb/compute"
)

// Predict returns the class of each example of x, examples × height × width × channels: the first of its
// largest logits, in evaluation. It waits for the device.
func (n *Net) Predict(x []float32) ([]int, error) {
	examples := len(x) / n.Input.Len()
	if examples == 0 || len(x)%n.Input.Len() != 0 {
		return nil, fmt.Errorf("nets: %d numbers, want some examples of %v, %d numbers each", len(x), n.Input, n.Input.Len())
	}
	largest := make([]float32, examples)
	err := n.dev.Step(func(s *compute.Step) error {
		in, out := s.Tensor(n.Input.of(examples)...), s.Tensor(examples)
		s.Write(in, x)
		logits := n.Forward(n.NewPass(s, examples), in)
		s.Do(compute.Reduce{Out: out, In: []*compute.Tensor{logits}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		s.Read(out, largest)
		return nil
	})
	if err != nil {
		return nil, err
	}
	classes := make([]int, examples)
	for i, c := range largest {
		classes[i] = int(c)
	}
	return classes, nil
}
