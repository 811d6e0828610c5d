package perturb_test

import (
	"math"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/perturb"
	"hebb/nets/tasks"
)

// zeroed opens a run whose weights are 0 at first.
func zeroed(t *testing.T, r nets.Run) *nets.Session {
	t.Helper()
	s := lab.Make(t, lab.CPU(t), r, 0)
	for _, w := range s.Tensors() {
		if w.Role == nets.Weight {
			if err := s.Write([]nets.Named{w}, [][]float32{make([]float32, w.Value.Len())}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// mean returns the mean of numbers, and its standard error.
func mean(x []float64) (m, se float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	for _, v := range x {
		se += (v - m) * (v - m)
	}
	return m, math.Sqrt(se / float64(len(x)-1) / float64(len(x)))
}

// small is the task of the test of closed curves, and closed what is known of it.
func small(inTime bool) *tasks.Subtasks {
	return &tasks.Subtasks{Outputs: 2, Inputs: 20, Length: 20, Task: 6, Trial: 3, Floor: 0.5, Weight: 0.1, InTime: inTime}
}

var closed = perturb.Linear{Outputs: 2, Task: 6, Trial: 3, Strength: 20. / 3, Floor: 0.5, First: 0.7}

// TestClosedCurves: hundreds of learners have the mean loss of the closed curves, whose weights are 0 at first, with a σ of
// 10⁻⁶; the trials at once, and in time. Where all active inputs have one strength, hp is wp0 at a rate as much higher.
func TestClosedCurves(t *testing.T) {
	for _, c := range []struct {
		rule  string
		rate  float64
		curve perturb.Curve
	}{
		{"wp", closed.Rate(6), closed.Weight()}, {"wp0", closed.Rate(3), closed.ActiveWeight()}, {"np", closed.Rate(3), closed.Node()},
		{"hp", closed.Rate(3) / closed.Strength, closed.ActiveWeight()},
	} {
		for _, inTime := range []bool{false, true} {
			learners, last, length := 300, 60, 1
			if inTime {
				learners, last, length = 100, 10, 20
			}
			set := perturb.Weight{Sigma: 1e-6, Exact: true, Trials: true}
			s := zeroed(t, nets.Run{System: made(c.rule, set), Task: func() nets.Task { return small(inTime) }, Learners: learners, Seed: 1, Rate: c.rate})
			for n := range last + 1 {
				lab.On(t, s, length)
				each := slices.Clone(lab.Metrics(t, s).Get("error").Each) // the mean square of both outputs, which is the loss
				m, se := mean(each)
				want := c.curve.At(float64(n))
				if n == 0 && math.Abs(m-want) > 1e-6 || n > 0 && n%10 == 0 && !(math.Abs(m-want) <= 4*se) {
					t.Errorf("%s, in time %t: a loss of %.4f ± %.4f after %d trials, want %.4f", c.rule, inTime, m, se, n, want)
				}
			}
		}
	}
}

// TestFiniteNoise: with noise of a size that matters, the mean loss of a single task follows the curves of Züge, Klos,
// Memmesheimer 2023 for any rate and σ, whether learning takes the difference of two losses, of two rewards, or the
// exact one. With M outputs, N inputs of strength a² and T examples, and η the rate for half the squared error,
//
//	ratio a = 1 − 2·η·a² + η²·a⁴·(M·N + 2)
//	added each trial: wp: ⅛·σ²·η²·a⁶·(M³N³ + 6·M²N² + 8·M·N)
//	                  np: ⅛·σ²·η²·a⁴·(M³·N·T + 6·M²·N + 8·M·N/T) + η²·a⁴·M·N·floor
func TestFiniteNoise(t *testing.T) {
	const m, n, length, a2, learners, floor = 2., 4., 6, 2., 1000, 0.5
	task := func(rewarded, inTime bool) func() nets.Task {
		return func() nets.Task {
			return &tasks.Subtasks{Outputs: m, Inputs: 8, Length: length, Task: n, Trial: n, Floor: floor, Weight: 0.1, Rewarded: rewarded, InTime: inTime}
		}
	}
	eta := 0.7 / ((m*n + 2) * a2)
	ratio, noise := 1-2*eta*a2+eta*eta*a2*a2*(m*n+2), eta*eta*a2*a2/8
	added := map[string]float64{ // of σ², each trial
		"wp": noise * a2 * (m*m*m*n*n*n + 6*m*m*n*n + 8*m*n),
		"np": noise * (m*m*m*n*length + 6*m*m*n + 8*m*n/length),
	}
	rest := map[string]float64{"np": 8 * noise * m * n * floor} // whatever σ is
	for _, c := range []struct {
		rule                    string
		sigma                   float64
		exact, rewarded, inTime bool
	}{
		{"wp", 0.3, false, false, false}, {"wp", 0.3, true, false, false}, {"wp", 0.001, false, false, false},
		{"np", 0.3, false, false, false}, {"np", 0.3, true, false, false}, {"np", 0.001, false, false, false},
		{"wp", 0.3, false, true, false}, {"wp", 0.001, false, true, false}, {"wp", 0.3, false, true, true},
		{"np", 0.3, false, true, false}, {"np", 0.001, false, true, false}, {"np", 0.3, false, true, true},
	} {
		moments, rate, set := 1, eta/2, perturb.Weight{Sigma: float32(c.sigma), Exact: c.exact, Rewarded: c.rewarded}
		if c.inTime {
			moments = length
		}
		if c.rewarded { // by half the squared error
			rate = eta
		}
		s := zeroed(t, nets.Run{System: made(c.rule, set), Task: task(c.rewarded, c.inTime), Learners: learners, Seed: 1, Rate: rate})
		want, each := floor+m*n*a2*0.01/2, added[c.rule]*c.sigma*c.sigma
		for trial := range 31 {
			lab.On(t, s, moments)
			metrics := lab.Metrics(t, s)
			got, se := mean(metrics.Get("error").Each)
			if trial == 0 && math.Abs(got-want) > 1e-6 || trial%10 == 0 && !(math.Abs(got-want) <= 4*se+1e-6) {
				t.Errorf("%+v: a loss of %.4f ± %.4f after %d trials, want %.4f", c, got, se, trial, want)
			}
			if r := metrics.Get("reward").Mean(); c.rewarded && !(math.Abs(r+got) < 1e-5) {
				t.Errorf("%+v: a reward of %.6f after %d trials, and a loss of %.6f", c, r, trial, got)
			}
			if c.rewarded {
				lab.On(t, s, moments) // with noise
				lab.Metrics(t, s)
			}
			want = floor + (want-floor)*ratio + each + rest[c.rule]
		}
		if c.sigma > 0.1 && each < 0.01 {
			t.Errorf("%s: the noise adds %g a trial, which would not show", c.rule, each)
		}
	}
}

// column returns the weights of input i of a learner, whose matrix is outputs × inputs.
func column(w []float32, i, inputs int) (x []float32) {
	for at := i; at < len(w); at += inputs {
		x = append(x, w[at])
	}
	return x
}

// TestSilentInputs: weights from an input that is always 0 spread under wp, by η²·|∇E|² a trial, and stay as they are under
// the others. With half the squared error h, |∇E|² is 8·a²·(h − floor).
func TestSilentInputs(t *testing.T) {
	const outputs, inputs, used, learners, trials, a2 = 2, 8, 4, 400, 5, 2.
	task := func() nets.Task {
		return &tasks.Subtasks{Outputs: outputs, Inputs: inputs, Length: 6, Task: used, Trial: used, Floor: 0.5, Weight: 0.1}
	}
	for _, rule := range rules {
		rate := 0.25 / a2 / (outputs*used + 2)
		s := lab.Make(t, lab.CPU(t), nets.Run{System: made(rule, perturb.Weight{Sigma: 1e-6, Exact: true}), Task: task, Learners: learners, Seed: 1, Rate: rate}, 0)
		before := lab.Values(t, s)["1"]
		spread, expected := make([]float64, learners), 0.
		for range trials {
			lab.On(t, s, 1)
			for l, h := range lab.Metrics(t, s).Get("error").Each {
				one := rate * rate * 8 * a2 * (h - 0.5)
				spread[l] -= one
				expected += one / learners
			}
		}
		after := lab.Values(t, s)["1"]
		for l := range learners {
			for i := range inputs {
				old := column(before[l*outputs*inputs:][:outputs*inputs], i, inputs)
				now := column(after[l*outputs*inputs:][:outputs*inputs], i, inputs)
				switch {
				case i < used && slices.Equal(old, now):
					t.Fatalf("%s, learner %d: the weights of input %d did not change", rule, l, i)
				case i >= used && rule != "wp" && !slices.Equal(old, now):
					t.Fatalf("%s, learner %d: the weights of input %d are %v, want %v as before", rule, l, i, now, old)
				case i >= used:
					for k := range now {
						spread[l] += math.Pow(float64(now[k]-old[k]), 2) / outputs / (inputs - used)
					}
				}
			}
		}
		if m, se := mean(spread); rule == "wp" && !(math.Abs(m) <= 4*se && se < 0.1*expected) {
			t.Errorf("the squares of silent weights are %.3g ± %.3g more than %.3g, which they should be", m, se, expected)
		}
	}
}

// TestHybridMean: the mean of what hp draws is the gradient times the mean of x⊗x. All learners have the weights of the
// first.
func TestHybridMean(t *testing.T) {
	const in, out, examples, learners, rate = 3, 2, 4, 4000, 0.125
	batch := &tasks.Batch{In: nets.Row(in), Out: out, X: []float32{1, 2, 0, -1, 0.5, 1, 0, 1, 1, 2, -1, 0.5}, Want: []float32{1, 0, -1, 2, 0.5, 0, 1, 1}}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: made("hp", perturb.Weight{Sigma: 1e-6, Exact: true}), Task: func() nets.Task { return batch }, Learners: learners, Rate: rate}, 0)
	w := lab.Values(t, s)["1"][:in*out]
	for _, n := range s.Tensors() {
		if err := s.Write([]nets.Named{n}, [][]float32{slices.Repeat(w, learners)}); err != nil {
			t.Fatal(err)
		}
	}
	lab.On(t, s, 1)
	var gradient [out][in]float64
	var square [in][in]float64
	for b := range examples {
		x := batch.X[b*in:][:in]
		for k := range out {
			e := -float64(batch.Want[b*out+k])
			for i := range in {
				e += float64(w[k*in+i]) * float64(x[i])
			}
			for i := range in {
				gradient[k][i] += 2 * e * float64(x[i]) / examples
			}
		}
		for i := range in {
			for j := range in {
				square[i][j] += float64(x[i]) * float64(x[j]) / examples
			}
		}
	}
	after := lab.Values(t, s)["1"]
	for i := range in * out {
		want := 0.
		for j := range in {
			want -= rate * gradient[i/in][j] * square[j][i%in]
		}
		steps := make([]float64, learners)
		for l := range steps {
			steps[l] = float64(after[l*in*out+i]) - float64(w[i])
		}
		if m, se := mean(steps); !(math.Abs(m-want) <= 4*se && se < 0.1) {
			t.Errorf("the mean step of weight %d is %.4f ± %.4f, want %.4f", i, m, se, want)
		}
	}
}
