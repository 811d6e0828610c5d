package local_test

import (
	"errors"
	"math"
	"math/rand/v2"
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

var independence = local.HSICLoss{SigmaX: 2, SigmaY: 0.75}

// regression is h, of targets.
func regression(h local.HSICLoss) local.HSICLoss {
	h.Regression = true
	return h
}

// linear is h, of outputs without a softmax.
func linear(h local.HSICLoss) local.HSICLoss {
	h.Linear = true
	return h
}

var flat6 = nets.Shape{Height: 1, Width: 1, Channels: 6}

// lossTrainer trains a network by a loss and plain descent.
func lossTrainer(t *testing.T, l lab.Lab, spec stack.Spec, in nets.Shape, loss nets.Loss) *stack.Trainer {
	t.Helper()
	net := l.Net(t, spec, in, stack.Backprop{}, 3)
	tr := lab.Trainer(t, net, nets.SGD{}, loss)
	return tr
}

// TestHSICLossOfNumpy: loss, gradient and offset are those that numpy makes of the matrices as they are written.
func TestHSICLossOfNumpy(t *testing.T) {
	truth := lab.File64(t, "testdata/hsic.truth.safetensors")
	for name, c := range map[string]struct {
		loss local.HSICLoss
		y    string
	}{"classes": {independence, "labels"}, "linear": {linear(independence), "labels"}, "regression": {regression(independence), "targets"}} {
		run := func(t *testing.T, l lab.Lab) lab.Results {
			tr := lossTrainer(t, l, stack.Dense{Units: 3, NoBias: true}, flat6, c.loss)
			w := tr.Net.Weights[0]
			l.Write(t, w.W, lab.Narrow(truth["w"]))
			must.Do(t, tr.Step(lab.Narrow(truth["x"]), lab.Narrow(truth[c.y]), 0))
			score := must.Get(tr.Score())(t)
			return lab.Results{"loss": {score.Loss}, "grad": l.Values(t, w.Grad), "offset": l.Values(t, offsetOf(tr.Net))}
		}
		want := lab.Results{"loss": truth[name+".loss"], "grad": truth[name+".grad"], "offset": truth[name+".offset"]}
		for _, on := range []struct {
			what     string
			u, share float64
			open     func(*testing.T) lab.Lab
		}{{"float64", lab.Float64ulp, 1e-4, lab.Exact}, {"the CPU", lab.Float32s, 0.005, lab.Single}} {
			_, bound := lab.Spread(t, on.u, 0x1p-24, 24, run)
			bound["loss"][0] += 0x1p-24 * want["loss"][0] // Score reads float32s
			lab.Agree(t, name+" on "+on.what, run(t, on.open(t)), want, bound, 1)
			lab.Telling(t, name+" on "+on.what, want, bound, on.share)
		}
	}
}

// offsetOf is what a network's loss leaves open, or nil.
func offsetOf(net *stack.Net) *compute.Tensor {
	for _, n := range net.Tensors() {
		if n.Name == local.OffsetName {
			return n.Value
		}
	}
	return nil
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
	run := func(l lab.Lab, by ...float32) (loss float64, grad []float64, out []float32, score stack.Score) {
		tr := lossTrainer(t, l, stack.Dense{Units: 2, NoBias: true}, flat6, local.HSICLoss{SigmaX: 3, SigmaY: 4, Regression: true})
		l.Write(t, tr.Net.Weights[0].W, w)
		moved := slices.Clone(y)
		for i := range moved {
			moved[i] += by[i%2]
		}
		must.Do(t, tr.Step(x, moved, 0))
		learned, err := tr.Score()
		if err != nil {
			t.Fatal(err)
		}
		loss, grad = learned.Loss, l.Values(t, tr.Net.Weights[0].Grad)
		if out, err = tr.Net.Outputs(x); err != nil {
			t.Fatal(err)
		}
		if score, err = tr.Try(x, moved); err != nil {
			t.Fatal(err)
		}
		return loss, grad, out, score
	}
	loss, grad, out, score := run(lab.Exact(t), 0, 0)
	loss4, grad4, out4, score4 := run(lab.Exact(t), 4, -16)
	if loss != loss4 {
		t.Errorf("a constant changes the loss from %g to %g", loss, loss4)
	}
	want, bound := lab.Spread(t, lab.Float64ulp, 0, 24, func(t *testing.T, l lab.Lab) lab.Results {
		_, g, _, _ := run(l, 4, -16)
		return lab.Results{"grad": g}
	})
	lab.Agree(t, "with a constant", lab.Results{"grad": grad4}, lab.Results{"grad": grad}, bound, 2)
	lab.Telling(t, "with a constant", want, bound, 1e-10)
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
	for name, loss := range map[string]local.HSICLoss{"softmax": independence, "linear": linear(independence)} {
		t.Run(name, func(t *testing.T) { offsetDecides(t, loss) })
	}
}

func offsetDecides(t *testing.T, loss local.HSICLoss) {
	x, labels := lab.Batch(lab.ImageIn)
	l := lab.Single(t)
	tr := lossTrainer(t, l, lab.All, lab.ImageIn, loss)
	for range 3 {
		must.Do(t, tr.Step(x, labels, 0.01))
	}
	offset := offsetOf(tr.Net)
	if offset == nil {
		t.Fatalf("no %s among %v", local.OffsetName, tr.Net.Tensors())
	}
	if v := l.Values(t, offset); lab.Norm(v) == 0 || !loss.Linear && !(math.Abs(v[0]+v[1]+v[2]) <= 1e-6) { // residuals of a softmax add up to 0
		t.Errorf("the offset is %v", v)
	}
	for k := range 3 {
		decided := make([]float32, 3)
		decided[k] = 100
		l.Write(t, offset, decided)
		classes := must.Get(tr.Net.Predict(x))(t)
		score := must.Get(tr.Try(x, labels))(t)
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
	l.Write(t, offset, []float32{0, float32(math.NaN()), 0})
	if err := tr.Sound(); !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), local.OffsetName) {
		t.Errorf("an offset that is no number: %v", err)
	}
	if _, err := stack.NewTrainer(tr.Net, nets.SGD{}, nets.CrossEntropy); err != nil {
		t.Fatal(err)
	}
	if offsetOf(tr.Net) != nil {
		t.Error("a network that learns by cross-entropy has an offset")
	}
}

