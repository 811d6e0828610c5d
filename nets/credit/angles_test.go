package credit_test

import (
	"math"
	"slices"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// TestAngles holds angles and lengths to those of the twin.
func TestAngles(t *testing.T) {
	for kind, c := range smalls {
		for _, name := range []string{"bp", "fa", "dfa", "usf", "kp", "sa"} {
			rule := rules[name]
			f := func(t *testing.T, l lab.Lab) lab.Results {
				net := l.Net(t, c.spec, c.in, rule, 9)
				tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
				x, labels := lab.Batch(c.in)
				angles := must.Get(tr.Angles(x, labels))(t)
				out := lab.Results{}
				for i, a := range angles {
					if a.Layer != []string{"a", "b", "c"}[i] {
						t.Errorf("layer %d is called %s", i, a.Layer)
					}
					out[a.Layer] = []float64{a.NormW, a.NormB, a.NormDelta, a.NormBackprop, cosine(a.Weights), cosine(a.Delta), cosine(a.Gradient)}
				}
				return out
			}
			_, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, f)
			want := c.angles(t, rule)
			for name, b := range bound { // they are computed of numbers read as float32s
				for i := range b {
					b[i] += 4 * 0x1p-24 * math.Abs(want[name][i])
				}
			}
			lab.Agree(t, kind+", "+name, f(t, lab.Single(t)), want, bound, 1)
		}
	}
}

// cosine is that of an angle; 0 where there is none.
func cosine(d nets.Degrees) float64 {
	if math.IsNaN(float64(d)) {
		return 0
	}
	return math.Cos(float64(d) * math.Pi / 180)
}

// angles are what TestAngles wants.
func (c small) angles(t *testing.T, rule stack.Rule) lab.Results {
	t.Helper()
	l := lab.Exact(t)
	net := l.Net(t, c.spec, c.in, rule, 9)
	before := l.State(t, net)
	x, labels := lab.Batch(c.in)
	deltas, grads := map[bool][][]float64{}, map[bool][][]float64{}
	var n *twin
	for _, exactly := range []bool{true, false} {
		n = c.twinOf(before, nil)
		r := rule
		if exactly {
			r = stack.Backprop{}
		}
		rows, classes := examplesOf(x, labels, c.in)
		n.step(r, rows, classes, 0)
		for _, layer := range n.layers {
			deltas[exactly] = append(deltas[exactly], slices.Concat(layer.delta...))
			grads[exactly] = append(grads[exactly], layer.gradW)
		}
	}
	out := lab.Results{}
	for i, layer := range n.layers {
		between := func(a, b []float64) float64 { return lab.Dot(a, b) / lab.Norm(a) / lab.Norm(b) }
		d, e := deltas[false][i], deltas[true][i]
		normB, cos := 0.0, 0.0
		if len(layer.back) == len(layer.w) {
			normB, cos = lab.Norm(layer.back), lab.Dot(layer.w, layer.back)/lab.Norm(layer.w)/lab.Norm(layer.back)
		}
		out[[]string{"a", "b", "c"}[i]] = []float64{lab.Norm(layer.w), normB, lab.Norm(d), lab.Norm(e), cos,
			between(d, e), between(grads[false][i], grads[true][i])}
	}
	return out
}
