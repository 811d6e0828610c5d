// The passes of an Inverse over all elements of its m×n matrices: see compute.Inverse and gpu/inverse.go. The diagonal
// blocks lie below each other, in rows of BLOCK numbers.
// Defines: BEGIN: the lower triangle of A, with alpha added to its diagonal, goes to the blocks and to the matrix, and
// Info becomes 0; FILL: blocks into the diagonal, and zeros elsewhere; KEEP: the blocks alone; END: the lower triangle
// and its mirror image, or NaN where Info is not 0.
#include "args.glsl"
layout(std430, binding = 0) writeonly buffer Out_ { float Out[]; };
layout(std430, binding = 1) readonly buffer In_ { float In[]; };
#ifdef BEGIN
layout(std430, binding = 2) writeonly buffer Blocks_ { float Blocks[]; };
layout(std430, binding = 3) writeonly buffer Info_ { float Info[]; };
#elif defined(END)
layout(std430, binding = 2) readonly buffer Mirror_ { float Mirror[]; };
layout(std430, binding = 3) readonly buffer Info_ { float Info[]; };
#else
layout(std430, binding = 2) readonly buffer Blocks_ { float Blocks[]; };
#endif
layout(local_size_x = 64, local_size_y = 4) in;
const int BLOCK = 32;

// pass does element [row, col] of member z, which is element [i, j] of the whole.
void pass(int z, int row, int col, int i, int j) {
	int at = AT(0, z, row) + col;
	bool inside = i / BLOCK == j / BLOCK; // a block on the diagonal
	int block = AT(2, z, row) + j % BLOCK;
#ifdef BEGIN
	if (i == 0 && j == 0)
		Info[AT(3, z, 0)] = 0.0;
	if (j > i)
		return;
	float a = In[AT(1, z, row) + col];
	if (i == j)
		a += alpha;
	if (inside)
		Blocks[block] = a;
	else
		Out[at] = a;
#elif defined(FILL)
	Out[at] = inside && j <= i ? Blocks[block] : 0.0;
#elif defined(KEEP)
	if (inside && j <= i)
		Out[at] = Blocks[block];
#else
	if (Info[AT(3, z, 0)] != 0.0)
		Out[at] = uintBitsToFloat(0x7fc00000u);
	else if (j <= i)
		Out[at] = In[AT(1, z, row) + col];
	else
		Out[at] = Mirror[AT(2, z, col) + row];
#endif
}

void main() {
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int row = int(gl_GlobalInvocationID.y); row < m; row += int(gl_NumWorkGroups.y) * 4)
			for (int col = int(gl_GlobalInvocationID.x); col < n; col += int(gl_NumWorkGroups.x) * 64)
				pass(z, row, col, row0 + row, col0 + col);
}
