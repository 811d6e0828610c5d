package targets

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// AltMin is online alternating minimisation (Choromanska et al. 2019, "Beyond Backprop: Online Alternating Minimization
// with Auxiliary Variables", ICML; github.com/IBM/online-alt-min). Each hidden layer has a code c for each example, a
// pre-activation that begins as the forward pass gives it: c0. M_l is the layer's map from a(c_{l−1}) to its code,
// batch normalisation included, and a is what lies between (activation, pooling). With B examples in a batch, n numbers
// in a code, and F the mean loss of the outputs M_L(a(c_{L−1})), a step is
//
//	codes, from the last layer down, with the codes above as they are by then: Codes steps of
//	    g = ∂F/∂c / Mu                                      of the last,
//	    g = ∂(Σ(M_{l+1}(a(c)) − c_{l+1})²/(B·n_{l+1}))/∂c   of the others; of all of them
//	    g ← g + 2·(c − c0)/(B·n) + Sparse·sign(c)/(Mu·B·n)
//	    v ← Momentum·v + g,  c ← c − CodeRate·(g + Momentum·v)         v = 0 at first
//	weights, by the optimiser, on the inputs that the new codes give:
//	    output layer  ∂F/∂W,  hidden layers  ∂(Σ(M_l(a(c_{l−1})) − c_l)²/(B·n_l))/∂W + L1·sign(W)
//
// Mu grows by MuStep an epoch, up to MuMost. With one code step, g of all layers is taken from c0, and each hidden
// layer's step is backprop's times a constant: the method adds something only with Codes > 1. Without Forget, the
// optimiser updates all weights. With Forget, hidden layers have neither bias nor normalisation, and their weights are
// the best fit to a memory of all codes c and inputs x:
//
//	A ← (1 − Forget)·A + xᵀx/B,  D ← (1 − Forget)·D + cᵀx/B,  W ← (D + Prior·W)·(A + Prior·I)⁻¹
//
// The authors' block coordinate descent over the columns of W comes to rest there too, but for Prior, which keeps the
// weights of inputs that are always 0.
//
// A convolution's code has a number for each place. Cost of a step, in products with the weights of a hidden layer: 5 +
// 2·Codes, where backprop has 3.
type AltMin struct {
	Codes    int     `json:"codes" toml:"codes"`
	CodeRate float32 `json:"code_rate" toml:"code_rate"`
	Momentum float32 `json:"momentum" toml:"momentum"`
	Mu       float32 `json:"mu" toml:"mu"`
	MuStep   float32 `json:"mu_step,omitempty" toml:"mu_step,omitempty"`
	MuMost   float32 `json:"mu_most,omitempty" toml:"mu_most,omitempty"` // 0: no limit
	Sparse   float32 `json:"sparse,omitempty" toml:"sparse,omitempty"`
	L1       float32 `json:"l1,omitempty" toml:"l1,omitempty"`
	Forget   float32 `json:"forget,omitempty" toml:"forget,omitempty"` // 0: no memory
	Prior    float32 `json:"prior,omitempty" toml:"prior,omitempty"`

	stack.Backprop `json:"-" toml:"-"`
}

// DefaultAltMin has the settings of the authors' code.
var DefaultAltMin = AltMin{Codes: 5, CodeRate: 0.3, Momentum: 0.9, Mu: 0.003, Prior: 0.01}

// Check reports an invalid setting.
func (r AltMin) Check() error {
	positive := func(x float32) bool { return x > 0 && float.Finite(x) }
	switch {
	case r.Codes < 1:
		return fmt.Errorf("%d steps of the codes, want at least 1", r.Codes)
	case !positive(r.CodeRate):
		return fmt.Errorf("code rate %g, want a number above 0", r.CodeRate)
	case !(0 <= r.Momentum && r.Momentum < 1):
		return fmt.Errorf("momentum %g, want a number within [0, 1)", r.Momentum)
	case !positive(r.Mu) || !float.Finite(1/r.Mu):
		return fmt.Errorf("mu %g, want a number above 0", r.Mu)
	case !(0 <= r.Forget && r.Forget < 1):
		return fmt.Errorf("forget %g, want a number within [0, 1)", r.Forget)
	case !positive(r.Prior):
		return fmt.Errorf("prior %g, want a number above 0", r.Prior)
	}
	for name, x := range map[string]float32{"mu_step": r.MuStep, "mu_most": r.MuMost, "sparse": r.Sparse, "l1": r.L1} {
		if !(x >= 0 && float.Finite(x)) {
			return fmt.Errorf("%s %g, want at least 0", name, x)
		}
	}
	return nil
}

// A memory holds what a hidden layer has seen.
type memory struct{ a, d *compute.Tensor } // inputs × inputs, units × inputs

// An altMin is the state of the rule in a network, kept in the Memo of the first weights.
type altMin struct {
	modules  []*stack.Module
	memories []memory
}

// Build takes the network apart, and asks for the memories.
func (r AltMin) Build(s *nets.Store, n *stack.Net) error {
	all, err := n.Modules()
	if err != nil {
		return err
	}
	m := &altMin{modules: all}
	n.Weights[0].Memo = m
	if r.Forget == 0 {
		return nil
	}
	for _, h := range all[:len(all)-1] {
		if h.Conv() || h.Bias != nil || h.Normalised() {
			return fmt.Errorf("altmin: forget=%g, and layer %s is a convolution, has a bias or is normalised: want dense layers without (bias=false)", r.Forget, h.Name)
		}
		inputs := h.Fan()
		of := memory{s.Kept("memory.a."+h.Name, nets.Zeros, inputs, inputs), s.Kept("memory.d."+h.Name, nets.Zeros, h.Shape[0], inputs)}
		s.Aside(of.a, of.d)
		s.Averaged(of.a, of.d)
		m.memories = append(m.memories, of)
	}
	return nil
}

