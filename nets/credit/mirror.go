package credit

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// WeightMirror sends delta·B, and B learns W from noise (Akrout et al. 2019, equation 7): each layer by itself computes y for
// an input x of noise, uniform within ±Amplitude/2, and
//
//	B ← (1 − Decay)·B + Rate·Σ_b y_b⊗x_b
//
// once a step with a batch of Examples, and Before times before training. For a linear y, E[Σ y⊗x] is Examples·Amplitude²/12·W;
// with Decay λ, B converges to Rate·Examples·Amplitude²/(12·λ)·W, and without it grows. With Sigmoid, y is sigmoid(x∗W + Bias)
// in all layers, as in the authors' code.
type WeightMirror struct {
	stack.Fixed `json:"-" toml:"-"`

	Rate      float32 `json:"rate" toml:"rate"`
	Amplitude float32 `json:"amplitude" toml:"amplitude"`
	Decay     float32 `json:"decay" toml:"decay"`
	Examples  int     `json:"examples" toml:"examples"`
	Before    int     `json:"before" toml:"before"`
	Sigmoid   bool    `json:"sigmoid" toml:"sigmoid"`
	Scale     float32 `json:"scale,omitempty" toml:"scale,omitempty"` // of the initial B; 0: 1
}

// DefaultMirror brings B to W with a memory of two hundred steps, an average over 2·64/0.005 = 25,600 examples of noise: in
// a layer of 500 inputs the tangent of the angle between B and W is √(500/25600), an angle of 8°.
var DefaultMirror = WeightMirror{Rate: 0.005 * 12 / 64, Amplitude: 1, Decay: 0.005, Examples: 64, Before: 400}

func (WeightMirror) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }

func (m WeightMirror) Start(p *stack.Pass) {
	p.DrawFeedback(m.Scale)
	for range m.Before {
		m.learn(p)
	}
}

func (WeightMirror) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

func (m WeightMirror) Learn(p *stack.Pass) { p.Whole(m.learn) }

func (m WeightMirror) learn(p *stack.Pass) {
	for _, w := range p.Net.Weights {
		if w.B == nil {
			continue
		}
		x, e := p.Of(w.In, m.Examples), stack.Plain
		p.Random(x, compute.Uniform(-m.Amplitude/2, m.Amplitude/2))
		if m.Sigmoid {
			e.Bias, e.Act = w.Bias, compute.Sigmoid
		}
		w.Outer(p, w.B, w.Project(p, w.W, x, e), x, m.Rate, m.Decay)
	}
}

// Check reports invalid settings.
func (m WeightMirror) Check() error {
	switch {
	case m.Examples < 1 || m.Before < 0:
		return fmt.Errorf("%d examples and %d before, want at least 1 and 0", m.Examples, m.Before)
	case !(m.Amplitude > 0 && float.Finite(m.Amplitude)):
		return fmt.Errorf("amplitude %g, want a number above 0", m.Amplitude)
	case !(0 <= m.Decay && m.Decay <= 1):
		return fmt.Errorf("decay %g, want a number within [0, 1]", m.Decay)
	}
	return errors.Join(float.AtLeast0("rate", m.Rate), float.AtLeast0("scale", m.Scale))
}
