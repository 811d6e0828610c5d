package credit

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// Alignment sends delta·B, and B learns by the gradient of a regulariser R(W, B), a sum of the primitives of Kunin, Nayebi,
// Sagastuy-Brena et al. 2020, "Two Routes to Scalable Credit Assignment". With the layer's input x, p = x∗W, q = x∗B and
// r = p·B (a reconstruction of x), ⟨⟩ the mean over the batch, and W held fixed:
//
//	Decay·‖B‖²       dR/dB = 2·B
//	Amp·−⟨q·p⟩        dR/dB = −⟨p⊗x⟩       Hebbian
//	Null·⟨‖r‖²⟩       dR/dB = 2⟨p⊗r⟩        local; r's dependence on B by way of p alone
//	Sparse·⟨‖q‖²⟩     dR/dB = 2⟨q⊗x⟩       not local
//	Self·−⟨W, B⟩      dR/dB = −W           not local
//
// The gradient, times Rate, is applied by the optimiser of the weights. Symmetric alignment is Decay and Self (B converges to
// Self/(2·Decay)·W), activation alignment is Sparse and Amp (with the same limit for white inputs), and information alignment
// is Amp, Null and Decay. In a convolution the mean is over examples, as in the authors' code, and the sum over positions;
// Places divides by the number of positions too, so that one Rate suits all layers.
//
// Inputs far from white make Sparse stiff: directions that all examples share, such as the mean activity, bound the rate, and
// the others learn slowly. Noise replaces x by white noise, and Centre subtracts the mean of x, both as in the authors' code.
//
// Share is the part of the batch that the means are estimated from. The products cost as much as the layer itself, so that a
// sixteenth of the batch keeps a step within 1.15 times a step of backprop.
type Alignment struct {
	Rate   float32 `json:"rate" toml:"rate"`
	Decay  float32 `json:"decay,omitempty" toml:"decay,omitempty"`
	Amp    float32 `json:"amp,omitempty" toml:"amp,omitempty"`
	Null   float32 `json:"null,omitempty" toml:"null,omitempty"`
	Sparse float32 `json:"sparse,omitempty" toml:"sparse,omitempty"`
	Self   float32 `json:"self,omitempty" toml:"self,omitempty"`
	Share  float32 `json:"share,omitempty" toml:"share,omitempty" if:"amp|null|sparse"` // 0: 1
	Places bool    `json:"places,omitempty" toml:"places,omitempty" if:"amp|null|sparse"`
	Noise  float32 `json:"noise,omitempty" toml:"noise,omitempty" if:"amp|null|sparse"`   // standard deviation of normal noise that replaces x; 0: none
	Centre bool    `json:"centre,omitempty" toml:"centre,omitempty" if:"amp|null|sparse"` // subtract from x its mean, and scale it to length 1
	Scale  float32 `json:"scale,omitempty" toml:"scale,omitempty"`                        // of the initial B; 0: 1
}

func (Alignment) Feedback(_ *stack.Net, w *stack.Weights) []int { return w.Shape }

func (a Alignment) Start(p *stack.Pass) { p.DrawFeedback(a.Scale) }

func (Alignment) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	return w.Back(p, w.B, delta)
}

var linear = compute.Formula("a*x + b*y", "x", "y")

func (a Alignment) Learn(p *stack.Pass) {
	for _, w := range p.Net.Weights {
		if w.B == nil {
			continue
		}
		p.Into(w.GradB, linear.With("a", -a.Rate*a.Self).With("b", 2*a.Rate*a.Decay), w.W, w.B)
		if a.Amp != 0 || a.Null != 0 || a.Sparse != 0 {
			a.project(p, w)
		}
	}
}

// InTurn gives the reason why Share and Centre support one learner: the first examples of several are not contiguous.
func (a Alignment) InTurn() string {
	if a.Share > 0 && a.Noise == 0 || a.Centre {
		return "alignment by a share of the batch, or centred, takes one learner"
	}
	return ""
}

// input returns m inputs of the layer, or noise, as the settings say.
func (a Alignment) input(p *stack.Pass, w *stack.Weights, m int) *compute.Tensor {
	x := w.X
	switch {
	case a.Noise > 0:
		x = p.Of(w.In, m)
		p.Random(x, compute.Normal(0, a.Noise))
	case m < p.Examples:
		x = p.First(x, m)
	}
	if !a.Centre {
		return x
	}
	n := w.In.Len()
	rows := p.View(x, 0, m, n)
	mean := p.PerRow(nil, 1/float32(n), rows)
	squares := p.PerRow(deviation, 1, rows, mean)
	return p.View(p.Map(direction, rows, mean, squares), 0, x.Shape()...)
}

// direction has length 1, or 0 for a constant example.
var (
	deviation = compute.Formula("(x - mean)*(x - mean)", "x", "mean")
	direction = compute.Formula("(x - mean)/sqrt(squares + 1e-12)", "x", "mean", "squares")
)

// project adds the gradients of Amp, Null and Sparse.
func (a Alignment) project(p *stack.Pass, w *stack.Weights) {
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
		forward = w.Project(p, w.W, x, stack.Plain)
	}
	switch {
	case a.Sparse != 0 && a.Amp != 0: // 2·Sparse·q − Amp·p is one projection, x∗(2·Sparse·B − Amp·W)
		between := p.Map(linear.With("a", 2*a.Sparse).With("b", -a.Amp), w.B, w.W)
		w.Outer(p, w.GradB, w.Project(p, between, x, stack.Plain), x, rate, 0)
	case a.Sparse != 0:
		w.Outer(p, w.GradB, w.Project(p, w.B, x, stack.Plain), x, 2*a.Sparse*rate, 0)
	case a.Amp != 0:
		w.Outer(p, w.GradB, forward, x, -a.Amp*rate, 0)
	}
	if a.Null != 0 {
		w.Outer(p, w.GradB, forward, w.Back(p, w.B, forward), 2*a.Null*rate, 0)
	}
}

// Check reports invalid settings.
func (a Alignment) Check() error {
	if !(0 <= a.Share && a.Share <= 1) {
		return fmt.Errorf("share %g, want a part within [0, 1], 0 being all", a.Share)
	}
	return errors.Join(float.AtLeast0("rate", a.Rate), float.AtLeast0("decay", a.Decay), float.AtLeast0("amp", a.Amp), float.AtLeast0("null", a.Null),
		float.AtLeast0("sparse", a.Sparse), float.AtLeast0("self", a.Self), float.AtLeast0("noise", a.Noise), float.AtLeast0("scale", a.Scale))
}
