package recurrent_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

func system(units int, tau, gain float32) func() nets.System {
	return func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: units, Tau: tau, Gain: gain}} }
}

func sines(period, outputs, cue int) func() nets.Task {
	return func() nets.Task { return &tasks.Sines{Period: period, Outputs: outputs, Cue: cue} }
}

const inputs, units, outputs, examples = 3, 5, 2, 2

// noise is trials of so many moments of two examples, or of the lengths that chance gives each if trial is 0; some want
// nothing and some are masked.
func noise(trial int, shown *[]lab.Shown) func() nets.Task {
	spec := nets.Spec{In: nets.Row(inputs), Out: outputs, Examples: examples, Trial: trial, Epoch: 4}
	return func() nets.Task { return &lab.Noise{Spec: spec, Gaps: true, Masked: true, Shown: shown} }
}

func TestVerify(t *testing.T) {
	r := nets.Run{System: system(units, 2, 1.5), Task: noise(4, nil), Test: noise(4, nil), Learners: 2, Rate: 0.1}
	lab.Verify(t, r, 4)
}

func TestPromises(t *testing.T) {
	t.Run("examples", func(t *testing.T) { nettest.System(t, system(19, 2, 1.5), noise(4, nil)) })
	t.Run("trials of chance", func(t *testing.T) { nettest.System(t, system(5, 2, 1.5), noise(0, nil)) })
	adam := func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 10, Tau: 3, Gain: 1.5}, Learning: recurrent.Learning{Optimiser: nets.DefaultAdam}} }
	t.Run("sines, adam", func(t *testing.T) { nettest.System(t, adam, sines(2, 2, 1)) })
}

// A net is the network in float64, with the activities and the traces of one example after another.
type net struct {
	u  [units][inputs]float64
	w  [units][units]float64
	v  [outputs][units]float64
	b  [outputs][units]float64
	ex [examples]example
}

type example struct {
	h  [units]float64
	pu [units][inputs]float64
	pw [units][units]float64
}

// read is the network of the first learner of a run.
func read(t *testing.T, s *nets.Session) (n net) {
	t.Helper()
	all := lab.Values(t, s)
	fill := func(name string, cols int, set func(i, j int, x float64)) {
		for i, x := range all[name] {
			set(i/cols, i%cols, float64(x))
		}
	}
	fill("in", inputs, func(i, j int, x float64) { n.u[i][j] = x })
	fill("recurrent", units, func(i, j int, x float64) { n.w[i][j] = x })
	fill("out", units, func(i, j int, x float64) { n.v[i][j] = x })
	fill("feedback", units, func(i, j int, x float64) { n.b[i][j] = x })
	fill("h", units, func(b, i int, x float64) { n.ex[b].h[i] = x })
	fill("trace.in", inputs, func(k, j int, x float64) { n.ex[k/units].pu[k%units][j] = x })
	fill("trace.recurrent", units, func(k, j int, x float64) { n.ex[k/units].pw[k%units][j] = x })
	return n
}

// flat is all numbers of the network.
func (n *net) flat() (x []float64) {
	rows := func(r []float64) { x = append(x, r...) }
	for i := range units {
		rows(n.u[i][:])
		rows(n.w[i][:])
	}
	for o := range outputs {
		rows(n.v[o][:])
		rows(n.b[o][:])
	}
	for _, e := range n.ex {
		rows(e.h[:])
		for i := range units {
			rows(e.pu[i][:])
			rows(e.pw[i][:])
		}
	}
	return x
}

// answer moves an example on by a moment, and returns y and the slopes of its units.
func (n *net) answer(e *example, x []float32, tau float64) (y [outputs]float64, slopes [units]float64) {
	old := e.h
	for i := range units {
		a := 0.
		for j := range inputs {
			a += n.u[i][j] * float64(x[j])
		}
		for j := range units {
			a += n.w[i][j] * old[j]
		}
		phi := math.Tanh(a)
		slopes[i] = 1 - phi*phi
		e.h[i] += (phi - old[i]) / tau
		for j := range inputs {
			e.pu[i][j] += (slopes[i]*float64(x[j]) - e.pu[i][j]) / tau
		}
		for j := range units {
			e.pw[i][j] += (slopes[i]*old[j] - e.pw[i][j]) / tau
		}
	}
	for o := range outputs {
		for i := range units {
			y[o] += n.v[o][i] * e.h[i]
		}
	}
	return y, slopes
}

// learn changes the weights by the errors of the examples, dE/dy.
func (n *net) learn(errors [examples][outputs]float64, rate float64) {
	for b, e := range n.ex {
		for i := range units {
			l := 0.
			for o := range outputs {
				l += n.b[o][i] * errors[b][o]
			}
			for j := range inputs {
				n.u[i][j] -= rate * l * e.pu[i][j]
			}
			for j := range units {
				n.w[i][j] -= rate * l * e.pw[i][j]
			}
		}
		for o := range outputs {
			for i := range units {
				n.v[o][i] -= rate * errors[b][o] * e.h[i]
			}
		}
	}
}

// TestTwin: the moments of trials, some of which want nothing and some of which are masked, are those of the equations
// in float64, also where each example begins its trials at moments of its own. Numbers are below 2 and each moment rounds what goes into one some 32 times; in four moments, of which each
// halves what was there, errors do not grow.
func TestTwin(t *testing.T) {
	for _, trial := range []int{4, 0} {
		t.Run(fmt.Sprint(trial), func(t *testing.T) { twin(t, trial) })
	}
}

