package spiking

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Triplet is nonlinear Hebbian learning by spikes (after Brito and Gerstner 2016, PLoS Computational Biology
// 12:e1005070): cells that learn by the triplet rule from whitened inputs find directions in which these are far from
// normal, such as independent sources, as [hebb/nets/develop.Nonlinear] does with rates. The protocol here is hebb's
// own.
//
// Each number x_j of an example is shown by two cells for the time Shown: ON spikes with the rate InputRate·[x_j]₊, OFF
// with InputRate·[−x_j]₊, that is in a step of Δt with the chance 1 − e^(−rate·Δt). Units are [GLIF] cells with the
// input
//
//	i_k = √2·(1 − e^(−Δt/τ))/(InputRate·Δt)·Σ_j (w_kj⁺·ON_j + w_kj⁻·OFF_j)
//
// so that, as learning leaves w⁻ = −w⁺, the mean of v but for spikes of its own is √2·w_k⁺·x, the projection on a
// direction of length 1, called w_k·x below: the unit of v is the standard deviation of a whitened input. Synapses change
// by the [Window], summed up over the moment and averaged over examples. The two of an input give up what they share, and
// all of a cell's have length 1:
//
//	(Δw_kj⁺, Δw_kj⁻) ← (Δw_kj⁺, Δw_kj⁻) − (Δw_kj⁺ + Δw_kj⁻)/2
//	w_k ← w_k + η·Δw_k/‖Δw_k‖,  w_k ← w_k/‖w_k‖          η is the rate of the run
//
// Why this is nonlinear Hebb. Let a cell see input rates ρ_j and fire at the rate y for longer than the traces last.
// Then the mean of r₁ is τ₊·ρ_j, that of o₁ is τ₋·y and that of o₂ is τ_y·y, and a weight changes on average in a ms by
//
//	A₃⁺·τ₊·τ_y·ρ_j·y² − A₂⁻·τ₋·ρ_j·y = ρ_j·h(y),  h(y) = A₃⁺·τ₊·τ_y·y·(y − θ),  θ = A₂⁻·τ₋/(A₃⁺·τ₊·τ_y)
//
// where A₂⁺ = A₃⁻ = 0, and but for the correlation of single spikes. ON minus OFF is InputRate·x_j, y = g(w·x) with g
// the rate of the cell by its input, and so w_k moves along the mean of f(w_k·x)·x with f = h(g): none below the
// threshold, a dip, and a square above: with the parameters of visual cortex, θ = 19 Hz. Without the triplet term h is
// linear and f = ±g. Of a rectifier with its corner at 0 the mean of ∫f is the same in all directions of symmetric
// whitened inputs; g is nearly one, since adaptation straightens it, and the pair rule finds nothing.
//
// The answer is rates in Hz. Metrics: "rate", their mean, and "silent", the share of units without a spike in the
// moment. A learner ends if no unit has spiked for 20 moments, or if all fire at nearly the highest rate that
// refractoriness allows. Cost of a step, for each example: 12·units·inputs flops of products and 40·units + 20·inputs
// of formulas.
type Triplet struct {
	Units     int     `json:"units" toml:"units"`
	DT        float32 `json:"dt" toml:"dt"`                 // Δt, ms
	Shown     float32 `json:"shown" toml:"shown"`           // ms that an example is shown
	InputRate float32 `json:"input_rate" toml:"input_rate"` // Hz
	GLIF
	Window

	w, dw, x, odds, chance *compute.Tensor
	pre, post              *Side
	cells                  *GLIFs
	drive, fired           *compute.Tensor
	quiet                  *compute.Tensor    // moments since a unit spiked: learners × 1 × 1
	seen                   [2]*compute.Tensor // spikes and membranes of the last moment: examples × (steps·units)
	seenNow                [2]*compute.Tensor // steps × learners × examples × units
	order                  *compute.Tensor    // rows of seenNow in the order of seen
}

// DefaultTriplet has the minimal triplet rule of visual cortex.
var DefaultTriplet = Triplet{Units: 20, DT: 1, Shown: 100, InputRate: 200,
	GLIF:   GLIF{Tau: 10, Threshold: 0.6, Width: 0.2, Escape: 20, Refractory: 4, Jump: 0.3, TauJump: 100},
	Window: VisualMinimal,
}

const (
	mostShown = 10_000
	faintest  = 20 // moments without a spike that end a learner
)

// Check reports a setting that cannot be.
func (r *Triplet) Check() error {
	if r.Units < 1 {
		return fmt.Errorf("%s, want at least 1", count.Of(r.Units, "unit"))
	}
	if !(r.DT > 0 && r.DT <= math.MaxFloat32) {
		return fmt.Errorf("dt %g ms, want a finite number above 0", r.DT)
	}
	if steps := r.Shown / r.DT; !(steps >= 1 && steps <= mostShown) || math.Abs(float64(steps)-math.Round(float64(steps))) > 1e-3 {
		return fmt.Errorf("shown %g ms, want a whole number of steps of %g ms, 1 to %d", r.Shown, r.DT, mostShown)
	}
	if !(r.InputRate > 0 && r.InputRate <= math.MaxFloat32) {
		return fmt.Errorf("input_rate %g Hz, want a finite number above 0", r.InputRate)
	}
	if err := r.GLIF.Check(r.DT); err != nil {
		return err
	}
	if r.Refractory > r.Shown {
		return fmt.Errorf("refractory %g ms, want at most the %g ms that an example is shown", r.Refractory, r.Shown)
	}
	return r.Window.Check(r.DT)
}

func (r *Triplet) steps() int { return int(math.Round(float64(r.Shown / r.DT))) }

// Build allocates the cells, their synapses and traces.
func (r *Triplet) Build(s *nets.Store, spec nets.Spec) (err error) {
	if spec.Out > 0 {
		return fmt.Errorf("triplet: the task wants %s, and cells learn from what is shown alone; want a task without", count.Of(spec.Out, "number"))
	}
	n, in, units := spec.Examples, spec.In.Len(), r.Units
	scratch := func(cols int) *compute.Tensor { return nets.At(s.Scratch(1, n, cols), 0) }
	r.w = s.Weights("weight", nets.Directions(2*in), units, 2*in)
	r.dw = nets.At(s.Scratch(1, units, 2*in), 0)
	r.x, r.odds, r.chance, r.drive, r.fired = scratch(2*in), scratch(2*in), scratch(2*in), scratch(units), scratch(units)
	if r.pre, err = r.Pre(s, "input", r.DT, n, 2*in); err != nil {
		return err
	}
	if r.post, err = r.Post(s, "unit", r.DT, n, units); err != nil {
		return err
	}
	if r.cells, err = r.GLIF.Build(s, "cell", r.DT, n, units); err != nil {
		return err
	}
	r.quiet = s.State("quiet", nets.Zeros, 1)
	r.order = s.Fixed(r.places(s.Learners*n, s.Learners*n), s.Learners*n*r.steps())
	for i, name := range []string{"spikes", "membrane"} {
		r.seen[i], r.seenNow[i] = s.State(name, nets.Zeros, n, r.steps()*units), s.Scratch(r.steps(), n, units)
	}
	return nil
}

// Start makes the first weights such as learning leaves them.
func (r *Triplet) Start(p *nets.Pass) { p.Do(compute.Copy{Dst: r.w, Src: r.opposed(p, r.w)}) }

var (
	tripletOdds   = compute.Formula("1 - exp(-dtrate*relu(x*(1 - 2*off)))", "x", "off")
	tripletInputs = compute.Formula("where(odds - u, 1, 0)", "odds", "u")
	tripletCount  = compute.Formula("old + y", "y")
	tripletRates  = compute.Formula("hz*n", "n")
	tripletSilent = compute.Formula("where(n, 0, 1)", "n")
	tripletQuiet  = compute.Formula("where(n, 0, old + 1)", "n")
	tripletFault  = compute.Formula("where(abs(old), old, where(quiet - faintest, -1, where(hz - most, hz, 0)))", "quiet", "hz")
	tripletSteps  = compute.Formula("old + rate*g", "g")
)

// Step shows the examples of a moment, and learns from the spikes.
func (r *Triplet) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	n, in := m.Examples(), m.X.Cols()
	of := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, n, t.Cols()) }
	r.pre.Begin(p, m)
	r.post.Begin(p, m)
	r.cells.Begin(p, m)
	x, odds, chance, drive, fired := of(r.x), of(r.odds), of(r.chance), of(r.drive), of(r.fired)
	shown := p.Masked(p.All(m.X), m)
	p.Into(p.View(odds, 0, p.Learners, n*in, 2), tripletOdds.With("dtrate", r.DT*r.InputRate/1000),
		p.View(shown, 0, p.Learners, n*in, 1), p.View(p.Numbers(2), 0, 1, 1, 2))
	p.Clear(fired, r.dw)
	leak := 1 - math.Exp(-float64(r.DT)/float64(r.Tau))
	gain := float32(math.Sqrt2 * leak * 1000 / (float64(r.InputRate) * float64(r.DT)))
	for k := range r.steps() {
		t := int(p.Number)*r.steps() + k
		p.Random(chance, compute.Uniform(0, 1))
		p.Into(x, tripletInputs, odds, chance)
		p.Do(compute.Gemm{C: drive, A: x, B: r.w, TransB: true, Epilogue: compute.Epilogue{Alpha: gain}})
		y := r.cells.Step(p, drive)
		p.Into(fired, tripletCount, y)
		r.record(p, k, y, of(r.cells.Membrane))
		if p.Learning {
			r.pre.Spike(p, x, t)
			r.post.Spike(p, y, t)
			r.Outer(p, r.dw, r.pre, r.post, 1)
			r.pre.Add(p)
			r.post.Add(p)
		}
	}
	r.show(p, n)
	if p.Learning {
		r.learn(p)
	}
	return r.judge(p, fired)
}

