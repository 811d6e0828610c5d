package recurrent

import (
	"cmp"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// UORO is unbiased online recurrent optimisation (Tallec and Ollivier 2018, ICLR): the influence of [RTRL] as the mean of a
// random product of two vectors, A of the state's size and B of the weights'. For any [Network], with ν signs, +1 or −1,
// drawn at each moment for each unit of each example:
//
//	p0 = √((|B| + ε)/(|J·A| + ε)),  p1 = √((|νᵀM| + ε)/(√units + ε)),  ε = 1e-12; both 1 with Plain
//	A ← p0·J·A + p1·ν                  units; 0 when a trial begins
//	B_k ← B_k/p0 + δ_k⊗z_k/p1          outputs × inputs of W_k, with δ_k = (∂F/∂u_k)ᵀ·ν: νᵀM is all δ_k⊗z_k
//	gradient of W_k: (q·A)·B_k, summed over examples; q as [Learning] has it
//
// The mean of A⊗B is the influence, so that of the gradient is RTRL's; p0 and p1 are for its variance. One draw is far off:
// on leaky networks of 8 units the standard deviation is four times the gradient, and grows with units and time. Rates have
// to be some ten times smaller than RTRL's.
//
// Cost of a moment, for each example: of [Leaky] units 4·units² flops of products and 10·|θ| of traces, and |θ| + units
// numbers.
type UORO struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Plain   bool            `json:"plain" toml:"plain"` // p0 = p1 = 1
	Network Network         `json:"-" toml:"network"`   // nil is Leaky
	When    string          `json:"when" toml:"when"`   // weights change: moment or trial; "" is moment
	Learning

	eye *compute.Tensor   // 1 × units × units
	a   *compute.Tensor   // A: examples × units
	b   []*compute.Tensor // B_k: examples·outputs × inputs
}

// Check reports a setting that cannot be.
func (r *UORO) Check() error { return r.check("uoro", r.When, r.Network, &r.Leaky) }

// Build asks for weights, activities and the two vectors.
func (r *UORO) Build(s *nets.Store, spec nets.Spec) error {
	if err := r.build(s, spec, r.When, cmp.Or(r.Feedback, transposed), r.Network, &r.Leaky); err != nil {
		return err
	}
	r.eye, r.a, r.b = identity(s, r.units()), r.trace("a", 1, r.units()), r.tracesOf("b.")
	return nil
}

// Step answers a moment of a trial and learns from it.
func (r *UORO) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.step(p, m, r)
	r.update(p, m)
	return y
}

func (r *UORO) traces() []*compute.Tensor { return append([]*compute.Tensor{r.a}, r.b...) }

var (
	sign      = compute.Formula("old - 1")
	rootRatio = compute.Formula("sqrt((sqrt(over) + eps) / (sqrt(under) + eps))", "over", "under").With("eps", 1e-12)
	rootOf    = compute.Formula("sqrt((sqrt(over) + eps) / (root + eps))", "over").With("eps", 1e-12)
	mixedA    = compute.Formula("p0*ja + p1*nu", "ja", "nu", "p0", "p1")
	mixedB    = compute.Formula("old/p0 + y*z/p1", "y", "z", "p0", "p1")
	plainA    = compute.Formula("ja + nu", "ja", "nu")
	plainB    = compute.Formula("old + y*z", "y", "z")
)

// signs draws +1 or −1, so many of each example.
func (now moment) signs(each int) *compute.Tensor {
	t := now.Tensor(now.all(), 1, each)
	now.Random(t, compute.Bernoulli(0.5, 2))
	now.Into(t, sign)
	return t
}

// squares adds up the squares of tensors of each example, (learners·examples) × 1 × 1.
func (now moment) squares(of ...*compute.Tensor) *compute.Tensor {
	sum, beta := now.Tensor(now.all(), 1, 1), float32(0)
	for _, t := range of {
		flat := now.View(t, 0, now.all(), t.Len()/now.all())
		now.Do(compute.Reduce{Out: sum, In: []*compute.Tensor{flat}, F: squares, Along: compute.AlongCols, Alpha: 1, Beta: beta})
		beta = 1
	}
	return sum
}

var plus = compute.Formula("old + x*y", "x", "y")

// follow makes the new A and B.
func (r *UORO) follow(now moment) {
	nu, a := now.signs(r.units()), r.of(now, r.a)
	ja := push(now, r.net, r.eye, a)
	_, deltas := r.net.Backward(now.Pass, now.tape, nu)
	var p0, p1 *compute.Tensor
	if !r.Plain {
		var b []*compute.Tensor
		m := now.Tensor(now.all(), 1, 1) // |νᵀM|²
		now.Clear(m)
		for k, w := range r.parts.Weights {
			b = append(b, r.of(now, r.b[k]))
			now.Into(m, plus, now.squares(deltas[k]), now.squares(now.tape[w.In]))
		}
		p0 = now.Map(rootRatio, now.squares(b...), now.squares(ja))
		p1 = now.Map(rootOf.With("root", float32(math.Sqrt(float64(r.units())))), m)
	}
	r.mix(now, a, mixedA, plainA, p0, p1, ja, nu)
	for k, w := range r.parts.Weights {
		y := now.View(deltas[k], 0, now.all(), w.W.Rows(), 1)
		r.mix(now, r.of(now, r.b[k]), mixedB, plainB, p0, p1, y, now.tape[w.In])
	}
}

func (r *UORO) mix(now moment, t *compute.Tensor, mixed, plain *compute.Func, p0, p1 *compute.Tensor, of ...*compute.Tensor) {
	if r.Plain {
		now.Into(t, plain, of...)
		return
	}
	now.Into(t, mixed, append(of, p0, p1)...)
}

func (r *UORO) learn(now moment, q *compute.Tensor) {
	along := now.PerExample(product, q, r.of(now, r.a))
	for k, w := range r.parts.Weights {
		r.fold(now.Pass, w.W, along, r.of(now, r.b[k]))
	}
}
