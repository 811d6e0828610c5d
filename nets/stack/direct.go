package stack

import (
	"math"

	"hebb/compute"
)

// DirectFeedback sends error·D, the delta at the logits straight to the input of each layer, with D random and
// fixed (Nøkland 2016): classes × inputs, uniform within ±Scale/√inputs.
type DirectFeedback struct {
	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // 0 is 1
}

func (DirectFeedback) Feedback(n *Net, w *Weights) []int { return []int{n.Classes, w.In.Len()} }
func (DirectFeedback) Learn(*Pass)                       {}

func (d DirectFeedback) Start(p *Pass) {
	for _, w := range p.Net.Weights {
		if w.B != nil {
			a := float32(1 / math.Sqrt(float64(w.In.Len())))
			if d.Scale != 0 {
				a *= d.Scale
			}
			p.Random(w.B, compute.Uniform(-a, a))
		}
	}
}

func (DirectFeedback) Send(p *Pass, w *Weights, _ *compute.Tensor) *compute.Tensor {
	x := p.Tensor(w.In.of(p.Examples)...)
	p.Do(compute.Gemm{C: p.View(x, 0, p.Examples, w.In.Len()), A: p.Error, B: w.B, Epilogue: plain})
	return x
}

func (DirectFeedback) fixed() {}
