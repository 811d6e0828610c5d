package spiking_test

import (
	"math"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/spiking"
)

// An epropTwin is the equations of EProp in float64, of one learner. Its gradients are those of forward differentiation: each
// weight in turn changes by ε, and dv, dA, dz and dz̄ are what that makes of v, A, z and z̄, with dz = ψ·(dv − dA).
type epropTwin struct {
	*spiking.EProp
	through                bool // what goes through spikes to other cells counts
	resets                 bool // what goes through the reset counts
	inputs, outputs        int
	in, recurrent, out, b  []float64
	alpha, rho, kappa      float64
	gain                   float64
	beta                   []float64
	shown                  []epropShown // steps of a trial
	examples               int
	rate                   float64
	gradIn, gradOut, gradW []float64
}

// An epropShown is a step of a task: all are examples × numbers, want nil where there is none, begin where none begins a trial.
type epropShown struct{ x, want, mask, begin []float64 }

// An epropCell is what is known of the cells of an example in a step, before it (z, v and so on) and in it (slope).
type epropCells struct{ z, v, a, filtered, wait, slope []float64 }

func newEPropTwin(e *spiking.EProp, shown []epropShown, all lab.Results, inputs, outputs, examples int) *epropTwin {
	rounded := func(x float64) float64 { return float64(float32(x)) }
	decay := func(tau float32) float64 { return math.Exp(-float64(e.Dt) / float64(tau)) }
	t := &epropTwin{EProp: e, shown: shown, inputs: inputs, outputs: outputs, examples: examples, in: all["in"], recurrent: all["recurrent"],
		out: all["out"], b: all["out"], alpha: rounded(decay(e.Tau)), rho: rounded(decay(e.TauA)), kappa: rounded(decay(e.ReadoutTau)), gain: 1}
	if all["feedback"] != nil {
		t.b = all["feedback"]
	}
	beta := float64(e.Adapt) * (1 - decay(e.TauA))
	if e.Gain == "leak" {
		t.gain = rounded(1 - decay(e.Tau))
	} else {
		beta /= 1 - decay(e.Tau)
	}
	t.beta = make([]float64, e.LIF+e.Adaptive)
	for i := e.LIF; i < len(t.beta); i++ {
		t.beta[i] = rounded(beta)
	}
	return t
}

