package targets_test

import (
	"math"
	"slices"

	"hebb/nets/internal/lab"
	"hebb/nets/stack"
	"hebb/nets/targets"
)

// An aligner is a chain of layers in float64 that learns by the papers' equations, example by example.
type aligner struct {
	layers []*linked
	drawn  [][]float64 // even numbers drawn by the random units, in order
}

type linked struct {
	unit        string // "tanh", "identity", "lwta", "sign" or "bernoulli"
	units       int
	w, b, back  []float64 // units × inputs, units, and E as w
	x, h, z     [][]float64
	even        []float64   // of all examples
	gradW, grad []float64   // of w and b
	off         [][]float64 // z − y
	delta       [][]float64
}

// f returns the output of example k for a pre-activation, which may differ from the pass's.
func (l *linked) f(k int, h []float64) []float64 {
	y := make([]float64, len(h))
	for i, v := range h {
		switch l.unit {
		case "identity":
			y[i] = v
		case "tanh":
			y[i] = math.Tanh(v)
		case "lwta":
			if l.wins(k, i) {
				y[i] = v
			}
		case "sign":
			if v != 0 {
				y[i] = math.Copysign(1, v)
			}
		case "bernoulli":
			y[i] = math.Copysign(1, math.Tanh(l.h[k][i])-l.even[k*len(h)+i]) + math.Tanh(v) - math.Tanh(l.h[k][i])
		}
	}
	return y
}

// wins reports whether a unit has the larger pre-activation of its pair.
func (l *linked) wins(k, i int) bool { return l.h[k][i] > l.h[k][i^1] }

// slope returns f′.
func (l *linked) slope(k int, h []float64) []float64 {
	s := make([]float64, len(h))
	for i, v := range h {
		switch {
		case l.unit == "tanh" || l.unit == "bernoulli":
			s[i] = 1 - math.Tanh(v)*math.Tanh(v)
		case l.unit == "identity", l.unit == "lwta" && l.wins(k, i), l.unit == "sign" && math.Abs(v) < 1:
			s[i] = 1
		}
	}
	return s
}

// pre returns W·x + b.
func (l *linked) pre(x []float64) []float64 {
	h := make([]float64, l.units)
	for i := range h {
		h[i] = lab.Dot(l.w[i*len(x):][:len(x)], x)
		if l.b != nil {
			h[i] += l.b[i]
		}
	}
	return h
}

// backwards returns Vᵀ·d.
func backwards(v, d []float64) []float64 {
	x := make([]float64, len(v)/len(d))
	for i := range d {
		for j := range x {
			x[j] += v[i*len(x)+j] * d[i]
		}
	}
	return x
}

// surplus returns softmax(z) less the one-hot class.
func surplus(z []float64, class int) []float64 {
	total, e := 0.0, make([]float64, len(z))
	for _, v := range z {
		total += math.Exp(v)
	}
	for i, v := range z {
		e[i] = math.Exp(v) / total
	}
	e[class]--
	return e
}

func pairwise(f func(a, b float64) float64, a, b []float64) []float64 {
	c := make([]float64, len(a))
	for i := range a {
		c[i] = f(a[i], b[i])
	}
	return c
}

func product(a, b float64) float64  { return a * b }
func subtract(a, b float64) float64 { return a - b }

// bounded returns x scaled down to a norm.
func bounded(x []float64, norm float32) []float64 {
	by := 1.0
	if n := lab.Norm(x); norm > 0 && n > float64(norm) {
		by = float64(norm) / n
	}
	return pairwise(func(a, _ float64) float64 { return by * a }, x, x)
}

// forward makes the forward pass of a batch.
func (n *aligner) forward(x [][]float64) {
	for _, l := range n.layers {
		l.x, l.h, l.z = x, nil, nil
		l.delta, l.off = make([][]float64, len(x)), make([][]float64, len(x))
		if l.unit == "bernoulli" {
			l.even, n.drawn = n.drawn[0], n.drawn[1:]
		}
		for k, v := range x {
			l.h = append(l.h, l.pre(v))
			l.z = append(l.z, l.f(k, l.h[k]))
		}
		x = l.z
	}
}

// step makes one step of gradient descent.
func (n *aligner) step(rule stack.Rule, examples [][]float64, classes []int, rate float64) {
	n.forward(examples)
	for k, class := range classes {
		for i := len(n.layers) - 1; i >= 0; i-- {
			n.assign(rule, i, k, class)
		}
	}
	for _, l := range n.layers {
		l.learn(rule, rate)
	}
}

// assign finds the δ of layer i for an example, from its target.
func (n *aligner) assign(rule stack.Rule, i, k, class int) {
	l := n.layers[i]
	top := i == len(n.layers)-1
	e := l.off[k]
	if top {
		e = surplus(l.z[k], class)
	}
	switch r := rule.(type) {
	case targets.LRAE:
		l.delta[k] = e
		if i > 0 {
			below, d := n.layers[i-1], backwards(l.back, e)
			y := below.f(k, pairwise(func(h, d float64) float64 { return h - float64(r.Beta)*d }, below.h[k], d))
			below.off[k] = pairwise(subtract, below.z[k], y)
		}
	case targets.LRA:
		if !top {
			e = distance(r, e)
		}
		l.delta[k] = pairwise(product, e, l.slope(k, l.h[k]))
		if i > 0 {
			n.layers[i-1].off[k] = n.align(r, i, k, class)
		}
	}
}

// distance returns the derivative of the distance z − y.
func distance(r targets.LRA, off []float64) []float64 {
	return pairwise(func(x, _ float64) float64 {
		if r.Squared {
			return x
		}
		return 2 * x / (1 + x*x)
	}, off, off)
}

// align returns z − y of the layer below i, by steps of descent.
func (n *aligner) align(r targets.LRA, i, k, class int) []float64 {
	l, below := n.layers[i], n.layers[i-1]
	h := slices.Clone(below.h[k])
	for range r.Steps {
		at := l.pre(below.f(k, h))
		now := l.f(k, at)
		e := surplus(now, class)
		if i < len(n.layers)-1 {
			goal := pairwise(subtract, l.z[k], l.off[k])
			e = distance(r, pairwise(subtract, now, goal))
		}
		d := pairwise(product, e, l.slope(k, at))
		var dh []float64
		if r.Random {
			dh = backwards(l.back, d)
		} else {
			dh = pairwise(product, backwards(l.w, d), below.slope(k, h))
		}
		h = pairwise(func(h, d float64) float64 { return h - float64(r.Beta)*d }, h, bounded(dh, r.C2))
	}
	return pairwise(subtract, below.z[k], below.f(k, h))
}

// learn makes gradients from the δ, and descends them.
func (l *linked) learn(rule stack.Rule, rate float64) {
	l.gradW, l.grad = make([]float64, len(l.w)), make([]float64, l.units)
	for k, d := range l.delta {
		inputs := len(l.x[k])
		for u := range d {
			l.grad[u] += d[u] / float64(len(l.delta))
			for j, x := range l.x[k] {
				l.gradW[u*inputs+j] += d[u] * x / float64(len(l.delta))
			}
		}
	}
	if r, ok := rule.(targets.LRA); ok {
		l.gradW, l.grad = bounded(l.gradW, r.C1), bounded(l.grad, r.C1)
	}
	for i, g := range l.gradW {
		l.w[i] -= rate * g
		if r, ok := rule.(targets.LRAE); ok && l.back != nil {
			l.back[i] -= rate * float64(r.Gamma) * g
		}
	}
	for i, g := range l.grad {
		l.b[i] -= rate * g
	}
}
