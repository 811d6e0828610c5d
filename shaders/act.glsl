// The activations of compute.Act, act and grad of them being chosen by the arguments.
//
// "precise" keeps the order in which their error bounds are derived. They are built on exp of an argument
// that is not positive, which cannot overflow: GLSL's own tanh may be ∞/∞.
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
