package nets_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// An update is what an optimiser does to one number, in float64: t counts from 1, and v keeps what it likes.
type update func(w, g float64, v *[3]float64, t int) float64

const optimiserRate = 0.02

// updates are the optimisers as their papers, and PyTorch's documentation, write them.
var updates = map[string]struct {
	o nets.Optimiser
	f update
}{
	"sgd": {nets.SGD{}, func(w, g float64, _ *[3]float64, _ int) float64 { return w - optimiserRate*g }},
	"sgd, decay": {nets.SGD{WeightDecay: 0.3}, func(w, g float64, _ *[3]float64, _ int) float64 {
		return w - optimiserRate*(g+f32(0.3)*w)
	}},
	"momentum": {nets.SGD{Momentum: 0.9, WeightDecay: 0.3}, func(w, g float64, v *[3]float64, _ int) float64 {
		v[0] = f32(0.9)*v[0] + g + f32(0.3)*w
		return w - optimiserRate*v[0]
	}},
	"nesterov": {nets.SGD{Momentum: 0.9, WeightDecay: 0.3, Nesterov: true}, func(w, g float64, v *[3]float64, _ int) float64 {
		g += f32(0.3) * w
		v[0] = f32(0.9)*v[0] + g
		return w - optimiserRate*(g+f32(0.9)*v[0])
	}},
	"adam": {nets.DefaultAdam, adam(0, 0)},
	"adam, decay": {nets.Adam{Beta1: 0.8, Beta2: 0.9, Eps: 1e-3, WeightDecay: 0.3}, func(w, g float64, v *[3]float64, t int) float64 {
		return adamStep(w, g+f32(0.3)*w, v, t, 0.8, 0.9, 1e-3)
	}},
	"rmsprop":          {nets.DefaultRMSProp, rmsprop(0.95, 0.9, 1e-4)},
	"rmsprop, set":     {nets.RMSProp{Decay: 0.5, Momentum: 0.25, Eps: 0.01}, rmsprop(0.5, 0.25, 0.01)},
	"quickprop":        {nets.Quickprop{Mu: 2}, quickprop(0)},
	"quickprop, decay": {nets.Quickprop{Mu: 2, WeightDecay: 0.3}, quickprop(f32(0.3))},
	"adamw":            {nets.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.3, Decoupled: true}, adam(0, f32(0.3))},
}

// f32 is a setting as a field of float32 holds it.
func f32(x float32) float64 { return float64(x) }

func adam(coupled, decoupled float64) update {
	return func(w, g float64, v *[3]float64, t int) float64 {
		return adamStep(w*(1-optimiserRate*decoupled), g+coupled*w, v, t, 0.9, 0.999, 1e-8)
	}
}

func rmsprop(decay, momentum, eps float64) update {
	return func(w, g float64, v *[3]float64, _ int) float64 {
		v[0] = decay*v[0] + (1-decay)*g
		v[1] = decay*v[1] + (1-decay)*g*g
		v[2] = momentum*v[2] - optimiserRate*g/math.Sqrt(v[1]-v[0]*v[0]+eps)
		return w + v[2]
	}
}

func adamStep(w, g float64, v *[3]float64, t int, beta1, beta2, eps float64) float64 {
	v[0] = beta1*v[0] + (1-beta1)*g
	v[1] = beta2*v[1] + (1-beta2)*g*g
	m, s := v[0]/(1-math.Pow(beta1, float64(t))), v[1]/(1-math.Pow(beta2, float64(t)))
	return w - optimiserRate*m/(math.Sqrt(s)+eps)
}

// quickprop is the update of cascor1.c: v is the last slope and the last step.
func quickprop(decay float64) update {
	return func(w, g float64, v *[3]float64, _ int) float64 {
		const mu = 2
		s, p, d, step := g+decay*w, v[0], v[1], 0.0
		shrink := f32(mu / (1 + float32(mu)))
		if d == 0 || s*d < 0 {
			step -= optimiserRate * s
		}
		switch {
		case d < 0 && s >= shrink*p, d > 0 && s <= shrink*p:
			step += mu * d
		case d != 0:
			step += d * s / (p - s)
		}
		v[0], v[1] = s, step
		return w + step
	}
}

