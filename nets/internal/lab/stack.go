package lab

import (
	"math"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// ImageIn is the shape of the examples of Batch for All.
var ImageIn = nets.Shape{Height: 4, Width: 4, Channels: 2}

// All is a network with dropout and running statistics: what a pass may change beside what it should.
var All = stack.Stack{
	stack.Conv{Name: "conv", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Name: "bn", Act: compute.ReLU},
	stack.Dropout{Rate: 0.25},
	stack.Residual{Name: "res", Main: stack.Stack{stack.Conv{Name: "conv", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Name: "bn"}}, Act: compute.ReLU},
	stack.Pool{Pooling: compute.AveragePool}, stack.Dense{Name: "fc", Units: 3},
}

// Batch is four examples of a shape and their labels, of three classes.
func Batch(in nets.Shape) (x, labels []float32) {
	return Normals(rand.New(rand.NewPCG(6, 2)), 4*in.Len()), []float32{2, 0, 1, 2}
}

// Net is a network on l.
func (l Lab) Net(t *testing.T, spec stack.Spec, in nets.Shape, rule stack.Rule, seed uint64) *stack.Net {
	t.Helper()
	net, err := stack.New(l.Device, spec, in, rule, seed)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Trainer trains a network.
func Trainer(t *testing.T, net *stack.Net, o nets.Optimiser, loss nets.Loss) *stack.Trainer {
	t.Helper()
	tr, err := stack.NewTrainer(net, o, loss)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Trainer trains All on l by momentum.
func (l Lab) Trainer(t *testing.T, rule stack.Rule) *stack.Trainer {
	t.Helper()
	return Trainer(t, l.Net(t, All, ImageIn, rule, 5), nets.SGD{Momentum: 0.9, WeightDecay: 0.01}, nets.CrossEntropy)
}

// Steps are n steps by Batch.
func Steps(t *testing.T, tr *stack.Trainer, n int, rate float64) {
	t.Helper()
	x, labels := Batch(tr.Net.Input)
	for range n {
		if err := tr.Step(x, labels, rate); err != nil {
			t.Fatal(err)
		}
	}
}

// Everything is all that a network and its training keep, by name, and the gradients.
func (l Lab) Everything(t *testing.T, net *stack.Net) Results {
	t.Helper()
	out := Results{}
	for _, n := range net.Tensors() {
		out[n.Name] = l.Values(t, n.Value)
	}
	for name, g := range l.Grads(t, net) {
		out[name+", gradient"] = g
	}
	return out
}

// Grads are the gradients of a network, by name.
func (l Lab) Grads(t *testing.T, net *stack.Net) Results {
	t.Helper()
	out := Results{}
	for _, n := range net.Tensors() {
		if n.Role == nets.Weight {
			out[n.Name] = l.Values(t, net.Store().Grad(n.Value))
		}
	}
	return out
}

// State is all that a rule may change, and the gradients by which it does.
func (l Lab) State(t *testing.T, net *stack.Net) Results {
	t.Helper()
	out := Results{}
	for _, w := range net.Weights {
		for name, x := range map[string]*compute.Tensor{
			"W": w.W, "b": w.Bias, "B": w.B, "dW": w.Grad, "db": w.BiasGrad, "dB": w.GradB} {
			if x != nil {
				out[w.Name+"."+name] = l.Values(t, x)
			}
		}
	}
	return out
}

// Pass lets f work in a pass of a batch through net, of labels if there are any.
func (l Lab) Pass(t *testing.T, net *stack.Net, x, labels []float32, f func(p *stack.Pass, x *compute.Tensor)) {
	t.Helper()
	n := len(x) / net.Input.Len()
	l.Do(t, func(s *compute.Step) error {
		p := net.NewPass(net.Store().Pass(s), n)
		p.Moment.X = s.Tensor(1, n, net.Input.Len())
		s.Write(p.Moment.X, x)
		if labels != nil {
			p.Moment.Want = s.Tensor(1, n, 1)
			s.Write(p.Moment.Want, labels)
		}
		f(p, p.Moment.X)
		return p.Failed()
	})
}

// Logits is the forward pass.
func (l Lab) Logits(t *testing.T, net *stack.Net, x []float32, training bool) (z []float64) {
	t.Helper()
	out := l.New(t, len(x)/net.Input.Len(), net.Classes)
	l.Pass(t, net, x, nil, func(p *stack.Pass, x *compute.Tensor) {
		p.Training = training
		p.Do(compute.Copy{Dst: out, Src: net.Forward(p, x)})
	})
	return l.Values(t, out)
}

// Moments requires numbers of mean 0 and a variance, within six standard deviations of both (of n numbers, a normal one's
// square has variance 2·sd⁴ and a uniform one's 0.8·sd⁴), and of a size of top at most.
func Moments(t *testing.T, what string, x []float64, variance, top float64) {
	t.Helper()
	n, mean, square := float64(len(x)), 0.0, 0.0
	for _, v := range x {
		mean += v / n
		square += v * v / n
		if math.Abs(v) > top {
			t.Errorf("%s: %g, want at most %g", what, v, top)
		}
	}
	if !(math.Abs(mean) <= 6*math.Sqrt(variance/n)) || !(math.Abs(square-variance) <= 6*variance*math.Sqrt(2/n)) {
		t.Errorf("%s: mean %g and second moment %g of %g numbers, want 0 and %g", what, mean, square, n, variance)
	}
}
