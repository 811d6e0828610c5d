// O[z,i] = alpha·Σ_p A[z,i,p]·B[z,i,p], of m outputs and k terms: norms, gates, means.
// Defines: NAIVE; DOT, else B is 1; COLUMNS: the terms lie from row to row of memory, else along a row;
// ADD: O grows by the sums.
#include "args.glsl"
layout(std430, binding = 0) buffer O_ { float O[]; };
layout(std430, binding = 1) readonly buffer A_ { float A[]; };
#ifdef DOT
layout(std430, binding = 2) readonly buffer B_ { float B[]; };
#endif

float term(int z, int i, int p) {
#ifdef COLUMNS
	int row = p, col = i;
#else
	int row = i, col = p;
#endif
	float v = A[AT(1, z, row) + col];
#ifdef DOT
	v *= B[AT(2, z, row) + col];
#endif
	return v;
}

void store(int z, int i, float sum) {
	int at = AT(0, z, 0) + i;
#ifdef ADD
	O[at] += alpha * sum;
#else
	O[at] = alpha * sum;
#endif
}

#ifdef NAIVE

const int OUTPUTS = 256;
layout(local_size_x = 256) in;

void outputs(int z, int i) {
	i += int(gl_LocalInvocationID.x);
	if (i >= m)
		return;
	float sum = 0.0;
	for (int p = 0; p < k; p++)
		sum += term(z, i, p);
	store(z, i, sum);
}

#else

// A group makes 32 sums: 32 lanes each take every 32nd term, then their sums are added in a tree.
// Neighbouring threads read neighbouring numbers whichever way the terms lie.
const int OUTPUTS = 32, LANES = 32;
layout(local_size_x = 32, local_size_y = 32) in;
shared float part[LANES][OUTPUTS + 1];

void outputs(int z, int i) {
#ifdef COLUMNS
	int o = int(gl_LocalInvocationID.x), lane = int(gl_LocalInvocationID.y);
#else
	int o = int(gl_LocalInvocationID.y), lane = int(gl_LocalInvocationID.x);
#endif
	float sum = 0.0;
	if (i + o < m)
		for (int p = lane; p < k; p += LANES)
			sum += term(z, i + o, p);
	barrier(); // all have done with the last outputs
	part[lane][o] = sum;
	barrier();
	for (int reach = LANES / 2; reach > 0; reach /= 2) {
		if (lane < reach)
			part[lane][o] += part[lane + reach][o];
		barrier();
	}
	if (lane == 0 && i + o < m)
		store(z, i + o, part[0][o]);
}

#endif

void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int i = int(gl_WorkGroupID.x) * OUTPUTS; i < m; i += int(gl_NumWorkGroups.x) * OUTPUTS)
			outputs(z, i);
}
