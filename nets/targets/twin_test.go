package targets_test

import (
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets/internal/lab"
	"hebb/nets/targets"
)

// A twin is a chain of layers in float64 that learns by the equations as written. It shares only the settings with the
// rules.
type twin struct {
	layers []*layer
	own    map[string]*layer // the rule's own, by name
}

// A layer is y = act(W·x + b); b is nil without a bias.
type layer struct {
	name        string
	w, b        []float64
	in          int
	act         compute.Act
	x, y        [][]float64
	gradW, bias []float64
}

func squash(a compute.Act, v float64) float64 {
	switch a {
	case compute.Tanh:
		return math.Tanh(v)
	case compute.Sigmoid:
		return 1 / (1 + math.Exp(-v))
	case compute.ReLU:
		return math.Max(v, 0)
	}
	return v
}

// derivative returns the derivative of a where it gives y.
func derivative(a compute.Act, y float64) float64 {
	switch {
	case a == compute.Tanh:
		return 1 - y*y
	case a == compute.Sigmoid:
		return y * (1 - y)
	case a == compute.ReLU && y <= 0:
		return 0
	}
	return 1
}

func (l *layer) units() int { return len(l.w) / l.in }

// forward returns the outputs for examples.
func (l *layer) forward(x [][]float64) (y [][]float64) {
	for _, e := range x {
		out := make([]float64, l.units())
		for u := range out {
			out[u] = lab.Dot(l.w[u*l.in:][:l.in], e)
			if l.b != nil {
				out[u] += l.b[u]
			}
			out[u] = squash(l.act, out[u])
		}
		y = append(y, out)
	}
	l.x, l.y = x, y
	return y
}

// back returns d·W.
func (l *layer) back(d [][]float64) (x [][]float64) {
	for _, e := range d {
		in := make([]float64, l.in)
		for u, v := range e {
			for i := range in {
				in[i] += v * l.w[u*l.in+i]
			}
		}
		x = append(x, in)
	}
	return x
}

// learn sets the gradients for the outputs y of the last forward pass, with dy = ∂/∂y, and returns the delta at the
// pre-activation.
func (l *layer) learn(dy [][]float64) (delta [][]float64) {
	l.gradW, l.bias = make([]float64, len(l.w)), make([]float64, len(l.b))
	for k, e := range dy {
		d := make([]float64, len(e))
		for u := range e {
			d[u] = e[u] * derivative(l.act, l.y[k][u])
			for i := range l.in {
				l.gradW[u*l.in+i] += d[u] * l.x[k][i]
			}
			if l.b != nil {
				l.bias[u] += d[u]
			}
		}
		delta = append(delta, d)
	}
	return delta
}

func (l *layer) descend(rate float64) {
	for i, g := range l.gradW {
		l.w[i] -= rate * g
	}
	for i, g := range l.bias {
		l.b[i] -= rate * g
	}
}

// each returns f of the numbers at each place.
func each(f func(v ...float64) float64, all ...[][]float64) (out [][]float64) {
	for k := range all[0] {
		row := make([]float64, len(all[0][k]))
		for i := range row {
			v := make([]float64, len(all))
			for j := range all {
				v[j] = all[j][k][i]
			}
			row[i] = f(v...)
		}
		out = append(out, row)
	}
	return out
}

func times(c float64, x [][]float64) [][]float64 {
	return each(func(v ...float64) float64 { return c * v[0] }, x)
}

func less(a, b [][]float64) [][]float64 {
	return each(func(v ...float64) float64 { return v[0] - v[1] }, a, b)
}

// output returns the gradient of an example's cross-entropy by the logits.
func (n *twin) output(x [][]float64, labels []int) (e [][]float64) {
	first := x
	for _, l := range n.layers {
		if i := n.own[l.name+".predictor"]; i != nil {
			i.learn(times(2/float64(len(x)), less(i.forward(first), x)))
			x = i.y
		}
		x = l.forward(x)
	}
	for k, z := range x {
		total, row := 0., make([]float64, len(z))
		for _, v := range z {
			total += math.Exp(v)
		}
		for i, v := range z {
			row[i] = math.Exp(v) / total
		}
		row[labels[k]]--
		e = append(e, row)
	}
	return e
}

