// A group makes a BM×BN tile from slices of BK terms. Defines: BM, BN, BK, TM, TN, all multiples of 4, STAGES: 1 or 2, and
// THREADS, which is BM/TM·BN/TN: a thread makes TM×TN sums, as 4×4 blocks that lie BM·4/TM rows and BN·4/TN columns apart.
//
// A and B pass through shared memory as 4×4 blocks too: a thread loads four rows of four numbers and,
// where the terms lie along the rows of memory, transposes them in registers, so that every
// access to shared memory is of four numbers and needs no more than the 16 bytes that
// a lane can move at once. The blocks of the next slice are loaded to registers before the current one is multiplied,
// which hides the way to memory. With two stages they then go to the half of shared memory that nobody reads, and the
// group waits for each other once a slice, not twice. Transposition is known to the loaders alone.
//
// What is beyond the matrix along rows of A or columns of B belongs to sums that nobody keeps, so any number in
// memory will do and the last one serves. What is beyond the terms must be 0, and that in both: 0·∞ is not 0.
//
// All loops over registers are unrolled in the text, and sums are fused multiply-adds by name: "precise" in a finish reaches
// through all that its argument is made of, and would have each product rounded by an instruction of its own.
const int GX = BN / TN, GY = BM / TM;
layout(local_size_x = THREADS) in;

// Term t of a slice is a row of shared memory, in vec4s. Rows of four terms are two vec4s further apart than the four are
// long: the eight lanes that store at the same time, two blocks of each of four rows of terms, then meet no bank twice.
const int LA = BM / 4, LB = BN / 4;
#define ROW_A(t) ((t) * LA + (t) / 4 * 2)
#define ROW_B(t) ((t) * LB + (t) / 4 * 2)
shared vec4 As[STAGES * ROW_A(BK)], Bs[STAGES * ROW_B(BK)];

const int QA = BM * BK / 16, QB = BN * BK / 16; // blocks of a slice

// run is four neighbours, as many as there are left, and zeros for the others.
#ifdef VEC
vec4 a_run(int at, int left) { return left > 0 ? A[at >> 2] : vec4(0.0); }
vec4 b_run(int at, int left) { return left > 0 ? B[at >> 2] : vec4(0.0); }
vec4 a_all(int at, int left) { return A[at >> 2]; }
vec4 b_all(int at, int left) { return B[at >> 2]; }
const int WIDE = 4; // of one access: where four are in reach of the last
#else
const int WIDE = 1;
vec4 a_run(int at, int left) {
	return vec4(left > 0 ? A[at] : 0.0, left > 1 ? A[at + 1] : 0.0, left > 2 ? A[at + 2] : 0.0, left > 3 ? A[at + 3] : 0.0);
}
vec4 b_run(int at, int left) {
	return vec4(left > 0 ? B[at] : 0.0, left > 1 ? B[at + 1] : 0.0, left > 2 ? B[at + 2] : 0.0, left > 3 ? B[at + 3] : 0.0);
}
// all is run where the last of those that are left stands for any that are not.
vec4 a_all(int at, int left) {
	return vec4(A[at], A[at + min(1, left - 1)], A[at + min(2, left - 1)], A[at + min(3, left - 1)]);
}
vec4 b_all(int at, int left) {
	return vec4(B[at], B[at + min(1, left - 1)], B[at + min(2, left - 1)], B[at + min(3, left - 1)]);
}
#endif

#ifdef SLIDING
#include "sliding.glsl"
#endif

// A thread has LOADS blocks of each slice, of A or of B, by their number l. For each: where its rows are, and, of rows of
// memory that are terms, how many columns are left. Of a matrix, at1 to at4 are the addresses of its four rows, or at1 is
// that of the first, as they are for term 0.
#unroll q LOADS
int at1_$q, at2_$q, at3_$q, at4_$q, left_$q, term_$q;
vec4 next1_$q, next2_$q, next3_$q, next4_$q;
#end

// terms_along makes a block of matrix b ready whose four rows are rows of a tile, and whose columns are terms.
#define TERMS_ALONG(b, z, row, rows) { \
	at1 = AT(b, z, min(row, rows - 1)); \
	at2 = AT(b, z, min(row + 1, rows - 1)); \
	at3 = AT(b, z, min(row + 2, rows - 1)); \
	at4 = AT(b, z, min(row + 3, rows - 1)); \
}

void ready_a(int z, int l, int row, out int at1, out int at2, out int at3, out int at4, out int left, out int term) {
#if defined(PATCHES_A)
	at1 = at2 = at3 = at4 = left = term = 0;
#elif defined(TRANS_A)
	int first = min(row + l % (BM / 4) * 4, m - WIDE);
	left = m - first;
	term = l / (BM / 4) * 4;
	at1 = AT(1, z, 0) + first;
	at2 = at3 = at4 = 0;
#else
	TERMS_ALONG(1, z, row + l / (BK / 4) * 4, m)
	left = 0;
	term = l % (BK / 4) * 4;
#endif
}

