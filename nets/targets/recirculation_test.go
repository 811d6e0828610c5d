package targets_test

import (
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/targets"
	"hebb/nets/tasks"
)

func recirculating(keep float32, linear bool) func() nets.System {
	return func() nets.System { return &targets.Recirculation{Units: 3, Keep: keep, Gain: 0.5, Linear: linear} }
}

const bits = 4

func codes() nets.Task { return &tasks.Codes{Bits: bits} }

func TestRecirculationPromises(t *testing.T) { nettest.System(t, recirculating(0.75, false), codes) }

func TestRecirculationVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: recirculating(0.75, true), Task: codes, Test: codes, Learners: 2, Rate: 0.5}, 2)
}

// A round is the network in float64.
type round struct{ up, down *layer }

func roundOf(all map[string][]float64, linear bool) round {
	r := round{&layer{w: all["w"], b: all["b"], in: bits, act: compute.Sigmoid}, &layer{w: all["v"], b: all["c"], in: 3, act: compute.Sigmoid}}
	if linear {
		r.down.act = compute.Identity
	}
	return r
}

// change returns what a moment adds at a rate of 1, and the answer before it.
func (r round) change(x [][]float64, keep float64) (all map[string][]float64, answer [][]float64) {
	mix := func(was, is [][]float64) [][]float64 {
		return each(func(v ...float64) float64 { return keep*v[0] + (1-keep)*v[1] }, was, is)
	}
	h := r.up.forward(x)
	answer = r.down.forward(h)
	back := mix(x, answer)
	again := mix(h, r.up.forward(back))
	all = map[string][]float64{"w": make([]float64, 3*bits), "b": make([]float64, 3), "v": make([]float64, 3*bits), "c": make([]float64, bits)}
	n := float64(len(x))
	for k := range x {
		for i := range x[k] {
			all["c"][i] += (x[k][i] - back[k][i]) / n
			for u := range h[k] {
				all["v"][i*3+u] += (x[k][i] - back[k][i]) * h[k][u] / n
				all["w"][u*bits+i] += (h[k][u] - again[k][u]) * back[k][i] / n
			}
		}
		for u := range h[k] {
			all["b"][u] += (h[k][u] - again[k][u]) / n
		}
	}
	return all, answer
}

func eye(n int) (x [][]float64) {
	for i := range n {
		x = append(x, make([]float64, n))
		x[i][i] = 1
	}
	return x
}

// TestRecirculation holds some moments to the equations, in float64 and float32.
func TestRecirculation(t *testing.T) {
	const rate, moments = 0.5, 4
	for _, linear := range []bool{false, true} {
		f := func(t *testing.T, l lab.Lab) lab.Results {
			s := lab.Make(t, l.Device, nets.Run{System: recirculating(0.75, linear), Task: codes, Seed: 4, Rate: rate}, moments)
			out := lab.Results{}
			for _, n := range s.Tensors() {
				if n.Role == nets.Weight {
					out[n.Name] = l.Values(t, n.Value)
				}
			}
			return out
		}
		l := lab.Exact(t)
		s := lab.Make(t, l.Device, nets.Run{System: recirculating(0.75, linear), Task: codes, Seed: 4, Rate: rate}, 0)
		want := lab.Results{}
		for _, n := range s.Tensors() {
			if n.Role == nets.Weight {
				want[n.Name] = l.Values(t, n.Value)
			}
		}
		for range moments {
			change, _ := roundOf(want, linear).change(eye(bits), 0.75)
			for name, d := range change {
				for i := range d {
					want[name][i] += rate * d[i]
				}
			}
		}
		got, bound := lab.Spread(t, lab.Float64ulp, 0, 24, f)
		lab.Agree(t, "float64", got, want, bound, 2)
		lab.Telling(t, "float64", want, bound, 1e-11)
		_, bound = lab.Spread(t, lab.Float32s, 0, 24, f)
		lab.Agree(t, "float32", f(t, lab.Single(t)), want, bound, 1)
		lab.Telling(t, "float32", want, bound, 1e-3)
	}
}

// TestRecirculationDescends: with V = Wᵀ and linear visible units, the update of W turns to the gradient of the
// reconstruction error as λ goes to 1: 1 − cos falls as (1 − λ)², and the update is (1 − λ)² times as long as the
// gradient.
func TestRecirculationDescends(t *testing.T) {
	last := 0.
	for _, keep := range []float32{0.5, 0.9, 0.99, 0.999} {
		l := lab.Exact(t)
		s := lab.Make(t, l.Device, nets.Run{System: recirculating(keep, true), Task: codes, Seed: 4, Rate: 1}, 0)
		all := map[string]*compute.Tensor{}
		before := map[string][]float64{}
		for _, n := range s.Tensors() {
			all[n.Name] = n.Value
		}
		for i := range 3 * bits {
			lab.Float64s(all["v"])[i%bits*3+i/bits] = lab.Float64s(all["w"])[i]
		}
		for _, name := range []string{"w", "v", "b", "c"} {
			before[name] = l.Values(t, all[name])
		}
		lab.On(t, s, 1)
		r, x := roundOf(before, true), eye(bits)
		_, answer := r.change(x, 1)
		r.up.forward(x)
		r.up.learn(r.down.back(times(1./bits, less(answer, x))))
		dot, got := 0., l.Values(t, all["w"])
		for i := range got {
			got[i] -= before["w"][i]
			dot -= got[i] * r.up.gradW[i]
		}
		off := 1 - dot/lab.Norm(got)/lab.Norm(r.up.gradW)
		length := lab.Norm(got) / lab.Norm(r.up.gradW) / math.Pow(1-float64(keep), 2)
		t.Logf("keep %g: 1 − cos is %.3g, and the length %.5f of (1 − λ)²", keep, off, length)
		if ratio := last / off; keep >= 0.99 && !(80 < ratio && ratio < 200 && math.Abs(length-1) < 2*(1-float64(keep))) {
			t.Errorf("keep %g: 1 − cos is %g, after %g, and the length is %g of (1 − λ)²; want a hundredth, and 1", keep, off, last, length)
		}
		last = off
	}
}

// TestRecirculationLearns: three learners learn the codes of eight bits with three units, and their weights become
// transposes.
func TestRecirculationLearns(t *testing.T) {
	task := func() nets.Task { return &tasks.Codes{Bits: 8} }
	s := lab.Make(t, lab.CPU(t), nets.Run{System: targets.Systems[0].System, Task: task, Test: task, Learners: 3, Rate: targets.Systems[0].Rate}, 1300)
	m, err := s.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for l, x := range m.Get("near").Each {
		if x != 1 {
			t.Errorf("learner %d: %g of the numbers are near, want all", l, x)
		}
	}
}

func TestRecirculationWrong(t *testing.T) {
	for want, system := range map[string]nets.System{
		"0 units": &targets.Recirculation{Gain: 1}, "keep 1": &targets.Recirculation{Units: 1, Keep: 1, Gain: 1},
		"keep NaN": &targets.Recirculation{Units: 1, Keep: float32(math.NaN()), Gain: 1}, "gain 0": &targets.Recirculation{Units: 1},
	} {
		if _, err := (nets.Run{System: func() nets.System { return system }, Task: codes}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
	other := func() nets.Task { return &tasks.XOR{} }
	if _, err := (nets.Run{System: recirculating(0.5, false), Task: other}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), "shows 3 numbers and wants 1") {
		t.Errorf("%v, want the task to be refused", err)
	}
}
