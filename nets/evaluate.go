package nets

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets/spread"
)

var (
	nan        = math.NaN()
	background = context.Background()
)

// Evaluate shows one epoch of the test task to all learners, without learning, and returns the metrics. The test task starts
// from its beginning each time. Training is not affected: the State of the system is saved before and restored after. Where
// moments of training are in parts, of which each has State of its own, a test begins with the first values of the State.
// tell, if not nil, is called after each moment with the progress, in moments × learners.
func (s *Session) Evaluate(ctx context.Context, tell func(done, total int)) (Metrics, error) {
	if s.Test == nil {
		return nil, errors.New("nets: a run without a test task")
	}
	if err := s.Settle(); err != nil {
		return nil, err
	}
	if s.together() {
		ctx = context.WithoutCancel(ctx) // which would leave the others waiting
	}
	for _, c := range s.cohorts {
		back, err := c.backUp()
		if err == nil {
			err = c.test.store.reset()
		}
		if err != nil {
			return nil, err
		}
		c.evaluated.reset()
		total := c.test.spec.Epoch
		from, to := 0, total
		if c.evaluated.listing = s.sharesTest(c); c.evaluated.listing {
			from, to = spread.Parts(total, s.World.Rank(), s.World.Size())
		}
		for k := from; k < to; k++ {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			} else {
				err = s.evaluateMoment(ctx, c, c.test, uint64(k))
			}
			if err != nil {
				return nil, errors.Join(err, back())
			}
			if tell != nil {
				tell(c.first*total+(k-from+1)*total/(to-from)*c.store.Learners, s.Learners*total)
			}
		}
		if c.evaluated.listing {
			if err := s.joinTest(c.evaluated); err != nil {
				return nil, errors.Join(err, back())
			}
		}
		if err := back(); err != nil {
			return nil, err
		}
	}
	return s.read(func(c *cohort) *accumulator { return c.evaluated })
}

// sharesTest reports whether processes that share the parts of moments share the moments of the test too: those of a test whose
// moments have nothing to do with each other.
func (s *Session) sharesTest(c *cohort) bool {
	t := c.test.store
	return s.together() && !s.byLearners() && c.test.spec.Trial == 1 && c.store.arenas[State].used == 0 && t.arenas[State].used == 0 &&
		len(t.counts) == len(t.sources)
}

// evaluateMoment makes one moment without learning.
func (s *Session) evaluateMoment(ctx context.Context, c *cohort, t *builtTask, number uint64) error {
	_, recorded := t.Task.(recorder)
	set := func(p *Pass) { p.Number, p.metrics, p.Recorded = number, c.evaluated, recorded }
	return c.moment(ctx, s.dev, t, set, func(Moment) {})
}

// Try evaluates the present weights on the last moment of training, without learning, and returns the metrics.
func (s *Session) Try(ctx context.Context) (Metrics, error) {
	for _, c := range s.cohorts {
		back, err := c.backUp()
		if err == nil {
			err = errors.Join(s.evaluateMoment(ctx, c, c.task, max(s.number, 1)-1), back())
		}
		if err != nil {
			return nil, err
		}
	}
	return s.read(func(c *cohort) *accumulator { return c.evaluated })
}

// backUp copies the State and the counters of the system, and returns a function that restores them. The State of parts is kept
// elsewhere, and here there would be that of one of them, another in each process.
func (c *cohort) backUp() (back func() error, err error) {
	if back, err = c.store.backUp(); err == nil && c.parts != nil {
		err = c.store.begin(c.store.inits)
	}
	return back, err
}

func (s *Store) backUp() (back func() error, err error) {
	counts := map[*int64]int64{}
	s.tally(counts)
	all := s.arenas[State].all
	if all != nil && s.backup == nil {
		if s.backup, err = s.lease.Tensor(all.Len()); err != nil {
			return nil, err
		}
	}
	copied := func(to, from *compute.Tensor) error {
		if all == nil {
			return nil
		}
		return s.dev.Step(func(st *compute.Step) error {
			st.Do(compute.Copy{Dst: to, Src: from})
			return nil
		})
	}
	return func() error {
		for n, was := range counts {
			*n = was
		}
		return copied(all, s.backup)
	}, copied(s.backup, all)
}

