package stack_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
)

// The rules as they are tested: all settings are powers of 2, so that float32 holds what is made of them.
var rules = map[string]stack.Rule{
	"bp":                stack.Backprop{},
	"fa":                stack.FeedbackAlignment{},
	"fa, scaled":        stack.FeedbackAlignment{Scale: 2},
	"dfa":               stack.DirectFeedback{},
	"dfa, scaled":       stack.DirectFeedback{Scale: 0.5},
	"usf":               stack.SignSymmetry{},
	"usf, scaled":       stack.SignSymmetry{Scale: 2},
	"frsf":              stack.SignSymmetry{Fixed: true},
	"kp":                stack.KolenPollack{},
	"wm":                stack.WeightMirror{Rate: 1. / 8, Amplitude: 1, Decay: 1. / 32, Examples: 4, Before: 3},
	"wm, sigmoid":       stack.WeightMirror{Rate: 1. / 8, Amplitude: 0.5, Examples: 2, Sigmoid: true},
	"decay":             stack.Alignment{Rate: 0.5, Decay: 0.25},
	"amp":               stack.Alignment{Rate: 0.5, Amp: 0.5},
	"null":              stack.Alignment{Rate: 0.5, Null: 0.5},
	"sparse":            stack.Alignment{Rate: 0.5, Sparse: 0.25},
	"self":              stack.Alignment{Rate: 0.5, Self: 2},
	"sa":                stack.Alignment{Rate: 0.5, Decay: 0.5, Self: 1},
	"aa":                stack.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1},
	"aa, half, places":  stack.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1, Share: 0.5, Places: true},
	"ia":                stack.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125},
	"ia, half, places":  stack.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125, Share: 0.5, Places: true},
	"all five, scaled":  stack.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125, Sparse: 0.5, Self: 0.25, Scale: 2},
	"sparse and null":   stack.Alignment{Rate: 0.25, Null: 1, Sparse: 0.5},
	"aa, noise":         stack.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1, Noise: 0.5, Share: 0.5},
	"ia, centre":        stack.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125, Centre: true},
	"aa, noise, centre": stack.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1, Noise: 0.5, Centre: true},
	"lagging":           Lagging{Rate: 0.25},
	"amp, half":         stack.Alignment{Rate: 0.5, Amp: 0.5, Share: 0.5},
}

// small is a network of three units a layer, and its twin.
type small struct {
	in   stack.Shape
	spec stack.Spec
	twin func() *twin
}

var (
	imageIn = stack.Shape{Height: 4, Width: 4, Channels: 2}
	smalls  = map[string]small{
		"dense": {
			stack.Shape{Height: 1, Width: 1, Channels: 4},
			stack.Stack{
				stack.Dense{Name: "a", Units: 3, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 3, Act: compute.Sigmoid},
				stack.Dense{Name: "c", Units: 3},
			},
			func() *twin {
				return &twin{layers: []*twinLayer{denseTwin(4, 3, compute.Tanh), denseTwin(3, 3, compute.Sigmoid), denseTwin(3, 3, compute.Identity)}}
			},
		},
		"conv": {
			imageIn,
			stack.Stack{
				stack.Conv{Name: "a", Units: 3, Window: 3, Pad: 1, Act: compute.Tanh, Bias: true},
				stack.Conv{Name: "b", Units: 3, Window: 3, Stride: 2, Pad: 1, Act: compute.ReLU, Bias: true},
				stack.Dense{Name: "c", Units: 3},
			},
			func() *twin {
				return &twin{layers: []*twinLayer{
					convTwin(imageIn, 3, 3, 1, 1, compute.Tanh),
					convTwin(stack.Shape{Height: 4, Width: 4, Channels: 3}, 3, 3, 2, 1, compute.ReLU),
					denseTwin(12, 3, compute.Identity),
				}}
			},
		},
	}
)

const examples, ruleRate, ruleSteps = 4, 0.25, 2

// batch is some examples and their labels.
func batch(in stack.Shape) (x, labels []float32) {
	rnd := rand.New(rand.NewPCG(6, 2))
	return normals(rnd, examples*in.Len()), []float32{2, 0, 1, 2}
}

// state is all that a rule may change, and the gradients by which it does.
func state(t *testing.T, l lab, net *stack.Net) results {
	out := results{}
	for _, w := range net.Weights {
		for name, x := range map[string]*compute.Tensor{
			"W": w.W, "b": w.Bias, "B": w.B, "dW": w.Grad, "db": w.BiasGrad, "dB": w.GradB} {
			if x != nil {
				out[w.Name+"."+name] = l.values(t, x)
			}
		}
	}
	return out
}

