package compute

import (
	"fmt"
	"math"
)

// A Type is the format of a [Tensor]'s numbers in memory.
type Type uint8

const (
	// Float32 is IEEE 754 binary32, which all ops read and write.
	Float32 Type = iota

	// Float16 is IEEE 754 binary16, subnormals included: 11 bits, up to 65504, multiples of 2⁻²⁴. Such tensors take
	// half of the memory and half of the traffic. Write rounds to the nearest, ties to even; values from 65520 on
	// become infinite. [Copy] turns one type into the other, and [Gemm], [Conv], [ConvInput] and [Hebbian] read factors
	// of it, exactly, so that their bounds stay the same.
	Float16
)

// String is "float32" or "float16".
func (t Type) String() string {
	if t == Float16 {
		return "float16"
	}
	return "float32"
}

// words returns the number of float32s of a Buffer that n numbers occupy.
func (t Type) words(n int) int {
	if t == Float16 {
		return n/2 + n%2
	}
	return n
}

// check reports why t is no Type.
func (t Type) check() error {
	if t > Float16 {
		return fmt.Errorf("compute: Type(%d), want Float32 or Float16", uint8(t))
	}
	return nil
}

// Narrow packs src as a Float16 tensor lies in its Buffer: two numbers a word, the first in the lower half. It is for
// backends. words has room for all of src, and a zero as padding where its length is odd.
func Narrow(words, src []float32) {
	for i := range words {
		var odd uint16
		if 2*i+1 < len(src) {
			odd = narrowed(src[2*i+1])
		}
		words[i] = math.Float32frombits(uint32(narrowed(src[2*i])) | uint32(odd)<<16)
	}
}

// Widen is the inverse of Narrow, and exact. It is for backends.
func Widen(dst, words []float32) {
	for i := range dst {
		dst[i] = widened(uint16(math.Float32bits(words[i/2]) >> (i % 2 * 16)))
	}
}

// RoundFloat16 rounds each number to a Float16.
func RoundFloat16(x []float32) {
	for i, v := range x {
		x[i] = widened(narrowed(v))
	}
}

// narrowed returns the binary16 nearest to x, ties to even. A NaN stays one.
func narrowed(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	bits &= 1<<31 - 1
	switch {
	case bits > 0x7f800000:
		return sign | 0x7e00
	case bits >= 0x477ff000: // 65520, half-way from the largest number to the next, which does not exist
		return sign | 0x7c00
	case bits < 0x38800000: // 2⁻¹⁴: below, numbers are multiples of 2⁻²⁴, like the last bits of float32s from ½ on
		return sign | uint16(math.Float32bits(math.Float32frombits(bits)+0.5)-math.Float32bits(0.5))
	}
	bits += 0xfff + bits>>13&1 // 13 bits less; a carry goes to the exponent, where it belongs
	return sign | uint16(bits>>13-112<<10)
}

// widened returns the value of a binary16: a float32 of the same digits, whose exponent is 112 too low, times 2¹¹².
func widened(h uint16) float32 {
	sign, digits := uint32(h&0x8000)<<16, uint32(h&0x7fff)<<13
	if digits >= 0x7c00<<13 {
		return math.Float32frombits(sign | digits | 0x7f800000)
	}
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(digits)*0x1p112))
}

// write and read copy between t and float32s of the host.
func (t *Tensor) write(src []float32) error {
	if t.typ == Float32 {
		return t.buf.Write(t.off, src)
	}
	words := make([]float32, t.typ.words(t.n))
	Narrow(words, src)
	return t.buf.Write(t.off/2, words)
}

func (t *Tensor) read(dst []float32) error {
	if t.typ == Float32 {
		return t.buf.Read(t.off, dst)
	}
	words := make([]float32, t.typ.words(t.n))
	if err := t.buf.Read(t.off/2, words); err != nil {
		return err
	}
	Widen(dst, words)
	return nil
}

// bytes is the memory of all tensors that are not nil.
func bytes(ts ...*Tensor) (n int64) {
	for _, t := range ts {
		if t != nil {
			n += 4 * int64(t.typ.words(t.n))
		}
	}
	return n
}

// A factored op reads its factors from tensors of either Type.
type factored interface {
	// factors calls f with a pointer to each factor, and returns the op with the factors that f has set.
	factors(f func(**Tensor)) Op
}

func (g Gemm) factors(f func(**Tensor)) Op {
	f(&g.A)
	f(&g.B)
	return g
}

func (h Hebbian) factors(f func(**Tensor)) Op {
	f(&h.X)
	if h.Mask == None { // or Y is a factor of YᵀG too
		f(&h.Y)
	}
	return h
}

func (c Conv) factors(f func(**Tensor)) Op {
	f(&c.X)
	f(&c.W)
	return c
}

func (c ConvInput) factors(f func(**Tensor)) Op {
	f(&c.Y)
	f(&c.W)
	return c
}

func (c Copy) factors(f func(**Tensor)) Op {
	f(&c.Dst)
	f(&c.Src)
	return c
}

// checkTypes reports a Float16 operand that op does not read.
func checkTypes(op Op, operands ...[]*Tensor) error {
	var places map[*Tensor]int // the number of places of each operand that take Float32 only
	for _, l := range operands {
		for _, t := range l {
			if t.typ == Float32 {
				continue
			}
			if places == nil {
				places = map[*Tensor]int{}
			}
			places[t]++
		}
	}
	if op, ok := op.(factored); ok && places != nil {
		op.factors(func(t **Tensor) { places[*t]-- })
	}
	for t, n := range places {
		if n > 0 {
			return fmt.Errorf("operand %v is of %ss in a place that takes float32s", t, t.typ)
		}
	}
	return nil
}

// Widened returns op with each Float16 factor replaced by widen's result, for backends that multiply float32s. It
// leaves a [Copy] alone.
func Widened(op Op, widen func(*Tensor) *Tensor) Op {
	if _, ok := op.(Copy); ok {
		return op
	}
	if op, ok := op.(factored); ok {
		return op.factors(func(t **Tensor) {
			if (*t).typ == Float16 {
				*t = widen(*t)
			}
		})
	}
	return op
}

// Laid returns a tensor of t's shape on the first float32s of b. It is for a backend's own use: no Device knows it.
func (t *Tensor) Laid(b Buffer) *Tensor { return new(Tensor).set(t.shape, Float32, b, 0, t.n, nil) }
