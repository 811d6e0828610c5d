// Program local trains each layer of a network by an objective of one's own.
package main

import (
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/stack"
)

// Homeostatic gives each unit of a block the activity Target on average over the n examples of a batch: it descends
// ½·Σ_k (mean_i y_ik − Target)², whose gradient by y_ik is (mean_i y_ik − Target)/n.
type Homeostatic struct {
	Target         float32    `toml:"target"`
	stack.Backprop `toml:"-"` // what deltas do within a block
}

var towards = compute.Formula("share*(mean - target)", "y", "mean")

// Learns says that the blocks and the output layer learn.
func (Homeostatic) Learns() (blocks, output bool) { return true, true }

// Least returns that one example is enough.
func (Homeostatic) Least() int { return 1 }

// Extras returns that the objective has no parameters of its own.
func (Homeostatic) Extras(*stack.Net, *stack.Block) ([]stack.Extra, error) { return nil, nil }

// InTurn says that the means below are those of one learner.
func (Homeostatic) InTurn() string { return "its means are of one learner" }

// Gradient returns that of the objective.
func (h Homeostatic) Gradient(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	share := 1 / float32(p.Examples)
	rows, mean := p.AsRows(y, p.Examples, b.Out.Len()), p.Tensor(1, b.Out.Len())
	p.PerColumn(mean, nil, share, rows)
	return p.View(p.Map(towards.With("share", share).With("target", h.Target), rows, mean), 0, y.Shape()...)
}

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 16)) // 16 numbers of every op are checked against its definition
	defer dev.Close()
	if err := learn(dev); err != nil {
		log.Fatal(err)
	}
}

// learn trains one network on exclusive or in a loop of its own, and prints how active the units of its second block are.
func learn(dev *compute.Device) error {
	spec := stack.Stack{stack.Dense{Units: 8, Act: compute.Sigmoid}, stack.Dense{Units: 8, Act: compute.Sigmoid}, stack.Dense{Units: 2}}
	net, err := stack.New(dev, spec, nets.Row(2), Homeostatic{Target: 0.25}, 1)
	if err != nil {
		return err
	}
	tr, err := stack.NewTrainer(net, nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
	if err != nil {
		return err
	}
	x, labels := []float32{0, 0, 0, 1, 1, 0, 1, 1}, []float32{0, 1, 1, 0}
	for range 300 {
		if err := tr.Step(x, labels, 0.5); err != nil {
			return err
		}
	}
	y, mean := make([]float32, 4*8), float32(0)
	err = dev.Step(func(s *compute.Step) error {
		in := s.Tensor(4, 2)
		s.Write(in, x)
		net.Forward(net.NewPass(net.Store().Pass(s), 4), in)
		s.Read(net.Weights[1].Y, y)
		return nil
	})
	for _, v := range y {
		mean += v / float32(len(y))
	}
	fmt.Printf("mean activity %.3f\n", mean)
	return err
}
