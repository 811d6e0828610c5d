package compute

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// Formula reads a pointwise formula from text in Go's syntax:
//
//	compute.Formula("old + rate*(x - y)", "x", "y")
//
// It has decimal numbers, names, + - * /, parentheses, and the functions max(a, b), min(a, b), where(c, a, b), which is
// a where c > 0 and else b, exp, log, sqrt, abs, sign, relu, tanh, sigmoid, leakyrelu and selu (see [Activate]). The
// argument in names the inputs, in the order of an op's In, whether the text uses them or not. The name old is the
// output's old value. Any other name is a constant, to which [Func.With] gives a value.
//
// A repeated part is computed once. Consts of the [Func] has named constants in the order in which the text first names
// them. Each number of the text is a constant, and so is each number within a function's definition, so that formulas
// that differ in numbers alone are one program.
//
// Errors: [Func.Err] reports the fault in the text and its position, and so does each op that uses the Func.
func Formula(text string, in ...string) *Func {
	f := &Func{Vars: len(in), source: source{text: text, in: slices.Clone(in)}, last: new(atomic.Pointer[Func])}
	r := &reading{source: &f.source, known: map[string]Expr{"old": Old()}}
	r.inputs()
	tree, err := parser.ParseExprFrom(token.NewFileSet(), "", text, 0)
	if list := (scanner.ErrorList{}); errors.As(err, &list) {
		r.fail(list[0].Pos.Offset, "%s", list[0].Msg)
	}
	var e Expr
	if r.err == nil {
		e, _ = r.read(tree)
	}
	if f.err = r.err; f.err != nil {
		return f
	}
	at := f.compile(e)
	f.consts = make([]mention, len(f.Consts))
	for _, m := range r.named {
		f.consts[f.Code[at[r.known[m.name].node]].Num] = m
	}
	return f
}

// A source is the text of a Func that Formula read.
type source struct {
	text   string
	in     []string
	consts []mention // like Func.Consts; a number has no name
}

// A mention is the place where a text first names a constant.
type mention struct {
	name   string
	offset int
}

// errorf returns an error in the text, at an offset or, below 0, of the text as a whole.
func (s *source) errorf(offset int, format string, args ...any) error {
	place := ""
	if offset >= 0 {
		before := s.text[:offset]
		place = fmt.Sprintf("column %d: ", 1+utf8.RuneCountInString(before[1+strings.LastIndex(before, "\n"):]))
		if strings.Contains(s.text, "\n") {
			place = fmt.Sprintf("line %d, %s", 1+strings.Count(before, "\n"), place)
		}
	}
	return fmt.Errorf("%s: %s%w", s, place, fmt.Errorf(format, args...))
}

// String names the formula in errors.
func (s *source) String() string {
	if s.text == "" {
		return "formula"
	}
	return fmt.Sprintf("formula %q", s.text)
}

// A reading translates a parsed text to an Expr.
type reading struct {
	*source
	known map[string]Expr // parts read so far, by the name that read gives them
	named []mention       // the constants among them
	err   error           // the first
}

func (r *reading) fail(offset int, format string, args ...any) {
	if r.err == nil {
		r.err = r.errorf(offset, format, args...)
	}
}

func (r *reading) inputs() {
	for i, name := range r.in {
		switch {
		case !token.IsIdentifier(name):
			r.fail(-1, "input %q, want a name that Go would take", name)
		case name == "old":
			r.fail(-1, "input old, which is what the output held")
		case functions[name].args > 0:
			r.fail(-1, "input %s, which is a function", name)
		case r.known[name].node != nil:
			r.fail(-1, "input %s twice", name)
		}
		r.known[name] = Var(i)
	}
}

// offset returns the position of n in the text, the only one of its FileSet.
func offset(p token.Pos) int { return int(p) - 1 }

// read returns the Expr of n and a name for it, equal for equal parts.
func (r *reading) read(n ast.Expr) (Expr, string) {
	switch n := n.(type) {
	case *ast.ParenExpr:
		return r.read(n.X)
	case *ast.Ident:
		return r.name(n), n.Name
	case *ast.BasicLit:
		return r.number(n, 1)
	case *ast.UnaryExpr:
		if x, ok := n.X.(*ast.BasicLit); ok && n.Op == token.SUB {
			return r.number(x, -1)
		}
		switch n.Op {
		case token.ADD:
			return r.read(n.X)
		case token.SUB:
			return r.apply("-", one(Neg), n.X)
		}
		r.fail(offset(n.OpPos), "operator %s, want + or -", n.Op)
	case *ast.BinaryExpr:
		if do, ok := operators[n.Op]; ok {
			return r.apply(n.Op.String(), do, n.X, n.Y)
		}
		r.fail(offset(n.OpPos), "operator %s, want + - * /", n.Op)
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && !n.Ellipsis.IsValid() {
			return r.call(name, n.Args)
		}
		r.strange(n)
	default:
		r.strange(n)
	}
	return Const(0), ""
}

