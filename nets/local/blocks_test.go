package local_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// localRules are the rules by name.
func localRules() map[string]stack.Local {
	all := map[string]stack.Local{}
	for _, r := range local.Rules {
		all[r.Name] = r.Rule.(stack.Local)
	}
	return all
}

// TestNothingFromAbove: no block learns anything from the blocks above it, nor from the output layer: with other
// weights there, it changes as it did, to the bit; backprop does not.
func TestNothingFromAbove(t *testing.T) {
	learned := func(rule stack.Rule, above float32) map[string][]float64 {
		l := lab.Bare(t)
		tr := l.Trainer(t, rule)
		for _, n := range tr.Net.Tensors() {
			if strings.HasPrefix(n.Name, "res.") || strings.HasPrefix(n.Name, "fc.") {
				x := make([]float32, n.Value.Len())
				for i, v := range l.Values(t, n.Value) {
					x[i] = float32(v) * above
				}
				l.Write(t, n.Value, x)
			}
		}
		lab.Steps(t, tr, 3, 0.05)
		out := map[string][]float64{}
		for name, x := range l.Everything(t, tr.Net) {
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

// TestWhatLearns: a rule changes what it says it does, running statistics included, and leaves the rest as it is. Of rules
// whose blocks have turns, TestSoftHebb says it.
func TestWhatLearns(t *testing.T) {
	rules := localRules()
	alone := local.DefaultHSIC
	alone.Alone = true
	rules["hsic, alone"] = alone
	delete(rules, "softhebb")
	for name, rule := range rules {
		l := lab.Bare(t)
		tr := l.Trainer(t, rule)
		before := l.Everything(t, tr.Net)
		lab.Steps(t, tr, 2, 0.05)
		after := l.Everything(t, tr.Net)
		blocks, output := rule.Learns()
		for _, n := range tr.Net.Tensors() {
			want := blocks
			switch name := strings.TrimPrefix(n.Name, "optimiser.momentum_buffer."); {
			case strings.HasPrefix(name, "fc."):
				want = output
			case strings.HasSuffix(name, "projection.weight"), strings.HasSuffix(name, "decoder.feedback"):
				want = false
			}
			if changed := !reflect.DeepEqual(before[n.Name], after[n.Name]); changed != want {
				t.Errorf("%s: %s changed: %v, want %v", name, n.Name, changed, want)
			}
		}
	}
}

// TestFaults: what a kernel cannot learn from is an error that names the block, once the score is read.
func TestFaults(t *testing.T) {
	spec := stack.Stack{stack.Dense{Name: "first", Units: 6}, stack.Dense{Name: "second", Units: 4}, stack.Dense{Name: "top", Units: 3}}
	in := nets.Shape{Height: 1, Width: 1, Channels: 5}
	rnd := rand.New(rand.NewPCG(7, 7))
	narrow := local.DefaultPHSIC
	narrow.Sigma = 1e-6
	same := make([]float32, 8*5)
	for i := range same {
		same[i] = float32(i % 5)
	}
	nan := lab.Normals(rnd, 8*5)
	nan[7] = float32(math.NaN())
	for name, c := range map[string]struct {
		rule stack.Rule
		x    []float32
		says string
	}{
		"alike":            {local.DefaultPHSIC, same, "block first: its output is the same for all examples after step 1"},
		"narrow":           {narrow, lab.Normals(rnd, 8*5), "block first: its kernel is so narrow"},
		"fine":             {local.DefaultPHSIC, lab.Normals(rnd, 8*5), ""},
		"fine, hsic":       {local.DefaultHSIC, lab.Normals(rnd, 8*5), ""},
		"duplicates, hsic": {local.DefaultHSIC, append(lab.Normals(rnd, 4*5), same[:4*5]...), ""},
		"alike, hsic":      {local.DefaultHSIC, same, ""}, // R is 0, and so is the gradient: its limit
		"NaN":              {local.DefaultPHSIC, nan, "diverged"},
		"NaN, hsic":        {local.DefaultHSIC, nan, "diverged"},
	} {
		l := lab.Bare(t)
		net := l.Net(t, spec, in, c.rule, 3)
		tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
		if err := tr.Step(c.x, []float32{0, 1, 2, 0, 1, 2, 0, 1}, 0.01); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := tr.Score()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, nets.ErrFault) && !errors.Is(err, nets.ErrDiverged)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestFewExamples: a batch too small for an objective is refused before anything changes.
func TestFewExamples(t *testing.T) {
	l := lab.Bare(t)
	tr := l.Trainer(t, local.DefaultPHSIC)
	x, _ := lab.Batch(lab.ImageIn)
	before := l.Everything(t, tr.Net)
	err := tr.Step(x[:3*lab.ImageIn.Len()], []float32{0, 1, 2}, 0.1)
	if err == nil || !strings.Contains(err.Error(), "3 examples") {
		t.Errorf("%v, want an error about 3 examples", err)
	}
	if !reflect.DeepEqual(before, l.Everything(t, tr.Net)) {
		t.Error("something changed")
	}
}

// TestOneClass: a batch of one class, or one without a member of another, is nothing to stumble over.
func TestOneClass(t *testing.T) {
	for name, rule := range localRules() {
		for _, labels := range [][]float32{{1, 1, 1, 1}, {0, 2, 0, 2}} {
			l := lab.Bare(t)
			tr := l.Trainer(t, rule)
			x, _ := lab.Batch(lab.ImageIn)
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
	groups, power, sigma, widths := local.DefaultPHSIC, local.DefaultPHSIC, local.DefaultPHSIC, local.DefaultHSIC
	groups.Groups, sigma.Sigma, widths.Sigma = 3, 0, "1,two"
	power.Groups, power.Power = 2, -1
	for _, c := range []struct {
		rule stack.Rule
		says string
	}{
		{groups, "3 groups of 4×4×4"},
		{power, "power of -1"},
		{sigma, "sigma 0"},
		{widths, `"two"`},
		{local.LocalError{Beta: 2}, "beta 2"},
		{local.LocalError{}, "decoder of 0"},
	} {
		_, err := stack.New(lab.CPU(t), lab.All, lab.ImageIn, c.rule, 1)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.rule, err, c.says)
		}
	}
	whole := stack.Residual{Main: stack.Stack{stack.Dense{Units: 3}}}
	_, err := stack.New(lab.CPU(t), whole, nets.Shape{Height: 1, Width: 1, Channels: 3}, local.DefaultPHSIC, 1)
	if err == nil || !strings.Contains(err.Error(), "wants a Stack") {
		t.Errorf("%v, want a refusal of a network that is no Stack", err)
	}
}

// TestDeadUnits: an output of zeros has no direction, and gives no NaN.
func TestDeadUnits(t *testing.T) {
	cosine := local.DefaultPHSIC
	cosine.Kernel = "cosine"
	for name, rule := range map[string]stack.Rule{"phsic, cosine": cosine, "sim": local.LocalError{Beta: 1, Decoder: 64}} {
		l := lab.Bare(t)
		spec := stack.Stack{stack.Dense{Name: "first", Units: 6, Act: compute.ReLU}, stack.Dense{Name: "top", Units: 3}}
		net := l.Net(t, spec, nets.Shape{Height: 1, Width: 1, Channels: 5}, rule, 3)
		tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
		x := lab.Normals(rand.New(rand.NewPCG(1, 1)), 6*5)
		clear(x[:2*5]) // two examples of zeros, and a bias that leaves them so
		l.Write(t, net.Weights[0].Bias, make([]float32, 6))
		for range 3 {
			must.Do(t, tr.Step(x, []float32{0, 1, 2, 0, 1, 2}, 0))
		}
		if err := tr.Sound(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
