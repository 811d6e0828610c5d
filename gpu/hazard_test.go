package gpu

import (
	"math/rand/v2"
	"testing"
)

func TestHazards(t *testing.T) {
	whole := span{0, 8}
	for _, test := range []struct {
		first, then bool // is it a write?
		want        bool
	}{{false, false, false}, {true, false, true}, {true, true, true}, {false, true, true}} {
		var h hazards
		var u, other usage
		if h.conflict(&u, whole, true) {
			t.Error("a fresh buffer needs a barrier")
		}
		h.record(&u, whole, test.first)
		h.record(&u, whole, test.first)
		if got := h.conflict(&u, whole, test.then); got != test.want {
			t.Errorf("write %v then write %v: barrier %v", test.first, test.then, got)
		}
		if h.conflict(&u, span{8, 9}, true) {
			t.Error("a barrier between neighbours")
		}
		if h.barrier(); h.conflict(&u, whole, test.then) || h.conflict(&other, whole, true) {
			t.Error("a barrier did not help")
		}
	}
}

// A ledger does the same by brute force: it records the accesses of each number since the last barrier.
type ledger struct{ read, written []bool }

func (l *ledger) conflict(s span, write bool) bool {
	for i := s.from; i < s.to; i++ {
		if l.written[i] || write && l.read[i] {
			return true
		}
	}
	return false
}

func (l *ledger) record(s span, write bool) {
	for i := s.from; i < s.to; i++ {
		if write {
			l.written[i] = true
		} else {
			l.read[i] = true
		}
	}
}

// TestHazardsByNumber: no conflict is missed, however many parts are in use; and as long as they are few, no false one
// is found.
func TestHazardsByNumber(t *testing.T) {
	const n, seed = 1000, 1
	r := rand.New(rand.NewPCG(seed, 0))
	found, spared, needless := 0, 0, 0
	for round := range 300 {
		var h hazards
		var u usage
		l := ledger{make([]bool, n), make([]bool, n)}
		longest := 1 + r.IntN(1<<(1+round%9))
		sinceBarrier := 0
		for step := range 300 {
			from := r.IntN(n)
			s, write := span{from, min(n, from+1+r.IntN(longest))}, r.IntN(2) == 0
			want, got := l.conflict(s, write), h.conflict(&u, s, write)
			switch {
			case want && !got:
				t.Fatalf("seed %d, round %d, step %d: no barrier before %v, write %v, of %+v", seed, round, step, s, write, u)
			case want:
				found++
			case !got:
				spared++
			case sinceBarrier <= maxSpans:
				t.Fatalf("seed %d, round %d, step %d: a barrier before %v, write %v, of %+v", seed, round, step, s, write, u)
			default:
				needless++
			}
			// A dispatch records its accesses after a barrier; transfers ask for barriers and record nothing.
			if got && (step%3 > 0 || sinceBarrier > 4*maxSpans) {
				h.barrier()
				l, sinceBarrier = ledger{make([]bool, n), make([]bool, n)}, 0
			}
			h.record(&u, s, write)
			l.record(s, write)
			sinceBarrier++
			sound(t, u.read)
			sound(t, u.written)
		}
	}
	if found == 0 || spared == 0 || needless == 0 {
		t.Errorf("%d conflicts, %d of none, %d of joined parts: the test shows nothing", found, spared, needless)
	}
}

func sound(t *testing.T, l spans) {
	t.Helper()
	if len(l) > maxSpans {
		t.Fatalf("%d parts, want at most %d", len(l), maxSpans)
	}
	for i, s := range l {
		if s.from >= s.to || i > 0 && l[i-1].to >= s.from {
			t.Fatalf("parts %v are not in order, or touch", l)
		}
	}
}

// TestHazardsOfLayers: updates of the layers of a network, which lie in one buffer, do not wait for each other,
// while each waits for its own gradient.
func TestHazardsOfLayers(t *testing.T) {
	var h hazards
	var weights, gradients usage
	barriers := 0
	access := func(u *usage, s span, write bool) {
		if h.conflict(u, s, write) {
			h.barrier()
			barriers++
		}
		h.record(u, s, write)
	}
	for i := range 100 {
		access(&gradients, span{64 * i, 64*i + 60}, true)
	}
	for i := range 100 {
		access(&gradients, span{64 * i, 64*i + 60}, false)
		access(&weights, span{64 * i, 64*i + 60}, true)
	}
	if barriers != 1 {
		t.Errorf("%d barriers between 100 gradients and 100 updates, want 1", barriers)
	}
}
