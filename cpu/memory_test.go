package cpu

import (
	"math"
	"testing"
	"unsafe"

	"hebb/compute"
)

// TestLined: memory of any length starts with a line, is all 0, and is as long as was asked for.
func TestLined(t *testing.T) {
	for _, n := range []int{1, 2, 3, 15, 16, 17, 100, 1000, 4096, 10000, 1<<19 - 1, 1<<19 + 3, 3 << 19, 1 << 21} {
		for range 3 {
			x := lined(n)
			if len(x) != n || uintptr(unsafe.Pointer(&x[0]))%(4*cacheLine) != 0 {
				t.Errorf("%d float32s are %d at %p", n, len(x), &x[0])
			}
			for i, v := range x {
				if v != 0 {
					t.Fatalf("of %d, number %d is %g", n, i, v)
				}
				x[i] = float32(i) // numbers that must survive the change of pages
			}
			huge(x)
			for i, v := range x {
				if v != float32(i) {
					t.Fatalf("of %d, number %d became %g", n, i, v)
				}
			}
		}
	}
}

// TestWiden compares every Float16 with its definition.
func TestWiden(t *testing.T) {
	words := make([]float32, 1<<15)
	for i := range words {
		words[i] = math.Float32frombits(uint32(2*i) | uint32(2*i+1)<<16)
	}
	for _, n := range []int{1, 7, 8, 9, 1 << 16} {
		got, want := make([]float32, n), make([]float32, n)
		widen(got, words[:(n+1)/2])
		compute.Widen(want, words)
		for i := range got {
			if !sameBits(got[i], want[i]) {
				t.Fatalf("Float16 %#x is %g, want %g", i, got[i], want[i])
			}
		}
	}
}
