// Package anticipation has ISO and ICO learning in float64, in the order and with the delays of the code of Porr and
// Wörgötter (github.com/berndporr/ICO-learning, trace.cpp), one number after the other: what package adapt is held
// against, and what figures come from that float32 cannot hold.
package anticipation

import (
	"math"
	"slices"
)

// A Filter is a resonator y_n = x_{n−2} − A1·y_{n−1} − A2·y_{n−2}, with A1 = −2·exp(−e)·cos w, A2 = exp(−2e), e = πf/Q
// and w = √((2πf)² − e²); y is 0 at first.
type Filter struct {
	A1, A2 float64
	x, y   [2]float64 // of the last two moments, the newer one first
}

// NewFilter returns a resonator of a frequency in cycles per moment and a quality.
func NewFilter(f, q float64) Filter {
	e := math.Pi * f / q
	w := math.Sqrt(4*math.Pi*math.Pi*f*f - e*e)
	return Filter{A1: -2 * math.Exp(-e) * math.Cos(w), A2: math.Exp(-2 * e)}
}

// Response returns y_n where x_0 is 1 and all else 0: exp(−e·(n−2))·sin(w·(n−1))/sin w from n = 2 on, and not by the
// recursion.
func (f Filter) Response(n int) float64 {
	if n < 2 {
		return 0
	}
	e, w := -math.Log(f.A2)/2, math.Acos(-f.A1/2/math.Sqrt(f.A2))
	return math.Exp(-e*float64(n-2)) * math.Sin(w*float64(n-1)) / math.Sin(w)
}

// K returns Σ_t u(t)·(u_0(t) − u_0(t−1)) over the responses of f to an impulse and of a reflex's filter to one that is
// so many moments later, with n terms: by the responses, and not by the recursion.
func (f Filter) K(reflex Filter, later, n int) (k float64) {
	for t := min(0, later); t < n; t++ {
		k += f.Response(t) * (reflex.Response(t-later) - reflex.Response(t-later-1))
	}
	return k
}

// next returns y of the coming moment, which what is shown then has no part in.
func (f *Filter) next() float64 { return f.x[1] - f.A1*f.y[0] - f.A2*f.y[1] }

func (f *Filter) step(x float64) float64 {
	y := f.next()
	f.x, f.y = [2]float64{x, f.x[0]}, [2]float64{y, f.y[0]}
	return y
}

// A Learner is the weights of the filters of all predictors, those of the first predictor first.
type Learner struct {
	W        []float64
	Mu       float64
	ISO      bool
	Examples []Example // from which it learns side by side, by the mean of their changes

	change []float64
}

// An Example is what the resonators of one example remember.
type Example struct {
	Reflex Filter
	Bank   []Filter

	u, c   []float64 // of each filter: what comes out, and u·d of the last moment
	before float64   // u_0 or, of ISO, v at the last moment
}

// Shown is a moment of an example: the reflex and then the predictors, the third factor, and 0 for an example that is
// masked.
type Shown struct {
	X           []float64
	Third, Mask float64
}

// New returns a Learner with weights of 0 and one example: the reflex passes a filter of the frequency reflexF, and each
// predictor as many as there are filters, of which the i-th, from 0 on, has f/(i+1).
func New(reflexF, f, q float64, filters, predictors int) *Learner {
	n := filters * predictors
	e := Example{Reflex: NewFilter(reflexF, q), u: make([]float64, n), c: make([]float64, n)}
	for i := range n {
		e.Bank = append(e.Bank, NewFilter(f/float64(i%filters+1), q))
	}
	return &Learner{W: make([]float64, n), Examples: []Example{e}, change: make([]float64, n)}
}

// Add adds another example.
func (l *Learner) Add() {
	e := l.Examples[0]
	e.Bank, e.u, e.c = slices.Clone(e.Bank), slices.Clone(e.u), slices.Clone(e.c)
	e.Reset()
	l.Examples = append(l.Examples, e)
}

// Reset takes what an example remembers back to 0.
func (e *Example) Reset() {
	e.before = 0
	clear(e.c)
	e.Reflex.reset()
	for j := range e.Bank {
		e.Bank[j].reset()
	}
}

func (f *Filter) reset() { f.x, f.y = [2]float64{}, [2]float64{} }

// Next returns Σ w_j·u_j of the coming moment of an example.
func (l *Learner) Next(example int) (v float64) {
	for j := range l.W {
		v += l.W[j] * l.Examples[example].Bank[j].next()
	}
	return v
}

// Step shows a moment of each example and returns the answers v.
func (l *Learner) Step(shown ...Shown) (v []float64) {
	clear(l.change)
	for i, m := range shown {
		v = append(v, l.example(&l.Examples[i], m))
	}
	for j := range l.change {
		l.W[j] += l.Mu * l.change[j] / float64(len(shown))
	}
	return v
}

func (l *Learner) example(e *Example, m Shown) (v float64) {
	filters := len(e.Bank) / (len(m.X) - 1)
	u0 := e.Reflex.step(m.X[0])
	v = u0
	for j := range e.u {
		e.u[j] = e.Bank[j].step(m.X[1+j/filters])
		v += l.W[j] * e.u[j]
	}
	now := u0
	if l.ISO {
		now = v
	}
	d := now - e.before
	e.before = now
	for j, u := range e.u {
		c := u * d * m.Third
		l.change[j] += m.Mask * (c + e.c[j]) / 2
		e.c[j] = c
	}
	return v
}
