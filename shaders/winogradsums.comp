// The sums Aᵀ·M·A of each tile, from its 4×4 sums M of products, and their finish. m tiles, n units.
// Defines: as in epilogue.glsl.
#include "winograd.glsl"
#include "epilogue.glsl"
layout(std430, binding = 1) restrict readonly buffer M_ { CELL M[]; };

// store finishes one sum of a tile, if the result has such a row and column.
void store(ivec3 at, int unit, CELL acc) {
	int row = (at.x * image.z + at.y) * image.w + at.z;
	if (at.y < image.z && at.z < image.w)
		finish(0, row, unit, acc, old(0, row, unit));
}

void transform(int tile, int unit) {
#unroll j 4
#unroll i 4
	CELL m$i$j = M[CELLS(AT(1, $i * 4 + $j, tile) + unit)];
#end
	precise CELL t0$j = (m0$j + m1$j) + m2$j, t1$j = (m1$j - m2$j) - m3$j;
#end
	ivec3 at = first(tile);
#unroll i 2
	precise CELL y$i0 = (t$i0 + t$i1) + t$i2, y$i1 = (t$i1 - t$i2) - t$i3;
	store(at + ivec3(0, $i, 0), unit, y$i0);
	store(at + ivec3(0, $i, 1), unit, y$i1);
#end
}
