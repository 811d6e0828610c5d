// The finish of each sum of a Gemm: see compute.Epilogue.
// Defines: LAYER: there is a bias, an activation or a gradient; LOWER: zeros above the diagonal.
//
// The arguments select the activations or, where they are among the usual ones, ACT and GRAD: to compile all of them
// for every sum of a thread takes longer than the kernel itself, and a program for each pair would be too many.
layout(std430, binding = 0) restrict buffer C_ { CELL C[]; };

CELL old(int z, int row, int col) { return beta != 0.0 ? C[CELLS(AT(0, z, row) + col)] : CELL(0.0); }

#ifdef LAYER

layout(std430, binding = 3) restrict readonly buffer Bias_ { CELL Bias[]; };
layout(std430, binding = 4) restrict readonly buffer Aux_ { CELL Aux[]; };
#include "act.glsl"

#endif

void finish(int z, int row, int col, CELL acc, CELL was) {
	precise CELL v = alpha * acc;
	if (beta != 0.0)
		v += beta * was;
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
	C[CELLS(AT(0, z, row) + col)] = v;
}
