// A group makes a BM×BN tile from slices of BK terms. Defines: BM, BN, BK, TM, TN, all multiples of 4,
// and THREADS, which is BM/TM·BN/TN: a thread makes TM×TN sums, as 4×4 blocks that lie BM·4/TM rows and BN·4/TN columns apart.
//
// A and B pass through shared memory as 4×4 blocks too: a thread loads four rows of four numbers and,
// where the terms lie along the rows of memory, transposes them in registers, so that every
// access to shared memory is of four numbers and needs no more than the 16 bytes that
// a lane can move at once. Rows are padded by 4 against bank conflicts. The blocks of the
// next slice are loaded to registers before the current one is multiplied, which
// hides the way to memory. Transposition is known to the loaders alone.
const int GX = BN / TN, GY = BM / TM;
layout(local_size_x = THREADS) in;

const int LA = BM / 4 + 1, LB = BN / 4 + 1;           // rows of shared memory, in vec4s
const int QA = BM * BK / 16, QB = BN * BK / 16;       // blocks of a slice
const int LOADS = (QA + QB + THREADS - 1) / THREADS;  // of a thread
shared vec4 As[BK * LA], Bs[BK * LB];

// a4 is four numbers of A from memory's [row, col], zeros outside rows × cols.
vec4 a4(int z, int row, int col, int rows, int cols) {
	if (row >= rows || col >= cols)
		return vec4(0.0);
	int at = AT(1, z, row) + col;
#ifdef VEC
	return A[at >> 2];
#else
	int left = cols - col;
	vec4 v = vec4(A[at], A[at + min(1, left - 1)], A[at + min(2, left - 1)], A[at + min(3, left - 1)]);
	return mix(vec4(0.0), v, greaterThan(ivec4(left), ivec4(0, 1, 2, 3)));
#endif
}

// b_run is four numbers of B from address at on, the first so many of them, or zeros.
vec4 b_run(int at, int left) {
#ifdef VEC
	return B[at >> 2];
#else
	vec4 v = vec4(B[at], B[at + min(1, left - 1)], B[at + min(2, left - 1)], B[at + min(3, left - 1)]);
	return mix(vec4(0.0), v, greaterThan(ivec4(left), ivec4(0, 1, 2, 3)));
#endif
}

vec4 b4(int z, int row, int col, int rows, int cols) {
	if (row >= rows || col >= cols)
		return vec4(0.0);
	return b_run(AT(2, z, row) + col, cols - col);
}

#ifdef SLIDING
#include "sliding.glsl"
#endif

// block_a loads block l of the slice of A at term p, load q of this thread: its column c is for term c of
// four, four rows of the tile each. Lanes run along memory's rows.
mat4 block_a(int z, int q, int l, int row, int p, int end) {
#if defined(PATCHES_A)
	return patches_a(q);
#elif defined(TRANS_A)
	p += l / (BM / 4) * 4;
	row += l % (BM / 4) * 4;
	return mat4(a4(z, p, row, end, m), a4(z, p + 1, row, end, m), a4(z, p + 2, row, end, m), a4(z, p + 3, row, end, m));
#else
	row += l / (BK / 4) * 4;
	p += l % (BK / 4) * 4;
	return transpose(mat4(a4(z, row, p, m, end), a4(z, row + 1, p, m, end), a4(z, row + 2, p, m, end), a4(z, row + 3, p, m, end)));
#endif
}

mat4 block_b(int z, int q, int l, int col, int p, int end) {
#if defined(PATCHES_B)
	return patches_b(q, p + l / (BN / 4) * 4, end);
#elif defined(ADJOINT)
	return weights_b(q, col + l % (BN / 4) * 4);
#elif defined(TRANS_B)
	col += l / (BK / 4) * 4;
	p += l % (BK / 4) * 4;
	return transpose(mat4(b4(z, col, p, n, end), b4(z, col + 1, p, n, end), b4(z, col + 2, p, n, end), b4(z, col + 3, p, n, end)));
#else
	p += l / (BN / 4) * 4;
	col += l % (BN / 4) * 4;
	return mat4(b4(z, p, col, end, n), b4(z, p + 1, col, end, n), b4(z, p + 2, col, end, n), b4(z, p + 3, col, end, n));
#endif
}

mat4 next[LOADS];

