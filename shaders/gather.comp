// The second pass of a fold whose terms were cut into k slices, which are kept from slot on: they merge in a fixed
// tree. The result so far stays in slot 0, from where the next pieces continue (dep0 > 0); where O is bound, this is
// the last.
// Defines: as in fold.glsl.
#include "args.glsl"
#include "cell.glsl"
#include "fold.glsl"
layout(std430, binding = 1) buffer P_ { float P[]; };
layout(local_size_x = 256) in;

Acc part(int z, int i, int p) {
	Acc a;
	for (int j = 0; j < PARTS; j++)
		a.v[j] = P[AT(1, (p * PARTS + j) * batch + z, 0) + i];
	return a;
}

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), lane = int(gl_LocalInvocationIndex) / lanes, many = THREADS / lanes;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int i0 = int(gl_WorkGroupID.x) * lanes; i0 < m; i0 += int(gl_NumWorkGroups.x) * lanes) {
			int i = i0 + x;
			Acc a = none();
			if (i < m) {
				for (int p = lane; p < k; p += 4 * many) {
					Acc b[4];
					for (int q = 0; q < 4; q++) {
						b[q] = none();
						if (p + q * many < k)
							b[q] = part(z, i, slot + p + q * many);
					}
					a = merge(a, four(b));
				}
				if (lane == 0 && dep0 > 0)
					a = merge(a, part(z, i, 0));
			}
			a = tree(a, lane, many, lanes);
			if (lane == 0 && i < m) {
				for (int j = 0; j < PARTS; j++)
					P[AT(1, j * batch + z, 0) + i] = a.v[j];
				if (BOUND(0))
					finish(z, i, a);
			}
		}
}
