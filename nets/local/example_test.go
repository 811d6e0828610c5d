package local_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// Regression by HSIC loss: targets are numbers, and noise that is far from normal costs it less than squared error. What
// it leaves open, a constant, is the mean residual of the training data.
func ExampleHSICLoss() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()

	const inputs, examples = 5, 256
	rnd := rand.New(rand.NewPCG(1, 2))
	draw := func(scale, noise float64) (x, y []float32) { // y = Σ x/2 + 3, and noise that is never below −1
		for range examples {
			v := 3 + noise*(rnd.ExpFloat64()-1)
			for range inputs {
				c := scale * rnd.NormFloat64()
				v += c / 2
				x = append(x, float32(c))
			}
			y = append(y, float32(v))
		}
		return x, y
	}
	x, y := draw(1, 1)
	farX, farY := draw(4, 0) // inputs of another scale, and the truth without noise
	for _, loss := range []nets.Loss{nets.SquaredError, local.HSICLoss{SigmaX: 2, SigmaY: 1, Regression: true}} {
		net, err := stack.New(dev, stack.Dense{Units: 1}, nets.Shape{Height: 1, Width: 1, Channels: inputs}, stack.Backprop{}, 1)
		if err != nil {
			log.Fatal(err)
		}
		tr, err := stack.NewTrainer(net, nets.DefaultAdam, loss)
		if err != nil {
			log.Fatal(err)
		}
		for range 300 {
			if err := tr.Step(x, y, 0.03); err != nil {
				log.Fatal(err)
			}
		}
		score, err := tr.Try(farX, farY)
		if err != nil {
			log.Fatal(err)
		}
		origin, err := net.Outputs(make([]float32, inputs))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("squared error far away %.2f, output at the origin %.1f\n", score.SquaredError, origin[0])
	}
	// Output:
	// squared error far away 0.39, output at the origin 2.9
	// squared error far away 0.13, output at the origin 3.0
}
