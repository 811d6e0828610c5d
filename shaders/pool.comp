// Y[z,p,q,c] is a pooling of the pixels of image z of X under a window: see compute.Pool. kind selects the largest,
// their sum times alpha, or the index in the window, row by row, of the first of the largest. m positions, the first of
// them row0 within its image, and n channels.
#include "args.glsl"
#include "cell.glsl"
layout(std430, binding = 0) restrict writeonly buffer Y_ { CELL Y[]; };
layout(std430, binding = 1) restrict readonly buffer X_ { CELL X[]; };
layout(local_size_x = 256) in;
const int MAX = 0, AVERAGE = 1; // compute.Pooling; else WHICH

bool above(float v, float w) { return v > w; }
bvec4 above(vec4 v, vec4 w) { return greaterThan(v, w); }

CELL pool(int z, int place, int c) {
	int high = image.x, wide = image.y, top = place / image.w * slide.z - slide.w, left = place % image.w * slide.z - slide.w;
	CELL sum = CELL(0.0), best = sum, which = sum;
	bool first = true;
	for (int r = max(0, -top); r < min(slide.x, high - top); r++)
		for (int s = max(0, -left); s < min(slide.y, wide - left); s++) {
			CELL x = X[CELLS(AT(1, z, (top + r) * wide + left + s) + c)];
			sum += x;
			if (first)
				best = x;
			if (first)
				which = CELL(r * slide.y + s);
			which = mix(which, CELL(r * slide.y + s), above(x, best));
			best = max(best, x);
			first = false;
		}
	return kind == MAX ? best : kind == AVERAGE ? alpha * sum : which;
}

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int i = int(gl_WorkGroupID.y) * high + y; i < m; i += int(gl_NumWorkGroups.y) * high) {
		int z = (row0 + i) / (image.z * image.w), place = (row0 + i) % (image.z * image.w);
		for (int c = (int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH; c < n; c += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH)
			Y[CELLS(AT(0, 0, i) + c)] = pool(z, place, c);
	}
}
