// Y = act(Gain·(X − Mean)/√(Var + eps) + Bias) for each member of m rows and n columns: see compute.Standardize. lo is Eps.
// A thread walks down a column, or a vector of columns, and reads its statistics once.
#include "args.glsl"
#include "cell.glsl"
#include "act.glsl"
layout(std430, binding = 0) restrict writeonly buffer Y_ { CELL Y[]; };
layout(std430, binding = 1) restrict readonly buffer X_ { CELL X[]; };
layout(std430, binding = 2) restrict readonly buffer Mean_ { CELL Mean[]; };
layout(std430, binding = 3) restrict readonly buffer Var_ { CELL Var[]; };
layout(std430, binding = 4) restrict readonly buffer Gain_ { CELL Gain[]; };
layout(std430, binding = 5) restrict readonly buffer Bias_ { CELL Bias[]; };
layout(local_size_x = 256) in;
#define OF_COLUMN(T, b) T[CELLS(AT(b, z, 0) + col)]

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int col = (int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH; col < n; col += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH) {
			CELL mean = OF_COLUMN(Mean, 2), bias = OF_COLUMN(Bias, 5);
			precise CELL scale = inversesqrt(OF_COLUMN(Var, 3) + lo) * OF_COLUMN(Gain, 4);
			for (int row = int(gl_WorkGroupID.y) * high + y; row < m; row += int(gl_NumWorkGroups.y) * high) {
				precise CELL v = (X[CELLS(AT(1, z, row) + col)] - mean) * scale + bias;
				Y[CELLS(AT(0, z, row) + col)] = activate(v);
			}
		}
}
