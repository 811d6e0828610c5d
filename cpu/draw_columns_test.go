package cpu

import (
	"pgregory.net/rapid"

	"hebb/compute"
)

// spread is a shape that is read over [batch rows cols].
func spread(t *rapid.T, batch, rows, cols int) []int {
	s := []int{batch, rows, cols}
	for i := range s {
		if rapid.Bool().Draw(t, "one") {
			s[i] = 1
		}
	}
	return s
}

// drawFormula draws a formula of that many inputs that is nowhere beyond float32.
func drawFormula(t *rapid.T, vars int, old bool) *compute.Func {
	leaf := rapid.Custom(func(t *rapid.T) compute.Expr {
		switch k := rapid.IntRange(0, vars+1).Draw(t, "leaf"); {
		case k < vars:
			return compute.Var(k)
		case k == vars && old:
			return compute.Old()
		}
		return compute.Const(float32(rapid.IntRange(-4, 4).Draw(t, "const")) / 2)
	})
	var expr func(depth int) compute.Expr
	expr = func(depth int) compute.Expr {
		if depth == 0 {
			return leaf.Draw(t, "")
		}
		a, b := expr(depth-1), expr(depth-1)
		switch rapid.IntRange(0, 9).Draw(t, "do") {
		case 0:
			return compute.Add(a, b)
		case 1:
			return compute.Sub(a, b)
		case 2:
			return compute.Mul(a, b)
		case 3:
			return compute.Div(a, compute.Add(compute.Const(1), compute.Abs(b)))
		case 4:
			return compute.Exp(compute.Neg(compute.Abs(a)))
		case 5:
			return compute.Log(compute.Add(compute.Const(0.25), compute.Abs(a)))
		case 6:
			return compute.Sqrt(a)
		case 7:
			return compute.Max(a, b)
		case 8:
			return compute.Min(compute.Neg(a), b)
		}
		return compute.Select(a, b, expr(depth-1))
	}
	e := expr(rapid.IntRange(0, 3).Draw(t, "depth"))
	for k := range vars { // so that all inputs count
		e = compute.Add(e, compute.Mul(compute.Const(0.5), compute.Var(k)))
	}
	return compute.Pointwise(e)
}

func drawMap(t *rapid.T) builder {
	z, rows, cols := draw(t, "batch", 3), draw(t, "rows", 30), draw(t, "cols", 700)
	vars := rapid.IntRange(0, 3).Draw(t, "inputs")
	f := drawFormula(t, vars, true)
	shapes := make([][]int, vars)
	for i := range shapes {
		shapes[i] = spread(t, z, rows, cols)
	}
	return func(o operands) compute.Op {
		m := compute.Map{Out: o.in(z, rows, cols), F: f}
		for _, s := range shapes {
			m.In = append(m.In, o.in(s...))
		}
		return m
	}
}

func drawReduce(t *rapid.T) builder {
	z, rows, cols := draw(t, "batch", 3), draw(t, "rows", 300), draw(t, "cols", 40)
	r := compute.Reduce{Fold: compute.Fold(rapid.IntRange(0, 2).Draw(t, "Fold")), Alpha: 1}
	r.Along = compute.Along(rapid.IntRange(0, 2).Draw(t, "Along"))
	if r.Fold == compute.FoldSum {
		r.Alpha, r.Beta = 0.5, float32(rapid.IntRange(0, 1).Draw(t, "Beta"))
	}
	var other []int
	if r.Fold != compute.FoldArgMax && rapid.Bool().Draw(t, "formula") {
		r.F, other = drawFormula(t, 2, false), spread(t, z, rows, cols)
	}
	return func(o operands) compute.Op {
		r := r
		if r.In = []*compute.Tensor{o.in(z, rows, cols)}; r.F != nil {
			r.In = append(r.In, o.in(other...))
		}
		results, _, _ := r.Dims()
		r.Out = o.in(results)
		return r
	}
}

func drawStandardize(t *rapid.T) builder {
	rows, cols := 1+draw(t, "rows", 300), draw(t, "cols", 70)
	act, running := rapid.SampledFrom(compute.Acts).Draw(t, "Act"), rapid.Bool().Draw(t, "running")
	return func(o operands) compute.Op {
		s := compute.Standardize{Y: o.in(rows, cols), Mean: o.in(cols), Var: o.in(cols), X: o.in(rows, cols),
			Gain: o.in(cols), Bias: o.in(cols), Eps: 0.01, Momentum: 0.25, Act: act}
		if running {
			s.RunMean, s.RunVar = o.in(cols), o.in(cols)
		}
		return s
	}
}

func drawStandardizeGrad(t *rapid.T) builder {
	rows, cols := draw(t, "rows", 300), draw(t, "cols", 70)
	act := rapid.SampledFrom(compute.Acts).Draw(t, "Act")
	return func(o operands) compute.Op {
		s := compute.StandardizeGrad{DX: o.in(rows, cols), DGain: o.in(cols), DBias: o.in(cols), DY: o.in(rows, cols),
			X: o.in(rows, cols), Mean: o.in(cols), Var: o.in(cols), Gain: o.in(cols), Eps: 0.01, Act: act}
		for j, v := range values(s.Var) {
			values(s.Var)[j] = float32(v * v)
		}
		if act != compute.Identity {
			s.Y = o.in(rows, cols)
		}
		return s
	}
}

func drawSoftmax(t *rapid.T) builder {
	n, classes := draw(t, "n", 20), draw(t, "classes", 100)
	delta := rapid.Bool().Draw(t, "Delta")
	return func(o operands) compute.Op {
		s := compute.SoftmaxLoss{Loss: o.in(n), Hit: o.in(n), Logits: o.in(n, classes), Labels: o.in(n), Scale: 0.25}
		for i := range values(s.Labels) {
			values(s.Labels)[i] = float32(o.r.IntN(classes+2) - 1) // one on either side is no label
		}
		if delta {
			s.Delta = o.in(n, classes)
		}
		return s
	}
}

func drawRandom(t *rapid.T) builder {
	n, seed, stream := draw(t, "n", 1<<10), rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "stream")
	law := rapid.SampledFrom([]compute.Law{
		compute.Uniform(0, 1), compute.Uniform(-3, 5), compute.Normal(0, 1), compute.Normal(2, 0.5),
		compute.Bernoulli(0.3, 2), compute.Bernoulli(0, 1), compute.Bernoulli(1, 3),
	}).Draw(t, "law")
	return func(o operands) compute.Op {
		return compute.Random{Out: o.s.Tensor(n), Law: law, Seed: seed, Stream: stream}
	}
}
