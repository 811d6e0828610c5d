package spiking

import (
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// ALIF is a recurrent layer of leaky integrate-and-fire cells, of which some have a threshold that adapts (Bellec et al. 2018,
// NeurIPS 31; Bellec et al. 2020, Nature Communications 11:3625). In a step of Dt ms, with x the inputs, z the spikes of the
// step before, and everything 0 and A the Threshold when a trial begins:
//
//	v ← α·v + g·(U·x + W·z) − Reset·Threshold·z   membrane, α = exp(−Dt/Tau)
//	A ← Threshold + ρ·(A − Threshold) + β·z       threshold, ρ = exp(−Dt/TauA), of the Adaptive cells alone
//	z ← 1 if v > A and the cell is not refractory, else 0
//
// The gain g is 1 or, with Gain "leak", 1 − α, so that a constant input is what v comes to. β = Adapt·(1 − ρ)·g/(1 − α): a
// cell that spikes at every step comes to a threshold of Threshold + Adapt·g/(1 − α). After a spike a cell is refractory for
// Refractory − 1 steps. v and Threshold are in one unit, of no name.
//
// The derivative of a spike by v, which is 0 or infinite, is taken to be (the pseudo-derivative of the same papers)
//
//	ψ = Damping/Threshold·max(0, 1 − |v − A|/Threshold), 0 of a refractory cell
//
// First values: U is normal with variance 1/inputs, W with 1/cells; no cell is connected to itself.
type ALIF struct {
	LIF        int     `json:"lif" toml:"lif"`                   // cells of a fixed threshold, the first ones
	Adaptive   int     `json:"adaptive" toml:"adaptive"`         // cells of a threshold that adapts
	Dt         float32 `json:"dt" toml:"dt"`                     // ms
	Tau        float32 `json:"tau" toml:"tau"`                   // ms, of the membrane
	TauA       float32 `json:"tau_a" toml:"tau_a" if:"adaptive"` // ms, of the threshold
	Adapt      float32 `json:"adapt" toml:"adapt" if:"adaptive"`
	Threshold  float32 `json:"threshold" toml:"threshold"`
	Refractory int     `json:"refractory" toml:"refractory"` // steps from a spike to the next, at least; 0 is 1
	Reset      float32 `json:"reset" toml:"reset"`           // what a spike takes from v, in thresholds
	Gain       string  `json:"gain" toml:"gain"`             // of the input: one or leak; "" is one
	Damping    float32 `json:"damping" toml:"damping"`

	in, recurrent         *compute.Tensor // U, W
	beta                  *compute.Tensor // 1 × cells
	apart                 *compute.Tensor // cells × cells: 0 of a cell to itself, else 1
	v, threshold, z, wait *compute.Tensor // State: examples × cells; wait is steps to go, nil where z says it or none need wait
}

const gainOne, gainLeak = "one", "leak"

// Check reports a setting that cannot be.
func (c *ALIF) Check() error {
	switch {
	case c.LIF < 0 || c.Adaptive < 0 || c.cells() < 1:
		return fmt.Errorf("%d lif and %d adaptive cells, want at least 0 of each and 1 of both", c.LIF, c.Adaptive)
	case c.Refractory < 0 || c.Refractory > mostWait:
		return fmt.Errorf("refractory %d steps, want 0 to %d", c.Refractory, mostWait)
	case c.Gain != "" && c.Gain != gainOne && c.Gain != gainLeak:
		return fmt.Errorf("gain %q, want %s or %s", c.Gain, gainOne, gainLeak)
	}
	for _, x := range []struct {
		name               string
		value, least, most float32
	}{
		{"dt", c.Dt, math.SmallestNonzeroFloat32, math.MaxFloat32}, {"tau", c.Tau, c.Dt, mostSteps * c.Dt}, {"tau_a", c.TauA, c.Dt, mostSteps * c.Dt},
		{"threshold", c.Threshold, math.SmallestNonzeroFloat32, math.MaxFloat32}, {"adapt", c.Adapt, 0, math.MaxFloat32},
		{"reset", c.Reset, 0, math.MaxFloat32}, {"damping", c.Damping, 0, math.MaxFloat32},
	} {
		if !(x.value >= x.least && x.value <= x.most) {
			return fmt.Errorf("%s %g, want a number within %g to %g", x.name, x.value, x.least, x.most)
		}
	}
	return nil
}

// mostSteps is the longest time constant, in steps: exp(−1/mostSteps) is less than 1 in float32 too.
const mostSteps = 1e6

// mostWait is the longest refractory time, in steps.
const mostWait = 1 << 20

func (c *ALIF) cells() int { return c.LIF + c.Adaptive }

// decay is exp(−Dt/tau).
func (c *ALIF) decay(tau float32) float32 { return float32(math.Exp(-float64(c.Dt) / float64(tau))) }

// gain is g.
func (c *ALIF) gain() float32 {
	if c.Gain == gainLeak {
		return float32(-math.Expm1(-float64(c.Dt) / float64(c.Tau)))
	}
	return 1
}

// strength is β.
func (c *ALIF) strength() float32 {
	of := func(tau float32) float64 { return -math.Expm1(-float64(c.Dt) / float64(tau)) }
	if c.Gain == gainLeak {
		return float32(float64(c.Adapt) * of(c.TauA))
	}
	return float32(float64(c.Adapt) * of(c.TauA) / of(c.Tau))
}

// build asks for weights and for what cells remember.
func (c *ALIF) build(s *nets.Store, inputs, examples int) {
	n := c.cells()
	c.in = s.Weights("in", nets.Normal(1/math.Sqrt(float64(inputs))), n, inputs)
	c.recurrent = s.Weights("recurrent", nets.Filled(func(r *rand.Rand, w []float32) {
		for i := range w {
			if w[i] = float32(r.NormFloat64() / math.Sqrt(float64(n))); i%(n+1) == 0 {
				w[i] = 0
			}
		}
	}), n, n)
	c.beta = s.FixedBy(func(beta []float32) { fill(beta[c.LIF:], c.strength()) }, 1, n)
	c.apart = s.FixedBy(func(apart []float32) {
		for i := range apart {
			if i%(n+1) != 0 {
				apart[i] = 1
			}
		}
	}, n, n)
	c.v = s.State("membrane", nets.Zeros, examples, n)
	c.threshold = s.State("threshold", nets.Constant(c.Threshold), examples, n)
	c.z = s.State("spikes", nets.Zeros, examples, n)
	if c.Refractory > 2 {
		c.wait = s.State("refractory", nets.Zeros, examples, n)
	}
}

// Cells names the tensors that show what the cells do.
func (c *ALIF) Cells() []nets.Cells {
	return []nets.Cells{{Name: "cells", N: c.cells(), Steps: 1, Step: float64(c.Dt), Spikes: "spikes", Membrane: "membrane", Threshold: "threshold"}}
}

// examples returns the part of a tensor of the examples of a moment, learners × examples × columns.
func examples(p *nets.Pass, m nets.Moment, t *compute.Tensor) *compute.Tensor {
	return p.View(t, 0, p.Learners, m.Examples(), t.Cols())
}

var (
	alifRest     = compute.Formula("threshold")
	alifBegin    = compute.Formula("where(begin, threshold, old)", "begin")
	alifReset    = compute.Formula("old - reset*z", "z")
	alifAdapt    = compute.Formula("threshold + rho*(old - threshold) + beta*z", "z", "beta")
	alifSpike    = compute.Formula("where(v - threshold, 1, 0)", "v", "threshold")
	alifMaySpike = compute.Formula("where(v - threshold, where(wait - 0.5, 0, 1), 0)", "v", "threshold", "wait")
	alifNotTwice = compute.Formula("where(v - threshold, where(old, 0, 1), 0)", "v", "threshold")
	alifWait     = compute.Formula("where(z, steps, max(old - 1, 0))", "z")
	alifSlope    = compute.Formula("height*max(0, 1 - per*abs(v - threshold))", "v", "threshold")
	alifMaySlope = compute.Formula("where(wait - 0.5, 0, height*max(0, 1 - per*abs(v - threshold)))", "v", "threshold", "wait")
)

// begin puts the cells of trials that begin to rest.
func (c *ALIF) begin(p *nets.Pass, m nets.Moment) {
	p.Begin(m, examples(p, m, c.v), examples(p, m, c.z))
	if c.wait != nil {
		p.Begin(m, examples(p, m, c.wait))
	}
	switch a := examples(p, m, c.threshold); {
	case m.Begin != nil:
		p.Into(a, alifBegin.With("threshold", c.Threshold), m.Begin)
	case m.First:
		p.Into(a, alifRest.With("threshold", c.Threshold))
	}
}

// step makes a time step, and returns z. With slope not nil it sets it to ψ.
func (c *ALIF) step(p *nets.Pass, m nets.Moment, slope *compute.Tensor) (z *compute.Tensor) {
	v, a, z := examples(p, m, c.v), examples(p, m, c.threshold), examples(p, m, c.z)
	p.Do(compute.Gemm{C: v, A: m.X, B: c.in, TransB: true, Epilogue: compute.Epilogue{Alpha: c.gain(), Beta: c.decay(c.Tau)}})
	p.Do(compute.Gemm{C: v, A: z, B: c.recurrent, TransB: true, Epilogue: compute.Epilogue{Alpha: c.gain(), Beta: 1}})
	if c.Reset > 0 {
		p.Into(v, alifReset.With("reset", c.Reset*c.Threshold), z)
	}
	if c.Adaptive > 0 {
		p.Into(a, alifAdapt.With("threshold", c.Threshold).With("rho", c.decay(c.TauA)), z, c.beta)
	}
	spike, in := alifSpike, []*compute.Tensor{v, a}
	slopes, of := alifSlope, in
	switch {
	case c.wait != nil:
		in = append(in, examples(p, m, c.wait))
		spike, slopes, of = alifMaySpike, alifMaySlope, in
	case c.Refractory == 2: // who must wait is who has just spiked
		spike, slopes, of = alifNotTwice, alifMaySlope, []*compute.Tensor{v, a, z}
	}
	if slope != nil {
		p.Into(slope, slopes.With("height", c.Damping/c.Threshold).With("per", 1/c.Threshold), of...)
	}
	p.Into(z, spike, in...)
	if c.wait != nil {
		p.Into(in[2], alifWait.With("steps", float32(c.Refractory-1)), z)
	}
	return z
}
