package spiking

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// An adjoint is form "adjoint" of [EProp], with credit "eprop" or "bptt".
type adjoint struct {
	*EProp
	kept []epropStep
	made *int64   // steps of the trial
	want []*int64 // a bit for each step: it wants something
}

// An epropStep is what is kept of a step, State so that a run that was cut within a trial goes on.
type epropStep struct {
	x, z, slope *compute.Tensor // z of the step before
	d           *compute.Tensor // ∂E/∂y
}

// mostKept is the most steps that are kept. Each takes four named tensors.
const mostKept = 1 << 14

func (a *adjoint) build(s *nets.Store, spec nets.Spec) error {
	if spec.Trial > mostKept {
		return fmt.Errorf("eprop: form=adjoint keeps all steps of a trial, here %d, want at most %d, or form=traces", spec.Trial, mostKept)
	}
	for t := range spec.Trial {
		of := func(name string, cols int) *compute.Tensor {
			return s.State(fmt.Sprintf("step.%d.%s", t, name), nets.Zeros, spec.Examples, cols)
		}
		a.kept = append(a.kept, epropStep{of("input", spec.In.Len()), of("spikes", a.cells()), of("slope", a.cells()), of("error", spec.Out)})
	}
	a.made = s.Counter("made")
	for k := range (spec.Trial + 63) / 64 {
		a.want = append(a.want, s.Counter(fmt.Sprintf("want.%d", k)))
	}
	return nil
}

func (a *adjoint) begin(p *nets.Pass, m nets.Moment) {
	if m.First {
		*a.made = 0
	}
	switch {
	case m.Begin != nil:
		p.Fail(fmt.Errorf("eprop: form=adjoint, and examples begin trials at moments of their own; want form=traces"))
	case *a.made == int64(len(a.kept)):
		p.Fail(fmt.Errorf("eprop: a trial of more than the %d moments that the task promised", len(a.kept)))
	}
}

var forAll = compute.Formula("x", "x")

func (a *adjoint) before(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if p.Failed() != nil {
		return nil
	}
	at := a.kept[*a.made]
	if x := examples(p, m, at.x); m.X.Len() == x.Len() {
		p.Do(compute.Copy{Dst: x, Src: m.X})
	} else {
		p.Into(x, forAll, m.X)
	}
	p.Do(compute.Copy{Dst: examples(p, m, at.z), Src: examples(p, m, a.z)})
	return examples(p, m, at.slope)
}

func (a *adjoint) after(p *nets.Pass, m nets.Moment, d *compute.Tensor) {
	if p.Failed() != nil {
		return
	}
	step := *a.made
	if *a.want[step/64] &^= 1 << (step % 64); d != nil {
		a.keep(p, m, step, d)
	}
	*a.made++
}

// keep sets ∂E/∂y of a step.
func (a *adjoint) keep(p *nets.Pass, m nets.Moment, step int64, d *compute.Tensor) {
	*a.want[step/64] |= 1 << (step % 64)
	p.Do(compute.Copy{Dst: examples(p, m, a.kept[step].d), Src: d})
}

var (
	voltageError   = compute.Formula("alpha*old + slope*(g + la)", "slope", "g", "la")
	thresholdError = compute.Formula("rho*old - beta*(slope*(g + old))", "slope", "g", "beta")
	// with errors of other cells
	voltageErrors   = compute.Formula("alpha*old + slope*((g + others) + la)", "slope", "g", "la", "others")
	thresholdErrors = compute.Formula("rho*old - beta*(slope*((g + others) + old))", "slope", "g", "beta", "others")

	oneShare   = compute.Formula("old/share")
	apartShare = compute.Formula("apart*old/share", "apart")
	leaking    = compute.Formula("kappa*old + bias", "bias")
	times      = compute.Formula("by*x", "x")
	forgotten  = compute.Formula("0")
)

// gradients goes back through the trial, with errors times share. g is G + r, of which r stays what it is:
//
//	g ← κ·g + (1−κ)·(L + r), r at the end of the trial
func (a *adjoint) gradients(p *nets.Pass, m nets.Moment, share float32, r *compute.Tensor) {
	like := func(f *compute.Func, in ...*compute.Tensor) *compute.Tensor {
		t := p.Tensor(p.Learners, m.Examples(), a.cells())
		p.Into(t, f, in...)
		return t
	}
	kappa, gain := a.decay(a.ReadoutTau), a.gain()
	r = p.Map(times.With("by", share), r)
	g, lv, la, bias := like(forAll, r), like(forgotten), like(forgotten), p.Map(times.With("by", 1-kappa), r)
	gradIn, gradRecurrent := a.store.Grad(a.in), a.store.Grad(a.recurrent)
	voltage, threshold := voltageError, thresholdError
	var others []*compute.Tensor
	if a.Credit == creditBPTT {
		voltage, threshold, others = voltageErrors, thresholdErrors, []*compute.Tensor{p.Like(g)}
	}
	voltage, threshold = voltage.With("alpha", a.decay(a.Tau)), threshold.With("rho", a.decay(a.TauA))
	keep := float32(0)
	add := func(to, pre *compute.Tensor) {
		p.Do(compute.Gemm{C: to, A: lv, TransA: true, B: examples(p, m, pre), Epilogue: compute.Epilogue{Alpha: gain, Beta: keep}})
	}
	for t := int(*a.made) - 1; t >= 0 && p.Failed() == nil; t-- {
		at := a.kept[t]
		slope := examples(p, m, at.slope)
		if *a.want[t/64]>>(t%64)&1 == 0 {
			p.Into(g, leaking.With("kappa", kappa), bias)
		} else {
			p.Do(compute.Gemm{C: g, A: examples(p, m, at.d), B: a.feedback, Epilogue: compute.Epilogue{Alpha: 1 - kappa, Beta: kappa, Bias: bias}})
		}
		for _, o := range others {
			p.Do(compute.Gemm{C: o, A: lv, B: a.recurrent, Epilogue: compute.Epilogue{Alpha: gain}})
		}
		p.Into(lv, voltage, append([]*compute.Tensor{slope, g, la}, others...)...)
		if a.Adaptive > 0 {
			p.Into(la, threshold, append([]*compute.Tensor{slope, g, a.beta}, others...)...)
		}
		add(gradIn, at.x)
		add(gradRecurrent, at.z)
		keep = 1
	}
	p.Into(gradIn, oneShare.With("share", share))
	p.Into(gradRecurrent, apartShare.With("share", share), a.apart)
}
