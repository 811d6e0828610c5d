package compute

import "fmt"

// Copy is Dst[i] = Src[i], to the bit. The two may differ in shape but not in length. Its speed is
// the device's memory bandwidth: the roof under which bench draws the other ops.
type Copy struct {
	Dst, Src *Tensor
}

func (c Copy) operands() (outs, ins []*Tensor) { return []*Tensor{c.Dst}, []*Tensor{c.Src} }

func (c Copy) check() error {
	if c.Dst.Len() != c.Src.Len() {
		return fmt.Errorf("Dst%v has %d values and Src%v %d, want as many", c.Dst, c.Dst.Len(), c.Src, c.Src.Len())
	}
	return nil
}

func (c Copy) define(before Contents) func(out, i int) Val {
	src := before[c.Src]
	return func(_, i int) Val {
		if !finite(src[i]) {
			return unbounded
		}
		return exact(src[i])
	}
}

func (c Copy) cost() Cost { return Cost{0, 8 * int64(c.Dst.Len())} }
