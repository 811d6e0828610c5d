package cpu

import (
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestRows: a formula that goes by rows makes the bits that it makes element by element.
func TestRows(t *testing.T) {
	be := must.Get(Open())(t)
	dev := compute.New(be)
	defer dev.Close()
	r := rand.New(rand.NewPCG(9, 10))
	formulas := []*compute.Func{ // of two numbers of rows, and two of anything
		compute.Formula("k*old + l*x", "k", "l", "x", "y"),
		compute.Formula("one*(k*x - l*y) + half*old", "k", "l", "x", "y").With("one", 1).With("half", 0.5),
		compute.Formula("half*x - k*y", "k", "l", "x", "y").With("half", 0.5),
		compute.Formula("k*(l*x + k*y) + l*(x - y)", "k", "l", "x", "y"),
		compute.Formula("(k*x + l*y)*(k*x) + old", "k", "l", "x", "y"),
		compute.Formula("(k*x + l*y)*(l*y) + (l*x - k*y)", "k", "l", "x", "y"),
	}
	gone := 0
	for range 150 {
		f, batch, rows, cols := formulas[r.IntN(len(formulas))], 1+r.IntN(4), 1+r.IntN(40), 1+r.IntN(150)
		must.Do(t, dev.Step(func(s *compute.Step) error {
			tensor := func(shape ...int) *compute.Tensor {
				x := s.Tensor(shape...)
				s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: r.Uint64()})
				return x
			}
			number := func() *compute.Tensor {
				return [](*compute.Tensor){tensor(batch, rows, 1), tensor(1, rows, 1), tensor(batch, 1, 1), tensor(1)}[r.IntN(4)]
			}
			any := func() *compute.Tensor {
				return [](*compute.Tensor){tensor(batch, rows, cols), tensor(batch, 1, cols), tensor(1, rows, cols), tensor(cols), tensor(batch, rows, 1)}[r.IntN(5)]
			}
			m := compute.Map{In: []*compute.Tensor{number(), number(), any(), any()}, F: f}
			first := tensor(batch, rows, cols)
			var got [2][]float32
			for i, short := range []int{1, 1 << 30} {
				set(t, &shortRow, short)
				m.Out = s.Tensor(batch, rows, cols)
				s.Do(compute.Copy{Dst: m.Out, Src: first})
				if newEvaluator(f, m.In, m.Out).byRow {
					gone++
				}
				s.Do(m)
				got[i] = make([]float32, first.Len())
				s.Read(m.Out, got[i])
			}
			for i := range got[0] {
				if !sameBits(got[0][i], got[1][i]) {
					t.Fatalf("%v of %v: element %d of %d×%d×%d is %g by rows, want %g", f, m.In, i, batch, rows, cols, got[0][i], got[1][i])
				}
			}
			return s.Err()
		}))
	}
	if gone < 50 {
		t.Errorf("%d formulas went by rows, want more", gone)
	}
}
