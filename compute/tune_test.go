package compute

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"hebb/internal/must"
)

// A hall is a Tuner with a simulated clock, on which a copy takes the time of its way, and six times as long until the
// device has worked for 100 ms without a pause, as on an H100.
type hall struct {
	time   time.Time
	takes  map[string]time.Duration
	names  []string
	way    string // on trial
	worked time.Duration
	runs   map[string]int
	late   int // runs of a way for the first time after another was run twice
	cold   int // runs that took six times as long
	spoilt int // ops until the device is lost; 0: never
	learnt []Attempt
	unkept error  // of Learn: what was learned is kept nowhere
	stop   func() // called in run number stopAt
	stopAt int
}

type page struct {
	h *hall
	x []float32
}

func (p *page) Write(off int, src []float32) error {
	p.h.worked = 0
	copy(p.x[off:], src)
	return nil
}

func (p *page) Read(off int, dst []float32) error {
	p.h.worked = 0
	p.h.time = p.h.time.Add(time.Millisecond)
	copy(dst, p.x[off:])
	return nil
}

func (*page) Free() {}

var errSpoilt = errors.New("no device any more")

func (h *hall) Info() Info                  { return Info{Backend: "hall"} }
func (h *hall) Alloc(n int) (Buffer, error) { return &page{h, make([]float32, n)}, nil }
func (h *hall) Close() error                { return nil }
func (h *hall) Ways(Op) []string            { return slices.Clone(h.names) }
func (h *hall) Learned(Op) bool             { return h.learnt != nil }
func (h *hall) Try(_ Op, way string) error  { h.way = way; return nil }

func (h *hall) Learn(_ Op, all []Attempt) error {
	h.learnt = all
	return h.unkept
}

func (h *hall) Sync() error {
	if h.spoilt > 0 && h.total() >= h.spoilt {
		return errSpoilt
	}
	return nil
}

func (h *hall) total() (n int) {
	for _, k := range h.runs {
		n += k
	}
	return n
}

func (h *hall) Run(op Op) error {
	if h.way == "broken" {
		return errors.New("does not compile")
	}
	if h.runs[h.way] == 0 && h.total() > len(h.runs) {
		h.late++
	}
	if h.runs[h.way]++; h.stop != nil && h.total() == h.stopAt {
		h.stop()
	}
	took := h.takes[h.way]
	if h.worked < 100*time.Millisecond {
		took *= 6
		h.cold++
	}
	h.worked += took
	h.time = h.time.Add(took)
	c := op.(Copy)
	to, from := c.Dst.buf.(*page).x, c.Src.buf.(*page).x
	if copy(to, from); h.way == "wrong" {
		to[0]++
	}
	return nil
}

// newHall has a hall and an op for it.
func newHall(t *testing.T, takes map[string]time.Duration, names ...string) (*hall, Copy) {
	t.Helper()
	h := &hall{takes: takes, names: names, runs: map[string]int{}}
	dev := New(h)
	dst, err := dev.Tensor(4)
	src, err2 := dev.Tensor(4)
	must.Do(t, errors.Join(err, err2, src.buf.Write(0, []float32{1, 2, 3, 4}), dst.buf.Write(0, []float32{9, 9, 9, 9})))
	return h, Copy{Dst: dst, Src: src}
}

func (h *hall) now() time.Time { return h.time }

// Ways are timed at the speed of a device at work, however long verification left it idle, and all of them are verified
// before.
func TestTune(t *testing.T) {
	takes := map[string]time.Duration{"first": 900 * time.Microsecond, "best": 700 * time.Microsecond, "slow": 2 * time.Millisecond, "wrong": time.Microsecond}
	for _, keep := range []bool{false, true} {
		h, op := newHall(t, takes, "first", "broken", "wrong", "slow", "best")
		all, err := Tune(context.Background(), h, op, TuneOptions{Keep: keep, Now: h.now})
		if err != nil || len(all) != 5 {
			t.Fatalf("%v, %v", all, err)
		}
		for _, a := range all {
			want := takes[a.Way].Seconds()
			switch a.Way {
			case "wrong":
				if !errors.Is(a.Err, ErrWrong) || a.Seconds != 0 || h.runs["wrong"] != 1 {
					t.Errorf("a wrong way: %+v, %d runs", a, h.runs["wrong"])
				}
			case "broken":
				if a.Err == nil || errors.Is(a.Err, ErrWrong) {
					t.Errorf("a way that does not compile: %+v", a)
				}
			default:
				if a.Err != nil || math.Abs(a.Seconds/want-1) > 1e-6 {
					t.Errorf("%s took %g, want %g: %v", a.Way, a.Seconds, want, a.Err)
				}
			}
		}
		if best, ok := Fastest(all); !ok || best.Way != "best" {
			t.Errorf("the fastest is %+v", best)
		}
		if h.late > 0 || h.way != "" || h.runs["slow"] > h.runs["best"]/2 {
			t.Errorf("%d ways were verified late; %q is still on trial; %v", h.late, h.way, h.runs)
		}
		if (h.learnt == nil) != keep {
			t.Errorf("keep %v, and %v was learned", keep, h.learnt)
		}
		if x := op.Dst.buf.(*page).x; !slices.Equal(x, []float32{9, 9, 9, 9}) {
			t.Errorf("the output holds %v, want what it held", x)
		}
	}
}

