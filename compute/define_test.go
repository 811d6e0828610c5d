package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// λ and λα of SELU and LeakyReLU's slope, rounded to float32.
const (
	lambda = float64(float32(1.0507009873554805))
	limit  = float64(float32(1.0507009873554805 * 1.6732632423543772))
	slope  = float64(float32(0.01))
)

// defined requires that an op is accepted, and that an output of its definition is want, with a bound of most or, of a
// large number, of that share of it.
func (o operands) defined(name string, op compute.Op, out int, want []float64, most float64) {
	o.t.Helper()
	if err := o.d.Step(func(s *compute.Step) error { s.Do(op); return nil }); err != nil {
		o.t.Errorf("%s: %v", name, err)
		return
	}
	at := compute.Define(op, o.c)
	for i, w := range want {
		if v, size := at(out, i), math.Max(1, math.Abs(w)); !(math.Abs(v.X-w) <= 1e-12*size) || !(v.Err <= most*size) {
			o.t.Errorf("%s: element %d of output %d is %v, want %g", name, i, out, v, w)
		}
	}
}

// TestDefinitions compares the definitions with numbers worked by hand.
func TestDefinitions(t *testing.T) {
	o := newOperands(t)
	x, e := o.of, math.Exp
	twoByTwo := []int{2, 2}
	y := x([]int{2, 2}, 1, 2, 3, -1) // two pairs of activities of two units
	in := x([]int{2, 2}, 1, 0, 2, 1)
	w := func() *compute.Tensor { return x(twoByTwo, 1, 2, 3, 4) }
	far := x([]int{3, 2}, 0, 0, 3, 4, 0, 1)
	for _, test := range []struct {
		name string
		op   compute.Op
		want []float64
	}{
		{"A·B", compute.Gemm{C: x(twoByTwo), A: x(twoByTwo, 1, 2, 3, 4), B: x(twoByTwo, 5, 6, 7, 8),
			Epilogue: compute.Epilogue{Alpha: 1}}, []float64{19, 22, 43, 50}},
		{"Aᵀ·B", compute.Gemm{C: x(twoByTwo), A: x(twoByTwo, 1, 2, 3, 4), B: x(twoByTwo, 5, 6, 7, 8), TransA: true,
			Epilogue: compute.Epilogue{Alpha: 1}}, []float64{26, 30, 38, 44}},
		{"A·Bᵀ", compute.Gemm{C: x(twoByTwo), A: x(twoByTwo, 1, 2, 3, 4), B: x(twoByTwo, 5, 6, 7, 8), TransB: true,
			Epilogue: compute.Epilogue{Alpha: 1}}, []float64{17, 23, 39, 53}},
		{"batch", compute.Gemm{C: x([]int{2, 1, 1}), A: x([]int{2, 1, 2}, 1, 2, 3, 4), B: x([]int{2, 1}, 10, 1),
			Epilogue: compute.Epilogue{Alpha: 1}}, []float64{12, 34}},
		{"epilogue", compute.Gemm{C: x(twoByTwo, 1, 1, 1, 1), A: x(twoByTwo, 1, 2, 3, 4), B: x(twoByTwo, 1, 0, 0, 1),
			Epilogue: compute.Epilogue{Alpha: 2, Beta: -1, Bias: x([]int{2}, 0, -5), Act: compute.ReLU,
				Grad: compute.ReLU, Aux: x(twoByTwo, 1, 1, -1, 1)}}, []float64{1, 0, 0, 2}},
		{"sigmoid, tanh′", compute.Gemm{C: x([]int{1, 1}), A: x([]int{1, 1}, 2), B: x([]int{1, 1}, -1),
			Epilogue: compute.Epilogue{Alpha: 1, Act: compute.Sigmoid, Grad: compute.Tanh, Aux: x([]int{1, 1}, 0.5)}},
			[]float64{0.75 / (1 + e(2))}},
		{"tanh, sigmoid′", compute.Gemm{C: x([]int{1, 1}), A: x([]int{1, 1}, 2), B: x([]int{1, 1}, -1),
			Epilogue: compute.Epilogue{Alpha: 1, Act: compute.Tanh, Grad: compute.Sigmoid, Aux: x([]int{1, 1}, 0.25)}},
			[]float64{math.Tanh(-2) * 0.1875}},
		{"leaky relu, selu′", compute.Gemm{C: x(twoByTwo), A: x(twoByTwo, 1, 0, 0, -1), B: x(twoByTwo, 8, 4, 3, 2),
			Epilogue: compute.Epilogue{Alpha: 1, Act: compute.LeakyReLU, Grad: compute.SELU, Aux: x(twoByTwo, -0.5, 3, -1, 0)}},
			[]float64{8 * (limit - 0.5), 4 * lambda, -3 * slope * (limit - 1), -2 * slope * limit}},
		{"selu, leaky relu′", compute.Gemm{C: x(twoByTwo), A: x(twoByTwo, 1, 0, 0, -1), B: x(twoByTwo, 8, 4, 3, 2),
			Epilogue: compute.Epilogue{Alpha: 1, Act: compute.SELU, Grad: compute.LeakyReLU, Aux: x(twoByTwo, 3, -3, 1, 0)}},
			[]float64{8 * lambda, 4 * slope * lambda, limit * (e(-3) - 1), slope * limit * (e(-2) - 1)}},
		// YᵀX = [7 3; 0 -1], YᵀY = [10 -1; -1 5], Rate/n = 1.
		{"Hebb", compute.Hebbian{W: w(), Y: y, X: in, Rate: 2}, []float64{8, 5, 3, 3}},
		{"decay and bounds", compute.Hebbian{W: w(), Y: y, X: in, Rate: 2, Decay: 0.5, Lo: -1, Hi: 2}, []float64{2, 2, 1.5, 1}},
		{"Oja", compute.Hebbian{W: w(), Y: y, X: in, G: y, Mask: compute.Diagonal, Rate: 2}, []float64{-2, -15, -12, -17}},
		{"Sanger", compute.Hebbian{W: w(), Y: y, X: in, G: y, Mask: compute.Lower, Rate: 2}, []float64{-2, -15, -11, -15}},
		{"subspace", compute.Hebbian{W: w(), Y: y, X: in, G: y, Mask: compute.Full, Rate: 2}, []float64{1, -11, -11, -15}},
		{"instar", compute.Hebbian{W: w(), Y: y, X: in, G: x(twoByTwo, 1, 1, 1, 1), Mask: compute.Diagonal, Rate: 2},
			[]float64{4, -3, 0, -1}},
		{"a rate for each network", compute.Hebbian{W: x([]int{2, 2, 2}, 1, 2, 3, 4, 1, 2, 3, 4), Y: y, X: in, Rate: 2, Rates: x([]int{2, 1, 1}, 1, -2)},
			[]float64{8, 5, 3, 3, -13, -4, 3, 6}},
		{"linear", compute.Gram{K: x([]int{3, 3}), X: far}, []float64{0, 0, 0, 0, 25, 4, 0, 4, 1}},
		{"cosine", compute.Gram{K: x([]int{3, 3}), X: far, Kernel: compute.Cosine}, []float64{1, 0, 0, 0, 1, 0.8, 0, 0.8, 1}},
		{"Gaussian of two widths", compute.Gram{K: x([]int{2, 1, 2}), X: x([]int{1, 2}, 0, 0), Y: x([]int{2, 2}, 3, 4, 0, 1),
			Kernel: compute.Gaussian, Sigma: []float32{1, 2}}, []float64{e(-12.5), e(-0.5), e(-25. / 8), e(-1. / 8)}},
		{"per dimension", compute.Gram{K: x([]int{1, 1}), X: x([]int{1, 2}, 0, 0), Y: x([]int{1, 2}, 3, 4),
			Kernel: compute.Gaussian, Sigma: []float32{2}, PerDim: true}, []float64{e(-25. / 16)}},
		{"grand mean", compute.Gram{K: x(twoByTwo), X: x([]int{2, 1}, 1, 3), Center: compute.Grand}, []float64{-3, -1, -1, 5}},
		{"HKH", compute.Gram{K: x(twoByTwo), X: x([]int{2, 1}, 1, 3), Center: compute.Double}, []float64{1, -1, -1, 1}},
		{"copy", compute.Copy{Dst: x([]int{3}), Src: x([]int{3}, 1, -2, 3)}, []float64{1, -2, 3}},
		{"fma", compute.FMA{Out: x([]int{1}), X: x([]int{1}, 2), A: 3, B: 1, Rounds: 2}, []float64{22}},
	} {
		most := 1e-4
		if g, ok := test.op.(compute.Gemm); ok && g.Act <= compute.ReLU {
			most = 0 // products of whole numbers are exact
		}
		o.defined(test.name, test.op, 0, test.want, most)
	}
}

