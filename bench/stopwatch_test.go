package bench

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// steps is a run whose time follows a script: run k takes took(k).
func steps(now *time.Time, took func(k int) time.Duration) run {
	k := 0
	return func(n int) error {
		for range n {
			*now = now.Add(took(k))
			k++
		}
		return nil
	}
}

func TestStopwatch(t *testing.T) {
	for name, c := range map[string]struct {
		took        func(k int) time.Duration
		limit       time.Duration
		want        time.Duration
		least, most int // samples
	}{
		"steady":                 {func(int) time.Duration { return time.Millisecond }, time.Second, time.Millisecond, 5, 100},
		"short ops are bundled":  {func(int) time.Duration { return 100 * time.Nanosecond }, time.Second, 100, 5, 100},
		"a driver that warms up": {func(k int) time.Duration { return time.Millisecond * time.Duration(1+max(0, 6-k)) }, time.Second, time.Millisecond, 5, 100},
		"a slow op":              {func(int) time.Duration { return 400 * time.Millisecond }, time.Second, 400 * time.Millisecond, 3, 3},
		"slower than the limit":  {func(int) time.Duration { return 3 * time.Second }, time.Second, 3 * time.Second, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			w := stopwatch{now: func() time.Time { return now }}
			s, err := w.round(steps(&now, c.took), c.limit, 5)
			if err != nil || len(s) < c.least || len(s) > c.most {
				t.Fatalf("%d samples, %v; want %d to %d", len(s), err, c.least, c.most)
			}
			for _, x := range s {
				if math.Abs(x-c.want.Seconds()) > 1e-9*x {
					t.Fatalf("samples %v, want %v each", s, c.want)
				}
			}
		})
	}
}

func TestStopwatchBundles(t *testing.T) {
	now, calls, ops := time.Unix(0, 0), 0, 0
	w := stopwatch{now: func() time.Time { return now }}
	const op, wait = 200 * time.Nanosecond, 20 * time.Microsecond
	s := must.Get(w.round(func(n int) error {
		calls++
		ops += n
		now = now.Add(time.Duration(n)*op + wait)
		return nil
	}, time.Second, 5))(t)
	if got, _, _ := summary(s); got < op.Seconds() || got > 1.02*op.Seconds() {
		t.Errorf("an op of %v took %g s in %d ops between %d waits", op, got, ops, calls)
	}
}

func TestStopwatchError(t *testing.T) {
	now, bad, n := time.Unix(0, 0), errors.New("bad"), 0
	w := stopwatch{now: func() time.Time { return now }}
	s, err := w.round(func(int) error {
		if n++; n > 12 {
			return bad
		}
		now = now.Add(5 * time.Millisecond)
		return nil
	}, time.Second, 50)
	if !errors.Is(err, bad) || len(s) == 0 {
		t.Errorf("%d samples, %v", len(s), err)
	}
}

// sleepy is a run of 1 ms on a device that takes six times as long until it has worked for 100 ms without a pause.
func sleepy(now *time.Time) (r run, worked *time.Duration) {
	worked = new(time.Duration)
	last := *now
	return func(n int) error {
		for range n {
			if now.Sub(last) >= pause {
				*worked = 0
			}
			took := time.Millisecond
			if *worked < 100*time.Millisecond {
				took *= 6
			}
			*worked += took
			*now = now.Add(took)
			last = *now
		}
		return nil
	}, worked
}

// No sample is of a device that is not awake yet, and the time for that is bounded by the limit.
func TestStopwatchWakes(t *testing.T) {
	now := time.Unix(0, 0)
	w := stopwatchOf(compute.Info{Backend: "gpu"}, func() time.Time { return now })
	r, worked := sleepy(&now)
	took := func(limit time.Duration) time.Duration {
		t.Helper()
		start := now
		samples, err := w.round(r, limit, 5)
		if err != nil || len(samples) < 2 {
			t.Fatalf("%v, %v", samples, err)
		}
		for _, s := range samples {
			if s != 1e-3 && limit > time.Second {
				t.Fatalf("samples %v, want 1 ms each", samples)
			}
		}
		return now.Sub(start)
	}
	if took(2*time.Second) < wakeTime {
		t.Errorf("the first round began after less than %v of work", wakeTime)
	}
	if again := took(2 * time.Second); again > 250*time.Millisecond {
		t.Errorf("a round without a pause took %v", again)
	}
	now = now.Add(20 * time.Millisecond)
	if again := took(2 * time.Second); again < wakeTime || *worked < wakeTime {
		t.Errorf("a round after a pause took %v", again)
	}
	now = now.Add(time.Second)
	if short := took(100 * time.Millisecond); short > 120*time.Millisecond {
		t.Errorf("a round of at most 100 ms took %v", short)
	}
	now = now.Add(time.Second)
	if again, err := w.rerun(r, 6*time.Millisecond, 2*time.Millisecond); err != nil || again != time.Millisecond {
		t.Errorf("a run of 1 ms takes %v, %v", again, err)
	}
	for _, i := range []compute.Info{{Backend: "cpu"}, {Backend: "gpu", Software: true}} {
		if w := stopwatchOf(i, time.Now); w.warmUp() > 0 {
			t.Errorf("%+v has to work for %v before it is timed", i, w.warmUp())
		}
	}
}

func TestSummary(t *testing.T) {
	s := []float64{9, 1, 4, 2, 7}
	for _, c := range []struct {
		samples        []float64
		median, q1, q3 float64
	}{{s, 4, 2, 7}, {[]float64{1, 2, 3, 4}, 2.5, 1.75, 3.25}, {[]float64{5}, 5, 5, 5}} {
		if m, q1, q3 := summary(c.samples); m != c.median || q1 != c.q1 || q3 != c.q3 {
			t.Errorf("summary of %v is %g [%g %g], want %g [%g %g]", c.samples, m, q1, q3, c.median, c.q1, c.q3)
		}
	}
	if !slices.Equal(s, []float64{9, 1, 4, 2, 7}) {
		t.Error("the samples were changed")
	}
}
