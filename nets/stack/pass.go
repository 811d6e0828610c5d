package stack

import (
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// A Pass is one forward and backward pass of a batch through a network.
type Pass struct {
	*nets.Pass
	Net      *Net
	Examples int             // of each learner
	Training bool            // statistics of the batch, dropout
	Moment   nets.Moment     // the batch, with its labels or targets if known
	Error    *compute.Tensor // delta at the logits, of their shape; set by Net.Backward
	Hold     bool            // the weights of the network stay as they are; set by the rule

	rule     Rule
	endToEnd bool // send deltas from block to block, as backprop does
}

// NewPass begins a pass of a batch of examples.
func (n *Net) NewPass(p *nets.Pass, examples int) *Pass {
	return &Pass{Pass: p, Net: n, Examples: examples, rule: n.Rule}
}

// Rows returns a scratch tensor, n × numbers or, for several learners, learners × n × numbers.
func (p *Pass) Rows(n, numbers int) *compute.Tensor {
	if p.Learners == 1 {
		return p.Tensor(n, numbers)
	}
	return p.Tensor(p.Learners, n, numbers)
}

// Of returns a scratch tensor for n examples of a shape; for several learners each example is a row.
func (p *Pass) Of(s nets.Shape, n int) *compute.Tensor {
	if p.Learners == 1 {
		return p.Tensor(s.Of(n)...)
	}
	return p.Tensor(p.Learners, n, s.Len())
}

// AsRows views t as n examples of a row each, with shapes as Rows.
func (p *Pass) AsRows(t *compute.Tensor, n, numbers int) *compute.Tensor {
	if p.Learners == 1 {
		return p.View(t, 0, n, numbers)
	}
	return p.View(t, 0, t.Len()/(n*numbers), n, numbers)
}

// As views t as n examples of a shape, with shapes as Of.
func (p *Pass) As(t *compute.Tensor, s nets.Shape, n int) *compute.Tensor {
	if p.Learners == 1 {
		return p.View(t, 0, s.Of(n)...)
	}
	return p.AsRows(t, n, s.Len())
}

// count is the number of examples of t, of each learner.
func (p *Pass) count(t *compute.Tensor) int {
	if p.Learners == 1 {
		return t.Shape()[0]
	}
	return t.Shape()[1]
}

// Matrix views t, of one learner, as examples × the rest.
func (p *Pass) Matrix(t *compute.Tensor) *compute.Tensor {
	return p.View(t, 0, p.Examples, t.Len()/p.Examples)
}

// Input returns the batch in the shape of the network's input.
func (p *Pass) Input() *compute.Tensor { return p.As(p.Moment.X, p.Net.Input, p.Examples) }

// OneHot returns the labels of the batch as one-hot rows, of the shape of the logits.
func (p *Pass) OneHot() *compute.Tensor {
	return p.AsRows(p.Pass.OneHot(p.Moment, p.Net.Classes), p.Examples, p.Net.Classes)
}

// First views the first n examples of t, of one learner.
func (p *Pass) First(t *compute.Tensor, n int) *compute.Tensor {
	return p.View(t, 0, append([]int{n}, t.Shape()[1:]...)...)
}

// GradTarget returns grad or, in a quiet pass, whose gradients are discarded, a scratch tensor of its shape.
func (p *Pass) GradTarget(grad *compute.Tensor) *compute.Tensor {
	if p.Quiet {
		return p.Like(grad)
	}
	return grad
}

var (
	add     = compute.Formula("x + y", "x", "y")
	times   = compute.Formula("x*y", "x", "y")
	acts    = withActs("x", "x")
	joined  = withActs("x + y", "x", "y")
	moved   = withActs("x - y", "x", "y")
	derived = map[compute.Act]*compute.Func{}
)

func init() {
	for _, a := range compute.Acts {
		derived[a] = compute.Pointwise(compute.Through(a, compute.Var(0), compute.Var(1)))
	}
}

// withActs returns the formula text under each activation function.
func withActs(text string, in ...string) map[compute.Act]*compute.Func {
	all := map[compute.Act]*compute.Func{}
	for _, a := range compute.Acts {
		name := strings.ReplaceAll(a.String(), "-", "")
		if a == compute.Identity {
			name = ""
		}
		all[a] = compute.Formula(name+"("+text+")", in...)
	}
	return all
}

// Through returns dy·a′, the backward pass of the activation a with output y.
func (p *Pass) Through(a compute.Act, dy, y *compute.Tensor) *compute.Tensor {
	if a == compute.Identity {
		return dy
	}
	return p.Map(derived[a], dy, y)
}
