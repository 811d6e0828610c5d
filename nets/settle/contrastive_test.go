package settle_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/settle"
	"hebb/nets/tasks"
)

func system(units, sweeps int, gamma float32) func() nets.System {
	return func() nets.System {
		return &settle.Contrastive{Units: units, Sweeps: sweeps, Gamma: gamma, Gain: 2}
	}
}

func xor() nets.Task { return &tasks.XOR{} }

func noise(shown *[]lab.Shown) func() nets.Task {
	spec := nets.Spec{In: nets.Row(inputs), Out: outputs, Examples: 5, Trial: 3, Epoch: 3}
	return func() nets.Task { return &lab.Noise{Spec: spec, Gaps: true, Masked: true, Shown: shown} }
}

func TestVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: system(3, 2, 0.5), Task: xor, Test: xor, Learners: 2, Rate: 0.1}, 2)
}

func TestPromises(t *testing.T) { nettest.System(t, system(9, 4, 0.2), noise(nil)) }

const inputs, units, outputs = 3, 4, 2

// A net is the network in float64.
type net struct {
	w [units][inputs]float64
	v [outputs][units]float64
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// under is h where the outputs are y.
func (n *net) under(x []float32, y [outputs]float64, gamma float64) (h [units]float64) {
	for u := range h {
		for i := range inputs {
			h[u] += n.w[u][i] * float64(x[i])
		}
		for o := range y {
			h[u] += gamma * n.v[o][u] * y[o]
		}
		h[u] = sigmoid(h[u])
	}
	return h
}

func (n *net) over(h [units]float64) (y [outputs]float64) {
	for o := range y {
		for u := range h {
			y[o] += n.v[o][u] * h[u]
		}
		y[o] = sigmoid(y[o])
	}
	return y
}

// contrast is what a moment changes at a rate of 1.
func (n *net) contrast(m lab.Shown, sweeps int, gamma float64) (d net) {
	examples := len(m.X) / inputs
	for b := range examples {
		x := m.X[b*inputs:][:inputs]
		var y, want [outputs]float64
		var h [units]float64
		for range sweeps {
			h = n.under(x, y, gamma)
			y = n.over(h)
		}
		for o := range want {
			want[o] = float64(m.Want[b*outputs+o])
		}
		held, part := n.under(x, want, gamma), float64(m.Mask[b])/float64(examples)
		for u := range h {
			for i := range inputs {
				d.w[u][i] += part / gamma * (held[u] - h[u]) * float64(x[i])
			}
			for o := range y {
				d.v[o][u] += part * (want[o]*held[u] - y[o]*h[u])
			}
		}
	}
	return d
}

// backprop is −∂E/∂(W, V), E the mean cross-entropy of a sigmoid for each output.
func (n *net) backprop(m lab.Shown) (d net) {
	examples := len(m.X) / inputs
	for b := range examples {
		x := m.X[b*inputs:][:inputs]
		h := n.under(x, [outputs]float64{}, 0)
		y := n.over(h)
		for o := range y {
			e := (float64(m.Want[b*outputs+o]) - y[o]) * float64(m.Mask[b]) / float64(examples)
			for u := range h {
				d.v[o][u] += e * h[u]
				for i := range inputs {
					d.w[u][i] += e * n.v[o][u] * h[u] * (1 - h[u]) * float64(x[i])
				}
			}
		}
	}
	return d
}

// read is the network of the first learner of a run.
func read(t *testing.T, s *nets.Session) (n net) {
	t.Helper()
	all := lab.Values(t, s)
	for i, x := range all["w"][:units*inputs] {
		n.w[i/inputs][i%inputs] = float64(x)
	}
	for i, x := range all["v"][:outputs*units] {
		n.v[i/units][i%units] = float64(x)
	}
	return n
}

func (n *net) flat() (x []float64) {
	for _, row := range n.w {
		x = append(x, row[:]...)
	}
	for _, row := range n.v {
		x = append(x, row[:]...)
	}
	return x
}

// TestTwin: seven moments, some of which want nothing, are those of the equations in float64. Activities are within 1 and
// have the errors of some 16 roundings and a sigmoid; what they change is multiplied by η/γ and a mean of |x| below 3.
func TestTwin(t *testing.T) {
	const rate, gamma, sweeps, moments = 0.25, 0.25, 5, 7
	const bound = moments * 3 * rate / gamma * 64 * 0x1p-24
	var shown []lab.Shown
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system(units, sweeps, gamma), Task: noise(&shown), Seed: 4, Rate: rate}, 0)
	first := read(t, s)
	lab.On(t, s, moments)
	got, want := read(t, s), first
	for _, m := range shown {
		if m.Want == nil {
			continue
		}
		d := want.contrast(m, sweeps, gamma)
		for u := range want.w {
			for i := range want.w[u] {
				want.w[u][i] += rate * d.w[u][i]
			}
			for o := range want.v {
				want.v[o][u] += rate * d.v[o][u]
			}
		}
	}
	changed := 0.
	for i, x := range want.flat() {
		changed = max(changed, math.Abs(x-first.flat()[i]))
		if d := math.Abs(got.flat()[i] - x); !(d <= bound) {
			t.Errorf("weight %d is %.9g, want %.9g ± %.2g", i, got.flat()[i], x, bound)
		}
	}
	if t.Logf("weights changed by up to %.3g and are within %.2g", changed, bound); changed < 1000*bound {
		t.Errorf("weights changed by up to %g, want a thousand times the bound %g", changed, bound)
	}
}

