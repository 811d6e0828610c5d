package cpu

import "golang.org/x/sys/cpu"

// widenF16C is in memory_amd64.s.
//
//go:noescape
func widenF16C(dst, words *float32, n int)

// widenVector processes the first numbers of widen and returns how many.
func widenVector(dst, words []float32) int {
	n := eights(dst)
	if n == 0 || !cpu.X86.HasF16C {
		return 0
	}
	_ = words[n/2-1]
	widenF16C(&dst[0], &words[0], n)
	return n
}
