package spiking

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Traces is form "traces" of [EProp].
//
// A step makes of ε_a and F sums of both and of ε_v, with factors that are numbers of cells, of ψ alone. So several steps can be
// made at once, with as many outer products, and the traces go through memory once for all of them. From the last of these steps
// back, each of four results comes to c_F∘F + c_a∘ε_a + Σ_s q(s)⊗ε_v(s), of F and ε_a before the first step, with
//
//	f ← f + L(s),  q(s) = ψ(s)∘(k·f + h),  h ← ρ·h − β∘q(s),  f ← κ·f
//
// and c_F and c_a are f and h in the end:
//
//	F        f begins as 1, h as 0, k = 1−κ, without L
//	ε_a      f is 0, h begins as 1
//	Σ L·F    f and h begin as 0, k = 1−κ
//	Σ e      f stays 1, h begins as 0, k = 1, without L
type traces struct {
	*EProp
	kept    []tracedStep
	made    *int64          // steps that are kept
	signals *int64          // a bit for each of them: it has a signal
	of      []synapseTraces // of U and of W
}

// mostTraced is the most steps that are made at once.
const mostTraced = 32

// A tracedStep is what is kept of a step, State so that a run that was cut goes on.
type tracedStep struct {
	slope, signal *compute.Tensor   // ψ and L, examples × cells
	pre           []*compute.Tensor // ε_v for U and for W, examples × from
}

// A synapseTraces is what is remembered of each example at the synapses of a matrix of weights.
type synapseTraces struct {
	weights *compute.Tensor // cells × from
	pre     *compute.Tensor // ε_v, examples × from
	adapted *compute.Tensor // ε_a, examples·cells × from; nil where no threshold adapts
	traces  *compute.Tensor // F, examples·cells × from
	sum     *compute.Tensor // Σ L·F, cells × from
	passed  *compute.Tensor // Σ e, cells × from; nil without rate cost
}

func (t *traces) build(s *nets.Store, spec nets.Spec) error {
	n := t.cells()
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
	for k := range min(mostTraced, spec.Trial) {
		of := func(name string, cols int) *compute.Tensor {
			return s.State(fmt.Sprintf("step.%d.%s", k, name), nets.Zeros, spec.Examples, cols)
		}
		step := tracedStep{slope: of("slope", n), signal: of("signal", n)}
		for _, w := range t.of {
			step.pre = append(step.pre, of("pre."+s.Name(w.weights), w.weights.Cols()))
		}
		t.kept = append(t.kept, step)
	}
	t.made, t.signals = s.Counter("made"), s.Counter("signals")
	return nil
}

// each returns the part of a trace of the examples of a moment, (learners·examples) × cells × from.
func (t *traces) each(p *nets.Pass, m nets.Moment, trace *compute.Tensor) *compute.Tensor {
	return p.View(trace, 0, p.Learners*m.Examples(), t.cells(), trace.Cols())
}

// column returns numbers of the cells of each example, to be spread over their traces.
func column(p *nets.Pass, m nets.Moment, x *compute.Tensor) *compute.Tensor {
	return p.View(x, 0, p.Learners*m.Examples(), x.Cols(), 1)
}

