package spiking_test

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/spiking"
)

// TestTwin: the twin with small spaces stores and recalls. HEBB_TWIN, a step in ms, asks for the protocol in full size, whose
// figures of five patterns are: 69 cells in a content assembly and 112 in a variable one, or 119 with steps of 1 ms; 0.97 of
// the cells recalled.
func TestTwin(t *testing.T) {
	dt, share, patterns, shown := 1., 0.2, 2, 15
	if x, err := strconv.ParseFloat(os.Getenv("HEBB_TWIN"), 64); err == nil {
		dt, share, patterns, shown = x, 1, 5, 50
	}
	content, variable, shared, excess := newTwin(1, dt, share).protocol(patterns, shown)
	t.Logf("content %v, variable %v, shared %v, excess %v", content, variable, shared, excess)
	for k, n := range content {
		if !(float64(shared[k]) > 0.8*float64(n) && float64(excess[k]) <= 0.2*float64(n)) || float64(n) < 55*share*0.8 || float64(variable[k]) < 95*share*0.8 {
			t.Errorf("pattern %d: of %d cells %d are recalled, and %d others; %d in the variable space", k, n, shared[k], excess[k], variable[k])
		}
	}
}

// TestWindow: an isolated pair of spikes changes a synapse as the closed form says, whatever the delay; the window is centred
// on −d.
func TestWindow(t *testing.T) {
	for _, rule := range []*twinRule{twinVV, twinCC, twinCV} {
		for _, delay := range []int{1, 4, 20} {
			for lag := -80; lag <= 80; lag++ {
				const dt, w = 0.5, 0.5
				n := twin{dt: dt}
				pre, post := n.group(1, false, true), n.group(1, false, true)
				y := n.synapses(pre, post, rule, func(int, int) (bool, int, float64) { return true, delay, w })
				y.learns = true
				at := func(when int) func(int) []int {
					return func(step int) []int { return map[bool][]int{true: {0}}[step == when] }
				}
				pre.given, post.given = at(100), at(100+lag)
				for range 300 {
					n.advance()
				}
				apart, want := float64(lag+delay)*dt, -2*rule.least
				switch {
				case apart > 0:
					want += math.Exp(-apart / rule.plus)
				case apart < 0 && rule.minus > 0:
					want += math.Exp(apart / rule.minus)
				}
				if got := y.w[0][0] - w; !(math.Abs(got-rule.eta*want) < 1e-9) {
					t.Fatalf("rule %v, delay %d, %d steps apart: %.12g, want %.12g", *rule, delay, lag, got, rule.eta*want)
				}
			}
		}
	}
}

// TestDense: lists and traces are sums over all pairs of spikes and matrices of all synapses.
func TestDense(t *testing.T) {
	const cells, steps, dt = 6, 400, 0.5
	rnd := rand.New(rand.NewPCG(1, 2))
	n := twin{dt: dt, rnd: rnd}
	pre, post := n.group(cells, false, true), n.group(cells, false, true)
	y := n.random(pre, post, twinVV, 0.7, 1, 10, 0.4, 0.9)
	y.learns = true
	var spikes [2][cells][steps]bool
	for g, c := range []*twinCells{pre, post} {
		c.given = func(step int) (all []int) {
			for i := range cells {
				if spikes[g][i][step] = rnd.Float64() < 0.05; spikes[g][i][step] {
					all = append(all, i)
				}
			}
			return all
		}
	}
	first := make([][]float64, cells)
	for i := range first {
		first[i] = append(first[i], y.w[i]...)
	}
	for range steps {
		n.advance()
	}
	trace := func(of [steps]bool, at int, tau float64) (k float64) {
		for s := range at {
			if of[s] {
				k += math.Exp(-float64(at-s) * dt / tau)
			}
		}
		return k
	}
	for i := range cells {
		for k, j := range y.to[i] {
			w, d := first[i][k], y.delay[i][k]
			for s := range steps {
				if s >= d && spikes[1][j][s-d] {
					w = min(twinVV.top, w+twinVV.eta*(trace(spikes[0][i], s, twinVV.plus)-twinVV.least))
				}
				if spikes[0][i][s] {
					minus := 0.
					if s >= d {
						minus = trace(spikes[1][j], s-d, twinVV.minus)
					}
					w = max(0, w+twinVV.eta*(minus-twinVV.least))
				}
			}
			if math.Abs(w-y.w[i][k]) > 1e-12 {
				t.Errorf("synapse %d on %d, delay %d: %.15g, want %.15g", i, j, d, y.w[i][k], w)
			}
		}
	}
}

