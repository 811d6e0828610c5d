package local_test

import (
	"math/rand/v2"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// BenchmarkSoftHebb times a training step of 32 filters of 5×5 on ten images of 28×28.
func BenchmarkSoftHebb(b *testing.B) {
	in := nets.Shape{Height: 28, Width: 28, Channels: 1}
	x := lab.Normals(rand.New(rand.NewPCG(1, 1)), 10*in.Len())
	rule := local.DefaultSoftHebb
	rule.Steps = 1 << 30
	lab.Timed(b, nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Named("softhebb:32"), Rule: rule, Optimiser: nets.DefaultAdam}
		},
		Task:     func() nets.Task { return &tasks.Batch{In: in, X: x, Out: 10, Classes: true, Want: make([]float32, 10)} },
		Learners: 1, Rate: 1e-3,
	})
}
