package compute

import (
	"fmt"
	"math"
)

// FMA is v ← A·v + B, Rounds times over, from v = X[i] to Out[i]: a chain of fused multiply-adds that touches memory
// twice. Its speed is the device's peak arithmetic, the other roof of bench's roofline. Each product may be rounded
// before B is added, or not. Cost: 2·Rounds flops an element.
type FMA struct {
	Out, X *Tensor
	A, B   float32
	Rounds int // at most MaxRounds
}

// MaxRounds is the longest chain of an FMA.
const MaxRounds = 1 << 16

func (f FMA) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, f.Out), append(ins, f.X)
}

func (f FMA) check() error {
	switch {
	case f.Out.Len() != f.X.Len():
		return fmt.Errorf("Out%v has %d values and X%v %d, want as many", f.Out, f.Out.Len(), f.X, f.X.Len())
	case f.Rounds < 1 || f.Rounds > MaxRounds:
		return fmt.Errorf("Rounds is %d, want 1 to %d", f.Rounds, MaxRounds)
	case !finite(f.A) || !finite(f.B):
		return fmt.Errorf("A %g and B %g, want finite numbers", f.A, f.B)
	}
	return nil
}

func (f FMA) define(before Contents) func(out, i int) Val {
	x, a, b := before[f.X], float64(f.A), float64(f.B)
	isWhole := whole(a) && whole(b)
	return func(_, i int) Val {
		v := leaf(x[i])
		for range f.Rounds {
			if v = step(v, a, b, isWhole); !v.Bounded() {
				return unbounded
			}
		}
		return v
	}
}

// step is a·v + b with one rounding or two.
func step(v Val, a, b float64, isWhole bool) Val {
	p := a * v.X
	if x := p + b; v.Err == 0 && isWhole && whole(v.X) && whole(p) && whole(x) {
		return Val{x, 0}
	}
	err := math.Abs(a)*v.Err + tiny*(2+math.Abs(a))
	err += ulp * (math.Abs(p) + err)
	return rounded(p+b, err, 1)
}

func (f FMA) cost() Cost {
	n := int64(f.Out.Len())
	return Cost{2 * n * int64(f.Rounds), 8 * n}
}
