package develop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// scalar are the nonlinearities at θ 0.5 and θ₂ 1.5, of u and the mean of [u]₊².
var scalar = map[string]func(u, m float64) float64{
	"cubic":     func(u, _ float64) float64 { return u * u * u },
	"-tanh":     func(u, _ float64) float64 { return -math.Tanh(u) },
	"tanh":      func(u, _ float64) float64 { return math.Tanh(u) },
	"rectifier": func(u, _ float64) float64 { return max(u-0.5, 0) },
	"squared":   func(u, _ float64) float64 { return max(u, 0) * max(u, 0) },
	"bcm":       func(u, m float64) float64 { return max(u, 0) * (max(u, 0) - m) },
	"quadratic": func(u, _ float64) float64 { return max(u-0.5, 0) * (max(u-0.5, 0) - 1.5) },
	"linear":    func(u, _ float64) float64 { return u },
}

// nonlinearTwin makes steps of n examples of d numbers in float64.
func nonlinearTwin(w *mat.Dense, x []float32, f func(u, m float64) float64, rate float64, steps int, decorrelate bool) {
	units, d := w.Dims()
	n := len(x) / d
	for range steps {
		g := mat.NewDense(units, d, nil)
		for k := range units {
			u, mean := make([]float64, n), 0.0
			for e := range u {
				for j := range d {
					u[e] += w.At(k, j) * float64(x[e*d+j])
				}
				mean += max(u[e], 0) * max(u[e], 0) / float64(n)
			}
			for e := range u {
				for j := range d {
					g.Set(k, j, g.At(k, j)+f(u[e], mean)*float64(x[e*d+j]))
				}
			}
		}
		unitRows(g)
		g.Scale(rate, g)
		w.Add(w, g)
		if !decorrelate {
			unitRows(w)
			continue
		}
		var svd mat.SVD
		svd.Factorize(w, mat.SVDThin)
		var left, right mat.Dense
		svd.UTo(&left)
		svd.VTo(&right)
		w.Mul(&left, right.T()) // (W·Wᵀ)^−½·W
	}
}

func nonlinear(f string, units int, decorrelate bool) func() nets.System {
	return func() nets.System {
		return &Nonlinear{Units: units, F: f, Theta: 0.5, Theta2: 1.5, Decorrelate: decorrelate}
	}
}

// TestNonlinearTwin holds the weights after some steps to the equations, for every nonlinearity, of units on their own and
// of orthonormal ones.
func TestNonlinearTwin(t *testing.T) {
	const rate, steps = 0.25, 3
	x := heavy(24, 4)
	for name := range nonlinearities {
		t.Run(name, func(t *testing.T) {
			twins(t, nets.Run{System: nonlinear(name, 5, false), Task: shown(x, 4, 5), Rate: rate}, steps, func(w *mat.Dense) {
				nonlinearTwin(w, x, scalar[name], rate, steps, false)
			})
		})
	}
	t.Run("decorrelated", func(t *testing.T) {
		twins(t, nets.Run{System: nonlinear("cubic", 3, true), Task: shown(x, 4, 3), Rate: rate}, steps, func(w *mat.Dense) {
			nonlinearTwin(w, x, scalar["cubic"], rate, steps, true)
		})
	})
}

// TestSignFlips: on examples that every change of signs leaves as they are, ⟨f(e_k·x)·x⟩ is along e_k, for every f. So
// independent symmetric sources are where learning can come to rest.
func TestSignFlips(t *testing.T) {
	const d, samples = 6, 50
	rnd := rand.New(rand.NewPCG(2, 9))
	var x []float64
	for range samples {
		var first [d]float64
		for j := range first {
			first[j] = math.Copysign(rnd.ExpFloat64(), rnd.NormFloat64())
		}
		for signs := range 1 << d {
			for j, v := range first {
				x = append(x, v*float64(1-2*(signs>>j&1)))
			}
		}
	}
	for name, f := range scalar {
		for k := range d {
			mean := 0.0
			for e := range len(x) / d {
				mean += max(x[e*d+k], 0) * max(x[e*d+k], 0) * d / float64(len(x))
			}
			g := make([]float64, d)
			for e := range len(x) / d {
				for j := range g {
					g[j] += f(x[e*d+k], mean) * x[e*d+j]
				}
			}
			for j, v := range g {
				if j != k && !(math.Abs(v) <= 1e-13*math.Abs(g[k])) {
					t.Errorf("%s: ⟨f(x_%d)·x_%d⟩ is %g of that on the axis, want 0", name, k, j, v/g[k])
				}
			}
		}
	}
}

