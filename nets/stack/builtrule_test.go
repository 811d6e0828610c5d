package stack_test

import (
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/stack"
)

// Centred is feedback alignment less a running mean of what was sent before.
type Centred struct{ credit.FeedbackAlignment }

func (Centred) Build(s *nets.Store, n *stack.Net) error {
	for _, w := range n.Weights {
		if w.B != nil {
			mean := s.Kept("mean."+w.Name, nets.Zeros, w.In.Len())
			s.Aside(mean)
			s.Averaged(mean)
			w.Memo = mean
		}
	}
	return nil
}

var (
	less      = compute.Formula("sent - mean", "sent", "mean")
	following = compute.Formula("old + rate*(now - old)", "now")
)

func (c Centred) Send(p *stack.Pass, w *stack.Weights, delta *compute.Tensor) *compute.Tensor {
	sent, mean := c.FeedbackAlignment.Send(p, w, delta), w.Memo.(*compute.Tensor)
	centred := p.Map(less, p.View(sent, 0, p.Learners, p.Examples, w.In.Len()), mean)
	if p.Learning && !p.Quiet {
		rows := p.Tensor(p.Learners, 1, w.In.Len())
		p.PerColumn(rows, nil, 1/float32(p.Examples), p.View(sent, 0, p.Learners, p.Examples, w.In.Len()))
		p.Into(mean, following.With("rate", 0.25), rows)
	}
	return p.View(centred, 0, sent.Shape()...)
}

// TestBuiltRule: a rule's own tensors are kept as the rest is: saved, resumed, of each learner.
func TestBuiltRule(t *testing.T) {
	system := func() nets.System {
		return &stack.System{Net: stack.Named("mlp:6-5-4-3"), Rule: Centred{}, Optimiser: nets.SGD{Momentum: 0.5}}
	}
	task := func() nets.Task { return &Clusters{In: nets.Row(6), Classes: 3, Most: 5} }
	nettest.System(t, system, task)
	s := must.Get(nets.Run{System: system, Task: task, Learners: 2, Rate: 0.1}.Open(lab.Bare(t).Device))(t)
	must.Do(t, s.Step(t.Context()))
	found := 0
	for _, n := range s.Tensors() {
		if !strings.HasPrefix(n.Name, "mean.") {
			continue
		}
		found++
		x, err := s.Read([]nets.Named{n})
		if err != nil || !n.Aside || n.Role != nets.Kept {
			t.Fatal(n, err)
		}
		if each := len(x[0]) / 2; slices.Max(x[0][:each]) == 0 || slices.Max(x[0][each:]) == 0 {
			t.Errorf("%s is %v after a step, want what was sent", n.Name, x[0])
		}
	}
	if found != 2 {
		t.Errorf("found %d means, want those of two layers", found)
	}
}
