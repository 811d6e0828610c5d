// The second pass of a product whose terms were cut into slices: the slices are added in order.
// Defines: GEMM, HEBBIAN or GRAM, the op, and the defines of its finish; ADJOINT and PHASES: see patches.glsl.
#include "args.glsl"
#include "cell.glsl"
#if defined(GEMM)
#include "epilogue.glsl"
#elif defined(HEBBIAN)
#include "rule.glsl"
#else
#include "kernel.glsl"
#endif
#ifdef PHASES
#include "patches.glsl"
#endif
layout(std430, binding = 5) restrict readonly buffer P_ { CELL P[]; };
layout(local_size_x = 64, local_size_y = 4) in;

void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z)) {
#ifdef PHASES
		enter(z);
#endif
		for (int row = int(gl_GlobalInvocationID.y); row < m; row += int(gl_NumWorkGroups.y) * 4)
			for (int col = int(gl_GlobalInvocationID.x) * CELL_WIDTH; col < n; col += int(gl_NumWorkGroups.x) * 64 * CELL_WIDTH) {
				CELL acc = CELL(0.0);
				for (int s = 0; s < splits; s++)
					acc += P[CELLS(AT(5, s * batch + z, row) + col)];
#ifdef PHASES
				int to = pixel(row);
				if (to >= 0)
					finish(0, to, col, acc, old(0, to, col));
#else
				finish(z, row, col, acc, old(z, row, col));
#endif
			}
	}
}
