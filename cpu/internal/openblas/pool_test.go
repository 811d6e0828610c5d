//go:build openblas && cgo

package openblas

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestMultiply has several callers at once, only one of whom can have the threads, and wants of each
// what one core computes, to the bit.
func TestMultiply(t *testing.T) {
	SingleThreaded()
	const batch, m, n, k = 3, 37, 53, 19
	r := rand.New(rand.NewPCG(1, 2))
	reals := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	a, b, c := reals(m*k), reals(batch*k*n), reals(batch*m*n)
	multiply := func(cores int) []float32 {
		c := slices.Clone(c)
		p := Product{Batch: batch, M: m, N: n, K: k, Rows: 8, Cols: 10, Alpha: 0.5, Beta: 2,
			A: Matrix{Data: a, Stride: m, Transposed: true}, B: Matrix{Data: b, Stride: n, Step: k * n},
			C: Matrix{Data: c, Stride: n, Step: m * n}}
		p.Multiply(cores)
		return c
	}
	want := multiply(1)
	var wg sync.WaitGroup
	for caller := range 4 {
		wg.Go(func() {
			for range 1000 {
				if !slices.Equal(multiply(2+caller), want) {
					t.Error("not what one core computes")
					return
				}
			}
		})
	}
	wg.Wait()
}
