package spiking_test

import (
	"fmt"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/internal/lab"
)

// A pulses task shows spikes of chance, and wants a class in the last steps of a trial: evidence, without a question.
type pulses struct {
	trial, recall int
	labels        *compute.Tensor
}

func (t *pulses) Build(s *nets.Store) (nets.Spec, error) {
	t.labels = s.Fixed(make([]float32, 64), 64, 1)
	return nets.Spec{In: nets.Row(40), Out: 2, Classes: true, Examples: 64, Trial: t.trial, Epoch: t.trial}, nil
}

func (t *pulses) Show(p *nets.Pass) nets.Moment {
	at, x := int(p.Number%uint64(t.trial)), p.Tensor(p.Learners, 64, 40)
	p.Random(x, compute.Bernoulli(0.05, 1))
	m := nets.Moment{X: x, First: at == 0, Last: at == t.trial-1}
	if at >= t.trial-t.recall {
		m.Want = p.View(t.labels, 0, 1, 64, 1)
	}
	return m
}

func (t *pulses) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// BenchmarkEProp times a step of a trial of 64 examples, with its share of what the trial's end takes.
func BenchmarkEProp(b *testing.B) {
	for _, text := range []string{"form=adjoint", "form=adjoint,credit=bptt", "form=traces"} {
		for _, learners := range []int{1, 4} {
			b.Run(fmt.Sprintf("%s/%d", text, learners), func(b *testing.B) {
				system := func() nets.System {
					s, err := catalogue.Default().System("eprop:" + text)
					if err != nil {
						b.Fatal(err)
					}
					return s
				}
				lab.Timed(b, nets.Run{System: system, Task: func() nets.Task { return &pulses{250, 50, nil} }, Learners: learners, Rate: 0.005})
			})
		}
	}
}
