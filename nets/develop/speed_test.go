package develop_test

import (
	"testing"

	"hebb/nets"
	"hebb/nets/develop"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// BenchmarkLinsker makes steps of ten learners with 63 cells of 600 synapses each.
func BenchmarkLinsker(b *testing.B) {
	l := develop.DefaultLinsker
	l.K1, l.K2, l.Still = []float32{0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6}, []float32{0, -0.5, -1, -1.5, -2, -3, -4}, 1e-30
	r := nets.Run{System: func() nets.System { fresh := l; return &fresh }, Task: func() nets.Task { return &tasks.WhiteNoise{Side: 1, Batch: 1} },
		Learners: 10, Rate: 0.5}
	lab.Timed(b, r)
}
