package adapt_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/adapt"
	"hebb/nets/internal/anticipation"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

var one = adapt.Bank{Filters: 1, F: 0.01, Q: 0.6, ReflexF: 0.01}

func ico(b adapt.Bank) func() nets.System { return func() nets.System { return &adapt.ICO{Bank: b} } }
func iso(b adapt.Bank) func() nets.System { return func() nets.System { return &adapt.ISO{Bank: b} } }

func pairs(t tasks.Pairs) func() nets.Task {
	return func() nets.Task {
		fresh := t
		return &fresh
	}
}

func noise(in, trial int) func() nets.Task {
	return func() nets.Task {
		return &lab.Noise{Spec: nets.Spec{In: nets.Row(in), Examples: 2, Trial: trial, Epoch: 4}, Masked: true}
	}
}

func TestVerify(t *testing.T) {
	third := adapt.DefaultBank
	third.Third = true
	closed := pairs(tasks.Pairs{Period: 5, Predictor: 0, Reflex: 2, Jitter: 1, Third: 2, Closed: true})
	for name, r := range map[string]nets.Run{
		"ico":    {System: ico(third), Task: noise(3, 4), Test: noise(3, 4)},
		"iso":    {System: iso(third), Task: closed, Test: closed},
		"forage": {System: ico(adapt.DefaultBank), Task: forage, Test: forage},
	} {
		t.Run(name, func(t *testing.T) {
			r.Learners, r.Rate = 2, 0.01
			lab.Verify(t, r, 6)
		})
	}
}

func forage() nets.Task {
	return &tasks.Forage{Moments: 5, Speed: 0.1, Gain: 0.1, Eyes: 0.1, Near: 0.9, Far: 1.5, Dead: 0.01, Offset: 0.4, Contact: 0.7}
}

func TestPromises(t *testing.T) {
	third := adapt.Bank{Filters: 2, F: 0.1, Q: 0.6, ReflexF: 0.05, Third: true}
	t.Run("examples, ico", func(t *testing.T) { nettest.System(t, ico(adapt.DefaultBank), noise(3, 4)) })
	t.Run("trials of chance, iso", func(t *testing.T) { nettest.System(t, iso(adapt.DefaultBank), noise(2, 0)) })
	closed := tasks.Pairs{Period: 5, Predictor: 0, Reflex: 2, Jitter: 1, Third: 2, Closed: true}
	t.Run("loop, third factor", func(t *testing.T) { nettest.System(t, iso(third), pairs(closed)) })
}

// A series shows numbers of the host: so many examples of in numbers at each moment, the last of which is a mask.
type series struct {
	in, examples, trial int
	x                   []float32
}

func (s *series) Build(*nets.Store) (nets.Spec, error) {
	return nets.Spec{In: nets.Row(s.in), Examples: s.examples, Trial: s.trial}, nil
}

func (s *series) Show(p *nets.Pass) nets.Moment {
	at, x, mask := int(p.Number), make([]float32, 0, s.examples*s.in), make([]float32, 0, s.examples)
	for _, e := range s.at(at) {
		x, mask = append(x, e[:s.in]...), append(mask, e[s.in])
	}
	m := nets.Moment{X: p.Tensor(1, s.examples, s.in), Mask: p.Tensor(1, s.examples, 1), First: at%s.trial == 0, Last: at%s.trial == s.trial-1}
	p.Write(m.X, x)
	p.Write(m.Mask, mask)
	return m
}

func (s *series) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// at is the examples of a moment, each with its mask.
func (s *series) at(moment int) [][]float32 {
	each := s.in + 1
	return slices.Collect(slices.Chunk(s.x[moment*s.examples*each:][:s.examples*each], each))
}

func drawn(in, examples, trial, moments int) *series {
	rnd := rand.New(rand.NewPCG(3, 4))
	s := &series{in, examples, trial, lab.Normals(rnd, moments*examples*(in+1))}
	for i := in; i < len(s.x); i += in + 1 {
		s.x[i] = float32(rnd.IntN(2))
	}
	return s
}

// rounded gives a twin the coefficients and the rate that float32 has.
func rounded(l *anticipation.Learner, rate float64) *anticipation.Learner {
	round := func(x *float64) { *x = float64(float32(*x)) }
	filter := func(f *anticipation.Filter) { round(&f.A1); round(&f.A2) }
	for i := range l.Examples {
		filter(&l.Examples[i].Reflex)
		for j := range l.Examples[i].Bank {
			filter(&l.Examples[i].Bank[j])
		}
	}
	l.Mu = rate
	return l
}

// course returns an experiment of a run, whose results are tensors that are read when it is over.
func course(r nets.Run, moments int, names ...string) lab.Experiment {
	return func(t *testing.T, l lab.Lab) lab.Results {
		s := lab.Make(t, l.Device, r, moments)
		all := lab.Results{}
		for _, n := range s.Tensors() {
			if slices.Contains(names, n.Name) {
				all[n.Name] = l.Values(t, n.Value)
			}
		}
		return all
	}
}