// learn moves the weights along the changes of the moment.
func (r *Triplet) learn(p *nets.Pass) {
	p.Into(r.w, tripletSteps.With("rate", float32(p.Rate)), r.opposed(p, r.dw))
	p.Do(compute.Copy{Dst: r.w, Src: r.opposed(p, r.w)})
}

// opposed returns the weights of each cell without what ON and OFF share, of length 1.
func (r *Triplet) opposed(p *nets.Pass, w *compute.Tensor) *compute.Tensor {
	pairs := p.CentreRows(p.View(w, 0, w.Len()/2, 2))
	unit, _ := p.NormaliseRows(p.View(pairs, 0, p.Learners*r.Units, w.Cols()))
	return unit
}

// judge counts metrics and faults, and returns the rates in Hz.
func (r *Triplet) judge(p *nets.Pass, fired *compute.Tensor) *compute.Tensor {
	hz := p.Map(tripletRates.With("hz", 1000/r.Shown), fired)
	p.Count("rate", hz, fired.Rows()*r.Units)
	each := p.Tensor(p.Learners, 1, r.Units)
	p.PerColumn(each, nil, 1, fired)
	p.Count("silent", p.Map(tripletSilent, each), r.Units)
	if at := p.Fault("activity"); at != nil && p.Learning {
		mean := p.PerLearner(nil, 1/float32(fired.Rows()*r.Units), hz)
		p.Into(r.quiet, tripletQuiet, mean)
		most := 0.95 * 1000 / max(r.Refractory, r.DT)
		p.Into(p.View(at, 0, p.Learners, 1, 1), tripletFault.With("faintest", faintest-0.5).With("most", most), r.quiet, mean)
	}
	return hz
}

