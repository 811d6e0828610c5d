package targets_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/stack"
	"hebb/nets/targets"
	"hebb/nets/tasks"
)

// The rules under test: all settings are powers of 2, so that float32 holds their products exactly.
var rules = map[string]stack.Rule{
	"dtp":               targets.DTP{Top: 0.5, Noise: 0.25, Rate: 2},
	"dtp, span 2":       targets.DTP{Top: 0.5, Noise: 0.25, Rate: 2, Span: 2},
	"dtp, no noise":     targets.DTP{Top: 0.5, Rate: 0.5},
	"dtp, never":        targets.DTP{Top: 4},
	"dni":               targets.DNI{Gain: 1, Rate: 2},
	"dni, zero":         targets.DNI{Rate: 8},
	"cdni":              targets.DNI{Label: true, Gain: 1, Rate: 2},
	"dni, one hidden":   targets.DNI{Units: 4, Gain: 1, Rate: 2},
	"cdni, one hidden":  targets.DNI{Label: true, Units: 4, Gain: 0.5, Rate: 2},
	"dni, inputs":       targets.DNI{Gain: 1, Rate: 2, Inputs: true},
	"cdni, no learning": targets.DNI{Label: true, Gain: 1},
}

const (
	rate  = 0.25
	steps = 3
)

var (
	in    = nets.Row(4)
	chain = stack.Stack{
		stack.Dense{Name: "a", Units: 5, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 4, Act: compute.Sigmoid},
		stack.Dense{Name: "c", Units: 6, Act: compute.Tanh}, stack.Dense{Name: "d", Units: 3},
	}
)

// train makes a network and some steps, and returns all its saved tensors and gradients, before and after.
func train(t *testing.T, l lab.Lab, rule stack.Rule) (before, after lab.Results) {
	t.Helper()
	net := l.Net(t, chain, in, rule, 9)
	tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
	before = l.Everything(t, net)
	lab.Steps(t, tr, steps, rate)
	return before, l.Everything(t, net)
}

// want returns what the equations make of a state; noise holds the numbers drawn since training began.
func want(rule stack.Rule, before lab.Results, noise [][]float64) lab.Results {
	n := &twin{own: map[string]*layer{}}
	var all []*layer
	acts := map[string]compute.Act{"a": compute.Tanh, "b": compute.Sigmoid, "c": compute.Tanh, "b.inverse": compute.Tanh, "c.inverse": compute.Sigmoid}
	make := func(name string, inputs int) *layer {
		l := &layer{name: name, w: before[name+".weight"], b: before[name+".bias"], in: inputs, act: acts[name]}
		switch {
		case strings.HasSuffix(name, ".hidden"):
			l.act = compute.ReLU
		case strings.HasSuffix(name, ".inverse"): // it has the shape of W
			l.w = turned(l.w, len(l.b))
		}
		all = append(all, l)
		return l
	}
	sizes := []int{4, 5, 4, 6, 3}
	for i, name := range []string{"a", "b", "c", "d"} {
		n.layers = append(n.layers, make(name, sizes[i]))
	}
	for suffix, inputs := range map[string]func(i int) int{
		".inverse": func(i int) int { return sizes[i+1] }, ".synthesiser": func(i int) int { return sizes[i+1] },
		".synthesiser.hidden": func(i int) int { return sizes[i+1] }, ".synthesiser.out": func(int) int { return 4 },
		".synthesiser.label": func(int) int { return 3 }, ".predictor": func(int) int { return 4 },
	} {
		for i, name := range []string{"a", "b", "c", "d"} {
			if name += suffix; before[name+".weight"] != nil {
				n.own[name] = make(name, inputs(i))
			}
		}
	}
	x, labels := lab.Batch(in)
	var rows [][]float64
	var classes []int
	for k, c := range labels {
		var row []float64
		for _, v := range x[k*4:][:4] {
			row = append(row, float64(v))
		}
		rows, classes = append(rows, row), append(classes, int(c))
	}
	for number := range steps {
		switch r := rule.(type) {
		case targets.DTP:
			n.dtp(r, rows, classes, number, noise, rate)
			if r.Noise > 0 && len(noise) > 2 {
				noise = noise[2:] // of two inverses
			}
		case targets.DNI:
			n.dni(r, rows, classes, rate)
		}
	}
	out := lab.Results{}
	for _, l := range all {
		if strings.HasSuffix(l.name, ".inverse") {
			l.w, l.gradW = turned(l.w, l.in), turned(l.gradW, l.in)
		}
		out[l.name+".weight"] = l.w
		if len(l.gradW) > 0 {
			out[l.name+".weight, gradient"] = l.gradW
		}
		if l.b != nil {
			out[l.name+".bias"] = l.b
		}
	}
	return out
}

