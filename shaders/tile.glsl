// A group makes a BM×BN tile from slices of BK terms. Defines: BM, BN, BK, TM, TN, all multiples of 4, STAGES: 0 to 2, and
// THREADS, which is BM/TM·BN/TN: a thread makes TM×TN sums, as 4×4 blocks that lie BM·4/TM rows and BN·4/TN columns apart.
//
// A and B pass through shared memory as 4×4 blocks too: a thread loads four rows of four numbers and, where the terms
// lie along the rows of memory, transposes them in registers, so that every access to shared memory is of four numbers
// and needs no more than the 16 bytes that a lane can move at once. The blocks of the next slice are loaded to
// registers before the current one is multiplied, which hides the latency of memory, or, with no stage, right before
// they are needed: that saves registers, and other groups on the same processor hide the latency. With two stages they
// then go to the half of shared memory that nobody reads, and the group synchronises once a slice, not twice. Only the
// loaders know of transposition.
//
// Beyond the last term both factors must be 0, since 0·∞ is not 0. Most tiles have no edge of A or of B in them, and
// know it.
//
// With HALF, which divides BK, numbers in shared memory are halves, and so are the sums of HALF terms at a time, two
// columns to a register; see half.glsl and compute.Half.
//
// All loops over registers are unrolled in the text, and sums are fused multiply-adds by name: "precise" in a finish
// extends to the whole computation of its argument, and would round each product by a separate instruction.
const int GX = BN / TN, GY = BM / TM;
layout(local_size_x = THREADS) in;

// Term t of a slice is a row of shared memory, in vec4s. Rows of four terms are two vec4s further apart than the four
// are long: the eight lanes that store at the same time, two blocks of each of four rows of terms, then hit no bank
// twice.
const int LA = BM / 4, LB = BN / 4;
#define ROW_A(t) ((t) * LA + (t) / 4 * 2)
#define ROW_B(t) ((t) * LB + (t) / 4 * 2)
#if STAGES == 2
#define HALVES 2
#else
#define HALVES 1
#endif
#ifdef HALF
#define FOURS uvec2
#define KEPT(v) uvec2(packHalf2x16((v).xy), packHalf2x16((v).zw))
#else
#define FOURS vec4
#define KEPT(v) (v)
#endif

// HOLD is four neighbours on their way from memory to shared memory: float32s or, where both ends hold halves, halves.
#if defined(HALF) && defined(A_F16) && defined(B_F16)
#define HOLD uvec2
#define HELD(v) KEPT(v)
#define STORED(v) (v)
#define PICK(v, c) ((v)[(c) / 2] >> (c) % 2 * 16 & 0xffffu)
#define ACROSS(v1, v2, v3, v4, c) uvec2(PICK(v1, c) | PICK(v2, c) << 16, PICK(v3, c) | PICK(v4, c) << 16)
#else
#define HOLD vec4
#define HELD(v) (v)
#define STORED(v) KEPT(v)
#define ACROSS(v1, v2, v3, v4, c) KEPT(vec4((v1)[c], (v2)[c], (v3)[c], (v4)[c]))
#endif
#define NOTHING HOLD(0)
#ifndef VEC
#define HELD_A(i) HELD(vec4(READ_A(i), READ_A((i) + 1), READ_A((i) + 2), READ_A((i) + 3)))
#define HELD_B(i) HELD(vec4(READ_B(i), READ_B((i) + 1), READ_B((i) + 2), READ_B((i) + 3)))
#elif defined(HALF) && defined(A_F16) && defined(B_F16)
#define HELD_A(i) A[i]
#define HELD_B(i) B[i]
#else
#define HELD_A(i) READ_A(i)
#define HELD_B(i) READ_B(i)
#endif
shared FOURS As[HALVES * ROW_A(BK)], Bs[HALVES * ROW_B(BK)];

const int QA = BM * BK / 16, QB = BN * BK / 16; // blocks of a slice

