package settle_test

import (
	"math"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/settle"
	"hebb/nets/stack"
)

// Networks of four layers of weights.
var chains = map[string]struct {
	in   nets.Shape
	spec stack.Stack
}{
	"dense": {nets.Row(4), stack.Stack{
		stack.Dense{Name: "a", Units: 5, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 4, Act: compute.Sigmoid},
		stack.Dense{Name: "c", Units: 5, Act: compute.Tanh}, stack.Dense{Name: "d", Units: 3},
	}},
	"images": {lab.ImageIn, stack.Stack{
		stack.Flatten{}, stack.Dense{Name: "a", Units: 5, Act: compute.ReLU}, stack.Dense{Name: "b", Units: 6, Act: compute.LeakyReLU},
		stack.Dense{Name: "c", Units: 4, Act: compute.Tanh}, stack.Dense{Name: "d", Units: 3},
	}},
}

// gradients returns the gradients of a step on a network.
func gradients(t *testing.T, l lab.Lab, chain string, rule stack.Rule) lab.Results {
	t.Helper()
	c := chains[chain]
	net := l.Net(t, c.spec, c.in, rule, 9)
	lab.Steps(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy), 1, 0)
	out := lab.Results{}
	for name, x := range l.State(t, net) {
		if len(name) > 3 && name[2] == 'd' {
			out[name] = x
		}
	}
	return out
}

// tail returns the probability of at least k successes in n trials, each with probability p.
func tail(n, k int, p float64) (sum float64) {
	choose := 1.
	for i := 0; i <= n; i++ {
		if i >= k {
			sum += choose * math.Pow(p, float64(i)) * math.Pow(1-p, float64(n-i))
		}
		choose *= float64(n-i) / float64(i+1)
	}
	return sum
}

// TestFixedPredictions: under fixed predictions the gradients of layer k of 4 are backprop's times the probability of
// at least 4 − k successes in Sweeps trials with the probability StepSize: exactly backprop's after 3 sweeps of 1. In
// float64, and in float32 on the CPU and on the GPU within the bound that follows from the bounds of the ops.
func TestFixedPredictions(t *testing.T) {
	for chain, rule := range map[string]settle.PredictiveCoding{
		"dense": {Sweeps: 3, StepSize: 1, Precision: 0.5, Fixed: true}, "images": {Sweeps: 6, StepSize: 0.25, Precision: 1, Fixed: true},
	} {
		want := lab.Results{}
		for name, x := range gradients(t, lab.Exact(t), chain, stack.Backprop{}) {
			p := tail(rule.Sweeps, int('d'-name[0]), float64(rule.StepSize))
			for _, g := range x {
				want[name] = append(want[name], g*p)
			}
		}
		heldTo(t, chain, want, func(t *testing.T, l lab.Lab) lab.Results { return gradients(t, l, chain, rule) })
	}
}

// heldTo compares an experiment with the expected numbers, in float64 and in float32.
func heldTo(t *testing.T, what string, want lab.Results, f lab.Experiment) {
	t.Helper()
	for _, c := range []struct {
		what     string
		u, small float64
		open     func(*testing.T) lab.Lab
	}{{"float64", lab.Float64ulp, 1e-9, lab.Exact}, {"cpu", lab.Float32s, 0.02, lab.Single}, {"gpu", lab.Float32s, 0.02, lab.GPU}} {
		t.Run(what+"/"+c.what, func(t *testing.T) {
			got := f(t, c.open(t))
			_, bound := lab.Spread(t, c.u, 0, 16, f)
			lab.Agree(t, c.what, got, want, bound, 2)
			lab.Telling(t, c.what, want, bound, c.small)
		})
	}
}

// A codingTwin runs predictive coding in float64, in a dense network.
type codingTwin struct {
	acts []compute.Act
	layers
}

func squash(a compute.Act, u float64) (y, slope float64) {
	switch a {
	case compute.Tanh:
		return math.Tanh(u), 1 - math.Tanh(u)*math.Tanh(u)
	case compute.Sigmoid:
		return sigmoid(u), sigmoid(u) * (1 - sigmoid(u))
	}
	return u, 1
}

