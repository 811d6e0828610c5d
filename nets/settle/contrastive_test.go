package settle_test

import (
	"math"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/settle"
)

// A pinedaTwin runs contrastive learning in a recurrent network in float64.
type pinedaTwin struct {
	set     *settle.Contrastive
	t, u, b []float64
}

func pinedaOf(set *settle.Contrastive, w lab.Results) *pinedaTwin {
	n := &pinedaTwin{set: set}
	n.t, n.u, n.b = append(n.t, w["t"]...), append(n.u, w["u"]...), append(n.b, w["b"]...)
	return n
}

func (n *pinedaTwin) weights() lab.Results { return lab.Results{"t": n.t, "u": n.u, "b": n.b} }

// drive returns U·x + b.
func (n *pinedaTwin) drive(x []float64) (d []float64) {
	for i, b := range n.b {
		for j, v := range x {
			b += n.u[i*len(x)+j] * v
		}
		d = append(d, b)
	}
	return d
}

// relax settles from u, which it changes, and returns V; want is nil in the free phase.
func (n *pinedaTwin) relax(x, u, want []float64, sweeps int) []float64 {
	m, drive := len(n.b), n.drive(x)
	v := make([]float64, m)
	answer := func() {
		for i := range v {
			if v[i] = math.Tanh(u[i]); i >= n.set.Hidden && want != nil && n.set.Beta == 0 {
				v[i] = want[i-n.set.Hidden]
			}
		}
	}
	answer()
	for range sweeps {
		for i := range u {
			in := drive[i]
			for j := range v {
				in += n.t[i*m+j] * v[j]
			}
			if i >= n.set.Hidden && want != nil {
				in += float64(n.set.Beta) * (want[i-n.set.Hidden] - v[i])
			}
			u[i] += float64(n.set.StepSize) * (in - u[i])
		}
		answer()
	}
	return v
}

func (n *pinedaTwin) moment(rate float64) {
	m, b := len(n.b), examples()
	t, u, c := make([]float64, m*m), make([]float64, 3*m), make([]float64, m)
	for e := range examplesOf {
		if !shown(e) {
			continue
		}
		x, want := row(b, e)
		pre := make([]float64, m)
		free := n.relax(x, pre, nil, n.set.Sweeps)
		taught := n.relax(x, pre, want, n.set.Sweeps)
		for i := range m {
			c[i] += taught[i] - free[i]
			for j := range m {
				t[i*m+j] += taught[i]*taught[j] - free[i]*free[j]
			}
			for j := range x {
				u[i*3+j] += (taught[i] - free[i]) * x[j]
			}
		}
	}
	for i := range t {
		if i/m != i%m {
			n.t[i] += rate / examplesOf * t[i]
		}
	}
	for i := range u {
		n.u[i] += rate / examplesOf * u[i]
	}
	for i := range c {
		n.b[i] += rate / examplesOf * c[i]
	}
}

// energy returns E of activities, with a force if want is not nil and the teacher has one.
func (n *pinedaTwin) energy(x, v, want []float64) (e float64) {
	m := len(v)
	for i, d := range n.drive(x) {
		e += -v[i]*d + ((1+v[i])*math.Log1p(v[i])+(1-v[i])*math.Log1p(-v[i]))/2
		for j := range m {
			e -= v[i] * n.t[i*m+j] * v[j] / 2
		}
		if i >= n.set.Hidden && want != nil {
			e += float64(n.set.Beta) / 2 * math.Pow(want[i-n.set.Hidden]-v[i], 2)
		}
	}
	return e
}

// contrast returns the mean of E with the teacher less E free, at rest.
func (n *pinedaTwin) contrast() (c float64) {
	b := examples()
	for e := range examplesOf {
		if !shown(e) {
			continue
		}
		x, want := row(b, e)
		u := make([]float64, len(n.b))
		free := n.energy(x, n.relax(x, u, nil, n.set.Sweeps), nil)
		c += (n.energy(x, n.relax(x, u, want, n.set.Sweeps), want) - free) / examplesOf
	}
	return c
}

// TestContrast: the change of a moment is the negative gradient of the contrast, by central differences in float64;
// T_ij and T_ji move together. Differences of 1e-4 err by about 1e-8 times third derivatives, and divide roundings by
// 1e-4.
func TestContrast(t *testing.T) {
	for _, beta := range []float32{0, 2} {
		system := func() nets.System {
			return &settle.Contrastive{Hidden: 3, Sweeps: 400, StepSize: 0.25, Beta: beta, Gain: 0.5}
		}
		l := lab.Exact(t)
		before, after := moments(t, l, system, 0, 1), moments(t, l, system, 1, 1)
		m, worst, largest := 5, 0., 0.
		for name, w := range before {
			for i := range w {
				if name == "t" && i/m >= i%m {
					continue
				}
				at := func(h float64) float64 {
					n := pinedaOf(system().(*settle.Contrastive), before)
					w := n.weights()[name]
					if w[i] += h; name == "t" {
						w[i%m*m+i/m] += h
					}
					return n.contrast()
				}
				const h = 1e-4
				change, slope := after[name][i]-w[i], (at(h)-at(-h))/(2*h)
				worst, largest = math.Max(worst, math.Abs(change+slope)), math.Max(largest, math.Abs(change))
			}
		}
		if t.Logf("beta %g: changes of up to %.3g are off by up to %.2g", beta, largest, worst); !(worst < 1e-6) || largest < 0.1 {
			t.Errorf("beta %g: changes of up to %g are off by up to %g, want at least 0.1 and at most 1e-6", beta, largest, worst)
		}
	}
}

// TestSymmetric: T stays symmetric and 0 on its diagonal, to the bit, on the CPU and on the GPU.
func TestSymmetric(t *testing.T) {
	for name, open := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Bare, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) {
			system := func() nets.System {
				return &settle.Contrastive{Hidden: 17, Sweeps: 5, StepSize: 0.25, Gain: 0.5}
			}
			s := lab.Make(t, open(t).Device, nets.Run{System: system, Task: noise, Rate: 0.1}, 7)
			w := lab.Values(t, s)["t"]
			for i := range 19 {
				for j := range i + 1 {
					if x := w[i*19+j]; x != w[j*19+i] || (i == j) != (x == 0) {
						t.Fatalf("T has %g and %g at %d, %d", x, w[j*19+i], i, j)
					}
				}
			}
		})
	}
}