// run is four neighbours, or as many as are left and zeros for the others.
#ifdef VEC
HOLD a_run(int at, int left) { return left > 0 ? HELD_A(at >> 2) : NOTHING; }
HOLD b_run(int at, int left) { return left > 0 ? HELD_B(at >> 2) : NOTHING; }
#else
HOLD a_run(int at, int left) {
	return HELD(vec4(left > 0 ? READ_A(at) : 0.0, left > 1 ? READ_A(at + 1) : 0.0, left > 2 ? READ_A(at + 2) : 0.0, left > 3 ? READ_A(at + 3) : 0.0));
}
HOLD b_run(int at, int left) {
	return HELD(vec4(left > 0 ? READ_B(at) : 0.0, left > 1 ? READ_B(at + 1) : 0.0, left > 2 ? READ_B(at + 2) : 0.0, left > 3 ? READ_B(at + 3) : 0.0));
}
#endif

#ifdef SLIDING
#include "sliding.glsl"
#endif

// A thread has LOADS blocks of each slice, of A or of B, by their number l. For each: the address of its first row in
// the next slice, in cells, and the block itself.
#unroll q LOADS
int at_$q;
HOLD next1_$q, next2_$q, next3_$q, next4_$q;
#end
bool inside_tile; // no edge of A or of B is in reach of this tile

// begin_a is the address of block l of A for the tile at row, from term p on; begin_b is the same for B.
int begin_a(int z, int l, int row, int p) {
#if defined(PATCHES_A)
	return 0;
#elif defined(TRANS_A)
	return CELLS(AT(1, z, p + l / (BM / 4) * 4) + row + l % (BM / 4) * 4);
#else
	return CELLS(AT(1, z, row + l / (BK / 4) * 4) + p + l % (BK / 4) * 4);
#endif
}

int begin_b(int z, int l, int col, int p) {
#if defined(PATCHES_B) || defined(ADJOINT)
	return 0;
#elif defined(TRANS_B)
	return CELLS(AT(2, z, col + l / (BK / 4) * 4) + p + l % (BK / 4) * 4);
#else
	return CELLS(AT(2, z, p + l / (BN / 4) * 4) + col + l % (BN / 4) * 4);
#endif
}

#ifdef TRANS_A
#define STEP_A (BK * CELLS(ld[0][1]))
#else
#define STEP_A CELLS(BK)
#endif
#ifdef TRANS_B
#define STEP_B CELLS(BK)
#else
#define STEP_B (BK * CELLS(ld[0][2]))
#endif

// four_a are the four rows of memory of a whole block.
void four_a(int at, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
	int s = CELLS(ld[0][1]);
	v1 = HELD_A(at);
	v2 = HELD_A(at + s);
	v3 = HELD_A(at + 2 * s);
	v4 = HELD_A(at + 3 * s);
}
void four_b(int at, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
	int s = CELLS(ld[0][2]);
	v1 = HELD_B(at);
	v2 = HELD_B(at + s);
	v3 = HELD_B(at + 2 * s);
	v4 = HELD_B(at + 3 * s);
}

// edge_a is a block of which only rows × cols exist in memory.
void edge_a(int z, int first, int rows, int col, int cols, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
#unroll i 4
	v$(i+1) = first + $i < rows ? a_run(AT(1, z, first + $i) + col, cols - col) : NOTHING;
#end
}
void edge_b(int z, int first, int rows, int col, int cols, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
#unroll i 4
	v$(i+1) = first + $i < rows ? b_run(AT(2, z, first + $i) + col, cols - col) : NOTHING;
#end
}

// aim prepares this thread to load for the tile at [row, col], from term p on.
void aim(int z, int row, int col, int p) {
#if defined(PATCHES_A)
	inside_tile = col + BN <= n;
#elif defined(PATCHES_B)
	inside_tile = row + BM <= m;
#else
	inside_tile = row + BM <= m && col + BN <= n;
#endif
#ifdef SLIDING
	slide_from(row, col, p);
#endif
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		at_$q = l < QA ? begin_a(z, l, row, p) : begin_b(z, l - QA, col, p);
	}
#end
}

