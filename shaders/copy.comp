// Dst = Src, as words, so that no NaN is touched: n words or, with VEC, n groups of four.
#include "args.glsl"
#ifdef VEC
#define WORD uvec4
#define WORDS(i) ((i) >> 2)
#else
#define WORD uint
#define WORDS(i) (i)
#endif
layout(std430, binding = 0) writeonly buffer Dst_ { WORD Dst[]; };
layout(std430, binding = 1) readonly buffer Src_ { WORD Src[]; };
layout(local_size_x = 256) in;

void main() {
	int to = WORDS(AT(0, 0, 0)), from = WORDS(AT(1, 0, 0));
	for (int i = int(gl_GlobalInvocationID.x); i < n; i += int(gl_NumWorkGroups.x) * 256)
		Dst[to + i] = Src[from + i];
}
