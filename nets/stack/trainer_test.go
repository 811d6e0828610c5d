package stack_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// TestDivergence: a loss that is no number is an error that says when, and Diagnose and Sound say where.
func TestDivergence(t *testing.T) {
	x, labels := lab.Batch(lab.ImageIn)
	spec := stack.Stack{stack.Conv{Name: "first", Units: 2, Window: 3}, stack.Dense{Name: "last", Units: 3}}
	tr := lab.Trainer(t, lab.Bare(t).Net(t, spec, lab.ImageIn, stack.Backprop{}, 1), nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
	var err error
	for k := 0; k < 50 && err == nil; k++ {
		if err = tr.Step(x, labels, 1e6); err == nil {
			_, err = tr.Score()
		}
	}
	if !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), fmt.Sprint("after step ", tr.Steps())) {
		t.Fatalf("%v, want ErrDiverged after step %d", err, tr.Steps())
	}
	if err := tr.Sound(); !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), "first.weight") {
		t.Errorf("Sound: %v, want ErrDiverged and first.weight", err)
	}

	tr = lab.Trainer(t, lab.Bare(t).Net(t, spec, lab.ImageIn, stack.Backprop{}, 1), nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
	if err := errors.Join(tr.Sound(), tr.Diagnose(x, labels)); err != nil {
		t.Errorf("a network that has just been made: %v", err)
	}
	for _, w := range tr.Net.Weights { // the product of two is beyond float32
		huge := make([]float32, w.W.Len())
		for i := range huge {
			huge[i] = 1e20
		}
		lab.Lab{Device: tr.Net.Device()}.Write(t, w.W, huge)
	}
	if err := tr.Sound(); err != nil {
		t.Errorf("Sound: %v, and all parameters are finite", err)
	}
	if err := tr.Diagnose(x, labels); !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), "layer last") {
		t.Errorf("Diagnose: %v, want ErrDiverged and layer last", err)
	}
}

// TestBadBatches: a batch that does not fit is refused with what was found and wanted, and changes nothing.
func TestBadBatches(t *testing.T) {
	x, labels := lab.Batch(lab.ImageIn)
	l := lab.Single(t)
	tr := l.Trainer(t, stack.Backprop{})
	before := l.Everything(t, tr.Net)
	for _, c := range []struct {
		x, labels []float32
		want      string
	}{
		{x[1:], labels, "127 numbers for 4 examples of 4×4×2"},
		{x, labels[1:], "128 numbers for 3 examples of 4×4×2"},
		{nil, nil, "0 numbers for 0 examples"},
		{x, []float32{0, 1, 3, 0}, "label of example 2 is 3, want a whole number of [0, 3)"},
		{x, []float32{0, 1, -1, 0}, "label of example 2 is -1"},
		{x, []float32{0, 0.5, 1, 0}, "label of example 1 is 0.5"},
		{x, []float32{float32(math.NaN()), 0.5, 1, 0}, "label of example 0 is NaN"},
	} {
		_, angles := tr.Angles(c.x, c.labels)
		for what, err := range map[string]error{"Step": tr.Step(c.x, c.labels, 0.1), "Angles": angles, "Diagnose": tr.Diagnose(c.x, c.labels)} {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want an error with %q", what, err, c.want)
			}
		}
	}
	if tr.Steps() != 0 || !reflect.DeepEqual(before, l.Everything(t, tr.Net)) {
		t.Error("a batch that was refused has changed something")
	}
	if _, err := tr.Net.Predict(x[1:]); err == nil || !strings.Contains(err.Error(), "127 numbers") {
		t.Errorf("Predict: %v, want an error with the size", err)
	}
}