// fetch loads this thread's blocks of the slice at term p, as they lie in memory; stash stores them to a stage of
// shared memory.
void fetch(int z, int row, int col, int p, int end) {
	bool whole = inside_tile && p + BK <= end;
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		if (l < QA) {
#if defined(WHOLE)
			patches_a(spot1_$q, spot2_$q, spot3_$q, spot4_$q, there1_$q, there2_$q, there3_$q, there4_$q, next1_$q, next2_$q, next3_$q, next4_$q);
#elif defined(PATCHES_A)
			patches_a(spot1_$q, spot2_$q, spot3_$q, spot4_$q, digit_$q, next1_$q, next2_$q, next3_$q, next4_$q);
#else
			if (whole)
				four_a(at_$q, next1_$q, next2_$q, next3_$q, next4_$q);
			else
#ifdef TRANS_A
				edge_a(z, p + l / (BM / 4) * 4, end, row + l % (BM / 4) * 4, m, next1_$q, next2_$q, next3_$q, next4_$q);
#else
				edge_a(z, row + l / (BK / 4) * 4, m, p + l % (BK / 4) * 4, end, next1_$q, next2_$q, next3_$q, next4_$q);
#endif
			at_$q += STEP_A;
#endif
		} else if (l < QA + QB) {
			l -= QA;
#if defined(PATCHES_B)
			patches_b(taps_$q, digit_$q, end - (p + l / (BN / 4) * 4), next1_$q, next2_$q, next3_$q, next4_$q);
#elif defined(ADJOINT) && defined(WHOLE)
			weights_b(l / (BN / 4) * 4, col + l % (BN / 4) * 4, next1_$q, next2_$q, next3_$q, next4_$q);
#elif defined(ADJOINT)
			weights_b(digit_$q, col + l % (BN / 4) * 4, next1_$q, next2_$q, next3_$q, next4_$q);
#else
			if (whole)
				four_b(at_$q, next1_$q, next2_$q, next3_$q, next4_$q);
			else
#ifdef TRANS_B
				edge_b(z, col + l / (BK / 4) * 4, n, p + l % (BK / 4) * 4, end, next1_$q, next2_$q, next3_$q, next4_$q);
#else
				edge_b(z, p + l / (BN / 4) * 4, end, col + l % (BN / 4) * 4, n, next1_$q, next2_$q, next3_$q, next4_$q);
#endif
			at_$q += STEP_B;
#endif
		}
	}
#end
#ifdef SLIDING
	slide_on();
#endif
}

