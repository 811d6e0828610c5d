package spiking

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Window is the rule by which pairs and triplets of spikes change a weight (Pfister and Gerstner 2006, Journal of
// Neuroscience 26:9673). The presynaptic cell has the traces r₁, r₂ with the time constants τ₊, τ_x and the
// postsynaptic cell o₁, o₂ with τ₋, τ_y, see [Trace], all read just before the spikes of the step:
//
//	w ← w + r₁·(A₂⁺ + A₃⁺·o₂)    at a postsynaptic spike
//	w ← w − o₁·(A₂⁻ + A₃⁻·r₂)    at a presynaptic spike
//
// With A₃ = 0 it is the pair rule (Song, Miller and Abbott 2000, Nature Neuroscience 3:919): an isolated pair with the
// lag Δ = t_post − t_pre changes w by A₂⁺·e^(−Δ/τ₊) if Δ > 0, by −A₂⁻·e^(Δ/τ₋) if Δ < 0, and not at all if Δ = 0. With
// A₂⁺ = A₃⁻ = 0 it is the minimal triplet rule. If Nearest, a spike sees the nearest spike of each kind before it, and
// not all.
//
// With a Delay d of the dendrite the synapse sees postsynaptic spikes d late: all lags are those of t_post + d − t_pre.
type Window struct {
	A2Plus   float32 `json:"a2_plus" toml:"a2_plus"`           // A₂⁺, in the unit of w as all amplitudes
	A3Plus   float32 `json:"a3_plus" toml:"a3_plus"`           // A₃⁺
	A2Minus  float32 `json:"a2_minus" toml:"a2_minus"`         // A₂⁻
	A3Minus  float32 `json:"a3_minus" toml:"a3_minus"`         // A₃⁻
	TauPlus  float32 `json:"tau_plus" toml:"tau_plus"`         // τ₊, ms
	TauMinus float32 `json:"tau_minus" toml:"tau_minus"`       // τ₋, ms
	TauX     float32 `json:"tau_x" toml:"tau_x" if:"a3_minus"` // τ_x, ms
	TauY     float32 `json:"tau_y" toml:"tau_y" if:"a3_plus"`  // τ_y, ms
	Nearest  bool    `json:"nearest" toml:"nearest"`
	Delay    float32 `json:"delay" toml:"delay"` // d, ms: whole steps
}

// Windows that were published. Song is in units of the largest weight. The others are fits of Pfister and Gerstner
// 2006, tables 3 and 4, to changes of weights after 60 pairings relative to the weight before, in slices of visual
// cortex (Sjöström, Turrigiano and Nelson 2001) and in hippocampal cultures (Wang, Gerkin, Nauen and Bi 2005).
var (
	Song = Window{A2Plus: 0.005, A2Minus: 0.00525, TauPlus: 20, TauMinus: 20}

	Visual               = fitted(5e-10, 6.2e-3, 7e-3, 2.3e-4, 101, 125, false)
	VisualMinimal        = fitted(0, 6.5e-3, 7.1e-3, 0, 0, 114, false)
	VisualNearest        = fitted(8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714, 40, true)
	VisualNearestMinimal = fitted(0, 5e-2, 8e-3, 0, 0, 40, true)

	Hippocampal               = fitted(6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946, 27, false)
	HippocampalMinimal        = fitted(5.3e-3, 8e-3, 3.5e-3, 0, 0, 40, false)
	HippocampalNearest        = fitted(4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575, 47, true)
	HippocampalNearestMinimal = fitted(4.6e-3, 9.1e-3, 3e-3, 0, 0, 48, true)
)

func fitted(a2Plus, a3Plus, a2Minus, a3Minus, tauX, tauY float32, nearest bool) Window {
	return Window{a2Plus, a3Plus, a2Minus, a3Minus, 16.8, 33.7, tauX, tauY, nearest, 0}
}

// Check reports a setting that cannot be, at steps of that many ms.
func (r Window) Check(step float32) error {
	for _, a := range []struct {
		name string
		x    float32
	}{{"a2_plus", r.A2Plus}, {"a3_plus", r.A3Plus}, {"a2_minus", r.A2Minus}, {"a3_minus", r.A3Minus}, {"tau_x", r.TauX}, {"tau_y", r.TauY}} {
		if !(a.x >= 0 && a.x <= math.MaxFloat32) {
			return fmt.Errorf("%s %g, want a finite number of at least 0; what strengthens by depression learns at a rate below 0", a.name, a.x)
		}
	}
	for _, t := range []struct {
		name string
		tau  float32
		idle bool
	}{{"tau_plus", r.TauPlus, false}, {"tau_minus", r.TauMinus, false}, {"tau_x", r.TauX, r.A3Minus == 0}, {"tau_y", r.TauY, r.A3Plus == 0}} {
		if err := checkTau(t.name, t.tau, step); err != nil && !t.idle {
			return err
		}
	}
	if steps := r.Delay / step; !(steps >= 0 && steps <= mostDelay) || math.Abs(float64(steps)-math.Round(float64(steps))) > 1e-4 {
		return fmt.Errorf("delay %g ms, want a whole number of steps of %g ms, %d at most", r.Delay, step, mostDelay)
	}
	return nil
}

// Sum returns the change of a weight by spikes at these times in ms, at the rate 1 and without bounds, as sums over all
// pairs and triplets: what the recursion of traces gives but for rounding.
func (r Window) Sum(pre, post []float64) (change float64) {
	sees := func(spikes []float64, t float64, tau float32) (x float64) {
		for _, s := range spikes {
			switch e := math.Exp((s - t) / float64(tau)); {
			case s >= t || tau == 0:
			case r.Nearest:
				x = max(x, e)
			default:
				x += e
			}
		}
		return x
	}
	late := make([]float64, len(post))
	for i, t := range post {
		late[i] = t + float64(r.Delay)
	}
	for _, t := range late {
		change += sees(pre, t, r.TauPlus) * (float64(r.A2Plus) + float64(r.A3Plus)*sees(late, t, r.TauY))
	}
	for _, t := range pre {
		change -= sees(late, t, r.TauMinus) * (float64(r.A2Minus) + float64(r.A3Minus)*sees(pre, t, r.TauX))
	}
	return change
}

// mostDelay bounds the steps of a delay, each of which is a tensor.
const mostDelay = 1000

// A Side is what synapses see of the cells at one of their two ends. In each step Spike comes first, then weights
// change, and then Add:
//
//	pre.Spike(p, x, t)
//	post.Spike(p, y, t)
//	p.Do(rule.Lists(w, synapses, pre, post, rate)) // or Dense, or Outer
//	pre.Add(p)
//	post.Add(p)
type Side struct {
	Mark  *compute.Tensor // learners × rows × cells: the spikes of the step, each times A₂ + A₃·(slow trace)
	Trace *compute.Tensor // learners × rows × cells: r₁ or o₁, before these spikes

	fast, slow *Traces // slow is nil if A₃ = 0
	marked     *compute.Tensor
	mark       *compute.Func
	late       []*compute.Tensor // spikes of the last steps, a ring; none without a delay
	spikes     *compute.Tensor   // those that the synapses see in this step
}

// Pre allocates r₁ and r₂ of presynaptic cells in s, rows × cells, at steps of that many ms. A row is a copy of the
// cells, such as an example.
func (r Window) Pre(s *nets.Store, name string, step float32, rows, cells int) (*Side, error) {
	return r.side(s, name, step, rows, cells, []float32{r.A2Minus, r.A3Minus, r.TauPlus, r.TauX}, 0)
}

// Post allocates o₁ and o₂ of postsynaptic cells as Pre does, and the spikes that Delay holds back.
func (r Window) Post(s *nets.Store, name string, step float32, rows, cells int) (*Side, error) {
	return r.side(s, name, step, rows, cells, []float32{r.A2Plus, r.A3Plus, r.TauMinus, r.TauY}, r.Delay)
}

var (
	pairMarks    = compute.Formula("pair*s", "s")
	tripletMarks = compute.Formula("s*(pair + triplet*x)", "s", "x")
)

func (r Window) side(s *nets.Store, name string, step float32, rows, cells int, of []float32, delay float32) (d *Side, err error) {
	if err := r.Check(step); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d = &Side{mark: pairMarks.With("pair", of[0]), marked: nets.At(s.Scratch(1, rows, cells), 0)}
	if d.fast, err = (Trace{Tau: of[2], Nearest: r.Nearest}).Build(s, name+".fast", step, rows, cells); err != nil {
		return nil, err
	}
	if of[1] != 0 {
		d.mark = tripletMarks.With("pair", of[0]).With("triplet", of[1])
		if d.slow, err = (Trace{Tau: of[3], Nearest: r.Nearest}).Build(s, name+".slow", step, rows, cells); err != nil {
			return nil, err
		}
	}
	if n := int(math.Round(float64(delay / step))); n > 0 {
		for i := range n + 1 {
			d.late = append(d.late, s.State(fmt.Sprintf("%s.late.%d", name, i), nets.Zeros, rows, cells))
		}
	}
	return d, nil
}

// Spike gives the spikes of step t, learners × rows × cells, of which Mark and Trace are made. The number t counts on
// from step to step.
func (d *Side) Spike(p *nets.Pass, spikes *compute.Tensor, t int) {
	d.spikes = spikes
	if n := len(d.late); n > 0 {
		now := p.View(d.late[t%n], 0, spikes.Shape()...)
		p.Do(compute.Copy{Dst: now, Src: spikes})
		d.spikes = p.View(d.late[(t+1)%n], 0, spikes.Shape()...)
	}
	d.Mark, d.Trace = p.View(d.marked, 0, spikes.Shape()...), d.fast.At(p, spikes)
	if d.slow == nil {
		p.Into(d.Mark, d.mark, d.spikes)
	} else {
		p.Into(d.Mark, d.mark, d.spikes, d.slow.At(p, spikes))
	}
}

// Add ends the step: traces become those of the next.
func (d *Side) Add(p *nets.Pass) {
	d.fast.Add(p, d.spikes)
	if d.slow != nil {
		d.slow.Add(p, d.spikes)
	}
}

// Begin clears traces, and spikes that are on their way, of examples whose trial begins.
func (d *Side) Begin(p *nets.Pass, m nets.Moment) {
	d.fast.Begin(p, m)
	if d.slow != nil {
		d.slow.Begin(p, m)
	}
	for _, t := range d.late {
		p.Begin(m, p.View(t, 0, p.Learners, m.Examples(), t.Cols()))
	}
}

// Outer adds rate times the change by a step to dw, learners × post × pre: the mean over the rows of both sides, such
// as examples, of two outer products for each learner.
func (r Window) Outer(p *nets.Pass, dw *compute.Tensor, pre, post *Side, rate float32) {
	p.Outer(dw, post.Mark, pre.Trace, 1, rate)
	p.Outer(dw, post.Trace, pre.Mark, 1, -rate)
}

// STDP is spike-timing-dependent plasticity by a [Window], of weights from 0 to WMax. With P and D the marks of the
// spikes of a step at the two ends of a synapse, see [Side], and η the rate:
//
//	w ← w + η·(f₊(w)·P_post·r₁ − f₋(w)·D_pre·o₁),  then at least 0 and at most WMax
//	f₊(w) = (1 − w/WMax)^μ₊,  f₋(w) = (w/WMax)^μ₋
//
// μ₊ = μ₋ = 0 is the additive rule with hard bounds (Song, Miller and Abbott 2000), 1 the multiplicative one, and a
// number between what lies between (Gütig, Aharonov, Rotter and Sompolinsky 2003, Journal of Neuroscience 23:3697); μ₊
// = 0, μ₋ = 1 is that of van Rossum, Bi and Turrigiano 2000. With WMax 0 nothing bounds the weights, which may then
// have either sign.
type STDP struct {
	Window
	WMax    float32 `json:"w_max" toml:"w_max"`
	MuPlus  float32 `json:"mu_plus" toml:"mu_plus"`   // μ₊
	MuMinus float32 `json:"mu_minus" toml:"mu_minus"` // μ₋
}

// Check reports a setting that cannot be, at steps of that many ms.
func (r STDP) Check(step float32) error {
	for _, a := range []struct {
		name string
		x    float32
	}{{"w_max", r.WMax}, {"mu_plus", r.MuPlus}, {"mu_minus", r.MuMinus}} {
		if !(a.x >= 0 && a.x <= math.MaxFloat32) {
			return fmt.Errorf("%s %g, want a finite number of at least 0", a.name, a.x)
		}
	}
	if r.WMax == 0 && (r.MuPlus != 0 || r.MuMinus != 0) {
		return fmt.Errorf("mu_plus %g and mu_minus %g without w_max, want a bound for weights to depend on", r.MuPlus, r.MuMinus)
	}
	return r.Window.Check(step)
}

var (
	stdpFree     = compute.Formula("old + rate*(p*r - d*o)", "d", "r", "p", "o")
	stdpAdditive = compute.Formula("max(0, min(most, old + rate*(p*r - d*o)))", "d", "r", "p", "o")
	stdpPower    = compute.Formula(`max(0, min(most, old + rate*(p*r*exp(up*log(max(1 - old/most, 1e-30))) -
		d*o*exp(down*log(max(old/most, 1e-30))))))`, "d", "r", "p", "o")
)

// F returns the change of a weight as a formula of Mark and Trace of its presynaptic cell and then of its postsynaptic
// one.
func (r STDP) F(rate float32) *compute.Func {
	switch f := stdpFree; {
	case r.WMax == 0:
		return f.With("rate", rate)
	case r.MuPlus == 0 && r.MuMinus == 0:
		return stdpAdditive.With("rate", rate).With("most", r.WMax)
	}
	return stdpPower.With("rate", rate).With("most", r.WMax).With("up", r.MuPlus).With("down", r.MuMinus)
}

// Lists changes the weights of synapses in lists, members × pre × fan, by a step of sides of one row, where either cell
// has spiked. Delays that the lists have are those of axons, which pre has to be given late; of dendrites there is
// Window.Delay.
func (r STDP) Lists(w *compute.Tensor, s compute.Synapses, pre, post *Side, rate float32) compute.Plastic {
	s.Delay, s.Fixed = nil, 0
	return compute.Plastic{W: w, Synapses: s, Pre: []*compute.Tensor{pre.Mark, pre.Trace}, Post: []*compute.Tensor{post.Mark, post.Trace}, F: r.F(rate)}
}

// Dense changes all weights of w, learners × post × pre, by a step of sides of one row. Where few cells spike
// [STDP.Lists] does the same in less time.
func (r STDP) Dense(p *nets.Pass, w *compute.Tensor, pre, post *Side, rate float32) {
	column := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, t.Cols(), 1) }
	p.Into(w, r.F(rate), pre.Mark, pre.Trace, column(post.Mark), column(post.Trace))
}
