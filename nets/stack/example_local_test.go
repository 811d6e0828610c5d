package stack_test

import (
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/stack"
)

// Homeostatic descends ½·Σ_k (mean_i y_ik − Target)².
type Homeostatic struct {
	Target         float32 `toml:"target"`
	stack.Backprop `toml:"-"`
}

var towards = compute.Pointwise(compute.Mul(compute.Const(1), compute.Sub(compute.Var(1), compute.Const(0))))

func (Homeostatic) Learns() (blocks, output bool)                          { return true, true }
func (Homeostatic) Least() int                                             { return 1 }
func (Homeostatic) Extras(*stack.Net, *stack.Block) ([]stack.Extra, error) { return nil, nil }

func (h Homeostatic) Gradient(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	rows, mean, n := p.View(y, 0, p.Examples, b.Out.Len()), p.Tensor(1, b.Out.Len()), float32(p.Examples)
	p.Do(compute.Reduce{Out: mean, In: []*compute.Tensor{rows}, Along: compute.AlongRows, Alpha: 1 / n})
	return p.View(p.Map(towards.WithConsts(1/n, h.Target), rows, mean), 0, y.Shape()...)
}

// A local rule is an objective for each block, which no other block has a part in.
func Example_localRule() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 0)) // every number is checked as it is computed
	defer dev.Close()

	spec := stack.Stack{stack.Dense{Units: 8, Act: compute.Sigmoid}, stack.Dense{Units: 8, Act: compute.Sigmoid}, stack.Dense{Units: 2}}
	net, err := stack.New(dev, spec, nets.Row(2), Homeostatic{Target: 0.25}, 1)
	if err != nil {
		log.Fatal(err)
	}
	tr, err := stack.NewTrainer(net, nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
	if err != nil {
		log.Fatal(err)
	}
	x, labels := []float32{0, 0, 0, 1, 1, 0, 1, 1}, []float32{0, 1, 1, 0}
	for range 300 {
		if err := tr.Step(x, labels, 0.5); err != nil {
			log.Fatal(err)
		}
	}
	y := make([]float32, 4*8)
	err = dev.Step(func(s *compute.Step) error { // the activity of the second block
		in := s.Tensor(4, 2)
		s.Write(in, x)
		net.Forward(net.NewPass(net.Store().Pass(s), 4), in)
		s.Read(net.Weights[1].Y, y)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	mean := float32(0)
	for _, v := range y {
		mean += v / float32(len(y))
	}
	fmt.Printf("mean activity %.3f\n", mean)
	// Output: mean activity 0.250
}
