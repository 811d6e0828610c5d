package stack_test

import (
	"fmt"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/stack"
)

// Lagging sends delta·B, and B follows W at a distance: B ← (1 − Rate)·B + Rate·W, once a step.
type Lagging struct {
	Rate float32 `toml:"rate"`
}

// follow is what B becomes; its constants are set each time, which compiles nothing anew.
var follow = compute.Pointwise(compute.Add(
	compute.Mul(compute.Const(1), compute.Old()), compute.Mul(compute.Const(1), compute.Var(0))))

func (Lagging) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }

func (Lagging) Start(p *stack.Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Random(w.B, compute.Normal(0, float32(1/math.Sqrt(float64(w.Fan())))))
		}
	}
}

func (Lagging) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

func (l Lagging) Learn(p *stack.Pass) {
	p.Whole(func(p *stack.Pass) {
		for _, w := range p.Net.Weights {
			if w.B != nil {
				p.Do(compute.Map{Out: w.B, In: []*compute.Tensor{w.W}, F: follow.WithConsts(1-l.Rate, l.Rate)})
			}
		}
	})
}

type Mine struct{ credit.FeedbackAlignment } // B is drawn as W was, and stays as it is but for what Learn does

func (Mine) Learn(p *stack.Pass) { Lagging{Rate: 0.25}.Learn(p) }

// A rule of one's own is any type with these four methods: here it learns exclusive or.
func Example_rule() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 0)) // every number is checked as it is computed
	defer dev.Close()

	spec := stack.Stack{
		stack.Dense{Units: 16, Act: compute.Tanh}, stack.Dense{Units: 16, Act: compute.Tanh}, stack.Dense{Units: 2},
	}
	net, err := stack.New(dev, spec, nets.Row(2), Lagging{Rate: 0.05}, 1)
	if err != nil {
		log.Fatal(err)
	}
	tr, err := stack.NewTrainer(net, nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
	if err != nil {
		log.Fatal(err)
	}
	x, labels := []float32{0, 0, 0, 1, 1, 0, 1, 1}, []float32{0, 1, 1, 0}
	for range 200 {
		if err := tr.Step(x, labels, 0.1); err != nil {
			log.Fatal(err)
		}
	}
	classes, err := net.Predict(x)
	if err != nil {
		log.Fatal(err)
	}
	angles, err := tr.Angles(x, labels) // beside backprop, layer by layer
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("classes", classes)
	for _, a := range angles[1:] {
		fmt.Printf("layer %s: W and B are less than 5° apart: %v\n", a.Layer, a.Weights < 5)
	}
	// Output:
	// classes [0 1 1 0]
	// layer 1: W and B are less than 5° apart: true
	// layer 2: W and B are less than 5° apart: true
}
