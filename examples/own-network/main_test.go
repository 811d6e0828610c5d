package main

import (
	"math"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

func sines() nets.Task { return &tasks.Sines{Period: 3, Outputs: 2, Cue: 1} }

// TestPromises: each rule with a network of one's own keeps what is promised of systems.
func TestPromises(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { nettest.System(t, r.system, sines) })
	}
}

// TestGated: Backward is what Forward does, by differences.
func TestGated(t *testing.T) {
	nettest.Network(t, func() recurrent.Network { return &Gated{Units: 6} }, nets.Spec{In: nets.Row(3), Out: 1, Examples: 2})
}

// TestGradient: rtrl's gradient of a trial is bptt's.
func TestGradient(t *testing.T) {
	a := gradient(t, func() nets.System { return &recurrent.BPTT{Network: &Gated{Units: 6}} })
	b := gradient(t, func() nets.System { return &recurrent.RTRL{Network: &Gated{Units: 6}, When: "trial"} })
	largest, worst := 0., 0.
	for i, x := range a {
		largest, worst = max(largest, math.Abs(float64(x))), max(worst, math.Abs(float64(x-b[i])))
	}
	if !(worst < 1e-5*largest) {
		t.Errorf("gradients of up to %g differ by %g", largest, worst)
	}
}

// gradient returns the gradient of a trial, which stays in the sums of a system that changes when a trial ends.
func gradient(t *testing.T, system func() nets.System) (all []float32) {
	b, err := cpu.Open()
	if err != nil {
		t.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	s, err := nets.Run{System: system, Task: sines, Seed: 2}.Open(dev)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range s.Spec.Trial {
		if err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range s.Tensors() {
		if len(n.Name) > 4 && n.Name[:4] == "sum." {
			x, err := s.Read([]nets.Named{n})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, x[0]...)
		}
	}
	return all
}
