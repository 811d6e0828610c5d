package cpu

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestPairs: every entry of every matrix is in one tile or in the mirror image of one, and no two tiles of a round have
// rows or columns in common.
func TestPairs(t *testing.T) {
	for _, c := range []struct{ batch, m, size int }{{1, 1, 5}, {1, 5, 5}, {2, 6, 5}, {3, 23, 5}, {1, 40, 5}, {2, 41, 8}, {1, 9, 1}} {
		var all sync.Mutex
		seen := make([]int, c.batch*c.m*c.m)
		sum := make([]int, c.batch*c.m) // unlocked, so that -race sees two tiles that meet
		pairs(c.batch, c.m, c.size, func(t tile) {
			for i := range t.rows {
				sum[t.z*c.m+t.i+i]++
			}
			for j := range t.cols {
				sum[t.z*c.m+t.j+j]++
			}
			all.Lock()
			defer all.Unlock()
			for i := t.i; i < t.i+t.rows; i++ {
				for j := t.j; j < t.j+t.cols; j++ {
					seen[(t.z*c.m+i)*c.m+j]++
					if t.i != t.j {
						seen[(t.z*c.m+j)*c.m+i]++
					}
				}
			}
		})
		for e, n := range seen {
			if n != 1 {
				t.Fatalf("%+v: entry %d, %d is seen %d times", c, e/c.m%c.m, e%c.m, n)
			}
		}
	}
}

// TestKernelsOnManyCores: the number of cores does not change a bit.
func TestKernelsOnManyCores(t *testing.T) {
	set(t, &pairsMost, 32)
	set(t, &pairsLeast, 32)
	results := func(cores int) (all []float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		b := must.Get(Open())(t)
		d := compute.New(b)
		defer d.Close()
		o := operands{r: rand.New(rand.NewPCG(1, 2))}
		must.Do(t, d.Step(func(s *compute.Step) error {
			o.s = s
			const m, dim = 333, 20
			k := compute.Similarity{X: o.in(m, dim), Kernel: compute.Gaussian, Sigma: []float32{1, 3}, PerDim: true}
			l := compute.Similarity{X: o.in(m, 4), Kernel: compute.Cosine}
			sum, dot, dx := s.Tensor(2, m), s.Tensor(2, m), s.Tensor(m, dim)
			s.Do(compute.KernelSums{Sum: sum, Dot: dot, K: k, L: l, A: o.in(2, m)})
			s.Do(compute.KernelGrad{DX: dx, K: k, L: l, Alpha: 1, Self: 1, Cross: -2, R: o.in(2, m)})
			for _, x := range []*compute.Tensor{sum, dot, dx} {
				v := make([]float32, x.Len())
				s.Read(x, v)
				all = append(all, v...)
			}
			return nil
		}))
		return all
	}
	one := results(1)
	for _, cores := range []int{2, 3, 8} {
		if !slices.Equal(one, results(cores)) {
			t.Errorf("%d cores and one do not give the same bits", cores)
		}
	}
}