// TestNothingPromised: results beyond float32 are not checked, and a NaN within a finite bound is never right.
func TestNothingPromised(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		v    compute.Val
		got  float64
		want bool
	}{
		{compute.Val{X: 1, Err: 0}, 1, true},
		{compute.Val{X: 1, Err: 0.25}, 1.25, true},
		{compute.Val{X: 1, Err: 0.25}, 1.26, false},
		{compute.Val{X: 1, Err: 0.25}, nan, false},
		{compute.Val{X: 1, Err: 0.25}, inf, false},
		{compute.Val{X: nan, Err: inf}, nan, true},
		{compute.Val{X: 1e39, Err: 0}, inf, true},
		{compute.Val{X: -inf, Err: 0}, -inf, true}, // the largest of nothing but infinities
		{compute.Val{X: -inf, Err: 0}, -math.MaxFloat32, false},
		{compute.Val{X: -inf, Err: 0}, nan, false},
		{compute.Val{X: inf, Err: 0}, -inf, false},
	} {
		if got := test.v.Allows(float32(test.got)); got != test.want {
			t.Errorf("%v allows %g: %v", test.v, test.got, got)
		}
		if d := test.v.Distance(test.got); (d <= 1) != test.want {
			t.Errorf("%g is %g bounds from %v", test.got, d, test.v)
		}
	}
}

