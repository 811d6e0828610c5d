//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"testing"

	"hebb/compute"
)

// A mutant is a bug planted in a shader's source. The suite must catch it, by way of an op that uses it.
type mutant struct {
	op       compute.Op
	old, new string
}

// Mutants of the rungs, by the rung that they run on.
var (
	naiveMutants = []mutant{
		{compute.Gemm{}, "row >= m || col >= n", "row > m || col >= n"},
		{compute.Gemm{}, "row >= m || col >= n", "row >= m || col >= n - 1"},
		{compute.Gemm{}, "p < end;", "p < end - 1;"},
		{compute.Gemm{}, "READ_A(AT(1, z, p) + row)", "READ_A(AT(1, z, row) + p)"},
		{compute.Gemm{}, "AT(2, z, p)", "AT(2, 0, p)"},
		{compute.Gemm{}, "READ_B(AT(2, z, col) + p)", "READ_B(AT(2, z, col) + p + 1)"},
		{compute.Hebbian{}, "row0 + row + 1 - dep0", "row0 + row - dep0"},
		{compute.Gram{}, "(a - b) * (a - b)", "abs(a - b)"},
		{compute.FMA{}, "r < rounds", "r < rounds - 1"},
		// product.glsl
		{compute.Hebbian{}, "row0 + row + BM - dep0", "row0 + row - dep0"},
		{compute.Hebbian{}, "col0 + col >= row0 + row + BM", "col0 + col >= row0 + row"},
		// epilogue.glsl and its includes
		{compute.Gemm{}, "beta != 0.0", "true"}, // of two conditions, either of which would do
		{compute.Gemm{}, "v += beta * was", "v += was"},
		{compute.Gemm{}, "alpha * acc", "acc"},
		{compute.Gemm{}, "AT(3, z, 0) + col", "AT(3, 0, 0) + col"},
		{compute.Gemm{}, "max(v, CELL(0.0))", "abs(v)"},
		{compute.Gemm{}, "-2.0 * abs(v)", "-abs(v)"},
		{compute.Gemm{}, "mix(-t, t, above0(v))", "t"},
		{compute.Gemm{}, "mix(e, one, above0(v))", "mix(one, e, above0(v))"},
		{compute.Gemm{}, "return v > 0.0", "return v >= 0.0"},
		{compute.Gemm{}, "1.0 - a * a", "1.0 - a"},
		{compute.Gemm{}, "a * (1.0 - a)", "a * (1.0 + a)"},
		{compute.Gemm{}, "LEAKY_SLOPE * v;\n		return", "v;\n		return"},
		{compute.Gemm{}, "LEAKY_SLOPE * v;\n		d", "0.0 * v;\n		d"},
		{compute.Gemm{}, "SELU_LIMIT * (e - one)", "SELU_LIMIT * (one - e)"},
		{compute.Gemm{}, "l = SELU_SCALE * v", "l = v"},
		{compute.Gemm{}, "a + SELU_LIMIT", "0.5 * a + SELU_LIMIT"},
		{compute.Gemm{}, "CELL(SELU_SCALE)", "CELL(1.0)"},
		{compute.Hebbian{}, "return col <= row ? v", "return col < row ? v"},
		// rule.glsl
		{compute.Hebbian{}, "D[AT(3, z, 0) + row] * w", "D[AT(3, z, 0) + row]"},
		{compute.Hebbian{}, "acc -= V", "acc += V"},
		{compute.Hebbian{}, "? alpha * R[AT(7, z, 0)]", "? alpha"},
		{compute.Hebbian{}, "R[AT(7, z, 0)]", "R[AT(7, 0, 0)]"},
		{compute.Hebbian{}, "beta * w", "w"},
		{compute.Hebbian{}, "if (lo < hi)", "if (lo > hi)"},
		{compute.Hebbian{}, "CELL(hi)", "CELL(-lo)"},
	}
	tiledMutants = []mutant{
		// tile.glsl
		{compute.Gemm{}, "< rows ? a_run", "< rows - 1 ? a_run"},
		{compute.Gemm{}, "< rows ? b_run", "< rows - 1 ? b_run"},
		{compute.Gemm{}, "left > 2 ? READ_A(at + 2)", "left > 2 ? READ_A(at + 1)"},
		{compute.Gemm{}, "left > 3 ? READ_B(at + 3)", "left > 4 ? READ_B(at + 3)"},
		{compute.Gemm{}, "v3 = HELD_A(at + 2 * s)", "v3 = HELD_A(at + s)"},
		{compute.Gemm{}, "v4 = HELD_B(at + 3 * s)", "v4 = HELD_B(at + 2 * s)"},
		{compute.Gemm{}, "p + BK <= end", "p <= end"},
		{compute.Gemm{}, "AT(1, z, row + l", "AT(1, 0, row + l"},
		{compute.Gemm{}, "at_0 += STEP_A", "at_0 += 0"},
		{compute.Gemm{}, "fma(vec4(a1[0])", "fma(vec4(a0[0])"},
		{compute.Gemm{}, "As[a_at + ROW_A(3)", "As[a_at + ROW_A(2)"},
		{compute.Gemm{}, "ACROSS(next1_0, next2_0, next3_0", "ACROSS(next1_0, next3_0, next2_0"},
		{compute.Gemm{}, "		barrier(); // all have done with the last slice\n", ""},
		{compute.Gemm{}, "		stash(0);\n		barrier();\n", "		stash(0);\n"},
		{compute.Gemm{}, "ROW_B(t) + l % (BN / 4)", "ROW_B(t) + l / (BN / 4)"},
		{compute.Gemm{}, "bool is2_0 = first + 2 < m", "bool is2_0 = first + 3 < m"},
		{compute.Gemm{}, "row + r < m && col + c < n", "row + r < m && col + c < n - 1"},
		// product.glsl
		{compute.Gemm{}, "t < down * across", "t < down * across - 1"},
		{compute.Gemm{}, "in_band % high", "in_band % BAND"},
		{compute.Gemm{}, "z < batch;", "z < 1;"},
		{compute.Gram{}, "col0 + col + BN <= row0 + row", "col0 + col <= row0 + row"},
		// cell.glsl
		{compute.Hebbian{}, "lessThanEqual(", "lessThan("},
		// kernel.glsl
		{compute.Gram{}, "- 2.0 * acc", "- 2.001 * acc"},
		{compute.Gram{}, "factor[width / 4][width % 4]", "factor[0][0]"},
		{compute.Gram{}, "from_diagonal == 0 && kind != LINEAR", "false"},
		{compute.Gram{}, "r < 4 && kind != LINEAR", "false"},
		{compute.Gram{}, "inverse(xx) * inverse(yy)", "inverse(xx)"},
		{compute.Gram{}, "s > 0.0 ? inversesqrt(s) : 0.0", "inversesqrt(s)"},
		{compute.Gram{}, "w * wide + row)] = t[c]", "w * wide + row)] = v[c]"},
		{compute.Gram{}, "KT[AT(6, z, col) + w * wide + row] = v", "KT[AT(6, z, col) + w * wide + row] = 0.5 * v"},
		{compute.Gram{}, "v[r][c] = t[r][c]", "v[r][c] = 0.0"},
		// centre.comp
		{compute.Gram{}, "R[AT(1, z, 0) + row] + C", "R[AT(1, z, 0) + row] - C"},
		{compute.Gram{}, "(K[at] - means) + all", "K[at] - means"},
		{compute.Gram{}, "K[at] - all", "K[at]"},
		// copy.comp and fma.comp
		{compute.Copy{}, "i < n;", "i < n - 1;"},
		{compute.Copy{}, "j < n;", "j <= n;"},
		{compute.Copy{}, "Src[from + i]", "Src[i]"},
		{compute.FMA{}, "r < rounds", "r < rounds - 1"},
		{compute.FMA{}, "alpha * v[c] + beta", "alpha * v[c]"},
		{compute.FMA{}, "			if (i + c * 256 < n)\n", ""},
	}
	largeMutants = []mutant{ // parts that smaller tiles lack
		{compute.Gemm{}, "fma(vec4(a1[3]), b1", "fma(vec4(a1[3]), b0"},
	}
	wideMutants = []mutant{ // several warps side by side
		{compute.Gemm{}, "warp % (GX / 8) * 8", "warp % (GX / 8) * 4"},
	}
	withoutStagesMutants = []mutant{
		{compute.Gemm{}, "fetch(z, row, col, p, end)", "fetch(z, row, col, first, end)"},
	}
	twoStagesMutants = []mutant{
		{compute.Gemm{}, "multiply(stage, y, x)", "multiply(0, y, x)"},
		{compute.Gemm{}, "stash(1 - stage)", "stash(stage)"},
		{compute.Gemm{}, "		barrier();\n		if (p + BK < end)", "		if (p + BK < end)"},
		{compute.Gemm{}, "int a_at = stage * ROW_A(BK)", "int a_at = stage * ROW_A(4)"},
	}
	splitMutants = []mutant{
		{compute.Hebbian{}, "for (int s = 0; s < splits; s++)", "for (int s = 1; s < splits; s++)"},
		{compute.Gemm{}, "row < m;", "row < m - 1;"},
		{compute.Hebbian{}, "col += int(gl_NumWorkGroups.x) * 64 * CELL_WIDTH", "col += 1"},
		{compute.Gemm{}, "P[CELLS(AT(5, s * batch + z, row) + col)] = acc", "P[CELLS(AT(5, z, row) + col)] = acc"},
	}
	naiveSplitMutants = []mutant{
		{compute.Gemm{}, "end = min(k, first + slice)", "end = min(k, first + slice - 1)"},
	}
	walkMutants = []mutant{
		{compute.Gemm{}, "t += int(gl_NumWorkGroups.x)", "t += down * across"},
		{compute.Gemm{}, "z += int(gl_NumWorkGroups.z)", "z += batch"},
		{compute.Copy{}, "i += int(gl_NumWorkGroups.x) * 1024", "i += n"},
		{compute.FMA{}, "i += int(gl_NumWorkGroups.x) * 256 * CHAINS", "i += n"},
		{compute.Gram{}, "row += int(gl_NumWorkGroups.y) * 4", "row += m"},
	}
	windowMutants = []mutant{
		{compute.Gemm{}, "v[r][c] += P", "v[r][c] = P"},
		{compute.Gemm{}, "sum3_0 += P", "sum3_0 = P"},
		{compute.Gram{}, "(col0 + col) - (row0 + row)", "col - row"},
	}
	naiveWindowMutants = []mutant{
		{compute.Gemm{}, "acc = P[AT(5, z, row) + col]", "acc = 0.0"},
		{compute.Hebbian{}, "row0 + row + BM - dep0", "row + BM - dep0"},
	}
)

