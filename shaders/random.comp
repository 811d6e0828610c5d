// Out = m parts of n random numbers, the first of each the first of block row0·2³² + col0: see compute.Random. key has
// the first part's seed. A thread makes four numbers, of one block or of two. Defines: NAIVE: one of them.
//
// All is built on basic operations, whose errors are known: GLSL's own log is only good to 2⁻²¹ near 1, where the
// radius needs all its digits, and the errors of its sin and cos are unknown. "precise" keeps their order.
#include "args.glsl"
#include "cell.glsl"
layout(std430, binding = 0) restrict writeonly buffer Out_ { CELL Out[]; };
layout(local_size_x = 256) in;
const int UNIFORM = 0, NORMAL = 1, BERNOULLI = 2, BETA = 3; // compute.Distribution

// philox is block n after the first of a part: ten rounds of Philox 4×32 (Salmon, Moraes, Dror, Shaw 2011).
uvec4 philox(uint part, uint n) {
	uint low = uint(col0) + n, seed = uint(key.x) + part;
	uvec4 c = uvec4(low, uint(row0) + (low < n ? 1u : 0u), uint(key.z), uint(key.w));
	uvec2 k = uvec2(seed, uint(key.y) + (seed < part ? 1u : 0u));
	for (int round = 0; round < 10; round++) {
		uint a, b, high_a, high_b;
		umulExtended(c.x, 0xD2511F53u, high_a, a);
		umulExtended(c.z, 0xCD9E8D57u, high_b, b);
		c = uvec4(high_b ^ c.y ^ k.x, b, high_a ^ c.w ^ k.y, a);
		k += uvec2(0x9E3779B9u, 0xBB67AE85u);
	}
	return c;
}

// logarithm is ln(x/2²⁴) of a whole x in [1, 2²⁴]: x/2²⁴ = 2ᵉ·m with m within [√½, √2), and ln m by the polynomial of
// Cephes' logf. m − 1 is exact, so numbers near 1 lose nothing.
float logarithm(uint x) {
	int bits = floatBitsToInt(float(x)) + (0x3F800000 - 0x3F3504F3);
	float e = float((bits >> 23) - 127 - 24);
	float f = intBitsToFloat((bits & 0x7FFFFF) + 0x3F3504F3) - 1.0;
	precise float z = f * f;
	precise float p = 7.0376836292e-2;
	p = p * f - 1.1514610310e-1;
	p = p * f + 1.1676998740e-1;
	p = p * f - 1.2420140846e-1;
	p = p * f + 1.4249322787e-1;
	p = p * f - 1.6668057665e-1;
	p = p * f + 2.0000714765e-1;
	p = p * f - 2.4999993993e-1;
	p = p * f + 3.3333331174e-1;
	precise float y = f * z * p;
	y = y + e * -2.12194440e-4;
	y = y - 0.5 * z;
	precise float l = (f + y) + e * 0.693359375;
	return l;
}

// circle is the cosine and the sine of 2π·x/2²⁴, x < 2²⁴: whole quarters are taken off exactly, and
// Taylor's series of the rest, at most π/4, is in powers of the rest as a part of a quarter.
vec2 circle(uint x) {
	int quarter = int(x + 0x200000u) >> 22;
	float t = float(int(x) - (quarter << 22)) * 2.384185791015625e-7;
	precise float z = t * t;
	precise float s = 1.6044118e-4;
	s = s * z - 4.6817541e-3;
	s = s * z + 7.9692626e-2;
	s = s * z - 6.4596410e-1;
	s = s * z + 1.5707963;
	s = s * t;
	precise float c = -2.5202042e-5;
	c = c * z + 9.1926027e-4;
	c = c * z - 2.0863481e-2;
	c = c * z + 2.5366951e-1;
	c = c * z - 1.2337006;
	c = c * z + 1.0;
	vec2 v = (quarter & 1) == 0 ? vec2(c, s) : vec2(-s, c);
	return (quarter & 2) == 0 ? v : -v;
}

vec2 normal(uint w, uint w2) {
	float l = logarithm((w >> 8) + 1u);
	precise vec2 v = circle(w2 >> 8) * (l < 0.0 ? sqrt(-2.0 * l) : 0.0);
	return v;
}

// ratio is a number of Beta(a, ½), alpha being 1/(a−½).
float ratio(uint w, uint w2) {
	precise float power = logarithm((w >> 8) + 1u) * alpha;
	precise float q = exp(power);
	precise float c = circle(w2 >> 8).x;
	precise float p = (1.0 - q) * (c * c);
	return min(q + p, 1.0);
}

// numbers have the distribution of the law, whose A and B are alpha and beta.
vec4 numbers(uvec4 w) {
	precise vec4 v;
	if (kind == BERNOULLI)
		return mix(vec4(0.0), vec4(beta), lessThanEqual(w, uvec4(uint(chance))));
	if (kind == UNIFORM)
		v = (beta - alpha) * (vec4(w >> 8) * 5.9604644775390625e-8) + alpha;
	else
		v = vec4(normal(w.x, w.y), normal(w.z, w.w)) * beta + alpha;
	return v;
}

// four are the numbers of a part from 4·quad on.
vec4 four(int part, int quad) {
	if (kind != BETA)
		return numbers(philox(uint(part), uint(quad)));
	uvec4 w = philox(uint(part), 2u * uint(quad)), v = philox(uint(part), 2u * uint(quad) + 1u);
	return vec4(ratio(w.x, w.y), ratio(w.z, w.w), ratio(v.x, v.y), ratio(v.z, v.w));
}

void main() {
	int first = int(gl_GlobalInvocationID.x), step = int(gl_NumWorkGroups.x) * 256;
#ifdef NAIVE
	for (int t = first; t < m * n; t += step) {
		int part = t / n, i = t % n;
		Out[AT(0, 0, part) + i] = four(part, i / 4)[i % 4];
	}
#else
	int blocks = (n + 3) / 4; // of a part
	for (int t = first; t < m * blocks; t += step) {
		int part = t / blocks, i = t % blocks * 4, to = AT(0, 0, part) + i;
		vec4 v = four(part, i / 4);
#ifdef VEC
		Out[CELLS(to)] = v;
#else
		for (int q = 0; q < min(4, n - i); q++)
			Out[to + q] = v[q];
#endif
	}
#endif
}
