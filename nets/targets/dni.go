package targets

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// DNI trains a chain of fully connected layers by synthetic gradients (Jaderberg et al. 2017, "Decoupled Neural
// Interfaces"). From the output h_l of each hidden layer, a synthesiser M_l predicts ∂C/∂h_l, the gradient of the loss
// C of an example, so that the layer can learn at once. With L the output layer, δ_L = ∂C/∂(its pre-activation) and n
// examples:
//
//	s_l = M_l(h_l) or, with Label, M_l(h_l, y*)   examples × units; y* is 1 for the class and else 0
//	δ_l = s_l∘f′
//	∆W_l = δ_lᵀ·h_{l−1}/n, ∆b_l = Σ δ_l/n          gradients
//
// The synthesisers descend Σ|s_l − δ_{l+1}·W_{l+1}|²/n, with the targets held fixed, at Rate times the learning rate.
// Everything is computed from the weights before the update. With Rate 0 the synthesisers keep their first weights.
//
// M is linear, or has one hidden layer of Units with ReLU. The weights of its last layer are normal with standard
// deviation Gain/√inputs, 0 by default: hidden layers then do not move before there is a prediction. The weights of its
// hidden layer are uniform within ±1/√inputs. With a loss of targets, y* is the target.
//
// With Inputs, layers do not wait for the layers below either. All but the first learn with predicted inputs ĥ_{l−1} =
// I_l(x), from the input x of the network. I_l is linear, 0 at first, and descends Σ|ĥ_{l−1} − h_{l−1}|²/n at Rate
// times the learning rate. Then h_l = f(W_l·ĥ_{l−1} + b_l), and the loss is computed from the output layer's answer to
// its predicted input. The network still answers with its ordinary forward pass.
type DNI struct {
	stack.Backprop `json:"-" toml:"-"` // to compare with

	Label  bool    `json:"label" toml:"label"`
	Units  int     `json:"units" toml:"units"`
	Gain   float32 `json:"gain" toml:"gain"`
	Rate   float32 `json:"rate" toml:"rate"`
	Inputs bool    `json:"inputs" toml:"inputs"`
}

// DefaultDNI and DefaultCDNI are linear, and learn ten times as fast as the network that they follow.
var (
	DefaultDNI  = DNI{Rate: 10}
	DefaultCDNI = DNI{Label: true, Rate: 10}
)

// A synthesiser is the M of a layer: out(hidden(h, y)), or out(h, y) without hidden units.
type synthesiser struct {
	hidden, out own
	label       own // of y, to the first layer; without weights where there is no label
}

// synthesisers holds what DNI adds to a network.
type synthesisers struct {
	m       []*synthesiser // of the hidden layers
	inputs  []own          // of the layers but the first, with Inputs
	descent *nets.Descent
}

// Check reports invalid settings.
func (d DNI) Check() error {
	if d.Units < 0 {
		return fmt.Errorf("dni: units %d, want at least 0", d.Units)
	}
	return errors.Join(float.AtLeast0("dni: gain", d.Gain), float.AtLeast0("dni: rate", d.Rate))
}

// Build asks for the synthesisers.
func (d DNI) Build(s *nets.Store, n *stack.Net) error {
	ws, err := n.Chain()
	if err != nil {
		return fmt.Errorf("dni: %w", err)
	}
	all := &synthesisers{}
	for _, w := range ws[:len(ws)-1] {
		all.m = append(all.m, d.synthesiser(s, w.Name+".synthesiser", w.Out.Len(), n.Classes))
	}
	for _, w := range ws[1:] {
		if d.Inputs {
			all.inputs = append(all.inputs, newOwn(s, w.Name+".predictor", w.In.Len(), n.Input.Len(), nets.Zeros))
		}
	}
	ws[0].Memo = all
	return nil
}

func (d DNI) synthesiser(s *nets.Store, name string, units, classes int) *synthesiser {
	m, inputs := &synthesiser{}, units
	if d.Label {
		inputs += classes
	}
	width, first := units, d.last(inputs)
	if d.Units > 0 {
		m.out = newOwn(s, name+".out", units, d.Units, d.last(d.Units))
		width, first = d.Units, nets.Uniform(1/math.Sqrt(float64(inputs)))
		m.hidden = newOwn(s, name+".hidden", width, units, first)
	} else {
		m.out = newOwn(s, name, width, units, first)
	}
	if d.Label {
		m.label = unbiased(s, name+".label", width, classes, first)
	}
	return m
}

// last returns the first weights of a synthesiser's last layer.
func (d DNI) last(inputs int) nets.Init {
	if d.Gain == 0 {
		return nets.Zeros
	}
	return nets.Normal(float64(d.Gain) / math.Sqrt(float64(inputs)))
}

