// V = Bᵀ·d·B: d are the 4×4 pixels of images X under a tile, the first of which is slide.w rows and columns before the
// tile's own first, and 0 beyond the border. m tiles, n channels.
#include "winograd.glsl"
layout(std430, binding = 0) restrict writeonly buffer V_ { CELL V[]; };
layout(std430, binding = 1) restrict readonly buffer X_ { CELL X[]; };

CELL pixel(ivec3 at, int c) {
	bool inside = uint(at.y) < uint(image.x) && uint(at.z) < uint(image.y);
	return inside ? X[CELLS(AT(1, 0, (at.x * image.x + at.y) * image.y + at.z) + c)] : CELL(0.0);
}

void transform(int tile, int c) {
	ivec3 at = first(tile) - ivec3(0, slide.w, slide.w);
#unroll j 4
#unroll i 4
	CELL d$i$j = pixel(at + ivec3(0, $i, $j), c);
#end
	precise CELL t0$j = d0$j - d2$j, t1$j = d1$j + d2$j, t2$j = d2$j - d1$j, t3$j = d1$j - d3$j;
#end
#unroll i 4
	precise CELL v$i0 = t$i0 - t$i2, v$i1 = t$i1 + t$i2, v$i2 = t$i2 - t$i1, v$i3 = t$i1 - t$i3;
#unroll j 4
	V[CELLS(AT(0, $i * 4 + $j, tile) + c)] = v$i$j;
#end
#end
}
