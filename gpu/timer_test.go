//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
	"hebb/internal/must"
)

// busy runs n rounds of ops of one launch and of several on b, and returns the results.
func busy(t testing.TB, b compute.Backend, n int) []float32 {
	t.Helper()
	const size = 40
	d := compute.New(b)
	out := make([]float32, size*size)
	err := d.Step(func(s *compute.Step) error {
		x, k, y := s.Tensor(size, size), s.Tensor(size, size), s.Tensor(size, size)
		s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: 3})
		for range n {
			s.Do(compute.Gram{K: k, X: x, Kernel: compute.Gaussian, Sigma: []float32{8}, Center: compute.Double})
			s.Do(compute.Gemm{C: y, A: k, B: x, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.Tanh}})
			s.Do(compute.Copy{Dst: x, Src: y})
		}
		s.Read(x, out)
		return nil
	})
	must.Do(t, errors.Join(err, d.Sync()))
	return out
}

// TestTimedOps: each op is timed once, in its turn; ops lie one after the other within the total time on the host's
// clock, the parts of each fill it, and timing changes no bit of the results. The run is longer than the ring.
func TestTimedOps(t *testing.T) {
	b := opened(t)
	defer b.Close()
	const rounds = ringSize / 8
	plain := busy(t, b, rounds)
	var got []compute.Timing
	before := time.Now()
	must.Do(t, b.TimeOps(func(x compute.Timing) { got = append(got, x) }))
	out := busy(t, b, rounds)
	after := time.Now()
	for i := range plain {
		if math.Float32bits(plain[i]) != math.Float32bits(out[i]) {
			t.Fatalf("element %d is %g, and %g when timed", i, plain[i], out[i])
		}
	}
	if len(got) != 1+3*rounds {
		t.Fatalf("%d ops were timed, want %d", len(got), 1+3*rounds)
	}
	names, end, stamps := []string{"compute.Gram", "compute.Gemm", "compute.Copy"}, before, 0
	var sum time.Duration
	for i, x := range got {
		want := "compute.Random"
		if i > 0 {
			want = names[(i-1)%3]
		}
		const apart = time.Millisecond // of the clocks; each was read once
		if fmt.Sprintf("%T", x.Op) != want || x.Took <= 0 || x.Start.Before(end.Add(-apart)) || x.Start.Add(x.Took).After(after.Add(apart)) {
			t.Fatalf("op %d is %T, from %v for %v; want %s between %v and %v", i, x.Op, x.Start, x.Took, want, end, after)
		}
		var parts time.Duration
		for _, p := range x.Parts {
			parts += p.Took
			if p.Name == "" || p.Took < 0 {
				t.Fatalf("op %d: %+v", i, x.Parts)
			}
		}
		if parts != x.Took || want == "compute.Gram" && len(x.Parts) < 2 {
			t.Fatalf("op %d: %v in %+v", i, x.Took, x.Parts)
		}
		sum += x.Took
		end = x.Start.Add(x.Took)
		stamps += len(x.Parts) + 1
	}
	if wall := after.Sub(before); sum > wall || stamps < ringSize {
		t.Errorf("%v in ops, %v in all, %d stamps", sum, wall, stamps)
	}
}

// TestTimingEnds: a nil function ends timing, another one takes over, and earlier timings go to the first.
func TestTimingEnds(t *testing.T) {
	b := opened(t)
	defer b.Close()
	var n [2]int
	for i := range n {
		must.Do(t, b.TimeOps(func(compute.Timing) { n[i]++ }))
		q := newSquare(t, b)
		q.works(t) // it reads, and does not Sync
	}
	if err := b.TimeOps(nil); err != nil || n != [2]int{1, 1} || b.timer != nil {
		t.Errorf("%v, %v", n, err)
	}
	if newSquare(t, b).works(t); n != [2]int{1, 1} {
		t.Error(n)
	}
}

// TestTimingOfFailed: a failed device is an error and reports no times.
func TestTimingOfFailed(t *testing.T) {
	b := opened(t)
	q := newSquare(t, b)
	q.works(t)
	must.Do(t, b.TimeOps(func(x compute.Timing) { t.Errorf("told of %+v", x) }))
	b.send(func() { gl.Enable(0xbeef); b.settle("first") })
	_, err := q.run()
	mentions(t, err, "first")
	mentions(t, b.Sync(), "first")
	mentions(t, b.TimeOps(nil), "first")
	mentions(t, b.TimeOps(func(compute.Timing) {}), "first")
	b.Close()
}

// TestNoClock: a device without a clock is refused by its name.
func TestNoClock(t *testing.T) {
	err := timed(0, compute.Info{Device: "sundial", Driver: "1.0"})
	if mentions(t, err, "sundial", "no clock", "QUERY_COUNTER_BITS"); !errors.Is(err, compute.ErrUnsupported) {
		t.Error(err)
	}
	if err := timed(30, compute.Info{}); err != nil {
		t.Error(err)
	}
}

// BenchmarkStamps measures the time that timing adds to an op on the thread that feeds the device, by its number of
// launches: it launches nothing.
func BenchmarkStamps(b *testing.B) {
	back, err := open(quick(""))
	if err != nil {
		b.Skip(err)
	}
	defer back.Close()
	must.Do(b, back.TimeOps(func(compute.Timing) {}))
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			must.Do(b, back.wait(func() error {
				for b.Loop() {
					back.timer.begin(compute.Copy{}, make([]dispatch, n))
					for range n {
						back.timer.launched()
					}
				}
				return back.finish("stamps")
			}))
		})
	}
}
