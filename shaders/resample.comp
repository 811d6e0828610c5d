// Out = the parents of m rows of n particles by their Weights, from the rows' Start: see compute.Resample. alpha is Steps, and beta
// 1/Steps.
// A group has a row: each of its threads adds up a slice of the weights, the sums of slices are added up in a fixed tree,
// and each particle looks for its parent among the edges by halves. Defines: NAIVE: a thread has one particle.
#include "args.glsl"
layout(std430, binding = 0) restrict writeonly buffer Out_ { float Out[]; };
layout(std430, binding = 1) restrict readonly buffer Weights_ { float Weights[]; };
layout(std430, binding = 2) restrict readonly buffer Start_ { float Start[]; };
layout(local_size_x = 256) in;

float weight(int row, int j) {
	float w = Weights[AT(1, 0, row) + j];
	return w > 0.0 ? w : 0.0;
}

// place is where particle i looks among the edges, below those of total·(i + 1).
float place(int row, int i, float total) {
	float u = Start[AT(2, 0, 0) + row];
	u = u > 0.0 ? min(floor(min(u, 1.0) * alpha), alpha - 1.0) * beta : 0.0;
	return (float(i) + u) * total;
}

bool usable(float total) { return total >= 1.17549435e-38 && float(n) * total <= 3.402823466e38; }

#ifdef NAIVE
void main() {
	for (int t = int(gl_GlobalInvocationID.x); t < m * n; t += int(gl_NumWorkGroups.x) * 256) {
		int row = t / n, i = t % n, parent = 0;
		float total = 0.0;
		for (int j = 0; j < n; j++)
			total += weight(row, j);
		float at = place(row, i, total), c = weight(row, 0);
		while (parent < n - 1 && float(n) * c <= at) {
			parent++;
			c += weight(row, parent);
		}
		Out[AT(0, 0, row) + i] = usable(total) ? float(parent) : -1.0;
	}
}
#else
shared float edge[4096], part[256]; // compute.MostParticles

// prefix adds up part, which then has the sums from the first slice on.
void prefix(int t) {
	for (int reach = 1; reach < 256; reach *= 2) {
		barrier();
		float v = t < reach ? 0.0 : part[t - reach];
		barrier();
		part[t] += v;
	}
	barrier();
}

void main() {
	int t = int(gl_LocalInvocationIndex), slice = (n + 255) / 256, first = min(n, t * slice), end = min(n, first + slice);
	for (int row = int(gl_WorkGroupID.x); row < m; row += int(gl_NumWorkGroups.x)) {
		float c = 0.0;
		for (int j = first; j < end; j++)
			c += weight(row, j);
		part[t] = c;
		prefix(t);
		c = t > 0 ? part[t - 1] : 0.0;
		for (int j = first; j < end; j++) {
			c += weight(row, j);
			edge[j] = float(n) * c;
		}
		float total = part[255];
		barrier();
		for (int i = t; i < n; i += 256) {
			float at = place(row, i, total);
			int low = 0, high = n - 1;
			while (low < high) {
				int middle = (low + high) / 2;
				if (edge[middle] > at)
					high = middle;
				else
					low = middle + 1;
			}
			Out[AT(0, 0, row) + i] = usable(total) ? float(low) : -1.0;
		}
		barrier();
	}
}
#endif
