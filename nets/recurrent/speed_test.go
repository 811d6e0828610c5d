package recurrent_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

func used() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkRFLO(b *testing.B) {
	for _, learners := range []int{1, 16, 1024} {
		b.Run(fmt.Sprint(learners), func(b *testing.B) {
			be, err := cpu.Open()
			if err != nil {
				b.Fatal(err)
			}
			dev := compute.New(be)
			defer dev.Close()
			s, err := nets.Run{
				System:   func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 50, Tau: 10, Gain: 1.5}} },
				Task:     func() nets.Task { return &tasks.Sines{Period: 50, Outputs: 1, Cue: 1} },
				Learners: learners, Rate: 1e-4,
			}.Open(dev)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.ReportAllocs()
			before := used()
			for b.Loop() {
				if err := s.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((used()-before).Nanoseconds())/1e3/float64(b.N)/float64(learners), "cpu-µs/learner")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(learners), "µs/learner")
		})
	}
}
