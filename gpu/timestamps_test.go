package gpu

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hebb/compute"
)

// A lagging device writes stamps some launches after they were put: the k-th stamp of all is k·tick.
type lagging struct {
	t       interface{ Fatalf(string, ...any) }
	lag     int           // stamps not yet written
	slots   map[int]int64 // put and not yet read, with its number
	put_    int64
	waits   int // reads of stamps not yet there
	polls   int
	neverOn bool // whether waiting is a mistake
}

const tick = 10

func (l *lagging) put(slot int) {
	if _, used := l.slots[slot]; used {
		l.t.Fatalf("slot %d is used again before it was read", slot)
	}
	l.slots[slot] = l.put_
	l.put_++
}

func (l *lagging) ready(slot int) bool {
	l.polls++
	k, ok := l.slots[slot]
	if !ok {
		l.t.Fatalf("slot %d is asked for, and holds nothing", slot)
	}
	return k < l.put_-int64(l.lag)
}

func (l *lagging) get(slot int) int64 {
	k, ok := l.slots[slot]
	if !ok {
		l.t.Fatalf("slot %d is read, and holds nothing", slot)
	}
	if k >= l.put_-int64(l.lag) {
		if l.waits++; l.neverOn {
			l.t.Fatalf("stamp %d of %d is waited for", k, l.put_)
		}
	}
	delete(l.slots, slot)
	return k * tick
}

// TestRing: whatever ops come, and however late the device is, each is reported once, in order, with its own times, the
// ring wraps around, and stamps are never lost.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(mostParts+2, 300).Draw(t, "ring")
		dev := &lagging{t: t, lag: rapid.IntRange(0, 400).Draw(t, "lag"), slots: map[int]int64{}}
		zero := time.Unix(1000, 0)
		var got []compute.Timing
		r := &timer{stamps: dev, size: size, zero: zero, failed: func() bool { return false },
			report: func(x compute.Timing) { got = append(got, x) }}
		launches := rapid.SliceOfN(rapid.IntRange(0, mostParts+3), 1, 100).Draw(t, "launches")
		for i, n := range launches {
			ds := make([]dispatch, n)
			for j := range ds {
				ds[j].file = fmt.Sprint(i, ".", j)
			}
			r.begin(compute.Copy{Dst: marker(i)}, ds)
			for range ds {
				r.launched()
			}
		}
		r.drain()
		if len(got) != len(launches) || len(dev.slots) != 0 {
			t.Fatalf("%d ops of %d, %d stamps left", len(got), len(launches), len(dev.slots))
		}
		at := int64(0)
		for i, n := range launches {
			x, steps, parts := got[i], int64(n), n
			if n > mostParts {
				steps, parts = 1, 0
			}
			if x.Op.(compute.Copy).Dst != marker(i) || x.Start != zero.Add(time.Duration(at*tick)) || x.Took != time.Duration(steps*tick) || len(x.Parts) != parts {
				t.Fatalf("op %d of %d launches: %+v", i, n, x)
			}
			for j, p := range x.Parts {
				if p.Name != fmt.Sprint(i, ".", j) || p.Took != tick {
					t.Fatalf("op %d: %+v", i, x.Parts)
				}
			}
			at += steps + 1
		}
	})
}

var markers [128]compute.Tensor

// marker is a tensor that tells op i from others.
func marker(i int) *compute.Tensor { return &markers[i] }

// TestRingNeverWaits: while the device is less than the ring behind, nothing waits, and the ring is polled seldom.
func TestRingNeverWaits(t *testing.T) {
	dev := &lagging{t: t, lag: 700, slots: map[int]int64{}, neverOn: true}
	told := 0
	r := &timer{stamps: dev, size: 1024, failed: func() bool { return false }, report: func(compute.Timing) { told++ }}
	const n = 100_000
	for range n {
		r.begin(compute.Copy{}, make([]dispatch, 1))
		r.launched()
	}
	if dev.polls > n+n/10 || told < n-512 {
		t.Errorf("%d looks at the ring, %d of %d ops told", dev.polls, told, n)
	}
	dev.neverOn, dev.lag = false, 0
	if r.drain(); told != n || dev.waits != 0 {
		t.Errorf("%d of %d ops told, %d waits", told, n, dev.waits)
	}
}

// TestRingOfFailed: after a failure nothing is read and nothing reported.
func TestRingOfFailed(t *testing.T) {
	dev := &lagging{t: t, slots: map[int]int64{}}
	bad := false
	r := &timer{stamps: dev, size: 128, failed: func() bool { return bad }, report: func(compute.Timing) {
		if bad {
			t.Error("told of an op after the failure")
		}
	}}
	for i := range 500 {
		bad = i > 300
		if bad {
			clear(dev.slots) // the device's stamps are useless
		}
		r.begin(compute.Copy{}, make([]dispatch, 2))
		r.launched()
		r.launched()
	}
	r.drain()
	if dev.waits != 0 {
		t.Errorf("%d waits", dev.waits)
	}
}

// TestAdvance: a counter that wraps around goes on, and one that steps back a little does not leap.
func TestAdvance(t *testing.T) {
	for _, c := range []struct {
		a, b uint64
		bits int
		want int64
	}{
		{5, 9, 64, 4},
		{9, 5, 64, -4},
		{1<<64 - 2, 3, 64, 5},
		{1<<36 - 2, 3, 36, 5},
		{3, 1<<36 - 2, 36, -5},
		{0, 1 << 34, 36, 1 << 34},
		{1<<30 - 1, 0, 30, 1},
	} {
		if got := advance(c.a, c.b, c.bits); got != c.want {
			t.Errorf("from %d to %d of %d bits: %d, want %d", c.a, c.b, c.bits, got, c.want)
		}
	}
}
