// What becomes of each sum of a Gemm: compute.Epilogue says it.
// Defines: LAYER: there is a bias, an activation or a gradient; LOWER: zeros above the diagonal.
//
// Which of them, the arguments say: branches that all threads take alike, once a sum, cost nothing that
// could be measured, and 64 programs of each tile would be compiled instead of 2.
//
// "precise" keeps the order in which the error bounds of the activations are derived. They are built
// on exp of an argument that is not positive, which cannot overflow: GLSL's own tanh may be ∞/∞.
layout(std430, binding = 0) buffer C_ { CELL C[]; };

#ifdef LAYER

layout(std430, binding = 3) readonly buffer Bias_ { CELL Bias[]; };
layout(std430, binding = 4) readonly buffer Aux_ { CELL Aux[]; };
const int RELU = 1, TANH = 2, SIGMOID = 3; // compute.Act

CELL activate(CELL v) {
	if (act == RELU)
		return max(v, CELL(0.0));
	precise CELL one = CELL(1.0);
	if (act == TANH) {
		precise CELL e = exp(-2.0 * abs(v));
		precise CELL t = (one - e) / (one + e);
		return mix(-t, t, above0(v));
	}
	if (act == SIGMOID) {
		precise CELL e = exp(-abs(v));
		precise CELL s = mix(e, one, above0(v)) / (one + e);
		return s;
	}
	return v;
}

// through is v·Grad′, seen from the output a of Grad.
CELL through(CELL v, CELL a) {
	precise CELL d = v;
	if (grad == RELU)
		d = mix(CELL(0.0), v, above0(a));
	if (grad == TANH)
		d = v * (1.0 - a * a);
	if (grad == SIGMOID)
		d = v * (a * (1.0 - a));
	return d;
}

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