func (t *epropTwin) rest() epropCells {
	n := len(t.beta)
	s := epropCells{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
	for i := range s.a {
		s.a[i] = float64(t.Threshold)
	}
	return s
}

// forward makes a step.
func (t *epropTwin) forward(s epropCells, x []float64) epropCells {
	n, next := len(t.beta), t.rest()
	threshold := float64(t.Threshold)
	for j := range n {
		current := lab.Dot(t.in[j*t.inputs:][:t.inputs], x) + lab.Dot(t.recurrent[j*n:][:n], s.z)
		next.v[j] = t.alpha*s.v[j] + t.gain*current - float64(t.Reset*t.Threshold)*s.z[j]
		if t.beta[j] != 0 {
			next.a[j] = threshold + t.rho*(s.a[j]-threshold) + t.beta[j]*s.z[j]
		}
		next.wait[j] = max(s.wait[j]-1, 0)
		if u := next.v[j] - next.a[j]; s.wait[j] == 0 {
			next.slope[j] = float64(t.Damping/t.Threshold) * max(0, 1-math.Abs(u)*float64(1/t.Threshold))
			if u > 0 {
				next.z[j], next.wait[j] = 1, float64(max(t.Refractory-1, 0))
			}
		}
		next.filtered[j] = t.kappa*s.filtered[j] + float64(1-float32(t.kappa))*next.z[j]
	}
	return next
}

// learn goes through the trial, and sets gradients.
func (t *epropTwin) learn() {
	n, steps := len(t.beta), len(t.shown)
	past, count, wanted := make([][]epropCells, t.examples), make([]float64, n), 0
	signals := make([][][]float64, t.examples) // ∂E/∂y
	for k := range t.examples {
		s := t.rest()
		for _, m := range t.shown {
			if m.begin != nil && m.begin[k] != 0 {
				s = t.rest()
			}
			s = t.forward(s, m.x[k*t.inputs:][:t.inputs])
			past[k] = append(past[k], s)
			d := make([]float64, t.outputs)
			for o := range d {
				if m.want != nil {
					d[o] = float64(2/float32(t.examples)) * (lab.Dot(t.out[o*n:][:n], s.filtered) - m.want[k*t.outputs+o]) * m.mask[k]
				}
			}
			signals[k] = append(signals[k], d)
			for j, z := range s.z {
				count[j] += z
			}
		}
	}
	for _, m := range t.shown {
		if m.want != nil {
			wanted++
		}
	}
	share := 1.
	if t.Mean {
		share = float64(wanted)
	}
	r, whole := make([]float64, n), float64(steps*t.examples)
	for j, c := range count {
		r[j] = 2 * float64(t.RateCost) / float64(t.Dt*t.Dt) * (c/whole - float64(t.TargetRate*t.Dt/1000)) / whole
		t.rate += c / whole / float64(n) / float64(t.Dt) * 1000
	}
	t.gradOut = make([]float64, len(t.out))
	for k := range past {
		for i, s := range past[k] {
			for o := range t.outputs {
				for j, f := range s.filtered {
					t.gradOut[o*n+j] += signals[k][i][o] * f / share
				}
			}
		}
	}
	t.gradIn, t.gradW = make([]float64, len(t.in)), make([]float64, len(t.recurrent))
	for w := range t.gradIn {
		t.gradIn[w] = t.along(past, signals, r, share, w/t.inputs, w%t.inputs, -1)
	}
	for w := range t.gradW {
		if w/n != w%n {
			t.gradW[w] = t.along(past, signals, r, share, w/n, -1, w%n)
		}
	}
}

// along is the derivative by the weight to a cell from an input or, if that is below 0, from a cell.
func (t *epropTwin) along(past [][]epropCells, signals [][][]float64, r []float64, share float64, to, input, from int) (g float64) {
	n := len(t.beta)
	for k := range past {
		d, before := t.rest(), t.rest()
		clear(d.a)
		for i, s := range past[k] {
			if m := t.shown[i]; m.begin != nil && m.begin[k] != 0 {
				d, before = t.rest(), t.rest()
				clear(d.a)
			}
			last := d
			d = t.rest()
			for j := range n {
				current := 0.
				if t.through {
					current = lab.Dot(t.recurrent[j*n:][:n], last.z)
				}
				switch {
				case j == to && input >= 0:
					current += t.shown[i].x[k*t.inputs+input]
				case j == to:
					current += before.z[from]
				}
				d.v[j] = t.alpha*last.v[j] + t.gain*current
				if t.resets {
					d.v[j] -= float64(t.Reset*t.Threshold) * last.z[j]
				}
				d.a[j] = t.rho*last.a[j] + t.beta[j]*last.z[j]
				d.z[j] = s.slope[j] * (d.v[j] - d.a[j])
				d.filtered[j] = t.kappa*last.filtered[j] + float64(1-float32(t.kappa))*d.z[j]
				g += r[j] * d.z[j]
				for o, x := range signals[k][i] {
					g += x * t.b[o*n+j] * d.filtered[j] / share
				}
			}
			before = s
		}
	}
	return g
}

const epropInputs, epropOutputs, epropExamples, epropTrial = 5, 2, 3, 60

// smallEProp is the network of most tests.
func smallEProp(set func(e *spiking.EProp)) func() nets.System {
	return func() nets.System {
		e := &spiking.EProp{
			ALIF:       spiking.ALIF{LIF: 5, Adaptive: 5, Dt: 1, Tau: 20, TauA: 100, Adapt: 1.7, Threshold: 0.6, Refractory: 3, Reset: 1, Damping: 0.3},
			ReadoutTau: 20, FeedbackScale: 1, TargetRate: 10, RateCost: 4, Optimiser: nets.SGD{Momentum: 0.5},
		}
		if set != nil {
			set(e)
		}
		return e
	}
}

// epropNoise is trials some of whose moments want nothing and some of whose examples are masked, or begin trials of their own.
func epropNoise(trial int, begins bool) func() nets.Task {
	spec := nets.Spec{In: nets.Row(epropInputs), Out: epropOutputs, Examples: epropExamples, Trial: trial, Epoch: trial}
	return func() nets.Task { return &lab.Noise{Spec: spec, Gaps: true, Masked: true, Begins: begins} }
}

// epropOf are gradients of a trial, from the optimiser's first momentum, after change has written to the weights.
func epropOf(t *testing.T, l lab.Lab, seed uint64, system func() nets.System, task func() nets.Task, change func(s *nets.Session)) (first, gradients lab.Results) {
	t.Helper()
	s := lab.Make(t, l.Device, nets.Run{System: system, Task: task, Seed: seed, Rate: 0.01}, 0)
	if change != nil {
		change(s)
	}
	values := func() lab.Results {
		all := lab.Results{}
		for _, n := range s.Tensors() {
			all[n.Name] = l.Values(t, n.Value)
		}
		return all
	}
	first = values()
	lab.On(t, s, s.Spec.Trial)
	gradients = lab.Results{}
	for name, x := range values() {
		if of, ok := strings.CutPrefix(name, "optimiser.momentum_buffer."); ok {
			gradients[of] = x
		}
	}
	return first, gradients
}

// epropShownOf is what lab.Noise showed, from what was drawn.
func epropShownOf(l lab.Lab, trial int, begins bool) (all []epropShown) {
	draws := 2*trial + (2*trial+2)/3
	if begins {
		draws += trial
	}
	drawn := l.Drawn()[len(l.Drawn())-draws:]
	for k := range trial {
		m := epropShown{x: drawn[0]}
		drawn = drawn[1:]
		if k%3 != 2 {
			m.want, drawn = drawn[0], drawn[1:]
		}
		m.mask, drawn = drawn[0], drawn[1:]
		if begins {
			m.begin, drawn = drawn[0], drawn[1:]
		}
		all = append(all, m)
	}
	return all
}

// apart is the largest difference of two, relative to the largest number of the second.
func apart(got, want []float64) (d float64) {
	most := 0.
	for i, x := range want {
		d, most = max(d, math.Abs(got[i]-x)), max(most, math.Abs(x))
	}
	return d / most
}

// TestEPropTwin: every form and credit makes the gradients of the equations in float64.
func TestEPropTwin(t *testing.T) {
	for name, set := range map[string]func(e *spiking.EProp){
		"adjoint":           nil,
		"traces":            func(e *spiking.EProp) { e.Form = "traces" },
		"bptt":              func(e *spiking.EProp) { e.Credit = "bptt" },
		"random, mean":      func(e *spiking.EProp) { e.Feedback, e.Mean = "random", true },
		"adaptive, traces":  func(e *spiking.EProp) { e.Feedback, e.Form, e.Mean = "adaptive", "traces", true },
		"lif, leak":         func(e *spiking.EProp) { e.LIF, e.Adaptive, e.Gain, e.Threshold, e.Refractory = 10, 0, "leak", 0.03, 0 },
		"lif, leak, traces": func(e *spiking.EProp) { e.LIF, e.Adaptive, e.Gain, e.Threshold, e.Form = 10, 0, "leak", 0.03, "traces" },
		"leak, bptt": func(e *spiking.EProp) {
			e.Gain, e.Threshold, e.Credit, e.Reset, e.RateCost = "leak", 0.03, "bptt", 0.5, 0
		},
		"no rate, traces": func(e *spiking.EProp) { e.RateCost, e.Form = 0, "traces" },
		"traces, begins":  func(e *spiking.EProp) { e.Form, e.Mean = "traces", true },
		"refractory 2":    func(e *spiking.EProp) { e.Refractory, e.Credit = 2, "bptt" },
		"readout":         func(e *spiking.EProp) { e.Learn = "readout" },
	} {
		t.Run(name, func(t *testing.T) {
			l := lab.Exact(t)
			system := smallEProp(set)
			begins := strings.Contains(name, "begins")
			first, got := epropOf(t, l, 3, system, epropNoise(epropTrial, begins), nil)
			twin := newEPropTwin(system().(*spiking.EProp), epropShownOf(l, epropTrial, begins), first, epropInputs, epropOutputs, epropExamples)
			twin.through = twin.Credit == "bptt"
			twin.learn()
			want := lab.Results{"in": twin.gradIn, "recurrent": twin.gradW, "out": twin.gradOut, "feedback": twin.gradOut}
			if t.Logf("a rate of %.0f Hz", twin.rate); !(twin.rate > 20 && twin.rate < 300) {
				t.Errorf("a rate of %g Hz, want one that tells", twin.rate)
			}
			learned := map[string]int{"readout": 1, "adaptive": 4}[twin.Learn+twin.Feedback]
			if learned == 0 {
				learned = 3
			}
			if len(got) != learned {
				t.Errorf("%d matrices learned, want %d", len(got), learned)
			}
			for name, x := range got {
				if d := apart(x, want[name]); !(d < 1e-12) {
					t.Errorf("the gradient of %s is %.3g of its largest number away", name, d)
				} else {
					t.Logf("%s: within %.2g", name, d)
				}
			}
		})
	}
}

// unconnected sets the recurrent weights to 0.
func unconnected(t *testing.T, l lab.Lab) func(s *nets.Session) {
	return func(s *nets.Session) {
		for _, n := range s.Tensors() {
			if n.Name == "recurrent" {
				l.Write(t, n.Value, make([]float32, n.Value.Len()))
			}
		}
	}
}

// TestEPropIdentities: forms and credits whose gradients are the same are so to the last digits of float64; and in float32, on
// both backends, within the error that roundings add up to.
func TestEPropIdentities(t *testing.T) {
	const trial = 30
	for name, c := range map[string]struct {
		a, b        func(e *spiking.EProp)
		unconnected bool
		within      float64
	}{
		"traces are the adjoint":               {func(e *spiking.EProp) { e.Form, e.Mean = "traces", true }, func(e *spiking.EProp) { e.Mean = true }, false, 1e-14},
		"without recurrent weights it is bptt": {nil, func(e *spiking.EProp) { e.Credit = "bptt" }, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			both := func(t *testing.T, l lab.Lab) lab.Results {
				var change func(*nets.Session)
				if c.unconnected {
					change = unconnected(t, l)
				}
				_, a := epropOf(t, l, 5, smallEProp(c.a), epropNoise(trial, false), change)
				_, all := epropOf(t, l, 5, smallEProp(c.b), epropNoise(trial, false), change)
				for name, x := range a {
					for i := range x {
						all["difference "+name] = append(all["difference "+name], x[i]-all[name][i])
					}
				}
				return all
			}
			want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, both)
			for name, d := range want {
				if of, ok := strings.CutPrefix(name, "difference "); ok {
					off, telling := lab.Norm(d)/lab.Norm(want[of]), lab.Norm(bound[name])/lab.Norm(want[of])
					if t.Logf("%s: %.2g, in float32 %.2g", of, off, telling); !(off <= c.within) || !(telling < 1e-3) {
						t.Errorf("%s: the two differ by %g of it, want %g; bounds in float32 are %g of it, want less than 0.001", of, off, c.within, telling)
					}
					clear(d)
				}
			}
			lab.Agree(t, "cpu", both(t, lab.Bare(t)), want, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", both(t, lab.GPU(t)), want, bound, 1) })
		})
	}
}

