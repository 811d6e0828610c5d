package bench

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// trainingLimit is how many times Options.MaxCase a rule may take on a device: a training step is slower than an op.
const trainingLimit = 4

// A counted Backend counts the requests for memory. While it has a checker, its results are verified.
type counted struct {
	compute.Backend
	checker *compute.Verifier
	over    func() error // why no op may run, or nil
	allocs  int
	full    error // of the last request for memory
}

func (b *counted) Alloc(n int) (buf compute.Buffer, err error) {
	b.allocs++
	buf, err = b.Backend.Alloc(n)
	b.full = err
	return buf, err
}

func (b *counted) Run(op compute.Op) error {
	if err := b.over(); err != nil {
		return err
	}
	if b.checker != nil {
		return b.checker.Run(op)
	}
	return b.Backend.Run(op)
}

func (b *counted) TimeOps(f func(compute.Timing)) error { return compute.TimeOps(b.Backend, f) }

func (b *counted) Rehearse(ops []compute.Op) bool { return compute.Rehearse(b.Backend, ops) }

// Close leaves the Backend open, since the caller of Run owns it.
func (b *counted) Close() error { return nil }

// A ruleComparison has the trials of all rules of a training on one device.
type ruleComparison struct {
	*trainingProblem
	dev     *compute.Device // on backend
	backend *counted
	clock   *stopwatch
	maxCase time.Duration // of Options
	trials  []*trainingTrial
}

// A trainingTrial is the timing of a network that learns by one rule.
type trainingTrial struct {
	timing
	*ruleComparison
	rule    string
	trainer *stack.Trainer
	n       int // steps in a sample
	timed   int // steps
	allocs  int // in those
}

// compareRules makes the trials of p on d, with every network verified and warm. All networks are made before the first
// step and make a last one in turns, since tensors that live as long as a Device, and rings of metrics are made by first
// steps, may take memory that a step has left.
func (r *runner) compareRules(c Case, p *trainingProblem, d *device) *ruleComparison {
	b := &counted{Backend: d.backend, over: r.over}
	rc := &ruleComparison{trainingProblem: p, dev: r.Options.open(b), backend: b, clock: d.clock, maxCase: r.Options.MaxCase}
	for _, rule := range p.Rules {
		result := r.trainingResult(c, p, rule, d.info)
		t := &trainingTrial{timing: timing{device: d, limit: trainingLimit * rc.maxCase, Result: result}, ruleComparison: rc, rule: rule}
		rc.trials = append(rc.trials, t)
		t.make()
	}
	for _, t := range rc.trials {
		if t.well() {
			t.warm()
		}
	}
	for _, t := range rc.trials {
		if t.well() {
			t.fail(t.steps(1))
		}
	}
	return rc
}

// trainingResult is an empty result of the steps of c by a rule.
func (r *runner) trainingResult(c Case, p *trainingProblem, rule string, info compute.Info) Result {
	c.Name += " " + rule
	return r.result(c, p.describe(rule), p.costs[rule].total(), info)
}

// make makes the network, unless it is known to be too slow.
func (t *trainingTrial) make() {
	if t.device.roof.Known() {
		s, _ := t.costs[t.rule].under(t.device.roof)
		t.tooSlow("step", s, "takes at least")
	}
	if !t.well() {
		return
	}
	compute.Rehearse(t.backend, t.ops[t.rule])
	var err error
	t.trainer, err = t.newTrainer(t.dev, t.rule)
	t.fail(err)
}

// well reports whether t, its device and the run can go on. A run that is interrupted ends in the middle of a training,
// which may take a minute.
func (t *trainingTrial) well() bool {
	if t.stopIfLost(); t.backend.over() != nil {
		t.stop(Skipped, errInterrupted.Error())
	}
	return t.Status == OK
}

// warm verifies the first step and makes some more, until their times are stable.
func (t *trainingTrial) warm() {
	if t.verify(); !t.well() {
		return
	}
	took, err := t.clock.lap(t.steps, 1)
	if err == nil {
		took, err = t.clock.rerun(t.steps, took, t.limit/runs)
	}
	t.fail(err)
	if t.tooSlow("step", took.Seconds(), "takes"); !t.well() {
		return
	}
	t.n, err = t.clock.settle(t.steps, t.maxCase)
	t.fail(err)
}

// verified is how many elements of each output of each op of the first step are verified.
const verified = 4

func (t *trainingTrial) verify() {
	t.backend.checker = compute.Verify(t.backend.Backend, verified)
	err := t.steps(1)
	t.judge(t.backend.checker.Tally)
	t.backend.checker = nil
	runtime.GC() // of all operands of all ops, which would otherwise happen while steps are timed
	t.Sample = fmt.Sprintf("%d elements of every output of every op of the first step", verified)
	t.fail(err)
}

