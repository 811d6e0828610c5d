package targets_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

var row5 = nets.Row(5)

// batch6 is four examples of six numbers, in three classes.
func batch6() nets.Task {
	x, labels := lab.Batch(nets.Row(6))
	return &tasks.Batch{In: nets.Row(6), X: x, Out: 3, Classes: true, Want: labels}
}

// normed is a chain of three layers; the second is normalised.
var normed = stack.Stack{
	stack.Dense{Name: "a", Units: 4, Act: compute.Tanh},
	stack.Dense{Name: "b", Units: 3, NoBias: true}, stack.BatchNorm{Name: "bn", Act: compute.Tanh},
	stack.Dense{Name: "c", Units: 3},
}

// An altMinTwin runs alternating minimisation of normed from its objectives, with slopes by central differences.
type altMinTwin struct {
	rule   targets.AltMin
	w      lab.Results // tensors of the network by name
	x      []float64   // examples × 5
	labels []float32
}

// code is M_l for all examples, l from 0.
func (n altMinTwin) code(l int, a []float64) (c []float64) {
	name := []string{"a", "b", "c"}[l]
	w, b := n.w[name+".weight"], n.w[name+".bias"]
	out := []int{4, 3, 3}[l]
	in, examples := len(w)/out, len(n.labels)
	for k := range examples {
		for u := range out {
			v := lab.Dot(w[u*in:][:in], a[k*in:][:in])
			if b != nil {
				v += b[u]
			}
			c = append(c, v)
		}
	}
	if l != 1 {
		return c
	}
	for u := range out {
		mean, variance := 0.0, 0.0
		for k := range examples {
			mean += c[k*out+u] / float64(examples)
		}
		for k := range examples {
			variance += (c[k*out+u] - mean) * (c[k*out+u] - mean) / float64(examples)
		}
		for k := range examples {
			c[k*out+u] = (c[k*out+u]-mean)/math.Sqrt(variance+1e-5)*n.w["bn.weight"][u] + n.w["bn.bias"][u]
		}
	}
	return c
}

func tanhs(c []float64) (y []float64) {
	for _, v := range c {
		y = append(y, math.Tanh(v))
	}
	return y
}

// loss is the mean cross-entropy.
func (n altMinTwin) loss(z []float64) (f float64) {
	for k, label := range n.labels {
		sum := 0.0
		for _, v := range z[3*k:][:3] {
			sum += math.Exp(v)
		}
		f += (math.Log(sum) - z[3*k+int(label)]) / float64(len(n.labels))
	}
	return f
}

func meanSquare(a, b []float64) (f float64) {
	for i := range a {
		f += (a[i] - b[i]) * (a[i] - b[i]) / float64(len(a))
	}
	return f
}

// slope returns the gradient of f by x, by central differences of fourth order.
func slope(x []float64, f func() float64) []float64 {
	g := make([]float64, len(x))
	for i, at := range x {
		const h = 1e-3
		moved := func(by float64) float64 { x[i] = at + by; return f() }
		g[i] = (8*(moved(h)-moved(-h)) - (moved(2*h) - moved(-2*h))) / (12 * h)
		x[i] = at
	}
	return g
}

// grads returns the gradients of all weights in a step at an epoch.
func (n altMinTwin) grads(epoch float64) lab.Results {
	r := n.rule
	mu := float64(r.Mu) + float64(r.MuStep)*math.Floor(epoch)
	if r.MuMost > 0 {
		mu = min(mu, float64(r.MuMost))
	}
	c := [][]float64{n.code(0, n.x)}
	c = append(c, n.code(1, tanhs(c[0])))
	for l := 1; l >= 0; l-- {
		first, v := slices.Clone(c[l]), make([]float64, len(c[l]))
		for range r.Codes {
			g := slope(c[l], func() float64 {
				f := meanSquare(c[l], first)
				if l == 1 {
					f += n.loss(n.code(2, tanhs(c[1]))) / mu
				} else {
					f += meanSquare(n.code(1, tanhs(c[0])), c[1])
				}
				for _, x := range c[l] {
					f += float64(r.Sparse) / (mu * float64(len(c[l]))) * math.Abs(x)
				}
				return f
			})
			for i := range g {
				v[i] = float64(r.Momentum)*v[i] + g[i]
				c[l][i] -= float64(r.CodeRate) * (g[i] + float64(r.Momentum)*v[i])
			}
		}
	}
	objective := map[string]func() float64{
		"a":  func() float64 { return meanSquare(n.code(0, n.x), c[0]) },
		"b":  func() float64 { return meanSquare(n.code(1, tanhs(c[0])), c[1]) },
		"bn": func() float64 { return meanSquare(n.code(1, tanhs(c[0])), c[1]) },
		"c":  func() float64 { return n.loss(n.code(2, tanhs(c[1]))) },
	}
	out := lab.Results{}
	for _, name := range []string{"a.weight", "a.bias", "b.weight", "bn.weight", "bn.bias", "c.weight", "c.bias"} {
		layer, _, _ := strings.Cut(name, ".")
		g := slope(n.w[name], objective[layer])
		if name == "a.weight" || name == "b.weight" {
			for i, w := range n.w[name] {
				g[i] += float64(r.L1) * math.Copysign(1, w)
			}
		}
		out[name] = g
	}
	return out
}

