package nets

import (
	"fmt"
	"math"

	"hebb/compute"
)

// Quickprop goes to the minimum of a parabola through the last two slopes of each weight (Fahlman 1988, CMU-CS-88-162), as
// the authors' cascor1.c has it. With s the slope now, p the slope before, d the last step, and shrink = Mu/(1 + Mu):
//
//	s ← g + WeightDecay·w
//	d ← (−rate·s unless s·d > 0) + (d·s/(p − s), or Mu·d where s is beyond shrink·p on the side of p)
//	w ← w + d,   p ← s
//
// Slopes are compared from update to update, so they have to come from the same examples. A slope of 0 makes no step,
// and without decay it sets p and d to 0 too: weights with a gradient held at 0 stay, and begin afresh when the
// gradient returns.
type Quickprop struct {
	Mu          float32 `json:"mu" toml:"mu"` // the most by which a step may grow
	WeightDecay float32 `json:"weight_decay" toml:"weight_decay"`
}

// String returns the text that names and sets o on the command line.
func (o Quickprop) String() string { return named("quickprop", o) }

// Check reports an invalid hyper-parameter.
func (o Quickprop) Check() error {
	switch {
	case !(o.Mu > 0 && o.Mu < math.MaxFloat32):
		return fmt.Errorf("mu %g, want a number above 0", o.Mu)
	case !(o.WeightDecay >= 0 && o.WeightDecay < math.MaxFloat32):
		return fmt.Errorf("weight decay %g, want at least 0", o.WeightDecay)
	}
	return nil
}

// States returns the last slope and the last step.
func (Quickprop) States() []string { return []string{"slope", "step"} }

// The last step never has the sign of the slope before it, so p − s is not 0 where it divides.
var (
	quickStep = compute.Formula("where(sign(s)*sign(old), 0, -rate*s) + "+
		"where(sign(old)*(s - shrink*p), old*s/where(abs(p - s), p - s, 1), mu*old)", "s", "p")
	addDecay = compute.Formula("old + decay*w", "w")
	stepped  = compute.Formula("old + d", "d")
)

// Update makes one update, see [Optimiser].
func (o Quickprop) Update(p *Pass, g Group, rate float64, _ uint64) {
	slope, step := g.State[0], g.State[1]
	if o.WeightDecay > 0 {
		p.Into(g.Grad, addDecay.With("decay", o.WeightDecay), g.Value)
	}
	p.Into(step, quickStep.With("rate", float32(rate)).With("shrink", o.Mu/(1+o.Mu)).With("mu", o.Mu), g.Grad, slope)
	p.Into(slope, same, g.Grad)
	p.Into(g.Value, stepped, step)
}
