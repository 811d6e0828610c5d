// Package nettest holds systems to the promises that package nets makes for all of them.
package nettest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/spread"
)

// How long a run is, and how many learners it has.
const moments, learners = 7, 3

// System holds a system to the promises of package nets, on the CPU path: each is a subtest. The functions return a new
// value at each call, as those of [nets.Run] do. A task without epochs is tested by a few of its moments.
func System(t *testing.T, system func() nets.System, task func() nets.Task) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			if err := p.holds(of(system, task)); errors.Is(err, errSmall) {
				t.Skip(err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

var promises = []struct {
	name  string
	holds func(r nets.Run) error
}{
	{"evaluation changes nothing", evaluates},
	{"evaluation disturbs nothing", undisturbed},
	{"a learner is a seed", seeds},
	{"a run that was cut goes on", cut},
	{"ops are verified", verified},
	{"nothing is allocated", allocates},
	{"processes share learners", shared},
	{"processes share parts of moments", parted},
}

func of(system func() nets.System, task func() nets.Task) nets.Run {
	return nets.Run{System: system, Task: task, Test: func() nets.Task { return &short{task()} }, Learners: learners, Seed: 11, Rate: 0.05, Moments: moments}
}

// A short task ends.
type short struct{ nets.Task }

func (s *short) Build(store *nets.Store) (nets.Spec, error) {
	spec, err := s.Task.Build(store)
	if spec.Epoch == 0 {
		spec.Epoch = max(spec.Trial, 3)
	}
	return spec, err
}

func (s *short) Check() error {
	if c, ok := s.Task.(nets.Checker); ok {
		return c.Check()
	}
	return nil
}

func (s *short) Close() error {
	if c, ok := s.Task.(nets.Closer); ok {
		return c.Close()
	}
	return nil
}

// on opens the run on a backend, nil being the CPU path as it is, lets f work with it, and closes all.
func on(r nets.Run, wrap func(compute.Backend) compute.Backend, f func(s *nets.Session) error) error {
	b, err := cpu.Open()
	if err != nil {
		return err
	}
	var dev *compute.Device
	if wrap != nil {
		dev = compute.New(wrap(b))
	} else {
		dev = compute.New(b)
	}
	s, err := r.Open(dev)
	if err != nil {
		return errors.Join(err, dev.Close())
	}
	return errors.Join(f(s), s.Close(), dev.Close())
}

// A state is all that a run keeps between moments.
type state struct {
	tensors  []nets.Named
	values   [][]float32 // learners × shape
	counters map[string]int64
}

func stateOf(s *nets.Session) (x state, err error) {
	x.tensors, x.counters = s.Tensors(), s.Counters()
	x.values, err = s.Read(x.tensors)
	return x, err
}

// same reports the first difference between two states.
func (x state) same(y state) error {
	if len(x.values) != len(y.values) {
		return fmt.Errorf("%d tensors, want %d", len(x.values), len(y.values))
	}
	for i, n := range x.tensors {
		if err := sameNumbers(n.Name, x.values[i], y.values[i]); err != nil {
			return err
		}
	}
	if !maps.Equal(x.counters, y.counters) {
		return fmt.Errorf("counters %v, want %v", x.counters, y.counters)
	}
	return nil
}

func sameNumbers(name string, got, want []float32) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s is %d numbers, want %d", name, len(got), len(want))
	}
	for i, x := range got {
		if math.Float32bits(x) != math.Float32bits(want[i]) {
			return fmt.Errorf("number %d of %s is %.9g, want %.9g", i, name, x, want[i])
		}
	}
	return nil
}

// sameMetrics compares those of learner l of got with learner k of want, in any order: it is of the first that was counted.
func sameMetrics(got, want nets.Metrics, l, k int) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d metrics, want %d", len(got), len(want))
	}
	for _, m := range want {
		g := got.Get(m.Name)
		if g.Count != m.Count {
			return fmt.Errorf("metric %s of %g examples, want %g", m.Name, g.Count, m.Count)
		}
		if x, y := g.Each[l], m.Each[k]; math.Float64bits(x) != math.Float64bits(y) {
			return fmt.Errorf("%s of learner %d is %.17g, want %.17g", m.Name, l, x, y)
		}
	}
	return nil
}

func sameOfAll(got, want nets.Metrics) error {
	if len(want) == 0 && len(got) == 0 {
		return nil
	}
	for l := range want[0].Each {
		if err := sameMetrics(got, want, l, l); err != nil {
			return err
		}
	}
	return nil
}

