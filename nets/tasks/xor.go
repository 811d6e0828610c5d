package tasks

import (
	"hebb/compute"
	"hebb/nets"
)

// XOR is exclusive or: the smallest task that a network without hidden units cannot learn (Minsky and Papert 1969). A
// moment has all four examples, each of three numbers: both bits, 0 or 1, and a 1 that takes the place of biases. One
// number is wanted, 0 or 1. It tests itself.
//
// Metrics: "error", the mean squared error, and "accuracy", the share of the examples that are on the right side of ½.
type XOR struct{ batch Batch }

// Build writes the examples to the device.
func (t *XOR) Build(s *nets.Store) (nets.Spec, error) {
	t.batch = Batch{In: nets.Row(3), Out: 1, X: []float32{0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1}, Want: []float32{0, 1, 1, 0}}
	return t.batch.Build(s)
}

// Show returns the four examples.
func (t *XOR) Show(p *nets.Pass) nets.Moment { return t.batch.Show(p) }

// sameSide is 1 where y and want are on the same side of ½, else 0; ½ itself is not the side of 1.
var sameSide = compute.Formula("where(y - 0.5, want, 1 - want)", "y", "want")

// Judge counts the error and the accuracy.
func (t *XOR) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	countError(p, m, y)
	p.Count("accuracy", p.Map(sameSide, y, m.Want), m.Examples())
}
