package spiking

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Assemblies is a content space of spiking cells and variable spaces, whose assemblies bind to the content's by
// spike-timing-dependent plasticity (Müller, Papadimitriou, Maass, Legenstein 2020, eNeuro 7(3), "A model for structured
// information representation in neural networks of the brain"). A space is excitatory cells E and a quarter as many inhibitory ones
// I, all of them [Escape]: E with an exponential rate, I with a linear one. Inputs X are Poisson spikes at all E of the content
// space C. The E of a variable space V adapt: each spike makes a cell more excitable for seconds. A current may inhibit a space.
//
// There are synapses with the probabilities Connect, with the delays Delay within a space, and delays uniform within Latency from
// X to C, from C to V and from V to C; in steps, rounded, at least one. Weights on and of I are Static. Those between E, and
// from X, learn while both of their spaces are free. The delay of a synapse is its dendrite's: it sees postsynaptic spikes
// as long after them. With traces K₊ and K₋, to which a spike adds 1, and which decay with τ₊ and τ₋:
//
//	postsynaptic spike at s:  w ← min(top, w + η·(K₊ − A))       at s + d
//	presynaptic spike at t:   w ← max(0, w + η·(K₋(t − d) − A))  within a space; else w ← max(0, w − η·A)
//
// in this order where they meet; a trace has no spikes of the same step. So an isolated pair with D = t_post − t_pre changes w
// by η·(e^(−(D+d)/τ₊) − 2·A) if D + d > 0, and within a space by η·(e^((D+d)/τ₋) − 2·A) if D + d < 0: the window is centred on
// −d, and where A is above ½ only bursts make a synapse stronger. η is times the rate of the run.
//
// A moment is Moment ms, in steps of DT ms. X of the task is the rates of the inputs in Hz. Its controls, which it may lack, are:
// whether synapses from X and within C learn; then for each space whether it is inhibited, and whether its excitability is lost.
// The answer is the spikes of each E in the moment, C's first.
//
// With Depressing, a readout has a depressing synapse from each E of C, all of the weight 1 ([Depression]). What they bring in
// the moment is one more number, at the end of the answer; and one more control, the last, is whether they all recover first.
//
// Metrics: the rates of the spaces' E while they are free, Hz, by name: "content", "variable 1", …. A learner ends where a
// space bursts without end, with a mean rate above 150 Hz, and where it is free and silent for a second.
//
// Cost of a step: some 50 ops with one variable space, an addition for each synapse of a cell that spikes, and a formula for each
// that learns.
type Assemblies struct {
	Content  int     `json:"content" toml:"content"`   // E of C
	Variable int     `json:"variable" toml:"variable"` // E of each variable space
	Spaces   int     `json:"spaces" toml:"spaces"`     // variable ones
	Moment   float64 `json:"moment" toml:"moment"`     // ms
	DT       float64 `json:"dt" toml:"dt"`             // ms

	Connect []float64 `json:"connect" toml:"connect"` // probabilities of E→E, E→I, I→E, I→I, and C→V and V→C
	Static  []float64 `json:"static" toml:"static"`   // weights of E→I, and of I→E and I→I, which inhibit
	Delay   []float64 `json:"delay" toml:"delay"`     // ms, of E→E, E→I, I→E, I→I
	Latency []float64 `json:"latency" toml:"latency"` // ms: the least and the most

	// Rules of learning: η, A, τ₊, τ₋ (0: K₋ has no part), the least and the largest first weight, top.
	XC     []float64 `json:"x_c" toml:"x_c"`
	CC     []float64 `json:"c_c" toml:"c_c"`
	VV     []float64 `json:"v_v" toml:"v_v"`
	CV     []float64 `json:"c_v" toml:"c_v"`
	VC     []float64 `json:"v_c" toml:"v_c"`
	Frozen bool      `json:"frozen" toml:"frozen"` // synapses of E of variable spaces stay as they are

	Tau        float64 `json:"tau" toml:"tau"` // ms
	Bias       float64 `json:"bias" toml:"bias"`
	Synaptic   float64 `json:"synaptic" toml:"synaptic"`
	Inhibition float64 `json:"inhibition" toml:"inhibition"` // what an inhibited space lacks of a current
	Scale      float64 `json:"scale" toml:"scale"`           // Hz, of E
	Slope      float64 `json:"slope" toml:"slope"`           // Hz, of I
	Refractory float64 `json:"refractory" toml:"refractory"` // ms
	Shape      int     `json:"shape" toml:"shape"`
	Gain       float64 `json:"gain" toml:"gain"`
	Most       float64 `json:"most" toml:"most"`
	Lasting    float64 `json:"lasting" toml:"lasting"` // ms

	// U, τ_rec and τ_fac of the synapses on a readout; empty: there is none. The authors' are 0.25, 706 and 21.
	Depressing []float64 `json:"depressing" toml:"depressing"`

	x           *train
	spaces      []*region // C, and the variable ones
	projections []*projection
	readout     *depressing // nil: none
	still       bool        // in this moment synapses from X and within C do not learn
}