// A script shows inputs at a rate, and controls.
type script struct {
	in, out  int
	rate     float32
	controls [][]float32
	rates    *compute.Tensor
}

func (c *script) Build(s *nets.Store) (nets.Spec, error) {
	c.rates = s.Fixed(slices.Repeat([]float32{c.rate}, c.in), c.in)
	return nets.Spec{In: nets.Row(c.in), Out: c.out, Examples: 1, Controls: len(c.controls[0])}, nil
}

func (c *script) Show(p *nets.Pass) nets.Moment {
	return nets.Moment{X: c.rates, Control: c.controls[p.Number%uint64(len(c.controls))]}
}

func (c *script) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	p.Count("spikes", answer, 1)
}

// scripted are controls of one variable space: all learns; the content learns and the variable space is inhibited; both are
// free, the content is still and the variable space begins afresh; all are inhibited.
func scripted() nets.Task {
	return &script{in: 12, out: 100, rate: 60, controls: [][]float32{{1, 0, 0, 0, 0}, {1, 0, 0, 1, 0}, {0, 0, 0, 0, 1}, {0, 1, 0, 1, 0}}}
}

func smallSpaces() nets.System {
	a := spiking.DefaultAssemblies
	a.Content, a.Variable, a.Moment, a.DT = 40, 60, 15, 0.5
	a.Connect, a.Static, a.Latency = []float64{0.3, 0.5, 0.5, 0.5, 0.3}, []float64{20, 2, 10}, []float64{1, 4}
	return &a
}

// TestAssemblies holds the system to the promises of package nets.
func TestAssemblies(t *testing.T) { nettest.System(t, smallSpaces, scripted) }

// TestReplay: the twin, told who spikes, has the weights, traces, potentials and excitabilities of the system, within the
// rounding of float32s.
func TestReplay(t *testing.T) {
	for name, open := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Bare, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) {
			s := lab.Make(t, open(t).Device, nets.Run{System: smallSpaces, Task: scripted, Seed: 5, Rate: 1}, 0)
			n := twinOf(lab.Values(t, s))
			const moments = 16
			for k := range moments {
				lab.On(t, s, 1)
				n.moment(lab.Values(t, s), scripted().(*script).controls[k%4])
			}
			n.holds(t, lab.Values(t, s))
		})
	}
}

// A replayed is a twin of a small system, with its cells and synapses by name.
type replayed struct {
	twinNetwork
	named    map[string]*twinCells
	synapses map[string]*twinSynapses
}

// twinOf makes a twin with the synapses and weights of a run.
func twinOf(of map[string][]float32) *replayed {
	r := &replayed{named: map[string]*twinCells{}, synapses: map[string]*twinSynapses{}}
	r.dt = 0.5
	group := func(name string, n int, excitatory, input bool) *twinCells {
		r.named[name] = r.group(n, excitatory, input)
		return r.named[name]
	}
	r.x = group("inputs", 12, false, true)
	r.c = &twinSpace{e: group("content", 40, true, false), i: group("content inhibitory", 10, false, false)}
	r.v = &twinSpace{e: group("variable 1", 60, true, false), i: group("variable 1 inhibitory", 15, false, false)}
	r.v.e.adapts = true
	between := func(pre, post string, rule *twinRule, delay int) *twinSynapses {
		name := pre + " to " + post
		to, fan := of[name+".to"], len(of[name+".to"])/r.named[pre].n
		r.synapses[name] = r.twin.synapses(r.named[pre], r.named[post], rule, func(i, j int) (bool, int, float64) {
			k := slices.Index(to[i*fan:][:fan], float32(j))
			if k < 0 {
				return false, 0, 0
			}
			if d := of[name+".delay"]; d != nil {
				return true, int(d[i*fan+k]), float64(of[name][i*fan+k])
			}
			return true, delay, float64(of[name][i*fan+k])
		})
		return r.synapses[name]
	}
	for _, s := range []struct {
		*twinSpace
		name string
		rule *twinRule
	}{{r.c, "content", twinCC}, {r.v, "variable 1", twinVV}} {
		s.ee = between(s.name, s.name, s.rule, 2)
		between(s.name, s.name+" inhibitory", nil, 1)
		between(s.name+" inhibitory", s.name, nil, 1)
		between(s.name+" inhibitory", s.name+" inhibitory", nil, 2)
	}
	r.xc = between("inputs", "content", twinXC, 0)
	r.cv, r.vc = between("content", "variable 1", twinCV, 0), between("variable 1", "content", twinVC, 0)
	return r
}

