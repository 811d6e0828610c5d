package spiking

import (
	"hebb/compute"
	"hebb/nets"
)

// Traces is form "traces" of [EProp].
type traces struct {
	*EProp
	slope *compute.Tensor // State: ψ, examples × cells
	of    []synapseTraces // of U and of W
}

// A synapseTraces is what is remembered of each example at the synapses of a matrix of weights.
type synapseTraces struct {
	weights *compute.Tensor // cells × from
	pre     *compute.Tensor // ε_v, examples × from
	adapted *compute.Tensor // ε_a, examples·cells × from; nil where no threshold adapts
	traces  *compute.Tensor // F, examples·cells × from
	sum     *compute.Tensor // Σ L·F, cells × from
	passed  *compute.Tensor // (1−κ)·Σ F and κ times the last F of trials that ended, cells × from; nil without rate cost
}

func (t *traces) build(s *nets.Store, spec nets.Spec) error {
	n := t.cells()
	t.slope = s.State("slope", nets.Zeros, spec.Examples, n)
	for _, w := range []*compute.Tensor{t.in, t.recurrent} {
		name := "." + s.Name(w)
		one := synapseTraces{weights: w, pre: s.State("pre"+name, nets.Zeros, spec.Examples, w.Cols()),
			traces: s.State("trace"+name, nets.Zeros, spec.Examples*n, w.Cols()), sum: s.State("sum"+name, nets.Zeros, n, w.Cols())}
		if t.Adaptive > 0 {
			one.adapted = s.State("adapted"+name, nets.Zeros, spec.Examples*n, w.Cols())
		}
		if t.RateCost > 0 {
			one.passed = s.State("passed"+name, nets.Zeros, n, w.Cols())
		}
		t.of = append(t.of, one)
	}
	return nil
}

// each returns the part of a trace of the examples of a moment, (learners·examples) × cells × from.
func (t *traces) each(p *nets.Pass, m nets.Moment, trace *compute.Tensor) *compute.Tensor {
	return p.View(trace, 0, p.Learners*m.Examples(), t.cells(), trace.Cols())
}

// column and row return numbers of cells or synapses of the examples of a moment, to be spread over their traces.
func column(p *nets.Pass, m nets.Moment, x *compute.Tensor) *compute.Tensor {
	return p.View(x, 0, p.Learners*m.Examples(), x.Cols(), 1)
}

func row(p *nets.Pass, m nets.Moment, x *compute.Tensor) *compute.Tensor {
	return p.View(x, 0, p.Learners*m.Examples(), 1, x.Cols())
}

func (t *traces) begin(p *nets.Pass, m nets.Moment) {
	kappa := t.decay(t.ReadoutTau)
	p.Begin(m, examples(p, m, t.slope))
	for _, w := range t.of {
		if m.Begin != nil && w.passed != nil { // the last F of trials that end
			ended := p.Map(signalled, t.each(p, m, w.traces), p.View(p.All(m.Begin), 0, p.Learners*m.Examples(), 1, 1))
			t.add(p, m, w.passed, ended, kappa, 1)
		}
		p.Begin(m, examples(p, m, w.pre), t.each(p, m, w.traces))
		if w.adapted != nil {
			p.Begin(m, t.each(p, m, w.adapted))
		}
		if m.First {
			p.Clear(w.sum)
			if w.passed != nil {
				p.Clear(w.passed)
			}
		}
	}
}

var (
	stays        = compute.Formula("rho - beta*slope", "slope", "beta")
	adaptTrace   = compute.Formula("keep*old + slope*pre", "keep", "slope", "pre")
	preTrace     = compute.Formula("alpha*old + gain*z", "z")
	gained       = compute.Formula("gain*slope", "slope")
	gainedBeta   = compute.Formula("gain*slope*beta", "slope", "beta")
	eligibility  = compute.Formula("one*(slope*pre - beta*adapted) + kappa*old", "slope", "pre", "beta", "adapted").With("one", 1)
	eligibleLIF  = compute.Formula("slope*pre + kappa*old", "slope", "pre")
	signalled    = compute.Formula("trace*signal", "trace", "signal")
	tracesToGrad = compute.Formula("sum/share + r*(passed + kappa*old)/gain", "sum", "r", "passed")
	noSelf       = compute.Formula("apart*old", "apart")
)

// before moves ε_a and ε_v on, which are of ψ and z of the step before.
func (t *traces) before(p *nets.Pass, m nets.Moment) *compute.Tensor {
	slope := examples(p, m, t.slope)
	keep := slope
	if t.Adaptive > 0 {
		keep = p.Map(stays.With("rho", t.decay(t.TauA)), slope, t.beta)
	}
	for i, w := range t.of {
		if w.adapted != nil {
			p.Into(t.each(p, m, w.adapted), adaptTrace, column(p, m, keep), column(p, m, slope), row(p, m, w.pre))
		}
		from := m.X
		if i > 0 {
			from = examples(p, m, t.z)
		}
		p.Into(examples(p, m, w.pre), preTrace.With("alpha", t.decay(t.Tau)).With("gain", t.gain()), from)
	}
	return slope
}

// after moves F on, and adds up what it gives.
func (t *traces) after(p *nets.Pass, m nets.Moment, d *compute.Tensor) {
	var signal *compute.Tensor
	if d != nil {
		signal = p.Back(t.feedback, d)
	}
	kappa, slope := t.decay(t.ReadoutTau), examples(p, m, t.slope)
	gain := p.Map(gained.With("gain", 1-kappa), slope)
	less := gain
	if t.Adaptive > 0 {
		less = p.Map(gainedBeta.With("gain", 1-kappa), slope, t.beta)
	}
	for _, w := range t.of {
		f, in := eligibleLIF, []*compute.Tensor{column(p, m, gain), row(p, m, w.pre)}
		if w.adapted != nil {
			f, in = eligibility, append(in, column(p, m, less), t.each(p, m, w.adapted))
		}
		all := t.each(p, m, w.traces)
		p.Into(all, f.With("kappa", kappa), in...)
		if w.passed != nil {
			t.add(p, m, w.passed, all, 1-kappa, 1)
		}
		if signal != nil {
			t.add(p, m, w.sum, p.Map(signalled, all, column(p, m, signal)), 1, 1)
		}
	}
}

// add sets to, cells × from, to keep·to + gain·Σ of the traces of all examples.
func (t *traces) add(p *nets.Pass, m nets.Moment, to, each *compute.Tensor, gain, keep float32) {
	all := p.View(each, 0, p.Learners, m.Examples(), t.cells()*each.Cols())
	p.Do(compute.Reduce{Out: to, In: []*compute.Tensor{all}, Along: compute.AlongRows, Alpha: gain, Beta: keep})
}

// gradients are Σ L·F and, of the rate cost, r·Σ e: with F(T) the last trace, (1−κ)·Σ e = (1−κ)·Σ F + κ·F(T).
func (t *traces) gradients(p *nets.Pass, m nets.Moment, share float32, r *compute.Tensor) {
	kappa := t.decay(t.ReadoutTau)
	r = p.View(r, 0, p.Learners, t.cells(), 1)
	for _, w := range t.of {
		g := t.store.Grad(w.weights)
		if w.passed == nil {
			p.Into(g, shared.With("share", share), w.sum)
			continue
		}
		t.add(p, m, g, t.each(p, m, w.traces), 1, 0)
		p.Into(g, tracesToGrad.With("share", share).With("kappa", kappa).With("gain", 1-kappa), w.sum, r, w.passed)
	}
	p.Into(t.store.Grad(t.recurrent), noSelf, t.apart)
}
