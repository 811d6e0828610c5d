// Loss, Hit and, if it is bound, Delta of m rows of n logits: see compute.SoftmaxLoss. alpha is Scale.
// A group has lanes threads for each row, which read it once for the largest, once for the sum and once for
// Delta; but for the first time it comes from the cache.
#include "args.glsl"
#include "cell.glsl"
layout(std430, binding = 0) restrict writeonly buffer Loss_ { float Loss[]; };
layout(std430, binding = 1) restrict writeonly buffer Hit_ { float Hit[]; };
layout(std430, binding = 2) restrict writeonly buffer Delta_ { CELL Delta[]; };
layout(std430, binding = 3) restrict readonly buffer Logits_ { CELL Logits[]; };
layout(std430, binding = 4) restrict readonly buffer Labels_ { float Labels[]; };
layout(local_size_x = 256) in;
shared float top[256], part[256];
shared int place[256];

float number(float v, int q) { return v; }
float number(vec4 v, int q) { return v[q]; }

// one_at is 1 at place q of a cell.
#ifdef VEC
CELL one_at(int q) { return mix(vec4(0.0), vec4(1.0), equal(ivec4(0, 1, 2, 3), ivec4(q))); }
#else
CELL one_at(int q) { return q == 0 ? 1.0 : 0.0; }
#endif

// label is the index of a row's own logit, or −1 where there is none.
int label(int row) {
	float l = Labels[AT(4, 0, 0) + row];
	return l >= 0.0 && l < float(n) && l == floor(l) ? int(l) : -1;
}

// largest leaves in top and place of each row's first thread the largest logit and the index of the first as large.
void largest(int row, int lane) {
	int t = int(gl_LocalInvocationIndex);
	float v = -3.402823466e38;
	int at = n;
	if (row < m)
		for (int j = lane * CELL_WIDTH; j < n; j += lanes * CELL_WIDTH) {
			CELL z = Logits[CELLS(AT(3, 0, row) + j)];
			for (int q = 0; q < CELL_WIDTH; q++)
				if (number(z, q) > v || at == n) {
					v = number(z, q);
					at = j + q;
				}
		}
	top[t] = v;
	place[t] = at;
	barrier();
	for (int reach = lanes / 2; reach > 0; reach /= 2) {
		if (lane < reach && (top[t + reach] > top[t] || top[t + reach] == top[t] && place[t + reach] < place[t])) {
			top[t] = top[t + reach];
			place[t] = place[t + reach];
		}
		barrier();
	}
}

// exponentials leaves Σ exp(z − best) in part of each row's first thread.
void exponentials(int row, int lane, float best) {
	int t = int(gl_LocalInvocationIndex);
	CELL sum = CELL(0.0);
	if (row < m)
		for (int j = lane * CELL_WIDTH; j < n; j += lanes * CELL_WIDTH)
			sum += exp(Logits[CELLS(AT(3, 0, row) + j)] - best);
	part[t] = 0.0;
	for (int q = 0; q < CELL_WIDTH; q++)
		part[t] += number(sum, q);
	barrier();
	for (int reach = lanes / 2; reach > 0; reach /= 2) {
		if (lane < reach)
			part[t] += part[t + reach];
		barrier();
	}
}

void delta(int row, int lane, float best, float sum, int own) {
	for (int j = lane * CELL_WIDTH; j < n; j += lanes * CELL_WIDTH) {
		precise CELL p = exp(Logits[CELLS(AT(3, 0, row) + j)] - best) / sum;
		p = p - one_at(own - j);
		Delta[CELLS(AT(2, 0, row) + j)] = alpha * p;
	}
}

void main() {
	int lane = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int base = int(gl_WorkGroupID.x) * high; base < m; base += int(gl_NumWorkGroups.x) * high) {
		int row = base + y;
		largest(row, lane);
		float best = top[y * lanes];
		exponentials(row, lane, best);
		float sum = part[y * lanes];
		if (row < m) {
			int own = label(row);
			if (lane == 0) {
				float z = own < 0 ? 0.0 : number(Logits[CELLS(AT(3, 0, row) + own)], own & (CELL_WIDTH - 1));
				precise float loss = (log(sum) + best) - z;
				Loss[AT(0, 0, 0) + row] = loss;
				Hit[AT(1, 0, 0) + row] = place[y * lanes] == own ? 1.0 : 0.0;
			}
			if (BOUND(2))
				delta(row, lane, best, sum, own);
		}
	}
}
