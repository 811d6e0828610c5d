// Package adapt has learners of series: [Particles] adapts its learning rate to how volatile and how noisy a series is, and
// [ICO] and [ISO] anticipate: they learn from the order of their inputs in time to answer an early one
// as a reflex answers a late one. Where the answer weakens the reflex, ICO ends with a thousandth of it: hebb reproduce
// ico makes that and the authors' other figures, which docs/results.md has with pictures.
package adapt

import (
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// A Bank is the resonators through which [ICO] and [ISO] see, and the weights of what comes out. The first number of an
// example is a reflex, which passes one resonator of the frequency ReflexF; each of the others is a predictor, which
// passes Filters of them, the i-th of the frequency F/(i+1). With f the frequency of a resonator in cycles per moment:
//
//	y_n = x_{n−1} − a1·y_{n−1} − a2·y_{n−2}
//	a1 = −2·exp(−e)·cos w,  a2 = exp(−2e),  e = πf/Q,  w = √((2πf)² − e²)
//
// which answers an impulse with exp(−e·(n−1))·sin(w·n)/sin w. In the authors' code the answer comes one moment later
// still, so that what is answered here at a moment is what is answered there at the next: a world that hears the answer
// can act on it in time. Nothing else depends on it.
//
// In float32 the coefficients of a resonator of low frequency lie close to those of one without damping: its gain errs by
// about 2⁻²³/(2πf)², a thousandth at f = 0.002.
type Bank struct {
	Filters int     `json:"filters" toml:"filters"`   // of each predictor
	F       float64 `json:"f" toml:"f"`               // in cycles per moment
	Q       float64 `json:"q" toml:"q"`               // quality of all resonators
	ReflexF float64 `json:"reflex_f" toml:"reflex_f"` // in cycles per moment
	Third   bool    `json:"third" toml:"third"`       // the last number of an example is a third factor, and no predictor

	w               *compute.Tensor // 1 × n: of the reflex, which is 1, and of the filters
	y, r            *compute.Tensor // examples × n: y_n, and x_n − a2·y_{n−1}
	c               *compute.Tensor // examples × n: correlations of the last moment
	before          *compute.Tensor // examples × 1: the signal whose change is learned from, at the last moment
	a1, a2          *compute.Tensor // 1 × n
	sees            *compute.Tensor // examples · n: the place of the number that a resonator sees, among those of all examples
	reflex, learned *compute.Tensor // 1 × n: 1 for the reflex alone, 1 for all others
	third           *compute.Tensor // 1 × numbers of an example: 1 for the third factor; nil without one
	one             *compute.Tensor // 1 × 1
}

// DefaultBank has ten filters, those of the demonstration of Porr and Wörgötter.
var DefaultBank = Bank{Filters: 10, F: 0.1, Q: 0.6, ReflexF: 0.01}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "ico", About: "input correlation learning (Porr and Wörgötter 2006)", System: func() nets.System { return &ICO{DefaultBank} }, Rate: 1e-4},
	{Name: "iso", About: "isotropic sequence order learning (Porr and Wörgötter 2003)", System: func() nets.System { return &ISO{DefaultBank} }, Rate: 1e-4},
	{Name: "particles", About: "volatility told from stochasticity by a Rao-Blackwellised particle filter (Piray and Daw 2021)",
		System: func() nets.System { f := DefaultParticles; return &f }},
}

// coefficients returns a1 and a2 of a resonator.
func coefficients(f, q float64) (a1, a2 float32) {
	e := math.Pi * f / q
	w := math.Sqrt(4*math.Pi*math.Pi*f*f - e*e)
	return float32(-2 * math.Exp(-e) * math.Cos(w)), float32(math.Exp(-2 * e))
}

// check reports a setting that cannot be.
func (b *Bank) check(name string) error {
	switch {
	case b.Filters < 1:
		return fmt.Errorf("%s: %d filters, want at least 1", name, b.Filters)
	case !(b.Q > 0.5 && b.Q <= math.MaxFloat32):
		return fmt.Errorf("%s: q %g, want a number above 0.5: below, what is damped does not resonate", name, b.Q)
	}
	for _, s := range []struct {
		key     string
		f       float64
		filters int
	}{{"f", b.F, b.Filters}, {"reflex_f", b.ReflexF, 1}} {
		if !(s.f > 0 && s.f < 0.5) {
			return fmt.Errorf("%s: %s %g, want cycles per moment above 0 and below 0.5, half a cycle a moment", name, s.key, s.f)
		}
		slowest := s.f / float64(s.filters)
		if a1, a2 := coefficients(slowest, b.Q); !(a2 < 1 && -a1 < 1+a2) {
			return fmt.Errorf("%s: %s %g of %d filters and q %g: float32 has no damping for the slowest, of %.3g cycles a moment; "+
				"want it faster or q smaller", name, s.key, s.f, s.filters, b.Q, slowest)
		}
	}
	return nil
}

