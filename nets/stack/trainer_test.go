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
	"hebb/nets/stack"
)

// all is a network with dropout and running statistics: what a pass may change beside what it should.
var all = stack.Stack{
	stack.Conv{Name: "conv", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Name: "bn", Act: compute.ReLU},
	stack.Dropout{Rate: 0.25},
	stack.Residual{Name: "res", Main: stack.Stack{stack.Conv{Name: "conv", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Name: "bn"}}, Act: compute.ReLU},
	stack.Pool{Pooling: compute.AveragePool}, stack.Dense{Name: "fc", Units: 3},
}

func newTrainer(t *testing.T, l lab, spec stack.Spec, rule stack.Rule, seed uint64) *stack.Trainer {
	t.Helper()
	net, err := stack.New(l.Device, spec, imageIn, rule, seed)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := stack.NewTrainer(net, stack.SGD{Momentum: 0.9, WeightDecay: 0.01}, stack.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func steps(t *testing.T, tr *stack.Trainer, n int) {
	t.Helper()
	x, labels := batch(imageIn)
	for range n {
		if err := tr.Step(x, labels, 0.05); err != nil {
			t.Fatal(err)
		}
	}
}

// everything is all that a trainer keeps.
func everything(t *testing.T, l lab, tr *stack.Trainer) map[string][]float64 {
	out := map[string][]float64{}
	for _, n := range append(tr.Net.Tensors(), tr.State()...) {
		out[n.Name] = l.values(t, n.Value)
		if n.Grad != nil {
			out[n.Name+", gradient"] = l.values(t, n.Grad)
		}
	}
	return out
}

// TestSameSeed: a seed decides every bit of a training, the noise of dropout, rules and gradients included.
func TestSameSeed(t *testing.T) {
	for _, r := range stack.Rules {
		run := func(seed uint64) map[string][]float64 {
			l := single(t)
			tr := newTrainer(t, l, all, r.Rule, seed)
			tr.Noise = 0.001
			steps(t, tr, 2)
			return everything(t, l, tr)
		}
		first := run(5)
		if !reflect.DeepEqual(first, run(5)) {
			t.Errorf("%s: two runs with the same seed differ", r.Name)
		}
		if reflect.DeepEqual(first, run(6)) {
			t.Errorf("%s: two runs with other seeds are the same", r.Name)
		}
	}
}

// TestDivergence: a loss that is no number is an error that says when, and Diagnose and Sound say where.
func TestDivergence(t *testing.T) {
	x, labels := batch(imageIn)
	spec := stack.Stack{stack.Conv{Name: "first", Units: 2, Window: 3}, stack.Dense{Name: "last", Units: 3}}
	tr := newTrainer(t, newLab(t, bare(t)), spec, stack.Backprop{}, 1)
	var err error
	for k := 0; k < 50 && err == nil; k++ {
		if err = tr.Step(x, labels, 1e6); err == nil {
			_, err = tr.Score()
		}
	}
	if !errors.Is(err, stack.ErrDiverged) || !strings.Contains(err.Error(), fmt.Sprint("after step ", tr.Steps())) {
		t.Fatalf("%v, want ErrDiverged after step %d", err, tr.Steps())
	}
	if err := tr.Sound(); !errors.Is(err, stack.ErrDiverged) || !strings.Contains(err.Error(), "first.weight") {
		t.Errorf("Sound: %v, want ErrDiverged and first.weight", err)
	}

	tr = newTrainer(t, newLab(t, bare(t)), spec, stack.Backprop{}, 1)
	if err := errors.Join(tr.Sound(), tr.Diagnose(x, labels)); err != nil {
		t.Errorf("a network that has just been made: %v", err)
	}
	for _, w := range tr.Net.Weights { // the product of two is beyond float32
		huge := make([]float32, w.W.Len())
		for i := range huge {
			huge[i] = 1e20
		}
		write(t, lab{tr.Net.Device(), false}, w.W, huge)
	}
	if err := tr.Sound(); err != nil {
		t.Errorf("Sound: %v, and all parameters are finite", err)
	}
	if err := tr.Diagnose(x, labels); !errors.Is(err, stack.ErrDiverged) || !strings.Contains(err.Error(), "layer last") {
		t.Errorf("Diagnose: %v, want ErrDiverged and layer last", err)
	}
}

// TestBadBatches: a batch that does not fit is refused with what was found and wanted, and changes nothing.
func TestBadBatches(t *testing.T) {
	x, labels := batch(imageIn)
	l := single(t)
	tr := newTrainer(t, l, all, stack.Backprop{}, 1)
	before := everything(t, l, tr)
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
	if tr.Steps() != 0 || !reflect.DeepEqual(before, everything(t, l, tr)) {
		t.Error("a batch that was refused has changed something")
	}
	if _, err := tr.Net.Predict(x[1:]); err == nil || !strings.Contains(err.Error(), "127 numbers") {
		t.Errorf("Predict: %v, want an error with the size", err)
	}
}

// TestEvaluate: the score is the mean over all examples, whatever the batches, of a network that does not change; and
// hits are where Predict agrees with the label.
func TestEvaluate(t *testing.T) {
	x, labels := batch(imageIn)
	l := single(t)
	tr := newTrainer(t, l, all, stack.Backprop{}, 1)
	steps(t, tr, 3)
	before := everything(t, l, tr)
	left := []int{1, 3, 0}
	at := 0
	score, err := tr.Evaluate(func() ([]float32, []float32, error) {
		n := left[0]
		left, at = left[1:], at+n
		return x[(at-n)*imageIn.Len() : at*imageIn.Len()], labels[at-n : at], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, everything(t, l, tr)) {
		t.Error("evaluation has changed something")
	}
	classes, err := tr.Net.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	z := logits(t, l, tr.Net, x, false)
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
	want := errors.New("no more")
	if _, err := tr.Evaluate(func() ([]float32, []float32, error) { return nil, nil, want }); !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

// TestGradientNoise: Noise adds to each gradient normal numbers of that deviation, others each step, and BiasRate
// multiplies the gradients of biases.
func TestGradientNoise(t *testing.T) {
	const noise = 0.5
	gradients := func(noise, bias float32, n int) (grads, biases []float64) {
		l := exact(t)
		tr := newTrainer(t, l, stack.Stack{stack.Conv{Name: "c", Units: 32, Window: 3, Bias: true}, stack.Dense{Units: 3}}, stack.Backprop{}, 1)
		tr.Noise, tr.Net.BiasRate = noise, bias
		x, labels := batch(imageIn)
		for range n {
			if err := tr.Step(x, labels, 0); err != nil {
				t.Fatal(err)
			}
		}
		return l.values(t, tr.Net.Weights[0].Grad), l.values(t, tr.Net.Weights[0].BiasGrad)
	}
	clean, bias := gradients(0, 0, 1)
	first, _ := gradients(noise, 0, 1)
	second, _ := gradients(noise, 0, 2)
	for i := range clean {
		first[i] -= clean[i]
		second[i] -= clean[i]
	}
	moments(t, "noise", first, noise*noise, math.Inf(1))
	moments(t, "noise of the second step", second, noise*noise, math.Inf(1))
	if r := dot(first, second) / norm(first) / norm(second); !(math.Abs(r) <= 6/math.Sqrt(float64(len(first)))) {
		t.Errorf("the noise of two steps correlates by %g", r)
	}
	_, quarter := gradients(0, 0.25, 1)
	for i, b := range bias {
		if quarter[i] != b/4 {
			t.Fatalf("the gradient of bias %d is %g, want a fourth of %g", i, quarter[i], b)
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
		l := exact(t)
		net, err := stack.New(l.Device, smalls["dense"].spec, smalls["dense"].in, c.rule, 1)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := stack.NewTrainer(net, stack.SGD{WeightDecay: decay}, stack.CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		before := state(t, l, net)
		x, labels := batch(net.Input)
		if err := tr.Step(x, labels, rate); err != nil {
			t.Fatal(err)
		}
		for i, b := range state(t, l, net)["b.B"] {
			w, old := before["b.W"][i], before["b.B"][i]
			if want := c.keep * (0.75*old + 0.25*w); !(math.Abs(b-want) <= 8*0x1p-53*(math.Abs(w)+math.Abs(old))) { // five roundings
				t.Errorf("%T: B is %g, want %g", c.rule, b, want)
			}
		}
	}
}
