package local_test

import (
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

// TestBranches: each branch learns as it would without the others, and by a width of its own.
func TestBranches(t *testing.T) {
	in := nets.Shape{Height: 1, Width: 1, Channels: 6}
	body := func() stack.Stack {
		return stack.Stack{stack.Dense{Name: "a", Units: 5, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 4, Act: compute.Tanh}}
	}
	x := lab.Normals(rand.New(rand.NewPCG(2, 2)), 8*in.Len())
	learned := func(sigma local.Widths, branches int) map[string][]float64 {
		rule := local.DefaultHSIC
		rule.Sigma, rule.Eps = sigma, 1e-3
		l := lab.Bare(t)
		spec := stack.Stack{stack.Ensemble{Name: "e", Branches: []stack.Stack{body(), body()}[:branches]}, stack.Dense{Name: "top", Units: 3}}
		net := l.Net(t, spec, in, rule, 3)
		tr := lab.Trainer(t, net, nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
		for range 3 {
			must.Do(t, tr.Step(x, []float32{0, 1, 2, 0, 1, 2, 0, 1}, 0.01))
		}
		return l.Everything(t, tr.Net)
	}
	alone, other, both, same := learned("1", 1), learned("3", 1), learned("1,3", 2), learned("1", 2)
	for _, name := range []string{"e.0.a.weight", "e.0.b.weight"} {
		if !reflect.DeepEqual(alone[name], both[name]) {
			t.Errorf("%s depends on the other branch", name)
		}
		if reflect.DeepEqual(alone[name], other[name]) {
			t.Errorf("%s does not depend on the width", name)
		}
	}
	if reflect.DeepEqual(both["e.1.b.weight"], same["e.1.b.weight"]) {
		t.Error("the second branch does not learn by the second width")
	}
	rule := local.DefaultHSIC
	rule.Sigma = "1,2,3"
	spec := stack.Stack{stack.Ensemble{Branches: []stack.Stack{body(), body()}}, stack.Dense{Units: 3}}
	if _, err := stack.New(lab.CPU(t), spec, in, rule, 1); err == nil || !strings.Contains(err.Error(), "3 widths for 2 branches") {
		t.Errorf("%v, want an error about 3 widths for 2 branches", err)
	}
}

// TestUnformatted: the output layer assigns the units of the last block to the classes, each to the one whose examples it
// answers to, and is settled before the network is judged.
func TestUnformatted(t *testing.T) {
	rule := local.DefaultHSIC
	rule.Unformatted, rule.Lambda, rule.Eps = true, 200, 1e-3
	in := nets.Shape{Height: 1, Width: 1, Channels: 4}
	spec := stack.Stack{stack.Dense{Name: "a", Units: 8}, stack.BatchNorm{Act: compute.ReLU}, stack.Dense{Name: "b", Units: 3}, stack.BatchNorm{Act: compute.ReLU}, stack.Dense{Name: "top", Units: 3}}
	l := lab.Bare(t)
	net := l.Net(t, spec, in, rule, 5)
	tr := lab.Trainer(t, net, nets.DefaultAdam, nets.CrossEntropy)
	rnd := rand.New(rand.NewPCG(9, 9))
	var x, labels []float32
	for i := range 60 {
		c := i % 3
		for k := range 4 {
			v := float32(0.2 * rnd.NormFloat64())
			if k == c {
				v += 2
			}
			x = append(x, v)
		}
		labels = append(labels, float32(c))
	}
	for range 300 {
		must.Do(t, tr.Step(x, labels, 0.02))
	}
	score := must.Get(tr.Try(x, labels))(t)
	if score.Accuracy < 0.95 {
		t.Errorf("accuracy %.2f, want that of three well separated classes", score.Accuracy)
	}
	w := l.Values(t, net.Weights[2].W)
	var columns [3]float64
	for c := range 3 {
		row := 0.0
		for u := range 3 {
			row += w[3*c+u]
			columns[u] += w[3*c+u]
		}
		if row != 1 {
			t.Errorf("class %d is given %g units, want 1", c, row)
		}
	}
	if columns != [3]float64{1, 1, 1} {
		t.Errorf("units are given to %v classes, want one each", columns)
	}
	if b := l.Values(t, net.Weights[2].Bias); b[0] != 0 || b[1] != 0 || b[2] != 0 {
		t.Errorf("biases %v, want none", b)
	}
	if _, err := stack.New(l.Device, spec[:4], in, rule, 5); err == nil || !strings.Contains(err.Error(), "8 units") {
		t.Errorf("%v, want a refusal of a last block of 8 units", err)
	}
}