// TestBackprop: as γ falls, what a moment changes turns towards the gradient of the cross-entropy. The angle falls as γ, so
// that 1 − cos falls as γ².
func TestBackprop(t *testing.T) {
	off := map[float32]float64{}
	for _, gamma := range []float32{0.4, 0.1} {
		var shown []lab.Shown
		s := lab.Make(t, lab.CPU(t), nets.Run{System: system(units, 30, gamma), Task: noise(&shown), Seed: 4, Rate: 1}, 0)
		before := read(t, s)
		lab.On(t, s, 1)
		after, gradient := read(t, s), before.backprop(shown[0])
		var dot, aa, bb float64
		for i, g := range gradient.flat() {
			d := after.flat()[i] - before.flat()[i]
			dot, aa, bb = dot+d*g, aa+d*d, bb+g*g
		}
		off[gamma] = 1 - dot/math.Sqrt(aa*bb)
		t.Logf("gamma %g: 1 − cos is %.3g", gamma, off[gamma])
	}
	if ratio := off[0.4] / off[0.1]; off[0.1] > 0.01 || ratio < 8 || ratio > 32 {
		t.Errorf("1 − cos is %g at 0.4 and %g at 0.1, want it below 0.01 and about a sixteenth", off[0.4], off[0.1])
	}
}

// TestClasses: a class is learned as the numbers 0 and 1 are, to the bit.
func TestClasses(t *testing.T) {
	x := []float32{1, 0.5, -1, 0.25, 2, 1}
	var all [][]float32
	for _, b := range []tasks.Batch{
		{In: nets.Row(2), Out: 2, X: x, Classes: true, Want: []float32{1, 0, 1}},
		{In: nets.Row(2), Out: 2, X: x, Want: []float32{0, 1, 1, 0, 0, 1}},
	} {
		task := func() nets.Task { b := b; return &b }
		s := lab.Make(t, lab.CPU(t), nets.Run{System: system(3, 4, 0.2), Task: task, Learners: 2, Rate: 0.5}, 5)
		v := lab.Values(t, s)
		all = append(all, append(v["w"], v["v"]...))
	}
	if !slices.Equal(all[0], all[1]) {
		t.Errorf("weights are %v of classes and %v of numbers", all[0], all[1])
	}
}

// TestLearns: exclusive or, by three learners of sixteen units. Of a hundred learners, all had learned it by moment 400.
func TestLearns(t *testing.T) {
	s := lab.Make(t, lab.CPU(t), nets.Run{System: settle.Systems[0].System, Task: xor, Test: xor, Learners: 3, Rate: 1}, 600)
	m := must.Get(s.Evaluate(t.Context(), nil))(t)
	t.Log(m)
	for l := range 3 {
		if e, a := m.Get("error").Each[l], m.Get("accuracy").Each[l]; !(e < 0.01) || a != 1 {
			t.Errorf("learner %d: an error of %g and an accuracy of %g, want below 0.01 and 1", l, e, a)
		}
	}
}

func TestWrong(t *testing.T) {
	for want, system := range map[string]func() nets.System{
		"0 units":   system(0, 1, 1),
		"0 sweeps":  system(1, 0, 1),
		"gamma 0":   system(1, 1, 0),
		"gamma NaN": system(1, 1, float32(math.NaN())),
		"gain -1":   func() nets.System { return &settle.Contrastive{Units: 1, Sweeps: 1, Gamma: 1, Gain: -1} },
	} {
		if _, err := (nets.Run{System: system, Task: xor}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
