package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hebb/compute"
)

// A Climb is one case in every way in which a device can run it.
type Climb struct {
	Case
	Cost     compute.Cost
	Ways     int               // that there are
	Attempts []compute.Attempt // in the order of the device's own choice
}

// TuneOptions say how to tune.
type TuneOptions struct {
	Seed   uint64         // of the inputs
	Budget time.Duration  // for all cases: once it is spent the rest are not begun; 0: none
	Allow  compute.Leeway // for which ways are found of their own
	Each   compute.TuneOptions
}

// Tune has t look for the fastest way of every case of a single op, on whole numbers, on which every way has to give the same,
// and learn it. What each case came to is told as soon as it is known.
func Tune(ctx context.Context, t compute.Tuner, cases []Case, o TuneOptions, done func(Climb)) error {
	start := time.Now()
	dev := compute.New(t)
	dev.Allow(o.Allow)
	for _, c := range cases {
		if o.Budget > 0 && time.Since(start) > o.Budget {
			return nil
		}
		climb, err := tuneCase(ctx, dev, t, c, o.Seed, o.Each)
		dev.Trim()
		if len(climb.Attempts) > 0 {
			done(climb)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func tuneCase(ctx context.Context, dev *compute.Device, t compute.Tuner, c Case, seed uint64, o compute.TuneOptions) (climb Climb, err error) {
	if _, ok := c.Work.(calculation); !ok {
		return climb, nil // a whole training step
	}
	p, err := newProblem(c, seed, dev.Allowed())
	if err != nil {
		return climb, err
	}
	climb = Climb{Case: c, Cost: p.cost}
	err = dev.Step(func(s *compute.Step) error {
		op, inputs := p.work.build(s)
		if s.Err() != nil {
			return s.Err()
		}
		for role, in := range inputs {
			x := make([]float32, in.Len())
			p.fill(whole, role, x)
			s.Write(in, x)
		}
		op = dev.Lend(op)
		s.Do(op) // checks it, once for all
		if s.Err() != nil {
			return s.Err()
		}
		climb.Ways = len(t.Ways(op))
		climb.Attempts, err = compute.Tune(ctx, t, op, o)
		return err
	})
	if errors.Is(err, context.Canceled) {
		return climb, err
	}
	if err != nil {
		return climb, fmt.Errorf("%s %s: %w", c.Suite, c.Name, err)
	}
	return climb, nil
}

// Rate is the arithmetic of a climb done in so many seconds, in GFLOP/s.
func (c Climb) Rate(seconds float64) float64 { return float64(c.Cost.Flops) / seconds / 1e9 }
