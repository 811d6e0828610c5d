// Program system is a system of one's own on a task: docs/adding-a-system.md explains it.
package main

import (
	"fmt"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/tasks"
)

// Reservoir is an echo state network (Jaeger 2001): a random recurrent network that stays as it is, and a readout that
// learns at every moment by the delta rule (Widrow and Hoff 1960). With x an example and h 0 when a trial begins:
//
//	h ← tanh(U·x + W·h)            units
//	y = V·h                        outputs, the answer
//	V ← V + η·mean of (y* − y)⊗h   outputs × units; η is the rate of the run
//
// First values: U is normal with variance 1, W with Gain²/units, V is 0.
type Reservoir struct {
	Units int     `toml:"units"`
	Gain  float32 `toml:"gain"`

	u, w, v, h *compute.Tensor
}

// Build asks for fixed weights, learned weights and activities.
func (r *Reservoir) Build(s *nets.Store, spec nets.Spec) error {
	r.u = s.Kept("in", nets.Normal(1), r.Units, spec.In.Len())
	r.w = s.Kept("recurrent", nets.Normal(float64(r.Gain)/math.Sqrt(float64(r.Units))), r.Units, r.Units)
	r.v = s.Weights("out", nets.Zeros, spec.Out, r.Units)
	r.h = s.State("h", nets.Zeros, spec.Examples, r.Units)
	return nil
}

var (
	copied     = compute.Formula("x", "x")
	difference = compute.Formula("want - y", "want", "y")
)

// Step answers a moment of a trial and learns from it.
func (r *Reservoir) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	h := p.View(r.h, 0, p.Learners, m.Examples(), r.Units)
	p.Begin(m, h)
	now := p.Product(r.u, m.X, compute.Identity)
	p.AddProduct(now, r.w, h, compute.Tanh)
	p.Into(h, copied, now)
	y := p.Product(r.v, h, compute.Identity)
	if p.Learning && m.Want != nil {
		p.Outer(r.v, p.Masked(p.Map(difference, p.All(m.Want), y), m), h, 1, float32(p.Rate))
	}
	return y
}

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	run := nets.Run{
		System:   func() nets.System { return &Reservoir{Units: 100, Gain: 1.2} },
		Task:     func() nets.Task { return &tasks.Sines{Period: 20, Outputs: 2, Cue: 3} },
		Learners: 8, Seed: 1, Rate: 0.02, Moments: 40 * 300,
	}
	err = run.On(dev, 40*100, func(moments int, m nets.Metrics) {
		fmt.Printf("%5d moments, error %.4f\n", moments, m.Get("error").Mean())
	})
	if err != nil {
		log.Fatal(err)
	}
}