void ready_b(int z, int l, int col, out int at1, out int at2, out int at3, out int at4, out int left, out int term) {
#if defined(PATCHES_B) || defined(ADJOINT)
	at1 = at2 = at3 = at4 = left = 0;
	term = l / (BN / 4) * 4;
#elif defined(TRANS_B)
	TERMS_ALONG(2, z, col + l / (BK / 4) * 4, n)
	left = 0;
	term = l % (BK / 4) * 4;
#else
	int first = min(col + l % (BN / 4) * 4, n - WIDE);
	left = n - first;
	term = l / (BN / 4) * 4;
	at1 = AT(2, z, 0) + first;
	at2 = at3 = at4 = 0;
#endif
}

// Rows of memory are rows of the tile: four of four terms each, transposed.
#define TRANSPOSED(run, p, rest) { \
	vec4 r1 = run(at1 + p, rest), r2 = run(at2 + p, rest), r3 = run(at3 + p, rest), r4 = run(at4 + p, rest); \
	v1 = vec4(r1.x, r2.x, r3.x, r4.x); \
	v2 = vec4(r1.y, r2.y, r3.y, r4.y); \
	v3 = vec4(r1.z, r2.z, r3.z, r4.z); \
	v4 = vec4(r1.w, r2.w, r3.w, r4.w); \
}
// Rows of memory are terms, p on, as many as are left.
#define STRAIGHT(all, b, p, rest) { \
	int at = at1 + (p) * ld[b / 4][b % 4]; \
	v1 = rest > 0 ? all(at, left) : vec4(0.0); \
	v2 = rest > 1 ? all(at + ld[b / 4][b % 4], left) : vec4(0.0); \
	v3 = rest > 2 ? all(at + 2 * ld[b / 4][b % 4], left) : vec4(0.0); \
	v4 = rest > 3 ? all(at + 3 * ld[b / 4][b % 4], left) : vec4(0.0); \
}

// load_a gives the four numbers of each of four terms from p on, of which rest are there; whole: all of them.
void load_a(int at1, int at2, int at3, int at4, int left, int p, int rest, bool whole, out vec4 v1, out vec4 v2, out vec4 v3, out vec4 v4) {
#ifdef TRANS_A
	if (whole)
		STRAIGHT(a_all, 1, p, 4)
	else
		STRAIGHT(a_all, 1, p, rest)
#else
	if (whole)
		TRANSPOSED(a_all, p, 4)
	else
		TRANSPOSED(a_run, p, rest)
#endif
}

void load_b(int at1, int at2, int at3, int at4, int left, int p, int rest, bool whole, out vec4 v1, out vec4 v2, out vec4 v3, out vec4 v4) {
#ifdef TRANS_B
	if (whole)
		TRANSPOSED(b_all, p, 4)
	else
		TRANSPOSED(b_run, p, rest)
#else
	if (whole)
		STRAIGHT(b_all, 2, p, 4)
	else
		STRAIGHT(b_all, 2, p, rest)
#endif
}

// aim makes this thread ready to load for the tile at [row, col], from term p on.
void aim(int z, int row, int col, int p) {
#ifdef SLIDING
	slide_from(row, col, p);
#endif
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		if (l < QA)
			ready_a(z, l, row, at1_$q, at2_$q, at3_$q, at4_$q, left_$q, term_$q);
		else
			ready_b(z, l - QA, col, at1_$q, at2_$q, at3_$q, at4_$q, left_$q, term_$q);
	}
#end
}

// fetch loads this thread's blocks of the slice at term p; stash puts them into a stage of shared memory.
void fetch(int col, int p, int end) {
	bool whole = p + BK <= end;
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS, first = p + term_$q;
		if (l < QA) {
#ifdef PATCHES_A
			patches_a(spot1_$q, spot2_$q, spot3_$q, spot4_$q, digit_$q, next1_$q, next2_$q, next3_$q, next4_$q);
#else
			load_a(at1_$q, at2_$q, at3_$q, at4_$q, left_$q, first, end - first, whole, next1_$q, next2_$q, next3_$q, next4_$q);
#endif
		} else if (l < QA + QB) {
#if defined(PATCHES_B)
			patches_b(taps_$q, digit_$q, end - first, next1_$q, next2_$q, next3_$q, next4_$q);
#elif defined(ADJOINT)
			weights_b(digit_$q, col + (l - QA) % (BN / 4) * 4, next1_$q, next2_$q, next3_$q, next4_$q);
#else
			load_b(at1_$q, at2_$q, at3_$q, at4_$q, left_$q, first, end - first, whole, next1_$q, next2_$q, next3_$q, next4_$q);
#endif
		}
#ifdef SLIDING
		digit_$q = plus(digit_$q, pace, radix);
#endif
	}
