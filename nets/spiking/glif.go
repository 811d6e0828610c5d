package spiking

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// GLIF is a generalised leaky integrate-and-fire cell with escape noise (Jolivet, Rauch, Lüscher and Gerstner 2006;
// Gerstner, Kistler, Naud and Paninski 2014, chapter 6): it spikes by chance, the more likely the nearer its potential
// v is to a threshold that each spike raises for a while. In a step of Δt, with i the input and y 1 at a spike of the
// step before, else 0:
//
//	v ← e^(−Δt/τ)·(v or, after a spike, 0) + i
//	ρ = Escape·e^((v − Threshold − a)/Width)                Hz
//	y = 1 with the probability 1 − e^(−ρ·Δt), 0 within Refractory of a spike
//	a ← e^(−Δt/TauJump)·(a + Jump·y)                      adaptation
//
// v, Threshold, Width, Jump and i are in one unit, which the input sets; rest is 0. Adaptation straightens the rate as
// a function of a constant input (Ermentrout 1998, Neural Computation 10:1721): at first convex, and concave far above
// the threshold without.
type GLIF struct {
	Tau        float32 `json:"tau" toml:"tau"` // τ of the membrane, ms
	Threshold  float32 `json:"threshold" toml:"threshold"`
	Width      float32 `json:"width" toml:"width"`                 // Δ, over which ρ changes by a factor of e
	Escape     float32 `json:"escape" toml:"escape"`               // ρ at the threshold, Hz
	Refractory float32 `json:"refractory" toml:"refractory"`       // ms
	Jump       float32 `json:"jump" toml:"jump"`                   // of the threshold at a spike
	TauJump    float32 `json:"tau_jump" toml:"tau_jump" if:"jump"` // of its decay, ms
}

// GLIFs are a group of [GLIF] cells.
type GLIFs struct {
	Spikes   *compute.Tensor // y: learners × rows × cells
	Membrane *compute.Tensor // v, at a spike before it is reset
	raised   *compute.Tensor // a
	silent   *compute.Tensor // steps until a cell can spike again
	chance   *compute.Tensor // uniform numbers

	v, y, a, q *compute.Func
}

// Check reports a setting that cannot be, at steps of that many ms.
func (g GLIF) Check(step float32) error {
	for _, a := range []struct {
		name string
		x    float32
	}{{"refractory", g.Refractory}, {"jump", g.Jump}} {
		if !(a.x >= 0 && a.x <= math.MaxFloat32) {
			return fmt.Errorf("%s %g, want a finite number of at least 0", a.name, a.x)
		}
	}
	for _, a := range []struct {
		name string
		x    float32
	}{{"threshold", g.Threshold}, {"width", g.Width}, {"escape", g.Escape}} {
		if !(a.x > 0 && a.x <= math.MaxFloat32) {
			return fmt.Errorf("%s %g, want a finite number above 0", a.name, a.x)
		}
	}
	if err := checkTau("tau", g.Tau, step); err != nil {
		return err
	}
	return checkTau("tau_jump", g.TauJump, step)
}

var (
	glifLeaks = compute.Formula("keep*where(y, 0, old) + i", "y", "i")
	glifFires = compute.Formula("where(q, 0, where(1 - exp(-dtrate*exp(min((v - threshold - a)/width, 60))) - u, 1, 0))", "v", "a", "q", "u")
	glifRises = compute.Formula("keep*(old + jump*y)", "y")
	glifRests = compute.Formula("max(where(y, rest, old) - 1, 0)", "y")
)

// Build allocates cells in s, rows × cells, at steps of that many ms.
func (g GLIF) Build(s *nets.Store, name string, step float32, rows, cells int) (*GLIFs, error) {
	if err := g.Check(step); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	keep := func(tau float32) float32 { return float32(math.Exp(-float64(step) / float64(tau))) }
	state := func(of string) *compute.Tensor { return s.State(name+"."+of, nets.Zeros, rows, cells) }
	return &GLIFs{
		Spikes: state("spikes"), Membrane: state("v"), raised: state("a"), silent: state("silent"),
		chance: nets.At(s.Scratch(1, rows, cells), 0),
		v:      glifLeaks.With("keep", keep(g.Tau)),
		y:      glifFires.With("dtrate", step*g.Escape/1000).With("threshold", g.Threshold).With("width", g.Width),
		a:      glifRises.With("keep", keep(g.TauJump)).With("jump", g.Jump),
		q:      glifRests.With("rest", float32(max(1, math.Round(float64(g.Refractory/step))))),
	}, nil
}

// Step moves the cells by a step with an input, learners × rows × cells, and returns their spikes.
func (c *GLIFs) Step(p *nets.Pass, i *compute.Tensor) *compute.Tensor {
	of := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, i.Shape()...) }
	v, y, a, q, u := of(c.Membrane), of(c.Spikes), of(c.raised), of(c.silent), of(c.chance)
	p.Into(v, c.v, y, i)
	p.Random(u, compute.Uniform(0, 1))
	p.Into(y, c.y, v, a, q, u)
	p.Into(a, c.a, y)
	p.Into(q, c.q, y)
	return y
}

// Begin brings the cells of examples whose trial begins to rest.
func (c *GLIFs) Begin(p *nets.Pass, m nets.Moment) {
	for _, t := range []*compute.Tensor{c.Spikes, c.Membrane, c.raised, c.silent} {
		p.Begin(m, p.View(t, 0, p.Learners, m.Examples(), t.Cols()))
	}
}