// TestQuickprop: on parabolas a·(w − w*)²/2 the third step lands on w*, or the second if it leaves out the linear term;
// weights with a slope of 0 stay, and begin afresh.
func TestQuickprop(t *testing.T) {
	const rate = 0.1
	a, best, w := []float64{1, 3, 3}, []float64{-3, 1, 0.2}, []float64{1, 5, 1.5}
	start := lab.Narrow(w)
	for name, c := range map[string]struct {
		second float64 // the rate of the second step
		want   [][]float64
	}{
		"full rule": {rate, [][]float64{{3.6, 2.8, 0.91}, {-0.36, -0.84, -0.273}, {0, 0, 0}}},
		"pure jump": {0, [][]float64{{3.6, 2.8, 0.91}, {0, 0, 0}}},
	} {
		l := lab.Exact(t)
		var x *compute.Tensor
		var d *nets.Descent
		s := opened(t, l, 1, func(s *nets.Store) {
			x = s.Weights("w", nets.Filled(func(_ *rand.Rand, x []float32) { copy(x, start) }), 3)
			d = s.Descent(nets.Quickprop{Mu: 1e30})
		})
		slopes := func(st *compute.Step, p *nets.Pass) {
			at, g := lab.Float64s(x), lab.Float64s(s.Grad(x))
			for i := range g {
				g[i] = a[i] * (at[i] - best[i])
			}
		}
		for k, want := range c.want {
			eta := rate
			if k == 1 {
				eta = c.second
			}
			l.Do(t, func(st *compute.Step) error {
				p := s.Pass(st)
				slopes(st, p)
				d.UpdateAt(p, eta)
				return nil
			})
			for i, y := range l.Values(t, x) {
				if off := y - best[i] - want[i]; !(math.Abs(off) <= 1e-7) || want[i] == 0 && !(math.Abs(off) <= 3e-15) {
					t.Errorf("%s: after step %d weight %d is %.3g from the minimum, want %.3g", name, k+1, i, y-best[i], want[i])
				}
			}
		}
	}
}

// TestHeld: with slopes of 0 quickprop leaves weights in place and forgets, so that the next step is its first.
func TestHeld(t *testing.T) {
	l := lab.Exact(t)
	at := func(grads ...float32) float64 {
		var all [][]float32
		for _, g := range grads {
			all = append(all, []float32{g})
		}
		return updated(t, l, nets.Quickprop{Mu: 2}, []float32{1}, all)[0]
	}
	if moved, held := at(1, 0.9), at(1, 0.9, 0, 0, 0); moved == 1 || held != moved {
		t.Errorf("a weight at %g is at %g after slopes of 0", moved, held)
	}
	if first, again := 1-at(0.5), at(1, 0.9)-at(1, 0.9, 0, 0.5); math.Abs(first-again) > 1e-15 {
		t.Errorf("a step of %g after a slope of 0, want the first, %g", again, first)
	}
}

// TestOptimisers holds twenty updates of a few numbers to the loops above. Constants are rounded to float32, once each.
func TestOptimisers(t *testing.T) {
	const numbers, steps = 7, 20
	rnd := rand.New(rand.NewPCG(8, 8))
	first, grads := lab.Normals(rnd, numbers), make([][]float32, steps)
	for k := range grads {
		grads[k] = lab.Normals(rnd, numbers)
	}
	for name, c := range updates {
		f := func(t *testing.T, l lab.Lab) lab.Results {
			return lab.Results{"w": updated(t, l, c.o, first, grads)}
		}
		want := lab.Results{}
		for i, w := range first {
			x, v := float64(w), [3]float64{}
			for k, g := range grads {
				x = c.f(x, float64(g[i]), &v, k+1)
			}
			want["w"] = append(want["w"], x)
		}
		for what, u := range map[string]float64{"float64": lab.Float64ulp, "float32": lab.Float32s} {
			got, bound := lab.Spread(t, u, 0x1p-24, 24, f)
			if u == lab.Float32s {
				got = f(t, lab.Single(t))
			}
			lab.Agree(t, name+", "+what, got, want, bound, 1)
			lab.Telling(t, name+", "+what, want, bound, 1e-3)
		}
	}
}

