package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Batch shows the same examples at every moment, for programs that have a few. A trial is a moment, and so is an epoch; it
// tests itself. All learners see the same, whatever their seeds.
//
// Metrics: "error", the mean squared error of the numbers that are wanted or, of classes, "accuracy", the share of the
// examples whose class has the largest answer.
type Batch struct {
	In   nets.Shape
	X    []float32 // examples × In
	Out  int       // numbers that are wanted of an example, or classes
	Want []float32 // examples × Out or, of classes, a class number for each example
	// Classes says that Want is class numbers, from 0.
	Classes bool

	x, want *compute.Tensor
}

// wanted returns how many numbers Want has for each example.
func (b *Batch) wanted() int {
	if b.Classes {
		return 1
	}
	return b.Out
}

// Check reports examples that do not fit each other.
func (b *Batch) Check() error {
	in, out := b.In.Len(), b.wanted()
	if in < 1 || b.Out < 1 || len(b.X) < in || len(b.X)%in != 0 || len(b.Want) != len(b.X)/in*out {
		return fmt.Errorf("batch: %d numbers of X and %d of Want, want the same number of examples of %v and of %d numbers, at least 1",
			len(b.X), len(b.Want), b.In, out)
	}
	for i, c := range b.Want {
		if b.Classes && (c != float32(int(c)) || c < 0 || int(c) >= b.Out) {
			return fmt.Errorf("batch: the class of example %d is %g, want a whole number below %d", i, c, b.Out)
		}
	}
	return nil
}

// Build writes the examples to the device.
func (b *Batch) Build(s *nets.Store) (nets.Spec, error) {
	n := len(b.X) / b.In.Len()
	b.x, b.want = s.Fixed(b.X, n, b.In.Len()), s.Fixed(b.Want, n, b.wanted())
	return nets.Spec{In: b.In, Out: b.Out, Classes: b.Classes, Examples: n, Trial: 1, Epoch: 1, Same: true}, nil
}

// Show returns all examples.
func (b *Batch) Show(*nets.Pass) nets.Moment {
	return nets.Moment{X: b.x, Want: b.want, First: true, Last: true}
}

// Judge counts the error or the accuracy.
func (b *Batch) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if b.Classes {
		p.Count("accuracy", p.Hits(m, y), m.Examples())
		return
	}
	countError(p, m, y)
}
