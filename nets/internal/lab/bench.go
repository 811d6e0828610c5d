package lab

import (
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
)

// Timed times the moments of a run on the CPU path, and reports the time for each learner.
func Timed(b *testing.B, r nets.Run) {
	b.Helper()
	be, err := cpu.Open()
	if err != nil {
		b.Fatal(err)
	}
	dev := compute.New(be)
	defer dev.Close()
	s, err := r.Open(dev)
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
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(r.Learners), "µs/learner")
}
