package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
)

// TestNetsAskedWrongly is TestAskedWrongly for the ops of networks.
func TestNetsAskedWrongly(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	one, stride := compute.Epilogue{Alpha: 1}, compute.Slide{Stride: 1}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	v0, v1 := compute.Var(0), compute.Var(1)
	images, window, places := x(2, 4, 5, 3), x(6, 3, 3, 3), x(2, 2, 3, 6)
	rows, column := x(8, 3), x(3)
	ins := func(ts ...*compute.Tensor) []*compute.Tensor { return ts }
	sum := compute.Reduce{Out: x(3), In: ins(rows), Alpha: 1}
	reduce := func(f func(r *compute.Reduce)) compute.Reduce { r := sum; f(&r); return r }
	norm := compute.Standardize{Y: x(8, 3), Mean: column, Var: x(3), X: rows, Gain: x(3), Bias: x(3), Eps: 1}
	standardize := func(f func(s *compute.Standardize)) compute.Standardize { s := norm; f(&s); return s }
	back := compute.StandardizeGrad{DX: x(8, 3), DGain: x(3), DBias: x(3), DY: x(8, 3), X: rows, Mean: column, Var: x(3), Gain: x(3), Eps: 1}
	backward := func(f func(g *compute.StandardizeGrad)) compute.StandardizeGrad { g := back; f(&g); return g }
	loss := compute.SoftmaxLoss{Loss: x(8), Hit: x(8), Delta: x(8, 3), Logits: rows, Labels: x(8), Scale: 1}
	softmax := func(f func(s *compute.SoftmaxLoss)) compute.SoftmaxLoss { s := loss; f(&s); return s }
	random := func(l compute.Law) compute.Random { return compute.Random{Out: x(3), Law: l} }
	var many []compute.Expr
	for i := range compute.MaxConsts + 1 {
		many = append(many, compute.Const(float32(i)))
	}
	refused(t, d, []mistake{
		{"conv of a matrix", "X[8 3] and Y[2 2 3 6], want images × height × width × channels", compute.Conv{Y: places, X: rows, W: window, Slide: stride, Epilogue: one}},
		{"conv channels", "W[6 3 3 2] for X[2 4 5 3]", compute.Conv{Y: places, X: images, W: x(6, 3, 3, 2), Slide: stride, Epilogue: one}},
		{"conv places", "want [2 2 3 6]", compute.Conv{Y: x(2, 3, 3, 6), X: images, W: window, Slide: stride, Epilogue: one}},
		{"conv window", "a window of 7×3 on images of 4×5 with Pad 1", compute.Conv{Y: places, X: images, W: x(6, 7, 3, 3), Slide: compute.Slide{Stride: 1, Pad: 1}, Epilogue: one}},
		{"conv stride", "Stride 0 and Pad 0, want at least 1 and 0", compute.Conv{Y: places, X: images, W: window, Epilogue: one}},
		{"conv pad", "Stride 1 and Pad -1", compute.Conv{Y: places, X: images, W: window, Slide: compute.Slide{Stride: 1, Pad: -1}, Epilogue: one}},
		{"conv bias", "Bias is [2 6], want [6]", compute.Conv{Y: places, X: images, W: window, Slide: stride, Epilogue: compute.Epilogue{Alpha: 1, Bias: x(2, 6)}}},
		{"conv without weights", "operand W is nil", compute.Conv{Y: places, X: images, Slide: stride, Epilogue: one}},
		{"conv in place", "overlaps", compute.Conv{Y: images, X: images, W: x(3, 1, 1, 3), Slide: stride, Epilogue: one}},
		{"adjoint", "Y[2 3 3 6] of X[2 4 5 3]", compute.ConvInput{X: images, Y: x(2, 3, 3, 6), W: window, Slide: stride, Epilogue: one}},
		{"hebbian of images", "under a window of 2×3, Stride 1, Pad 0, want [2 3 3 6]", compute.Hebbian{W: x(6, 2, 3, 3), Y: places, X: images, Patches: stride}},
		{"hebbian's G of images", "G is [2 2 3 5], want [2 2 3 6] as Y", compute.Hebbian{W: window, Y: places, X: images, G: x(2, 2, 3, 5), Mask: compute.Full, Patches: stride}},
		{"hebbian's window", "Stride 0 and Pad 1", compute.Hebbian{W: window, Y: places, X: images, Patches: compute.Slide{Pad: 1}}},

		{"no formula", "no formula", compute.Map{Out: column, In: ins(x(3))}},
		{"empty formula", "no formula", compute.Map{Out: column, F: &compute.Func{}}},
		{"hole in a formula", "a part of the formula is Expr{}", compute.Map{Out: column, F: compute.Pointwise(compute.Add(compute.Const(1), compute.Expr{}))}},
		{"input number", "the formula has Var(-1)", compute.Map{Out: column, F: compute.Pointwise(compute.Var(-1))}},
		{"too many inputs", "formula of 9 inputs and 0 constants, want at most 7 and 16", compute.Map{Out: column, F: compute.Pointwise(compute.Var(8))}},
		{"too many constants", "formula of 0 inputs and 17 constants", compute.Map{Out: column, F: compute.Pointwise(compute.Sum(many[0], many[1:]...))}},
		{"constants", "2 constants for a formula of 1", compute.Map{Out: column, F: compute.Pointwise(compute.Const(1)).WithConsts(1, 2)}},
		{"NaN constant", "the constants [NaN], want finite numbers", compute.Map{Out: column, F: compute.Pointwise(compute.Const(1)).WithConsts(nan)}},
		{"inputs", "the formula has inputs up to Var(1), and there are 1 tensors", compute.Map{Out: column, In: ins(x(3)), F: compute.Pointwise(v1)}},
		{"spread", "input 1 is [2], want [8 3], or 1 instead of its batch, rows or columns", compute.Map{Out: x(8, 3), In: ins(rows, x(2)), F: compute.Pointwise(compute.Add(v0, v1))}},
		{"nil input", "operand In[1] is nil", compute.Map{Out: x(8, 3), In: ins(rows, nil), F: compute.Pointwise(compute.Add(v0, v1))}},
		{"map in place", "overlaps", compute.Map{Out: rows, In: ins(rows), F: compute.Pointwise(v0)}},

		{"reduce nothing", "no input", compute.Reduce{Out: column, Alpha: 1}},
		{"reduce shape", "Out[8] of In[8 3] along rows, want 3 values", reduce(func(r *compute.Reduce) { r.Out = x(8) })},
		{"reduce along", "want one of [sum max argmax] along one of [rows columns all]", reduce(func(r *compute.Reduce) { r.Along = 3 })},
		{"fold", "Fold Fold(7) along rows", reduce(func(r *compute.Reduce) { r.Fold = 7 })},
		{"reduce factor", "Alpha is 0", reduce(func(r *compute.Reduce) { r.Alpha = 0 })},
		{"reduce NaN", "Beta NaN", reduce(func(r *compute.Reduce) { r.Beta = nan })},
		{"scaled max", "max with Alpha 2 and Beta 0, want 1 and 0", reduce(func(r *compute.Reduce) { r.Fold, r.Alpha = compute.FoldMax, 2 })},
		{"argmax of a formula", "want F nil", reduce(func(r *compute.Reduce) { r.Fold, r.F = compute.FoldArgMax, compute.Pointwise(v0) })},
		{"two inputs", "2 inputs without a formula", reduce(func(r *compute.Reduce) { r.In = ins(rows, x(3)) })},
		{"old in a fold", "want Beta", reduce(func(r *compute.Reduce) { r.F = compute.Pointwise(compute.Add(v0, compute.Old())) })},

		{"uniform", "uniform(1, 1), want an interval", random(compute.Uniform(1, 1))},
		{"normal", "normal(0, -1), want a standard deviation", random(compute.Normal(0, -1))},
		{"probability", "bernoulli(1.5, 1), want a probability within [0, 1]", random(compute.Bernoulli(1.5, 1))},
		{"uniform overflow", "uniform(-3e+38, 3e+38), want an interval, no longer", random(compute.Uniform(-3e38, 3e38))},
		{"normal overflow", "normal(0, 1e+38), want numbers to six", random(compute.Normal(0, 1e38))},
		{"normal mean", "normal(-3.3e+38, 2e+36), want numbers to six", random(compute.Normal(-3.3e38, 2e36))},
		{"infinite law", "want finite numbers", random(compute.Uniform(0, inf))},
		{"beta", "beta(4.5, 1), want shapes a > 0.5 and b = 0.5", random(compute.Beta(4.5, 1))},
		{"beta's arcsine", "beta(0.5, 0.5), want shapes", random(compute.Beta(0.5, 0.5))},
		{"gather's columns", "Out[4 3] of X[9 2], want rows of one length", compute.Gather{Out: x(4, 3), X: x(9, 2), Rows: x(4)}},
		{"gather's batch", "an X of batch 3 or 1", compute.Gather{Out: x(3, 4, 2), X: x(2, 9, 2), Rows: x(4)}},
		{"gather's rows", "Rows is [3 4] for Out[3 4 2], want [3 1 4] or [4]", compute.Gather{Out: x(3, 4, 2), X: x(9, 2), Rows: x(3, 4)}},
		{"gather of too many", "want at most 16777216, which float32s tell apart", compute.Gather{Out: x(1, 1), X: x(1<<24+1, 1), Rows: x(1)}},
		{"gather in place", "overlaps", compute.Gather{Out: rows, X: rows, Rows: x(8)}},
		{"gather without rows", "operand Rows is nil", compute.Gather{Out: x(4, 2), X: x(9, 2)}},

		{"resample's weights", "Weights is [8 3], want [4 6] as Out", compute.Resample{Out: x(4, 6), Weights: rows, Start: x(4)}},
		{"resample's start", "Start is [8], want [4], one per row of Out[4 6]", compute.Resample{Out: x(4, 6), Weights: x(4, 6), Start: x(8)}},
		{"resample of too many", "rows of 4097 particles, want at most 4096", compute.Resample{Out: x(1, 4097), Weights: x(1, 4097), Start: x(1)}},
		{"resample in place", "overlaps", compute.Resample{Out: rows, Weights: rows, Start: x(8)}},
		{"parts", "Seeds is 3 for Out[2 4], want a divisor of its 8 numbers, or 0", compute.Random{Out: x(2, 4), Law: compute.Uniform(0, 1), Seeds: 3}},
		{"more parts than numbers", "Seeds is 16", compute.Random{Out: x(8), Law: compute.Uniform(0, 1), Seeds: 16}},
		{"parts below 0", "Seeds is -1", compute.Random{Out: x(8), Law: compute.Uniform(0, 1), Seeds: -1}},
		{"law", "want one of [uniform normal bernoulli beta]", random(compute.Law{Distribution: 9})},

		{"columns", "Gain is [2], want [3], one per column of X[8 3]", standardize(func(s *compute.Standardize) { s.Gain = x(2) })},
		{"mean", "Mean is [4], want [3], one per column of X[8 3], or as many for each of its members", standardize(func(s *compute.Standardize) { s.Mean = x(4) })},
		{"rows of members", "Mean[3 3] is for 3 members, and X[8 3] has 8 rows, want as many for each", standardize(func(s *compute.Standardize) { s.Mean = x(3, 3) })},
		{"gain of members", "Gain is [3], want [2 3] as Mean, one per member and column of X[8 3]",
			standardize(func(s *compute.Standardize) { s.Mean, s.Var, s.Bias = x(2, 3), x(2, 3), x(2, 3) })},
		{"one row of each member", "X[8 3] has one row for each member",
			standardize(func(s *compute.Standardize) { s.Mean, s.RunMean, s.RunVar = x(8, 3), x(8, 3), x(8, 3) })},
		{"DBias of members", "DBias is [3], want [4 3] as Mean",
			backward(func(g *compute.StandardizeGrad) { g.Mean, g.Var, g.Gain, g.DGain = x(4, 3), x(4, 3), x(4, 3), x(4, 3) })},
		{"Y", "Y[8 4] of X[8 3], want the same", standardize(func(s *compute.Standardize) { s.Y = x(8, 4) })},
		{"Eps", "Eps 0, want a positive number", standardize(func(s *compute.Standardize) { s.Eps = 0 })},
		{"half of the running statistics", "both or neither", standardize(func(s *compute.Standardize) { s.RunMean = x(3) })},
		{"momentum", "Momentum 1.5, want a number within [0, 1]", standardize(func(s *compute.Standardize) { s.Momentum = 1.5 })},
		{"one row", "has one row", compute.Standardize{Y: x(1, 3), Mean: column, Var: x(3), RunMean: x(3), RunVar: x(3), X: x(1, 3), Gain: x(3), Bias: x(3), Eps: 1}},
		{"norm's act", "Act Act(9)", standardize(func(s *compute.Standardize) { s.Act = 9 })},
		{"no X", "operand X is nil", backward(func(g *compute.StandardizeGrad) { g.X = nil })},
		{"no DY", "operand DY is nil", backward(func(g *compute.StandardizeGrad) { g.DY = nil })},
		{"Y of identity", "Act is identity and Y is [8 3], want both or neither", backward(func(g *compute.StandardizeGrad) { g.Y = x(8, 3) })},
		{"DX", "DX[3 8]", backward(func(g *compute.StandardizeGrad) { g.DX = x(3, 8) })},
		{"Var", "Var is [4]", backward(func(g *compute.StandardizeGrad) { g.Var = x(4) })},

		{"pooling", "Pooling Pooling(5), want one of [max average]", compute.Pool{Y: x(2, 4, 5, 3), X: images, Pooling: 5, Height: 1, Width: 1, Slide: stride}},
		{"no window", "a window of 0×0", compute.Pool{Y: x(2, 4, 5, 3), X: images, Slide: stride}},
		{"wide border", "Pad 2 of a window of 3×3, want at most half of it", compute.Pool{Y: x(2, 6, 7, 3), X: images, Height: 3, Width: 3, Slide: compute.Slide{Stride: 1, Pad: 2}}},
		{"pool shape", "want [2 3 4 3]", compute.Pool{Y: x(2, 4, 5, 3), X: images, Height: 2, Width: 2, Slide: stride}},
		{"max without X", "max pooling and X is <nil>", compute.PoolGrad{DX: images, DY: x(2, 3, 4, 3), Height: 2, Width: 2, Slide: stride}},
		{"pool without DY", "operand DY is nil", compute.PoolGrad{DX: images, Pooling: compute.AveragePool, Height: 2, Width: 2, Slide: stride}},
		{"X of another form", "want [2 4 5 3] as DX", compute.PoolGrad{DX: images, DY: x(2, 3, 4, 3), X: x(2, 5, 4, 3), Height: 2, Width: 2, Slide: stride}},

		{"labels", "Labels is [3], want [8], one per row of Logits[8 3]", softmax(func(s *compute.SoftmaxLoss) { s.Labels = x(3) })},
		{"no loss", "Loss is <nil>", softmax(func(s *compute.SoftmaxLoss) { s.Loss = nil })},
		{"delta", "Delta is [3 8]", softmax(func(s *compute.SoftmaxLoss) { s.Delta = x(3, 8) })},
		{"scale", "Scale 0", softmax(func(s *compute.SoftmaxLoss) { s.Scale = 0 })},
		{"NaN scale", "Scale NaN", softmax(func(s *compute.SoftmaxLoss) { s.Scale = nan })},
	})
}