// DefaultAssemblies are the constants of the authors' code, and longer steps.
var DefaultAssemblies = Assemblies{
	Content: 1000, Variable: 2000, Spaces: 1, Moment: 50, DT: 1,
	Connect: []float64{0.1, 0.575, 0.6, 0.55, 0.1}, Static: []float64{17.391, 0.3333, 16.667}, Delay: []float64{1, 0.5, 0.5, 1}, Latency: []float64{1, 10},
	XC:  []float64{0.01, 0.4, 25, 0, 0, 0.8, 0.8},
	CC:  []float64{0.0025, 0.5, 25, 25, 0, 0.01, 0.6},
	VV:  []float64{0.0054135, 0.51823, 33.106, 45.423, 0.42055, 0.91010, 1.04061},
	CV:  []float64{0.0031222, 0.28320, 19.616, 0, 0.48377, 0.85674, 1.24902},
	VC:  []float64{0.0060511, 0.44844, 28.353, 0, 0.19214, 0.38446, 0.869},
	Tau: 10, Bias: 0.1, Synaptic: 0.03, Inhibition: 2, Scale: 1000, Slope: 10, Refractory: 3.5, Shape: 4, Gain: 0.02, Most: 0.5, Lasting: 5000,
}

// A region is a space: excitatory and inhibitory cells.
type region struct {
	e, i      *population
	recent    *ring           // spikes of e
	quiet     *compute.Tensor // 1: free moments without a spike of e
	inhibited bool            // in this moment
}

// A projection is synapses between two groups of cells.
type projection struct {
	Projection
	pre      *train
	arriving *ring

	of              []*region // that have to be free; none if the synapses do not learn
	rule            Rule
	eta             float64
	content         bool            // of X on C and within C
	trace           *compute.Tensor // K₊: pre
	decay, decayOf  *compute.Func
	recent, trailed *ring // of postsynaptic cells: spikes, and K₋ or nil
}

// Check reports an invalid setting.
func (a *Assemblies) Check() error {
	lists := []struct {
		name  string
		of    []float64
		n     int
		most  float64
		wants string
	}{
		{"connect", a.Connect, 5, 1, "probabilities of E→E, E→I, I→E, I→I and between spaces"}, {"static", a.Static, 3, 1e6, "weights of E→I, I→E and I→I, from 0"},
		{"delay", a.Delay, 4, 1000, "delays of E→E, E→I, I→E and I→I, 0 to 1000 ms"}, {"latency", a.Latency, 2, 1000, "the least delay and the most, 0 to 1000 ms"},
	}
	for _, l := range lists {
		if len(l.of) != l.n || slices.ContainsFunc(l.of, func(x float64) bool { return !(x >= 0 && x <= l.most) }) {
			return fmt.Errorf("stdp: %s %v, want %d %s", l.name, l.of, l.n, l.wants)
		}
	}
	if a.Latency[0] > a.Latency[1] {
		return fmt.Errorf("stdp: latency %v, want the least delay first", a.Latency)
	}
	for _, n := range []struct {
		name        string
		x           float64
		least, most float64
	}{
		{"dt", a.DT, 1e-3, 10}, {"moment", a.Moment, a.DT, 1e5}, {"content", float64(a.Content), 4, 1 << 17}, {"variable", float64(a.Variable), 4, 1 << 17},
		{"spaces", float64(a.Spaces), 1, 16}, {"tau", a.Tau, a.DT, 1e6}, {"bias", a.Bias, 0, 100}, {"synaptic", a.Synaptic, 0, 1e6}, {"inhibition", a.Inhibition, 0, 1e6},
		{"scale", a.Scale, 0, 1e9}, {"slope", a.Slope, 0, 1e9}, {"refractory", a.Refractory, a.DT / 100, 1e6}, {"shape", float64(a.Shape), 1, mostShape},
		{"gain", a.Gain, 0, 100}, {"most", a.Most, 0, 100}, {"lasting", a.Lasting, a.DT, 1e9},
	} {
		if !(n.x >= n.least && n.x <= n.most) {
			return fmt.Errorf("stdp: %s %g, want %g to %g", n.name, n.x, n.least, n.most)
		}
	}
	if n := len(a.Depressing); n != 0 && n != 3 || n == 3 && a.depression().check(a.DT) != nil {
		return fmt.Errorf("stdp: depressing %v, want U, above 0 and at most 1, and τ_rec and τ_fac, %g to 1e6 ms; or nothing", a.Depressing, a.DT)
	}
	return errors.Join(a.checkRule("x_c", a.XC), a.checkRule("c_c", a.CC), a.checkRule("v_v", a.VV), a.checkRule("c_v", a.CV), a.checkRule("v_c", a.VC))
}

