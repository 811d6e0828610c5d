// The part common to all widths of a kernel, from a product x·y and the squares of the norms: a distance, or the kernel
// itself.
const int LINEAR = 0, COSINE = 1, GAUSSIAN = 2; // compute.Kernel

// A row of zeros is orthogonal to every other.
float inverse(float s) { return s > 0.0 ? inversesqrt(s) : 0.0; }
vec4 inverse(vec4 s) { return vec4(inverse(s.x), inverse(s.y), inverse(s.z), inverse(s.w)); }

#define BETWEEN(some) \
some between(int kernel, float xx, some yy, some acc) { \
	if (kernel == COSINE) \
		return acc * (inverse(xx) * inverse(yy)); \
	return max((xx + yy) - 2.0 * acc, some(0.0)); \
}
BETWEEN(float)
BETWEEN(vec4)
