package spiking

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Scaling is synaptic scaling of a recurrent network of excitatory and inhibitory cells: plain, in proportion to the weight
// alone, or with Presynaptic also in proportion to how active the presynaptic cell is (Buonomano 2005, Journal of
// Neurophysiology 94:2275, "A learning rule for the emergence of stable dynamics and timing in recurrent networks"). The
// rule is the paper's; cells, synapses, delays and kicks are hebb's own. A moment is a trial of Steps steps of 1 ms, which
// all cells begin at rest. With S_i the spikes of cell i in the trial, and η the rate of the run:
//
//	A_i ← A_i + Averaging·(S_i − A_i)                    0 at first
//	w_ij ← w_ij + η·g_j·(goal_i − A_i)·w_ij              g_j = A_j with Presynaptic, else 1
//
// for all synapses from an excitatory cell j, on excitatory cells with the goal Goal and on inhibitory ones with
// InhibitoryGoal, within 10⁻⁶ and 10. The plain rule keeps the mean at the goal by bursts of the whole network every few
// tens of trials; the presynaptic one, as synapses of silent cells stay as they are, recruits cells one after the other, and
// each comes to spike once in a trial, at a time of its own.
//
// The task's examples have a number for each excitatory cell, which is kicked at step KickAt if it is above 0. Excitatory
// cells are [LIF] with Tau 20 ms and a refractoriness of 4 steps, inhibitory ones with 10 ms and 2. Each step has, for cells
// of either kind, the currents
//
//	s_e ← e^(−1/5)·s_e + Σ_j w_ij·z_j(t − d_ij),   s_i ← e^(−1/10)·s_i + Σ_j Inhibition·z_j(t − 1)
//	I = k_e·s_e − k_i·s_i + Noise·N(0, 1)
//
// with k the [LIF.Gain]; inhibitory cells have no s_i. There are synapses with the probabilities EE, EI and IE, none from a
// cell on itself, with delays d of 1 to Delay steps between excitatory cells and of 1 step elsewhere. First weights of
// excitatory synapses are uniform within Weight/2 and 3·Weight/2. The answer is S of the excitatory cells.
//
// Metrics: "off goal", the root of the mean of (A − goal)² over excitatory cells; "latency", the mean time of first spikes
// after the kick, ms; "inhibitory spikes", the mean S of inhibitory cells. A learner ends where excitatory cells are silent,
// or burst for as long as they can, trial after trial.
//
// Cost of a step: a dozen ops on the cells, normal numbers the dearest of them, and an addition for each synapse of a cell
// that spikes; of a trial, one pass over the weights.
type Scaling struct {
	Presynaptic    bool    `json:"presynaptic" toml:"presynaptic"`
	Goal           float32 `json:"goal" toml:"goal"` // spikes in a trial
	InhibitoryGoal float32 `json:"inhibitory_goal" toml:"inhibitory_goal"`
	Averaging      float32 `json:"averaging" toml:"averaging"`
	Inhibitory     int     `json:"inhibitory" toml:"inhibitory"` // inhibitory cells
	EE             float64 `json:"ee" toml:"ee"`
	EI             float64 `json:"ei" toml:"ei"` // from excitatory to inhibitory cells
	IE             float64 `json:"ie" toml:"ie"`
	Weight         float32 `json:"weight" toml:"weight"`
	Inhibition     float32 `json:"inhibition" toml:"inhibition"`
	Delay          int     `json:"delay" toml:"delay"` // the longest, in steps
	Noise          float32 `json:"noise" toml:"noise"` // standard deviation, in thresholds
	Steps          int     `json:"steps" toml:"steps"`
	KickAt         int     `json:"kick_at" toml:"kick_at"`

	e, i       side
	ee, ei, ie Projection
	arriving   *compute.Tensor // Σ w·z(t − d) of excitatory cells, of step t in row t mod (Delay + 1): rows × learners × cells
	order      *compute.Tensor // of the rows learners × steps among steps × learners
}

