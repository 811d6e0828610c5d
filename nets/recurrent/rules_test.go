package recurrent_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// of makes systems that a text names.
func of(t *testing.T, text string) func() nets.System {
	return func() nets.System {
		s, err := catalogue.Default().System(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func sines(period, outputs, cue int) func() nets.Task {
	return func() nets.Task { return &tasks.Sines{Period: period, Outputs: outputs, Cue: cue} }
}

const inputs, units, outputs, examples = 3, 5, 2, 2

// noise is trials of so many moments of two examples, or of the lengths that chance gives each if trial is 0; if it is
// below 0 chance begins others within trials of −trial moments. Some moments want nothing and some examples are masked.
func noise(trial int, outputs int) func() nets.Task {
	spec := nets.Spec{In: nets.Row(inputs), Out: outputs, Examples: examples, Trial: max(trial, -trial), Epoch: 4}
	return func() nets.Task { return &lab.Noise{Spec: spec, Gaps: true, Masked: true, Begins: trial < 0} }
}

// rules are texts of all rules.
var rules = []string{"rflo", "bptt", "tbptt:span=3", "rtrl", "uoro", "uoro:plain=true", "kfrtrl"}

// with adds settings to a text.
func with(text, settings string) string {
	if settings == "" {
		return text
	}
	if strings.Contains(text, ":") {
		return text + "," + settings
	}
	return text + ":" + settings
}

// each calls f with every rule and every way in which its weights change, with moments or with trials, and trials as noise
// has them.
func each(t *testing.T, f func(t *testing.T, text string, trial int)) {
	for _, rule := range rules {
		for _, c := range []struct {
			set   string
			trial int
		}{{"when=moment", 4}, {"when=moment", 0}, {"when=trial", 4}, {"when=trial", -4}} {
			if rule == "bptt" {
				if c.set == "when=moment" {
					continue
				}
				c.set = ""
			}
			t.Run(fmt.Sprintf("%s %s %d", rule, c.set, c.trial), func(t *testing.T) { f(t, with(rule, c.set), c.trial) })
		}
	}
}

func TestPromises(t *testing.T) {
	each(t, func(t *testing.T, text string, trial int) {
		if trial < 0 {
			return // as in trials of chance
		}
		nettest.System(t, of(t, with(text, "units=7,tau=2,start=0.25,optimiser=momentum")), noise(trial, outputs))
	})
	for _, rule := range []string{"tbptt:span=3", "rtrl", "uoro"} {
		t.Run("balance "+rule, func(t *testing.T) {
			nettest.System(t, of(t, with(rule, "network=[balance:units=5,plus=2]")), noise(0, 1))
		})
	}
}

// TestCut: a run that was cut within a trial goes on to the bits of one that was not.
func TestCut(t *testing.T) {
	each(t, func(t *testing.T, text string, trial int) {
		r := nets.Run{System: of(t, with(text, "units=7,tau=2,optimiser=momentum")), Task: noise(trial, outputs), Learners: 2, Seed: 3, Rate: 0.05}
		whole, first, second := lab.Make(t, lab.CPU(t), r, 11), lab.Make(t, lab.CPU(t), r, 6), lab.Make(t, lab.CPU(t), r, 0)
		values, err := first.Read(first.Tensors())
		if err == nil {
			err = errors.Join(second.Write(second.Tensors(), values), second.Continue(first.Number(), first.Counters()))
		}
		if err != nil {
			t.Fatal(err)
		}
		lab.On(t, second, 5)
		got := lab.Values(t, second)
		for name, want := range lab.Values(t, whole) {
			if !slices.Equal(got[name], want) {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
	})
}

func TestVerify(t *testing.T) {
	for _, text := range rules {
		t.Run(text, func(t *testing.T) {
			r := nets.Run{System: of(t, with(text, "units=5,tau=2,start=0.25")), Task: noise(4, outputs), Test: noise(4, outputs), Learners: 2, Rate: 0.1}
			lab.Verify(t, r, 4)
		})
	}
}

// acts are activation functions in turn, so that each rule has another.
var acts = []string{"tanh", "sigmoid", "relu", "selu", "leaky-relu", "identity"}

// TestTwin: every rule is its equations in float64, with J and ∂F/∂θ as whole matrices, over trials some of whose moments
// want nothing and some of whose examples are masked.
func TestTwin(t *testing.T) {
	k := 0
	each(t, func(t *testing.T, text string, trial int) {
		k++
		compare(t, text, trial, acts[k%len(acts)], []string{"random", "transposed"}[k%2])
	})
}

func compare(t *testing.T, text string, trial int, act, feedback string) {
	const tau, moments, start, rate = 2, 12, 0.25, 0.125
	set := fmt.Sprintf("units=%d,tau=%d,gain=1.2,start=%g,act=%s,feedback=%s", units, tau, start, act, feedback)
	l := lab.Exact(t)
	s := lab.Make(t, l.Device, nets.Run{System: of(t, with(text, set)), Task: noise(trial, outputs), Seed: 6, Rate: rate}, 0)
	n := twin{rule: text[:strings.IndexAny(text+":", ":")], act: act, in: inputs, n: units, out: outputs, span: 3,
		atTrials: strings.Contains(text, "when=trial") || text == "bptt", keep: 1 - 1./tau, gain: 1. / tau, start: start, rate: rate}
	if strings.Contains(text, "plain") {
		n.rule = "uoro:plain=true"
	}
	n.read(exactly(t, l, s))
	first := append([]float64{}, n.theta...)
	for k := range moments {
		drawn := len(l.Drawn())
		lab.On(t, s, 1)
		n.step(n.shown(k, trial, l.Drawn()[drawn:]))
	}
	got := exactly(t, l, s)
	changed, worst := 0., 0.
	for i, x := range append(got["in"], got["recurrent"]...) {
		changed, worst = max(changed, math.Abs(n.theta[i]-first[i])), max(worst, math.Abs(x-n.theta[i]))
	}
	for i, x := range got["out"] {
		worst = max(worst, math.Abs(x-n.v[i/units][i%units]))
	}
	if t.Logf("weights changed by up to %.3g and are within %.2g", changed, worst); !(worst < 1e-12) || !(changed > 0.01) {
		t.Errorf("weights changed by up to %g and differ by %g, want at least 0.01 and at most 1e-12", changed, worst)
	}
}

// shown is moment k of lab.Noise, from what was drawn.
func (n *twin) shown(k, trial int, drawn [][]float64) (m showing) {
	next := func(cols int) [][]float64 {
		x := drawn[0]
		drawn = drawn[1:]
		return matrix(x, cols)
	}
	m.x = next(inputs)
	if k%3 != 2 {
		m.want = next(n.out)
	}
	if length := max(trial, -trial); length > 0 {
		m.first, m.last = k%length == 0, k%length == length-1
	}
	for _, x := range next(1) {
		m.mask = append(m.mask, x[0])
	}
	m.begin = make([]bool, examples)
	if trial <= 0 {
		for i, x := range next(1) {
			m.begin[i] = x[0] == 1
		}
	}
	if trial > 0 { // else chance has said all of it
		m.begin = slices.Repeat([]bool{m.first}, examples)
	}
	switch n.rule {
	case "uoro", "uoro:plain=true":
		m.signs = next(n.n)
	case "kfrtrl":
		zero, one := next(1), next(1)
		for i := range zero {
			m.signs = append(m.signs, []float64{zero[i][0], one[i][0]})
		}
	}
	for _, x := range m.signs {
		for i := range x {
			x[i]--
		}
	}
	return m
}

// gradients are those of a trial, made by systems of when=trial.
func gradients(seed uint64, make func() nets.System) lab.Experiment {
	return func(t *testing.T, l lab.Lab) lab.Results {
		task := func() nets.Task {
			spec := nets.Spec{In: nets.Row(inputs), Out: outputs, Examples: examples, Trial: trial, Epoch: trial}
			return &lab.Noise{Spec: spec, Masked: true}
		}
		s := lab.Make(t, l.Device, nets.Run{System: make, Task: task, Seed: seed}, trial)
		sums := lab.Results{}
		for name, x := range exactly(t, l, s) {
			if strings.HasPrefix(name, "sum.") {
				sums[name] = x
			}
		}
		return sums
	}
}

// detached is a network whose errors go back by the leak alone.
type detached struct {
	recurrent.Leaky
}

var stays = compute.Formula("keep*v", "v")

// Backward returns (1−1/τ)·v.
func (d *detached) Backward(p *nets.Pass, tape []*compute.Tensor, v *compute.Tensor) (down *compute.Tensor, deltas []*compute.Tensor) {
	_, deltas = d.Leaky.Backward(p, tape, v)
	return p.Map(stays.With("keep", 1-1/d.Tau), v), deltas
}

// hidden is a leaky network that can do no more than it has to.
type hidden struct {
	recurrent.Network
	recurrent.Beginner
}

// alike are pairs of rules with the same gradients.
var alike = map[string]struct{ a, b func() nets.System }{
	"rtrl is bptt": {
		func() nets.System { return &recurrent.RTRL{Leaky: leaky(), When: "trial"} },
		func() nets.System { return &recurrent.BPTT{Leaky: leaky()} },
	},
	"rtrl is bptt, random feedback": {
		func() nets.System {
			return &recurrent.RTRL{Leaky: leaky(), When: "trial", Learning: recurrent.Learning{Feedback: "random"}}
		},
		func() nets.System {
			return &recurrent.BPTT{Leaky: leaky(), Learning: recurrent.Learning{Feedback: "random"}}
		},
	},
	"tbptt over a trial is bptt": {
		func() nets.System { return &recurrent.TBPTT{Leaky: leaky(), Span: trial, When: "trial"} },
		func() nets.System { return &recurrent.BPTT{Leaky: leaky()} },
	},
	"rflo's traces are a filter run backwards": {
		func() nets.System { return &recurrent.RFLO{Leaky: leaky(), When: "trial"} },
		func() nets.System {
			return &recurrent.BPTT{Network: &detached{leaky()}, Learning: recurrent.Learning{Feedback: "random"}}
		},
	},
	"rflo of transposed feedback is bptt without recurrent weights": {
		func() nets.System {
			return &recurrent.RFLO{Leaky: leaky(), When: "trial", Learning: recurrent.Learning{Feedback: "transposed"}}
		},
		func() nets.System { return &recurrent.BPTT{Network: &detached{leaky()}} },
	},
	"uoro needs no product of its own": {
		func() nets.System { return &recurrent.UORO{Leaky: leaky(), When: "trial"} },
		func() nets.System { l := leaky(); return &recurrent.UORO{Network: hidden{&l, &l}, When: "trial"} },
	},
}

func leaky() recurrent.Leaky { return recurrent.Leaky{Units: 8, Tau: 3, Gain: 1.5, Start: 0.1} }

const trial = 12

// TestIdentities: gradients of a trial that are the same by different rules, to the last digits of float64; and in float32,
// on both backends, within the error that roundings add up to.
func TestIdentities(t *testing.T) {
	for name, c := range alike {
		t.Run(name, func(t *testing.T) {
			both := func(t *testing.T, l lab.Lab) lab.Results {
				a, b := gradients(3, c.a)(t, l), gradients(3, c.b)(t, l)
				all := lab.Results{}
				for name, x := range a {
					all[name] = b[name]
					for i := range x {
						all["difference "+name] = append(all["difference "+name], x[i]-b[name][i])
					}
				}
				return all
			}
			want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, both)
			for name, d := range want {
				if of, ok := strings.CutPrefix(name, "difference "); ok {
					if off := lab.Norm(d) / lab.Norm(want[of]); !(off < 1e-14) || lab.Norm(bound[name]) > 1e-3*lab.Norm(want[of]) {
						t.Errorf("%s: the two differ by %g of it, want 1e-14; bounds in float32 are %g of it", of, off, lab.Norm(bound[name])/lab.Norm(want[of]))
					}
				}
			}
			zero := lab.Results{}
			for name, x := range want {
				zero[name] = x
				if strings.HasPrefix(name, "difference ") {
					zero[name] = make([]float64, len(x))
				}
			}
			lab.Agree(t, "cpu", both(t, lab.Bare(t)), zero, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", both(t, lab.GPU(t)), zero, bound, 1) })
		})
	}
}

// TestFloat32: on both backends each rule makes the weights of float64, within the error that roundings add up to.
func TestFloat32(t *testing.T) {
	for _, text := range rules {
		t.Run(text, func(t *testing.T) {
			f := func(t *testing.T, l lab.Lab) lab.Results {
				r := nets.Run{System: of(t, with(text, "units=6,tau=2,start=0.25")), Task: noise(4, outputs), Seed: 4, Rate: 0.05}
				all := exactly(t, l, lab.Make(t, l.Device, r, 8))
				return lab.Results{"in": all["in"], "recurrent": all["recurrent"], "out": all["out"]}
			}
			want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, f)
			lab.Telling(t, text, want, bound, 1e-4)
			lab.Agree(t, "cpu", f(t, lab.Bare(t)), want, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", f(t, lab.GPU(t)), want, bound, 1) })
		})
	}
}

// TestDifferences: the twin's backprop is the slope of its loss, by differences.
func TestDifferences(t *testing.T) {
	for _, act := range acts {
		l := lab.Exact(t)
		text := fmt.Sprintf("bptt:units=%d,tau=2,gain=1.2,act=%s", units, act)
		s := lab.Make(t, l.Device, nets.Run{System: of(t, text), Task: noise(7, outputs), Seed: 6}, 0)
		first := exactly(t, l, s)
		n := twin{rule: "bptt", act: act, in: inputs, n: units, out: outputs, atTrials: true, keep: 0.5, gain: 0.5}
		var trial []showing
		for k := range 7 {
			drawn := len(l.Drawn())
			lab.On(t, s, 1)
			trial = append(trial, n.shown(k, 7, l.Drawn()[drawn:]))
		}
		loss := func(i int, by float64) (sum float64) {
			n.read(first)
			n.theta[i] += by
			for _, m := range trial {
				sum += n.step(m)
			}
			return sum
		}
		worst, largest := 0., 0.
		for i := range first["in"] {
			slope := (loss(i, 1e-6) - loss(i, -1e-6)) / 2e-6
			loss(i, 0)
			worst, largest = max(worst, math.Abs(n.sum[i]-slope)), max(largest, math.Abs(slope))
		}
		if !(worst < 1e-7*largest) {
			t.Errorf("%s: gradients of up to %g are off the slopes by %g", act, largest, worst)
		}
	}
}

// TestBalance: what one number did within the last k moments moves the answer of influence balancing by a sum that is above
// 0 up to k = 40, and −6 in the end; rtrl has all of it.
func TestBalance(t *testing.T) {
	const moments, rate = 120, 0x1p-30
	task := func() nets.Task { return &tasks.Constant{Value: 1} }
	influence := func(text string) float64 {
		l := lab.Exact(t)
		s := lab.Make(t, l.Device, nets.Run{System: of(t, text+",network=balance"), Task: task, Seed: 2, Rate: rate}, moments)
		before := exactly(t, l, s)["theta"][0]
		lab.On(t, s, 1)
		after := exactly(t, l, s)
		return (before - after["theta"][0]) / (rate * 2 * (after["s"][0] - 1))
	}
	for _, span := range []int{1, 10, 19, 40, 41, 61} {
		got := influence(fmt.Sprintf("tbptt:span=%d", span))
		want, at := 0., make([]float64, 23)
		for i := range at { // S_k = Σ_{j<k} (A^j·σ)_1
			at[i] = -1
			if i < 10 {
				at[i] = 1
			}
		}
		for range span {
			want += at[0]
			for i := range at {
				next := 0.
				if i+1 < len(at) {
					next = at[i+1]
				}
				at[i] = (at[i] + next) / 2
			}
		}
		if math.Abs(got-want) > 1e-6 || (want > 0) != (span <= 40) {
			t.Errorf("span %d: an influence of %g, want %g, which changes its sign between 40 and 41", span, got, want)
		}
	}
	if got := influence("rtrl:when=moment"); math.Abs(got+6) > 1e-6 {
		t.Errorf("rtrl has an influence of %g, want -6", got)
	}
}

// TestUnbiased: the mean of the gradients that chance makes is rtrl's, within twice the standard error: examples that are
// shown the same are as many draws.
func TestUnbiased(t *testing.T) {
	const draws, groups = 100, 20
	want := same(t, "rtrl", 1, 1)[0]
	for _, text := range []string{"uoro", "uoro:plain=true", "kfrtrl"} {
		means := same(t, text, draws, groups)
		mean, squares := make([]float64, len(want)), 0.
		for _, g := range means {
			for i, x := range g {
				mean[i] += x / groups
				squares += (x - want[i]) * (x - want[i]) / groups
			}
		}
		off := 0.
		for i, x := range mean {
			off += (x - want[i]) * (x - want[i])
		}
		one := math.Sqrt(squares*draws) / lab.Norm(want) // of a single draw
		if off = math.Sqrt(off) / lab.Norm(want); !(off < 2*one/math.Sqrt(draws*groups)) || !(0.3 < one && one < 30) {
			t.Errorf("%s: the mean of %d draws is off by %.3g of the gradient, want less than twice %.3g; one draw errs by %.3g",
				text, draws*groups, off, one/math.Sqrt(draws*groups), one)
		}
		t.Logf("%s: off by %.3f, one draw by %.2f", text, off, one)
	}
}

// same returns the gradients of trials by a rule, of as many examples that are shown the same.
func same(t *testing.T, text string, draws, trials int) (gradients [][]float64) {
	const trial = 8
	task := func() nets.Task { return &repeated{trial: trial, examples: draws} }
	l := lab.Bare(t)
	s := lab.Make(t, l.Device, nets.Run{System: of(t, with(text, "units=6,tau=3,gain=1,start=0.1,when=trial")), Task: task, Seed: 3}, 0)
	for range trials {
		lab.On(t, s, trial)
		all := exactly(t, l, s)
		gradients = append(gradients, append(all["sum.in"], all["sum.recurrent"]...))
	}
	return gradients
}

// A repeated task shows all examples the same.
type repeated struct {
	trial, examples int
	x, want         *compute.Tensor
}

func (r *repeated) Build(s *nets.Store) (nets.Spec, error) {
	var x, want []float32
	for k := range r.trial {
		for range r.examples {
			x, want = append(x, float32(math.Cos(float64(3*k)))), append(want, float32(2*math.Sin(float64(5*k+1))))
		}
	}
	r.x, r.want = s.Fixed(x, r.trial*r.examples, 1), s.Fixed(want, r.trial*r.examples, 1)
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: r.examples, Trial: r.trial}, nil
}

func (r *repeated) Show(p *nets.Pass) nets.Moment {
	k := int(p.Number) % r.trial
	at := func(t *compute.Tensor) *compute.Tensor { return p.View(t, k*r.examples, 1, r.examples, 1) }
	return nets.Moment{X: at(r.x), Want: at(r.want), First: k == 0, Last: k == r.trial-1}
}

func (r *repeated) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// TestLearns: a sine by thirty units, with weights that rest while they are tested. Of ten learners the worst had an error
// of 0.015 after 4000 moments and of 0.005 after 8000; silence has 0.5.
func TestLearns(t *testing.T) {
	s := lab.Make(t, lab.CPU(t), nets.Run{System: of(t, "rflo:units=30,tau=2"), Task: sines(10, 1, 2), Test: sines(10, 1, 2), Learners: 3, Rate: 0.002}, 0)
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

// TestWrong: what cannot be is said before anything is built.
func TestWrong(t *testing.T) {
	small := recurrent.Leaky{Units: 2, Tau: 1, Gain: 1}
	tanh := func(l recurrent.Leaky) nets.System { return &recurrent.RTRL{Leaky: l} }
	for want, c := range map[string]struct {
		system nets.System
		task   func() nets.Task
	}{
		"rtrl: 0 units":                          {tanh(recurrent.Leaky{Tau: 2, Gain: 1}), sines(9, 1, 1)},
		"tau 0.5":                                {tanh(recurrent.Leaky{Units: 1, Tau: 0.5, Gain: 1}), sines(9, 1, 1)},
		"gain NaN":                               {tanh(recurrent.Leaky{Units: 1, Tau: 1, Gain: float32(math.NaN())}), sines(9, 1, 1)},
		"start -1":                               {tanh(recurrent.Leaky{Units: 1, Tau: 1, Start: -1}), sines(9, 1, 1)},
		`act "sine", want one of identity, relu`: {tanh(recurrent.Leaky{Units: 1, Tau: 1, Act: "sine"}), sines(9, 1, 1)},
		`when "now", want moment or trial`:       {&recurrent.UORO{Leaky: small, When: "now"}, sines(9, 1, 1)},
		`feedback "none", want random or`:        {&recurrent.BPTT{Leaky: small, Learning: recurrent.Learning{Feedback: "none"}}, sines(9, 1, 1)},
		"tbptt: a span of 0 moments":             {&recurrent.TBPTT{Leaky: small}, sines(9, 1, 1)},
		"a span of 19 moments, and the task's trials have 18":         {&recurrent.TBPTT{Leaky: small, Span: 19}, sines(9, 1, 1)},
		"1000000 moments to be sent back through, want at most 16384": {&recurrent.TBPTT{Leaky: small, Span: 1000000}, noise(0, outputs)},
		"bptt: the task's trials have no end":                         {&recurrent.BPTT{Leaky: small}, noise(0, 2)},
		"change when a trial ends":                                    {&recurrent.RFLO{Leaky: small, When: "trial"}, noise(0, 2)},
		"Balance is not local":                                        {&recurrent.KFRTRL{Network: &recurrent.Balance{Units: 3}}, noise(0, 1)},
		"answers 1 number, and the task wants 2":                      {&recurrent.RTRL{Network: &recurrent.Balance{Units: 3}}, noise(0, 2)},
		"balance: 2 units and plus 3":                                 {&recurrent.RTRL{Network: &recurrent.Balance{Units: 2, Plus: 3}}, noise(0, 1)},
	} {
		run := nets.Run{System: func() nets.System { return c.system }, Task: c.task}
		if _, err := run.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
