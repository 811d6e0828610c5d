package nettest

import (
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
)

// A chaser has a memory, and learns where a wanderer goes; it gains units as it is rewarded; wrong says which promise it breaks.
type chaser struct {
	wrong      string
	w, h, mean *compute.Tensor
	grown      *compute.Tensor // 1 for each unit that is there
	seen       *int64
	forgotten  float32 // a number of Go, which no checkpoint has
}

func (c *chaser) Build(s *nets.Store, spec nets.Spec) error {
	c.w = s.Weights("w", nets.Normal(0.5), 3, spec.In.Len())
	c.h = s.State("h", nets.Zeros, spec.Examples, 3)
	c.mean, c.grown = s.Kept("mean", nets.Constant(0.1), 1), s.Kept("grown", nets.Zeros, 3)
	c.seen = s.Counter("seen")
	return s.Err()
}

var (
	leak   = compute.Pointwise(compute.Add(compute.Scale(0.5, compute.Old()), compute.Var(0)))
	masked = compute.Formula("x*grown", "x", "grown")
	larger = compute.Pointwise(compute.Add(compute.Old(), compute.Mul(compute.Const(1), compute.Var(0))))
)

func (c *chaser) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	h := p.View(c.h, 0, p.Learners, m.Examples(), 3) // of a part there are fewer
	if m.First {
		p.Clear(h)
	}
	p.Into(h, leak, p.Map(masked, p.Product(c.w, m.X, compute.Tanh), c.grown))
	p.Count("activity", p.PerLearner(nil, 1, h), m.Examples())
	if c.wrong == "evaluation disturbs nothing" || p.Learning {
		c.forgotten++
	}
	if c.wrong == "processes share learners" && p.Learners < learners {
		p.Into(h, leak, h)
	}
	if c.wrong == "nothing is allocated" {
		if _, err := p.Device().Tensor(1); err != nil {
			p.Fail(err)
		}
	}
	if p.Learning || c.wrong == "evaluation changes nothing" {
		*c.seen++
		noise := p.Like(h)
		p.Random(noise, compute.Normal(0, 0.1))
		if c.wrong == "a learner is a seed" {
			p.Do(compute.Random{Out: noise, Law: compute.Normal(0, 0.1), Seed: p.Seed, Stream: p.Number})
		}
		p.Into(noise, larger.WithConsts(1), h)
		rate := float32(p.Rate) / float32(*c.seen)
		if c.wrong == "a run that was cut goes on" || c.wrong == "evaluation disturbs nothing" {
			rate = float32(p.Rate) / c.forgotten
		}
		p.Outer(c.w, noise, m.X, 0.9, rate)
	}
	return h
}

// A halver is a chaser that learns from moments in parts, by the mean of its weights; or it says so, and has other weights by then.
type halver struct{ *chaser }

func (h halver) Build(s *nets.Store, spec nets.Spec) error {
	err := h.chaser.Build(s, spec)
	if h.wrong == "" {
		s.Averaged(h.w)
	}
	return err
}

func (halver) Divided() error { return nil }

// Between adds a unit to each learner that has had rewards, or noise says so.
func (c *chaser) Between(p *nets.Pass) error {
	noise := p.Like(c.mean)
	p.Random(noise, compute.Normal(0, 1))
	p.Into(noise, larger.WithConsts(1), c.mean)
	reward, grown := make([]float32, p.Learners), make([]float32, 3*p.Learners)
	p.Read(noise, reward)
	p.Read(c.grown, grown)
	for l, r := range reward {
		mine := grown[3*l:][:3]
		if k := slices.Index(mine, 0); k >= 0 && r > 0 {
			mine[k] = 1
		}
	}
	p.Write(c.grown, grown)
	p.Count("units", p.PerLearner(nil, 1, c.grown), 1)
	return nil
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
	t.Run("in parts", func(t *testing.T) { System(t, func() nets.System { return halver{&chaser{}} }, task) })
	for _, p := range promises {
		if p.name == "ops are verified" { // which no system can break
			continue
		}
		wrong := func() nets.System { return &chaser{wrong: p.name} }
		if p.name == "processes share parts of moments" {
			wrong = func() nets.System { return halver{&chaser{wrong: p.name}} }
		}
		err := p.holds(of(wrong, task))
		if err == nil || strings.Contains(err.Error(), "nets:") {
			t.Errorf("a system that breaks that %s: %v", p.name, err)
		}
	}
	if closed == 0 {
		t.Error("no task was closed")
	}
}

// TestBetween: learners grow at the ends of trials alone, each for itself.
func TestBetween(t *testing.T) {
	r := of(func() nets.System { return &chaser{} }, func() nets.Task { return &wanderer{closed: new(int)} })
	r.Moments, r.Learners = 12, 8
	var ends []int
	different := false
	err := on(r, nil, func(s *nets.Session) error {
		for s.Number() < s.Total() {
			m, err := step(s)
			if err != nil {
				return err
			}
			if units := m.Get("units").Each; units != nil {
				ends = append(ends, s.Number())
				different = different || slices.Min(units) < slices.Max(units)
			}
		}
		return nil
	})
	if err != nil || !slices.Equal(ends, []int{4, 8, 12}) || !different {
		t.Errorf("units were added after moments %v, to some learners and not to others: %t (%v)", ends, different, err)
	}
}
