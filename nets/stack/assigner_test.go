package stack_test

import (
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/stack"
)

// A Whole is backprop by a [stack.Assigner]. Its number own falls by the learning rate at every moment, except when
// Number is 2: then the network rests instead.
type Whole struct {
	stack.Backprop
	own     *compute.Tensor
	grad    *compute.Tensor
	descent *nets.Descent
}

func (r *Whole) Build(s *nets.Store, n *stack.Net) error {
	r.own = s.Weights("own", nets.Zeros, 1)
	r.grad = s.Grad(r.own)
	s.Aside(r.own)
	_, err := n.Chain()
	return err
}

func (r *Whole) Optimise(s *nets.Store, _ *stack.Net, o nets.Optimiser) {
	r.descent = s.Descent(o, r.own)
}

var one = compute.Formula("1")

func (r *Whole) Assign(p *stack.Pass, delta *compute.Tensor) {
	ws := p.Net.Weights
	for i := len(ws) - 1; i >= 0; i-- {
		w := ws[i]
		w.Descend(p, p.Through(w.Act, delta, w.Y), w.X)
		if i > 0 {
			delta = p.AsRows(w.Back(p, w.W, w.Delta), p.Examples, w.In.Len())
		}
	}
	if p.Quiet {
		return
	}
	if p.Hold = p.Number == 2; !p.Hold {
		p.Into(r.grad, one)
		r.descent.Update(p.Pass)
	}
}

// TestAssigner: a rule that computes all updates together has the same bits as a rule that sends deltas, and angles of
// 0 to it. The rule decides when its own weights are updated, and while it holds the network's weights, they rest.
func TestAssigner(t *testing.T) {
	run := func(rule func() stack.Rule) (weights, own []float32, angles []nets.Angle) {
		r := nets.Run{
			System: func() nets.System {
				return &stack.System{Net: stack.Named("mlp:6-5-4-3"), Rule: rule(), Optimiser: nets.SGD{Momentum: 0.5}}
			},
			Task: func() nets.Task { return &Clusters{In: nets.Row(6), Classes: 3, Most: 5} }, Learners: 2, Rate: 0.25,
		}
		s, err := r.Open(lab.Bare(t).Device)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		read := func(own bool) []float32 {
			var some []nets.Named
			for _, n := range s.Tensors() {
				if n.Role == nets.Weight && own == (n.Name == "own") {
					some = append(some, n)
				}
			}
			x, err := s.Read(some)
			if err != nil {
				t.Fatal(err)
			}
			return slices.Concat(x...)
		}
		weights, own = read(false), read(true)
		if angles, err = s.Compare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(own) > 0 {
			if err := s.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(read(false), weights) || !slices.Equal(read(true), own) {
				t.Errorf("moment 2 changed weights that were to rest")
			}
		}
		return weights, own, angles
	}
	want, _, _ := run(func() stack.Rule { return stack.Backprop{} })
	got, own, angles := run(func() stack.Rule { return &Whole{} })
	if !slices.Equal(got, want) {
		t.Errorf("the weights differ from backprop's")
	}
	if !slices.Equal(own, []float32{-0.25 * 2.5, -0.25 * 2.5}) {
		t.Errorf("own is %v after two updates, want −0.25·(1 + 1.5)", own)
	}
	for _, a := range angles {
		if a.Delta > 0.1 || a.Gradient > 0.1 || a.NormDelta == 0 {
			t.Errorf("%+v, want angles of 0 to backprop", a)
		}
	}
	nettest.System(t, func() nets.System {
		return &stack.System{Net: stack.Named("mlp:6-5-4-3"), Rule: &Whole{}, Optimiser: nets.SGD{Momentum: 0.5}}
	}, func() nets.Task { return &Clusters{In: nets.Row(6), Classes: 3, Most: 5} })
}

// TestChain: a network that is not a chain of fully connected layers is refused, and the error names the layer; Links
// accepts layers of units too.
func TestChain(t *testing.T) {
	dense := func(name string) stack.Spec { return stack.Dense{Name: name, Units: 4} }
	units := stack.LWTA{Name: "u", Group: 2}
	for what, c := range map[string]struct {
		spec         stack.Spec
		chain, links string // errors
	}{
		"convolution":    {stack.Stack{stack.Conv{Name: "c", Units: 2, Window: 3}, dense("d")}, "layer c is a convolution", "layer c is a convolution"},
		"normalisation":  {stack.Stack{dense("a"), stack.BatchNorm{Name: "norm"}, dense("d")}, "layer norm is a", "layer norm is a"},
		"lone layer":     {dense("d"), "no chain", "no chain"},
		"chain":          {stack.Stack{stack.Flatten{}, dense("a"), dense("d")}, "", ""},
		"units":          {stack.Stack{dense("a"), units, dense("d")}, "layer u is a", ""},
		"units, before":  {stack.Stack{stack.Flatten{}, units, dense("d")}, "layer u is a", "layer u stands after no weights"},
		"units, twice":   {stack.Stack{dense("a"), stack.Sign{Name: "s"}, units, dense("d")}, "layer s is a", "layer u stands after the units of a"},
		"units of units": {stack.Stack{stack.Dense{Name: "a", Units: 4, Act: compute.Tanh}, units, dense("d")}, "layer u is a", "layer u stands after the units of a"},
	} {
		net, err := stack.New(lab.Bare(t).Device, c.spec, lab.ImageIn, stack.Backprop{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		ws, err := net.Chain()
		links, also := net.Links()
		for _, e := range []struct {
			err  error
			says string
		}{{err, c.chain}, {also, c.links}} {
			if e.says == "" && e.err != nil || e.says != "" && (e.err == nil || !strings.Contains(e.err.Error(), e.says)) {
				t.Errorf("%s: %v, want %q", what, e.err, e.says)
			}
		}
		if err == nil && len(ws) != 2 || also == nil && (len(links) != 2 || links[0].Name != "a" || links[1].Name != "d") {
			t.Errorf("%s: a chain of %d layers and %d links, want 2", what, len(ws), len(links))
		}
	}
}