const rate = 0x1p-10 // which float32 has

// TestTwin: two trials of two examples, some moments of which are masked, of two predictors with and without a third
// factor, are those of the equations: to the digits of float64 on a device of float64s, and on the CPU path within the
// spread of float32.
func TestTwin(t *testing.T) {
	const examples, trial, moments = 2, 12, 24
	for _, c := range []struct {
		name   string
		system func(adapt.Bank) func() nets.System
		third  bool
	}{{"ico", ico, false}, {"iso", iso, false}, {"ico", ico, true}, {"iso", iso, true}} {
		t.Run(fmt.Sprint(c.name, c.third), func(t *testing.T) {
			bank, in := adapt.Bank{Filters: 3, F: 0.2, Q: 0.7, ReflexF: 0.1, Third: c.third}, 3
			if c.third {
				in++
			}
			shown := drawn(in, examples, trial, moments)
			twin := anticipation.New(bank.ReflexF, bank.F, bank.Q, bank.Filters, 2)
			twin.ISO = c.name == "iso"
			twin.Add()
			rounded(twin, rate)
			for first := 0; first < moments; first += trial {
				for i := range examples {
					twin.Examples[i].Reset()
				}
				for k := range trial + 1 {
					twin.Step(twinned(shown, first, k, c.third)...)
				}
			}
			run := course(nets.Run{System: c.system(bank), Task: func() nets.Task { return shown }, Rate: rate}, moments, "w")
			agree(t, run, lab.Results{"w": append([]float64{1}, twin.W...)}, 0.01)
		})
	}
}

// twinned is moment k of a trial for the twin, whose filters answer one moment later: it still has to hear the answers
// to the last moment when the trial is over.
func twinned(s *series, first, k int, third bool) (now []anticipation.Shown) {
	for i := range s.examples {
		m := anticipation.Shown{X: make([]float64, 3), Third: 1}
		if k < s.trial {
			for j := range m.X {
				m.X[j] = float64(s.at(first + k)[i][j])
			}
		}
		if k > 0 {
			e := s.at(first + k - 1)[i]
			if m.Mask = float64(e[s.in]); third {
				m.Third = float64(e[3])
			}
		}
		now = append(now, m)
	}
	return now
}

// agree holds an experiment to its twin's results: by a device of float64s to their digits, and by the CPU path to the
// spread of float32, which is to be at most a share of them.
func agree(t *testing.T, f lab.Experiment, twin lab.Results, share float64) {
	t.Helper()
	want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 8, f)
	digits := lab.Results{}
	for name, x := range twin {
		for _, v := range x {
			digits[name] = append(digits[name], 1e-12*math.Abs(v)+1e-15)
		}
	}
	lab.Agree(t, "float64", want, twin, digits, 1)
	got := f(t, lab.Single(t))
	lab.Agree(t, "float32", got, twin, bound, 1)
	lab.Telling(t, "float32", want, bound, share)
	worst := 0.
	for name, x := range got {
		for i, v := range x {
			if bound[name][i] > 0 {
				worst = max(worst, math.Abs(v-twin[name][i])/bound[name][i])
			}
		}
	}
	t.Logf("float32 is within %.2g of its bound", worst)
}

// quick is a bank whose filter forgets an impulse within the trials of a test: by exp(−0.21) a moment.
var quick = adapt.Bank{Filters: 1, F: 0.04, Q: 0.6, ReflexF: 0.04}

// twinOf is the twin of quick, in float32's coefficients.
func twinOf(isISO bool) *anticipation.Learner {
	l := anticipation.New(quick.ReflexF, quick.F, quick.Q, 1, 1)
	l.ISO = isISO
	return rounded(l, rate)
}

// TestPairs: the weight of ICO is n·μ·K(T) after n pairs, and K(T) = −K(−1−T), to the digits of float64 where that
// computes and within the spread of float32 on the CPU path; there it keeps every bit when the reflex is gone, and that
// of ISO does not, unless a third factor is gone with it.
func TestPairs(t *testing.T) {
	const period, n, lag = 160, 2, 6
	task := func(lag, third int) func() nets.Task {
		return pairs(tasks.Pairs{Period: period, Predictor: 20, Reflex: 20 + lag, Until: n * period, Third: third})
	}
	twin := twinOf(false).Examples[0]
	for _, at := range []int{lag, -1 - lag} {
		run := course(nets.Run{System: ico(quick), Task: task(at, 0), Rate: rate}, n*period+40, "w")
		agree(t, run, lab.Results{"w": {1, n * rate * twin.Bank[0].K(twin.Reflex, at, period)}}, 1e-3)
	}
	if k, m := twin.Bank[0].K(twin.Reflex, lag, period), twin.Bank[0].K(twin.Reflex, -1-lag, period); !(math.Abs(k+m) <= 1e-13*k) {
		t.Errorf("K(%d) is %g and K(%d) is %g", lag, k, -1-lag, m)
	}
	third := quick
	third.Third = true
	for _, c := range []struct {
		name   string
		system func() nets.System
		third  int
		stays  bool
	}{{"ico", ico(quick), 0, true}, {"iso", iso(quick), 0, false}, {"iso with a third factor", iso(third), 10, true}} {
		s := lab.Make(t, lab.CPU(t), nets.Run{System: c.system, Task: task(lag, c.third), Rate: 16 * rate}, (n+1)*period)
		before := lab.Values(t, s)["w"]
		lab.On(t, s, 2*period)
		if after := lab.Values(t, s)["w"]; slices.Equal(after, before) != c.stays || before[1] == 0 {
			t.Errorf("%s: without a reflex the weights go from %v to %v", c.name, before, after)
		}
	}
	still := lab.Make(t, lab.CPU(t), nets.Run{System: ico(quick), Task: task(lag, 0), Rate: 0}, n*period)
	if w := lab.Values(t, still)["w"]; w[1] != 0 {
		t.Errorf("at the rate 0 the weight is %g", w[1])
	}
}