// moment repeats a moment of the run, of which those tensors are left.
func (r *replayed) moment(of map[string][]float32, control []float32) {
	const steps = 30
	for name, c := range r.named {
		spikes, n, first := of[name+".spikes"], c.n, r.step
		c.given = func(step int) (all []int) {
			for i, s := range spikes[(step-first)*n:][:n] {
				if s != 0 {
					all = append(all, i)
				}
			}
			return all
		}
	}
	r.c.inhibit(control[1] != 0)
	r.v.inhibit(control[3] != 0)
	if control[4] != 0 {
		clear(r.v.e.q)
	}
	c, v := control[1] == 0, control[3] == 0
	r.xc.learns, r.c.ee.learns = c && control[0] != 0, c && control[0] != 0
	r.v.ee.learns, r.cv.learns, r.vc.learns = v, c && v, c && v
	for range steps {
		r.advance()
	}
}

// holds compares what the twin has with the run. Each number is made in at most a few roundings a step, or an event of a
// synapse, none of which makes earlier errors larger; a trace has as many as it has steps to decay, and so has a potential, with the
// errors of at most 30 weights that arrive.
func (r *replayed) holds(t *testing.T, of map[string][]float32) {
	const ulp = 1. / (1 << 24)
	near := func(what string, i int, got float32, want, bound float64) {
		t.Helper()
		if !(math.Abs(float64(got)-want) <= bound) {
			t.Errorf("%s %d is %.9g, want %.9g within %.2g", what, i, got, want, bound)
		}
	}
	worst := 0. // of all weights
	for name, y := range r.synapses {
		if y.rule == nil {
			continue
		}
		fan, changed := len(of[name])/y.pre.n, 0
		traces := 3 * ulp * y.largest / (1 - math.Exp(-r.dt/max(y.rule.plus, y.rule.minus)))
		for i := range y.pre.n {
			near(name+", K₊", i, of[name+".plus"][i], y.plus[i]*math.Exp(-r.dt/y.rule.plus), traces)
			for k, w := range y.w[i] {
				bound := float64(y.events[i][k])*(3*ulp*(y.rule.top+y.largest*y.rule.eta)+y.rule.eta*traces) + ulp
				near(name, i*fan+k, of[name][i*fan+k], w, bound)
				worst = max(worst, bound)
				changed += y.events[i][k]
			}
		}
		if changed < 500 {
			t.Errorf("%s: %d changes of weights, want more", name, changed)
		}
	}
	for name, c := range r.named {
		for i := range c.u {
			if c.input || slices.Contains(c.past[(r.step-1)%twinSlots], i) { // u is reset in the next step
				continue
			}
			near(name+", u", i, of[name+".u"][i], c.u[i], 20*(16*ulp*c.most+0.03*30*worst))
			if c.adapts {
				near(name+", q", i, of[name+".q"][i], c.q[i], 3*ulp*float64(r.step)*0.5)
			}
		}
	}
}

// TestIntervals: with a constant drive, intervals between spikes have the law of a refractory time of a Gamma law, rounded to
// steps, and of a potential that comes from 0.
func TestIntervals(t *testing.T) {
	const cells, steps, each, dt = 400, 1600, 20, 0.5
	system := func() nets.System {
		a := spiking.DefaultAssemblies
		a.Content, a.Variable, a.Moment, a.DT, a.Latency = cells, 4, steps*dt, dt, []float64{1, 1}
		a.Connect = []float64{1e-9, 1e-9, 1e-9, 1e-9, 1e-9}
		return &a
	}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task {
		return &script{in: 1, out: cells + 4, controls: [][]float32{{0, 0, 0, 1, 0}}}
	}}, 1)
	spikes, found, n := lab.Values(t, s)["content.spikes"], map[int]int{}, 0
	for i := range cells {
		last, seen := -1, 0
		for k := range steps {
			if spikes[k*cells+i] == 0 {
				continue
			}
			if last >= 0 && seen < each { // as many of each cell, so that long ones are not left out
				found[k-last]++
				seen++
				n++
			}
			last = k
		}
	}
	if n != each*cells {
		t.Fatalf("%d intervals, want %d of each cell", n, each)
	}
	got, want, law := 0., 0., intervals(400, dt)
	for m, p := range law {
		got, want = got+float64(found[m])/float64(n), want+p
		if math.Abs(got-want) > 1.95/math.Sqrt(float64(n)) { // Kolmogorov's bound, of one test in a thousand
			t.Fatalf("%.4f of the intervals are at most %d steps, want %.4f", got, m, want)
		}
	}
	if want < 0.999 {
		t.Errorf("the law has %g within 400 steps, want all", want)
	}
}

