package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets/stack"
)

// patience is by how much a training step may be slower than an op: a rule may take so many times
// Options.MaxCase on a device.
const patience = 4

// A watched Backend is asked for as much as the one in it, and counts what memory it gives. It is
// given a checker for as long as its results are to be verified.
type watched struct {
	compute.Backend
	checker *compute.Verifier
	allocs  int
	full    error // what the last request for memory came to
}

func (w *watched) Alloc(n int) (b compute.Buffer, err error) {
	w.allocs++
	b, err = w.Backend.Alloc(n)
	w.full = err
	return b, err
}

func (w *watched) Run(op compute.Op) error {
	if w.checker != nil {
		return w.checker.Run(op)
	}
	return w.Backend.Run(op)
}

func (w *watched) TimeOps(f func(compute.Timing)) error { return compute.TimeOps(w.Backend, f) }

func (w *watched) Rehearse(ops []compute.Op) bool { return compute.Rehearse(w.Backend, ops) }

// Close leaves the Backend open: it is not ours.
func (w *watched) Close() error { return nil }

// A class is all rules of a course on one device.
type class struct {
	*course
	own    *device
	dev    *compute.Device
	watch  *watched
	clock  *stopwatch
	limit  time.Duration // Options.MaxCase
	over   func() error  // why the run ends before its time, or nil
	pupils []*pupil
}

// A pupil is a network that learns by one rule. Its Status leaves OK at the first thing that goes
// wrong, and from then on it does nothing.
type pupil struct {
	Result
	*class
	rule   string
	tr     *stack.Trainer
	n      int       // steps in a sample
	seen   []float64 // seconds of a step
	timed  int       // steps
	allocs int       // in those
}

// enrol is the class of k on d, with every network verified and warm. All are made before the first
// step, since what lives as long as a Device may take memory that a step has left.
func (r *runner) enrol(ctx context.Context, c Case, k *course, d *device) *class {
	w := &watched{Backend: d.backend}
	l := &class{course: k, own: d, dev: r.Options.open(w), watch: w, clock: d.clock, limit: r.Options.MaxCase, over: ctx.Err}
	for _, rule := range k.Rules {
		named := c
		named.Name += " " + rule
		p := &pupil{Result: r.result(named, k.bills[rule].total(), d.info), class: l, rule: rule}
		p.Kind += " " + rule
		l.pupils = append(l.pupils, p)
		p.make()
	}
	for _, p := range l.pupils {
		if p.well() {
			p.warm()
		}
	}
	return l
}

// make makes the network, unless it is known to be too slow.
func (p *pupil) make() {
	if roof := p.own.roof; roof.Flops > 0 && roof.Bytes > 0 {
		s, _ := p.bills[p.rule].under(roof)
		p.tooSlow(s, "takes at least")
	}
	if !p.well() {
		return
	}
	compute.Rehearse(p.watch, p.ops[p.rule])
	var err error
	p.tr, err = p.trainer(p.dev, p.rule)
	p.fail(err)
}

// well reports whether p, its device and the run can go on. A training may take a minute, and is not
// waited for.
func (p *pupil) well() bool {
	switch {
	case p.own.lost != nil:
		p.stop(Skipped, "the device has failed before: "+p.own.lost.Error())
	case p.over() != nil:
		p.stop(Skipped, "interrupted")
	}
	return p.Status == OK
}

// warm verifies the first step and makes some more, until their times are stable.
func (p *pupil) warm() {
	if p.verify(); !p.well() {
		return
	}
	took, err := p.clock.lap(p.steps, 1)
	if err == nil {
		took, err = p.clock.awake(p.steps, took, patience*p.limit/runs)
	}
	p.fail(err)
	if p.tooSlow(took.Seconds(), "takes"); !p.well() {
		return
	}
	p.n, err = p.clock.settle(p.steps, p.limit)
	p.fail(err)
}

// looked is how many elements of each output of each op of the first step are verified.
const looked = 4

func (p *pupil) verify() {
	p.watch.checker = compute.Verify(p.watch.Backend, looked)
	err := p.steps(1)
	p.judge(p.watch.checker.Tally)
	p.watch.checker = nil
	runtime.GC() // of all operands of all ops, or it would be done while steps are timed
	p.Sample = fmt.Sprintf("%d elements of every output of every op of the first step", looked)
	p.fail(err)
}

// steps is what is timed.
func (p *pupil) steps(n int) error {
	for range n {
		if err := p.tr.Step(p.x, p.y, rate); err != nil {
			return err
		}
	}
	return p.dev.Sync()
}

func (p *pupil) tooSlow(seconds float64, verb string) {
	if limit := patience * p.limit; seconds*runs > limit.Seconds() {
		p.stop(Skipped, fmt.Sprintf("one step %s about %s on this device, and %d of them more than the limit of %v",
			verb, roughly(seconds), runs, limit))
	}
}