func (r *reading) strange(n ast.Expr) {
	r.fail(offset(n.Pos()), "%s, want numbers, names, + - * /, parentheses and functions", r.text[offset(n.Pos()):offset(n.End())])
}

// name returns an input, old, or a constant, whose value is NaN until With sets it.
func (r *reading) name(n *ast.Ident) Expr {
	if functions[n.Name].args > 0 {
		r.fail(offset(n.Pos()), "%s is a function, want %s(…)", n.Name, n.Name)
	}
	e, ok := r.known[n.Name]
	if !ok {
		e = Const(float32(math.NaN()))
		r.known[n.Name] = e
		r.named = append(r.named, mention{n.Name, offset(n.Pos())})
	}
	return e
}

// number returns a new constant each time.
func (r *reading) number(n *ast.BasicLit, sign float32) (Expr, string) {
	at, text := offset(n.Pos()), n.Value
	if n.Kind != token.INT && n.Kind != token.FLOAT || strings.ContainsAny(text, "xX_") ||
		n.Kind == token.INT && len(text) > 1 && text[0] == '0' {
		r.fail(at, "%s, want a decimal number", text)
		return Const(0), ""
	}
	x, err := strconv.ParseFloat(text, 32)
	digits, _, _ := strings.Cut(strings.ToLower(text), "e")
	switch {
	case err != nil:
		r.fail(at, "%s, want at most %g", text, float32(math.MaxFloat32))
	case x == 0 && strings.ContainsAny(digits, "123456789"):
		r.fail(at, "%s, which a float32 has as 0, want 0 or at least %g", text, float32(math.SmallestNonzeroFloat32))
	}
	c := sign * float32(x)
	return Const(c), spell(c)
}

func (r *reading) call(name *ast.Ident, args []ast.Expr) (Expr, string) {
	f, ok := functions[name.Name]
	switch {
	case !ok:
		r.fail(offset(name.Pos()), "function %s, want one of %v", name.Name, slices.Sorted(maps.Keys(functions)))
	case len(args) != f.args:
		r.fail(offset(name.Pos()), "%s of %d, want %d arguments", name.Name, len(args), f.args)
	default:
		return r.apply(name.Name, f, args...)
	}
	return Const(0), ""
}

// apply returns f of args, or the Expr made earlier for the same arguments.
func (r *reading) apply(name string, f function, args ...ast.Expr) (Expr, string) {
	of, names := make([]Expr, len(args)), make([]string, len(args))
	for i, a := range args {
		of[i], names[i] = r.read(a)
	}
	name += "(" + strings.Join(names, ",") + ")"
	e, ok := r.known[name]
	if !ok {
		e = f.of(of)
		r.known[name] = e
	}
	return e, name
}

// A function is a named function of formulas and its number of arguments.
type function struct {
	args int
	of   func(a []Expr) Expr
}

func one(f func(a Expr) Expr) function {
	return function{1, func(a []Expr) Expr { return f(a[0]) }}
}

func two(f func(a, b Expr) Expr) function {
	return function{2, func(a []Expr) Expr { return f(a[0], a[1]) }}
}

func act(a Act) function { return one(func(x Expr) Expr { return Activate(a, x) }) }

var operators = map[token.Token]function{token.ADD: two(Add), token.SUB: two(Sub), token.MUL: two(Mul), token.QUO: two(Div)}

var functions = map[string]function{
	"exp":       one(Exp),
	"log":       one(Log),
	"sqrt":      one(Sqrt),
	"abs":       one(Abs),
	"sign":      one(Sign),
	"max":       two(Max),
	"min":       two(Min),
	"where":     {3, func(a []Expr) Expr { return Select(a[0], a[1], a[2]) }},
	"relu":      act(ReLU),
	"tanh":      act(Tanh),
	"sigmoid":   act(Sigmoid),
	"leakyrelu": act(LeakyReLU),
	"selu":      act(SELU),
}

// Err returns the fault in f's text or in With's arguments. A constant without a value is no error until an op uses f.
func (f *Func) Err() error { return f.err }

// With returns f with a value for one of the constants that its text names. It does not read the text again, and f
// remembers the last result: the same call again allocates nothing.
func (f *Func) With(name string, value float32) *Func {
	if f.err != nil {
		return f
	}
	i := slices.IndexFunc(f.consts, func(m mention) bool { return m.name == name && name != "" })
	if i >= 0 && finite(value) {
		return f.bind(i, value)
	}
	g := *f
	if g.err = f.errorf(-1, "%s is to be %g, want a finite number", name, value); i < 0 {
		g.err = f.errorf(-1, "a value for %q, which is not among the constants %v", name, f.names())
	}
	return &g
}

