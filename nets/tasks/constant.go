package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Constant wants the same number at every moment, of one example, and shows the same: what a network has to do is to hold
// its answer there, as in influence balancing (nets/recurrent.Balance). Trials have no end; an epoch is a hundred moments.
// It tests itself.
//
// Metrics: "error", (y − Value)².
type Constant struct {
	Value float32 `json:"value" toml:"value"`

	x *compute.Tensor // 1 × 1 × 1
}

// Check reports a setting that cannot be.
func (c *Constant) Check() error {
	if !(c.Value >= 0 && c.Value < math.MaxFloat32) {
		return fmt.Errorf("constant: a value of %g, want at least 0", c.Value)
	}
	return nil
}

// Build writes the number to the device.
func (c *Constant) Build(s *nets.Store) (nets.Spec, error) {
	c.x = s.Fixed([]float32{c.Value}, 1, 1)
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: 1, Epoch: 100}, nil
}

// Show returns the number.
func (c *Constant) Show(*nets.Pass) nets.Moment { return nets.Moment{X: c.x, Want: c.x} }

// Judge counts the error.
func (c *Constant) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { countError(p, m, y) }
