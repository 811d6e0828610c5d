package compute

import (
	"fmt"
	"math"
)

// Copy is Dst[i] = Src[i], to the bit where both have the same [Type]. The two may differ in shape but not in length.
// Its speed is the device's memory bandwidth: the roof of bench's roofline.
//
// Float16 to Float32 is exact. Float32 to Float16 rounds to a neighbour, not always the nearer, since GLSL leaves the
// direction open: the error is at most 2⁻¹⁰·|x| + 2⁻²⁴. Values beyond 65504 have no bound.
type Copy struct {
	Dst, Src *Tensor
}

func (c Copy) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, c.Dst), append(ins, c.Src)
}

func (c Copy) check() error {
	if c.Dst.Len() != c.Src.Len() {
		return fmt.Errorf("Dst%v has %d values and Src%v %d, want as many", c.Dst, c.Dst.Len(), c.Src, c.Src.Len())
	}
	return nil
}

func (c Copy) define(before Contents) func(out, i int) Val {
	src := before[c.Src]
	round := c.Dst.typ == Float16 && c.Src.typ == Float32
	return func(_, i int) Val {
		x := src[i]
		switch a := math.Abs(float64(x)); {
		case !finite(x) || round && a > halfMost:
			return unbounded
		case round && widened(narrowed(x)) != x:
			return Val{float64(x), halfUlp*a + halfTiny}
		}
		return exact(x)
	}
}

func (c Copy) cost() Cost { return Cost{0, bytes(c.Dst, c.Src)} }
