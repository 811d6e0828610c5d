package compute_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"weak"

	"pgregory.net/rapid"

	"hebb/compute"
)

// mapOf returns a Map by f with inputs of one number each, and the contents of its tensors.
func mapOf(t *testing.T, d *compute.Device, f *compute.Func, old float32, in ...float32) (compute.Map, compute.Contents) {
	m := compute.Map{Out: tensor(t, d, 1), F: f}
	c := compute.Contents{m.Out: {old}}
	for i := range in {
		m.In = append(m.In, tensor(t, d, 1))
		c[m.In[i]] = in[i : i+1]
	}
	return m, c
}

// TestFormulaMistakes: each mistake is found, and the message has its position.
func TestFormulaMistakes(t *testing.T) {
	const want = ", want numbers, names, + - * /, parentheses and functions"
	for _, test := range []struct {
		text string
		in   []string
		err  string
	}{
		{"old + rate*(x % y)", []string{"x", "y"}, `formula "old + rate*(x % y)": column 15: operator %, want + - * /`},
		{"!x", []string{"x"}, `formula "!x": column 1: operator !, want + or -`},
		{"x == 1", []string{"x"}, `formula "x == 1": column 3: operator ==, want + - * /`},
		{"η*Δ ^ x", []string{"x"}, `formula "η*Δ ^ x": column 5: operator ^, want + - * /`},
		{"x +\n\ty +\n\tx%y", []string{"x", "y"}, `formula "x +\n\ty +\n\tx%y": line 3, column 3: operator %, want + - * /`},
		{"", nil, `formula: column 1: expected operand, found 'EOF'`},
		{"x + ", []string{"x"}, `formula "x + ": column 5: expected operand, found 'EOF'`},
		{"2 x", []string{"x"}, `formula "2 x": column 3: expected 'EOF', found x`},
		{"x; y", []string{"x", "y"}, `formula "x; y": column 2: expected 'EOF', found ';'`},
		{"cos(x)", []string{"x"}, `formula "cos(x)": column 1: function cos, want one of [abs exp leakyrelu log max min relu selu sigmoid sign sqrt tanh where]`},
		{"2 + max(x)", []string{"x"}, `formula "2 + max(x)": column 5: max of 1, want 2 arguments`},
		{"where(x, x, x, x)", []string{"x"}, `formula "where(x, x, x, x)": column 1: where of 4, want 3 arguments`},
		{"x*exp", []string{"x"}, `formula "x*exp": column 3: exp is a function, want exp(…)`},
		{"x + y", []string{"x", "x"}, `formula "x + y": input x twice`},
		{"x", []string{"x", "old"}, `formula "x": input old, which is what the output held`},
		{"x", []string{"log"}, `formula "x": input log, which is a function`},
		{"x", []string{"x", "1y"}, `formula "x": input "1y", want a name that Go would take`},
		{"x", []string{"func"}, `formula "x": input "func", want a name that Go would take`},
		{"x", []string{""}, `formula "x": input "", want a name that Go would take`},
		{"1e39*x", []string{"x"}, `formula "1e39*x": column 1: 1e39, want at most 3.4028235e+38`},
		{"x - 1e-60", []string{"x"}, `formula "x - 1e-60": column 5: 1e-60, which a float32 has as 0, want 0 or at least 1e-45`},
		{"0x10", nil, `formula "0x10": column 1: 0x10, want a decimal number`},
		{"-0x1p-2", nil, `formula "-0x1p-2": column 2: 0x1p-2, want a decimal number`},
		{"1_000", nil, `formula "1_000": column 1: 1_000, want a decimal number`},
		{"010", nil, `formula "010": column 1: 010, want a decimal number`},
		{"2i", nil, `formula "2i": column 1: 2i, want a decimal number`},
		{"'a'", nil, `formula "'a'": column 1: 'a', want a decimal number`},
		{`"a"`, nil, `formula "\"a\"": column 1: "a", want a decimal number`},
		{"1 + x[0]", []string{"x"}, `formula "1 + x[0]": column 5: x[0]` + want},
		{"x.y", []string{"x"}, `formula "x.y": column 1: x.y` + want},
		{"max(x...)", []string{"x"}, `formula "max(x...)": column 1: max(x...)` + want},
		{"(exp)(x)", []string{"x"}, `formula "(exp)(x)": column 1: (exp)(x)` + want},
		{"*x", []string{"x"}, `formula "*x": column 1: *x` + want},
		{"a + b", strings.Split("a b c d e f g h", " "), `formula "a + b" of 8 inputs and 0 constants, want at most 7 and 16`},
		{"0+1+2+3+4+5+6+7+8+9+0+1+2+3+4+5+6", nil, `formula "0+1+2+3+4+5+6+7+8+9+0+1+2+3+4+5+6" of 0 inputs and 17 constants, want at most 7 and 16`},
	} {
		f := compute.Formula(test.text, test.in...)
		if got := fmt.Sprint(f.Err()); got != test.err {
			t.Errorf("of %q, inputs %q:\n%s, want\n%s", test.text, test.in, got, test.err)
		}
		if f.With("rate", 1).Err() != f.Err() {
			t.Errorf("%q: With has another error: %v", test.text, f.With("rate", 1).Err())
		}
		if d := device(t); admitted(t, d, f, test.in...) != fmt.Sprint(f.Err()) {
			t.Errorf("%q: an op says %s, want %v", test.text, admitted(t, d, f, test.in...), f.Err())
		}
	}
}

