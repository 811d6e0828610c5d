package stack

import (
	"math"

	"hebb/compute"
)

// SignSymmetry sends delta·B with the signs of W, and magnitudes of its own (Liao, Leibo, Poggio 2016):
// all the same, the standard deviation that W started with (uSF), or random and fixed (frSF).
type SignSymmetry struct {
	Fixed bool    `json:"fixed,omitempty" toml:"fixed,omitempty"` // frSF: |B| is drawn as W was; else uSF
	Scale float32 `json:"scale,omitempty" toml:"scale,omitempty"` // of the magnitudes; 0 is 1
}

func (SignSymmetry) Feedback(_ *Net, w *Weights) []int { return w.W.Shape() }
func (SignSymmetry) Learn(*Pass)                       {}

func (s SignSymmetry) Start(p *Pass) {
	if s.Fixed {
		p.draw(s.Scale)
	}
}

var (
	// |B| with the sign of W, never 0: B would keep no magnitude from then on.
	signed = compute.Pointwise(compute.Mul(compute.Abs(compute.Old()),
		compute.Select(compute.Var(0), compute.Const(1), compute.Const(-1))))
	uniSign = compute.Pointwise(compute.Mul(compute.Const(1), compute.Sign(compute.Var(0))))
)

func (s SignSymmetry) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	f := signed
	if !s.Fixed {
		f = withFirst(uniSign, s.magnitude(w))
	}
	p.Do(compute.Map{Out: w.B, In: []*compute.Tensor{w.W}, F: f})
	return w.Back(p, w.B, delta)
}

// magnitude is the standard deviation that W started with.
func (s SignSymmetry) magnitude(w *Weights) float32 {
	in, out := fans(w.W.Shape())
	sd := map[Init]float64{
		Torch:    1 / math.Sqrt(3*float64(in)),
		FanOut:   math.Sqrt(2 / float64(out)),
		Balanced: math.Sqrt(1 / float64(in+out)),
	}[w.Init]
	if s.Scale != 0 {
		sd *= float64(s.Scale)
	}
	return float32(sd)
}

func (SignSymmetry) fixed() {}
