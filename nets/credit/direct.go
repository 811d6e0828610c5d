package credit

import (
	"math"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// DirectFeedback is direct feedback alignment (Nøkland 2016): the delta at the input of each layer is error·D, with error the
// delta at the logits, and D, classes × inputs, random and fixed, uniform within ±Scale/√inputs.
type DirectFeedback struct {
	stack.Fixed `json:"-" toml:"-"`

	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // 0: 1
}

func (DirectFeedback) Feedback(n *stack.Net, w *stack.Weights) []int {
	return []int{n.Classes, w.In.Len()}
}
func (DirectFeedback) Learn(*stack.Pass) {}

func (d DirectFeedback) Start(p *stack.Pass) {
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

func (DirectFeedback) Send(p *stack.Pass, w *stack.Weights, _ *compute.Tensor) *compute.Tensor {
	x := p.Of(w.In, p.Examples)
	p.Do(compute.Gemm{C: p.AsRows(x, p.Examples, w.In.Len()), A: p.Error, B: w.B, Epilogue: stack.Plain})
	return x
}

// Check reports an invalid Scale.
func (d DirectFeedback) Check() error { return float.AtLeast0("scale", d.Scale) }