// Optimise takes the weights that the memories set away from the network's optimiser.
func (r AltMin) Optimise(s *nets.Store, n *stack.Net, _ nets.Optimiser) {
	if r.Forget == 0 || len(n.Weights) == 1 {
		return
	}
	var decided []*compute.Tensor
	for _, t := range s.Tensors() {
		for _, w := range n.Weights[:len(n.Weights)-1] {
			if t.Name == w.Name+".weight" {
				decided = append(decided, t.Value)
			}
		}
	}
	s.Descent(nets.SGD{}, decided...)
}

var (
	misfit   = compute.Formula("scale*(z - c)", "z", "c")
	codePull = compute.Formula("scale*g + pull*(c - first) + sparse*sign(c)", "g", "c", "first")
	velocity = compute.Formula("momentum*old + g", "g")
	codeStep = compute.Formula("c - rate*(g + momentum*v)", "c", "g", "v")
	shrink   = compute.Formula("old + l1*sign(w)", "w")
)

// Assign finds the codes and sets the gradients from them.
func (r AltMin) Assign(p *stack.Pass, _ *compute.Tensor) {
	m := p.Net.Weights[0].Memo.(*altMin)
	last := len(m.modules) - 1
	codes := r.first(p, m)
	for l := last - 1; l >= 0; l-- {
		codes[l] = r.move(p, m, codes, l)
	}
	x := p.Input()
	for l, layer := range m.modules {
		z := layer.Code(p, x)
		if l == last {
			layer.Descend(p, layer.CodeBack(p, p.LossGradient(z)), x)
			break
		}
		layer.Descend(p, layer.CodeBack(p, against(p, z, codes[l])), x)
		if r.L1 > 0 && !p.Quiet {
			p.Into(layer.Grad, shrink.With("l1", r.L1), layer.W)
		}
		if r.Forget > 0 && !p.Quiet {
			r.remember(p, layer, m.memories[l], codes[l], x)
		}
		x = layer.Out(p, codes[l])
	}
}

// first returns the hidden layers' codes in the forward pass.
func (AltMin) first(p *stack.Pass, m *altMin) (codes []*compute.Tensor) {
	x := p.Input()
	for _, h := range m.modules[:len(m.modules)-1] {
		c := h.Code(p, x)
		codes, x = append(codes, c), h.Out(p, c)
	}
	return codes
}

// against returns the gradient by z of the mean of (z − c)² over all numbers.
func against(p *stack.Pass, z, c *compute.Tensor) *compute.Tensor {
	return p.Map(misfit.With("scale", 2/float32(z.Len()/p.Learners)), z, c)
}

// move returns the code of layer l after its steps.
func (r AltMin) move(p *stack.Pass, m *altMin, codes []*compute.Tensor, l int) *compute.Tensor {
	layer, above := m.modules[l], m.modules[l+1]
	first, n := codes[l], float32(codes[l].Len()/p.Learners)
	scale, mu := float32(1), r.mu(p.Epoch)
	if l == len(codes)-1 {
		scale = 1 / mu
	}
	pull := codePull.With("scale", scale).With("pull", 2/n).With("sparse", r.Sparse/(mu*n))
	c, v := first, p.Like(first)
	p.Clear(v)
	for range r.Codes {
		z := above.Code(p, layer.Out(p, c))
		var d *compute.Tensor
		if l == len(codes)-1 {
			d = p.LossGradient(z)
		} else {
			d = against(p, z, codes[l+1])
		}
		down := above.Back(p, above.W, above.CodeBack(p, d))
		g := p.Map(pull, p.View(layer.OutBack(p, down), 0, c.Shape()...), c, first)
		p.Into(v, velocity.With("momentum", r.Momentum), g)
		c = p.Map(codeStep.With("rate", r.CodeRate).With("momentum", r.Momentum), c, g, v)
	}
	return c
}

// mu returns Mu after a number of epochs.
func (r AltMin) mu(epochs float64) float32 {
	mu := r.Mu + r.MuStep*float32(math.Floor(epochs))
	if r.MuMost > 0 {
		mu = min(mu, r.MuMost)
	}
	return mu
}

// remember adds codes and inputs to the memory of a layer, and fits the weights to it.
func (r AltMin) remember(p *stack.Pass, layer *stack.Module, m memory, c, x *compute.Tensor) {
	n, units, inputs := p.Examples, layer.Shape[0], layer.Fan()
	xs := p.All(p.View(x, 0, x.Len()/(n*inputs), n, inputs)) // inputs may be the same for all learners
	p.Outer(m.a, xs, xs, 1-r.Forget, 1)
	p.Outer(m.d, p.View(c, 0, p.Learners, n, units), xs, 1-r.Forget, 1)
	p.Whole(func(p *stack.Pass) { r.fit(p, layer, m) })
}

// fit sets the weights of a layer to the best fit to its memory.
func (r AltMin) fit(p *stack.Pass, layer *stack.Module, m memory) {
	units, inputs := layer.Shape[0], layer.Fan()
	inverse, right, w := p.Like(m.a), p.Like(m.d), p.View(layer.W, 0, p.Learners, units, inputs)
	p.Do(compute.Inverse{Inv: inverse, Info: p.Tensor(p.Learners), A: m.a, Shift: r.Prior})
	p.Do(compute.Copy{Dst: right, Src: m.d})
	p.Into(right, withPrior.With("prior", r.Prior), w)
	p.Do(compute.Gemm{C: w, A: right, B: inverse, Epilogue: stack.Plain})
}

var withPrior = compute.Formula("old + prior*w", "w")
