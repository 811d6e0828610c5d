// Program spikes is a network of spiking cells of one's own, whose synapses learn by spike-timing-dependent plasticity:
// inputs that spike together win over inputs that spike as often, each for itself (Song, Miller and Abbott 2000).
package main

import (
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/spiking"
)

// Bursts is a task of input cells that spike at 20 Hz, in steps of 1 ms. In one step of fifty the first half of them
// spike more often than else.
type Bursts struct {
	Inputs int

	spikes, chance, together, burst *compute.Tensor
}

var arrive = compute.Formula("where(0.02 - burst, where(where(together, 0.3, 0.02) - u, 1, 0), where(where(together, 0.0143, 0.02) - u, 1, 0))",
	"u", "burst", "together")

// Build says what is shown.
func (b *Bursts) Build(s *nets.Store) (nets.Spec, error) {
	first := make([]float32, b.Inputs)
	for i := range first[:b.Inputs/2] {
		first[i] = 1
	}
	b.together = s.Fixed(first, b.Inputs)
	b.spikes, b.chance = s.State("spikes", nets.Zeros, b.Inputs), s.State("chance", nets.Zeros, b.Inputs)
	b.burst = s.State("burst", nets.Zeros, 1)
	return nets.Spec{In: nets.Row(b.Inputs), Examples: 1}, nil
}

// Show draws the spikes of a step.
func (b *Bursts) Show(p *nets.Pass) nets.Moment {
	p.Random(b.chance, compute.Uniform(0, 1))
	p.Random(b.burst, compute.Uniform(0, 1))
	p.Into(b.spikes, arrive, b.chance, b.burst, b.together)
	return nets.Moment{X: b.spikes, First: p.Number == 0}
}

// Judge counts the rate of what is answered.
func (b *Bursts) Judge(p *nets.Pass, _ nets.Moment, answer *compute.Tensor) {
	p.Count("spikes a step", answer, answer.Cols())
}

// Network is cells that see all inputs. A moment is a step.
type Network struct {
	Units int
	Cell  spiking.GLIF
	Rule  spiking.STDP

	w         *compute.Tensor
	pre, post *spiking.Side
	cells     *spiking.GLIFs
	halves    [2]*compute.Tensor
}

const step = 1 // ms

// Build asks for weights, traces and cells.
func (n *Network) Build(s *nets.Store, spec nets.Spec) (err error) {
	inputs := spec.In.Len()
	n.w = s.Weights("w", nets.Constant(0.5), n.Units, inputs)
	for k := range n.halves {
		half := make([]float32, inputs)
		for i := range half[:inputs/2] {
			half[i+k*inputs/2] = 1
		}
		n.halves[k] = s.Fixed(half, inputs)
	}
	if n.pre, err = n.Rule.Pre(s, "pre", step, 1, inputs); err != nil {
		return err
	}
	if n.post, err = n.Rule.Post(s, "post", step, 1, n.Units); err != nil {
		return err
	}
	n.cells, err = n.Cell.Build(s, "cell", step, 1, n.Units)
	return err
}

var (
	current = compute.Formula("0.1*x", "x")
	of      = compute.Formula("w*half", "w", "half")
)

// Step moves the cells, and their synapses.
func (n *Network) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := n.cells.Step(p, p.Map(current, p.Product(n.w, m.X, compute.Identity)))
	if p.Learning {
		n.pre.Spike(p, m.X, int(p.Number))
		n.post.Spike(p, y, int(p.Number))
		n.Rule.Dense(p, n.w, n.pre, n.post, float32(p.Rate))
		n.pre.Add(p)
		n.post.Add(p)
	}
	for k, name := range []string{"together", "alone"} {
		p.Count(name, p.Map(of, n.w, n.halves[k]), n.w.Rows()*n.w.Cols()/2)
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
	rule := spiking.Song
	rule.A2Minus = 0.006 // depression outweighs: only inputs that cause spikes can win
	run := nets.Run{
		System: func() nets.System {
			return &Network{Units: 4,
				Cell: spiking.GLIF{Tau: 20, Threshold: 1, Width: 0.1, Escape: 50, Refractory: 4, TauJump: 100},
				Rule: spiking.STDP{Window: rule, WMax: 1}}
		},
		Task:     func() nets.Task { return &Bursts{Inputs: 40} },
		Learners: 2, Seed: 1, Rate: 4, Moments: 40_000,
	}
	err = run.On(dev, 10_000, func(moments int, m nets.Metrics) {
		fmt.Printf("%2d s: weights %.2f of inputs that spike together, %.2f of the others, %.1f Hz\n",
			moments/1000, m.Get("together").Mean(), m.Get("alone").Mean(), 1000*m.Get("spikes a step").Mean())
	})
	if err != nil {
		log.Fatal(err)
	}
}