// Explain says how a learner's activity ended.
func (r *Triplet) Explain(_ string, code float32) error {
	if code < 0 {
		return fmt.Errorf("no unit has spiked for %d moments, want a lower threshold", faintest)
	}
	return fmt.Errorf("units fire at %.0f Hz in the mean, which is all that a refractory period of %g ms allows; want a higher threshold", code, max(r.Refractory, r.DT))
}

// Cells names the spikes of the last moment, and the membranes of the last that was recorded.
func (r *Triplet) Cells() []nets.Cells {
	return []nets.Cells{{Name: "units", N: r.Units, Steps: r.steps(), Step: float64(r.DT), Spikes: "spikes", Membrane: "membrane"}}
}

// recorded are those of spikes and membranes that are shown: membranes only where somebody looks at them.
func (r *Triplet) recorded(p *nets.Pass) []*compute.Tensor {
	if p.Recorded {
		return r.seen[:]
	}
	return r.seen[:1]
}

// record keeps spikes and membranes of a step.
func (r *Triplet) record(p *nets.Pass, k int, of ...*compute.Tensor) {
	for i := range r.recorded(p) {
		p.Do(compute.Copy{Dst: p.View(nets.At(r.seenNow[i], k), 0, of[i].Shape()...), Src: of[i]})
	}
}

// show brings what was recorded, step by step, into rows of examples.
func (r *Triplet) show(p *nets.Pass, n int) {
	all := r.seenNow[0].Len() / (r.steps() * r.Units) // rows of a step, of which n of each learner are there
	at := r.order
	if p.Learners*n < all {
		at = p.Tensor(p.Learners * n * r.steps())
		p.Write(at, r.places(p.Learners*n, all))
	}
	for i, t := range r.recorded(p) {
		p.Do(compute.Gather{Out: p.View(t, 0, at.Len(), r.Units), X: p.View(r.seenNow[i], 0, r.steps()*all, r.Units), Rows: at})
	}
}

// places are the rows of the first so many of all examples, each with its steps in order.
func (r *Triplet) places(examples, all int) (rows []float32) {
	for e := range examples {
		for k := range r.steps() {
			rows = append(rows, float32(k*all+e))
		}
	}
	return rows
}
