package credit_test

import (
	"math"

	"hebb/compute"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// learn is what a rule makes of the feedback weights.
func (n *twin) learn(rule stack.Rule, l *twinLayer) {
	l.gradF = make([]float64, len(l.back))
	switch r := rule.(type) {
	case credit.KolenPollack:
		copy(l.gradF, l.gradW)
	case credit.WeightMirror:
		noise := n.next()
		for i := range l.back {
			l.back[i] *= 1 - float64(r.Decay)
		}
		inputs := len(l.x[0])
		for k := range r.Examples {
			x := noise[k*inputs:][:inputs]
			y := l.project(x, l.w)
			for i := range y {
				if r.Sigmoid {
					y[i] = squash(compute.Sigmoid, y[i]+l.b[i%l.units])
				}
			}
			l.outer(l.back, y, x, float64(r.Rate))
		}
	case credit.Alignment:
		n.align(l, r)
	}
}

// next is what was drawn next.
func (n *twin) next() []float64 {
	x := n.drawn[0]
	n.drawn = n.drawn[1:]
	return x
}

// align is the gradient of the regulariser of Kunin et al. 2020: with p = x∗W, q = x∗B and r = p·B,
// Decay·‖B‖² − Amp·⟨q·p⟩ + Null·⟨‖r‖²⟩ + Sparse·⟨‖q‖²⟩ − Self·⟨W, B⟩.
func (n *twin) align(l *twinLayer, a credit.Alignment) {
	m := len(l.x)
	if a.Share > 0 {
		m = int(a.Share * float32(m))
	}
	rate := float64(a.Rate)
	for i, b := range l.back {
		l.gradF[i] = rate * (2*float64(a.Decay)*b - float64(a.Self)*l.w[i])
	}
	each := rate / float64(m)
	if a.Places {
		each /= float64(len(l.sees))
	}
	var noise []float64
	if a.Noise > 0 {
		noise = n.next()
	}
	for k, x := range l.x[:m] {
		if a.Noise > 0 {
			x = noise[k*len(x):][:len(x)]
		}
		if a.Centre {
			x = centred(x)
		}
		p, q := l.project(x, l.w), l.project(x, l.back)
		r := l.send(p, l.back, len(x))
		l.outer(l.gradF, p, x, -each*float64(a.Amp))
		l.outer(l.gradF, p, r, each*2*float64(a.Null))
		l.outer(l.gradF, q, x, each*2*float64(a.Sparse))
	}
}

// centred is x less its mean, of length 1.
func centred(x []float64) []float64 {
	y, mean := make([]float64, len(x)), 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for i, v := range x {
		y[i] = v - mean
	}
	length := math.Sqrt(lab.Norm(y)*lab.Norm(y) + 1e-12) // so small that only a constant x sees it
	for i := range y {
		y[i] /= length
	}
	return y
}
