package credit_test

import (
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/stack"
)

// A twin is a network of float64s that learns by the equations of the papers, example by example and place by
// place. It shares nothing with package nets but the settings of the rules.
type twin struct {
	layers []*twinLayer
	drawn  [][]float64 // the numbers that the network under test drew at random, in order
}

// A twinLayer is dense or convolutional: at each of its places it sees some of its inputs.
type twinLayer struct {
	sees  [][]int // by place: which inputs, −1 being beyond the border
	units int
	act   compute.Act
	w, b  []float64 // units × what is seen; units
	back  []float64 // feedback weights
	fan   int

	x, y, delta         [][]float64 // by example: inputs, outputs and the delta at the pre-activation
	gradW, gradB, gradF []float64
}

func denseTwin(inputs, units int, act compute.Act) *twinLayer {
	all := make([]int, inputs)
	for i := range all {
		all[i] = i
	}
	return &twinLayer{sees: [][]int{all}, units: units, act: act, fan: inputs}
}

func convTwin(in nets.Shape, units, window, stride, pad int, act compute.Act) *twinLayer {
	l := &twinLayer{units: units, act: act, fan: window * window * in.Channels}
	for top := -pad; top+window <= in.Height+pad; top += stride {
		for left := -pad; left+window <= in.Width+pad; left += stride {
			var seen []int
			for h := top; h < top+window; h++ {
				for w := left; w < left+window; w++ {
					for c := range in.Channels {
						at := (h*in.Width+w)*in.Channels + c
						if h < 0 || w < 0 || h >= in.Height || w >= in.Width {
							at = -1
						}
						seen = append(seen, at)
					}
				}
			}
			l.sees = append(l.sees, seen)
		}
	}
	return l
}

// project is x∗with for one example, place by place.
func (l *twinLayer) project(x, with []float64) (y []float64) {
	for _, seen := range l.sees {
		for u := range l.units {
			v := 0.0
			for j, at := range seen {
				if at >= 0 {
					v += x[at] * with[u*l.fan+j]
				}
			}
			y = append(y, v)
		}
	}
	return y
}

// send is d·with: to each input, from all places that see it.
func (l *twinLayer) send(d, with []float64, inputs int) []float64 {
	x := make([]float64, inputs)
	for p, seen := range l.sees {
		for u := range l.units {
			for j, at := range seen {
				if at >= 0 {
					x[at] += d[p*l.units+u] * with[u*l.fan+j]
				}
			}
		}
	}
	return x
}

// outer adds rate·Σ y⊗x over the places of one example.
func (l *twinLayer) outer(into, y, x []float64, rate float64) {
	for p, seen := range l.sees {
		for u := range l.units {
			for j, at := range seen {
				if at >= 0 {
					into[u*l.fan+j] += rate * y[p*l.units+u] * x[at]
				}
			}
		}
	}
}

func squash(a compute.Act, v float64) float64 {
	switch a {
	case compute.ReLU:
		return math.Max(v, 0)
	case compute.Tanh:
		return math.Tanh(v)
	case compute.Sigmoid:
		return 1 / (1 + math.Exp(-v))
	case compute.LeakyReLU:
		return math.Max(v, 0) + float64(compute.LeakySlope)*math.Min(v, 0)
	case compute.SELU:
		return float64(compute.SELUScale)*math.Max(v, 0) + float64(compute.SELULimit)*math.Expm1(math.Min(v, 0))
	}
	return v
}

// derivative is that of a where it gives y.
func derivative(a compute.Act, y float64) float64 {
	switch {
	case a == compute.ReLU && y <= 0:
		return 0
	case a == compute.Tanh:
		return 1 - y*y
	case a == compute.Sigmoid:
		return y * (1 - y)
	case a == compute.LeakyReLU && y <= 0:
		return float64(compute.LeakySlope)
	case a == compute.SELU && y > 0:
		return float64(compute.SELUScale)
	case a == compute.SELU:
		return y + float64(compute.SELULimit)
	}
	return 1
}

