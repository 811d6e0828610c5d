// How to reduce many values.
// Defines: SUM, MAX, ARGMAX, MOMENTS (of columns: their count, sum and Σ(x−mean)²) or GRADS (of columns: the two sums
// of compute.StandardizeGrad).
//
// An Acc is the fold of some terms, as PARTS numbers. Each thread makes one; the Accs of a group merge in a fixed tree,
// and so do those of the groups that share a result, in a second pass (gather.comp).
const int THREADS = 256;
#define LOWEST uintBitsToFloat(0xff800000u) // −Inf, or the largest of nothing but −Inf would be a number

#if defined(SUM)

#define PARTS 1
struct Acc { CELL v[PARTS]; };
Acc none() { return Acc(CELL[](CELL(0.0))); }
Acc merge(Acc a, Acc b) { return Acc(CELL[](a.v[0] + b.v[0])); }

#elif defined(MAX)

#define PARTS 1
struct Acc { CELL v[PARTS]; };
Acc none() { return Acc(CELL[](CELL(LOWEST))); }
Acc merge(Acc a, Acc b) { return Acc(CELL[](max(a.v[0], b.v[0]))); }

#elif defined(ARGMAX) // the largest, and its index

#define PARTS 2
struct Acc { CELL v[PARTS]; };
Acc none() { return Acc(CELL[](CELL(LOWEST), CELL(1e9))); }
bool wins(float v, float at, float w, float by) { return v > w || v == w && at < by; }
bvec4 wins(vec4 v, vec4 at, vec4 w, vec4 by) {
	return bvec4(wins(v.x, at.x, w.x, by.x), wins(v.y, at.y, w.y, by.y), wins(v.z, at.z, w.z, by.z), wins(v.w, at.w, w.w, by.w));
}
Acc merge(Acc a, Acc b) {
	return Acc(CELL[](max(a.v[0], b.v[0]), mix(b.v[1], a.v[1], wins(a.v[0], a.v[1], b.v[0], b.v[1]))));
}

#elif defined(MOMENTS) // merged as by Chan, Golub, LeVeque 1983

float lead(float v) { return v; }
float lead(vec4 v) { return v.x; }

#define PARTS 3
struct Acc { CELL v[PARTS]; };
Acc none() { return Acc(CELL[](CELL(0.0), CELL(0.0), CELL(0.0))); }
Acc merge(Acc a, Acc b) {
	float p = lead(a.v[0]), q = lead(b.v[0]); // the counts: the same for all columns of a cell
	if (p == 0.0)
		return b;
	if (q == 0.0)
		return a;
	precise CELL apart = b.v[1] * (1.0 / q) - a.v[1] * (1.0 / p);
	precise CELL dev = (a.v[2] + b.v[2]) + apart * apart * (p * (q / (p + q)));
	return Acc(CELL[](CELL(p + q), a.v[1] + b.v[1], dev));
}

#else // GRADS: Σe and Σe·x̂

#define PARTS 2
struct Acc { CELL v[PARTS]; };
Acc none() { return Acc(CELL[](CELL(0.0), CELL(0.0))); }
Acc merge(Acc a, Acc b) { return Acc(CELL[](a.v[0] + b.v[0], a.v[1] + b.v[1])); }

#endif

Acc four(Acc a[4]) { return merge(merge(a[0], a[1]), merge(a[2], a[3])); }

shared CELL kept[PARTS][THREADS];

// tree merges the Accs of a group: many lanes, which are step threads apart, for each of the other threads. Lane 0 has
// the result.
Acc tree(Acc a, int lane, int many, int step) {
	int t = int(gl_LocalInvocationIndex);
	for (int k = 0; k < PARTS; k++)
		kept[k][t] = a.v[k];
	barrier();
	for (int reach = many / 2; reach > 0; reach /= 2) {
		if (lane < reach) {
			Acc b;
			for (int k = 0; k < PARTS; k++)
				b.v[k] = kept[k][t + reach * step];
			a = merge(a, b);
			for (int k = 0; k < PARTS; k++)
				kept[k][t] = a.v[k];
		}
		barrier();
	}
	return a;
}

// A RESULT is one result, or a cell of neighbouring ones.
#if defined(VEC) && !defined(COLUMNS)

#define RESULT float
#define RESULTS(i) (i)
#define FIRST(v) (v).x

// squeeze folds the four neighbours of a cell, which belong to one result.
Acc squeeze(Acc a) {
	Acc b;
	for (int k = 0; k < PARTS; k++)
		b.v[k] = a.v[k].zwxy;
	a = merge(a, b);
	for (int k = 0; k < PARTS; k++)
		b.v[k] = a.v[k].yxwz;
	return merge(a, b);
}

#else

#define RESULT CELL
#define RESULTS(i) CELLS(i)
#define FIRST(v) (v)
Acc squeeze(Acc a) { return a; }

#endif

// finish computes the results at [z, i] from all terms.
layout(std430, binding = 0) buffer O_ { RESULT O[]; };
#if defined(MOMENTS)

layout(std430, binding = 2) buffer Var_ { CELL Var[]; };
layout(std430, binding = 3) buffer RunMean_ { CELL RunMean[]; };
layout(std430, binding = 4) buffer RunVar_ { CELL RunVar[]; };

// The running statistics take alpha of the batch's mean, hi of its variance, and beta of their old values.
void finish(int z, int i, Acc a) {
	float n = lead(a.v[0]);
	CELL mean = a.v[1] / n, var = a.v[2] / n;
	O[CELLS(AT(0, z, 0) + i)] = mean;
	Var[CELLS(AT(2, z, 0) + i)] = var;
	if (BOUND(3)) {
		int m = CELLS(AT(3, z, 0) + i), v = CELLS(AT(4, z, 0) + i);
		RunMean[m] = beta * RunMean[m] + alpha * mean;
		RunVar[v] = beta * RunVar[v] + hi * var;
	}
}

#elif defined(GRADS)

layout(std430, binding = 6) buffer DBias_ { CELL DBias[]; };
layout(std430, binding = 7) buffer S_ { CELL S[]; };

// S keeps the inputs of the next pass.
void finish(int z, int i, Acc a) {
	O[CELLS(AT(0, z, 0) + i)] = a.v[1];
	DBias[CELLS(AT(6, z, 0) + i)] = a.v[0];
	S[CELLS(AT(7, z, 0) + i)] = a.v[0];
	S[CELLS(AT(7, z, 1) + i)] = a.v[1];
}

#else

void finish(int z, int i, Acc a) {
	int at = RESULTS(AT(0, z, 0) + i);
	RESULT v = alpha * FIRST(squeeze(a).v[PARTS - 1]);
	if (beta != 0.0)
		v += beta * O[at];
	O[at] = v;
}

#endif
