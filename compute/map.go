package compute

import (
	"fmt"
	"slices"
)

// Map is Out[i] = F(In[0][i], In[1][i], …), for every element of Out.
//
// An input has as many elements as Out, or it is spread (broadcast) over Out: its batch, rows and columns (see
// [Tensor]) are each as many as Out's, or 1. So [c] or [1 c] gives each column a value of its own, [r 1] each row, [n 1
// c] each column of each member, and [1] is a number for all. With [Old] the formula reads Out's old value; otherwise
// Out may have held anything.
//
// The bound on a float32 result follows from F step by step. Cost: a flop for each instruction of F.
type Map struct {
	Out *Tensor
	In  []*Tensor
	F   *Func
}

func (m Map) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, m.Out), append(ins, m.In...)
}

func (m Map) check() error { return checkFormula(m.F, m.In, m.Out) }

// checkFormula reports why f lacks inputs, or an input does not spread over the domain.
func checkFormula(f *Func, in []*Tensor, domain *Tensor) error {
	if f == nil {
		return fmt.Errorf("no formula")
	}
	if err := f.ready(len(in)); err != nil {
		return err
	}
	for i, t := range in {
		if !t.spreads(domain) {
			return fmt.Errorf("input %d is %v, want %v, or 1 instead of its batch, rows or columns", i, t, domain)
		}
	}
	return nil
}

func allFinite(xs []float32) bool {
	return !slices.ContainsFunc(xs, func(x float32) bool { return !finite(x) })
}

// A Spread tells how to read a tensor over the batch, rows and columns of a larger one: the strides in its own memory,
// 0 where one value serves all.
type Spread struct{ Batch, Row, Col int }

// SpreadOver returns how t is read over domain. It is for backends.
func (t *Tensor) SpreadOver(domain *Tensor) Spread {
	if t.n == domain.n {
		return Spread{domain.Rows() * domain.Cols(), domain.Cols(), 1}
	}
	var s Spread
	if t.Batch() > 1 {
		s.Batch = t.Rows() * t.Cols()
	}
	if t.Rows() > 1 {
		s.Row = t.Cols()
	}
	if t.Cols() > 1 {
		s.Col = 1
	}
	return s
}

func (t *Tensor) spreads(over *Tensor) bool {
	one := func(a, b int) bool { return a == b || a == 1 }
	return t.n == over.n ||
		one(t.Batch(), over.Batch()) && one(t.Rows(), over.Rows()) && one(t.Cols(), over.Cols())
}

// reader returns a function that reads element i of domain from the contents of the inputs.
func reader(before Contents, in []*Tensor, domain *Tensor) func(v, i int) float32 {
	rows, cols := domain.Rows(), domain.Cols()
	x, s := make([][]float32, len(in)), make([]Spread, len(in))
	for v, t := range in {
		x[v], s[v] = before[t], t.SpreadOver(domain)
	}
	return func(v, i int) float32 {
		return x[v][i/(rows*cols)*s[v].Batch+i/cols%rows*s[v].Row+i%cols*s[v].Col]
	}
}

func (m Map) define(before Contents) func(out, i int) Val {
	at, out := reader(before, m.In, m.Out), before[m.Out]
	return func(_, i int) Val {
		var old float32
		if m.F.Old {
			old = out[i]
		}
		return m.F.at(func(v int) float32 { return at(v, i) }, old)
	}
}

func (m Map) cost() Cost {
	bytes := int64(m.Out.Len())
	if m.F.Old {
		bytes *= 2
	}
	return Cost{int64(m.Out.Len()) * m.F.flops(), 4 * (bytes + lengths(m.In))}
}

// flops counts the instructions of f that compute.
func (f *Func) flops() (n int64) {
	for _, c := range f.Code {
		if c.Do.Arity() > 0 {
			n++
		}
	}
	return n
}

// lengths returns the number of elements of all tensors.
func lengths(ts []*Tensor) (n int64) {
	for _, t := range ts {
		n += int64(t.Len())
	}
	return n
}
