package credit

import (
	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// SignSymmetry sends delta·B, where B has the signs of W (Liao, Leibo, Poggio 2016). Its magnitudes are all the initial standard
// deviation of W (uSF), or random and fixed (frSF).
type SignSymmetry struct {
	stack.Fixed `json:"-" toml:"-"`

	Random bool    `json:"fixed,omitempty" toml:"fixed,omitempty"` // frSF, with |B| drawn from the initial distribution of W; else uSF
	Scale  float32 `json:"scale,omitempty" toml:"scale,omitempty"` // of the magnitudes; 0: 1
}

func (SignSymmetry) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }
func (SignSymmetry) Learn(*stack.Pass)                             {}

func (s SignSymmetry) Start(p *stack.Pass) {
	if s.Random {
		p.DrawFeedback(s.Scale)
	}
}

var (
	signed  = compute.Formula("abs(old)*where(w, 1, -1)", "w") // not 0 for a w of 0, which would lose the magnitude
	uniSign = compute.Formula("magnitude*sign(w)", "w")
)

func (s SignSymmetry) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	f := signed
	if !s.Random {
		f = uniSign.With("magnitude", s.magnitude(w))
	}
	p.Into(w.B, f, w.W)
	return w.Back(p, w.B, delta)
}

// magnitude is the initial standard deviation of W, times Scale.
func (s SignSymmetry) magnitude(w *stack.Weights) float32 {
	sd := w.Init.SD(w.Shape)
	if s.Scale != 0 {
		sd *= float64(s.Scale)
	}
	return float32(sd)
}

// Check reports an invalid Scale.
func (s SignSymmetry) Check() error { return float.AtLeast0("scale", s.Scale) }