// TestRMSPropSteady: for a large constant gradient, q − a² is only rounding errors of either sign, and steps are at
// most as large as the root of Eps alone allows.
func TestRMSPropSteady(t *testing.T) {
	const steps, g = 60, 3e4
	grads := make([][]float32, steps)
	for k := range grads {
		for i := range 50 {
			grads[k] = append(grads[k], g*(1+float32(i)/50))
		}
	}
	o := nets.RMSProp{Decay: 0.6, Eps: 1e-4}
	most := steps * optimiserRate * 2 * g / math.Sqrt(o.Eps)
	for i, w := range updated(t, lab.Bare(t), o, make([]float32, 50), grads) {
		if !(-most <= w && w < 0) {
			t.Errorf("number %d is %g after %d steps, want from %g to 0", i, w, steps, -most)
		}
	}
}

// updated is what becomes of numbers by a series of gradients.
func updated(t *testing.T, l lab.Lab, o nets.Optimiser, first []float32, grads [][]float32) []float64 {
	t.Helper()
	var w *compute.Tensor
	var d *nets.Descent
	s := opened(t, l, 1, func(s *nets.Store) {
		w = s.Weights("w", nets.Filled(func(_ *rand.Rand, x []float32) { copy(x, first) }), len(first))
		d = s.Descent(o)
	})
	for _, grad := range grads {
		l.Do(t, func(st *compute.Step) error {
			st.Write(s.Grad(w), grad)
			d.UpdateAt(s.Pass(st), optimiserRate)
			return nil
		})
	}
	return l.Values(t, w)
}

// opened is a store of tensors that are asked for once on a stage and once on l.
func opened(t *testing.T, l lab.Lab, learners int, build func(s *nets.Store)) *nets.Store {
	t.Helper()
	s := must.Get(nets.Open(l.Device, learners, 1, func(s *nets.Store) error { build(s); return nil }))(t)
	return s
}

// TestDescent: weights that are named descend, at the rate that is theirs; what an optimiser keeps of each is in the store,
// by name; Noisy adds other normal numbers at each update, of each learner.
func TestDescent(t *testing.T) {
	l := lab.Exact(t)
	var a, b, c, other *compute.Tensor
	var d *nets.Descent
	s := opened(t, l, 2, func(s *nets.Store) {
		a, b = s.Weights("a", nets.Zeros, 3, 5), s.Weights("b", nets.Zeros, 70)
		c, other = s.Weights("c", nets.Zeros, 4), s.Weights("other", nets.Zeros, 2)
		d = s.Descent(nets.Scaled{Optimiser: nets.Scaled{Optimiser: nets.SGD{Momentum: 0.5}, Names: "b", Factor: 0.25}, Names: "[ab]", Factor: 2}, a, b, c)
	})
	for range 2 {
		l.Do(t, func(st *compute.Step) error {
			p := s.Pass(st)
			p.Rate = 1
			for i, w := range []*compute.Tensor{a, b, c, other} {
				p.Do(compute.Map{Out: s.Grad(w), F: compute.Pointwise(compute.Const(float32(i + 1)))})
			}
			d.Update(p)
			return nil
		})
	}
	for i, c := range []struct {
		w    *compute.Tensor
		want float64 // of a gradient 1 at a rate 1: 1 and then 1.5
	}{{a, -2 * 1 * 2.5}, {b, -0.5 * 2 * 2.5}, {c, -3 * 2.5}, {other, 0}} {
		for k, x := range l.Values(t, c.w) {
			if x != c.want {
				t.Fatalf("number %d of weights %d is %g, want %g", k, i, x, c.want)
			}
		}
	}
	var names []string
	for _, n := range s.Tensors() {
		if n.Aside {
			names = append(names, fmt.Sprint(n.Name, n.Shape, l.Values(t, n.Value)[0]))
		}
	}
	want := "[optimiser.momentum_buffer.a[3 5] 1.5 optimiser.momentum_buffer.b[70] 3 optimiser.momentum_buffer.c[4] 4.5]"
	if fmt.Sprint(names) != want || d.Updates() != 2 {
		t.Errorf("%v after %d updates, want %s after 2", names, d.Updates(), want)
	}
}

