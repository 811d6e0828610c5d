package cpu

import (
	"math/rand/v2"
	"testing"

	"hebb/compute"
)

// TestWideColumns tests the routines for rows of a few hundred numbers with more columns than that.
func TestWideColumns(t *testing.T) {
	for _, cols := range []int{511, 513, 1025, 3000} {
		b, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		d := compute.New(compute.Verify(b, 500))
		err = d.Step(func(s *compute.Step) error {
			o := operands{s, rand.New(rand.NewPCG(7, 8))}
			x, y, column := o.in(70, cols), o.in(70, cols), func() *compute.Tensor { return o.in(cols) }
			mean, variance, gain := column(), column(), column()
			s.Do(compute.Standardize{Y: y, Mean: mean, Var: variance, X: x, Gain: gain, Bias: column(), Eps: 0.1, Act: compute.ReLU})
			s.Do(compute.StandardizeGrad{DX: o.in(70, cols), DGain: column(), DBias: column(), DY: o.in(70, cols), X: x, Y: y,
				Mean: mean, Var: variance, Gain: gain, Eps: 0.1, Act: compute.ReLU})
			f := compute.Pointwise(compute.Add(compute.Mul(compute.Var(0), compute.Var(1)), compute.Var(2)))
			s.Do(compute.Map{Out: y, In: []*compute.Tensor{x, column(), o.in(70, 1)}, F: f})
			for _, along := range []compute.Along{compute.AlongRows, compute.AlongCols, compute.AlongAll} {
				r := compute.Reduce{In: []*compute.Tensor{x, column(), o.in(70, 1)}, F: f, Along: along, Alpha: 1}
				results, _, _ := r.Dims()
				r.Out = o.in(results)
				s.Do(r)
			}
			return nil
		})
		if err != nil {
			t.Error(cols, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
