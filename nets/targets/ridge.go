package targets

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// Ridge sets the output layer by ridge regression (Hoerl and Kennard 1970) of the targets on the layer's inputs, and
// leaves the layers below as they are. With inputs x and targets y of all n examples so far, y being ±1 for each class
// or the numbers that are wanted:
//
//	a_j = 1/(√v_j + 1e-6), or 0 where √v_j ≤ 1e-5·|m_j|    m and v: means and variances of x
//	C_ij = a_i·a_j·covariance of x_i and x_j,   D_kj = a_j·covariance of y_k and x_j
//	W_kj = a_j·(D·(C + Lambda·I)⁻¹)_kj,   b_k = mean of y_k − Σ_j W_kj·m_j
//
// This is ridge regression of standardised inputs with the penalty Lambda·n; the bias has none. What varies by
// less than float32 can tell is a constant, and has no weight. Means and sums of
// products about them are merged batch by batch (Chan, Golub and LeVeque 1983), in float32, and each step has the
// solution for the examples so far. So an example shown again counts again, and the learning rate has no part.
//
// Cost of a step: with d inputs 2·d² flops for each example and d³ for the inverse; memory for some five d × d matrices.
type Ridge struct {
	Lambda float32 `json:"lambda" toml:"lambda"`

	stack.Backprop `json:"-" toml:"-"`
}

// DefaultRidge has a penalty of 0.01·n.
var DefaultRidge = Ridge{Lambda: 0.01}

// Check reports a penalty that cannot be. Below 1e-6 rounding errors can make C + Lambda·I indefinite.
func (r Ridge) Check() error {
	if !(r.Lambda >= 1e-6 && r.Lambda <= math.MaxFloat32) {
		return fmt.Errorf("lambda %g, want a number of at least 1e-6", r.Lambda)
	}
	return nil
}

// Indivisible says why batches have no parts.
func (Ridge) Indivisible() string {
	return "ridge merges each batch with the means and the sums of all before it, one batch after the other"
}

// A ridge is the state of the rule in a network, kept in the Memo of its output layer.
type ridge struct {
	seen        *compute.Tensor // number of examples, learners × 1 × 1
	x, y        *compute.Tensor // means of the inputs and of the targets, learners × 1 × numbers
	gram, cross *compute.Tensor // sums of products about the means: inputs × inputs, outputs × inputs
}

// Build asks for the means and the sums.
func (r Ridge) Build(s *nets.Store, n *stack.Net) error {
	w := n.Weights[len(n.Weights)-1]
	if err := r.Check(); err != nil {
		return err
	}
	if w.Conv() || w.Bias == nil || w.Act != compute.Identity {
		return fmt.Errorf("ridge: layer %s is the output layer, want a fully connected one with a bias, without an activation function", w.Name)
	}
	units, inputs := w.Shape[0], w.Shape[1]
	m := &ridge{
		seen: s.Kept("ridge.examples", nets.Zeros, 1), x: s.Kept("ridge.inputs", nets.Zeros, inputs), y: s.Kept("ridge.targets", nets.Zeros, units),
		gram: s.Kept("ridge.gram", nets.Zeros, inputs, inputs), cross: s.Kept("ridge.cross", nets.Zeros, units, inputs),
	}
	s.Aside(m.seen, m.x, m.y, m.gram, m.cross)
	w.Memo = m
	return nil
}

// Assign adds the batch to the sums, and sets the output layer.
func (r Ridge) Assign(p *stack.Pass, _ *compute.Tensor) {
	if p.Quiet {
		return
	}
	p.Hold = true
	w := p.Net.Weights[len(p.Net.Weights)-1]
	m := w.Memo.(*ridge)
	inputs := w.Shape[1]
	x := p.All(p.View(w.X, 0, w.X.Len()/(p.Examples*inputs), p.Examples, inputs)) // inputs may be the same for all learners
	y := wanted(p)
	if p.Moment.Want.Cols() != p.Net.Classes { // it was class numbers
		y = p.Map(signs, y)
	}
	m.add(p, x, y)
	r.solve(p, m, w)
}

