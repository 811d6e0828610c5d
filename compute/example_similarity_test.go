package compute_test

import (
	"fmt"

	"hebb/compute"
)

// HSIC of six pairs by a kernel of each side, in two passes over kernel matrices that are never stored: row sums first,
// then the products of the centred kernels. With the Linear kernel it is the covariance squared, 3.5².
func ExampleKernelSums() {
	const m = 6
	// From row sums s, and their sum: the mean of each row less half of the mean of all.
	centre := compute.Formula("row/m - all/(2*m*m)", "row", "all").With("m", m)
	on(func(s *compute.Step) error {
		k := compute.Similarity{X: put(s, []int{m, 1}, 1, 2, 3, 4, 5, 6)}
		l := compute.Similarity{X: put(s, []int{m, 1}, 2, 3, 4, 5, 6, 7)}
		rows, all, a, dot := s.Tensor(1, m), s.Tensor(1), s.Tensor(1, m), s.Tensor(1, m)
		s.Do(compute.KernelSums{Sum: rows, K: k})
		s.Do(compute.Reduce{Out: all, In: []*compute.Tensor{rows}, Along: compute.AlongAll, Alpha: 1})
		s.Do(compute.Map{Out: a, In: []*compute.Tensor{rows, all}, F: centre})
		s.Do(compute.KernelSums{Dot: dot, K: k, L: l, A: a})
		s.Do(compute.Reduce{Out: all, In: []*compute.Tensor{dot}, Along: compute.AlongAll, Alpha: 1. / ((m - 1) * (m - 1))})
		fmt.Printf("%.3f\n", get(s, all))
		return s.Err()
	})
	// Output: [12.250]
}

// Three points that a step down HSIC(K, L) drives apart where L finds them alike, and together where not. L has no means
// here, so R is 0.
func ExampleKernelGrad() {
	on(func(s *compute.Step) error {
		x, y := put(s, []int{3, 1}, -1, 0, 1), put(s, []int{3, 2}, 2, -1, -1, 1, -1, 0)
		dx := s.Tensor(3, 1)
		s.Do(compute.KernelGrad{DX: dx, K: compute.Similarity{X: x, Kernel: compute.Gaussian, Sigma: []float32{1}},
			L: compute.Similarity{X: y}, Alpha: 1, Cross: 1. / 4})
		fmt.Printf("%.3f\n", get(s, dx))
		return s.Err()
	})
	// Output: [-1.180 1.213 -0.033]
}