func twin(t *testing.T, trial int) {
	const tau, rate, moments, bound = 2, 0.125, 8, 8 * 64 * 0x1p-24
	var shown []lab.Shown
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system(units, tau, 1.5), Task: noise(trial, &shown), Seed: 6, Rate: rate}, 0)
	want := read(t, s)
	first := want
	for range moments {
		lab.On(t, s, 1)
		m := shown[len(shown)-1]
		for b := range examples {
			if m.First || m.Begin != nil && m.Begin[b] == 1 {
				want.ex[b] = example{}
			}
		}
		var errors [examples][outputs]float64
		for b := range examples {
			y, _ := want.answer(&want.ex[b], m.X[b*inputs:], tau)
			for o := range y {
				if m.Want != nil {
					errors[b][o] = 2 * (y[o] - float64(m.Want[b*outputs+o])) * float64(m.Mask[b]) / examples
				}
			}
		}
		want.learn(errors, rate)
	}
	n := read(t, s)
	got, exact, begun, changed, worst := n.flat(), want.flat(), first.flat(), 0., 0.
	for i, x := range exact {
		changed = max(changed, math.Abs(x-begun[i]))
		d := math.Abs(got[i] - x)
		if worst = max(worst, d); !(d <= bound) {
			t.Errorf("number %d is %.9g, want %.9g ± %.2g", i, got[i], x, bound)
		}
	}
	if t.Logf("numbers changed by up to %.3g and are within %.2g of %.2g", changed, worst, bound); changed < 1000*bound {
		t.Errorf("numbers changed by up to %g, want a thousand times the bound %g", changed, bound)
	}
}

// TestReverse: with weights that stay, what the traces of a trial add up to is what a filter of the errors, run backwards in
// time, adds up to: Σ_t l_t·Q_t = Σ_t (z_t·(1−φ_t²))⊗h_{t−1}/τ with z_t = l_t + (1−1/τ)·z_{t+1}. It is backprop through time
// without the term of the recurrent weights and with B in the place of Vᵀ (Murray 2019).
func TestReverse(t *testing.T) {
	const tau, moments, bound = 3, 12, 12 * 8 * 16 * 0x1p-24
	var shown []lab.Shown
	task := func() nets.Task {
		spec := nets.Spec{In: nets.Row(inputs), Out: outputs, Examples: examples, Trial: moments, Epoch: moments}
		return &lab.Noise{Spec: spec, Shown: &shown}
	}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system(units, tau, 1.5), Task: task, Seed: 2}, 0)
	n := read(t, s)
	var traced, reversed [units][units]float64
	var back, slopes, before [moments][units]float64
	for k := range moments {
		before[k] = n.ex[0].h
		lab.On(t, s, 1)
		y, slope := n.answer(&n.ex[0], shown[k].X[:inputs], tau)
		slopes[k] = slope
		q := read(t, s).ex[0].pw
		for i := range units {
			for o := range outputs {
				back[k][i] += n.b[o][i] * 2 * (y[o] - float64(shown[k].Want[o]))
			}
			for j := range units {
				traced[i][j] += back[k][i] * q[i][j]
			}
		}
	}
	var z [units]float64
	for k := moments - 1; k >= 0; k-- {
		for i := range units {
			z[i] = back[k][i] + (1-1./tau)*z[i]
			for j := range units {
				reversed[i][j] += z[i] * slopes[k][i] * before[k][j] / tau
			}
		}
	}
	largest, worst := 0., 0.
	for i := range units {
		for j := range units {
			largest, worst = max(largest, math.Abs(reversed[i][j])), max(worst, math.Abs(traced[i][j]-reversed[i][j]))
		}
	}
	// Traces have errors of some 16·2⁻²⁴, and are multiplied by errors of answers below 8 in a dozen moments.
	if t.Logf("sums of up to %.3g differ by %.2g", largest, worst); worst > bound || largest < 1000*bound {
		t.Errorf("sums of up to %g differ by %g, want less than %g", largest, worst, bound)
	}
}

// TestLearns: a sine by thirty units, with weights that rest while they are tested. Of ten learners the worst had an error of
// 0.015 after 4000 moments and of 0.005 after 8000; silence has 0.5.
func TestLearns(t *testing.T) {
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system(30, 2, 1.5), Task: sines(10, 1, 2), Test: sines(10, 1, 2), Learners: 3, Rate: 0.002}, 0)
	before, err := s.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	lab.On(t, s, 6000)
	after, err := s.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(before.Get("error").Each, after.Get("error").Each)
	for l, e := range after.Get("error").Each {
		if !(e < 0.02) || before.Get("error").Each[l] < 0.3 {
			t.Errorf("learner %d: an error of %g, before learning %g, want below 0.02", l, e, before.Get("error").Each[l])
		}
	}
}

func TestWrong(t *testing.T) {
	for want, system := range map[string]func() nets.System{
		"0 units":  system(0, 2, 1),
		"tau 0.5":  system(1, 0.5, 1),
		"gain NaN": system(1, 1, float32(math.NaN())),
	} {
		if _, err := (nets.Run{System: system, Task: sines(9, 1, 1)}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
