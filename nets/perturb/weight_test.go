package perturb_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/perturb"
	"hebb/nets/tasks"
)

func system(sigma float32, hidden ...int) func() nets.System {
	return func() nets.System { return &perturb.Weight{Hidden: hidden, Sigma: sigma} }
}

func xor() nets.Task { return &tasks.XOR{} }

func noise(shown *[]lab.Shown) func() nets.Task {
	spec := nets.Spec{In: nets.Row(3), Out: 2, Examples: 5, Trial: 3, Epoch: 3}
	return func() nets.Task { return &lab.Noise{Spec: spec, Gaps: true, Masked: true, Shown: shown} }
}

func TestVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: system(0.01, 3), Task: xor, Test: xor, Learners: 2, Rate: 0.1}, 2)
}

func TestPromises(t *testing.T) {
	for _, hidden := range [][]int{{}, {20}, {7, 9}} {
		t.Run(fmt.Sprint(hidden), func(t *testing.T) { nettest.System(t, system(0.01, hidden...), noise(nil)) })
	}
}

// twin is the mean loss over examples, masked ones as 0, of a network with one hidden layer in float64: the squared error of
// W_2·tanh(W_1·x), with noise on all weights.
func twin(w [2][]float64, xi [2][]float32, sigma float64, m lab.Shown) (loss float64) {
	const in, hidden, out = 3, 4, 2
	noisy := func(k, i int) float64 { return w[k][i] + sigma*float64(xi[k][i]) }
	examples := len(m.X) / in
	for b := range examples {
		var h [hidden]float64
		for u := range h {
			for i := range in {
				h[u] += noisy(0, u*in+i) * float64(m.X[b*in+i])
			}
			h[u] = math.Tanh(h[u])
		}
		for o := range out {
			d := -float64(m.Want[b*out+o])
			for u := range h {
				d += noisy(1, o*hidden+u) * h[u]
			}
			loss += d * d * float64(m.Mask[b]) / float64(examples)
		}
	}
	return loss
}

// TestTwin: seven moments, some of which want nothing, are those of the equations in float64. The two losses of a moment are
// sums of some 40 rounded terms, so the bound is 64·2⁻²⁴ of the loss, times what it is multiplied by.
func TestTwin(t *testing.T) {
	const sigma, rate, moments, seed = 0.125, 0.0625, 7, 11
	var shown []lab.Shown
	dev := lab.CPU(t)
	s := lab.Make(t, dev, nets.Run{System: system(sigma, 4), Task: noise(&shown), Seed: seed, Rate: rate}, 0)
	var w, first [2][]float64
	bound, quiet := 0., [2][]float32{make([]float32, 12), make([]float32, 8)}
	for k, name := range []string{"1", "2"} {
		for _, x := range lab.Values(t, s)[name] {
			w[k] = append(w[k], float64(x))
		}
		first[k] = slices.Clone(w[k])
	}
	lab.On(t, s, moments)
	for n, m := range shown {
		if m.Want == nil {
			continue
		}
		xi := drawn(t, dev, seed, n)
		before, after := twin(w, quiet, 0, m), twin(w, xi, sigma, m)
		for k := range w {
			for i, x := range xi[k] {
				w[k][i] -= rate / sigma * (after - before) * float64(x)
				bound = max(bound, 64*0x1p-24*rate/sigma*(after+before)*math.Abs(float64(x)))
			}
		}
	}
	changed := 0.
	for k, name := range []string{"1", "2"} {
		for i, got := range lab.Values(t, s)[name] {
			changed = max(changed, math.Abs(w[k][i]-first[k][i]))
			if d := math.Abs(float64(got) - w[k][i]); !(d <= moments*bound) {
				t.Errorf("weight %d of layer %s is %.9g, want %.9g ± %.2g", i, name, got, w[k][i], moments*bound)
			}
		}
	}
	if t.Logf("weights changed by up to %.3g and are within %.2g", changed, moments*bound); changed < 1000*moments*bound {
		t.Errorf("weights changed by up to %g, want a thousand times the bound %g", changed, moments*bound)
	}
}

