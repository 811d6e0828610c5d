// K − means, in place, of m×n matrices.
// Defines: DOUBLE: subtract row and column means and add the overall mean; else subtract the overall mean.
//
// The sum of a row's and a column's mean is the same whichever comes first, so that a symmetric K stays
// symmetric to the bit.
#include "args.glsl"
layout(std430, binding = 0) buffer K_ { float K[]; };
#ifdef DOUBLE
layout(std430, binding = 1) readonly buffer R_ { float R[]; };
layout(std430, binding = 2) readonly buffer C_ { float C[]; };
#endif
layout(std430, binding = 3) readonly buffer All_ { float All[]; };
layout(local_size_x = 64, local_size_y = 4) in;

void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int row = int(gl_GlobalInvocationID.y); row < m; row += int(gl_NumWorkGroups.y) * 4)
			for (int col = int(gl_GlobalInvocationID.x); col < n; col += int(gl_NumWorkGroups.x) * 64) {
				int at = AT(0, z, row) + col;
				float all = All[AT(3, z, 0)];
#ifdef DOUBLE
				precise float means = R[AT(1, z, 0) + row] + C[AT(2, z, 0) + col];
				precise float v = (K[at] - means) + all;
#else
				float v = K[at] - all;
#endif
				K[at] = v;
			}
}