// fetch loads this thread's blocks of the slice at term p; stash puts them into shared memory.
void fetch(int z, int row, int col, int p, int end) {
	for (int q = 0; q < LOADS; q++) {
		int l = int(gl_LocalInvocationIndex) + q * THREADS;
		if (l < QA)
			next[q] = block_a(z, q, l, row, p, end);
		else if (l < QA + QB)
			next[q] = block_b(z, q, l - QA, col, p, end);
#ifdef SLIDING
		digit[q] = plus(digit[q], pace, radix);
#endif
	}
}

void stash() {
	for (int q = 0; q < LOADS; q++) {
		int l = int(gl_LocalInvocationIndex) + q * THREADS;
		if (l < QA) {
#ifdef TRANS_A
			int at = l / (BM / 4) * 4 * LA + l % (BM / 4);
#else
			int at = l % (BK / 4) * 4 * LA + l / (BK / 4);
#endif
			for (int c = 0; c < 4; c++)
				As[at + c * LA] = next[q][c];
		} else if (l < QA + QB) {
			l -= QA;
#ifdef TRANS_B
			int at = l % (BK / 4) * 4 * LB + l / (BK / 4);
#else
			int at = l / (BN / 4) * 4 * LB + l % (BN / 4);
#endif
			for (int c = 0; c < 4; c++)
				Bs[at + c * LB] = next[q][c];
		}
	}
}

vec4 acc[TM * TN / 4]; // row by row

// multiply adds a slice of terms to all sums of this thread, whose place among threads is [y, x].
void multiply(int y, int x) {
	for (int t = 0; t < BK; t++) {
		vec4 a[TM / 4], b[TN / 4];
		for (int i = 0; i < TM / 4; i++)
			a[i] = As[t * LA + i * GY + y];
		for (int j = 0; j < TN / 4; j++)
			b[j] = Bs[t * LB + j * GX + x];
		for (int i = 0; i < TM; i++)
			for (int j = 0; j < TN / 4; j++)
				acc[i * (TN / 4) + j] += a[i / 4][i % 4] * b[j];
	}
}

void scatter(int z, int s, int row, int col);

void tile(int z, int s, int row, int col, int first, int end) {
	// The 32 lanes of a warp are 8 across and 4 down, so that they read few different numbers.
	int warp = int(gl_LocalInvocationIndex) / 32, lane = int(gl_LocalInvocationIndex) % 32;
	int x = warp % (GX / 8) * 8 + lane % 8, y = warp / (GX / 8) * 4 + lane / 8;
	for (int i = 0; i < TM * TN / 4; i++)
		acc[i] = vec4(0.0);
#ifdef SLIDING
	aim(row, col, first);
#endif
	for (int p = first;; p += BK) {
		if (p < end)
			fetch(z, row, col, p, end);
		if (p > first)
			multiply(y, x);
		if (p >= end)
			break;
		barrier(); // all have done with the last slice
		stash();
		barrier();
	}
	scatter(z, s, row + y * 4, col + x * 4);
}

// scatter hands over the sums of the thread whose first is at [row, col].
void scatter(int z, int s, int row, int col) {
	for (int i = 0; i < TM / 4; i++)
		for (int j = 0; j < TN / 4; j++) {
			int r0 = row + i * GY * 4, c0 = col + j * GX * 4;
			mat4 sums = mat4(acc[(i * 4) * (TN / 4) + j], acc[(i * 4 + 1) * (TN / 4) + j],
				acc[(i * 4 + 2) * (TN / 4) + j], acc[(i * 4 + 3) * (TN / 4) + j]);
			for (int r = 0; r < 4; r++)
				if (r0 + r < m) {
#ifdef VEC
					if (c0 < n) {
#ifdef FROM
						sums[r] += P[CELLS(AT(5, z, r0 + r) + c0)];
#endif
						put(z, s, r0 + r, c0, sums[r]);
					}
#else
					for (int c = 0; c < 4; c++)
						if (c0 + c < n) {
#ifdef FROM
							sums[r][c] += P[AT(5, z, r0 + r) + c0 + c];
#endif
							put(z, s, r0 + r, c0 + c, sums[r][c]);
						}
#endif
				}
#if defined(SYMMETRIC) && defined(VEC) && !defined(PARTIAL)
			block(z, r0, c0, sums);
#endif
		}
}