func (a *Assemblies) checkRule(name string, r []float64) error {
	ok := len(r) == 7 && !slices.ContainsFunc(r, func(x float64) bool { return !(x >= 0 && x <= 1e6) })
	if !ok || r[2] < a.DT || r[3] != 0 && r[3] < a.DT || r[4] > r[5] || r[5] > r[6] {
		return fmt.Errorf("stdp: %s %v, want η, A, τ₊, τ₋, low, high and top, from 0: τ₊ at least a step, %g ms, τ₋ too or 0, and low ≤ high ≤ top", name, r, a.DT)
	}
	return nil
}

func (a *Assemblies) depression() Depression {
	return Depression{U: a.Depressing[0], Recovery: a.Depressing[1], Facilitation: a.Depressing[2]}
}

// answers returns of how many numbers an answer is.
func (a *Assemblies) answers() int {
	return a.Content + a.Spaces*a.Variable + min(len(a.Depressing), 1)
}

func (a *Assemblies) steps() int { return int(math.Round(a.Moment / a.DT)) }

// in returns a delay in steps.
func (a *Assemblies) in(ms float64) int { return max(1, int(math.Round(ms/a.DT))) }

// Build asks for cells and synapses.
func (a *Assemblies) Build(s *nets.Store, spec nets.Spec) error {
	answers, controls := a.answers(), 1+2*(1+a.Spaces)+min(len(a.Depressing), 1)
	switch {
	case spec.Examples != 1:
		return fmt.Errorf("stdp: the task shows %d examples at a time, want 1", spec.Examples)
	case spec.Controls != 0 && spec.Controls != controls:
		return fmt.Errorf("stdp: the task has %d controls, want none or %d, those for spaces=%d and depressing=%v", spec.Controls, controls, a.Spaces, a.Depressing)
	case spec.Out != answers:
		return fmt.Errorf("stdp: %d content cells and %d variable spaces of %d, with depressing %v, answer %d numbers, and the task wants %d",
			a.Content, a.Spaces, a.Variable, a.Depressing, answers, spec.Out)
	}
	a.x = newTrain(s, "inputs", spec.In.Len(), a.steps())
	c, err := a.space(s, "content", a.Content, 0, a.CC)
	err = errors.Join(err, a.plastic(s, a.x, c, 1, a.Latency, a.XC, c))
	for k := range a.Spaces {
		v, wrong := a.space(s, fmt.Sprint("variable ", k+1), a.Variable, a.Gain, a.VV)
		err = errors.Join(err, wrong, a.plastic(s, c.e.train, v, a.Connect[4], a.Latency, a.CV, c, v), a.plastic(s, v.e.train, c, a.Connect[4], a.Latency, a.VC, v, c))
	}
	if len(a.Depressing) > 0 {
		a.readout = a.depression().newDepressing(s, "content to readout", a.Content, a.DT)
	}
	return err
}

// space asks for a space.
func (a *Assemblies) space(s *nets.Store, name string, n int, gain float64, rule []float64) (*region, error) {
	e := Escape{Tau: a.Tau, Bias: a.Bias, Synaptic: a.Synaptic, Scale: a.Scale, Gain: gain, Most: a.Most, Lasting: a.Lasting, Refractory: a.Refractory, Shape: a.Shape}
	i := e
	i.Bias, i.Scale, i.Linear, i.Gain = 0, a.Slope, true, 0
	steps, within := a.steps(), a.in(slices.Max(a.Delay))
	all := max(within, a.in(a.Latency[1]))
	v := &region{e: e.newCells(s, name, n, a.DT, steps, all), i: i.newCells(s, name+" inhibitory", n/4, a.DT, steps, within),
		recent: newRing(s, name+".recent", n, all+1, steps), quiet: s.State(name+".quiet", nets.Zeros, 1)}
	a.spaces = append(a.spaces, v)
	return v, errors.Join(
		a.plastic(s, v.e.train, v, a.Connect[0], []float64{a.Delay[0], a.Delay[0]}, rule, v),
		a.static(s, v.e, v.i, a.Connect[1], a.Delay[1], a.Static[0]),
		a.static(s, v.i, v.e, a.Connect[2], a.Delay[2], -a.Static[1]),
		a.static(s, v.i, v.i, a.Connect[3], a.Delay[3], -a.Static[2]))
}