// Settle calls the Settle method of the systems that have one, see [Settler].
func (s *Session) Settle() error {
	for _, c := range s.cohorts {
		settler, ok := c.System.(Settler)
		if !ok {
			continue
		}
		err := c.work(s.dev, func(p *Pass) { p.Fail(settler.Settle(p)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// replay calls f with a moment that was shown before, in a quiet pass.
func (s *Session) replay(ctx context.Context, c *cohort, t *builtTask, number uint64, f func(p *Pass, m Moment)) error {
	return s.dev.Step(func(st *compute.Step) error {
		set := func(store *Store, stream uint64) *Pass {
			return &Pass{Step: st, Learners: store.Learners, Seed: store.Seed, store: store, ctx: ctx, stream: stream,
				Number: number, Quiet: true, Learning: true, Epoch: s.EpochsMade()}
		}
		show := set(t.store, t.show)
		m := t.Show(show)
		if show.err == nil {
			show.Fail(t.spec.fits(m, c.store.Learners))
		}
		if show.err != nil {
			return show.err
		}
		p := set(c.store, 0)
		p.Number = s.number
		f(p, m)
		return p.err
	})
}

// Compare compares the system with backprop, layer by layer, on the first moment of Probe or else the last moment of training.
// Angles and norms are means over the learners. It returns nil if the system is no [Comparer].
func (s *Session) Compare(ctx context.Context) ([]Angle, error) {
	var all [][]Angle
	for _, c := range s.cohorts {
		comparer, ok := c.System.(Comparer)
		if !ok {
			return nil, nil
		}
		var angles func() []Angle
		t, number := c.task, max(s.number, 1)-1
		if c.probe != nil {
			t, number = c.probe, 0
		}
		err := s.replay(ctx, c, t, number, func(p *Pass, m Moment) { angles = comparer.Compare(p, m) })
		if err != nil {
			return nil, err
		}
		all = append(all, eachLearner(angles())...)
	}
	if s.byLearners() {
		each, err := gather(s.World, all)
		if err != nil {
			return nil, err
		}
		all = slices.Concat(each...)
	}
	mean := MeanAngles(all)
	for _, a := range mean {
		if err := a.check(); err != nil {
			return nil, s.diverged(fmt.Sprintf("layer %s: %v after step %d", a.Layer, err, s.number))
		}
	}
	return mean, nil
}

// eachLearner takes means of MeanAngles apart.
func eachLearner(mean []Angle) [][]Angle {
	if len(mean) == 0 || mean[0].each == nil {
		return [][]Angle{mean}
	}
	all := make([][]Angle, len(mean[0].each))
	for l := range all {
		for _, layer := range mean {
			all[l] = append(all[l], layer.each[l])
		}
	}
	return all
}

// MeanAngles returns the mean over learners of lists of angles, one list a learner with one angle a layer. Learners whose norms
// are not finite do not count, unless all are so.
func MeanAngles(all [][]Angle) []Angle {
	if len(all) == 1 {
		return all[0]
	}
	mean := slices.Clone(all[0])
	for i := range mean {
		m, n, learners := &mean[i], 0.0, [][3]Degrees(nil)
		var each []Angle
		for _, one := range all {
			b := one[i]
			each = append(each, b)
			learners = append(learners, [3]Degrees{b.Weights, b.Delta, b.Gradient})
			if b.check() != nil {
				continue
			}
			if n++; n == 1 {
				*m = b
				continue
			}
			m.Weights += b.Weights
			m.Delta += b.Delta
			m.Gradient += b.Gradient
			m.NormW, m.NormB, m.NormDelta, m.NormBackprop = m.NormW+b.NormW, m.NormB+b.NormB, m.NormDelta+b.NormDelta, m.NormBackprop+b.NormBackprop
		}
		n, m.Learners, m.each = max(n, 1), learners, each
		m.Weights /= Degrees(n)
		m.Delta /= Degrees(n)
		m.Gradient /= Degrees(n)
		m.NormW, m.NormB, m.NormDelta, m.NormBackprop = m.NormW/n, m.NormB/n, m.NormDelta/n, m.NormBackprop/n
	}
	return mean
}

// check reports the first norm that is not finite.
func (a Angle) check() error {
	for _, n := range []struct {
		name string
		norm float64
	}{{"weights", a.NormW}, {"feedback weights", a.NormB}, {"delta", a.NormDelta}, {"delta of backprop", a.NormBackprop}} {
		if !finite(n.norm) {
			return fmt.Errorf("the norm of its %s is %g", n.name, n.norm)
		}
	}
	return nil
}
