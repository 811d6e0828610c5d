package compute

import (
	"maps"
	"math/bits"
	"slices"
	"time"
)

// A histogram counts durations by class. Below 128 ns each value is a class; from there on an octave has 64, so that
// the middle of a class is within 1/128 of all its values.
type histogram map[int]int64

func (h histogram) add(d time.Duration) { h[class(d)]++ }

// median returns the middle of the class that contains the median, the lower of two.
func (h histogram) median() time.Duration {
	var n int64
	for _, k := range h {
		n += k
	}
	for _, c := range slices.Sorted(maps.Keys(h)) {
		if n -= 2 * h[c]; n <= 0 {
			return middle(c)
		}
	}
	return 0
}

// class returns the seven leading bits of d, 64 to 127, plus 64 for each bit after them.
func class(d time.Duration) int {
	n := uint64(max(d, 0))
	after := max(0, bits.Len64(n)-7)
	return 64*after + int(n>>after)
}

func middle(class int) time.Duration {
	after := max(0, class/64-1)
	return time.Duration(class-64*after)<<after + 1<<after/2
}
