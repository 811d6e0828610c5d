package compute

import "time"

// Philox is exported to test the generator's known answers: Random reaches few values of its counter.
var Philox = philox

// Asker is exported to test stacks that no test has.
var Asker = asker

// EachTensor finds the fields of an op that are tensors.
var EachTensor = eachTensor

// Median is the median of a [Profiler].
func Median(ds ...time.Duration) time.Duration {
	h := histogram{}
	for _, d := range ds {
		h.add(d)
	}
	return h.median()
}

// MostKinds is the number of kinds of op that a [Profiler] distinguishes.
const MostKinds = mostKinds
