package main

import (
	"testing"

	"hebb/nets"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
)

// TestHold: the promises to a system are kept on this task, whose cues are drawn by each learner's seed.
func TestHold(t *testing.T) {
	nettest.System(t,
		func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 8, Tau: 4, Gain: 1}} },
		func() nets.Task { return &Hold{Trial: 3, Examples: 4} })
}