// TestAltMin holds the gradients of a step to the objectives, on the CPU and by OpenGL: in float64, but for constants
// that are float32s.
func TestAltMin(t *testing.T) {
	for name, rule := range map[string]targets.AltMin{
		"one code step": {Codes: 1, CodeRate: 0.25, Mu: 0.25, Prior: 1},
		"many":          {Codes: 4, CodeRate: 0.25, Momentum: 0.5, Mu: 0.25, Prior: 1},
		"penalties":     {Codes: 2, CodeRate: 0.25, Momentum: 0.5, Mu: 0.25, Sparse: 0.25, L1: 0.125, Prior: 1},
	} {
		t.Run(name, func(t *testing.T) {
			x, labels := lab.Batch(row5)
			f := func(t *testing.T, l lab.Lab) lab.Results {
				net := l.Net(t, normed, row5, rule, 9)
				lab.Steps(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy), 1, 0.25)
				return l.Grads(t, net)
			}
			l := lab.Exact(t)
			twin := altMinTwin{rule: rule, w: l.Everything(t, l.Net(t, normed, row5, rule, 9)), labels: labels}
			for _, v := range x {
				twin.x = append(twin.x, float64(v))
			}
			want, got := twin.grads(0), f(t, l)
			for name, g := range got {
				for i := range g {
					if d := math.Abs(g[i] - want[name][i]); !(d <= 0x1p-22*lab.Norm(g)) {
						t.Errorf("float64: gradient %d of %s is %.12g, want %.12g", i, name, g[i], want[name][i])
					}
				}
			}
			_, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, f)
			lab.Telling(t, "float32", got, bound, 0.03)
			lab.Agree(t, "float32", f(t, lab.Single(t)), got, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", f(t, lab.GPU(t)), got, bound, 1) })
		})
	}
}

// TestAltMinMu: mu grows with each epoch, up to its limit.
func TestAltMinMu(t *testing.T) {
	rule := targets.AltMin{Codes: 1, CodeRate: 0.25, Mu: 0.25, MuStep: 0.5, MuMost: 1, Prior: 1}
	for epoch, mu := range map[float64]float32{0.5: 0.25, 1: 0.75, 3.5: 1} {
		same := rule
		same.Mu, same.MuStep, same.MuMost = mu, 0, 0
		var grads []lab.Results
		for _, r := range []targets.AltMin{rule, same} {
			l := lab.Exact(t)
			net := l.Net(t, normed, row5, r, 9)
			lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy) // gives the network its loss
			x, labels := lab.Batch(row5)
			l.Pass(t, net, x, labels, func(p *stack.Pass, x *compute.Tensor) {
				p.Epoch, p.Training, p.Learning = epoch, true, true
				net.Backward(p, p.LossGradient(net.Forward(p, x)))
			})
			grads = append(grads, l.Grads(t, net))
		}
		if fmt.Sprint(grads[0]) != fmt.Sprint(grads[1]) {
			t.Errorf("epoch %g: gradients differ from those of a constant mu of %g", epoch, mu)
		}
	}
}

// TestAltMinIsBackprop: with one code step, the first layer's gradient is backprop's times 2·s·r/(B·n) for each hidden
// layer, and times 1/mu. Here r is the rate of the codes, and s = 1 + momentum is the reach of Nesterov's first step.
// It tries chains of one to three hidden layers, some of them convolutions.
func TestAltMinIsBackprop(t *testing.T) {
	const batch, rate, momentum, mu = 4, 0.25, 0.5, 0.125
	rule := targets.AltMin{Codes: 1, CodeRate: rate, Momentum: momentum, Mu: mu, Prior: 1}
	dense := func(name string, units int) stack.Spec {
		return stack.Dense{Name: name, Units: units, Act: compute.Tanh}
	}
	pool := stack.Pool{Pooling: compute.MaxPool, Window: 2}
	for what, c := range map[string]struct {
		spec  stack.Stack
		in    nets.Shape
		sizes []int // numbers of the codes
	}{
		"one":          {stack.Stack{dense("a", 4)}, row5, []int{4}},
		"two":          {stack.Stack{dense("a", 4), dense("b", 8)}, row5, []int{4, 8}},
		"three":        {stack.Stack{dense("a", 4), dense("b", 8), dense("c", 2)}, row5, []int{4, 8, 2}},
		"normalised":   {stack.Stack{stack.Dense{Name: "a", Units: 4}, stack.BatchNorm{Name: "n", Act: compute.Tanh}, dense("b", 8)}, row5, []int{4, 8}},
		"convolutions": {stack.Stack{stack.Conv{Name: "a", Units: 4, Window: 3, Pad: 1, Bias: true}, pool, stack.Activation{Name: "t", Act: compute.Tanh}, dense("b", 4)}, lab.ImageIn, []int{64, 4}},
	} {
		spec := append(slices.Clone(c.spec), stack.Dense{Name: "out", Units: 3})
		if what == "convolutions" { // the activation comes before the pooling
			spec[1], spec[2] = spec[2], spec[1]
		}
		grad := func(rule stack.Rule) []float64 {
			l := lab.Exact(t)
			net := l.Net(t, spec, c.in, rule, 9)
			lab.Steps(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy), 1, 0)
			return l.Grads(t, net)["a.weight"]
		}
		factor := 1 / mu
		for _, n := range c.sizes {
			factor *= 2 * (1 + momentum) * rate / float64(batch*n)
		}
		got, want := grad(rule), grad(stack.Backprop{})
		for i := range got {
			if math.Abs(got[i]-factor*want[i]) > 1e-9*factor*lab.Norm(want) {
				t.Errorf("%s: gradient %d is %.12g, want %.12g, %g times backprop's", what, i, got[i], factor*want[i], factor)
			}
		}
	}
}