func TestNoisy(t *testing.T) {
	const n, sd = 4096, 0.5
	l := lab.Exact(t)
	var w *compute.Tensor
	var d *nets.Descent
	s := opened(t, l, 2, func(s *nets.Store) {
		w = s.Weights("w", nets.Zeros, n)
		d = s.Descent(nets.Noisy{Optimiser: nets.SGD{}, SD: sd})
	})
	var seen [][]float64 // by update and learner
	for k := range 2 {
		l.Do(t, func(st *compute.Step) error {
			p := s.Pass(st)
			p.Number = uint64(k)
			p.Clear(s.Grad(w), w)
			d.UpdateAt(p, 1)
			return nil
		})
		x := l.Values(t, w)
		seen = append(seen, x[:n], x[n:])
	}
	for i, x := range seen {
		lab.Moments(t, "noise", x, sd*sd, math.Inf(1))
		for _, y := range seen[:i] {
			if r := lab.Dot(x, y) / lab.Norm(x) / lab.Norm(y); !(math.Abs(r) <= 6/math.Sqrt(n)) {
				t.Errorf("the noise of two updates or learners correlates by %g", r)
			}
		}
	}
}

// TestClipped: the gradients of a learner whose norm is beyond the limit are scaled to it, over all weights together; those
// of another learner stay.
func TestClipped(t *testing.T) {
	l := lab.Exact(t)
	var a, b *compute.Tensor
	var d *nets.Descent
	s := opened(t, l, 2, func(s *nets.Store) {
		a, b = s.Weights("a", nets.Zeros, 2), s.Weights("b", nets.Zeros, 2, 2)
		d = s.Descent(nets.Scaled{Optimiser: nets.Clipped{Optimiser: nets.SGD{}, Norm: 4}, Names: "b", Factor: 2})
	})
	l.Do(t, func(st *compute.Step) error {
		p := s.Pass(st)
		p.Write(s.Grad(a), []float32{12, 0, 0.5, 0}) // of learner 0, then 1
		p.Write(s.Grad(b), []float32{0, 16, 0, 0, 0, 0, 1, 0})
		d.UpdateAt(p, 1)
		return p.Failed()
	})
	got := fmt.Sprint(l.Values(t, a), l.Values(t, b))
	if want := "[-2.4 0 -0.5 0] [0 -6.4 0 0 0 0 -2 0]"; got != want {
		t.Errorf("weights are %s, want %s", got, want)
	}
}

