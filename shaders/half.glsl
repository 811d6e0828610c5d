// Pairs of numbers in half precision, for tile.glsl. They are stored in a uint, and computed with in the driver's own
// type:
// HALF_NV: NV_gpu_shader5; HALF_AMD: AMD_gpu_shader_half_float; HALF_FMA: either has fma for them.
// HALF_EMULATED: as float32s, rounded after each operation, where a driver has neither: for tests.
#if defined(HALF_NV)
#extension GL_NV_gpu_shader5 : require
#elif defined(HALF_AMD)
#extension GL_AMD_gpu_shader_half_float : require
#endif

#ifdef HALF_EMULATED
#define PAIR vec2
#define PAIR_OF(u) unpackHalf2x16(u)
#define PAIR_FMA(a, b, c) rounded(fma(a, b, c))
// rounded is x to 11 bits (Veltkamp), as normal halves have: cheaper for a compiler than converting to half and back.
vec2 rounded(vec2 x) {
	precise vec2 c = 8193.0 * x, d = c - x;
	precise vec2 y = c - d;
	return y;
}
#else
#define PAIR f16vec2
#define PAIR_OF(u) unpackFloat2x16(u)
#ifdef HALF_FMA
#define PAIR_FMA(a, b, c) fma(a, b, c)
#else
#define PAIR_FMA(a, b, c) ((a) * (b) + (c))
#endif
#endif
