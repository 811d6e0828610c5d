package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Codes shows all one-hot codes of a number of bits at every moment, and wants each back: the task of an encoder, a
// network with a narrow hidden layer (Ackley, Hinton and Sejnowski 1985). It tests itself.
//
// Metrics: "error", the mean squared error, and "near", the share of numbers within 0.4 of the wanted ones.
type Codes struct {
	Bits int `json:"bits" toml:"bits"`

	batch Batch
}

// Check reports an invalid number of bits.
func (c *Codes) Check() error {
	if c.Bits < 1 || c.Bits > 4096 {
		return fmt.Errorf("codes: bits %d, want from 1 to 4096", c.Bits)
	}
	return nil
}

// Build writes the codes to the device.
func (c *Codes) Build(s *nets.Store) (nets.Spec, error) {
	x := make([]float32, c.Bits*c.Bits)
	for i := range c.Bits {
		x[i*c.Bits+i] = 1
	}
	c.batch = Batch{In: nets.Row(c.Bits), Out: c.Bits, X: x, Want: x}
	return c.batch.Build(s)
}

// Show returns all codes.
func (c *Codes) Show(p *nets.Pass) nets.Moment { return c.batch.Show(p) }

// near is 1 where y is within 0.4 of want, else 0.
var near = compute.Formula("where(0.4 - abs(y - want), 1, 0)", "y", "want")

// Judge counts the error and the share of near numbers.
func (c *Codes) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	countError(p, m, y)
	p.Count("near", p.PerLearner(nil, 1/float32(c.Bits), p.Map(near, y, m.Want)), m.Examples())
}