// delayed returns synapses with a probability and delays in ms, the least and the most.
func (a *Assemblies) delayed(pre, post int, probability, least, most float64) Projection {
	return Projection{Pre: pre, Post: post, P: probability, Least: a.in(least), Most: a.in(most)}
}

// static asks for synapses that do not learn.
func (a *Assemblies) static(s *nets.Store, pre, post *population, probability, delay, weight float64) error {
	r := &projection{Projection: a.delayed(pre.n, post.n, probability, delay, delay), pre: pre.train, arriving: post.arriving}
	a.projections = append(a.projections, r)
	return r.Build(s, pre.name+" to "+post.name, func(*rand.Rand) float64 { return weight }, false)
}

// plastic asks for synapses that learn while some spaces are free.
func (a *Assemblies) plastic(s *nets.Store, pre *train, post *region, probability float64, delay, rule []float64, of ...*region) error {
	eta, least, plus, minus, low, high, top := rule[0], rule[1], rule[2], rule[3], rule[4], rule[5], rule[6]
	name := pre.name + " to " + post.e.name
	r := &projection{Projection: a.delayed(pre.n, post.e.n, probability, delay[0], delay[1]), pre: pre, arriving: post.e.arriving,
		of: of, rule: oneSided, eta: eta, content: len(a.spaces) == 1, trace: s.State(name+".plus", nets.Zeros, pre.n), recent: post.recent,
		decay: decays.With("keep", float32(math.Exp(-a.DT/plus)))}
	if minus > 0 {
		r.rule, r.decayOf = twoSided, decaysOf.With("keep", float32(math.Exp(-a.DT/minus)))
		r.trailed = newRing(s, name+".minus", post.e.n, post.recent.slots, a.steps())
	}
	r.rule = r.rule.With("least", float32(least)).With("top", float32(top))
	a.projections = append(a.projections, r)
	return r.Build(s, name, func(r *rand.Rand) float64 { return low + (high-low)*r.Float64() }, true)
}

var (
	comes    = compute.Formula("where(rate*dt - v, 1, 0)", "rate", "v")
	decays   = compute.Formula("keep*(old + spiked)", "spiked")
	decaysOf = compute.Formula("keep*(last + spiked)", "last", "spiked")
	oneSided = learns("- eta*least", "post")
	twoSided = learns("+ eta*(minus - least)", "post", "minus")
)

// learns is a rule of synapses; a presynaptic spike adds so much. post is what it knows of postsynaptic cells.
func learns(adds string, post ...string) Rule {
	after := "where(post, min(top, old + eta*(plus - least)), old)"
	return NewRule(fmt.Sprintf("where(pre, max(0, %s %s), %s)", after, adds, after), []string{"pre", "plus"}, post)
}

// Step makes the steps of a moment, and learns in them.
func (a *Assemblies) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	a.obey(p, m.Control)
	rings, trains := a.kept()
	for _, r := range rings {
		r.begin(p)
	}
	for k := range a.steps() {
		a.advance(p, k, m.X)
	}
	for _, r := range rings {
		r.end(p)
	}
	for _, t := range trains {
		t.end(p)
	}
	return a.count(p)
}

// obey does what the controls say. Without controls all spaces are free, and all synapses learn.
func (a *Assemblies) obey(p *nets.Pass, control []float32) {
	on := func(k int) bool { return k < len(control) && control[k] != 0 }
	a.still = len(control) > 0 && !on(0)
	for k, s := range a.spaces {
		s.inhibited = on(1 + 2*k)
		if on(2+2*k) && s.e.q != nil {
			p.Clear(s.e.q)
		}
	}
	if a.readout == nil {
		return
	}
	p.Clear(a.readout.brought)
	if on(1 + 2*len(a.spaces)) {
		p.Clear(a.readout.u, a.readout.spent)
	}
}

// kept returns what goes on from moment to moment.
func (a *Assemblies) kept() (rings []*ring, trains []*train) {
	trains = append(trains, a.x)
	for _, s := range a.spaces {
		rings, trains = append(rings, s.e.arriving, s.i.arriving, s.recent), append(trains, s.e.train, s.i.train)
	}
	for _, r := range a.projections {
		if r.trailed != nil {
			rings = append(rings, r.trailed)
		}
	}
	return rings, trains
}

