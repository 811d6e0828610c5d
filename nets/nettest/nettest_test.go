package nettest

import (
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
)

// A chaser has a memory, and learns where a wanderer goes; wrong says which promise it breaks.
type chaser struct {
	wrong      string
	w, h, mean *compute.Tensor
	seen       *int64
	forgotten  float32 // a number of Go, which no checkpoint has
}

func (c *chaser) Build(s *nets.Store, spec nets.Spec) error {
	c.w = s.Weights("w", nets.Normal(0.5), 3, spec.In.Len())
	c.h = s.State("h", nets.Zeros, spec.Examples, 3)
	c.mean = s.Kept("mean", nets.Constant(0.1), 1)
	c.seen = s.Counter("seen")
	return s.Err()
}

var (
	leak   = compute.Pointwise(compute.Add(compute.Scale(0.5, compute.Old()), compute.Var(0)))
	larger = compute.Pointwise(compute.Add(compute.Old(), compute.Mul(compute.Const(1), compute.Var(0))))
)

func (c *chaser) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if m.First {
		p.Clear(c.h)
	}
	p.Into(c.h, leak, p.Product(c.w, m.X, compute.Tanh))
	p.Count("activity", p.PerLearner(nil, 1, c.h), m.Examples())
	if c.wrong == "evaluation disturbs nothing" || p.Learning {
		c.forgotten++
	}
	if c.wrong == "nothing is allocated" {
		if _, err := p.Device().Tensor(1); err != nil {
			p.Fail(err)
		}
	}
	if p.Learning || c.wrong == "evaluation changes nothing" {
		*c.seen++
		noise := p.Like(c.h)
		p.Random(noise, compute.Normal(0, 0.1))
		if c.wrong == "a learner is a seed" {
			p.Do(compute.Random{Out: noise, Law: compute.Normal(0, 0.1), Seed: p.Seed, Stream: p.Number})
		}
		p.Into(noise, larger.WithConsts(1), c.h)
		rate := float32(p.Rate) / float32(*c.seen)
		if c.wrong == "a run that was cut goes on" || c.wrong == "evaluation disturbs nothing" {
			rate = float32(p.Rate) / c.forgotten
		}
		p.Outer(c.w, noise, m.X, 0.9, rate)
	}
	return c.h
}

// Reward is felt by all learners for themselves.
func (c *chaser) Reward(p *nets.Pass, r *compute.Tensor) {
	if p.Learning {
		p.Into(c.mean, leak, p.PerLearner(nil, 1, r))
	}
}

// A wanderer goes where the answers push it, in trials of four moments.
type wanderer struct {
	at     *compute.Tensor
	steps  *int64
	closed *int
}

func (w *wanderer) Build(s *nets.Store) (nets.Spec, error) {
	w.at = s.State("at", nets.Normal(1), 2, 3)
	w.steps = s.Counter("steps")
	return nets.Spec{In: nets.Row(3), Examples: 2, Trial: 4}, nil
}

func (w *wanderer) Show(p *nets.Pass) nets.Moment {
	x := p.Like(w.at)
	p.Random(x, compute.Normal(0, 0.1))
	p.Into(x, larger.WithConsts(1), w.at)
	return nets.Moment{X: x, First: p.Number%4 == 0, Last: p.Number%4 == 3}
}

func (w *wanderer) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	*w.steps++
	noise := p.Like(w.at)
	p.Random(noise, compute.Normal(0, 0.1/float32(*w.steps)))
	p.Into(w.at, leak, answer)
	p.Into(w.at, larger.WithConsts(1), noise)
	p.Count("place", p.PerLearner(nil, 1, w.at), m.Examples())
	p.Reward(p.PerExample(nil, w.at))
}

func (w *wanderer) Close() error {
	*w.closed++
	return nil
}

// TestPromises: a system that keeps the promises passes, in trials that begin and end, with a memory, counters, rewards and
// a task whose own state answers change; and each promise that is broken is noticed.
func TestPromises(t *testing.T) {
	closed := 0
	task := func() nets.Task { return &wanderer{closed: &closed} }
	System(t, func() nets.System { return &chaser{} }, task)
	for _, p := range promises {
		if p.name == "ops are verified" { // which no system can break
			continue
		}
		err := p.holds(of(func() nets.System { return &chaser{wrong: p.name} }, task))
		if err == nil || strings.Contains(err.Error(), "nets:") {
			t.Errorf("a system that breaks that %s: %v", p.name, err)
		}
	}
	if closed == 0 {
		t.Error("no task was closed")
	}
}
