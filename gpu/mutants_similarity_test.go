//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"testing"

	"hebb/compute"
)

// Mutants of the ops on streamed kernel matrices, by the rung that they run on: of the diagonal, and of the formulas
// that the plans make.
var (
	naiveKernelMutants = []mutant{
		{compute.KernelSums{}, "i == 0 ? x : v", "i == 0 ? 0.0 : v"},
		{compute.KernelGrad{}, "(a - b) * (a - b)", "abs(a - b)"},
		{compute.KernelSums{}, "AT(3, z, 0) + row", "AT(3, 0, 0) + row"},
		{compute.KernelGrad{}, "v += beta * was", "v -= beta * was"},
	}
	bandedKernelMutants = []mutant{
		// kernel.glsl
		{compute.KernelSums{}, "i == 0 ? x : v", "i == 0 ? 0.0 : v"},
		{compute.KernelSums{}, "mix(v, vec4(x)", "mix(v, vec4(0.0)"},
		{compute.KernelSums{}, "equal(ivec4(0, 1, 2, 3), ivec4(i))", "equal(ivec4(3, 2, 1, 0), ivec4(i))"},
		{compute.KernelSums{}, "- (col0 + col), lo)", "- (col0 + col) + 1, lo)"},
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
		// uses of P
		{compute.KernelGrad{}, "alpha * FIRST(", "FIRST(-"},
	}
	narrowKernelMutants = []mutant{
		{compute.KernelSums{}, "(slot + row0 + row)", "(row0 + row)"},
		{compute.KernelGrad{}, "(slot + row0 + row)", "(row0 + row)"},
	}
	windowKernelMutants = []mutant{
		{compute.KernelSums{}, "(slot + row0 + row)", "(slot + row)"},
		{compute.KernelSums{}, "- (col0 + col), lo)", "- col, lo)"},
	}
	pairMutants = []mutant{
		// pairs.glsl and its includes
		{compute.KernelSums{}, "- 2.0 * acc", "- 2.001 * acc"},
		{compute.KernelSums{}, "inverse(xx) * inverse(yy)", "inverse(xx)"},
		{compute.KernelSums{}, "AT(1, z, min(first + 2, m - 1))", "AT(1, z, min(first + 1, m - 1))"},
		{compute.KernelSums{}, "AT(2, z, min(first + 3, m - 1))", "AT(2, 0, min(first + 3, m - 1))"},
		{compute.KernelSums{}, "l < BLOCKS ? row : col", "row"},
		{compute.KernelSums{}, "left > 2 ? X0[at + 2]", "left > 3 ? X0[at + 2]"},
		{compute.KernelSums{}, "left > 0 ? X0[at >> 2]", "true ? X0[at >> 2]"},
		{compute.KernelSums{}, "	barrier();\n}", "}"},
		{compute.KernelSums{}, "		barrier();\n		if (p + BK <", "		if (p + BK <"},
		{compute.KernelSums{}, "stash(1 - stage)", "stash(stage)"},
		{compute.KernelSums{}, "p += BK, stage = 1 - stage", "p += BK"},
		{compute.KernelSums{}, "l % BLOCKS / (BK / 4);", "l / (BK / 4);"},
		{compute.KernelSums{}, "a0[1]), b0", "a0[0]), b0"},
		{compute.KernelSums{}, "v2[2] = 1.0;", "v2[2] = 0.0;"},
		{compute.KernelSums{}, "if (kernel == LINEAR)", "if (false)"},
		{compute.KernelSums{}, "(v1.x + v1.y)", "(v1.x + v1.x)"},
		{compute.KernelSums{}, "(v2 + v3)", "(v2 + v2)"},
		{compute.KernelSums{}, "lessThan(", "lessThanEqual("},
		{compute.KernelSums{}, "if (edge)", "if (false)"},
		{compute.KernelSums{}, "((four) ^ (line) % 4 * 2)", "((four) | (line) % 4 * 2)"},
		{compute.KernelSums{}, "x < GX", "x < GX - 1"},
		{compute.KernelSums{}, "y < GY", "y < GY - 1"},
		// kernelsums.comp
		{compute.KernelSums{}, "(v1 - rows[1]) - cols", "(v1 - rows[1]) + cols"},
		{compute.KernelSums{}, "(v3 - rows[3])", "(v3 - rows[2])"},
		{compute.KernelSums{}, "FACTOR(widths + w)", "FACTOR(w)"},
		{compute.KernelSums{}, "rounds == 1 ? 0 : w", "0"},
		{compute.KernelSums{}, "int at = w * wide + z;", "int at = w * wide;"},
		{compute.KernelSums{}, "(o * widths + w) * batch", "w * batch"},
		{compute.KernelSums{}, "* batch + z) * lanes", "* batch) * lanes"},
		{compute.KernelSums{}, "if (row != col)", "if (true)"},
		{compute.KernelSums{}, "cols_to = i;", "cols_to = j;"},
		{compute.KernelSums{}, "v1 * u1", "v1"},
		{compute.KernelSums{}, "	clear_square(z, i, j);\n", ""},
		{compute.KernelSums{}, "t % lanes >= t / lanes", "t % lanes > t / lanes"},
		// kernelgrad.comp
		{compute.KernelGrad{}, "r[1] + c;", "vec4(r[1]);"},
		{compute.KernelGrad{}, "s0 += alpha * k0", "s0 += k0"},
		{compute.KernelGrad{}, "s1 += beta * l1", "s1 -= beta * l1"},
		{compute.KernelGrad{}, "ENTRIES(AT(6, at, min(row + 1,", "ENTRIES(AT(6, at, min(row,"},
		{compute.KernelGrad{}, "G[at + min(i + 2, m - 1)]", "G[at + min(i + 1, m - 1)]"},
		{compute.KernelGrad{}, "scale * s1 * k1", "scale * s1"},
		{compute.KernelGrad{}, "FACTOR(widths + rounds + w)", "FACTOR(widths + rounds)"},
		{compute.KernelGrad{}, "(rounds == 1 ? 0 : w)", "0"},
		{compute.KernelGrad{}, "int at = w * wide + z;", "int at = w * wide;"},
		{compute.KernelGrad{}, "image = row != col && col - row0 < n", "image = false"},
		{compute.KernelGrad{}, "vec4(v0[1], v1[1],", "vec4(v0[1], v0[1],"},
		{compute.KernelGrad{}, "p1 += KERNEL0", "p1 = KERNEL0"},
		{compute.KernelGrad{}, "p3[3] = 0.0;", "p3[3] = 3e38;"},
		{compute.KernelGrad{}, "(AT(7, z, j) + i * BM >> 2)", "(AT(7, z, i) + i * BM >> 2)"},
		// uses of P
		{compute.KernelGrad{}, "= old;", "= CELL(0.0);"},
		{compute.KernelGrad{}, "alpha * FIRST(", "FIRST(-"},
	}
	squareMutants = []mutant{
		{compute.KernelSums{}, "max(row, j * side)", "j * side"},
		{compute.KernelSums{}, "row += BM", "row += 2 * BM"},
		{compute.KernelSums{}, "t < splits", "t < splits - 1"},
		{compute.KernelSums{}, "j * splits * BM + t * BM", "j * splits * BM"},
		{compute.KernelGrad{}, "(i * (lanes - high) + j - high)", "(i * (lanes - high))"},
		{compute.KernelGrad{}, "(AT(7, z, i) + j * BM >> 2)", "(AT(7, z, j) + j * BM >> 2)"},
		{compute.KernelGrad{}, "row0 + t / lanes * BM", "t / lanes * BM"},
		{compute.KernelGrad{}, "+ col - row0 >> 2", "+ col >> 2"},
		{compute.KernelGrad{}, "v += beta * was", "v -= beta * was"},
		{compute.KernelGrad{}, "v += beta * O[at]", "v -= beta * O[at]"},
		{compute.KernelGrad{}, "int at = w * wide + z;", "int at = w * batch + z;"},
	}
	walkKernelMutants = []mutant{
		{compute.KernelSums{}, "t += int(gl_NumWorkGroups.x)", "t += lanes * lanes"},
		{compute.KernelSums{}, "z += int(gl_NumWorkGroups.z)", "z += batch"},
		{compute.KernelGrad{}, "t += int(gl_NumWorkGroups.x))\n			if", "t += high * lanes)\n			if"},
	}
)

// TestKernelMutants is TestMutants for the ops on streamed kernel matrices.
func TestKernelMutants(t *testing.T) {
	hunt(t, 0, []ladder{
		{"naive", "naive", func(*backend) {}, naiveKernelMutants},
		{"bands", "", func(b *backend) { b.tiles, b.byBands = smallTile, true }, bandedKernelMutants},
		{"narrow bands", "", func(b *backend) { b.tiles, b.byBands, b.stored = smallTile, true, 2000 }, narrowKernelMutants},
		{"windows", "", func(b *backend) { b.tiles, b.byBands, b.maxBlock = smallTile, true, 8<<10 }, windowKernelMutants},
		{"pairs", "", func(b *backend) { b.tiles, b.pairTiles = smallTile, pairTile }, pairMutants},
		{"squares", "", func(b *backend) { b.tiles, b.pairTiles, b.stored = smallTile, pairTile, 2000 }, squareMutants},
		{"walk", "", func(b *backend) { b.tiles, b.pairTiles, b.maxGroups = smallTile, pairTile, [3]int{2, 1, 1} }, walkKernelMutants},
	})
}
