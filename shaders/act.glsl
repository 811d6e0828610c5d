// The activations of compute.Act, act and grad of them being chosen by the arguments.
//
// "precise" keeps the order in which their error bounds are derived. They are built on exp of an argument
// that is not positive, which cannot overflow: GLSL's own tanh may be ∞/∞.
const int RELU = 1, TANH = 2, SIGMOID = 3, LEAKY = 4, SELU = 5; // compute.Act

// compute's constants, to the last digit of the float32, so that no compiler has to round them.
const float LEAKY_SLOPE = 0.00999999977648258209228515625;
const float SELU_SCALE = 1.05070102214813232421875, SELU_LIMIT = 1.7580993175506591796875;

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
	if (act == LEAKY) {
		precise CELL s = LEAKY_SLOPE * v;
		return mix(s, v, above0(v));
	}
	if (act == SELU) {
		precise CELL e = exp(-abs(v));
		precise CELL s = SELU_LIMIT * (e - one), l = SELU_SCALE * v;
		return mix(s, l, above0(v));
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
	if (grad == LEAKY) {
		precise CELL s = LEAKY_SLOPE * v;
		d = mix(s, v, above0(a));
	}
	if (grad == SELU) {
		precise CELL s = a + SELU_LIMIT;
		d = v * mix(s, CELL(SELU_SCALE), above0(a));
	}
	return d;
}
