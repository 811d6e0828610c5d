package cpu

import "math"

// The constants of [expGo]. The polynomial is that of Cephes' expf (Moshier 1992).
const (
	expLo  float32 = -104 // below, e^x rounds to 0
	expHi  float32 = 89   // above, e^x is beyond float32
	log2E  float32 = 1.44269504088896341
	ln2Hi  float32 = 0.693359375 // 9 bits, so that k·ln2Hi is exact
	ln2Lo  float32 = -2.12194440e-4
	toInt  float32 = 0x1.8p23 // adding it rounds to an integer, in the low bits
	toBits         = 0x4b400000
	expP0  float32 = 1.9875691500e-4
	expP1  float32 = 1.3981999507e-3
	expP2  float32 = 8.3334519073e-3
	expP3  float32 = 4.1665795894e-2
	expP4  float32 = 1.6666665459e-1
	expP5  float32 = 5.0000001201e-1
)

// expGo is eˣ, off by at most 2⁻²³·eˣ + 2⁻¹⁵⁰: less than one of the 3+2|x| ulps that package compute allows. It has no
// branch but two selections, and each step rounds once, so that the vector code can give the same bits.
//
// With k = x/ln 2 rounded to an integer and r = x − k·ln 2, |r| < 0.3467, it is 2ᵏ·eʳ, and eʳ is 1 + (r + r²·q(r)). The
// error of each step, relative to eʳ and in units of 2⁻²³:
//
//	x − k·ln2Hi    exact: k·ln2Hi has at most 17 bits, and the difference fits where x did
//	k·ln2Lo        0.03: half an ulp of 0.032, and 150 times the error of ln2Hi + ln2Lo
//	r              0.125: half an ulp below 0.5
//	r²·q           0.135: some four roundings of 0.068; the polynomial itself is good to 0.01
//	r + r²·q       0.125: half an ulp below 0.5
//	1 + …          0.5 for r ≥ 0, 0.25 below
//
// For r ≥ 0 these add up to 0.93, for r < 0 (errors after adding r, divided by eʳ ≥ 0.707) to 0.89. The factor 2ᵏ comes
// in two halves, since 2ᵏ alone may lie beyond float32 where the result does not; it rounds only subnormal results, by
// at most 2⁻¹⁵⁰. −Inf gives 0, a NaN gives a NaN. TestExp -exhaustive goes through every float32: the largest error is
// 0.684·2⁻²³·eˣ, at 15.596843.
func expGo(x float32) float32 {
	if expHi < x {
		x = expHi
	}
	if expLo > x {
		x = expLo
	}
	t := float32(x*log2E) + toInt
	k := t - toInt
	r := x - float32(k*ln2Hi)
	r -= float32(k * ln2Lo)
	q := expP0
	q = float32(q*r) + expP1
	q = float32(q*r) + expP2
	q = float32(q*r) + expP3
	q = float32(q*r) + expP4
	q = float32(q*r) + expP5
	y := float32(q*float32(r*r)) + r
	y += 1
	n := int32(math.Float32bits(t)) - toBits
	half := n >> 1
	return y * power2(half) * power2(n-half)
}

// power2 is 2ⁿ, for −127 < n < 128.
func power2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// exp is dst[j] = exp(x[j]). The two may be the same.
func exp(dst, x []float32) {
	x = x[:len(dst)]
	for j := expVector(dst, x); j < len(dst); j++ {
		dst[j] = expGo(x[j])
	}
}

// gaussian is dst[j] = exp(−f·max(0, xx + yy[j] + xy[j])). dst may be xy.
func gaussian(dst, xy, yy []float32, xx, f float32) {
	xy, yy = xy[:len(dst)], yy[:len(dst)]
	for j := gaussianVector(dst, xy, yy, xx, -f); j < len(dst); j++ {
		d := xx + yy[j] + xy[j]
		if 0 > d {
			d = 0
		}
		dst[j] = expGo(float32(-f * d))
	}
}
