package compute

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Tuner is a Backend that has several ways to run some ops. It runs all ops of one shape in one way, and defines
// which ops have the same shape.
type Tuner interface {
	Backend

	// Ways returns the names of the ways to run op, the current choice first, or none if there is no choice.
	Ways(op Op) []string

	// Learned reports whether the way for ops of op's shape was measured.
	Learned(op Op) bool

	// Try runs ops of op's shape this way, whatever was learned, until the next Try; "" ends trying. It records the
	// trial before it returns, so that a way that crashes the program is not among the Ways of the next one.
	Try(op Op, way string) error

	// Learn keeps the fastest of some attempts as the way for ops of op's shape, for this program and for later ones.
	Learn(op Op, attempts []Attempt) error
}

// An Attempt is the result of running an op in one way.
type Attempt struct {
	Way     string
	Seconds float64 // of one run, the median of several laps; 0 if Err is not nil
	Spread  float64 // the interquartile range of the laps, as a share of their median
	Laps    int
	Tally   Tally // of the elements verified
	Err     error // wraps [ErrWrong] if a result is outside its bound
}

// TuneOptions limit a search.
type TuneOptions struct {
	Limit  time.Duration // for one op; later ways are not tried; 0: none
	Most   int           // ways to try; 0: all
	Sample int           // elements of each output to verify; 0: 64
	Extra  []string      // further ways to try
	Keep   bool          // keep the previous choice, whatever is found

	Now func() time.Time // the clock; nil: time.Now
}

