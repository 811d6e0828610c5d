//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"testing"

	"hebb/compute"
)

// Mutants of the ops that stream over kernel matrices, by what they are run on: of the diagonal, and of the formulas that
// the plans make.
var (
	naiveKernelMutants = []mutant{
		{compute.KernelSums{}, "i == 0 ? x : v", "i == 0 ? 0.0 : v"},
		{compute.KernelGrad{}, "(a - b) * (a - b)", "abs(a - b)"},
	}
	kernelMutants = []mutant{
		// kernel.glsl
		{compute.KernelSums{}, "i == 0 ? x : v", "i == 0 ? 0.0 : v"},
		{compute.KernelSums{}, "mix(v, vec4(x)", "mix(v, vec4(0.0)"},
		{compute.KernelSums{}, "equal(ivec4(0, 1, 2, 3), ivec4(i))", "equal(ivec4(3, 2, 1, 0), ivec4(i))"},
		{compute.KernelSums{}, "- (col0 + col), lo)", "- (col0 + col) + 1, lo)"},
		{compute.KernelSums{}, "AT(3, z, 0) + row", "AT(3, 0, 0) + row"},
		{compute.KernelGrad{}, "w * wide + col)] = v", "wide + col)] = v"},
		{compute.KernelGrad{}, "- 2.0 * acc", "- 2.001 * acc"},
		// the formulas
		{compute.KernelSums{}, "= t0 - t1;", "= t0 + t1;"},
		{compute.KernelSums{}, "= t0 * t1;", "= t0;"},
		{compute.KernelSums{}, "INPUT(3)", "INPUT(2)"},
		{compute.KernelSums{}, "INPUT(5)", "INPUT(4)"},
		{compute.KernelGrad{}, "CONSTANT(1)", "CONSTANT(0)"},
		{compute.KernelGrad{}, "CONSTANT(2)", "CONSTANT(1)"},
		{compute.KernelGrad{}, "INPUT(2)", "INPUT(1)"},
		{compute.KernelGrad{}, "INPUT(4)", "INPUT(3)"},
		{compute.KernelGrad{}, "= old;", "= CELL(0.0);"},
		// what becomes of P
		{compute.KernelGrad{}, "v += beta * was", "v -= beta * was"},
		{compute.KernelGrad{}, "alpha * FIRST(", "FIRST(-"},
	}
	bandKernelMutants = []mutant{
		{compute.KernelSums{}, "(slot + row0 + row)", "(row0 + row)"},
		{compute.KernelGrad{}, "(slot + row0 + row)", "(row0 + row)"},
	}
	windowKernelMutants = []mutant{
		{compute.KernelSums{}, "(slot + row0 + row)", "(slot + row)"},
		{compute.KernelSums{}, "- (col0 + col), lo)", "- col, lo)"},
	}
)

// TestKernelMutants is TestMutants for the ops that stream over kernel matrices.
func TestKernelMutants(t *testing.T) {
	hunt(t, []ladder{
		{"naive", "naive", func(*backend) {}, naiveKernelMutants},
		{"tiled", "32x32x32/4x4/1", func(*backend) {}, kernelMutants},
		{"bands", "32x32x32/4x4/1", func(b *backend) { b.stored = 2000 }, bandKernelMutants},
		{"windows", "32x32x32/4x4/1", func(b *backend) { b.maxBlock = 8 << 10 }, windowKernelMutants},
	})
}
