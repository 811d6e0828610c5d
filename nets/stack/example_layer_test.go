package stack_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/stack"
)

// Gain is y = g∘x, with a learned gain for each channel, 1 at first.
type Gain struct{ Name string }

func (g Gain) Label() string { return g.Name }

type gain struct{ g, grad, x *compute.Tensor }

func (g Gain) Build(b *stack.Builder, name string, in nets.Shape) (stack.Layer, nets.Shape, error) {
	if !b.Weighted() {
		return nil, in, fmt.Errorf("%s stands before any weights, which send it nothing back", name)
	}
	l := &gain{}
	ones := func(_ *rand.Rand, x []float32) {
		for i := range x {
			x[i] = 1
		}
	}
	return l, in, b.Add(stack.Vectors, stack.Parameter{Name: name + ".gain", Shape: []int{in.Channels}, Fill: ones, Value: &l.g, Grad: &l.grad})
}

var product = compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1)))

// rows returns t with a row for each place of each example.
func (l *gain) rows(p *stack.Pass, t *compute.Tensor) *compute.Tensor {
	channels := l.g.Cols()
	return p.AsRows(t, t.Len()/p.Learners/channels, channels)
}

func (l *gain) Forward(p *stack.Pass, x *compute.Tensor) *compute.Tensor {
	l.x = x
	return p.View(p.Map(product, l.rows(p, x), l.g), 0, x.Shape()...)
}

func (l *gain) Backward(p *stack.Pass, dy *compute.Tensor) *compute.Tensor {
	rows := l.rows(p, dy)
	p.PerColumn(p.GradTarget(l.grad), product, 1, rows, l.rows(p, l.x))
	return p.View(p.Map(product, rows, l.g), 0, l.x.Shape()...)
}

// A layer of one's own is a Spec that builds a Layer of two methods: here gains learn which units matter.
func Example_layer() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 0)) // every number is checked as it is computed
	defer dev.Close()

	spec := stack.Stack{stack.Dense{Name: "hidden", Units: 8, Act: compute.Tanh}, Gain{Name: "gain"}, stack.Dense{Name: "out", Units: 2}}
	net, err := stack.New(dev, spec, nets.Row(2), stack.Backprop{}, 1)
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
	fmt.Println("classes", classes)
	for _, n := range net.Tensors() {
		if n.Name == "gain.gain" {
			fmt.Println(n.Name, n.Shape)
		}
	}
	// Output:
	// classes [0 1 1 0]
	// gain.gain [8]
}
