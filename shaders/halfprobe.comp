// All operations of tile.glsl on pairs of halves: a driver that compiles this compiles those.
#include "half.glsl"
layout(local_size_x = 32) in;
layout(std430, binding = 0) buffer Y_ { uint Y[]; };
void main() {
	PAIR a = PAIR_OF(Y[0]), b = PAIR_OF(Y[1]), s = PAIR(0.0);
	s = PAIR_FMA(PAIR(a[1]), b, s);
	vec4 v = vec4(vec2(s), vec2(a));
	Y[2] = packHalf2x16(v.xy + v.zw);
}
