package compute_test

import (
	"math"

	"hebb/compute"
)

func inverseMutants() []mutant {
	type I = compute.Inverse
	// each calls f for each matrix that has an inverse.
	each := func(v I, f func(n int, inv, a []float32)) {
		batch, n := v.Dims()
		for z := range batch {
			if data(v.Info)[z] == 0 {
				f(n, data(v.Inv)[z*n*n:][:n*n], data(v.A)[z*n*n:][:n*n])
			}
		}
	}
	// lost subtracts row k of M's terms of the product MᵀM from Inv: of the last row the whole, for M's last entry is
	// the root of Inv's.
	lost := func(least int, block func(i, j, n int) bool) func(v I) {
		return func(v I) {
			each(v, func(n int, inv, _ []float32) {
				last := inv[(n-1)*n:][:n]
				row := append([]float32(nil), last...)
				for i := range n {
					for j := range n {
						if n >= least && block(i, j, n) {
							inv[i*n+j] -= row[i] * row[j] / row[n-1]
						}
					}
				}
			})
		}
	}
	// apart replaces the entries of A in rows from i on and columns before j by 0.
	apart := func(name string, i, j func(n int) int) mutant {
		return mutant{name, I{}, around(func(run func(compute.Op), v I) {
			batch, n := v.Dims()
			during(v.A, func(a []float32) {
				for z := range batch {
					for r := max(i(n), 0); r < n; r++ {
						clear(a[(z*n+r)*n:][:max(0, min(j(n), r))])
					}
				}
			}, func() { run(v) })
		})}
	}
	everywhere := func(int, int, int) bool { return true }
	return []mutant{
		bend("no Shift", func(v *I) { v.Shift = 0 }),
		bend("twice the Shift", func(v *I) { v.Shift *= 2 }),
		spoil("A itself", func(v I) { each(v, func(n int, inv, a []float32) { copy(inv, a) }) }),
		spoil("zeros", func(v I) { each(v, func(_ int, inv, _ []float32) { clear(inv) }) }),
		spoil("the identity", func(v I) {
			each(v, func(n int, inv, _ []float32) {
				clear(inv)
				for i := range n {
					inv[i*n+i] = 1
				}
			})
		}),
		apart("the last row apart", func(n int) int { return n - 1 }, func(n int) int { return n }),
		apart("an entry lost", func(n int) int { return n - 1 }, func(int) int { return 1 }),
		apart("a block of large ones lost", func(int) int { return 96 }, func(int) int { return 32 }),
		spoil("the upper triangle read", func(v I) {
			_, n := v.Dims()
			data(v.Inv)[0] += 0 * data(v.A)[n-1]
		}),
		spoil("a row of M lost", lost(2, everywhere)),
		spoil("a row of M lost of a large one", lost(130, everywhere)),
		spoil("a row of M lost in one block of a large one", lost(130, func(i, j, n int) bool { return max(i, j) >= n-2 })),
		spoil("a block beside the diagonal lost", func(v I) {
			each(v, func(n int, inv, _ []float32) {
				for i := n / 2; i < n && n >= 130; i++ {
					for j := range 32 {
						inv[i*n+j], inv[j*n+i] = 0, 0
					}
				}
			})
		}),
		spoil("the upper triangle left out", func(v I) {
			each(v, func(n int, inv, _ []float32) {
				for i := range n {
					clear(inv[i*n+i+1 : (i+1)*n])
				}
			})
		}),
		spoil("symmetric but for a bit", func(v I) {
			each(v, func(n int, inv, _ []float32) {
				if n > 1 {
					inv[1] = math.Float32frombits(math.Float32bits(inv[1]) ^ 1)
				}
			})
		}),
		spoil("16 bits", func(v I) {
			each(v, func(n int, inv, _ []float32) {
				for i, x := range inv {
					inv[i] = math.Float32frombits(math.Float32bits(x) &^ (1<<8 - 1))
				}
			})
		}),
		spoil("one order too high", func(v I) {
			if k := data(v.Info); k[0] > 0 {
				k[0]++
			}
		}),
		spoil("one order too low", func(v I) {
			if k := data(v.Info); k[0] > 0 {
				k[0]--
			}
		}),
		spoil("all definite", func(v I) { clear(data(v.Info)) }),
		spoil("none definite", func(v I) { data(v.Info)[0] = max(data(v.Info)[0], 1) }),
		spoil("a number where there is no inverse", func(v I) {
			if x := last(v.Inv); *x != *x {
				*x = 0
			}
		}),
	}
}
