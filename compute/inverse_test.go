package compute_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"hebb/compute"
)

// inverseOf returns the inverse op of an n×n matrix whose lower triangle these numbers are, row by row.
func inverseOf(t *testing.T, d *compute.Device, shift float32, lower ...float32) (compute.Inverse, compute.Contents) {
	t.Helper()
	n := 0
	for n*(n+1)/2 < len(lower) {
		n++
	}
	v := compute.Inverse{Inv: tensor(t, d, n, n), Info: tensor(t, d, 1), A: tensor(t, d, n, n), Shift: shift}
	a := make([]float32, n*n)
	for i := range a {
		a[i] = float32(math.NaN())
	}
	for i := range n {
		copy(a[i*n:], lower[i*(i+1)/2:][:i+1])
	}
	return v, compute.Contents{v.A: a}
}

// TestInverseDefinition compares with inverses worked by hand.
func TestInverseDefinition(t *testing.T) {
	d := device(t)
	for _, test := range []struct {
		name  string
		shift float32
		lower []float32
		want  []float64
		order float64
	}{
		{"one number", 0, []float32{4}, []float64{0.25}, 0},
		{"two", 0, []float32{4, 2, 5}, []float64{5. / 16, -2. / 16, -2. / 16, 4. / 16}, 0},
		{"shifted", 1, []float32{3, 2, 4}, []float64{5. / 16, -2. / 16, -2. / 16, 4. / 16}, 0},
		{"three", 0, []float32{2, -1, 2, 0, -1, 2}, []float64{0.75, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.75}, 0},
		{"negative", 0, []float32{-1}, nil, 1},
		{"a minor of order 2", 0, []float32{1, 2, 1, 0, 0, 1}, nil, 2},
		{"saved by its shift", 2, []float32{1, 2, 1}, []float64{3. / 5, -2. / 5, -2. / 5, 3. / 5}, 0},
	} {
		v, before := inverseOf(t, d, test.shift, test.lower...)
		at := compute.Define(v, before)
		if info := at(1, 0); info != (compute.Val{X: test.order}) {
			t.Errorf("%s: Info is %v, want %g", test.name, info, test.order)
		}
		for i := range v.Inv.Len() {
			if x := at(0, i); test.want == nil && x.Bounded() || test.want != nil && !(math.Abs(x.X-test.want[i]) < 1e-12 && x.Err < 1e-4) {
				t.Errorf("%s: element %d is %v of %v", test.name, i, x, test.want)
			}
		}
	}
}

// TestInverseInDoubt: a matrix with a pivot within its rounding error has no bound, Info included; one with a hundred
// times that has.
func TestInverseInDoubt(t *testing.T) {
	d := device(t)
	for _, test := range []struct {
		pivot float32
		sure  bool
	}{{0, false}, {1e-7, false}, {-1e-7, false}, {1e-3, true}, {-1e-3, true}} {
		v, before := inverseOf(t, d, 0, 1, 1, 1+test.pivot)
		if info := compute.Define(v, before)(1, 0); info.Bounded() != test.sure {
			t.Errorf("a pivot of %g: Info is %v", test.pivot, info)
		}
	}
}

// TestResidual: an inverse that is off by rounding has a residual within its bound, though the matrix is
// ill-conditioned; an inverse with an element that is off by a thousandth has not.
func TestResidual(t *testing.T) {
	d := device(t)
	v, before := inverseOf(t, d, 0, 1, 1, 1.001)
	at := compute.Define(v, before)
	seen, want := compute.Examine(v, before)
	judge := func(inv []float32) bool {
		after := compute.Contents{v.Inv: inv, v.Info: []float32{0}}
		var tally compute.Tally
		ok := true
		for i := range inv {
			ok = tally.Judge(want(0, i), seen(after, 0, i)) && ok
		}
		return ok
	}
	inv := make([]float32, 4)
	for i := range inv {
		inv[i] = float32(at(0, i).X)
	}
	if !judge(inv) {
		t.Error("the inverse, rounded, is wrong")
	}
	inv[3] *= 1.001
	if judge(inv) {
		t.Error("an inverse with a wrong element passes")
	}
}

// TestVerifyResidual: Verify's error names the residual.
func TestVerifyResidual(t *testing.T) {
	d := compute.New(compute.Verify(hurt(func(_ compute.Op, inv []float32) { inv[0] *= 2 }), 0))
	v, before := inverseOf(t, d, 0, 4, 2, 5)
	err := d.Step(func(s *compute.Step) error {
		s.Write(v.A, before[v.A])
		s.Do(v)
		return nil
	})
	if !errors.Is(err, compute.ErrWrong) || !strings.Contains(err.Error(), "the residual for element 0 of [2 2] is 1.25") {
		t.Error(err)
	}
}

func TestWrongInverse(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	a := x(2, 3, 3)
	refused(t, d, []mistake{
		{"square", "A is [3 4], want square matrices", compute.Inverse{Inv: x(3, 4), Info: x(1), A: x(3, 4)}},
		{"Inv", "Inv is [3 3], want [2 3 3] as A", compute.Inverse{Inv: x(3, 3), Info: x(2), A: a}},
		{"Info", "Info is [3], want [2], one for each matrix of A[2 3 3]", compute.Inverse{Inv: x(2, 3, 3), Info: x(3), A: a}},
		{"shift", "Shift NaN, want a finite number", compute.Inverse{Inv: x(2, 3, 3), Info: x(2), A: a, Shift: float32(math.NaN())}},
		{"in place", "overlaps", compute.Inverse{Inv: a, Info: x(2), A: a}},
		{"no Info", "nil", compute.Inverse{Inv: x(2, 3, 3), A: a}},
	})
}

// Two matrices, of which the second is not positive definite, and their inverses after a shift.
func ExampleInverse() {
	on(func(s *compute.Step) error {
		a := put(s, []int{2, 2, 2}, 4, 0, 2, 5, 1, 0, 2, 1) // the numbers above the diagonals are not read
		inv, info := s.Tensor(2, 2, 2), s.Tensor(2)
		for _, shift := range []float32{0, 2} {
			s.Do(compute.Inverse{Inv: inv, Info: info, A: a, Shift: shift})
			fmt.Printf("%.3f, Info %v\n", get(s, inv), get(s, info))
		}
		return s.Err()
	})
	// Output:
	// [0.312 -0.125 -0.125 0.250 NaN NaN NaN NaN], Info [0 2]
	// [0.184 -0.053 -0.053 0.158 0.600 -0.400 -0.400 0.600], Info [0 0]
}
