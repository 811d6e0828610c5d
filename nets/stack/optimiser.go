package stack

import (
	"fmt"
	"math"

	"hebb/compute"
)

// An Optimiser changes parameters by their gradients.
type Optimiser interface {
	// Check reports a hyper-parameter that cannot be.
	Check() error
	// States returns how many numbers it keeps beside each parameter.
	States() int
	// Update is step t, from 1, at this rate.
	Update(s *compute.Step, g Group, rate float64, t uint64)
}

// A Group is parameters that are updated together, each tensor as long as the others.
type Group struct {
	Value, Grad *compute.Tensor
	State       []*compute.Tensor // zeros at first

	rate float64 // what the rate is multiplied by
}

// SGD is stochastic gradient descent, as PyTorch has it (Sutskever et al. 2013 with another use of the
// rate): g ← g + WeightDecay·w, v ← Momentum·v + g, and w ← w − rate·v or, Nesterov,
// w ← w − rate·(g + Momentum·v).
type SGD struct {
	Momentum    float32 `json:"momentum" toml:"momentum"`
	WeightDecay float32 `json:"weight_decay" toml:"weight_decay"`
	Nesterov    bool    `json:"nesterov,omitempty" toml:"nesterov,omitempty"`
}

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

func (o SGD) States() int {
	if o.Momentum == 0 {
		return 0
	}
	return 1
}

// Of an update, g is Var(0) or, of a sum, Var(1); constants are in the order in which they are named.
var (
	descend = compute.Pointwise(compute.Sub(compute.Mul(compute.Const(1), compute.Old()), compute.Mul(compute.Const(1), compute.Var(0))))
	// v ← Momentum·v + (g + WeightDecay·w)
	gather = compute.Pointwise(compute.Add(compute.Mul(compute.Const(1), compute.Old()),
		compute.Add(compute.Var(0), compute.Mul(compute.Const(1), compute.Var(1)))))
	// w ← a·w − b·g − c·v
	nesterov = compute.Pointwise(compute.Sub(compute.Sub(compute.Mul(compute.Const(1), compute.Old()),
		compute.Mul(compute.Const(1), compute.Var(0))), compute.Mul(compute.Const(1), compute.Var(1))))
)

func (o SGD) Update(s *compute.Step, g Group, rate float64, _ uint64) {
	r, wd, mu := float32(rate), o.WeightDecay, o.Momentum
	if mu == 0 {
		s.Do(compute.Map{Out: g.Value, In: []*compute.Tensor{g.Grad}, F: descend.WithConsts(1-r*wd, r)})
		return
	}
	v := g.State[0]
	s.Do(compute.Map{Out: v, In: []*compute.Tensor{g.Grad, g.Value}, F: gather.WithConsts(mu, wd)})
	if o.Nesterov { // g's share of the decay is of the old w too
		s.Do(compute.Map{Out: g.Value, In: []*compute.Tensor{g.Grad, v}, F: nesterov.WithConsts(1-r*wd, r, r*mu)})
		return
	}
	s.Do(compute.Map{Out: g.Value, In: []*compute.Tensor{v}, F: descend.WithConsts(1, r)})
}

// Adam keeps running means of the gradient and of its square (Kingma and Ba 2015): with m̂ and v̂ free of
// the bias of their start, w ← w − rate·m̂/(√v̂ + Eps). WeightDecay is added to the gradient or,
// Decoupled, taken off the weights: AdamW (Loshchilov and Hutter 2019).
type Adam struct {
	Beta1       float64 `json:"beta1" toml:"beta1"`
	Beta2       float64 `json:"beta2" toml:"beta2"`
	Eps         float64 `json:"eps" toml:"eps"`
	WeightDecay float32 `json:"weight_decay" toml:"weight_decay"`
	Decoupled   bool    `json:"decoupled,omitempty" toml:"decoupled,omitempty"`
}

// DefaultAdam has the constants of the paper.
var DefaultAdam = Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}

func (o Adam) Check() error {
	switch {
	case !(0 <= o.Beta1 && o.Beta1 < 1 && 0 <= o.Beta2 && o.Beta2 < 1):
		return fmt.Errorf("beta1 %g and beta2 %g, want numbers within [0, 1)", o.Beta1, o.Beta2)
	case !(o.Eps >= 1e-30):
		return fmt.Errorf("eps %g, want at least 1e-30", o.Eps)
	case !(o.WeightDecay >= 0 && o.WeightDecay < math.MaxFloat32):
		return fmt.Errorf("weight decay %g, want at least 0", o.WeightDecay)
	}
	return nil
}

func (Adam) States() int { return 2 }

var (
	// m ← a·m + b·(g + WeightDecay·w)
	firstMoment = compute.Pointwise(compute.Add(compute.Mul(compute.Const(1), compute.Old()),
		compute.Mul(compute.Const(1), compute.Add(compute.Var(0), compute.Mul(compute.Const(1), compute.Var(1))))))
	// v ← a·v + b·(g + WeightDecay·w)²
	secondMoment = func() *compute.Func {
		a, b := compute.Const(1), compute.Const(1)
		g := compute.Add(compute.Var(0), compute.Mul(compute.Const(1), compute.Var(1)))
		return compute.Pointwise(compute.Add(compute.Mul(a, compute.Old()), compute.Mul(b, compute.Mul(g, g))))
	}()
	// w ← a·w − b·m/(√(c·v) + Eps)
	adapted = compute.Pointwise(compute.Sub(compute.Mul(compute.Const(1), compute.Old()),
		compute.Div(compute.Mul(compute.Const(1), compute.Var(0)),
			compute.Add(compute.Sqrt(compute.Mul(compute.Const(1), compute.Var(1))), compute.Const(1)))))
)

func (o Adam) Update(s *compute.Step, g Group, rate float64, t uint64) {
	coupled, keep := o.WeightDecay, 1.0
	if o.Decoupled {
		coupled, keep = 0, 1-rate*float64(o.WeightDecay)
	}
	m, v, both := g.State[0], g.State[1], []*compute.Tensor{g.Grad, g.Value}
	s.Do(compute.Map{Out: m, In: both, F: firstMoment.WithConsts(float32(o.Beta1), float32(1-o.Beta1), coupled)})
	s.Do(compute.Map{Out: v, In: both, F: secondMoment.WithConsts(float32(o.Beta2), float32(1-o.Beta2), coupled)})
	b1, b2 := 1-math.Pow(o.Beta1, float64(t)), 1-math.Pow(o.Beta2, float64(t))
	s.Do(compute.Map{Out: g.Value, In: []*compute.Tensor{m, v},
		F: adapted.WithConsts(float32(keep), float32(rate/b1), float32(1/b2), float32(o.Eps))})
}
