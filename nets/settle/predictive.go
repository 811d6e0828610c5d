package settle

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
	"hebb/nets/stack"
)

// PredictiveCoding is predictive coding as a [stack.Rule] (Whittington and Bogacz 2017, Neural Computation 29), in a
// chain of fully connected layers k = 1 to L. Each layer predicts the values of its outputs, v̂_k = f_k(W_k·v_{k−1} +
// b_k), with v_0 an example. Values begin as the forward pass gives them, and descend the energy
//
//	F = ½·Σ_{k<L} |ε_k|² + κ·ℓ(v̂_L),   ε_k = v_k − v̂_k,   κ is Precision
//
// with ℓ the loss of an example and v̂_L the logits. So Sweeps times, for all k < L at once, with ε_L = −κ·∂ℓ/∂v̂_L, and
// then:
//
//	v_k ← v_k + StepSize·(W_{k+1}ᵀ·(ε_{k+1}∘f′_{k+1}) − ε_k)
//	δ_k = −ε_k∘f′_k/(κ·n),   ∂W_k = δ_k⊗v_{k−1},   ∂b_k = δ_k     over n examples
//
// As κ → 0 the values stay in place, and at rest the gradients are backprop's with an error of the first order in κ
// (Whittington and Bogacz 2017, where 1/κ is the variance of the outputs). Fixed keeps the forward pass's predictions,
// slopes, ε_L and, in the gradients, v_{k−1} (the fixed prediction assumption of Millidge, Tschantz and Buckley 2022,
// Neural Computation 34). Then δ_k is backprop's times a number: the probability of at least L − k successes in Sweeps
// trials, each with probability StepSize. It is 1 in the limit of many sweeps and, with StepSize 1, from L − 1 sweeps
// on; the rule is then backprop (Rosenbaum 2022, PLoS ONE 17).
//
// The metric "residual" and the setting Tolerance, see the package, apply to the values. A sweep costs a backward pass
// and, unless Fixed, a forward pass, without the products for the gradients.
type PredictiveCoding struct {
	stack.Backprop `json:"-" toml:"-"`

	Sweeps    int     `json:"sweeps" toml:"sweeps"`
	StepSize  float32 `json:"step" toml:"step"`
	Precision float32 `json:"precision" toml:"precision" if:"!fixed"` // κ, of the outputs
	Fixed     bool    `json:"fixed" toml:"fixed"`                     // predictions
	Tolerance float32 `json:"tolerance" toml:"tolerance"`             // the largest residual; 0: any
}

// Check reports an invalid setting.
func (r PredictiveCoding) Check() error {
	return check("pc", sweeps("sweeps", r.Sweeps), limit{"step", float64(r.StepSize), 0, 1}, positive("precision", r.Precision), notNegative("tolerance", r.Tolerance))
}

// Build reports an unsuitable network.
func (r PredictiveCoding) Build(_ *nets.Store, n *stack.Net) error {
	ws, err := n.Chain()
	if err != nil {
		return fmt.Errorf("pc: %w", err)
	}
	if most := len(ws) - 1; r.Sweeps < most {
		return fmt.Errorf("pc: %s, and errors go down one layer a sweep; want sweeps of at least %d for %s of weights", count.Of(r.Sweeps, "sweep"), most, count.Of(len(ws), "layer"))
	}
	return nil
}

var (
	valued = compute.Formula("v + step*(back - (v - predicted))", "back", "v", "predicted")
	scaled = compute.Formula("scale*(v - predicted)", "v", "predicted")
	times  = compute.Formula("scale*x", "x")
)

// A coding holds the values of a backward pass for all layers but the last, and the predictions of all.
type coding struct {
	*phase
	net *stack.Pass
	PredictiveCoding
	predicted []*compute.Tensor
	out       *compute.Tensor // the gradient of the mean loss by the logits
}

// Assign settles the values and sets the gradients.
func (r PredictiveCoding) Assign(p *stack.Pass, delta *compute.Tensor) {
	c := coding{net: p, PredictiveCoding: r, out: delta}
	ws := p.Net.Weights
	var sizes []int
	for _, w := range ws {
		c.predicted, sizes = append(c.predicted, c.values(w.Y)), append(sizes, w.Out.Len())
	}
	last := len(ws) - 1
	c.phase = newPhase(p.Pass, free, p.Examples, r.Sweeps, r.Tolerance, sizes[:last], c.predicted)
	if last > 0 {
		c.run(c.sweep)
	}
	if !r.Fixed {
		c.predict(c.x)
	}
	for k, w := range ws {
		x := w.X
		if k > 0 && !r.Fixed {
			x = c.rows(c.x[k-1])
		}
		w.Descend(p, c.delta(k, c.x, -1/(r.Precision*float32(p.Examples))), x)
	}
}

// values returns a view of t as learners × examples × units, and rows returns one in the form that stack uses.
func (c *coding) values(t *compute.Tensor) *compute.Tensor {
	p := c.net
	return p.View(t, 0, p.Learners, p.Examples, t.Len()/(p.Learners*p.Examples))
}

func (c *coding) rows(t *compute.Tensor) *compute.Tensor {
	return c.net.AsRows(t, c.net.Examples, t.Cols())
}

// predict sets the predictions of all layers but the first, and the gradient by the logits, from values v.
func (c *coding) predict(v []*compute.Tensor) {
	for k, x := range v {
		w := c.net.Net.Weights[k+1]
		c.predicted[k+1] = c.values(w.Project(c.net, w.W, c.rows(x), compute.Epilogue{Alpha: 1, Bias: w.Bias, Act: w.Act}))
	}
	if len(v) > 0 {
		c.out = c.net.LossGradient(c.predicted[len(v)])
	}
}

// delta returns scale·ε_k∘f′_k of layer k from values v, in rows.
func (c *coding) delta(k int, v []*compute.Tensor, scale float32) *compute.Tensor {
	p := c.net
	var e *compute.Tensor
	if k == len(v) {
		e = p.Map(times.With("scale", -scale*c.Precision*float32(p.Examples)), c.values(c.out))
	} else {
		e = p.Map(scaled.With("scale", scale), v[k], c.predicted[k])
	}
	return c.rows(p.Through(p.Net.Weights[k].Act, e, c.predicted[k]))
}

// sweep moves the values of all layers at once.
func (c *coding) sweep() {
	if !c.Fixed {
		c.predict(c.was)
	}
	for k, v := range c.was {
		w := c.net.Net.Weights[k+1]
		back := c.values(w.Back(c.net, w.W, c.delta(k+1, c.was, 1)))
		c.Into(c.x[k], valued.With("step", c.StepSize), back, v, c.predicted[k])
	}
}

// Explain describes values that have not settled.
func (r PredictiveCoding) Explain(name string, code float32) error {
	return unsettled("pc", name, code, r.Tolerance, map[string]int{free: r.Sweeps})
}