// TestHSICLossFaults: what HSIC cannot be had from, or learned from, is said, with what would help.
func TestHSICLossFaults(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 8))
	x, labels, targets := lab.Normals(rnd, 6*6), []float32{0, 1, 2, 0, 1, 2}, lab.Normals(rnd, 6*3)
	same := slices.Repeat(x[:6], 6)
	holed := slices.Clone(x)
	holed[7] = float32(math.NaN())
	endless := slices.Clone(x)
	endless[7] = float32(math.Inf(1))
	for name, c := range map[string]struct {
		loss nets.Loss
		x, y []float32
		is   error
		want string
	}{
		"fine":               {independence, x, labels, nil, ""},
		"narrow":             {local.HSICLoss{SigmaX: 1e-6, SigmaY: 1}, x, labels, nets.ErrFault, "sigma_x 1e-06 is so narrow"},
		"wide":               {local.HSICLoss{SigmaX: 1e6, SigmaY: 1}, x, labels, nets.ErrFault, "sigma_x 1e+06 so wide"},
		"all the same":       {independence, same, labels, nets.ErrFault, "are all the same"},
		"narrow residuals":   {local.HSICLoss{SigmaX: 2, SigmaY: 1e-6, Regression: true}, x, targets, nets.ErrFault, "sigma_y 1e-06 is so narrow"},
		"an input NaN":       {independence, holed, labels, nets.ErrDiverged, "after step 1"},
		"an input Inf":       {regression(independence), endless, targets, nets.ErrDiverged, "after step 1"},
		"three examples":     {independence, x[:18], labels[:3], nil, "a batch of 3 examples, and this loss learns from 4 at least"},
		"a target NaN":       {regression(independence), x, slices.Replace(slices.Clone(targets), 4, 5, float32(math.NaN())), nil, "target 1 of example 1 is NaN"},
		"labels for targets": {regression(independence), x, labels[:4], nil, "4 targets for examples of 3 outputs"},
		"too few targets":    {nets.SquaredError, x, targets[:15], nil, "36 numbers for 5 examples"},
		"no targets":         {nets.SquaredError, nil, nil, nil, "0 targets"},
		"targets for labels": {independence, x, targets, nil, "36 numbers for 18 examples"},
	} {
		tr := lossTrainer(t, lab.Bare(t), stack.Dense{Units: 3}, flat6, c.loss)
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
	for name, loss := range map[string]local.HSICLoss{
		"0": {SigmaX: 0, SigmaY: 1}, "-1": {SigmaX: 1, SigmaY: -1}, "NaN": {SigmaX: float32(math.NaN()), SigmaY: 1}, "1e+20": {SigmaX: 1e20, SigmaY: 1},
	} {
		net := lab.Bare(t).Net(t, stack.Dense{Units: 3}, flat6, stack.Backprop{}, 1)
		if _, err := stack.NewTrainer(net, nets.SGD{}, loss); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("widths %v: %v, want an error with %s", loss, err, name)
		}
	}
}

// TestLossOfTargets: what is trained by targets is refused where it cannot be.
func TestLossOfTargets(t *testing.T) {
	net := lab.Bare(t).Net(t, stack.Stack{stack.Dense{Name: "a", Units: 4}, stack.Dense{Name: "b", Units: 3}}, flat6, local.DefaultPHSIC, 1)
	if _, err := stack.NewTrainer(net, nets.SGD{}, nets.SquaredError); err == nil || !strings.Contains(err.Error(), "local rule") {
		t.Errorf("a local rule and targets: %v", err)
	}
}

// TestHSICLossLearns: by rules that send deltas down by weights of their own too.
func TestHSICLossLearns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 1))
	const n = 48
	x, labels := lab.Normals(rnd, n*6), make([]float32, n)
	for i := range labels { // the largest of three
		row := x[6*i:]
		labels[i] = float32(slices.Index(row[:3], slices.Max(row[:3])))
	}
	for name, rule := range map[string]stack.Rule{
		"bp": credit.Backprop{}, "fa": credit.FeedbackAlignment{}, "sa": credit.Alignment{Rate: 0.3, Decay: 0.5, Self: 1}, "kp": credit.KolenPollack{},
	} {
		net := lab.Bare(t).Net(t, stack.Stack{stack.Dense{Name: "a", Units: 24, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 3}}, flat6, rule, 1)
		tr := lab.Trainer(t, net, nets.DefaultAdam, local.HSICLoss{SigmaX: 2.5, SigmaY: 1})
		first := must.Get(tr.Try(x, labels))(t)
		for range 150 {
			must.Do(t, tr.Step(x, labels, 0.01))
		}
		last := must.Get(tr.Try(x, labels))(t)
		if !(last.Loss < first.Loss/4) || last.Accuracy < 0.9 {
			t.Errorf("%s: from %+v to %+v", name, first, last)
		}
	}
}
