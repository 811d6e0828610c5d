package stack_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/nets/stack"
)

// TestAnglesChangeNothing: training goes on to the same bits whether or not angles were asked for. Sign symmetry
// makes its B anew whenever it sends; all else is as it was.
func TestAnglesChangeNothing(t *testing.T) {
	x, labels := batch(imageIn)
	for _, r := range stack.Rules {
		run := func(ask bool) (results, stack.Score) {
			l := single(t)
			tr := newTrainer(t, l, all, r.Rule, 5)
			steps(t, tr, 2)
			if ask {
				before := everything(t, l, tr)
				if _, err := tr.Angles(x, labels); err != nil {
					t.Fatal(err)
				}
				_, signs := r.Rule.(stack.SignSymmetry)
				for name, v := range everything(t, l, tr) {
					if !slices.Equal(v, before[name]) && !(signs && strings.HasSuffix(name, ".feedback")) {
						t.Errorf("%s: %s was changed", r.Name, name)
					}
				}
			}
			steps(t, tr, 1)
			score, err := tr.Score()
			if err != nil {
				t.Fatal(err)
			}
			return everything(t, l, tr), score
		}
		asked, score := run(true)
		if not, other := run(false); !reflect.DeepEqual(asked, not) || score != other {
			t.Errorf("%s: after Angles training went another way", r.Name)
		}
	}
}

// TestAngles holds angles and lengths to those of the twin.
func TestAngles(t *testing.T) {
	for kind, c := range smalls {
		for _, name := range []string{"bp", "fa", "dfa", "usf", "kp", "sa"} {
			rule := rules[name]
			f := func(t *testing.T, l lab) results {
				net, err := stack.New(l.Device, c.spec, c.in, rule, 9)
				if err != nil {
					t.Fatal(err)
				}
				tr, err := stack.NewTrainer(net, stack.SGD{}, stack.CrossEntropy)
				if err != nil {
					t.Fatal(err)
				}
				x, labels := batch(c.in)
				angles, err := tr.Angles(x, labels)
				if err != nil {
					t.Fatal(err)
				}
				out := results{}
				for i, a := range angles {
					if a.Layer != []string{"a", "b", "c"}[i] {
						t.Errorf("layer %d is called %s", i, a.Layer)
					}
					out[a.Layer] = []float64{a.NormW, a.NormB, a.NormDelta, a.NormBackprop, cosine(a.Weights), cosine(a.Delta)}
				}
				return out
			}
			_, bound := spread(t, float32s, 0x1p-24, 24, f)
			want := c.angles(t, rule)
			for name, b := range bound { // they are computed of numbers read as float32s
				for i := range b {
					b[i] += 4 * 0x1p-24 * math.Abs(want[name][i])
				}
			}
			agree(t, kind+", "+name, f(t, single(t)), want, bound, 1)
		}
	}
}

// cosine is that of an angle; 0 where there is none.
func cosine(d stack.Degrees) float64 {
	if math.IsNaN(float64(d)) {
		return 0
	}
	return math.Cos(float64(d) * math.Pi / 180)
}

// angles are what TestAngles wants.
func (c small) angles(t *testing.T, rule stack.Rule) results {
	t.Helper()
	l := exact(t)
	net, err := stack.New(l.Device, c.spec, c.in, rule, 9)
	if err != nil {
		t.Fatal(err)
	}
	before := state(t, l, net)
	x, labels := batch(c.in)
	deltas := map[bool][][]float64{}
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
		}
	}
	out := results{}
	for i, layer := range n.layers {
		d, e := deltas[false][i], deltas[true][i]
		normB, cos := 0.0, 0.0
		if len(layer.back) == len(layer.w) {
			normB, cos = norm(layer.back), dot(layer.w, layer.back)/norm(layer.w)/norm(layer.back)
		}
		out[[]string{"a", "b", "c"}[i]] = []float64{norm(layer.w), normB, norm(d), norm(e), cos, dot(d, e) / norm(d) / norm(e)}
	}
	return out
}

func dot(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}
