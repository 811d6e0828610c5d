// Program optimiser wraps an optimiser: gradients are clipped before it gets them.
package main

import (
	"errors"
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// Clipped scales the gradients of weights that are updated together to a norm of at most Norm, for each learner by itself
// (Pascanu, Mikolov and Bengio 2013): g ← g·min(1, Norm/‖g‖).
type Clipped struct {
	nets.Optimiser `toml:"-"`
	Norm           float32 `toml:"norm"`
}

// Check reports a norm that cannot be.
func (c Clipped) Check() error {
	if !(c.Norm > 0) {
		return fmt.Errorf("a norm of %g, want a number above 0", c.Norm)
	}
	return c.Optimiser.Check()
}

var (
	square = compute.Formula("g*g", "g")
	sum    = compute.Formula("old + x", "x")
	scaled = compute.Formula("old*min(1, norm/sqrt(max(squares, 1e-30)))", "squares")
)

// Update clips the gradients and hands them on.
func (c Clipped) Update(p *nets.Pass, g nets.Group, rate float64, t uint64) {
	squares := p.Tensor(p.Learners, 1, 1)
	p.Clear(squares)
	for _, w := range g.Weights {
		p.Into(squares, sum, p.PerLearner(square, 1, w.Grad))
	}
	for _, w := range g.Weights {
		p.Into(p.View(w.Grad, 0, p.Learners, 1, w.Grad.Len()/p.Learners), scaled.With("norm", c.Norm), squares)
	}
	c.Optimiser.Update(p, g, rate, t)
}

// Unwrap returns the optimiser that is wrapped, whose rates may differ from weights to weights.
func (c Clipped) Unwrap() nets.Optimiser { return c.Optimiser }

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(compute.Verify(b, 16)) // 16 numbers of every op are checked against its definition
	defer dev.Close()

	for _, o := range []nets.Optimiser{nets.SGD{}, Clipped{nets.SGD{}, 0.5}} {
		run := nets.Run{
			System: func() nets.System {
				return &stack.System{Net: stack.Named("mlp:3-16-1,act=tanh"), Rule: credit.Backprop{}, Optimiser: o}
			},
			Task:     func() nets.Task { return &tasks.XOR{} },
			Learners: 4, Seed: 1, Rate: 0.5, Moments: 300,
		}
		err = run.On(dev, 100, func(moments int, m nets.Metrics) {
			fmt.Printf("%T: error %.3f after %d moments\n", o, m.Get("error").Mean(), moments)
		})
		switch {
		case errors.Is(err, nets.ErrDiverged): // of all learners
			fmt.Printf("%T: %v\n", o, err)
		case err != nil:
			log.Fatal(err)
		}
	}
}
