package nets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/internal/memory"
	"hebb/nets/spread"
)

// A Run describes the training of a System on a Task, for any number of learners. System, Task, Test and Probe return a new
// value at each call, since every build needs fresh ones.
type Run struct {
	System   func() System
	Task     func() Task
	Test     func() Task // for [Session.Evaluate]; or nil
	Probe    func() Task // its first moment is shown by [Session.Compare]; nil: the last moment of training
	Learners int         // 0 is 1
	Seed     uint64      // learner l is a run of one learner with the seed Seed + l
	Rate     float64     // learning rate, which Schedule multiplies
	Schedule Schedule    // zero: constant
	Moments  int         // length of the run; 0: Epochs
	Epochs   int

	// Micro is how many parts moments of training are learned from in, a power of two; 0 is 1. What is learned depends on it,
	// and neither on the number of processes nor on which of them has which parts, see [Divided]. Learners take turns then.
	Micro int
	// World is the processes that make the run together, each with the same Run; nil is this one alone. Where there are as many
	// learners as processes, process r of W has the learners [r·L/W, (r+1)·L/W), else the parts [r·Micro/W, (r+1)·Micro/W) of
	// each moment. Every method of a [Session] but Peek is called by all processes alike.
	World spread.World
}

// A Session is a Run in progress on a device: it steps, reads metrics, evaluates, and reads and writes tensors.
type Session struct {
	Run
	Spec Spec // of the training task

	dev     *compute.Device
	first   int // learner of this process
	last    int // and the one after its last
	lo, hi  int // parts of this process
	cohorts []*cohort
	alone   error // why the learners take turns; or nil
	number  uint64
	between bool           // trials
	lost    map[int]error  // by learner; without learners that go on
	lostAt  map[int]uint64 // the number then
	done    map[int]error  // by learner; only finished ones
}

// A cohort is the learners that are computed side by side, with one System.
type cohort struct {
	first int
	store *Store
	spec  Spec
	system
	task, test *builtTask
	probe      *builtTask
	parts      *parts // nil where moments are whole
}

// A system is a System with the metrics of its evaluations.
type system struct {
	System
	evaluated *accumulator // the store has those of learning
}

// A builtTask is a Task with its Store.
type builtTask struct {
	Task
	spec  Spec
	store *Store
	show  uint64 // random streams of Show and of Judge
	judge uint64
}

// Open builds the systems and tasks on dev, with all learners side by side if the system supports that.
func (r Run) Open(dev *compute.Device) (*Session, error) {
	if r.Learners == 0 {
		r.Learners = 1
	}
	switch {
	case r.System == nil || r.Task == nil:
		return nil, errors.New("nets: a Run without a System or a Task")
	case r.Learners < 0:
		return nil, fmt.Errorf("nets: %d learners, want at least 1", r.Learners)
	case r.Moments < 0 || r.Epochs < 0:
		return nil, fmt.Errorf("nets: %d moments and %d epochs, want at least 0", r.Moments, r.Epochs)
	case !(math.Abs(r.Rate) <= math.MaxFloat32):
		return nil, fmt.Errorf("nets: a rate of %g, want a finite number", r.Rate)
	}
	if r.Schedule.Kind == "" {
		r.Schedule.Kind = "constant"
	}
	if err := r.Schedule.Check(); err != nil {
		return nil, err
	}
	s := &Session{Run: r, dev: dev, between: true}
	if err := s.assign(); err != nil {
		return nil, err
	}
	width := s.last - s.first
	if s.divided() && r.Learners > 1 {
		s.alone, width = fmt.Errorf("%w: their moments are in %d parts", ErrAlone, s.Micro), 1
	}
	if width > 1 {
		if err := s.stage(width); errors.Is(err, ErrAlone) {
			s.alone, width = err, 1
		}
	}
	for first := s.first; first < s.last; first += width {
		c, err := s.build(first, width)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.cohorts = append(s.cohorts, c)
	}
	s.Spec, s.lost, s.lostAt = s.cohorts[0].spec, map[int]error{}, map[int]uint64{}
	s.done = map[int]error{}
	return s, nil
}

