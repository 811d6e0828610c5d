package stack

import (
	"math"

	"hebb/compute"
	"hebb/nets"
)

var square = compute.Formula("x*x", "x")

// Compare compares the rule with backprop on a batch, layer by layer. Both start from one forward pass, with the
// statistics and dropout of the next step. It changes no state. It compares nothing on a batch that wants nothing.
func (l *learner) Compare(np *nets.Pass, m nets.Moment) func() []nets.Angle {
	if m.Want == nil {
		return func() []nets.Angle { return nil }
	}
	ws := l.net.Weights
	p := l.pass(np, m)
	p.Training = true
	for _, w := range ws {
		w.Delta = nil
	}
	delta := l.loss.Judge(np, m, l.net.Forward(p, m.X), true).Delta
	deltas := func(r Rule) (all, gradients []*compute.Tensor) {
		p.rule = r
		l.net.Backward(p, delta)
		for _, w := range ws {
			g := p.Like(w.W)
			if w.Delta == nil { // the block does not learn
				w.Delta, w.from = p.Like(w.Y), w.X
				p.Clear(w.Delta)
			}
			w.Outer(p, g, w.Delta, w.from, 1, 1)
			all, gradients = append(all, w.Delta), append(gradients, g)
		}
		return all, gradients
	}
	rule, ruleGrads := deltas(l.net.Rule)
	p.endToEnd = true
	exact, exactGrads := deltas(Backprop{})
	sums := p.Tensor(each*len(ws), p.Learners)
	for i, w := range ws {
		other := w.W // for its norm alone
		if w.aligned() {
			other = w.B
		}
		p.products(sums, each*i, w.W, other)
		p.products(sums, each*i+3, rule[i], exact[i])
		p.products(sums, each*i+6, ruleGrads[i], exactGrads[i])
	}
	out := make([]float32, sums.Len())
	p.Read(sums, out)
	return func() []nets.Angle { return angles(ws, out, p.Learners) }
}

// aligned reports whether the layer has feedback weights of the shape of W.
func (w *Weights) aligned() bool { return w.B != nil && w.B.Len() == w.W.Len() }

// each is the number of inner products for a layer.
const each = 9

// angles returns the angles of each layer, means over the learners.
func angles(ws []*Weights, sums []float32, learners int) []nets.Angle {
	all := make([][]nets.Angle, learners)
	for l := range all {
		for i, w := range ws {
			v := func(k int) float64 { return float64(sums[(each*i+k)*learners+l]) }
			a := nets.Angle{
				Layer: w.Name, Weights: nets.Degrees(math.NaN()), Delta: angle(v(3), v(4), v(5)),
				Gradient: angle(v(6), v(7), v(8)),
				NormW:    math.Sqrt(v(1)), NormDelta: math.Sqrt(v(4)), NormBackprop: math.Sqrt(v(5)),
			}
			if w.aligned() {
				a.Weights, a.NormB = angle(v(0), v(1), v(2)), math.Sqrt(v(2))
			}
			all[l] = append(all[l], a)
		}
	}
	return nets.MeanAngles(all)
}

// products sets rows i, i+1 and i+2 of sums to a·b, a·a and b·b of each learner.
func (p *Pass) products(sums *compute.Tensor, i int, a, b *compute.Tensor) {
	row := func(k int, f *compute.Func, in ...*compute.Tensor) {
		for j, t := range in {
			in[j] = p.View(t, 0, p.Learners, t.Len()/p.Learners)
		}
		along := compute.AlongCols
		if p.Learners == 1 {
			along = compute.AlongAll
		}
		p.Do(compute.Reduce{Out: p.View(sums, (i+k)*p.Learners, p.Learners), In: in, F: f, Along: along, Alpha: 1})
	}
	row(0, times, a, b)
	row(1, square, a)
	row(2, square, b)
}

// angle is the angle between vectors a and b in degrees, given their inner products; NaN where these are not finite.
func angle(ab, aa, bb float64) nets.Degrees {
	if math.IsInf(aa, 0) || math.IsInf(bb, 0) { // and a number divided by them would be 0, as of a right angle
		return nets.Degrees(math.NaN())
	}
	c := ab / math.Sqrt(aa*bb)
	return nets.Degrees(math.Acos(math.Max(-1, math.Min(1, c))) * 180 / math.Pi)
}
