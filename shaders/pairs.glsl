// Kernels between all rows of X, and between the rows of a second X, tile by tile: the kernels of a tile stay in a
// group's registers, and it passes on sums of rows and of columns. The including file has defined finish.
//
// Kernels are symmetric, so a tile right of the diagonal is its mirror image too: its columns' sums belong to the
// image's rows. A tile on the diagonal is computed as a whole, and its columns' sums are not needed.
//
// Defines: BM, BN, which is BM, BK, TM, TN, THREADS, LOADS: as in tile.glsl, of two stages; SOURCES: the number of X, 1
// or 2; VEC0, VEC1: of each, four numbers at a time; OUTS: the number of sums of a row added up at the same time.
//
// Bindings 1 and 2 are the X, 3 and 4 the squares of their rows' norms. m is the rows of X, k and slice are their
// lengths, kind and grad their kernels, widths and rounds the numbers of widths, whose factors follow each other. In a
// tensor of a number for each width and member, each width takes wide.
#define KERNEL0 kind
#define KERNEL1 grad
#define TERMS0 k
#define TERMS1 slice
#define FACTOR(i) factor[(i) / 4][(i) % 4]

#include "between.glsl"

const int GX = BN / TN, GY = BM / TM;
layout(local_size_x = THREADS) in;

// Shared memory is laid out as in tile.glsl. FOURS are the vec4s of a line of BM numbers.
const int FOURS = BM / 4;
#define LINES(t) ((t) * FOURS + (t) / 4 * 2)
const int HALF = 2 * LINES(BK);
shared vec4 Xs[2 * HALF]; // rows of X for the tile's rows, and for its columns
const int BLOCKS = BM * BK / 16; // of a slice, either of rows or of columns

// Four numbers of a vector at binding b, from i on; beyond its end, the last is repeated.
#define FOUR(V, b, z, i) vec4(V[AT(b, z, 0) + min(i, m - 1)], V[AT(b, z, 0) + min((i) + 1, m - 1)], \
	V[AT(b, z, 0) + min((i) + 2, m - 1)], V[AT(b, z, 0) + min((i) + 3, m - 1)])
#define FOUR_OR_0(V, b, z, i) (BOUND(b) ? FOUR(V, b, z, i) : vec4(0.0))

// This thread's blocks of a slice: the addresses of their four rows, their place among the terms, and the loaded
// numbers.
#unroll q LOADS
int at1_$q, at2_$q, at3_$q, at4_$q, term_$q;
vec4 next1_$q, next2_$q, next3_$q, next4_$q;
#end

void stash(int stage) {
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		if (l < 2 * BLOCKS) {
			int at = (l < BLOCKS ? 0 : HALF) + stage * LINES(BK) + LINES(term_$q) + l % BLOCKS / (BK / 4);
			Xs[at] = next1_$q;
			Xs[at + FOURS] = next2_$q;
			Xs[at + 2 * FOURS] = next3_$q;
			Xs[at + 3 * FOURS] = next4_$q;
		}
	}
#end
}

#unroll s SOURCES
#ifdef VEC$s
layout(std430, binding = $(s+1)) readonly buffer X$(s)_ { vec4 X$s[]; };
vec4 run$s(int at, int left) { return left > 0 ? X$s[at >> 2] : vec4(0.0); }
#else
layout(std430, binding = $(s+1)) readonly buffer X$(s)_ { float X$s[]; };
vec4 run$s(int at, int left) {
	return vec4(left > 0 ? X$s[at] : 0.0, left > 1 ? X$s[at + 1] : 0.0, left > 2 ? X$s[at + 2] : 0.0, left > 3 ? X$s[at + 3] : 0.0);
}
#endif
layout(std430, binding = $(s+3)) readonly buffer Squares$(s)_ { float Squares$s[]; };

// The numbers of a thread: row i, four columns j.
#unroll i TM
#unroll j TN / 4
vec4 xy$(s)_$(i)_$j;
#end
#end

// aim prepares this thread to load for the tile at [row, col]. Beyond the last row it repeats the last, whose results
// are discarded.
void aim$s(int z, int row, int col) {
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS, first = (l < BLOCKS ? row : col) + l % BLOCKS / (BK / 4) * 4;
		at1_$q = AT($(s+1), z, min(first, m - 1));
		at2_$q = AT($(s+1), z, min(first + 1, m - 1));
		at3_$q = AT($(s+1), z, min(first + 2, m - 1));
		at4_$q = AT($(s+1), z, min(first + 3, m - 1));
		term_$q = l % (BK / 4) * 4;
	}
#end
}

void fetch$s(int p) {
#unroll q LOADS
	if (int(gl_LocalInvocationIndex) + $q * THREADS < 2 * BLOCKS) {
		int first = p + term_$q, left = TERMS$s - first;
		vec4 r1 = run$s(at1_$q + first, left), r2 = run$s(at2_$q + first, left);
		vec4 r3 = run$s(at3_$q + first, left), r4 = run$s(at4_$q + first, left);
		next1_$q = vec4(r1.x, r2.x, r3.x, r4.x);
		next2_$q = vec4(r1.y, r2.y, r3.y, r4.y);
		next3_$q = vec4(r1.z, r2.z, r3.z, r4.z);
		next4_$q = vec4(r1.w, r2.w, r3.w, r4.w);
	}
#end
}