// advance makes step k of a moment.
func (a *Assemblies) advance(p *nets.Pass, k int, rates *compute.Tensor) {
	v := p.Tensor(p.Learners, 1, a.x.n)
	p.Random(v, compute.Uniform(0, 1))
	p.Into(a.x.row(p, k), comes.With("dt", float32(a.DT/1000)), rates, v)
	for _, s := range a.spaces {
		current := 0.
		if s.inhibited {
			current = -a.Inhibition
		}
		s.e.advance(p, k, current)
		s.i.advance(p, k, current)
		p.Do(compute.Copy{Dst: s.recent.row(p, k), Src: s.e.row(p, k)})
	}
	if a.readout != nil {
		a.readout.advance(p, a.spaces[0].e.row(p, k))
	}
	for _, r := range a.projections {
		if p.Learning && a.learns(r) {
			r.learn(p, k)
		}
		r.Deliver(p, r.arriving.rows, r.pre.row(p, k), k%r.arriving.slots)
	}
	for _, r := range a.projections {
		if r.of != nil {
			r.follow(p, k)
		}
	}
}

// learns reports whether synapses learn in this moment.
func (a *Assemblies) learns(r *projection) bool {
	if r.of == nil || r.content && a.still || !r.content && a.Frozen {
		return false
	}
	return !slices.ContainsFunc(r.of, func(s *region) bool { return s.inhibited })
}

// learn changes the weights by the spikes of step k.
func (r *projection) learn(p *nets.Pass, k int) {
	post := []*compute.Tensor{r.recent.rows}
	if r.trailed != nil {
		post = append(post, r.trailed.rows)
	}
	r.Change(p, r.rule.With("eta", float32(r.eta*p.Rate)), []*compute.Tensor{r.pre.row(p, k), r.trace}, post, k%r.recent.slots)
}

// follow moves the traces to the step after k.
func (r *projection) follow(p *nets.Pass, k int) {
	p.Into(r.trace, r.decay, r.pre.row(p, k))
	if r.trailed != nil {
		p.Into(r.trailed.row(p, k+1), r.decayOf, r.trailed.row(p, k), r.recent.row(p, k))
	}
}

// Bounds of mean rates: above mostHertz Hz a space bursts, and it is silent without a spike for so many ms.
const mostHertz, mostSilence = 150, 1000

var (
	waits  = compute.Formula("where(rate, 0, old + 1)", "rate")
	faulty = compute.Formula("where(abs(old), old, where(rate - most, rate, where(quiet - long, -1, 0)))", "rate", "quiet")
)

// count returns how often each excitatory cell spiked, and what the readout got, and looks at the rates of free spaces.
func (a *Assemblies) count(p *nets.Pass) *compute.Tensor {
	all := a.answers()
	y, at := p.Tensor(p.Learners, 1, all), 0
	for _, s := range a.spaces {
		n := s.e.n
		each := p.Tensor(p.Learners, 1, n)
		p.PerColumn(each, nil, 1, s.e.spikes)
		for l := range p.Learners {
			p.Do(compute.Copy{Dst: p.View(y, l*all+at, n), Src: p.View(each, l*n, n)})
		}
		at += n
		if s.inhibited {
			continue
		}
		rate := p.PerLearner(nil, float32(1000/a.Moment/float64(n)), each)
		p.Count(s.e.name, rate, 1)
		p.Into(s.quiet, waits, rate)
		if f := p.Fault(s.e.name); f != nil {
			p.Into(p.View(f, 0, p.Learners, 1, 1), faulty.With("most", mostHertz).With("long", float32(mostSilence/a.Moment)), rate, s.quiet)
		}
	}
	if a.readout == nil {
		return y
	}
	brought := p.PerLearner(nil, 1, a.readout.brought)
	for l := range p.Learners {
		p.Do(compute.Copy{Dst: p.View(y, l*all+at, 1), Src: p.View(brought, l, 1)})
	}
	return y
}

// Explain says what a fault of a space means.
func (a *Assemblies) Explain(name string, code float32) error {
	if code < 0 {
		return fmt.Errorf("stdp: the %s space is silent: it was free for more than %d ms without a spike", name, mostSilence)
	}
	return fmt.Errorf("stdp: the %s space bursts without end: its excitatory cells spike at %.0f Hz, want at most %d", name, code, mostHertz)
}

// Cells names the spikes.
func (a *Assemblies) Cells() (all []nets.Cells) {
	_, trains := a.kept()
	for _, t := range trains {
		all = append(all, nets.Cells{Name: t.name, N: t.n, Steps: t.steps, Step: a.DT, Spikes: t.name + ".spikes"})
	}
	return all
}
