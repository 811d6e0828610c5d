package targets

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Recirculation is an autoencoder with one hidden layer; it learns from activities that go round (Hinton and McClelland
// 1988, "Learning representations by recirculation"). With σ the sigmoid, ψ the sigmoid too or, with Linear, the
// identity, and λ = Keep:
//
//	h  = σ(W·x + b)                      units
//	x̂  = ψ(V·h + c)                      inputs, the answer
//	x′ = λ·x + (1 − λ)·x̂
//	h′ = λ·h + (1 − λ)·σ(W·x′ + b)
//	V ← V + η·(x − x′)⊗h,  c ← c + η·(x − x′)     inputs × units
//	W ← W + η·(h − h′)⊗x′, b ← b + η·(h − h′)     units × inputs
//
// averaged over examples; η is the rate of the run. Each weight sees the difference between one activity at two times,
// and no errors are sent. If V is Wᵀ and the visible units are linear, the update of W turns to the gradient of the
// reconstruction error as λ goes to 1; V becomes Wᵀ by itself, as both learn from the same activities. It ignores the
// wanted outputs of a moment.
//
// First values: W and V are normal with standard deviation Gain, b and c 0.
type Recirculation struct {
	Units  int     `json:"units" toml:"units"`
	Keep   float32 `json:"keep" toml:"keep"`     // λ
	Gain   float32 `json:"gain" toml:"gain"`     // of the first weights
	Linear bool    `json:"linear" toml:"linear"` // visible units

	w, v, b, c *compute.Tensor
}

// Check reports an invalid setting.
func (r *Recirculation) Check() error {
	if r.Units < 1 || !(0 <= r.Keep && r.Keep < 1) || !(r.Gain > 0 && r.Gain <= math.MaxFloat32) {
		return fmt.Errorf("recirculation: %d units, keep %g and gain %g, want at least 1, a number within [0, 1) and one above 0", r.Units, r.Keep, r.Gain)
	}
	return nil
}

// Build asks for the weights.
func (r *Recirculation) Build(s *nets.Store, spec nets.Spec) error {
	in := spec.In.Len()
	if spec.Out != in && spec.Out != 0 || spec.Classes {
		return fmt.Errorf("recirculation: the task shows %d numbers and wants %d, want it to want what it shows", in, spec.Out)
	}
	first := nets.Normal(float64(r.Gain))
	r.w, r.v = s.Weights("w", first, r.Units, in), s.Weights("v", first, in, r.Units)
	r.b, r.c = s.Weights("b", nets.Zeros, r.Units), s.Weights("c", nets.Zeros, in)
	s.Averaged(r.w, r.v, r.b, r.c)
	return nil
}

// Divided reports nothing: weights move by a mean over the examples.
func (*Recirculation) Divided() error { return nil }

var (
	mixed = compute.Formula("keep*was + (1 - keep)*is", "was", "is")
	minus = compute.Formula("a - b", "a", "b")
)

// affine returns act(w·x + b).
func affine(p *nets.Pass, w, b, x *compute.Tensor, act compute.Act) *compute.Tensor {
	y := p.Tensor(p.Learners, x.Rows(), w.Rows())
	e := compute.Epilogue{Alpha: 1, Act: act, Bias: p.View(b, 0, p.Learners, w.Rows())}
	p.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: e})
	return y
}

// Step answers with the reconstruction and learns.
func (r *Recirculation) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	visible := compute.Sigmoid
	if r.Linear {
		visible = compute.Identity
	}
	x := p.All(m.X)
	h := affine(p, r.w, r.b, x, compute.Sigmoid)
	answer := affine(p, r.v, r.c, h, visible)
	if !p.Learning {
		return answer
	}
	back := r.mix(p, x, answer)
	again := r.mix(p, h, affine(p, r.w, r.b, back, compute.Sigmoid))
	learn := func(w, b, was, is, from *compute.Tensor) {
		d := p.Masked(p.Map(minus, was, is), m)
		p.Outer(w, d, from, 1, float32(p.Rate))
		p.Do(compute.Reduce{Out: b, In: []*compute.Tensor{d}, Along: compute.AlongRows, Alpha: float32(p.Rate) / float32(m.Examples()), Beta: 1})
	}
	learn(r.v, r.c, x, back, h)
	learn(r.w, r.b, h, again, back)
	return answer
}

// mix returns keep·was + (1 − keep)·is.
func (r *Recirculation) mix(p *nets.Pass, was, is *compute.Tensor) *compute.Tensor {
	return p.Map(mixed.With("keep", r.Keep), was, is)
}
