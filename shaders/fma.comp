// Out = rounds times v ← alpha·v + beta from v = X: n elements. A thread runs CHAINS chains, since each step of a chain
// waits for the last.
// Defines: NAIVE: one chain, a round at a time.
#include "args.glsl"
layout(std430, binding = 0) restrict writeonly buffer Out_ { float Out[]; };
layout(std430, binding = 1) restrict readonly buffer X_ { float X[]; };
layout(local_size_x = 256) in;
#ifdef NAIVE
const int CHAINS = 1;
#else
const int CHAINS = 8;
#endif

void main() {
	for (int i = int(gl_WorkGroupID.x) * 256 * CHAINS + int(gl_LocalInvocationID.x); i < n; i += int(gl_NumWorkGroups.x) * 256 * CHAINS) {
		float v[CHAINS];
		for (int c = 0; c < CHAINS; c++)
			v[c] = i + c * 256 < n ? X[AT(1, 0, 0) + i + c * 256] : 0.0;
		int r = 0;
#ifndef NAIVE
		for (; r + 8 <= rounds; r += 8) { // else counting rounds is a third of the work
#unroll u 8
#unroll c 8
			v[$c] = fma(alpha, v[$c], beta);
#end
#end
		}
#endif
		for (; r < rounds; r++)
			for (int c = 0; c < CHAINS; c++)
				v[c] = alpha * v[c] + beta;
		for (int c = 0; c < CHAINS; c++)
			if (i + c * 256 < n)
				Out[AT(0, 0, 0) + i + c * 256] = v[c];
	}
}