// train makes a network and some steps, and shows its state before and after.
func (c small) train(t *testing.T, l lab, rule stack.Rule) (before, after results) {
	t.Helper()
	net, err := stack.New(l.Device, c.spec, c.in, rule, 9)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := stack.NewTrainer(net, stack.SGD{}, stack.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	before = state(t, l, net)
	x, labels := batch(c.in)
	for range ruleSteps {
		if err := tr.Step(x, labels, ruleRate); err != nil {
			t.Fatal(err)
		}
	}
	return before, state(t, l, net)
}

// twinOf is the twin in a state.
func (c small) twinOf(s results, drawn [][]float64) *twin {
	n := c.twin()
	n.drawn = drawn
	for i, l := range n.layers {
		name := []string{"a", "b", "c"}[i]
		l.w, l.b, l.back = slices.Clone(s[name+".W"]), slices.Clone(s[name+".b"]), slices.Clone(s[name+".B"])
	}
	return n
}

// examplesOf are the rows of a batch.
func examplesOf(x, labels []float32, in stack.Shape) (rows [][]float64, classes []int) {
	for k, label := range labels {
		row := make([]float64, in.Len())
		for i := range row {
			row[i] = float64(x[k*len(row)+i])
		}
		rows, classes = append(rows, row), append(classes, int(label))
	}
	return rows, classes
}

// want is what the equations make of a state.
func (c small) want(rule stack.Rule, before results, drawn [][]float64) results {
	n := c.twinOf(before, drawn)
	x, labels := batch(c.in)
	rows, classes := examplesOf(x, labels, c.in)
	for range ruleSteps {
		n.step(rule, rows, classes, ruleRate)
	}
	out := results{}
	for i, l := range n.layers {
		name := []string{"a", "b", "c"}[i]
		out[name+".W"], out[name+".b"], out[name+".dW"], out[name+".db"] = l.w, l.b, l.gradW, l.gradB
		if before[name+".B"] != nil {
			out[name+".B"], out[name+".dB"] = l.back, l.gradF
		}
	}
	return out
}

// TestRules holds each rule to its equation, on dense and on convolutional layers: gradients, weights and feedback
// weights after two steps, in float64 and on the CPU.
func TestRules(t *testing.T) {
	for kind, c := range smalls {
		for _, name := range slices.Sorted(maps.Keys(rules)) {
			rule := rules[name]
			t.Run(kind+"/"+name, func(t *testing.T) {
				f := func(t *testing.T, l lab) results {
					_, after := c.train(t, l, rule)
					return after
				}
				m := newMachine()
				l := newLab(t, m)
				before, got := c.train(t, l, rule)
				noise := m.drawn[max(0, len(m.drawn)-2*ruleSteps):] // for two layers, since training began
				want := c.want(rule, before, noise)
				consts, small := 0.0, 1e-9
				if rounded(rule) {
					consts, small = 0x1p-24, 1e-4
				}
				_, bound := spread(t, float64ulp, consts, 24, f)
				agree(t, "float64", got, want, bound, 2)
				telling(t, "float64", want, bound, small)
				_, bound = spread(t, float32s, consts, 24, f)
				agree(t, "float32", f(t, single(t)), want, bound, 1)
				telling(t, "float32", want, bound, 0.01)
			})
		}
	}
}

// rounded reports whether a rule has constants that are no sums of few powers of 2: 1/inputs, 1/√(3·inputs).
func rounded(rule stack.Rule) bool {
	switch r := rule.(type) {
	case stack.Alignment:
		return r.Centre
	case stack.SignSymmetry:
		return !r.Fixed
	}
	return false
}

// TestRulesDiffer: rules and settings that mean something else make something else, so that TestRules tells them
// apart.
func TestRulesDiffer(t *testing.T) {
	for kind, c := range smalls {
		seen := map[string]results{}
		for name, rule := range rules {
			_, seen[name] = c.train(t, exact(t), rule)
			for other, r := range seen {
				if other != name && reflect.DeepEqual(r, seen[name]) {
					t.Errorf("%s: %s and %s do the same", kind, name, other)
				}
			}
		}
	}
}

// TestRuleNames: the rules of the papers are made of the primitives that the papers name.
func TestRuleNames(t *testing.T) {
	primitives := map[string][]string{
		"sa": {"Decay", "Self"}, "aa": {"Amp", "Sparse"}, "ia": {"Amp", "Decay", "Null"},
	}
	for _, r := range stack.Rules {
		if local, ok := r.Rule.(stack.Local); ok {
			if _, tested := locals[r.Name]; !tested && local != (stack.LastLayer{}) { // whose blocks have no objective
				t.Errorf("no test of %s", r.Name)
			}
		} else if _, ok := rules[r.Name]; !ok {
			t.Errorf("no test of %s", r.Name)
		} else if reflect.TypeOf(rules[r.Name]) != reflect.TypeOf(r.Rule) {
			t.Errorf("%s is %T, and %T is tested", r.Name, r.Rule, rules[r.Name])
		}
		got, err := stack.ParseRule(r.Name)
		if err != nil || got != r.Rule {
			t.Errorf("ParseRule(%q) = %v, %v", r.Name, got, err)
		}
		a, ok := r.Rule.(stack.Alignment)
		if !ok {
			continue
		}
		var found []string
		for _, name := range []string{"Amp", "Decay", "Null", "Self", "Sparse"} {
			if reflect.ValueOf(a).FieldByName(name).Float() > 0 {
				found = append(found, name)
			}
		}
		if fmt.Sprint(found) != fmt.Sprint(primitives[r.Name]) {
			t.Errorf("%s is made of %v, want %v", r.Name, found, primitives[r.Name])
		}
	}
	if _, err := stack.ParseRule("hebb"); err == nil {
		t.Error("there is no rule hebb")
	}
}
