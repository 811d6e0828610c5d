// DX[z,h,w,c] = Σ DY over the windows that cover a pixel, times alpha; or, where Which is bound, over those that chose
// it: see compute.PoolGrad. m pixels, the first of them row0 within its image, and n channels. A thread gathers the
// terms of its own pixel, so that no two add to one number.
#include "args.glsl"
#include "cell.glsl"
layout(std430, binding = 0) restrict writeonly buffer DX_ { CELL DX[]; };
layout(std430, binding = 1) restrict readonly buffer DY_ { CELL DY[]; };
layout(std430, binding = 2) restrict readonly buffer Which_ { CELL Which[]; };
layout(local_size_x = 256) in;

bool same(float v, float w) { return v == w; }
bvec4 same(vec4 v, vec4 w) { return equal(v, w); }

CELL gather(int z, int pixel, int c) {
	int h = pixel / image.y + slide.w, w = pixel % image.y + slide.w, stride = slide.z;
	CELL sum = CELL(0.0);
	// A window at position p begins at p·stride and must not end before h.
	for (int p = max(0, h - slide.x + stride) / stride; p <= min(h / stride, image.z - 1); p++)
		for (int q = max(0, w - slide.y + stride) / stride; q <= min(w / stride, image.w - 1); q++) {
			int place = p * image.w + q;
			CELL d = DY[CELLS(AT(1, z, place) + c)];
			if (BOUND(2)) {
				CELL own = CELL((h - p * stride) * slide.y + w - q * stride);
				d = mix(CELL(0.0), d, same(Which[CELLS(AT(2, z, place) + c)], own));
			}
			sum += d;
		}
	return alpha * sum;
}

void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int i = int(gl_WorkGroupID.y) * high + y; i < m; i += int(gl_NumWorkGroups.y) * high) {
		int z = (row0 + i) / (image.x * image.y), pixel = (row0 + i) % (image.x * image.y);
		for (int c = (int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH; c < n; c += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH)
			DX[CELLS(AT(0, z, pixel) + c)] = gather(z, pixel, c);
	}
}
