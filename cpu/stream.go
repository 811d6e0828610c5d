package cpu

// streamed is the least length of an output that a formula stores past the cache, if it does not read it: 32 MiB, which no cache
// keeps beside what else the op reads until the next op comes. A line that is stored whole then need not be read first, a quarter
// to a third of the traffic. Below it pays nothing, or costs what the next op would have found.
var streamed = 1 << 23

// stream copies as many numbers as dst has, past the cache. All cores see them after [fence].
func stream(dst, src []float32) {
	n := streamVector(dst, src)
	copy(dst[n:], src[n:len(dst)])
}
