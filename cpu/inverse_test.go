package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"hebb/compute"
	"hebb/compute/computetest"
)

func drawInverse(t *rapid.T) builder {
	z, n := draw(t, "batch", 3), draw(t, "n", 150)
	terms := n + rapid.IntRange(-n/2, n).Draw(t, "terms")
	broken := rapid.IntRange(-3*n, n-1).Draw(t, "broken")
	return func(o operands) compute.Op {
		op := compute.Inverse{A: o.s.Tensor(z, n, n), Inv: o.in(z, n, n), Info: o.in(z), Shift: 0.5}
		all := make([]float32, z*n*n)
		for m := range z {
			a := all[m*n*n:][:n*n]
			wishart(o.r, a, n, terms)
			if broken >= 0 {
				a[broken*(n+1)] = -1
			}
			for i := range n {
				for j := i + 1; j < n; j++ {
					a[i*n+j] = float32(math.NaN())
				}
			}
		}
		o.s.Write(op.A, all)
		return op
	}
}

// wishart is Σ x·xᵀ/k over k rows of normal numbers.
func wishart(r *rand.Rand, a []float32, n, k int) {
	x := make([]float32, n)
	for range k {
		for i := range x {
			x[i] = float32(r.NormFloat64() / math.Sqrt(float64(k)))
		}
		for i := range n {
			for j := range n {
				a[i*n+j] += x[i] * x[j]
			}
		}
	}
}

// TestInverseOfPowersOfTwo: of blocks and their remainder.
func TestInverseOfPowersOfTwo(t *testing.T) {
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	computetest.InverseOfPowersOfTwo(t, b, 150)
}
