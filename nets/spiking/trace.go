package spiking

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Trace is what is left of the spikes of a cell: each spike raises it, and it decays. With t_s the times of the spikes
// before t, τ = Tau and τ′ = Rise:
//
//	x(t) = Σ_s e^(−(t − t_s)/τ)                                 exponential, Rise 0
//	x(t) = 1/peak·Σ_s (e^(−(t − t_s)/τ) − e^(−(t − t_s)/τ′))    double exponential, which rises at first
//	peak = m^(τ′/(τ − τ′)) − m^(τ/(τ − τ′)),  m = τ′/τ           so that one spike comes to 1
//
// Σ_s is over all spikes or, if Nearest, the last one alone: it starts the trace anew. In steps of Δt the sums are
// recursions without an error of their own, since exponentials multiply, with s 1 at a spike and k = e^(−Δt/τ), k′ =
// e^(−Δt/τ′):
//
//	x ← k·(x + s)                                     x ← k·s or, without a spike, k·x     if Nearest
//	x ← k·(x + z + s/peak) − k′·(z + s/peak),  z ← k′·(z + s/peak)
//
// So what is stored is always x just before the spikes of the present step, as learning rules read it: spikes of one
// step do not see each other. A spike of another size than 1 counts in proportion, except for Nearest.
type Trace struct {
	Tau     float32 `json:"tau" toml:"tau"`   // ms
	Rise    float32 `json:"rise" toml:"rise"` // ms; 0: the trace jumps
	Nearest bool    `json:"nearest" toml:"nearest"`
}

// Traces are a [Trace] of each cell of a group.
type Traces struct {
	Value *compute.Tensor // learners × rows × cells: just before the spikes of the present step
	fast  *compute.Tensor // z; nil without Rise

	value, rise *compute.Func
}

// check reports a time constant that cannot be, by name, at steps of that many ms.
func checkTau(name string, tau, step float32) error {
	if !(tau >= step && tau <= math.MaxFloat32) {
		return fmt.Errorf("%s %g ms, want at least a step, %g ms", name, tau, step)
	}
	return nil
}

// Check reports a setting that cannot be, at steps of that many ms.
func (t Trace) Check(step float32) error {
	if err := checkTau("tau", t.Tau, step); err != nil || t.Rise == 0 {
		return err
	}
	if t.Rise == t.Tau {
		return fmt.Errorf("rise %g ms as tau: the difference of two equal exponentials is 0, want another", t.Rise)
	}
	return checkTau("rise", t.Rise, step)
}

// Peak returns the largest value of the difference of exponentials, by which a double exponential is divided; 1 without
// Rise.
func (t Trace) Peak() float64 {
	if t.Rise == 0 {
		return 1
	}
	tau, rise := float64(t.Tau), float64(t.Rise)
	m := rise / tau
	return math.Pow(m, rise/(tau-rise)) - math.Pow(m, tau/(tau-rise))
}

var (
	traceOfAll     = compute.Formula("keep*(old + one*s)", "s")
	traceOfNearest = compute.Formula("keep*where(s, one, old)", "s")
	riseOfAll      = compute.Formula("keep*(old + z + one*s) - keep2*(z + one*s)", "s", "z")
	riseOfNearest  = compute.Formula("keep*where(s, one, old + z) - keep2*where(s, one, z)", "s", "z")
)

// Build allocates the traces of a group in s, rows × cells, at steps of that many ms.
func (t Trace) Build(s *nets.Store, name string, step float32, rows, cells int) (*Traces, error) {
	if err := t.Check(step); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	one, keep := float32(1/t.Peak()), func(tau float32) float32 { return float32(math.Exp(-float64(step) / float64(tau))) }
	single, double := traceOfAll, riseOfAll
	if t.Nearest {
		single, double = traceOfNearest, riseOfNearest
	}
	c := &Traces{Value: s.State(name, nets.Zeros, rows, cells)}
	if t.Rise == 0 {
		c.value = single.With("keep", keep(t.Tau)).With("one", one)
		return c, nil
	}
	c.fast = s.State(name+".rise", nets.Zeros, rows, cells)
	c.value = double.With("keep", keep(t.Tau)).With("keep2", keep(t.Rise)).With("one", one)
	c.rise = single.With("keep", keep(t.Rise)).With("one", one)
	return c, nil
}

// At returns the values for as many rows as spikes has.
func (c *Traces) At(p *nets.Pass, spikes *compute.Tensor) *compute.Tensor {
	return p.View(c.Value, 0, spikes.Shape()...)
}

// Add ends a step with these spikes, learners × rows × cells: Value is then that of the next step.
func (c *Traces) Add(p *nets.Pass, spikes *compute.Tensor) {
	if c.fast == nil {
		p.Into(c.At(p, spikes), c.value, spikes)
		return
	}
	z := p.View(c.fast, 0, spikes.Shape()...)
	p.Into(c.At(p, spikes), c.value, spikes, z)
	p.Into(z, c.rise, spikes)
}

// Begin clears the traces of examples whose trial begins.
func (c *Traces) Begin(p *nets.Pass, m nets.Moment) {
	all := []*compute.Tensor{c.Value}
	if c.fast != nil {
		all = append(all, c.fast)
	}
	for _, t := range all {
		p.Begin(m, p.View(t, 0, p.Learners, m.Examples(), t.Cols()))
	}
}