// turned returns the transpose of a matrix with the given number of columns.
func turned(x []float64, cols int) (t []float64) {
	for j := range cols {
		for i := j; i < len(x); i += cols {
			t = append(t, x[i])
		}
	}
	return t
}

// TestRules holds each rule to its equations: weights and gradients after some steps, in float64, on the CPU and on the GPU.
func TestRules(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			f := func(t *testing.T, l lab.Lab) lab.Results {
				_, after := train(t, l, rule)
				return after
			}
			l := lab.Exact(t)
			before, got := train(t, l, rule)
			noise := l.Drawn()
			if d, ok := rule.(targets.DTP); ok && d.Noise > 0 { // the draws before it are first weights
				made := 2 * steps
				if d.Span == 2 {
					made = 2 * 2
				}
				noise = noise[len(noise)-made:]
			}
			expected := want(rule, before, noise)
			pick := func(all lab.Results) lab.Results {
				some := lab.Results{}
				for name := range expected {
					some[name] = all[name]
				}
				return some
			}
			_, bound := lab.Spread(t, lab.Float64ulp, 0, 24, f)
			lab.Agree(t, "float64", pick(got), expected, bound, 2)
			lab.Telling(t, "float64", expected, bound, 1e-9)
			_, bound = lab.Spread(t, lab.Float32s, 0, 24, f)
			lab.Telling(t, "float32", expected, bound, 0.05)
			lab.Agree(t, "float32", pick(f(t, lab.Single(t))), expected, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", pick(f(t, lab.GPU(t))), expected, bound, 1) })
		})
	}
}

// TestRulesDiffer: settings with different meanings give different results, so that TestRules tells them apart.
func TestRulesDiffer(t *testing.T) {
	seen := map[string]lab.Results{}
	for name, rule := range rules {
		_, all := train(t, lab.Exact(t), rule)
		seen[name] = lab.Results{}
		for _, weights := range []string{"a.weight", "b.weight"} {
			seen[name][weights] = all[weights]
		}
		for other, r := range seen {
			if other != name && reflect.DeepEqual(r, seen[name]) {
				t.Errorf("%s and %s do the same", name, other)
			}
		}
	}
}

// classes is a batch of examples with labels.
func classes() nets.Task {
	x := lab.Normals(rand.New(rand.NewPCG(3, 4)), 5*6)
	return &tasks.Batch{In: nets.Row(6), Out: 3, Classes: true, X: x, Want: []float32{0, 1, 2, 1, 0}}
}

// numbers is a batch of examples with targets; some are masked.
func numbers() nets.Task {
	return &lab.Noise{Spec: nets.Spec{In: nets.Row(6), Out: 3, Examples: 5, Trial: 3, Epoch: 3}, Masked: true}
}