// dtp makes a step of [targets.DTP]; noise holds the numbers drawn for each inverse.
func (n *twin) dtp(d targets.DTP, x [][]float64, labels []int, number int, noise [][]float64, rate float64) {
	e, m, last := n.output(x, labels), float64(len(x)), len(n.layers)-1
	inverse := func(l int) *layer { return n.own[n.layers[l].name+".inverse"] }
	inverting := d.Rate > 0 && (d.Span == 0 || number/d.Span%2 == 0)
	var learned []*layer
	for l := 1; l < last && inverting; l++ {
		h := slices.Clone(n.layers[l].x)
		for k := range h {
			h[k] = slices.Clone(h[k])
			for i := range h[k] {
				if d.Noise > 0 {
					h[k][i] += noise[l-1][k*len(h[k])+i]
				}
			}
		}
		f, g := *n.layers[l], inverse(l)
		g.learn(times(2/m, less(g.forward(f.forward(h)), h)))
		learned = append(learned, g)
	}
	for _, g := range learned {
		g.descend(rate * float64(d.Rate))
	}
	if inverting && d.Span > 0 {
		return
	}
	n.layers[last].learn(times(1/m, e))
	t := less(n.layers[last].x, times(float64(d.Top), n.layers[last].back(e)))
	for l := last - 1; l >= 0; l-- {
		h := n.layers[l].y
		n.layers[l].learn(times(2/m, less(h, t)))
		if l > 0 {
			g := inverse(l)
			t = each(func(v ...float64) float64 { return v[0] - v[1] + v[2] }, n.layers[l].x, g.forward(h), g.forward(t))
		}
	}
	for _, l := range n.layers {
		l.descend(rate)
	}
}

// dni makes a step of [targets.DNI].
func (n *twin) dni(d targets.DNI, x [][]float64, labels []int, rate float64) {
	e, m, last := n.output(x, labels), float64(len(x)), len(n.layers)-1
	onehot := each(func(...float64) float64 { return 0 }, e)
	for k, c := range labels {
		onehot[k][c] = 1
	}
	n.layers[last].learn(times(1/m, e))
	var learned []*layer
	for _, l := range n.layers {
		if i := n.own[l.name+".predictor"]; i != nil {
			learned = append(learned, i)
		}
	}
	for l := last - 1; l >= 0; l-- {
		name, h := n.layers[l].name+".synthesiser", n.layers[l].y
		parts := []*layer{n.own[name]}
		if d.Units > 0 {
			parts = []*layer{n.own[name+".hidden"], n.own[name+".out"]}
		}
		first, label := *parts[0], n.own[name+".label"]
		first.act = compute.Identity
		z := first.forward(h)
		if label != nil {
			z = each(func(v ...float64) float64 { return v[0] + v[1] }, z, label.forward(onehot))
		}
		parts[0].x, parts[0].y = h, each(func(v ...float64) float64 { return squash(parts[0].act, v[0]) }, z)
		s := parts[0].y
		if d.Units > 0 {
			s = parts[1].forward(s)
		}
		dy := times(2/m, less(s, n.layers[l+1].back(e)))
		for i := len(parts) - 1; i >= 0 && d.Rate > 0; i-- {
			delta := parts[i].learn(dy)
			dy = parts[i].back(delta)
			if i == 0 && label != nil {
				label.learn(delta)
				learned = append(learned, label)
			}
			learned = append(learned, parts[i])
		}
		e = times(m, n.layers[l].learn(times(1/m, s)))
	}
	for _, l := range n.layers {
		l.descend(rate)
	}
	for _, l := range learned {
		l.descend(rate * float64(d.Rate))
	}
}
