package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// XOR is exclusive or: the smallest task that a network without hidden units cannot learn (Minsky and Papert 1969). A
// moment has all four examples, each of three numbers: both bits, 0 or 1, and a 1 that takes the place of biases. One
// number is wanted, 0 or 1. It tests itself.
//
// With Signed above 0 the bits are −1 and 1, without the third number, and −Signed or Signed is wanted: for units with
// signed activities.
//
// Metrics: "error", the mean squared error, and "accuracy", the share of examples with an answer on the right side of
// ½, or of 0; where signed also "within 0.2", the share of examples with an error of at most 0.2.
type XOR struct {
	Signed float32 `json:"signed" toml:"signed"`

	batch Batch
}

// Check reports an invalid setting.
func (t *XOR) Check() error {
	if !(t.Signed >= 0 && t.Signed < math.MaxFloat32) {
		return fmt.Errorf("xor: signed %g, want at least 0", t.Signed)
	}
	return nil
}

// Build writes the examples to the device.
func (t *XOR) Build(s *nets.Store) (nets.Spec, error) {
	t.batch = Batch{In: nets.Row(3), Out: 1, X: []float32{0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1}, Want: []float32{0, 1, 1, 0}}
	if a := t.Signed; a > 0 {
		t.batch = Batch{In: nets.Row(2), Out: 1, X: []float32{-1, -1, -1, 1, 1, -1, 1, 1}, Want: []float32{-a, a, a, -a}}
	}
	return t.batch.Build(s)
}

// Show returns the four examples.
func (t *XOR) Show(p *nets.Pass) nets.Moment { return t.batch.Show(p) }

// sameSide is 1 if y and want are on the same side of ½, else 0; ½ itself is not on the side of 1. rightSign does the
// same with 0.
var (
	sameSide  = compute.Formula("where(y - 0.5, want, 1 - want)", "y", "want")
	rightSign = compute.Formula("where(y*want, 1, 0)", "y", "want")
	within    = compute.Formula("where(abs(y - want) - 0.2, 0, 1)", "y", "want")
)

// Judge counts the error and the accuracy.
func (t *XOR) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	countError(p, m, y)
	if t.Signed > 0 {
		p.Count("accuracy", p.Map(rightSign, y, m.Want), m.Examples())
		p.Count("within 0.2", p.Map(within, y, m.Want), m.Examples())
		return
	}
	p.Count("accuracy", p.Map(sameSide, y, m.Want), m.Examples())
}