var (
	signs  = compute.Formula("2*x - 1", "x")
	ofEach = compute.Formula("sum/max(n, 1)", "sum", "n")
	// One pair of means counts as much as all pairs between the old and the new examples: seen·n/(seen + n).
	between = compute.Formula("apart*sqrt(seen/max(seen + n, 1)*n)", "apart", "seen", "n")
	merged  = compute.Formula("old + n/max(seen + n, 1)*apart", "apart", "seen", "n")
	more    = compute.Formula("old + n", "n")
)

// add merges a batch with what was seen before.
func (m *ridge) add(p *stack.Pass, x, y *compute.Tensor) {
	n := p.Tensor(p.Learners, 1, 1)
	p.Into(n, constant.With("x", float32(p.Examples)))
	if p.Moment.Mask != nil {
		n = p.PerLearner(nil, 1, p.All(p.Moment.Mask))
	}
	x, dx := m.about(p, x, m.x, n)
	y, dy := m.about(p, y, m.y, n)
	p.Outer(m.gram, x, x, 1, float32(p.Examples)) // which divides by the number of examples
	p.Outer(m.cross, y, x, 1, float32(p.Examples))
	p.Outer(m.gram, dx, dx, 1, 1)
	p.Outer(m.cross, dy, dx, 1, 1)
	p.Into(m.seen, more, n)
}

var constant = compute.Formula("x")

// about returns n examples less their mean, and that mean less the mean of all examples before, scaled as one more
// example. It moves the latter.
func (m *ridge) about(p *stack.Pass, x, mean, n *compute.Tensor) (centred, apart *compute.Tensor) {
	sum := p.Like(mean)
	p.Do(compute.Reduce{Out: sum, In: []*compute.Tensor{p.Masked(x, p.Moment)}, Along: compute.AlongRows, Alpha: 1})
	now := p.Map(ofEach, sum, n)
	d := p.Map(minus, now, mean)
	p.Into(mean, merged, d, m.seen, n)
	return p.Masked(p.Map(minus, x, now), p.Moment), p.Map(between, d, m.seen, n)
}

var (
	diagonal   = compute.Formula("where(abs(i - j), 0, c)", "c", "i", "j")
	scale      = compute.Formula("where(max(sqrt(sum/max(n, 1)) - 0.00001*abs(mean), 0), 1/(sqrt(sum/max(n, 1)) + 0.000001), 0)", "sum", "n", "mean")
	covariance = compute.Formula("sum/max(n, 1)*a*b", "sum", "n", "a", "b")
	perUnit    = compute.Formula("sum/max(n, 1)*a", "sum", "n", "a")
	rescaled   = compute.Formula("old*a", "a")
	worst      = compute.Formula("max(old, x)", "x")
)

// solve sets the weights and the bias of the output layer.
func (r Ridge) solve(p *stack.Pass, m *ridge, w *stack.Weights) {
	units, inputs := w.Shape[0], w.Shape[1]
	i := p.Numbers(inputs)
	variances := p.Like(m.x)
	p.Do(compute.Reduce{Out: variances, In: []*compute.Tensor{m.gram, p.View(i, 0, inputs, 1), i}, F: diagonal, Along: compute.AlongRows, Alpha: 1})
	a := p.Map(scale, variances, m.seen, m.x)
	c := p.Map(covariance, m.gram, m.seen, p.View(a, 0, p.Learners, inputs, 1), a)
	inverse, info := p.Like(c), p.Tensor(p.Learners)
	p.Do(compute.Inverse{Inv: inverse, Info: info, A: c, Shift: r.Lambda})
	if at := p.Fault(indefinite); at != nil {
		p.Into(at, worst, info)
	}
	weights, bias := matrix(p, w), p.View(w.Bias, 0, p.Learners, 1, units)
	p.Do(compute.Gemm{C: weights, A: p.Map(perUnit, m.cross, m.seen, a), B: inverse, Epilogue: stack.Plain})
	p.Into(weights, rescaled, a)
	p.Into(bias, minus, m.y, p.Product(weights, m.x, compute.Identity))
}

const indefinite = "covariances of the output layer's inputs"

// Explain describes the fault of a learner.
func (Ridge) Explain(name string, code float32) error {
	if name != indefinite {
		return nil
	}
	return fmt.Errorf("ridge: the %s are not positive definite with lambda (the leading minor of order %g): the inputs are not finite, or lambda is too small",
		indefinite, code)
}
