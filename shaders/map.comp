// Out = F(In…), of batch × m × n elements: see compute.Map. Defines: OLD: F reads Out's old value. A group is lanes
// neighbours of as many rows as it has threads for.
#include "args.glsl"
#include "cell.glsl"
layout(std430, binding = 0) restrict buffer Out_ { CELL Out[]; };
#include "formula.glsl"
layout(local_size_x = 256) in;

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int row = int(gl_WorkGroupID.y) * high + y; row < m; row += int(gl_NumWorkGroups.y) * high)
			for (int col = (int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH; col < n; col += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH) {
				int at = CELLS(AT(0, z, row) + col);
#ifdef OLD
				Out[at] = formula(z, row, col, Out[at]);
#else
				Out[at] = formula(z, row, col, CELL(0.0));
#endif
			}
}
