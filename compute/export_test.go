package compute

import "time"

// Philox is for the generator's known answers: of its counter, Random reaches few values.
var Philox = philox

// Asker is for stacks that no test has.
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

// MostKinds is how many kinds of op a [Profiler] tells apart.
const MostKinds = mostKinds
