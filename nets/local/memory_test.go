package local

import (
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/stack"
)

// asked counts requests for memory.
type asked struct {
	compute.Backend
	times int
}

func (a *asked) Alloc(n int) (compute.Buffer, error) {
	a.times++
	return a.Backend.Alloc(n)
}

// TestMemory: all steps take as much memory, the ones that look for faults too: what another network on the device keeps, which
// may be memory that was free, is asked for once.
func TestMemory(t *testing.T) {
	b := &asked{Backend: must.Get(cpu.Open())(t)}
	d := compute.New(b)
	defer d.Close()
	in := nets.Shape{Height: 1, Width: 12, Channels: 1}
	x, y := make([]float32, 8*12), []float32{0, 1, 2, 3, 0, 1, 2, 3}
	for i := range x {
		x[i] = float32(i*37%101) / 101
	}
	step := func(rule stack.Rule) func() {
		n := must.Get(stack.New(d, must.Get(stack.Parse("mlp:12-8-8-4", in, 4))(t), in, rule, 1))(t)
		trainer := must.Get(stack.NewTrainer(n, nets.SGD{}, nets.CrossEntropy))(t)
		return func() { must.Do(t, trainer.Step(x, y, 0.01)) }
	}
	ours := step(DefaultPHSIC)
	ours()
	ours()
	step(DefaultHSIC)()
	ours()
	before := b.times
	for range 2 * faultsEvery {
		ours()
	}
	if b.times != before {
		t.Errorf("memory was asked for %d times in %d steps, want never", b.times-before, 2*faultsEvery)
	}
}
