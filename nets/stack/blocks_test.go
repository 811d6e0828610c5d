package stack_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
)

// localRules are those of stack.Rules that are local.
func localRules() map[string]stack.Local {
	all := map[string]stack.Local{}
	for _, r := range stack.Rules {
		if local, ok := r.Rule.(stack.Local); ok {
			all[r.Name] = local
		}
	}
	return all
}

// TestNothingFromAbove: no block learns anything from the blocks above it, nor from the output layer: with other
// weights there, it changes as it did, to the bit; backprop does not.
func TestNothingFromAbove(t *testing.T) {
	learned := func(rule stack.Rule, above float32) map[string][]float64 {
		l := newLab(t, bare(t))
		tr := newTrainer(t, l, all, rule, 5)
		err := l.Step(func(s *compute.Step) error {
			for _, n := range tr.Net.Tensors() {
				if x := make([]float32, n.Value.Len()); strings.HasPrefix(n.Name, "res.") || strings.HasPrefix(n.Name, "fc.") {
					s.Read(n.Value, x)
					for i := range x {
						x[i] *= above
					}
					s.Write(n.Value, x)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		steps(t, tr, 3)
		out := map[string][]float64{}
		for name, x := range everything(t, l, tr) {
			if strings.HasPrefix(name, "conv.") || strings.HasPrefix(name, "bn.") {
				out[name] = x
			}
		}
		return out
	}
	for name, rule := range localRules() {
		if !reflect.DeepEqual(learned(rule, 1), learned(rule, 3)) {
			t.Errorf("%s: the first block learns from what is above it", name)
		}
	}
	if reflect.DeepEqual(learned(stack.Backprop{}, 1), learned(stack.Backprop{}, 3)) {
		t.Error("under backprop nothing comes from above, so this test sees nothing")
	}
}

// TestWhatLearns: a rule changes what it says it does, running statistics included, and leaves the rest as it is.
func TestWhatLearns(t *testing.T) {
	rules := localRules()
	alone := stack.DefaultHSIC
	alone.Alone = true
	rules["hsic, alone"] = alone
	for name, rule := range rules {
		l := newLab(t, bare(t))
		tr := newTrainer(t, l, all, rule, 5)
		before := everything(t, l, tr)
		steps(t, tr, 2)
		after := everything(t, l, tr)
		blocks, output := rule.Learns()
		for _, n := range tr.Net.Tensors() {
			want := blocks
			if strings.HasPrefix(n.Name, "fc.") {
				want = output
			}
			if strings.HasSuffix(n.Name, "projection.weight") || strings.HasSuffix(n.Name, "decoder.feedback") {
				want = false
			}
			if changed := !reflect.DeepEqual(before[n.Name], after[n.Name]); changed != want {
				t.Errorf("%s: %s changed: %v, want %v", name, n.Name, changed, want)
			}
		}
	}
}

// TestOutputRate: it multiplies the rate of the output layer, and no other.
func TestOutputRate(t *testing.T) {
	for name, rule := range map[string]stack.Rule{"bp": stack.Backprop{}, "fa": stack.FeedbackAlignment{}, "phsic": stack.DefaultPHSIC} {
		change := func(rate float32) map[string][]float64 {
			l := exact(t)
			net, err := stack.New(l.Device, all, imageIn, rule, 5)
			if err != nil {
				t.Fatal(err)
			}
			net.OutputRate = rate
			tr, err := stack.NewTrainer(net, stack.SGD{}, stack.CrossEntropy)
			if err != nil {
				t.Fatal(err)
			}
			before := everything(t, l, tr)
			steps(t, tr, 1)
			after := everything(t, l, tr)
			for name, x := range after {
				for i := range x {
					x[i] -= before[name][i]
				}
			}
			return after
		}
		once, more := change(1), change(0.25)
		for _, n := range []string{"fc.weight", "fc.bias", "conv.weight", "bn.bias", "res.conv.weight"} {
			share := 1.0
			if strings.HasPrefix(n, "fc.") {
				share = 0.25
			}
			for i, x := range once[n] {
				if got := more[n][i]; math.Abs(got-share*x) > 1e-12*(1+math.Abs(x)) {
					t.Fatalf("%s: %s[%d] changes by %g, want %g × %g", name, n, i, got, share, x)
				}
			}
		}
	}
}

// TestFaults: what a kernel cannot learn from is an error that names the block, once the score is read.
func TestFaults(t *testing.T) {
	spec := stack.Stack{stack.Dense{Name: "first", Units: 6}, stack.Dense{Name: "second", Units: 4}, stack.Dense{Name: "top", Units: 3}}
	in := stack.Shape{Height: 1, Width: 1, Channels: 5}
	rnd := rand.New(rand.NewPCG(7, 7))
	narrow := stack.DefaultPHSIC
	narrow.Sigma = 1e-6
	same := make([]float32, 8*5)
	for i := range same {
		same[i] = float32(i % 5)
	}
	nan := normals(rnd, 8*5)
	nan[7] = float32(math.NaN())
	for name, c := range map[string]struct {
		rule stack.Rule
		x    []float32
		says string
	}{
		"alike":            {stack.DefaultPHSIC, same, "block first, by step 1: its output is the same"},
		"narrow":           {narrow, normals(rnd, 8*5), "block first, by step 1: its kernel is so narrow"},
		"fine":             {stack.DefaultPHSIC, normals(rnd, 8*5), ""},
		"fine, hsic":       {stack.DefaultHSIC, normals(rnd, 8*5), ""},
		"duplicates, hsic": {stack.DefaultHSIC, append(normals(rnd, 4*5), same[:4*5]...), ""},
		"alike, hsic":      {stack.DefaultHSIC, same, ""}, // R is 0, and so is the gradient: its limit
		"NaN":              {stack.DefaultPHSIC, nan, "diverged"},
		"NaN, hsic":        {stack.DefaultHSIC, nan, "diverged"},
	} {
		l := newLab(t, bare(t))
		net, err := stack.New(l.Device, spec, in, c.rule, 3)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := stack.NewTrainer(net, stack.SGD{}, stack.CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Step(c.x, []float32{0, 1, 2, 0, 1, 2, 0, 1}, 0.01); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = tr.Score()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, stack.ErrObjective) && !errors.Is(err, stack.ErrDiverged)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestFewExamples: a batch too small for an objective is refused before anything changes.
func TestFewExamples(t *testing.T) {
	l := newLab(t, bare(t))
	tr := newTrainer(t, l, all, stack.DefaultPHSIC, 1)
	x, _ := batch(imageIn)
	before := everything(t, l, tr)
	err := tr.Step(x[:3*imageIn.Len()], []float32{0, 1, 2}, 0.1)
	if err == nil || !strings.Contains(err.Error(), "3 examples") {
		t.Errorf("%v, want an error about 3 examples", err)
	}
	if !reflect.DeepEqual(before, everything(t, l, tr)) {
		t.Error("something changed")
	}
}

// TestOneClass: a batch of one class, or one without a member of another, is nothing to stumble over.
func TestOneClass(t *testing.T) {
	for name, rule := range localRules() {
		for _, labels := range [][]float32{{1, 1, 1, 1}, {0, 2, 0, 2}} {
			l := newLab(t, bare(t))
			tr := newTrainer(t, l, all, rule, 1)
			x, _ := batch(imageIn)
			if err := tr.Step(x, labels, 0.01); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := tr.Score(); err != nil {
				t.Errorf("%s, labels %v: %v", name, labels, err)
			}
			if err := tr.Sound(); err != nil {
				t.Errorf("%s, labels %v: %v", name, labels, err)
			}
		}
	}
}

// TestLocalRefusals: settings and networks that cannot be are refused by name.
func TestLocalRefusals(t *testing.T) {
	groups, power, sigma, widths := stack.DefaultPHSIC, stack.DefaultPHSIC, stack.DefaultPHSIC, stack.DefaultHSIC
	groups.Groups, sigma.Sigma, widths.Sigma = 3, 0, "1,two"
	power.Groups, power.Power = 2, -1
	for _, c := range []struct {
		rule stack.Rule
		spec stack.Spec
		says string
	}{
		{groups, all, "3 groups of 4×4×4"},
		{power, all, "power of -1"},
		{sigma, all, "sigma 0"},
		{widths, all, `"two"`},
		{stack.LocalError{Beta: 2}, all, "beta 2"},
		{stack.LocalError{}, all, "decoder of 0"},
	} {
		_, err := stack.New(newLab(t, bare(t)).Device, c.spec, imageIn, c.rule, 1)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.rule, err, c.says)
		}
	}
	whole := stack.Residual{Main: stack.Stack{stack.Dense{Units: 3}}}
	_, err := stack.New(newLab(t, bare(t)).Device, whole, stack.Shape{Height: 1, Width: 1, Channels: 3}, stack.DefaultPHSIC, 1)
	if err == nil || !strings.Contains(err.Error(), "wants a Stack") {
		t.Errorf("%v, want a refusal of a network that is no Stack", err)
	}
}

// TestDeadUnits: an output of zeros has no direction, and gives no NaN.
func TestDeadUnits(t *testing.T) {
	cosine := stack.DefaultPHSIC
	cosine.Kernel = "cosine"
	for name, rule := range map[string]stack.Rule{"phsic, cosine": cosine, "sim": stack.LocalError{Beta: 1, Decoder: 64}} {
		l := newLab(t, bare(t))
		spec := stack.Stack{stack.Dense{Name: "first", Units: 6, Act: compute.ReLU}, stack.Dense{Name: "top", Units: 3}}
		net, err := stack.New(l.Device, spec, stack.Shape{Height: 1, Width: 1, Channels: 5}, rule, 3)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := stack.NewTrainer(net, stack.SGD{}, stack.CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		x := normals(rand.New(rand.NewPCG(1, 1)), 6*5)
		clear(x[:2*5]) // two examples of zeros, and a bias that leaves them so
		err = l.Step(func(s *compute.Step) error {
			s.Write(net.Weights[0].Bias, make([]float32, 6))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := tr.Step(x, []float32{0, 1, 2, 0, 1, 2}, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := tr.Sound(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
