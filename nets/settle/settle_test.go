package settle_test

import (
	"fmt"
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
	"hebb/nets/settle"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

func xor() nets.Task { return &tasks.XOR{} }

func signedXOR() nets.Task { return &tasks.XOR{Signed: 0.8} }

var spec = nets.Spec{In: nets.Row(3), Out: 2, Examples: 5, Trial: 3, Epoch: 3}

func noise() nets.Task { return &lab.Noise{Spec: spec, Gaps: true, Masked: true} }

// The systems under test: settings are powers of 2, so that float32 holds their products exactly.
var systems = map[string]func() nets.System{
	"chl":                func() nets.System { return chl(4, 0.25, 3) },
	"chl, 2 layers":      func() nets.System { return chl(4, 0.5, 4, 3) },
	"eqprop":             func() nets.System { return eqprop(0.5, true, "logistic", 4, 3) },
	"eqprop, one nudge":  func() nets.System { return eqprop(0.25, false, "logistic", 4) },
	"eqprop, hard":       func() nets.System { return eqprop(0.25, true, "hard", 4, 3) },
	"contrastive":        func() nets.System { return pineda(0) },
	"contrastive, force": func() nets.System { return pineda(2) },
}

func chl(sweeps int, gamma float32, hidden ...int) *settle.CHL {
	return &settle.CHL{Hidden: hidden, Sweeps: sweeps, Gamma: gamma, Gain: 1, Bias: len(hidden) > 1}
}

func eqprop(beta float32, both bool, act string, hidden ...int) *settle.EqProp {
	return &settle.EqProp{Hidden: hidden, Sweeps: 6, Nudged: 4, Beta: beta, Both: both, Act: act, Gain: 1}
}

func pineda(beta float32) *settle.Contrastive {
	return &settle.Contrastive{Hidden: 3, Sweeps: 9, StepSize: 0.25, Beta: beta, Gain: 0.5}
}

// TestPromises holds a run of each kind to the promises of the floor.
func TestPromises(t *testing.T) {
	for _, name := range []string{"chl, 2 layers", "eqprop", "contrastive", "contrastive, force"} {
		t.Run(name, func(t *testing.T) { nettest.System(t, systems[name], noise) })
	}
	t.Run("pc", func(t *testing.T) {
		nettest.System(t, func() nets.System { return pcOf("mlp-sigmoid:3-4-4-2", 4, 0) }, func() nets.Task { return &lab.Noise{Spec: spec, Masked: true} })
	})
}

func TestVerify(t *testing.T) {
	for _, name := range []string{"chl, 2 layers", "eqprop, hard", "contrastive, force"} {
		t.Run(name, func(t *testing.T) {
			lab.Verify(t, nets.Run{System: systems[name], Task: signedXOR, Test: signedXOR, Learners: 2, Rate: 0.1}, 2)
		})
	}
}

// examples has eight examples of three inputs and two outputs.
func examples() *tasks.Batch {
	rnd := rand.New(rand.NewPCG(3, 1))
	b := &tasks.Batch{In: nets.Row(3), Out: 2, X: lab.Normals(rnd, 24)}
	for range 16 {
		b.Want = append(b.Want, float32(rnd.IntN(16))/16)
	}
	return b
}

// row returns example e of a batch.
func row(b *tasks.Batch, e int) (x, want []float64) {
	for _, v := range b.X[3*e:][:3] {
		x = append(x, float64(v))
	}
	for _, v := range b.Want[2*e:][:2] {
		want = append(want, float64(v))
	}
	return x, want
}

const examplesOf = 8

// shown reports whether an example is not masked.
func shown(e int) bool { return e%3 != 2 }

// masked shows the examples with their mask.
type masked struct {
	*tasks.Batch
	mask *compute.Tensor
}

func (b *masked) Build(s *nets.Store) (nets.Spec, error) {
	x := make([]float32, examplesOf)
	for e := range x {
		if shown(e) {
			x[e] = 1
		}
	}
	b.mask = s.Fixed(x, examplesOf, 1)
	return b.Batch.Build(s)
}

func (b *masked) Show(p *nets.Pass) nets.Moment {
	m := b.Batch.Show(p)
	m.Mask = b.mask
	return m
}

// moments makes moments of a system on the examples and returns its weights afterwards, by name; 0 returns the first
// weights.
func moments(t *testing.T, l lab.Lab, system func() nets.System, n int, rate float64) lab.Results {
	t.Helper()
	s := must.Get(nets.Run{System: system, Task: func() nets.Task { return &masked{Batch: examples()} }, Seed: 5, Rate: rate}.Open(l.Device))(t)
	defer s.Close()
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, w := range s.Tensors() { // a float32 and a float64 hold them alike
		x := lab.Normals(rnd, w.Value.Len())
		if w.Name == "t" {
			symmetric(x, w.Value.Rows())
		}
		l.Write(t, w.Value, x)
	}
	lab.On(t, s, n)
	out := lab.Results{}
	for _, w := range s.Tensors() {
		out[w.Name] = l.Values(t, w.Value)
	}
	return out
}

func symmetric(x []float32, n int) {
	for i := range n {
		x[i*n+i] = 0
		for j := range i {
			x[i*n+j] = x[j*n+i]
		}
	}
}

// A twin makes moments of a system in float64.
type twin interface {
	moment(rate float64)
	weights() lab.Results
}

// TestTwins holds two moments to the equations: in float64; and in float32, on the CPU and on the GPU, within the bound
// that follows from the bounds of the ops.
func TestTwins(t *testing.T) {
	const rate = 4
	for name, system := range systems {
		f := func(t *testing.T, l lab.Lab) lab.Results { return moments(t, l, system, 2, rate) }
		first := moments(t, lab.Exact(t), system, 0, rate)
		if still := moments(t, lab.Exact(t), system, 1, 0); !reflect.DeepEqual(still, first) {
			t.Errorf("%s: at a rate of 0 weights become %v, want %v", name, still, first)
		}
		n := twinOf(system(), first)
		n.moment(rate)
		n.moment(rate)
		heldTo(t, name, n.weights(), f)
	}
}

func twinOf(system nets.System, w lab.Results) twin {
	switch r := system.(type) {
	case *settle.CHL:
		return &chlTwin{layersOf(w, len(r.Hidden)), r}
	case *settle.EqProp:
		return &eqTwin{layersOf(w, len(r.Hidden)), r}
	}
	return pinedaOf(system.(*settle.Contrastive), w)
}

// A layers holds the weights of layers in float64.
type layers struct{ w, b [][]float64 }

func layersOf(w lab.Results, hidden int) (n layers) {
	for k := range hidden + 1 {
		name, bias := nameOf(k, hidden)
		b := append([]float64(nil), w[bias]...)
		if b == nil {
			b = make([]float64, 100)
		}
		n.w, n.b = append(n.w, append([]float64(nil), w[name]...)), append(n.b, b)
	}
	return n
}

func nameOf(k, hidden int) (w, b string) {
	switch k {
	case hidden:
		return "v", "c"
	case 0:
		return "w", "b"
	}
	return fmt.Sprint("w", k+1), fmt.Sprint("b", k+1)
}

func (n layers) weights(biases bool) lab.Results {
	out := lab.Results{}
	for k := range n.w {
		w, b := nameOf(k, len(n.w)-1)
		if out[w] = n.w[k]; biases {
			out[b] = n.b[k]
		}
	}
	return out
}

func sigmoid(u float64) float64 { return 1 / (1 + math.Exp(-u)) }

func clip(u float64) float64 { return math.Max(0, math.Min(1, u)) }

// units returns the number of units in each layer, for a number of inputs.
func (n layers) units(inputs int) (all []int) {
	for _, w := range n.w {
		all = append(all, len(w)/inputs)
		inputs = len(w) / inputs
	}
	return all
}

// settle makes sweeps from activities h, or from 0 if nil, until nothing moves by more than tolerance, and returns
// them. top computes the outputs from their inputs; nil holds them.
func (n layers) settle(x []float64, h [][]float64, gamma float64, sweeps int, act func(float64) float64, top func(o int, u, was float64) float64,
	tolerance float64) (rest [][]float64, made int, moved float64) {
	units := n.units(len(x))
	for k, m := range units {
		rest = append(rest, make([]float64, m))
		if h != nil {
			copy(rest[k], h[k])
		}
	}
	for made < sweeps {
		made++
		moved = 0
		for k := range units {
			below := x
			if k > 0 {
				below = rest[k-1]
			}
			last := k == len(units)-1
			if last && top == nil {
				continue
			}
			for i := range rest[k] {
				u := n.b[k][i]
				for j, v := range below {
					u += n.w[k][i*len(below)+j] * v
				}
				was := rest[k][i]
				if last {
					rest[k][i] = top(i, u, was)
				} else {
					for o, v := range rest[k+1] {
						u += gamma * n.w[k+1][o*len(rest[k])+i] * v
					}
					rest[k][i] = act(u)
				}
				moved = math.Max(moved, math.Abs(rest[k][i]-was))
			}
		}
		if moved <= tolerance {
			break
		}
	}
	return rest, made, moved
}

// add adds rate·(a⊗a below − c⊗c below) of layer k, and the change of its biases.
func (n layers) add(k int, x []float64, a, c [][]float64, rate float64) {
	aa, cc := x, x
	if k > 0 {
		aa, cc = a[k-1], c[k-1]
	}
	for i := range a[k] {
		for j := range aa {
			n.w[k][i*len(aa)+j] += rate * (a[k][i]*aa[j] - c[k][i]*cc[j])
		}
		n.b[k][i] += rate * (a[k][i] - c[k][i])
	}
}

// zero returns weights of 0.
func (n layers) zero() (z layers) {
	for k := range n.w {
		z.w, z.b = append(z.w, make([]float64, len(n.w[k]))), append(z.b, make([]float64, len(n.b[k])))
	}
	return z
}

// plus adds rate·d.
func (n layers) plus(d layers, rate float64) {
	for k := range n.w {
		for i := range n.w[k] {
			n.w[k][i] += rate * d.w[k][i]
		}
		for i := range n.b[k] {
			n.b[k][i] += rate * d.b[k][i]
		}
	}
}

// TestWrong: an invalid setting is refused by its name.
func TestWrong(t *testing.T) {
	for want, system := range map[string]nets.System{
		"hidden 0":                   chl(1, 1, 0),
		"number of hidden layers 0":  chl(1, 1),
		"sweeps 0":                   chl(0, 1, 1),
		"sweeps 200000":              chl(200000, 1, 1),
		"gamma 0":                    chl(1, 0, 1),
		"gain -1":                    &settle.CHL{Hidden: []int{1}, Sweeps: 1, Gamma: 1, Gain: -1},
		"want at least 0.031":        chl(1, 0.03, 2, 2),
		"want at least 0.099":        chl(1, 0.09, 2, 2, 2),
		"beta 1.5":                   eqprop(1.5, true, "logistic", 2),
		`act "relu"`:                 eqprop(1, true, "relu", 2),
		"step 2":                     &settle.Contrastive{Sweeps: 1, StepSize: 2},
		"beta -1":                    &settle.Contrastive{Sweeps: 1, StepSize: 1, Beta: -1},
		"want fully connected":       pcOf("mlp:2-3-3-1,norm=batch", 9, 0),
		"pc: 1 sweep,":               pcOf("mlp:2-3-3-1", 1, 0),
		"chl: the task wants no num": chl(1, 1, 1),
	} {
		task := signedXOR
		if strings.Contains(want, "wants no") {
			task = func() nets.Task { return &lab.Noise{Spec: nets.Spec{In: nets.Row(3), Examples: 1}} }
		}
		_, err := nets.Run{System: func() nets.System { return system }, Task: task}.Open(lab.CPU(t))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

func pcOf(net string, sweeps int, tolerance float32) nets.System {
	rule := settle.PredictiveCoding{Sweeps: sweeps, StepSize: 0.25, Precision: 1, Tolerance: tolerance}
	return &stack.System{Net: stack.Named(net), Rule: rule, Optimiser: nets.SGD{}}
}

// TestUnsettled: a relaxation that has not come to rest ends the learner, and the error says how far it is. With
// tolerance 0, or enough sweeps, the learner goes on, and the metric has the residual.
func TestUnsettled(t *testing.T) {
	for _, c := range []struct {
		sweeps    int
		tolerance float32
		says      string
	}{{2, 1e-3, "in the last of 2 sweeps one moves by 0."}, {2, 0, ""}, {200, 1e-3, ""}} {
		for name, system := range map[string]func() nets.System{
			"chl": func() nets.System {
				return &settle.CHL{Hidden: []int{4, 3}, Sweeps: c.sweeps, Gamma: 0.5, Gain: 1, Tolerance: c.tolerance}
			},
			"eqprop": func() nets.System {
				return &settle.EqProp{Hidden: []int{4}, Sweeps: c.sweeps, Nudged: c.sweeps, Beta: 0.5, Act: "logistic", Gain: 1, Tolerance: c.tolerance}
			},
			"contrastive": func() nets.System {
				return &settle.Contrastive{Hidden: 4, Sweeps: c.sweeps, StepSize: 0.2, Gain: 0.5, Tolerance: c.tolerance}
			},
			"pc": func() nets.System { return pcOf("mlp-sigmoid:2-3-1", c.sweeps, c.tolerance) },
		} {
			s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: signedXOR, Rate: 0.1}, 1)
			m, err := s.Metrics()
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), name+": the activities") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s: error is %v, want %q in it", name, err, c.says)
				}
			} else if r := m.Get("residual").Mean(); err != nil || (r > 1e-3) != (c.sweeps == 2) {
				t.Errorf("%s: %d sweeps: %v, a residual of %g", name, c.sweeps, err, r)
			}
		}
	}
}