// A limit leaves out the last ways, and none of those that were begun is without a time.
func TestTuneLimit(t *testing.T) {
	takes, names := map[string]time.Duration{}, []string{}
	for i := range 64 {
		w := fmt.Sprint(i)
		names, takes[w] = append(names, w), 50*time.Millisecond
	}
	h, op := newHall(t, takes, names...)
	all, err := Tune(context.Background(), h, op, TuneOptions{Limit: 3 * time.Second, Now: h.now})
	if took := h.time.Sub(time.Time{}); err != nil || len(all) == 0 || len(all) > 40 || took > 6*time.Second {
		t.Errorf("%d ways in %v, %v", len(all), took, err)
	}
	for _, a := range all {
		if a.Seconds == 0 {
			t.Errorf("%+v has no time", a)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	h, op = newHall(t, takes, names...)
	if all, err := Tune(ctx, h, op, TuneOptions{Now: h.now}); !errors.Is(err, context.Canceled) || len(all) > 0 || h.learnt != nil {
		t.Errorf("interrupted: %v, %v; learned %v", all, err, h.learnt)
	}
}

// A device that is lost is an error at once, whether it is lost in verifying or in timing.
func TestTuneLost(t *testing.T) {
	for _, after := range []int{2, 60} {
		h, op := newHall(t, map[string]time.Duration{"a": time.Millisecond, "b": time.Millisecond}, "a", "b")
		h.spoilt = after
		if _, err := Tune(context.Background(), h, op, TuneOptions{Now: h.now}); !errors.Is(err, errSpoilt) || h.learnt != nil || h.total() > after+5 {
			t.Errorf("%v after %d runs; learned %v", err, h.total(), h.learnt)
		}
	}
}

// TestTunedUnkept: what was learned and cannot be kept is an error of Tune, and serves the ops of this program.
func TestTunedUnkept(t *testing.T) {
	h, op := newHall(t, map[string]time.Duration{"a": time.Millisecond}, "a")
	h.unkept = errors.New("the disk is full")
	if _, err := Tune(context.Background(), h, op, TuneOptions{Now: h.now}); !errors.Is(err, h.unkept) {
		t.Errorf("Tune: %v", err)
	}
	h.learnt = nil
	if err := Tuned(h, TuneOptions{Now: h.now}, func(Op, []Attempt) {}).Run(op); err != nil || h.learnt == nil {
		t.Errorf("%v; learned %v", err, h.learnt)
	}
}

// TestTuneInterrupted: no run begins after a Ctrl-C, whenever it comes; nothing is learned, no way stays on trial, and no
// way is blamed.
func TestTuneInterrupted(t *testing.T) {
	takes := map[string]time.Duration{"first": 30 * time.Millisecond, "best": 20 * time.Millisecond}
	whole, op := newHall(t, takes, "first", "best")
	if _, err := Tune(context.Background(), whole, op, TuneOptions{Now: whole.now}); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.total(); at++ {
		h, op := newHall(t, takes, "first", "best")
		ctx, cancel := context.WithCancel(context.Background())
		h.stop, h.stopAt = cancel, at
		all, err := Tune(ctx, h, op, TuneOptions{Now: h.now})
		cancel()
		if !errors.Is(err, context.Canceled) || h.total() != at || h.learnt != nil || h.way != "" {
			t.Errorf("stopped in run %d: %d runs, learned %v, %q on trial: %v", at, h.total(), h.learnt, h.way, err)
		}
		for _, a := range all {
			if a.Err != nil {
				t.Errorf("stopped in run %d: %+v", at, a)
			}
		}
	}
}
