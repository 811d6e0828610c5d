package stack_test

import (
	"maps"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
	"hebb/nets/train"
)

// The networks of testdata/torch_vectors.py, with its names.
var (
	images = map[string]stack.Shape{
		"mlp-relu": {Height: 4, Width: 4, Channels: 3}, "mlp-sigmoid": {Height: 4, Width: 4, Channels: 3},
		"mlp-leaky": {Height: 4, Width: 4, Channels: 3},
		"lenet":     {Height: 10, Width: 8, Channels: 2}, "resnet": {Height: 8, Width: 8, Channels: 3},
	}
	twins = map[string]stack.Spec{
		"mlp-relu":    parsed("mlp:48-12-5"),
		"mlp-sigmoid": parsed("mlp-sigmoid:48-12-5"),
		"mlp-leaky":   parsed("mlp:48-12-5,act=leaky"),
		"lenet": stack.Stack{
			stack.Conv{Name: "conv1", Units: 4, Window: 3, Pad: 1, Act: compute.Tanh, Bias: true},
			stack.Pool{Pooling: compute.MaxPool, Window: 3, Stride: 2, Pad: 1},
			stack.Conv{Name: "conv2", Units: 6, Window: 3, Stride: 2, Pad: 1, Bias: true},
			stack.Activation{Act: compute.ReLU},
			stack.Pool{Pooling: compute.AveragePool, Window: 2, Stride: 1},
			stack.Flatten{}, stack.Dense{Name: "fc", Units: 5},
		},
		"resnet": stack.Stack{
			stack.Conv{Name: "conv1", Units: 8, Window: 3, Pad: 1}, stack.BatchNorm{Name: "bn1", Act: compute.ReLU},
			block("layer1.0", 8, 1, nil),
			block("layer2.0", 12, 2, stack.Stack{stack.Conv{Units: 12, Window: 1, Stride: 2}, stack.BatchNorm{}}),
			stack.Pool{Pooling: compute.AveragePool}, stack.Dense{Name: "fc", Units: 5},
		},
	}
)

func parsed(name string) stack.Spec {
	spec, err := stack.Parse(name, stack.Shape{Height: 4, Width: 4, Channels: 3}, 5)
	if err != nil {
		panic(err)
	}
	return spec
}

func block(name string, units, stride int, skip stack.Stack) stack.Spec {
	return stack.Residual{Name: name, Act: compute.ReLU, Skip: skip, Main: stack.Stack{
		stack.Conv{Name: "conv1", Units: units, Window: 3, Stride: stride, Pad: 1}, stack.BatchNorm{Name: "bn1", Act: compute.ReLU},
		stack.Conv{Name: "conv2", Units: units, Window: 3, Pad: 1}, stack.BatchNorm{Name: "bn2"},
	}}
}

// The optimisers of torch_vectors.py. Its rates are sums of few powers of 2; but what Adam divides by changes
// from step to step, and is rounded to float32.
var torchOptimisers = map[string]struct {
	stack.Optimiser
	consts float64
}{
	"momentum": {stack.SGD{Momentum: 0.875, WeightDecay: 1. / 256}, 0},
	"nesterov": {stack.SGD{Momentum: 0.875, WeightDecay: 1. / 256, Nesterov: true}, 0},
	"adam":     {stack.Adam{Beta1: 0.875, Beta2: 1 - 0x1p-10, Eps: 0x1p-20, WeightDecay: 1. / 256}, 0x1p-24},
	"adamw":    {stack.Adam{Beta1: 0.875, Beta2: 1 - 0x1p-10, Eps: 0x1p-20, WeightDecay: 1. / 4, Decoupled: true}, 0x1p-24},
}

const torchRate, torchSteps = 1. / 16, 3

// A parity is a network and what PyTorch makes of it.
type parity struct {
	name, optimiser, weights string
	truth                    results
}

