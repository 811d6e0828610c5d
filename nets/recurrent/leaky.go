package recurrent

import (
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Leaky is a network of leaky rate units. With x an input, h the activities, ⊗ an outer product and ∘ a product element by
// element:
//
//	φ_t = f(U·x_t + W·h_{t−1})             units; f is Act
//	h_t = (1−1/τ)·h_{t−1} + 1/τ·φ_t        units, the state; Start when a trial begins
//
// so that J = (1−1/τ)·I + 1/τ·diag(f′)·W, and M = 1/τ·diag(f′)⊗[x, h_{t−1}]. With τ = 1 there is no leak: h = φ.
//
// First values: U is normal with variance 1/inputs, W with Gain²/units. A Gain above 1 makes activity of its own. There is
// no bias: a task that needs one shows a 1.
type Leaky struct {
	Units int     `json:"units" toml:"units"`
	Tau   float32 `json:"tau" toml:"tau"`     // τ, in moments
	Gain  float32 `json:"gain" toml:"gain"`   // of the first recurrent weights
	Act   string  `json:"act" toml:"act"`     // f: tanh, identity, relu, sigmoid, leaky-relu or selu; "" is tanh
	Start float32 `json:"start" toml:"start"` // h of every unit when a trial begins

	u, w *compute.Tensor // units × inputs, units × units
}

// slopes are f′ by f's value.
var slopes = map[compute.Act]*compute.Func{
	compute.Identity: compute.Formula("1", "phi"), compute.ReLU: compute.Formula("where(phi, 1, 0)", "phi"),
	compute.Tanh: compute.Formula("1 - phi*phi", "phi"), compute.Sigmoid: compute.Formula("phi*(1 - phi)", "phi"),
	compute.LeakyReLU: compute.Formula("where(phi, 1, slope)", "phi").With("slope", compute.LeakySlope),
	compute.SELU:      compute.Formula("where(phi, scale, phi + limit)", "phi").With("scale", compute.SELUScale).With("limit", compute.SELULimit),
}

// Check reports a setting that cannot be.
func (l *Leaky) Check() error {
	if l.Units < 1 || !(l.Tau >= 1 && l.Tau < math.MaxFloat32) || !(l.Gain >= 0 && l.Gain < math.MaxFloat32) {
		return fmt.Errorf("%d units, tau %g and gain %g, want at least 1, 1 and 0", l.Units, l.Tau, l.Gain)
	}
	if !(l.Start >= 0 && l.Start < math.MaxFloat32) {
		return fmt.Errorf("start %g, want at least 0", l.Start)
	}
	if l.act() < 0 {
		return fmt.Errorf("act %q, want one of %s", l.Act, nets.Names(compute.Acts, compute.Act.String))
	}
	return nil
}

// act is the place of f in compute.Acts, or -1.
func (l *Leaky) act() int {
	return slices.IndexFunc(compute.Acts, func(a compute.Act) bool { return a.String() == l.Act || l.Act == "" && a == compute.Tanh })
}

// Build asks for the weights and the activities.
func (l *Leaky) Build(s *nets.Store, spec nets.Spec) Parts {
	in, n := spec.In.Len(), l.Units
	l.u = s.Weights("in", nets.Normal(1/math.Sqrt(float64(in))), n, in)
	l.w = s.Weights("recurrent", nets.Normal(float64(l.Gain)/math.Sqrt(float64(n))), n, n)
	return Parts{
		State:   s.State("h", nets.Constant(l.Start), spec.Examples, n),
		Weights: []Weights{{l.u, 0}, {l.w, 1}},
		Tape:    []Entry{{"x", in}, {"h", n}, {"slope", n}},
	}
}

var (
	leak    = compute.Formula("keep*h + gain*phi", "h", "phi")
	through = compute.Formula("gain*(v*slope)", "v", "slope")
	kept    = compute.Formula("keep*v + down", "v", "down")
	pushed  = compute.Formula("keep*a + gain*(slope*wa)", "a", "slope", "wa")
	started = compute.Formula("where(begin, start, old)", "begin")
)

// Begin sets the activities of the examples whose trial begins.
func (l *Leaky) Begin(p *nets.Pass, m nets.Moment, h *compute.Tensor) {
	switch {
	case l.Start == 0:
		p.Begin(m, h)
	case m.Begin != nil:
		p.Into(h, started.With("start", l.Start), m.Begin)
	case m.First:
		p.Into(h, constantly.With("c", l.Start))
	}
}

// Forward returns h_t, and x, h_{t−1} and f′.
func (l *Leaky) Forward(p *nets.Pass, h, x *compute.Tensor) (next *compute.Tensor, tape []*compute.Tensor) {
	act := compute.Acts[l.act()]
	phi := p.Product(l.u, x, compute.Identity)
	p.AddProduct(phi, l.w, h, act)
	return p.Map(l.leaking(leak), h, phi), []*compute.Tensor{x, h, p.Map(slopes[act], phi)}
}

// Backward returns Jᵀ·v = (1−1/τ)·v + Wᵀ·δ, and δ = 1/τ·f′∘v for both weights.
func (l *Leaky) Backward(p *nets.Pass, tape []*compute.Tensor, v *compute.Tensor) (down *compute.Tensor, deltas []*compute.Tensor) {
	_, keep, gain := l.Local(p, tape)
	delta := p.Map(through.With("gain", gain), v, tape[2])
	return p.Map(kept.With("keep", keep), v, Back(p, l.w, delta)), []*compute.Tensor{delta, delta}
}

// Push returns J·a = (1−1/τ)·a + 1/τ·f′∘(W·a).
func (l *Leaky) Push(p *nets.Pass, tape []*compute.Tensor, a *compute.Tensor) *compute.Tensor {
	return p.Map(l.leaking(pushed), a, tape[2], Forth(p, l.w, a))
}

// Local returns f′, 1−1/τ and 1/τ.
func (l *Leaky) Local(_ *nets.Pass, tape []*compute.Tensor) (slope *compute.Tensor, keep, gain float32) {
	return tape[2], 1 - 1/l.Tau, 1 / l.Tau
}

// leaking is a formula with its constants keep and gain.
func (l *Leaky) leaking(f *compute.Func) *compute.Func {
	return f.With("keep", 1-1/l.Tau).With("gain", 1/l.Tau)
}
