package adapt_test

import (
	"testing"

	"hebb/nets"
	"hebb/nets/adapt"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// BenchmarkParticles times a trial of 1200 agents with 100 particles each.
func BenchmarkParticles(b *testing.B) {
	lab.Timed(b, nets.Run{
		System: func() nets.System { f := adapt.DefaultParticles; return &f },
		Task: func() nets.Task {
			return &tasks.Walk{Volatility: []float64{0.5, 1.5}, Noise: []float64{1, 3}, Agents: 300, Moments: 200}
		},
		Learners: 1, Seed: 1,
	})
}