// TestDrift: what the weight of ISO becomes without a reflex is what the twin's becomes, whose growth package
// anticipation holds to 1 + μ·S/2 an impulse.
func TestDrift(t *testing.T) {
	const period, n, lag = 160, 2, 6
	task := pairs(tasks.Pairs{Period: period, Predictor: 20, Reflex: 20 + lag, Until: period})
	l := twinOf(true)
	for k := range n * period {
		x := make([]float64, 2)
		if k%period == 20 {
			x[1] = 1
		}
		if k == 20+lag {
			x[0] = 1
		}
		l.Step(anticipation.Shown{X: x, Third: 1, Mask: 1})
	}
	agree(t, course(nets.Run{System: iso(quick), Task: task, Rate: rate}, n*period, "w"), lab.Results{"w": {1, l.W[0]}}, 1e-3)
}

// TestLoop: where the answer weakens the reflex and the lag is fixed, the reflex of trial n has the amplitude (1 −
// μ/μ1)^n, 1/μ1 = Σ_j K_j·u_j at the reflex; at the rate μ1 one trial is enough.
func TestLoop(t *testing.T) {
	const period, lag = 160, 6
	e := twinOf(false).Examples[0]
	k := e.Bank[0].K(e.Reflex, lag, period)
	share := rate * k * e.Bank[0].Response(lag)
	task := pairs(tasks.Pairs{Period: period, Predictor: 20, Reflex: 20 + lag, Closed: true})
	left := func(n float64) float64 { return math.Pow(1-share, n) }
	run := course(nets.Run{System: ico(quick), Task: task, Rate: rate}, 3*period, "w", "task.anticipation")
	agree(t, run, lab.Results{"w": {1, rate * k * (1 - left(3)) / share}, "task.anticipation": {1 - left(2)}}, 1e-3)
	s := lab.Make(t, lab.CPU(t), nets.Run{System: ico(quick), Task: task, Rate: rate / share}, 2*period)
	if a := float64(lab.Values(t, s)["task.anticipation"][0]); !(math.Abs(1-a) < 100*0x1p-24) {
		t.Errorf("at the rate of one trial the second reflex has the amplitude %g", 1-a)
	}
}

func TestWrong(t *testing.T) {
	set := func(change func(*adapt.Bank)) adapt.Bank {
		b := one
		change(&b)
		return b
	}
	third := set(func(b *adapt.Bank) { b.Third = true })
	two := pairs(tasks.Pairs{Period: 9, Predictor: 1, Reflex: 3})
	for want, r := range map[string]nets.Run{
		"0 filters, want at least 1":        {System: ico(set(func(b *adapt.Bank) { b.Filters = 0 })), Task: two},
		"q 0.5, want a number above 0.5":    {System: ico(set(func(b *adapt.Bank) { b.Q = 0.5 })), Task: two},
		"q NaN":                             {System: iso(set(func(b *adapt.Bank) { b.Q = math.NaN() })), Task: two},
		"f 0.5, want cycles per moment":     {System: ico(set(func(b *adapt.Bank) { b.F = 0.5 })), Task: two},
		"f 0, want cycles":                  {System: ico(set(func(b *adapt.Bank) { b.F = 0 })), Task: two},
		"iso: reflex_f -0.1, want cycles":   {System: iso(set(func(b *adapt.Bank) { b.ReflexF = -0.1 })), Task: two},
		"no damping for the slowest, of 1e": {System: ico(set(func(b *adapt.Bank) { b.F, b.Filters = 0.001, 1000 })), Task: two},
		"a third factor, as pairs:third=20": {System: ico(third), Task: two},
		"iso: the last number that the task shows is a third factor, and no predictor; want third=true": {System: iso(one),
			Task: pairs(tasks.Pairs{Period: 9, Predictor: 1, Reflex: 3, Third: 2})},
		"ico: the task's trials are single moments": {System: ico(one), Task: func() nets.Task { return &tasks.Samples{Rows: make([]float32, 6), In: nets.Row(3), Batch: 2} }},
		"the task wants answers":                    {System: ico(one), Task: func() nets.Task { return &tasks.XOR{} }},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
