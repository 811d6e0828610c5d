package dependence

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// An exact is a sum of float32s that is never rounded, and so the same in whatever order they come: an integer of 320 bits
// in two's complement, in units of 2⁻¹⁴⁹, the least float32. It has room for 2⁴⁰ of the largest.
type exact [5]uint64

// add adds v, a finite number, or 2·v.
func (e *exact) add(v float32, twice bool) {
	b := math.Float32bits(v)
	exp, mantissa := b>>23&0xff, uint64(b&(1<<23-1))
	if exp > 0 {
		exp, mantissa = exp-1, mantissa|1<<23
	}
	if twice {
		exp++
	}
	at := exp / 64
	low, high := mantissa<<(exp%64), mantissa>>(64-exp%64)
	step := bits.Add64
	if b>>31 > 0 {
		step = bits.Sub64
	}
	var carry uint64
	e[at], carry = step(e[at], low, 0)
	for at++; at < uint32(len(e)) && high|carry > 0; at++ {
		e[at], carry = step(e[at], high, carry)
		high = 0
	}
}

func (e *exact) plus(other exact) {
	var carry uint64
	for i := range e {
		e[i], carry = bits.Add64(e[i], other[i], carry)
	}
}

// float64 is the number next to the sum.
func (e exact) float64() float64 {
	below := e[len(e)-1]>>63 > 0
	if below {
		carry := uint64(0)
		for i, w := range e {
			e[i], carry = bits.Sub64(0, w, carry)
		}
	}
	var b [8 * len(e)]byte
	for i, w := range e {
		binary.BigEndian.PutUint64(b[8*(len(e)-1-i):], w)
	}
	f := new(big.Float).SetInt(new(big.Int).SetBytes(b[:]))
	v, _ := f.SetMantExp(f, -149).Float64()
	if below {
		return -v
	}
	return v
}

// A uint64 goes over a world as four float32s, 16 bits in each, which are whole numbers.
const limbs = 4

// putUint64 writes v to the first four numbers of dst, and uint64Of reads it.
func putUint64(dst []float32, v uint64) {
	for i := range limbs {
		dst[i] = float32(v >> (16 * i) & 0xffff)
	}
}

func uint64Of(src []float32) (v uint64) {
	for i := range limbs {
		v |= uint64(src[i]) << (16 * i)
	}
	return v
}
