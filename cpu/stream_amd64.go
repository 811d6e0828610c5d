package cpu

import "unsafe"

// streamAVX2 and fence are in stream_amd64.s.
//
//go:noescape
func streamAVX2(dst, src *float32, n int)

// fence waits until stores that pass the cache are seen by all cores.
//
//go:noescape
func fence()

// streamVector stores the first elements for stream, past the cache, and returns how many.
func streamVector(dst, src []float32) int {
	n := len(dst) &^ 31
	if vector < avx2 || n == 0 || uintptr(unsafe.Pointer(&dst[0]))%32 != 0 {
		return 0
	}
	streamAVX2(&dst[0], &src[0], n)
	return n
}
