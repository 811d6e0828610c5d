package stack_test

import (
	"context"
	"math"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/nettest"
	"hebb/nets/stack"
)

// Clusters are examples around a centre for each class, drawn anew at each moment; every third batch is smaller.
type Clusters struct {
	In      nets.Shape
	Classes int
	Most    int // examples
	centres *compute.Tensor
}

func (c *Clusters) Build(s *nets.Store) (nets.Spec, error) {
	c.centres = s.Kept("centres", nets.Normal(1), c.Classes, c.In.Len())
	return nets.Spec{In: c.In, Out: c.Classes, Classes: true, Examples: c.Most, Trial: 1, Epoch: 3}, nil
}

var around = compute.Pointwise(compute.Add(compute.Old(), compute.Var(0)))

func (c *Clusters) Show(p *nets.Pass) nets.Moment {
	n := c.Most - int(p.Number%3)/2
	labels := make([]float32, n)
	for i := range labels {
		labels[i] = float32((i + int(p.Number)) % c.Classes)
	}
	want, x, centres := p.Tensor(1, n, 1), p.Tensor(p.Learners, n, c.In.Len()), p.Tensor(p.Learners, n, c.In.Len())
	p.Write(want, labels)
	p.Random(x, compute.Normal(0, 0.5))
	p.Do(compute.Gather{Out: centres, X: c.centres, Rows: want})
	p.Into(x, around, centres)
	return nets.Moment{X: x, Want: want, First: true, Last: true}
}

func (c *Clusters) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	p.Count("accuracy", p.Hits(m, answer), m.Examples())
}

// TestPromises holds networks under every rule to the promises of package nets: dense ones, whose learners are side by
// side, and others, whose learners take turns.
func TestPromises(t *testing.T) {
	dense := stack.Named("mlp:32-6-5-3,act=tanh,dropout=0.25")
	adam, momentum := nets.DefaultAdam, nets.SGD{Momentum: 0.9, WeightDecay: 0.01}
	all := map[string]stack.System{
		"dense, Adam":        {Net: dense, Rule: credit.Backprop{}, Optimiser: adam, BiasRate: 0.5, OutputRate: 0.25},
		"dense, noise":       {Net: dense, Rule: credit.KolenPollack{}, Optimiser: nets.Noisy{Optimiser: momentum, SD: 0.1}, Loss: nets.BinaryCrossEntropy},
		"batch norm":         {Net: stack.Named("mlp:32-6-5-3,norm=batch"), Rule: credit.Backprop{}, Optimiser: momentum},
		"branches, norm":     {Net: stack.Named("mlp:32-6-3,norm=plain,branches=2"), Rule: credit.Backprop{}, Optimiser: adam},
		"a layer of our own": {Net: stack.Always(stack.Stack{stack.Dense{Units: 5, Act: compute.Tanh}, Gain{}, stack.Dense{Units: 3}}), Rule: credit.FeedbackAlignment{}, Optimiser: adam},
		"images, Adam":       {Net: stack.Always(lab.All), Rule: credit.FeedbackAlignment{}, Optimiser: adam},
		"HSIC loss":          {Net: dense, Rule: credit.Backprop{}, Optimiser: adam, Loss: local.HSICLoss{SigmaX: 5, SigmaY: 1}},
		"HSIC, unformatted":  {Net: stack.Named("mlp:32-6-3-3"), Rule: local.HSICBottleneck{Lambda: 20, Sigma: "1", Eps: 0.01, Unformatted: true}, Optimiser: adam},
		"HSIC, branches":     {Net: stack.Named("mlp:32-6-3,branches=2"), Rule: local.HSICBottleneck{Lambda: 20, Sigma: "1,3", Eps: 0.01}, Optimiser: momentum},
		"grouped activities": {Net: stack.Named("mlp:32-6-3,divisive=2"), Rule: local.PHSIC{Gamma: 2, Kernel: "cosine", Groups: 2, Power: 0.5, Delta: 1}, Optimiser: momentum},
	}
	for _, r := range credit.Rules {
		rule := r.Rule
		if m, ok := rule.(credit.WeightMirror); ok {
			m.Before = 3
			rule = m
		}
		all["dense, "+r.Name] = stack.System{Net: dense, Rule: rule, Optimiser: momentum}
	}
	for _, r := range local.Rules {
		all["images, "+r.Name] = stack.System{Net: stack.Always(lab.All), Rule: r.Rule, Optimiser: momentum}
	}
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			nettest.System(t, func() nets.System { fresh := s; return &fresh }, func() nets.Task { return &Clusters{In: lab.ImageIn, Classes: 3, Most: 5} })
		})
	}
}

// TestCompare: angles and lengths of several learners are the means of what each has alone, side by side and in turn.
func TestCompare(t *testing.T) {
	for name, s := range map[string]stack.System{
		"side by side": {Net: stack.Named("mlp:32-6-5-3,act=tanh"), Rule: credit.FeedbackAlignment{}, Optimiser: nets.SGD{}},
		"in turn":      {Net: stack.Always(lab.All), Rule: credit.FeedbackAlignment{}, Optimiser: nets.SGD{}},
	} {
		angles := func(learners int, seed uint64) []nets.Angle {
			r := nets.Run{System: func() nets.System { fresh := s; return &fresh }, Task: func() nets.Task { return &Clusters{In: lab.ImageIn, Classes: 3, Most: 5} },
				Learners: learners, Seed: seed, Rate: 0.05, Moments: 2}
			run := must.Get(r.Open(lab.CPU(t)))(t)
			if (run.Alone() != nil) != (name == "in turn" && learners > 1) {
				t.Errorf("%s: %v", name, run.Alone())
			}
			must.Do(t, run.Step(context.Background()))
			all := must.Get(run.Compare(context.Background()))(t)
			return all
		}
		numbers := func(a nets.Angle) []float64 {
			return []float64{float64(a.Weights), float64(a.Delta), a.NormW, a.NormB, a.NormDelta, a.NormBackprop}
		}
		one, other, both := angles(1, 4), angles(1, 5), angles(2, 4)
		for i, a := range both {
			for k, x := range numbers(a) {
				want := (numbers(one[i])[k] + numbers(other[i])[k]) / 2
				if a.Layer != one[i].Layer || !(math.Abs(x-want) <= 1e-12*want) && !(math.IsNaN(x) && math.IsNaN(want)) {
					t.Errorf("%s: number %d of layer %s is %g, want %g", name, k, a.Layer, x, want)
				}
			}
		}
	}
}