// names lists the names of the named constants.
func (s *source) names() (all []string) {
	for _, m := range s.consts {
		if m.name != "" {
			all = append(all, m.name)
		}
	}
	return all
}

// remembering is the longest chain of Funcs, each made of the one before, that remember their successor. It is enough
// to give each constant a value, and f = f.With(…) without end keeps no more.
const remembering = MaxConsts

func (f *Func) bind(i int, value float32) *Func {
	if g := f.last.Load(); g != nil && sameBits(g.Consts[i], value) && sameBut(i, f.Consts, g.Consts) {
		return g
	}
	g := *f
	g.Consts = slices.Clone(f.Consts)
	g.Consts[i] = value
	g.last, g.depth = new(atomic.Pointer[Func]), f.depth+1
	if f.depth < remembering {
		f.last.Store(&g)
	}
	return &g
}

func sameBits(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }

// sameBut reports whether a and b are equal to the bit, apart from element i.
func sameBut(i int, a, b []float32) bool {
	return slices.EqualFunc(a[:i], b[:i], sameBits) && slices.EqualFunc(a[i+1:], b[i+1:], sameBits)
}

// ready reports why f cannot be computed from that number of inputs.
func (f *Func) ready(inputs int) error {
	switch unset := f.unset(); {
	case f.err != nil:
		return f.err
	case len(f.Code) == 0:
		return errors.New("no formula")
	case unset != nil:
		return f.errorf(unset.offset, "%s has no value: it is not among the inputs %v, and With gave it none", unset.name, f.in)
	case !allFinite(f.Consts):
		return fmt.Errorf("the formula has the constants %v, want finite numbers", f.Consts)
	case f.Vars != inputs && f.text != "":
		return f.errorf(-1, "the inputs are %v, and there are %d tensors", f.in, inputs)
	case f.Vars != inputs:
		return fmt.Errorf("the formula has inputs up to Var(%d), and there are %d tensors", f.Vars-1, inputs)
	}
	return nil
}

// unset returns the first constant without a value, or nil.
func (f *Func) unset() *mention {
	for i := range f.consts {
		if m := &f.consts[i]; m.name != "" && math.IsNaN(float64(f.Consts[i])) {
			return m
		}
	}
	return nil
}

// String returns f as text that [Formula] reads, with the input names of its own text or, for an [Expr], x0, x1, ….
// Constants are numbers or, without a value, names. A part that is used twice is written out twice.
func (f *Func) String() string {
	return f.spelled(func(i int) string {
		if i < len(f.in) {
			return f.in[i]
		}
		return fmt.Sprint("x", i)
	}, func(i int) (string, int) {
		switch c := float64(f.Consts[i]); {
		case math.IsNaN(c) && i < len(f.consts) && f.consts[i].name != "":
			return f.consts[i].name, asAtom
		case math.Signbit(c):
			return spell(f.Consts[i]), asSigned
		}
		return spell(f.Consts[i]), asNumber
	})
}

// Shape returns f with inputs x0, x1, … and a c for every constant: the same for formulas with the same Key.
func (f *Func) Shape() string {
	return f.spelled(func(i int) string { return fmt.Sprint("x", i) }, func(int) (string, int) { return "c", asAtom })
}

// spell writes x so that Formula reads it back to the bit.
func spell(x float32) string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }

// The precedence of operators in a text.
const (
	asSum = 1 + iota
	asProduct
	asSigned
	asNumber // −2 is a constant, and −(2) an instruction
	asAtom
)

func (f *Func) spelled(input func(i int) string, constant func(i int) (string, int)) string {
	if len(f.Code) == 0 {
		return f.text
	}
	var part func(i, least int) string
	part = func(i, least int) string {
		var s string
		binds := asAtom
		switch c := f.Code[i]; c.Do {
		case PrimVar:
			s = input(c.Num)
		case PrimConst:
			s, binds = constant(c.Num)
		case PrimOld:
			s = "old"
		case PrimAdd, PrimSub:
			s, binds = part(c.Args[0], asSum)+infix[c.Do]+part(c.Args[1], asProduct), asSum
		case PrimMul, PrimDiv:
			s, binds = part(c.Args[0], asProduct)+infix[c.Do]+part(c.Args[1], asSigned), asProduct
		case PrimNeg:
			s, binds = "-"+part(c.Args[0], asAtom), asSigned
		default:
			args := make([]string, c.Do.Arity())
			for k := range args {
				args[k] = part(c.Args[k], asSum)
			}
			s = c.Do.String() + "(" + strings.Join(args, ", ") + ")"
		}
		if binds < least {
			return "(" + s + ")"
		}
		return s
	}
	return part(len(f.Code)-1, asSum)
}

var infix = map[Prim]string{PrimAdd: " + ", PrimSub: " - ", PrimMul: "*", PrimDiv: "/"}