// admitted returns an op's error about f.
func admitted(t *testing.T, d *compute.Device, f *compute.Func, in ...string) string {
	m, _ := mapOf(t, d, f, 0, make([]float32, len(in))...)
	err := d.Step(func(s *compute.Step) error {
		s.Do(m)
		return s.Err()
	})
	var op *compute.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return fmt.Sprint(err)
}

// TestFormulaUse: errors in the values of constants and the number of inputs.
func TestFormulaUse(t *testing.T) {
	d := device(t)
	two := compute.Formula("keep*old + rate*(x - y)", "x", "y")
	for _, test := range []struct {
		f       *compute.Func
		in      []string
		err, op string
	}{
		{two.With("rate", 1).With("keep", 2), []string{"x", "y"}, "<nil>", "<nil>"},
		{two, []string{"x", "y"}, "<nil>", `formula "keep*old + rate*(x - y)": column 1: keep has no value: it is not among the inputs [x y], and With gave it none`},
		{two.With("keep", 1), []string{"x", "y"}, "<nil>", `formula "keep*old + rate*(x - y)": column 12: rate has no value: it is not among the inputs [x y], and With gave it none`},
		{compute.Formula("2*k"), nil, "<nil>", `formula "2*k": column 3: k has no value: it is not among the inputs [], and With gave it none`},
		{two.With("rat", 1), nil, `formula "keep*old + rate*(x - y)": a value for "rat", which is not among the constants [keep rate]`, ""},
		{two.With("x", 1), nil, `formula "keep*old + rate*(x - y)": a value for "x", which is not among the constants [keep rate]`, ""},
		{two.With("", 1), nil, `formula "keep*old + rate*(x - y)": a value for "", which is not among the constants [keep rate]`, ""},
		{two.With("rat", 1).With("keep", 1), nil, `formula "keep*old + rate*(x - y)": a value for "rat", which is not among the constants [keep rate]`, ""},
		{compute.Formula("2*x", "x").With("rate", 1), nil, `formula "2*x": a value for "rate", which is not among the constants []`, ""},
		{compute.Pointwise(compute.Const(1)).With("rate", 1), nil, `formula: a value for "rate", which is not among the constants []`, ""},
		{two.With("rate", float32(math.NaN())), nil, `formula "keep*old + rate*(x - y)": rate is to be NaN, want a finite number`, ""},
		{two.With("rate", float32(math.Inf(1))), nil, `formula "keep*old + rate*(x - y)": rate is to be +Inf, want a finite number`, ""},
		{compute.Formula("x", "x", "y"), []string{"x"}, "<nil>", `formula "x": the inputs are [x y], and there are 1 tensors`},
		{compute.Formula("1"), []string{"x"}, "<nil>", `formula "1": the inputs are [], and there are 1 tensors`},
	} {
		if test.op == "" {
			test.op = test.err
		}
		if got := fmt.Sprint(test.f.Err()); got != test.err {
			t.Errorf("%s, want\n%s", got, test.err)
		}
		if got := admitted(t, d, test.f, test.in...); got != test.op {
			t.Errorf("an op says\n%s, want\n%s", got, test.op)
		}
	}
}