// TestPromises holds networks under the rules to the promises of package nets.
func TestPromises(t *testing.T) {
	for name, rule := range map[string]stack.Rule{
		"dtp": targets.DefaultDTP, "dtp, span": targets.DTP{Top: 0.5, Noise: 0.25, Rate: 2, Span: 2}, "dni": targets.DefaultDNI, "cdni": targets.DefaultCDNI,
		"cdni, one hidden": targets.DNI{Label: true, Units: 4, Gain: 1, Rate: 2}, "cdni, inputs": targets.DNI{Label: true, Gain: 1, Rate: 2, Inputs: true},
	} {
		system := func() nets.System {
			return &stack.System{Net: stack.Named("mlp:6-5-4-3,act=tanh,init=orthogonal"), Rule: rule, Optimiser: nets.DefaultRMSProp}
		}
		t.Run(name, func(t *testing.T) { nettest.System(t, system, classes) })
		if name == "dtp, span" || name == "cdni, inputs" {
			t.Run(name+", numbers", func(t *testing.T) { nettest.System(t, system, numbers) })
		}
	}
	t.Run("convolutions", func(t *testing.T) {
		nettest.System(t, func() nets.System {
			return &stack.System{Net: stack.Always(convolutions(compute.Tanh)), Rule: targets.DefaultDTP, Optimiser: nets.SGD{Momentum: 0.5}}
		}, func() nets.Task {
			x, labels := lab.Batch(lab.ImageIn)
			return &tasks.Batch{In: lab.ImageIn, Out: 3, Classes: true, X: x, Want: labels}
		})
	})
}

// A partly shows the same three examples at each moment; the last is masked, and all its numbers are junk.
type partly struct{ junk float32 }

func (partly) Build(*nets.Store) (nets.Spec, error) {
	return nets.Spec{In: nets.Row(2), Out: 3, Classes: true, Examples: 3, Trial: 1}, nil
}

func (m partly) Show(p *nets.Pass) nets.Moment {
	x, want, mask := p.Tensor(1, 3, 2), p.Tensor(1, 3, 1), p.Tensor(1, 3, 1)
	p.Write(x, []float32{1, 0.5, -0.5, 2, m.junk, m.junk})
	p.Write(want, []float32{0, 2, 1})
	p.Write(mask, []float32{1, 1, 0})
	return nets.Moment{X: x, Want: want, Mask: mask, First: true, Last: true}
}

func (partly) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// TestMasked: masked examples teach nothing, neither to the network nor to the weights that a rule adds.
func TestMasked(t *testing.T) {
	for _, rule := range []stack.Rule{targets.DefaultDTP, targets.DefaultCDNI, targets.DNI{Gain: 1, Rate: 2, Inputs: true}} {
		var all []map[string][]float32
		for _, junk := range []float32{3, -1} {
			s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System {
				return &stack.System{Net: stack.Named("mlp-tanh:2-5-4-3"), Rule: rule, Optimiser: nets.SGD{}}
			}, Task: func() nets.Task { return partly{junk} }, Rate: 0.25}, 3)
			all = append(all, lab.Values(t, s))
		}
		if !reflect.DeepEqual(all[0], all[1]) {
			t.Errorf("%+v learns from what is masked", rule)
		}
	}
}

// TestBadRules: invalid settings and networks are refused, and the error says what is wrong.
func TestBadRules(t *testing.T) {
	conv := stack.Conv{Name: "conv", Units: 2, Window: 1}
	for says, c := range map[string]struct {
		rule  stack.Rule
		first stack.Spec
	}{
		"dtp: nets: layer norm is a":             {targets.DefaultDTP, stack.BatchNorm{Name: "norm"}},
		"dni: nets: layer conv is a convolution": {targets.DefaultDNI, stack.Flatten{}},
	} {
		net := stack.Stack{conv, c.first, stack.Dense{Name: "d", Units: 3}}
		if _, err := stack.New(lab.Bare(t).Device, net, in, c.rule, 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// TestFew: networks without a layer to invert or to predict for learn as by backprop.
func TestFew(t *testing.T) {
	few := stack.Stack{stack.Dense{Name: "d", Units: 3}}
	for _, rule := range []stack.Rule{targets.DefaultDTP, targets.DefaultDNI, targets.DefaultCDNI} {
		var all []lab.Results
		for _, r := range []stack.Rule{rule, stack.Backprop{}} {
			l := lab.Bare(t)
			net := l.Net(t, few, in, r, 9)
			lab.Steps(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy), 2, rate)
			all = append(all, l.State(t, net))
		}
		if !reflect.DeepEqual(all[0], all[1]) {
			t.Errorf("%T: %v, want %v", rule, all[0], all[1])
		}
	}
}
