package compute_test

import (
	"math"

	"hebb/compute"
)

// fromHalf is the value of a binary16, digit by digit.
func fromHalf(h uint16) float32 {
	sign, exp, digits := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 == 1 {
		sign = -1
	}
	switch exp {
	case 31:
		if digits > 0 {
			return float32(math.NaN())
		}
		return float32(math.Inf(int(sign)))
	case 0:
		return float32(sign * math.Ldexp(digits, -24))
	}
	return float32(sign * math.Ldexp(1024+digits, exp-25))
}

// halves are the values of t, which is of Float16s.
func halves(t *compute.Tensor) []float32 {
	x := make([]float32, t.Len())
	for i, word := range words(t) {
		bits := math.Float32bits(word)
		x[2*i] = fromHalf(uint16(bits))
		if 2*i+1 < len(x) {
			x[2*i+1] = fromHalf(uint16(bits >> 16))
		}
	}
	return x
}

// toHalf is the binary16 that x rounds to, of the magnitudes in their order, which are those of their bits.
func (u unit) toHalf(x float32) uint16 {
	y := u.half(float64(u.flush(x)), halving{bits: 11})
	var h uint16
	for bit := uint16(1 << 14); bit > 0; bit >>= 1 {
		if float64(fromHalf(h|bit)) <= math.Abs(y) { // false of NaN
			h |= bit
		}
	}
	if math.Signbit(y) {
		h |= 1 << 15
	}
	return h
}

func (n *naive) copy(c compute.Copy) {
	to, from := c.Dst.Type(), c.Src.Type()
	if to == compute.Float32 && from == to {
		copy(data(c.Dst), data(c.Src))
		return
	}
	if to == compute.Float32 {
		copy(data(c.Dst), halves(c.Src))
		return
	}
	x := halves
	if from == compute.Float32 {
		x = data
	}
	dst := words(c.Dst)
	for i, x := range x(c.Src) {
		bits := math.Float32bits(dst[i/2]) &^ (0xffff << (i % 2 * 16))
		dst[i/2] = math.Float32frombits(bits | uint32(n.toHalf(x))<<(i%2*16))
	}
}
