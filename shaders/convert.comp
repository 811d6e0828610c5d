// Dst = Src, one of which has halves, two to a word: see compute.Copy.
// Defines: NARROW: Dst has, else Src has. A thread takes n neighbours, whole words of theirs but for the last; VEC:
// four at a time.
#include "args.glsl"
#ifdef VEC
#define LANES 4
#define FLOATS vec4
#define WORDS uvec2
#define PACKED(v) uvec2(packHalf2x16((v).xy), packHalf2x16((v).zw))
#define UNPACKED(w) vec4(unpackHalf2x16((w).x), unpackHalf2x16((w).y))
#else
#define LANES 2
#define FLOATS float
#define WORDS uint
#endif
#ifdef NARROW
layout(std430, binding = 0) restrict writeonly buffer Dst_ { WORDS Dst[]; };
layout(std430, binding = 1) restrict readonly buffer Src_ { FLOATS Src[]; };
#else
layout(std430, binding = 0) restrict writeonly buffer Dst_ { FLOATS Dst[]; };
layout(std430, binding = 1) restrict readonly buffer Src_ { WORDS Src[]; };
#endif
layout(local_size_x = 256) in;

void main() {
	int to = AT(0, 0, 0), from = AT(1, 0, 0), step = int(gl_NumWorkGroups.x) * 256 * LANES;
	for (int i = int(gl_GlobalInvocationID.x) * LANES; i < n; i += step) {
#if defined(VEC) && defined(NARROW)
		Dst[to + i >> 2] = PACKED(Src[from + i >> 2]);
#elif defined(VEC)
		Dst[to + i >> 2] = UNPACKED(Src[from + i >> 2]);
#elif defined(NARROW)
		Dst[to + i >> 1] = packHalf2x16(vec2(Src[from + i], i + 1 < n ? Src[from + i + 1] : 0.0));
#else
		vec2 v = unpackHalf2x16(Src[from + i >> 1]);
		Dst[to + i] = v.x;
		if (i + 1 < n)
			Dst[to + i + 1] = v.y;
#endif
	}
}
