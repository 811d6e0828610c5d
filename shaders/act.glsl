// The activations of compute.Act, selected by the arguments act and grad, or by the defines ACT and GRAD.
#ifndef ACT
#define ACT act
#define GRAD grad
#endif
//
// "precise" keeps the order in which their error bounds are derived. They are built on exp of an argument
// that is not positive, which cannot overflow: GLSL's own tanh may be ∞/∞.
const int RELU = 1, TANH = 2, SIGMOID = 3, LEAKY = 4, SELU = 5; // compute.Act

// compute's constants, to the last digit of the float32, so that compilers need not round.
const float LEAKY_SLOPE = 0.00999999977648258209228515625;
const float SELU_SCALE = 1.05070102214813232421875, SELU_LIMIT = 1.7580993175506591796875;

CELL activate(CELL v) {
	if (ACT == RELU)
		return max(v, CELL(0.0));
	precise CELL one = CELL(1.0);
	if (ACT == TANH) {
		precise CELL e = exp(-2.0 * abs(v));
		precise CELL t = (one - e) / (one + e);
		return mix(-t, t, above0(v));
	}
	if (ACT == SIGMOID) {
		precise CELL e = exp(-abs(v));
		precise CELL s = mix(e, one, above0(v)) / (one + e);
		return s;
	}
	if (ACT == LEAKY) {
		precise CELL s = LEAKY_SLOPE * v;
		return mix(s, v, above0(v));
	}
	if (ACT == SELU) {
		precise CELL e = exp(-abs(v));
		precise CELL s = SELU_LIMIT * (e - one), l = SELU_SCALE * v;
		return mix(s, l, above0(v));
	}
	return v;
}

// through is v·Grad′, with Grad′ a function of the output a of Grad.
CELL through(CELL v, CELL a) {
	precise CELL d = v;
	if (GRAD == RELU)
		d = mix(CELL(0.0), v, above0(a));
	if (GRAD == TANH)
		d = v * (1.0 - a * a);
	if (GRAD == SIGMOID)
		d = v * (a * (1.0 - a));
	if (GRAD == LEAKY) {
		precise CELL s = LEAKY_SLOPE * v;
		d = mix(s, v, above0(a));
	}
	if (GRAD == SELU) {
		precise CELL s = a + SELU_LIMIT;
		d = v * mix(s, CELL(SELU_SCALE), above0(a));
	}
	return d;
}