// assign finds the learners and parts of this process.
func (s *Session) assign() error {
	s.Micro = max(s.Micro, 1)
	s.last, s.hi = s.Learners, s.Micro
	if s.Micro&(s.Micro-1) != 0 {
		return fmt.Errorf("nets: moments in %d parts, want a power of two", s.Micro)
	}
	if s.World == nil || s.World.Size() == 1 {
		return nil
	}
	rank, size := s.World.Rank(), s.World.Size()
	switch {
	case s.Learners >= size:
		s.first, s.last = spread.Parts(s.Learners, rank, size)
	case s.Micro >= size:
		s.lo, s.hi = spread.Parts(s.Micro, rank, size)
	default:
		return fmt.Errorf("nets: %d processes, and %s whose moments are in %s: want as many learners, or as many parts (--micro)",
			size, count.Of(s.Learners, "learner"), count.Of(s.Micro, "part"))
	}
	return nil
}

// divided reports whether moments of training are in parts.
func (s *Session) divided() bool { return s.Micro > 1 }

// stage builds width learners on a device that computes nothing, to see whether that is possible.
func (s *Session) stage(width int) error {
	c := &cohort{}
	err := s.assemble(c, nil, compute.New(&compute.Stage{Of: s.dev.Info()}), width)
	return errors.Join(err, c.close())
}

