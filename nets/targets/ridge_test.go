package targets_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/stack"
	"hebb/nets/targets"
)

// readout is a fixed layer of 4 units and the layer that a Ridge sets.
var readout = stack.Stack{stack.Dense{Name: "fixed", Units: 4, Act: compute.Tanh}, stack.Dense{Name: "out", Units: 3}}

// ridgeBatches are batches of 5 numbers, of which one is the same everywhere, and of 7, 4 and 9 examples of 3 classes.
func ridgeBatches() (x, labels [][]float32) {
	rnd := rand.New(rand.NewPCG(7, 1))
	for k, n := range []int{7, 4, 9} {
		one, of := lab.Normals(rnd, 5*n), make([]float32, n)
		for i := range n {
			one[5*i] = 0.3
			of[i] = float32((i + k) % 3)
			one[5*i+1] += 2 * of[i]
		}
		x, labels = append(x, one), append(labels, of)
	}
	return x, labels
}

// solved is A⁻¹·b of a symmetric positive definite matrix, by elimination.
func solved(a [][]float64, b []float64) []float64 {
	n := len(b)
	for k := range n {
		for i := k + 1; i < n; i++ {
			f := a[i][k] / a[k][k]
			for j := k; j < n; j++ {
				a[i][j] -= f * a[k][j]
			}
			b[i] -= f * b[k]
		}
	}
	for k := n - 1; k >= 0; k-- {
		for j := k + 1; j < n; j++ {
			b[k] -= a[k][j] * b[j]
		}
		b[k] /= a[k][k]
	}
	return b
}

// ridgeTwin is ridge regression of all examples at once: inputs are standardised, targets ±1, and the bias is not penalised.
func ridgeTwin(x [][]float64, labels []int, lambda float64) lab.Results {
	n, d, classes := len(x), len(x[0]), 3
	mean, sd := make([]float64, d), make([]float64, d)
	for j := range d {
		for _, row := range x {
			mean[j] += row[j] / float64(n)
		}
		for _, row := range x {
			sd[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / float64(n)
		}
		sd[j] = math.Sqrt(sd[j]) + 1e-6
	}
	z := func(k, j int) float64 {
		if sd[j] < 2e-6 { // a constant
			return 0
		}
		return (x[k][j] - mean[j]) / sd[j]
	}
	weights, bias := []float64(nil), []float64(nil)
	for c := range classes {
		a, b, level := make([][]float64, d), make([]float64, d), 0.0
		for i := range d {
			a[i] = make([]float64, d)
			a[i][i] = lambda * float64(n)
		}
		for k, label := range labels {
			y := -1.0
			if label == c {
				y = 1
			}
			level += y / float64(n)
			for i := range d {
				b[i] += y * z(k, i)
				for j := range d {
					a[i][j] += z(k, i) * z(k, j)
				}
			}
		}
		for j, w := range solved(a, b) {
			weights = append(weights, w/sd[j])
			level -= w / sd[j] * mean[j]
		}
		bias = append(bias, level)
	}
	return lab.Results{"out.weight": weights, "out.bias": bias}
}

// TestRidge holds the rule to ridge regression of all examples that it was shown, in float64, on the CPU and on the GPU:
// of a layer's outputs, and of inputs one of which is a constant.
func TestRidge(t *testing.T) {
	const lambda = 1.0 / 64
	for name, net := range map[string]stack.Stack{"a layer": readout, "inputs": readout[1:]} {
		t.Run(name, func(t *testing.T) {
			made := func(t *testing.T, l lab.Lab) (*stack.Net, lab.Results) {
				n := l.Net(t, net, nets.Row(5), targets.Ridge{Lambda: lambda}, 9)
				tr := lab.Trainer(t, n, nets.DefaultAdam, nets.CrossEntropy)
				x, labels := ridgeBatches()
				for k := range x {
					must.Do(t, tr.Step(x[k], labels[k], 0.1))
				}
				all := l.Everything(t, n)
				return n, lab.Results{"out.weight": all["out.weight"], "out.bias": all["out.bias"]}
			}
			f := func(t *testing.T, l lab.Lab) lab.Results {
				_, r := made(t, l)
				return r
			}
			l := lab.Exact(t)
			n, got := made(t, l)
			x, labels := ridgeBatches()
			var rows [][]float64
			var classes []int
			for k := range x {
				for i, label := range labels[k] {
					row := make([]float64, 5)
					for j := range row {
						row[j] = float64(x[k][5*i+j])
					}
					if len(net) > 1 {
						all := l.Everything(t, n)
						fixed := &layer{w: all["fixed.weight"], b: all["fixed.bias"], in: 5, act: compute.Tanh}
						row = fixed.forward([][]float64{row})[0]
					}
					rows, classes = append(rows, row), append(classes, int(label))
				}
			}
			expected := ridgeTwin(rows, classes, lambda)
			_, bound := lab.Spread(t, lab.Float64ulp, 0, 24, f)
			lab.Agree(t, "float64", got, expected, bound, 2)
			lab.Telling(t, "float64", expected, bound, 1e-9)
			_, bound = lab.Spread(t, lab.Float32s, 0, 24, f)
			lab.Telling(t, "float32", expected, bound, 0.01)
			lab.Agree(t, "float32", f(t, lab.Single(t)), expected, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", f(t, lab.GPU(t)), expected, bound, 1) })
		})
	}
}

// TestRidgePromises holds networks under the rule to the promises of package nets, of classes and of numbers, some masked.
func TestRidgePromises(t *testing.T) {
	system := func() nets.System {
		return &stack.System{Net: stack.Named("mlp:6-5-3"), Rule: targets.DefaultRidge, Optimiser: nets.SGD{}}
	}
	for name, task := range map[string]func() nets.Task{"classes": classes, "numbers": numbers} {
		t.Run(name, func(t *testing.T) { nettest.System(t, system, task) })
	}
}

// TestRidgeMasked: masked examples are not regressed on.
func TestRidgeMasked(t *testing.T) {
	var all []map[string][]float32
	for _, junk := range []float32{3, -1} {
		s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System {
			return &stack.System{Net: stack.Named("mlp-tanh:2-5-3"), Rule: targets.DefaultRidge, Optimiser: nets.SGD{}}
		}, Task: func() nets.Task { return partly{junk} }}, 3)
		all = append(all, lab.Values(t, s))
	}
	if seen := all[0]["ridge.examples"]; !reflect.DeepEqual(all[0], all[1]) || seen[0] != 6 {
		t.Errorf("of %v examples: %v and %v", seen, all[0], all[1])
	}
}

// TestRidgeRefusals: penalties and output layers that cannot be are refused, and the error says what is wrong.
func TestRidgeRefusals(t *testing.T) {
	for says, c := range map[string]struct {
		lambda float32
		net    stack.Spec
	}{
		"lambda 0, want":    {0, readout},
		"lambda NaN, want":  {float32(math.NaN()), readout},
		"lambda +Inf, want": {float32(math.Inf(1)), readout},
		"layer out is the output layer, want a fully connected one with a bias":                        {1, stack.Stack{stack.Dense{Name: "out", Units: 3, NoBias: true}}},
		"layer out is the output layer, want a fully connected one with a bias, without an activation": {1, stack.Stack{stack.Dense{Name: "out", Units: 3, Act: compute.Tanh}}},
	} {
		if _, err := stack.New(lab.Bare(t).Device, c.net, nets.Row(5), targets.Ridge{Lambda: c.lambda}, 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
