package stack

import (
	"fmt"

	"hebb/compute"
)

// WeightMirror sends delta·B, and B learns W from noise: every layer by itself is shown x, uniform within
// ±Amplitude/2, answers y, and (Akrout et al. 2019, equation 7)
//
//	B ← (1 − Decay)·B + Rate·Σ_b y_b⊗x_b
//
// once a step, Examples at a time, and Before times before training. E[Σ y⊗x] is Examples·Amplitude²/12·W for
// a linear y; so with Decay λ, B goes to Rate·Examples·Amplitude²/(12·λ)·W, and without it grows. With
// Sigmoid y passes through the bias and a sigmoid, in the last layer too, as in the authors' code.
type WeightMirror struct {
	Rate      float32 `json:"rate" toml:"rate"`
	Amplitude float32 `json:"amplitude" toml:"amplitude"`
	Decay     float32 `json:"decay" toml:"decay"`
	Examples  int     `json:"examples" toml:"examples"`
	Before    int     `json:"before" toml:"before"`
	Sigmoid   bool    `json:"sigmoid" toml:"sigmoid"`
	Scale     float32 `json:"scale,omitempty" toml:"scale,omitempty"` // of the first B; 0 is 1
}

// DefaultMirror brings B to W and forgets over two hundred steps, which average 2·64/0.005 = 25,600 examples of
// noise: of a layer of 500 inputs, tan of the angle is √(500/25600), which is 8°.
var DefaultMirror = WeightMirror{Rate: 0.005 * 12 / 64, Amplitude: 1, Decay: 0.005, Examples: 64, Before: 400}

func (WeightMirror) Feedback(_ *Net, w *Weights) []int { return w.W.Shape() }

func (m WeightMirror) Start(p *Pass) {
	p.draw(m.Scale)
	for range m.Before {
		m.Learn(p)
	}
}

func (WeightMirror) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

func (m WeightMirror) Learn(p *Pass) {
	for _, w := range p.Net.Weights {
		if w.B == nil {
			continue
		}
		x, e := p.Tensor(w.In.of(m.Examples)...), plain
		p.Random(x, compute.Uniform(-m.Amplitude/2, m.Amplitude/2))
		if m.Sigmoid {
			e.Bias, e.Act = w.Bias, compute.Sigmoid
		}
		w.Outer(p, w.B, w.Project(p, w.W, x, e), x, m.Rate, m.Decay)
	}
}

func (WeightMirror) fixed() {}

// Check reports a setting that cannot be.
func (m WeightMirror) Check() error {
	switch {
	case m.Examples < 1 || m.Before < 0:
		return fmt.Errorf("%d examples and %d before, want at least 1 and 0", m.Examples, m.Before)
	case !(m.Amplitude > 0 && finite32(float64(m.Amplitude))):
		return fmt.Errorf("amplitude %g, want a number above 0", m.Amplitude)
	case !(0 <= m.Decay && m.Decay <= 1):
		return fmt.Errorf("decay %g, want a number within [0, 1]", m.Decay)
	case !finite32(float64(m.Rate)) || !finite32(float64(m.Scale)):
		return fmt.Errorf("rate %g and scale %g, want finite numbers", m.Rate, m.Scale)
	}
	return nil
}
