package spiking

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// EProp is e-prop (Bellec et al. 2020, Nature Communications 11:3625): a recurrent network of spiking cells, see [ALIF], learns
// from eligibility traces of its synapses and from learning signals, which send the error of the moment to each cell. With z̄
// what spikes leave at the readout, κ = exp(−Dt/ReadoutTau), and E the loss of a trial:
//
//	z̄ ← κ·z̄ + (1−κ)·z,  y = V·z̄        the answer
//	L = Bᵀ·∂E/∂y                       learning signals, cells
//	∂E/∂V = Σ ∂E/∂y⊗z̄                  summed over steps and examples
//
// Feedback says what B is: V ("symmetric"), random weights that stay ("random"), or random weights that change as V does
// ("adaptive", as Kolen and Pollack 1994: after each update B and V both shrink by the share Decay). For a synapse from a
// cell or input i, with z_i(t) its spikes (of a cell: those of the step before), on a cell j:
//
//	ε_v,i ← α·ε_v,i + g·z_i
//	ε_a,ji ← (ρ − β_j·ψ_j)·ε_a,ji + ψ_j·ε_v,i      with ψ and ε_v of the step before
//	e_ji = ψ_j·(ε_v,i − β_j·ε_a,ji)                eligibility
//	F_ji ← κ·F_ji + (1−κ)·e_ji
//	∂E/∂W_ji ≈ Σ_t L_j·F_ji + r_j·Σ_t e_ji
//
// with r_j = 2c·(rate_j − f)/(examples·steps), of the regularisation c·Σ_j (rate_j − f)² of rates, the mean over a trial and its
// examples: f is TargetRate and c is RateCost, per (spike/ms)², whatever Dt is. Form "traces" does just that, online, with
// memory for ε_v, ε_a and F of each example, however long a trial is; it moves F and ε_a on by the sum of up to 32 steps, when
// that many are there, a trial ends or an example's does. Form "adjoint" keeps z, ψ and ∂E/∂y of all steps, and makes
// the same sums at the end of a trial, backwards in time, by vectors alone:
//
//	G ← κ·G + (1−κ)·L,   λ_z = G + r + λ_a
//	λ_v ← α·λ_v + ψ∘λ_z,   λ_a ← ρ·λ_a − β∘ψ∘λ_z
//	∂E/∂W ≈ Σ_t λ_v⊗g·z
//
// These are the errors of backprop through time less what goes through spikes to other cells. Credit "bptt" adds it, with
// λ_z = G + r + λ_a + g·Wᵀ·λ_v (λ_v of the step after): then the gradient is that of the network with ψ for the derivative of a
// spike, but for the reset, through which nothing goes back in either.
//
// With Mean, E is the mean over the moments that want something, else the sum. Weights change when a trial ends, by all its
// steps, which are the moments of the task; with Learn "readout" V alone does, the control.
//
// First values: V is uniform within ±√(6/(cells + outputs)); with Readout s above 0 it is normal, of standard deviation
// s/√cells. B is normal, of standard deviation FeedbackScale.
//
// Metrics: "loss" of moments that want something, and "rate", the mean rate of cells in Hz, of trials that ended. Cells that
// are silent learn from the rate cost alone, and ψ has to be above 0 for that.
//
// Cost of a step, for each example, in flops: 2·cells·(inputs + cells + outputs) forward and as many backward; "traces" has
// 6·cells·(inputs + cells) instead, and 2·cells·(inputs + cells) more where something is wanted; "bptt" 2·cells² more.
type EProp struct {
	ALIF
	ReadoutTau    float32        `json:"readout_tau" toml:"readout_tau"` // ms
	Readout       float32        `json:"readout" toml:"readout"`
	Form          string         `json:"form" toml:"form"`         // adjoint or traces; "" is adjoint
	Credit        string         `json:"credit" toml:"credit"`     // eprop or bptt; "" is eprop
	Feedback      string         `json:"feedback" toml:"feedback"` // symmetric, random or adaptive; "" is symmetric
	FeedbackScale float32        `json:"feedback_scale" toml:"feedback_scale" if:"feedback=random|feedback=adaptive"`
	Decay         float32        `json:"decay" toml:"decay" if:"feedback=adaptive"`
	Learn         string         `json:"learn" toml:"learn"`                            // all or readout; "" is all
	TargetRate    float32        `json:"target_rate" toml:"target_rate" if:"rate_cost"` // Hz
	RateCost      float32        `json:"rate_cost" toml:"rate_cost"`
	Mean          bool           `json:"mean" toml:"mean"`
	Optimiser     nets.Optimiser `json:"optimiser" toml:"optimiser"` // nil is plain descent
	Loss          nets.Loss      `json:"-" toml:"-"`                 // nil is the task's, see [nets.DefaultLoss]

	out, feedback  *compute.Tensor // V, B: outputs × cells
	filtered       *compute.Tensor // State: z̄, examples × cells
	spikes         *compute.Tensor // State: of each cell in the trial, examples × cells
	steps          *compute.Tensor // State: of the trial, 1
	sum            *compute.Tensor // State: Σ ∂E/∂y⊗z̄, outputs × cells
	wanted         *int64          // moments of the trial that wanted something
	form           epropForm
	loss           nets.Loss
	store          *nets.Store
	descent        *nets.Descent
	grad, gradBack *compute.Tensor // of V and of B, which adapts
}

