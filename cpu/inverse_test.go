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

// decoupled runs an inverse while the entries of A in rows from i on and columns before j are 0.
func decoupled(i, j func(n int) int) func(func(compute.Op), compute.Op) {
	return bugged(func(run func(compute.Op), v compute.Inverse) {
		batch, n := v.Dims()
		a := values(v.A)
		old := append([]float32(nil), a...)
		for z := range batch {
			for r := max(i(n), 0); r < n; r++ {
				clear(a[(z*n+r)*n:][:max(0, min(j(n), r))])
			}
		}
		run(v)
		copy(a, old)
	})
}

// inverseBugs are planted in inverses.
var inverseBugs = []planted{
	{"Shift ignored", compute.Inverse{}, misread(func(v *compute.Inverse) { v.Shift = 0 })},
	{"last row apart", compute.Inverse{}, decoupled(func(n int) int { return n - 1 }, func(n int) int { return n })},
	{"last entry lost", compute.Inverse{}, decoupled(func(n int) int { return n - 1 }, func(int) int { return 1 })},
	{"a block of large ones lost", compute.Inverse{}, decoupled(func(int) int { return 96 }, func(int) int { return 32 })},
	{"upper triangle read", compute.Inverse{}, bugged(func(run func(compute.Op), v compute.Inverse) {
		_, n := v.Dims()
		run(v)
		values(v.Inv)[0] += 0 * values(v.A)[n-1]
	})},
	{"mirror image missing", compute.Inverse{}, bugged(func(run func(compute.Op), v compute.Inverse) {
		_, n := v.Dims()
		old := values(v.Inv)[n-1]
		run(v)
		if n > 1 {
			values(v.Inv)[n-1] = old
		}
	})},
	{"last member not computed", compute.Inverse{}, bugged(func(run func(compute.Op), v compute.Inverse) {
		batch, n := v.Dims()
		old := append([]float32(nil), values(v.Inv)[(batch-1)*n*n:]...)
		run(v)
		copy(values(v.Inv)[(batch-1)*n*n:], old)
	})},
	{"order from 0", compute.Inverse{}, bugged(func(run func(compute.Op), v compute.Inverse) {
		run(v)
		for z, k := range values(v.Info) {
			values(v.Info)[z] = max(0, k-1)
		}
	})},
	{"a number where there is no inverse", compute.Inverse{}, bugged(func(run func(compute.Op), v compute.Inverse) {
		run(v)
		if x := last(v.Inv); *x != *x {
			*x = 0
		}
	})},
	{"half precision", compute.Inverse{}, bugged(func(run func(compute.Op), v compute.Inverse) {
		run(v)
		for i, x := range values(v.Inv) {
			values(v.Inv)[i] = math.Float32frombits(math.Float32bits(x) &^ (1<<13 - 1))
		}
	})},
}

// TestInverseOfPowersOfTwo: of blocks and their remainder.
func TestInverseOfPowersOfTwo(t *testing.T) {
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	computetest.InverseOfPowersOfTwo(t, b, 150)
}
