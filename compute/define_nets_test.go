package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
)

// TestNetDefinitions compares the definitions of the ops for networks with numbers worked by hand.
func TestNetDefinitions(t *testing.T) {
	o := newOperands(t)
	x, n := o.of, func(shape ...int) *compute.Tensor {
		a := o.of(shape)
		o.c[a] = make([]float32, a.Len())
		return a
	}
	e, ln, sqrt := math.Exp, math.Log, math.Sqrt
	beta := func(u, cos float64) float64 { return 1 - (1-sqrt(sqrt(u)))*(1-cos*cos) } // of a = 4.5
	one, bad := compute.Epilogue{Alpha: 1}, float32(math.NaN())
	padded, halved := compute.Slide{Stride: 1, Pad: 1}, compute.Slide{Stride: 2}
	// 1 2 3
	// 4 5 6   under   1 10
	// 7 8 9           0 -1
	image := x([]int{1, 3, 3, 1}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	window := x([]int{1, 2, 2, 1}, 1, 10, 0, -1)
	seen := func() *compute.Tensor { return x([]int{1, 2, 2, 1}, 1, 2, 3, 4) }
	tied := x([]int{1, 3, 3, 1}, 1, 5, 5, 5, 5, 0, 0, 0, 0)
	table := x([]int{2, 3}, 1, 7, -2, 3, 7, 7)
	v0, v1 := compute.Var(0), compute.Var(1)
	small := x([]int{2, 2}, 1, 2, 3, 6) // columns of mean 2 and 4, variance 1 and 4
	rs := 1 / sqrt(1.5)                 // of the first column, with Eps 0.5
	// z = 0, ln 2, ln 2: softmax 1/5, 2/5, 2/5.
	logits := x([]int{2, 3}, 0, float32(ln(2)), float32(ln(2)), 1, 0, 0)
	l2 := float64(float32(ln(2)))
	for _, test := range []struct {
		name string
		op   compute.Op
		want [][]float64 // by output
	}{
		{"convolution", compute.Conv{Y: n(1, 2, 2, 1), X: image, W: window, Slide: compute.Slide{Stride: 1}, Epilogue: one},
			[][]float64{{1 + 20 - 5, 2 + 30 - 6, 4 + 50 - 8, 5 + 60 - 9}}},
		{"convolution, padded", compute.Conv{Y: n(1, 4, 4, 1), X: image, W: window, Slide: padded, Epilogue: one},
			[][]float64{{-1, -2, -3, 0, 10 - 4, 16, 26, 3, 40 - 7, 46, 56, 6, 70, 7 + 80, 8 + 90, 9}}},
		{"convolution, in steps of two", compute.Conv{Y: n(1, 1, 2, 2), X: x([]int{1, 2, 4, 1}, 1, 2, 3, 4, 5, 6, 7, 8),
			W: x([]int{2, 2, 1, 1}, 1, 1, 0, 1), Slide: halved, Epilogue: compute.Epilogue{Alpha: 2, Bias: x([]int{2}, 1, -20), Act: compute.ReLU}},
			[][]float64{{13, 0, 21, 0}}},
		{"convolution of two channels", compute.Conv{Y: n(1, 1, 1, 1), X: x([]int{1, 1, 2, 2}, 1, 2, 3, 4), W: x([]int{1, 1, 2, 2}, 1, 10, 100, 1000),
			Slide: compute.Slide{Stride: 1}, Epilogue: one}, [][]float64{{4321}}},
		{"its adjoint", compute.ConvInput{X: n(1, 3, 3, 1), Y: seen(), W: window, Slide: compute.Slide{Stride: 1}, Epilogue: one},
			[][]float64{{1, 10 + 2, 20, 3, -1 + 30 + 4, -2 + 40, 0, -3, -4}}},
		{"its adjoint, in steps of two", compute.ConvInput{X: n(1, 3, 3, 1), Y: x([]int{1, 1, 1, 1}, 3), W: window, Slide: halved, Epilogue: one},
			[][]float64{{3, 30, 0, 0, -3, 0, 0, 0, 0}}},
		{"gradient of patches", compute.Hebbian{W: x([]int{1, 2, 2, 1}, bad, bad, bad, bad), Y: seen(), X: image, Rate: 4, Decay: 1,
			Patches: compute.Slide{Stride: 1}}, [][]float64{{1 + 4 + 12 + 20, 2 + 6 + 15 + 24, 4 + 10 + 21 + 32, 5 + 12 + 24 + 36}}},
		{"Hebb on patches", compute.Hebbian{W: x([]int{1, 2, 2, 1}, 1, 0, 0, -1), Y: seen(), X: image, Rate: 4, Decay: 0.5,
			Patches: compute.Slide{Stride: 1}}, [][]float64{{37.5, 47, 67, 76.5}}},

		{"map of rows and columns", compute.Map{Out: n(2, 3), In: []*compute.Tensor{x([]int{2, 1}, 1, 2), x([]int{3}, 10, 20, 30)},
			F: compute.Pointwise(compute.Add(v0, v1))}, [][]float64{{11, 21, 31, 12, 22, 32}}},
		{"map of members", compute.Map{Out: n(2, 2, 2), In: []*compute.Tensor{x([]int{2, 1, 1}, 1, 2), x([]int{2, 1, 2}, 10, 20, 30, 40)},
			F: compute.Pointwise(compute.Mul(v0, v1))}, [][]float64{{10, 20, 10, 20, 60, 80, 60, 80}}},
		{"map of old", compute.Map{Out: x([]int{2}, 1, -2), In: []*compute.Tensor{x([]int{1}, 3)},
			F: compute.Pointwise(compute.Sub(compute.Scale(2, compute.Old()), v0))}, [][]float64{{-1, -7}}},
		{"primitives", compute.Map{Out: n(1), In: []*compute.Tensor{x([]int{1}, 4), x([]int{1}, -1)}, F: compute.Pointwise(compute.Sum(
			compute.Sqrt(v0), compute.Exp(v1), compute.Log(v0), compute.Div(v1, v0), compute.Max(v0, v1), compute.Min(v0, v1),
			compute.Select(v1, compute.Const(100), compute.Const(200)), compute.Abs(v1), compute.Sign(v1), compute.Neg(v1)))},
			[][]float64{{2 + e(-1) + ln(4) - 0.25 + 4 - 1 + 200 + 1 - 1 + 1}}},
		{"activations", compute.Map{Out: n(2), In: []*compute.Tensor{x([]int{2}, 2, -2)}, F: compute.Pointwise(compute.Sum(
			compute.Activate(compute.Tanh, v0), compute.Activate(compute.Sigmoid, v0), compute.Activate(compute.ReLU, v0)))},
			[][]float64{{math.Tanh(2) + 1/(1+e(-2)) + 2, math.Tanh(-2) + 1/(1+e(2))}}},
		{"rectifiers", compute.Map{Out: n(2), In: []*compute.Tensor{x([]int{2}, 2, -2)}, F: compute.Pointwise(compute.Sum(
			compute.Activate(compute.LeakyReLU, v0), compute.Activate(compute.SELU, v0), compute.Through(compute.LeakyReLU, v0, v0), compute.Through(compute.SELU, v0, v0)))},
			[][]float64{{2 + 2*lambda + 2 + 2*lambda, -2*slope + limit*(e(-2)-1) - 2*slope - 2*(limit-2)}}},

		{"sums of columns", compute.Reduce{Out: x([]int{3}, 1, 1, 1), In: []*compute.Tensor{table}, Alpha: 2, Beta: -1}, [][]float64{{7, 27, 9}}},
		{"sums of rows", compute.Reduce{Out: n(2), In: []*compute.Tensor{table}, Along: compute.AlongCols, Alpha: 1}, [][]float64{{6, 17}}},
		{"sum of squared differences", compute.Reduce{Out: n(1), In: []*compute.Tensor{table, x([]int{3}, 1, 7, 0)}, Along: compute.AlongAll, Alpha: 0.5,
			F: compute.Pointwise(compute.Mul(compute.Sub(v0, v1), compute.Sub(v0, v1)))}, [][]float64{{(4 + 4 + 49) / 2.}}},
		{"largest of columns", compute.Reduce{Out: n(3), In: []*compute.Tensor{table}, Fold: compute.FoldMax, Alpha: 1}, [][]float64{{3, 7, 7}}},
		{"first of the largest", compute.Reduce{Out: n(2), In: []*compute.Tensor{table}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1}, [][]float64{{1, 1}}},
		{"first of all", compute.Reduce{Out: n(1), In: []*compute.Tensor{table}, Fold: compute.FoldArgMax, Along: compute.AlongAll, Alpha: 1}, [][]float64{{1}}},
		{"columns of members", compute.Reduce{Out: n(2, 2), In: []*compute.Tensor{x([]int{2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8)}, Alpha: 1}, [][]float64{{4, 6, 12, 14}}},

		{"standardize", compute.Standardize{Y: n(2, 2), Mean: n(2), Var: n(2), RunMean: x([]int{2}, 0, 8), RunVar: x([]int{2}, 4, 4), X: small,
			Gain: x([]int{2}, 2, 1), Bias: x([]int{2}, 0, 1), Eps: 0.5, Momentum: 0.25}, [][]float64{
			{-2 * rs, 1 - 2/sqrt(4.5), 2 * rs, 1 + 2/sqrt(4.5)}, {2, 4}, {1, 4}, {0.5, 7}, {3 + 0.25*2, 3 + 0.25*8}}},
		// x̂ = ∓√(2/3) in the first column; e = 1, 0: DBias 1, DGain −√(2/3), DX = √(2/3)·(e − 1/2 ± 1/3).
		{"its gradient", compute.StandardizeGrad{DX: n(2, 1), DGain: n(1), DBias: n(1), DY: x([]int{2, 1}, 1, 5), X: x([]int{2, 1}, 1, 3), Y: x([]int{2, 1}, 7, 0),
			Mean: x([]int{1}, 2), Var: x([]int{1}, 1), Gain: x([]int{1}, 3), Eps: 0.5, Act: compute.ReLU},
			[][]float64{{3 * rs * (1 - 0.5 - rs*rs/2), 3 * rs * (-0.5 + rs*rs/2)}, {-rs}, {1}}},

		{"largest of windows", compute.Pool{Y: n(1, 2, 2, 1), X: image, Height: 2, Width: 2, Slide: compute.Slide{Stride: 1}}, [][]float64{{5, 6, 8, 9}}},
		{"largest at the border", compute.Pool{Y: n(1, 2, 2, 1), X: x([]int{1, 2, 2, 1}, -1, -2, -3, -4), Height: 2, Width: 2,
			Slide: compute.Slide{Stride: 2, Pad: 1}}, [][]float64{{-1, -2, -3, -4}}},
		{"average at the border", compute.Pool{Y: n(1, 2, 2, 1), X: x([]int{1, 2, 2, 1}, -1, -2, -3, -4), Pooling: compute.AveragePool, Height: 2, Width: 2,
			Slide: compute.Slide{Stride: 2, Pad: 1}}, [][]float64{{-0.25, -0.5, -0.75, -1}}},
		{"delta to the first of the largest", compute.PoolGrad{DX: n(1, 3, 3, 1), DY: seen(), X: tied, Height: 2, Width: 2, Slide: compute.Slide{Stride: 1}},
			[][]float64{{0, 1 + 2, 0, 3, 4, 0, 0, 0, 0}}},
		{"delta of an average", compute.PoolGrad{DX: n(1, 3, 3, 1), DY: seen(), Pooling: compute.AveragePool, Height: 2, Width: 2, Slide: compute.Slide{Stride: 1}},
			[][]float64{{0.25, 0.75, 0.5, 1, 2.5, 1.5, 0.75, 1.75, 1}}},

		{"softmax", compute.SoftmaxLoss{Loss: n(2), Hit: n(2), Delta: n(2, 3), Logits: logits, Labels: x([]int{2}, 2, 0), Scale: 0.5}, [][]float64{
			{ln(1+2*e(l2)) - l2, ln(e(1)+2) - 1}, {0, 1},
			{0.5 / (1 + 2*e(l2)), 0.5 / (2 + e(-l2)), 0.5/(2+e(-l2)) - 0.5, 0.5*e(1)/(e(1)+2) - 0.5, 0.5 / (e(1) + 2), 0.5 / (e(1) + 2)}}},
		{"softmax of no label", compute.SoftmaxLoss{Loss: n(2), Hit: n(2), Logits: logits, Labels: x([]int{2}, -1, float32(math.Inf(1)))},
			[][]float64{{ln(1 + 2*e(l2)), ln(e(1) + 2)}, {0, 0}}},
		{"rows", compute.Gather{Out: n(2, 3, 2), X: x([]int{3, 2}, 1, 2, 3, 4, 5, 6), Rows: x([]int{2, 1, 3}, 2, 0, 2, 1, 3, 0.5)},
			[][]float64{{5, 6, 1, 2, 5, 6, 3, 4, 0, 0, 0, 0}}},
		{"rows of members", compute.Gather{Out: n(2, 2, 2), X: x([]int{2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8), Rows: x([]int{2}, 1, -1)},
			[][]float64{{3, 4, 0, 0, 7, 8, 0, 0}}},
		{"parents", compute.Resample{Out: n(5, 4), Weights: x([]int{5, 4}, 1, 1, 1, 1, 0, 3, 0, 1, 2, 0, -1, float32(math.NaN()), 0, 0, 0, 0, 1, 2, 4, 1),
			Start: x([]int{5}, 0.75, 0, 2, 0, 0.25)}, [][]float64{{0, 1, 2, 3, 1, 1, 1, 3, 0, 0, 0, 0, -1, -1, -1, -1, 0, 1, 2, 2}}}, // 0.5, 2.5, 4.5 and 6.5 of edges 1, 3, 7 and 8
		{"fair coins", compute.Random{Out: n(4), Law: compute.Bernoulli(0.5, 3)}, [][]float64{{3, 0, 0, 0}}}, // 6627e8d5 e169c58d bc57ac4c 9b00dbd8
		{"uniform", compute.Random{Out: n(2), Law: compute.Uniform(-1, 1)}, [][]float64{{float64(0x6627e8)/(1<<23) - 1, float64(0xe169c5)/(1<<23) - 1}}},
		{"beta", compute.Random{Out: n(2), Law: compute.Beta(4.5, 0.5)}, [][]float64{{
			beta(0x6627e9p-24, math.Cos(2*math.Pi*0xe169c5p-24)), beta(0xbc57adp-24, math.Cos(2*math.Pi*0x9b00dbp-24))}}},
		{"normal", compute.Random{Out: n(4), Law: compute.Normal(1, 2)}, [][]float64{{
			1 + 2*sqrt(-2*ln(0x6627e9p-24))*math.Cos(2*math.Pi*0xe169c5p-24), 1 + 2*sqrt(-2*ln(0x6627e9p-24))*math.Sin(2*math.Pi*0xe169c5p-24)}}},
	} {
		for out, want := range test.want {
			o.defined(test.name, test.op, out, want, 1e-4)
		}
	}
}

// TestNetCosts compares the costs of the ops for networks with counts by hand.
func TestNetCosts(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	one, stride, padded := compute.Epilogue{Alpha: 1}, compute.Slide{Stride: 1}, compute.Slide{Stride: 1, Pad: 1}
	image, window, places := x(1, 3, 3, 1), x(2, 2, 2, 1), x(1, 2, 2, 2)
	ins := func(ts ...*compute.Tensor) []*compute.Tensor { return ts }
	costs(t, []costed{
		{compute.Conv{Y: places, X: image, W: window, Slide: stride, Epilogue: one}, compute.Cost{Flops: 2 * 16 * 2, Bytes: 4 * (8 + 9 + 8)}},
		// padded: 7·7 pairs within the borders
		{compute.Conv{Y: x(1, 3, 3, 1), X: image, W: x(1, 3, 3, 1), Slide: padded, Epilogue: one},
			compute.Cost{Flops: 2 * 49, Bytes: 4 * 27}},
		// padded by more than the window
		{compute.Conv{Y: x(1, 7, 7, 1), X: image, W: x(1, 1, 1, 1), Slide: compute.Slide{Stride: 1, Pad: 2}, Epilogue: one},
			compute.Cost{Flops: 2 * 9, Bytes: 4 * (49 + 9 + 1)}},
		{compute.ConvInput{X: image, Y: places, W: window, Slide: stride, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1}}, compute.Cost{Flops: 64, Bytes: 4 * (25 + 9)}},
		{compute.Hebbian{W: window, Y: places, X: image, Rate: 4, Decay: 1, Patches: stride}, compute.Cost{Flops: 64, Bytes: 4 * 25}},
		{compute.Hebbian{W: window, Y: places, X: image, Rate: 4, Patches: stride}, compute.Cost{Flops: 64, Bytes: 4 * 33}},
		{compute.Map{Out: x(2, 3), In: ins(x(2, 3), x(3)), F: compute.Pointwise(compute.Add(compute.Mul(compute.Var(0), compute.Var(1)), compute.Old()))},
			compute.Cost{Flops: 12, Bytes: 4 * (6 + 6 + 6 + 3)}},
		{compute.Reduce{Out: x(3), In: ins(x(2, 3)), F: compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(0))), Alpha: 1},
			compute.Cost{Flops: 12, Bytes: 4 * 9}},
		{compute.Standardize{Y: x(2, 3), X: x(2, 3)}, compute.Cost{Flops: 54, Bytes: 4 * 12}},
		{compute.StandardizeGrad{DX: x(2, 3), X: x(2, 3), Y: x(2, 3)}, compute.Cost{Flops: 72, Bytes: 4 * 24}},
		{compute.Pool{Y: x(1, 2, 2, 1), X: image, Height: 2, Width: 2, Slide: stride}, compute.Cost{Flops: 16, Bytes: 4 * 13}},
		{compute.PoolGrad{DX: image, DY: x(1, 2, 2, 1), X: x(1, 3, 3, 1), Height: 2, Width: 2, Slide: stride}, compute.Cost{Flops: 16, Bytes: 4 * 22}},
		{compute.SoftmaxLoss{Loss: x(2), Hit: x(2), Delta: x(2, 3), Logits: x(2, 3), Labels: x(2)}, compute.Cost{Flops: 48, Bytes: 4 * 18}},
		{compute.Gather{Out: x(2, 3, 5), X: x(1, 100, 5), Rows: x(3)}, compute.Cost{Bytes: 4 * (2*30 + 3)}},
		{compute.Resample{Out: x(2, 3), Weights: x(2, 3), Start: x(2)}, compute.Cost{Flops: 24, Bytes: 4 * 14}},
		{compute.Random{Out: x(5)}, compute.Cost{Bytes: 20}},
	})
}
