package main

import (
	"testing"

	"hebb/nets"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// TestReservoir: a learner is a seed, an evaluation changes nothing, a run that was cut goes on to the same bits.
func TestReservoir(t *testing.T) {
	nettest.System(t,
		func() nets.System { return &Reservoir{Units: 20, Gain: 1.2} },
		func() nets.Task { return &tasks.Sines{Period: 5, Outputs: 2, Cue: 1} })
}
