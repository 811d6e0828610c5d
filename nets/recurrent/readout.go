package recurrent

import (
	"errors"

	"hebb/compute"
	"hebb/nets"
)

// Readout is the control of rules that learn recurrent weights: a network whose weights stay as they are drawn, and a readout
// that learns by its own gradient, as in echo state networks (Jaeger 2001). A task that it solves asks for no memory that has to
// be learned. The answer, and the gradient of the readout, are those of [Learning].
//
// Cost of a moment, for each example: of [Leaky] units 2·units·(inputs + units + 2·outputs) flops.
type Readout struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Network Network         `json:"-" toml:"network"` // nil is Leaky
	When    string          `json:"when" toml:"when"` // the readout changes: moment or trial; "" is moment

	Optimiser nets.Optimiser `json:"optimiser" toml:"optimiser"` // nil is plain descent
	Loss      nets.Loss      `json:"-" toml:"-"`                 // nil is the task's, see [nets.DefaultLoss]

	learning Learning
}

// Check reports a setting that cannot be.
func (r *Readout) Check() error { return r.learning.check("readout", r.When, r.Network, &r.Leaky) }

// Build asks for weights and activities.
func (r *Readout) Build(s *nets.Store, spec nets.Spec) error {
	r.learning = Learning{Optimiser: r.Optimiser, Loss: r.Loss, readoutAlone: true}
	if err := r.learning.build(s, spec, r.When, transposed, r.Network, &r.Leaky); err != nil {
		return err
	}
	if r.learning.parts.Readout != nil {
		return errors.New("readout: the network has a readout that stays: nothing is left to learn")
	}
	return nil
}

// Step answers a moment of a trial and learns from it.
func (r *Readout) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.learning.step(p, m, r)
	r.learning.update(p, m)
	return y
}

// Divided reports nothing, see [Learning.Divided].
func (r *Readout) Divided() error { return r.learning.Divided() }

func (r *Readout) traces() []*compute.Tensor     { return nil }
func (r *Readout) follow(moment)                 {}
func (r *Readout) learn(moment, *compute.Tensor) {}