#end
}

void stash(int stage) {
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		if (l < QA) {
#ifdef TRANS_A
			int t = l / (BM / 4) * 4, at = stage * ROW_A(BK) + ROW_A(t) + l % (BM / 4);
#else
			int t = l % (BK / 4) * 4, at = stage * ROW_A(BK) + ROW_A(t) + l / (BK / 4);
#endif
			As[at] = next1_$q;
			As[at + LA] = next2_$q;
			As[at + 2 * LA] = next3_$q;
			As[at + 3 * LA] = next4_$q;
		} else if (l < QA + QB) {
			l -= QA;
#ifdef TRANS_B
			int t = l % (BK / 4) * 4, at = stage * ROW_B(BK) + ROW_B(t) + l / (BK / 4);
#else
			int t = l / (BN / 4) * 4, at = stage * ROW_B(BK) + ROW_B(t) + l % (BN / 4);
#endif
			Bs[at] = next1_$q;
			Bs[at + LB] = next2_$q;
			Bs[at + 2 * LB] = next3_$q;
			Bs[at + 3 * LB] = next4_$q;
		}
	}
#end
}

// The sums of a thread: row i, four columns j.
#unroll i TM
#unroll j TN / 4
vec4 sum$i_$j;
#end
#end

// multiply adds a slice of terms to all sums of this thread, whose place among threads is [y, x].
void multiply(int stage, int y, int x) {
	int a_at = stage * ROW_A(BK) + y, b_at = stage * ROW_B(BK) + x;
#unroll t BK
	{
#unroll i TM / 4
		vec4 a$i = As[a_at + ROW_A($t) + $i * GY];
#end
#unroll j TN / 4
		vec4 b$j = Bs[b_at + ROW_B($t) + $j * GX];
#end
#unroll i TM
#unroll j TN / 4
		sum$i_$j = fma(vec4(a$(i/4)[$(i%4)]), b$j, sum$i_$j);
#end
#end
	}
#end
}

void scatter(int z, int s, int row, int col);

void tile(int z, int s, int row, int col, int first, int end) {
	// The 32 lanes of a warp are 8 across and 4 down, so that they read few different numbers; neighbours in turn across
	// and down, so that the 8 that read four numbers each at the same time do not all want others.
	int warp = int(gl_LocalInvocationIndex) / 32, lane = int(gl_LocalInvocationIndex) % 32;
	int x = warp % (GX / 8) * 8 + lane / 2 % 8, y = warp / (GX / 8) * 4 + lane / 16 * 2 + lane % 2;
#unroll i TM
#unroll j TN / 4
	sum$i_$j = vec4(0.0);
#end
#end
	if (first < end) {
		aim(z, row, col, first);
		fetch(col, first, end);
	}
#if STAGES == 1
	for (int p = first; p < end; p += BK) {
		barrier(); // all have done with the last slice
		stash(0);
		barrier();
		if (p + BK < end)
			fetch(col, p + BK, end);
		multiply(0, y, x);
	}
#else
	if (first < end) {
		barrier(); // all have done with the last tile
		stash(0);
	}
	for (int p = first, stage = 0; p < end; p += BK, stage = 1 - stage) {
		barrier();
		if (p + BK < end)
			fetch(col, p + BK, end);
		multiply(stage, y, x);
		if (p + BK < end)
			stash(1 - stage);
	}
#endif
	scatter(z, s, row + y * 4, col + x * 4);
}

// hand passes four rows of four sums on, the first of which is at [row, col].
void hand(int z, int s, int row, int col, vec4 v0, vec4 v1, vec4 v2, vec4 v3) {
#unroll r 4
	if (row + $r < m) {
#ifdef VEC
		if (col < n) {
#ifdef FROM
			v$r += P[CELLS(AT(5, z, row + $r) + col)];
#endif
			put(z, s, row + $r, col, v$r);
		}
#else
#unroll c 4
		if (col + $c < n) {
#ifdef FROM
			v$r[$c] += P[AT(5, z, row + $r) + col + $c];
#endif
			put(z, s, row + $r, col + $c, v$r[$c]);
		}
#end
#endif
	}
#end
#if defined(SYMMETRIC) && defined(VEC) && !defined(PARTIAL)
	block(z, row, col, mat4(v0, v1, v2, v3));
#endif
}

// scatter hands over the sums of the thread whose first is at [row, col].
void scatter(int z, int s, int row, int col) {
#unroll i TM / 4
#unroll j TN / 4
	hand(z, s, row + $i * GY * 4, col + $j * GX * 4, sum$(i*4)_$j, sum$(i*4+1)_$j, sum$(i*4+2)_$j, sum$(i*4+3)_$j);
#end
#end
}