// NewScaling returns a network of 100 inhibitory cells and the settings of the experiment time-code, in which 400 excitatory
// cells, 12 of them kicked, come to spike once in a trial.
func NewScaling() *Scaling {
	return &Scaling{Presynaptic: true, Goal: 1, InhibitoryGoal: 2, Averaging: 0.05, Inhibitory: 100, EE: 0.08, EI: 0.2, IE: 0.2, Weight: 0.02,
		Inhibition: 0.05, Delay: 10, Noise: 0.005, Steps: 100, KickAt: 10}
}

// A side is the cells of one kind, and what is known of them after a trial.
type side struct {
	group
	goal      float32
	average   *compute.Tensor // A: cells
	count     *compute.Tensor // S: cells
	first     *compute.Tensor // step of the first spike, Steps without one: cells
	spikes    *compute.Tensor // steps × cells
	potential *compute.Tensor // steps × cells
	name      string
}

// Time constants in ms, and bounds of the weights.
const (
	excitatoryTau, inhibitoryTau = 5, 10 // of synapses
	leastWeight, mostWeight      = 1e-6, 10
)

var excitatory, inhibitory = LIF{Tau: 20, Refractory: 4}, LIF{Tau: 10, Refractory: 2}

// Check reports an invalid setting.
func (r *Scaling) Check() error {
	within := func(x, least, most float64) bool { return x >= least && x <= most }
	for _, s := range []struct {
		name        string
		x           float64
		least, most float64
		unit        string
	}{
		{"goal", float64(r.Goal), 0, 100, " spikes in a trial"}, {"inhibitory_goal", float64(r.InhibitoryGoal), 0, 100, " spikes in a trial"},
		{"averaging", float64(r.Averaging), 0, 1, ""}, {"inhibitory", float64(r.Inhibitory), 1, 1e6, " cells"},
		{"ee", r.EE, 1e-6, 1, ", a probability"}, {"ei", r.EI, 1e-6, 1, ", a probability"}, {"ie", r.IE, 1e-6, 1, ", a probability"},
		{"weight", float64(r.Weight), leastWeight, mostWeight / 2, " thresholds"}, {"inhibition", float64(r.Inhibition), 0, mostWeight, " thresholds"},
		{"delay", float64(r.Delay), 1, 1000, " steps"}, {"noise", float64(r.Noise), 0, 100, " thresholds"},
		{"steps", float64(r.Steps), 1, 1 << 16, ""}, {"kick_at", float64(r.KickAt), 0, float64(r.Steps - 1), ", a step of the trial"},
	} {
		if !within(s.x, s.least, s.most) {
			return fmt.Errorf("scaling: %s %g, want %g to %g%s", s.name, s.x, s.least, s.most, s.unit)
		}
	}
	return nil
}

// Build asks for the synapses and for what is known of the cells.
func (r *Scaling) Build(s *nets.Store, spec nets.Spec) error {
	n, m := spec.In.Len(), r.Inhibitory
	if spec.Examples != 1 {
		return fmt.Errorf("scaling: the task shows %d examples at a time, and a trial is of one; want 1", spec.Examples)
	}
	r.e = r.side(s, "excitatory", excitatory, n, inhibitoryTau, r.Goal)
	r.i = r.side(s, "inhibitory", inhibitory, m, 0, r.InhibitoryGoal)
	r.arriving = s.Scratch(r.Delay+1, n)
	even := func(rnd *rand.Rand) float64 { return float64(r.Weight) * (0.5 + rnd.Float64()) }
	always := func(*rand.Rand) float64 { return float64(r.Inhibition) }
	r.ee = Projection{Pre: n, Post: n, P: r.EE, Others: true, Least: 1, Most: r.Delay}
	r.ei, r.ie = Projection{Pre: n, Post: m, P: r.EI}, Projection{Pre: m, Post: n, P: r.IE}
	if err := errors.Join(r.ee.Build(s, "ee", even, true), r.ei.Build(s, "ei", even, true), r.ie.Build(s, "ie", always, false)); err != nil {
		return fmt.Errorf("scaling: %w", err)
	}
	rows := make([]float32, 0, s.Learners*r.Steps)
	for l := range s.Learners {
		for t := range r.Steps {
			rows = append(rows, float32(t*s.Learners+l))
		}
	}
	r.order = s.Fixed(rows, len(rows))
	return nil
}

