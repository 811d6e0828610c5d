package compute

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// An Expr is a pointwise formula, built by the functions below. An Expr used twice is computed once.
//
// In float32 every step rounds, by the rules of [Val]; a backend may fuse a product with a sum. [Formula] builds one
// from text. Build a formula once and keep it: [Pointwise] compiles it, and backends recognise it by its shape.
type Expr struct{ *node }

type node struct {
	do   Prim
	args []Expr
	num  int
	val  float32
}

// A Prim is a primitive of formulas; eval defines its exact value and its float32 error.
type Prim uint8

const (
	PrimVar Prim = iota
	PrimConst
	PrimOld
	PrimAdd
	PrimSub
	PrimMul
	PrimDiv
	PrimNeg
	PrimExp
	PrimLog
	PrimSqrt
	PrimMax
	PrimMin
	PrimSelect
)

var primNames = []string{"x", "c", "old", "add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "max", "min", "where"}

func (p Prim) String() string { return primNames[p] }

// Arity returns the number of arguments of p.
func (p Prim) Arity() int {
	switch p {
	case PrimVar, PrimConst, PrimOld:
		return 0
	case PrimNeg, PrimExp, PrimLog, PrimSqrt:
		return 1
	case PrimSelect:
		return 3
	}
	return 2
}

func Var(i int) Expr       { return Expr{&node{do: PrimVar, num: i}} }   // the i-th input
func Const(x float32) Expr { return Expr{&node{do: PrimConst, val: x}} } // another value costs no compilation
func Old() Expr            { return Expr{&node{do: PrimOld}} }           // the output's old value
func Add(a, b Expr) Expr   { return prim(PrimAdd, a, b) }
func Sub(a, b Expr) Expr   { return prim(PrimSub, a, b) }
func Mul(a, b Expr) Expr   { return prim(PrimMul, a, b) }
func Div(a, b Expr) Expr   { return prim(PrimDiv, a, b) } // no bound where b may be 0
func Neg(a Expr) Expr      { return prim(PrimNeg, a) }
func Exp(a Expr) Expr      { return prim(PrimExp, a) }
func Log(a Expr) Expr      { return prim(PrimLog, a) }  // natural; no bound where a may be ≤ 0
func Sqrt(a Expr) Expr     { return prim(PrimSqrt, a) } // √max(a, 0)
func Max(a, b Expr) Expr   { return prim(PrimMax, a, b) }
func Min(a, b Expr) Expr   { return prim(PrimMin, a, b) }

// Select is a where c > 0, else b.
func Select(c, a, b Expr) Expr { return prim(PrimSelect, c, a, b) }

// Functions made of these primitives follow. exp sees no positive argument, so nothing overflows.

// Sum adds up terms from the left.
func Sum(first Expr, more ...Expr) Expr {
	for _, e := range more {
		first = Add(first, e)
	}
	return first
}

// Scale is k·x for a number k.
func Scale(k float32, x Expr) Expr { return Mul(Const(k), x) }

// Abs is |x|.
func Abs(x Expr) Expr { return Max(x, Neg(x)) }

// Sign is −1, 0 or 1.
func Sign(x Expr) Expr { return Select(x, Const(1), Select(Neg(x), Const(-1), Const(0))) }

// Activate is a(x), evaluated as an [Epilogue] does.
func Activate(a Act, x Expr) Expr {
	switch a {
	case ReLU:
		return Max(x, Const(0))
	case Tanh:
		e := Exp(Mul(Const(-2), Abs(x)))
		t := Div(Sub(Const(1), e), Add(Const(1), e))
		return Select(x, t, Neg(t))
	case Sigmoid:
		e := Exp(Neg(Abs(x)))
		return Div(Select(x, Const(1), e), Add(Const(1), e))
	case LeakyReLU:
		return Select(x, x, Mul(Const(LeakySlope), x))
	case SELU:
		e := Exp(Neg(Abs(x)))
		return Select(x, Mul(Const(SELUScale), x), Mul(Const(SELULimit), Sub(e, Const(1))))
	}
	return x
}

// Through is v·a′, with a′ a function of the output y of a, evaluated as an [Epilogue] does.
func Through(a Act, v, y Expr) Expr {
	switch a {
	case ReLU:
		return Select(y, v, Const(0))
	case Tanh:
		return Mul(v, Sub(Const(1), Mul(y, y)))
	case Sigmoid:
		return Mul(v, Mul(y, Sub(Const(1), y)))
	case LeakyReLU:
		return Select(y, v, Mul(Const(LeakySlope), v))
	case SELU:
		return Mul(v, Select(y, Const(SELUScale), Add(y, Const(SELULimit))))
	}
	return v
}

func prim(p Prim, args ...Expr) Expr { return Expr{&node{do: p, args: args}} }

// A Func is a compiled formula, made by [Formula] or [Pointwise]: instructions, each of which refers to earlier ones.
// The last is the result. Do not modify it.
type Func struct {
	Code   []Instr
	Consts []float32
	Vars   int  // the number of inputs: Formula's, or 1 + the largest Var
	Old    bool // the formula reads the output's old value
	key    string
	err    error

	source
	last  *atomic.Pointer[Func] // the last result of With
	depth int                   // the number of Withs that made it
}

// An Instr applies Do to the results of earlier instructions; for PrimVar and PrimConst, Num is the index of the input
// or constant.
type Instr struct {
	Do   Prim
	Num  int
	Args [3]int
}

// MaxVars and MaxConsts bound a formula: OpenGL 4.3 promises 8 buffers to a shader.
const MaxVars, MaxConsts = 7, 16

// Pointwise compiles e. The op that uses a formula of too many inputs or constants refuses it.
func Pointwise(e Expr) *Func {
	f := &Func{}
	f.compile(e)
	return f
}

// compile maps each node of e to its instruction.
func (f *Func) compile(e Expr) map[*node]int {
	at := map[*node]int{}
	f.emit(e, at)
	if f.err == nil && (f.Vars > MaxVars || len(f.Consts) > MaxConsts) {
		f.err = fmt.Errorf("%s of %d inputs and %d constants, want at most %d and %d",
			&f.source, f.Vars, len(f.Consts), MaxVars, MaxConsts)
	}
	f.key = fmt.Sprint(f.Vars, f.Code)
	return at
}

// WithConsts returns f with other constants, in the order of its own, so that a rate may change from step to
// step without a new formula.
func (f *Func) WithConsts(consts ...float32) *Func {
	g := *f
	if g.Consts = consts; len(consts) != len(f.Consts) && g.err == nil {
		g.err = fmt.Errorf("%d constants for a formula of %d", len(consts), len(f.Consts))
	}
	return &g
}

// Key is equal for formulas that differ only in the values of their constants.
func (f *Func) Key() string { return f.key }

func (f *Func) emit(e Expr, done map[*node]int) int {
	if i, ok := done[e.node]; ok {
		return i
	}
	if e.node == nil {
		f.err = errors.New("a part of the formula is Expr{}, want one made by Var, Const, Add, …")
		e = Const(0)
	}
	in := Instr{Do: e.do}
	switch e.do {
	case PrimVar:
		if e.num < 0 && f.err == nil {
			f.err = fmt.Errorf("the formula has Var(%d)", e.num)
		}
		in.Num, f.Vars = e.num, max(f.Vars, e.num+1)
	case PrimConst:
		in.Num, f.Consts = len(f.Consts), append(f.Consts, e.val)
	case PrimOld:
		f.Old = true
	}
	for i, a := range e.args {
		in.Args[i] = f.emit(a, done)
	}
	f.Code = append(f.Code, in)
	done[e.node] = len(f.Code) - 1
	return len(f.Code) - 1
}

// at defines the formula, with an error bound propagated step by step.
func (f *Func) at(in func(i int) float32, old float32) Val {
	r := make([]Val, len(f.Code))
	for i, c := range f.Code {
		switch c.Do {
		case PrimVar:
			r[i] = leaf(in(c.Num))
		case PrimConst:
			r[i] = leaf(f.Consts[c.Num])
		case PrimOld:
			r[i] = leaf(old)
		default:
			if r[i] = eval(c.Do, r[c.Args[0]], r[c.Args[1]], r[c.Args[2]]); !r[i].Bounded() {
				r[i] = unbounded // and never a bound that is NaN
			}
		}
	}
	return r[len(r)-1]
}

// eval defines the primitives.
func eval(p Prim, a, b, c Val) Val {
	switch p {
	case PrimAdd:
		return a.add(b)
	case PrimSub:
		return a.sub(b)
	case PrimMul:
		return a.mul(b)
	case PrimDiv:
		return a.div(b)
	case PrimNeg:
		return a.neg()
	case PrimExp:
		return a.exp()
	case PrimLog:
		return a.log()
	case PrimSqrt:
		return a.sqrt()
	case PrimMax:
		return Val{math.Max(a.X, b.X), math.Max(a.Err, b.Err)}
	case PrimMin:
		return Val{math.Min(a.X, b.X), math.Max(a.Err, b.Err)}
	case PrimSelect:
		return a.choose(b, c)
	}
	panic(fmt.Sprint("compute: no primitive ", uint8(p)))
}
