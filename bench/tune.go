package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hebb/compute"
)

// A Tuned has the attempts to run one case in every way in which a device can run it.
type Tuned struct {
	Case
	description
	Cost     compute.Cost
	Ways     int               // that there are
	Attempts []compute.Attempt // in the order of the device's own choice
}

// TuneOptions limit [Tune].
type TuneOptions struct {
	Seed   uint64         // of the inputs
	Budget time.Duration  // for all cases: once it is spent the rest are not begun; 0: none
	Allow  compute.Leeway // for which ways are found of their own
	Each   compute.TuneOptions
}

// Tune has tuner find the fastest way to run each case of a single op, and learn it. The inputs are whole numbers, on
// which every way has to give the same results. done is called after each case.
func Tune(ctx context.Context, tuner compute.Tuner, cases []Case, o TuneOptions, done func(Tuned)) error {
	start := time.Now()
	dev := compute.New(tuner)
	dev.Allow(o.Allow)
	for _, c := range cases {
		if o.Budget > 0 && time.Since(start) > o.Budget {
			return nil
		}
		t, err := tuneCase(ctx, dev, tuner, c, o.Seed, o.Each)
		dev.Trim()
		if len(t.Attempts) > 0 {
			done(t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func tuneCase(ctx context.Context, dev *compute.Device, tuner compute.Tuner, c Case, seed uint64, o compute.TuneOptions) (t Tuned, err error) {
	if c.Build == nil {
		return t, nil // a whole training step
	}
	p, err := newProblem(c, seed, dev.Allowed())
	if err != nil {
		return t, err
	}
	t = Tuned{Case: c, description: p.description, Cost: p.cost}
	err = dev.Step(func(s *compute.Step) error {
		op := c.Build(s)
		if s.Err() != nil {
			return s.Err()
		}
		for role, in := range inputsOf(op) {
			x := make([]float32, in.Len())
			p.fill(whole, role, x)
			s.Write(in, x)
		}
		if s.Err() != nil {
			return s.Err()
		}
		op = dev.Lend(op) // newProblem has checked it
		t.Ways = len(tuner.Ways(op))
		t.Attempts, err = compute.Tune(ctx, tuner, op, o)
		return err
	})
	if errors.Is(err, context.Canceled) {
		return t, err
	}
	if err != nil {
		return t, fmt.Errorf("%s %s: %w", c.Suite, c.Name, err)
	}
	return t, nil
}

// Rate is the speed in GFLOP/s of the case done in so many seconds.
func (t Tuned) Rate(seconds float64) float64 { return float64(t.Cost.Flops) / seconds / 1e9 }
