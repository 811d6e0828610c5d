// Out = m rows of n numbers each, of X by their numbers in Rows, for each of batch members: see compute.Gather. Of X
// this piece has k rows, from dep0 on. For numbers in no piece the first piece writes zeros. All are words, so that no
// NaN and no subnormal is touched. A group is lanes neighbours of as many rows as it has threads for.
#include "args.glsl"
#ifdef VEC
#define WORD uvec4
#define WORDS(i) ((i) >> 2)
const int WIDTH = 4;
#else
#define WORD uint
#define WORDS(i) (i)
const int WIDTH = 1;
#endif
layout(std430, binding = 0) restrict writeonly buffer Out_ { WORD Out[]; };
layout(std430, binding = 1) restrict readonly buffer X_ { WORD X[]; };
layout(std430, binding = 2) restrict readonly buffer Rows_ { uint Rows[]; };
layout(local_size_x = 256) in;

// whole is the integer below 2²⁴ whose float32 has these bits, −0 being 0, or −1 where there is none. It avoids floats,
// since compilers replace a conversion to int and back by a rounding, which keeps NaN and numbers beyond int.
int whole(uint bits) {
	uint digits = bits & 0x7FFFFFu | 0x800000u, behind = 150u - (bits >> 23); // the number of digits behind the point
	if (bits << 1 == 0u)
		return 0;
	if (behind > 23u || (digits & ((1u << behind) - 1u)) != 0u) // too large, negative or no number; a fraction
		return -1;
	return int(digits >> behind);
}

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int row = int(gl_WorkGroupID.y) * high + y; row < m; row += int(gl_NumWorkGroups.y) * high) {
			uint of = uint(whole(Rows[AT(2, z, 0) + row])) - uint(dep0);
			bool here = of < uint(k);
			if (!here && dep0 > 0)
				continue;
			for (int col = (int(gl_WorkGroupID.x) * lanes + x) * WIDTH; col < n; col += int(gl_NumWorkGroups.x) * lanes * WIDTH) {
				WORD v = WORD(0u);
				if (here)
					v = X[WORDS(AT(1, z, int(of)) + col)];
				Out[WORDS(AT(0, z, row) + col)] = v;
			}
		}
}
