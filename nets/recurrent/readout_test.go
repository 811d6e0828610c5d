package recurrent_test

import (
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
)

// TestReadout: a readout learns as rflo's does where no other weights are updated, and these stay.
func TestReadout(t *testing.T) {
	leaky := recurrent.Leaky{Units: units, Tau: 2, Gain: 1.5}
	for _, trial := range []int{0, 4} {
		nettest.System(t, func() nets.System { return &recurrent.Readout{Leaky: leaky} }, noise(trial, outputs))
		stay := nets.Scaled{Optimiser: nets.Scaled{Optimiser: nets.SGD{}, Names: "in"}, Names: "recurrent"}
		after := func(make func() nets.System, moments int) map[string][]float32 {
			s := lab.Make(t, lab.CPU(t), nets.Run{System: make, Task: noise(trial, outputs), Learners: 2, Rate: 0.1}, moments)
			return lab.Values(t, s)
		}
		readout := func() nets.System { return &recurrent.Readout{Leaky: leaky} }
		first, got := after(readout, 0), after(readout, 9)
		want := after(func() nets.System {
			return &recurrent.RFLO{Leaky: leaky, Learning: recurrent.Learning{Optimiser: stay}}
		}, 9)
		for _, name := range []string{"in", "recurrent", "out"} {
			if !slices.Equal(got[name], want[name]) {
				t.Errorf("trials of %d: %s is %v, and rflo's %v", trial, name, got[name], want[name])
			}
			if moved := !slices.Equal(got[name], first[name]); moved != (name == "out") {
				t.Errorf("trials of %d: whether %s changed is %t", trial, name, moved)
			}
		}
	}
}
