package stack_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
)

var independence = stack.HSICLoss{SigmaX: 2, SigmaY: 0.75}

// regression is h, of targets.
func regression(h stack.HSICLoss) stack.HSICLoss {
	h.Regression = true
	return h
}

// linear is h, of outputs without a softmax.
func linear(h stack.HSICLoss) stack.HSICLoss {
	h.Linear = true
	return h
}

var flat6 = stack.Shape{Height: 1, Width: 1, Channels: 6}

// lossTrainer trains a network by a loss and plain descent.
func lossTrainer(t *testing.T, l lab, spec stack.Spec, in stack.Shape, loss stack.Loss) *stack.Trainer {
	t.Helper()
	net, err := stack.New(l.Device, spec, in, stack.Backprop{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := stack.NewTrainer(net, stack.SGD{}, loss)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestHSICLossOfNumpy: loss, gradient and offset are those that numpy makes of the matrices as they are written.
func TestHSICLossOfNumpy(t *testing.T) {
	truth := float64File(t, "testdata/hsic.truth.safetensors")
	for name, c := range map[string]struct {
		loss stack.HSICLoss
		y    string
	}{"classes": {independence, "labels"}, "linear": {linear(independence), "labels"}, "regression": {regression(independence), "targets"}} {
		run := func(t *testing.T, l lab) results {
			tr := lossTrainer(t, l, stack.Dense{Units: 3, NoBias: true}, flat6, c.loss)
			write(t, l, tr.Net.Weights[0].W, narrow(truth["w"]))
			if err := tr.Step(narrow(truth["x"]), narrow(truth[c.y]), 0); err != nil {
				t.Fatal(err)
			}
			out := results{"loss": l.values(t, tr.Sums())[:1], "grad": l.values(t, tr.Net.Weights[0].Grad)}
			out["loss"][0] /= 12
			for _, n := range tr.Net.Tensors() {
				if n.Name == stack.OffsetName {
					out["offset"] = l.values(t, n.Value)
				}
			}
			return out
		}
		want := results{"loss": truth[name+".loss"], "grad": truth[name+".grad"], "offset": truth[name+".offset"]}
		for _, on := range []struct {
			what   string
			u      float64
			consts float64
			share  float64
			open   func(*testing.T) lab
		}{{"float64", float64ulp, 0x1p-24, 1e-4, exact}, {"the CPU", float32s, 0x1p-24, 0.005, single}} {
			_, bound := spread(t, on.u, on.consts, 24, run)
			agree(t, name+" on "+on.what, run(t, on.open(t)), want, bound, 1)
			telling(t, name+" on "+on.what, want, bound, on.share)
		}
	}
}

// TestLossSlopes: the deltas of losses are the slopes of what they say, through layers, in float64; see
// TestFiniteDifferences.
func TestLossSlopes(t *testing.T) {
	const h, n = 0x1p-12, 8 // examples: 1/n is a float32
	spec := stack.Stack{stack.Conv{Units: 2, Window: 3, Act: compute.Tanh}, stack.Dense{Units: 4, Act: compute.Tanh}, stack.Dense{Units: 3}}
	rnd := rand.New(rand.NewPCG(2, 9))
	x, targets, labels := normals(rnd, n*imageIn.Len()), normals(rnd, 3*n), []float32{0, 1, 2, 2, 0, 1, 1, 0}
	wide := stack.HSICLoss{SigmaX: 8, SigmaY: 0.5}
	for name, c := range map[string]struct {
		loss stack.Loss
		y    []float32
	}{
		"hsic": {wide, labels}, "hsic of linear outputs": {linear(wide), labels}, "hsic of targets": {regression(wide), targets}, "squared error": {stack.SquaredError, targets},
		"cross-entropy": {stack.CrossEntropy, labels}, "binary cross-entropy": {stack.BinaryCrossEntropy, labels},
	} {
		l := exact(t)
		value := func(tr *stack.Trainer, l lab) float64 {
			if _, err := tr.Score(); err != nil { // of steps before
				t.Fatal(err)
			}
			if err := tr.Step(x, c.y, 0); err != nil {
				t.Fatal(err)
			}
			return l.values(t, tr.Sums())[0] / n
		}
		run := func(t *testing.T, l lab) results {
			tr := lossTrainer(t, l, spec, imageIn, c.loss)
			return results{"loss": {value(tr, l)}, "grad": l.values(t, tr.Net.Grads)}
		}
		_, bound := spread(t, float64ulp, 0x1p-24, 24, run)
		// Constants err alike in the loss and in its slope; what the loss errs by beside them shows without.
		_, noise := spread(t, float64ulp, 0, 24, run)
		tr := lossTrainer(t, l, spec, imageIn, c.loss)
		value(tr, l)
		got, want := results{"grad": l.values(t, tr.Net.Grads)}, results{}
		w := float64s(tr.Net.Params)
		for i, at := range w {
			central := func(h float64) float64 {
				w[i] = at + h
				f := value(tr, l)
				w[i] = at - h
				f -= value(tr, l)
				w[i] = at
				return f / (2 * h)
			}
			half := central(h / 2)
			r := (4*half - central(h)) / 3
			want["grad"] = append(want["grad"], r)
			bound["grad"][i] += math.Abs(r-half) + 3/h*noise["loss"][0]
		}
		agree(t, name, got, want, bound, 1)
		telling(t, name, want, bound, 2e-4)
	}
}

// whole are so many examples of small whole numbers: what is computed of their differences is exact.
func whole(rnd *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rnd.IntN(5) - 2)
	}
	return x
}

// TestHSICLossConstant: a constant added to all targets changes no bit of the loss, nothing but rounding in what is
// learned from it, and is in what is predicted.
func TestHSICLossConstant(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	const n = 8
	x, y, w := whole(rnd, n*6), whole(rnd, n*2), whole(rnd, 2*6)
	run := func(l lab, by ...float32) (loss float64, grad []float64, out []float32, score stack.Score) {
		tr := lossTrainer(t, l, stack.Dense{Units: 2, NoBias: true}, flat6, stack.HSICLoss{SigmaX: 3, SigmaY: 4, Regression: true})
		write(t, l, tr.Net.Weights[0].W, w)
		moved := slices.Clone(y)
		for i := range moved {
			moved[i] += by[i%2]
		}
		if err := tr.Step(x, moved, 0); err != nil {
			t.Fatal(err)
		}
		loss, grad = l.values(t, tr.Sums())[0], l.values(t, tr.Net.Grads)
		out, err := tr.Net.Outputs(x)
		if err != nil {
			t.Fatal(err)
		}
		if score, err = tr.Try(x, moved); err != nil {
			t.Fatal(err)
		}
		return loss, grad, out, score
	}
	loss, grad, out, score := run(exact(t), 0, 0)
	loss4, grad4, out4, score4 := run(exact(t), 4, -16)
	if loss != loss4 {
		t.Errorf("a constant changes the loss from %g to %g", loss, loss4)
	}
	want, bound := spread(t, float64ulp, 0, 24, func(t *testing.T, l lab) results {
		_, g, _, _ := run(l, 4, -16)
		return results{"grad": g}
	})
	agree(t, "with a constant", results{"grad": grad4}, results{"grad": grad}, bound, 2)
	telling(t, "with a constant", want, bound, 1e-10)
	total := 0.0
	for i, v := range out {
		if want := v + []float32{4, -16}[i%2]; out4[i] != want {
			t.Errorf("output %d is %g, want %g", i, out4[i], want)
		}
		total += math.Pow(float64(y[i]-v), 2) / n
	}
	if score != score4 || score.SquaredError != total || score.Accuracy != 0 { // halves and eighths, exact in float32
		t.Errorf("%+v and %+v, want a squared error of %g", score, score4, total)
	}
}

// TestOffsetDecides: what HSIC loss leaves open is part of which class an example is taken for, in scores and in
// predictions alike; another loss takes it away.
func TestOffsetDecides(t *testing.T) {
	for name, loss := range map[string]stack.HSICLoss{"softmax": independence, "linear": linear(independence)} {
		t.Run(name, func(t *testing.T) { offsetDecides(t, loss) })
	}
}

func offsetDecides(t *testing.T, loss stack.HSICLoss) {
	x, labels := batch(imageIn)
	l := single(t)
	tr := lossTrainer(t, l, all, imageIn, loss)
	for range 3 {
		if err := tr.Step(x, labels, 0.01); err != nil {
			t.Fatal(err)
		}
	}
	at := slices.IndexFunc(tr.Net.Tensors(), func(n stack.Named) bool { return n.Name == stack.OffsetName })
	if at < 0 {
		t.Fatalf("no %s among %v", stack.OffsetName, tr.Net.Tensors())
	}
	offset := tr.Net.Tensors()[at].Value
	if v := l.values(t, offset); norm(v) == 0 || !loss.Linear && !(math.Abs(v[0]+v[1]+v[2]) <= 1e-6) { // residuals of a softmax add up to 0
		t.Errorf("the offset is %v", v)
	}
	for k := range 3 {
		decided := make([]float32, 3)
		decided[k] = 100
		write(t, l, offset, decided)
		classes, err := tr.Net.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		score, err := tr.Try(x, labels)
		if err != nil {
			t.Fatal(err)
		}
		hits := 0.0
		for i, c := range classes {
			if c != k {
				t.Errorf("example %d is of class %d, and the offset says %d", i, c, k)
			}
			if int(labels[i]) == k {
				hits++
			}
		}
		if score.Accuracy != hits/float64(len(labels)) {
			t.Errorf("accuracy %g, want %g of %d", score.Accuracy, hits, len(labels))
		}
	}
	write(t, l, offset, []float32{0, float32(math.NaN()), 0})
	if err := tr.Sound(); !errors.Is(err, stack.ErrDiverged) || !strings.Contains(err.Error(), stack.OffsetName) {
		t.Errorf("an offset that is no number: %v", err)
	}
	if _, err := stack.NewTrainer(tr.Net, stack.SGD{}, stack.CrossEntropy); err != nil {
		t.Fatal(err)
	}
	for _, n := range tr.Net.Tensors() {
		if n.Name == stack.OffsetName {
			t.Error("a network that learns by cross-entropy has an offset")
		}
	}
}

// TestHSICLossFaults: what HSIC cannot be had from, or learned from, is said, with what would help.
func TestHSICLossFaults(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 8))
	x, labels, targets := normals(rnd, 6*6), []float32{0, 1, 2, 0, 1, 2}, normals(rnd, 6*3)
	same := slices.Repeat(x[:6], 6)
	holed := slices.Clone(x)
	holed[7] = float32(math.NaN())
	endless := slices.Clone(x)
	endless[7] = float32(math.Inf(1))
	for name, c := range map[string]struct {
		loss stack.Loss
		x, y []float32
		is   error
		want string
	}{
		"fine":               {independence, x, labels, nil, ""},
		"narrow":             {stack.HSICLoss{SigmaX: 1e-6, SigmaY: 1}, x, labels, stack.ErrObjective, "sigma_x 1e-06 is so narrow"},
		"wide":               {stack.HSICLoss{SigmaX: 1e6, SigmaY: 1}, x, labels, stack.ErrObjective, "sigma_x 1e+06 so wide"},
		"all the same":       {independence, same, labels, stack.ErrObjective, "are all the same"},
		"narrow residuals":   {stack.HSICLoss{SigmaX: 2, SigmaY: 1e-6, Regression: true}, x, targets, stack.ErrObjective, "sigma_y 1e-06 is so narrow"},
		"an input NaN":       {independence, holed, labels, stack.ErrDiverged, "after step 1"},
		"an input Inf":       {regression(independence), endless, targets, stack.ErrDiverged, "after step 1"},
		"three examples":     {independence, x[:18], labels[:3], nil, "a batch of 3 examples, and this loss learns from 4 at least"},
		"a target NaN":       {regression(independence), x, slices.Replace(slices.Clone(targets), 4, 5, float32(math.NaN())), nil, "target 1 of example 1 is NaN"},
		"labels for targets": {regression(independence), x, labels[:4], nil, "4 targets for examples of 3 outputs"},
		"too few targets":    {stack.SquaredError, x, targets[:15], nil, "36 numbers for 5 examples"},
		"no targets":         {stack.SquaredError, nil, nil, nil, "0 targets"},
		"targets for labels": {independence, x, targets, nil, "36 numbers for 18 examples"},
	} {
		tr := lossTrainer(t, newLab(t, bare(t)), stack.Dense{Units: 3}, flat6, c.loss)
		err := tr.Step(c.x, c.y, 0.1)
		if err == nil {
			_, err = tr.Score()
		}
		switch {
		case c.want == "" && err == nil:
		case err == nil || c.is != nil && !errors.Is(err, c.is) || c.want == "" || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v, want an error with %q that is %v", name, err, c.want, c.is)
		}
	}
	for name, loss := range map[string]stack.HSICLoss{
		"0": {SigmaX: 0, SigmaY: 1}, "-1": {SigmaX: 1, SigmaY: -1}, "NaN": {SigmaX: float32(math.NaN()), SigmaY: 1}, "1e+20": {SigmaX: 1e20, SigmaY: 1},
	} {
		net, err := stack.New(bareDevice(t), stack.Dense{Units: 3}, flat6, stack.Backprop{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stack.NewTrainer(net, stack.SGD{}, loss); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("widths %v: %v, want an error with %s", loss, err, name)
		}
	}
}

