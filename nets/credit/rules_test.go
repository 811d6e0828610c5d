package credit_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// The rules as they are tested: all settings are powers of 2, so that float32 holds what is made of them.
var rules = map[string]stack.Rule{
	"bp":                stack.Backprop{},
	"fa":                credit.FeedbackAlignment{},
	"fa, scaled":        credit.FeedbackAlignment{Scale: 2},
	"dfa":               credit.DirectFeedback{},
	"dfa, scaled":       credit.DirectFeedback{Scale: 0.5},
	"usf":               credit.SignSymmetry{},
	"usf, scaled":       credit.SignSymmetry{Scale: 2},
	"frsf":              credit.SignSymmetry{Random: true},
	"pbp":               credit.PseudoBackprop{Ridge: 1. / 16},
	"kp":                credit.KolenPollack{},
	"wm":                credit.WeightMirror{Rate: 1. / 8, Amplitude: 1, Decay: 1. / 32, Examples: 4, Before: 3},
	"wm, sigmoid":       credit.WeightMirror{Rate: 1. / 8, Amplitude: 0.5, Examples: 2, Sigmoid: true},
	"decay":             credit.Alignment{Rate: 0.5, Decay: 0.25},
	"amp":               credit.Alignment{Rate: 0.5, Amp: 0.5},
	"null":              credit.Alignment{Rate: 0.5, Null: 0.5},
	"sparse":            credit.Alignment{Rate: 0.5, Sparse: 0.25},
	"self":              credit.Alignment{Rate: 0.5, Self: 2},
	"sa":                credit.Alignment{Rate: 0.5, Decay: 0.5, Self: 1},
	"aa":                credit.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1},
	"aa, half, places":  credit.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1, Share: 0.5, Places: true},
	"ia":                credit.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125},
	"ia, half, places":  credit.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125, Share: 0.5, Places: true},
	"all five, scaled":  credit.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125, Sparse: 0.5, Self: 0.25, Scale: 2},
	"sparse and null":   credit.Alignment{Rate: 0.25, Null: 1, Sparse: 0.5},
	"aa, noise":         credit.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1, Noise: 0.5, Share: 0.5},
	"ia, centre":        credit.Alignment{Rate: 0.25, Amp: 1, Null: 0.5, Decay: 0.125, Centre: true},
	"aa, noise, centre": credit.Alignment{Rate: 0.25, Sparse: 0.5, Amp: 1, Noise: 0.5, Centre: true},
	"amp, half":         credit.Alignment{Rate: 0.5, Amp: 0.5, Share: 0.5},
}

// A small is a network with few units in each layer, and its twin.
type small struct {
	in   nets.Shape
	spec stack.Spec
	twin func() *twin
}

var smalls = map[string]small{
	"dense": {
		nets.Shape{Height: 1, Width: 1, Channels: 4},
		stack.Stack{
			stack.Dense{Name: "a", Units: 3, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 5, Act: compute.Sigmoid},
			stack.Dense{Name: "c", Units: 3},
		},
		func() *twin {
			return &twin{layers: []*twinLayer{denseTwin(4, 3, compute.Tanh), denseTwin(3, 5, compute.Sigmoid), denseTwin(5, 3, compute.Identity)}}
		},
	},
	"conv": {
		lab.ImageIn,
		stack.Stack{
			stack.Conv{Name: "a", Units: 3, Window: 3, Pad: 1, Act: compute.Tanh, Bias: true},
			stack.Conv{Name: "b", Units: 3, Window: 3, Stride: 2, Pad: 1, Act: compute.ReLU, Bias: true},
			stack.Dense{Name: "c", Units: 3},
		},
		func() *twin {
			return &twin{layers: []*twinLayer{
				convTwin(lab.ImageIn, 3, 3, 1, 1, compute.Tanh),
				convTwin(nets.Shape{Height: 4, Width: 4, Channels: 3}, 3, 3, 2, 1, compute.ReLU),
				denseTwin(12, 3, compute.Identity),
			}}
		},
	},
}

// suits reports whether the network can have a rule: pseudo-backprop inverts only dense layers.
func (c small) suits(rule stack.Rule) bool {
	_, inverts := rule.(credit.PseudoBackprop)
	return !inverts || c.in.Height == 1
}

const ruleRate, ruleSteps = 0.25, 2

