package spiking

import (
	"math"

	"hebb/compute"
	"hebb/nets"
)

// LIF is a leaky integrate-and-fire cell, in steps of 1 ms. Its potential v is in units of the threshold, 1; I is the current
// of the step:
//
//	v ← e^(−1/Tau)·v + I     with 0 for v after a spike
//	v ← 2                    if the cell is kicked
//	v ← max(v, −1)           the floor
//	v ← min(v, 0)            in the Refractory steps after a spike
//	z = 1 if v ≥ 1, else 0   a spike
//
// What is kept as v is the potential before it is reset, so that a trace shows the spikes. A synapse with the time constant
// τ_s adds [LIF.Gain]·s to I, where s ← e^(−1/τ_s)·s + the weights of the spikes that arrive.
type LIF struct {
	Tau        float64 // of the membrane, ms
	Refractory int     // steps
}

// Gain returns the current of a synapse at which a spike with a weight of w, alone, moves the potential by w at its peak:
// 1/max_k Σ_{j≤k} e^(−(k−j)/Tau)·e^(−j/τ_s).
func (c LIF) Gain(tau float64) float32 {
	v, peak := 0.0, 0.0
	for j := 0; v >= peak; j++ {
		peak = v
		v = float64(perStep(c.Tau))*v + math.Exp(-float64(j)/tau)
	}
	return float32(1 / peak)
}

// perStep returns what is left after a step of something that decays with a time constant.
func perStep(tau float64) float32 { return float32(math.Exp(-1 / tau)) }

// A group is cells of one kind in a trial of several steps, with synapses of two kinds.
type group struct {
	LIF
	n      int
	v, z   *compute.Tensor // potential after t steps, t from 0, and spikes of step t: steps × learners × 1 × n
	rest   *compute.Tensor // steps for which a cell is refractory: learners × 1 × n
	se, si *compute.Tensor // s of excitatory and of inhibitory synapses: learners × 1 × n
	ke, ki float32         // their gains
	noise  *compute.Tensor // learners × 1 × n
}

// newGroup makes a group of cells with synapses of the time constants excitatory and inhibitory, the second 0 for none.
func newGroup(s *nets.Store, c LIF, n, steps int, excitatory, inhibitory float64) group {
	one := func() *compute.Tensor { return nets.At(s.Scratch(1, n), 0) }
	g := group{LIF: c, n: n, v: s.Scratch(steps+1, n), z: s.Scratch(steps, n), rest: one(), se: one(), ke: c.Gain(excitatory), noise: one()}
	if g.si = g.se; inhibitory > 0 {
		g.si, g.ki = one(), c.Gain(inhibitory)
	}
	return g
}

// begin puts all cells to rest.
func (g *group) begin(p *nets.Pass) { p.Clear(nets.At(g.v, 0), g.rest, g.se, g.si) }

// Nothing is as high as the ceiling of cells that may spike, 1e30.
var (
	lifMoves = compute.Formula(`min(where(rest - 0.5, 0, 1e30),
		max(-1, keep*where(1 - v, v, 0) + (noise + ke*se - ki*si)))`, "v", "se", "si", "noise", "rest")
	lifKicked = compute.Formula(`min(where(rest - 0.5, 0, 1e30),
		max(-1, where(kick, 2, keep*where(1 - v, v, 0) + (noise + ke*se - ki*si))))`, "v", "se", "si", "noise", "rest", "kick")
	lifSpikes = compute.Formula("where(1 - v, 0, 1)", "v")
	lifRests  = compute.Formula("where(z, refractory, max(old - 1, 0))", "z")
	decaysBy  = compute.Formula("keep*old")
)

// step moves the cells by step t, with normal noise of a standard deviation, and returns their spikes. kick is positive for
// cells that are kicked, learners × 1 × n or of 1 learner for all; or nil.
func (g *group) step(p *nets.Pass, t int, noise float32, kick *compute.Tensor) (spikes *compute.Tensor) {
	p.Random(g.noise, compute.Normal(0, noise))
	v, z := nets.At(g.v, t+1), nets.At(g.z, t)
	in, f := []*compute.Tensor{nets.At(g.v, t), g.se, g.si, g.noise, g.rest}, lifMoves
	if kick != nil {
		in, f = append(in, kick), lifKicked
	}
	p.Into(v, f.With("keep", perStep(g.Tau)).With("ke", g.ke).With("ki", g.ki), in...)
	p.Into(z, lifSpikes, v)
	p.Into(g.rest, lifRests.With("refractory", float32(g.Refractory)), z)
	return z
}
