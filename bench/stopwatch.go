package bench

import (
	"math"
	"slices"
	"time"

	"hebb/compute"
)

const (
	// shortest is how long a sample lasts at least: ops that are quicker are run many times
	// between two waits, so that the wait (some 20 µs on a GPU) is a small part of it.
	shortest = 2 * time.Millisecond

	// dispatches that a driver may want to see before it settles on its fastest code: NVIDIA's
	// re-optimises within the first five or six.
	dispatches = 8

	// enough samples for quartiles; fewest is what a slow op has to do with, in two rounds.
	enough  = 10
	fewest  = 4
	rounds  = 2
	maxRuns = 1 << 16

	// A GPU that is left alone lowers its clock: an H100 falls to a sixth of it while its host compiles a shader, and
	// takes some 100 ms of work to be back. So after a pause it works for as long as wakeTime before it is timed.
	wakeTime = 200 * time.Millisecond
	pause    = 5 * time.Millisecond
)

// A stopwatch times runs on one device.
type stopwatch struct {
	now  func() time.Time
	over func() error  // why no lap may begin, or nil; nil: any may
	load time.Duration // for which the device has to work after a pause; 0: its speed does not depend on that
	busy time.Time     // when it last worked
}

// stopwatchOf is a stopwatch for a device: only a GPU that is hardware has to warm up.
func stopwatchOf(i compute.Info, now func() time.Time) *stopwatch {
	w := &stopwatch{now: now}
	if i.Backend == "gpu" && !i.Software {
		w.load = wakeTime
	}
	return w
}

// A run does its work n times and waits until the device has done it.
type run func(n int) error

// lap returns the time of n runs.
func (w *stopwatch) lap(r run, n int) (time.Duration, error) {
	if w.over != nil {
		if err := w.over(); err != nil {
			return 0, err
		}
	}
	start := w.now()
	err := r(n)
	w.busy = w.now()
	return w.busy.Sub(start), err
}

// warmUp is how long the device has to work before it can be timed.
func (w *stopwatch) warmUp() time.Duration {
	if w.now().Sub(w.busy) < pause {
		return 0
	}
	return w.load
}

// rerun repeats a run that took longer than allowed, for as long as the device may need to warm up, and returns the
// shortest time.
func (w *stopwatch) rerun(r run, took, allowed time.Duration) (time.Duration, error) {
	for start := w.now(); took > allowed && w.now().Sub(start) < w.load; {
		again, err := w.lap(r, 1)
		if err != nil {
			return took, err
		}
		took = min(took, again)
	}
	return took, nil
}

// round returns the seconds of one run, sampled at least least times, for a tenth of limit or
// more, but for no longer than limit once there are two samples. Before that it warms up.
func (w *stopwatch) round(r run, limit time.Duration, least int) ([]float64, error) {
	n, err := w.settle(r, limit)
	if err != nil {
		return nil, err
	}
	var samples []float64
	for start := w.now(); ; {
		took, err := w.lap(r, n)
		if err != nil {
			return samples, err
		}
		samples = append(samples, took.Seconds()/float64(n))
		spent := w.now().Sub(start)
		if len(samples) >= least && spent >= limit/10 || len(samples) >= fewest/rounds && spent >= limit {
			return samples, nil
		}
	}
}

// settle runs r until its time is stable, or an eighth of limit is spent, and returns how many runs make a sample. A device
// that has to wake up gets up to half of limit for that, and its time has to be stable for longer.
func (w *stopwatch) settle(r run, limit time.Duration) (n int, err error) {
	n = 1
	owed := w.warmUp()
	most := max(limit/8, min(owed*3/2, limit/2))
	start, since, level, calm, total := w.now(), w.now(), 0.0, 0, 0
	for {
		took, err := w.lap(r, n)
		if err != nil {
			return n, err
		}
		total += n
		per := took.Seconds() / float64(n)
		if calm++; math.Abs(per-level) > 0.05*level {
			since, level, calm = w.now(), per, 0
		}
		if took < shortest && n < maxRuns {
			n, calm = longer(n, took), 0
			continue
		}
		spent := w.now().Sub(start)
		stable := calm >= 2 && total >= dispatches && spent >= owed && w.now().Sub(since) >= owed/4
		if stable || spent >= most {
			return n, nil
		}
	}
}

// longer is how many runs to try if n took less than the shortest sample.
func longer(n int, took time.Duration) int {
	want := 16 * n
	if took > 0 {
		want = int(1.2*float64(n)*float64(shortest)/float64(took)) + 1
	}
	return min(max(want, 2*n), 16*n, maxRuns)
}

// summary is the median of some samples and their quartiles, interpolated linearly between order
// statistics (Hyndman and Fan, 1996, definition 7).
func summary(samples []float64) (median, q1, q3 float64) {
	s := slices.Sorted(slices.Values(samples))
	at := func(p float64) float64 {
		x, f := math.Modf(p * float64(len(s)-1))
		i := int(x)
		return s[i] + f*(s[min(i+1, len(s)-1)]-s[i])
	}
	return at(0.5), at(0.25), at(0.75)
}