// intervals returns the probabilities of 0, 1, … steps from a spike to the next.
func intervals(n int, dt float64) []float64 {
	gamma := func(x float64) float64 { // P(R < x·dt)
		x, term, sum := max(0, x*dt*4/3.5), 1., 0.
		for k := range 4 {
			sum += term
			term *= x / float64(k+1)
		}
		return 1 - math.Exp(-x)*sum
	}
	p, silent := make([]float64, n), make([]float64, n) // silent: no spike up to step k if there were no refractoriness
	silent[0] = 1
	for m := 1; m < n; m++ {
		fires := -math.Expm1(-math.Expm1(0.1*(1-math.Exp(-float64(m)*dt/10))) * dt)
		silent[m] = silent[m-1] * (1 - fires)
		for r := range m { // refractory steps
			p[m] += (gamma(float64(r)+0.5) - gamma(float64(r)-0.5)) * silent[m-1] / silent[r] * fires
		}
	}
	return p
}

// TestFaults: a space that is silent or bursts ends its learner, and the error says so with the rate.
func TestFaults(t *testing.T) {
	for says, set := range map[string]func(a *spiking.Assemblies){
		"the content space is silent": func(a *spiking.Assemblies) { a.Scale = 0 },
		"spike at":                    func(a *spiking.Assemblies) { a.Bias, a.Refractory = 20, 1 },
	} {
		system := func() nets.System {
			a := smallSpaces().(*spiking.Assemblies)
			a.Moment = 100
			set(a)
			return a
		}
		s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task {
			return &script{in: 12, out: 100, rate: 60, controls: [][]float32{{0, 0, 0, 1, 0}}}
		}}, 12)
		_, err := s.Metrics()
		if lost := s.Lost()[0]; lost == nil || !strings.Contains(lost.Error(), says) {
			t.Errorf("%v, %v: want an error with %q", lost, err, says)
		}
	}
}

// TestSettings: what cannot be is refused, and the error names it.
func TestSettings(t *testing.T) {
	for name, set := range map[string]func(a *spiking.Assemblies){
		"dt":      func(a *spiking.Assemblies) { a.DT = 20 },
		"tau":     func(a *spiking.Assemblies) { a.Tau = 0.2 },
		"moment":  func(a *spiking.Assemblies) { a.Moment = 0.2 },
		"connect": func(a *spiking.Assemblies) { a.Connect = []float64{0.1, 0.5, 0.5, 0.5, 1.5} },
		"latency": func(a *spiking.Assemblies) { a.Latency = []float64{5, 1} },
		"v_c":     func(a *spiking.Assemblies) { a.VC = []float64{0.1, 0.1, 0.2, 0, 0, 1, 1} },
		"c_v":     func(a *spiking.Assemblies) { a.CV = []float64{0.1, 0.1, 20, 0, 2, 1, 1} },
	} {
		a := smallSpaces().(*spiking.Assemblies)
		if set(a); a.Check() == nil || !strings.Contains(a.Check().Error(), name) {
			t.Errorf("%s: %v", name, a.Check())
		}
	}
	for name, task := range map[string]*script{"100": {in: 12, out: 90, controls: [][]float32{{1, 0, 0, 0, 0}}}, "5": {in: 12, out: 100, controls: [][]float32{{1, 0}}}} {
		_, err := nets.Run{System: smallSpaces, Task: func() nets.Task { return task }}.Open(lab.CPU(t))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want an error with %s", err, name)
		}
	}
}
