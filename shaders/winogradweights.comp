// U = G·g·Gᵀ: g are the 3×3 weights W of a unit and a channel. m units, n channels. Defines: TURNED: from the last tap to the
// first.
#include "winograd.glsl"
layout(std430, binding = 0) restrict writeonly buffer U_ { CELL U[]; };
layout(std430, binding = 1) restrict readonly buffer W_ { CELL W[]; };

CELL weight(int unit, int tap, int c) {
#ifdef TURNED
	tap = 8 - tap;
#endif
	return W[CELLS(AT(1, 0, unit * 9 + tap) + c)];
}

void transform(int unit, int c) {
#unroll j 3
#unroll i 3
	CELL g$i$j = weight(unit, $(i*3+j), c);
#end
	precise CELL s$j = g0$j + g2$j, t0$j = g0$j, t1$j = 0.5 * (s$j + g1$j), t2$j = 0.5 * (s$j - g1$j), t3$j = g2$j;
#end
#unroll i 4
	{
		precise CELL s = t$i0 + t$i2, u1 = 0.5 * (s + t$i1), u2 = 0.5 * (s - t$i1);
		U[CELLS(AT(0, $i * 4, unit) + c)] = t$i0;
		U[CELLS(AT(0, $i * 4 + 1, unit) + c)] = u1;
		U[CELLS(AT(0, $i * 4 + 2, unit) + c)] = u2;
		U[CELLS(AT(0, $i * 4 + 3, unit) + c)] = t$i2;
	}
#end
}