// An epropForm is a way to make the gradients of U and W.
type epropForm interface {
	build(s *nets.Store, spec nets.Spec) error
	begin(p *nets.Pass, m nets.Moment)
	// before returns where ψ of a step goes, which is about to be made.
	before(p *nets.Pass, m nets.Moment) (slope *compute.Tensor)
	// after looks at a step that has been made; d is ∂E/∂y, or nil where nothing is wanted.
	after(p *nets.Pass, m nets.Moment, d *compute.Tensor)
	// gradients sets those of U and W: ∂E/∂y is to be divided by share, and r is learners × 1 × cells.
	gradients(p *nets.Pass, m nets.Moment, share float32, r *compute.Tensor)
}

const (
	epropAdjoint, epropTraces                           = "adjoint", "traces"
	creditEProp, creditBPTT                             = "eprop", "bptt"
	feedbackSymmetric, feedbackRandom, feedbackAdaptive = "symmetric", "random", "adaptive"
	learnAll, learnReadout                              = "all", "readout"
)

// Check reports a setting that cannot be.
func (e *EProp) Check() error {
	if err := e.ALIF.Check(); err != nil {
		return fmt.Errorf("eprop: %w", err)
	}
	for _, x := range []struct {
		name, value string
		of          []string
	}{
		{"form", e.Form, []string{epropAdjoint, epropTraces}}, {"credit", e.Credit, []string{creditEProp, creditBPTT}},
		{"feedback", e.Feedback, []string{feedbackSymmetric, feedbackRandom, feedbackAdaptive}}, {"learn", e.Learn, []string{learnAll, learnReadout}},
	} {
		if x.value != "" && !slices.Contains(x.of, x.value) {
			return fmt.Errorf("eprop: %s %q, want one of %s", x.name, x.value, strings.Join(x.of, ", "))
		}
	}
	for _, x := range []struct {
		name        string
		value, most float32
	}{{"readout", e.Readout, math.MaxFloat32}, {"feedback_scale", e.FeedbackScale, math.MaxFloat32}, {"decay", e.Decay, 1},
		{"target_rate", e.TargetRate, math.MaxFloat32}, {"rate_cost", e.RateCost, math.MaxFloat32}} {
		if !(x.value >= 0 && x.value <= x.most) {
			return fmt.Errorf("eprop: %s %g, want a number within 0 to %g", x.name, x.value, x.most)
		}
	}
	switch {
	case !(e.ReadoutTau >= e.Dt && e.ReadoutTau <= mostSteps*e.Dt):
		return fmt.Errorf("eprop: readout_tau %g, want a number within %g to %g", e.ReadoutTau, e.Dt, mostSteps*e.Dt)
	case e.Credit == creditBPTT && e.Form == epropTraces:
		return errors.New("eprop: credit=bptt with form=traces: what goes through spikes to other cells is in no trace; want form=adjoint")
	}
	return nil
}

// Build asks for weights, activities and what the form needs.
func (e *EProp) Build(s *nets.Store, spec nets.Spec) (err error) {
	if spec.Trial == 0 {
		return errors.New("eprop: weights change when a trial ends, and the task's trials have no end")
	}
	loss := e.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if e.loss, err = nets.BuildLoss(s, spec, loss); err != nil {
		return err
	}
	e.store = s
	e.ALIF.build(s, spec.In.Len(), spec.Examples)
	n := e.cells()
	first := nets.Uniform(math.Sqrt(6 / float64(n+spec.Out)))
	if e.Readout > 0 {
		first = nets.Normal(float64(e.Readout) / math.Sqrt(float64(n)))
	}
	e.out = s.Weights("out", first, spec.Out, n)
	learned := []*compute.Tensor{e.out}
	back := nets.Normal(float64(e.FeedbackScale))
	switch e.feedback = e.out; e.Feedback {
	case feedbackRandom:
		e.feedback = s.Kept("feedback", back, spec.Out, n)
	case feedbackAdaptive:
		e.feedback = s.Weights("feedback", back, spec.Out, n)
		learned = append(learned, e.feedback)
	}
	e.filtered = s.State("filtered", nets.Zeros, spec.Examples, n)
	e.spikes = s.State("count", nets.Zeros, spec.Examples, n)
	e.steps = s.State("steps", nets.Zeros, 1)
	e.sum = s.State("sum.out", nets.Zeros, spec.Out, n)
	e.wanted = s.Counter("wanted")
	if e.form = nil; e.Learn != learnReadout {
		learned = append([]*compute.Tensor{e.in, e.recurrent}, learned...)
		e.form = &adjoint{EProp: e}
		if e.Form == epropTraces {
			e.form = &traces{EProp: e}
		}
		if err := e.form.build(s, spec); err != nil {
			return err
		}
	}
	o := e.Optimiser
	if o == nil {
		o = nets.SGD{}
	}
	e.descent = s.Descent(o, learned...)
	e.grad = s.Grad(e.out)
	if e.Feedback == feedbackAdaptive {
		e.gradBack = s.Grad(e.feedback)
	}
	return nil
}

