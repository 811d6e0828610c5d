package targets_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/stack"
	"hebb/nets/targets"
	"hebb/nets/tasks"
)

// The lraRules under test. Settings are powers of 2, so that float32 holds their products exactly.
var lraRules = map[string]stack.Rule{
	"lra-e":                     targets.LRAE{Beta: 0.25, Gamma: 1, SD: 1},
	"lra-e, slow E":             targets.LRAE{Beta: 0.5, Gamma: 0.25, SD: 0.5},
	"lra-diff":                  targets.LRA{Beta: 0.25, Steps: 1, C1: 1, C2: 1},
	"lra-diff, squared":         targets.LRA{Beta: 0.25, Steps: 1, Squared: true},
	"lra-diff, bounds":          targets.LRA{Beta: 0.5, Steps: 1, C1: 0.125, C2: 0.25},
	"lra-diff, 3 steps":         targets.LRA{Beta: 0.25, Steps: 3, C2: 0.5},
	"lra-fdbk":                  targets.LRA{Random: true, Beta: 0.25, Steps: 1, C1: 1, C2: 1, SD: 1},
	"lra-fdbk, squared 2 steps": targets.LRA{Random: true, Beta: 0.25, Steps: 2, C1: 1, C2: 4, Squared: true, SD: 0.5},
}

// units returns layers of 6, 4, 4 and 3 units, and its aligner.
func units(unit string) (stack.Stack, func() *aligner) {
	var s stack.Stack
	act := compute.Identity
	layers := map[string]stack.Spec{"lwta": stack.LWTA{Group: 2}, "sign": stack.Sign{}, "bernoulli": stack.Bernoulli{}}
	if unit == "tanh" {
		act = compute.Tanh
	}
	for _, name := range []string{"a", "b"} {
		s = append(s, stack.Dense{Name: name, Units: 4, Act: act})
		if layers[unit] != nil {
			s = append(s, layers[unit])
		}
	}
	return append(s, stack.Dense{Name: "c", Units: 3}), func() *aligner {
		return &aligner{layers: []*linked{{unit: unit, units: 4}, {unit: unit, units: 4}, {unit: "identity", units: 3}}}
	}
}

const lraRate, lraSteps = 0.5, 2

var six = nets.Row(6)

// aligned makes steps, and returns the state before and after.
func aligned(t *testing.T, l lab.Lab, spec stack.Spec, rule stack.Rule) (before, after lab.Results) {
	t.Helper()
	net := l.Net(t, spec, six, rule, 9)
	tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
	before = l.State(t, net)
	lab.Steps(t, tr, lraSteps, lraRate)
	return before, l.State(t, net)
}

// wanted returns what the equations make of a state.
func wanted(rule stack.Rule, n *aligner, before lab.Results) lab.Results {
	for i, l := range n.layers {
		name := []string{"a", "b", "c"}[i]
		l.w, l.b, l.back = slices.Clone(before[name+".W"]), slices.Clone(before[name+".b"]), slices.Clone(before[name+".B"])
	}
	x, labels := lab.Batch(six)
	rows, classes := examples(x, labels)
	for range lraSteps {
		n.step(rule, rows, classes, lraRate)
	}
	out := lab.Results{}
	for i, l := range n.layers {
		name := []string{"a", "b", "c"}[i]
		out[name+".W"], out[name+".b"], out[name+".dW"], out[name+".db"] = l.w, l.b, l.gradW, l.grad
		if l.back != nil {
			out[name+".B"] = l.back
		}
	}
	return out
}

func examples(x, labels []float32) (rows [][]float64, classes []int) {
	each := len(x) / len(labels)
	for k, c := range labels {
		row := make([]float64, each)
		for i := range row {
			row[i] = float64(x[k*each+i])
		}
		rows, classes = append(rows, row), append(classes, int(c))
	}
	return rows, classes
}

// TestLRA holds two steps of each rule, and for some rules with each kind of unit, to the equations, in float64, on the
// CPU and on the GPU.
func TestLRA(t *testing.T) {
	for _, unit := range []string{"tanh", "lwta", "sign", "bernoulli"} {
		for _, name := range slices.Sorted(maps.Keys(lraRules)) {
			rule := lraRules[name]
			if unit != "tanh" && name != "lra-e" && !strings.HasSuffix(name, "steps") {
				continue
			}
			t.Run(unit+"/"+name, func(t *testing.T) {
				spec, aligner := units(unit)
				f := func(t *testing.T, l lab.Lab) lab.Results {
					_, after := aligned(t, l, spec, rule)
					for name := range after {
						if strings.HasSuffix(name, ".dB") { // Gamma·dW, as B itself shows
							delete(after, name)
						}
					}
					return after
				}
				l := lab.Exact(t)
				before, _ := aligned(t, l, spec, rule)
				n := aligner()
				if drawn := l.Drawn(); unit == "bernoulli" {
					n.drawn = drawn[len(drawn)-2*lraSteps:]
				}
				want := wanted(rule, n, before)
				got, bound := lab.Spread(t, lab.Float64ulp, 0, 24, f)
				lab.Agree(t, "float64", got, want, bound, 2)
				lab.Telling(t, "float64", want, bound, 1e-9)
				_, bound = lab.Spread(t, lab.Float32s, 0, 24, f)
				lab.Agree(t, "float32", f(t, lab.Single(t)), want, bound, 1)
				lab.Telling(t, "float32", want, bound, 0.02)
				if strings.HasSuffix(name, "steps") && unit == "tanh" {
					t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", f(t, lab.GPU(t)), want, bound, 1) })
				}
			})
		}
	}
}