// learn adds the gradients of one example among n to d; error is −∂ℓ/∂z, for the logits z.
func (c codingTwin) learn(d layers, x []float64, r settle.PredictiveCoding, n int, error func(z []float64) []float64) {
	last := len(c.w) - 1
	v := make([][]float64, last+1) // from layer 0, the example, to last − 1, the outputs below the logits
	v[0] = x
	errors := func() (e, slopes [][]float64) {
		for k := range c.w {
			var y, s []float64
			for i := range len(c.w[k]) / len(v[k]) {
				u := c.b[k][i]
				for j, a := range v[k] {
					u += c.w[k][i*len(v[k])+j] * a
				}
				a, slope := squash(c.acts[k], u)
				y, s = append(y, a), append(s, slope)
			}
			switch {
			case k == last:
				y = error(y)
				for i := range y {
					y[i] *= float64(r.Precision)
				}
			case v[k+1] == nil: // the forward pass
				v[k+1], y = y, make([]float64, len(y))
			default:
				for i := range y {
					y[i] = v[k+1][i] - y[i]
				}
			}
			e, slopes = append(e, y), append(slopes, s)
		}
		return e, slopes
	}
	for range r.Sweeps {
		e, slopes := errors()
		for k := 1; k <= last; k++ {
			for j := range v[k] {
				back := 0.
				for i := range e[k] {
					back += e[k][i] * slopes[k][i] * c.w[k][i*len(v[k])+j]
				}
				v[k][j] += float64(r.StepSize) * (back - e[k-1][j])
			}
		}
	}
	e, slopes := errors()
	for k := range c.w {
		for i := range e[k] {
			g := -e[k][i] * slopes[k][i] / float64(r.Precision) / float64(n)
			d.b[k][i] += g
			for j, a := range v[k] {
				d.w[k][i*len(v[k])+j] += g * a
			}
		}
	}
}

// TestPredictiveCoding holds the gradients to the equations, in float64, and in float32 within the bound.
func TestPredictiveCoding(t *testing.T) {
	rule := settle.PredictiveCoding{Sweeps: 5, StepSize: 0.25, Precision: 0.5}
	l := lab.Exact(t)
	net := l.Net(t, chains["dense"].spec, chains["dense"].in, rule, 9)
	state, n := l.State(t, net), codingTwin{acts: []compute.Act{compute.Tanh, compute.Sigmoid, compute.Tanh, compute.Identity}}
	for _, name := range []string{"a", "b", "c", "d"} {
		n.w, n.b = append(n.w, state[name+".W"]), append(n.b, state[name+".b"])
	}
	x, labels := lab.Batch(chains["dense"].in)
	d := n.zero()
	for e, label := range labels {
		var in []float64
		for _, v := range x[4*e:][:4] {
			in = append(in, float64(v))
		}
		n.learn(d, in, rule, len(labels), func(z []float64) (e []float64) {
			total := 0.
			for _, v := range z {
				total += math.Exp(v)
			}
			for j, v := range z {
				if e = append(e, -math.Exp(v)/total); j == int(label) {
					e[j]++
				}
			}
			return e
		})
	}
	want := lab.Results{}
	for k, name := range []string{"a", "b", "c", "d"} {
		want[name+".dW"], want[name+".db"] = d.w[k], d.b[k]
	}
	heldTo(t, "dense", want, func(t *testing.T, l lab.Lab) lab.Results { return gradients(t, l, "dense", rule) })
}

// TestPrecision: as the precision of the outputs falls, the gradients at rest come to backprop's, with an error that
// falls with it.
func TestPrecision(t *testing.T) {
	l := lab.Exact(t)
	bp := gradients(t, l, "dense", stack.Backprop{})
	off := func(precision float32) float64 {
		sum, of := 0., 0.
		for name, x := range gradients(t, l, "dense", settle.PredictiveCoding{Sweeps: 200, StepSize: 0.25, Precision: precision}) {
			for i, g := range x {
				d := g - bp[name][i]
				sum, of = sum+d*d, of+bp[name][i]*bp[name][i]
			}
		}
		return math.Sqrt(sum / of)
	}
	a, b := off(1./64), off(1./128)
	if t.Logf("off by %.3g of the gradient at 1/64 and by %.3g at 1/128", a, b); !(a < 0.1 && math.Abs(a/b-2) < 0.05) {
		t.Errorf("off by %g of the gradient at a precision of 1/64 and by %g at 1/128, want less than 0.1 and half of it", a, b)
	}
}