func TestOptimiserSettings(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		o    nets.Optimiser
		want string // in the error; "" for none
	}{
		{nets.SGD{}, ""},
		{nets.SGD{Momentum: 0.9, WeightDecay: 1e-4, Nesterov: true}, ""},
		{nets.SGD{Momentum: 1}, "momentum 1"},
		{nets.SGD{Momentum: -0.1}, "momentum -0.1"},
		{nets.SGD{Momentum: float32(nan)}, "momentum NaN"},
		{nets.SGD{WeightDecay: -1}, "weight decay -1"},
		{nets.SGD{Nesterov: true}, "without momentum"},
		{nets.Noisy{Optimiser: nets.SGD{}, SD: float32(nan)}, "noise NaN"},
		{nets.Clipped{Optimiser: nets.SGD{}, Norm: -1}, "norm of -1"}, {nets.Clipped{Optimiser: nets.SGD{Momentum: 2}}, "momentum 2"},
		{nets.Scaled{Optimiser: nets.Noisy{Optimiser: nets.SGD{Momentum: 2}}, Factor: 1}, "momentum 2"},
		{nets.Scaled{Optimiser: nets.SGD{}, Factor: -1}, "rate times -1"},
		{nets.Scaled{Optimiser: nets.SGD{}, Names: "["}, "syntax error in pattern"},
		{nets.DefaultAdam, ""},
		{nets.Adam{Beta1: 1, Beta2: 0.9, Eps: 1e-8}, "beta1 1"},
		{nets.Adam{Beta1: 0.9, Beta2: nan, Eps: 1e-8}, "beta2 NaN"},
		{nets.Adam{Beta1: 0.9, Beta2: 0.9}, "eps 0"},
		{nets.Adam{Beta1: 0.9, Beta2: 0.9, Eps: 1e-8, WeightDecay: float32(math.Inf(1))}, "weight decay +Inf"},
		{nets.DefaultRMSProp, ""},
		{nets.RMSProp{Decay: 1, Eps: 1e-4}, "decay 1"}, {nets.RMSProp{Momentum: nan, Eps: 1e-4}, "momentum NaN"}, {nets.RMSProp{}, "eps 0"},
	} {
		err := c.o.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want an error with %q", c.o, err, c.want)
		}
	}
}

func TestSchedules(t *testing.T) {
	step := nets.Schedule{Kind: "step", At: []float64{30, 60}, Factor: 0.1}
	warm := nets.Schedule{Kind: "cosine", Warmup: 4}
	for _, c := range []struct {
		s           nets.Schedule
		epoch, want float64
	}{
		{nets.Schedule{Kind: "constant"}, 0, 1},
		{nets.Schedule{Kind: "constant"}, 99, 1},
		{nets.Schedule{Kind: "constant", Warmup: 4}, 0, 0},
		{nets.Schedule{Kind: "constant", Warmup: 4}, 1, 0.25},
		{nets.Schedule{Kind: "constant", Warmup: 4}, 4, 1},
		{step, 0, 1}, {step, 29.99, 1}, {step, 30, 0.1}, {step, 59.99, 0.1}, {step, 60, 0.1 * 0.1}, {step, 100, 0.1 * 0.1},
		{nets.Schedule{Kind: "cosine"}, 0, 1},
		{nets.Schedule{Kind: "cosine"}, 25, (1 + math.Sqrt2/2) / 2},
		{nets.Schedule{Kind: "cosine"}, 50, 0.5},
		{nets.Schedule{Kind: "cosine"}, 100, 0},
		{nets.Schedule{Kind: "cosine"}, 120, 0},
		{warm, 2, 0.5}, {warm, 4, 1}, {warm, 52, 0.5}, {warm, 100, 0},
	} {
		// A cosine and a few operations near 1: a few roundings of float64.
		if got := c.s.Rate(c.epoch, 100); !(math.Abs(got-c.want) <= 8*0x1p-53) {
			t.Errorf("%+v at epoch %g of 100: %.17g, want %.17g", c.s, c.epoch, got, c.want)
		}
		if err := c.s.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []nets.Schedule{
		{}, {Kind: "exponential"}, {Kind: "constant", Warmup: -1}, {Kind: "cosine", Warmup: math.NaN()},
		{Kind: "step"}, {Kind: "step", At: []float64{3}}, {Kind: "step", Factor: 0.1}, {Kind: "cosine", At: []float64{3}, Factor: 0.1},
	} {
		if err := s.Check(); err == nil {
			t.Errorf("%+v passes", s)
		}
	}
}
