// The product under Gemm, Hebbian and Gram: Σ_p op(A)[i,p]·op(B)[p,j]. The including file has defined finish, the
// function applied to each sum.
// Defines: NAIVE, or those of tile.glsl; TRANS_A, TRANS_B; VEC: four numbers at a time; LOWER, SYMMETRIC: tiles on the
// wrong side of the diagonal are skipped; LOWER_A: A is 0 above its diagonal; PARTIAL: the sums are of one slice or
// piece of the terms, and go to P; FROM: they start from P; PATCHES_A, PATCHES_B, ADJOINT, PHASES: see patches.glsl;
// A_F16, B_F16: that factor is of halves, two to a word: see compute.Float16.
#if !defined(A_F16) && !defined(B_F16)
#elif defined(VEC)
#define F16_CELL uvec2
vec4 unpacked(uvec2 four) { return vec4(unpackHalf2x16(four.x), unpackHalf2x16(four.y)); }
#define READ_F16(X, i) unpacked(X[i])
#else
#define F16_CELL uint
#define READ_F16(X, i) unpackHalf2x16(X[(i) >> 1] >> (((i) & 1) << 4)).x
#endif
#ifdef A_F16
layout(std430, binding = 1) restrict readonly buffer A_ { F16_CELL A[]; };
#define READ_A(i) READ_F16(A, i)
#else
layout(std430, binding = 1) restrict readonly buffer A_ { CELL A[]; };
#define READ_A(i) A[i]
#endif
#ifdef B_F16
layout(std430, binding = 2) restrict readonly buffer B_ { F16_CELL B[]; };
#define READ_B(i) READ_F16(B, i)
#else
layout(std430, binding = 2) restrict readonly buffer B_ { CELL B[]; };
#define READ_B(i) B[i]
#endif
#if defined(PARTIAL) || defined(FROM)
layout(std430, binding = 5) restrict buffer P_ { CELL P[]; };
#endif

#if defined(PATCHES_A) || defined(PATCHES_B)
#define SLIDING
#include "patches.glsl"
#endif

// before is the old contents of the cell at [row, col] that finish needs.
CELL before(int z, int row, int col) {
#if defined(PARTIAL)
	return CELL(0.0);
#elif defined(PHASES)
	int to = pixel(row);
	return to >= 0 ? old(0, to, col) : CELL(0.0);
#else
	return old(z, row, col);
#endif
}

// put takes the sum of slice s for the cell at [row, col].
void put(int z, int s, int row, int col, CELL acc, CELL was) {
#ifdef PARTIAL
	P[CELLS(AT(5, s * batch + z, row) + col)] = acc;
#elif defined(PHASES)
	int to = pixel(row);
	if (to >= 0)
		finish(0, to, col, acc, was);
#else
	finish(z, row, col, acc, was);
#endif
}

// tile computes slice s of one tile; the other file has the ways to do so.
#ifdef NAIVE
#include "naive.glsl"
#else
#include "tile.glsl"
#endif

// Tiles are numbered in bands of this many rows, down the columns of a band, so that tiles which run at the same time
// share their rows of A and columns of B.
const int BAND = 8;

// The grid may be smaller than the work: groups take tiles, slices and members in turn.
void main() {
	int down = (m + BM - 1) / BM, across = (n + BN - 1) / BN;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int s = int(gl_WorkGroupID.y); s < splits; s += int(gl_NumWorkGroups.y))
			for (int t = int(gl_WorkGroupID.x); t < down * across; t += int(gl_NumWorkGroups.x)) {
				int band = t / (BAND * across), in_band = t % (BAND * across);
				int high = min(BAND, down - band * BAND);
				int row = (band * BAND + in_band % high) * BM, col = in_band / high * BN;
				int first = s * slice, end = min(k, first + slice);
#ifdef SLIDING
				enter(z);
#endif
#ifdef ADJOINT
				end = min(end, terms);
#endif
#ifdef SYMMETRIC
				if (col0 + col + BN <= row0 + row)
					continue;
#endif
#ifdef LOWER
				if (col0 + col >= row0 + row + BM)
					end = first;
#endif
#ifdef LOWER_A
				end = min(end, row0 + row + BM - dep0);
#endif
				tile(z, s, row, col, first, end);
			}
}