// Tune runs op on t in one way after another, on the contents of its operands, and has t learn the fastest whose
// results are within their bounds. It verifies all ways first and then times the correct ones, in turns: a GPU lowers
// its clock while the host compiles a shader or evaluates a definition, and takes many runs to raise it again. It
// restores the outputs. An error comes from the device, which has failed for good, or from ctx: when that is done Tune
// begins no other run, and has t learn nothing.
func Tune(ctx context.Context, t Tuner, op Op, o TuneOptions) ([]Attempt, error) {
	ways := append(t.Ways(op), o.Extra...)
	if o.Most > 0 {
		ways = ways[:min(len(ways), o.Most)]
	}
	if o.Sample == 0 {
		o.Sample = 64
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(ways) == 0 {
		return nil, nil
	}
	outs, _ := op.operands(nil, nil)
	before, err := contents(outs)
	if err != nil {
		return nil, err
	}
	c := contest{t: t, op: op, v: Verify(t, o.Sample), before: before, now: o.Now, start: o.Now(), limit: o.Limit}
	lost := c.verify(ctx, ways)
	if lost == nil {
		lost = c.race(ctx)
	}
	all := c.attempts()
	if lost != nil {
		return all, lost
	}
	if err := errors.Join(t.Try(op, ""), c.restore(), ctx.Err()); err != nil || o.Keep {
		return all, err
	}
	return all, t.Learn(op, all)
}

// Fastest returns the attempt of the least time, and whether there is one.
func Fastest(all []Attempt) (best Attempt, ok bool) {
	for _, a := range all {
		if a.Err == nil && (!ok || a.Seconds < best.Seconds) {
			best, ok = a, true
		}
	}
	return best, ok
}

// A contest compares ways to run one op.
type contest struct {
	t       Tuner
	op      Op
	v       *Verifier
	before  Contents
	now     func() time.Time
	start   time.Time
	limit   time.Duration
	entries []*entry
}

// An entry is a way in a contest.
type entry struct {
	way   string
	err   error
	tally Tally
	n     int       // runs in a lap
	laps  []float64 // seconds of one run, a lap a round
}

func (c *contest) attempts() (all []Attempt) {
	for _, e := range c.entries {
		a := Attempt{Way: e.way, Tally: e.tally, Err: e.err}
		if n := len(e.laps); e.err == nil && n > 0 {
			slices.Sort(e.laps)
			a.Seconds, a.Laps = e.laps[n/2], n
			a.Spread = (e.laps[3*n/4] - e.laps[n/4]) / a.Seconds
		} else if e.err == nil {
			continue // the contest ended before its turn
		}
		all = append(all, a)
	}
	return all
}

// over reports whether that share of the limit is spent.
func (c *contest) over(ctx context.Context, share float64) bool {
	return ctx.Err() != nil || c.limit > 0 && c.now().Sub(c.start) > time.Duration(share*float64(c.limit))
}

// restore writes the old contents back to the outputs.
func (c *contest) restore() error {
	for t, x := range c.before {
		if err := t.write(x); err != nil {
			return err
		}
	}
	return nil
}

// toVerify is the share of a limit after which verifying another way does not begin.
const toVerify = 0.75

// verify runs each way once and checks its results. Its error is the device's, which has failed.
func (c *contest) verify(ctx context.Context, ways []string) error {
	for i, w := range ways {
		if ctx.Err() != nil || i > 0 && c.over(ctx, toVerify) {
			return nil
		}
		e := &entry{way: w}
		c.entries = append(c.entries, e)
		if e.err = errors.Join(c.t.Try(c.op, w), c.restore()); e.err == nil {
			c.v.Tally = Tally{}
			if err := c.v.Run(c.op); err != nil {
				e.err = fmt.Errorf("%s: %w", w, err)
			}
			e.tally = c.v.Tally
		}
		if lost := c.t.Sync(); lost != nil {
			return lost
		}
	}
	return nil
}

const (
	turns = 5 // laps of each way

	// A way that takes that many times as long as the best of the first round takes part in no other.
	hopeless = 2
)

// race times the correct ways, in turns, so that drift affects all of them alike.
func (c *contest) race(ctx context.Context) error {
	left := slices.DeleteFunc(slices.Clone(c.entries), func(e *entry) bool { return e.err != nil })
	if len(left) == 0 || ctx.Err() != nil {
		return nil
	}
	if c.warm(ctx, left[0]) != nil { // its turn reports the error again, unless the device is lost
		if lost := c.t.Sync(); lost != nil {
			return lost
		}
	}
	for range turns {
		for i, e := range left {
			if (i > 0 || len(e.laps) > 0) && c.over(ctx, 1) {
				return nil
			}
			if e.err = c.turn(ctx, e); e.err == nil {
				continue
			}
			if ctx.Err() != nil {
				e.err = nil
				return nil
			}
			if lost := c.t.Sync(); lost != nil {
				return lost
			}
		}
		left = promising(left)
	}
	return nil
}

// promising returns the ways that may yet be the fastest.
func promising(ways []*entry) []*entry {
	best := math.Inf(1)
	for _, e := range ways {
		if e.err == nil {
			best = min(best, e.laps[0])
		}
	}
	return slices.DeleteFunc(ways, func(e *entry) bool { return e.err != nil || e.laps[0] > hopeless*best })
}

// warm keeps the device at work, in one way, until a run takes the same time for a while. An idle H100 takes some 100
// ms of work to reach its clock, and is up to six times as slow until then. A program on the CPU needs none.
func (c *contest) warm(ctx context.Context, e *entry) error {
	const load, calm, most = 300 * time.Millisecond, 100 * time.Millisecond, 1500 * time.Millisecond
	if c.t.Info().Software {
		return nil
	}
	if err := c.pace(ctx, e); err != nil {
		return err
	}
	start, since, level := c.now(), c.now(), 0.0
	for {
		per, err := c.lap(ctx, e.n)
		if err != nil {
			return err
		}
		now := c.now()
		if math.Abs(per-level) > 0.05*level {
			since, level = now, per
		}
		if spent := now.Sub(start); spent >= load && now.Sub(since) >= calm || spent >= most {
			return nil
		}
	}
}

// turn times a lap of one way.
func (c *contest) turn(ctx context.Context, e *entry) error {
	if len(e.laps) == 0 {
		if err := c.pace(ctx, e); err != nil {
			return err
		}
	} else if err := c.t.Try(c.op, e.way); err != nil {
		return err
	} else if _, err := c.lap(ctx, 1); err != nil { // plans it again
		return err
	}
	per, err := c.lap(ctx, e.n)
	if err == nil {
		e.laps = append(e.laps, per)
	}
	return err
}

// pace switches to a way, runs it until drivers that optimise a program while it runs have done so, and finds the
// number of runs that takes long enough to be timed.
func (c *contest) pace(ctx context.Context, e *entry) error {
	const warm, shortest = 6, 2 * time.Millisecond
	if err := c.t.Try(c.op, e.way); err != nil {
		return err
	}
	total := 0
	for e.n = 1; ; e.n *= 2 {
		per, err := c.lap(ctx, e.n)
		if err != nil {
			return err
		}
		took := time.Duration(per * float64(e.n) * float64(time.Second))
		if total += e.n; took >= shortest && (total >= warm || took > 20*shortest) || e.n >= 1<<12 {
			return nil
		}
	}
}

// lap returns the seconds of one run, averaged over n. Its error is that of ctx if that is done before the last begins.
func (c *contest) lap(ctx context.Context, n int) (float64, error) {
	start := c.now()
	for range n {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := c.t.Run(c.op); err != nil {
			return 0, err
		}
	}
	err := c.t.Sync()
	return c.now().Sub(start).Seconds() / float64(n), err
}

// Tuned returns t with a search, as by [Tune], for the best way to run an op at the first op of each shape. It passes
// the attempts to report. What was learned and could not be kept for later programs serves this one.
func Tuned(t Tuner, o TuneOptions, report func(Op, []Attempt)) Backend { return &tuned{t, o, report} }

type tuned struct {
	Tuner
	options TuneOptions
	report  func(Op, []Attempt)
}

// TimeOps is that of the Tuner, if it is a [Timer].
func (t *tuned) TimeOps(f func(Timing)) error { return TimeOps(t.Tuner, f) }

func (t *tuned) Run(op Op) error {
	if !t.Learned(op) {
		all, err := Tune(context.Background(), t.Tuner, op, t.options)
		if err != nil && !t.Learned(op) {
			return err
		}
		if len(all) > 0 {
			t.report(op, all)
		}
	}
	return t.Tuner.Run(op)
}
