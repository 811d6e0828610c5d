package perturb_test

import (
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/perturb"
	"hebb/nets/tasks"
)

// BenchmarkWP is a moment of weight perturbation of ten thousand layers of 10×100, shown one example.
func BenchmarkWP(b *testing.B) {
	const learners = 10000
	be, err := cpu.Open()
	if err != nil {
		b.Fatal(err)
	}
	dev := compute.New(be)
	defer dev.Close()
	x, want := make([]float32, 100), make([]float32, 10)
	for i := range x {
		x[i] = 1
	}
	s, err := nets.Run{
		System:   func() nets.System { return &perturb.Weight{Sigma: 1e-3} },
		Task:     func() nets.Task { return &tasks.Batch{In: nets.Row(100), Out: 10, X: x, Want: want} },
		Learners: learners, Rate: 1e-3,
	}.Open(dev)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if err := s.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := dev.Sync(); err != nil { // what was put off
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/learners, "µs/learner")
}