// TestFormulaCode: a text is the same instructions as the calls that it stands for, in the same order, so the same
// bits and the same programs.
func TestFormulaCode(t *testing.T) {
	x, y, c, old := compute.Var(0), compute.Var(1), compute.Const, compute.Old
	add, sub, mul, div := compute.Add, compute.Sub, compute.Mul, compute.Div
	square := func(e compute.Expr) compute.Expr { return mul(e, e) }
	for _, test := range []struct {
		text string
		in   int
		e    compute.Expr
		with []string // the constants by name, in order
	}{
		{"keep*old - rate*x", 1, sub(mul(c(1), old()), mul(c(1), x)), []string{"keep", "rate"}},
		{"momentum*old + (x + decay*y)", 2, add(mul(c(1), old()), add(x, mul(c(1), y))), []string{"momentum", "decay"}},
		{"a*old - b*x - c*y", 2, sub(sub(mul(c(1), old()), mul(c(1), x)), mul(c(1), y)), []string{"a", "b", "c"}},
		{"a*old + b*(x + decay*y)", 2, add(mul(c(1), old()), mul(c(1), add(x, mul(c(1), y)))), []string{"a", "b", "decay"}},
		{"a*old + b*((x + decay*y)*(x + decay*y))", 2, add(mul(c(1), old()), mul(c(1), square(add(x, mul(c(1), y))))), []string{"a", "b", "decay"}},
		{"a*old - b*x/(sqrt(c*y) + eps)", 2, sub(mul(c(1), old()), div(mul(c(1), x), add(compute.Sqrt(mul(c(1), y)), c(1)))), []string{"a", "b", "c", "eps"}},
		{"x*x", 1, square(x), nil},
		{"0.5*x + 0.5*y", 2, add(mul(c(0.5), x), mul(c(0.5), y)), []string{"", ""}},
		{"exp(-2*x)*exp(-2*x)", 1, square(compute.Exp(mul(c(-2), x))), []string{""}},
		{"where(y, x, 0)", 2, compute.Through(compute.ReLU, x, y), []string{""}},
		{"sign(x) + k*abs(x)", 1, add(compute.Sign(x), mul(c(1), compute.Abs(x))), []string{"", "", "", "k"}},
		{"tanh(k*x)", 1, compute.Activate(compute.Tanh, mul(c(1), x)), []string{"k", "", "", ""}},
		{"selu(x)", 1, compute.Activate(compute.SELU, x), []string{"", "", ""}},
		{"relu(x) + sigmoid(y)", 2, add(compute.Activate(compute.ReLU, x), compute.Activate(compute.Sigmoid, y)), []string{"", "", ""}},
		{"leakyrelu(x)", 1, compute.Activate(compute.LeakyReLU, x), []string{""}},
		{"log(1 + x) - max(x, min(x, -y))", 2, sub(compute.Log(add(c(1), x)), compute.Max(x, compute.Min(x, compute.Neg(y)))), []string{""}},
		{"x - -y - -2 + +old", 2, add(sub(sub(x, compute.Neg(y)), c(-2)), old()), []string{""}},
		{"x / 2 / (k / .5)", 1, div(div(x, c(2)), div(c(1), c(0.5))), []string{"", "k", ""}},
		{"where(x - y,\n\tx, // more\n\ty)", 2, compute.Select(sub(x, y), x, y), nil},
	} {
		want, got := compute.Pointwise(test.e), compute.Formula(test.text, []string{"x", "y"}[:test.in]...)
		values := slices.Clone(want.Consts)
		if len(values) != len(test.with) {
			t.Errorf("%q: %d constants, want %q", test.text, len(values), test.with)
			continue
		}
		for i, name := range test.with {
			if name != "" {
				values[i] = float32(i) + 0.5
				got = got.With(name, values[i])
			}
		}
		if got.Err() != nil || got.Key() != want.Key() || !slices.Equal(got.Code, want.Code) ||
			!slices.Equal(got.Consts, values) || got.Vars != want.Vars || got.Old != want.Old {
			t.Errorf("%q is %v of %v (%v), want %v of %v", test.text, got.Code, got.Consts, got.Err(), want.Code, values)
		}
	}
}

// TestFormulaTextKeys: numbers and values of constants are no part of a key, inputs that are not read are.
func TestFormulaTextKeys(t *testing.T) {
	f := compute.Formula("keep*x + 2*old", "x")
	for _, g := range []*compute.Func{f.With("keep", 1), f.With("keep", 2).With("keep", 3), compute.Formula("3*y + k*old", "y")} {
		if g.Key() != f.Key() || g.Shape() != "c*x0 + c*old" {
			t.Errorf("%v has the key %s and the shape %s, want %s of %v", g, g.Key(), g.Shape(), f.Key(), f)
		}
	}
	if g := compute.Formula("keep*x + 2*old", "x", "y"); g.Key() == f.Key() || g.Vars != 2 {
		t.Errorf("%v of two inputs has %d and the key of %v of one", g, g.Vars, f)
	}
}

