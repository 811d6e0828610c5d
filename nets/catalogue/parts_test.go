package catalogue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/spread"
	"hebb/nets/stack"
)

// labelled shows examples drawn at every moment, with labels.
type labelled struct{ spec nets.Spec }

func (l *labelled) Build(*nets.Store) (nets.Spec, error) { return l.spec, nil }

func (l *labelled) Show(p *nets.Pass) nets.Moment {
	draw := func(cols int, law compute.Law) *compute.Tensor {
		x := p.Tensor(p.Learners, l.spec.Examples, cols)
		p.Random(x, law)
		return x
	}
	m := nets.Moment{X: draw(l.spec.In.Len(), compute.Normal(0, 1)), First: true, Last: true}
	switch {
	case l.spec.Classes:
		m.Want = draw(1, compute.Bernoulli(0.5, 1))
	case l.spec.Out > 0:
		m.Want = draw(l.spec.Out, compute.Uniform(0, 1))
	}
	return m
}

func (l *labelled) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { p.CountOf(m, "answer", y) }

// ran is what a run of a rank came to.
type ran struct {
	names   []string
	values  [][]float32
	metrics nets.Metrics
	counts  map[string]int64
}

// onRanks makes the moments of a run on so many ranks.
func onRanks(t *testing.T, r nets.Run, ranks, moments int) ([]ran, error) {
	t.Helper()
	all, errs := make([]ran, ranks), make([]error, ranks)
	var wait sync.WaitGroup
	for rank, w := range spread.Fakes(ranks) {
		wait.Go(func() {
			r := r
			r.World = w
			all[rank], errs[rank] = onRank(r, moments)
			w.Close()
		})
	}
	wait.Wait()
	return all, errors.Join(errs...)
}

func onRank(r nets.Run, moments int) (all ran, err error) {
	b, err := cpu.Open()
	if err != nil {
		return all, err
	}
	dev := compute.New(b)
	defer dev.Close()
	s, err := r.Open(dev)
	if err != nil {
		return all, err
	}
	defer s.Close()
	for range moments {
		if err := s.Step(context.Background()); err != nil {
			return all, err
		}
	}
	if all.metrics, err = s.Metrics(); err != nil {
		return all, err
	}
	if s.Test != nil {
		m, err := s.Evaluate(context.Background(), nil)
		if err != nil {
			return all, err
		}
		all.metrics = append(all.metrics, m...)
	}
	for _, n := range s.Tensors() {
		all.names = append(all.names, n.Name)
	}
	all.counts = s.Counters()
	all.values, err = s.Read(s.Tensors())
	return all, err
}

// same reports the first difference.
func (a ran) same(b ran) error {
	if !slices.Equal(a.names, b.names) {
		return fmt.Errorf("tensors %v, want %v", a.names, b.names)
	}
	for i, x := range a.values {
		for j, v := range x {
			if math.Float32bits(v) != math.Float32bits(b.values[i][j]) {
				return fmt.Errorf("number %d of %s is %v, want %v", j, a.names[i], v, b.values[i][j])
			}
		}
	}
	if x, y := fmt.Sprint(a.metrics, a.counts), fmt.Sprint(b.metrics, b.counts); x != y {
		return fmt.Errorf("%s, want %s", x, y)
	}
	return nil
}

// TestParts: each rule that learns from batches in parts learns the same to the bit on any number of processes.
func TestParts(t *testing.T) {
	c := Default()
	spec := nets.Spec{In: nets.Row(6), Out: 2, Classes: true, Examples: 35, Trial: 1, Epoch: 10}
	for _, rule := range c.Rules {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel()
			o, err := c.Optimiser("adam")
			if err != nil {
				t.Fatal(err)
			}
			net := "mlp:6-8-7-2,norm=batch,dropout=0.1"
			switch rule.Rule.(type) {
			case stack.Assigner:
				net = "mlp-tanh:6-8-7-2"
			case stack.Layerwise:
				net = "softhebb-dense:8-7"
			}
			r := nets.Run{System: func() nets.System { return &stack.System{Net: c.Network(net), Rule: rule.Rule, Optimiser: o} },
				Task: func() nets.Task { return &labelled{spec} }, Test: func() nets.Task { return &labelled{spec} }, Rate: 0.05, Seed: 3, Epochs: 1, Micro: 8}
			want, err := onRanks(t, r, 1, 4)
			if i, ok := rule.Rule.(stack.Indivisible); ok && i.Indivisible() != "" {
				if err == nil || !strings.Contains(err.Error(), i.Indivisible()) {
					t.Errorf("error %v, want %s", err, i.Indivisible())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, ranks := range []int{2, 3, 4} {
				got, err := onRanks(t, r, ranks, 4)
				if err != nil {
					t.Fatal(err)
				}
				for rank, g := range got {
					if err := g.same(want[0]); err != nil {
						t.Errorf("rank %d of %d: %v", rank, ranks, err)
					}
				}
			}
		})
	}
}