// build builds a cohort: first on a stage, which gives the sizes, then on the device.
func (s *Session) build(first, width int) (*cohort, error) {
	plan, stage := &cohort{first: first}, &compute.Stage{Of: s.dev.Info()}
	err := s.assemble(plan, nil, compute.New(stage), width)
	if err == nil && first == s.first {
		err = s.affordable(plan, stage)
	}
	if err = errors.Join(err, plan.close()); err != nil {
		return nil, err
	}
	c := &cohort{first: first}
	if err := s.assemble(c, plan, s.dev, width); err != nil {
		return nil, errors.Join(err, c.close())
	}
	if starter, ok := c.System.(Starter); ok {
		err := c.work(s.dev, func(p *Pass) { starter.Start(p) }, func(p *Pass) { p.Number = StartNumber })
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	if s.divided() {
		if c.parts, err = newParts(s, c, s.dev, s.lo, s.hi); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// affordable reports learners that need more memory than is free: a copy of their tensors for checkpoints and, if the
// device uses the machine's memory, what they hold and as much again for the work of a moment. A single learner cannot
// be made fewer, so only what it holds counts.
func (s *Session) affordable(plan *cohort, stage *compute.Stage) error {
	free, ok := available()
	info := s.dev.Info()
	shared := info.Backend == "cpu" || info.Software
	if s.Learners == 1 {
		if ok && shared && stage.Bytes > free {
			return fmt.Errorf("nets: %w: the run needs at least %d MiB, and %d are free", ErrMemory, stage.Bytes>>20, free>>20)
		}
		return nil
	}
	each := 4 * float64(plan.store.size()+plan.task.store.size())
	if shared {
		each += 2 * float64(stage.Bytes)
	}
	each /= float64(plan.store.Learners)
	if need := each * float64(s.last-s.first); ok && need > float64(free) {
		return fmt.Errorf("nets: %w: %d learners need about %.0f MiB, and %d are free; about %.0f learners fit", ErrMemory, s.Learners, need/(1<<20), free>>20,
			float64(free)/each)
	}
	return nil
}

// available is memory.Available.
var available = memory.Available

// assemble makes a fresh System and fresh Tasks, and builds them.
func (s *Session) assemble(c *cohort, plan *cohort, dev *compute.Device, width int) (err error) {
	of := func(prefix string, p *Store) *Store { return newStore(dev, prefix, width, s.Seed+uint64(c.first), p) }
	var tasks, tests, systems *Store
	if plan != nil {
		systems, tasks = plan.store, plan.task.store
		if plan.test != nil {
			tests = plan.test.store
		}
	}
	if c.task, err = open(s.Task(), of("task.", tasks), others|ofShow, others|ofJudge); err != nil {
		return err
	}
	c.spec = c.task.spec
	c.spec.Batch = c.spec.Examples
	if c.spec.Total = s.Moments; s.Moments == 0 {
		c.spec.Total = s.Epochs * c.spec.Epoch
	}
	if s.Test != nil {
		if c.test, err = open(s.Test(), of("test.", tests), others|ofTestShow, others|ofTestJudge); err != nil {
			return err
		}
		if a, b := c.spec, c.test.spec; a.In != b.In || a.Out != b.Out || a.Classes != b.Classes {
			return fmt.Errorf("nets: the test shows %v and wants %s, and training shows %v and wants %d", b.In, count.Of(b.Out, "number"), a.In, a.Out)
		}
		if c.test.spec.Epoch == 0 {
			return errors.New("nets: the test task has no end; want a Spec with an Epoch")
		}
		c.spec.Examples, c.spec.Trial = max(c.spec.Examples, c.test.spec.Examples), longest(c.spec.Trial, c.test.spec.Trial)
	}
	if s.Probe != nil {
		if c.probe, err = open(s.Probe(), of("probe.", nil), others|ofTestShow, others|ofTestJudge); err != nil {
			return err
		}
		c.spec.Examples = max(c.spec.Examples, c.probe.spec.Examples)
	}
	c.System = s.System()
	if check, ok := c.System.(Checker); ok {
		if err := check.Check(); err != nil {
			return err
		}
	}
	if _, ok := c.System.(Rewarded); c.spec.Rewards && !ok {
		return errors.New("nets: the task only rewards answers, and the system does not learn from rewards; want another task")
	}
	if s.divided() {
		if err := divides(c.System, c.spec); err != nil {
			return err
		}
	}
	c.store = of("", systems)
	if err := c.System.Build(c.store, c.spec); err != nil {
		return cmp.Or(c.store.err, err) // the first failure is the cause
	}
	c.evaluated = &accumulator{lease: c.store.lease, learners: width}
	for name := range c.store.names {
		if c.task.store.names[name] {
			return fmt.Errorf("nets: the system and the task have a tensor called %s each", name)
		}
	}
	return c.store.finish()
}

// longest is the longer of two trials, where 0 is without end.
func longest(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

func open(t Task, s *Store, show, judge uint64) (*builtTask, error) {
	if check, ok := t.(Checker); ok {
		if err := check.Check(); err != nil {
			return nil, err
		}
	}
	spec, err := t.Build(s)
	if err == nil {
		err = errors.Join(spec.check(), s.finish())
	}
	if err != nil {
		if c, ok := t.(Closer); ok {
			err = errors.Join(err, c.Close())
		}
		return nil, err
	}
	return &builtTask{t, spec, s, show, judge}, nil
}

func (c *cohort) close() (err error) {
	for _, t := range []*builtTask{c.task, c.test, c.probe} {
		if t == nil {
			continue
		}
		if closer, ok := t.Task.(Closer); ok {
			err = errors.Join(err, closer.Close())
		}
		t.store.lease.Close()
	}
	if c.store != nil {
		c.store.lease.Close()
	}
	return err
}

// Rehearse makes one step, evaluation and comparison on a device that computes nothing, so that dev can compile the kernels
// of the run ahead.
func (r Run) Rehearse(dev *compute.Device) {
	if r.World != nil {
		r.World = spread.Unanswered(r.World)
	}
	dev.Rehearse(func(d *compute.Device) error { // an error would come again in the run
		s, err := r.Open(d)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.Step(background); err != nil {
			return err
		}
		if _, err := s.Compare(background); err != nil || s.Test == nil {
			return err
		}
		for _, c := range s.cohorts {
			for _, k := range []int{0, c.test.spec.Epoch - 1} {
				if err := s.evaluateMoment(background, c, c.test, uint64(k)); err != nil {
					return err
				}
			}
		}
		_, err = s.Try(background)
		return err
	})
}

// Close closes the tasks and frees all tensors of the run. It does not close the device.
func (s *Session) Close() (err error) {
	for _, c := range s.cohorts {
		err = errors.Join(err, c.close())
	}
	return err
}

// Alone returns why the learners take turns, an error that wraps [ErrAlone], or nil if they are side by side.
func (s *Session) Alone() error { return s.alone }

// Device returns the device of the run.
func (s *Session) Device() *compute.Device { return s.dev }

// Number returns the number of moments of training so far.
func (s *Session) Number() int { return int(s.number) }

// Total returns the number of moments of the whole run, or 0 if it has no end.
func (s *Session) Total() int { return s.Spec.Total }

// Between reports whether training is between trials: the last one has ended, and no other has begun.
func (s *Session) Between() bool { return s.between }

// EpochsMade returns the number of epochs of training so far; for a task without epochs, the number of moments.
func (s *Session) EpochsMade() float64 { return epochs(s.number, s.Spec) }

func epochs(number uint64, spec Spec) float64 {
	return float64(number) / float64(max(spec.Epoch, 1))
}

// RateNow returns the learning rate of the next moment.
func (s *Session) RateNow() float64 {
	return s.Rate * s.Schedule.Rate(s.EpochsMade(), epochs(uint64(s.Spec.Total), s.Spec))
}

// work calls f with a pass in a step of the device.
func (c *cohort) work(dev *compute.Device, f func(*Pass), set ...func(*Pass)) error {
	return dev.Step(func(st *compute.Step) error {
		p := &Pass{Step: st, Learners: c.store.Learners, Seed: c.store.Seed, store: c.store, ctx: context.Background()}
		for _, s := range set {
			s(p)
		}
		f(p)
		return p.err
	})
}

// Step trains all learners on the next moment.
func (s *Session) Step(ctx context.Context) error {
	if s.together() {
		ctx = context.WithoutCancel(ctx) // which would leave the others waiting
	}
	for _, c := range s.cohorts {
		learning := func(p *Pass) {
			p.Number, p.Rate, p.Learning, p.Epoch = s.number, s.RateNow(), true, s.EpochsMade()
			p.metrics = c.store.metrics
		}
		err := c.moment(ctx, s.dev, c.task, learning, func(m Moment) { s.between = m.Last || c.task.spec.Trial == 0 })
		if between, ok := c.System.(Betweener); ok && s.between && err == nil {
			err = c.work(s.dev, func(p *Pass) { p.Fail(between.Between(p)) }, learning, func(p *Pass) { p.stream = others | ofBetween })
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", s.number+1, err)
		}
	}
	s.number++
	return nil
}

// moment makes one moment: the task shows it, the system answers, and the task judges.
func (c *cohort) moment(ctx context.Context, dev *compute.Device, t *builtTask, set func(*Pass), shown func(Moment)) error {
	dev.Window(c.store.Learners)
	return dev.Step(func(st *compute.Step) error {
		pass := func(store *Store, stream uint64) *Pass {
			p := &Pass{Step: st, Learners: store.Learners, Seed: store.Seed, store: store, ctx: ctx}
			set(p)
			if p.stream = stream; stream == 0 && !p.Learning {
				p.stream = others | ofTestSystem
			}
			return p
		}
		show := pass(t.store, t.show)
		m := t.Show(show)
		if show.err == nil {
			show.Fail(t.spec.fits(m, c.store.Learners))
		}
		if show.err != nil {
			return show.err
		}
		shown(m)
		p := pass(c.store, 0)
		var answer *compute.Tensor
		if c.parts != nil && p.Learning {
			a, err := c.parts.step(st, m, func(st *compute.Step, k *part) *Pass {
				p := pass(c.store, 0)
				p.Step, p.part = st, k
				return p
			})
			answer = a
			p.Fail(err)
		} else {
			answer = c.System.Step(p, m)
		}
		if p.err == nil {
			p.Fail(t.spec.answers(m, answer, c.store.Learners))
		}
		judge := pass(t.store, t.judge)
		if rewarded, ok := c.System.(Rewarded); ok {
			judge.reward = func(r *compute.Tensor) { rewarded.Reward(p, r) }
		}
		if p.err == nil {
			t.Judge(judge, m, answer)
		}
		return errors.Join(p.err, judge.err)
	})
}

// answers reports an answer that cannot be compared with what was wanted.
func (s Spec) answers(m Moment, a *compute.Tensor, learners int) error {
	if m.Want == nil || a != nil && (a.Batch() == learners || a.Batch() == 1) && a.Rows() == m.Examples() && a.Cols() == s.Out {
		return nil
	}
	return fmt.Errorf("nets: the system answers %v, and the task wants [%d %d %d], learners × examples × numbers", a, learners, m.Examples(), s.Out)
}