void stash(int stage) {
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		if (l < QA) {
#ifdef TRANS_A
			int t = l / (BM / 4) * 4, at = stage * ROW_A(BK) + ROW_A(t) + l % (BM / 4);
			As[at] = STORED(next1_$q);
			As[at + LA] = STORED(next2_$q);
			As[at + 2 * LA] = STORED(next3_$q);
			As[at + 3 * LA] = STORED(next4_$q);
#else
			int t = l % (BK / 4) * 4, at = stage * ROW_A(BK) + ROW_A(t) + l / (BK / 4);
#unroll c 4
			As[at + $c * LA] = ACROSS(next1_$q, next2_$q, next3_$q, next4_$q, $c);
#end
#endif
		} else if (l < QA + QB) {
			l -= QA;
#ifdef TRANS_B
			int t = l % (BK / 4) * 4, at = stage * ROW_B(BK) + ROW_B(t) + l / (BK / 4);
#unroll c 4
			Bs[at + $c * LB] = ACROSS(next1_$q, next2_$q, next3_$q, next4_$q, $c);
#end
#else
			int t = l / (BN / 4) * 4, at = stage * ROW_B(BK) + ROW_B(t) + l % (BN / 4);
			Bs[at] = STORED(next1_$q);
			Bs[at + LB] = STORED(next2_$q);
			Bs[at + 2 * LB] = STORED(next3_$q);
			Bs[at + 3 * LB] = STORED(next4_$q);
#endif
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
#ifdef HALF
#unroll u BK / HALF
	{
#unroll i TM
#unroll j TN / 4
		PAIR left$i_$j = PAIR(0.0), right$i_$j = PAIR(0.0);
#end
#end
#unroll t HALF
		{
#unroll i TM / 4
			uvec2 a$i = As[a_at + ROW_A($(u*HALF+t)) + $i * GY];
			PAIR a$i_0 = PAIR_OF(a$i.x), a$i_1 = PAIR_OF(a$i.y);
#end
#unroll j TN / 4
			uvec2 b$j = Bs[b_at + ROW_B($(u*HALF+t)) + $j * GX];
			PAIR b$j_0 = PAIR_OF(b$j.x), b$j_1 = PAIR_OF(b$j.y);
#end
#unroll i TM
#unroll j TN / 4
			left$i_$j = PAIR_FMA(PAIR(a$(i/4)_$(i%4/2)[$(i%2)]), b$j_0, left$i_$j);
			right$i_$j = PAIR_FMA(PAIR(a$(i/4)_$(i%4/2)[$(i%2)]), b$j_1, right$i_$j);
#end
#end
		}
#end
#unroll i TM
#unroll j TN / 4
		sum$i_$j += vec4(vec2(left$i_$j), vec2(right$i_$j));
#end
#end
	}
#end
#else
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
#endif
}

void scatter(int z, int s, int row, int col);

void tile(int z, int s, int row, int col, int first, int end) {
	// The 32 lanes of a warp are 8 across and 4 down, so that they read few different numbers; neighbours alternate
	// across and down, so that the 8 that read four numbers each at the same time share some.
	int warp = int(gl_LocalInvocationIndex) / 32, lane = int(gl_LocalInvocationIndex) % 32;
	int x = warp % (GX / 8) * 8 + lane / 2 % 8, y = warp / (GX / 8) * 4 + lane / 16 * 2 + lane % 2;
#unroll i TM
#unroll j TN / 4
	sum$i_$j = vec4(0.0);
#end
#end
	if (first < end) {
		aim(z, row, col, first);
#if STAGES > 0
		fetch(z, row, col, first, end);
#endif
	}
#if STAGES == 0
	for (int p = first; p < end; p += BK) {
		fetch(z, row, col, p, end);
		barrier(); // all have done with the last slice
		stash(0);
		barrier();
		multiply(0, y, x);
	}
#elif STAGES == 1
	for (int p = first; p < end; p += BK) {
		barrier(); // all have done with the last slice
		stash(0);
		barrier();
		if (p + BK < end)
			fetch(z, row, col, p + BK, end);
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
			fetch(z, row, col, p + BK, end);
		multiply(stage, y, x);
		if (p + BK < end)
			stash(1 - stage);
	}
#endif
	scatter(z, s, row + y * 4, col + x * 4);
}

#ifndef VEC

// hand passes 4×4 sums on, the first of which is at [row, col]. Loops that stay loops keep the program small.
void hand(int z, int s, int row, int col, mat4 v) {
	for (int r = 0; r < 4; r++)
		for (int c = 0; c < 4; c++)
			if (row + r < m && col + c < n) {
#ifdef FROM
				v[r][c] += P[AT(5, z, row + r) + col + c];
#endif
				put(z, s, row + r, col + c, v[r][c], before(z, row + r, col + c));
			}
}

#endif

// scatter hands over the sums of the thread whose first is at [row, col]. Old values are read for four rows at a time,
// since a compiler cannot know that one row's do not alias another's results.
void scatter(int z, int s, int row, int col) {
#unroll i TM / 4
	{
		int first = row + $i * GY * 4;
#ifndef VEC
#unroll j TN / 4
		hand(z, s, first, col + $j * GX * 4, mat4(sum$(i*4)_$j, sum$(i*4+1)_$j, sum$(i*4+2)_$j, sum$(i*4+3)_$j));
#end
#elif defined(SYMMETRIC) && !defined(PARTIAL)
#unroll j TN / 4
		block(z, first, col + $j * GX * 4, mat4(sum$(i*4)_$j, sum$(i*4+1)_$j, sum$(i*4+2)_$j, sum$(i*4+3)_$j));
#end
#else
#unroll r 4
#unroll j TN / 4
		bool is$r_$j = first + $r < m && col + $j * GX * 4 < n;
#ifdef FROM
		if (is$r_$j)
			sum$(i*4+r)_$j += P[CELLS(AT(5, z, first + $r) + col + $j * GX * 4)];
#endif
		vec4 old$r_$j = is$r_$j ? before(z, first + $r, col + $j * GX * 4) : vec4(0.0);
#end
#end
#unroll r 4
#unroll j TN / 4
		if (is$r_$j)
			put(z, s, first + $r, col + $j * GX * 4, sum$(i*4+r)_$j, old$r_$j);
#end
#end
#endif
	}
#end
}