// TestAltMinMemory: with the same codes again and again the weights become the least-squares solution, W = D·A⁻¹. The
// authors' block coordinate descent over the columns comes to the same. An input that is always 0 keeps its weights.
func TestAltMinMemory(t *testing.T) {
	const forget, prior, steps = 0.5, 0x1p-10, 40
	rule := targets.AltMin{Codes: 1, CodeRate: 0x1p-20, Mu: 1, Forget: forget, Prior: prior} // codes that stay
	l := lab.Exact(t)
	net := l.Net(t, stack.Stack{stack.Dense{Name: "a", Units: 3, NoBias: true}, stack.Dense{Name: "out", Units: 3}}, nets.Row(4), rule, 9)
	tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
	x := make([]float32, 0, 24*4)
	for k := range 24 {
		v := lab.Normals(rand.New(rand.NewPCG(uint64(k), 1)), 3)
		x = append(x, v[0], 0, v[1], v[2])
	}
	labels := make([]float32, 24)
	before := slices.Clone(l.Values(t, net.Weights[0].W))
	for range steps {
		if err := tr.Step(x, labels, 0); err != nil {
			t.Fatal(err)
		}
	}
	w := l.Values(t, net.Weights[0].W)
	everything := l.Everything(t, net)
	a, d := everything["memory.a.a"], everything["memory.d.a"]
	bcd := slices.Clone(w)
	for range 400 {
		for j := range 4 {
			if j == 1 {
				continue
			}
			for u := range 3 {
				residual := d[u*4+j]
				for i := range 4 {
					residual -= bcd[u*4+i] * a[i*4+j]
				}
				bcd[u*4+j] += residual / a[j*4+j]
			}
		}
	}
	for i := range w {
		if i%4 == 1 && w[i] != before[i] {
			t.Errorf("weight %d, of an input that is always 0, went from %g to %g", i, before[i], w[i])
		}
		if math.Abs(w[i]-bcd[i]) > 1e-5 {
			t.Errorf("weight %d is %.9g, and coordinate descent over the same memory gives %.9g", i, w[i], bcd[i])
		}
	}
}

// TestAltMinSystem holds the system to the promises of every system.
func TestAltMinSystem(t *testing.T) {
	for name, c := range map[string]struct {
		net  string
		rule targets.AltMin
	}{
		"plain":  {"mlp:6-5-4-3,norm=batch,bias=false", targets.DefaultAltMin},
		"memory": {"mlp:6-5-4-3,bias=false", targets.AltMin{Codes: 2, CodeRate: 0.3, Momentum: 0.9, Mu: 0.1, Forget: 0.25, Prior: 0.1}},
	} {
		t.Run(name, func(t *testing.T) {
			nettest.System(t, func() nets.System {
				return &stack.System{Net: stack.Named(c.net), Rule: c.rule, Optimiser: nets.DefaultAdam}
			}, batch6)
		})
	}
}

// TestAltMinRefuses: unsuitable networks and settings are refused.
func TestAltMinRefuses(t *testing.T) {
	in := lab.ImageIn
	for what, c := range map[string]struct {
		net  string
		rule stack.Rule
		says string
	}{
		"a residual network": {"resnet8", targets.DefaultAltMin, "is a residual block, want a chain"},
		"dropout":            {"mlp:32-5-3,dropout=0.5", targets.DefaultAltMin, "is a dropout, want a chain"},
		"memory with a bias": {"mlp:32-5-3", targets.AltMin{Codes: 1, CodeRate: 1, Mu: 1, Forget: 0.5, Prior: 1}, "layer fc1"},
	} {
		_, err := nets.Open(lab.Bare(t).Device, 1, 1, func(s *nets.Store) error {
			spec, err := stack.Parse(c.net, in, 3)
			if err != nil {
				t.Fatal(err)
			}
			_, err = stack.Build(s, spec, in, c.rule)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", what, err, c.says)
		}
	}
}
