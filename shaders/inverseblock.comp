// For the diagonal block D = L·Lᵀ of an Inverse, m×m, from row row0 of the whole on: M = L⁻¹ with zeros above its
// diagonal, and MᵀM; in double precision, by one group. Where a leading minor is not positive definite, and none was
// before, Info becomes its order.
#include "args.glsl"
layout(std430, binding = 0) writeonly buffer M_ { float M[]; };
layout(std430, binding = 1) readonly buffer D_ { float D[]; };
layout(std430, binding = 2) writeonly buffer MM_ { float MM[]; };
layout(std430, binding = 3) buffer Info_ { float Info[]; };
layout(local_size_x = 32, local_size_y = 8) in;
const int BLOCK = 32, HIGH = 8;
shared double L[BLOCK][BLOCK], N[BLOCK][BLOCK]; // N is M

// eliminate subtracts column after column from the columns right of it.
void eliminate(int z, int x, int y) {
	for (int k = 0; k < m; k++) {
		double pivot = L[k][k];
		barrier(); // all have read it
		if (x == 0 && y == 0 && !(pivot > 0.0lf) && Info[AT(3, z, 0)] == 0.0)
			Info[AT(3, z, 0)] = float(row0 + k + 1);
		double root = sqrt(pivot);
		if (y == 0 && x >= k && x < m)
			L[x][k] = x == k ? root : L[x][k] / root;
		barrier();
		for (int i = k + 1 + y; i < m; i += HIGH)
			if (x > k && x <= i)
				L[i][x] -= L[i][k] * L[x][k];
		barrier();
	}
}

// invert computes one column of M, from the diagonal down.
void invert(int j) {
	for (int i = 0; i < j; i++)
		N[i][j] = 0.0lf;
	for (int i = j; i < m; i++) {
		double s = i == j ? 1.0lf : 0.0lf;
		for (int k = j; k < i; k++)
			s -= L[i][k] * N[k][j];
		N[i][j] = s / L[i][i];
	}
}

void main() {
	int x = int(gl_LocalInvocationID.x), y = int(gl_LocalInvocationID.y);
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z)) {
		for (int i = y; i < m; i += HIGH)
			if (x <= i)
				L[i][x] = double(D[AT(1, z, i) + x]);
		barrier();
		eliminate(z, x, y);
		if (y == 0 && x < m)
			invert(x);
		barrier();
		for (int i = y; i < m; i += HIGH)
			if (x < m) {
				double s = 0.0lf;
				for (int k = max(i, x); k < m; k++)
					s += N[k][i] * N[k][x];
				M[AT(0, z, i) + x] = float(N[i][x]);
				MM[AT(2, z, i) + x] = float(s);
			}
		barrier(); // all have done with this member
	}
}
