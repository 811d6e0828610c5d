// W = F(Pre…, Post…) of m cells of n synapses each, where a cell at either end has fired: see compute.Plastic. A thread has a
// synapse. image.x is the row of this step, image.y the slots, and image.z the delay of all where they have none of their own.
// Defines: PRES, POSTS: inputs of presynaptic cells, bound from 1 on, and then of postsynaptic ones; ALL: whether any fired is not
// asked; TO: the binding of To, and DELAYS, if there are any, of Delay. Inputs are words, so that a subnormal is a spike.
#include "args.glsl"
#include "cell.glsl"
layout(std430, binding = 0) restrict buffer W_ { float W[]; };
layout(std430, binding = 1) restrict readonly buffer In_ { uint x[]; } In[VARS];
layout(std430, binding = TO) restrict readonly buffer To_ { float To[]; };
#ifdef DELAYS
layout(std430, binding = DELAYS) restrict readonly buffer Delay_ { float Delay[]; };
#define DELAY(z, row, s) int(Delay[AT(DELAYS, z, row) + s])
#else
#define DELAY(z, row, s) image.z
#endif
layout(local_size_x = 256) in;

int ring = 0; // the row that the synapse sees of what is known of postsynaptic cells
#define WORD(v) In[v].x[(v) < PRES ? AT((v) + 1, z, row) : AT((v) + 1, z, ring) + col]
#define INPUT(v) uintBitsToFloat(WORD(v))
#include "formula.glsl"

bool fired(int z, int row, int col) {
#ifdef ALL
	return true;
#endif
#if PRES > 0
	if (WORD(0) << 1 != 0u)
		return true;
#endif
#if POSTS > 0
	if (WORD(PRES) << 1 != 0u)
		return true;
#endif
	return false;
}

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int z = int(gl_WorkGroupID.z); z < batch; z += int(gl_NumWorkGroups.z))
		for (int row = int(gl_WorkGroupID.y) * high + y; row < m; row += int(gl_NumWorkGroups.y) * high)
			for (int s = int(gl_WorkGroupID.x) * lanes + x; s < n; s += int(gl_NumWorkGroups.x) * lanes) {
				float to = To[AT(TO, z, row) + s];
				if (to < 0.0)
					continue;
				int at = AT(0, z, row) + s, delay = DELAY(z, row, s);
				if (delay < 0 || delay >= image.y) // no synapse
					continue;
				ring = (image.x + image.y - delay) % image.y;
				if (fired(z, row, int(to)))
					W[at] = formula(z, row, int(to), W[at]);
			}
}
