package perturb_test

import (
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/perturb"
	"hebb/nets/tasks"
)

// BenchmarkWP times a moment of weight perturbation for ten thousand layers of 10×100 that are shown one example.
func BenchmarkWP(b *testing.B) {
	x, want := make([]float32, 100), make([]float32, 10)
	for i := range x {
		x[i] = 1
	}
	lab.Timed(b, nets.Run{
		System:   func() nets.System { return &perturb.Weight{Sigma: 1e-3} },
		Task:     func() nets.Task { return &tasks.Batch{In: nets.Row(100), Out: 10, X: x, Want: want} },
		Learners: 10000, Rate: 1e-3,
	})
}
