package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Centre subtracts from each channel the mean over the channels at its place, y_k = x_k − Σ_j x_j/channels; of a row, the mean
// of the units. With [Rectified] it is the triangle activation max(0, x_k − mean x)^power (Coates, Lee and Ng 2011). Max
// pooling may stand between the two, and changes nothing but the work.
type Centre struct{ Name string }

func (c Centre) Label() string { return c.Name }

type centring struct{ channels int }

func (c Centre) Build(_ *Builder, _ string, in nets.Shape) (Layer, nets.Shape, error) {
	return centring{in.Channels}, in, nil
}

func (c centring) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	return p.View(p.CentreRows(p.View(x, 0, x.Len()/c.channels, c.channels)), 0, x.Shape()...)
}

// Backward is Forward: the matrix of the layer is symmetric.
func (c centring) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor { return c.Forward(p, dy) }

// Rectified is y = max(0, x)^Power; inputs up to 1e-30 give 0.
type Rectified struct {
	Name  string
	Power float32
}

func (r Rectified) Label() string { return r.Name }

type rectified struct {
	power float32
	x, y  *compute.Tensor
}

func (r Rectified) Build(_ *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if !(r.Power > 0 && r.Power <= 4) {
		return nil, in, fmt.Errorf("nets: %s has a power of %g, want a number within (0, 4]", name, r.Power)
	}
	return &rectified{power: r.Power}, in, nil
}

var (
	toPower      = compute.Formula("where(x - 1e-30, exp(power*log(max(x, 1e-30))), 0)", "x")
	slopeOfPower = compute.Formula("where(x - 1e-30, power*(dy*(y/max(x, 1e-30))), 0)", "dy", "x", "y")
)

func (r *rectified) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	r.x, r.y = x, p.Map(toPower.With("power", r.power), x)
	return r.y
}

func (r *rectified) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return p.Map(slopeOfPower.With("power", r.power), dy, r.x, r.y)
}
