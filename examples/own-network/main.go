// Program own-network is a recurrent network of one's own, which all rules of package recurrent train.
package main

import (
	"fmt"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// Gated is a network of minimal gated units (Zhou, Wu, Zhang and Zhou 2016). With x an input, h the state, σ the logistic
// function and ∘ a product element by element:
//
//	f = σ(U_f·x + W_f·h)              gates
//	c = tanh(U_c·x + W_c·(f∘h))       candidates
//	h ← h + f∘(c − h)
//
// First values are normal, with variance 1/inputs of U and 1/units of W.
type Gated struct {
	Units int `toml:"units"`

	uf, wf, uc, wc *compute.Tensor
}

// Build asks for the state and the weights. The tape of a moment is x, h, f∘h, f and c, of which the first three are inputs
// of weights.
func (g *Gated) Build(s *nets.Store, spec nets.Spec) recurrent.Parts {
	in, n := spec.In.Len(), g.Units
	weights := func(name string, inputs int) *compute.Tensor {
		return s.Weights(name, nets.Normal(1/math.Sqrt(float64(inputs))), n, inputs)
	}
	g.uf, g.wf, g.uc, g.wc = weights("gate.in", in), weights("gate.recurrent", n), weights("in", in), weights("recurrent", n)
	return recurrent.Parts{
		State:   s.State("h", nets.Zeros, spec.Examples, n),
		Weights: []recurrent.Weights{{W: g.uf, In: 0}, {W: g.wf, In: 1}, {W: g.uc, In: 0}, {W: g.wc, In: 2}},
		Tape:    []recurrent.Entry{{Name: "x", Cols: in}, {Name: "h", Cols: n}, {Name: "fh", Cols: n}, {Name: "f", Cols: n}, {Name: "c", Cols: n}},
	}
}

var (
	product   = compute.Formula("x*y", "x", "y")
	moved     = compute.Formula("h + f*(c - h)", "h", "f", "c")
	candidate = compute.Formula("v*f*(1 - c*c)", "v", "f", "c")
	gate      = compute.Formula("(v*(c - h) + t*h)*f*(1 - f)", "v", "t", "h", "f", "c")
	around    = compute.Formula("v*(1 - f) + t*f + back", "v", "t", "back", "f")
)

// Forward returns the next state, and the tape.
func (g *Gated) Forward(p *nets.Pass, h, x *compute.Tensor) (next *compute.Tensor, tape []*compute.Tensor) {
	f := p.Product(g.uf, x, compute.Identity)
	p.AddProduct(f, g.wf, h, compute.Sigmoid)
	fh := p.Map(product, f, h)
	c := p.Product(g.uc, x, compute.Identity)
	p.AddProduct(c, g.wc, fh, compute.Tanh)
	return p.Map(moved, h, f, c), []*compute.Tensor{x, h, fh, f, c}
}

// Backward returns Jᵀ·v, and the deltas at the inputs of gates and candidates:
//
//	δ_c = v∘f∘(1 − c²),   t = W_cᵀ·δ_c,   δ_f = (v∘(c − h) + t∘h)∘f∘(1 − f)
//	Jᵀ·v = v∘(1 − f) + t∘f + W_fᵀ·δ_f
func (g *Gated) Backward(p *nets.Pass, tape []*compute.Tensor, v *compute.Tensor) (down *compute.Tensor, deltas []*compute.Tensor) {
	h, f, c := tape[1], tape[3], tape[4]
	dc := p.Map(candidate, v, f, c)
	t := recurrent.Back(p, g.wc, dc)
	df := p.Map(gate, v, t, h, f, c)
	return p.Map(around, v, t, recurrent.Back(p, g.wf, df), f), []*compute.Tensor{df, df, dc, dc}
}

// rules are systems with a network of their own each, and the rates at which they learn.
var rules = []struct {
	name   string
	system func() nets.System
	rate   float64
}{
	{"bptt", func() nets.System { return &recurrent.BPTT{Network: &Gated{Units: 16}, Learning: adam} }, 0.01},
	{"tbptt", func() nets.System { return &recurrent.TBPTT{Span: 5, Network: &Gated{Units: 16}, Learning: adam} }, 0.002},
	{"rtrl", func() nets.System { return &recurrent.RTRL{Network: &Gated{Units: 16}, Learning: adam} }, 0.002},
	{"uoro", func() nets.System { return &recurrent.UORO{Network: &Gated{Units: 16}, Learning: adam} }, 0.0005},
}

var adam = recurrent.Learning{Optimiser: nets.DefaultAdam}

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	for _, r := range rules {
		run := nets.Run{
			System:   r.system,
			Task:     func() nets.Task { return &tasks.Sines{Period: 10, Outputs: 1, Cue: 2} },
			Learners: 2, Seed: 1, Rate: r.rate, Moments: 20 * 200,
		}
		err := run.On(dev, 20*300, func(moments int, m nets.Metrics) {
			fmt.Printf("%-5s after %d moments, mean error so far %.3f\n", r.name, moments, m.Get("error").Mean())
		})
		if err != nil {
			log.Fatal(err)
		}
	}
}
