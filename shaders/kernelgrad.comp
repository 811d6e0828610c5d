// The factor of X in KernelGrad, P = Σ_w Scale·S∘K: see compute.KernelGrad. A band of it, n rows from row0 on and all
// columns from row0 on, as it is symmetric; and the sums of its rows and columns. Gemm multiplies it by X.
// Defines: as in pairs.glsl; CROSS: there is an L; ONCE: one width of it serves all. With an L and one X, both kernels
// are of that X.
//
// Bindings: 0 is P, 5 R, 6 G. alpha is Self, beta Cross; behind the factors of K and L are the scales.
// T (7, Gaussian only) holds the sums of the tiles: of every row of the band across all columns, lanes tiles of them,
// and behind those of every column beyond the band down all its tiles.
#include "args.glsl"
#include "pairs.glsl"
layout(std430, binding = 0) writeonly buffer P_ { vec4 P[]; };
layout(std430, binding = 5) readonly buffer R_ { float R[]; };
layout(std430, binding = 6) readonly buffer G_ { float G[]; };
layout(std430, binding = 7) writeonly buffer T_ { vec4 T[]; };

// Four entries of a row of G from a column on; beyond the last, the last is repeated.
#define ENTRIES(at, i) vec4(G[at + min(i, m - 1)], G[at + min(i + 1, m - 1)], G[at + min(i + 2, m - 1)], G[at + min(i + 3, m - 1)])

// pull computes 4×4 numbers of P, the first of which is at [row, col], from the products v of K and u of L.
void pull(int z, int row, int col, inout vec4 v0, inout vec4 v1, inout vec4 v2, inout vec4 v3, vec4 u0, vec4 u1, vec4 u2, vec4 u3) {
	bool diagonal = row == col;
	vec4 p0 = vec4(0.0), p1 = p0, p2 = p0, p3 = p0;
#ifdef ONCE
	kernels(KERNEL1, FACTOR(widths), diagonal, u0, u1, u2, u3);
#endif
	for (int w = 0; w < widths; w++) {
		int at = w * wide + z;
		vec4 r = FOUR_OR_0(R, 5, at, row), c = FOUR_OR_0(R, 5, at, col);
		vec4 k0 = v0, k1 = v1, k2 = v2, k3 = v3;
		kernels(KERNEL0, FACTOR(w), diagonal, k0, k1, k2, k3);
#ifdef CROSS
		vec4 l0 = u0, l1 = u1, l2 = u2, l3 = u3;
#ifndef ONCE
		kernels(KERNEL1, FACTOR(widths + (rounds == 1 ? 0 : w)), diagonal, l0, l1, l2, l3);
#endif
#endif
		float scale = FACTOR(widths + rounds + w);
#unroll q 4
		vec4 s$q = r[$q] + c;
		if (alpha != 0.0)
			s$q += alpha * k$q;
#ifdef CROSS
		s$q += beta * l$q;
#endif
		if (BOUND(6))
			s$q += ENTRIES(AT(6, at, min(row + $q, m - 1)), col);
		p$q += KERNEL0 == GAUSSIAN ? scale * s$q * k$q : scale * s$q;
#end
	}
#unroll q 4
	if (diagonal && KERNEL0 == GAUSSIAN)
		p$q[$q] = 0.0;
	v$q = p$q;
#end
}

// write writes 4×4 numbers to P, and their mirror image, if that is in the band.
void write(int z, int row, int col, bool image, vec4 v0, vec4 v1, vec4 v2, vec4 v3) {
#unroll q 4
	if (row + $q < m && col < m)
		P[AT(0, z, row - row0 + $q) + col - row0 >> 2] = v$q;
	if (image && col + $q < m)
		P[AT(0, z, col - row0 + $q) + row - row0 >> 2] = vec4(v0[$q], v1[$q], v2[$q], v3[$q]);
#end
}

void keep_sums(int z, int row, int col, int y, int x) {
	meet0(y, x);
	int four = int(gl_LocalInvocationIndex);
	if (four >= FOURS)
		return;
	int i = (row - row0) / BM, j = (col - row0) / BM, high = (n + BM - 1) / BM;
	T[(AT(7, z, j) + i * BM >> 2) + four] = across(four);
	if (i == j)
		return;
	if (j < high)
		T[(AT(7, z, i) + j * BM >> 2) + four] = down(four);
	else
		T[(AT(7, z, lanes) + (i * (lanes - high) + j - high) * BM >> 2) + four] = down(four);
}

void finish(int z, int row, int col, int y, int x) {
	bool edge = col + BM > m, image = row != col && col - row0 < n;
	start_sums();
#unroll i TM / 4
#unroll j TN / 4
	{
		int r = row + (y + $i * GY) * 4, c = col + (x + $j * GX) * 4;
		vec4 v0 = xy0_$(i*4)_$j, v1 = xy0_$(i*4+1)_$j, v2 = xy0_$(i*4+2)_$j, v3 = xy0_$(i*4+3)_$j;
		vec4 u0 = xy$(SOURCES-1)_$(i*4)_$j, u1 = xy$(SOURCES-1)_$(i*4+1)_$j;
		vec4 u2 = xy$(SOURCES-1)_$(i*4+2)_$j, u3 = xy$(SOURCES-1)_$(i*4+3)_$j;
		pull(z, r, c, v0, v1, v2, v3, u0, u1, u2, u3);
		write(z, r, c, image, v0, v1, v2, v3);
		add_sums(edge, c, v0, v1, v2, v3, rows0_$i, cols0_$j);
	}
#end
#end
	if (BOUND(7))
		keep_sums(z, row, col, y, x);
}

// The grid may be smaller than the work.
void main() {
	int high = (n + BM - 1) / BM;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int t = int(gl_WorkGroupID.x); t < high * lanes; t += int(gl_NumWorkGroups.x))
			if (t % lanes >= t / lanes)
				tile(z, row0 + t / lanes * BM, row0 + t % lanes * BM);
}
