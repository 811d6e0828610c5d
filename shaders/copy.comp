// Dst = Src, as words, so that no NaN is touched: n words or, with VEC, n groups of four.
#include "args.glsl"
#ifdef VEC
#define WORD uvec4
#define WORDS(i) ((i) >> 2)
#else
#define WORD uint
#define WORDS(i) (i)
#endif
layout(std430, binding = 0) restrict writeonly buffer Dst_ { WORD Dst[]; };
layout(std430, binding = 1) restrict readonly buffer Src_ { WORD Src[]; };
layout(local_size_x = 256) in;

void main() {
	int to = WORDS(AT(0, 0, 0)), from = WORDS(AT(1, 0, 0));
	// A thread loads its four words at the same time.
	for (int i = int(gl_WorkGroupID.x) * 1024 + int(gl_LocalInvocationID.x); i < n; i += int(gl_NumWorkGroups.x) * 1024) {
		if (i + 768 < n) {
			WORD a = Src[from + i], b = Src[from + i + 256], c = Src[from + i + 512], d = Src[from + i + 768];
			Dst[to + i] = a;
			Dst[to + i + 256] = b;
			Dst[to + i + 512] = c;
			Dst[to + i + 768] = d;
		} else {
			for (int j = i; j < n; j += 256)
				Dst[to + j] = Src[from + j];
		}
	}
}
