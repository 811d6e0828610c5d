// Package perturb has networks that learn by what a disturbance changes, and know nothing of how their loss comes about.
package perturb

import (
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Weight is weight perturbation (Jabri and Flower 1992, IEEE Trans. Neural Networks 3; Cauwenberghs 1993, NIPS 5): a
// network answers twice, the second time with noise on all its weights at once, and moves along the noise by how much less
// the loss became.
//
//	y(w) = W_k·tanh(W_{k−1}· … tanh(W_1·x)),   the answer
//	ξ normal with mean 0 and variance 1, one for each weight
//	w ← w − η·(E(w + σ·ξ) − E(w))/σ·ξ
//
// E is the mean loss over the examples of a moment, η the rate of the run, and σ is Sigma. As σ → 0 the expected step is
// that of gradient descent, −η·∂E/∂w, and its variance grows with the number of weights. In float32 the slope along the
// noise, (E(w + σ·ξ) − E(w))/σ, has an error of about 2⁻²⁴·E/σ, so that σ should not be below 10⁻³ or so.
//
// There are no biases: a task that needs them shows a 1. First values are normal with variance 1/inputs of a layer. Cost:
// that of two forward passes, and 2 numbers drawn for each weight.
type Weight struct {
	Hidden []int   `json:"hidden" toml:"hidden"` // units of the layers below the outputs
	Sigma  float32 `json:"sigma" toml:"sigma"`   // σ

	Loss nets.Loss `json:"-" toml:"-"` // nil is the task's, see [nets.DefaultLoss]

	w    []*compute.Tensor // of each layer, outputs × inputs
	loss nets.Loss
}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "wp", About: "weight perturbation (Jabri and Flower 1992)", System: func() nets.System { return &Weight{Hidden: []int{16}, Sigma: 1e-3} }, Rate: 0.03},
}

// Check reports a setting that cannot be.
func (r *Weight) Check() error {
	for _, n := range r.Hidden {
		if n < 1 {
			return fmt.Errorf("wp: hidden layers of %v units, want at least 1 each", r.Hidden)
		}
	}
	if !(r.Sigma > 0 && r.Sigma < math.MaxFloat32) {
		return fmt.Errorf("wp: sigma %g, want a number above 0", r.Sigma)
	}
	return nil
}

// Build asks for the weights of each layer, called "1", "2" and so on.
func (r *Weight) Build(s *nets.Store, spec nets.Spec) (err error) {
	loss := r.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if r.loss, err = nets.BuildLoss(s, spec, loss); err != nil {
		return err
	}
	in := spec.In.Len()
	for i, out := range slices.Concat(r.Hidden, []int{spec.Out}) {
		r.w = append(r.w, s.Weights(fmt.Sprint(i+1), nets.Normal(1/math.Sqrt(float64(in))), out, in))
		in = out
	}
	return nil
}

// answer returns y(w) for weights of each layer.
func answer(p *nets.Pass, ws []*compute.Tensor, x *compute.Tensor) *compute.Tensor {
	for i, w := range ws {
		act := compute.Tanh
		if i == len(ws)-1 {
			act = compute.Identity
		}
		x = p.Product(w, x, act)
	}
	return x
}

var (
	shifted = compute.Formula("w + sigma*xi", "w", "xi")
	learned = compute.Formula("old - rate*(noisy - quiet)*xi", "xi", "noisy", "quiet")
)

// Step answers a moment and, from a second answer with noise on the weights, learns.
func (r *Weight) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := answer(p, r.w, m.X)
	if m.Want == nil {
		return y
	}
	loss := r.loss.Judge(p, m, y, false).Loss
	p.Count("loss", loss, m.Examples())
	if !p.Learning {
		return y
	}
	var xi, ws []*compute.Tensor
	for i, w := range r.w {
		xi = append(xi, p.Like(w))
		p.Random(xi[i], compute.Normal(0, 1))
		ws = append(ws, p.Map(shifted.With("sigma", r.Sigma), w, xi[i]))
	}
	mean := 1 / float32(m.Examples())
	quiet := p.PerLearner(nil, mean, loss)
	noisy := p.PerLearner(nil, mean, r.loss.Judge(p, m, answer(p, ws, m.X), false).Loss)
	for i, w := range r.w {
		p.Into(w, learned.With("rate", float32(p.Rate)/r.Sigma), xi[i], noisy, quiet)
	}
	return y
}