func (p *pupil) fail(err error) {
	switch {
	case errors.Is(err, compute.ErrWrong), errors.Is(err, stack.ErrDiverged):
		p.stop(Failed, err.Error())
	case err != nil && p.watch.full != nil:
		p.stop(Skipped, "does not fit the device: "+err.Error())
	case err != nil:
		p.stop(Broken, err.Error())
		p.own.lost = p.dev.Sync() // an error of now leaves nothing behind; one of later stays
	}
}

// round takes one round of samples, of all with whom all is well in turns.
func (l *class) round() {
	limit := l.limit / rounds * time.Duration(len(l.pupils))
	l.rouse()
	start := l.clock.now()
	for k := 1; slices.ContainsFunc(l.pupils, (*pupil).well); k++ {
		for _, p := range l.pupils {
			if p.well() {
				p.sample()
			}
		}
		spent := l.clock.now().Sub(start)
		if k >= enough/rounds && spent >= limit/10 || k >= fewest/rounds && spent >= patience*limit {
			return
		}
	}
}

// rouse has a device that was left alone work until it is awake.
func (l *class) rouse() {
	i := slices.IndexFunc(l.pupils, (*pupil).well)
	if i < 0 || l.clock.owed() == 0 {
		return
	}
	p := l.pupils[i]
	_, err := p.clock.settle(p.steps, p.limit)
	p.fail(err)
}

// sample times a few steps, and counts what memory they ask for.
func (p *pupil) sample() {
	before := p.watch.allocs
	took, err := p.clock.lap(p.steps, p.n)
	p.allocs += p.watch.allocs - before
	p.timed += p.n
	p.seen = append(p.seen, took.Seconds()/float64(p.n))
	p.fail(err)
}

// conclude turns the samples into the result. A step that asks for memory, after the first ones, or
// leads to no finite loss is a fault.
func (p *pupil) conclude() {
	if p.Status != OK {
		return
	}
	p.Allocs = &p.allocs
	if p.allocs > 0 {
		p.stop(Failed, fmt.Sprintf("memory was asked for %d times in %d steps after the first ones, want never", p.allocs, p.timed))
		return
	}
	if _, err := p.tr.Score(); err != nil {
		p.fail(err)
		return
	}
	p.rate(p.seen)
	p.Images = float64(p.N) / p.Seconds
	if p.own.roof.Flops == 0 || p.own.roof.Bytes == 0 {
		return
	}
	s, by := p.bills[p.rule].under(p.own.roof)
	p.Share, p.BoundBy = s/p.Seconds, by
}

// train measures the steps of t on all devices and, of backprop, on peer.
func (r *runner) train(ctx context.Context, c Case, t Training, peer *Peer) []Result {
	k, err := newCourse(c, t, r.Options.Seed, r.Options.Allow)
	if err != nil { // a mistake in the case itself
		res := r.result(c, compute.Cost{}, r.devices[0].info)
		res.Status, res.Note = Broken, err.Error()
		return []Result{res}
	}
	var classes []*class
	for _, d := range r.devices {
		l := r.enrol(ctx, c, k, d)
		defer l.dev.Close()
		classes = append(classes, l)
	}
	if ctx.Err() != nil {
		peer = nil
	}
	if peer != nil {
		named := c
		named.Name += " " + t.Rules[0]
		res := r.result(named, k.bills[t.Rules[0]].total(), peer.info())
		res.Kind += " " + t.Rules[0]
		peer.enrol(k, res)
	}
	for range rounds {
		for _, l := range classes {
			l.round()
		}
		if peer != nil && ctx.Err() == nil {
			peer.time(patience * r.Options.MaxCase / rounds)
		}
	}
	return r.graduate(classes, peer)
}

// graduate collects the results, rule by rule.
func (r *runner) graduate(classes []*class, peer *Peer) (all []Result) {
	for i := range classes[0].pupils {
		var results []Result
		for _, l := range classes {
			p := l.pupils[i]
			p.conclude()
			if first := l.pupils[0]; i > 0 && p.Seconds > 0 && first.Seconds > 0 {
				p.VsBackprop = paired(p.seen, first.seen)
			}
			results = append(results, p.Result)
		}
		if i == 0 && peer != nil {
			peer.drop()
			if res := peer.take(); res != nil {
				if res.Seconds > 0 {
					res.Images = float64(classes[0].N) / res.Seconds
				}
				results = append(results, *res)
			}
		}
		compare(results)
		all = append(all, results...)
	}
	return all
}

// paired is the median ratio of samples that were taken in turns.
func paired(a, b []float64) float64 {
	ratios := make([]float64, min(len(a), len(b)))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	m, _, _ := summary(ratios)
	return m
}