// TestWith: a Func with a value leaves the one without unchanged, and repeating the last call allocates nothing.
func TestWith(t *testing.T) {
	f := compute.Formula("old + rate*(keep*x)", "x")
	g := f.With("rate", 0.5).With("keep", 2)
	if f.String() != "old + rate*(keep*x)" || g.String() != "old + 0.5*(2*x)" || g.With("rate", 3).String() != "old + 3*(2*x)" {
		t.Errorf("%v became %v, and %v", f, g, g.With("rate", 3))
	}
	zero := float32(0)
	if a, b := f.With("rate", zero), f.With("rate", -zero); a.Consts[0] != 0 || !math.Signbit(float64(b.Consts[0])) {
		t.Errorf("rate is %g and %g, want 0 and −0", a.Consts[0], b.Consts[0])
	}
	if a, b := f.WithConsts(1, 2).With("rate", 5), f.WithConsts(1, 3).With("rate", 5); a.Consts[1] != 2 || b.Consts[1] != 3 {
		t.Errorf("constants %v and %v, want another's value of neither", a.Consts, b.Consts)
	}
	if n := testing.AllocsPerRun(100, func() { g = f.With("rate", 0.25).With("keep", 2) }); n != 0 || g.Consts[0] != 0.25 {
		t.Errorf("%g allocations for the values of last time, want none", n)
	}
	if n := testing.AllocsPerRun(100, func() { g.With("rate", 1); g.With("rate", 2) }); n == 0 {
		t.Error("no allocation for new values: the test shows nothing")
	}
}

// TestWithForgets: f = f.With(…) without end keeps few of them.
func TestWithForgets(t *testing.T) {
	f := compute.Formula("rate*x", "x")
	var all []weak.Pointer[compute.Func]
	for g, i := f, 0; i < 1000; i++ {
		g = g.With("rate", float32(i))
		all = append(all, weak.Make(g))
	}
	runtime.GC()
	kept := 0
	for _, p := range all {
		if p.Value() != nil {
			kept++
		}
	}
	if kept < 1 || kept > 20 {
		t.Errorf("%d of 1000 are kept, want about as many as there may be constants", kept)
	}
	runtime.KeepAlive(f)
}

// TestWithAtOnce: many may ask one Func for different values.
func TestWithAtOnce(t *testing.T) {
	f := compute.Formula("a*x + b", "x")
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for i := range 2000 {
				a, b := float32(i%3), float32(k)
				if g := f.With("a", a).With("b", b); g.Consts[0] != a || g.Consts[1] != b {
					t.Errorf("constants %v, want %g and %g", g.Consts, a, b)
				}
			}
		})
	}
	all.Wait()
}

// TestSpelling: parentheses are where the tree needs them, and nowhere else.
func TestSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"((a+b))+c":             "a + b + c",
		"a+(b+c)":               "a + (b + c)",
		"a-(b-c)":               "a - (b - c)",
		"a*b+c/d":               "a*b + c/d",
		"a*(b*c)":               "a*(b*c)",
		"(a*b)*c":               "a*b*c",
		"(a+b)*(c-d)":           "(a + b)*(c - d)",
		"-(a*b)":                "-(a*b)",
		"(-a)*b":                "-a*b",
		"a*(-b)":                "a*-b",
		"a - -b":                "a - -b",
		"-(-a)":                 "-(-a)",
		"-(2)*a":                "-(2)*a",
		"-2*a":                  "-2*a",
		"-(-2)":                 "-(-2)",
		"a + -0":                "a + -0",
		"+a + 0.10 + 100000000": "a + 0.1 + 1e+08",
		"where( a,(b), c+d )":   "where(a, b, c + d)",
		"rate*a":                "rate*a",
		"abs(a)":                "max(a, -a)",
		"(a + b)*(a + b)":       "(a + b)*(a + b)",
		"old":                   "old",
	} {
		if got := compute.Formula(text, "a", "b", "c", "d").String(); got != want {
			t.Errorf("%q is spelled %q, want %q", text, got, want)
		}
	}
	names := []string{"a", "b"}
	f := compute.Formula("a - b", names...)
	if names[0] = "other"; f.String() != "a - b" {
		t.Errorf("a - b has become %v with the slice of its names", f)
	}
	if f := compute.Formula("a %", "a"); f.String() != "a %" {
		t.Errorf("what could not be read is spelled %q", f)
	}
}

