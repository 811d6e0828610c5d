// Program rule adds a rule of credit assignment, and trains a network by it.
package main

import (
	"fmt"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// DRTP is direct random target projection (Frenkel, Lefebvre and Bol 2021): each layer gets the target itself, not the
// error, by fixed random weights, and so learns before the layers above have answered. With y* the one-hot class of an
// example, n of them and D classes × units:
//
//	δ = y*·D/n   the delta at the output of a hidden layer
type DRTP struct {
	Scale       float32    `toml:"scale"` // of D, uniform within ±Scale/√units
	stack.Fixed `toml:"-"` // D has no gradient
}

// Feedback returns the shape of D.
func (DRTP) Feedback(n *stack.Net, w *stack.Weights) []int { return []int{n.Classes, w.In.Len()} }

// Start draws D.
func (r DRTP) Start(p *stack.Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			a := r.Scale / float32(math.Sqrt(float64(w.In.Len())))
			p.Random(w.B, compute.Uniform(-a, a))
		}
	}
}

// Send returns y*·D/n, whatever the delta above is.
func (DRTP) Send(p *stack.Pass, w *stack.Weights, _ *compute.Tensor) *compute.Tensor {
	x := p.Of(w.In, p.Examples)
	p.Do(compute.Gemm{C: p.AsRows(x, p.Examples, w.In.Len()), A: p.OneHot(), B: w.B,
		Epilogue: compute.Epilogue{Alpha: 1 / float32(p.Examples)}})
	return x
}

// Learn leaves D as it is.
func (DRTP) Learn(*stack.Pass) {}

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 16)) // 16 numbers of every op are checked against its definition
	defer dev.Close()

	net := stack.Stack{stack.Dense{Name: "hidden", Units: 64, Act: compute.Tanh}, stack.Dense{Name: "out", Units: 2}}
	run := nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Always(net), Rule: DRTP{Scale: 1}, Optimiser: nets.SGD{}}
		},
		Task: func() nets.Task { // exclusive or, as classes
			return &tasks.Batch{In: nets.Row(2), Out: 2, Classes: true, X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Want: []float32{0, 1, 1, 0}}
		},
		Learners: 4, Seed: 1, Rate: 0.2, Moments: 1000,
	}
	err = run.On(dev, 250, func(moments int, m nets.Metrics) {
		fmt.Printf("%4d  loss %.4f  accuracy %.2f\n", moments, m.Get("loss").Mean(), m.Get("accuracy").Mean())
	})
	if err != nil {
		log.Fatal(err)
	}
}