// deep is 12-9-8-7-5 with 16 examples: a power of 2, so that float32 holds 1/16.
func deep(t *testing.T, l lab.Lab, rule stack.Rule, act compute.Act, units stack.Spec, init stack.Init, noBias bool) (*stack.Net, []float32, []float32) {
	t.Helper()
	var s stack.Stack
	for i, n := range []int{9, 8, 7} {
		if units != nil {
			n = 2 * n
		}
		s = append(s, stack.Dense{Name: fmt.Sprint(i), Units: n, Act: act, Init: init, NoBias: noBias})
		if units != nil {
			s = append(s, units)
		}
	}
	net := l.Net(t, append(s, stack.Dense{Name: "top", Units: 5, Init: init, NoBias: noBias}), nets.Row(12), rule, 3)
	rnd := rand.New(rand.NewPCG(8, 5))
	labels := make([]float32, 16)
	for k := range labels {
		labels[k] = float32(rnd.IntN(5))
	}
	return net, lab.Normals(rnd, 16*12), labels
}

// gradients returns the gradients of the weights under a rule; its feedback, if it has any, is W.
func gradients(t *testing.T, rule stack.Rule, act compute.Act, units stack.Spec) (all [][]float64) {
	t.Helper()
	l := lab.Exact(t)
	net, x, labels := deep(t, l, rule, act, units, stack.Normal(0.5), false)
	for _, w := range net.Weights {
		if w.B != nil {
			copy(lab.Float64s(w.B), lab.Float64s(w.W))
		}
	}
	if err := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy).Step(x, labels, 1); err != nil {
		t.Fatal(err)
	}
	for _, w := range net.Weights {
		all = append(all, l.Values(t, w.Grad))
	}
	return all
}

// powers returns the gradients of backprop with a power of f′ in the place of f′, in float64.
func powers(t *testing.T, power float64) (all [][]float64) {
	t.Helper()
	l := lab.Exact(t)
	net, x, labels := deep(t, l, stack.Backprop{}, compute.Tanh, nil, stack.Normal(0.5), false)
	n := &aligner{}
	for _, w := range net.Weights {
		unit := "tanh"
		if w.Last {
			unit = "identity"
		}
		n.layers = append(n.layers, &linked{unit: unit, units: w.Shape[0], w: lab.Float64s(w.W), b: lab.Float64s(w.Bias)})
	}
	rows, classes := examples(x, labels)
	n.forward(rows)
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := n.layers[i]
		for k, class := range classes {
			if i == len(n.layers)-1 {
				l.delta[k] = surplus(l.z[k], class)
				continue
			}
			above := n.layers[i+1]
			slope := pairwise(func(s, _ float64) float64 { return math.Pow(s, power) }, l.slope(k, l.h[k]), l.h[k])
			l.delta[k] = pairwise(product, backwards(above.w, above.delta[k]), slope)
		}
		l.learn(targets.LRA{}, 0)
	}
	for _, l := range n.layers {
		all = append(all, l.gradW)
	}
	return all
}

// apart returns the largest relative distance between gradients, after dividing each layer's by a power of by for each
// layer above.
func apart(got, want [][]float64, by float64) (worst float64) {
	for i := range want {
		scale := math.Pow(by, float64(i-len(want)+1))
		d := pairwise(func(a, b float64) float64 { return a*scale - b }, got[i], want[i])
		worst = max(worst, lab.Norm(d)/lab.Norm(want[i]))
	}
	return worst
}

