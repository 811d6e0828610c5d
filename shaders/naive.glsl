// One thread a sum, term after term: the reference for the other rungs.
// Defines: as in product.glsl; DISTANCE: Σ(a−b)² instead of Σa·b.
const int BM = 16, BN = 16;
layout(local_size_x = 16, local_size_y = 16) in;

void tile(int z, int s, int row, int col, int first, int end) {
	row += int(gl_LocalInvocationID.y);
	col += int(gl_LocalInvocationID.x);
	if (row >= m || col >= n)
		return;
#ifdef LOWER_A
	end = min(end, row0 + row + 1 - dep0);
#endif
	float acc = 0.0;
#ifdef FROM
	acc = P[AT(5, z, row) + col];
#endif
	for (int p = first; p < end; p++) {
#if defined(PATCHES_A)
		float a = seen(row0 + row, p);
#elif defined(TRANS_A)
		float a = READ_A(AT(1, z, p) + row);
#else
		float a = READ_A(AT(1, z, row) + p);
#endif
#if defined(PATCHES_B)
		float b = seen(dep0 + p, col);
#elif defined(ADJOINT)
		float b = READ_B(weights(tap_of(p)) + col);
#elif defined(TRANS_B)
		float b = READ_B(AT(2, z, col) + p);
#else
		float b = READ_B(AT(2, z, p) + col);
#endif
#ifdef DISTANCE
		acc += (a - b) * (a - b);
#else
		acc += a * b;
#endif
	}
	put(z, s, row, col, acc, before(z, row, col));
}
