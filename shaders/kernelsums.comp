// Sums along the rows of centred kernel matrices, and of products of two: see compute.KernelSums. No matrix is written.
// Defines: as in pairs.glsl; SUM, DOT: the sums of the first kernels, and of the products; ONCE: one width of the
// second kernel serves all of the first. With products and one X, both kernels are of that X.
//
// A group computes a square of tiles, splits wide, on and right of the diagonal, and adds up each row's terms in the
// square: P[sum, width, member, square, row], with the squares of a row numbered along it, lanes of them. Another pass
// adds these up.
#include "args.glsl"
#include "pairs.glsl"
layout(std430, binding = 0) buffer P_ { vec4 P[]; };
layout(std430, binding = 5) readonly buffer A_ { float A[]; };
layout(std430, binding = 6) readonly buffer B_ { float B[]; };

// centre subtracts the elements for their rows and columns from 4×4 numbers.
void centre(vec4 rows, vec4 cols, inout vec4 v0, inout vec4 v1, inout vec4 v2, inout vec4 v3) {
#unroll r 4
	v$r = (v$r - rows[$r]) - cols;
#end
}

#ifdef DOT

// second computes the second kernels, centred, of 4×4 numbers at [row, col].
void second(int z, int w, int row, int col, inout vec4 v0, inout vec4 v1, inout vec4 v2, inout vec4 v3) {
	kernels(KERNEL1, FACTOR(widths + w), row == col, v0, v1, v2, v3);
	int at = w * wide + z;
	centre(FOUR_OR_0(B, 6, at, row), FOUR_OR_0(B, 6, at, col), v0, v1, v2, v3);
}
#endif

// The index, in vec4s, of four rows from row on in a square of tiles.
int place(int o, int w, int z, int square, int row) {
	return AT(0, ((o * widths + w) * batch + z) * lanes + square, 0) + row >> 2;
}

// The destinations of the current tile's sums: of its rows and, if it is not its own mirror image, of its columns.
int rows_to, cols_to;

void keep_sums(int w, int z, int row, int col, int y, int x) {
	int four = int(gl_LocalInvocationIndex);
#unroll o OUTS
	meet$o(y, x);
	if (four < FOURS) {
		P[place($o, w, z, rows_to, row + four * 4)] += across(four);
		if (row != col)
			P[place($o, w, z, cols_to, col + four * 4)] += down(four);
	}
#end
}

void finish(int z, int row, int col, int y, int x) {
	bool edge = col + BM > m;
#ifdef ONCE
#unroll i TM / 4
#unroll j TN / 4
	second(z, 0, row + (y + $i * GY) * 4, col + (x + $j * GX) * 4,
		xy1_$(i*4)_$j, xy1_$(i*4+1)_$j, xy1_$(i*4+2)_$j, xy1_$(i*4+3)_$j);
#end
#end
#endif
	for (int w = 0; w < widths; w++) {
		int at = w * wide + z;
		float f = FACTOR(w);
		start_sums();
#unroll j TN / 4
		vec4 by$j = FOUR_OR_0(A, 5, at, col + (x + $j * GX) * 4);
#end
#unroll i TM / 4
		vec4 a$i = FOUR_OR_0(A, 5, at, row + (y + $i * GY) * 4);
#unroll j TN / 4
		{
			int r = row + (y + $i * GY) * 4, c = col + (x + $j * GX) * 4;
			vec4 v0 = xy0_$(i*4)_$j, v1 = xy0_$(i*4+1)_$j, v2 = xy0_$(i*4+2)_$j, v3 = xy0_$(i*4+3)_$j;
			kernels(KERNEL0, f, r == c, v0, v1, v2, v3);
			centre(a$i, by$j, v0, v1, v2, v3);
#ifdef SUM
			add_sums(edge, c, v0, v1, v2, v3, rows0_$i, cols0_$j);
#endif
#ifdef DOT
			vec4 u0 = xy$(SOURCES-1)_$(i*4)_$j, u1 = xy$(SOURCES-1)_$(i*4+1)_$j;
			vec4 u2 = xy$(SOURCES-1)_$(i*4+2)_$j, u3 = xy$(SOURCES-1)_$(i*4+3)_$j;
#ifndef ONCE
			second(z, rounds == 1 ? 0 : w, r, c, u0, u1, u2, u3);
#endif
			add_sums(edge, c, v0 * u0, v1 * u1, v2 * u2, v3 * u3, rows$(OUTS-1)_$i, cols$(OUTS-1)_$j);
#endif
		}
#end
#end
		keep_sums(w, z, row, col, y, x);
	}
}

// clear_square clears the sums that the square at [i, j] will add to. Each number belongs to one thread, here as there.
void clear_square(int z, int i, int j) {
	int four = int(gl_LocalInvocationIndex);
	if (four >= FOURS)
		return;
	for (int o = 0; o < OUTS; o++)
		for (int w = 0; w < widths; w++)
			for (int t = 0; t < splits; t++) {
				int row = i * splits * BM + t * BM, col = j * splits * BM + t * BM;
				P[place(o, w, z, j, row + four * 4)] = vec4(0.0);
				P[place(o, w, z, i, col + four * 4)] = vec4(0.0);
			}
}

void square(int z, int i, int j) {
	clear_square(z, i, j);
	rows_to = j;
	cols_to = i;
	int side = splits * BM;
	for (int row = i * side; row < min(m, (i + 1) * side); row += BM)
		for (int col = max(row, j * side); col < min(m, (j + 1) * side); col += BM)
			tile(z, row, col);
}

// The grid may be smaller than the work.
void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int t = int(gl_WorkGroupID.x); t < lanes * lanes; t += int(gl_NumWorkGroups.x))
			if (t % lanes >= t / lanes)
				square(z, t / lanes, t % lanes);
}