// A costed op is one whose work is counted by hand.
type costed struct {
	op   compute.Op
	want compute.Cost
}

func costs(t *testing.T, all []costed) {
	t.Helper()
	for _, test := range all {
		if got := compute.CostOf(test.op); got != test.want {
			t.Errorf("%+v: %+v, want %+v", test.op, got, test.want)
		}
	}
}

// TestCosts counts the work of small ops by hand.
func TestCosts(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	y := x(4, 3)
	half := must.Get(d.TensorOf(compute.Float16, 8, 6))(t)
	costs(t, []costed{
		{compute.Gemm{C: x(2, 3, 5), A: x(2, 3, 7), B: x(7, 5), Epilogue: compute.Epilogue{Alpha: 1}},
			compute.Cost{Flops: 2 * 2 * 3 * 5 * 7, Bytes: 4 * (42 + 35 + 30)}},
		{compute.Hebbian{W: x(3, 5), Y: y, X: x(4, 5)}, compute.Cost{Flops: 2 * 4 * 15, Bytes: 4 * (30 + 12 + 20)}},
		{compute.Hebbian{W: x(3, 5), Y: y, X: x(4, 5), G: y, Mask: compute.Full},
			compute.Cost{Flops: 2*4*15 + 2*4*15, Bytes: 4 * (30 + 12 + 20)}},
		{compute.Hebbian{W: x(2, 3, 5), Y: y, X: x(4, 5), Rates: x(2, 1, 1)}, compute.Cost{Flops: 2 * 2 * 4 * 15, Bytes: 4 * (60 + 12 + 20 + 2)}},
		{compute.Gram{K: x(2, 3, 3), X: x(3, 5), Kernel: compute.Gaussian, Sigma: []float32{1, 2}},
			compute.Cost{Flops: 6*2*5 + 6*2, Bytes: 4 * (18 + 15)}},
		{compute.Copy{Dst: x(3), Src: x(3)}, compute.Cost{Flops: 0, Bytes: 24}},
		{compute.FMA{Out: x(3), X: x(3), A: 1, Rounds: 5}, compute.Cost{Flops: 30, Bytes: 24}},
		{compute.Inverse{Inv: x(2, 3, 3), Info: x(2), A: x(2, 3, 3)}, compute.Cost{Flops: 2 * 27, Bytes: 2 * 4 * (6 + 9 + 1)}},
		{compute.Gemm{C: x(8, 4), A: half, B: x(6, 4), Epilogue: compute.Epilogue{Alpha: 1}},
			compute.Cost{Flops: 2 * 8 * 6 * 4, Bytes: 8*4*4 + 8*6*2 + 6*4*4}},
	})
}