func (r *Scaling) side(s *nets.Store, name string, c LIF, n int, tauI float64, goal float32) side {
	one := func(what string) *compute.Tensor { return s.State(name+"."+what, nets.Zeros, n) }
	x := side{group: newGroup(s, c, n, r.Steps, excitatoryTau, tauI), name: name, goal: goal, count: one("count"), first: one("first"),
		spikes: s.State(name+".spikes", nets.Zeros, r.Steps, n), potential: s.State(name+".potential", nets.Zeros, r.Steps, n)}
	x.average = s.Kept(name+".average", nets.Zeros, n)
	s.Aside(x.average)
	return x
}

// Cells names what the cells do.
func (r *Scaling) Cells() (all []nets.Cells) {
	for _, x := range []*side{&r.e, &r.i} {
		all = append(all, nets.Cells{Name: x.name, N: x.n, Steps: r.Steps, Step: 1, Spikes: x.name + ".spikes", Membrane: x.name + ".potential"})
	}
	return all
}

var joinArrivals = compute.Formula("keep*old + x", "x")

// Step makes a trial, and scales the weights by it.
func (r *Scaling) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	r.e.begin(p)
	r.i.begin(p)
	p.Clear(r.arriving)
	for t := range r.Steps {
		var kick *compute.Tensor
		if t == r.KickAt {
			kick = m.X
		}
		r.step(p, t, kick)
	}
	for _, x := range []*side{&r.e, &r.i} {
		r.end(p, x)
	}
	r.measure(p)
	if p.Learning {
		r.scale(p, r.ee, &r.e)
		r.scale(p, r.ei, &r.i)
	}
	return r.e.count
}

// step makes a step of all cells. What arrives a step after a spike is added to s at once, when s has decayed.
func (r *Scaling) step(p *nets.Pass, t int, kick *compute.Tensor) {
	keep := perStep(excitatoryTau)
	row := t % (r.Delay + 1)
	now := nets.At(r.arriving, row)
	p.Into(r.e.se, joinArrivals.With("keep", keep), now)
	p.Clear(now)
	zE, zI := r.e.step(p, t, r.Noise, kick), r.i.step(p, t, r.Noise, nil)
	p.Into(r.i.se, decaysBy.With("keep", keep))
	p.Into(r.e.si, decaysBy.With("keep", perStep(inhibitoryTau)))
	r.ee.Deliver(p, r.arriving, zE, row)
	r.ei.Deliver(p, r.i.se, zE, 0)
	r.ie.Deliver(p, r.e.si, zI, 0)
}

var (
	spikeLeft = compute.Formula("z*(steps - t)", "z", "t")
	leftToAt  = compute.Formula("steps - old")
	averaged  = compute.Formula("old + averaging*(s - old)", "s")
)

// end sets what is known of cells after a trial.
func (r *Scaling) end(p *nets.Pass, x *side) {
	r.raster(p, x.spikes, x.z)
	r.raster(p, x.potential, p.View(x.v, x.n*p.Learners, r.Steps, p.Learners, 1, x.n))
	p.PerColumn(x.count, nil, 1, x.spikes)
	at := p.View(p.Numbers(r.Steps), 0, 1, r.Steps, 1)
	p.Do(compute.Reduce{Out: x.first, In: []*compute.Tensor{x.spikes, at}, F: spikeLeft.With("steps", float32(r.Steps)), Fold: compute.FoldMax,
		Along: compute.AlongRows, Alpha: 1})
	p.Into(x.first, leftToAt.With("steps", float32(r.Steps)))
	if p.Learning {
		p.Into(x.average, averaged.With("averaging", r.Averaging), x.count)
	}
}