func (t *traces) begin(p *nets.Pass, m nets.Moment) {
	if m.Begin != nil {
		t.move(p, m)
	}
	if m.First {
		*t.made, *t.signals = 0, 0
	}
	for _, w := range t.of {
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
	// What is left of spikes long ago ends as 0: products of subnormal numbers take a hundred times as long.
	preTrace     = compute.Formula("where(abs(alpha*old + gain*z) - least, alpha*old + gain*z, 0)", "z").With("least", 1e-30)
	weighted     = compute.Formula("slope*(gain*f + h)", "slope", "f", "h")
	adaptation   = compute.Formula("rho*old - beta*q", "beta", "q")
	faded        = compute.Formula("kappa*old")
	constant     = compute.Formula("x")
	moved        = compute.Formula("f*old + h*adapted", "f", "h", "adapted")
	both         = compute.Formula("f*trace + h*adapted", "f", "trace", "h", "adapted")
	scaled       = compute.Formula("f*old", "f")
	product      = compute.Formula("trace*of", "trace", "of")
	tracesToGrad = compute.Formula("sum/share + r*passed", "sum", "r", "passed")
	noSelf       = compute.Formula("apart*old", "apart")
)

// before moves ε_v on, which is of z of the step before.
func (t *traces) before(p *nets.Pass, m nets.Moment) *compute.Tensor {
	at := t.kept[*t.made]
	for i, w := range t.of {
		from := m.X
		if i > 0 {
			from = examples(p, m, t.z)
		}
		pre := examples(p, m, w.pre)
		p.Into(pre, preTrace.With("alpha", t.decay(t.Tau)).With("gain", t.gain()), from)
		p.Do(compute.Copy{Dst: examples(p, m, at.pre[i]), Src: pre})
	}
	return examples(p, m, at.slope)
}

// after keeps the signal, and moves the traces on when enough steps are there.
func (t *traces) after(p *nets.Pass, m nets.Moment, d *compute.Tensor) {
	if d != nil {
		p.Do(compute.Gemm{C: examples(p, m, t.kept[*t.made].signal), A: d, B: t.feedback, Epilogue: compute.Epilogue{Alpha: 1}})
		*t.signals |= 1 << *t.made
	}
	if *t.made++; *t.made == int64(len(t.kept)) {
		t.move(p, m)
	}
}

// A tracing is what one of the results is made of: f, c_F in the end; h, c_a in the end; and q, examples × steps × cells.
type tracing struct{ f, h, q *compute.Tensor }

// trace goes back through the steps that are kept. With signals f is a number of each cell, which begins as 0, else one of all.
func (t *traces) trace(p *nets.Pass, m nets.Moment, f, h, gain, kappa float32, signals bool) tracing {
	n, all := int(*t.made), p.Learners*m.Examples()
	cells := func() *compute.Tensor { return p.Tensor(p.Learners, m.Examples(), t.cells()) }
	r, q := tracing{f: p.Tensor(1), h: cells()}, p.Tensor(n, all, t.cells())
	if signals {
		r.f = cells()
	}
	p.Into(r.f, constant.With("x", f))
	p.Into(r.h, constant.With("x", h))
	for k := n - 1; k >= 0; k-- {
		at := t.kept[k]
		if signals && *t.signals>>k&1 != 0 {
			p.Into(r.f, added, examples(p, m, at.signal))
		}
		now := p.View(q, k*all*t.cells(), p.Learners, m.Examples(), t.cells())
		p.Into(now, weighted.With("gain", gain), examples(p, m, at.slope), r.f, r.h)
		if t.Adaptive > 0 {
			p.Into(r.h, adaptation.With("rho", t.decay(t.TauA)), t.beta, now)
		}
		if kappa != 1 {
			p.Into(r.f, faded.With("kappa", kappa))
		}
	}
	r.q = p.Swapped(q)
	return r
}

// move makes the steps that are kept, all at once.
func (t *traces) move(p *nets.Pass, m nets.Moment) {
	if *t.made == 0 {
		return
	}
	kappa := t.decay(t.ReadoutTau)
	eligible := t.trace(p, m, 1, 0, 1-kappa, kappa, false)
	var signalled, adapted, passed tracing
	if *t.signals != 0 {
		signalled = t.trace(p, m, 0, 0, 1-kappa, kappa, true)
	}
	if t.Adaptive > 0 {
		adapted = t.trace(p, m, 0, 1, 0, 1, false)
	}
	if t.RateCost > 0 {
		passed = t.trace(p, m, 1, 0, 1, 1, false)
	}
	for i, w := range t.of {
		pre := t.pre(p, m, i)
		if signalled.q != nil {
			t.sum(p, m, w, w.sum, signalled, pre, true)
		}
		if passed.q != nil {
			t.sum(p, m, w, w.passed, passed, pre, false)
		}
		all := t.each(p, m, w.traces)
		if w.adapted == nil {
			p.Into(all, scaled, eligible.f)
			outer(p, all, eligible.q, pre)
			continue
		}
		a := t.each(p, m, w.adapted)
		p.Into(all, moved, eligible.f, column(p, m, eligible.h), a)
		outer(p, all, eligible.q, pre)
		p.Into(a, scaled, column(p, m, adapted.h))
		outer(p, a, adapted.q, pre)
	}
	*t.made, *t.signals = 0, 0
}

// pre returns ε_v of the steps that are kept, examples × steps × from.
func (t *traces) pre(p *nets.Pass, m nets.Moment, matrix int) *compute.Tensor {
	n, all, from := int(*t.made), p.Learners*m.Examples(), t.of[matrix].weights.Cols()
	x := p.Tensor(n, all, from)
	for k, at := range t.kept[:n] {
		p.Do(compute.Copy{Dst: p.View(x, k*all*from, all, from), Src: examples(p, m, at.pre[matrix])})
	}
	return p.Swapped(x)
}

// outer adds the outer products of all steps to a trace of each example.
func outer(p *nets.Pass, to, q, pre *compute.Tensor) {
	p.Do(compute.Gemm{C: to, A: q, TransA: true, B: pre, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1}})
}

// sum adds a result of all steps and examples to one of cells × from; of F too, or of ε_a alone.
func (t *traces) sum(p *nets.Pass, m nets.Moment, w synapseTraces, to *compute.Tensor, of tracing, pre *compute.Tensor, traces bool) {
	n := m.Examples() * int(*t.made)
	outer(p, to, p.View(of.q, 0, p.Learners, n, t.cells()), p.View(pre, 0, p.Learners, n, w.weights.Cols()))
	var each *compute.Tensor
	switch f := t.each(p, m, w.traces); {
	case traces && w.adapted != nil:
		each = p.Like(f)
		p.Into(each, both, column(p, m, of.f), f, column(p, m, of.h), t.each(p, m, w.adapted))
	case traces:
		each = p.Map(product, f, column(p, m, of.f))
	case w.adapted != nil:
		each = p.Map(product, t.each(p, m, w.adapted), column(p, m, of.h))
	default:
		return
	}
	each = p.View(each, 0, p.Learners, m.Examples(), t.cells()*w.weights.Cols())
	p.Do(compute.Reduce{Out: to, In: []*compute.Tensor{each}, Along: compute.AlongRows, Alpha: 1, Beta: 1})
}

// gradients are Σ L·F and, of the rate cost, r·Σ e.
func (t *traces) gradients(p *nets.Pass, m nets.Moment, share float32, r *compute.Tensor) {
	t.move(p, m)
	r = p.View(r, 0, p.Learners, t.cells(), 1)
	for _, w := range t.of {
		g := t.store.Grad(w.weights)
		if w.passed == nil {
			p.Into(g, shared.With("share", share), w.sum)
			continue
		}
		p.Into(g, tracesToGrad.With("share", share), w.sum, r, w.passed)
	}
	p.Into(t.store.Grad(t.recurrent), noSelf, t.apart)
}
