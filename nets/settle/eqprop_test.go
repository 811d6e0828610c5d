package settle_test

import (
	"math"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/settle"
)

// An eqTwin runs equilibrium propagation in float64.
type eqTwin struct {
	layers
	set *settle.EqProp
}

func (n *eqTwin) weights() lab.Results { return n.layers.weights(true) }

func (n *eqTwin) act() func(float64) float64 {
	if n.set.Act == "hard" {
		return clip
	}
	return sigmoid
}

// rest returns the activities after the given number of sweeps from others, nudged by beta.
func (n *eqTwin) rest(x, want []float64, from [][]float64, beta float64, sweeps int) [][]float64 {
	s, _, _ := n.settle(x, from, 1, sweeps, n.act(), func(o int, u, was float64) float64 { return n.act()(u + beta*(want[o]-was)) }, 0)
	return s
}

func (n *eqTwin) moment(rate float64) {
	d, b, beta := n.zero(), examples(), float64(n.set.Beta)
	for e := range examplesOf {
		if !shown(e) {
			continue
		}
		x, want := row(b, e)
		free := n.rest(x, want, nil, 0, n.set.Sweeps)
		plus, minus, apart := n.rest(x, want, free, beta, n.set.Nudged), free, beta
		if n.set.Both {
			minus, apart = n.rest(x, want, free, -beta, n.set.Nudged), 2*beta
		}
		for k := range n.w {
			d.add(k, x, plus, minus, rate/apart/examplesOf)
		}
	}
	n.plus(d, 1)
}

// cost returns C at the free rest, as a mean over the examples.
func (n *eqTwin) cost() (c float64) {
	b := examples()
	for e := range examplesOf {
		if !shown(e) {
			continue
		}
		x, want := row(b, e)
		s := n.rest(x, want, nil, 0, 400)
		for o, y := range s[len(s)-1] {
			c += (want[o] - y) * (want[o] - y) / 2 / examplesOf
		}
	}
	return c
}

// TestNudges: as β → 0 the change is −∂C/∂θ at the free rest, by central differences. It is off by the first order of β
// with one nudge, and by the second with both.
func TestNudges(t *testing.T) {
	system := func(beta float32, both bool) func() nets.System {
		return func() nets.System {
			return &settle.EqProp{Hidden: []int{4, 3}, Sweeps: 400, Nudged: 400, Beta: beta, Both: both, Act: "logistic", Gain: 1}
		}
	}
	l := lab.Exact(t)
	before := moments(t, l, system(1, true), 0, 1)
	gradient := lab.Results{}
	for name, w := range before {
		for i := range w {
			const h = 1e-4
			at := func(h float64) float64 {
				n := &eqTwin{layersOf(before, 2), system(1, true)().(*settle.EqProp)}
				n.weights()[name][i] += h
				return n.cost()
			}
			gradient[name] = append(gradient[name], (at(h)-at(-h))/(2*h))
		}
	}
	off := func(beta float32, both bool) float64 {
		sum, all := 0., 0.
		for name, w := range moments(t, l, system(beta, both), 1, 1) {
			for i, x := range w {
				d := x - before[name][i] + gradient[name][i]
				sum, all = sum+d*d, all+gradient[name][i]*gradient[name][i]
			}
		}
		return math.Sqrt(sum / all)
	}
	for _, c := range []struct {
		both bool
		want float64
	}{{false, 2}, {true, 4}} {
		a, b := off(1./8, c.both), off(1./16, c.both)
		t.Logf("both %t: off by %.3g of the gradient at β 1/8 and by %.3g at 1/16: %.4g times", c.both, a, b, a/b)
		if !(math.Abs(a/b-c.want) < 0.05*c.want) || a > 0.2 {
			t.Errorf("both %t: off by %g of the gradient at β 1/8 and by %g at 1/16, want less than 0.2 and 1/%g of it", c.both, a, b, c.want)
		}
	}
}

// TestRecurrentBackprop: the change with both nudges comes to Compare's exact gradient, in direction and length, with
// either act.
func TestRecurrentBackprop(t *testing.T) {
	for _, act := range []string{"logistic", "hard"} {
		system := func() nets.System {
			return &settle.EqProp{Hidden: []int{6, 5}, Sweeps: 200, Nudged: 200, Beta: 1. / 1024, Both: true, Act: act, Gain: 0.5}
		}
		s := lab.Make(t, lab.Exact(t).Device, nets.Run{System: system, Task: func() nets.Task { return examples() }, Seed: 2}, 0)
		angles := must.Get(s.Compare(t.Context()))(t)
		if len(angles) != 3 {
			t.Fatal(angles)
		}
		for _, a := range angles {
			longer := a.NormDelta / a.NormBackprop * 512 // s^β − s^−β is 2β times λ
			if !(a.Gradient < 0.1) || !(a.Delta < 0.1) || !(math.Abs(longer-1) < 1e-3) || a.NormDelta < 1e-8 {
				t.Errorf("%s, layer %s: %g°, of the deltas %g° and %g times as long", act, a.Layer, float64(a.Gradient), float64(a.Delta), longer)
			}
		}
	}
}
