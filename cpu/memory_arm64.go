package cpu

// widenNEON is in memory_arm64.s.
//
//go:noescape
func widenNEON(dst, words *float32, n int)

// widenVector processes the first numbers of widen and returns how many.
func widenVector(dst, words []float32) int {
	n := eights(dst)
	if n > 0 {
		_ = words[n/2-1]
		widenNEON(&dst[0], &words[0], n)
	}
	return n
}