// TestOrthonormal: units with decorrelation are orthonormal to rounding, before and after learning, from as many random
// directions as there are inputs.
func TestOrthonormal(t *testing.T) {
	const d = 12
	l := lab.Bare(t)
	s := lab.Make(t, l.Device, nets.Run{System: nonlinear("-tanh", d, true), Task: shown(heavy(64, d), d, d), Learners: 4, Rate: 0.5}, 0)
	for range 2 {
		all := weightsNow(t, l, s)
		for k := range 4 {
			w := mat.NewDense(d, d, all[k*d*d:][:d*d])
			var gram mat.Dense
			gram.Mul(w, w.T())
			for i := range d {
				for j := range d {
					want := 0.0
					if i == j {
						want = 1
					}
					if got := gram.At(i, j); !(math.Abs(got-want) <= 64*0x1p-24) {
						t.Errorf("seed %d: units %d and %d have the product %g, want %g", k, i, j, got, want)
					}
				}
			}
		}
		lab.On(t, s, 5)
	}
}

// TestKurtosis holds the metric to the units' activities.
func TestKurtosis(t *testing.T) {
	x := heavy(40, 3)
	l := lab.Bare(t)
	s := lab.Make(t, l.Device, nets.Run{System: nonlinear("cubic", 4, false), Task: shown(x, 3, 4)}, 0)
	w, want := weightsNow(t, l, s), 0.0
	for k := range 4 {
		second, fourth := 0.0, 0.0
		for e := range 40 {
			u := 0.0
			for j := range 3 {
				u += w[k*3+j] * float64(x[e*3+j])
			}
			second += u * u / 40
			fourth += u * u * u * u / 40
		}
		want += (fourth/(second*second) - 3) / 4
	}
	lab.On(t, s, 1)
	if got := lab.Metrics(t, s).Get("excess kurtosis").Mean(); !(math.Abs(got-want) <= 128*0x1p-24*(want+3)) { // some 60 roundings
		t.Errorf("the excess kurtosis is %.9g, want %.9g", got, want)
	}
}

func TestNonlinearPromises(t *testing.T) {
	for _, name := range []string{"bcm", "quadratic"} {
		t.Run(name, func(t *testing.T) {
			nettest.System(t, nonlinear(name, 3, name == "bcm"), ofSpectrum([]float32{1, 0.9, 0.8}))
		})
	}
	noise := func() nets.Task {
		return &lab.Noise{Spec: nets.Spec{In: nets.Row(4), Examples: 6, Trial: 1, Epoch: 3}, Masked: true}
	}
	t.Run("masked", func(t *testing.T) { nettest.System(t, nonlinear("-tanh", 5, false), noise) })
}

// TestNonlinearRefuses: settings and tasks that cannot be.
func TestNonlinearRefuses(t *testing.T) {
	task := ofSpectrum([]float32{2, 1})
	for says, change := range map[string]func(r *Nonlinear){
		"f=sine, want one of -tanh, bcm": func(r *Nonlinear) { r.F = "sine" },
		"0 units":                        func(r *Nonlinear) { r.Units = 0 },
		"theta NaN":                      func(r *Nonlinear) { r.Theta = float32(math.NaN()) },
		"theta2 -1":                      func(r *Nonlinear) { r.Theta2 = -1 },
		"3 units of 2 inputs":            func(r *Nonlinear) { r.Units, r.Decorrelate = 3, true },
	} {
		r := &Nonlinear{Units: 2, F: "cubic"}
		change(r)
		_, err := nets.Run{System: func() nets.System { c := *r; return &c }, Task: task}.Open(compute.New(&compute.Stage{}))
		if err == nil || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	_, err := nets.Run{System: nonlinear("cubic", 2, false), Task: func() nets.Task { return &tasks.XOR{} }}.Open(compute.New(&compute.Stage{}))
	if err == nil || !strings.Contains(err.Error(), "the task wants 1 number") {
		t.Errorf("%v, want that the task wants nothing", err)
	}
}
