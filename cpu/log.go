package cpu

import "math"

// The constants of [logGo]. The polynomial is that of Cephes' logf (Moshier 1992).
const (
	sqrtHalf         = 0x3f3504f3 // the bits of √½
	logTiny  float32 = 0x1p-126
	logP0    float32 = 7.0376836292e-2
	logP1    float32 = -1.1514610310e-1
	logP2    float32 = 1.1676998740e-1
	logP3    float32 = -1.2420140846e-1
	logP4    float32 = 1.4249322787e-1
	logP5    float32 = -1.6668057665e-1
	logP6    float32 = 2.0000714765e-1
	logP7    float32 = -2.4999993993e-1
	logP8    float32 = 3.3333331174e-1
)

// logGo is ln x. Each step rounds once, so that the vector code can give the same bits.
//
// With x = 2ᵉ·(1+m), 1+m within [√½, √2), it is e·ln 2 + m − m²/2 + m³·p(m). m is exact, and the last three terms, of
// which the largest is below ½, round to some 2⁻²⁵ each; so the error is less than 2⁻²³ near 1, where package compute
// allows 2⁻²¹, and less than 3 ulps beyond, half an ulp of it from the last addition. TestLog -exhaustive goes through
// every float32. 0 and subnormals give −∞, negative numbers a NaN.
func logGo(x float32) float32 {
	b := int32(math.Float32bits(x)) + (0x3f800000 - sqrtHalf)
	e := float32(b>>23 - 127)
	m := math.Float32frombits(uint32(b&0x7fffff+sqrtHalf)) - 1
	z := m * m
	y := float32(logP0*m) + logP1
	y = float32(y*m) + logP2
	y = float32(y*m) + logP3
	y = float32(y*m) + logP4
	y = float32(y*m) + logP5
	y = float32(y*m) + logP6
	y = float32(y*m) + logP7
	y = float32(y*m) + logP8
	y = float32(float32(y*m) * z)
	y += float32(e * ln2Lo)
	y -= float32(z * 0.5)
	m += y
	m += float32(e * ln2Hi)
	switch {
	case !(x >= 0):
		return float32(math.NaN())
	case x < logTiny:
		return float32(math.Inf(-1))
	case x > math.MaxFloat32:
		return x
	}
	return m
}

// log is dst[j] = ln a[j]. The two may be the same.
func log(dst, a []float32) {
	a = a[:len(dst)]
	for j := logVector(dst, a); j < len(dst); j++ {
		dst[j] = logGo(a[j])
	}
}
