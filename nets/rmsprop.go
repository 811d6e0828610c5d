package nets

import (
	"fmt"
	"math"

	"hebb/compute"
)

// RMSProp divides the gradient by a running estimate of its standard deviation, with momentum (Graves 2013, equations 38 to
// 41). a, q and v are 0 at first:
//
//	a ← Decay·a + (1 − Decay)·g
//	q ← Decay·q + (1 − Decay)·g²
//	v ← Momentum·v − rate·g/√(q − a² + Eps)
//	w ← w + v
//
// Eps is inside the root, and the rate inside the momentum, unlike in PyTorch. q − a² is at least 0, and counts as 0
// where rounding makes it less.
type RMSProp struct {
	Decay    float64 `json:"decay" toml:"decay"`
	Momentum float64 `json:"momentum" toml:"momentum"`
	Eps      float64 `json:"eps" toml:"eps"`
}

// DefaultRMSProp has the hyper-parameters of the paper.
var DefaultRMSProp = RMSProp{Decay: 0.95, Momentum: 0.9, Eps: 1e-4}

// String returns the text that names and sets o on the command line.
func (o RMSProp) String() string { return named("rmsprop", o) }

// Check reports an invalid hyper-parameter.
func (o RMSProp) Check() error {
	switch {
	case !(0 <= o.Decay && o.Decay < 1 && 0 <= o.Momentum && o.Momentum < 1):
		return fmt.Errorf("decay %g and momentum %g, want numbers within [0, 1)", o.Decay, o.Momentum)
	case !(o.Eps >= 1e-30 && o.Eps < math.MaxFloat32):
		return fmt.Errorf("eps %g, want a number of at least 1e-30", o.Eps)
	}
	return nil
}

// States returns a, q and v.
func (RMSProp) States() []string { return []string{"grad_avg", "square_avg", "momentum_buffer"} }

var (
	runningMean   = compute.Formula("keep*old + gain*g", "g")
	runningSquare = compute.Formula("keep*old + gain*(g*g)", "g")
	deviationStep = compute.Formula("momentum*old - rate*g/sqrt(max(q - a*a, 0) + eps)", "g", "a", "q")
	moved         = compute.Formula("old + v", "v")
)

// Update makes one update, see [Optimiser].
func (o RMSProp) Update(p *Pass, g Group, rate float64, _ uint64) {
	keep, gain := float32(o.Decay), float32(1-o.Decay)
	a, q, v := g.State[0], g.State[1], g.State[2]
	p.Into(a, runningMean.With("keep", keep).With("gain", gain), g.Grad)
	p.Into(q, runningSquare.With("keep", keep).With("gain", gain), g.Grad)
	step := deviationStep.With("momentum", float32(o.Momentum)).With("rate", float32(rate)).With("eps", float32(o.Eps))
	p.Into(v, step, g.Grad, a, q)
	p.Into(g.Value, moved, v)
}
