package computetest

import (
	"math"

	"hebb/compute"
)

// FromHalf returns the value of a binary16, digit by digit.
func FromHalf(h uint16) float32 {
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

// halves returns the numbers of t, which is of Float16s.
func halves[F Float](t *compute.Tensor) []F {
	x := make([]F, t.Len())
	for i := range x {
		word := math.Float32bits(float32(Values[F](t)[i/2]))
		x[i] = F(FromHalf(uint16(word >> (i % 2 * 16))))
	}
	return x
}

// toHalf returns the binary16 that x rounds to. Magnitudes are in the order of their bits.
func (m *Machine[F]) toHalf(x F) uint16 {
	y := m.Half(float64(m.Load(x)), 11)
	var h uint16
	for bit := uint16(1 << 14); bit > 0; bit >>= 1 {
		if float64(FromHalf(h|bit)) <= math.Abs(y) { // false of NaN
			h |= bit
		}
	}
	if math.Signbit(y) {
		h |= 1 << 15
	}
	return h
}

// gather compares each row number with all that are valid.
func (m *Machine[F]) gather(g compute.Gather) {
	batch, rows, n, cols := g.Dims()
	out, wanted := matrix(Values[F](g.Out), cols), Values[F](g.Rows)
	clear(Values[F](g.Out))
	for i := range batch * rows {
		for r, row := range member[F](g.X, i/rows, n) {
			if wanted[i%len(wanted)] == F(r) {
				copy(out[i], row)
			}
		}
	}
}

func (m *Machine[F]) copy(c compute.Copy) {
	x := Values[F]
	if c.Src.Type() == compute.Float16 {
		x = halves[F]
	}
	dst := Values[F](c.Dst)
	if c.Dst.Type() == compute.Float32 {
		copy(dst, x(c.Src))
		return
	}
	for i, x := range x(c.Src) {
		word := math.Float32bits(float32(dst[i/2])) &^ (0xffff << (i % 2 * 16))
		dst[i/2] = F(math.Float32frombits(word | uint32(m.toHalf(x))<<(i%2*16)))
	}
}