var (
	leaked   = compute.Formula("kappa*old + gain*z", "z")
	increase = compute.Formula("old + 1")
	added    = compute.Formula("old + z", "z")
)

// Step answers a step of a trial and, after the last one, learns from all.
func (e *EProp) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	e.begin(p, m)
	var slope *compute.Tensor
	if p.Learning && e.form != nil {
		slope = e.form.before(p, m)
	}
	z := e.step(p, m, slope)
	filtered, spikes, kappa := examples(p, m, e.filtered), examples(p, m, e.spikes), e.decay(e.ReadoutTau)
	p.Into(filtered, leaked.With("kappa", kappa).With("gain", 1-kappa), z)
	p.Into(spikes, added, z)
	p.Into(e.steps, increase)
	y := p.Product(e.out, filtered, compute.Identity)
	d := e.judge(p, m, y, filtered)
	if p.Learning && e.form != nil {
		e.form.after(p, m, d)
	}
	if m.Last {
		e.end(p, m, spikes)
	}
	return y
}

// begin clears what was of earlier trials.
func (e *EProp) begin(p *nets.Pass, m nets.Moment) {
	e.ALIF.begin(p, m)
	p.Begin(m, examples(p, m, e.filtered))
	if m.First {
		p.Clear(e.spikes, e.steps)
	}
	if !p.Learning {
		return
	}
	if m.First {
		p.Clear(e.sum)
		*e.wanted = 0
	}
	if e.form != nil {
		e.form.begin(p, m)
	}
}

// judge returns ∂E/∂y of the step, or nil, with the sum over moments for E.
func (e *EProp) judge(p *nets.Pass, m nets.Moment, y, filtered *compute.Tensor) *compute.Tensor {
	if m.Want == nil {
		return nil
	}
	v := e.loss.Judge(p, m, y, p.Learning)
	p.CountOf(m, "loss", v.Loss)
	if !p.Learning {
		return nil
	}
	if v.After != nil {
		v.After()
	}
	*e.wanted++
	p.Outer(e.sum, v.Delta, filtered, 1, float32(m.Examples()))
	return v.Delta
}

var (
	hertz     = compute.Formula("thousand*count/(steps*cells*dt)", "count", "steps").With("thousand", 1000)
	rateError = compute.Formula("cost*(old/(steps*examples) - target)/(steps*examples)", "steps")
	shared    = compute.Formula("x/share", "x")
	shrunk    = compute.Formula("keep*old")
)

// end counts the rate of a trial and, if it is learned from, changes the weights.
func (e *EProp) end(p *nets.Pass, m nets.Moment, spikes *compute.Tensor) {
	n := m.Examples()
	rate := hertz.With("cells", float32(e.cells())).With("dt", e.Dt)
	each := p.PerExample(nil, spikes)
	p.Count("rate", p.Map(rate, each, e.steps), n)
	if !p.Learning {
		return
	}
	share := float32(1)
	if e.Mean {
		share = float32(max(*e.wanted, 1))
	}
	p.Into(e.grad, shared.With("share", share), e.sum)
	if e.gradBack != nil {
		p.Into(e.gradBack, shared.With("share", share), e.sum)
	}
	if e.form != nil {
		r := p.Tensor(p.Learners, 1, e.cells())
		p.PerColumn(r, nil, 1, spikes)
		cost := 2 * float64(e.RateCost) / (float64(e.Dt) * float64(e.Dt))
		p.Into(r, rateError.With("cost", float32(cost)).With("examples", float32(n)).With("target", e.TargetRate*e.Dt/1000), e.steps)
		e.form.gradients(p, m, share, r)
	}
	e.descent.Update(p)
	if e.gradBack != nil && e.Decay > 0 {
		p.Whole(func(p *nets.Pass) {
			p.Into(e.out, shrunk.With("keep", 1-e.Decay))
			p.Into(e.feedback, shrunk.With("keep", 1-e.Decay))
		})
	}
}

// Divided reports nothing: a trial's gradients are of each part's own examples. The cost of rates is that of each part's mean.
func (e *EProp) Divided() error { return nil }

// newEProp returns the network that accumulates evidence in the paper, at a step of 3 ms.
func newEProp() *EProp {
	return &EProp{
		ALIF:       ALIF{LIF: 50, Adaptive: 50, Dt: 3, Tau: 20, TauA: 2000, Adapt: 1.7, Threshold: 0.6, Refractory: 2, Reset: 1, Gain: gainOne, Damping: 0.3},
		ReadoutTau: 20, Form: epropAdjoint, Credit: creditEProp, Feedback: feedbackSymmetric, FeedbackScale: 1, Learn: learnAll,
		TargetRate: 10, RateCost: 1, Mean: true, Optimiser: nets.DefaultAdam,
	}
}
