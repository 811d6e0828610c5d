package nets

import (
	"fmt"
	"math"

	"hebb/compute"
)

// An Optimiser updates weights from their gradients. Optimisers can wrap each other, see [Noisy], [Clipped] and [Scaled].
type Optimiser interface {
	// Check reports an invalid hyper-parameter.
	Check() error
	// States names the state tensors, each of the shape of the weights and 0 at first: "momentum_buffer", say.
	States() []string
	// Update makes update t, counted from 1, with the learning rate.
	Update(p *Pass, g Group, rate float64, t uint64)
}

// A Preparer is an Optimiser that looks at all gradients before an update, which goes group by group.
type Preparer interface{ Prepare(p *Pass, all []Weighted) }

// A Group is a contiguous piece of memory of weights that are updated together, with their gradients and states.
type Group struct {
	Value, Grad *compute.Tensor
	State       []*compute.Tensor // as [Optimiser.States] names them
	Weights     []Weighted        // the tensors within, in order
}

// A Weighted is a tensor of weights and its gradient.
type Weighted struct {
	Name        string
	Value, Grad *compute.Tensor // learners × shape
}

// SGD is stochastic gradient descent with momentum and weight decay, as in PyTorch (Sutskever et al. 2013, but with the
// rate outside of the momentum):
//
//	g ← g + WeightDecay·w
//	v ← Momentum·v + g
//	w ← w − rate·v, or with Nesterov w ← w − rate·(g + Momentum·v)
type SGD struct {
	Momentum    float32 `json:"momentum" toml:"momentum"`
	WeightDecay float32 `json:"weight_decay" toml:"weight_decay"`
	Nesterov    bool    `json:"nesterov,omitempty" toml:"nesterov,omitempty"`
}

// String returns the text that names and sets o on the command line.
func (o SGD) String() string { return named("sgd", o) }

// Check reports an invalid hyper-parameter.
func (o SGD) Check() error {
	switch {
	case !(0 <= o.Momentum && o.Momentum < 1):
		return fmt.Errorf("momentum %g, want a number within [0, 1)", o.Momentum)
	case !(o.WeightDecay >= 0 && o.WeightDecay < math.MaxFloat32):
		return fmt.Errorf("weight decay %g, want at least 0", o.WeightDecay)
	case o.Nesterov && o.Momentum == 0:
		return fmt.Errorf("Nesterov's step without momentum")
	}
	return nil
}

// States returns the momentum buffer, named as in PyTorch, or nothing without momentum.
func (o SGD) States() []string {
	if o.Momentum == 0 {
		return nil
	}
	return []string{"momentum_buffer"}
}

var (
	descend        = compute.Formula("keep*old - rate*g", "g")
	gatherMomentum = compute.Formula("momentum*old + (g + decay*w)", "g", "w")
	gatherGradient = compute.Formula("momentum*old + g", "g") // without decay
	nesterov       = compute.Formula("keep*old - rate*g - ahead*v", "g", "v")
)

// Update makes one update, see [Optimiser].
func (o SGD) Update(p *Pass, g Group, rate float64, _ uint64) {
	r, wd, mu := float32(rate), o.WeightDecay, o.Momentum
	if mu == 0 {
		p.Into(g.Value, descend.With("keep", 1-r*wd).With("rate", r), g.Grad)
		return
	}
	v := g.State[0]
	if wd == 0 {
		p.Into(v, gatherGradient.With("momentum", mu), g.Grad)
	} else {
		p.Into(v, gatherMomentum.With("momentum", mu).With("decay", wd), g.Grad, g.Value)
	}
	if o.Nesterov { // g's share of the decay is of the old w too
		p.Into(g.Value, nesterov.With("keep", 1-r*wd).With("rate", r).With("ahead", r*mu), g.Grad, v)
		return
	}
	p.Into(g.Value, descend.With("keep", 1).With("rate", r), v)
}

// Adam divides a running mean of the gradient by the root of a running mean of its square (Kingma and Ba 2015):
//
//	m ← Beta1·m + (1 − Beta1)·g,  m̂ = m/(1 − Beta1^t)
//	v ← Beta2·v + (1 − Beta2)·g², v̂ = v/(1 − Beta2^t)
//	w ← w − rate·m̂/(√v̂ + Eps)
//
// WeightDecay·w is added to the gradient or, with Decoupled, rate·WeightDecay·w is subtracted from the weights: AdamW
// (Loshchilov and Hutter 2019).
type Adam struct {
	Beta1       float64 `json:"beta1" toml:"beta1"`
	Beta2       float64 `json:"beta2" toml:"beta2"`
	Eps         float64 `json:"eps" toml:"eps"`
	WeightDecay float32 `json:"weight_decay" toml:"weight_decay"`
	Decoupled   bool    `json:"decoupled,omitempty" toml:"decoupled,omitempty" if:"weight_decay"`
}

// DefaultAdam has the hyper-parameters of the paper.
var DefaultAdam = Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}

// String returns the text that names and sets o on the command line.
func (o Adam) String() string { return named("adam", o) }

// Check reports an invalid hyper-parameter.
func (o Adam) Check() error {
	switch {
	case !(0 <= o.Beta1 && o.Beta1 < 1 && 0 <= o.Beta2 && o.Beta2 < 1):
		return fmt.Errorf("beta1 %g and beta2 %g, want numbers within [0, 1)", o.Beta1, o.Beta2)
	case !(o.Eps >= 1e-30 && o.Eps < math.MaxFloat32):
		return fmt.Errorf("eps %g, want a number of at least 1e-30", o.Eps)
	case !(o.WeightDecay >= 0 && o.WeightDecay < math.MaxFloat32):
		return fmt.Errorf("weight decay %g, want at least 0", o.WeightDecay)
	}
	return nil
}

// States returns m and v, named as in PyTorch.
func (Adam) States() []string { return []string{"exp_avg", "exp_avg_sq"} }

var (
	firstMoment  = compute.Formula("beta*old + gain*(g + decay*w)", "g", "w")
	secondMoment = compute.Formula("beta*old + gain*((g + decay*w)*(g + decay*w))", "g", "w")
	adaptiveStep = compute.Formula("keep*old - rate*m/(sqrt(unbias*v) + eps)", "m", "v")
)

// Update makes one update, see [Optimiser].
func (o Adam) Update(p *Pass, g Group, rate float64, t uint64) {
	coupled, keep := o.WeightDecay, 1.0
	if o.Decoupled {
		coupled, keep = 0, 1-rate*float64(o.WeightDecay)
	}
	m, v := g.State[0], g.State[1]
	moment := func(t *compute.Tensor, f *compute.Func, beta float64) {
		p.Into(t, f.With("beta", float32(beta)).With("gain", float32(1-beta)).With("decay", coupled), g.Grad, g.Value)
	}
	moment(m, firstMoment, o.Beta1)
	moment(v, secondMoment, o.Beta2)
	b1, b2 := 1-math.Pow(o.Beta1, float64(t)), 1-math.Pow(o.Beta2, float64(t))
	f := adaptiveStep.With("keep", float32(keep)).With("rate", float32(rate/b1)).With("unbias", float32(1/b2)).With("eps", float32(o.Eps))
	p.Into(g.Value, f, m, v)
}
