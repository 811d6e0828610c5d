package bench

import (
	"fmt"
	"math"

	"hebb/compute"
)

// An Elementwise is a [compute.Map]: a formula of N numbers of each input.
type Elementwise struct {
	N       int    `json:"n"`
	Formula string `json:"formula"` // one of Formulas
}

// Formulas are those of an [Elementwise]. "adam" is a step of Adam, its running means and the weights it leads to, in one.
var Formulas = []string{"axpy", "relu", "adam"}

// Of the formulas, and of Adam as its authors have it but for a larger ε, which keeps the bounds narrow.
const (
	slope = 0.5
	beta1 = 0.9
	beta2 = 0.999
	eps   = 1e-3
)

var formulas = func() map[string]*compute.Func {
	x := compute.Var
	mean := func(beta float32, old, v compute.Expr) compute.Expr {
		return compute.Add(compute.Scale(beta, old), compute.Scale(1-beta, v))
	}
	m, v := mean(beta1, x(1), x(3)), mean(beta2, x(2), compute.Mul(x(3), x(3)))
	step := compute.Div(m, compute.Add(compute.Sqrt(v), compute.Const(eps)))
	return map[string]*compute.Func{
		"axpy": compute.Pointwise(compute.Add(compute.Scale(slope, x(0)), x(1))),
		"relu": compute.Pointwise(compute.Activate(compute.ReLU, x(0))),
		"adam": compute.Pointwise(compute.Sub(x(0), compute.Scale(rate, step))), // of w, m, v and g
	}
}()

func (e Elementwise) Op() string            { return "map" }
func (e Elementwise) Kind() string          { return "map " + e.Formula }
func (e Elementwise) Sizes() map[string]int { return map[string]int{"n": e.N} }
func (e Elementwise) terms() int            { return 16 }

func (e Elementwise) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	op := compute.Map{Out: step.Tensor(e.N), F: formulas[e.Formula]}
	for range op.F.Vars {
		op.In = append(op.In, step.Tensor(e.N))
	}
	return op, op.In
}

// adjust: a running mean of squares is not negative.
func (e Elementwise) adjust(role int, x []float32) {
	if e.Formula == "adam" && role == 2 {
		for i := range x {
			x[i] = float32(math.Abs(float64(x[i])))
		}
	}
}

// A Folding is the sums of a matrix down its rows, one a column, or across its columns.
type Folding struct {
	Rows  int    `json:"rows"`
	Cols  int    `json:"cols"`
	Along string `json:"along"` // rows or columns
}

func (f Folding) Op() string            { return "reduce" }
func (f Folding) Kind() string          { return "sum along " + f.Along }
func (f Folding) Sizes() map[string]int { return map[string]int{"rows": f.Rows, "cols": f.Cols} }

func (f Folding) terms() int {
	if f.Along == "rows" {
		return f.Rows
	}
	return f.Cols
}

func (f Folding) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	op := compute.Reduce{In: []*compute.Tensor{step.Tensor(f.Rows, f.Cols)}, Alpha: 1}
	if f.Along == "rows" {
		op.Out, op.Along = step.Tensor(1, f.Cols), compute.AlongRows
	} else {
		op.Out, op.Along = step.Tensor(f.Rows, 1), compute.AlongCols
	}
	return op, op.In
}

// A Normalization is batch normalisation in training of images, channels last, or its gradient.
type Normalization struct {
	N    int  `json:"n"`    // images
	Side int  `json:"side"` // their height and width
	C    int  `json:"c"`    // channels
	Grad bool `json:"grad,omitempty"`
}

func (b Normalization) Op() string {
	if b.Grad {
		return "standardizegrad"
	}
	return "standardize"
}

func (b Normalization) Kind() string { return b.Op() }
func (b Normalization) terms() int   { return 8 * b.N * b.Side * b.Side }

func (b Normalization) Sizes() map[string]int {
	return map[string]int{"n": b.N, "side": b.Side, "c": b.C}
}

func (b Normalization) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	images := func() *compute.Tensor { return step.Tensor(b.N, b.Side, b.Side, b.C) }
	column := func() *compute.Tensor { return step.Tensor(b.C) }
	if b.Grad {
		op := compute.StandardizeGrad{DX: images(), DGain: column(), DBias: column(), DY: images(), X: images(), Mean: column(), Var: column(), Gain: column(), Eps: eps}
		return op, []*compute.Tensor{op.X, op.DY, op.Mean, op.Var, op.Gain}
	}
	op := compute.Standardize{Y: images(), Mean: column(), Var: column(), X: images(), Gain: column(), Bias: column(), Eps: eps}
	return op, []*compute.Tensor{op.X, op.Gain, op.Bias}
}

// adjust: a variance is positive.
func (b Normalization) adjust(role int, x []float32) {
	if b.Grad && role == 3 {
		for i := range x {
			x[i] = float32(math.Abs(float64(x[i]))) + 0.5
		}
	}
}

// A Classification is the loss of N examples, what they hit, and the gradient towards their logits.
type Classification struct {
	N       int `json:"n"`
	Classes int `json:"classes"`
}

func (c Classification) Op() string   { return "softmaxloss" }
func (c Classification) Kind() string { return "softmaxloss" }
func (c Classification) terms() int   { return 4 * c.Classes }

func (c Classification) Sizes() map[string]int {
	return map[string]int{"n": c.N, "classes": c.Classes}
}

func (c Classification) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	op := compute.SoftmaxLoss{Loss: step.Tensor(c.N), Hit: step.Tensor(c.N), Delta: step.Tensor(c.N, c.Classes),
		Logits: step.Tensor(c.N, c.Classes), Labels: step.Tensor(c.N), Scale: 1 / float32(c.N)}
	return op, []*compute.Tensor{op.Logits, op.Labels}
}

// adjust makes classes of the labels.
func (c Classification) adjust(role int, x []float32) {
	if role == 1 {
		for i := range x {
			x[i] = float32(i % c.Classes)
		}
	}
}

// pointwise is what takes as long as its memory does.
func pointwise() []Case {
	var cases []Case
	add := func(quick bool, name string, w Work) { cases = append(cases, Case{"pointwise", name, quick, w}) }
	const small, middle, large = 1 << 22, 1 << 24, 1 << 26
	for _, n := range []int{small, large} {
		add(n == small, fmt.Sprintf("copy %d", n), Move{n})
	}
	for _, n := range []int{small, middle, large} {
		for _, f := range Formulas {
			if f != "adam" || n < large { // whose inputs the host fills for seconds
				add(n == small, fmt.Sprintf("%s %d", f, n), Elementwise{n, f})
			}
		}
	}
	for _, side := range []int{1024, 8192} {
		for _, along := range []string{"rows", "columns"} {
			add(side == 1024, fmt.Sprintf("sum %d×%d along %s", side, side, along), Folding{side, side, along})
		}
	}
	for _, b := range []Normalization{{N: 16, Side: 16, C: 64}, {N: 128, Side: 32, C: 64}} {
		for _, b.Grad = range []bool{false, true} {
			add(b.N == 16, fmt.Sprintf("%s %d×%d×%d×%d", b.Op(), b.N, b.Side, b.Side, b.C), b)
		}
	}
	for _, n := range []int{512, 8192} {
		add(n == 512, fmt.Sprintf("softmaxloss %d×1000", n), Classification{n, 1000})
	}
	return cases
}
