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
	dev, line := lab.CPU(t), 0
	spec := stack.Stack{stack.Dense{Units: 5, Act: compute.Tanh}, stack.Dense{Units: 2}}
	net, err := stack.New(dev, spec, nets.Shape{Height: 1, Width: 1, Channels: 2}, Narrow{line: &line}, 1)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := stack.NewTrainer(net, nets.SGD{}, nets.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	err = tr.Step([]float32{0, 1}, []float32{1}, 0.1)
	var op *compute.OpError
	if !errors.As(err, &op) || op.Op != "compute.Map" || op.Where != fmt.Sprintf("stack/where_test.go:%d", line+1) {
		t.Errorf("%v, want an error at line %d", err, line+1)
	}
}

var together = compute.Formula("x + y", "x", "y")