// TestFewToNormalise: of one example batch normalisation would leave nothing, unless it has several pixels or the layers do not
// learn; and the error names the layer.
func TestFewToNormalise(t *testing.T) {
	x, labels := lab.Batch(lab.ImageIn)
	dense := stack.Stack{stack.Dense{Name: "fc", Units: 4}, stack.BatchNorm{Name: "bn"}, stack.Dense{Name: "last", Units: 3}}
	images := stack.Stack{stack.Conv{Name: "conv", Units: 4, Window: 3}, stack.BatchNorm{Name: "bn"}, stack.Dense{Name: "last", Units: 3}}
	for _, c := range []struct {
		what     string
		spec     stack.Spec
		rule     stack.Rule
		examples int
		few      bool
	}{
		{"one example", dense, stack.Backprop{}, 1, true},
		{"within a block", stack.Stack{stack.Group{Name: "g", Layers: dense[:2]}, dense[2]}, stack.Backprop{}, 1, true},
		{"two examples", dense, stack.Backprop{}, 2, false},
		{"one image", images, stack.Backprop{}, 1, false},
		{"layers that do not learn", dense, local.LastLayer{}, 1, false},
	} {
		tr := lab.Trainer(t, lab.Bare(t).Net(t, c.spec, lab.ImageIn, c.rule, 1), nets.SGD{}, nets.CrossEntropy)
		err := tr.Step(x[:c.examples*lab.ImageIn.Len()], labels[:c.examples], 0.1)
		if errors.As(err, new(nets.FewError)) != c.few || !c.few && err != nil || c.few && !strings.Contains(err.Error(), "batch normalisation at ") {
			t.Errorf("%s: %v, want an error of a layer: %t", c.what, err, c.few)
		}
	}
}

