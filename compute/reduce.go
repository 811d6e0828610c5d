package compute

import (
	"fmt"
	"math"
)

// A Fold is a function that reduces many values to one.
type Fold uint8

const (
	FoldSum Fold = iota
	FoldMax
	FoldArgMax // the index of the first of the largest, counted along the fold
)

var foldNames = []string{"sum", "max", "argmax"}

func (f Fold) String() string {
	if int(f) < len(foldNames) {
		return foldNames[f]
	}
	return fmt.Sprintf("Fold(%d)", f)
}

// An Along is the direction of a reduction.
type Along uint8

const (
	AlongRows Along = iota // down the rows of each matrix: one value per column
	AlongCols              // across the columns: one value per row
	AlongAll               // over all elements, the batch too: one value
)

var alongNames = []string{"rows", "columns", "all"}

func (a Along) String() string {
	if int(a) < len(alongNames) {
		return alongNames[a]
	}
	return fmt.Sprintf("Along(%d)", a)
}

// Reduce is Out = Alpha·fold F(In[0], In[1], …) + Beta·Out: a pointwise formula of the inputs, folded
// along rows, columns or all, without being stored.
//
// In[0] gives the domain; the other inputs are spread over it as in [Map]. F nil is In[0] itself. Where Beta is 0, Out
// may have held anything. A maximum takes Alpha 1 and Beta 0; an argmax takes no formula either, and its result is a
// whole number. Every backend folds in a fixed order of its own, so the same inputs give the same bits.
//
// The bound on a sum of n values v ± e is γ_{n+5}·Σ(|v|+e) + Σe. Cost: F's, and a flop per element.
type Reduce struct {
	Out         *Tensor // batch×1×cols, batch×rows×1 or 1 value, of any shape with that many elements
	In          []*Tensor
	F           *Func
	Fold        Fold
	Along       Along
	Alpha, Beta float32
}

func (r Reduce) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, r.Out), append(ins, r.In...)
}

// Dims returns the number of results, the number of values folded into each, and the step between these in In[0];
// [Reduce.First] returns their start.
func (r Reduce) Dims() (results, n, step int) {
	x := r.In[0]
	switch r.Along {
	case AlongRows:
		return x.Batch() * x.Cols(), x.Rows(), x.Cols()
	case AlongCols:
		return x.Batch() * x.Rows(), x.Cols(), 1
	}
	return 1, x.Len(), 1
}

// First returns the index in In[0] of the first element of result o; the others follow at Dims' step.
func (r Reduce) First(o int) int {
	x := r.In[0]
	switch r.Along {
	case AlongRows:
		return o/x.Cols()*x.Rows()*x.Cols() + o%x.Cols()
	case AlongCols:
		return o * x.Cols()
	}
	return 0
}

func (r Reduce) check() error {
	if len(r.In) == 0 {
		return fmt.Errorf("no input")
	}
	if int(r.Fold) >= len(foldNames) || int(r.Along) >= len(alongNames) {
		return fmt.Errorf("Fold %v along %v, want one of %v along one of %v", r.Fold, r.Along, foldNames, alongNames)
	}
	switch n, folded, _ := r.Dims(); {
	case r.Out.Len() != n:
		return fmt.Errorf("Out%v of In%v along %v, want %d values", r.Out, r.In[0], r.Along, n)
	case !finite(r.Alpha) || !finite(r.Beta):
		return fmt.Errorf("Alpha %g and Beta %g, want finite numbers", r.Alpha, r.Beta)
	case r.Alpha == 0:
		return fmt.Errorf("Alpha is 0, so the result would ignore its inputs; want Alpha: 1?")
	case r.Fold != FoldSum && (r.Alpha != 1 || r.Beta != 0):
		return fmt.Errorf("%v with Alpha %g and Beta %g, want 1 and 0", r.Fold, r.Alpha, r.Beta)
	case r.Fold == FoldArgMax && r.F != nil:
		return fmt.Errorf("argmax of a formula, want F nil")
	case r.Fold == FoldArgMax && folded > 1<<24:
		return fmt.Errorf("argmax of In%v along %v, more places than float32 counts", r.In[0], r.Along)
	case r.F == nil && len(r.In) != 1:
		return fmt.Errorf("%d inputs without a formula, want one", len(r.In))
	case r.F == nil:
		return nil
	case r.F.Old:
		return fmt.Errorf("the formula has Old, which a fold has not; want Beta")
	}
	return checkFormula(r.F, r.In, r.In[0])
}

func (r Reduce) define(before Contents) func(out, i int) Val {
	_, n, step := r.Dims()
	at := r.values(before)
	return func(_, o int) Val {
		first := r.First(o)
		v := func(k int) Val { return at(first + k*step) }
		switch r.Fold {
		case FoldMax:
			return largest(n, v)
		case FoldArgMax:
			return firstLargest(n, v)
		}
		t := newTotal()
		for k := range n {
			t.addVal(v(k))
		}
		a := math.Abs(float64(r.Alpha))
		t.sum = t.sum.times(float64(r.Alpha))
		t.err *= a
		if r.Beta != 0 {
			p := sum{whole: true}
			p.addTerm(float64(r.Beta), float64(before[r.Out][o]))
			t.sum = t.sum.plus(p)
		}
		if t.abs/max(a, tiny) > float64(math.MaxFloat32)/2 {
			return unbounded // the sum may overflow before Alpha makes it small
		}
		return t.val()
	}
}

// values returns the folded value at element i of the domain.
func (r Reduce) values(before Contents) func(i int) Val {
	if r.F == nil {
		x := before[r.In[0]]
		if r.Fold != FoldSum {
			return func(i int) Val { return ordered(x[i]) }
		}
		return func(i int) Val { return leaf(x[i]) }
	}
	at := reader(before, r.In, r.In[0])
	return func(i int) Val { return r.F.at(func(v int) float32 { return at(v, i) }, 0) }
}

// ordered is [leaf] of a number that is compared alone: then infinities are as good as others.
func ordered(x float32) Val {
	if math.IsInf(float64(x), 0) {
		return exact(x)
	}
	return leaf(x)
}

// largest returns the maximum of n values, of which those that are −Inf count if all are.
func largest(n int, v func(k int) Val) Val {
	m := v(0)
	for k := 1; k < n; k++ {
		switch w := v(k); {
		case m.infinite() && !(w.X <= m.X), w.infinite() && w.X > m.X:
			m = w
		case !m.infinite() && !w.infinite():
			m = eval(PrimMax, m, w, Val{})
		}
	}
	if !m.Bounded() && !m.infinite() {
		return unbounded
	}
	return m
}

// firstLargest returns the index of the first of the largest of n values; it is unbounded where errors leave the order
// of two open.
func firstLargest(n int, v func(k int) Val) Val {
	best, m := 0, v(0)
	for k := 1; k < n; k++ {
		if w := v(k); w.X > m.X {
			best, m = k, w
		}
	}
	for k := range n {
		if w := v(k); !w.Bounded() && !w.infinite() || w.X != m.X && w.X+w.Err >= m.X-m.Err {
			return unbounded
		}
	}
	return Val{X: float64(best)}
}

func (r Reduce) cost() Cost {
	n := int64(r.In[0].Len())
	flops := n
	if r.F != nil {
		flops += n * r.F.flops()
	}
	return Cost{flops, 4 * (lengths(r.In) + int64(r.Out.Len()))}
}