func bareDevice(t *testing.T) *compute.Device { return newLab(t, bare(t)).Device }

// TestLossOfTargets: what is trained by targets is refused where it cannot be, and a loss that was exchanged is noticed.
func TestLossOfTargets(t *testing.T) {
	rule, err := stack.ParseRule("phsic")
	if err != nil {
		t.Fatal(err)
	}
	net, err := stack.New(bareDevice(t), stack.Stack{stack.Dense{Name: "a", Units: 4}, stack.Dense{Name: "b", Units: 3}}, flat6, rule, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stack.NewTrainer(net, stack.SGD{}, stack.SquaredError); err == nil || !strings.Contains(err.Error(), "local rule") {
		t.Errorf("a local rule and targets: %v", err)
	}
	tr := lossTrainer(t, newLab(t, bare(t)), stack.Dense{Units: 3}, flat6, stack.CrossEntropy)
	tr.Loss = independence
	if err := tr.Step(make([]float32, 24), make([]float32, 4), 0.1); err == nil || !strings.Contains(err.Error(), "another one") {
		t.Errorf("a loss that was exchanged: %v", err)
	}
}

// TestHSICLossLearns: by rules that send deltas down by weights of their own too.
func TestHSICLossLearns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 1))
	const n = 48
	x, labels := normals(rnd, n*6), make([]float32, n)
	for i := range labels { // the largest of three
		row := x[6*i:]
		labels[i] = float32(slices.Index(row[:3], slices.Max(row[:3])))
	}
	for _, name := range []string{"bp", "fa", "sa", "kp"} {
		rule, err := stack.ParseRule(name)
		if err != nil {
			t.Fatal(err)
		}
		net, err := stack.New(bareDevice(t), stack.Stack{stack.Dense{Name: "a", Units: 24, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 3}}, flat6, rule, 1)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := stack.NewTrainer(net, stack.DefaultAdam, stack.HSICLoss{SigmaX: 2.5, SigmaY: 1})
		if err != nil {
			t.Fatal(err)
		}
		first, err := tr.Try(x, labels)
		if err != nil {
			t.Fatal(err)
		}
		for range 150 {
			if err := tr.Step(x, labels, 0.01); err != nil {
				t.Fatal(err)
			}
		}
		last, err := tr.Try(x, labels)
		if err != nil {
			t.Fatal(err)
		}
		if !(last.Loss < first.Loss/4) || last.Accuracy < 0.9 {
			t.Errorf("%s: from %+v to %+v", name, first, last)
		}
	}
}
