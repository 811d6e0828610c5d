package cpu

import (
	"math"

	"hebb/compute"
)

// similarityBugs are about where the numbers of a tile go and come from, and what is left over from another op.
var similarityBugs = []planted{
	{"edge not stored", compute.KernelSums{}, keepLast(func(s compute.KernelSums) *compute.Tensor { return present(s.Sum, s.Dot) })},
	{"edge not stored", compute.KernelGrad{}, keepLast(func(g compute.KernelGrad) *compute.Tensor { return g.DX })},
	{"last input dropped", compute.KernelSums{}, zeroed(func(s compute.KernelSums) *compute.Tensor { return s.K.X })},
	{"last input dropped", compute.KernelGrad{}, zeroed(func(g compute.KernelGrad) *compute.Tensor { return g.K.X })},
	{"last of L dropped", compute.KernelSums{}, missing(func(s compute.KernelSums) *compute.Tensor { return s.L.X })},
	{"last of L dropped", compute.KernelGrad{}, missing(func(g compute.KernelGrad) *compute.Tensor { return g.L.X })},
	{"last of A dropped", compute.KernelSums{}, missing(func(s compute.KernelSums) *compute.Tensor { return s.A })},
	{"last of R dropped", compute.KernelGrad{}, missing(func(g compute.KernelGrad) *compute.Tensor { return g.R })},
	{"last of G dropped", compute.KernelGrad{}, missing(func(g compute.KernelGrad) *compute.Tensor { return g.G })},
	{"B ignored", compute.KernelSums{}, misread(func(s *compute.KernelSums) { s.B = nil })},
	{"widths in another order", compute.KernelSums{}, misread(func(s *compute.KernelSums) { s.K.Sigma = turned(s.K.Sigma) })},
	{"widths of L in another order", compute.KernelGrad{}, misread(func(g *compute.KernelGrad) { g.L.Sigma = turned(g.L.Sigma) })},
	{"added to what was there", compute.KernelGrad{}, bugged(func(run func(compute.Op), g compute.KernelGrad) {
		old := *last(g.DX)
		run(g)
		*last(g.DX) += old
	})},
	{"input written", compute.KernelGrad{}, bugged(func(run func(compute.Op), g compute.KernelGrad) { run(g); flip(last(g.K.X)) })},
	{"half precision", compute.KernelGrad{}, afterwards(func(g compute.KernelGrad) { halve(values(g.DX)) })},
	{"half precision", compute.KernelSums{}, afterwards(func(s compute.KernelSums) { halve(values(present(s.Dot, s.Sum))) })},
}

// missing is zeroed for an input that need not be there.
func missing[O compute.Op](of func(op O) *compute.Tensor) func(func(compute.Op), compute.Op) {
	return bugged(func(run func(compute.Op), op O) {
		if t := of(op); t != nil {
			without(t, func() { run(op) })
		} else {
			run(op)
		}
	})
}

// halve is half precision.
func halve(x []float32) {
	for i, v := range x {
		x[i] = math.Float32frombits(math.Float32bits(v) &^ (1<<13 - 1))
	}
}

// present is the first of two tensors that is there.
func present(t, or *compute.Tensor) *compute.Tensor {
	if t == nil {
		return or
	}
	return t
}

// turned is s from its end.
func turned(s []float32) (t []float32) {
	for i := range s {
		t = append(t, s[len(s)-1-i])
	}
	return t
}
