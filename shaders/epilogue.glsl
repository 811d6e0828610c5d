// What becomes of each sum of a Gemm: compute.Epilogue says it.
// Defines: LAYER: there is a bias, an activation or a gradient; LOWER: zeros above the diagonal.
//
// Which of them, the arguments say: branches that all threads take alike, once a sum, cost nothing that
// could be measured, and 64 programs of each tile would be compiled instead of 2.
layout(std430, binding = 0) buffer C_ { CELL C[]; };

#ifdef LAYER

layout(std430, binding = 3) readonly buffer Bias_ { CELL Bias[]; };
layout(std430, binding = 4) readonly buffer Aux_ { CELL Aux[]; };
#include "act.glsl"

#endif

void finish(int z, int row, int col, CELL acc) {
	int at = CELLS(AT(0, z, row) + col);
	precise CELL v = alpha * acc;
	if (beta != 0.0)
		v += beta * C[at];
#ifdef LAYER
	if (BOUND(3))
		v += Bias[CELLS(AT(3, z, 0) + col)];
	v = activate(v);
	if (BOUND(4))
		v = through(v, Aux[CELLS(AT(4, z, row) + col)]);
#endif
#ifdef LOWER
	v = below(v, row0 + row, col0 + col);
#endif
	C[at] = v;
}