// tree is instruction i of f with all that it is made of, constants to the bit.
func tree(f *compute.Func, i int) string {
	c := f.Code[i]
	switch c.Do {
	case compute.PrimVar:
		return fmt.Sprint("x", c.Num)
	case compute.PrimConst:
		return fmt.Sprintf("%#x", math.Float32bits(f.Consts[c.Num]))
	}
	s := fmt.Sprint(uint8(c.Do), "(")
	for _, a := range c.Args[:c.Do.Arity()] {
		s += tree(f, a) + " "
	}
	return s + ")"
}

// TestRoundTrip: Formula reads String's output, to the bit; and its own result it writes again.
func TestRoundTrip(t *testing.T) {
	names := []string{"x0", "x1", "x2"}
	rapid.Check(t, func(rt *rapid.T) {
		f := compute.Pointwise(distinct(rt, rapid.IntRange(0, 3).Draw(rt, "depth"), new(int)))
		g := compute.Formula(f.String(), names[:f.Vars]...)
		if g.Err() != nil {
			rt.Fatalf("%v: %v", f, g.Err())
		}
		if a, b := tree(f, len(f.Code)-1), tree(g, len(g.Code)-1); a != b || g.String() != f.String() || len(g.Code) > len(f.Code) {
			rt.Fatalf("%v of %d instructions is read as %v of %d:\n%s\n%s", f, len(f.Code), g, len(g.Code), a, b)
		}
		h := compute.Formula(g.String(), names[:g.Vars]...)
		if h.Key() != g.Key() || !slices.Equal(h.Code, g.Code) || !slices.EqualFunc(h.Consts, g.Consts,
			func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			rt.Fatalf("%v is %v of %v, and then %v of %v", g, g.Code, g.Consts, h.Code, h.Consts)
		}
	})
}

// distinct draws an expression with no more constants than a formula may have, each used once.
func distinct(t *rapid.T, depth int, consts *int) compute.Expr {
	leaf := func() compute.Expr {
		switch k := rapid.IntRange(0, 4).Draw(t, "leaf"); {
		case k == 4 && *consts < compute.MaxConsts:
			*consts++
			return compute.Const(number(t, "constant"))
		case k >= 3:
			return compute.Old()
		default:
			return compute.Var(k)
		}
	}
	if depth == 0 {
		return leaf()
	}
	sub := func() compute.Expr { return distinct(t, depth-rapid.IntRange(1, depth).Draw(t, "less"), consts) }
	switch rapid.IntRange(0, 10).Draw(t, "step") {
	case 0:
		return compute.Add(sub(), sub())
	case 1:
		return compute.Sub(sub(), sub())
	case 2:
		return compute.Mul(sub(), sub())
	case 3:
		return compute.Div(sub(), sub())
	case 4:
		return compute.Max(sub(), sub())
	case 5:
		return compute.Min(sub(), sub())
	case 6:
		return compute.Exp(sub())
	case 7:
		return compute.Log(sub())
	case 8:
		return compute.Sqrt(sub())
	case 9:
		return compute.Select(sub(), sub(), sub())
	}
	return compute.Neg(sub())
}

// TestAnyText: any text is a formula that is read again as itself, or an error.
func TestAnyText(t *testing.T) {
	words := strings.Split("x y old rate exp max where tanh sigmoid abs 0 1 2.5 1e-8 1e99 0x1 ' \" + - * / + - * / % ( ) ( ) , . [ ] { } ; = := func \n // η", " ")
	read, all := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		var text strings.Builder
		for _, w := range rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(rt, "words") {
			text.WriteString(w)
			if rapid.Bool().Draw(rt, "apart") {
				text.WriteString(" ")
			}
		}
		f := compute.Formula(text.String(), "x", "y")
		if all++; f.Err() != nil {
			return
		}
		read++
		g := compute.Formula(f.String(), "x", "y")
		if g.Err() != nil || g.Key() != f.Key() || g.String() != f.String() {
			rt.Fatalf("%q is %v, and then %v: %v", text.String(), f, g, g.Err())
		}
	})
	t.Logf("%d of %d were formulas", read, all)
	if read == 0 {
		t.Error("none was a formula: the test shows nothing")
	}
}