// build asks for weights and for the state of each example.
func (b *Bank) build(name string, s *nets.Store, spec nets.Spec) error {
	in, least, want := spec.In.Len(), 2, "a reflex and a predictor at least"
	if b.Third {
		least, want = 3, "a reflex, a predictor at least and a third factor, as pairs:third=20 shows"
	}
	switch {
	case spec.Out > 0:
		return fmt.Errorf("%s: the task wants answers, and what is learned from is the order of inputs alone; want a task without", name)
	case in < least:
		return fmt.Errorf("%s: the task shows %s, want %s", name, count.Of(in, "number"), want)
	case spec.Third && !b.Third:
		return fmt.Errorf("%s: the last number that the task shows is a third factor, and no predictor; want third=true", name)
	case spec.Trial == 1:
		return fmt.Errorf("%s: the task's trials are single moments, and what is learned from is the order of inputs in time; want trials of several", name)
	}
	n := 1 + (in-least+1)*b.Filters
	a1, a2, reflex, learned, sees := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, spec.Examples*n)
	for j := range n {
		f, at := b.ReflexF, 0
		if j > 0 {
			i := (j - 1) % b.Filters
			f, at, learned[j] = b.F/float64(i+1), 1+(j-1)/b.Filters, 1
		}
		a1[j], a2[j] = coefficients(f, b.Q)
		for e := range spec.Examples {
			sees[e*n+j] = float32(e*in + at)
		}
	}
	reflex[0] = 1
	b.a1, b.a2, b.reflex, b.learned = s.Fixed(a1, n), s.Fixed(a2, n), s.Fixed(reflex, n), s.Fixed(learned, n)
	b.sees, b.one = s.Fixed(sees, spec.Examples*n), s.Fixed([]float32{1}, 1)
	if b.Third {
		last := make([]float32, in)
		last[in-1] = 1
		b.third = s.Fixed(last, in)
	}
	b.w = s.Weights("w", nets.Filled(func(_ *rand.Rand, w []float32) { w[0] = 1 }), n)
	state := func(name string, cols int) *compute.Tensor { return s.State(name, nets.Zeros, spec.Examples, cols) }
	b.y, b.r, b.c, b.before = state("y", n), state("r", n), state("c", n), state("before", 1)
	return nil
}

var (
	product = compute.Formula("x*y", "x", "y")
	minus   = compute.Formula("x - y", "x", "y")
	// of a resonator
	rings = compute.Formula("r - a1*y", "y", "r", "a1")
	rest  = compute.Formula("x - a2*y", "x", "y", "a2")
	// of the weights
	correlation = compute.Formula("u*d*third", "u", "d", "third")
	changes     = compute.Formula("(u*d*third + c)*learned*mask", "u", "d", "third", "c", "learned", "mask")
)

// step answers with v and learns from the change of a signal, which signal makes of the filters' outputs u and of v.
func (b *Bank) step(p *nets.Pass, m nets.Moment, signal func(u, v *compute.Tensor) *compute.Tensor) *compute.Tensor {
	each := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, m.Examples(), t.Cols()) }
	y, r, c, before := each(b.y), each(b.r), each(b.c), each(b.before)
	p.Begin(m, y, r, c, before)
	x := p.All(m.X)
	u := p.Map(rings, y, r, b.a1)
	p.Into(r, rest, b.seen(p, x), y, b.a2)
	p.Do(compute.Copy{Dst: y, Src: u})
	v := b.sum(p, u, b.w)
	now := signal(u, v)
	d := p.Map(minus, now, before)
	p.Do(compute.Copy{Dst: before, Src: now})
	third, mask := b.one, b.one
	if b.Third {
		third = b.sum(p, x, b.third)
	}
	if m.Mask != nil {
		mask = m.Mask
	}
	if rate := float32(p.Rate) / float32(2*m.Examples()); p.Learning && rate != 0 {
		p.Do(compute.Reduce{Out: b.w, In: []*compute.Tensor{u, d, third, c, b.learned, mask}, F: changes, Along: compute.AlongRows,
			Alpha: rate, Beta: 1})
	}
	p.Into(c, correlation, u, d, third)
	return v
}

// seen returns the number that each resonator sees, learners × examples × n.
func (b *Bank) seen(p *nets.Pass, x *compute.Tensor) *compute.Tensor {
	each, n := x.Rows()*x.Cols(), x.Rows()*b.w.Cols()
	out := p.Tensor(p.Learners, x.Rows(), b.w.Cols())
	p.Do(compute.Gather{Out: p.View(out, 0, p.Learners, n, 1), X: p.View(x, 0, p.Learners, each, 1), Rows: p.View(b.sees, 0, n)})
	return out
}

// sum returns Σ x·w over the numbers of each example.
func (b *Bank) sum(p *nets.Pass, x, w *compute.Tensor) *compute.Tensor {
	out := p.Tensor(p.Learners, x.Rows(), 1)
	p.Do(compute.Reduce{Out: out, In: []*compute.Tensor{x, w}, F: product, Along: compute.AlongCols, Alpha: 1})
	return out
}
