package recurrent_test

import (
	"fmt"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// BenchmarkRFLO is a moment of the rule online, of networks of 50 units.
func BenchmarkRFLO(b *testing.B) {
	for _, learners := range []int{1, 16, 1024} {
		b.Run(fmt.Sprint(learners), func(b *testing.B) {
			moments(b, learners, func() nets.System {
				return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 50, Tau: 10, Gain: 1.5}}
			})
		})
	}
}

// BenchmarkRTRL times a moment of the rule online, with 16 networks of 50 units.
func BenchmarkRTRL(b *testing.B) {
	moments(b, 16, func() nets.System {
		return &recurrent.RTRL{Leaky: recurrent.Leaky{Units: 50, Tau: 10, Gain: 1.5}}
	})
}

// moments learns sines.
func moments(b *testing.B, learners int, system func() nets.System) {
	be, err := cpu.Open()
	if err != nil {
		b.Fatal(err)
	}
	dev := compute.New(be)
	defer dev.Close()
	s, err := nets.Run{System: system, Task: func() nets.Task { return &tasks.Sines{Period: 50, Outputs: 1, Cue: 1} },
		Learners: learners, Rate: 1e-4}.Open(dev)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Step(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := dev.Sync(); err != nil { // what was put off
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(learners), "µs/learner")
}