// step is a moment, and its metrics.
func step(s *nets.Session) (nets.Metrics, error) {
	if err := s.Step(context.Background()); err != nil {
		return nil, err
	}
	return s.Metrics()
}

// A course is what became of a run: metrics moment by moment, an evaluation, and the state at the end.
type course struct {
	metrics []nets.Metrics
	test    nets.Metrics
	end     state
}

// finish takes a session to its end, with between called before each moment.
func finish(s *nets.Session, between func() error) (c course, err error) {
	for s.Number() < s.Total() {
		if err := between(); err != nil {
			return c, err
		}
		m, err := step(s)
		if err != nil {
			return c, err
		}
		c.metrics = append(c.metrics, m)
	}
	if err := s.Settle(); err != nil {
		return c, err
	}
	if c.end, err = stateOf(s); err != nil {
		return c, err
	}
	c.test, err = s.Evaluate(context.Background(), nil)
	return c, err
}

func nothing(*nets.Session) error { return nil }

// whole is the run from the first moment to the last, with between called before each moment.
func whole(r nets.Run, between func(s *nets.Session) error) (c course, err error) {
	err = on(r, nil, func(s *nets.Session) error {
		c, err = finish(s, func() error { return between(s) })
		return err
	})
	return c, err
}

// same compares the end of a course with what another came to.
func (c course) same(want course) error {
	last := want.metrics[len(want.metrics)-len(c.metrics):]
	for i, m := range c.metrics {
		if err := sameOfAll(m, last[i]); err != nil {
			return fmt.Errorf("moment %d: %w", moments-len(last)+i+1, err)
		}
	}
	if err := c.end.same(want.end); err != nil {
		return fmt.Errorf("at the end %w", err)
	}
	if err := sameOfAll(c.test, want.test); err != nil {
		return fmt.Errorf("evaluated, %w", err)
	}
	return nil
}

// evaluates: where nothing is learned, all stays as it is, and comes out the same again.
func evaluates(r nets.Run) error {
	return on(r, nil, func(s *nets.Session) error {
		for range moments / 2 {
			if _, err := step(s); err != nil {
				return err
			}
		}
		if err := s.Settle(); err != nil {
			return err
		}
		before, err := stateOf(s)
		if err != nil {
			return err
		}
		first, err := s.Evaluate(context.Background(), nil)
		if err != nil {
			return err
		}
		after, err := stateOf(s)
		if err != nil {
			return err
		}
		if err := after.same(before); err != nil {
			return fmt.Errorf("after an evaluation %w", err)
		}
		second, err := s.Evaluate(context.Background(), nil)
		if err != nil {
			return err
		}
		if err := sameOfAll(second, first); err != nil {
			return fmt.Errorf("evaluated twice, %w", err)
		}
		return nil
	})
}

// undisturbed: whatever is asked between moments, all goes on to the same bits. What settles may measure otherwise from then
// on, as it has new weights that nothing learns from.
func undisturbed(r nets.Run) error {
	alone, err := whole(r, nothing)
	settled, other := whole(r, (*nets.Session).Settle)
	asked, last := whole(r, func(s *nets.Session) error {
		_, err := s.Evaluate(context.Background(), nil)
		_, other := s.Compare(context.Background())
		return errors.Join(err, other, s.Diagnose(context.Background()), s.Sound())
	})
	if err := errors.Join(err, other, last); err != nil {
		return err
	}
	if err := settled.end.same(alone.end); err != nil {
		return fmt.Errorf("settled, %w", err)
	}
	return asked.same(settled)
}

// seeds: learner l is a run of one learner with the seed of the run plus l.
func seeds(r nets.Run) error {
	all, err := whole(r, nothing)
	if err != nil {
		return err
	}
	for l := range learners {
		one := r
		one.Learners, one.Seed = 1, r.Seed+uint64(l)
		alone, err := whole(one, nothing)
		if err != nil {
			return err
		}
		if err := all.learner(l, alone); err != nil {
			return fmt.Errorf("learner %d of %d and one learner with its seed: %w", l, learners, err)
		}
	}
	return nil
}