// TestEvaluate: the score is the mean over all examples, whatever the batches, of a network that does not change; and
// hits are where Predict agrees with the label.
func TestEvaluate(t *testing.T) {
	x, labels := lab.Batch(lab.ImageIn)
	l := lab.Single(t)
	tr := l.Trainer(t, stack.Backprop{})
	lab.Steps(t, tr, 3, 0.05)
	before := l.Everything(t, tr.Net)
	left := []int{1, 3, 0}
	at := 0
	score := must.Get(tr.Evaluate(func() ([]float32, []float32, error) {
		n := left[0]
		left, at = left[1:], at+n
		return x[(at-n)*lab.ImageIn.Len() : at*lab.ImageIn.Len()], labels[at-n : at], nil
	}))(t)
	if !reflect.DeepEqual(before, l.Everything(t, tr.Net)) {
		t.Error("evaluation has changed something")
	}
	classes := must.Get(tr.Net.Predict(x))(t)
	z := l.Logits(t, tr.Net, x, false)
	loss, hits := 0.0, 0.0
	for i, label := range labels {
		total, row := 0.0, z[3*i:][:3]
		for _, v := range row {
			total += math.Exp(v)
		}
		loss += (math.Log(total) - row[int(label)]) / 4
		if classes[i] == int(label) {
			hits++
		}
		if slices.Max(row) != row[classes[i]] {
			t.Errorf("example %d is of class %d by its logits %v", i, classes[i], row)
		}
	}
	// An exp, a log and a few sums of numbers of about one.
	if !(math.Abs(score.Loss-loss) <= 32*0x1p-23*(1+loss)) || score.Accuracy != hits/4 || score.Examples != 4 {
		t.Errorf("%+v, want a loss of %g and %g hits of 4", score, loss, hits)
	}
	if _, err := tr.Angles(x, labels); err != nil {
		t.Fatal(err)
	}
	if err := tr.Diagnose(x, labels); err != nil || !reflect.DeepEqual(before, l.Everything(t, tr.Net)) {
		t.Errorf("angles or a diagnosis have changed something, gradients perhaps: %v", err)
	}
	want := errors.New("no more")
	if _, err := tr.Evaluate(func() ([]float32, []float32, error) { return nil, nil, want }); !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

// TestRates: OutputRate multiplies the rate of the output layer and no other, BiasRate the gradients of biases, and Names of
// Scaled those that it names.
func TestRates(t *testing.T) {
	for name, rule := range map[string]stack.Rule{"bp": stack.Backprop{}, "fa": credit.FeedbackAlignment{}, "phsic": local.DefaultPHSIC} {
		change := func(s stack.System) lab.Results {
			l := lab.Exact(t)
			s.Net, s.Rule, s.Optimiser = stack.Always(lab.All), rule, nets.Scaled{Optimiser: nets.SGD{}, Names: "res.*", Factor: 0.5}
			store := must.Get(nets.Open(l.Device, 1, 5, func(store *nets.Store) error {
				return s.Build(store, nets.Spec{In: lab.ImageIn, Out: 3, Classes: true, Examples: 4})
			}))(t)
			l.Do(t, func(st *compute.Step) error { s.Start(store.Pass(st)); return nil })
			before, out := l.Everything(t, s.Network()), lab.Results{}
			x, labels := lab.Batch(lab.ImageIn)
			l.Do(t, func(st *compute.Step) error {
				p := store.Pass(st)
				p.Rate, p.Learning = 1, true
				m := nets.Moment{X: p.Tensor(1, 4, lab.ImageIn.Len()), Want: p.Tensor(1, 4, 1)}
				p.Write(m.X, x)
				p.Write(m.Want, labels)
				s.Step(p, m)
				return p.Failed()
			})
			after := l.Everything(t, s.Network())
			for name, g := range l.Grads(t, s.Network()) {
				for i := range g {
					if g[i] != 0 {
						out[name] = append(out[name], (before[name][i]-after[name][i])/g[i])
					}
				}
			}
			out["fc.bias, gradient"] = after["fc.bias, gradient"]
			return out
		}
		once, more := change(stack.System{}), change(stack.System{OutputRate: 0.25, BiasRate: 0.5})
		for n, rates := range more {
			want := 1.0
			switch {
			case strings.Contains(n, "gradient"):
				for i, g := range rates {
					if g != once[n][i]/2 {
						t.Errorf("%s: %s is %g, want half of %g", name, n, g, once[n][i])
					}
				}
				continue
			case strings.HasPrefix(n, "fc."):
				want = 0.25
			case strings.HasPrefix(n, "res."):
				want = 0.5
			case strings.HasSuffix(n, ".feedback"):
				continue
			}
			for i, r := range rates {
				if !(math.Abs(r-want) <= 1e-6) {
					t.Fatalf("%s: %s[%d] changes by %g of its gradient, want %g", name, n, i, r, want)
				}
			}
			if len(rates) == 0 {
				t.Errorf("%s: %s has no gradient", name, n)
			}
		}
	}
}

// TestFixedFeedback: weight decay changes feedback weights, unless the rule embeds one that has them fixed.
func TestFixedFeedback(t *testing.T) {
	const decay, rate = 0.5, 0.25
	for _, c := range []struct {
		rule stack.Rule
		keep float64
	}{{Lagging{Rate: 0.25}, 1 - decay*rate}, {Mine{}, 1}} {
		l := lab.Exact(t)
		net := l.Net(t, stack.Stack{stack.Dense{Name: "a", Units: 3, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 3}}, nets.Row(4), c.rule, 1)
		tr := lab.Trainer(t, net, nets.SGD{WeightDecay: decay}, nets.CrossEntropy)
		before := l.State(t, net)
		x, labels := lab.Batch(net.Input)
		must.Do(t, tr.Step(x, labels, rate))
		for i, b := range l.State(t, net)["b.B"] {
			w, old := before["b.W"][i], before["b.B"][i]
			if want := c.keep * (0.75*old + 0.25*w); !(math.Abs(b-want) <= 8*0x1p-53*(math.Abs(w)+math.Abs(old))) { // five roundings
				t.Errorf("%T: B is %g, want %g", c.rule, b, want)
			}
		}
	}
}
