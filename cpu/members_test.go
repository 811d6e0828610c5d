package cpu_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/cpu"
)

// TestMembersAlone: a member of a batch of products has the bits that it has alone, however narrow they are.
func TestMembersAlone(t *testing.T) {
	b, err := cpu.Open()
	if err != nil {
		t.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	const batch = 3
	rnd := rand.New(rand.NewPCG(3, 3))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rnd.NormFloat64())
		}
		return x
	}
	for _, n := range []int{1, 2, 3, 5, 8, 9, 17, 40} {
		for _, s := range []struct{ m, k int }{{1, 7}, {4, 5}, {5, 17}, {9, 20}, {33, 70}, {50, 301}, {8, 4100}} {
			for flags := range 4 {
				ta, tb := flags&1 != 0, flags&2 != 0
				shape := func(rows, cols int, across bool) []int {
					if across {
						rows, cols = cols, rows
					}
					return []int{rows, cols}
				}
				as, bs := shape(s.m, s.k, ta), shape(s.k, n, tb)
				a, x := draw(batch*s.m*s.k), draw(batch*s.k*n)
				product := func(batch int, a, x []float32) []float32 {
					y := make([]float32, batch*s.m*n)
					err := dev.Step(func(st *compute.Step) error {
						at, bt := st.Tensor(append([]int{batch}, as...)...), st.Tensor(append([]int{batch}, bs...)...)
						c := st.Tensor(batch, s.m, n)
						st.Write(at, a)
						st.Write(bt, x)
						st.Do(compute.Gemm{C: c, A: at, B: bt, TransA: ta, TransB: tb, Epilogue: compute.Epilogue{Alpha: 1}})
						st.Read(c, y)
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					return y
				}
				all := product(batch, a, x)
				for z := range batch {
					alone := product(1, a[z*s.m*s.k:][:s.m*s.k], x[z*s.k*n:][:s.k*n])
					if !slices.Equal(alone, all[z*s.m*n:][:s.m*n]) {
						t.Errorf("%s: member %d has other bits than alone", fmt.Sprintf("%d×%d×%d, A across %t, B across %t", s.m, n, s.k, ta, tb), z)
						break
					}
				}
			}
		}
	}
}
