package grow_test

import (
	"fmt"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/grow"
	"hebb/nets/tasks"
)

// BenchmarkCascade times an epoch on the two spirals, for the first thousand epochs of the given number of learners.
func BenchmarkCascade(b *testing.B) {
	for _, learners := range []int{1, 64} {
		b.Run(fmt.Sprint(learners), func(b *testing.B) {
			be, err := cpu.Open()
			if err != nil {
				b.Fatal(err)
			}
			dev := compute.New(be)
			defer dev.Close()
			s, err := nets.Run{System: grow.Systems[0].System, Task: func() nets.Task { return &tasks.Spirals{} }, Learners: learners, Rate: 0.35}.Open(dev)
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
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(learners), "µs/learner")
		})
	}
}