// TestEPropIsNearBPTT: in ten networks the gradient of e-prop points where that of BPTT does, if not quite; what goes through
// the reset would be another matter.
func TestEPropIsNearBPTT(t *testing.T) {
	cosines := map[string]float64{}
	for seed := range uint64(10) {
		l := lab.Exact(t)
		_, e := epropOf(t, l, seed, smallEProp(nil), epropNoise(epropTrial, false), nil)
		first, b := epropOf(t, l, seed, smallEProp(func(e *spiking.EProp) { e.Credit = "bptt" }), epropNoise(epropTrial, false), nil)
		for _, name := range []string{"in", "recurrent"} {
			cosines[name] += lab.Dot(e[name], b[name]) / lab.Norm(e[name]) / lab.Norm(b[name]) / 10
		}
		if seed > 0 {
			continue
		}
		twin := newEPropTwin(smallEProp(nil)().(*spiking.EProp), epropShownOf(l, epropTrial, false), first, epropInputs, epropOutputs, epropExamples)
		twin.resets = true
		twin.learn()
		if d := apart(twin.gradIn, e["in"]); !(d > 0.1) {
			t.Errorf("with the reset the gradient is %.2g of its largest number away, want more than 0.1", d)
		}
	}
	for name, c := range cosines {
		if t.Logf("%s: a cosine of %.3f", name, c); !(c > 0.85 && c < 0.999) {
			t.Errorf("%s: a cosine of %.3f, want 0.85 to 0.999", name, c)
		}
	}
}