// raster puts what lies step by step, all learners side by side, into a tensor learner by learner.
func (r *Scaling) raster(p *nets.Pass, to, from *compute.Tensor) {
	rows, n := p.Learners*r.Steps, to.Cols()
	p.Do(compute.Gather{Out: p.View(to, 0, 1, rows, n), X: p.View(from, 0, 1, rows, n), Rows: r.order})
}

var (
	scalesBoth = NewRuleOfAll("min(most, max(least, old + rate*g*(goal - a)*old))", []string{"g"}, []string{"a"})
	scalesPost = NewRuleOfAll("min(most, max(least, old + rate*(goal - a)*old))", nil, []string{"a"})
)

// scale changes the weights of synapses on cells.
func (r *Scaling) scale(p *nets.Pass, x Projection, on *side) {
	rule, pre := scalesPost, []*compute.Tensor(nil)
	if r.Presynaptic {
		rule, pre = scalesBoth, []*compute.Tensor{r.e.average}
	}
	x.Delay, x.Fixed = nil, 0 // A is of the trial, and not of a step
	rule = rule.With("rate", float32(p.Rate)).With("goal", on.goal).With("least", leastWeight).With("most", mostWeight)
	x.Change(p, rule, pre, []*compute.Tensor{on.average}, 0)
}

var (
	offSquared  = compute.Formula("(a - goal)*(a - goal)", "a")
	rootOf      = compute.Formula("sqrt(x)", "x")
	isFirst     = compute.Formula("where(steps - first - 0.5, first - kick, 0)", "first")
	hasFirst    = compute.Formula("where(steps - first - 0.5, 1, 0)", "first")
	perOne      = compute.Formula("x/max(1, n)", "x", "n")
	fallsSilent = compute.Formula("where(least - a, -1, old)", "a")
	burstsOn    = compute.Formula("where(a - most, a, old)", "a")
)

const activityFault = "activity"

// Activity that is an end: no cell in ten thousand trials, for so many trials; and a share of what refractoriness allows.
const leastActivity, silentTrials, mostShare = 1e-4, 200, 0.75

// measure counts what a trial was like, and says where the network has come to an end.
func (r *Scaling) measure(p *nets.Pass) {
	n := float32(r.e.n)
	p.Count("off goal", p.Map(rootOf, p.PerLearner(offSquared.With("goal", r.e.goal), 1/n, r.e.average)), 1)
	steps := float32(r.Steps)
	sum := p.PerLearner(isFirst.With("steps", steps).With("kick", float32(r.KickAt)), 1, r.e.first)
	p.Count("latency", p.Map(perOne, sum, p.PerLearner(hasFirst.With("steps", steps), 1, r.e.first)), 1)
	p.Count("inhibitory spikes", r.i.count, r.i.n)
	fault := p.Fault(activityFault)
	if fault == nil || !p.Learning {
		return
	}
	mean := p.PerLearner(nil, 1/n, r.e.average)
	if p.Number >= silentTrials {
		p.Into(fault, fallsSilent.With("least", leastActivity), mean)
	}
	p.Into(fault, burstsOn.With("most", mostShare*steps/float32(1+r.e.Refractory)), mean)
}

// Explain says how a network has come to an end.
func (r *Scaling) Explain(name string, code float32) error {
	if name != activityFault {
		return nil
	}
	if code < 0 {
		return fmt.Errorf("scaling: no excitatory cell has spiked for so long that none will: want cells that are kicked, more noise or larger weights")
	}
	return fmt.Errorf("scaling: excitatory cells spike %.3g times in a trial of %d steps, near to the %d that their refractoriness allows: "+
		"want smaller weights, more inhibition or a smaller rate", code, r.Steps, int(math.Ceil(float64(r.Steps)/float64(1+r.e.Refractory))))
}
