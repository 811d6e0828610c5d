// Package attract has networks whose memories are the states that they come to rest in.
package attract

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Hopfield is an associative memory (Hopfield 1982, PNAS 79) of patterns x of N numbers ±1. A moment for which nothing is
// wanted stores its examples, and any other moment completes them, all units at once (Little 1974), Sweeps times:
//
//	W_ij ← W_ij + Σ x_i·x_j  for i ≠ j,   W_ii = 0;   the sum over examples
//	x_i ← the sign of Σ_j W_ij·x_j, or x_i where that is 0
//
// These are whole numbers, so that every backend comes to the same bits while Σ_j |W_ij| is below 2²⁴.
// About 0.138·N random patterns can be recalled (Amit, Gutfreund and Sompolinsky 1985). With units all at once a state may
// end in a cycle of two instead of a rest. The rate of the run has no part in it. Cost: 2·N² flops for each example and
// sweep.
type Hopfield struct {
	Sweeps int `json:"sweeps" toml:"sweeps"`

	w *compute.Tensor // N × N
}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "hopfield", About: "associative memory (Hopfield 1982)", System: func() nets.System { return &Hopfield{Sweeps: 10} }},
}

// Check reports a setting that cannot be.
func (h *Hopfield) Check() error {
	if h.Sweeps < 1 {
		return fmt.Errorf("hopfield: %d sweeps, want at least 1", h.Sweeps)
	}
	return nil
}

// Build asks for the weights.
func (h *Hopfield) Build(s *nets.Store, spec nets.Spec) error {
	n := spec.In.Len()
	if spec.Out != n || spec.Classes {
		wants := count.Of(spec.Out, "number")
		if spec.Classes {
			wants = "a class"
		}
		return fmt.Errorf("hopfield: the task shows %s and wants %s; want the same numbers completed", count.Of(n, "number"), wants)
	}
	if n < 2 {
		return fmt.Errorf("hopfield: patterns of %d number, want at least 2: no weight joins a unit with itself", n)
	}
	h.w = s.Weights("w", nets.Zeros, n, n)
	return nil
}

var (
	offDiagonal = compute.Formula("where(abs(i - j), old, 0)", "i", "j")
	spin        = compute.Formula("where(abs(u), sign(u), x)", "u", "x")
)

// Step stores or completes the examples of a moment.
func (h *Hopfield) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	x := p.All(m.X)
	if m.Want == nil {
		if p.Learning {
			h.store(p, p.Masked(x, m))
		}
		return x
	}
	for range h.Sweeps {
		x = p.Map(spin, p.Product(h.w, x, compute.Identity), x)
	}
	return x
}

// store adds patterns to the weights.
func (h *Hopfield) store(p *nets.Pass, x *compute.Tensor) {
	n := x.Cols()
	p.Outer(h.w, x, x, 1, float32(x.Rows())) // which divides by the number of examples
	i := p.Numbers(n)
	p.Into(h.w, offDiagonal, p.View(i, 0, n, 1), i)
}