// forward returns the logits.
func (n *twin) forward(examples [][]float64) [][]float64 {
	x := examples
	for _, l := range n.layers {
		l.x, l.y = x, nil
		for _, e := range x {
			y := l.project(e, l.w)
			for i := range y {
				y[i] = squash(l.act, y[i]+l.b[i%l.units])
			}
			l.y = append(l.y, y)
		}
		x = l.y
	}
	return x
}

// step is one step of plain gradient descent by a rule.
func (n *twin) step(rule stack.Rule, examples [][]float64, labels []int, rate float64) {
	logits := n.forward(examples)
	m := float64(len(examples))
	var errors [][]float64 // the delta at the logits, of the mean cross-entropy
	for k, z := range logits {
		total, e := 0.0, make([]float64, len(z))
		for _, v := range z {
			total += math.Exp(v)
		}
		for j, v := range z {
			if e[j] = math.Exp(v) / total / m; j == labels[k] {
				e[j] -= 1 / m
			}
		}
		errors = append(errors, e)
	}
	below := errors
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := n.layers[i]
		l.gradW, l.gradB, l.delta = make([]float64, len(l.w)), make([]float64, l.units), nil
		var next [][]float64
		for k := range examples {
			d := make([]float64, len(l.y[k]))
			for j := range d {
				d[j] = below[k][j] * derivative(l.act, l.y[k][j])
				l.gradB[j%l.units] += d[j]
			}
			l.delta = append(l.delta, d)
			l.outer(l.gradW, d, l.x[k], 1)
			if i > 0 {
				next = append(next, l.feedback(rule, d, errors[k], len(l.x[k])))
			}
		}
		below = next
	}
	for _, l := range n.layers[1:] {
		n.learn(rule, l)
	}
	for _, l := range n.layers {
		descend(l.w, l.gradW, rate)
		descend(l.b, l.gradB, rate)
		descend(l.back, l.gradF, rate)
	}
}

func descend(w, grad []float64, rate float64) {
	for i := range grad {
		w[i] -= rate * grad[i]
	}
}

// feedback is the delta at a layer's input, by the equations of the rules.
func (l *twinLayer) feedback(rule stack.Rule, d, e []float64, inputs int) []float64 {
	switch r := rule.(type) {
	case stack.Backprop: // Wᵀδ
		return l.send(d, l.w, inputs)
	case credit.DirectFeedback: // Dᵀe
		x := make([]float64, inputs)
		for j := range x {
			for c := range e {
				x[j] += e[c] * l.back[c*inputs+j]
			}
		}
		return x
	case credit.PseudoBackprop: // Wᵀ·(W·Wᵀ + Ridge·I)⁻¹·δ
		return l.send(solved(l.gram(float64(r.Ridge)), d), l.w, inputs)
	case credit.SignSymmetry: // (m∘sign W)ᵀδ, m being the standard deviation of the first W or that which was drawn
		for i, w := range l.w {
			size := math.Abs(l.back[i])
			if !r.Random {
				size = 1 / math.Sqrt(3*float64(l.fan)) // of a uniform number within ±1/√fan-in
				if r.Scale != 0 {
					size *= float64(r.Scale)
				}
			}
			switch {
			case w > 0:
				l.back[i] = size
			case w < 0 || r.Random:
				l.back[i] = -size
			default:
				l.back[i] = 0
			}
		}
	}
	return l.send(d, l.back, inputs) // Bᵀδ
}

// gram returns W·Wᵀ + ridge·I.
func (l *twinLayer) gram(ridge float64) (a [][]float64) {
	for u := range l.units {
		row := make([]float64, l.units)
		for v := range row {
			for j := range l.fan {
				row[v] += l.w[u*l.fan+j] * l.w[v*l.fan+j]
			}
		}
		row[u] += ridge
		a = append(a, row)
	}
	return a
}

// solved returns a⁻¹·d for a positive definite a, which it changes.
func solved(a [][]float64, d []float64) []float64 {
	x := slices.Clone(d)
	for i := range a {
		for k := range a {
			if k == i {
				continue
			}
			f := a[k][i] / a[i][i]
			for j := range a {
				a[k][j] -= f * a[i][j]
			}
			x[k] -= f * x[i]
		}
	}
	for i := range x {
		x[i] /= a[i][i]
	}
	return x
}