// drawn returns the noise of a moment: a system in training draws from the streams Number<<16 + count.
func drawn(t *testing.T, dev *compute.Device, seed uint64, number int) (xi [2][]float32) {
	t.Helper()
	for k, n := range []int{12, 8} {
		xi[k] = make([]float32, n)
		err := dev.Step(func(st *compute.Step) error {
			x := st.Tensor(1, n)
			st.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: seed, Stream: uint64(number<<16 + k)})
			st.Read(x, xi[k])
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return xi
}

// TestCurve holds the mean loss of a thousand learners to what it must be. Of a linear network with K weights δ away from
// the best, and inputs with Σ x⊗x/n = 1, E = δ² and a step is δ − η·(2·δ·ξ + σ·ξ²)·ξ. The moments of normal numbers give, on
// average over ξ,
//
//	E′ = (1 − 4·η + 4·η²·(K+2))·E + η²·σ²·K·(K+2)·(K+4)
//
// so that the mean of all learners follows this recursion exactly, within four of their standard errors.
func TestCurve(t *testing.T) {
	const k, learners, sigma = 8, 1000, 0.05
	const eta = 1. / (2 * (k + 2))
	task := func() nets.Task {
		return &tasks.Batch{In: nets.Row(4), Out: 2, X: []float32{2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2}, Want: make([]float32, 8)}
	}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system(sigma), Task: task, Learners: learners, Rate: eta}, 0)
	want := 0.
	for n := range 61 {
		lab.On(t, s, 1)
		m := lab.Metrics(t, s).Get("loss")
		mean, squares := m.Mean(), 0.
		for _, x := range m.Each {
			squares += (x - mean) * (x - mean)
		}
		se := math.Sqrt(squares/(learners-1)) / math.Sqrt(learners)
		if n == 0 {
			want = mean
		}
		if n%20 == 0 {
			t.Logf("moment %d: a loss of %.4f ± %.4f, want %.4f", n, mean, se, want)
			if math.Abs(mean-want) > 4*se || se > 0.1*want {
				t.Errorf("moment %d: a loss of %.4f ± %.4f, want %.4f", n, mean, se, want)
			}
		}
		want = (1-4*eta+4*eta*eta*(k+2))*want + eta*eta*sigma*sigma*k*(k+2)*(k+4)
	}
}

// TestLearns: exclusive or, by three learners of sixteen units. Of a hundred learners, all had learned it by moment 800.
func TestLearns(t *testing.T) {
	s := lab.Make(t, lab.CPU(t), nets.Run{System: perturb.Systems[0].System, Task: xor, Test: xor, Learners: 3, Rate: 0.03}, 1200)
	m, err := s.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(m)
	for l := range 3 {
		if e, a := m.Get("error").Each[l], m.Get("accuracy").Each[l]; !(e < 0.02) || a != 1 {
			t.Errorf("learner %d: an error of %g and an accuracy of %g, want below 0.02 and 1", l, e, a)
		}
	}
}

// TestNamed: text can set each use of a name, and no use changes another.
func TestNamed(t *testing.T) {
	wp := perturb.Systems[0].System()
	if _, err := toml.Decode("hidden = [3]\nsigma = 0.5", wp); err != nil {
		t.Fatal(err)
	}
	want := []nets.Setting{{Name: "hidden", Value: "[3]"}, {Name: "sigma", Value: "0.5"}}
	if got := nets.Settings(wp); !slices.Equal(got, want) {
		t.Errorf("settings are %v, want %v", got, want)
	}
	want = []nets.Setting{{Name: "hidden", Value: "[16]"}, {Name: "sigma", Value: "0.001"}}
	if got := nets.Settings(perturb.Systems[0].System()); !slices.Equal(got, want) {
		t.Errorf("the settings of another use are %v, want %v", got, want)
	}
}

func TestWrong(t *testing.T) {
	for want, system := range map[string]func() nets.System{
		"hidden layers of [3 0] units": system(1, 3, 0),
		"sigma 0":                      system(0, 3),
		"sigma NaN":                    system(float32(math.NaN())),
	} {
		if _, err := (nets.Run{System: system, Task: xor}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
	loss := func() nets.System { return &perturb.Weight{Sigma: 1, Loss: nets.CrossEntropy} }
	if _, err := (nets.Run{System: loss, Task: xor}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), "wants 1 numbers") {
		t.Errorf("error is %v, want a loss that is not one of numbers", err)
	}
}
