package compute_test

import (
	"fmt"
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

// plainly is the formula that s spells, in float64.
func plainly(s string, in []float32, old float32) float64 {
	p := &parser{rest: s}
	e := p.expr()
	if p.rest != "" {
		panic("left over: " + p.rest)
	}
	return e.value(in, old)
}

// A tree is a formula read from its string.
type tree struct {
	name string
	args []tree
}

type parser struct{ rest string }

func (p *parser) expr() (e tree) {
	end := strings.IndexAny(p.rest+",", ",()")
	e.name, p.rest = p.rest[:end], p.rest[end:]
	if strings.HasPrefix(p.rest, "(") {
		for p.rest[0] != ')' {
			p.rest = strings.TrimLeft(p.rest[1:], " ")
			e.args = append(e.args, p.expr())
		}
		p.rest = p.rest[1:]
	}
	return e
}

func (e tree) value(in []float32, old float32) float64 {
	var a [3]float64
	for i, arg := range e.args {
		a[i] = arg.value(in, old)
	}
	switch e.name {
	case "old":
		return float64(old)
	case "add":
		return a[0] + a[1]
	case "sub":
		return a[0] - a[1]
	case "mul":
		return a[0] * a[1]
	case "div":
		return a[0] / a[1]
	case "neg":
		return -a[0]
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
	case "select":
		if a[0] > 0 {
			return a[1]
		}
		return a[2]
	}
	if i, err := strconv.Atoi(strings.TrimPrefix(e.name, "x")); err == nil && e.name[0] == 'x' {
		return float64(in[i])
	}
	x, err := strconv.ParseFloat(e.name, 32)
	if err != nil {
		panic(err)
	}
	return x
}

// built is the formula that was read, for printing it again.
func (e tree) built() compute.Expr {
	var a [3]compute.Expr
	for i, arg := range e.args {
		a[i] = arg.built()
	}
	switch e.name {
	case "old":
		return compute.Old()
	case "select":
		return compute.Select(a[0], a[1], a[2])
	}
	if f := map[string]func(a compute.Expr) compute.Expr{"neg": compute.Neg, "exp": compute.Exp, "log": compute.Log,
		"sqrt": compute.Sqrt}[e.name]; f != nil {
		return f(a[0])
	}
	if f := map[string]func(a, b compute.Expr) compute.Expr{"add": compute.Add, "sub": compute.Sub, "mul": compute.Mul,
		"div": compute.Div, "max": compute.Max, "min": compute.Min}[e.name]; f != nil {
		return f(a[0], a[1])
	}
	if e.name[0] == 'x' {
		i, _ := strconv.Atoi(e.name[1:])
		return compute.Var(i)
	}
	x, _ := strconv.ParseFloat(e.name, 32)
	return compute.Const(float32(x))
}

// TestFormulas: what any formula is said to be worth is what its string is worth in float64, within its
// bound on the worst device, however that rounds, with products fused into sums or not; and its string
// spells the same formula.
func TestFormulas(t *testing.T) {
	d := device(t)
	bounded, all := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		inputs := rapid.IntRange(0, 3).Draw(rt, "inputs")
		f := compute.Pointwise(wild(rt, inputs))
		m := compute.Map{Out: tensor(t, d, 1), F: f}
		c := compute.Contents{m.Out: {number(rt, "old")}}
		in := make([]float32, f.Vars)
		for i := range in {
			in[i] = number(rt, fmt.Sprint("x", i))
			m.In = append(m.In, tensor(t, d, 1))
			c[m.In[i]] = in[i : i+1]
		}
		if len(f.Consts) > compute.MaxConsts {
			return
		}
		v := compute.Define(m, c)(0, 0)
		if all++; !v.Bounded() {
			return
		}
		bounded++
		want := plainly(f.String(), in, c[m.Out][0])
		if !(math.Abs(v.X-want) <= v.Err+1e-15*math.Abs(want)) {
			rt.Errorf("%v of %v, old %v is %v, and in float64 %g", f, in, c[m.Out], v, want)
		}
		seed := rapid.Uint64().Draw(rt, "seed")
		for i, mode := range append(modes, computetest.AnyWay) {
			u := rounding(computetest.Float32{Times: 1, Mode: mode, Seed: seed + uint64(i)})
			u.Begin()
			if got := u.Evaluate(f, func(i int) float32 { return in[i] }, c[m.Out][0]); !v.Allows(got) {
				rt.Errorf("%v of %v, old %v, rounded %v, is %g: want %v", f, in, c[m.Out], mode, got, v)
			}
		}
		again := compute.Pointwise((&parser{rest: f.String()}).expr().built())
		if again.String() != f.String() {
			rt.Errorf("%v is read as %v", f, again)
		}
	})
	t.Logf("%d of %d formulas had a bound", bounded, all)
	if 4*bounded < all {
		t.Error("too few to say anything")
	}
}

// TestFormulaKeys: another constant is the same formula to a backend, anything else is another.
func TestFormulaKeys(t *testing.T) {
	x, y := compute.Var(0), compute.Var(1)
	f := compute.Pointwise(compute.Mul(compute.Const(2), x))
	if g := f.WithConsts(3); g.Key() != f.Key() || g.String() != "mul(3, x0)" || f.String() != "mul(2, x0)" {
		t.Errorf("With(3) is %v of key %s; want mul(3, x0) of key %s", g, g.Key(), f.Key())
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