// Optimise gives the synthesisers a Descent.
func (d DNI) Optimise(s *nets.Store, n *stack.Net, o nets.Optimiser) {
	all := n.Weights[0].Memo.(*synthesisers)
	var weights []*compute.Tensor
	for _, m := range all.m {
		for _, o := range []own{m.hidden, m.out, m.label} {
			if o.w != nil {
				weights = append(weights, o.weights()...)
			}
		}
	}
	for _, i := range all.inputs {
		weights = append(weights, i.weights()...)
	}
	if len(weights) > 0 {
		all.descent = s.Descent(o, weights...)
	}
}

// wanted returns y*, learners × examples × outputs.
func wanted(p *stack.Pass) *compute.Tensor {
	if want := p.Moment.Want; want.Cols() == p.Net.Classes {
		return p.All(want)
	}
	return stacked(p, p.OneHot())
}

// first returns act(W·h + c) or, in the first layer of a synthesiser with a label, act(W·h + c + U·y).
func (m *synthesiser) first(p *stack.Pass, o own, h *compute.Tensor, act compute.Act) *compute.Tensor {
	if m.label.w == nil {
		return o.apply(p, h, act)
	}
	z := o.apply(p, h, compute.Identity)
	p.AddProduct(z, m.label.w, wanted(p), act)
	return z
}

// predict returns s and the activities of the hidden layer, nil without one.
func (m *synthesiser) predict(p *stack.Pass, h *compute.Tensor) (s, hidden *compute.Tensor) {
	if m.hidden.w == nil {
		return m.first(p, m.out, h, compute.Identity), nil
	}
	hidden = m.first(p, m.hidden, h, compute.ReLU)
	return m.out.apply(p, hidden, compute.Identity), hidden
}

// learn sets the gradients of the synthesiser from a delta at s.
func (m *synthesiser) learn(p *stack.Pass, delta, h, hidden *compute.Tensor) {
	if hidden != nil {
		m.out.descend(p, delta, hidden)
		delta = p.Through(compute.ReLU, p.Back(m.out.w, delta), hidden)
		m.hidden.descend(p, delta, h)
	} else {
		m.out.descend(p, delta, h)
	}
	if m.label.w != nil {
		m.label.descend(p, delta, wanted(p))
	}
}

// forward returns the inputs and outputs of all layers for the updates, and the gradient of the loss by the last
// outputs. They come from the forward pass or, with Inputs, from predicted inputs; then it also trains the predictors.
func (all *synthesisers) forward(p *stack.Pass, delta *compute.Tensor, learning bool) (xs, ys []*compute.Tensor, top *compute.Tensor) {
	ws, in := p.Net.Weights, p.Net.Input.Len()
	shown := p.View(ws[0].X, 0, ws[0].X.Len()/(p.Examples*in), p.Examples, in) // of 1 learner for all, or of each
	for i, w := range ws {
		x, y := w.X, w.Y
		if i > 0 && all.inputs != nil {
			predicted := all.inputs[i-1].apply(p, shown, compute.Identity)
			if learning {
				off := p.Map(beyond.With("scale", 2/float32(p.Examples)), predicted, stacked(p, ys[i-1]))
				all.inputs[i-1].descend(p, p.Masked(off, p.Moment), shown)
			}
			x = rows(p, predicted)
			y = w.Project(p, w.W, x, compute.Epilogue{Alpha: 1, Bias: w.Bias, Act: w.Act})
		}
		xs, ys = append(xs, x), append(ys, y)
	}
	if all.inputs != nil {
		delta = p.LossGradient(ys[len(ys)-1])
	}
	return xs, ys, delta
}

// Assign sets the gradients of all layers from the synthetic gradients, and trains the synthesisers.
func (d DNI) Assign(p *stack.Pass, delta *compute.Tensor) {
	ws, n := p.Net.Weights, float32(p.Examples)
	all, last := ws[0].Memo.(*synthesisers), len(ws)-1
	learning := all.descent != nil && d.Rate > 0 && !p.Quiet
	xs, ys, top := all.forward(p, delta, learning)
	top = p.Through(ws[last].Act, top, ys[last])
	ws[last].Descend(p, top, xs[last])
	above := p.Map(scaled.With("scale", n), stacked(p, top)) // the delta of the layer above, of each example
	for i := last - 1; i >= 0; i-- {
		w, m := ws[i], all.m[i]
		h := stacked(p, ys[i])
		s, hidden := m.predict(p, h)
		s = p.Masked(s, p.Moment)
		if learning {
			target := p.Back(matrix(p, ws[i+1]), above)
			m.learn(p, p.Map(beyond.With("scale", 2/n), s, target), h, hidden)
		}
		above = p.Through(w.Act, s, h)
		w.Descend(p, rows(p, p.Map(scaled.With("scale", 1/n), above)), xs[i])
	}
	if learning {
		all.descent.UpdateAt(p.Pass, p.Rate*float64(d.Rate))
	}
}
