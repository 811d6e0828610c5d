package cpu

import (
	"fmt"
	"testing"

	"hebb/compute"
)

// BenchmarkKernels is HSIC's products of kernels and its gradient without stored matrices, beside the matrices alone.
func BenchmarkKernels(b *testing.B) {
	gaussian := func(x *compute.Tensor, sigma ...float32) compute.Similarity {
		return compute.Similarity{X: x, Kernel: compute.Gaussian, Sigma: sigma, PerDim: true}
	}
	for _, c := range []struct {
		m, d  int
		sigma []float32
	}{{256, 256, []float32{1}}, {256, 1024, []float32{1}}, {256, 32, []float32{1}}, {1024, 128, []float32{1}}, {4096, 128, []float32{0.5, 1, 2}}} {
		name := fmt.Sprintf("%dx%d/%d", c.m, c.d, len(c.sigma))
		b.Run("gram/"+name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				return compute.Gram{K: s.Tensor(len(c.sigma), c.m, c.m), X: in(c.m, c.d), Kernel: compute.Gaussian, Sigma: c.sigma, PerDim: true}
			})
		})
		b.Run("sum/"+name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				return compute.KernelSums{Sum: s.Tensor(len(c.sigma), c.m), K: gaussian(in(c.m, c.d), c.sigma...)}
			})
		})
		b.Run("dot/"+name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				return compute.KernelSums{Dot: s.Tensor(len(c.sigma), c.m), K: gaussian(in(c.m, c.d), c.sigma...),
					L: compute.Similarity{X: in(c.m, 10)}, A: in(len(c.sigma), c.m), B: in(1, c.m)}
			})
		})
		b.Run("grad/"+name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				return compute.KernelGrad{DX: s.Tensor(c.m, c.d), K: gaussian(in(c.m, c.d), c.sigma...),
					L: compute.Similarity{X: in(c.m, 10)}, Alpha: 1, Self: 2, Cross: -4, R: in(len(c.sigma), c.m)}
			})
		})
	}
}
