package gpu

import (
	"slices"
	"testing"

	"hebb/compute"
)

// TestMapPlans: dimensions that all operands pass through as one are joined, and vectors are read wherever columns lie
// as four neighbours.
func TestMapPlans(t *testing.T) {
	x := tensors(t)
	f := compute.Pointwise(compute.Add(compute.Var(0), compute.Mul(compute.Var(1), compute.Const(2))))
	for _, test := range []struct {
		name           string
		out, in        *compute.Tensor
		batch, m, n    int32
		lanes          int32
		spread         int32
		vec            bool
		groupX, groupY int
	}{
		{"no input is spread", x(8, 7, 6, 4), x(8, 7, 6, 4), 1, 1, 1344, 256, 0, true, 2, 1},
		{"a bias of images", x(8, 7, 6, 64), x(64), 1, 336, 64, 16, 0, true, 1, 21},
		{"a number for all", x(30, 50), x(1), 1, 1, 1500, 256, 0b100, true, 2, 1},
		{"a number for each row", x(30, 50), x(30, 1), 1, 30, 50, 64, 0b100, false, 1, 8},
		{"a row for each member", x(5, 30, 8), x(5, 1, 8), 5, 30, 8, 2, 0, true, 1, 1},
		{"a column for all members", x(5, 30, 8), x(30, 1), 5, 30, 8, 2, 0b100, true, 1, 1},
		{"a number for each member", x(5, 30, 8), x(5, 1, 1), 1, 5, 240, 64, 0b100, true, 1, 2},
	} {
		ds := planOf(t, desk("", nil), compute.Map{Out: test.out, In: []*compute.Tensor{x(test.out.Shape()...), test.in}, F: f}).dispatches
		if len(ds) != 1 {
			t.Fatalf("%s: %d dispatches, want 1", test.name, len(ds))
		}
		a := ds[0].args
		if a.Batch != test.batch || a.M != test.m || a.N != test.n || a.Lanes != test.lanes || a.Spread != test.spread ||
			slices.Contains(ds[0].list(), "VEC") != test.vec || ds[0].groups != [3]int{test.groupX, test.groupY, int(test.batch)} {
			t.Errorf("%s: %+v on %v groups of %v", test.name, a, ds[0].groups, ds[0].list())
		}
	}
}

// TestConstants: another constant is an argument, not another shader.
func TestConstants(t *testing.T) {
	x := tensors(t)
	f := compute.Pointwise(compute.Scale(2, compute.Var(0)))
	one := planOf(t, desk("", nil), compute.Map{Out: x(64), In: []*compute.Tensor{x(64)}, F: f}).dispatches[0]
	two := planOf(t, desk("", nil), compute.Map{Out: x(64), In: []*compute.Tensor{x(64)}, F: f.WithConsts(3)}).dispatches[0]
	if one.kernel != two.kernel || one.args.Factor[0][0] != 2 || two.args.Factor[0][0] != 3 {
		t.Errorf("%+v %v\n%+v %v", one.kernel, one.args.Factor, two.kernel, two.args.Factor)
	}
}

// TestPasses: the number of dispatches of an op. Each costs as much as many small ops.
func TestPasses(t *testing.T) {
	x := tensors(t)
	big, small, c := x(128, 32, 32, 64), x(4, 4, 4, 64), x(64)
	norm := func(x *compute.Tensor) compute.Op {
		return compute.Standardize{Y: x, X: x, Mean: c, Var: c, RunMean: c, RunVar: c, Gain: c, Bias: c, Eps: 1, Act: compute.ReLU}
	}
	grad := func(x *compute.Tensor) compute.Op {
		return compute.StandardizeGrad{DX: x, DY: x, X: x, Y: x, Mean: c, Var: c, Gain: c, DGain: c, DBias: c, Eps: 1, Act: compute.ReLU}
	}
	pool := func(kind compute.Pooling) compute.Op {
		g := compute.PoolGrad{DX: big, DY: x(128, 16, 16, 64), Pooling: kind, Height: 2, Width: 2, Slide: compute.Slide{Stride: 2}}
		if kind == compute.MaxPool {
			g.X = big
		}
		return g
	}
	for _, test := range []struct {
		op   compute.Op
		want []string
	}{
		{norm(big), []string{"reduce", "gather", "standardize"}},
		{norm(small), []string{"reduce", "standardize"}},
		{grad(big), []string{"reduce", "gather", "standardizegrad"}},
		{grad(small), []string{"reduce", "standardizegrad"}},
		{pool(compute.MaxPool), []string{"pool", "poolgrad"}},
		{pool(compute.AveragePool), []string{"poolgrad"}},
		{compute.Reduce{Out: x(1), In: []*compute.Tensor{big}, Along: compute.AlongAll, Alpha: 1}, []string{"reduce", "gather"}},
		{compute.Reduce{Out: x(4096), In: []*compute.Tensor{x(4096, 1000)}, Along: compute.AlongCols, Alpha: 1}, []string{"reduce"}},
		{compute.SoftmaxLoss{Loss: c, Hit: c, Labels: c, Logits: x(64, 1000), Delta: x(64, 1000), Scale: 1}, []string{"softmax"}},
		{compute.Gather{Out: x(8, 32, 64), X: x(8, 100, 64), Rows: x(8, 1, 32)}, []string{"rows"}},
		{compute.Random{Out: big}, []string{"random"}},
		{compute.Random{Out: big, Seeds: 128}, []string{"random"}},
	} {
		var got []string
		for _, d := range planOf(t, desk("", nil), test.op).dispatches {
			got = append(got, d.file)
			if d.file != "gather" && !slices.Contains(d.list(), "VEC") {
				t.Errorf("%T: %s is not of vectors", test.op, d.file)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%T: %v, want %v", test.op, got, test.want)
		}
	}
}
