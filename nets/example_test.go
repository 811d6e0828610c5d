package nets_test

import (
	"fmt"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
)

// Lagging sends delta·B, and B follows W at a distance: B ← (1 − Rate)·B + Rate·W, once a step.
type Lagging struct {
	Rate float32 `toml:"rate"`
}

// follow is what B becomes; its constants are set each time, which compiles nothing anew.
var follow = compute.Pointwise(compute.Add(
	compute.Mul(compute.Const(1), compute.Old()), compute.Mul(compute.Const(1), compute.Var(0))))

func (Lagging) Feedback(_ *nets.Net, w *nets.Weights) []int { return w.W.Shape() }

func (Lagging) Start(p *nets.Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Random(w.B, compute.Normal(0, float32(1/math.Sqrt(float64(w.Fan())))))
		}
	}
}

func (Lagging) Send(p *nets.Pass, w *nets.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

func (l Lagging) Learn(p *nets.Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			p.Do(compute.Map{Out: w.B, In: []*compute.Tensor{w.W}, F: follow.WithConsts(1-l.Rate, l.Rate)})
		}
	}
}

type Mine struct{ nets.FeedbackAlignment } // B is drawn as W was, and stays as it is but for what Learn does

func (Mine) Learn(p *nets.Pass) { Lagging{Rate: 0.25}.Learn(p) }

// A rule of one's own is any type with these four methods: here it learns exclusive or.
func Example_rule() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 0)) // every number is checked as it is computed
	defer dev.Close()

	spec := nets.Stack{
		nets.Dense{Units: 16, Act: compute.Tanh}, nets.Dense{Units: 16, Act: compute.Tanh}, nets.Dense{Units: 2},
	}
	net, err := nets.New(dev, spec, nets.Shape{Height: 1, Width: 1, Channels: 2}, Lagging{Rate: 0.05}, 1)
	if err != nil {
		log.Fatal(err)
	}
	tr, err := nets.NewTrainer(net, nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
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
