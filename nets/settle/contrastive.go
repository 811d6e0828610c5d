// Package settle has networks whose activities come to rest before they learn.
package settle

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Contrastive is contrastive Hebbian learning (Movellan 1991; Xie and Seung 2003, Neural Computation 15) in a network with
// one hidden layer and feedback γ·Vᵀ from its outputs. Activities come to rest freely, then with the outputs held at what is
// wanted, and weights change by the difference of the two. With σ the sigmoid, x an example and y 0 at first:
//
//	free: Sweeps times   h = σ(W·x + γ·Vᵀ·y), y = σ(V·h);   y is the answer
//	held:                ĥ = σ(W·x + γ·Vᵀ·y*)
//	W ← W + η/γ·(ĥ − h)⊗x        units × inputs
//	V ← V + η·(y*⊗ĥ − y⊗h)       outputs × units
//
// averaged over examples; η is the rate of the run. As γ → 0 this is backprop with the cross-entropy of a sigmoid for each
// output (Xie and Seung 2003); in float32 what is left unsettled is divided by γ, so that γ should be 0.05 at least. Of
// classes, y* is 1 for the class and else 0.
//
// There are no biases: a task that needs them shows a 1. First values are normal with standard deviation Gain/√inputs of a
// layer. Cost: 2·units·(2·inputs + (2·Sweeps + 3)·outputs) flops for each example.
type Contrastive struct {
	Units  int     `json:"units" toml:"units"`
	Sweeps int     `json:"sweeps" toml:"sweeps"`
	Gamma  float32 `json:"gamma" toml:"gamma"` // γ
	Gain   float32 `json:"gain" toml:"gain"`   // of the first weights

	w, v    *compute.Tensor // units × inputs, outputs × units
	classes int             // 0 where numbers are wanted
}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "chl", About: "contrastive Hebbian learning (Xie and Seung 2003)", System: func() nets.System {
		return &Contrastive{Units: 16, Sweeps: 10, Gamma: 0.1, Gain: 2}
	}, Rate: 1},
}

// Check reports a setting that cannot be.
func (r *Contrastive) Check() error {
	bad := func(x float32) bool { return !(x > 0 && x < math.MaxFloat32) }
	if r.Units < 1 || r.Sweeps < 1 || bad(r.Gamma) || bad(r.Gain) {
		return fmt.Errorf("chl: %d units, %d sweeps, gamma %g and gain %g, want at least 1 of both and numbers above 0", r.Units, r.Sweeps, r.Gamma, r.Gain)
	}
	return nil
}

// Build asks for the weights.
func (r *Contrastive) Build(s *nets.Store, spec nets.Spec) error {
	in := spec.In.Len()
	if spec.Out < 1 {
		return fmt.Errorf("chl: the task wants no numbers, want at least 1 to hold the outputs at")
	}
	sd := func(fan int) nets.Init { return nets.Normal(float64(r.Gain) / math.Sqrt(float64(fan))) }
	r.w, r.v = s.Weights("w", sd(in), r.Units, in), s.Weights("v", sd(r.Units), spec.Out, r.Units)
	if spec.Classes {
		r.classes = spec.Out
	}
	return nil
}

var (
	hidden = compute.Formula("sigmoid(drive + gamma*back)", "drive", "back")
	minus  = compute.Formula("a - b", "a", "b")
)

// Step answers with the outputs at rest and, held at what is wanted, learns.
func (r *Contrastive) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	drive := p.Product(r.w, m.X, compute.Identity)
	under := func(y *compute.Tensor) *compute.Tensor {
		return p.Map(hidden.With("gamma", r.Gamma), drive, p.Back(r.v, y))
	}
	y := p.Tensor(p.Learners, m.Examples(), r.v.Rows())
	p.Clear(y)
	var h *compute.Tensor
	for range r.Sweeps {
		h = under(y)
		y = p.Product(r.v, h, compute.Sigmoid)
	}
	if !p.Learning || m.Want == nil {
		return y
	}
	want := p.All(m.Want)
	if r.classes > 0 {
		want = p.OneHot(m, r.classes)
	}
	held, rate := under(want), float32(p.Rate)
	p.Outer(r.w, p.Masked(p.Map(minus, held, h), m), m.X, 1, rate/r.Gamma)
	p.Outer(r.v, p.Masked(want, m), held, 1, rate)
	p.Outer(r.v, p.Masked(y, m), h, 1, -rate)
	return y
}