// steps makes n steps and waits for them.
func (t *trainingTrial) steps(n int) error {
	for range n {
		if err := t.trainer.Step(t.x, t.y, rate); err != nil {
			return err
		}
	}
	return t.dev.Sync()
}

func (t *trainingTrial) fail(err error) {
	switch {
	case errors.Is(err, errInterrupted):
		t.Result.fail(err)
	case errors.Is(err, compute.ErrWrong), errors.Is(err, nets.ErrDiverged):
		t.stop(Failed, err.Error())
	case err != nil && t.backend.full != nil:
		t.stop(Skipped, "does not fit the device: "+err.Error())
	case err != nil:
		t.stop(Broken, err.Error())
		t.device.lost = t.dev.Sync() // an error of now leaves nothing behind; one of later stays
	}
}

// round takes one round of samples, in turns, of all trials with which all is well.
func (rc *ruleComparison) round() {
	limit := rc.maxCase / rounds * time.Duration(len(rc.trials))
	rc.warmUp()
	start := rc.clock.now()
	for k := 1; slices.ContainsFunc(rc.trials, (*trainingTrial).well); k++ {
		for _, t := range rc.trials {
			if t.well() {
				t.sample()
			}
		}
		spent := rc.clock.now().Sub(start)
		if k >= enough/rounds && spent >= limit/10 || k >= fewest/rounds && spent >= trainingLimit*limit {
			return
		}
	}
}

// warmUp has a device that was idle work until it has its full clock.
func (rc *ruleComparison) warmUp() {
	i := slices.IndexFunc(rc.trials, (*trainingTrial).well)
	if i < 0 || rc.clock.warmUp() == 0 {
		return
	}
	t := rc.trials[i]
	_, err := rc.clock.settle(t.steps, rc.maxCase)
	t.fail(err)
}

// sample times a few steps, and counts their requests for memory.
func (t *trainingTrial) sample() {
	before := t.backend.allocs
	took, err := t.clock.lap(t.steps, t.n)
	t.allocs += t.backend.allocs - before
	t.timed += t.n
	t.seen = append(t.seen, took.Seconds()/float64(t.n))
	t.fail(err)
}

// finish turns the samples into the result. A step that asks for memory, after the first ones, or leads to no finite loss
// is a fault.
func (t *trainingTrial) finish() {
	if t.Status != OK {
		return
	}
	t.Allocs = &t.allocs
	if t.allocs > 0 {
		t.stop(Failed, fmt.Sprintf("memory was asked for %d times in %d steps after the first ones, want never", t.allocs, t.timed))
	} else if _, err := t.trainer.Score(); err != nil {
		t.fail(err)
	}
	if t.conclude(t.costs[t.rule].under); t.Seconds > 0 {
		t.Images = float64(t.N) / t.Seconds
	}
}

// train measures the steps of the training of c on devices and, of the rules that it has, on peer.
func (r *runner) train(c Case, on []*device, peer *Peer) []Result {
	p, err := newTrainingProblem(c, r.Options.Seed, r.Options.Allow)
	if err != nil {
		return r.mistaken(c, err)
	}
	var devices []*ruleComparison
	for _, d := range on {
		rc := r.compareRules(c, p, d)
		defer rc.dev.Close()
		devices = append(devices, rc)
	}
	if r.over() != nil {
		peer = nil
	}
	for i, rule := range p.Rules {
		runs := slices.ContainsFunc(devices, func(rc *ruleComparison) bool { return rc.trials[i].well() })
		if peer != nil && runs && slices.Contains(inTorch, rule) {
			peer.loadTraining(p, rule, r.trainingResult(c, p, rule, peer.info()))
		}
	}
	for range rounds {
		for _, rc := range devices {
			rc.round()
		}
		if peer != nil {
			peer.time(trainingLimit * r.Options.MaxCase / rounds)
		}
	}
	return collect(devices, peer)
}

// collect returns the results of a training, rule by rule.
func collect(devices []*ruleComparison, peer *Peer) (all []Result) {
	theirs := map[string]*Result{}
	if peer != nil {
		peer.drop()
		for res := peer.take(); res != nil; res = peer.take() {
			theirs[res.Case] = res
		}
	}
	for i := range devices[0].trials {
		var results []Result
		for _, rc := range devices {
			t, first := rc.trials[i], rc.trials[0]
			if t.finish(); i > 0 && t.Seconds > 0 && first.Seconds > 0 {
				t.VsBackprop = paired(t.seen, first.seen)
			}
			results = append(results, t.Result)
		}
		if res := theirs[results[0].Case]; res != nil {
			if res.Seconds > 0 {
				res.Images = float64(devices[0].N) / res.Seconds
			}
			results = append(results, *res)
		}
		relate(results)
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
