package compute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Tuner is a Backend that has several ways to run some ops. Ops of one shape, which is the Tuner's own notion of what
// is alike, are run in one way.
type Tuner interface {
	Backend

	// Ways are the ways in which op may be run, the one that would be taken first; none if there is nothing to choose.
	Ways(op Op) []string

	// Learned reports whether the way for ops of op's shape is one that was measured.
	Learned(op Op) bool

	// Try has ops of op's shape run this way, whatever was learned, until the next Try; "" ends trying. Before it returns
	// the trial is on record, so that a way that is the end of the program is not among the Ways of the next one.
	Try(op Op, way string) error

	// Learn keeps the fastest of some attempts as the way for ops of op's shape, for this program and for those to come.
	Learn(op Op, attempts []Attempt) error
}

// An Attempt is one way to run an op, and what came of it.
type Attempt struct {
	Way     string
	Seconds float64 // of one run, the median of several; 0 if Err is not nil
	Err     error   // wraps [ErrWrong] if a result is outside its bound
}

// TuneOptions say how long to look.
type TuneOptions struct {
	Limit  time.Duration // for one op, after which the ways that are left are not tried; 0: none
	Most   int           // ways to try; 0: all
	Sample int           // elements of each output to verify; 0: 64
	Extra  []string      // ways to try besides
}

// Tune runs op on t in one way after another, on what its operands hold, and has t learn the fastest whose results are
// within their bounds: none is timed before it is verified. What the outputs held they hold again.
// An error is one of the device, which has failed for good, or of ctx.
func Tune(ctx context.Context, t Tuner, op Op, o TuneOptions) ([]Attempt, error) {
	ways := append(t.Ways(op), o.Extra...)
	if o.Most > 0 {
		ways = ways[:min(len(ways), o.Most)]
	}
	if o.Sample == 0 {
		o.Sample = 64
	}
	if len(ways) == 0 {
		return nil, nil
	}
	outs, _ := op.operands()
	before, err := contents(outs)
	if err != nil {
		return nil, err
	}
	c := contest{t: t, op: op, v: Verify(t, o.Sample), before: before, best: time.Hour}
	var all []Attempt
	start := time.Now()
	for i, w := range ways {
		if ctx.Err() != nil || o.Limit > 0 && i > 0 && time.Since(start) > o.Limit {
			break
		}
		a := Attempt{Way: w}
		a.Seconds, a.Err = c.attempt(w)
		all = append(all, a)
		if lost := t.Sync(); lost != nil {
			return all, lost
		}
	}
	if err := errors.Join(t.Try(op, ""), c.restore(), ctx.Err()); err != nil {
		return all, err
	}
	return all, t.Learn(op, all)
}

// Fastest is the attempt of the least time, and whether there is one.
func Fastest(all []Attempt) (best Attempt, ok bool) {
	for _, a := range all {
		if a.Err == nil && (!ok || a.Seconds < best.Seconds) {
			best, ok = a, true
		}
	}
	return best, ok
}

// A contest is among ways to run one op.
type contest struct {
	t      Tuner
	op     Op
	v      *Verifier
	before Contents
	best   time.Duration // the shortest run so far
}

// restore gives the outputs what they held.
func (c *contest) restore() error {
	for t, x := range c.before {
		if err := t.buf.Write(t.off, x); err != nil {
			return err
		}
	}
	return nil
}

// attempt verifies and then times one way.
func (c *contest) attempt(way string) (float64, error) {
	if err := c.t.Try(c.op, way); err != nil {
		return 0, err
	}
	if err := c.restore(); err != nil {
		return 0, err
	}
	if err := c.v.Run(c.op); err != nil {
		return 0, fmt.Errorf("%s: %w", way, err)
	}
	n, err := c.settle()
	if err != nil {
		return 0, err
	}
	var laps []float64
	for range 5 {
		took, err := c.lap(n)
		if err != nil {
			return 0, err
		}
		laps = append(laps, took.Seconds()/float64(n))
		if took/time.Duration(n) > 2*c.best {
			break // nothing comes of it
		}
		c.best = min(c.best, took/time.Duration(n))
	}
	slices.Sort(laps)
	return laps[len(laps)/2], nil
}

// settle runs the op until drivers that optimise a program while it runs have done so, and returns how many runs take
// long enough to be timed.
func (c *contest) settle() (int, error) {
	const warm, shortest = 6, time.Millisecond
	total := 0
	for n := 1; ; n *= 2 {
		took, err := c.lap(n)
		if total += n; err != nil {
			return 0, err
		}
		if took >= shortest && (total >= warm || took > 20*shortest) || n >= 1<<12 {
			return n, nil
		}
	}
}

func (c *contest) lap(n int) (time.Duration, error) {
	start := time.Now()
	for range n {
		if err := c.t.Run(c.op); err != nil {
			return 0, err
		}
	}
	err := c.t.Sync()
	return time.Since(start), err
}

// Tuned returns t, which looks for the best way to run an op, as [Tune] does, the first time that it meets its shape. What it
// finds it tells report.
func Tuned(t Tuner, o TuneOptions, report func(Op, []Attempt)) Backend { return &tuned{t, o, report} }

type tuned struct {
	Tuner
	options TuneOptions
	report  func(Op, []Attempt)
}

func (t *tuned) Run(op Op) error {
	if !t.Learned(op) {
		all, err := Tune(context.Background(), t.Tuner, op, t.options)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			t.report(op, all)
		}
	}
	return t.Tuner.Run(op)
}
