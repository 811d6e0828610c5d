package stack_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
)

// An update is what an optimiser does to one number, in float64: t counts from 1, and v keeps what it likes.
type update func(w, g float64, v *[2]float64, t int) float64

const optimiserRate = 0.02

// updates are the optimisers as their papers, and PyTorch's documentation, write them.
var updates = map[string]struct {
	o stack.Optimiser
	f update
}{
	"sgd": {stack.SGD{}, func(w, g float64, _ *[2]float64, _ int) float64 { return w - optimiserRate*g }},
	"sgd, decay": {stack.SGD{WeightDecay: 0.3}, func(w, g float64, _ *[2]float64, _ int) float64 {
		return w - optimiserRate*(g+f32(0.3)*w)
	}},
	"momentum": {stack.SGD{Momentum: 0.9, WeightDecay: 0.3}, func(w, g float64, v *[2]float64, _ int) float64 {
		v[0] = f32(0.9)*v[0] + g + f32(0.3)*w
		return w - optimiserRate*v[0]
	}},
	"nesterov": {stack.SGD{Momentum: 0.9, WeightDecay: 0.3, Nesterov: true}, func(w, g float64, v *[2]float64, _ int) float64 {
		g += f32(0.3) * w
		v[0] = f32(0.9)*v[0] + g
		return w - optimiserRate*(g+f32(0.9)*v[0])
	}},
	"adam": {stack.DefaultAdam, adam(0, 0)},
	"adam, decay": {stack.Adam{Beta1: 0.8, Beta2: 0.9, Eps: 1e-3, WeightDecay: 0.3}, func(w, g float64, v *[2]float64, t int) float64 {
		return adamStep(w, g+f32(0.3)*w, v, t, 0.8, 0.9, 1e-3)
	}},
	"adamw": {stack.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.3, Decoupled: true}, adam(0, f32(0.3))},
}

// f32 is a setting as a field of float32 holds it.
func f32(x float32) float64 { return float64(x) }

func adam(coupled, decoupled float64) update {
	return func(w, g float64, v *[2]float64, t int) float64 {
		return adamStep(w*(1-optimiserRate*decoupled), g+coupled*w, v, t, 0.9, 0.999, 1e-8)
	}
}

func adamStep(w, g float64, v *[2]float64, t int, beta1, beta2, eps float64) float64 {
	v[0] = beta1*v[0] + (1-beta1)*g
	v[1] = beta2*v[1] + (1-beta2)*g*g
	m, s := v[0]/(1-math.Pow(beta1, float64(t))), v[1]/(1-math.Pow(beta2, float64(t)))
	return w - optimiserRate*m/(math.Sqrt(s)+eps)
}

// TestOptimisers holds twenty updates of a few numbers to the loops above. Constants are rounded to float32, once each.
func TestOptimisers(t *testing.T) {
	const numbers, steps = 7, 20
	rnd := rand.New(rand.NewPCG(8, 8))
	first, grads := normals(rnd, numbers), make([][]float32, steps)
	for k := range grads {
		grads[k] = normals(rnd, numbers)
	}
	for name, c := range updates {
		f := func(t *testing.T, l lab) results {
			return results{"w": updated(t, l, c.o, first, grads)}
		}
		want := results{}
		for i, w := range first {
			x, v := float64(w), [2]float64{}
			for k, g := range grads {
				x = c.f(x, float64(g[i]), &v, k+1)
			}
			want["w"] = append(want["w"], x)
		}
		for what, u := range map[string]float64{"float64": float64ulp, "float32": float32s} {
			got, bound := spread(t, u, 0x1p-24, 24, f)
			if u == float32s {
				got = f(t, single(t))
			}
			agree(t, name+", "+what, got, want, bound, 1)
			telling(t, name+", "+what, want, bound, 1e-3)
		}
	}
}

// updated is what becomes of numbers by a series of gradients.
func updated(t *testing.T, l lab, o stack.Optimiser, first []float32, grads [][]float32) []float64 {
	t.Helper()
	var all []*compute.Tensor
	for range 2 + o.States() {
		x, err := l.Tensor(len(first))
		if err != nil {
			t.Fatal(err)
		}
		write(t, l, x, make([]float32, len(first)))
		all = append(all, x)
	}
	write(t, l, all[0], first)
	g := stack.Group{Value: all[0], Grad: all[1], State: all[2:]}
	for k, grad := range grads {
		err := l.Step(func(s *compute.Step) error {
			s.Write(g.Grad, grad)
			o.Update(s, g, optimiserRate, uint64(k+1))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return l.values(t, g.Value)
}

func TestOptimiserSettings(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		o    stack.Optimiser
		want string // in the error; "" for none
	}{
		{stack.SGD{}, ""},
		{stack.SGD{Momentum: 0.9, WeightDecay: 1e-4, Nesterov: true}, ""},
		{stack.SGD{Momentum: 1}, "momentum 1"},
		{stack.SGD{Momentum: -0.1}, "momentum -0.1"},
		{stack.SGD{Momentum: float32(nan)}, "momentum NaN"},
		{stack.SGD{WeightDecay: -1}, "weight decay -1"},
		{stack.SGD{Nesterov: true}, "without momentum"},
		{stack.DefaultAdam, ""},
		{stack.Adam{Beta1: 1, Beta2: 0.9, Eps: 1e-8}, "beta1 1"},
		{stack.Adam{Beta1: 0.9, Beta2: nan, Eps: 1e-8}, "beta2 NaN"},
		{stack.Adam{Beta1: 0.9, Beta2: 0.9}, "eps 0"},
		{stack.Adam{Beta1: 0.9, Beta2: 0.9, Eps: 1e-8, WeightDecay: float32(math.Inf(1))}, "weight decay +Inf"},
	} {
		err := c.o.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want an error with %q", c.o, err, c.want)
		}
	}
}

func TestSchedules(t *testing.T) {
	step := stack.Schedule{Kind: "step", At: []float64{30, 60}, Factor: 0.1}
	warm := stack.Schedule{Kind: "cosine", Warmup: 4}
	for _, c := range []struct {
		s           stack.Schedule
		epoch, want float64
	}{
		{stack.Schedule{Kind: "constant"}, 0, 1},
		{stack.Schedule{Kind: "constant"}, 99, 1},
		{stack.Schedule{Kind: "constant", Warmup: 4}, 0, 0},
		{stack.Schedule{Kind: "constant", Warmup: 4}, 1, 0.25},
		{stack.Schedule{Kind: "constant", Warmup: 4}, 4, 1},
		{step, 0, 1}, {step, 29.99, 1}, {step, 30, 0.1}, {step, 59.99, 0.1}, {step, 60, 0.1 * 0.1}, {step, 100, 0.1 * 0.1},
		{stack.Schedule{Kind: "cosine"}, 0, 1},
		{stack.Schedule{Kind: "cosine"}, 25, (1 + math.Sqrt2/2) / 2},
		{stack.Schedule{Kind: "cosine"}, 50, 0.5},
		{stack.Schedule{Kind: "cosine"}, 100, 0},
		{stack.Schedule{Kind: "cosine"}, 120, 0},
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
	for _, s := range []stack.Schedule{
		{}, {Kind: "linear"}, {Kind: "constant", Warmup: -1}, {Kind: "cosine", Warmup: math.NaN()},
		{Kind: "step"}, {Kind: "step", At: []float64{3}}, {Kind: "step", Factor: 0.1}, {Kind: "cosine", At: []float64{3}, Factor: 0.1},
	} {
		if err := s.Check(); err == nil {
			t.Errorf("%+v passes", s)
		}
	}
}
