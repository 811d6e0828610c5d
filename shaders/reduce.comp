// Folds of the values of a formula (compute.Reduce), or of columns (compute.Standardize and its gradient). m results, k
// terms; with COLUMNS the terms lie from row to row of memory, else along a row.
// Defines: as in fold.glsl; NAIVE; VEC.
//
// Where the terms are cut into slices, each slice's Acc goes to O, slice after slice from slot on, for
// gather.comp. Otherwise slot is 0 and O is the op's own.
#include "args.glsl"
#include "cell.glsl"
#include "fold.glsl"
layout(local_size_x = 256) in;

#ifdef GRADS

layout(std430, binding = 1) restrict readonly buffer X_ { CELL X[]; };
layout(std430, binding = 2) restrict readonly buffer DY_ { CELL DY[]; };
layout(std430, binding = 3) restrict readonly buffer Y_ { CELL Y[]; };
layout(std430, binding = 4) restrict readonly buffer Mean_ { CELL Mean[]; };
layout(std430, binding = 5) restrict readonly buffer Variance_ { CELL Variance[]; };
#include "act.glsl"
CELL mean, inverse; // of the current column

void start(int z, int col) {
	mean = Mean[CELLS(AT(4, z, 0) + col)];
	inverse = inversesqrt(Variance[CELLS(AT(5, z, 0) + col)] + lo);
}

Acc one(int z, int row, int col, int p) {
	precise CELL e = DY[CELLS(AT(2, z, row) + col)];
	if (BOUND(3))
		e = through(e, Y[CELLS(AT(3, z, row) + col)]);
	precise CELL x = (X[CELLS(AT(1, z, row) + col)] - mean) * inverse;
	return Acc(CELL[](e, e * x));
}

#else

#include "formula.glsl"
void start(int z, int col) { }

Acc one(int z, int row, int col, int p) {
	CELL v = formula(z, row, col, CELL(0.0));
#if defined(ARGMAX) && defined(VEC) && !defined(COLUMNS)
	return Acc(CELL[](v, vec4(dep0 + p) + vec4(0.0, 1.0, 2.0, 3.0)));
#elif defined(ARGMAX)
	return Acc(CELL[](v, CELL(dep0 + p)));
#elif defined(MOMENTS)
	return Acc(CELL[](CELL(1.0), v, CELL(0.0)));
#else
	return Acc(CELL[](v));
#endif
}

#endif

void store(int z, int s, int i, Acc a) {
	if (slot == 0) {
		finish(z, i, a);
		return;
	}
	a = squeeze(a);
	for (int k = 0; k < PARTS; k++)
		O[RESULTS(AT(0, ((slot + s) * PARTS + k) * batch + z, 0) + i)] = FIRST(a.v[k]);
}

#ifdef COLUMNS
const int STEP = 1, WIDTH = CELL_WIDTH; // from term to term, from result to result
#define ONE(z, i, p) one(z, p, i, p)
#else
const int STEP = CELL_WIDTH, WIDTH = 1;
#define ONE(z, i, p) one(z, i, p, p)
#endif

#ifdef NAIVE

// One thread makes a result, term after term.
int results() { return 256; }
void make(int z, int s, int i, int first, int end) {
	i += int(gl_LocalInvocationIndex);
	if (i >= m)
		return;
	Acc a = none();
	start(z, i);
	for (int p = first; p < end; p++)
		a = merge(a, ONE(z, i, p));
	store(z, s, i, a);
}

#else

// A group's threads lie as memory does: lanes of them are neighbours, which are terms or, with COLUMNS, results; the
// others are results or terms. A thread takes four terms at once, so that their loads overlap.
#ifdef COLUMNS
int results() { return lanes * WIDTH; }
#else
int results() { return THREADS / lanes; }
#endif

// singles merges four Accs of at most one term each, the first of one.
#ifdef MOMENTS
Acc singles(Acc a[4]) {
	CELL n = CELL(0.0), sum = n;
	precise CELL dev = n;
	for (int q = 0; q < 4; q++) {
		n += a[q].v[0];
		sum += a[q].v[1];
	}
	CELL mean = sum * (1.0 / lead(n));
	for (int q = 0; q < 4; q++)
		if (lead(a[q].v[0]) > 0.0)
			dev += (a[q].v[1] - mean) * (a[q].v[1] - mean);
	return Acc(CELL[](n, sum, dev));
}
#else
Acc singles(Acc a[4]) { return four(a); }
#endif

void make(int z, int s, int i, int first, int end) {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes;
#ifdef COLUMNS
	int lane = y, many = THREADS / lanes, apart = lanes;
	i += x * WIDTH;
#else
	int lane = x, many = lanes, apart = 1;
	i += y;
#endif
	Acc a = none();
	if (i < m) {
		start(z, i);
		for (int p = first + lane * STEP; p < end; p += 4 * many * STEP) {
			Acc b[4];
			for (int q = 0; q < 4; q++) {
				int at = p + q * many * STEP;
				b[q] = none();
				if (at < end)
					b[q] = ONE(z, i, at);
			}
			a = merge(a, singles(b));
		}
	}
	a = tree(a, lane, many, apart);
	if (lane == 0 && i < m)
		store(z, s, i, a);
}

#endif

void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int s = int(gl_WorkGroupID.y); s < splits; s += int(gl_NumWorkGroups.y))
			for (int i = int(gl_WorkGroupID.x) * results(); i < m; i += int(gl_NumWorkGroups.x) * results())
				make(z, s, i, s * slice, min(k, (s + 1) * slice));
}