void multiply$s(int stage, int y, int x) {
	int a_at = stage * LINES(BK) + y, b_at = HALF + stage * LINES(BK) + x;
#unroll t BK
	{
#unroll i TM / 4
		vec4 a$i = Xs[a_at + LINES($t) + $i * GY];
#end
#unroll j TN / 4
		vec4 b$j = Xs[b_at + LINES($t) + $j * GX];
#end
#unroll i TM
#unroll j TN / 4
		xy$(s)_$(i)_$j = fma(vec4(a$(i/4)[$(i%4)]), b$j, xy$(s)_$(i)_$j);
#end
#end
	}
#end
}

// products computes the products of the rows of the tile at [row, col] or, with norms bound, the function of them
// common to all widths.
void products$s(int z, int row, int col, int y, int x) {
#unroll i TM
#unroll j TN / 4
	xy$(s)_$(i)_$j = vec4(0.0);
#end
#end
	aim$s(z, row, col);
	if (TERMS$s > 0)
		fetch$s(0);
	barrier(); // all have done with shared memory
	stash(0);
	for (int p = 0, stage = 0; p < TERMS$s; p += BK, stage = 1 - stage) {
		barrier();
		if (p + BK < TERMS$s)
			fetch$s(p + BK);
		multiply$s(stage, y, x);
		if (p + BK < TERMS$s)
			stash(1 - stage);
	}
	if (!BOUND($(s+3)))
		return;
#unroll j TN / 4
	vec4 yy$j = FOUR(Squares$s, $(s+3), z, col + (x + $j * GX) * 4);
#end
#unroll i TM / 4
	vec4 xx$i = FOUR(Squares$s, $(s+3), z, row + (y + $i * GY) * 4);
#end
#unroll i TM
#unroll j TN / 4
	xy$(s)_$(i)_$j = between(KERNEL$s, xx$(i/4)[$(i%4)], yy$j, xy$(s)_$(i)_$j);
#end
#end
}
#end

// kernels makes kernels of a factor of 4×4 numbers of products, exactly 1 on the diagonal.
void kernels(int kernel, float f, bool diagonal, inout vec4 v0, inout vec4 v1, inout vec4 v2, inout vec4 v3) {
	if (kernel == LINEAR)
		return;
#unroll r 4
	if (kernel == GAUSSIAN)
		v$r = exp(-f * v$r);
	if (diagonal)
		v$r[$r] = 1.0;
#end
}

#unroll o OUTS
#unroll i TM / 4
vec4 rows$(o)_$i; // sums of four rows
#end
#unroll j TN / 4
vec4 cols$(o)_$j; // and of four columns
#end
#end

// Sums start at 0.
void start_sums() {
#unroll o OUTS
#unroll i TM / 4
	rows$(o)_$i = vec4(0.0);
#end
#unroll j TN / 4
	cols$(o)_$j = vec4(0.0);
#end
#end
}

// add_sums adds 4×4 numbers, the first of which is in column col, without those beyond the last column: edge tells that
// the tile has such. Rows beyond the last are in tiles on the diagonal alone, whose columns' sums are discarded.
void add_sums(bool edge, int col, vec4 v0, vec4 v1, vec4 v2, vec4 v3, inout vec4 rows, inout vec4 cols) {
	bvec4 there = lessThan(ivec4(col, col + 1, col + 2, col + 3), ivec4(m));
#unroll r 4
	if (edge)
		v$r = mix(vec4(0.0), v$r, there);
	rows[$r] += (v$r.x + v$r.y) + (v$r.z + v$r.w);
#end
	cols += (v0 + v1) + (v2 + v3);
}

// A vec4 of shared memory that thread [y, x] writes: line by line, in an order that lets eight lanes store, and eight load, at
// the same time without meeting a bank twice.
#define MEET(line, four) ((line) * FOURS + ((four) ^ (line) % 4 * 2))

// meet puts the sums of all threads where every thread can read them, and down and across add up those of four rows or
// columns, always in the same order.
#unroll o OUTS
void meet$o(int y, int x) {
	barrier(); // all have done with shared memory
#unroll i TM / 4
	Xs[MEET(x, y + $i * GY)] = rows$(o)_$i;
#end
#unroll j TN / 4
	Xs[HALF + MEET(y, x + $j * GX)] = cols$(o)_$j;
#end
	barrier();
}
#end

vec4 across(int four) {
	vec4 v = vec4(0.0);
	for (int x = 0; x < GX; x++)
		v += Xs[MEET(x, four)];
	return v;
}

vec4 down(int four) {
	vec4 v = vec4(0.0);
	for (int y = 0; y < GY; y++)
		v += Xs[HALF + MEET(y, four)];
	return v;
}

void finish(int z, int row, int col, int y, int x);

// tile computes the tile at [row, col], each of its threads at a place as in tile.glsl.
void tile(int z, int row, int col) {
	int warp = int(gl_LocalInvocationIndex) / 32, lane = int(gl_LocalInvocationIndex) % 32;
	int x = warp % (GX / 8) * 8 + lane / 2 % 8, y = warp / (GX / 8) * 4 + lane / 16 * 2 + lane % 2;
#unroll s SOURCES
	products$s(z, row, col, y, x);
#end
	finish(z, row, col, y, x);
}
