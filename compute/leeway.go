package compute

import (
	"fmt"
	"math"
	"strings"
)

// A Leeway is accuracy that an op may give up for speed. With none, the default, products are of float32s and sums in
// float32. A backend need not use it: a result within the narrower bound is within the wider one.
type Leeway uint8

const (
	// Half admits factors of products rounded to half precision (IEEE 754 binary16, subnormals included), and up to
	// [HalfRun] of these products at a time added up in it; the sums of such runs are added up in float32. It applies
	// to the sums of [Gemm], [Conv] and [ConvInput], and of YᵀX in [Hebbian]. In memory numbers stay as they are,
	// float32s or [Float16]s.
	//
	// A factor beyond 65504 or a run whose sum may be is infinite; factors lose bits below 2⁻¹⁴, about 6e-5, and are 0
	// below 2⁻²⁵.
	Half Leeway = 1 << iota

	// Winograd admits that convolutions of [Conv] and [ConvInput] whose window is 3×3 and whose stride is 1 are evaluated by
	// Winograd's F(2×2, 3×3) (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"). For each tile of 2×2
	// places, or of 2×2 pixels of a ConvInput, counted from the first of its image, and each unit
	//
	//	y = Aᵀ·(Σ_c U_c ⊙ V_c)·A    U = G·g·Gᵀ    V = Bᵀ·d·B
	//
	//	     ⎡1  0 −1  0⎤        ⎡1  0  0⎤
	//	Bᵀ = ⎢0  1  1  0⎥    G = ⎢½  ½  ½⎥    Aᵀ = ⎡1  1  1  0⎤
	//	     ⎢0 −1  1  0⎥        ⎢½ −½  ½⎥         ⎣0  1 −1 −1⎦
	//	     ⎣0  1  0 −1⎦        ⎣0  0  1⎦
	//
	// where g are the 3×3 weights of channel c of C, rotated for a ConvInput, and d the tile's 4×4 pixels. That is 16
	// products for 36, whose error is relative to larger terms than those of the sum itself:
	//
	//	|error| ≤ γ_{C+10}·|Aᵀ|·(Σ_c (|G|·|g|·|Gᵀ|) ⊙ (|Bᵀ|·|d|·|B|))·|A|
	//
	// (docs/error-bounds.md derives it). With leeway for Half too, Half applies to the sums as defined alone: these
	// products stay float32s.
	Winograd

	leewayEnd
)

// HalfRun is the largest number of products that [Half] adds up in half precision.
const HalfRun = 16

var leewayNames = []string{"half", "winograd"}

// Leeways returns the names that [ParseLeeway] knows.
func Leeways() []string { return leewayNames }

// ParseLeeway returns the leeway of names, separated by commas; "" is none.
func ParseLeeway(text string) (l Leeway, err error) {
	if text == "" {
		return 0, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		i := 0
		for i < len(leewayNames) && leewayNames[i] != name {
			i++
		}
		if i == len(leewayNames) {
			return 0, fmt.Errorf("leeway %q, want one or more of %s", text, strings.Join(leewayNames, ","))
		}
		l |= 1 << i
	}
	return l, nil
}

// String returns names that ParseLeeway reads.
func (l Leeway) String() string {
	var names []string
	for i, name := range leewayNames {
		if l&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if l >= leewayEnd {
		names = append(names, fmt.Sprintf("Leeway(%d)", uint8(l)))
	}
	return strings.Join(names, ",")
}

func (l Leeway) check() error {
	if l >= leewayEnd {
		return fmt.Errorf("leeway %v, want one or more of %s", l, strings.Join(leewayNames, ","))
	}
	return nil
}

// Allow gives every later op that leeway, on top of its own.
func (d *Device) Allow(l Leeway) { d.leeway = l }

// Allowed returns the leeway last given to [Device.Allow].
func (d *Device) Allowed() Leeway { return d.leeway }

// Lend returns op with the leeway of d, as [Step.Do] runs it.
func (d *Device) Lend(op Op) Op {
	if d.leeway == 0 {
		return op
	}
	if op, ok := op.(lenient); ok {
		return op.lend(d.leeway)
	}
	return op
}

// A lenient op has a Leeway field.
type lenient interface{ lend(Leeway) Op }

func (g Gemm) lend(l Leeway) Op {
	g.Leeway |= l
	return g
}

func (h Hebbian) lend(l Leeway) Op {
	h.Leeway |= l
	return h
}

func (c Conv) lend(l Leeway) Op {
	c.Leeway |= l
	return c
}

func (c ConvInput) lend(l Leeway) Op {
	c.Leeway |= l
	return c
}

const (
	halfUlp  = 0x1p-10 // of one rounding to half precision, in whatever direction
	halfTiny = 0x1p-24 // the least number above 0, and so the error of a rounding below 2⁻¹⁴
	halfMost = 65504
	halfInt  = 1 << 11 // all integers up to here are halves
)

// A factorTally sums up the factors of terms a·b, for [sum.within].
type factorTally struct {
	all  float64 // Σ |a| + |b|
	top  float64 // the largest |a| or |b|
	peak float64 // the largest |a·b|
}

func (t *factorTally) add(a, b float64) {
	a, b = math.Abs(a), math.Abs(b)
	t.all += a + b
	t.top = math.Max(t.top, math.Max(a, b))
	t.peak = math.Max(t.peak, a*b)
}

// within returns s, a sum of products, with the error of that leeway. Rounded factors err by at most u·|a| + t, u being
// halfUlp and t halfTiny, so that their products are within
//
//	off = (2u + u²)·Σ|ab| + t·(1+u)·Σ(|a|+|b|) + n·t²
//
// of the exact products. In a run of r = min(HalfRun, n) a product goes through r + 1 roundings, its own among them,
// which alone may be of a subnormal: γ_{r+1}·(Σ|ab| + off) + n·t, with γ of u. Integers stay exact where all of a run
// are small.
func (s sum) within(l Leeway) sum {
	if l&Half == 0 {
		return s
	}
	const u, t = halfUlp, halfTiny
	r := math.Min(HalfRun, float64(s.n))
	if s.whole && s.top <= halfInt && math.Min(r*s.peak, s.abs) <= halfInt {
		return s
	}
	n := float64(s.n)
	off := (2*u+u*u)*s.abs + t*(1+u)*s.all + n*t*t
	err := off + (r+1)*u/(1-(r+1)*u)*(s.abs+off) + n*t
	if s.top >= halfMost || r*s.peak >= halfMost/2 && s.abs+err >= halfMost {
		s.abs = math.Inf(1) // val then has no bound
	}
	s.abs += err
	s.under += err
	s.whole = false
	return s
}
