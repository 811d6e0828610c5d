package bench

import (
	"fmt"

	"hebb/compute"
)

// Constants of the formulas. Adam's are its authors', but for a larger ε, which keeps the bounds narrow.
const (
	slope = 0.5
	beta1 = 0.9
	beta2 = 0.999
	eps   = 1e-3
)

// formulas are what the measured Maps compute. "adam" is a whole step of Adam: the new weights, by the new running means.
var formulas = map[string]*compute.Func{
	"axpy": compute.Formula("slope*x + y", "x", "y").With("slope", slope),
	"relu": compute.Formula("relu(x)", "x"),
	"adam": compute.Formula("w - rate*((beta1*m + gain1*g)/(sqrt(beta2*v + gain2*(g*g)) + eps))", "w", "m", "v", "g").
		With("rate", rate).With("beta1", beta1).With("gain1", 1-beta1).With("beta2", beta2).With("gain2", 1-beta2).With("eps", eps),
}

// formulaOf is the name of the formula of m.
func formulaOf(m compute.Map) string {
	for name, f := range formulas {
		if f == m.F {
			return name
		}
	}
	return "custom"
}

// copyOf copies n numbers: a case that is all memory.
func copyOf(n int) Case {
	return Case{Name: fmt.Sprintf("copy %d", n), Build: func(s *compute.Step) compute.Op {
		return compute.Copy{Dst: s.Tensor(n), Src: s.Tensor(n)}
	}}
}

func formulaOn(n int, name string) Case {
	return Case{Name: fmt.Sprintf("%s %d", name, n), Build: func(s *compute.Step) compute.Op {
		op := compute.Map{Out: s.Tensor(n), F: formulas[name]}
		for range op.F.Vars {
			op.In = append(op.In, s.Tensor(n))
		}
		return op
	}}
}

// sumOf adds up a matrix down its rows, a sum for each column, or across its columns.
func sumOf(rows, cols int, along string) Case {
	return Case{Name: fmt.Sprintf("sum %d×%d along %s", rows, cols, along), Build: func(s *compute.Step) compute.Op {
		op := compute.Reduce{In: []*compute.Tensor{s.Tensor(rows, cols)}, Alpha: 1}
		if along == "rows" {
			op.Out, op.Along = s.Tensor(1, cols), compute.AlongRows
		} else {
			op.Out, op.Along = s.Tensor(rows, 1), compute.AlongCols
		}
		return op
	}}
}

// normalize is batch normalisation in training of n images of side×side×c, channels last, or its gradient.
func normalize(n, side, c int, grad bool) Case {
	name := map[bool]string{false: "standardize", true: "standardizegrad"}[grad]
	return Case{Name: fmt.Sprintf("%s %d×%d×%d×%d", name, n, side, side, c), Build: func(s *compute.Step) compute.Op {
		images := func() *compute.Tensor { return s.Tensor(n, side, side, c) }
		channels := func() *compute.Tensor { return s.Tensor(c) }
		if grad {
			return compute.StandardizeGrad{DX: images(), DGain: channels(), DBias: channels(), DY: images(), X: images(),
				Mean: channels(), Var: channels(), Gain: channels(), Eps: eps}
		}
		return compute.Standardize{Y: images(), Mean: channels(), Var: channels(), X: images(), Gain: channels(), Bias: channels(), Eps: eps}
	}}
}

// classify is the loss of n examples, the hits, and the gradient towards their logits.
func classify(n, classes int) Case {
	return Case{Name: fmt.Sprintf("softmaxloss %d×%d", n, classes), Build: func(s *compute.Step) compute.Op {
		return compute.SoftmaxLoss{Loss: s.Tensor(n), Hit: s.Tensor(n), Delta: s.Tensor(n, classes),
			Logits: s.Tensor(n, classes), Labels: s.Tensor(n), Scale: 1 / float32(n)}
	}}
}

// pointwise has the cases that take as long as their memory does.
func pointwise() []Case {
	var cases []Case
	add := func(quick bool, c Case) {
		c.Quick = quick
		cases = append(cases, c)
	}
	const small, middle, large = 1 << 22, 1 << 24, 1 << 26
	for _, n := range []int{small, large} {
		add(n == small, copyOf(n))
	}
	for _, n := range []int{small, middle, large} {
		for _, f := range []string{"axpy", "relu", "adam"} {
			if f != "adam" || n < large { // whose inputs the host fills for seconds
				add(n == small, formulaOn(n, f))
			}
		}
	}
	for _, side := range []int{1024, 8192} {
		for _, along := range []string{"rows", "columns"} {
			add(side == 1024, sumOf(side, side, along))
		}
	}
	for _, grad := range []bool{false, true} {
		add(true, normalize(16, 16, 64, grad))
	}
	for _, grad := range []bool{false, true} {
		add(false, normalize(128, 32, 64, grad))
	}
	for _, n := range []int{512, 8192} {
		add(n == 512, classify(n, 1000))
	}
	return cases
}
