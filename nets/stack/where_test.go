package stack_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// Narrow sends a delta made of what does not fit.
type Narrow struct {
	stack.Backprop
	line *int
}

func (n Narrow) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	_, _, *n.line, _ = runtime.Caller(0)
	return p.Map(together, delta, p.Tensor(7, 3))
}

// TestWrongRule: a wrong shape in a user's rule is reported at the line of the rule, not of what it calls, nor of what calls it.
func TestWrongRule(t *testing.T) {
	line := 0
	spec := stack.Stack{stack.Dense{Units: 5, Act: compute.Tanh}, stack.Dense{Units: 2}}
	tr := lab.Trainer(t, lab.Bare(t).Net(t, spec, nets.Row(2), Narrow{line: &line}, 1), nets.SGD{}, nets.CrossEntropy)
	err := tr.Step([]float32{0, 1}, []float32{1}, 0.1)
	var op *compute.OpError
	if !errors.As(err, &op) || op.Op != "compute.Map" || op.Where != fmt.Sprintf("stack/where_test.go:%d", line+1) {
		t.Errorf("%v, want an error at line %d", err, line+1)
	}
}

var together = compute.Formula("x + y", "x", "y")