// TestLRALimits: as Beta goes to 0 the gradients go to backprop's with a power of f′, times a power of Beta, or of
// 2·Beta under the logarithm, for each layer above. They are off by about Beta, however small it is.
func TestLRALimits(t *testing.T) {
	for _, c := range []struct {
		name  string
		rule  func(beta float32) stack.Rule
		power float64 // of f′
		by    float64 // of Beta
	}{
		{"lra-e", func(b float32) stack.Rule { return targets.LRAE{Beta: b} }, 1, 1},
		{"lra-diff", func(b float32) stack.Rule { return targets.LRA{Beta: b, Steps: 1} }, 3, 2},
		{"lra-diff, squared", func(b float32) stack.Rule { return targets.LRA{Beta: b, Steps: 1, Squared: true} }, 3, 1},
		{"lra-fdbk, squared", func(b float32) stack.Rule { return targets.LRA{Random: true, Beta: b, Steps: 1, Squared: true} }, 2, 1},
	} {
		want := powers(t, c.power)
		var errs []float64
		for _, beta := range []float64{1, 0x1p-4, 0x1p-8, 0x1p-20} {
			errs = append(errs, apart(gradients(t, c.rule(float32(beta)), compute.Tanh, nil), want, c.by*beta))
		}
		t.Logf("%s: %.3g", c.name, errs)
		if !(errs[0] > 0.1) || !(errs[1] < 0.2) {
			t.Errorf("%s is off by %.3g of the limit at Beta 1, 1/16, 1/256, 2^-20", c.name, errs)
		}
		for i, by := range map[int]float64{2: 16, 3: 4096} {
			if r := errs[i-1] / errs[i]; !(by/2 < r && r < 2*by) {
				t.Errorf("%s is off by %.3g, want %g product less from one to the next", c.name, errs, by)
			}
		}
		if c.power != 1 {
			if far := apart(gradients(t, c.rule(0x1p-20), compute.Tanh, nil), powers(t, 1), c.by*0x1p-20); !(far > 0.1) {
				t.Errorf("%s is off backprop by %.3g, want f′ to matter", c.name, far)
			}
		}
	}
}

// TestLRAIsBackprop: where f′ is 0 or 1 and the winners stay, the gradients are backprop's times Beta for each layer
// above, at any Beta.
func TestLRAIsBackprop(t *testing.T) {
	units := stack.LWTA{Group: 2}
	want := gradients(t, stack.Backprop{}, compute.Identity, units)
	for _, beta := range []float32{1, 0.1} {
		for name, rule := range map[string]stack.Rule{
			"lra-e": targets.LRAE{Beta: beta}, "lra-diff": targets.LRA{Beta: beta, Steps: 1, Squared: true},
			"lra-fdbk": targets.LRA{Random: true, Beta: beta, Steps: 1, Squared: true},
		} {
			if d := apart(gradients(t, rule, compute.Identity, units), want, float64(beta)); !(d <= 1e-14) {
				t.Errorf("%s with Beta %g is off backprop by %.2g", name, beta, d)
			}
		}
	}
}

// TestLRANull: from weights of 0 without biases, backprop's gradients are 0 in all layers, and with fixed feedback in
// all but the first.
func TestLRANull(t *testing.T) {
	for name, c := range map[string]struct {
		rule  stack.Rule
		first bool
	}{
		"bp": {stack.Backprop{}, false}, "fa": {credit.FeedbackAlignment{SD: 1}, true}, "lra-e": {targets.DefaultLRAE, true},
		"lra-diff": {targets.DefaultLRA, false}, "lra-fdbk": {targets.DefaultLRAFeedback, true},
	} {
		l := lab.Exact(t)
		net, x, labels := deep(t, l, c.rule, compute.Tanh, nil, stack.Normal(0), true)
		if err := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy).Step(x, labels, 1); err != nil {
			t.Fatal(err)
		}
		for i, w := range net.Weights {
			if norm := lab.Norm(l.Values(t, w.Grad)); (norm > 0) != (c.first && i == 0) {
				t.Errorf("%s: the gradient of layer %d has norm %g", name, i, norm)
			}
		}
	}
}

// TestLRAPromises holds each rule to the promises of package nets, with units of each kind.
func TestLRAPromises(t *testing.T) {
	task := func() nets.Task {
		return &tasks.Batch{In: nets.Row(2), Out: 2, Classes: true, X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Want: []float32{0, 1, 1, 0}}
	}
	for net, rule := range map[string]stack.Rule{
		"mlp:2-6-4-2,act=tanh": targets.DefaultLRAE, "mlp:2-6-4-2,act=lwta": lraRules["lra-diff, 3 steps"], "mlp:2-6-4-2,act=sign": targets.DefaultLRAE,
		"mlp:2-6-4-2,act=bernoulli": lraRules["lra-fdbk, squared 2 steps"],
	} {
		nettest.System(t, func() nets.System {
			return &stack.System{Net: stack.Named(net), Rule: rule, Optimiser: nets.SGD{Momentum: 0.5}}
		}, task)
	}
}

// TestLRARefused: a network with convolutions is refused, and the error names the layer.
func TestLRARefused(t *testing.T) {
	spec := stack.Stack{stack.Conv{Name: "conv", Units: 2, Window: 1}, stack.Dense{Name: "d", Units: 3}}
	for _, rule := range []stack.Rule{targets.DefaultLRAE, targets.DefaultLRA} {
		if _, err := stack.New(lab.Bare(t).Device, spec, six, rule, 1); err == nil || !strings.Contains(err.Error(), "layer conv is a convolution") {
			t.Errorf("%T: %v", rule, err)
		}
	}
}
