// DX = Gain/√(Var + eps)·(e − Σe/n − x̂·Σe·x̂/n) for each member of m rows and n columns: see compute.StandardizeGrad. S holds
// the two sums of each column, lo is Eps, and alpha is 1 over the number of rows.
// A thread walks down a column, or a vector of columns, and reads its statistics once.
#include "args.glsl"
#include "cell.glsl"
#include "act.glsl"
layout(std430, binding = 0) restrict writeonly buffer DX_ { CELL DX[]; };
layout(std430, binding = 1) restrict readonly buffer X_ { CELL X[]; };
layout(std430, binding = 2) restrict readonly buffer DY_ { CELL DY[]; };
layout(std430, binding = 3) restrict readonly buffer Y_ { CELL Y[]; };
layout(std430, binding = 4) restrict readonly buffer Mean_ { CELL Mean[]; };
layout(std430, binding = 5) restrict readonly buffer Var_ { CELL Var[]; };
layout(std430, binding = 6) restrict readonly buffer Gain_ { CELL Gain[]; };
layout(std430, binding = 7) restrict readonly buffer S_ { CELL S[]; };
layout(local_size_x = 256) in;
#define OF_COLUMN(T, b, i) T[CELLS(AT(b, z, i) + col)]

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int col = (int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH; col < n; col += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH) {
			CELL mean = OF_COLUMN(Mean, 4, 0);
			precise CELL inverse = inversesqrt(OF_COLUMN(Var, 5, 0) + lo), scale = OF_COLUMN(Gain, 6, 0) * inverse;
			precise CELL bias = OF_COLUMN(S, 7, 0) * alpha, gain = OF_COLUMN(S, 7, 1) * alpha;
			for (int row = int(gl_WorkGroupID.y) * high + y; row < m; row += int(gl_NumWorkGroups.y) * high) {
				precise CELL e = DY[CELLS(AT(2, z, row) + col)];
				if (BOUND(3))
					e = through(e, Y[CELLS(AT(3, z, row) + col)]);
				precise CELL normal = (X[CELLS(AT(1, z, row) + col)] - mean) * inverse;
				precise CELL v = scale * ((e - bias) - normal * gain);
				DX[CELLS(AT(0, z, row) + col)] = v;
			}
		}
}
