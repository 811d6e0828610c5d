package stack_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/safetensors"
	"hebb/nets/stack"
)

// The networks of testdata/torch_vectors.py, with its names.
var (
	images = map[string]nets.Shape{
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
	spec, err := stack.Parse(name, nets.Shape{Height: 4, Width: 4, Channels: 3}, 5)
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
	nets.Optimiser
	consts float64
}{
	"momentum": {nets.SGD{Momentum: 0.875, WeightDecay: 1. / 256}, 0},
	"nesterov": {nets.SGD{Momentum: 0.875, WeightDecay: 1. / 256, Nesterov: true}, 0},
	"adam":     {nets.Adam{Beta1: 0.875, Beta2: 1 - 0x1p-10, Eps: 0x1p-20, WeightDecay: 1. / 256}, 0x1p-24},
	"adamw":    {nets.Adam{Beta1: 0.875, Beta2: 1 - 0x1p-10, Eps: 0x1p-20, WeightDecay: 1. / 4, Decoupled: true}, 0x1p-24},
}

const torchRate, torchSteps = 1. / 16, 3

// A parity is a network and what PyTorch makes of it.
type parity struct {
	name, optimiser, weights string
	truth                    lab.Results
}

// load gives the weights of a file of PyTorch's to a network.
func load(t *testing.T, l lab.Lab, net *stack.Net, path string) {
	t.Helper()
	f := must.Get(safetensors.Open(path))(t)
	defer f.Close()
	for _, n := range net.Tensors() {
		if n.Aside {
			continue
		}
		x, err := f.Read(n.Name)
		if err != nil || !slices.Equal(x.Shape, n.TorchShape()) {
			t.Fatalf("%s is %v, want %v: %v", n.Name, x.Shape, n.TorchShape(), err)
		}
		l.Write(t, n.Value, n.FromTorch(x.Data))
	}
}

// run gives what is in the truth too, in PyTorch's layout.
func (c parity) run(o nets.Optimiser, rate float64) lab.Experiment {
	return func(t *testing.T, l lab.Lab) lab.Results {
		net := l.Net(t, twins[c.name], images[c.name], stack.Backprop{}, 1)
		load(t, l, net, c.weights)
		x, labels := lab.Narrow(c.truth["x"]), lab.Narrow(c.truth["labels"])
		loss := nets.CrossEntropy
		if c.name == "mlp-sigmoid" {
			loss = nets.BinaryCrossEntropy
		}
		out := lab.Results{"logits": l.Logits(t, net, x, true)}
		load(t, l, net, c.weights) // that pass moved the running statistics
		tr := lab.Trainer(t, net, o, loss)
		before := named(t, l, net, false)
		for k := range torchSteps {
			must.Do(t, tr.Step(x, labels, rate))
			if k > 0 {
				continue
			}
			score := must.Get(tr.Score())(t)
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
		out[c.optimiser+".logits"] = l.Logits(t, net, x, false)
		return out
	}
}

// named returns the tensors of the model, or their gradients, as PyTorch lays them out.
func named(t *testing.T, l lab.Lab, net *stack.Net, grads bool) lab.Results {
	t.Helper()
	all := lab.Results{}
	for _, n := range net.Tensors() {
		x := n.Value
		if n.Aside || grads && n.Role != nets.Weight {
			continue
		}
		if grads {
			x = net.Store().Grad(x)
		}
		numbers := make([]float32, x.Len()) // the layout as the places of numbers, which float32 holds
		for i := range numbers {
			numbers[i] = float32(i)
		}
		v, y := l.Values(t, x), make([]float64, x.Len())
		for i, from := range n.ToTorch(numbers) {
			y[i] = v[int(from)]
		}
		all[n.Name] = y
	}
	return all
}

// parities are the vectors in a folder.
func parities(t *testing.T, dir string) (all []parity) {
	for _, name := range slices.Sorted(maps.Keys(twins)) {
		truth := lab.File64(t, filepath.Join(dir, name+".truth.safetensors"))
		for _, o := range slices.Sorted(maps.Keys(torchOptimisers)) {
			if truth[o+".logits"] != nil {
				all = append(all, parity{name, o, filepath.Join(dir, name+".safetensors"), truth})
			}
		}
	}
	if want := 3*4 + 2; len(all) != want {
		t.Fatalf("%s holds %d networks with optimisers, want %d", dir, len(all), want)
	}
	return all
}

// of is the part of the truth that an experiment gives.
func (c parity) of(got lab.Results) lab.Results {
	want := lab.Results{}
	for name := range got {
		want[name] = c.truth[name]
	}
	return want
}

// complete requires that nothing in the truth is left out.
func (c parity) complete(t *testing.T, got lab.Results) {
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
			o := torchOptimisers[c.optimiser]
			f, consts := c.run(o.Optimiser, torchRate), o.consts
			ours, bound := lab.Spread(t, lab.Float64ulp, consts, spreadRuns, f)
			c.complete(t, ours)
			want := c.of(ours)
			read := maps.Clone(bound)
			read["loss"] = []float64{bound["loss"][0] + 0x1p-24*want["loss"][0]} // Score reads a float32
			lab.Agree(t, "float64", ours, want, read, 2)
			small := 1e-9
			if consts > 0 {
				small = 1e-4
			}
			lab.Telling(t, "float64", want, bound, small)

			_, bound = lab.Spread(t, lab.Float32s, consts, spreadRuns, f)
			lab.Agree(t, "float32", f(t, lab.Single(t)), want, bound, 1)
			lab.Telling(t, "float32", want, bound, 0.01)
		})
	}
}

// TestParitySees: changes that a careless port of PyTorch makes must be noticed.
func TestParitySees(t *testing.T) {
	momentum := nets.SGD{Momentum: 0.875, WeightDecay: 1. / 256}
	slips := map[string]lab.Experiment{}
	for _, c := range parities(t, "testdata") {
		if c.optimiser != "momentum" {
			continue
		}
		slips["rate"] = c.run(momentum, torchRate*1.01)
		slips["decay"] = c.run(nets.SGD{Momentum: 0.875}, torchRate)
		slips["nesterov"] = c.run(nets.SGD{Momentum: 0.875, WeightDecay: 1. / 256, Nesterov: true}, torchRate)
		slips["noise"] = c.run(nets.Noisy{Optimiser: momentum, SD: 0.01}, torchRate)
		_, bound := lab.Spread(t, lab.Float32s, 0, spreadRuns, c.run(momentum, torchRate))
		for what, slip := range slips {
			got := slip(t, lab.Single(t))
			if n, _, _ := lab.Differences(got, c.of(got), bound, 1); n == 0 {
				t.Errorf("%s: nothing saw a change of %s", c.name, what)
			}
		}
	}
}