// TestMutants plants each bug and requires the suite to catch it: on the results of an op, not as a shader that does
// not compile.
func TestMutants(t *testing.T) {
	hunt(t, 0, []ladder{
		{"naive", "naive", func(*backend) {}, naiveMutants},
		{"tiled", "", func(b *backend) { b.tiles = tallTile }, tiledMutants},
		{"large", "", func(b *backend) { b.tiles = []tile{{32, 64, 4, 8, 8, 1, 1}} }, largeMutants},
		{"wide", "", func(b *backend) { b.tiles = []tile{{16, 64, 4, 4, 4, 1, 1}} }, wideMutants},
		{"without stages", "", func(b *backend) { b.tiles = []tile{{16, 32, 8, 4, 4, 0, 1}} }, withoutStagesMutants},
		{"two stages", "", func(b *backend) { b.tiles, b.maxGroups = []tile{{16, 32, 8, 4, 4, 2, 1}}, [3]int{1, 1, 1} }, twoStagesMutants},
		{"split", "", func(b *backend) { b.tiles, b.splits = smallTile, 3 }, splitMutants},
		{"naive split", "naive", func(b *backend) { b.splits = 3 }, naiveSplitMutants},
		{"walk", "", func(b *backend) { b.tiles, b.maxGroups = smallTile, [3]int{1, 1, 1} }, walkMutants},
		{"windows", "", func(b *backend) { b.tiles, b.maxBlock = smallTile, 8<<10 }, windowMutants},
		{"naive windows", "naive", func(b *backend) { b.maxBlock = 8 << 10 }, naiveWindowMutants},
	})
}