// learner compares learner l with a course of one learner.
func (c course) learner(l int, one course) error {
	for i, m := range c.metrics {
		if err := sameMetrics(m, one.metrics[i], l, 0); err != nil {
			return fmt.Errorf("moment %d: %w", i+1, err)
		}
	}
	if err := sameMetrics(c.test, one.test, l, 0); err != nil {
		return fmt.Errorf("evaluated, %w", err)
	}
	for i, n := range c.end.tensors {
		x := c.end.values[i]
		each := len(x) / learners
		if err := sameNumbers(n.Name, x[l*each:][:each], one.end.values[i]); err != nil {
			return err
		}
	}
	if !maps.Equal(c.end.counters, one.end.counters) {
		return fmt.Errorf("counters %v, want %v", c.end.counters, one.end.counters)
	}
	return nil
}

// cut: what is saved between trials is all that the rest of the run depends on.
func cut(r nets.Run) error {
	saved := map[int]state{}
	var want course
	err := on(r, nil, func(s *nets.Session) (err error) {
		want, err = finish(s, func() (err error) {
			if s.Between() {
				saved[s.Number()], err = stateOf(s)
			}
			return err
		})
		return err
	})
	if err != nil {
		return err
	}
	for _, number := range slices.Sorted(maps.Keys(saved)) {
		at := saved[number]
		err := on(r, nil, func(s *nets.Session) error {
			if err := errors.Join(s.Write(at.tensors, at.values), s.Continue(number, at.counters)); err != nil {
				return err
			}
			got, err := finish(s, func() error { return nil })
			return errors.Join(err, got.same(want))
		})
		if err != nil {
			return fmt.Errorf("cut after %d moments: %w", number, err)
		}
	}
	return nil
}

// verified: every op is right, by its definition.
func verified(r nets.Run) error {
	r.Moments = 2
	return on(r, func(b compute.Backend) compute.Backend { return compute.Verify(b, 16) }, func(s *nets.Session) error {
		_, err := finish(s, func() error { return nil })
		return err
	})
}

// allocates: once all that happens has happened, the device is asked for no more memory.
func allocates(r nets.Run) error {
	r.Moments *= 2
	c := &counting{}
	return on(r, func(b compute.Backend) compute.Backend { c.Backend = b; return c }, func(s *nets.Session) error {
		before := 0
		_, err := finish(s, func() error {
			if s.Number() == moments {
				before = c.allocs
			}
			_, err := s.Evaluate(context.Background(), nil)
			return err
		})
		if n := c.allocs - before; err == nil && n > 0 {
			return fmt.Errorf("%d pieces of memory were asked for in moments %d to %d, want none", n, moments+1, 2*moments)
		}
		return err
	})
}

// shared: learners that two processes share learn what they do in one.
func shared(r nets.Run) error {
	want, err := whole(r, nothing)
	if err != nil {
		return err
	}
	return together(r, want)
}

// errSmall is wrapped where the moments of a test's task have too few examples for a system to learn from a half of them.
var errSmall = errors.New("moments are too small to be in parts")

// parted: moments in parts are learned from alike by one process and by two, or refused at the start by a system that is not
// [nets.Divided].
func parted(r nets.Run) error {
	r.Learners, r.Micro = 1, 2
	examples := 0
	err := on(r, nil, func(s *nets.Session) error { examples = s.Spec.Batch; return nil })
	if _, divided := r.System().(nets.Divided); !divided && !errors.Is(err, nets.ErrWhole) {
		return fmt.Errorf("the system is not Divided, and the error of a run with moments in parts is %v, want one that says so", err)
	}
	if errors.Is(err, nets.ErrWhole) {
		return nil
	} else if err != nil {
		return err
	}
	if examples < r.Micro {
		return fmt.Errorf("%w: of %d", errSmall, examples)
	}
	want, err := whole(r, (*nets.Session).Sound)
	if errors.As(err, new(nets.FewError)) {
		return fmt.Errorf("%w: %w", errSmall, err)
	} else if err != nil {
		return err
	}
	return together(r, want)
}

// together makes a run by two processes, and compares each with one that makes it alone.
func together(r nets.Run, want course) error {
	errs := make([]error, 2)
	var all sync.WaitGroup
	for rank, w := range spread.Fakes(len(errs)) {
		all.Go(func() {
			r := r
			r.World = w
			got, err := whole(r, (*nets.Session).Sound)
			if err == nil {
				err = got.same(want)
			}
			if errs[rank] = errors.Join(err, w.Close()); errs[rank] != nil {
				errs[rank] = fmt.Errorf("process %d of %d: %w", rank, len(errs), errs[rank])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// counting counts what is asked for.
type counting struct {
	compute.Backend
	allocs int
}

func (c *counting) Alloc(n int) (compute.Buffer, error) {
	c.allocs++
	return c.Backend.Alloc(n)
}
