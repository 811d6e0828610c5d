// Program loss trains a network by a loss of one's own.
package main

import (
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// SquaredHinge is Σ_k max(0, 1 − s_k·y_k)², of outputs y and signs s: 1 for the class of the example, −1 for the others. A
// cli.Loss("squared-hinge", …, SquaredHinge{}) makes it --loss squared-hinge.
type SquaredHinge struct {
	nets.OfClasses `toml:"-"`
}

// Of y and t, 1 for the class and 0 for the others: s is 2t − 1, and the slope of a term −2·s·max(0, 1 − s·y).
var (
	term  = compute.Formula("max(0, 1 - (2*t - 1)*y) * max(0, 1 - (2*t - 1)*y)", "y", "t")
	slope = compute.Formula("-2*scale*(2*t - 1)*max(0, 1 - (2*t - 1)*y)", "y", "t")
)

// Judge returns the loss of each example and, to learn from, its gradient by the outputs.
func (SquaredHinge) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor, learn bool) (v nets.Verdict) {
	t := p.View(p.OneHot(m, y.Cols()), 0, y.Shape()...)
	v.Loss = p.Masked(p.PerExample(term, y, t), m)
	if learn { // of the mean over the examples
		v.Delta = p.Masked(p.Map(slope.With("scale", 1/float32(m.Examples())), y, t), m)
	}
	return v
}

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 16)) // 16 numbers of every op are checked against its definition
	defer dev.Close()

	run := nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Named("mlp:2-16-2,act=tanh"), Rule: credit.Backprop{}, Loss: SquaredHinge{}, Optimiser: nets.SGD{Momentum: 0.9}}
		},
		Task: func() nets.Task { // exclusive or, as classes
			return &tasks.Batch{In: nets.Row(2), Out: 2, Classes: true, X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Want: []float32{0, 1, 1, 0}}
		},
		Learners: 4, Seed: 1, Rate: 0.05, Moments: 300,
	}
	err = run.On(dev, 100, func(moments int, m nets.Metrics) {
		fmt.Printf("%3d  squared hinge %.4f  accuracy %.2f\n", moments, m.Get("loss").Mean(), m.Get("accuracy").Mean())
	})
	if err != nil {
		log.Fatal(err)
	}
}
