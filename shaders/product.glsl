// The product under Gemm, Hebbian and Gram: Σ_p op(A)[i,p]·op(B)[p,j]. The including file has
// defined finish, which says what becomes of each sum.
// Defines: NAIVE, or those of tile.glsl; TRANS_A, TRANS_B; VEC: four numbers at a time;
// LOWER, SYMMETRIC: tiles on the wrong side of the diagonal are not worked out; LOWER_A: A is 0 above
// its diagonal;
// PARTIAL: the sums are of one slice or piece of the terms, and go to P; FROM: they start from P;
// PATCHES_A, PATCHES_B, ADJOINT, PHASES: see patches.glsl.
#ifdef VEC
layout(std430, binding = 1) restrict readonly buffer A_ { vec4 A[]; };
#else
layout(std430, binding = 1) restrict readonly buffer A_ { float A[]; };
#endif
#ifdef VEC
layout(std430, binding = 2) restrict readonly buffer B_ { vec4 B[]; };
#else
layout(std430, binding = 2) restrict readonly buffer B_ { float B[]; };
#endif
#if defined(PARTIAL) || defined(FROM)
layout(std430, binding = 5) buffer P_ { CELL P[]; };
#endif

#if defined(PATCHES_A) || defined(PATCHES_B)
#define SLIDING
#include "patches.glsl"
#endif

// put takes the sum of slice s for the cell at [row, col].
void put(int z, int s, int row, int col, CELL acc) {
#ifdef PARTIAL
	P[CELLS(AT(5, s * batch + z, row) + col)] = acc;
#elif defined(PHASES)
	int to = pixel(row);
	if (to >= 0)
		finish(0, to, col, acc);
#elif !(defined(SYMMETRIC) && defined(VEC))
	finish(z, row, col, acc);
#endif
}

// tile works out slice s of one tile; the other file has the ways to do so.
#ifdef NAIVE
#include "naive.glsl"
#else
#include "tile.glsl"
#endif

// Tiles are numbered in bands of this many rows, down the columns of a band, so that tiles which run
// at the same time share what they read of A and of B.
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
