package cpu

import (
	"errors"
	"testing"
	"time"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// TestProfiledOps: every op is right under a Profiler, and is counted by it.
func TestProfiledOps(t *testing.T) {
	computetest.RunEvery(t, 5, func() (compute.Backend, error) {
		b, err := Open()
		if err != nil {
			return nil, err
		}
		p, err := compute.Profile(b, 100)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() {
			if len(p.Ops()) == 0 {
				t.Error("nothing was counted")
			}
		})
		return p, nil
	})
}

// TestTimedOps: each op is timed once and within the call of Run; not before timing is asked for, and not after.
func TestTimedOps(t *testing.T) {
	b := must.Get(Open())(t)
	d := compute.New(b)
	var got []compute.Timing
	hear := func(x compute.Timing) { got = append(got, x) }
	do := func() (before, after time.Time) {
		before = time.Now()
		must.Do(t, d.Step(func(s *compute.Step) error {
			s.Do(compute.FMA{Out: s.Tensor(100), X: s.Tensor(100), A: 0.5, B: 0.25, Rounds: 100})
			return nil
		}))
		return before, time.Now()
	}
	do()
	must.Do(t, compute.TimeOps(b, hear))
	before, after := do()
	must.Do(t, compute.TimeOps(b, nil))
	do()
	if len(got) != 1 || got[0].Took <= 0 || got[0].Start.Before(before) || got[0].Start.Add(got[0].Took).After(after) {
		t.Errorf("%+v between %v and %v", got, before, after)
	}
	must.Do(t, d.Close())
	if err := compute.TimeOps(b, hear); !errors.Is(err, compute.ErrClosed) {
		t.Error(err)
	}
}
