package compute_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hebb/compute"
	"hebb/compute/computetest"
)

// wild draws a formula of any primitives whatever, divisions by 0 and roots of negatives among them.
func wild(t *rapid.T, inputs int) compute.Expr {
	pool := []compute.Expr{compute.Old()}
	for i := range inputs {
		pool = append(pool, compute.Var(i))
	}
	for range rapid.IntRange(0, 3).Draw(t, "constants") {
		pool = append(pool, compute.Const(number(t, "constant")))
	}
	for range rapid.IntRange(0, 12).Draw(t, "steps") {
		one := func() compute.Expr { return pool[len(pool)-1-rapid.IntRange(0, len(pool)-1).Draw(t, "of")] }
		two := map[string]func(a, b compute.Expr) compute.Expr{"add": compute.Add, "sub": compute.Sub, "mul": compute.Mul,
			"div": compute.Div, "max": compute.Max, "min": compute.Min}
		single := map[string]func(a compute.Expr) compute.Expr{"neg": compute.Neg, "exp": compute.Exp, "log": compute.Log, "sqrt": compute.Sqrt}
		name := rapid.SampledFrom([]string{"add", "sub", "mul", "div", "max", "min", "neg", "exp", "log", "sqrt", "select"}).Draw(t, "step")
		switch {
		case two[name] != nil:
			pool = append(pool, two[name](one(), one()))
		case single[name] != nil:
			pool = append(pool, single[name](one()))
		default:
			pool = append(pool, compute.Select(one(), one(), one()))
		}
	}
	return pool[len(pool)-1]
}

// number draws a float32: small whole numbers, subnormals, huge ones, all others.
func number(t *rapid.T, label string) float32 {
	return rapid.OneOf(
		rapid.Map(rapid.IntRange(-8, 8), func(i int) float32 { return float32(i) }),
		rapid.Float32Range(-10, 10),
		rapid.Float32Range(0x1p-149, 0x1p-120),
		rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32),
	).Draw(t, label)
}

// plainly evaluates the formula s in float64: read by Go's parser, as Formula does, and evaluated on its tree.
func plainly(s string, in []float32, old float32) float64 {
	e, err := parser.ParseExpr(s)
	if err != nil {
		panic(err)
	}
	return valueOf(e, in, old)
}

func valueOf(e ast.Expr, in []float32, old float32) float64 {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return valueOf(e.X, in, old)
	case *ast.UnaryExpr:
		return -valueOf(e.X, in, old)
	case *ast.BinaryExpr:
		a, b := valueOf(e.X, in, old), valueOf(e.Y, in, old)
		return map[token.Token]float64{token.ADD: a + b, token.SUB: a - b, token.MUL: a * b, token.QUO: a / b}[e.Op]
	case *ast.CallExpr:
		var a []float64
		for _, arg := range e.Args {
			a = append(a, valueOf(arg, in, old))
		}
		return called(e.Fun.(*ast.Ident).Name, a)
	case *ast.BasicLit:
		x, err := strconv.ParseFloat(e.Value, 32)
		if err != nil {
			panic(err)
		}
		return x
	}
	name := e.(*ast.Ident).Name
	if name == "old" {
		return float64(old)
	}
	i, err := strconv.Atoi(strings.TrimPrefix(name, "x"))
	if err != nil {
		panic(err)
	}
	return float64(in[i])
}

func called(name string, a []float64) float64 {
	switch name {
	case "exp":
		return math.Exp(a[0])
	case "log":
		return math.Log(a[0])
	case "sqrt":
		return math.Sqrt(max(a[0], 0))
	case "max":
		return max(a[0], a[1])
	case "min":
		return min(a[0], a[1])
	case "where":
		if a[0] > 0 {
			return a[1]
		}
		return a[2]
	}
	panic(name)
}

// TestFormulas: the value of any formula is its text's value in float64, within its bound on the worst device, however
// that rounds, with products fused into sums or not.
func TestFormulas(t *testing.T) {
	d := device(t)
	bounded, all := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		inputs := rapid.IntRange(0, 3).Draw(rt, "inputs")
		f := compute.Pointwise(wild(rt, inputs))
		old, in := number(rt, "old"), make([]float32, f.Vars)
		for i := range in {
			in[i] = number(rt, fmt.Sprint("x", i))
		}
		if len(f.Consts) > compute.MaxConsts {
			return
		}
		v := compute.Define(mapOf(t, d, f, old, in...))(0, 0)
		if all++; !v.Bounded() {
			return
		}
		bounded++
		want := plainly(f.String(), in, old)
		if !(math.Abs(v.X-want) <= v.Err+1e-15*math.Abs(want)) {
			rt.Errorf("%v of %v, old %v is %v, and in float64 %g", f, in, old, v, want)
		}
		seed := rapid.Uint64().Draw(rt, "seed")
		for i, mode := range append(modes, computetest.AnyWay) {
			u := rounding(computetest.Float32{Times: 1, Mode: mode, Seed: seed + uint64(i)})
			u.Begin()
			if got := u.Evaluate(f, func(i int) float32 { return in[i] }, old); !v.Allows(got) {
				rt.Errorf("%v of %v, old %v, rounded %v, is %g: want %v", f, in, old, mode, got, v)
			}
		}
	})
	t.Logf("%d of %d formulas had a bound", bounded, all)
	if 4*bounded < all {
		t.Error("too few to say anything")
	}
}

// TestFormulaKeys: other constants do not change a formula's key, anything else does.
func TestFormulaKeys(t *testing.T) {
	x, y := compute.Var(0), compute.Var(1)
	f := compute.Pointwise(compute.Mul(compute.Const(2), x))
	if g := f.WithConsts(3); g.Key() != f.Key() || g.String() != "3*x0" || f.String() != "2*x0" {
		t.Errorf("WithConsts(3) is %v of key %s; want 3*x0 of key %s", g, g.Key(), f.Key())
	}
	seen := map[string]string{}
	for _, e := range []compute.Expr{x, y, compute.Old(), compute.Const(1), compute.Add(x, y), compute.Sub(x, y), compute.Sub(y, x),
		compute.Add(x, x), compute.Mul(x, y), compute.Neg(x), compute.Exp(x), compute.Select(x, y, x), compute.Select(x, x, y)} {
		g := compute.Pointwise(e)
		if other, ok := seen[g.Key()]; ok {
			t.Errorf("%v and %s have one key", g, other)
		}
		seen[g.Key()] = g.String()
	}
	shared := compute.Exp(x)
	if g := compute.Pointwise(compute.Add(shared, compute.Mul(shared, shared))); len(g.Code) != 4 {
		t.Errorf("%v takes %d instructions, want 4: exp is computed once", g, len(g.Code))
	}
}