// TestEPropPromises: a learner is a seed, a run that was cut within a trial goes on, and so on.
func TestEPropPromises(t *testing.T) {
	for name, set := range map[string]func(e *spiking.EProp){
		"adjoint": func(e *spiking.EProp) { e.Feedback = "adaptive" },
		"traces":  func(e *spiking.EProp) { e.Form = "traces" },
		"bptt":    func(e *spiking.EProp) { e.Credit = "bptt" },
	} {
		t.Run(name, func(t *testing.T) { nettest.System(t, smallEProp(set), epropNoise(3, false)) })
	}
}

// TestEPropAdaptive: feedback that adapts changes as the readout does, and what they differ in shrinks.
func TestEPropAdaptive(t *testing.T) {
	l := lab.Exact(t)
	system := smallEProp(func(e *spiking.EProp) { e.Feedback, e.Decay = "adaptive", 0.25 })
	s := lab.Make(t, l.Device, nets.Run{System: system, Task: epropNoise(epropTrial, false), Rate: 0.01}, 0)
	apart := func() (d []float64) {
		values := lab.Results{}
		for _, n := range s.Tensors() {
			values[n.Name] = l.Values(t, n.Value)
		}
		for i, b := range values["feedback"] {
			d = append(d, values["out"][i]-b)
		}
		return d
	}
	before := apart()
	lab.On(t, s, 2*epropTrial)
	for i, d := range apart() {
		if want := before[i] * 0.75 * 0.75; !(math.Abs(d-want) < 1e-14) {
			t.Errorf("number %d of V − B is %g after two trials, want %g", i, d, want)
		}
	}
}