// load makes the network on l and gives it PyTorch's weights.
func (c parity) load(t *testing.T, l lab) *stack.Net {
	t.Helper()
	net, err := stack.New(l.Device, twins[c.name], images[c.name], stack.Backprop{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := train.LoadModel(net, c.weights); err != nil {
		t.Fatal(err)
	}
	return net
}

// run gives the results that are in the truth too, in PyTorch's layout.
func (c parity) run(change func(*stack.Trainer) float64) experiment {
	return func(t *testing.T, l lab) results {
		net := c.load(t, l)
		x, labels := narrow(c.truth["x"]), narrow(c.truth["labels"])
		loss := stack.CrossEntropy
		if c.name == "mlp-sigmoid" {
			loss = stack.BinaryCrossEntropy
		}
		tr, err := stack.NewTrainer(net, torchOptimisers[c.optimiser].Optimiser, loss)
		if err != nil {
			t.Fatal(err)
		}
		rate := torchRate
		if change != nil {
			rate = change(tr)
		}
		out := results{"logits": logits(t, l, net, x, true)}
		if err := train.LoadModel(net, c.weights); err != nil { // that pass moved the running statistics
			t.Fatal(err)
		}
		before := named(t, l, net, false)
		for k := range torchSteps {
			if err := tr.Step(x, labels, rate); err != nil {
				t.Fatal(err)
			}
			if k > 0 {
				continue
			}
			score, err := tr.Score()
			if err != nil {
				t.Fatal(err)
			}
			out["loss"] = []float64{score.Loss}
			for name, g := range named(t, l, net, true) {
				out["grad."+name] = g
			}
			for name, v := range named(t, l, net, false) {
				if strings.Contains(name, "running") {
					out["first."+name] = v
				}
			}
		}
		for name, v := range named(t, l, net, false) {
			if !strings.Contains(name, "running") {
				for i, w := range before[name] {
					v[i] -= w
				}
			}
			out[c.optimiser+"."+name] = v
		}
		out[c.optimiser+".logits"] = logits(t, l, net, x, false)
		return out
	}
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// logits is the forward pass.
func logits(t *testing.T, l lab, net *stack.Net, x []float32, training bool) (z []float64) {
	t.Helper()
	n := len(x) / net.Input.Len()
	out, err := l.Tensor(n, net.Classes)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Step(func(s *compute.Step) error {
		in := s.Tensor(n, net.Input.Len())
		s.Write(in, x)
		p := net.NewPass(s, n)
		p.Training = training
		s.Do(compute.Copy{Dst: out, Src: net.Forward(p, in)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l.values(t, out)
}

// named returns all tensors but feedback weights, or their gradients, as PyTorch lays them out.
func named(t *testing.T, l lab, net *stack.Net, grads bool) results {
	t.Helper()
	all := results{}
	for _, n := range net.Tensors() {
		x := n.Value
		if grads {
			x = n.Grad
		}
		if x == nil || n.Aside() {
			continue
		}
		numbers := make([]float32, x.Len()) // the layout as the places of numbers, which float32 holds
		for i := range numbers {
			numbers[i] = float32(i)
		}
		v, y := l.values(t, x), make([]float64, x.Len())
		for i, from := range n.ToTorch(numbers) {
			y[i] = v[int(from)]
		}
		all[n.Name] = y
	}
	return all
}

// of is the part of the truth that an experiment gives.
func (c parity) of(got results) results {
	want := results{}
	for name := range got {
		want[name] = c.truth[name]
	}
	return want
}

// complete requires that nothing in the truth is left out.
func (c parity) complete(t *testing.T, got results) {
	t.Helper()
	for name := range c.truth {
		other, _, _ := strings.Cut(name, ".")
		if _, ok := torchOptimisers[other]; ok && other != c.optimiser || name == "x" || name == "labels" {
			continue
		}
		if got[name] == nil {
			t.Errorf("%s is not compared", name)
		}
	}
}

const spreadRuns = 24

// TestParity: logits, losses, gradients, running statistics and what three steps of an optimiser change are PyTorch's:
// in float64 within what float64 loses, both here and there, and on the CPU within what float32 may lose.
func TestParity(t *testing.T) { testParity(t, "testdata") }

func testParity(t *testing.T, dir string) {
	for _, c := range parities(t, dir) {
		t.Run(c.name+"/"+c.optimiser, func(t *testing.T) {
			f, consts := c.run(nil), torchOptimisers[c.optimiser].consts
			ours, bound := spread(t, float64ulp, consts, spreadRuns, f)
			c.complete(t, ours)
			want := c.of(ours)
			read := maps.Clone(bound)
			read["loss"] = []float64{bound["loss"][0] + 0x1p-24*want["loss"][0]} // Score reads a float32
			agree(t, "float64", ours, want, read, 2)
			small := 1e-9
			if consts > 0 {
				small = 1e-4
			}
			telling(t, "float64", want, bound, small)

			_, bound = spread(t, float32s, consts, spreadRuns, f)
			agree(t, "float32", f(t, single(t)), want, bound, 1)
			telling(t, "float32", want, bound, 0.01)
		})
	}
}

// TestParitySees: changes that a careless port of PyTorch makes must be noticed.
func TestParitySees(t *testing.T) {
	slips := map[string]func(*stack.Trainer) float64{
		"rate": func(*stack.Trainer) float64 { return torchRate * 1.01 },
		"decay": func(tr *stack.Trainer) float64 {
			tr.Optimiser = stack.SGD{Momentum: 0.875}
			return torchRate
		},
		"nesterov": func(tr *stack.Trainer) float64 {
			tr.Optimiser = stack.SGD{Momentum: 0.875, WeightDecay: 1. / 256, Nesterov: true}
			return torchRate
		},
		"noise": func(tr *stack.Trainer) float64 {
			tr.Noise = 0.01
			return torchRate
		},
	}
	for _, c := range parities(t, "testdata") {
		if c.optimiser != "momentum" {
			continue
		}
		_, bound := spread(t, float32s, 0, spreadRuns, c.run(nil))
		for what, slip := range slips {
			got := c.run(slip)(t, single(t))
			if n, _, _ := differences(got, c.of(got), bound, 1); n == 0 {
				t.Errorf("%s: nothing saw a change of %s", c.name, what)
			}
		}
	}
}
