package local

import (
	"math"

	"hebb/compute"
	"hebb/nets/stack"
)

var (
	square     = compute.Formula("x*x", "x")
	times      = compute.Formula("x*y", "x", "y")
	add        = compute.Formula("x + y", "x", "y")
	difference = compute.Formula("x - y", "x", "y")
	centred    = compute.Formula("scale*(x - mean)", "x")
)

type codesKey struct{}

// codes returns the labels as rows, examples × classes, whose inner products are the cosines of centred one-hot vectors: 1 for
// the same class, −1/(classes − 1) for different ones.
func codes(p *stack.Pass) *compute.Tensor {
	return p.Once(codesKey{}, func() *compute.Tensor {
		c := float64(p.Net.Classes)
		out := p.Tensor(p.Examples, p.Net.Classes)
		p.Into(out, centred.With("scale", float32(math.Sqrt(c/(c-1)))).With("mean", float32(1/c)), p.OneHot())
		return out
	})
}

// oneAtATime makes the learners of a rule that embeds it take turns, as kernels compare the examples of one batch.
type oneAtATime struct{}

// InTurn returns the reason.
func (oneAtATime) InTurn() string { return "kernels and classifiers of blocks take one learner" }