// TestEPropWrong: settings and tasks that do not go together.
func TestEPropWrong(t *testing.T) {
	for want, set := range map[string]func(e *spiking.EProp){
		`form "forward", want one of adjoint, traces`: func(e *spiking.EProp) { e.Form = "forward" },
		`gain "half", want one or leak`:               func(e *spiking.EProp) { e.Gain = "half" },
		"want form=adjoint":                           func(e *spiking.EProp) { e.Form, e.Credit = "traces", "bptt" },
		"tau 0.5, want a number within 1 to":          func(e *spiking.EProp) { e.Tau = 0.5 },
		"readout_tau 0.5":                             func(e *spiking.EProp) { e.ReadoutTau = 0.5 },
		"0 lif and 0 adaptive cells":                  func(e *spiking.EProp) { e.LIF, e.Adaptive = 0, 0 },
		"threshold 0":                                 func(e *spiking.EProp) { e.Threshold = 0 },
	} {
		if err := smallEProp(set)().(*spiking.EProp).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
	for want, task := range map[string]func() nets.Task{"trials have no end": epropNoise(0, false), "want form=traces": epropNoise(4, true)} {
		s, err := nets.Run{System: smallEProp(nil), Task: task}.Open(lab.CPU(t))
		if err == nil {
			err = s.Step(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
