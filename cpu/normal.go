package cpu

import "math"

// Normal numbers are made in float64 by the functions below, operation by operation the same in Go and in vectors (what is
// converted after a multiplication the compiler does not fuse with an addition), and rounded to float32 at the end: the errors
// of a few 2⁻⁵³ before are far within the bound of [compute.Random].

// The logarithm is that of FreeBSD's msun: with x = 2ᵏ·(1+f), 1+f within √½ … √2, and s = f/(2+f),
//
//	ln x = k·ln 2 + f − (f²/2 − s·(f²/2 + R(s²)))
//
// its coefficients and those of the sine and the cosine within ±π/4 being Sun Microsystems' of 1993 (e_log.c, k_sin.c, k_cos.c).
var (
	logSeries = [7]float64{
		6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
		1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
	}
	sinSeries = [6]float64{
		-1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
		-2.50507602534068634195e-08, 1.58969099521155010221e-10,
	}
	cosSeries = [6]float64{
		4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05, -2.75573143513906633035e-07,
		2.08757232129817482790e-09, -1.13596475577881948265e-11,
	}
)

const (
	ln2High, ln2Low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	sqrtHalfBits    = 0x3fe6a09e667f3bcd // the bits of √½
	oneBits         = 0x3ff0000000000000
	mantissa        = 1<<52 - 1
	step24          = 2 * math.Pi / (1 << 24)
)

// normalPair makes two normal numbers of two words, see [compute.Random].
func normalPair(w, v uint32, mean, sd float64) (x, y float32) {
	d := float64(w>>8 + 1)
	i := math.Float64bits(d) + (oneBits - sqrtHalfBits)
	k := float64(i>>52) - (1023 + 24)
	f := math.Float64frombits(i&mantissa+sqrtHalfBits) - 1
	s := f / (f + 2)
	z := s * s
	zz := z * z
	l := &logSeries
	even := float64(zz * (l[1] + float64(zz*(l[3]+float64(zz*l[5])))))
	odd := float64(z * (l[0] + float64(zz*(l[2]+float64(zz*(l[4]+float64(zz*l[6])))))))
	half := float64(0.5 * f * f)
	ln := float64(k*ln2High) - ((half - (float64(s*(half+(odd+even))) + float64(k*ln2Low))) - f)
	r := sd * math.Sqrt(-2*ln)

	v >>= 8
	quarter := (v + 1<<21) >> 22
	a := float64(float64(int32(v)-int32(quarter<<22)) * step24)
	z = a * a
	c, q := &cosSeries, &sinSeries
	sinTail := q[0] + float64(z*(q[1]+float64(z*(q[2]+float64(z*(q[3]+float64(z*(q[4]+float64(z*q[5])))))))))
	cosTail := c[0] + float64(z*(c[1]+float64(z*(c[2]+float64(z*(c[3]+float64(z*(c[4]+float64(z*c[5])))))))))
	sin := a + float64(z*a*sinTail)
	cos := 1 - (float64(0.5*z) - float64(z*z*cosTail))
	if quarter&1 == 1 {
		sin, cos = cos, sin
	}
	cos = math.Float64frombits(math.Float64bits(cos) ^ uint64(quarter+1)&2<<62)
	sin = math.Float64frombits(math.Float64bits(sin) ^ uint64(quarter)&2<<62)
	return float32(float64(r*cos) + mean), float32(float64(r*sin) + mean)
}

// Beta numbers need no float64s: the polynomials of the sine and the cosine, over a quarter, are the shader's, in powers
// of t within ±½, t being a part of a quarter.
var (
	sines   = [5]float32{1.5707963, -6.4596410e-1, 7.9692626e-2, -4.6817541e-3, 1.6044118e-4}
	cosines = [6]float32{1, -1.2337006, 2.5366951e-1, -2.0863481e-2, 9.1926027e-4, -2.5202042e-5}
)

// unitOf is (⌊w/2⁸⌋+1)/2²⁴.
func unitOf(w uint32) float32 { return float32(w>>8+1) * 0x1p-24 }

// squaredCosine is the square of the cosine of 2π·⌊w/2⁸⌋/2²⁴.
func squaredCosine(w uint32) float32 {
	w >>= 8
	quarter := (w + 1<<21) >> 22
	t := float32(int32(w)-int32(quarter<<22)) * 0x1p-22
	z := t * t
	c, factor := cosines[:], float32(1)
	if quarter&1 == 1 {
		c, factor = sines[:], t
	}
	x := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		x = float32(x*z) + c[i]
	}
	x *= factor
	return x * x
}
