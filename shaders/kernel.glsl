// The finish of each sum x·y of a Gram, for each of its widths: see compute.Gram.
// Defines: SYMMETRIC: X with itself; DIAGONAL: some rows of that, from row slot on, with lo on the diagonal. Where no
// norms are bound, the sums are the kernel, or are distances.
//
// With SYMMETRIC only elements on or right of the diagonal are computed, and written twice; KT is the mirror image's
// window of K. A 4×4 block of registers, transposed, makes the image as runs of 16 bytes, and the lanes of a warp side
// by side make those runs of 64: no detour through shared memory would write fuller sectors.
layout(std430, binding = 0) restrict writeonly buffer K_ { CELL K[]; };
#ifdef SYMMETRIC
layout(std430, binding = 6) restrict writeonly buffer KT_ { CELL KT[]; };
#endif
layout(std430, binding = 3) restrict readonly buffer XX_ { float XX[]; }; // ‖x‖² of each row
layout(std430, binding = 4) restrict readonly buffer YY_ { CELL YY[]; };
#include "between.glsl"

// raw is the part common to all widths: a distance, or the kernel itself if it has no width.
CELL raw(int z, int row, int col, CELL acc) {
	if (!BOUND(3))
		return acc;
	float xx = XX[AT(3, z, 0) + row];
	return between(kind, xx, YY[CELLS(AT(4, z, 0) + col)], acc);
}

CELL value(int width, CELL v) { return kind == GAUSSIAN ? exp(-factor[width / 4][width % 4] * v) : v; }

CELL old(int z, int row, int col) { return CELL(0.0); } // K is only written

#if !defined(SYMMETRIC)

#ifdef DIAGONAL
// with is v with x at its place i, if it has one.
#ifdef VEC
vec4 with(vec4 v, int i, float x) { return mix(v, vec4(x), equal(ivec4(0, 1, 2, 3), ivec4(i))); }
#else
float with(float v, int i, float x) { return i == 0 ? x : v; }
#endif
#endif

void finish(int z, int row, int col, CELL acc, CELL was) {
	CELL r = raw(z, row, col, acc);
	for (int w = 0; w < widths; w++) {
		CELL v = value(w, r);
#ifdef DIAGONAL
		v = with(v, (slot + row0 + row) - (col0 + col), lo);
#endif
		K[CELLS(AT(0, z, row) + w * wide + col)] = v;
	}
}

#elif !defined(VEC)

void finish(int z, int row, int col, float acc, float was) {
	int from_diagonal = (col0 + col) - (row0 + row);
	if (from_diagonal < 0)
		return;
	float r = raw(z, row, col, acc);
	for (int w = 0; w < widths; w++) {
		float v = value(w, r);
		if (from_diagonal == 0 && kind != LINEAR)
			v = 1.0;
		K[AT(0, z, row) + w * wide + col] = v;
		if (from_diagonal != 0)
			KT[AT(6, z, col) + w * wide + row] = v;
	}
}

#else

void finish(int z, int row, int col, vec4 acc, vec4 was) { } // see block

// block finishes 4×4 sums, acc[r] being those of row + r. Pieces start at multiples of 4, so that a
// block lies on the diagonal wholly or not at all.
void block(int z, int row, int col, mat4 acc) {
	int from_diagonal = (col0 + col) - (row0 + row);
	if (from_diagonal < 0 || row >= m || col >= n)
		return;
	for (int r = 0; r < 4; r++)
		acc[r] = raw(z, row + r, col, acc[r]);
	for (int w = 0; w < widths; w++) {
		mat4 v;
		for (int r = 0; r < 4; r++)
			v[r] = value(w, acc[r]);
		mat4 t = transpose(v);
		if (from_diagonal == 0) {
			for (int r = 0; r < 4; r++)
				for (int c = 0; c <= r; c++)
					v[r][c] = t[r][c];
			for (int r = 0; r < 4 && kind != LINEAR; r++)
				v[r][r] = 1.0;
		} else {
			for (int c = 0; c < 4; c++)
				KT[CELLS(AT(6, z, col + c) + w * wide + row)] = t[c];
		}
		for (int r = 0; r < 4; r++)
			K[CELLS(AT(0, z, row + r) + w * wide + col)] = v[r];
	}
}

#endif
