package stack

import (
	"fmt"

	"hebb/compute"
)

// Alignment sends delta·B, and B learns by the gradient of a regulariser R of W and B, made of the primitives of
// Kunin, Nayebi, Sagastuy-Brena et al. 2020, "Two Routes to Scalable Credit Assignment". With the layer's
// input x, p = x∗W, q = x∗B and r = p·B (the reconstruction of x), means over the batch, and W held fixed:
//
//	Decay·‖B‖²       dR/dB = 2·B
//	Amp·−⟨q·p⟩        dR/dB = −⟨p⊗x⟩       Hebbian
//	Null·⟨‖r‖²⟩       dR/dB = 2⟨p⊗r⟩        local; r's dependence on B by way of p alone
//	Sparse·⟨‖q‖²⟩     dR/dB = 2⟨q⊗x⟩       not local
//	Self·−⟨W, B⟩      dR/dB = −W           not local
//
// times Rate, for the optimiser of the weights to apply. Symmetric alignment is Decay and Self (B goes to
// Self/(2·Decay)·W), activation alignment is Sparse and Amp (the same on white inputs), information
// alignment Amp, Null and Decay. Of a convolution the mean is over examples alone, as in the authors'
// code, and over the places a sum; Places divides by their number too, so that one Rate serves all layers.
//
// Inputs far from white make Sparse stiff: directions that all examples share, such as the mean activity, bound the
// rate, and all others learn slowly. Noise puts white noise in the place of x, and Centre takes the mean away,
// both as the authors' code can.
//
// Share is the part of the batch from which the means are estimated: products cost as much as those of
// the layer itself, so a sixteenth of the batch keeps a step within 1.15 times that of backprop.
type Alignment struct {
	Rate   float32 `json:"rate" toml:"rate"`
	Decay  float32 `json:"decay,omitempty" toml:"decay,omitempty"`
	Amp    float32 `json:"amp,omitempty" toml:"amp,omitempty"`
	Null   float32 `json:"null,omitempty" toml:"null,omitempty"`
	Sparse float32 `json:"sparse,omitempty" toml:"sparse,omitempty"`
	Self   float32 `json:"self,omitempty" toml:"self,omitempty"`
	Share  float32 `json:"share,omitempty" toml:"share,omitempty"` // 0 is 1
	Places bool    `json:"places,omitempty" toml:"places,omitempty"`
	Noise  float32 `json:"noise,omitempty" toml:"noise,omitempty"`   // x is normal noise of that standard deviation instead
	Centre bool    `json:"centre,omitempty" toml:"centre,omitempty"` // every x less its mean, and then of length 1
	Scale  float32 `json:"scale,omitempty" toml:"scale,omitempty"`   // of the first B; 0 is 1
}

func (Alignment) Feedback(_ *Net, w *Weights) []int { return w.W.Shape() }

func (a Alignment) Start(p *Pass) { p.draw(a.Scale) }

func (Alignment) Send(p *Pass, w *Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

// linear is Const·W + Const·B, what Decay and Self ask for.
var linear = compute.Pointwise(compute.Add(
	compute.Mul(compute.Const(1), compute.Var(0)), compute.Mul(compute.Const(1), compute.Var(1))))

func (a Alignment) Learn(p *Pass) {
	for _, w := range p.Net.Weights {
		if w.B == nil {
			continue
		}
		p.Do(compute.Map{Out: w.GradB, In: []*compute.Tensor{w.W, w.B}, F: linear.WithConsts(-a.Rate*a.Self, 2*a.Rate*a.Decay)})
		if a.Amp != 0 || a.Null != 0 || a.Sparse != 0 {
			a.project(p, w)
		}
	}
}

// input is what the projections are of.
func (a Alignment) input(p *Pass, w *Weights, m int) *compute.Tensor {
	x := p.First(w.X, m)
	if a.Noise > 0 {
		x = p.Like(x)
		p.Random(x, compute.Normal(0, a.Noise))
	}
	if !a.Centre {
		return x
	}
	n := w.In.Len()
	rows, mean, squares := p.View(x, 0, m, n), p.Tensor(m, 1), p.Tensor(m, 1)
	p.Do(compute.Reduce{Out: mean, In: []*compute.Tensor{rows}, Along: compute.AlongCols, Alpha: 1 / float32(n)})
	p.Do(compute.Reduce{Out: squares, In: []*compute.Tensor{rows, mean}, F: deviation, Along: compute.AlongCols, Alpha: 1})
	return p.View(p.Map(direction, rows, mean, squares), 0, x.Shape()...)
}

// An example less its mean, squared; and of length 1, or 0 where it is the same everywhere.
var (
	off       = compute.Sub(compute.Var(0), compute.Var(1))
	deviation = compute.Pointwise(compute.Mul(off, off))
	direction = compute.Pointwise(compute.Div(off, compute.Sqrt(compute.Add(compute.Var(2), compute.Const(1e-12)))))
)

// project adds what depends on the layer's input.
func (a Alignment) project(p *Pass, w *Weights) {
	m := p.Examples
	if a.Share > 0 {
		m = max(1, int(a.Share*float32(m)))
	}
	x, rate := a.input(p, w, m), a.Rate/float32(m)
	if a.Places {
		rate /= float32(w.Out.Height * w.Out.Width)
	}
	var forward *compute.Tensor
	if a.Null != 0 || a.Amp != 0 && a.Sparse == 0 {
		forward = w.Project(p, w.W, x, plain)
	}
	switch {
	case a.Sparse != 0 && a.Amp != 0: // 2·Sparse·q − Amp·p is one projection, by weights in between
		between := p.Map(linear.WithConsts(2*a.Sparse, -a.Amp), w.B, w.W)
		w.Outer(p, w.GradB, w.Project(p, between, x, plain), x, rate, 0)
	case a.Sparse != 0:
		w.Outer(p, w.GradB, w.Project(p, w.B, x, plain), x, 2*a.Sparse*rate, 0)
	case a.Amp != 0:
		w.Outer(p, w.GradB, forward, x, -a.Amp*rate, 0)
	}
	if a.Null != 0 {
		w.Outer(p, w.GradB, forward, w.Back(p, w.B, forward), 2*a.Null*rate, 0)
	}
}

// Check reports a setting that cannot be.
func (a Alignment) Check() error {
	switch {
	case !(0 <= a.Share && a.Share <= 1):
		return fmt.Errorf("share %g, want a part within [0, 1], 0 being all", a.Share)
	case !(a.Noise >= 0 && finite32(float64(a.Noise))):
		return fmt.Errorf("noise %g, want at least 0", a.Noise)
	case !finite32(float64(a.Rate)) || !finite32(float64(a.Decay)) || !finite32(float64(a.Amp)) || !finite32(float64(a.Null)) ||
		!finite32(float64(a.Sparse)) || !finite32(float64(a.Self)) || !finite32(float64(a.Scale)):
		return fmt.Errorf("%+v, want finite numbers", a)
	}
	return nil
}