// train makes a network and some steps, and shows its state before and after.
func (c small) train(t *testing.T, l lab.Lab, rule stack.Rule) (before, after lab.Results) {
	t.Helper()
	net := l.Net(t, c.spec, c.in, rule, 9)
	tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
	before = l.State(t, net)
	lab.Steps(t, tr, ruleSteps, ruleRate)
	return before, l.State(t, net)
}

// twinOf is the twin in a state.
func (c small) twinOf(s lab.Results, drawn [][]float64) *twin {
	n := c.twin()
	n.drawn = drawn
	for i, l := range n.layers {
		name := []string{"a", "b", "c"}[i]
		l.w, l.b, l.back = slices.Clone(s[name+".W"]), slices.Clone(s[name+".b"]), slices.Clone(s[name+".B"])
	}
	return n
}

// examplesOf are the rows of a batch.
func examplesOf(x, labels []float32, in nets.Shape) (rows [][]float64, classes []int) {
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
func (c small) want(rule stack.Rule, before lab.Results, drawn [][]float64) lab.Results {
	n := c.twinOf(before, drawn)
	x, labels := lab.Batch(c.in)
	rows, classes := examplesOf(x, labels, c.in)
	for range ruleSteps {
		n.step(rule, rows, classes, ruleRate)
	}
	out := lab.Results{}
	for i, l := range n.layers {
		name := []string{"a", "b", "c"}[i]
		out[name+".W"], out[name+".b"], out[name+".dW"], out[name+".db"] = l.w, l.b, l.gradW, l.gradB
		if before[name+".B"] != nil {
			out[name+".B"] = l.back
		}
		if before[name+".dB"] != nil { // fixed feedback has none
			out[name+".dB"] = l.gradF
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
			if !c.suits(rule) {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				f := func(t *testing.T, l lab.Lab) lab.Results {
					_, after := c.train(t, l, rule)
					return after
				}
				l := lab.Exact(t)
				before, got := c.train(t, l, rule)
				noise := l.Drawn()
				noise = noise[max(0, len(noise)-2*ruleSteps):] // for two layers, since training began
				want := c.want(rule, before, noise)
				consts, small := 0.0, 1e-9
				if rounded(rule) {
					consts, small = 0x1p-24, 1e-4
				}
				_, bound := lab.Spread(t, lab.Float64ulp, consts, 24, f)
				lab.Agree(t, "float64", got, want, bound, 2)
				lab.Telling(t, "float64", want, bound, small)
				_, bound = lab.Spread(t, lab.Float32s, consts, 24, f)
				lab.Agree(t, "float32", f(t, lab.Single(t)), want, bound, 1)
				lab.Telling(t, "float32", want, bound, 0.01)
			})
		}
	}
}

// rounded reports whether a rule has constants that are no sums of few powers of 2: 1/inputs, 1/√(3·inputs).
func rounded(rule stack.Rule) bool {
	switch r := rule.(type) {
	case credit.Alignment:
		return r.Centre
	case credit.SignSymmetry:
		return !r.Random
	}
	return false
}

// TestRulesDiffer: rules and settings that mean something else make something else, so that TestRules tells them
// apart.
func TestRulesDiffer(t *testing.T) {
	for kind, c := range smalls {
		seen := map[string]lab.Results{}
		for name, rule := range rules {
			if !c.suits(rule) {
				continue
			}
			_, seen[name] = c.train(t, lab.Exact(t), rule)
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
	for _, r := range credit.Rules {
		if tested, ok := rules[r.Name]; !ok || reflect.TypeOf(tested) != reflect.TypeOf(r.Rule) {
			t.Errorf("%s is %T, and %T is tested", r.Name, r.Rule, tested)
		}
		a, ok := r.Rule.(credit.Alignment)
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
}

// TestNoInverse: weights without an inverse are reported, with their layer.
func TestNoInverse(t *testing.T) {
	s, err := nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Named("mlp:2-3-2,init=0"), Rule: credit.PseudoBackprop{}, Optimiser: nets.SGD{}}
		},
		Task: func() nets.Task {
			return &tasks.Batch{In: nets.Row(2), Out: 2, Classes: true, X: []float32{0, 1, 1, 0}, Want: []float32{0, 1}}
		},
		Rate: 0.1,
	}.Open(lab.CPU(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Metrics(); err == nil || !strings.Contains(err.Error(), "the weights of fc2 have no inverse") {
		t.Errorf("%v", err)
	}
}
